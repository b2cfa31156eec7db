//! Every example of Adobe's documentation, one file a category. Where the documentation is wrong by its
//! own words, the row has a `deviation`: what is asserted instead, and why.

use dataprep::functions::Clock;
use dataprep::{CompileOptions, Expression};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// The row of the documentation.
    #[allow(dead_code)]
    function: String,
    expression: String,
    /// As it is written: the order of keys can show in the result.
    input: Option<Box<RawValue>>,
    expected: Value,
    deviation: Option<Deviation>,
}

/// What is asserted instead of what the documentation says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Deviation {
    /// Why, in a sentence.
    reason: String,
    /// The expression as it must be written.
    expression: Option<String>,
    /// The right result.
    #[serde(default, deserialize_with = "some")]
    expected: Option<Value>,
    /// Part of the message, where it must fail.
    fails: Option<String>,
}

/// A value that may be null and is given all the same.
fn some<'de, D: serde::Deserializer<'de>>(given: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(given).map(Some)
}

/// The time that the examples run at.
const NOW: &str = "2021-10-26T10:10:24Z";

fn check(file: &str) {
    let rows: Vec<Row> = serde_json::from_str(file).unwrap();
    let mut wrong = Vec::new();
    for row in rows {
        let deviation = row.deviation.as_ref();
        assert!(deviation.is_none_or(|d| d.reason.len() > 20), "{}: no reason", row.expression);
        let expression = deviation.and_then(|d| d.expression.as_ref()).unwrap_or(&row.expression);
        let expected = deviation.and_then(|d| d.expected.as_ref()).unwrap_or(&row.expected);
        let input = row.input.as_ref().map_or("null", |input| input.get());
        let mut clock = Clock::new(Some(NOW.parse().unwrap()), 0);
        let got = Expression::compile(expression, CompileOptions::default())
            .map_err(|error| error.to_string())
            .and_then(|e| e.eval(input, &mut clock).map_err(|error| error.to_string()));
        match (got, deviation.and_then(|d| d.fails.as_ref())) {
            (Ok(got), None) if serde_json::from_str::<Value>(&got.json).unwrap() == *expected => {}
            (Err(message), Some(fails)) if message.contains(fails) => {}
            (got, _) => wrong.push(format!("{expression}\n  expected {expected}\n  got      {got:?}")),
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

macro_rules! categories {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            check(include_str!(concat!("documented/", stringify!($name), ".json")));
        }
    )*};
}

categories! {
    string regular_expression hashing url date_and_time hierarchies_objects hierarchies_map
    hierarchies_arrays logical_operators aggregation type_conversions json special_operations user_agent
    analytics destinations_examples
}
