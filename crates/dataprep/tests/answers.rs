//! The answers about a mapping set: validation, preview, explanation.

use dataprep::{
    CompileOptions, DropRule, Fate, MappingSet, Plan, Run, Sample, Schema, explain, is_valid_expression,
    preview, validate,
};
use serde_json::{Value as Json, json};

fn set(mappings: Json) -> MappingSet {
    MappingSet::from_json(&json!({ "mappings": mappings }).to_string()).unwrap()
}

fn attribute(source: &str, destination: &str) -> Json {
    json!({"sourceType":"ATTRIBUTE","source":source,"destination":destination})
}

fn expression(source: &str, destination: &str) -> Json {
    json!({"sourceType":"EXPRESSION","source":source,"destination":destination})
}

const SCHEMA: &str = r#"{"type":"object","required":["_id","type"],"properties":{"_id":{"type":"string"},
    "type":{"type":"string"},"status":{"type":"string","enum":["paid","open"]},
    "share":{"type":"number","minimum":0,"maximum":1},
    "addr":{"type":"object","properties":{"city":{"type":"string"}}},
    "lines":{"type":"array","items":{"type":"object","properties":{"n":{"type":"integer","maximum":9}}}}}}"#;

#[test]
fn every_mapping_has_its_entry_and_every_problem_is_told() {
    let schema = Schema::from_json(SCHEMA).unwrap();
    let options = CompileOptions { schema: Some(&schema), ..CompileOptions::default() };
    let set = set(json!([
        attribute("id", "_id"),
        expression("upper(", "type"),
        expression("uper(a)", "statu"),
        expression(&"a".repeat(4097), "share"),
        {"sourceType":"STATIC","source":"x","destination":"share"},
    ]));
    let answer = serde_json::to_value(validate(&set, options, &[])).unwrap();
    let entries = answer["validationResponse"].as_array().unwrap();
    assert_eq!(entries.len(), 5);
    assert_eq!(entries[0], json!({"status":"SUCCESS","errors":null}));
    let exceptions = |index: usize| -> Vec<String> {
        let errors = entries[index]["errors"].as_array().unwrap();
        errors.iter().map(|error| error["exception"].as_str().unwrap().to_owned()).collect()
    };
    assert!(
        exceptions(1)[0].contains("at 1:7") && exceptions(1)[0].ends_with("upper(\n      ^"),
        "{:?}",
        exceptions(1)
    );
    let two = exceptions(2);
    assert!(two.iter().any(|e| e == "the schema has no field statu; did you mean status?"), "{two:?}");
    assert!(two.iter().any(|e| e.contains("did you mean upper?")), "{two:?}");
    assert!(exceptions(3)[0].contains("4097 characters"));
    assert!(exceptions(4)[0].contains("the destination is a number"));
    assert_eq!(entries[4]["errors"][0]["sourceType"], "STATIC");
    assert_eq!(
        entries[3]["warnings"][0].as_str().unwrap().split(';').next(),
        Some("mapping 5 has the same destination and wins")
    );
    assert_eq!(answer.get("problems"), None);
}

