//! From documents to what runs: mappings parsed, paths and names resolved, the output tree drawn up.
//!
//! Nothing here runs for a record.

pub(crate) mod build;
pub(crate) mod draft;
pub(crate) mod fits;
pub(crate) mod nulls;
pub(crate) mod parsed;
pub(crate) mod reads;
pub(crate) mod resolve;
pub(crate) mod takes;
