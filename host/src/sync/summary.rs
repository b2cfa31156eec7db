//! What a run did and what it proves: shown at its end and kept in the lake as `_runs/<run>.json`.

use super::events::EventsSummary;
use super::heal::HealSummary;
use crate::ledger::{Tally, Unit};
use crate::module::{Batch, Fate, Module, ObjectResult};
use serde::Serialize;
use std::collections::BTreeMap;

/// Most distinct unmapped paths that are counted apart; metadata keys can be without number.
const MAX_PATHS: usize = 5_000;

/// A run's result.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    /// The run's name, also of its files.
    pub run: String,
    /// The Stripe account.
    pub account: String,
    /// Whether it is real money.
    pub livemode: bool,
    /// First creation time that the run left to the next one, in epoch seconds.
    pub upper_bound: i64,
    /// SHA-256 of the module.
    pub module_sha256: String,
    /// The Stripe API version asked for.
    pub api_version: String,
    /// How long the run took.
    pub seconds: f64,
    /// Whether the run was stopped from outside.
    pub interrupted: bool,
    /// Per resource.
    pub resources: BTreeMap<String, ResourceSummary>,
    /// What was walked to its end, or how far.
    pub units: Vec<UnitProof>,
    /// What became of the Events since the last run.
    pub events: EventsSummary,
    /// What was listed or looked up once more.
    pub healed: HealSummary,
    /// What stands in the way of following every change and of reading objects whole, and what is done about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
    /// What the quarantine holds at the end, of this run and of earlier ones: entries per dataset, objects
    /// that could not be converted under `_objects`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub quarantine: BTreeMap<String, u64>,
    /// Where the failed objects are listed, when there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors_file: Option<String>,
}

/// One resource's part of a [`Summary`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ResourceSummary {
    /// Objects seen.
    pub objects: u64,
    /// Records written, per dataset.
    pub records: BTreeMap<String, u64>,
    /// Records kept back because they are not what their schema says, per dataset.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub quarantined: BTreeMap<String, u64>,
    /// Records that the lake already had.
    pub unchanged: u64,
    /// Records left out because the lake has ones that were made from something newer.
    #[serde(skip_serializing_if = "is_zero")]
    pub superseded: u64,
    /// Objects that no model covers.
    pub skipped: u64,
    /// Objects that could not be converted.
    pub failed: u64,
    /// Warnings by code.
    pub warnings: BTreeMap<String, u64>,
    /// Source paths that no mapping reads, with the number of objects that have them.
    pub unmapped: BTreeMap<String, u64>,
    /// Metadata entries left out to keep records below the size limit.
    pub shed: u64,
    /// Why the resource was left before its end, or its objects lack parts.
    pub errors: Vec<String>,
    /// Whether one of the errors is that the key may not read parts of the objects, which are delivered all the same.
    #[serde(skip)]
    pub lacks_parts: bool,
}

/// What a stretch of a list showed, over all runs that walked it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnitProof {
    /// The resource.
    pub resource: String,
    /// The walk within the resource.
    pub pass: String,
    /// Earliest creation time; absent is the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gte: Option<i64>,
    /// First creation time that no longer belongs to it.
    pub lt: i64,
    /// Whether it was walked to its end.
    pub complete: bool,
    /// The ranges that it was walked in.
    pub ranges: u64,
    /// Pages read.
    pub pages: u64,
    /// Objects seen, each once.
    pub objects: u64,
    /// Records written.
    pub records: u64,
    /// Sum modulo 2^128 of the first halves of the SHA-256 of the ids, in hex.
    pub id_hash: String,
}

/// What the units prove, those that touch taken together.
pub(super) fn proofs(mut units: Vec<(&Unit, bool)>) -> Vec<UnitProof> {
    units.sort_by_key(|(unit, _)| (&unit.resource, &unit.pass, unit.lt, unit.gte, unit.id));
    let mut proofs: Vec<(UnitProof, Tally)> = Vec::new();
    for (unit, complete) in units {
        match proofs.last_mut() {
            Some((last, tally))
                if last.complete == complete
                    && (&last.resource, &last.pass, Some(last.lt))
                        == (&unit.resource, &unit.pass, unit.gte) =>
            {
                last.lt = unit.lt;
                last.ranges += 1;
                tally.add(&unit.tally);
            }
            _ => proofs.push((UnitProof::new(unit, complete), unit.tally)),
        }
    }
    let summed = |(proof, tally): (UnitProof, Tally)| UnitProof {
        pages: tally.pages,
        objects: tally.objects,
        records: tally.records,
        id_hash: format!("{:032x}", tally.id_hash),
        ..proof
    };
    proofs.into_iter().map(summed).collect()
}

