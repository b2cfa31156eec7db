//! The relational kind of the models: rows of keys and versions, derived from the standard models without
//! losing anything that those read.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use stripe_xdm_core::schema::{self, Composed};
use stripe_xdm_core::{
    Call, Invalid, ObjectError, Output, RESOURCES, RecordKind, Settings, Transformer, describe,
};
use xdm::{Field, Object, Schema, Shape};

/// When the samples are read.
const OBSERVED: i64 = 1_700_000_000;

fn sample(name: &str) -> Value {
    let path = format!("{}/tests/data/samples/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn settings() -> Value {
    json!({"tenant": "acme", "account": "acct_1", "observed_at": OBSERVED, "model": "relational"})
}

/// The settings with more.
fn with(more: &Value) -> Value {
    let mut settings = settings();
    for (name, value) in more.as_object().unwrap() {
        settings[name] = value.clone();
    }
    settings
}

/// A charge model of the user's with these mappings.
fn charge_with(mappings: &Value) -> Value {
    with(&json!({"models": [{"resource": "charge", "mappingSet": {"mappings": mappings}}]}))
}

struct Made {
    output: Output,
    rows: Vec<Value>,
}

impl Made {
    fn dataset(&self, record: usize) -> String {
        let description: Value = serde_json::from_str(&describe()).unwrap();
        let index = usize::from(self.output.records[record].dataset);
        description["datasets"][index]["name"].as_str().unwrap().to_owned()
    }
}

fn try_transform(settings: &Value, object: &Value) -> Result<Made, ObjectError> {
    let mut transformer = Transformer::open(serde_json::from_value(settings.clone()).unwrap()).unwrap();
    let mut output = Output::default();
    transformer.transform(&Call::default(), object.to_string().as_bytes(), &mut output)?;
    let row = |span: std::ops::Range<usize>| serde_json::from_slice(&output.bytes[span]).unwrap();
    let rows = output.records.iter().map(|record| row(record.span.clone())).collect();
    Ok(Made { rows, output })
}

#[track_caller]
fn transform(settings: &Value, object: &Value) -> Made {
    let made = try_transform(settings, object).unwrap();
    assert_eq!(made.output.invalid, Vec::<Invalid>::new());
    assert!(made.output.records.iter().all(|record| record.valid));
    made
}

fn try_compose(settings: &Value) -> Result<Composed, stripe_xdm_core::OpenError> {
    schema::compose(&serde_json::from_value::<Settings>(settings.clone()).unwrap())
}

#[track_caller]
fn compose(settings: &Value) -> Composed {
    try_compose(settings).unwrap()
}

fn fields(schema: &Schema) -> &Object {
    match &schema.fields.as_ref().unwrap().shape {
        Shape::Object(object) => object,
        other => panic!("{other:?}"),
    }
}

/// The field of a dotted path; items and values have no name.
fn at<'o>(object: &'o Object, path: &str) -> &'o Field {
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    let mut field = object.get(name).unwrap_or_else(|| panic!("no {name}"));
    if rest.is_empty() {
        return field;
    }
    loop {
        field = match &field.shape {
            Shape::Array(inner) | Shape::Map(inner) => inner,
            Shape::Object(object) => return at(object, rest),
            other => panic!("{name}: {other:?}"),
        };
    }
}

