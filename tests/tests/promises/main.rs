//! One file a promise. They are one program, because each would be linked with the whole engine by itself.

mod accounts;
mod adversary;
mod config_cli;
mod delivery;
mod expressions;
mod flow_cli;
mod foreign;
mod fuel;
mod golden;
mod independent;
mod kills;
mod mapping_cli;
mod operations;
mod parity;
mod parquet;
mod privacy_cli;
mod quarantine;
mod relational_cli;
mod resume;
mod schema_apply;
mod schema_show;
mod serve;
mod signatures;
mod sync_limits;
mod transform_cli;
mod webhook;
