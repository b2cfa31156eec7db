//! Questions about mapping sets and their answers, in the shape of Adobe's API where it has one.

pub(crate) mod diff;
pub(crate) mod explain;
pub mod listing;
pub(crate) mod preview;
pub(crate) mod sample;
pub(crate) mod validate;
pub(crate) mod violations;
