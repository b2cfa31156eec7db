//! Type conversions and JSON.

use super::Function;

pub(super) static FUNCTIONS: &[Function] = &[];
