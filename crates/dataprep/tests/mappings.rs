//! What mapping sets make of records: copies, arrays, nulls, schemas, and what is refused.

use dataprep::functions::{CallEnv, Clock, Failure, Function, Kind};
use dataprep::{CompileOptions, MappingSet, Plan, Run, Schema, Value};
use serde::Deserialize;
use serde_json::{Value as Json, json};

/// The mappings of `"source -> destination ; …"`. A source in backquotes is an expression, one in single
/// quotes a constant.
fn set(text: &str) -> MappingSet {
    let mappings: Vec<Json> = text
        .split(" ; ")
        .map(|mapping| {
            let (source, destination) = mapping.rsplit_once(" -> ").unwrap();
            let (kind, source) = match source.chars().next() {
                Some('`') => ("EXPRESSION", source.trim_matches('`')),
                Some('\'') => ("STATIC", source.trim_matches('\'')),
                _ => ("ATTRIBUTE", source),
            };
            json!({"sourceType": kind, "source": source, "destination": destination})
        })
        .collect();
    MappingSet::from_json(&json!({ "mappings": mappings }).to_string()).unwrap()
}

/// Until, and beside, Adobe's own row.
const NULLIFY: &[Function] =
    &[Function::new("nullify", "Hierarchies - Objects", (0, 0), false, nullify).kinds(&[], Kind::Any)];

fn nullify<'a>(_: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>, Failure> {
    Ok(Value::Null)
}

const OPTIONS: CompileOptions<'_> =
    CompileOptions { functions: NULLIFY, context: &[], dropped: &[], watched: &[], schema: None };

fn run_with(set: &MappingSet, options: CompileOptions<'_>, record: &Json) -> (Json, Vec<String>) {
    let plan = Plan::compile(set, options).unwrap();
    let mut run = Run::default();
    run.clock = Clock::new(Some("2020-09-25T22:17:31Z".parse().unwrap()), 0);
    let mut out = Vec::new();
    let written = plan.run(&mut run, &record.to_string(), &[], &(), &mut out).unwrap();
    assert_eq!(written, !out.is_empty());
    let warnings = run.warnings.iter().map(|warning| warning.message.clone()).collect();
    (if written { serde_json::from_slice(&out).unwrap() } else { json!({}) }, warnings)
}

fn gives(mappings: &str, record: Json, expected: Json) {
    let (got, warnings) = run_with(&set(mappings), OPTIONS, &record);
    assert_eq!(got, expected, "{mappings}");
    assert_eq!(warnings, Vec::<String>::new(), "{mappings}");
}

fn refused(mappings: &str, options: CompileOptions<'_>) -> Vec<String> {
    let error = Plan::compile(&set(mappings), options).unwrap_err();
    error.problems.into_iter().map(|problem| problem.message).collect()
}

fn is_refused(mappings: &str, part: &str) {
    let problems = refused(mappings, OPTIONS);
    assert!(problems.iter().any(|problem| problem.contains(part)), "{mappings}: {problems:?}");
}

#[derive(Deserialize)]
struct Row {
    expression: String,
    input: Json,
    expected: Json,
    deviation: Option<Deviation>,
}

#[derive(Deserialize)]
struct Deviation {
    reason: String,
    expression: Option<String>,
    expected: Option<Json>,
}

fn documented(file: &str, schema: Option<&Schema>) {
    for row in serde_json::from_str::<Vec<Row>>(file).unwrap() {
        let deviation = row.deviation.as_ref();
        assert!(deviation.is_none_or(|d| d.reason.len() > 20 && !d.reason.starts_with("TODO")));
        let expression = deviation.and_then(|d| d.expression.as_ref()).unwrap_or(&row.expression);
        let expected = deviation.and_then(|d| d.expected.as_ref()).unwrap_or(&row.expected);
        let mappings = match expression.starts_with('{') {
            true => MappingSet::from_json(&format!("{{\"mappings\":[{expression}]}}")).unwrap(),
            false => set(expression),
        };
        let (got, warnings) = run_with(&mappings, CompileOptions { schema, ..OPTIONS }, &row.input);
        assert_eq!(got, *expected, "{expression}");
        assert!(warnings.is_empty(), "{expression}: {warnings:?}");
    }
}

