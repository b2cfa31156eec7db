//! Any text: the parser never panics, its errors have places in the text, and what it accepts is printed
//! as a text that means the same.

#![no_main]

use dataprep::expr::{Expr, Path, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match parse(text) {
        Ok(expression) => {
            let printed = expression.to_string();
            match parse(&printed) {
                Ok(again) => assert_eq!(shape(&again), shape(&expression), "printed: {printed}"),
                Err(error) => panic!("printed: {printed}\n{error}"),
            }
        }
        Err(error) => {
            assert!(text.is_char_boundary(error.position));
            let _ = error.caret(text);
        }
    }
    if let Ok(path) = Path::parse(text) {
        assert_eq!(Path::parse(&path.to_string()).as_ref(), Ok(&path));
    }
});

/// The tree without the places of its parts.
fn shape(expression: &Expr) -> String {
    let tree = format!("{expression:?}");
    let mut parts = tree.split("Span {");
    let mut shape = parts.next().unwrap_or_default().to_owned();
    parts.filter_map(|part| part.split_once('}')).for_each(|(_, rest)| shape.push_str(rest));
    shape
}
