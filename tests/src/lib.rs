//! What the end-to-end tests and the benchmark share: where the built things lie, what is fed to them,
//! and the runtimes that must agree.

pub mod adobe;
pub mod built;
pub mod corpus;
pub mod expressions;
pub mod foreign;
pub mod framing;
pub mod fuel;
pub mod lake;
pub mod leaves;
pub mod native;
pub mod node;
pub mod program;
pub mod stand_in;
pub mod webhooks;