#[test]
fn mapping_set() {
    // The preview example turns a number into text because its schema says so.
    let schema = r#"{"type":"object","properties":{
        "_id":{"type":"string"},"name":{"type":"string"},"userType":{"type":"string"},"person":{"type":"object"},
        "piList":{"type":"array","items":{"type":"string"}},"pi":{}}}"#;
    documented(include_str!("documented/mapping_set.json"), Some(&Schema::from_json(schema).unwrap()));
}

#[test]
fn object_copy() {
    documented(include_str!("documented/object_copy.json"), None);
    let schema = r#"{"type":"object","properties":{"addr":{"type":"object","properties":{
        "addrLine1":{"type":"string"},"city":{"type":"string"},"state":{"type":"string"}}}}}"#;
    let schema = Schema::from_json(schema).unwrap();
    let set = set("address -> addr ; address.line1 -> addr.addrLine1");
    let options = CompileOptions { schema: Some(&schema), ..OPTIONS };
    let (got, warnings) =
        run_with(&set, options, &json!({"address":{"line1":"a","city":"b","zip":"c","state":""}}));
    assert_eq!(got, json!({"addr":{"addrLine1":"a","city":"b"}}));
    assert_eq!(warnings, ["the schema has no field for line1, zip"]);
}

#[test]
fn an_object_is_copied_less_what_is_moved_within_it() {
    let record = || json!({"a":{"b":{"c":1,"d":2},"e":3,"f":null}});
    gives("a -> x", record(), json!({"x":{"b":{"c":1,"d":2},"e":3}}));
    gives("a -> x ; a.b.c -> x.k", record(), json!({"x":{"k":1,"b":{"d":2},"e":3}}));
    gives("a -> x ; a.e -> y", record(), json!({"x":{"b":{"c":1,"d":2},"e":3},"y":3}));
    gives("a -> x ; `a.e + 1` -> x.e", record(), json!({"x":{"b":{"c":1,"d":2},"e":4}}));
    gives("a -> x ; `a.e + 1` -> x.g", record(), json!({"x":{"b":{"c":1,"d":2},"e":3,"g":4}}));
    // What yields nothing does not hide the copied member.
    gives("a -> x ; z -> x.e", record(), json!({"x":{"b":{"c":1,"d":2},"e":3}}));
    gives("`{\"p\":{\"q\":1}}` -> x ; a.e -> x.p.r", record(), json!({"x":{"p":{"q":1,"r":3}}}));
}

#[test]
fn arrays_iterate_on_both_sides() {
    let record = || json!({"a":[{"n":1,"b":[{"c":"x"},{"c":"y"}]},{"n":2,"b":[{"c":"z"}]},{"n":3}],"id":"i"});
    gives("a[*].n -> x[*].m", record(), json!({"x":[{"m":1},{"m":2},{"m":3}]}));
    gives(
        "a[*].b[*].c -> x[*].y[*].z ; a[*].n -> x[*].m",
        record(),
        json!({"x":[{"y":[{"z":"x"},{"z":"y"}],"m":1},{"y":[{"z":"z"}],"m":2},{"m":3}]}),
    );
    // More wildcards in the source: the inner ones are collected.
    gives("a[*].b[*].c -> x[*].y", record(), json!({"x":[{"y":["x","y"]},{"y":["z"]}]}));
    gives("a[*].b[*].c -> y", record(), json!({"y":["x","y","z"]}));
    // Fewer: a value from outside is repeated where another mapping makes the elements.
    gives(
        "a[*].n -> x[*].m ; id -> x[*].of ; 'k' -> x[*].kind",
        record(),
        json!({"x":[
        {"m":1,"of":"i","kind":"k"},{"m":2,"of":"i","kind":"k"},{"m":3,"of":"i","kind":"k"}]}),
    );
    gives(
        "a[*].b[*].c -> x[*].y[*].z ; a[*].n -> x[*].y[*].of",
        record(),
        json!({"x":[{"y":[{"z":"x","of":1},{"z":"y","of":1}]},{"y":[{"z":"z","of":2}]}]}),
    );
}

