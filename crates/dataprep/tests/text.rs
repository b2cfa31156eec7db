//! Functions on text beyond the documented examples: nulls, bounds, characters outside the first plane,
//! and the methods that texts have in Java.

mod common;

/// The JSON of the result, or the message with `!` before it.
fn eval(expression: &str, input: &str) -> String {
    common::run(expression, input).map_or_else(|message| format!("!{message}"), |found| found.json)
}

#[track_caller]
fn check(rows: &[(&str, &str)]) {
    for (expression, expected) in rows {
        assert_eq!(eval(expression, "{}"), *expected, "{expression}");
    }
}

#[track_caller]
fn fails(expression: &str, input: &str, part: &str) {
    let got = eval(expression, input);
    assert!(got.starts_with('!') && got.contains(part), "{expression}: {got}");
}

#[test]
fn null_gives_null_and_counts_as_nothing_in_concat() {
    for call in [
        "lower(x)",
        "trim(x)",
        "substr(x, 0, 1)",
        "left(x, 1)",
        "right(x, 1)",
        "lpad(x, 5, 'a')",
        "rpad(x, 5, 'a')",
        "instr(x, 'a')",
        "replacestr(x, 'a', 'b')",
        "split(x, ',')",
        "explode(x)",
        "explode(x, ',')",
        "extract_regex(x, 'a')",
        "matches_regex(x, 'a')",
        "x.startsWith('a')",
        "x.substring(1)",
    ] {
        assert_eq!(eval(call, r#"{"x":null}"#), "null", "{call}");
    }
    check(&[
        ("concat('a', null, 'b')", r#""ab""#),
        ("concat(null)", r#""""#),
        ("concat(1, true, 2.50)", r#""1true2.50""#),
        ("lpad('a', 3, null)", r#""  a""#),
        ("rpad('a', 3, '')", r#""a  ""#),
        ("join('-', ['a', null, 'b'])", r#""a-b""#),
    ]);
}

#[test]
fn parts_of_a_text() {
    check(&[
        ("substr('abc', 1, 100)", r#""bc""#),
        ("substr('abc', 5, 1)", r#""""#),
        ("left('abc', 0)", r#""""#),
        ("left('abc', 9)", r#""abc""#),
        ("right('abc', 9)", r#""abc""#),
        ("left(12345, 2)", r#""12""#),
        ("'abcde'.substring(1)", r#""bcde""#),
        ("'abcde'.substring(1, 3)", r#""bc""#),
        ("'abcde'.charAt(4)", r#""e""#),
        ("'abc'.length()", "3"),
    ]);
    fails("left('abc', -1)", "{}", "must not be negative");
    fails("substr('abc', 'x', 1)", "{}", "whole number");
    fails("'abc'.substring(2, 1)", "{}", "must not be after");
    fails("'abc'.substring(4)", "{}", "beyond the end");
    fails("'abc'.substring(1, 4)", "{}", "beyond the end");
    fails("'abc'.charAt(3)", "{}", "beyond the end");
}

#[test]
fn characters_of_two_units_are_counted_as_two_and_never_split() {
    let input = r#"{"x":"a😀b"}"#;
    for (expression, expected) in [
        ("x.length()", "4"),
        ("left(x, 1)", r#""a""#),
        ("left(x, 2)", r#""a😀""#),
        ("left(x, 3)", r#""a😀""#),
        ("right(x, 1)", r#""b""#),
        ("right(x, 2)", r#""b""#),
        ("right(x, 3)", r#""😀b""#),
        ("substr(x, 1, 2)", r#""😀""#),
        ("substr(x, 2, 2)", r#""b""#),
        ("concat(substr(x, 0, 2), substr(x, 2, 2))", r#""a😀b""#),
        ("instr(x, 'b')", "3"),
        ("instr(x, 'b', 2)", "3"),
        ("lpad('a', 4, '😀')", r#""😀a""#),
        ("x.charAt(1)", r#""😀""#),
    ] {
        assert_eq!(eval(expression, input), expected, "{expression}");
    }
    fails("x.charAt(2)", input, "inside a character");
}

#[test]
fn blanks_are_those_of_java() {
    let input = r#"{"x":" \t\u0001\u00a0a\u00a0 \n"}"#;
    assert_eq!(eval("trim(x)", input), "\"\u{A0}a\u{A0}\"");
    assert_eq!(eval("ltrim(x)", input), "\"\u{A0}a\u{A0} \\n\"");
    assert_eq!(eval("rtrim(x)", input), "\" \\t\\u0001\u{A0}a\u{A0}\"");
    check(&[("' a '.trim()", r#""a""#), ("' '.isBlank()", "true"), ("''.isEmpty()", "true")]);
}

#[test]
fn case() {
    check(&[
        ("upper('straße é')", r#""STRASSE É""#),
        ("lower('ÀΣ')", r#""àς""#),
        ("'Été'.toUpperCase()", r#""ÉTÉ""#),
        ("'É'.equalsIgnoreCase('é')", "true"),
        ("'ß'.equalsIgnoreCase('ss')", "false"),
        ("'a'.equals('a')", "true"),
        ("'a'.equals(null)", "false"),
        ("[1].equals([1])", "true"),
        ("[1].equals([2])", "false"),
    ]);
    assert_eq!(eval("x.equals('1')", r#"{"x":1}"#), "true");
    assert_eq!(eval("x.equals(y)", r#"{"x":{"a":1},"y":{"a":2}}"#), "false");
}

#[test]
fn finding() {
    check(&[
        ("instr('abcabc', 'c')", "2"),
        ("instr('abcabc', 'c', 3)", "5"),
        ("instr('abcabc', 'c', 0, 2)", "5"),
        ("instr('abcabc', 'c', 0, 3)", "-1"),
        ("instr('abcabc', 'c', 99)", "-1"),
        ("instr('abcabc', 'a', -5)", "0"),
        ("instr('abc', 'x')", "-1"),
        ("'abcabc'.indexOf('b')", "1"),
        ("'abcabc'.indexOf('b', 2)", "4"),
        ("'abcabc'.lastIndexOf('b')", "4"),
        ("'abc'.contains('bc')", "true"),
        ("'abc'.startsWith('ab')", "true"),
        ("'abc'.endsWith('ab')", "false"),
        ("'a'.compareTo('c')", "-2"),
        ("'abc'.compareTo('ab')", "1"),
        ("'B'.compareToIgnoreCase('a')", "1"),
    ]);
    fails("instr('abc', 'c', 0, 0)", "{}", "must be 1 or more");
}

#[test]
fn splitting() {
    check(&[
        ("split('a,b;c', ',;')", r#"["a","b","c"]"#),
        ("split('a,,b,', ',')", r#"["a","b"]"#),
        (r"split('a\\b', '\\')", r#"["a","b"]"#),
        ("split('a.b|c', '.')", r#"["a","b|c"]"#),
        ("split('', ',')", "[]"),
        ("split('abc', '')", r#"["abc"]"#),
        ("explode('a,,b,')", r#"["a","","b",""]"#),
        ("explode('a;b;', ';')", r#"["a","b",""]"#),
        (r"explode('a.b', '\\.')", r#"["a","b"]"#),
        ("explode('a||b|c', '\\|\\|')", r#"["a","b|c"]"#),
        ("explode('a1b22c', '\\d+')", r#"["a","b","c"]"#),
        ("explode('')", r#"[""]"#),
        ("'a,b,,'.split(',')", r#"["a","b"]"#),
        ("'a,b,,'.split(',', -1)", r#"["a","b","",""]"#),
        ("'a,b,c'.split(',', 2)", r#"["a","b,c"]"#),
        ("''.split(',')", r#"[""]"#),
    ]);
    fails("split('a', null)", "{}", "separator of split must be text, but is null");
    fails("explode('a', '*')", "{}", "explode: the pattern is wrong at character 1");
}

#[test]
fn replacing_and_repeating() {
    check(&[
        ("replacestr('aXbX', 'X', '')", r#""ab""#),
        ("replacestr('a.b', '.', '$1')", r#""a$1b""#),
        ("replacestr('abc', '', 'x')", r#""abc""#),
        ("'a.b'.replace('.', '-')", r#""a-b""#),
        ("'a1b22'.replaceAll('\\d+', '#')", r##""a#b#""##),
        ("'john smith'.replaceAll('(\\w+) (\\w+)', '$2 $1')", r#""smith john""#),
        ("'aa'.replaceFirst('a', 'b')", r#""ba""#),
        ("'ab'.repeat(3)", r#""ababab""#),
        ("'ab'.concat('c')", r#""abc""#),
        ("5.toString()", r#""5""#),
    ]);
    assert_eq!(eval("x.toString()", r#"{"x":5}"#), r#""5""#);
}

#[test]
fn results_are_bounded() {
    let input = format!(r#"{{"x":"{}"}}"#, "a".repeat(100_000));
    fails("replacestr(x, 'a', x)", &input, "longer than 4194304 bytes");
    fails("lpad('a', 2000000000, x)", &input, "longer than");
    fails("rpad('a', 9000000000000000000, 'b')", &input, "longer than");
    fails("x.repeat(9000000000000000000)", &input, "longer than");
    fails("explode(x, '')", &input, "more than 100000 parts");
    fails("split(replacestr(x, 'a', 'a,'), ',').concat(replacestr(x, 'aa', ','))", &input, "must be text");
    fails(
        "x.replaceAll('a', '$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0')",
        &input,
        "longer than",
    );
    fails("join(x, 1..100)", &input, "longer than");
    fails(
        "concat(replacestr(x, 'a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'), replacestr(x, 'a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'))",
        &input,
        "longer than",
    );
}