impl UnitProof {
    fn new(unit: &Unit, complete: bool) -> Self {
        Self {
            resource: unit.resource.clone(),
            pass: unit.pass.clone(),
            gte: unit.gte,
            lt: unit.lt,
            complete,
            ranges: 1,
            pages: 0,
            objects: 0,
            records: 0,
            id_hash: String::new(),
        }
    }
}

impl Summary {
    pub(super) fn new(
        run: i64,
        account: &str,
        livemode: bool,
        now: i64,
        module: &Module,
        version: &str,
    ) -> Self {
        let time = jiff::Timestamp::from_second(now).unwrap_or_default();
        Self {
            run: format!("{}-{run:06}", time.strftime("%Y-%m-%dT%H-%M-%SZ")),
            account: account.to_owned(),
            livemode,
            upper_bound: now,
            module_sha256: module.sha256().to_owned(),
            api_version: version.to_owned(),
            ..Self::default()
        }
    }

    /// 0 all well, 2 some failed or were kept back, 1 nothing could be done.
    pub fn exit_code(&self) -> u8 {
        let broken = self.resources.values().filter(|r| r.was_left()).count();
        let lacks_parts = self.resources.values().any(|r| r.lacks_parts);
        let failed: u64 = self.resources.values().map(|r| r.failed + r.held_back()).sum();
        match () {
            () if self.interrupted || (broken > 0 && broken == self.resources.len()) => 1,
            () if broken > 0 || failed > 0 || lacks_parts => 2,
            () => 0,
        }
    }
}

impl ResourceSummary {
    /// Counts one object; those that a list showed among the resource's objects.
    pub(super) fn count(&mut self, object: &ObjectResult, of_list: bool) {
        self.objects += u64::from(of_list);
        match &object.fate {
            Fate::Skipped(_) => self.skipped += 1,
            Fate::Failed(_) => self.failed += 1,
            Fate::Done(report) => {
                self.shed += u64::from(report.shed);
                for warning in &report.warnings {
                    bump(&mut self.warnings, &warning.code);
                }
                for path in &report.unmapped {
                    bump(&mut self.unmapped, path);
                }
            }
        }
    }

    /// Counts a record that was written.
    pub(super) fn wrote(&mut self, dataset: &str) {
        bump(&mut self.records, dataset);
    }
}

impl ResourceSummary {
    /// Counts a record that was kept back.
    pub(super) fn kept_back(&mut self, dataset: &str) {
        bump(&mut self.quarantined, dataset);
    }

    /// Whether it was left before its end.
    pub fn was_left(&self) -> bool {
        self.errors.len() > usize::from(self.lacks_parts)
    }

    /// Records kept back, over all datasets.
    pub fn held_back(&self) -> u64 {
        self.quarantined.values().sum()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn bump(counts: &mut BTreeMap<String, u64>, key: &str) {
    if let Some(count) = counts.get_mut(key) {
        *count += 1;
    } else {
        let key = if counts.len() < MAX_PATHS { key } else { "(others)" };
        *counts.entry(key.to_owned()).or_default() += 1;
    }
}

/// The errors of a batch, as lines for `_errors`: never the object itself.
pub(super) fn error_lines(
    batch: &Batch,
    ids: impl Iterator<Item = impl AsRef<str>>,
    object: &str,
) -> Vec<u8> {
    let mut lines = Vec::new();
    for (result, id) in batch.objects().iter().zip(ids) {
        if let Fate::Failed(error) = &result.fate {
            let mut error = error.clone();
            error.id.get_or_insert_with(|| id.as_ref().to_owned());
            error.object.get_or_insert_with(|| object.to_owned());
            lines.extend_from_slice(&serde_json::to_vec(&error).unwrap_or_default());
            lines.push(b'\n');
        }
    }
    lines
}