#[test]
fn an_attribute_is_spread_where_nothing_else_iterates() {
    gives("tags -> x[*].name", json!({"tags":["a","b"]}), json!({"x":[{"name":"a"},{"name":"b"}]}));
    gives(
        "a[*].t -> x[*].y[*].n",
        json!({"a":[{"t":["p","q"]}]}),
        json!({"x":[{"y":[{"n":"p"},{"n":"q"}]}]}),
    );
    gives("m -> x{*}.v", json!({"m":{"k":1,"l":2}}), json!({"x":{"k":{"v":1},"l":{"v":2}}}));
}

#[test]
fn a_whole_array_and_its_elements_go_together() {
    let record = || json!({"a":[{"n":1,"o":2},{"n":3,"o":4}],"z":9});
    gives("a -> x ; a[*].n -> x[*].m", record(), json!({"x":[{"m":1,"o":2},{"m":3,"o":4}]}));
    gives("a -> x ; z -> x[0].z", record(), json!({"x":[{"z":9,"n":1,"o":2},{"n":3,"o":4}]}));
}

#[test]
fn indexes_assign_and_leave_no_holes() {
    gives("a -> x[2] ; b -> x[0]", json!({"a":1,"b":2}), json!({"x":[2,1]}));
    gives("a -> x[2] ; b -> x[0]", json!({"a":1}), json!({"x":[1]}));
    gives("a[1] -> x", json!({"a":[1,2]}), json!({"x":2}));
    // Beside [*] an index adds to that element, or makes one more at the end.
    let record = |a: Json| json!({"a":a,"z":9});
    gives("a[*] -> x[*].n ; z -> x[1].z", record(json!([1, 2])), json!({"x":[{"n":1},{"n":2,"z":9}]}));
    gives("a[*] -> x[*].n ; z -> x[1].z", record(json!([1])), json!({"x":[{"n":1},{"z":9}]}));
    gives("a[*] -> x[*].n ; z -> x[1].z", record(json!([])), json!({"x":[{"z":9}]}));
}

