//! The global container: Adobe's standard definitions in the registry's form.

use serde_json::{Map, Value, json};
use xdm::{Definition, DefinitionKind, Field, Object, Shape};

use crate::platform::registry::{Kind, Resource};

/// When the library was last changed, as all its resources say.
const RELEASED: u64 = 1_755_561_600_000;

/// What the global container holds. A tenant's library can lag behind the public one: take parts away to see
/// what a client does then.
#[derive(Debug, Clone)]
pub struct Standard(Vec<Definition>);

impl Standard {
    /// All definitions that the crate `xdm` knows.
    pub fn adobe() -> Self {
        // They are part of the build, and a test reads them.
        Self(xdm::standard::definitions().unwrap_or_default())
    }

    /// Definitions of one's own, what one refers to before it.
    pub fn of(definitions: Vec<Definition>) -> Self {
        Self(definitions)
    }

    /// Without the definition of an `$id`.
    pub fn without(mut self, id: &str) -> Self {
        self.0.retain(|definition| definition.id != id);
        self
    }

    /// Without one field of a definition: names joined by slashes, such as `commerce/order/refunds`. Data
    /// types are followed, so that all that use them lose the field.
    pub fn without_field(mut self, id: &str, path: &str) -> Self {
        let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
        self.remove(id, &names);
        self
    }

    /// With a definition in the place of the one of the same `$id`.
    pub fn with(mut self, definition: Definition) -> Self {
        match self.0.iter_mut().find(|known| known.id == definition.id) {
            Some(known) => *known = definition,
            None => self.0.push(definition),
        }
        self
    }

    fn remove(&mut self, id: &str, path: &[&str]) {
        let Some(definition) = self.0.iter_mut().find(|definition| definition.id == id) else { return };
        let mut object = &mut definition.fields;
        let mut names = path;
        while let [first, rest @ ..] = names {
            if rest.is_empty() {
                object.fields.retain(|(name, _)| name != first);
                object.required.retain(|name| name != first);
                return;
            }
            let Some(field) = object.get_mut(first) else { return };
            let mut shape = &mut field.shape;
            while let Shape::Array(inner) | Shape::Map(inner) = shape {
                shape = &mut inner.shape;
            }
            match shape {
                Shape::Object(inner) => object = inner,
                Shape::DataType(id) => {
                    let id = id.clone();
                    return self.remove(&id, rest);
                }
                _ => return,
            }
            names = rest;
        }
    }

    /// As the registry stores them, behaviours first.
    pub(super) fn resources(&self) -> Vec<Resource> {
        let mut all: Vec<Resource> = behaviors();
        all.extend(self.0.iter().map(resource));
        all
    }
}

fn behaviors() -> Vec<Resource> {
    let id = json!({"title": "Identifier", "type": "string", "format": "uri-reference",
        "meta:xdmType": "string", "meta:xdmField": "@id"});
    let series = json!({
        "_id": id,
        "timestamp": {"title": "Timestamp", "type": "string", "format": "date-time",
            "meta:xdmType": "date-time", "meta:xdmField": "xdm:timestamp"},
        "eventType": {"title": "Event Type", "type": "string", "meta:xdmType": "string",
            "meta:xdmField": "xdm:eventType"},
    });
    [
        ("record", "Record Schema", json!({"_id": id}), json!([])),
        ("time-series", "Time-series Schema", series, json!(["_id", "timestamp"])),
        ("adhoc", "Ad Hoc Schema", json!({}), json!([])),
        ("adhoc-v2", "Ad Hoc Schema V2", json!({}), json!([])),
    ]
    .into_iter()
    .map(|(name, title, fields, required)| {
        let parts = json!([]);
        let id = format!("https://ns.adobe.com/xdm/data/{name}");
        document(Kind::Behavior, &id, title, "", json!({"properties": fields, "required": required}), parts)
    })
    .collect()
}

/// What all resources of the global container have.
fn document(
    kind: Kind,
    id: &str,
    title: &str,
    description: &str,
    definition: Value,
    mut parts: Value,
) -> Resource {
    let name = id.rsplit('/').next().unwrap_or_default();
    let alternative = id.trim_start_matches("https://ns.adobe.com/").replace('/', ".");
    if let Value::Array(parts) = &mut parts {
        parts.push(
            json!({"$ref": format!("#/definitions/{name}"), "type": "object", "meta:xdmType": "object"}),
        );
    }
    let written = json!({
        "$id": id,
        "meta:altId": format!("_{alternative}"),
        "meta:resourceType": kind.name(),
        "version": "1.9.5",
        "title": title,
        "type": "object",
        "description": description,
        "definitions": {name: definition},
        "allOf": parts,
        "meta:extensible": true,
        "meta:abstract": true,
        "meta:xdmType": "object",
        "meta:status": "stable",
        "$schema": "http://json-schema.org/draft-06/schema#",
        "meta:registryMetadata": {"repo:createdDate": RELEASED, "repo:lastModifiedDate": RELEASED,
            "eTag": format!("{RELEASED:064x}"), "meta:globalLibVersion": "1.9.5"},
        "meta:containerId": "global",
    });
    Resource { kind, document: written.as_object().cloned().unwrap_or_default() }
}

fn resource(definition: &Definition) -> Resource {
    let kind = match definition.kind {
        DefinitionKind::Class => Kind::Class,
        DefinitionKind::FieldGroup => Kind::FieldGroup,
        DefinitionKind::DataType => Kind::DataType,
    };
    let behavior = definition.behavior.map(xdm::Behavior::id);
    let parts = behavior.map(|id| json!({"$ref": id, "type": "object", "meta:xdmType": "object"}));
    let parts: Value = parts.into_iter().collect();
    let fields = object(&definition.fields);
    let mut resource =
        document(kind, &definition.id, &definition.title, &definition.description, fields, parts);
    if kind == Kind::FieldGroup {
        resource.document.insert("meta:intendedToExtend".to_owned(), json!(definition.extends));
    }
    if let Some(id) = behavior {
        resource.document.insert("meta:extends".to_owned(), json!([id]));
    }
    resource
}

/// The fields of an object, with the types that the registry writes beside them.
fn object(object: &Object) -> Value {
    let fields: Map<String, Value> =
        object.fields.iter().map(|(name, inner)| (name.clone(), field(inner))).collect();
    let mut written = json!({"properties": fields, "type": "object", "meta:xdmType": "object"});
    if let (false, Value::Object(written)) = (object.required.is_empty(), &mut written) {
        written.insert("required".to_owned(), json!(object.required));
    }
    written
}

fn field(inner: &Field) -> Value {
    let mut written = match &inner.shape {
        Shape::Object(fields) => object(fields),
        Shape::Array(items) => json!({"type": "array", "items": field(items)}),
        Shape::Map(values) => json!({"type": "object", "additionalProperties": field(values)}),
        Shape::DataType(id) => json!({"$ref": id, "type": "object"}),
        _ => serde_json::to_value(inner).unwrap_or_default(),
    };
    if let Value::Object(written) = &mut written {
        for key in ["labels", "sources"] {
            written.remove(key);
        }
        for (key, text) in [("title", &inner.title), ("description", &inner.description)] {
            if !text.is_empty() {
                written.insert(key.to_owned(), json!(text));
            }
        }
        written.insert("meta:xdmType".to_owned(), json!(inner.shape.xdm_type()));
    }
    written
}