#[test]
fn the_samples_become_the_expected_rows() {
    for name in RESOURCES {
        let made = transform(&settings(), &sample(name));
        assert_eq!(made.output.warnings, [], "{name}");
        assert_eq!(made.output.unmapped, Vec::<String>::new(), "{name}");
        let path = format!("{}/tests/data/golden/relational/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::str::from_utf8(&made.output.bytes[made.output.records[0].span.clone()]).unwrap();
        assert_eq!(text, std::fs::read_to_string(&path).unwrap().trim_end(), "{name}");
    }
}

#[test]
fn a_row_is_the_state_whatever_the_event_tells() {
    let mut charge = sample("charge");
    charge["level3"] = json!({"line_items": [{"product_code": "p", "product_description": "Pen", "quantity": 2,
        "unit_cost": 150, "discount_amount": 0, "tax_amount": 20}], "shipping_amount": 50, "merchant_reference": "m"});
    let event = |kind: &str| {
        json!({"id": "evt_1", "object": "event", "type": kind, "created": 1_700_000_123, "account": "acct_2",
            "data": {"object": charge}})
    };
    let fact = transform(&settings(), &event("charge.succeeded"));
    let update = transform(&settings(), &event("charge.updated"));
    let off = transform(&with(&json!({"purchase_measure": false})), &event("charge.succeeded"));
    for made in [&fact, &update, &off] {
        assert_eq!(made.rows.len(), 1);
        let row = &made.rows[0];
        assert_eq!(row["lastModified"], 1_700_000_123_001_i64);
        assert_eq!(row["amountCaptured"].to_string(), "10.99");
        assert_eq!(row["level3"]["lineItems"][0]["SKU"], "p");
        assert_eq!(row["level3"]["lineItems"][0]["quantity"], 2);
        assert_eq!(row["level3"]["lineItems"][0]["unitCostMinor"], 150);
        assert_eq!(row["level3"]["shippingAmount"].to_string(), "0.5");
        assert_eq!(row["level3"]["taxAmount"].to_string(), "0.2");
        assert_eq!(row["accountID"], "acct_2");
    }
    assert_eq!(update.rows[0]["eventType"], "charge.updated");
    // A charge that failed has captured nothing, and still names what was to be bought.
    charge["status"] = json!("failed");
    let failed = transform(&settings(), &charge);
    assert_eq!(failed.rows[0].get("amountCaptured"), None);
    assert_eq!(failed.rows[0]["level3"]["lineItems"][0]["quantity"], 2);
}

#[test]
fn records_begin_with_the_key_that_the_description_names() {
    let description: Value = serde_json::from_str(&describe()).unwrap();
    let datasets = description["datasets"].as_array().unwrap();
    assert_eq!(datasets.len(), 26);
    let names: BTreeSet<&str> = datasets.iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 26, "both kinds never share a dataset");
    for name in RESOURCES {
        let made = transform(&settings(), &sample(name));
        for (index, record) in made.output.records.iter().enumerate() {
            let of = &datasets[usize::from(record.dataset)];
            assert_eq!(of["model"], "relational");
            let start = format!("{{\"{}\":\"", of["key"].as_str().unwrap());
            let text = std::str::from_utf8(&made.output.bytes[record.span.clone()]).unwrap();
            assert!(text.starts_with(&start), "{text}");
            assert_eq!(made.dataset(index), of["name"].as_str().unwrap());
        }
        assert_eq!(made.dataset(0), format!("stripe_relational_{name}s"));
    }
    assert!(datasets[..14].iter().all(|one| one["model"] == "standard" && one.get("key").is_none()));
}

#[test]
fn a_row_without_a_time_says_what_to_set() {
    let without = with(&json!({"observed_at": null}));
    for object in [sample("charge"), json!({"id": "cus_1", "object": "customer", "deleted": true})] {
        let error = try_transform(&without, &object).err().unwrap();
        assert_eq!(error.code, "missing_time");
        assert!(error.message.contains("observed_at") && error.message.contains("Event"), "{error}");
    }
    let beyond = with(&json!({"observed_at": i64::MAX}));
    assert_eq!(try_transform(&beyond, &sample("charge")).err().unwrap().code, "missing_time");
}

#[test]
fn deletions_are_rows() {
    let stub = json!({"id": "cus_1", "object": "customer", "deleted": true});
    let event = json!({"id": "evt_1", "object": "event", "type": "price.deleted", "created": 1_700_000_123,
        "data": {"object": sample("price")}});
    let stub = transform(&settings(), &stub);
    assert_eq!(
        stub.rows,
        [json!({"customerID": "cus_1", "lastModified": 1_700_000_000_999_i64, "_change_request_type": "d"})]
    );
    let event = transform(&settings(), &event);
    assert_eq!(
        event.rows,
        [json!({"priceID": "price_1MoBy5LkdIwHu7ixZhnattbh", "lastModified": 1_700_000_123_999_i64,
            "_change_request_type": "d"})]
    );
    for made in [stub, event] {
        assert_eq!(made.output.records[0].kind, RecordKind::Tombstone);
    }
    // The canceled subscription is a state, not a deletion.
    let canceled = json!({"id": "evt_2", "object": "event", "type": "customer.subscription.deleted",
        "created": 1_700_000_123, "data": {"object": sample("subscription")}});
    let made = transform(&settings(), &canceled);
    assert_eq!(made.rows.len(), 2, "its price comes along");
    assert_eq!(made.rows[0]["_change_request_type"], "u");
    assert_eq!(made.output.records[1].kind, RecordKind::Embedded);
    assert_eq!(made.dataset(1), "stripe_relational_prices");
}