#[test]
fn the_later_mapping_wins_in_the_place_of_the_first() {
    let plan = Plan::compile(&set("a -> x ; b -> y ; c -> x"), OPTIONS).unwrap();
    let mut out = Vec::new();
    plan.run(&mut Run::default(), r#"{"a":1,"b":2,"c":3}"#, &[], &(), &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), r#"{"x":3,"y":2}"#);
}

#[test]
fn nullify_writes_null_where_it_is_the_result() {
    let n = "n -> n ; ";
    let one = |source: &str| format!("{n}{source} -> x");
    gives(&one("`nullify()`"), json!({"n":1}), json!({"n":1,"x":null}));
    gives(&one("`iif(f == \"x\", nullify(), f)`"), json!({"n":1,"f":"x"}), json!({"n":1,"x":null}));
    gives(&one("`iif(f == \"x\", nullify(), f)`"), json!({"n":1,"f":"y"}), json!({"n":1,"x":"y"}));
    gives(&one("`iif(f == \"x\", nullify(), f)`"), json!({"n":1}), json!({"n":1}));
    gives(
        &one("`f == 1 ? (g == 2 ? nullify() : 3) : 4`"),
        json!({"n":1,"f":1,"g":2}),
        json!({"n":1,"x":null}),
    );
    gives(&one("`coalesce(f, nullify())`"), json!({"n":1}), json!({"n":1,"x":null}));
    gives(&one("`coalesce(f, nullify())`"), json!({"n":1,"f":2}), json!({"n":1,"x":2}));
    gives(&one("`f ?: nullify()`"), json!({"n":1}), json!({"n":1,"x":null}));
    gives(&one("`upper(nullify())`"), json!({"n":1}), json!({"n":1,"x":null}));
    gives("a[*] -> x[*].v ; `nullify()` -> x[*].w", json!({"a":[1]}), json!({"x":[{"v":1,"w":null}]}));
    gives("`nullify()` -> x ; b -> x.c", json!({"b":1}), json!({"x":{"c":1}}));
    gives("`nullify()` -> x ; b -> x.c", json!({}), json!({"x":null}));
}

#[test]
fn nulls_are_kept_only_when_the_set_allows_them() {
    let mut set = set("a -> a ; o -> o ; `upper(t)` -> t ; l[*].v -> l[*].v ; `a + o` -> f");
    let record = json!({"a":null,"o":{"p":null,"q":"","r":[null,1]},"l":[{"v":null},{}]});
    let (got, _) = run_with(&set, OPTIONS, &record);
    assert_eq!(got, json!({"o":{"r":[1]}}));
    set.allow_null_values = Some(true);
    set.mappings.pop();
    let (got, _) = run_with(&set, OPTIONS, &record);
    assert_eq!(got, json!({"a":null,"o":{"p":null,"r":[null,1]},"t":null,"l":[{"v":null}]}));
    // What is absent is not null, and neither is an array that nothing was collected for.
    let all = r#"{"allowNullValues":true,"mappings":[
        {"source":"l[*].w[*]","destination":"l[*].w"},{"source":"l[*].v","destination":"l[*].v"},
        {"source":"q[*].z","destination":"q"},{"sourceType":"EXPRESSION","source":"q[*].z","destination":"e"}]}"#;
    let record = json!({"l":[{"w":["a"],"v":null},{"v":1},{"w":[]}]});
    let (got, _) = run_with(&MappingSet::from_json(all).unwrap(), OPTIONS, &record);
    assert_eq!(got, json!({"l":[{"w":["a"],"v":null},{"v":1}],"e":null}));
    let (got, _) = run_with(&set, OPTIONS, &json!({}));
    assert_eq!(got, json!({"t":null}));
}

#[test]
fn a_failure_costs_one_attribute() {
    let (got, warnings) = run_with(&set("`-a` -> x ; b -> y"), OPTIONS, &json!({"a":[],"b":1}));
    assert_eq!(got, json!({"y":1}));
    assert_eq!(warnings.len(), 1);
}

const SCHEMA: &str = r#"{"type":"object","properties":{
    "t":{"type":"string"},"n":{"type":"number"},"i":{"type":"integer","meta:xdmType":"int"},
    "l":{"type":"integer","meta:xdmType":"long"},"b":{"type":"boolean"},
    "o":{"type":"object","properties":{"n":{"type":"number"},"p":{"type":"object","properties":{"b":{"type":"boolean"}}}}},
    "a":{"type":"array","items":{"type":"object","properties":{"n":{"type":"integer"},"t":{"type":"string"}}}},
    "m":{"type":"object","additionalProperties":{"type":"string"}},
    "e":{"type":"object","additionalProperties":{"type":"object","properties":{"x":{"type":"number"}}}}}}"#;