#[test]
fn samples_show_what_compiling_cannot() {
    let schema = Schema::from_json(SCHEMA).unwrap();
    let options = CompileOptions { schema: Some(&schema), ..CompileOptions::default() };
    let set = set(json!([
        attribute("id", "_id"),
        attribute("staus", "status"),
        attribute("status", "status"),
        attribute("share", "share"),
        attribute("lines[*].n", "lines[*].n"),
        attribute("address", "addr"),
    ]));
    let samples = [
        Sample::new(
            r#"{"id":1,"status":"unpaid","share":1.25,"lines":[{"n":1},{"n":10}],"address":{"city":"b","zip":1}}"#,
        ),
        Sample::new(r#"{"id":2,"status":"paid","share":"x"}"#),
    ];
    let validation = validate(&set, options, &samples);
    assert!(validation.is_success());
    let warnings = |index: usize| validation.validation_response[index].warnings.clone();
    assert!(warnings(0).is_empty());
    assert!(
        warnings(1).iter().any(|w| w == "no sample has staus; did you mean status?"),
        "{:?}",
        warnings(1)
    );
    assert_eq!(warnings(2), [r#"sample 1: status: the value is not one of "paid", "open""#]);
    assert_eq!(
        warnings(3),
        [
            "sample 1: share: the value is greater than 1",
            "sample 2: the destination is a number, but the value is a string"
        ]
    );
    assert_eq!(warnings(4), ["sample 1: lines[1].n: the value is greater than 9"]);
    assert_eq!(warnings(5), ["sample 1: the schema has no field for zip"]);
    assert_eq!(validation.warnings.len(), 2, "{:?}", validation.warnings);
    assert!(validation.warnings[0].contains("type: the schema requires this field"));

    let bad = validate(&set, options, &[Sample::new("{")]);
    assert!(!bad.is_success() && bad.problems[0].starts_with("sample 1 is not JSON"));
}

#[test]
fn patterns_of_a_schema_are_searched_for() {
    let schema = r#"{"type":"object","properties":{"a":{"type":"string","pattern":"^x[0-9]+$"},
        "b":{"type":"string","pattern":"("}}}"#;
    let schema = Schema::from_json(schema).unwrap();
    let options = CompileOptions { schema: Some(&schema), ..CompileOptions::default() };
    let set = set(json!([attribute("a", "a"), attribute("b", "b")]));
    let samples = [Sample::new(r#"{"a":"x12","b":"y"}"#), Sample::new(r#"{"a":"x","b":"y"}"#)];
    let validation = validate(&set, options, &samples);
    let warnings = |index: usize| validation.validation_response[index].warnings.clone();
    assert_eq!(warnings(0), ["sample 2: a: the value does not match the schema's pattern"]);
    assert!(
        warnings(1)[0].starts_with("sample 1: b: the schema's pattern cannot be checked"),
        "{:?}",
        warnings(1)
    );
}

#[test]
fn a_preview_has_adobes_shape_and_every_digit() {
    let set = set(json!([
        attribute("id", "_id"),
        attribute("amount", "amount"),
        {"sourceType":"EXPRESSION","source":"name == null ? null : -name","destination":"n"},
    ]));
    let plan = Plan::compile(&set, CompileOptions::default()).unwrap();
    let records = [
        Sample::new(r#"{"id":9007199254740993,"amount":10.50,"name":[]}"#),
        Sample::new("{}"),
        Sample::new("["),
    ];
    let answer = preview(&plan, &mut Run::default(), &records);
    assert_eq!(answer[0].data.get(), r#"{"_id":9007199254740993,"amount":10.50}"#);
    let errors = answer[0].errors.as_ref().unwrap();
    assert_eq!((errors.len(), &*errors[0].destination), (1, "n"));
    assert_eq!(serde_json::to_string(&answer[1]).unwrap(), r#"{"data":{},"errors":null}"#);
    assert!(answer[2].errors.as_ref().unwrap()[0].exception.starts_with("the record cannot be converted"));
}

#[test]
fn every_output_and_every_input_is_explained() {
    let schema = Schema::from_json(SCHEMA).unwrap();
    let options = CompileOptions { schema: Some(&schema), ..CompileOptions::default() };
    let set = set(json!([
        attribute("id", "_id"),
        expression("iif(_env.live, upper(status), null)", "status"),
        attribute("address", "addr"),
        attribute("lines[*].n", "lines[*].n"),
        {"sourceType":"STATIC","source":"t","destination":"type"},
        attribute("other", "type"),
    ]));
    let options = CompileOptions { context: &["_env.live"], ..options };
    let sample = Sample {
        context: &[dataprep::Value::Bool(true)],
        ..Sample::new(
            r#"{"id":"1","status":"open","address":{"city":"c","zip":"z"},"lines":[{"n":1,"m":null},{"n":2,"m":3}],
                "e":"","object":"x","more":true}"#,
        )
    };
    let rules = [DropRule { path: "object", reason: "always the same" }];
    let told = explain(&set, options, &rules, Some(&sample)).unwrap();
    let json = serde_json::to_value(&told).unwrap();
    assert_eq!(
        json["outputs"][1],
        json!({"destination":"status","type":"string","sourceType":"EXPRESSION",
            "source":"iif(_env.live, upper(status), null)","reads":["_env.live","status"],"present":true})
    );
    assert_eq!(json["outputs"][2]["type"], "object");
    assert_eq!(json["outputs"][4]["replacedBy"], 6);
    assert_eq!(json["outputs"][5]["present"], false);
    let fates: Vec<_> = told.sources.iter().map(|leaf| (&*leaf.path, leaf.fate)).collect();
    assert_eq!(
        fates,
        [
            ("id", Fate::Mapped),
            ("status", Fate::Mapped),
            ("address.city", Fate::Covered),
            ("address.zip", Fate::NotInSchema),
            ("lines[*].n", Fate::Mapped),
            ("lines[*].m", Fate::Unmapped),
            ("e", Fate::Empty),
            ("object", Fate::Dropped),
            ("more", Fate::Unmapped),
        ]
    );
    assert_eq!(told.sources[2].destinations, ["addr"]);
    assert_eq!(json["sources"][7]["reason"], "always the same");
    assert_eq!(json["sources"][3]["fate"], "notInSchema");
}

#[test]
fn expression_validation() {
    let rows: Json = serde_json::from_str(include_str!("documented/expression_validation.json")).unwrap();
    for row in rows.as_array().unwrap() {
        let answer = is_valid_expression(row["expression"].as_str().unwrap(), CompileOptions::default());
        assert_eq!(serde_json::to_value(answer).unwrap(), row["expected"]);
    }
    let answer = is_valid_expression("concat(\"a\",\n  uper(b))", CompileOptions::default());
    assert_eq!(answer.validation_status, "failed");
    assert!(answer.error.contains("did you mean upper?"));
}
