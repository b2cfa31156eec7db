//! Counts what a sync tells its watcher, and passes it on.

use super::Metrics;
use crate::sync::Watch;
use std::sync::Arc;

/// A watcher that counts.
pub struct Counted {
    /// The account, as the numbers name it.
    pub account: String,
    /// Where the numbers are.
    pub metrics: Arc<Metrics>,
    /// Who else watches.
    pub next: Arc<dyn Watch>,
}

impl std::fmt::Debug for Counted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Counted").field("account", &self.account).finish_non_exhaustive()
    }
}

/// `prices (active)` is a walk over prices.
fn resource(pass: &str) -> &str {
    pass.split(' ').next().unwrap_or(pass)
}

impl Watch for Counted {
    fn begun(&self, pass: &str, already: u64) {
        self.next.begun(pass, already);
    }

    fn advanced(&self, pass: &str, objects: u64, records: u64) {
        self.metrics.delivered(&self.account, resource(pass), objects, records);
        self.next.advanced(pass, objects, records);
    }

    fn kept_back(&self, pass: &str, entries: u64) {
        self.metrics.kept_back(&self.account, resource(pass), entries);
        self.next.kept_back(pass, entries);
    }

    fn ended(&self, pass: &str, error: Option<&str>) {
        if error.is_some() {
            self.metrics.failed(&self.account, resource(pass));
        }
        self.next.ended(pass, error);
    }

    fn notice(&self, text: &str) {
        self.next.notice(text);
    }
}