#[test]
fn values_become_what_the_schema_says() {
    let schema = Schema::from_json(SCHEMA).unwrap();
    let options = CompileOptions { schema: Some(&schema), ..OPTIONS };
    let check = |mappings: &str, record: Json, expected: Json, warned: &[&str]| {
        let (got, warnings) = run_with(&set(mappings), options, &record);
        assert_eq!(got, expected, "{mappings} of {record}");
        assert_eq!(warnings, warned, "{mappings} of {record}");
    };
    for (to, value, expected) in [
        ("t", json!(1234), json!("1234")),
        ("t", json!(true), json!("true")),
        ("n", json!("12.50"), json!(12.5)),
        ("n", json!(" 7 "), json!(7)),
        ("i", json!("1234"), json!(1234)),
        ("i", json!(2147483647), json!(2147483647)),
        ("i", json!("-2147483648"), json!(-2147483648)),
        ("i", json!(5.0), json!(5)),
        ("l", json!("9007199254740993"), json!(9007199254740993_i64)),
        ("l", json!(-9223372036854775808_i64), json!(-9223372036854775808_i64)),
        ("b", json!("yes"), json!(true)),
        ("b", json!("off"), json!(false)),
    ] {
        check(&format!("v -> {to}"), json!({ "v": value }), json!({ to: expected }), &[]);
    }
    for (to, value, message) in [
        ("t", json!({"a":1}), "the destination is text, but the value is an object"),
        ("n", json!("1,5"), "the destination is a number, but the value is a string"),
        ("n", json!(true), "the destination is a number, but the value is a boolean"),
        ("i", json!(1.5), "the destination is a whole number, but the value is a number"),
        ("i", json!(2147483648_i64), "the destination is a whole number of 32 bits, but the value is larger"),
        ("i", json!("-2147483649"), "the destination is a whole number of 32 bits, but the value is larger"),
        (
            "l",
            json!("9223372036854775808"),
            "the destination is a whole number of 64 bits, but the value is larger",
        ),
        ("b", json!("Yes"), "the destination is a boolean, but the value is a string"),
        ("b", json!(1), "the destination is a boolean, but the value is a number"),
        ("o", json!("x"), "the destination is an object, but the value is a string"),
        ("a", json!({"n":1}), "the destination is an array, but the value is an object"),
    ] {
        check(&format!("v -> {to}"), json!({ "v": value }), json!({}), &[message]);
    }
    check(
        "v -> o",
        json!({"v":{"n":"1.5","p":{"b":"ON","c":1},"q":2}}),
        json!({"o":{"n":1.5,"p":{"b":true}}}),
        &["the schema has no field for p.c, q"],
    );
    check(
        "v -> a",
        json!({"v":[{"n":"1","t":2},{"n":"x","t":"y"}]}),
        json!({"a":[{"n":1,"t":"2"},{"t":"y"}]}),
        &["[*].n: the destination is a whole number, but the value is a string"],
    );
    check("v -> e", json!({"v":{"k":{"x":"1"}}}), json!({"e":{"k":{"x":1}}}), &[]);
    check("v -> m", json!({"v":{"k":1}}), json!({"m":{"k":"1"}}), &[]);
    check("`{\"n\":\"2\"}` -> o ; v -> o.p.b", json!({"v":"no"}), json!({"o":{"n":2,"p":{"b":false}}}), &[]);
}

#[test]
fn what_can_never_fit_is_refused_beforehand() {
    let schema = Schema::from_json(SCHEMA).unwrap();
    let options = CompileOptions { schema: Some(&schema), ..OPTIONS };
    for (mappings, message) in [
        ("v -> tt", "the schema has no field tt; did you mean t?"),
        ("v -> o.n.x", "o.n is a number and has no member x"),
        ("v -> a.n", "a is an array: write a[0] or a[*]"),
        ("`[1,2]` -> t", "the destination is text, but the source gives an array"),
        ("`iif(v == 1, {\"a\":1}, 2)` -> n", "the destination is a number, but the source gives an object"),
        ("`v == 1` -> n", "the destination is a number, but the source gives true or false"),
        ("v[*].t -> t", "the destination is text, but the source gives an array; [*] in the source needs"),
        ("'x' -> n", "the destination is a number"),
        ("'x' -> o", "the destination is an object, but a constant is text"),
    ] {
        let problems = refused(mappings, options);
        assert!(problems[0].starts_with(message), "{mappings}: {problems:?}");
    }
}

