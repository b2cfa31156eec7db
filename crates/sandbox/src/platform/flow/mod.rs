//! Flow Service: `/data/foundation/flowservice`. Connections, source and target connections, flows, runs.

mod connections;
mod ends;
mod explore;
mod flows;
mod list;
mod runs;
mod schedule;
mod specs;

use serde_json::{Map, Value, json};

use self::{connections::Connection, ends::End, flows::Flow, runs::Run};
use crate::platform::{
    answer::Answer,
    json_patch,
    tenant::{Ids, Stamp, Tenant},
    world::Call,
};

pub(in crate::platform) use self::connections::Inlet;
pub(in crate::platform) use self::flows::Route;

/// A JSON object, as it was sent.
type Document = Map<String, Value>;

/// What the service alone sets; nobody may send it, and no patch may change it.
const OWN: [&str; 16] = [
    "id",
    "createdAt",
    "updatedAt",
    "createdBy",
    "updatedBy",
    "createdClient",
    "updatedClient",
    "sandboxId",
    "sandboxName",
    "imsOrgId",
    "state",
    "version",
    "etag",
    "inheritedAttributes",
    "lastOperation",
    "lastRunDetails",
];

/// How long after its first flow was made an inlet begins to take messages, in milliseconds.
const OPENS_AFTER: u64 = 5 * 60 * 1000;

/// All that the service holds for a sandbox, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct FlowService {
    connections: Vec<Connection>,
    sources: Vec<End>,
    targets: Vec<End>,
    flows: Vec<Flow>,
    runs: Vec<Run>,
}

/// What was made, and what the service keeps beside it.
#[derive(Debug, Clone)]
struct Item {
    id: String,
    /// With its quotes.
    etag: String,
    created: u64,
    updated: u64,
    client: String,
    enabled: bool,
    /// As the client sent it, secrets masked.
    body: Document,
}

impl Item {
    fn new(body: Document, ids: &mut Ids, stamp: &Stamp) -> Self {
        Self {
            id: ids.uuid(),
            etag: etag(ids),
            created: stamp.now,
            updated: stamp.now,
            client: stamp.client.clone(),
            enabled: true,
            body,
        }
    }

    /// Notes that it has changed.
    fn changed(&mut self, ids: &mut Ids, stamp: &Stamp) {
        self.etag = etag(ids);
        self.updated = stamp.now;
    }

    /// What making and changing answer.
    fn reference(&self) -> Value {
        json!({"id": self.id, "etag": self.etag})
    }

    fn shown(&self, call: &Call, stamp: &Stamp) -> Document {
        let user = format!("{}@techacct.adobe.com", self.client);
        let mut shown = self.body.clone();
        shown.extend(
            [
                ("id", json!(self.id)),
                ("createdAt", json!(self.created)),
                ("updatedAt", json!(self.updated)),
                ("createdBy", json!(user)),
                ("updatedBy", json!(user)),
                ("createdClient", json!(self.client)),
                ("updatedClient", json!(self.client)),
                ("sandboxId", json!(stamp.sandbox_id)),
                ("sandboxName", json!(call.header("x-sandbox-name"))),
                ("imsOrgId", json!(stamp.organization)),
                ("state", json!(if self.enabled { "enabled" } else { "disabled" })),
                ("version", json!(self.etag)),
                ("etag", json!(self.etag)),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        shown
    }

    /// What a PATCH makes of the body. Its `If-Match` may have the etag with or without the quotes in it: the
    /// tutorials print both.
    fn patched(&self, call: &Call) -> Result<Document, Answer> {
        let tag = call.header("if-match").ok_or_else(|| {
            Answer::bad_request("The header If-Match is required: send the etag of the last answer")
        })?;
        if tag.trim_matches('"') != self.etag.trim_matches('"') {
            return Err(Answer::problem(412, "PreconditionFailed", "The etag is not the current one"));
        }
        let patch = call.json().map_err(Answer::bad_request)?;
        for step in patch.as_array().into_iter().flatten() {
            let text = |key: &str| step.get(key).and_then(Value::as_str).unwrap_or_default();
            if !matches!(text("op").to_ascii_lowercase().as_str(), "add" | "replace" | "remove") {
                return Err(Answer::bad_request("op must be add, replace or remove"));
            }
            let first = text("path").trim_start_matches('/').split('/').next().unwrap_or_default();
            if first.is_empty() || OWN.contains(&first) {
                return Err(Answer::bad_request(format!("The path {} cannot be changed", text("path"))));
            }
        }
        json_patch::apply(&self.body, &patch).map_err(Answer::bad_request)
    }

    /// Text at a JSON pointer of what was sent.
    fn text(&self, pointer: &str) -> Option<&str> {
        text(&self.body, pointer)
    }
}

fn etag(ids: &mut Ids) -> String {
    format!("\"{}-0000-0200-0000-{}0000\"", ids.hex(8), ids.hex(8))
}

/// Text that is not empty, at a JSON pointer that begins with the name of a member.
fn text<'a>(body: &'a Document, pointer: &str) -> Option<&'a str> {
    at(body, pointer)?.as_str().filter(|text| !text.is_empty())
}

