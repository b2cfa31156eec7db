//! Making, rewriting, patching and deleting a tenant's resources.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Document, Kind, Registry, Resource, error::XdmError, fields, schemas};
use crate::platform::{
    answer::Answer,
    json_patch,
    tenant::{Stamp, Tenant},
    world::Call,
};

/// What only the registry writes.
const OWN: [&str; 11] = [
    "$id",
    "meta:altId",
    "meta:resourceType",
    "version",
    "imsOrg",
    "meta:class",
    "meta:registryMetadata",
    "meta:containerId",
    "meta:sandboxId",
    "meta:sandboxType",
    "meta:tenantNamespace",
];

fn object(call: &Call) -> Result<Document, XdmError> {
    match call.json().map_err(XdmError::invalid)? {
        Value::Object(map) => Ok(map),
        _ => Err(XdmError::invalid("a resource is an object")),
    }
}

pub(super) fn create(
    call: &Call,
    kind: Kind,
    tenant: &mut Tenant,
    stamp: &Stamp,
) -> Result<Answer, XdmError> {
    let mut document = object(call)?;
    for key in OWN {
        document.remove(key);
    }
    if document.contains_key("meta:immutableTags") {
        return Err(XdmError::invalid("meta:immutableTags can be added to a schema that exists"));
    }
    tenant.registry.check(kind, &document, None)?;
    let hash = tenant.ids.hex(48);
    let own = &tenant.registry.tenant;
    let own = [
        ("$id", json!(format!("https://ns.adobe.com/{own}/{}/{hash}", kind.name()))),
        ("meta:altId", json!(format!("_{own}.{}.{hash}", kind.name()))),
        ("meta:resourceType", json!(kind.name())),
        ("version", json!("1.0")),
        ("imsOrg", json!(stamp.organization)),
        ("meta:extensible", json!(kind != Kind::Schema)),
        ("meta:abstract", json!(kind != Kind::Schema)),
        ("meta:xdmType", json!("object")),
        ("meta:registryMetadata", metadata(None, stamp)),
        ("meta:containerId", json!("tenant")),
        ("meta:sandboxId", json!(stamp.sandbox_id)),
        ("meta:sandboxType", stamp.sandbox_type()),
        ("meta:tenantNamespace", json!(format!("_{own}"))),
    ];
    document.extend(own.map(|(key, value)| (key.to_owned(), value)));
    store(kind, document, None, tenant).map(|document| Answer::json(201, &Value::Object(document)))
}

pub(super) fn replace(
    call: &Call,
    kind: Kind,
    id: &str,
    tenant: &mut Tenant,
    stamp: &Stamp,
) -> Result<Answer, XdmError> {
    let known = tenant.registry.look_up(false, kind, id)?.clone();
    let mut document = object(call)?;
    document.remove("meta:extends");
    if known.is_relational() {
        document.insert("meta:extends".to_owned(), json!([super::RELATIONAL]));
    }
    for key in ["meta:extensible", "meta:abstract", "meta:xdmType", "meta:immutableTags", "meta:behaviorType"]
        .into_iter()
        .chain(OWN)
    {
        if let Some(value) = known.document.get(key) {
            document.insert(key.to_owned(), value.clone());
        }
    }
    change(kind, &known, document, tenant, stamp)
}

pub(super) fn patch(
    call: &Call,
    kind: Kind,
    id: &str,
    tenant: &mut Tenant,
    stamp: &Stamp,
) -> Result<Answer, XdmError> {
    let known = tenant.registry.look_up(false, kind, id)?.clone();
    let operations = call.json().map_err(XdmError::invalid)?;
    let document = json_patch::apply(&known.document, &operations).map_err(XdmError::invalid)?;
    if let Some(key) = OWN.into_iter().find(|key| document.get(*key) != known.document.get(*key)) {
        return Err(XdmError::invalid(format!("{key} cannot be changed")));
    }
    let resource = Resource { kind, document };
    if kind == Kind::Schema {
        schemas::check_extends(&resource)?;
    }
    change(kind, &known, resource.document, tenant, stamp)
}