#[test]
fn schemas_have_keys_and_links_and_no_class() {
    let composed = compose(&settings());
    assert_eq!(composed.problems, []);
    let library = composed.library;
    assert!(library.definitions.is_empty() && library.namespaces.is_empty());
    let titles: Vec<&str> = library.schemas.iter().map(|schema| schema.title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "Stripe Charges (relational)",
            "Stripe Refunds (relational)",
            "Stripe Balance Transactions (relational)",
            "Stripe Subscriptions (relational)",
            "Stripe Customers (relational)",
            "Stripe Prices (relational)",
            "Stripe Products (relational)",
            "Stripe Coupons (relational)",
            "Stripe Invoices (relational)",
            "Stripe Payment Intents (relational)",
            "Stripe Disputes (relational)",
            "Stripe Payouts (relational)"
        ]
    );
    for schema in &library.schemas {
        assert_eq!((schema.class.as_ref(), schema.field_groups.len()), (None, 0));
        assert!(!schema.profile && schema.identities.is_empty() && schema.map_namespaces.is_empty());
        let keys = schema.keys.as_ref().unwrap();
        let [key] = keys.primary.as_slice() else { panic!("{keys:?}") };
        let name = key.strip_prefix('/').unwrap();
        assert_eq!(keys.version, "/lastModified");
        assert_eq!(fields(schema).required, [name, "lastModified"]);
        assert!(matches!(&at(fields(schema), name).shape, Shape::String(text) if text.min_length == Some(1)));
        assert_eq!(at(fields(schema), "lastModified").shape, Shape::long());
        for (root, field) in &fields(schema).fields {
            assert!(!root.starts_with('_'), "{root}: the change column is not registered");
            assert!(!field.title.is_empty() && field.shape != Shape::Any, "{root}");
        }
        // What is not registered is part of the rows all the same.
        let flat = library.flat(schema).unwrap();
        let change = flat.get("_change_request_type").unwrap();
        assert!(matches!(&change.shape, Shape::String(text) if text.allowed == ["u", "d"]));
        for link in &schema.relationships {
            let other = library.schema(&link.schema).unwrap();
            assert_eq!(other.keys.as_ref().unwrap().primary, std::slice::from_ref(&link.field));
            assert!(matches!(link.cardinality.as_deref(), Some("M:1" | "1:1")) && link.namespace.is_none());
            at(fields(schema), link.path.trim_start_matches('/'));
        }
    }
    let links: Vec<(&str, &str)> = library
        .schemas
        .iter()
        .flat_map(|schema| schema.relationships.iter().map(|link| (link.path.as_str(), link.schema.as_str())))
        .collect();
    for expected in [
        ("/customerID", "stripe_relational_customers"),
        ("/chargeID", "stripe_relational_charges"),
        ("/refundID", "stripe_relational_refunds"),
        ("/balanceTransactionID", "stripe_relational_balance_transactions"),
        ("/productID", "stripe_relational_products"),
        ("/subscriptionID", "stripe_relational_subscriptions"),
    ] {
        assert!(links.contains(&expected), "{links:?}");
    }
    assert_eq!(links.len(), 16);
}

