//! Runs: they come into being as time passes.

use serde_json::{Value, json};

use super::{Document, FlowService, flows::Flow, missing, specs};
use crate::platform::{
    answer::Answer,
    tenant::{Ids, Stamp, Tenant},
    world::Call,
};

/// How long copying takes, and copying and promoting together, in milliseconds.
const COPIED: u64 = 20_000;
const DONE: u64 = 60_000;

/// The most runs of a flow that are made up for at once: with time let pass by the year, older ones are gone.
const MOST: u64 = 1_000;

/// What the first run of a flow with backfill reads, of which one record fails; and what any other reads.
const FIRST: (u64, u64) = (100, 1);
const LATER: (u64, u64) = (10, 0);

/// A run of a flow. What it has done depends on how late it is.
#[derive(Debug, Clone)]
pub(super) struct Run {
    id: String,
    pub(super) flow: String,
    started: u64,
    /// What it reads was created in this time.
    window: (u64, u64),
    read: u64,
    failed: u64,
    /// Whether the source let it in.
    reached: bool,
}

impl FlowService {
    /// Starts every run whose moment has come.
    pub(super) fn run_what_is_due(&mut self, now: u64) {
        for index in 0..self.flows.len() {
            let flow = &self.flows[index];
            let (Some(due), Some(schedule)) = (flow.next.filter(|due| *due <= now), flow.schedule) else {
                continue;
            };
            let moments: Vec<u64> = match schedule.period {
                None => vec![due],
                Some(period) => {
                    let many = (now - due) / period;
                    (many.saturating_sub(MOST - 1)..=many).map(|step| due + step * period).collect()
                }
            };
            let next = schedule.period.and_then(|period| moments.last()?.checked_add(period));
            for moment in moments {
                let first = self.flows[index].read_until.is_none();
                let counts = if first && schedule.backfill { FIRST } else { LATER };
                let from = self.flows[index].read_until;
                let from = from.unwrap_or(if schedule.backfill { 0 } else { schedule.start });
                let run = Run::new(self, &self.flows[index], moment, (from, moment), counts);
                self.runs.push(run);
                self.flows[index].read_until = Some(moment);
            }
            self.flows[index].next = next;
        }
    }
}

impl Run {
    /// The id follows from flow and moment, so that a run is the same in whichever answer it first shows.
    fn new(
        service: &FlowService,
        flow: &Flow,
        started: u64,
        window: (u64, u64),
        (read, failed): (u64, u64),
    ) -> Self {
        let base = service.connection(&flow.route.connection);
        Self {
            id: Ids::new(started, &flow.item.id, "run").uuid(),
            flow: flow.item.id.clone(),
            started,
            window,
            read,
            failed,
            reached: base.is_some_and(|base| base.works),
        }
    }

    fn batch(&self) -> String {
        format!("01{}", Ids::new(self.started, &self.id, "batch").hex(24).to_uppercase())
    }

