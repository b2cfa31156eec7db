//! Schemas: what the registry writes down about them, and unions.

use serde_json::{Value, json};

use super::{Document, Kind, Registry, Resource, accept, accept::Form, error::XdmError, list};
use crate::platform::{answer::Answer, world::Call};

/// Behaviours and classes that a resource's parts bring with them, the parts included.
fn extends(registry: &Registry, document: &Document, found: &mut Vec<String>, depth: u32) {
    for part in document.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        let Some(id) = part.get("$ref").and_then(Value::as_str).filter(|id| !id.starts_with('#')) else {
            continue;
        };
        if let Some(resource) = registry.find(id) {
            if !found.iter().any(|known| known == id) {
                found.push(id.to_owned());
            }
            if depth < 8 {
                extends(registry, &resource.document, found, depth + 1);
            }
        }
    }
}

/// Writes `meta:extends` and `meta:class` of a new or rewritten resource.
pub(super) fn describe(registry: &Registry, kind: Kind, document: &mut Document) {
    let mut found = Vec::new();
    extends(registry, document, &mut found, 0);
    let is = |wanted: Kind| {
        let of = move |id: &&String| registry.find(id).is_some_and(|resource| resource.kind == wanted);
        found.iter().find(of).cloned()
    };
    if kind == Kind::Schema {
        if let Some(class) = is(Kind::Class) {
            document.insert("meta:class".to_owned(), json!(class));
        }
        if let Some(behavior) = is(Kind::Behavior) {
            let name = behavior.rsplit('/').next().unwrap_or_default();
            document.insert("meta:behaviorType".to_owned(), json!(name));
        }
    }
    if matches!(kind, Kind::Schema | Kind::Class) && !found.is_empty() {
        document.insert("meta:extends".to_owned(), json!(found));
    }
}

/// After a patch both lists must tell the same: a field group is added to `allOf` and to `meta:extends`.
pub(super) fn check_extends(schema: &Resource) -> Result<(), XdmError> {
    if schema.is_relational() {
        return Ok(());
    }
    for part in schema.document.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        let id = part.get("$ref").and_then(Value::as_str).unwrap_or_default();
        if !schema.list("meta:extends").any(|known| known == id) {
            return Err(XdmError::invalid(format!(
                "{id} is in allOf but not in meta:extends: a field group must be added to both"
            )));
        }
    }
    Ok(())
}

fn union_error(code: u16, message: &str) -> XdmError {
    XdmError::new(400, code, "Union descriptor validation error", message)
}

impl Registry {
    /// Whether a schema may take part in its class's union.
    pub(super) fn check_union(&self, schema: &Resource) -> Result<(), XdmError> {
        let of = |kind: &str| {
            let kind = kind.to_owned();
            self.descriptors.iter().filter(move |descriptor| {
                descriptor.get("@type").and_then(Value::as_str) == Some(&kind)
                    && descriptor.get("xdm:sourceSchema").and_then(Value::as_str) == Some(schema.id())
            })
        };
        let tree = self.resolved(&schema.document)?;
        let map = tree.get("properties").is_some_and(|fields| fields.get("identityMap").is_some());
        if !map && self.primary_identity(schema.id()).is_none() {
            return Err(union_error(
                1528,
                "To participate in a union, a schema must include an identityMap fieldgroup or a primary identity descriptor.",
            ));
        }
        for relationship in of("xdm:descriptorOneToOne") {
            let property = relationship.get("xdm:sourceProperty");
            let reference = of("xdm:descriptorReferenceIdentity")
                .find(|reference| reference.get("xdm:sourceProperty") == property);
            let Some(reference) = reference else {
                return Err(union_error(
                    1526,
                    "If a schema contains properties that are associated with an xdm:descriptorOneToOne descriptor, those properties must also have a xdm:descriptorReferenceIdentity descriptor for that schema to participate in a union.",
                ));
            };
            let target =
                relationship.get("xdm:destinationSchema").and_then(Value::as_str).unwrap_or_default();
            let namespace = self.primary_identity(target).and_then(|identity| identity.get("xdm:namespace"));
            let promoted = self.find(target).is_some_and(|target| target.has_tag("union"));
            if promoted && namespace.is_some() && namespace != reference.get("xdm:identityNamespace") {
                return Err(union_error(
                    1527,
                    "If both schemas from an existing xdm:descriptorOneToOne descriptor are promoted to union, and one of those schemas contains a primary identity, the xdm:identityNamespace of the source schema's descriptorReferenceIdentity field must match the xdm:namespace field of destination schema's xdm:descriptorIdentity field.",
                ));
            }
        }
        Ok(())
    }
}

/// Classes that have a union, because a schema of theirs is enabled for Profile.
pub(super) fn union_classes(registry: &Registry) -> Vec<&Resource> {
    let classes = registry.all().filter(|resource| resource.kind == Kind::Class);
    classes
        .filter(|class| {
            registry
                .own
                .iter()
                .any(|schema| schema.has_tag("union") && schema.text("meta:class") == class.id())
        })
        .collect()
}

/// The union schema of a class.
fn union(registry: &Registry, class: &Resource) -> Resource {
    let schemas = registry.own.iter().filter(|schema| schema.has_tag("union"));
    let schemas: Vec<&Resource> = schemas.filter(|schema| schema.text("meta:class") == class.id()).collect();
    let mut parts: Vec<Value> = Vec::new();
    for schema in &schemas {
        for part in schema.document.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            let part = json!({"$ref": part.get("$ref")});
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
    }
    let extends: Vec<&str> = schemas.iter().map(|schema| schema.id()).collect();
    let document = json!({"$id": format!("{}__union", class.id()),
        "meta:altId": format!("{}__union", class.text("meta:altId")), "meta:resourceType": "unions",
        "version": "1.0", "title": class.text("title"), "type": "object",
        "description": class.text("description"), "allOf": parts, "meta:extends": extends,
        "meta:xdmType": "object", "meta:class": class.id(), "meta:containerId": "tenant"});
    let document = document.as_object().cloned().unwrap_or_default();
    Resource { kind: Kind::Schema, document }
}

/// `GET /tenant/unions` and one of them.
pub(super) fn unions(
    call: &Call,
    path: &[&str],
    registry: &Registry,
    page_size: usize,
) -> Result<Answer, XdmError> {
    let unions: Vec<Resource> =
        union_classes(registry).into_iter().map(|class| union(registry, class)).collect();
    match path {
        [] => {
            let form = accept::listing(call.header("accept"))?;
            let documents = unions.into_iter().map(|union| union.document).collect();
            let page = list::page(documents, &call.parameters(), page_size, &call.path)?;
            Ok(Answer::ok(&page.shown(form == Form::Id)))
        }
        [id] => {
            let lookup = accept::lookup(call.header("accept"))?;
            let found = unions.iter().find(|union| union.id() == *id || union.text("meta:altId") == *id);
            let missing =
                || XdmError::new(404, 1015, "Resource not found", format!("The union {id} is not found."));
            Ok(Answer::ok(&registry.shown(found.ok_or_else(missing)?, &lookup)?))
        }
        _ => Err(XdmError::new(404, 1015, "Resource not found", "There is nothing at this path")),
    }
}
