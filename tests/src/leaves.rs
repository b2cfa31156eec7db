//! Comparing records with those that were written by hand: leaf by leaf, numbers as decimals.

use serde_json::Value;
use std::collections::BTreeMap;

/// Envelope fields: they depend on the caller.
pub const ENVELOPE: [&str; 7] = [
    "/_acme/stripe/accountID",
    "/_acme/stripe/apiVersion",
    "/_acme/stripe/eventID",
    "/_acme/stripe/eventType",
    "/_acme/stripe/requestID",
    "/_acme/stripe/sourceVersion",
    "/extSourceSystemAudit/lastUpdatedDate",
];

/// Every leaf by its JSON pointer; numbers as exact decimals without trailing zeros.
pub fn leaves(value: &Value) -> BTreeMap<String, String> {
    let mut into = BTreeMap::new();
    walk(value, String::new(), &mut into);
    into
}

fn walk(value: &Value, at: String, into: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| walk(value, format!("{at}/{key}"), into));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| walk(value, format!("{at}/{index}"), into));
        }
        Value::Number(number) => {
            let text = number.to_string();
            let plain = match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.'),
                false => &text,
            };
            into.insert(at, plain.to_owned());
        }
        other => {
            into.insert(at, other.to_string());
        }
    }
}
