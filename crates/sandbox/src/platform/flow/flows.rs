//! Flows: made of a source, a target, a mapping set and a schedule.

use serde_json::{Value, json};

use super::{Document, FlowService, Item, at, missing, schedule::Schedule, sent, specs, text};
use crate::platform::{
    answer::Answer,
    tenant::{Stamp, Tenant},
    world::Call,
};

/// A flow.
#[derive(Debug, Clone)]
pub(super) struct Flow {
    pub(super) item: Item,
    pub(super) route: Route,
    pub(super) schedule: Option<Schedule>,
    /// When it runs next.
    pub(super) next: Option<u64>,
    /// Up to when it has read its source.
    pub(super) read_until: Option<u64>,
    operation: (&'static str, u64),
}

/// What a flow was told when it was made. Changes of its connections do not reach it.
#[derive(Debug, Clone)]
pub(in crate::platform) struct Route {
    /// The base connection.
    pub(super) connection: String,
    pub(in crate::platform) dataset: String,
    pub(in crate::platform) schema: String,
    /// The mapping set and its version.
    pub(in crate::platform) mapping: Option<(String, u64)>,
}

impl Flow {
    pub(super) fn shown(&self, service: &FlowService, call: &Call, stamp: &Stamp) -> Document {
        let mut shown = self.item.shown(call, stamp);
        let of = |end: &super::End| {
            json!({"id": end.item.id, "connectionSpec": end.item.body.get("connectionSpec"),
                "baseConnection": end.item.text("/baseConnectionId").and_then(|id| service.connection(id))
                    .map(|base| json!({"id": base.item.id,
                        "connectionSpec": base.item.body.get("connectionSpec")}))})
        };
        let ends = |all: &[super::End], name: &str| -> Vec<Value> {
            let ids = self.item.body.get(name).and_then(Value::as_array);
            let used = |end: &&super::End| ids.is_some_and(|ids| ids.contains(&json!(end.item.id)));
            all.iter().filter(used).map(of).collect()
        };
        let inherited = json!({"sourceConnections": ends(&service.sources, "sourceConnectionIds"),
            "targetConnections": ends(&service.targets, "targetConnectionIds")});
        let (operation, at) = self.operation;
        shown.extend([
            ("inheritedAttributes".to_owned(), inherited),
            ("runs".to_owned(), json!(format!("/runs?property=flowId=={}", self.item.id))),
            ("lastOperation".to_owned(), json!({"started": at, "updated": 0, "operation": operation})),
        ]);
        if let Some(run) = service.runs.iter().rfind(|run| run.flow == self.item.id) {
            shown.insert("lastRunDetails".to_owned(), run.in_short(stamp.now));
        }
        shown
    }
}

/// What a body asks for, when it may.
fn check(body: &Document, tenant: &Tenant) -> Result<(Route, Option<Schedule>), Answer> {
    let spec = specs::of(body, "flowSpec", &[specs::SCHEDULED, specs::STREAM, specs::MAPPED_STREAM])?;
    let one = |name: &str, of: &[super::End]| {
        let ids = body.get(name).and_then(Value::as_array).map(Vec::as_slice);
        let [Value::String(id)] = ids.unwrap_or_default() else {
            return Err(Answer::bad_request(format!("{name} must have one id")));
        };
        let end = of.iter().find(|end| end.item.id == *id).cloned();
        end.ok_or_else(|| Answer::bad_request(format!("The connection {id} does not exist")))
    };
    let source = one("sourceConnectionIds", &tenant.flows.sources)?;
    let target = one("targetConnectionIds", &tenant.flows.targets)?;
    let wanted = if spec == specs::SCHEDULED { specs::STRIPE } else { specs::INLET };
    if source.item.text("/connectionSpec/id") != Some(wanted) {
        return Err(Answer::bad_request("The flowSpec does not fit the source connection"));
    }
    let mapping = mapping(body, tenant, spec != specs::STREAM)?;
    let owned = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let route = Route {
        connection: owned(source.item.text("/baseConnectionId")),
        dataset: owned(target.item.text("/params/dataSetId")),
        schema: owned(target.item.text("/data/schema/id")),
        mapping,
    };
    let inlet = tenant.flows.connection(&route.connection).and_then(|base| base.inlet.as_ref());
    if inlet.is_some_and(|inlet| inlet.raw && route.mapping.is_none()) {
        return Err(Answer::bad_request("An inlet of raw data needs a flow with a mapping set"));
    }
    options(body)?;
    let schedule = match (body.get("scheduleParams"), spec == specs::SCHEDULED) {
        (Some(Value::Object(schedule)), true) => Some(Schedule::read(schedule)?),
        (_, true) => return Err(Answer::bad_request("A flow of this flowSpec needs scheduleParams")),
        (None, false) => None,
        (Some(_), false) => return Err(Answer::bad_request("A stream has no scheduleParams")),
    };
    Ok((route, schedule))
}

fn mapping(body: &Document, tenant: &Tenant, wanted: bool) -> Result<Option<(String, u64)>, Answer> {
    let steps = body.get("transformations").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let step = match (steps, wanted) {
        ([], false) => return Ok(None),
        ([step], true) => step,
        (_, false) => return Err(Answer::bad_request("A flow of this flowSpec has no transformations")),
        (_, true) => return Err(Answer::bad_request("A flow of this flowSpec has one transformation")),
    };
    if step.get("name").is_none_or(|name| name != "Mapping") {
        return Err(Answer::bad_request("The name of the transformation must be Mapping"));
    }
    let parameter = |name: &str| step.get("params").and_then(|parameters| parameters.get(name));
    let id = parameter("mappingId").and_then(Value::as_str).unwrap_or_default();
    let newest = tenant.conversion.newest(id);
    let newest =
        newest.ok_or_else(|| Answer::bad_request(format!("The mapping set {id:?} does not exist")))?;
    let version = parameter("mappingVersion").map_or(Some(newest), Value::as_u64);
    match version.filter(|version| *version <= newest) {
        Some(version) => Ok(Some((id.to_owned(), version))),
        None => Err(Answer::bad_request(format!("The mapping set {id} has no such version"))),
    }
}

fn options(body: &Document) -> Result<(), Answer> {
    if at(body, "/options/errorDiagnosticsEnabled").is_some_and(|value| !value.is_boolean()) {
        return Err(Answer::bad_request("options.errorDiagnosticsEnabled must be true or false"));
    }
    let percent = at(body, "/options/partialIngestionPercent");
    if percent.is_some_and(|value| value.as_u64().is_none_or(|percent| percent > 100)) {
        return Err(Answer::bad_request("options.partialIngestionPercent must be from 0 to 100"));
    }
    Ok(())
}

pub(super) fn create(call: &Call, tenant: &mut Tenant, stamp: &Stamp) -> Result<Answer, Answer> {
    let body = sent(call)?;
    if text(&body, "/name").is_none() {
        return Err(Answer::bad_request("A flow needs a name"));
    }
    let (route, schedule) = check(&body, tenant)?;
    let item = Item::new(body, &mut tenant.ids, stamp);
    let answer = Answer::json(201, &item.reference());
    let location = format!("/data/foundation/flowservice/flows/{}", item.id);
    let next = schedule.and_then(|schedule| schedule.from(stamp.now));
    let operation = ("create", stamp.now);
    tenant.flows.flows.push(Flow { item, route, schedule, next, read_until: None, operation });
    Ok(answer.header("location", location))
}

fn find<'a>(tenant: &'a mut Tenant, id: &str) -> Result<&'a mut Flow, Answer> {
    let found = tenant.flows.flows.iter_mut().find(|flow| flow.item.id == id);
    found.ok_or_else(|| missing("flow", id))
}

