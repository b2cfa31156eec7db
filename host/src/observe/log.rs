//! The log on standard error.

use super::Filter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// Begins to log, once in a process.
pub fn log(filter: &Filter, json: bool) {
    let targets = filter.targets();
    let registry = tracing_subscriber::registry();
    if json {
        // Who reads the log as JSON reads nothing else on standard error.
        crate::report::tell_json_lines();
    }
    let begun = if json {
        let layer = fmt::layer().json().flatten_event(true).with_writer(std::io::stderr);
        registry.with(layer.with_filter(targets)).try_init()
    } else {
        let layer = fmt::layer().with_writer(std::io::stderr);
        registry.with(layer.with_filter(targets)).try_init()
    };
    // Someone else in the process logs already: a test. Theirs stays.
    drop(begun);
}
