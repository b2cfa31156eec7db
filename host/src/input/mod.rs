//! Reading Stripe objects from any stream of JSON: lines, arrays, list pages, pretty-printed values one
//! after another.

mod scan;
mod splitter;

pub use splitter::{BadInput, Piece, Splitter};
