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
mod json;
mod live;
mod named;
mod proof;
mod status;
mod table;
mod verified;
mod words;

pub use accounts::accounts_table;
pub use bar::bar;
pub use columns::columns;
pub use json::{compact, pretty};
pub use live::{Bars, Lines, Silent};
pub use named::Named;
pub use status::status_text;
pub use table::summary_table;
pub use verified::verified_text;
pub use words::{count, counted, day, duration, moment, span};

/// Behind `tell!`.
pub fn tell_line(line: std::fmt::Arguments<'_>) {
    use std::io::Write;
    let _unread = writeln!(std::io::stderr().lock(), "{line}");
}
