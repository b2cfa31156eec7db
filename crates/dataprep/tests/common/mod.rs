//! One expression over one record: what most of these tests do.

use dataprep::functions::Clock;
use dataprep::{CompileOptions, Evaluated, Expression};

/// The time that expressions are run at.
const NOW: &str = "2021-10-26T10:10:24.5Z";

/// What an expression gives, or why it gives nothing; `compile: …` when that is known before it runs.
pub(crate) fn run(expression: &str, record: &str) -> Result<Evaluated, String> {
    let mut clock = Clock::new(NOW.parse().ok(), 0);
    let compiled = Expression::compile(expression, CompileOptions::default())
        .map_err(|error| format!("compile: {}", error.message))?;
    compiled.eval(record, &mut clock).map_err(|error| error.to_string())
}

/// Each expression gives the JSON beside it.
#[allow(dead_code)]
#[track_caller]
pub(crate) fn gives(record: &str, table: &[(&str, &str)]) {
    for (expression, wanted) in table {
        let found = run(expression, record).map(|found| found.json);
        assert_eq!(found.as_deref(), Ok(*wanted), "{expression}");
    }
}

/// Each expression fails, when compiled or when run, with the words beside it.
#[allow(dead_code)]
#[track_caller]
pub(crate) fn fails(record: &str, table: &[(&str, &str)]) {
    for (expression, words) in table {
        match run(expression, record) {
            Err(message) => assert!(message.contains(words), "{expression}: {message}"),
            Ok(found) => panic!("{expression} gives {}", found.json),
        }
    }
}
