//! Whatever text they are given, the functions on URLs, user agents, Analytics' texts and bytes give a result
//! or an error, and what one writes the other reads.

use dataprep::functions::{self, Clock};
use dataprep::{CompileOptions, Expression};
use proptest::prelude::*;
use serde_json::{Value, json};

/// What a call gives for a record with the texts `a` and `b`.
fn eval(expression: &str, a: &str, b: &str) -> Result<Value, String> {
    let compiled = Expression::compile(expression, CompileOptions::default()).map_err(|e| e.to_string())?;
    let result = compiled.eval(&json!({ "a": a, "b": b }).to_string(), &mut Clock::default());
    Ok(serde_json::from_str(&result.map_err(|error| error.to_string())?.json).unwrap())
}

/// Pieces of which such texts are made, so that chance meets the interesting ones.
fn text() -> impl Strategy<Value = String> {
    let pieces = vec![
        "http://",
        "sftp:",
        "//",
        "[::1]",
        "@",
        ":",
        "8080",
        "/",
        "?",
        "&",
        "=",
        "#",
        "%",
        "%41",
        "%zz",
        "é",
        "\u{0}",
        "Mozilla/5.0 ",
        "(",
        ")",
        ";",
        ",",
        "|",
        "Windows NT ",
        "10.0",
        "Mac OS X ",
        "10_15_7",
        "Android ",
        "Chrome/",
        "Version/",
        "Safari/",
        "Mobile",
        "MSIE ",
        "Trident/",
        "bot/",
        "iPhone OS ",
        "_",
        ".",
        " ",
        "event1",
        "eVar1",
    ];
    let piece = prop_oneof![3 => prop::sample::select(pieces).prop_map(String::from), 1 => any::<String>()];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_is_too_odd(a in text(), b in text()) {
        let categories = ["URL", "User agent", "Analytics", "Hashing"];
        for function in functions::table().filter(|function| categories.contains(&function.category)) {
            let arguments = ["a", "b", "b"].get(..function.min.max(1).into()).unwrap().join(", ");
            let found = eval(&format!("{}({arguments})", function.name), &a, &b);
            if let Err(message) = found {
                prop_assert!(!message.is_empty());
            }
        }
    }

    #[test]
    fn what_is_encoded_can_be_decoded(a in any::<String>()) {
        prop_assert_eq!(eval("get_url_decoded(get_url_encoded(a))", &a, ""), Ok(Value::from(a)));
    }

    #[test]
    fn entries_of_products_line_up(a in text()) {
        let count = |function: &str| {
            eval(&format!("aa_get_product_{function}"), &a, "").unwrap().as_array().map(Vec::len)
        };
        let names = count("names(a)");
        for function in ["categories(a)", "prices(a)", "event_values(a, 'event1')", "evars(a, 'eVar1')"] {
            prop_assert_eq!(count(function), names);
        }
    }
}
