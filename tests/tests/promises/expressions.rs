//! The forty expressions of the benchmark mean the same in Data Prep, in jq and in JavaScript.

use serde_json::Value;
use stripe_xdm_core::Call;
use stripe_xdm_tests::expressions::{Jaq, record, settings};
use stripe_xdm_tests::native::Native;
use stripe_xdm_tests::node;

#[test]
fn three_languages_make_the_same_record() {
    let record = record().unwrap();
    let mut native = Native::open(&settings().unwrap()).unwrap();
    let (outcome, output) = native.transform(&Call::default(), record.as_bytes());
    outcome.unwrap();
    assert!(output.warnings.is_empty(), "{:?}", output.warnings);
    let ours: Value = serde_json::from_slice(&output.bytes[output.records[0].span.clone()]).unwrap();
    assert_eq!(ours.as_object().map(serde_json::Map::len), Some(40));

    let jaq: Value = serde_json::from_str(&Jaq::compile().unwrap().convert(&record).unwrap()).unwrap();
    assert_eq!(jaq, ours);

    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("record.json"), &record).unwrap();
    let by_hand = node::run("expressions.mjs", dir.path()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&by_hand).unwrap(), ours);
}
