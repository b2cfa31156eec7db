//! Catalog: datasets.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::platform::{
    answer::Answer,
    json_patch,
    tenant::{Stamp, Tenant},
    world::Call,
};

/// What the service alone sets.
const OWN: [&str; 8] =
    ["version", "imsOrg", "created", "updated", "createdClient", "createdUser", "updatedUser", "viewId"];

/// Datasets by id.
#[derive(Debug, Clone, Default)]
pub(super) struct Catalog {
    pub(super) datasets: BTreeMap<String, Map<String, Value>>,
}

pub(super) fn serve(
    call: &Call,
    path: &[&str],
    tenant: &mut Tenant,
    stamp: &Stamp,
) -> Result<Answer, Answer> {
    match (call.method.as_str(), path) {
        ("GET", ["dataSets"]) => list(call, tenant),
        ("POST", ["dataSets"]) => create(call, tenant, stamp),
        ("GET", ["dataSets", id]) => {
            let dataset = found(tenant, id)?;
            Ok(Answer::ok(&json!({*id: chosen(dataset, &call.parameters())})))
        }
        ("PATCH", ["dataSets", id]) => change(call, tenant, stamp, id, false),
        ("PATCH", ["v2", "dataSets", id]) => change(call, tenant, stamp, id, true),
        ("PUT", ["dataSets", id]) => {
            let body = object(call)?;
            let known = found(tenant, id)?.clone();
            replace(tenant, stamp, id, &known, body)
        }
        ("DELETE", ["dataSets", id]) => {
            found(tenant, id)?;
            tenant.catalog.datasets.remove(*id);
            Ok(reference(200, id))
        }
        (_, ["dataSets" | "v2", ..]) => Err(Answer::empty(405)),
        _ => Err(Answer::not_found("Not served here: only data sets are")),
    }
}

fn found<'a>(tenant: &'a Tenant, id: &str) -> Result<&'a Map<String, Value>, Answer> {
    tenant.catalog.datasets.get(id).ok_or_else(|| Answer::not_found(format!("Object not found: {id}")))
}

/// What changing answers: an array of one reference.
fn reference(status: u16, id: &str) -> Answer {
    Answer::json(status, &json!([format!("@/dataSets/{id}")]))
}

fn object(call: &Call) -> Result<Map<String, Value>, Answer> {
    match call.json().map_err(Answer::bad_request)? {
        Value::Object(map) => Ok(map),
        _ => Err(Answer::bad_request("a dataset is an object")),
    }
}

fn create(call: &Call, tenant: &mut Tenant, stamp: &Stamp) -> Result<Answer, Answer> {
    let mut dataset = object(call)?;
    check(&mut dataset, tenant)?;
    let id = tenant.ids.hex(24);
    let own = [
        ("version", json!("1.0.0")),
        ("imsOrg", json!(stamp.organization)),
        ("created", json!(stamp.now)),
        ("updated", json!(stamp.now)),
        ("createdClient", json!(stamp.client)),
        ("createdUser", json!(format!("{}@techacct.adobe.com", stamp.client))),
        ("updatedUser", json!(format!("{}@techacct.adobe.com", stamp.client))),
        ("viewId", json!(tenant.ids.hex(24))),
    ];
    dataset.extend(own.map(|(name, value)| (name.to_owned(), value)));
    tenant.catalog.datasets.insert(id.clone(), dataset);
    Ok(reference(201, &id).header("location", format!("/data/foundation/catalog/dataSets/{id}")))
}

