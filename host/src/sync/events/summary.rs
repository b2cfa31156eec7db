//! What became of the Events of a run.

use serde::Serialize;
use std::collections::BTreeMap;

/// What became of the Events of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct EventsSummary {
    /// The earliest time that was asked for, in epoch seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<i64>,
    /// The first time that was left to the next run, in epoch seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<i64>,
    /// Events read, overlap and all.
    pub read: u64,
    /// Events that led to new records.
    pub applied: u64,
    /// Events whose records the lake already had.
    pub unchanged: u64,
    /// Events older than what the lake has.
    pub superseded: u64,
    /// Events whose records were kept back, or could not be made.
    pub kept_back: u64,
    /// Objects that were read anew by their ids.
    pub read_anew: u64,
    /// Events that were passed over, by reason.
    pub ignored: BTreeMap<String, u64>,
}

impl EventsSummary {
    pub(in crate::sync) fn ignore(&mut self, why: &str, count: u64) {
        if count > 0 {
            *self.ignored.entry(why.to_owned()).or_default() += count;
        }
    }
}
