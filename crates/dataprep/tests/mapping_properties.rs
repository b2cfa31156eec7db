//! What holds for any mapping set and any record.

use dataprep::{
    CompileOptions, DropRule, MappingSet, Plan, Run, Sample, Schema, diff, explain, preview, validate,
};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

/// Paths over few names, so that mappings meet, with every kind of step.
fn path() -> impl Strategy<Value = String> {
    let step = prop_oneof![
        6 => "[a-c]",
        2 => "[a-c]\\[\\*\\]",
        2 => "[a-c]\\[[0-2]\\]",
        1 => "[a-c]\\{\\*\\}",
        1 => "[a-c]\\[\\*\\]\\[\\*\\]",
    ];
    prop::collection::vec(step, 1..4).prop_map(|steps| steps.join("."))
}

fn source() -> impl Strategy<Value = (&'static str, String)> {
    prop_oneof![
        6 => path().prop_map(|path| ("ATTRIBUTE", path)),
        1 => "[xyn]{0,2}".prop_map(|text| ("STATIC", text)),
        2 => path().prop_map(|path| ("EXPRESSION", format!("iif(a == 1, nullify(), {path})"))),
        1 => path().prop_map(|path| ("EXPRESSION", format!("{{\"a\" : {path}, \"d\" : [1, null, \"\"]}}"))),
        1 => (path(), path()).prop_map(|(a, b)| ("EXPRESSION", format!("coalesce({a}, {b})"))),
    ]
}

fn set() -> impl Strategy<Value = MappingSet> {
    let mapping = (source(), path()).prop_map(|((kind, source), destination)| {
        json!({"sourceType": kind, "source": source, "destination": destination})
    });
    let rest = ("[a-c]", path()).prop_map(|(source, destination)| {
        json!({"sourceType": "ATTRIBUTE", "source": source + "{**}", "destination": destination + "{**}"})
    });
    let mapping = prop_oneof![9 => mapping, 1 => rest];
    (prop::collection::vec(mapping, 0..8), any::<Option<bool>>()).prop_map(|(mappings, nulls)| {
        let text = json!({"mappings": mappings, "allowNullValues": nulls}).to_string();
        MappingSet::from_json(&text).unwrap()
    })
}

fn record() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        (0..3i64).prop_map(Json::from),
        prop_oneof!["", "yes", "12", "\\PC{0,4}"].prop_map(Json::from),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            3 => prop::collection::btree_map("[a-d]", inner, 0..4)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

const SCHEMA: &str = r##"{"type":"object","definitions":{"deep":{"type":"object","properties":{
      "a":{"type":"string"},"b":{"type":"array","items":{"type":"object","properties":{
         "a":{"type":"integer","meta:xdmType":"int"},"b":{"type":"boolean"},"c":{"type":"number"}}}},
      "c":{"type":"object","additionalProperties":{"type":"array","items":{"type":"string"}}}}}},
    "properties":{"a":{"$ref":"#/definitions/deep"},
      "b":{"type":"array","items":{"$ref":"#/definitions/deep"}},
      "c":{"type":"object","additionalProperties":{"type":"integer"}}}}"##;

/// The plan of a set less the mappings that are wrong.
fn usable(mut set: MappingSet, options: CompileOptions<'_>) -> Plan {
    loop {
        match Plan::compile(&set, options) {
            Ok(plan) => return plan,
            Err(error) => {
                let wrong = error.problems.last().unwrap().mapping;
                set.mappings.remove(wrong);
            }
        }
    }
}

fn convert(set: &MappingSet, options: CompileOptions<'_>, record: &str) -> Json {
    let plan = usable(set.clone(), options);
    let mut out = Vec::new();
    let written = plan.run(&mut Run::default(), record, &[], &(), &mut out).unwrap();
    assert_eq!(written, !out.is_empty());
    if written { serde_json::from_slice(&out).unwrap() } else { json!({}) }
}

/// Whether nothing in it is empty; nulls only where they may be.
fn is_full(value: &Json, nulls: bool) -> bool {
    match value {
        Json::Null => nulls,
        Json::String(text) => !text.is_empty(),
        Json::Array(items) => !items.is_empty() && items.iter().all(|item| is_full(item, nulls)),
        Json::Object(members) => !members.is_empty() && members.values().all(|member| is_full(member, nulls)),
        _ => true,
    }
}

fn has_type(value: &Json, schema: &Json, root: &Json) -> bool {
    if let Some(target) = schema.get("$ref").and_then(Json::as_str) {
        return has_type(value, root.pointer(target.trim_start_matches('#')).unwrap(), root);
    }
    match (schema["type"].as_str().unwrap(), value) {
        (_, Json::Null) => true,
        ("string", value) => value.is_string(),
        ("boolean", value) => value.is_boolean(),
        ("number", value) => value.is_number(),
        ("integer", value) => value.is_i64(),
        ("array", Json::Array(items)) => items.iter().all(|item| has_type(item, &schema["items"], root)),
        ("object", Json::Object(members)) => members.iter().all(|(name, member)| {
            match (schema["properties"].get(name), schema.get("additionalProperties")) {
                (Some(field), _) | (None, Some(field)) => has_type(member, field, root),
                (None, None) => false,
            }
        }),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_set_gives_json_with_nothing_empty(set in set(), record in record()) {
        let nulls = set.allow_null_values == Some(true)
            || set.mappings.iter().any(|mapping| mapping.source.contains("nullify"));
        let json = convert(&set, CompileOptions::default(), &record.to_string());
        prop_assert!(json == json!({}) || is_full(&json, nulls), "{json}");
    }

    #[test]
    fn what_a_schema_types_has_its_type(set in set(), record in record()) {
        let schema = Schema::from_json(SCHEMA).unwrap();
        let options = CompileOptions { schema: Some(&schema), ..CompileOptions::default() };
        let json = convert(&set, options, &record.to_string());
        let root = serde_json::from_str(SCHEMA).unwrap();
        prop_assert!(has_type(&json, &root, &root), "{json}");
    }

    #[test]
    fn answers_come_for_anything(set in set(), record in record(), drop in path(), other in set()) {
        let schema = Schema::from_json(SCHEMA).unwrap();
        let text = record.to_string();
        let samples = [Sample::new(&text)];
        for schema in [None, Some(&schema)] {
            let options = CompileOptions { schema, ..CompileOptions::default() };
            let validation = validate(&set, options, &samples);
            let plan = Plan::compile(&set, options);
            prop_assert_eq!(validation.is_success(), plan.is_ok());
            prop_assert_eq!(validation.validation_response.len(), set.mappings.len());
            let rules = [DropRule { path: &drop, reason: "because" }];
            prop_assert_eq!(explain(&set, options, &rules, Some(&samples[0])).is_ok(), plan.is_ok());
            if let Ok(plan) = plan {
                prop_assert_eq!(preview(&plan, &mut Run::default(), &samples).len(), 1);
            }
        }
        prop_assert!(diff(&set, &set).is_empty());
        let written = serde_json::to_string(&set).unwrap();
        prop_assert_eq!(&MappingSet::from_json(&written).unwrap(), &set);
        let mut layered = set.clone();
        layered.layer(&other, std::slice::from_ref(&drop));
        prop_assert!(diff(&layered, &other).changed.is_empty());
    }
}
