//! Records against the schemas of their models: the default models make valid records, and what a user's
//! mapping does wrong is said in the terms of that mapping.

use serde_json::{Value, json};
use stripe_xdm_core::{Call, Invalid, Output, RESOURCES, Transformer};
use xdm::check::RULES;

fn open(settings: Value) -> Result<Transformer, String> {
    let mut all = json!({"tenant": "acme", "account": "acct_1", "observed_at": 1_800_000_000});
    for (key, value) in settings.as_object().unwrap() {
        all[key] = value.clone();
    }
    Transformer::open_json(all.to_string().as_bytes()).map_err(|error| error.to_string())
}

/// A charge's records under a user's mappings.
fn made(settings: Value, object: &Value) -> Output {
    let mut output = Output::default();
    open(settings).unwrap().transform(&Call::default(), object.to_string().as_bytes(), &mut output).unwrap();
    output
}

fn sample(resource: &str) -> Value {
    let path = format!("{}/tests/data/samples/{resource}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The default models with mappings of the user's for charges.
fn with(mappings: Value) -> Value {
    json!({"models": [{"resource": "charge", "mappingSet": {"mappings": mappings}}]})
}

fn told(invalid: &[Invalid]) -> Vec<(u32, &str, &str, &str, &str)> {
    invalid
        .iter()
        .map(|found| {
            let violation = &found.violation;
            let place = (found.destination.as_str(), found.source.as_str());
            (found.record, violation.pointer.as_str(), violation.rule.as_str(), place.0, place.1)
        })
        .collect()
}

#[test]
fn the_samples_give_valid_records() {
    for model in ["standard", "relational"] {
        for resource in RESOURCES {
            let output = made(json!({"model": model}), &sample(resource));
            assert!(output.records.iter().all(|record| record.valid), "{resource}: {:?}", output.invalid);
            assert_eq!(output.invalid, [], "{model} {resource}");
        }
    }
}

#[test]
fn a_users_mistake_is_told_with_its_mapping() {
    let settings = with(json!([
        {"sourceType": "EXPRESSION", "source": "currency", "destination": "commerce.order.currencyCode"},
        {"sourceType": "STATIC", "source": "sk_live_4eC39HqLyjWDarjtT1zdp7dc", "destination": "_acme.stripe.note", "type": "string"},
        {"sourceType": "EXPRESSION", "source": "created", "destination": "_acme.stripe.charge.created"},
    ]));
    let output = made(settings, &sample("charge"));
    assert!(!output.records[0].valid);
    assert_eq!(
        told(&output.invalid),
        [
            (0, "/commerce/order/currencyCode", "pattern", "commerce.order.currencyCode", "currency"),
            (0, "/_acme/stripe/note", "secret", "_acme.stripe.note", "…"),
        ]
    );
    let shown = format!("{:?}", output.invalid[0]);
    assert!(shown.contains("upper(") && !shown.contains("usd"), "{shown}");
}

#[test]
fn the_mapping_is_found_through_arrays_and_maps() {
    let card = "4242 4242 4242 4242";
    let object = json!({"id": "ch_1", "object": "charge", "created": 1_700_000_000, "currency": "usd", "status": "succeeded",
        "captured": true, "amount": 100, "metadata": {"a~b/c": card}, "description": card});
    let output = made(json!({}), &object);
    assert_eq!(
        told(&output.invalid),
        [
            (0, "/_acme/stripe/metadata/a~0b~1c", "card_number", "_acme.stripe.metadata", "metadata"),
            (
                0,
                "/_acme/stripe/charge/description",
                "card_number",
                "_acme.stripe.charge.description",
                "description"
            ),
        ]
    );
    let settings = with(json!([
        {"sourceType": "ATTRIBUTE", "source": "refunds.data[*].reason", "destination": "commerce.order.refunds[*].refundReason"},
    ]));
    let object = json!({"id": "ch_1", "object": "charge", "created": 1_700_000_000,
        "refunds": {"data": [{"id": "re_1", "reason": "return"}, {"id": "re_2", "reason": "duplicate"}]}});
    let place = ("commerce.order.refunds[*].refundReason", "refunds.data[*].reason");
    assert_eq!(
        told(&made(settings, &object).invalid),
        [(0, "/commerce/order/refunds/1/refundReason", "enum", place.0, place.1)]
    );
}

#[test]
fn embedded_records_are_checked_and_tombstones_are_not() {
    let customer = json!({"id": "cus_1", "object": "customer", "created": 1_700_000_000,
        "description": "sk_live_4eC39HqLyjWDarjtT1zdp7dc"});
    let mut charge = sample("charge");
    charge["customer"] = customer.clone();
    let output = made(json!({}), &charge);
    assert_eq!(output.records.iter().map(|record| record.valid).collect::<Vec<_>>(), [true, false]);
    assert_eq!(told(&output.invalid)[0].0, 1);
    let mut deleted = customer;
    deleted["deleted"] = true.into();
    let output = made(json!({}), &deleted);
    assert!(output.records[0].valid);
    assert_eq!(output.invalid, []);
}

#[test]
fn levels_are_settings() {
    let mut charge = sample("charge");
    charge["description"] = "4242 4242 4242 4242".into();
    let warned = made(json!({"check": {"rules": {"card_number": "warn"}}}), &charge);
    assert!(warned.records[0].valid);
    let warning = &warned.warnings[0];
    assert_eq!(
        (warning.code.as_str(), warning.path.as_str(), warning.source.as_str()),
        ("card_number", "/_acme/stripe/charge/description", "description")
    );
    assert!(!warning.message.contains("4242"), "{warning:?}");
    for settings in
        [json!({"check": {"rules": {"card_number": "off"}}}), json!({"check": {"enabled": false}})]
    {
        let output = made(settings, &charge);
        assert!(output.records[0].valid);
        assert_eq!((output.invalid.len(), output.warnings.len()), (0, 0));
    }
    let error = open(json!({"check": {"rules": {"card_numbers": "off"}}})).unwrap_err();
    assert_eq!(
        error,
        r#"check.rules: there is no rule "card_numbers" for records; did you mean card_number?"#
    );
    for (name, _, _) in RULES {
        assert!(open(json!({"check": {"rules": {name: "warn"}}})).is_ok(), "{name}");
    }
}

#[test]
fn the_time_of_the_call_is_what_no_event_may_pass() {
    let settings = with(json!([
        {"sourceType": "STATIC", "source": "2030-01-01T00:00:00Z", "destination": "timestamp", "type": "date-time"},
    ]));
    let output = made(settings.clone(), &sample("charge"));
    assert_eq!(told(&output.invalid), [(0, "/timestamp", "timestamp", "timestamp", "2030-01-01T00:00:00Z")]);
    let call: Call = serde_json::from_value(json!({"now": "2030-01-01T00:00:00Z"})).unwrap();
    let mut output = Output::default();
    open(settings).unwrap().transform(&call, sample("charge").to_string().as_bytes(), &mut output).unwrap();
    assert_eq!(output.invalid, []);
}