fn change(call: &Call, tenant: &mut Tenant, stamp: &Stamp, id: &str, deep: bool) -> Result<Answer, Answer> {
    let known = found(tenant, id)?.clone();
    if deep
        && call
            .header("if-match")
            .is_some_and(|tag| known.get("version").and_then(Value::as_str) != Some(tag))
    {
        return Err(Answer::problem(412, "PreconditionFailed", "The dataset has changed since it was read"));
    }
    let body = call.json().map_err(Answer::bad_request)?;
    let patch =
        call.header("content-type").is_some_and(|kind| kind.starts_with("application/json-patch+json"));
    let changed = match (&body, patch && !deep) {
        (body, true) => json_patch::apply(&known, body).map_err(Answer::bad_request)?,
        (Value::Object(changes), false) => {
            let mut changed = known.clone();
            json_patch::merge(&mut changed, changes, deep);
            changed
        }
        _ => {
            return Err(Answer::bad_request(
                "application/json needs an object to merge; a JSON Patch needs application/json-patch+json",
            ));
        }
    };
    replace(tenant, stamp, id, &known, changed)
}

/// Writes a dataset anew, keeping what is the service's.
fn replace(
    tenant: &mut Tenant,
    stamp: &Stamp,
    id: &str,
    known: &Map<String, Value>,
    mut changed: Map<String, Value>,
) -> Result<Answer, Answer> {
    check(&mut changed, tenant)?;
    if known.get("schemaRef").and_then(|schema| schema.get("id"))
        != changed.get("schemaRef").and_then(|schema| schema.get("id"))
    {
        return Err(Answer::bad_request("the schema of a dataset cannot be changed"));
    }
    for name in OWN {
        if let Some(value) = known.get(name) {
            changed.insert(name.to_owned(), value.clone());
        }
    }
    let version = known.get("version").and_then(Value::as_str).unwrap_or("1.0.0");
    let patch: u64 = version.rsplit('.').next().and_then(|last| last.parse().ok()).unwrap_or_default();
    changed.insert("version".to_owned(), json!(format!("1.0.{}", patch + 1)));
    changed.insert("updated".to_owned(), json!(stamp.now));
    tenant.catalog.datasets.insert(id.to_owned(), changed);
    Ok(reference(200, id))
}

/// Whether a dataset may be like this; tags are written as Catalog prints them.
fn check(dataset: &mut Map<String, Value>, tenant: &Tenant) -> Result<(), Answer> {
    let named = dataset.get("name").and_then(Value::as_str).is_some_and(|name| !name.is_empty());
    if !named {
        return Err(Answer::bad_request("a dataset needs a name"));
    }
    let part = |key: &str| dataset.get("schemaRef").and_then(|schema| schema.get(key)?.as_str());
    let (Some(id), Some(kind)) = (part("id"), part("contentType")) else {
        return Err(Answer::bad_request("schemaRef needs an id and a contentType"));
    };
    if !kind.starts_with("application/vnd.adobe.xed") || !kind.contains("version=1") {
        return Err(Answer::bad_request(
            "contentType must be like application/vnd.adobe.xed-full+json; version=1",
        ));
    }
    let Some(schema) = tenant.registry.schema(id) else {
        return Err(Answer::bad_request(format!("The schema {id} does not exist")));
    };
    let union = schema.has_tag("union");
    let boolean = dataset.get("enableErrorDiagnostics").is_none_or(Value::is_boolean);
    if !boolean {
        return Err(Answer::bad_request("enableErrorDiagnostics must be true or false"));
    }
    let Some(tags) = dataset.get_mut("tags") else {
        return Ok(());
    };
    let Value::Object(tags) = tags else {
        return Err(Answer::bad_request("tags must be an object of arrays of text"));
    };
    for (name, values) in tags {
        let Value::Array(values) = values else {
            return Err(Answer::bad_request("tags must be an object of arrays of text"));
        };
        for value in &mut *values {
            let Value::String(text) = value else {
                return Err(Answer::bad_request("tags must be an object of arrays of text"));
            };
            if let Some((key, state)) = text.split_once(':') {
                *text = format!("{key}:{}", state.trim_start());
            }
        }
        let enabled = values.iter().any(|value| value == "enabled:true");
        if name == "unifiedProfile" && enabled && !union {
            return Err(Answer::bad_request("To enable profile datasets the schema should be valid"));
        }
    }
    Ok(())
}