fn at<'a>(body: &'a Document, pointer: &str) -> Option<&'a Value> {
    let pointer = pointer.strip_prefix('/')?;
    match pointer.split_once('/') {
        None => body.get(pointer),
        Some((first, rest)) => body.get(first)?.pointer(&format!("/{rest}")),
    }
}

/// The request's body: an object without what is the service's.
fn sent(call: &Call) -> Result<Document, Answer> {
    let Value::Object(body) = call.json().map_err(Answer::bad_request)? else {
        return Err(Answer::bad_request("The body must be an object"));
    };
    match OWN.iter().find(|name| body.contains_key(**name)) {
        Some(name) => Err(Answer::bad_request(format!("{name} is set by the service"))),
        None => Ok(body),
    }
}

fn missing(kind: &str, id: &str) -> Answer {
    Answer::not_found(format!("The {kind} {id} does not exist"))
}

impl FlowService {
    /// The inlet of an id, and whether it takes messages yet.
    pub(super) fn inlet(&self, id: &str, now: u64) -> Option<(&Inlet, bool)> {
        let connection =
            self.connections.iter().find(|known| known.inlet.as_ref().is_some_and(|inlet| inlet.id == id))?;
        let of_it = self.flows.iter().filter(|flow| flow.route.connection == connection.item.id);
        let open = of_it.map(|flow| flow.item.created + OPENS_AFTER).min().is_some_and(|opens| opens <= now);
        connection.inlet.as_ref().map(|inlet| (inlet, open))
    }

    /// Where the messages of a flow go that come in by an inlet.
    pub(super) fn route(&self, inlet: &str, flow: &str) -> Option<&Route> {
        let flow = self.flows.iter().find(|known| known.item.id == flow && known.item.enabled)?;
        let connection = self.connections.iter().find(|known| known.item.id == flow.route.connection)?;
        connection.inlet.as_ref().filter(|known| known.id == inlet).map(|_| &flow.route)
    }

    fn connection(&self, id: &str) -> Option<&Connection> {
        self.connections.iter().find(|known| known.item.id == id)
    }

    /// Everything of a kind, as it is shown.
    fn documents(&self, kind: &str, call: &Call, stamp: &Stamp) -> Vec<Document> {
        match kind {
            "connections" => self.connections.iter().map(|known| known.item.shown(call, stamp)).collect(),
            "sourceConnections" => self.sources.iter().map(|known| known.item.shown(call, stamp)).collect(),
            "targetConnections" => self.targets.iter().map(|known| known.item.shown(call, stamp)).collect(),
            "flows" => self.flows.iter().map(|flow| flow.shown(self, call, stamp)).collect(),
            _ => self.runs.iter().map(|run| run.shown(self, call, stamp)).collect(),
        }
    }
}

pub(super) fn serve(
    call: &Call,
    path: &[&str],
    tenant: &mut Tenant,
    stamp: &Stamp,
) -> Result<Answer, Answer> {
    tenant.flows.run_what_is_due(stamp.now);
    match (call.method.as_str(), path) {
        ("GET", ["connectionSpecs" | "flowSpecs", ..]) => specs::serve(path),
        ("GET", [kind @ ("connections" | "sourceConnections" | "targetConnections" | "flows" | "runs")]) => {
            let documents = tenant.flows.documents(kind, call, stamp);
            list::page(documents, &call.parameters(), kind)
        }
        (
            "GET",
            [kind @ ("connections" | "sourceConnections" | "targetConnections" | "flows" | "runs"), id],
        ) => {
            let documents = tenant.flows.documents(kind, call, stamp);
            let found = documents.into_iter().find(|document| text(document, "/id") == Some(id));
            let found = found.ok_or_else(|| missing(kind, id))?;
            Ok(Answer::ok(&json!({"items": [found]})))
        }
        ("GET", ["connections", id, "test"]) => connections::test(tenant, id),
        ("GET", ["connections", id, "explore"]) => explore::serve(call, tenant, id),
        ("POST", ["connections"]) => connections::create(call, tenant, stamp),
        ("PATCH", ["connections", id]) => connections::change(call, tenant, stamp, id),
        ("DELETE", ["connections", id]) => connections::delete(tenant, id),
        ("POST", [kind @ ("sourceConnections" | "targetConnections")]) => {
            ends::create(call, tenant, stamp, kind)
        }
        ("PATCH", [kind @ ("sourceConnections" | "targetConnections"), id]) => {
            ends::change(call, tenant, stamp, kind, id)
        }
        ("DELETE", [kind @ ("sourceConnections" | "targetConnections"), id]) => {
            ends::delete(tenant, kind, id)
        }
        ("POST", ["flows"]) => flows::create(call, tenant, stamp),
        ("PATCH", ["flows", id]) => flows::change(call, tenant, stamp, id),
        ("DELETE", ["flows", id]) => flows::delete(tenant, id),
        ("POST", ["flows", id, "action"]) => flows::act(call, tenant, stamp, id),
        ("POST", ["runs"]) => runs::create(call, tenant, stamp),
        ("POST", ["runs", id, "action"]) => runs::act(call, tenant, stamp, id),
        (_, ["connections" | "sourceConnections" | "targetConnections" | "flows" | "runs", ..]) => {
            Err(Answer::empty(405))
        }
        _ => Err(Answer::not_found("There is nothing at this path")),
    }
}
