//! What users change in the default models: by destination, or as a whole; in our form and in Adobe's.

use serde_json::{Value, json};
use stripe_xdm_core::{Call, Output, Transformer};

fn open(models: &Value) -> Result<Transformer, Vec<String>> {
    let settings =
        json!({"tenant": "acme", "account": "acct_1", "observed_at": 1_800_000_000, "models": models});
    Transformer::open_json(settings.to_string().as_bytes()).map_err(|error| error.problems)
}

#[track_caller]
fn record(models: &Value, object: &Value) -> Value {
    let mut output = Output::default();
    let mut transformer = open(models).unwrap();
    transformer.transform(&Call::default(), object.to_string().as_bytes(), &mut output).unwrap();
    serde_json::from_slice(&output.bytes[output.records[0].span.clone()]).unwrap()
}

fn charge() -> Value {
    json!({"id": "ch_1", "object": "charge", "amount": 1099, "currency": "usd", "status": "succeeded",
        "captured": true, "created": 1_700_000_000, "description": "Tea"})
}

#[test]
fn mappings_are_added_changed_and_dropped_by_destination() {
    let model = json!([{"resource": "charge", "drop": ["commerce.order", "_{TENANT_ID}.stripe.charge.status"],
        "mappingSet": {"mappings": [
            {"sourceType": "EXPRESSION", "source": "upper(description)", "destination": "_acme.shop.what"},
            {"sourceType": "STATIC", "source": "sold", "destination": "eventType"}]}}]);
    let (before, after) = (record(&json!([]), &charge()), record(&model, &charge()));
    assert!(
        before["commerce"]["order"].is_object() && before["_acme"]["stripe"]["charge"]["status"].is_string()
    );
    assert!(
        after["commerce"].get("order").is_none()
            && after["_acme"]["stripe"]["charge"].get("status").is_none()
    );
    assert_eq!(after["_acme"]["shop"]["what"], "TEA");
    assert_eq!(after["eventType"], "sold");
    assert_eq!(after["_id"], before["_id"]);
    // What replaces a mapping stays in its place.
    let place = |record: &Value| record.as_object().unwrap().keys().position(|key| key == "eventType");
    assert_eq!(place(&before), place(&after));
}

#[test]
fn adobes_sets_layer_over_a_model_and_keep_its_types() {
    let set = json!({"version": 0, "xdmSchema": "s", "mappings": [
        {"sourceAttribute": "data.amount", "destinationXdmPath": "_acme.stripe.charge.description"},
        {"sourceAttribute": "data.id", "destinationXdmPath": "_acme.copy.id"}]});
    for (set, object) in
        [(&set, charge()), (&set, json!({"data": charge()})), (&json!({"data": [set]}), charge())]
    {
        let made = record(&json!([{"resource": "charge", "variant": "event", "mappingSet": set}]), &object);
        assert_eq!(made["_acme"]["stripe"]["charge"]["description"], "1099", "text, as the model has it");
        assert_eq!(made["_acme"]["copy"]["id"], "ch_1");
        assert_eq!(made["_acme"]["stripe"]["chargeID"], "ch_1");
    }
    let alone = json!([{"resource": "charge", "replace": true, "mappingSet": set}]);
    assert_eq!(
        record(&alone, &charge()),
        json!({"_acme": {"stripe": {"charge": {"description": 1099}}, "copy": {"id": "ch_1"}}})
    );
}

#[test]
fn every_problem_is_told_before_anything_runs() {
    let problems = open(&json!([
        {"resource": "transfer", "mappingSet": {"mappings": []}},
        {"resource": "subscription"},
        {"resource": "price", "variant": "event"},
        {"resource": "charge", "drop": ["comerce.order.currencyCode"]}]))
    .unwrap_err();
    for (problem, part) in problems.iter().zip([
        "resources are charge",
        "subscription.event or subscription.record",
        "price has no event model",
        "did you mean commerce.order.currencyCode?",
    ]) {
        assert!(problem.contains(part), "{problem}");
    }
    assert_eq!(problems.len(), 4);
    let broken = json!([{"resource": "charge", "drop": ["comerce.order.currencyCode"], "mappingSet": {"mappings": [
        {"sourceType": "EXPRESSION", "source": "uper(id)", "destination": "a"},
        {"sourceType": "EXPRESSION", "source": "1 +", "destination": "b"}]}}]);
    let problems = open(&broken).unwrap_err();
    assert_eq!(problems.len(), 3, "what cannot be dropped hides nothing else");
    // Counted in the user's own set, not in the model that it changes.
    assert!(problems[1].contains("mapping 1 (uper(id) -> a)"), "{problems:?}");
    assert!(problems[2].contains("mapping 2 (1 + -> b)"), "{problems:?}");
    let dropped = json!([{"resource": "charge", "dropped": [{"source": "a..b", "reason": "none"}]}]);
    assert!(open(&dropped).unwrap_err()[0].contains(": dropped: a..b: expected a field name"));
    let no_set = open(&json!([{"resource": "charge", "mappingSet": {"x": 1}}])).unwrap_err();
    assert!(no_set[0].contains("found no mapping set"), "{no_set:?}");
}

#[test]
fn time_and_chance_come_from_the_call_and_the_settings() {
    let models = json!([{"resource": "charge", "mappingSet": {"mappings": [
        {"sourceType": "EXPRESSION", "source": "format(now(), \"yyyy-MM-dd'T'HH:mm:ss\")", "destination": "_acme.now"},
        {"sourceType": "EXPRESSION", "source": "uuid()", "destination": "_acme.uuid"}]}}]);
    let made = |settings: Value, call: &str| {
        let mut all = json!({"tenant": "acme", "account": "acct_1", "models": models});
        settings.as_object().unwrap().iter().for_each(|(key, value)| all[key] = value.clone());
        let mut transformer = Transformer::open_json(all.to_string().as_bytes()).unwrap();
        let (call, mut output) = (serde_json::from_str(call).unwrap(), Output::default());
        transformer.transform(&call, charge().to_string().as_bytes(), &mut output).unwrap();
        let record: Value = serde_json::from_slice(&output.bytes[output.records[0].span.clone()]).unwrap();
        (record["_acme"]["now"].clone(), record["_acme"]["uuid"].clone())
    };
    let (now, uuid) = made(json!({}), r#"{"now":"2026-01-31T12:00:00Z","observed_at":1700000000}"#);
    assert_eq!(now, "2026-01-31T12:00:00");
    let (observed, same) = made(json!({}), r#"{"observed_at":1700000000}"#);
    assert_eq!((observed, &same), (json!("2023-11-14T22:13:20"), &uuid));
    let (unknown, other) = made(json!({"seed": 7}), "{}");
    assert!(unknown.is_null() && other.is_string() && other != uuid);
}
