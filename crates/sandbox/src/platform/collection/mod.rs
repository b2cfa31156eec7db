//! Streaming ingestion: `/collection/{inlet}` and `/collection/batch/{inlet}`, which another host than the
//! gateway serves: no key, no organisation in a header, a token only where the inlet wants one.

mod inbox;
mod message;
mod schema;

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use self::{inbox::Origin, message::Ways, schema::Violation};
use crate::{
    lock,
    platform::{
        answer::Answer,
        clock::Clock,
        faults::{Fault, Faults},
        flow::Inlet,
        ims::Tokens,
        options::Options,
        tenant::Tenant,
        world::Call,
    },
};

pub(super) use self::inbox::Inbox;
pub use self::inbox::{Collected, Operation, Uncollected};

/// Longer requests are refused.
const MAX_REQUEST: usize = 1_000_000;

/// How many requests with `syncValidation` an inlet takes in a minute.
const MAX_SYNC: u64 = 60;

/// What streaming needs of the world.
#[derive(Debug)]
pub(super) struct Desk<'w> {
    pub(super) options: &'w Options,
    pub(super) clock: Clock,
    pub(super) tokens: &'w mut Tokens,
    pub(super) tenants: &'w BTreeMap<(String, String), Tenant>,
    pub(super) inbox: &'w mut Inbox,
    pub(super) faults: &'w Mutex<Faults>,
}

/// Why a message or a request is not taken.
#[derive(Debug)]
struct Refusal {
    status: u16,
    message: String,
}

impl Refusal {
    fn new(message: impl Into<String>) -> Self {
        Self { status: 400, message: message.into() }
    }

    fn answer(&self) -> Answer {
        Answer::json(
            self.status,
            &json!({"type": PROBLEM, "status": self.status, "title": "Invalid XDM Message Format",
                "report": {"message": self.message}}),
        )
    }
}

const PROBLEM: &str = "http://ns.adobe.com/adobecloud/problem/data-collection-service/inlet";

/// Several messages, each as text.
#[derive(Deserialize)]
struct Messages<'a> {
    #[serde(borrow)]
    messages: Vec<&'a RawValue>,
}

/// Answers a request; says whether it brought anything in.
pub(super) fn serve(call: &Call, path: &[&str], mut desk: Desk<'_>) -> (Answer, bool) {
    let before = desk.inbox.count();
    let answer = answer(call, path, &mut desk).unwrap_or_else(|refused| refused);
    let changed = desk.inbox.count() != before;
    (answer, changed)
}

fn answer(call: &Call, path: &[&str], desk: &mut Desk<'_>) -> Result<Answer, Answer> {
    let (id, several) = match path {
        ["batch", id] => (*id, true),
        [id] => (*id, false),
        _ => return Err(Answer::not_found("There is nothing at this path")),
    };
    if call.method != "POST" {
        return Err(Answer::empty(405));
    }
    let now = desk.clock.now();
    let found = desk.tenants.iter().find_map(|(key, tenant)| {
        tenant.flows.inlet(id, now).map(|(inlet, open)| (key, tenant, inlet, open))
    });
    let (key, tenant, inlet) = match found {
        Some((key, tenant, inlet, true)) => (key, tenant, inlet),
        // A new one takes some minutes until it is known everywhere.
        _ => return Err(Refusal { status: 404, message: format!("inletId: [{id}] is not found") }.answer()),
    };
    admit(call, inlet, key, desk)?;
    let origin = Origin { key, inlet, tenant, received: now, number: call.number };
    let parameters = call.parameters();
    let sync = parameters.iter().any(|(name, value)| name == "syncValidation" && value == "true");
    let flow = parameters.iter().find(|(name, _)| name == "x-adobe-flow-id");
    let flow = call.header("x-adobe-flow-id").or_else(|| flow.map(|(_, value)| value.as_str()));
    let mut ways = Ways::new(&origin, flow);
    if several {
        if sync {
            return Err(Refusal::new("syncValidation is for single messages only").answer());
        }
        return batch(call, desk, &mut ways);
    }
    if sync && !desk.inbox.may_check(id, now, MAX_SYNC) {
        return Err(Answer::problem(
            429,
            "TooManyRequests",
            "syncValidation is limited to 60 requests a minute",
        ));
    }
    if serde_json::from_str::<&RawValue>(&call.body).is_err() {
        return Err(Refusal::new("The request's body is not JSON").answer());
    }
    let xaction = format!("{now}:{}:1", call.number);
    let checked = if sync {
        ways.check(&call.body, desk.inbox).map(|violations| (!violations.is_empty()).then_some(violations))
    } else {
        ways.take(&call.body, &xaction, desk.inbox).map(|()| None)
    };
    match checked {
        Ok(Some(violations)) => return Err(invalid(&violations)),
        Ok(None) => {}
        Err(refusal) => {
            ways.keep_refused(&call.body, &refusal, desk.inbox);
            return Err(refusal.answer());
        }
    }
    if sync {
        ways.take(&call.body, &xaction, desk.inbox).map_err(|refusal| refusal.answer())?;
    }
    let validation = if sync { json!({"status": "pass"}) } else { json!({"skipped": true}) };
    Ok(Answer::ok(&json!({"inletId": id, "xactionId": xaction, "receivedTimeMs": now,
        "syncValidation": validation})))
}

