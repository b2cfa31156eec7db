//! Functions that match regular expressions.

use super::Function;

pub(super) static FUNCTIONS: &[Function] = &[];
