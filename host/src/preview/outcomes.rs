//! What becomes of many objects, counted by kind and word, under the mapping of the settings and under another one.

use crate::module::{Batch, Fate, ObjectResult};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Most words that are told apart: paths of metadata may be without end.
const MOST: usize = 500;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// No record.
    Error,
    /// A record that is not what its schema says.
    Invalid,
    /// A record all the same.
    Warning,
    /// No model covers it.
    Skipped,
    /// A value that no mapping reads.
    Unmapped,
}

/// Under which mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
}

#[derive(Debug, Serialize)]
struct Tally {
    kind: Kind,
    code: String,
    /// How many objects, under the mapping of the settings.
    before: u64,
    /// How many, under the other one.
    after: u64,
    /// The first of them; of those under the other mapping, when there is one.
    first: First,
    #[serde(skip)]
    first_is_after: bool,
}

#[derive(Debug, Serialize)]
struct First {
    id: String,
    message: String,
}

/// The tallies as they are told.
#[derive(Debug, Serialize)]
pub(super) struct Counted<'a> {
    records: Records,
    outcomes: Vec<&'a Tally>,
    others: u64,
}

/// Records that are what their schemas say.
#[derive(Debug, Serialize)]
struct Records {
    before: u64,
    after: u64,
}

/// All tallies.
#[derive(Debug, Default)]
pub(super) struct Outcomes {
    tallies: BTreeMap<(Kind, String), Tally>,
    /// How many did not fit.
    others: u64,
    records: [u64; 2],
}

impl Outcomes {
    /// Counts what became of an object.
    pub(super) fn note(&mut self, side: Side, id: &str, result: &ObjectResult, batch: &Batch) {
        self.records[side as usize] +=
            batch.records(result).iter().filter(|record| record.valid).count() as u64;
        match &result.fate {
            Fate::Failed(error) => self.count(side, id, Kind::Error, &error.code, &error.message),
            Fate::Skipped(kind) => {
                self.count(side, id, Kind::Skipped, kind, &format!("no model covers {kind}"));
            }
            Fate::Done(report) => {
                let invalid =
                    report.invalid.iter().map(|each| (Kind::Invalid, &each.rule, each.message.clone()));
                let warnings = report.warnings.iter();
                let warnings = warnings.map(|each| (Kind::Warning, &each.code, each.message.clone()));
                let unmapped = report.unmapped.iter();
                let unmapped =
                    unmapped.map(|path| (Kind::Unmapped, path, format!("no mapping reads {path}")));
                // An object counts once for a word, however often it has earned it.
                let mut words = BTreeMap::new();
                for (kind, code, message) in invalid.chain(warnings).chain(unmapped) {
                    words.entry((kind, code)).or_insert(message);
                }
                for ((kind, code), message) in words {
                    self.count(side, id, kind, code, &message);
                }
            }
        }
    }

    fn count(&mut self, side: Side, id: &str, kind: Kind, code: &str, message: &str) {
        let key = (kind, code.to_owned());
        if self.tallies.len() >= MOST && !self.tallies.contains_key(&key) {
            self.others += 1;
            return;
        }
        let first = || First { id: id.to_owned(), message: message.to_owned() };
        let tally = self.tallies.entry(key).or_insert_with(|| Tally {
            kind,
            code: code.to_owned(),
            before: 0,
            after: 0,
            first: first(),
            first_is_after: side == Side::After,
        });
        match side {
            Side::Before => tally.before += 1,
            Side::After => {
                tally.after += 1;
                if !std::mem::replace(&mut tally.first_is_after, true) {
                    tally.first = first();
                }
            }
        }
    }

    /// What was counted, the gravest first.
    pub(super) fn told(&self) -> Counted<'_> {
        let mut outcomes: Vec<&Tally> = self.tallies.values().collect();
        outcomes.sort_by_key(|tally| (tally.kind, Reverse(tally.after.max(tally.before))));
        let [before, after] = self.records;
        Counted { records: Records { before, after }, outcomes, others: self.others }
    }
}
