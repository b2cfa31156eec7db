//! Functions on arrays, objects and maps, choosing among values, conversions: overloads, nulls, limits.

mod common;

use common::{fails, gives, run};

#[test]
fn arrays_of_record_and_of_expression_are_the_same() {
    let record =
        r#"{"a":[1,null,"x"],"o":{"k":[2]},"e":[],"n":null,"s":"text","nested":[[1,[2]],{"x":[3]}]}"#;
    gives(
        record,
        &[
            ("first(a)", "1"),
            ("last(a)", r#""x""#),
            ("first(e)", "null"),
            ("last(e)", "null"),
            ("first()", "null"),
            ("first(n)", "null"),
            ("first(s)", r#""text""#),
            ("last(a, 5)", "5"),
            ("first([[1], 2])", "[1]"),
            ("last([1, [2]])", "[2]"),
            ("coalesce(a)", "1"),
            ("coalesce([null, null, 7])", "7"),
            ("coalesce(e)", "null"),
            ("coalesce(n)", "null"),
            ("coalesce(s)", r#""text""#),
            ("coalesce(o)", r#"{"k":[2]}"#),
            ("coalesce(n, a)", r#"[1,null,"x"]"#),
            ("add_to_array(a, null, [5])", r#"[1,null,"x",null,[5]]"#),
            ("add_to_array(n, 1)", "[1]"),
            ("add_to_array(missing)", "[]"),
            ("join_arrays(a, n, [9])", r#"[1,null,"x",9]"#),
            ("join_arrays(n, missing)", "null"),
            ("to_array(true, 1, null, a)", r#"[1,null,[1,null,"x"]]"#),
            ("to_array(false)", "[]"),
            ("flattenArray(nested)", r#"[1,2,{"x":[3]}]"#),
            ("flattenArray([a, [[a]]])", r#"[1,null,"x",1,null,"x"]"#),
            ("flattenArray(n)", "null"),
            ("size_of(a)", "3"),
            ("size_of(o)", "1"),
            ("size_of('añ😀')", "4"),
            ("size_of(n)", "null"),
            ("upsert_array_append(a)", r#"[1,null,"x"]"#),
            ("upsert_array_replace([1], 0)", "[1]"),
            ("upsert_array_replace(n)", "null"),
            ("a.get(2)", r#""x""#),
            ("a.get(9)", "null"),
            ("o.get('k')", "[2]"),
            ("o.get('none')", "null"),
        ],
    );
    fails(
        record,
        &[
            ("add_to_array(s, 1)", "must be an array, but is a string"),
            ("join_arrays(a, o)", "must be an array, but is an object"),
            ("to_array(s, 1)", "must be true or false"),
            ("flattenArray(o)", "must be an array, but is an object"),
            ("size_of(5)", "a number"),
            ("upsert_array_append(s)", "expected an array, but found a string"),
            ("upsert_array_replace(a, -1)", "must not be negative"),
            ("s.get('k')", "but found a string"),
        ],
    );
}

#[test]
fn an_array_becomes_text() {
    let record = r#"{"a":[1,[null,["b"]],true,{"it's":"a\\b\n","n":null,"l":[1.50,"x"],"o":{}}],"n":null}"#;
    gives(
        record,
        &[
            (
                "array_to_string('|', a)",
                r#""1|b|true|{'it\\'s':'a\\\\b\\n','n':null,'l':[1.50,'x'],'o':{}}""#,
            ),
            ("array_to_string('', [])", r#""""#),
            ("array_to_string(',', [null])", r#""""#),
            ("array_to_string(',', n)", "null"),
            ("array_to_string(1, [2, 3])", r#""213""#),
        ],
    );
    fails(
        record,
        &[
            ("array_to_string(n, a)", "the separator of array_to_string must be text, but is null"),
            ("array_to_string(',', 'x')", ""),
        ],
    );
}

#[test]
fn objects_are_made() {
    let record = r#"{"k":"a","n":null,"l":[1,2],"long":[1,2,3]}"#;
    gives(
        record,
        &[
            ("to_object('a', 1, k, 2, 5, n)", r#"{"a":2,"5":null}"#),
            ("to_map(true, [1])", r#"{"true":[1]}"#),
            ("arrays_to_object('a', l, 'b', long)", r#"[{"a":1,"b":1},{"a":2,"b":2},{"b":3}]"#),
            ("arrays_to_objects('a', n, 'b', l)", r#"[{"b":1},{"b":2}]"#),
            ("arrays_to_object('a', n)", "null"),
            ("arrays_to_object('a', [])", "[]"),
            ("arrays_to_object('a', l, 'a', ['x'])", r#"[{"a":"x"},{"a":2}]"#),
        ],
    );
    fails(
        record,
        &[
            ("to_object('a')", "takes at least 2 arguments"),
            ("to_object('a', 1, 'b')", "takes a value after each key, but 3 arguments are given"),
            ("to_map('a', 1, 'b')", "takes a value after each key"),
            ("object_to_map('a', 1, 'b')", "takes a value after each key"),
            ("arrays_to_object('a', l, 'b')", "takes a value after each key"),
            ("to_object(n, 1)", "each key of to_object must be text, but is null"),
            ("arrays_to_object('a', k)", "must be an array, but is a string"),
        ],
    );
}

#[test]
fn text_becomes_fields() {
    let record = r#"{"t":" a : 1 , b:x:y,,c, d:, a:2 ","n":null}"#;
    gives(
        record,
        &[
            ("str_to_object(t)", r#"{"a":"2","b":"x:y","c":null,"d":""}"#),
            ("str_to_object(t, null, '')", r#"{"a":"2","b":"x:y","c":null,"d":""}"#),
            ("str_to_object('a=>1;;b=>2', '=>', ';;')", r#"{"a":"1","b":"2"}"#),
            ("str_to_object('a.1|b.2', '.', '|')", r#"{"a":"1","b":"2"}"#),
            ("str_to_object('')", "{}"),
            ("str_to_object(n)", "null"),
            ("get_values(t, 'b', null)", r#""x:y""#),
            ("get_values(t, 'b')", r#""x:y""#),
            ("get_values(t, 'a', ':', '')", r#""2""#),
            ("get_values(t, 'c', ':')", "null"),
            ("get_values(t, 'none', ':')", "null"),
            ("get_values(n, 'a', ':')", "null"),
        ],
    );
    let result = run("str_to_object(':1,a:2')", "{}").unwrap();
    assert_eq!(result.json, r#"{"a":"2"}"#);
    assert_eq!(result.notes[0].0, "field_without_name");
    fails(record, &[("str_to_object([1])", "")]);
}

#[test]
fn keys_are_looked_for() {
    let record =
        r#" {"a":{"b":null,"c.d":[{"x":1},{"y":null}]},"e":{},"f":[],"\u0067":1,"h":{"i":1},"h":{}} "#;
    gives(
        record,
        &[
            ("contains_key('a')", "true"),
            ("contains_key('a.b')", "true"),
            ("contains_key('a.b.c')", "false"),
            ("contains_key('a.c\\\\.d')", "true"),
            ("contains_key('a.c\\\\.d[1].y')", "true"),
            ("contains_key('a.c\\\\.d[0].y')", "false"),
            ("contains_key('a.c\\\\.d[2]')", "false"),
            ("contains_key('a.c\\\\.d[*].y')", "true"),
            ("contains_key('a{*}[*].x')", "true"),
            ("contains_key('f[*]')", "false"),
            ("contains_key('e')", "true"),
            ("contains_key('g')", "true"),
            ("contains_key('h.i')", "false"),
            ("contains_key('nothing')", "false"),
            ("is_set('a.b')", "true"),
            ("get_keys(a)", r#"["b","c.d"]"#),
            ("get_keys(h)", "[]"),
            ("get_keys(nothing)", "null"),
            ("is_empty(nothing)", "true"),
            ("is_empty('')", "true"),
            ("is_empty({:})", "true"),
            ("is_empty(e)", "true"),
            ("is_empty(f)", "true"),
            ("is_empty(0)", "false"),
            ("is_empty(false)", "false"),
        ],
    );
    gives("[1]", &[("contains_key('a')", "false")]);
    fails(
        record,
        &[
            ("contains_key(a.b)", "must be a text in quotes: contains_key(\"a.b\")"),
            ("contains_key(concat('a', '.b'))", "must be a text in quotes"),
            ("contains_key('a..b')", "expected a field name"),
            ("contains_key('a{key}')", "name no place"),
            ("get_keys(f)", "must be an object, but is an array"),
        ],
    );
}

#[test]
fn maps_are_made_read_and_merged() {
    let record = r#"{"m":{"a":1,"b":null,"5":"five"},"n":null,"k":"x","type":"T",
        "list":[{"type":"h","v":1},{"v":2},{"type":"h","v":3},null,{"type":7}]}"#;
    gives(
        record,
        &[
            ("map_get_values(m, 'a')", "1"),
            ("map_get_values(m, 5)", r#""five""#),
            ("map_get_values(m, 'none')", "null"),
            ("map_get_values(m, ['b', 5, 'none', 'a', 'b'])", r#"[null,"five",1]"#),
            ("map_get_values(n, 'a')", "null"),
            ("map_has_keys(m, 'b')", "true"),
            ("map_has_keys(m, 'none')", "false"),
            ("map_has_keys(m, ['none', 5])", "true"),
            ("map_has_keys(m, [])", "false"),
            ("map_has_keys(n, 'a')", "false"),
            ("add_to_map(m, {'a': 2, 'c': 3}, n, {'c': 4})", r#"{"a":1,"b":null,"5":"five","c":3}"#),
            ("add_to_map(n, n)", "null"),
            ("object_to_map(m)", r#"{"a":1,"b":null,"5":"five"}"#),
            ("object_to_map(n)", "null"),
            ("object_to_map('a', k)", r#"{"a":"x"}"#),
            ("object_to_map(k, type)", r#"{"x":"T"}"#),
            ("object_to_map('a', m.a, 'b', 2)", r#"{"a":1,"b":2}"#),
            ("object_to_map([{'t': 'x'}], t)", r#"{"x":{"t":"x"}}"#),
            ("object_to_map([{'t': 'x'}], 't')", r#"{"x":{"t":"x"}}"#),
            ("object_to_map(nothing, type)", "null"),
            ("array_to_map(n, 'type')", "null"),
            ("array_to_map([], 'type')", "{}"),
            ("transformArray([1], type -> object_to_map('a', type))", r#"[{"a":1}]"#),
        ],
    );
    for expression in ["array_to_map(list, 'type')", "object_to_map(list, type)"] {
        let result = run(expression, record).unwrap();
        assert_eq!(result.json, r#"{"h":{"type":"h","v":3},"7":{"type":7}}"#);
        let words: Vec<_> = result.notes.iter().map(|(word, _)| *word).collect();
        assert_eq!(words, ["element_without_key", "key_repeated"]);
    }
    fails(
        record,
        &[
            ("map_get_values(k, 'a')", "needs a map, but found a string"),
            ("map_get_values(m, m)", "must be text, but is an object"),
            ("map_has_keys(list, 'a')", "must be an object, but is an array"),
            ("add_to_map(m, list)", "must be an object, but is an array"),
            ("add_to_map(m)", "takes at least 2 arguments"),
            ("object_to_map(list)", "needs an object, but found an array"),
            ("array_to_map(m, 'a')", "must be an array, but is an object"),
            ("array_to_map([1], 'a')", "but one is a number"),
        ],
    );
}

#[test]
fn values_are_chosen() {
    let record = r#"{"one":1.0,"n":null,"t":true,"l":[3,null,20],"big":9007199254740993}"#;
    gives(
        record,
        &[
            ("decode(one, 1, 'yes', 'no')", r#""yes""#),
            ("decode('1', 1, 'yes')", r#""yes""#),
            ("decode(t, 'true', 'yes')", r#""yes""#),
            ("decode(n, 'x', 1, null, 2)", "2"),
            ("decode(n, 'x', 1, 3)", "3"),
            ("decode('b', 'a', 1)", "null"),
            ("decode('b', ['a', 1, 'b', 2, 3])", "2"),
            ("decode('c', ['a', 1, 'b', 2, 3])", "3"),
            ("min(l)", "3"),
            ("max(l, 4, [21])", "21"),
            ("max(big, 9007199254740992)", "9007199254740993"),
            ("min(1.0, 1)", "1.0"),
            ("min(n)", "null"),
            ("max([])", "null"),
            ("max('B', 'a')", r#""a""#),
            ("min('ｚ', '😀')", r#""😀""#),
            ("min(true, false)", "false"),
        ],
    );
    fails(
        record,
        &[
            ("decode(one, 1)", "must be an array, but is a number"),
            ("min(1, 'a')", "cannot compare"),
            ("max({'a': 1}, {'a': 2})", "cannot compare an object with an object"),
        ],
    );
}

#[test]
fn texts_become_numbers() {
    gives(
        r#"{"n":null,"d":1099.50}"#,
        &[
            ("to_integer(' -12 ')", "-12"),
            ("to_integer('+007')", "7"),
            ("to_integer('12.00')", "12"),
            ("to_integer('1.5e1')", "15"),
            ("to_integer('-0')", "0"),
            ("to_integer('0e999999999')", "0"),
            ("to_integer('2147483647')", "2147483647"),
            ("to_integer(n)", "null"),
            (
                "to_bigint('123456789012345678901234567890123456789012345')",
                "123456789012345678901234567890123456789012345",
            ),
            ("to_bigint('-9007199254740993')", "-9007199254740993"),
            ("to_bigint('1e21')", "1000000000000000000000"),
            ("to_bigint('0.05e2')", "5"),
            ("to_decimal('0.1')", "0.1"),
            ("to_decimal('9007199254740993.25')", "9007199254740993.25"),
            ("to_decimal('20.50')", "20.50"),
            ("to_decimal('.5')", "0.5"),
            ("to_decimal('-5.')", "-5"),
            ("to_decimal('1E+5')", "1e5"),
            ("to_decimal('1e308')", "1e308"),
            ("to_decimal(d)", "1099.50"),
            ("to_float('16777217')", "16777216"),
            ("to_float('0.1')", "0.1"),
            ("to_float('3.4e38')", "340000000000000000000000000000000000000"),
            ("to_float(n)", "null"),
        ],
    );
    fails(
        r#"{"t":true}"#,
        &[
            ("to_integer('2147483648')", "32-bit numbers"),
            ("to_integer('1.5')", "has a fraction"),
            ("to_integer('0.5')", "has a fraction"),
            ("to_integer('1e-400')", "has a fraction"),
            ("to_integer('')", "the text is empty"),
            ("to_integer(' ')", "the text is empty"),
            ("to_integer(t)", "but found a boolean"),
            ("to_bigint('1e1000000000')", "at most 1000 digits"),
            ("to_decimal('1e309')", "too large"),
            ("to_decimal('1e99999999999')", "exponent"),
            ("to_decimal(concat('N', 'aN'))", "no numbers that JSON can hold"),
            ("to_float('-1e39')", "too large"),
        ],
    );
    for text in ["1f", "0x10", "1_000", "1,5", "1.2.3", "--1", "e5", ".", "1e", "1 2", "١", "sk_live"] {
        let record = format!(r#"{{"t":"{text}"}}"#);
        for function in ["to_integer", "to_bigint", "to_decimal", "to_float"] {
            let message = run(&format!("{function}(t)"), &record).expect_err(text);
            assert!(message.contains("it holds something else"), "{message}");
        }
    }
}

#[test]
fn text_becomes_json() {
    let record = r#"{"plain":"[1,2.50,[3]]","escaped":"{\"a\":[\"\\u00e9\",9007199254740993,{\"b\":null}]}","n":null}"#;
    gives(
        record,
        &[
            ("json_to_object(plain)", "[1,2.50,[3]]"),
            ("json_to_object(escaped)", r#"{"a":["é",9007199254740993,{"b":null}]}"#),
            ("json_to_object(escaped).a[1]", "9007199254740993"),
            ("json_to_object(' \"x\" ')", r#""x""#),
            ("json_to_object('null')", "null"),
            ("json_to_object(n)", "null"),
        ],
    );
    fails(
        record,
        &[
            ("json_to_object('')", "is not JSON: the text ends where a value should be at byte 0"),
            ("json_to_object('{\"a\":1,}')", "is not JSON"),
            ("json_to_object('[1] x')", "more text after the value"),
        ],
    );
    let deep = format!(r#"{{"t":"{}"}}"#, "[".repeat(100_000));
    fails(&deep, &[("json_to_object(t)", "nested more than 128 levels deep")]);
    // Deep text that had escapes is taken apart level by level.
    let deep = format!(r#"{{"t":"{}\"x\"{}"}}"#, "[".repeat(128), "]".repeat(128));
    gives(&deep, &[("flattenArray(json_to_object(t))", r#"["x"]"#)]);
}

#[test]
fn large_inputs_take_linear_time() {
    let numbers: Vec<String> = (0..100_000).map(|number| number.to_string()).collect();
    let record = format!(
        r#"{{"l":[{list}],"m":{{{members}}},"o":[{objects}],"t":"{fields}"}}"#,
        list = numbers.join(","),
        members = numbers.iter().map(|n| format!(r#""{n}":{n}"#)).collect::<Vec<_>>().join(","),
        objects = numbers.iter().map(|n| format!(r#"{{"k":{n}}}"#)).collect::<Vec<_>>().join(","),
        fields = numbers.iter().map(|n| format!("{n}:1")).collect::<Vec<_>>().join(","),
    );
    gives(
        &record,
        &[
            ("size_of(join_arrays(l, l, flattenArray([l, [l]])))", "400000"),
            ("size_of(add_to_map(m, m, {'x': 1}))", "100001"),
            ("size_of(array_to_map(o, 'k'))", "100000"),
            ("size_of(map_get_values(m, l))", "100000"),
            ("map_has_keys(m, ['none', 'nothing'])", "false"),
            ("size_of(arrays_to_object('a', l, 'b', l, 'c', [1]))", "100000"),
            ("size_of(str_to_object(t))", "100000"),
            ("size_of(array_to_string('', l))", "488890"),
            ("max(l)", "99999"),
        ],
    );
}

#[test]
fn a_short_expression_cannot_make_endless_text() {
    let record = format!(r#"{{"t":"{}","l":[{}]}}"#, "x".repeat(1 << 20), vec!["1"; 1 << 18].join(","));
    fails(
        &record,
        &[
            ("array_to_string(t, l)", "would be longer than"),
            ("join(t, l)", "would be longer than"),
            ("arrays_to_object(t + 'x', l)", "make or repeat too much"),
        ],
    );
    let record = format!(r#"{{"l":[{}]}}"#, vec!["1"; 1 << 15].join(","));
    fails(&record, &[("transformArray(l, x -> contains_key('none'))", "make or repeat too much")]);
}

#[test]
fn identifiers_differ_within_a_record_and_repeat_with_it() {
    let both = run("[uuid(), guid()]", r#"{"a":1}"#).unwrap().json;
    assert_eq!(both, run("[uuid(), guid()]", r#"{"a":1}"#).unwrap().json);
    assert_ne!(both, run("[uuid(), guid()]", r#"{"a":2}"#).unwrap().json);
    assert_ne!(both.get(2..38), both.get(41..77));
    let shape: String = both.chars().take(39).map(|c| if c.is_ascii_hexdigit() { 'x' } else { c }).collect();
    assert_eq!(shape, r#"["xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx""#);
    assert_eq!(both.get(16..17), Some("4"));
}