#[test]
fn constraints_labels_and_words_come_along() {
    let library = compose(&settings()).library;
    let charge = fields(library.schema("stripe_relational_charges").unwrap());
    let country = at(charge, "billingAddress.countryCode");
    assert!(matches!(&country.shape, Shape::String(text) if text.pattern.as_deref() == Some("^[A-Z]{2}$")));
    assert_eq!(country.labels, ["I2", "S2"]);
    assert_eq!(at(charge, "shippingAddress.street1").labels, ["I1"]);
    assert_eq!(at(charge, "metadata").labels, ["I2"]);
    assert!(matches!(at(charge, "metadata").shape, Shape::Map(_)));
    let amount = at(charge, "amountMinor");
    assert_eq!((amount.title.as_str(), &amount.shape), ("Amount minor", &Shape::long()));
    assert_eq!(amount.description, "Stripe charge: amount, in minor units of its currency");
    assert_eq!(amount.sources, ["amount"]);
    let customer = fields(library.schema("stripe_relational_customers").unwrap());
    let email = at(customer, "personalEmail.address");
    assert!(matches!(&email.shape, Shape::String(text) if text.format.as_deref() == Some("email")));
    let price = fields(library.schema("stripe_relational_prices").unwrap());
    let currency = at(price, "productListPrice.currencyCode");
    assert!(matches!(&currency.shape, Shape::String(text) if text.pattern.as_deref() == Some("^[A-Z]{3}$")));
}

/// How many sources the fields below have in all.
fn sources(field: &Field) -> usize {
    let below: usize = match &field.shape {
        Shape::Object(object) => object.fields.iter().map(|(_, field)| sources(field)).sum(),
        Shape::Array(inner) | Shape::Map(inner) => sources(inner),
        _ => 0,
    };
    field.sources.len() + below
}

#[test]
fn every_mapping_of_a_row_has_its_field() {
    let description: Value = serde_json::from_str(&describe()).unwrap();
    let library = compose(&settings()).library;
    for dataset in &description["datasets"].as_array().unwrap()[14..] {
        let schema = library.schema(dataset["name"].as_str().unwrap()).unwrap();
        // The change column has none.
        let mappings = dataset["mappings"].as_u64().unwrap() as usize - 1;
        assert_eq!(sources(schema.fields.as_ref().unwrap()), mappings, "{}", schema.name);
    }
}

#[test]
fn a_user_changes_both_kinds_with_one_model() {
    let settings = charge_with(&json!([
        {"sourceType": "ATTRIBUTE", "source": "gift_note", "destination": "_acme.stripe.charge.giftNote",
            "type": "string", "labels": ["I1"], "description": "What the giver wrote"},
        {"sourceType": "ATTRIBUTE", "source": "gift_note", "destination": "_acme.shop.note", "type": "string"},
        {"sourceType": "ATTRIBUTE", "source": "gift_count", "destination": "gifts", "type": "long"}
    ]));
    let composed = compose(&settings);
    assert_eq!(composed.problems, []);
    let charge = fields(composed.library.schema("stripe_relational_charges").unwrap());
    let note = at(charge, "giftNote");
    assert_eq!(
        (note.labels.as_slice(), note.description.as_str()),
        (&["I1".to_owned()][..], "What the giver wrote")
    );
    // Only rows can have a field that neither Adobe's definitions nor the tenant's own namespace has.
    assert_eq!(at(charge, "gifts").shape, Shape::long());
    let mut object = sample("charge");
    object["gift_note"] = json!("for you");
    object["gift_count"] = json!(3);
    let row = &transform(&settings, &object).rows[0];
    assert_eq!(
        (&row["giftNote"], &row["shop"]["note"], &row["gifts"]),
        (&json!("for you"), &json!("for you"), &json!(3))
    );
}

