//! What a person (or a program, with `--json`) sees. Nothing here ever holds a key.

mod columns;
mod json;
mod live;
mod table;

pub use columns::columns;
pub use json::pretty;
pub use live::{Bars, Lines, Silent};
pub use table::summary_table;
