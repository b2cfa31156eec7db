//! Questions of the mapping language: each command's answer, and what is refused.

use serde_json::{Value, json};
use stripe_xdm_core::language::{LanguageError, answer};

const CHARGE: &str = include_str!("data/samples/charge.json");

fn ask(request: &Value) -> Value {
    let answer = answer(&request.to_string()).unwrap_or_else(|error| panic!("{request}: {error:?}"));
    serde_json::from_str(&answer).unwrap()
}

fn refused(request: &Value) -> LanguageError {
    answer(&request.to_string()).expect_err(&request.to_string())
}

fn eval(expression: &str) -> Value {
    ask(&json!({"command": "eval", "expression": expression, "now": "2026-01-31T12:00:00Z"}))["result"]
        .clone()
}

#[test]
fn expressions_know_adobes_functions_and_ours() {
    assert_eq!(eval("concat(upper('a'), stripe_text(1))"), "A1");
    assert_eq!(eval(r#"format(now(), "yyyy-MM-dd")"#), "2026-01-31");
    assert_eq!(eval("uuid()"), eval("uuid()"), "the same seed and input give the same");
    // Every digit of the input survives.
    let request = r#"{"command":"eval","expression":"{\"n\": n}","input":{"n":12345678901234567890123}}"#;
    assert_eq!(answer(request).unwrap(), r#"{"result":{"n":12345678901234567890123},"notes":[]}"#);
}

#[test]
fn what_fails_says_where() {
    let error = refused(&json!({"command": "eval", "expression": "1 +\n  uper(a)"}));
    let place = error.place.unwrap();
    assert_eq!((error.code, place.line, place.column), ("invalid_expression", 2, 3));
    assert!(error.message.contains("did you mean upper?") && place.caret.starts_with("  uper(a)\n  ^"));
    // The first problem has its place, the others are told with theirs.
    let error = refused(&json!({"command": "eval", "expression": "concat(uper(a), substr(b, 1))"}));
    assert!(error.place.as_ref().is_some_and(|place| place.column == 8), "{error:?}");
    assert!(error.message.contains("\nalso at 1:17: substr takes 3 arguments"), "{error:?}");
    let error = refused(&json!({"command": "eval", "expression": ""}));
    assert!(error.place.is_none() && !error.message.contains("also"), "{error:?}");
    let error = refused(&json!({"command": "eval", "expression": "now()"}));
    assert!(error.place.is_some() && error.code != "invalid_expression", "{error:?}");
    // A value of the input is never told.
    let error =
        refused(&json!({"command": "eval", "expression": "stripe_sum(a)", "input": {"a": ["secret"]}}));
    assert!(!format!("{error:?}").contains("secret"));
}

#[test]
fn requests_that_are_none_are_refused() {
    for (request, part) in [
        (json!([]), "the request"),
        (json!({}), "`command` is one of"),
        (json!({"command": "evaluate"}), "`command` is one of eval"),
        (json!({"command": "eval"}), "lacks `expression`"),
        (json!({"command": "eval", "expression": 7}), "`expression` must be a text"),
        (json!({"command": "eval", "expression": "1", "nwo": "x"}), "takes no `nwo`"),
        (json!({"command": "eval", "expression": "1", "now": "today"}), "`now` must be a time"),
        (json!({"command": "eval", "expression": "1", "settings": {"tenant": "_x"}}), "leading underscore"),
        (json!({"command": "preview", "samples": []}), "either `set`"),
        (json!({"command": "preview", "resource": "transfer"}), "transfer"),
        (json!({"command": "preview", "resource": "charge", "samples": {}}), "`samples` must be an array"),
        (json!({"command": "explain", "resource": "charge", "samples": [{}, {}]}), "one sample at most"),
        (json!({"command": "validate", "set": {"x": 1}}), "no mapping set"),
        (json!({"command": "functions", "name": "uper"}), "did you mean upper?"),
        (json!({"command": "diff", "a": {"resource": "charge"}}), "lacks `b`"),
    ] {
        let error = refused(&request);
        assert!(error.message.contains(part), "{request}: {}", error.message);
    }
}

#[test]
fn sets_are_validated_in_adobes_shape() {
    let set = json!({"mappings": [
        {"sourceType": "EXPRESSION", "source": "uper(data.id)", "destination": "a"},
        {"sourceType": "ATTRIBUTE", "source": "data.amount", "destination": "b"},
        {"sourceType": "ATTRIBUTE", "source": "data.amuont", "destination": "c"}]});
    let charge: Value = serde_json::from_str(CHARGE).unwrap();
    let said = ask(&json!({"command": "validate", "set": set, "samples": [charge, {"data": charge}]}));
    let responses = said["validationResponse"].as_array().unwrap();
    assert_eq!(responses[0]["status"], "FAILED");
    assert!(responses[0]["errors"][0]["exception"].as_str().unwrap().contains("did you mean upper?"));
    assert_eq!(responses[1], json!({"status": "SUCCESS", "errors": null}));
    assert!(responses[2]["warnings"][0].as_str().unwrap().contains("did you mean data.amount?"));
    let said = ask(&json!({"command": "validate", "resource": "subscription.event"}));
    assert!(said["validationResponse"].as_array().unwrap().iter().all(|one| one["status"] == "SUCCESS"));
}

#[test]
fn samples_may_be_bare_wrapped_or_events() {
    let set = json!({"mappings": [
        {"sourceAttribute": "data.id", "destinationXdmPath": "_acme.id"},
        {"sourceAttribute": "data.amount", "destinationXdmPath": "_acme.amount"}]});
    let charge = json!({"id": "ch_1", "object": "charge", "amount": 5});
    let event =
        json!({"id": "evt_1", "object": "event", "type": "charge.succeeded", "data": {"object": charge}});
    let said = ask(&json!({"command": "preview", "set": set, "samples": [charge, {"data": charge}, event]}));
    let wanted = json!({"data": {"_acme": {"id": "ch_1", "amount": 5}}, "errors": null});
    assert_eq!(said, json!([wanted, wanted, wanted]));
    // Another source's records are taken as they are.
    let set =
        json!({"mappings": [{"source": "data.x", "destination": "x"}, {"source": "y", "destination": "y"}]});
    let said =
        ask(&json!({"command": "preview", "set": set, "samples": [{"data": {"id": "i", "x": 1}, "y": 2}]}));
    assert_eq!(said[0]["data"], json!({"x": 1, "y": 2}));
}

#[test]
fn a_resource_previews_as_it_transforms() {
    let settings = json!({"tenant": "acme", "account": "acct_1"});
    let charge: Value = serde_json::from_str(CHARGE).unwrap();
    let said =
        ask(&json!({"command": "preview", "resource": "charge", "settings": settings, "samples": [charge]}));
    let mut transformer = stripe_xdm_core::Transformer::open_json(settings.to_string().as_bytes()).unwrap();
    let mut output = stripe_xdm_core::Output::default();
    transformer.transform(&Default::default(), CHARGE.as_bytes(), &mut output).unwrap();
    let record: Value = serde_json::from_slice(&output.bytes[output.records[0].span.clone()]).unwrap();
    assert_eq!(said[0]["data"], record);
}

#[test]
fn explanations_follow_every_field() {
    let mut charge: Value = serde_json::from_str(CHARGE).unwrap();
    charge["fee"] = json!(30);
    let said = ask(&json!({"command": "explain", "resource": "charge", "samples": [charge]}));
    let outputs = said["outputs"].as_array().unwrap();
    assert!(outputs.iter().any(|output| output["destination"] == "_id" && output["present"] == true));
    let sources = said["sources"].as_array().unwrap();
    assert!(sources.iter().all(|source| source["fate"] != "unmapped"), "{sources:?}");
    assert!(sources.iter().any(|source| source["fate"] == "dropped" && source["reason"].is_string()));
}

#[test]
fn functions_and_operators_are_listed() {
    let all = ask(&json!({"command": "functions"}));
    let has = |name: &str| all.as_array().unwrap().iter().any(|entry| entry["function"] == name);
    assert!(has("concat") && has("iif") && has("stripe_major"));
    let one = ask(&json!({"command": "functions", "name": "STRIPE_ID"}));
    assert_eq!(one.as_array().unwrap().len(), 1);
    let operators = ask(&json!({"command": "operators"}));
    assert!(operators.as_array().unwrap().iter().any(|operator| operator["operatorSymbol"] == "=~"));
}

#[test]
fn the_examples_of_our_functions_give_their_results() {
    let all = ask(&json!({"command": "functions"}));
    let ours = all.as_array().unwrap().iter().filter(|entry| entry["category"] == "stripe");
    let mut seen = 0;
    for entry in ours {
        let wanted: Value = serde_json::from_str(entry["result"].as_str().unwrap()).unwrap();
        let request = json!({"command": "eval", "expression": entry["example"],
            "settings": {"tenant": "acme", "privacy": {"salt": "0123456789abcdef"}}});
        assert_eq!(ask(&request)["result"], wanted, "{entry}");
        seen += 1;
    }
    assert!(seen > 10);
}

#[test]
fn sets_go_out_come_back_and_are_compared() {
    let settings = json!({"tenant": "acme", "account": "acct_1"});
    let exported = ask(&json!({"command": "export", "resource": "price", "settings": settings}));
    let set = &exported["mappingSet"];
    assert_eq!(set["mappings"][0]["source"], r#"sha256(concat("stripe.acct_1.price.", data.id))"#);
    let imported = ask(&json!({"command": "import", "set": set}));
    assert_eq!((&imported["sourcesPrefix"], &imported["problems"]), (&json!("data"), &json!([])));
    assert_eq!(&imported["set"], set);
    let same = ask(&json!({"command": "diff", "a": {"set": set}, "b": {"set": imported["set"]}}));
    assert_eq!(same["changed"], json!([]));
    let other =
        ask(&json!({"command": "diff", "a": {"resource": "price"}, "b": {"set": set}, "settings": settings}));
    assert!(
        !other["changed"].as_array().unwrap().is_empty() && !other["removed"].as_array().unwrap().is_empty()
    );
}

#[test]
fn mappings_that_cannot_be_read_are_told_with_all_other_problems() {
    let set = json!({"mappings": [
        {"sourceType": "ATTRIBUTE", "source": "data.id", "destination": "_id"},
        {"sourceType": "ATTRIBUT", "source": "data.id", "destination": "a"},
        {"sourceType": "EXPRESSION", "source": "uper(data.id)", "destination": "b"},
        {"sourceType": "EXPRESSION", "source": 5, "destination": "c"},
        {"sourceType": "ATTRIBUTE", "source": "data.id"},
        "nonsense",
        {"sourceType": "ATTRIBUTE", "source": "data.id", "destination": "d", "type": "strng"},
    ]});
    let answer = ask(&json!({"command": "validate", "set": set, "samples": [{"id": "ch_1"}]}));
    let entries = answer["validationResponse"].as_array().unwrap();
    assert_eq!(entries[0], json!({"status": "SUCCESS", "errors": null}));
    let told = |index: usize, part: &str| {
        let exception = entries[index]["errors"][0]["exception"].as_str().unwrap();
        assert!(entries[index]["status"] == "FAILED" && exception.contains(part), "{exception}");
        assert!(!exception.contains(" at line "), "{exception}");
    };
    told(
        1,
        "`sourceType` must be ATTRIBUTE, EXPRESSION or STATIC, but is \"ATTRIBUT\"; did you mean ATTRIBUTE?",
    );
    told(2, "did you mean upper?");
    told(3, "expected a string");
    told(4, "neither `destination` nor");
    told(5, "must be an object");
    told(6, "unknown variant `strng`");
    assert_eq!(entries[1]["errors"][0]["destination"], "a");

    let error = refused(&json!({"command": "preview", "set": set, "samples": []}));
    assert_eq!(error.code, "invalid_mapping_set");
    for part in
        ["mapping 2: `sourceType`", "; mapping 4: ", "; mapping 5: ", "; mapping 6: ", "; mapping 7: "]
    {
        assert!(error.message.contains(part), "{part}: {}", error.message);
    }
}

#[test]
fn a_model_is_not_tried_on_objects_of_another() {
    let refund = json!({"id": "re_1", "object": "refund"});
    let error = refused(&json!({"command": "preview", "resource": "charge", "samples": [refund]}));
    assert_eq!(error.message, "sample 1 is a refund, but the set is the model of charge");
    ask(&json!({"command": "preview", "resource": "refund", "samples": [refund]}));
}

#[test]
fn results_are_one_line_and_inputs_are_records() {
    let request = "{\"command\":\"eval\",\"expression\":\"a\",\"input\":{\"a\": [\n {\"b c\": 1}\n]}}";
    assert_eq!(answer(request).unwrap(), r#"{"result":[{"b c":1}],"notes":[]}"#);
    for input in [json!([1]), json!("x"), json!(7)] {
        let error = refused(&json!({"command": "eval", "expression": "a", "input": input}));
        assert_eq!(error.code, "invalid_input");
        assert!(error.message.contains("must be a JSON object"), "{}", error.message);
    }
}
