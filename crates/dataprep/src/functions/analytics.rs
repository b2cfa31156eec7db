//! Functions on the texts that Adobe Analytics keeps events and products in.

use super::Function;

pub(super) static FUNCTIONS: &[Function] = &[];
