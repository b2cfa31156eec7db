//! What can be seen of a program at work: a log on standard error, and numbers for Prometheus. Neither ever holds
//! a secret or a value of an object.

mod filter;
mod log;
mod metrics;
mod serve;
mod watch;

pub use filter::Filter;
pub use log::log;
pub use metrics::Metrics;
pub use serve::{ListenAddress, Served};
pub use watch::Counted;
