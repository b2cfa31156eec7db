//! The relational kind of the models: rows of keys and versions, derived from the standard models without
//! losing anything that those read.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use stripe_xdm_core::schema::{self, Composed};
use stripe_xdm_core::{Call, Invalid, ObjectError, Output, RecordKind, Settings, Transformer, describe};
use xdm::{Field, Object, Schema, Shape};

const RESOURCES: [&str; 6] = ["charge", "refund", "balance_transaction", "subscription", "customer", "price"];

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