    fn status(&self, now: u64) -> &'static str {
        match now.saturating_sub(self.started) {
            passed if passed >= COPIED && !self.reached => "failed",
            passed if passed >= DONE => "success",
            _ => "in_progress",
        }
    }

    fn ended(&self, now: u64) -> Option<u64> {
        match self.status(now) {
            "failed" => Some(self.started + COPIED),
            "success" => Some(self.started + DONE),
            _ => None,
        }
    }

    /// As the flow's `lastRunDetails`.
    pub(super) fn in_short(&self, now: u64) -> Value {
        let mut short = json!({"id": self.id, "state": self.status(now), "startedAtUTC": self.started});
        if let Some(ended) = self.ended(now) {
            short["completedAtUTC"] = json!(ended);
        }
        short
    }

    pub(super) fn shown(&self, service: &FlowService, call: &Call, stamp: &Stamp) -> Document {
        let now = stamp.now;
        let (status, ended) = (self.status(now), self.ended(now));
        let mut metrics = json!({"durationSummary": {"startedAtUTC": self.started},
            "statusSummary": {"status": status}});
        if let Some(ended) = ended {
            metrics["durationSummary"]["completedAtUTC"] = json!(ended);
        }
        if status == "success" {
            let written = self.read - self.failed;
            metrics["sizeSummary"] = json!({"inputBytes": self.read * 1_700, "outputBytes": written * 900});
            metrics["recordSummary"] = json!({"inputRecordCount": self.read, "outputRecordCount": written,
                "createdRecordCount": written, "failedRecordCount": self.failed});
            metrics["fileSummary"] = json!({"inputFileCount": 1, "outputFileCount": 1,
                "activityRefs": ["promotionActivity"]});
        }
        let errors: &[(&str, &str)] = match status {
            "failed" => &[("CONNECTOR-2001-500", "The source refuses the credentials of the connection.")],
            "success" if self.failed > 0 => &[("INGEST-1212-400", "Some records could not be ingested.")],
            _ => &[],
        };
        if !errors.is_empty() {
            let errors = errors.iter().map(|(code, message)| json!({"code": code, "message": message}));
            metrics["statusSummary"]["errors"] = errors.collect();
        }
        let flow = service.flows.iter().find(|flow| flow.item.id == self.flow);
        let of_flow = |key: &str| flow.and_then(|flow| flow.item.body.get(key)).cloned();
        let shown = json!({
            "id": self.id,
            "flowId": self.flow,
            "flowSpec": of_flow("flowSpec"),
            "providerRefId": format!("M-{}-incremental-0", self.flow),
            "createdAt": self.started,
            "updatedAt": ended.unwrap_or(now),
            "createdBy": "SourcesProvider@AdobeID",
            "updatedBy": "SourcesProvider@AdobeID",
            "createdClient": "SourcesProvider",
            "updatedClient": "SourcesProvider",
            "sandboxId": stamp.sandbox_id,
            "sandboxName": call.header("x-sandbox-name"),
            "imsOrgId": stamp.organization,
            "etag": self.etag(status),
            "metrics": metrics,
            "activities": self.activities(call, now, of_flow("targetConnectionIds")),
        });
        match shown {
            Value::Object(shown) => shown,
            _ => Document::new(),
        }
    }

    fn etag(&self, status: &str) -> String {
        format!("\"{}-0000-0200-0000-{:08x}0000\"", &self.id[..8], status.len())
    }

    /// Copying, then promoting, whose batch it names.
    fn activities(&self, call: &Call, now: u64, targets: Option<Value>) -> Value {
        let status = self.status(now);
        let copied = now.saturating_sub(self.started) >= COPIED;
        let copy = match (copied, self.reached) {
            (false, _) => "in_progress",
            (true, true) => "success",
            (true, false) => "failed",
        };
        let (from, to) = self.window;
        let mut copying = json!({"id": "copyActivity", "updatedAtUTC": self.started,
            "durationSummary": {"startedAtUTC": self.started,
                "extensions": {"windowStart": from, "windowEnd": to}},
            "statusSummary": {"status": copy}});
        if copied {
            copying["durationSummary"]["completedAtUTC"] = json!(self.started + COPIED);
        }
        if copy != "success" {
            return json!([copying]);
        }
        let batch = self.batch();
        let mut promoting = json!({"id": "promotionActivity", "updatedAtUTC": self.started + COPIED,
            "durationSummary": {"startedAtUTC": self.started + COPIED},
            "statusSummary": {"status": status}});
        if status == "success" {
            promoting["durationSummary"]["completedAtUTC"] = json!(self.started + DONE);
            let target = targets.as_ref().and_then(|targets| targets.get(0)).cloned();
            promoting["targetInfo"] = json!([{"id": target, "type": "TargetConnection",
                "reference": {"type": "Batch", "ids": [batch]}}]);
        }
        if status == "success" && self.failed > 0 {
            let host = call.header("host").unwrap_or("localhost");
            let meta = format!("http://{host}/data/foundation/export/batches/{batch}/meta?path=");
            promoting["statusSummary"]["extensions"] = json!({
            "manifest": {"failedRecords": format!("{meta}row_errors"),
                "sampleErrors": format!("{meta}row_error_samples.json")},
            "errors": [
                {"code": "INGEST-1212-400",
                    "message": format!("Encountered {} errors in the data.", self.failed)},
                {"code": "MAPPER-3700-400", "recordCount": self.failed,
                    "message": "Mapping could not be applied to the record."},
            ]});
        }
        json!([copying, promoting])
    }
}

/// Runs a flow on demand, which must be one that runs once.
pub(super) fn create(call: &Call, tenant: &mut Tenant, stamp: &Stamp) -> Result<Answer, Answer> {
    let body = call.json().map_err(Answer::bad_request)?;
    let id = body.get("flowId").and_then(Value::as_str).unwrap_or_default();
    let flow = tenant.flows.flows.iter().find(|flow| flow.item.id == id);
    let flow = flow.ok_or_else(|| missing("flow", id))?;
    let once = flow.schedule.is_some_and(|schedule| schedule.period.is_none());
    if !once || flow.item.text("/flowSpec/id") != Some(specs::SCHEDULED) {
        return Err(Answer::bad_request("Only a flow with the frequency once runs on demand"));
    }
    if !flow.item.enabled {
        return Err(Answer::bad_request("The flow is disabled"));
    }
    let moment = |name: &str| body.pointer(&format!("/params/{name}")).and_then(Value::as_u64);
    let (Some(from), Some(to)) = (moment("windowStartTime"), moment("windowEndTime")) else {
        return Err(Answer::bad_request("params needs windowStartTime and windowEndTime"));
    };
    if from >= to {
        return Err(Answer::bad_request("windowStartTime must be before windowEndTime"));
    }
    let run = Run::new(&tenant.flows, flow, stamp.now, (from, to), LATER);
    let answer = json!({"id": run.id, "etag": run.etag("in_progress")});
    tenant.flows.runs.push(run);
    Ok(Answer::json(201, &answer))
}

/// Does a run over.
pub(super) fn act(call: &Call, tenant: &mut Tenant, stamp: &Stamp, id: &str) -> Result<Answer, Answer> {
    let op = call.parameters().into_iter().find(|(name, _)| name == "op").map(|(_, value)| value);
    if op.as_deref() != Some("RE_TRIGGER") {
        return Err(Answer::bad_request("op must be RE_TRIGGER"));
    }
    let service = &mut tenant.flows;
    let run = service.runs.iter().find(|run| run.id == id).ok_or_else(|| missing("run", id))?;
    if run.ended(stamp.now).is_none() {
        return Err(Answer::bad_request("The run has not ended yet"));
    }
    let flow = service.flows.iter().find(|flow| flow.item.id == run.flow);
    let flow = flow.ok_or_else(|| missing("flow", &run.flow))?;
    let again = Run::new(service, flow, stamp.now, run.window, (run.read, run.failed));
    let shown = again.shown(service, call, stamp);
    service.runs.push(again);
    Ok(Answer::ok(&Value::Object(shown)))
}
