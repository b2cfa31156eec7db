//! The platform's behaviour over HTTP, rule by rule.

mod batch_rows;
mod batches;
mod catalog;
mod client;
mod descriptors;
mod evolution;
mod failures;
mod gateway;
mod lake;
mod lists;
mod namespaces;
mod profile;
mod resources;
mod standard;