/// Whether the request may come in at all.
fn admit(call: &Call, inlet: &Inlet, key: &(String, String), desk: &mut Desk<'_>) -> Result<(), Answer> {
    if call.body.len() > MAX_REQUEST {
        return Err(Refusal { status: 413, message: "The request is larger than 1 MB".to_owned() }.answer());
    }
    let kind = call.header("content-type").unwrap_or_default();
    if kind.split(';').next().unwrap_or_default().trim() != "application/json" {
        return Err(
            Refusal::new("The content type must be application/json; Smile is not read here").answer()
        );
    }
    match call.header("x-sandbox-name") {
        Some(name) if name == key.1 => {}
        Some(_) => return Err(Refusal::new("The inlet belongs to another sandbox").answer()),
        None => return Err(Refusal::new("The header x-sandbox-name is required").answer()),
    }
    if !inlet.authenticated {
        return Ok(());
    }
    let unauthorized = |status: u16, message: &str| {
        Answer::json(
            status,
            &json!({"type": "https://ns.adobe.com/adobecloud/problem/data-collection-service-authorization",
                "status": status.to_string(), "title": "Authorization", "report": {"message": message}}),
        )
    };
    let token = call.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let token = token.ok_or_else(|| unauthorized(401, "Ims service token is empty"))?;
    let client = desk.tokens.client(token, desk.clock);
    let client = client.ok_or_else(|| unauthorized(401, "Ims service token is not valid"))?;
    let mine = desk.options.organizations.iter().any(|known| known.id == key.0 && known.client.id == client);
    if mine { Ok(()) } else { Err(unauthorized(403, "The token is for another organization")) }
}

/// Takes several messages: always 207, one entry for each, in order.
fn batch(call: &Call, desk: &mut Desk<'_>, ways: &mut Ways<'_>) -> Result<Answer, Answer> {
    let Ok(Messages { messages }) = serde_json::from_str(&call.body) else {
        return Err(Refusal::new("The request must be an object with messages").answer());
    };
    let (now, id) = (desk.clock.now(), &ways.origin().inlet.id);
    let batch = format!("{now}:{}", call.number);
    let mut body = json!({"inletId": id, "batchId": batch, "receivedTimeMs": now});
    let mut entries: Vec<Value> = Vec::with_capacity(messages.len());
    for (at, message) in messages.into_iter().enumerate() {
        let xaction = format!("{batch}:{at}");
        let fault = lock(desk.faults).next_entry(&call.method, &call.path);
        let entry = |status: u16, message: &str| json!({"statusCode": status, "message": message});
        if let Some(Fault::Entry(status)) = fault {
            entries.push(entry(status, "The message was not taken."));
            continue;
        }
        let taken = ways.take(message.get(), &xaction, desk.inbox);
        if let Err(refusal) = &taken {
            ways.keep_refused(message.get(), refusal, desk.inbox);
        }
        entries.push(match (taken, fault) {
            (Ok(()), Some(Fault::EntryAfter(status))) => entry(status, "An unexpected error has occurred."),
            (Ok(()), _) => json!({"xactionId": xaction}),
            (Err(refusal), _) => entry(refusal.status, &refusal.message),
        });
    }
    body["responses"] = Value::Array(entries);
    Ok(Answer::json(207, &body))
}

/// What `syncValidation` says of a message that is not what its schema asks for.
fn invalid(violations: &[Violation]) -> Answer {
    let causes: Vec<Value> = violations.iter().map(Violation::as_json).collect();
    Answer::json(
        400,
        &json!({"type": PROBLEM, "status": 400, "title": "Invalid XDM Message Format",
            "report": {"message": format!("{} schema violations found", causes.len()),
                "cause": {"_streamingValidation": causes}}}),
    )
}
