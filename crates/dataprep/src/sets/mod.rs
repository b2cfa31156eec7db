//! Mapping sets and schemas as documents, before they are compiled.

pub(crate) mod layer;
pub(crate) mod mapping_set;
pub(crate) mod relocate;
pub(crate) mod schema;
