//! No leaf of a Stripe object is forgotten or taken for something else: the default models are held against two
//! tables of Stripe's leaves. And what holds for all models. Nothing here knows the engine: paths in expressions are
//! found with a small tokenizer.

mod leaves;
mod model;
mod paths;
mod table;

use model::{Model, destination};
use paths::segments;
use std::collections::{BTreeMap, BTreeSet};

/// Adobe's limit for a calculated field, in characters.
const MAX_EXPRESSION: usize = 4096;

/// All models by their names, in the order of the alphabet.
fn models() -> BTreeMap<&'static str, Model> {
    let names = [table::MODELS, leaves::MODELS].concat();
    names.into_iter().map(|name| (name, Model::read(name))).collect()
}

fn report(problems: &[String], what: &str) {
    assert!(problems.is_empty(), "{} {what}:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn no_model_is_left_out() {
    let mut files: Vec<String> = std::fs::read_dir(model::place("models"))
        .unwrap()
        .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    files.sort();
    assert!(models().into_keys().eq(files));
}

#[test]
fn no_destination_is_written_twice_or_inside_another() {
    let mut problems = Vec::new();
    for (name, model) in models() {
        let mut seen = BTreeSet::new();
        for mapping in model.mappings() {
            if !seen.insert(segments(&destination(&mapping.destination))) {
                problems.push(format!("{name}: {} is written twice", mapping.destination));
            }
        }
        for path in &seen {
            for length in 1..path.len() {
                if seen.contains(&path[..length]) {
                    problems.push(format!("{name}: {} lies inside a value of its own", path.join(".")));
                }
            }
        }
    }
    report(&problems, "destinations collide");
}

#[test]
fn a_path_has_one_type_in_all_models() {
    let mut types: BTreeMap<String, (&str, String)> = BTreeMap::new();
    let mut problems = Vec::new();
    for (name, model) in models() {
        for mapping in model.mappings() {
            let path = destination(&mapping.destination);
            let found = mapping.field_type();
            let (first, known) = types.entry(path).or_insert_with(|| (name, found.to_owned()));
            if known != found {
                problems.push(format!("{}: {known} in {first}, {found} in {name}", mapping.destination));
            }
        }
    }
    report(&problems, "paths have two types");
}

#[test]
fn expressions_fit_and_reasons_are_given() {
    for (name, model) in models() {
        for mapping in model.mappings() {
            let length = mapping.source.chars().count();
            assert!(
                (1..=MAX_EXPRESSION).contains(&length),
                "{name} {}: {length} characters",
                mapping.destination
            );
        }
        for rule in &model.dropped {
            assert!(!rule.reason.trim().is_empty(), "{name} drops {} without a reason", rule.source);
        }
    }
}

#[test]
fn an_event_starts_with_what_its_class_requires() {
    for (name, model) in models() {
        let heads: Vec<&str> = model.mappings().iter().take(4).map(|m| m.destination.as_str()).collect();
        match model.variant.as_str() {
            "event" => assert_eq!(heads, ["_id", "timestamp", "eventType", "producedBy"], "{name}"),
            _ => assert_eq!(heads[0], "_id", "{name}"),
        }
    }
}

#[test]
fn a_secret_is_never_read() {
    for (name, model) in models() {
        let mut read = model.mappings().iter().flat_map(|mapping| mapping.reads());
        let secret = read.find(|path| path.last().is_some_and(|last| last == "client_secret"));
        assert_eq!(secret, None, "{name}");
    }
}
