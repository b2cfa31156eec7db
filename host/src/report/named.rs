//! Several accounts before one watcher: each walk by its account's name.

use crate::sync::{SharedWatch, Watch};

/// A watcher of one account among several.
pub struct Named {
    /// The account's name.
    pub account: String,
    /// The watcher of all.
    pub next: SharedWatch,
}

impl std::fmt::Debug for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Named").field("account", &self.account).finish_non_exhaustive()
    }
}

impl Named {
    fn name(&self, pass: &str) -> String {
        format!("{}: {pass}", self.account)
    }
}

impl Watch for Named {
    fn begun(&self, pass: &str, already: u64) {
        self.next.begun(&self.name(pass), already);
    }

    fn advanced(&self, pass: &str, objects: u64, records: u64) {
        self.next.advanced(&self.name(pass), objects, records);
    }

    fn kept_back(&self, pass: &str, entries: u64) {
        self.next.kept_back(&self.name(pass), entries);
    }

    fn ended(&self, pass: &str, error: Option<&str>) {
        self.next.ended(&self.name(pass), error);
    }

    fn notice(&self, text: &str) {
        self.next.notice(&format!("{}: {text}", self.account));
    }
}