#[test]
fn contradictory_sets_are_refused_and_all_is_said() {
    is_refused("a[*] -> x[*].p ; b[*] -> x[*].q", "two different source arrays feed one destination array");
    is_refused("`lower(a)` -> x[*].p", "the destination iterates, but no source does");
    is_refused("'c' -> x[*].p", "a constant cannot say how many elements");
    is_refused("a -> x[0] ; b -> x.y", "both as an array and as an object");
    is_refused("a[*] -> x[*].p ; b{*} -> x{*}.q", "both with [*] and with {*}");
    is_refused("`lower(a)` -> x ; b[*] -> x[*]", "mapped whole and by its elements");
    is_refused("'c' -> x ; b -> x.y", "a constant is text; other mappings write members below it");
    let problems = refused("a..b -> x ; `uper(` -> y..z ; `uper(a)` -> z ; ok -> ok", OPTIONS);
    assert_eq!(problems.len(), 4, "{problems:?}");
}

#[test]
fn no_set_makes_a_tree_without_end() {
    let level = |n: usize| format!("x{n}[*].");
    let deep = |last: &str| (0..14).map(level).collect::<String>() + last;
    let source: String = (0..14).map(|n| format!("a{n}[*].")).collect::<String>() + "v";
    let mut mappings = vec![format!("{source} -> {}", deep("v"))];
    for cut in 0..14 {
        let head: String = (0..cut).map(level).collect();
        let tail: String = (cut + 1..14).map(|n| format!("x{n}[0].")).collect();
        mappings.push(format!("w -> {head}x{cut}[0].{tail}v"));
    }
    let problems = refused(&mappings.join(" ; "), OPTIONS);
    assert!(problems.iter().any(|problem| problem.contains("too many arrays")), "{problems:?}");
}

#[test]
fn no_record_becomes_as_large_as_its_square() {
    let plan = Plan::compile(&set("a[*].n -> x[*].n ; big -> x[*].big"), OPTIONS).unwrap();
    let elements: Vec<Json> = (0..2000).map(|n| json!({ "n": n })).collect();
    let record = json!({"a": elements, "big": "b".repeat(100_000)}).to_string();
    let mut out = b"kept".to_vec();
    let error = plan.run(&mut Run::default(), &record, &[], &(), &mut out).unwrap_err();
    assert_eq!(error.message, "the record would become many times as large");
    assert_eq!(out, b"kept");
}

#[test]
fn dates_become_what_the_schema_says() {
    let schema = r#"{"type":"object","properties":{"t":{"type":"string","format":"date-time"},
        "d":{"type":"string","format":"date"},
        "o":{"type":"object","properties":{"t":{"type":"string","format":"date-time"}}}}}"#;
    let schema = Schema::from_json(schema).unwrap();
    let options = CompileOptions { schema: Some(&schema), ..OPTIONS };
    let (got, warnings) = run_with(
        &set("v -> t ; v -> d ; o -> o"),
        options,
        &json!({"v":"2020/05/06","o":{"t":"2020-05-06"}}),
    );
    assert_eq!(got, json!({"t":"2020-05-06T00:00:00Z","d":"2020-05-06","o":{"t":"2020-05-06T00:00:00Z"}}));
    assert_eq!(warnings, Vec::<String>::new());
    let (got, warnings) = run_with(&set("v -> t ; w -> d"), options, &json!({"v":1588723200,"w":"soon"}));
    assert_eq!(got, json!({}));
    assert_eq!(warnings.len(), 2);
}

#[test]
fn sets_go_over_sets() {
    let mut base = set("a -> x ; b -> y.z ; c -> y.q ; d -> v ; e -> x");
    let unknown = base.layer(&set("n -> v ; `1 + 1` -> w ; m -> x"), &["y".to_owned(), "nix".to_owned()]);
    let written: Vec<(&str, &str)> =
        base.mappings.iter().map(|m| (m.source.as_str(), m.destination.as_str())).collect();
    assert_eq!(written, [("m", "x"), ("n", "v"), ("1 + 1", "w")]);
    assert_eq!(unknown, ["nix"]);
}
