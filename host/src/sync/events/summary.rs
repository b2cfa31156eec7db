//! What became of the Events of a run.

use crate::sync::deliver::Taken;
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
    /// Counts an Event by what became of its records.
    pub(in crate::sync) fn became(&mut self, records: &[Taken], failed: bool) {
        let any = |what: Taken| records.contains(&what);
        match () {
            () if failed || any(Taken::Quarantined) => self.kept_back += 1,
            () if any(Taken::Written) => self.applied += 1,
            () if any(Taken::Superseded) => self.superseded += 1,
            () => self.unchanged += 1,
        }
    }

    /// Adds what the reading counted to what the delivery did.
    pub(in crate::sync) fn add(&mut self, read: &Self) {
        let Self { from, to, read, applied, unchanged, superseded, kept_back, read_anew, ignored } = read;
        (self.from, self.to) = (self.from.or(*from), self.to.or(*to));
        self.read += read;
        self.applied += applied;
        self.unchanged += unchanged;
        self.superseded += superseded;
        self.kept_back += kept_back;
        self.read_anew += read_anew;
        for (why, count) in ignored {
            self.ignore(why, *count);
        }
    }

    /// Counts Events that were passed over.
    pub(in crate::sync) fn ignore(&mut self, why: &str, count: u64) {
        if count > 0 {
            *self.ignored.entry(why.to_owned()).or_default() += count;
        }
    }
}
