//! The platform's behaviour over HTTP, rule by rule.

mod batch_rows;
mod batches;
mod catalog;
mod client;
mod descriptors;
mod evolution;
mod failures;
mod flows;
mod gateway;
mod lake;
mod lists;
mod mapping_sets;
mod namespaces;
mod parquet;
mod profile;
mod provision;
mod resources;
mod runs;
mod standard;
mod streaming;
mod upserts;
