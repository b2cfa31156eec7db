//! The library as its callers have it, one file a subject. They are one program, because each would be linked with
//! the whole engine by itself.

mod adobe;
mod config;
mod delivery;
mod flows;
mod incremental;
mod input;
mod ledger;
mod module;
mod outbox;
mod parquet;
mod preview;
mod ranges;
mod serve;
mod streaming;
mod sync;
mod verify;
