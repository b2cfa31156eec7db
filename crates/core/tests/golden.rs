//! The sample objects give exactly the records that were written by hand from Adobe's rules
//! (`data/golden`), envelope fields aside. Numbers are compared as decimals, not as text.

use serde_json::Value;
use std::collections::BTreeMap;
use stripe_xdm_core::{Call, Output, Transformer};

/// Envelope fields: they depend on the caller.
const ENVELOPE: [&str; 7] = [
    "/_acme/stripe/accountID",
    "/_acme/stripe/apiVersion",
    "/_acme/stripe/eventID",
    "/_acme/stripe/eventType",
    "/_acme/stripe/requestID",
    "/_acme/stripe/sourceVersion",
    "/extSourceSystemAudit/lastUpdatedDate",
];

fn sample(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/data/samples/{name}.json", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn golden(name: &str) -> Value {
    let path = format!("{}/tests/data/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Every leaf by its JSON pointer; numbers as exact decimals without trailing zeros.
fn leaves(value: &Value) -> BTreeMap<String, String> {
    fn walk(value: &Value, at: String, into: &mut BTreeMap<String, String>) {
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(key, value)| walk(value, format!("{at}/{key}"), into))
            }
            Value::Array(items) => {
                items
                    .iter()
                    .enumerate()
                    .for_each(|(index, value)| walk(value, format!("{at}/{index}"), into));
            }
            Value::Number(number) => {
                let text = number.to_string();
                let plain =
                    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
                into.insert(at, plain.to_owned());
            }
            other => {
                into.insert(at, other.to_string());
            }
        }
    }
    let mut into = BTreeMap::new();
    walk(value, String::new(), &mut into);
    into
}

fn records(object: &str) -> Vec<(u16, Value)> {
    let mut transformer =
        Transformer::open_json(br#"{"tenant":"acme","account":"acct_1M2JTkLkdIwHu7ix"}"#).unwrap();
    let mut output = Output::default();
    transformer.transform(&Call::default(), object.as_bytes(), &mut output).unwrap();
    assert_eq!(output.warnings, []);
    assert_eq!(output.unmapped, Vec::<String>::new());
    output
        .records
        .iter()
        .map(|record| (record.dataset, serde_json::from_slice(&output.bytes[record.span.clone()]).unwrap()))
        .collect()
}

#[track_caller]
fn check(name: &str, object: &str, dataset: u16, whole: bool) {
    let made = records(object);
    let (_, record) = made.iter().find(|(found, _)| *found == dataset).unwrap();
    let mut made = leaves(record);
    made.retain(|pointer, _| !ENVELOPE.contains(&pointer.as_str()));
    let wanted = leaves(&golden(name));
    if !whole {
        // The hand-made record shows the head only: everything that it shows must be there.
        made.retain(|pointer, _| wanted.contains_key(pointer));
    }
    assert_eq!(made, wanted);
}

#[test]
fn charge() {
    check("charge", &sample("charge"), 0, true);
}

#[test]
fn refund() {
    check("refund", &sample("refund"), 1, true);
}

#[test]
fn balance_transaction() {
    check("balance_transaction", &sample("balance_transaction"), 2, true);
}

#[test]
fn subscription() {
    check("subscription", &sample("subscription"), 3, true);
}

#[test]
fn subscription_event() {
    let event = format!(
        r#"{{"id":"evt_1","object":"event","type":"customer.subscription.created","created":1679609767,
        "data":{{"object":{}}}}}"#,
        sample("subscription")
    );
    check("subscription_event", &event, 4, false);
}

#[test]
fn customer() {
    check("customer", &sample("customer"), 5, true);
}

#[test]
fn price() {
    check("price", &sample("price"), 6, true);
}

#[test]
fn product() {
    check("product", &sample("product"), 7, true);
}

#[test]
fn coupon() {
    check("coupon", &sample("coupon"), 8, true);
}

#[test]
fn invoice() {
    // Whoever has these links reads the invoice: the privacy policy leaves them out.
    let invoice = sample("invoice");
    assert!(invoice.contains("hosted_invoice_url") && invoice.contains("invoice_pdf"));
    check("invoice", &invoice, 9, true);
}

#[test]
fn invoice_event() {
    check("invoice_event", &sample("invoice"), 10, true);
}

#[test]
fn payment_intent() {
    check("payment_intent", &sample("payment_intent"), 11, true);
}

#[test]
fn dispute() {
    check("dispute", &sample("dispute"), 12, true);
}

#[test]
fn payout() {
    check("payout", &sample("payout"), 13, true);
}

#[test]
fn a_subscription_brings_its_price_along() {
    let made = records(&sample("subscription"));
    let datasets: Vec<u16> = made.iter().map(|(dataset, _)| *dataset).collect();
    assert_eq!(datasets, [3, 6]);
    assert_eq!(made[1].1["productSKU"], "price_1MowQULkdIwHu7ixraBm864M");
}