/// Stores a resource anew, one version later.
fn change(
    kind: Kind,
    known: &Resource,
    mut document: Document,
    tenant: &mut Tenant,
    stamp: &Stamp,
) -> Result<Answer, XdmError> {
    tenant.registry.check(kind, &document, Some(known.id()))?;
    let next = Resource { kind, document: document.clone() };
    if let Some(tag) = known.list("meta:immutableTags").find(|tag| !next.has_tag(tag)) {
        return Err(XdmError::invalid(format!("The immutable tag {tag} cannot be removed")));
    }
    if next.has_tag("union") && kind != Kind::Schema {
        return Err(XdmError::invalid("Only schemas can be tagged with union"));
    }
    let minor: u64 =
        known.text("version").rsplit('.').next().and_then(|minor| minor.parse().ok()).unwrap_or_default();
    document.insert("version".to_owned(), json!(format!("1.{}", minor + 1)));
    let metadata = metadata(known.document.get("meta:registryMetadata"), stamp);
    document.insert("meta:registryMetadata".to_owned(), metadata);
    let document = store(kind, document, Some(known.id()), tenant)?;
    Ok(Answer::ok(&Value::Object(document)))
}

/// Puts a checked document in, when the whole registry allows it.
fn store(
    kind: Kind,
    mut document: Document,
    place: Option<&str>,
    tenant: &mut Tenant,
) -> Result<Document, XdmError> {
    fields::note_types(&mut document);
    schemas::describe(&tenant.registry, kind, &mut document);
    let used: BTreeSet<String> = tenant.schemas_in_use();
    let before = tenant.registry.clone();
    let resource = Resource { kind, document };
    let own = &mut tenant.registry.own;
    match place.and_then(|id| own.iter().position(|known| known.id() == id)) {
        Some(at) => own[at] = resource.clone(),
        None => own.push(resource.clone()),
    }
    if kind == Kind::Schema && resource.has_tag("union") {
        tenant.registry.check_union(&resource)?;
    }
    // A new class, field group or data type is in no schema yet.
    if kind == Kind::Schema || place.is_some() {
        tenant.registry.check_change(&before, &used)?;
    }
    Ok(resource.document)
}

fn metadata(known: Option<&Value>, stamp: &Stamp) -> Value {
    let user = format!("{}@techacct.adobe.com", stamp.client);
    let mut data = known.and_then(Value::as_object).cloned().unwrap_or_else(|| {
        let first = json!({"repo:createdDate": stamp.now, "xdm:createdClientId": stamp.client,
            "xdm:createdUserId": user});
        first.as_object().cloned().unwrap_or_default()
    });
    let last = [
        ("repo:lastModifiedDate", json!(stamp.now)),
        ("xdm:lastModifiedClientId", json!(stamp.client)),
        ("xdm:lastModifiedUserId", json!(user)),
        ("eTag", json!(format!("{:064x}", stamp.now))),
        ("meta:globalLibVersion", json!("1.9.5")),
    ];
    data.extend(last.map(|(key, value)| (key.to_owned(), value)));
    Value::Object(data)
}

pub(super) fn delete(kind: Kind, id: &str, tenant: &mut Tenant) -> Result<Answer, XdmError> {
    let known = tenant.registry.look_up(false, kind, id)?.clone();
    let used = tenant.schemas_in_use();
    if used.contains(known.id()) {
        return Err(XdmError::invalid(format!("{} is used by a dataset", known.id())));
    }
    if known.has_tag("union") {
        return Err(XdmError::invalid(format!("{} takes part in a union", known.id())));
    }
    let user = tenant.registry.own.iter().find(|other| refers(&other.document, known.id()));
    if let Some(user) = user {
        return Err(XdmError::invalid(format!("{} is used by {}", known.id(), user.id())));
    }
    let registry: &mut Registry = &mut tenant.registry;
    registry.own.retain(|other| other.id() != known.id());
    registry
        .descriptors
        .retain(|descriptor| descriptor.get("xdm:sourceSchema").and_then(Value::as_str) != Some(known.id()));
    Ok(Answer::nothing())
}

/// Whether a document refers to an `$id` anywhere.
fn refers(document: &Document, id: &str) -> bool {
    document.iter().any(|(key, value)| key != "$id" && holds(value, id))
}

fn holds(value: &Value, id: &str) -> bool {
    match value {
        Value::String(text) => text == id,
        Value::Array(items) => items.iter().any(|item| holds(item, id)),
        Value::Object(map) => map.values().any(|value| holds(value, id)),
        _ => false,
    }
}
