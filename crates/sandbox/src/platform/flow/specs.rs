//! Connection and flow specifications: Adobe's own, with fixed ids.

use serde_json::{Value, json};

use super::{Document, at, missing, text};
use crate::platform::answer::Answer;

/// Connections to Stripe.
pub(super) const STRIPE: &str = "cc2c31d6-7b8c-4581-b49f-5c8698aa3ab3";
/// HTTP API inlets.
pub(super) const INLET: &str = "bc7b00d6-623a-4dfc-9fdb-f1240aeadaeb";
/// The data lake, as a target.
pub(super) const LAKE: &str = "c604ff05-7f1a-43c0-8e18-33bf874cb11c";

/// Flows from a REST source by a schedule.
pub(super) const SCHEDULED: &str = "6499120c-0b15-42dc-936e-847ea3c24d72";
/// Flows from an inlet of XDM.
pub(super) const STREAM: &str = "d8a6f005-7eaf-4153-983e-e8574508b877";
/// Flows from an inlet, through a mapping set.
pub(super) const MAPPED_STREAM: &str = "c1a19761-d2c7-4702-b9fa-fe91f0613e81";

const CONNECTIONS: [(&str, &str); 3] =
    [(STRIPE, "Stripe"), (INLET, "Streaming Connection"), (LAKE, "Data Lake")];
const FLOWS: [(&str, &str); 3] = [
    (SCHEDULED, "Generic Rest"),
    (STREAM, "Stream data without transformation"),
    (MAPPED_STREAM, "Stream data with transformation"),
];

/// The specification that a body names; it must be one of these.
pub(super) fn of<'a>(body: &'a Document, key: &str, allowed: &[&str]) -> Result<&'a str, Answer> {
    let id = text(body, &format!("/{key}/id"));
    let id = id.ok_or_else(|| Answer::bad_request(format!("{key} needs an id")))?;
    let version = at(body, &format!("/{key}/version"));
    // A flow may leave the version out: then it is the newest.
    let right = version.map_or(key == "flowSpec", |version| version == "1.0");
    match (allowed.contains(&id), right) {
        (true, true) => Ok(id),
        (true, false) => Err(Answer::bad_request(format!("{key} {id} has the version 1.0 only"))),
        (false, _) => Err(Answer::bad_request(format!("{key} {id} cannot be used here"))),
    }
}

pub(super) fn serve(path: &[&str]) -> Result<Answer, Answer> {
    let shown = |(id, name): &(&str, &str)| json!({"id": id, "name": name, "version": "1.0"});
    let (kind, of_kind) = match path {
        ["connectionSpecs", ..] => ("connection spec", CONNECTIONS),
        _ => ("flow spec", FLOWS),
    };
    let items: Vec<Value> = match path {
        [_] => of_kind.iter().map(shown).collect(),
        [_, id] => {
            let found = of_kind.iter().find(|(known, _)| known == id);
            vec![found.map(shown).ok_or_else(|| missing(kind, id))?]
        }
        _ => return Err(Answer::not_found("There is nothing at this path")),
    };
    Ok(Answer::ok(&json!({"items": items, "_links": {}})))
}
