//! Functions on URLs.

use super::Function;

pub(super) static FUNCTIONS: &[Function] = &[];
