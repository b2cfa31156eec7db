//! Functions on user-agent texts.

use super::Function;

pub(super) static FUNCTIONS: &[Function] = &[];
