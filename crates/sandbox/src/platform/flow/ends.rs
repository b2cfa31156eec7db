//! Source and target connections: what a flow reads, and where it writes.

use serde_json::Value;

use super::{Document, Item, at, explore::RESOURCES, missing, sent, specs, text};
use crate::platform::{
    answer::Answer,
    tenant::{Stamp, Tenant},
    world::Call,
};

/// A source or target connection.
#[derive(Debug, Clone)]
pub(super) struct End {
    pub(super) item: Item,
}

pub(super) fn create(call: &Call, tenant: &mut Tenant, stamp: &Stamp, kind: &str) -> Result<Answer, Answer> {
    let body = sent(call)?;
    check(&body, tenant, kind)?;
    let item = Item::new(body, &mut tenant.ids, stamp);
    let answer = Answer::json(201, &item.reference());
    let location = format!("/data/foundation/flowservice/{kind}/{}", item.id);
    of_kind(tenant, kind).push(End { item });
    Ok(answer.header("location", location))
}

/// Flows that exist already read and write as before.
pub(super) fn change(
    call: &Call,
    tenant: &mut Tenant,
    stamp: &Stamp,
    kind: &str,
    id: &str,
) -> Result<Answer, Answer> {
    let known = of_kind(tenant, kind).iter().find(|known| known.item.id == id);
    let body = known.ok_or_else(|| missing(kind, id))?.item.patched(call)?;
    check(&body, tenant, kind)?;
    let mut ids = tenant.ids.clone();
    let known = of_kind(tenant, kind).iter_mut().find(|known| known.item.id == id);
    let known = known.ok_or_else(|| missing(kind, id))?;
    known.item.body = body;
    known.item.changed(&mut ids, stamp);
    let answer = Answer::ok(&known.item.reference());
    tenant.ids = ids;
    Ok(answer)
}

pub(super) fn delete(tenant: &mut Tenant, kind: &str, id: &str) -> Result<Answer, Answer> {
    if !of_kind(tenant, kind).iter().any(|known| known.item.id == id) {
        return Err(missing(kind, id));
    }
    let name = if kind == "sourceConnections" { "sourceConnectionIds" } else { "targetConnectionIds" };
    let uses = |body: &Document| {
        let ids = body.get(name).and_then(Value::as_array);
        ids.is_some_and(|ids| ids.iter().any(|known| known == id))
    };
    if let Some(flow) = tenant.flows.flows.iter().find(|flow| uses(&flow.item.body)) {
        let detail = format!("The connection is used by the flow {}: delete that first", flow.item.id);
        return Err(Answer::bad_request(detail));
    }
    of_kind(tenant, kind).retain(|known| known.item.id != id);
    Ok(Answer::nothing())
}

fn of_kind<'a>(tenant: &'a mut Tenant, kind: &str) -> &'a mut Vec<End> {
    if kind == "sourceConnections" { &mut tenant.flows.sources } else { &mut tenant.flows.targets }
}

fn check(body: &Document, tenant: &Tenant, kind: &str) -> Result<(), Answer> {
    if kind == "sourceConnections" { check_source(body, tenant) } else { check_target(body, tenant) }
}

fn check_source(body: &Document, tenant: &Tenant) -> Result<(), Answer> {
    if text(body, "/name").is_none() {
        return Err(Answer::bad_request("A source connection needs a name"));
    }
    let spec = specs::of(body, "connectionSpec", &[specs::STRIPE, specs::INLET])?;
    let base = text(body, "/baseConnectionId")
        .ok_or_else(|| Answer::bad_request("A source connection needs a baseConnectionId"))?;
    let known = tenant.flows.connection(base);
    let known = known.ok_or_else(|| Answer::bad_request(format!("The connection {base} does not exist")))?;
    if known.item.text("/connectionSpec/id") != Some(spec) {
        return Err(Answer::bad_request("The connectionSpec is not the one of the base connection"));
    }
    if spec == specs::INLET {
        return Ok(());
    }
    if text(body, "/data/format") != Some("json") {
        return Err(Answer::bad_request("data.format must be json"));
    }
    let resource = text(body, "/params/resourcePath").unwrap_or_default();
    if !RESOURCES.iter().any(|(known, _)| *known == resource) {
        let known: Vec<&str> = RESOURCES.iter().map(|(known, _)| *known).collect();
        return Err(Answer::bad_request(format!("params.resourcePath must be one of {}", known.join(", "))));
    }
    Ok(())
}

fn check_target(body: &Document, tenant: &Tenant) -> Result<(), Answer> {
    specs::of(body, "connectionSpec", &[specs::LAKE])?;
    if at(body, "/data/format").is_some_and(|format| format != "parquet_xdm") {
        return Err(Answer::bad_request("data.format must be parquet_xdm"));
    }
    let schema = text(body, "/data/schema/id")
        .ok_or_else(|| Answer::bad_request("data.schema needs the id of a schema"))?;
    let version = text(body, "/data/schema/version").unwrap_or_default();
    if !version.starts_with("application/vnd.adobe.xed-full") || !version.contains("version=1") {
        return Err(Answer::bad_request(
            "data.schema.version must be like application/vnd.adobe.xed-full+json;version=1",
        ));
    }
    let dataset = text(body, "/params/dataSetId")
        .ok_or_else(|| Answer::bad_request("params needs the dataSetId of a dataset"))?;
    let known = tenant.catalog.datasets.get(dataset);
    let known = known.ok_or_else(|| Answer::bad_request(format!("The dataset {dataset} does not exist")))?;
    if text(known, "/schemaRef/id") != Some(schema) {
        return Err(Answer::bad_request(format!("The dataset {dataset} has another schema than {schema}")));
    }
    Ok(())
}
