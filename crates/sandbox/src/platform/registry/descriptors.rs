//! Descriptors: what is said about the fields of schemas.

use serde_json::{Map, Value, json};

use super::{Document, Registry, accept, accept::Descriptors, error::XdmError, list};
use crate::platform::{
    answer::Answer,
    tenant::{Stamp, Tenant},
    world::Call,
};

/// Descriptors that a sandbox may have.
const MAX: usize = 4000;

/// What the registry writes.
const OWN: [&str; 7] = [
    "@id",
    "imsOrg",
    "version",
    "meta:containerId",
    "meta:sandboxId",
    "meta:sandboxType",
    "meta:registryMetadata",
];

impl Registry {
    /// The primary identity of a schema.
    pub(in crate::platform) fn primary_identity(&self, schema: &str) -> Option<&Document> {
        self.descriptors.iter().find(|descriptor| {
            text(descriptor, "@type") == "xdm:descriptorIdentity"
                && text(descriptor, "xdm:sourceSchema") == schema
                && descriptor.get("xdm:isPrimary") == Some(&Value::Bool(true))
        })
    }
}

/// A member that is text, or nothing.
pub(super) fn text<'a>(descriptor: &'a Document, key: &str) -> &'a str {
    descriptor.get(key).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn serve(
    call: &Call,
    path: &[&str],
    tenant: &mut Tenant,
    stamp: &Stamp,
    page_size: usize,
) -> Result<Answer, XdmError> {
    let accept = call.header("accept");
    match (call.method.as_str(), path) {
        ("GET", []) => {
            let form = accept::descriptors(accept)?;
            shown(&tenant.registry, form, call, page_size)
        }
        ("GET", [id]) => {
            accept::descriptor(accept)?;
            let at = position(&tenant.registry, id)?;
            Ok(Answer::ok(&Value::Object(tenant.registry.descriptors[at].clone())))
        }
        ("POST", []) => {
            let body = object(call)?;
            if tenant.registry.descriptors.len() >= MAX {
                return Err(XdmError::invalid(format!("A sandbox cannot have more than {MAX} descriptors")));
            }
            tenant.registry.check_descriptor(&body, None, &tenant.namespaces)?;
            let id = tenant.ids.hex(48);
            let descriptor = written(body, &id, stamp.now, stamp);
            let answer = Answer::json(201, &Value::Object(descriptor.clone()));
            tenant.registry.descriptors.push(descriptor);
            Ok(answer)
        }
        ("PUT", [id]) => {
            let body = object(call)?;
            let at = position(&tenant.registry, id)?;
            keeps_union(&tenant.registry, at)?;
            tenant.registry.check_descriptor(&body, Some(id), &tenant.namespaces)?;
            let known = &tenant.registry.descriptors[at];
            let created = known.get("meta:registryMetadata").and_then(|data| data.get("repo:createdDate"));
            let created = created.and_then(Value::as_u64).unwrap_or(stamp.now);
            tenant.registry.descriptors[at] = written(body, id, created, stamp);
            Ok(Answer::json(201, &json!({"@id": id})))
        }
        ("DELETE", [id]) => {
            let at = position(&tenant.registry, id)?;
            keeps_union(&tenant.registry, at)?;
            tenant.registry.descriptors.remove(at);
            Ok(Answer::nothing())
        }
        _ => Err(XdmError::method_not_allowed()),
    }
}

fn object(call: &Call) -> Result<Document, XdmError> {
    match call.json().map_err(XdmError::invalid)? {
        Value::Object(mut map) => {
            for key in OWN {
                map.remove(key);
            }
            Ok(map)
        }
        _ => Err(XdmError::invalid("a descriptor is an object")),
    }
}

fn position(registry: &Registry, id: &str) -> Result<usize, XdmError> {
    let at = registry.descriptors.iter().position(|descriptor| text(descriptor, "@id") == id);
    at.ok_or_else(|| {
        let message = format!("The requested descriptor resource {id} is not found.");
        XdmError::new(404, 1017, "Resource not found", message)
    })
}

/// The primary identity of a schema that is in a union stays as it is.
fn keeps_union(registry: &Registry, at: usize) -> Result<(), XdmError> {
    let descriptor = &registry.descriptors[at];
    let schema = text(descriptor, "xdm:sourceSchema");
    let primary = registry.primary_identity(schema).is_some_and(|primary| primary == descriptor);
    if primary && registry.find(schema).is_some_and(|schema| schema.has_tag("union")) {
        return Err(XdmError::invalid(
            "The primary identity of a schema that is enabled for Profile cannot be changed",
        ));
    }
    Ok(())
}

/// A descriptor as it is stored.
fn written(mut body: Document, id: &str, created: u64, stamp: &Stamp) -> Document {
    let metadata = json!({"repo:createdDate": created, "repo:lastModifiedDate": stamp.now,
        "xdm:createdClientId": stamp.client, "xdm:lastModifiedClientId": stamp.client,
        "eTag": format!("{:064x}", stamp.now)});
    let own = [
        ("@id", json!(id)),
        ("imsOrg", json!(stamp.organization)),
        ("version", json!("1")),
        ("meta:containerId", json!("tenant")),
        ("meta:sandboxId", json!(stamp.sandbox_id)),
        ("meta:sandboxType", stamp.sandbox_type()),
        ("meta:registryMetadata", metadata),
    ];
    body.extend(own.map(|(key, value)| (key.to_owned(), value)));
    body
}

/// A list of descriptors. Only the paged form tells that there are more than a page holds.
fn shown(registry: &Registry, form: Descriptors, call: &Call, page_size: usize) -> Result<Answer, XdmError> {
    let parameters = call.parameters();
    let all = registry.descriptors.clone();
    if form == Descriptors::Paged {
        let page = list::page(all, &parameters, page_size, &call.path)?;
        return Ok(Answer::ok(&page.shown(false)));
    }
    let mut groups: Document = Map::new();
    for descriptor in list::filtered(all, &parameters).into_iter().take(page_size) {
        let id = text(&descriptor, "@id");
        let entry = match form {
            Descriptors::Ids => json!(id),
            Descriptors::Links => json!(format!("/tenant/descriptors/{id}")),
            Descriptors::Objects | Descriptors::Paged => Value::Object(descriptor.clone()),
        };
        let group = groups.entry(text(&descriptor, "@type")).or_insert_with(|| json!([]));
        if let Value::Array(group) = group {
            group.push(entry);
        }
    }
    Ok(Answer::ok(&Value::Object(groups)))
}
