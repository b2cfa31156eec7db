//! What a person (or a program, with `--json`) sees of a sync. Nothing here ever holds a key.

mod live;
mod table;

pub use live::{Bars, Lines, Silent};
pub use table::summary_table;
