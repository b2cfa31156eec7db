//! What a person (or a program, with `--json`) sees. Nothing here ever holds a key.

/// Prints a line on standard error, as `eprintln!` does, but that nobody reads it is no error: a sync goes
/// on when the `head` behind it has enough.
#[macro_export]
macro_rules! tell {
    ($($words:tt)*) => { $crate::report::tell_line(format_args!($($words)*)) };
}

mod accounts;
mod bar;
mod columns;
mod delivery;
mod json;
mod live;
mod named;
mod proof;
mod status;
mod table;
mod verified;
mod words;

use std::sync::atomic::{AtomicBool, Ordering};

pub use accounts::accounts_table;
pub use bar::bar;
pub use columns::columns;
pub use delivery::{delivered_words, delivery_text};
pub use json::{compact, pretty};
pub use live::{Bars, Lines, Silent};
pub use named::Named;
pub use status::status_text;
pub use table::summary_table;
pub use verified::verified_text;
pub use words::{count, counted, day, duration, moment, span};

/// Whether what is told must be JSON, as the log is.
static JSON: AtomicBool = AtomicBool::new(false);

/// From now on each thing that is told is a line of JSON.
pub fn tell_json_lines() {
    JSON.store(true, Ordering::Relaxed);
}

/// Behind `tell!`.
pub fn tell_line(line: std::fmt::Arguments<'_>) {
    use std::io::Write;
    let line = line.to_string();
    let line = if JSON.load(Ordering::Relaxed) { as_log_line(line) } else { line };
    let _unread = writeln!(std::io::stderr().lock(), "{line}");
}

/// The line as the log would have it; an event is JSON already.
fn as_log_line(line: String) -> String {
    if serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&line).is_ok() {
        return line;
    }
    let words = [("error: ", "ERROR"), ("warning: ", "WARN")];
    let found = words.iter().find_map(|(word, level)| Some((line.strip_prefix(word)?, *level)));
    let (message, level) = found.unwrap_or((&line, "INFO"));
    let timestamp = jiff::Timestamp::now().to_string();
    serde_json::json!({ "timestamp": timestamp, "level": level, "message": message }).to_string()
}

#[cfg(test)]
mod tests {
    use super::as_log_line;
    use serde_json::Value;

    #[test]
    fn what_is_told_can_be_a_line_of_json() {
        let read = |line: &str| serde_json::from_str::<Value>(&as_log_line(line.to_owned())).unwrap();
        let error = read("error: two\nlines");
        assert_eq!((&error["level"], &error["message"]), (&"ERROR".into(), &"two\nlines".into()));
        assert_eq!(read("waits")["level"], "INFO");
        assert_eq!(as_log_line(r#"{"event":"done"}"#.to_owned()), r#"{"event":"done"}"#);
    }
}
