//! Base connections: to Stripe, and inlets for streaming.

use serde_json::{Value, json};

use super::{Document, Item, at, missing, sent, specs, text};
use crate::platform::{
    answer::Answer,
    tenant::{Stamp, Tenant},
    world::Call,
};

/// What stands for a secret in answers.
const MASK: &str = "******";

/// A base connection.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    pub(super) item: Item,
    /// Whether the source lets it in: its secret looks like a key of Stripe's.
    pub(super) works: bool,
    pub(super) inlet: Option<Inlet>,
}

/// Where messages are sent to.
#[derive(Debug, Clone)]
pub(in crate::platform) struct Inlet {
    pub(in crate::platform) id: String,
    /// Takes anything that a mapping set makes XDM of; otherwise XDM alone.
    pub(in crate::platform) raw: bool,
    /// Wants a token with every message.
    pub(in crate::platform) authenticated: bool,
}

/// A checked body.
struct Checked {
    body: Document,
    works: bool,
    inlet: Option<Inlet>,
}

/// Checks what was sent, takes the secret out, and gives an inlet its address. `known` is what there was.
fn check(
    mut body: Document,
    call: &Call,
    known: Option<&Connection>,
    new_inlet: impl FnOnce() -> String,
) -> Result<Checked, Answer> {
    if text(&body, "/name").is_none() {
        return Err(Answer::bad_request("A connection needs a name"));
    }
    let spec = specs::of(&body, "connectionSpec", &[specs::STRIPE, specs::INLET])?.to_owned();
    let wanted = if spec == specs::STRIPE { "OAuth2 Refresh Code" } else { "Streaming Connection" };
    if text(&body, "/auth/specName") != Some(wanted) {
        return Err(Answer::bad_request(format!("auth needs the specName {wanted}")));
    }
    let Some(Value::Object(parameters)) = body.get_mut("auth").and_then(|auth| auth.get_mut("params")) else {
        return Err(Answer::bad_request("auth needs params"));
    };
    if spec == specs::STRIPE {
        let secret = parameters.get("accessToken").and_then(Value::as_str).filter(|text| !text.is_empty());
        let secret = secret.ok_or_else(|| Answer::bad_request("auth.params needs an accessToken"))?;
        let works = match known {
            Some(known) if secret == MASK => known.works,
            _ => ["sk_", "rk_"].iter().any(|start| secret.starts_with(start)),
        };
        for value in parameters.values_mut() {
            *value = json!(MASK);
        }
        return Ok(Checked { body, works, inlet: None });
    }
    let raw = match parameters.get("dataType").and_then(Value::as_str) {
        Some("xdm") => false,
        Some("raw") => true,
        _ => return Err(Answer::bad_request("auth.params.dataType must be xdm or raw")),
    };
    let authenticated = match parameters.get("authenticationRequired") {
        None => false,
        Some(Value::Bool(required)) => *required,
        Some(_) => {
            return Err(Answer::bad_request("auth.params.authenticationRequired must be true or false"));
        }
    };
    let known = known.and_then(|known| known.inlet.as_ref());
    let id = known.map_or_else(new_inlet, |inlet| inlet.id.clone());
    let host = call.header("host").unwrap_or("localhost");
    parameters.insert("inletUrl".to_owned(), json!(format!("http://{host}/collection/{id}")));
    parameters.insert("inletId".to_owned(), json!(id));
    Ok(Checked { body, works: true, inlet: Some(Inlet { id, raw, authenticated }) })
}

pub(super) fn create(call: &Call, tenant: &mut Tenant, stamp: &Stamp) -> Result<Answer, Answer> {
    let checked = check(sent(call)?, call, None, || tenant.ids.hex(64))?;
    let item = Item::new(checked.body, &mut tenant.ids, stamp);
    let answer = Answer::json(201, &item.reference());
    let location = format!("/data/foundation/flowservice/connections/{}", item.id);
    tenant.flows.connections.push(Connection { item, works: checked.works, inlet: checked.inlet });
    Ok(answer.header("location", location))
}

pub(super) fn change(call: &Call, tenant: &mut Tenant, stamp: &Stamp, id: &str) -> Result<Answer, Answer> {
    let known = tenant.flows.connections.iter_mut().find(|known| known.item.id == id);
    let known = known.ok_or_else(|| missing("connection", id))?;
    let body = known.item.patched(call)?;
    if at(&body, "/connectionSpec") != at(&known.item.body, "/connectionSpec") {
        return Err(Answer::bad_request("The connectionSpec of a connection cannot be changed"));
    }
    let checked = check(body, call, Some(known), String::new)?;
    known.item.body = checked.body;
    known.works = checked.works;
    known.inlet = checked.inlet;
    known.item.changed(&mut tenant.ids, stamp);
    Ok(Answer::ok(&known.item.reference()))
}

pub(super) fn delete(tenant: &mut Tenant, id: &str) -> Result<Answer, Answer> {
    tenant.flows.connection(id).ok_or_else(|| missing("connection", id))?;
    let mut ends = tenant.flows.sources.iter().chain(&tenant.flows.targets);
    if let Some(end) = ends.find(|end| end.item.text("/baseConnectionId") == Some(id)) {
        return Err(Answer::bad_request(format!(
            "The connection is used by {}: delete that first",
            end.item.id
        )));
    }
    tenant.flows.connections.retain(|known| known.item.id != id);
    Ok(Answer::nothing())
}

pub(super) fn test(tenant: &Tenant, id: &str) -> Result<Answer, Answer> {
    let known = tenant.flows.connection(id).ok_or_else(|| missing("connection", id))?;
    Ok(Answer::ok(&json!({"result": known.works})))
}
