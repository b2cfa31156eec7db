//! Every function of the table with all kinds of arguments: whatever comes, there is a result or a
//! sentence, never a panic, and the sentence never holds a value.

use dataprep::functions::{ANY, Clock, Function, table};
use dataprep::{CompileOptions, Expression};

/// Fields of the record, so that nothing is known of them when the expression is compiled.
const RECORD: &str = r#"{"null":null,"true":true,"zero":0,"negative":-7,"fraction":2.5,
    "huge":123456789012345678901234567890123456789012345678901234567890,"empty":"","text":"s3cret-é😀",
    "number":" 12 ","exponent":"1e400","date":"2020-02-29T12:00:00Z","pattern":"(","array":[1,null,["s3cret"]],
    "nothing":[],"object":{"s3cret":"s3cret"},"bare":{},"objects":[{"a":1},{"a":[]},7]}"#;

const FIELDS: [&str; 18] = [
    "${null}", "${true}", "zero", "negative", "fraction", "huge", "${empty}", "text", "number", "exponent",
    "${date}", "pattern", "array", "nothing", "object", "bare", "objects", "absent",
];

/// Those that differ most, for functions of three arguments and more.
const FEW: [&str; 7] = ["${null}", "negative", "huge", "text", "pattern", "array", "object"];

fn check(function: &Function, arguments: &[&str]) {
    let expression = format!("{}({})", function.name, arguments.join(", "));
    let Ok(compiled) = Expression::compile(&expression, CompileOptions::default()) else { return };
    let now = "2021-10-26T10:10:24Z".parse().unwrap();
    if let Err(failure) = compiled.eval(RECORD, &mut Clock::new(Some(now), 7)) {
        let sentence = failure.to_string();
        assert!(sentence.len() > 10 && !sentence.contains("s3cret"), "{expression}: {sentence}");
    }
}

#[test]
fn no_arguments_make_a_function_panic_or_tell_a_value() {
    for function in table() {
        let most = if function.max == ANY { function.min.max(4) } else { function.max };
        for count in function.min..=most {
            let (fields, free): (&[&str], u32) =
                if count <= 2 { (&FIELDS, count.into()) } else { (&FEW, count.min(3).into()) };
            for mut choice in 0..fields.len().pow(free) {
                let mut arguments = Vec::new();
                for _ in 0..count {
                    arguments.push(fields[choice % fields.len()]);
                    choice /= fields.len();
                }
                check(function, &arguments);
            }
        }
    }
}