#[test]
fn names_that_would_meet_are_kept_apart() {
    let settings = charge_with(&json!([
        {"sourceType": "ATTRIBUTE", "source": "status", "destination": "_acme.amount", "type": "string"},
        {"sourceType": "ATTRIBUTE", "source": "status", "destination": "_acme.stripe.outcome", "type": "string"},
        {"sourceType": "ATTRIBUTE", "source": "status", "destination": "_acme.stripe.lastModified", "type": "string"},
        {"sourceType": "ATTRIBUTE", "source": "status", "destination": "_repo.status", "type": "string"},
        {"sourceType": "ATTRIBUTE", "source": "status", "destination": "description.text", "type": "string"}
    ]));
    let row = &transform(&settings, &sample("charge")).rows[0];
    assert_eq!(row["amount"].to_string(), "10.99");
    assert_eq!(row["acme"]["amount"], "succeeded");
    // A key goes before the resource's own field of that name.
    assert_eq!(row["outcome"], "succeeded");
    assert_eq!(row["charge"]["outcome"]["riskLevel"], "normal");
    assert_eq!(row["stripe"]["lastModified"], "succeeded");
    assert_eq!(row["lastModified"], OBSERVED * 1000);
    assert_eq!(row["repo"]["status"], "succeeded");
    assert_eq!(row["description"]["text"], "succeeded");
    assert_eq!(compose(&settings).problems, []);
    let twice = charge_with(&json!([
        {"sourceType": "ATTRIBUTE", "source": "status", "destination": "_acme.amount", "type": "string"},
        {"sourceType": "ATTRIBUTE", "source": "status", "destination": "_acme.stripe.acme", "type": "string"}
    ]));
    let error = try_compose(&twice).err().unwrap().to_string();
    assert!(error.contains("acme.amount") && error.contains("another name"), "{error}");
}

#[test]
fn what_is_wrong_with_a_mapping_is_said_in_the_users_terms() {
    let settings = charge_with(&json!([
        {"sourceType": "ATTRIBUTE", "source": "status", "destination": "_acme.stripe.charge.fine", "type": "string"},
        {"sourceType": "EXPRESSION", "source": "uper(status)", "destination": "_acme.stripe.charge.bad"}
    ]));
    let open = Transformer::open(serde_json::from_value(settings).unwrap());
    let error = open.err().unwrap().to_string();
    assert!(
        error.contains("stripe_charge_events: mapping 2 (uper(status) -> _acme.stripe.charge.bad)"),
        "{error}"
    );
    let replaced =
        with(&json!({"models": [{"resource": "charge", "replace": true, "mappingSet": {"mappings": [
        {"sourceType": "ATTRIBUTE", "source": "status", "destination": "_acme.stripe.charge.status"}]}}]}));
    let error = Transformer::open(serde_json::from_value(replaced).unwrap()).err().unwrap().to_string();
    assert!(error.contains("_acme.stripe.chargeID") && error.contains("map id"), "{error}");
    let untyped = charge_with(&json!([
        {"sourceType": "ATTRIBUTE", "source": "status", "destination": "_acme.stripe.charge.mood"}]));
    let problems = compose(&untyped).problems;
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].destination, "mood");
}

#[test]
fn rows_are_checked() {
    let settings = charge_with(&json!([
        {"sourceType": "ATTRIBUTE", "source": "currency", "destination": "commerce.billing.address.countryCode", "type": "string"}]));
    let made = try_transform(&settings, &sample("charge")).unwrap();
    assert!(!made.output.records[0].valid);
    let [invalid] = made.output.invalid.as_slice() else { panic!("{:?}", made.output.invalid) };
    assert_eq!(
        (invalid.violation.pointer.as_str(), invalid.violation.rule.as_str()),
        ("/billingAddress/countryCode", "pattern")
    );
    assert_eq!(invalid.destination, "billingAddress.countryCode");
}

#[test]
fn a_hashed_key_is_hashed_in_every_row() {
    let settings = with(&json!({"privacy": {"salt": "0123456789abcdef0123", "rules": [
        {"path": "_{TENANT_ID}.stripe.customerID", "action": "hash"}]}}));
    let customer = transform(&settings, &sample("customer"));
    let id = customer.rows[0]["customerID"].as_str().unwrap();
    assert_eq!(id.len(), 64, "{id}");
    let gone = json!({"id": sample("customer")["id"], "object": "customer", "deleted": true});
    assert_eq!(transform(&settings, &gone).rows[0]["customerID"], id);
    let mut charge = sample("charge");
    charge["customer"] = sample("customer")["id"].clone();
    assert_eq!(transform(&settings, &charge).rows[0]["customerID"], id);
}