pub(super) fn change(call: &Call, tenant: &mut Tenant, stamp: &Stamp, id: &str) -> Result<Answer, Answer> {
    let known = find(tenant, id)?.clone();
    let body = known.item.patched(call)?;
    for name in ["flowSpec", "sourceConnectionIds", "targetConnectionIds"] {
        if body.get(name) != known.item.body.get(name) {
            return Err(Answer::bad_request(format!("{name} of a flow cannot be changed: make a new flow")));
        }
    }
    let (route, schedule) = check(&body, tenant)?;
    let (start, new_start) = (known.schedule.map(|known| known.start), schedule.map(|new| new.start));
    if start != new_start && start.is_some_and(|start| start <= stamp.now) {
        return Err(Answer::bad_request("scheduleParams.startTime cannot be changed once it has passed"));
    }
    let mut ids = tenant.ids.clone();
    let flow = find(tenant, id)?;
    if schedule != flow.schedule {
        // A flow that runs once and has run stays so.
        let done = schedule.is_some_and(|schedule| schedule.period.is_none()) && flow.read_until.is_some();
        flow.next = schedule.filter(|_| flow.item.enabled && !done).and_then(|new| new.from(stamp.now));
    }
    flow.schedule = schedule;
    flow.route.mapping = route.mapping;
    flow.item.body = body;
    flow.item.changed(&mut ids, stamp);
    flow.operation = ("update", stamp.now);
    let answer = Answer::ok(&flow.item.reference());
    tenant.ids = ids;
    Ok(answer)
}

pub(super) fn delete(tenant: &mut Tenant, id: &str) -> Result<Answer, Answer> {
    find(tenant, id)?;
    tenant.flows.flows.retain(|flow| flow.item.id != id);
    tenant.flows.runs.retain(|run| run.flow != id);
    Ok(Answer::nothing())
}

pub(super) fn act(call: &Call, tenant: &mut Tenant, stamp: &Stamp, id: &str) -> Result<Answer, Answer> {
    let parameters = call.parameters();
    let op = parameters.iter().find(|(name, _)| name.eq_ignore_ascii_case("op"));
    let mut ids = tenant.ids.clone();
    let flow = find(tenant, id)?;
    let stale = |tag: &str| tag.trim_matches('"') != flow.item.etag.trim_matches('"');
    if call.header("if-match").is_some_and(stale) {
        return Err(Answer::problem(412, "PreconditionFailed", "The etag is not the current one"));
    }
    match op.map(|(_, value)| value.to_ascii_uppercase()).as_deref() {
        Some("ENABLE") => {
            if !flow.item.enabled {
                let done = flow.read_until.is_some();
                let left = flow.schedule.filter(|schedule| schedule.period.is_some() || !done);
                flow.next = left.and_then(|schedule| schedule.from(stamp.now));
            }
            flow.item.enabled = true;
            flow.operation = ("enable", stamp.now);
        }
        Some("DISABLE") => {
            flow.item.enabled = false;
            flow.next = None;
            flow.operation = ("disable", stamp.now);
        }
        Some("FINALIZE" | "FINALIZE_UPDATE" | "PUBLISH") => {
            return Err(Answer::bad_request("The flow has nothing to finalize or to publish"));
        }
        _ => {
            return Err(Answer::bad_request(
                "op must be ENABLE, DISABLE, FINALIZE, FINALIZE_UPDATE or PUBLISH",
            ));
        }
    }
    flow.item.changed(&mut ids, stamp);
    let answer = Answer::ok(&flow.item.reference());
    tenant.ids = ids;
    Ok(answer)
}
