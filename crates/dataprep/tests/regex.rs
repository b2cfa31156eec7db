//! Regular expressions as expressions use them. What patterns mean is tested next to the matcher,
//! against recordings of Java.

mod common;

use dataprep::{CompileOptions, Expression};

use proptest::prelude::*;

/// The JSON of the result, or the message with `!` before it.
fn eval(expression: &str, input: &str) -> String {
    common::run(expression, input).map_or_else(|message| format!("!{message}"), |found| found.json)
}

#[test]
fn groups_are_extracted() {
    for (expression, expected) in [
        (r"extract_regex('a1b22', '\d+')", r#"["1"]"#),
        (r"extract_regex('a1b22', '([a-z])(\d{2})')", r#"["b22","b","22"]"#),
        ("extract_regex('b', '(a)|(b)')", r#"["b",null,"b"]"#),
        ("extract_regex('b', 'a')", "[]"),
        ("extract_regex('b', 'a')[0]", "null"),
        (r"extract_regex('ada@example.com', '@(.+)$')[1]", r#""example.com""#),
        (r#"extract_regex("x", "(?<letter>\\w)")"#, r#"["x","x"]"#),
    ] {
        assert_eq!(eval(expression, "{}"), expected, "{expression}");
    }
}

#[test]
fn a_match_is_one_of_the_whole_text() {
    for (expression, expected) in [
        ("matches_regex('abc', 'b')", "false"),
        ("matches_regex('abc', '.*b.*')", "true"),
        ("matches_regex('ab', 'a|ab')", "true"),
        (r"matches_regex('2024-05-06', '\d{4}-\d{2}-\d{2}')", "true"),
        ("matches_regex(42, '[0-9]+')", "true"),
        ("'abc'.matches('[a-c]+')", "true"),
    ] {
        assert_eq!(eval(expression, "{}"), expected, "{expression}");
    }
}

#[test]
fn a_pattern_may_come_from_the_record() {
    let input = r#"{"text":"a1","pattern":"[a-z]\\d","bad":"secret(","number":1}"#;
    assert_eq!(eval("matches_regex(text, pattern)", input), "true");
    assert_eq!(eval("extract_regex(text, number)", input), r#"["1"]"#);
    let message = eval("matches_regex(text, bad)", input);
    assert!(message.contains("wrong at character 7") && !message.contains("secret"), "{message}");
    assert!(eval("matches_regex(text, missing)", input).contains("the pattern must be text, but is null"));
}

#[test]
fn a_wrong_constant_pattern_is_told_when_compiling() {
    for (expression, part) in [
        ("matches_regex(x, '(a')", "matches_regex: the pattern is wrong at character 1: the group"),
        ("extract_regex(x, 'a{2,1}')", "extract_regex: the pattern is wrong at character 2"),
        ("'a'.replaceAll('[', '')", "no closing ]"),
        (r"explode(x, '\p{Nope}')", "no class named Nope"),
    ] {
        let error = Expression::compile(expression, CompileOptions::default()).unwrap_err().to_string();
        assert!(error.contains(part), "{expression}: {error}");
    }
}

#[test]
fn a_pattern_that_would_run_for_ages_fails() {
    let input = format!(r#"{{"x":"{}!"}}"#, "a".repeat(200));
    assert!(eval(r"matches_regex(x, '(a+)+\1b')", &input).contains("too many steps"));
    assert_eq!(eval(r"matches_regex(x, '(a+)+b')", &input), "false");
}

proptest! {
    /// Whatever a pattern and a text are made of, there is an answer or a message, and soon.
    #[test]
    fn nothing_panics_or_hangs(
        pieces in proptest::collection::vec(
            prop_oneof![
                "[ab1é😀 \\n]",
                "[\\\\(){}|?*+.^$\\[\\],0-9<>=!:&-]",
                r"\\[a-zA-Z0-9]",
                prop::sample::select(vec!["(?:", "(?=", "(?<!", "(?>", "(?i)", "[^", "&&", r"\p{L}", r"\Q", "{2,9}", "++", "*?"])
                    .prop_map(str::to_owned),
            ],
            0..16,
        ),
        text in "[ab1é😀 \\n]{0,40}",
    ) {
        let record = serde_json::json!({ "text": text, "pattern": pieces.concat() }).to_string();
        for call in ["matches_regex(text, pattern)", "explode(text, pattern)", "text.replaceAll(pattern, '<$0>')"] {
            eval(call, &record);
        }
    }
}