fn list(call: &Call, tenant: &Tenant) -> Result<Answer, Answer> {
    let parameters = call.parameters();
    let (mut limit, mut start, mut order) = (20, 0, ("asc", vec!["created"]));
    let mut filters: Vec<(&str, &str)> = Vec::new();
    for (name, value) in &parameters {
        let number = || {
            value.parse::<usize>().map_err(|_| Answer::bad_request(format!("{name} must be a whole number")))
        };
        match name.as_str() {
            "limit" => limit = number()?,
            "start" => start = number()?,
            "orderBy" => {
                let (direction, fields) = value.split_once(':').unwrap_or(("asc", value));
                if !matches!(direction, "asc" | "desc") {
                    return Err(Answer::bad_request("orderBy is asc:field or desc:field"));
                }
                order = (direction, fields.split(',').collect());
            }
            "properties" => {}
            "property" => match value.split_once("==") {
                Some(filter) => filters.push(filter),
                None => filters.push((value, "")),
            },
            "name"
            | "description"
            | "version"
            | "created"
            | "updated"
            | "createdClient"
            | "createdUser"
            | "updatedUser"
            | "enableErrorDiagnostics" => filters.push((name, value)),
            "tags" => filters.extend(value.split_once(':')),
            other => return Err(Answer::bad_request(format!("{other} is not a parameter of this list"))),
        }
    }
    if !(1..=100).contains(&limit) {
        return Err(Answer::bad_request("limit must be from 1 to 100"));
    }
    let mut hits: Vec<(&String, &Map<String, Value>)> = tenant
        .catalog
        .datasets
        .iter()
        .filter(|(_, dataset)| filters.iter().all(|(path, value)| matches(dataset, path, value)))
        .collect();
    hits.sort_by(|(left_id, left), (right_id, right)| {
        let key = |dataset: &Map<String, Value>| -> Vec<String> {
            order.1.iter().map(|field| sortable(dataset.get(*field))).collect()
        };
        let by = key(left).cmp(&key(right));
        (if order.0 == "asc" { by } else { by.reverse() }).then(left_id.cmp(right_id))
    });
    let page: Map<String, Value> = hits
        .into_iter()
        .skip(start)
        .take(limit)
        .map(|(id, dataset)| (id.clone(), chosen(dataset, &parameters)))
        .collect();
    Ok(Answer::ok(&Value::Object(page)))
}

/// Text that sorts as the value does.
fn sortable(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => format!("{:020}", number.as_u64().unwrap_or_default()),
        _ => String::new(),
    }
}

/// Whether the member at a dotted path has a value; without one, whether it is there. A tag's values are an
/// array of which one must be equal.
fn matches(dataset: &Map<String, Value>, path: &str, wanted: &str) -> bool {
    let mut names = path.split('.');
    let mut found =
        names.next().and_then(|name| dataset.get(name).or_else(|| dataset.get("tags")?.get(name)));
    for name in names {
        found = found.and_then(|value| value.get(name));
    }
    let equal = |value: &Value| match value {
        Value::String(text) => text == wanted,
        other => crate::json::compact(other) == wanted,
    };
    match found {
        None => false,
        Some(_) if wanted.is_empty() => true,
        Some(Value::Array(items)) => items.iter().any(equal),
        Some(value) => equal(value),
    }
}

/// A dataset with only the members that `properties` names, where it is given.
fn chosen(dataset: &Map<String, Value>, parameters: &[(String, String)]) -> Value {
    let Some((_, names)) = parameters.iter().find(|(name, _)| name == "properties") else {
        return Value::Object(dataset.clone());
    };
    let wanted = |name: &&String| names.split(',').any(|wanted| wanted == name.as_str());
    let kept = dataset.iter().filter(|(name, _)| wanted(name));
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
}
