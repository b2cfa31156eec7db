//! What Profile takes of the batches of a sandbox.

use std::collections::BTreeMap;

use xdm::check::{MAX_EVENT, MAX_RECORD};

/// Batches of Profile-enabled datasets that a sandbox takes well in a day.
pub const PROFILE_BATCHES_A_DAY: u32 = 90;

const DAY: u64 = 86_400_000;

/// What came to Profile, and what it dropped without a word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileIntake {
    /// Batches by day since 1970.
    pub batches: BTreeMap<u64, u32>,
    /// Rows that arrived.
    pub rows: u64,
    /// Events above 10,000 bytes.
    pub events_dropped: u64,
    /// Other records above 100,000 bytes.
    pub records_dropped: u64,
}

impl ProfileIntake {
    /// How many batches were more than a day's worth, over all days.
    pub fn batches_over(&self) -> u32 {
        self.batches.values().map(|count| count.saturating_sub(PROFILE_BATCHES_A_DAY)).sum()
    }

    pub(super) fn batch(&mut self, now: u64) {
        *self.batches.entry(now / DAY).or_default() += 1;
    }

    pub(super) fn row(&mut self, is_event: bool, bytes: usize) {
        match is_event {
            true if bytes > MAX_EVENT => self.events_dropped += 1,
            false if bytes > MAX_RECORD => self.records_dropped += 1,
            _ => self.rows += 1,
        }
    }
}
