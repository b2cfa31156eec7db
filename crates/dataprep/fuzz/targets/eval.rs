//! Any expression over any record, divided by a NUL: compiling and running never panic, end soon and in
//! little memory (libFuzzer watches both), and a result is JSON.

#![no_main]

use dataprep::functions::Clock;
use dataprep::{CompileOptions, Expression};
use libfuzzer_sys::fuzz_target;

/// For inputs that bring no record of their own.
const RECORD: &str = r#"{"a":{"b":[1,"2",null,{"c":"x"}]},"n":12.50,"s":"text","t":"2024-02-29T23:59:59Z",
    "list":[3,1,2],"people":[{"name":"Ada","tags":["x","y"]},{"name":"Bob"}],"yes":true,"none":null}"#;

fuzz_target!(|input: &str| {
    let (text, record) = input.split_once('\0').unwrap_or((input, RECORD));
    let errors = Expression::check(text, CompileOptions::default());
    for error in &errors {
        let _ = (error.to_string(), error.caret(text));
    }
    let Ok(expression) = Expression::compile(text, CompileOptions::default()) else {
        assert!(!errors.is_empty());
        return;
    };
    let mut clock = Clock::new("2024-05-05T20:39:00Z".parse().ok(), 7);
    match expression.eval(record, &mut clock) {
        Ok(found) => {
            if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&found.json) {
                panic!("{text} gives {}: {error}", found.json);
            }
        }
        Err(error) => {
            let _ = (error.to_string(), error.caret(text));
        }
    }
});
