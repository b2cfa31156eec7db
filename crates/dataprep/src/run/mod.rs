//! What happens for each record: one pass over its text, then its output written in order.

pub(crate) mod budget;
pub(crate) mod capture;
pub(crate) mod clock;
pub(crate) mod compare;
pub(crate) mod copy;
pub(crate) mod emit;
pub(crate) mod eval;
pub(crate) mod names;
pub(crate) mod operators;
pub(crate) mod source;
pub(crate) mod whole;
pub(crate) mod write;
