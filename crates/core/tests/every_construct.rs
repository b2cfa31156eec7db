//! A mapping set that uses everything the language has, over one record, with its output byte for byte.
//!
//! The output is made by the set and was read line by line before it was committed. To make it anew after a
//! change: `stripe-xdm mapping preview SET --sample RECORD --now 2021-10-26T10:10:24Z --seed 7`.

use dataprep::functions::Clock;
use dataprep::{CompileOptions, MappingSet, Plan, Run, SourceType, listing};
use stripe_xdm_core::import;

fn data(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/data/every-construct.{name}", env!("CARGO_MANIFEST_DIR")))
        .unwrap()
}

fn set() -> MappingSet {
    let imported = import::mapping_set(&data("mapping-set.json")).unwrap();
    assert_eq!((imported.problems, imported.sources_prefix), (Vec::new(), None));
    imported.set
}

fn output(set: &MappingSet) -> String {
    let plan = Plan::compile(set, CompileOptions::default()).unwrap();
    let (mut run, mut out) = (Run::default(), Vec::new());
    run.clock = Clock::new("2021-10-26T10:10:24Z".parse().ok(), 7);
    plan.run(&mut run, data("record.json").trim(), &[], &(), &mut out).unwrap();
    assert_eq!(run.warnings, [], "no mapping may fail");
    String::from_utf8(out).unwrap() + "\n"
}

#[test]
fn the_set_gives_the_committed_output() {
    assert_eq!(output(&set()), data("output.json"));
}

#[test]
fn the_set_survives_being_written_and_read_again() {
    let set = set();
    let written = serde_json::to_string(&set).unwrap();
    assert_eq!(output(&import::mapping_set(&written).unwrap().set), data("output.json"));
}

/// Whoever adds a function or an operator adds it here, too.
#[test]
fn the_set_uses_every_function_and_operator() {
    let set = set();
    let expressions: Vec<&str> = set
        .mappings
        .iter()
        .filter(|mapping| mapping.source_type == SourceType::Expression)
        .map(|mapping| mapping.source.as_str())
        .collect();
    let used = |part: &str| expressions.iter().any(|expression| expression.contains(part));
    for entry in listing::functions(Vec::new()) {
        let call = format!(
            "{}{}(",
            if entry.method { "." } else { "" },
            entry.function.trim_start_matches("String.")
        );
        assert!(used(&call), "no mapping calls {call}…)");
    }
    for operator in listing::operators() {
        assert!(used(&operator.example), "no mapping has {}", operator.example);
    }
}
