//! Once more over what was kept back: its objects through the module with the present settings, and what is
//! well now into the lake, once. Ended at any instant, it can be run again.

use super::deliver::{Deliverer, From, Run, Taken};
use super::summary::Summary;
use super::{Settings, SharedLedger, SyncError, digest, lock, pin_salt, pin_tenant, settings};
use crate::lake::Lake;
use crate::ledger::{Ledger, Quarantined, SqliteLedger, Version};
use crate::module::{Batch, Fate, Module, ObjectResult, RecordKind, Worker};
use crate::quarantine::{About, Kind, OBJECTS, Origin, Reason, Surroundings, show};
use crate::report::Silent;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// What a retry is asked to do. Not to be printed: the settings hold the salt of a privacy policy.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "it holds a secret")]
pub struct RetryConfig {
    /// The directory with the quarantine.
    pub lake: PathBuf,
    /// The settings for the module, without account, mode and version: those are kept with each entry.
    pub settings: Settings,
    /// Now, in epoch seconds.
    pub now: i64,
}

/// What a retry did. Everything is counted per dataset, objects that could not be converted as `_objects`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Retried {
    /// The run's name; empty when there was nothing to try.
    pub run: String,
    /// SHA-256 of the module.
    pub module_sha256: String,
    /// Entries looked at.
    pub tried: BTreeMap<String, u64>,
    /// Entries that are settled: what was wrong with them is not any more.
    pub mended: BTreeMap<String, u64>,
    /// Entries that are settled because the lake has the same or something newer.
    pub superseded: BTreeMap<String, u64>,
    /// Records written.
    pub delivered: BTreeMap<String, u64>,
    /// What the quarantine holds now.
    pub quarantine: BTreeMap<String, u64>,
}

/// What became of an entry.
enum End {
    Mended,
    Superseded,
    Stays,
}

/// Tries all entries of a lake's quarantine again.
pub fn retry(module: &Module, config: &RetryConfig) -> Result<Retried, SyncError> {
    let lake = Lake::open(&config.lake)?;
    let mut ledger = SqliteLedger::open(&lake.ledger_path())?;
    pin_tenant(&mut ledger, &config.settings)?;
    lake.clean(&mut ledger)?;
    let mut held = ledger.quarantine_counts()?;
    // Objects first: what they yield may be kept back again, and then goes behind what is tried now.
    held.sort_by_key(|(dataset, ..)| dataset != OBJECTS);
    let first = match held.first() {
        Some((dataset, ..)) => ledger.next_quarantined(dataset, 0)?,
        None => None,
    };
    let surroundings = first.as_ref().map(about).transpose()?.map(|about| about.call).unwrap_or_default();
    // Refused settings are told before anything is changed, also when nothing is there to be tried.
    let worker = Opened::new(module, &config.settings, surroundings.clone())?;
    pin_salt(&mut ledger, &config.settings)?;
    let module_sha256 = module.sha256().to_owned();
    if first.is_none() {
        show(&lake, &mut ledger)?;
        return Ok(Retried { module_sha256, ..Retried::default() });
    }
    let account = surroundings.account.clone().unwrap_or_default();
    let livemode = surroundings.livemode.unwrap_or_default();
    let number = ledger.account(&account, livemode)?;
    let run = ledger.begin_run(number, config.now, module.sha256())?;
    let version = surroundings.api_version.clone().unwrap_or_default();
    let summary = Summary::new(run, &account, livemode, config.now, module, &version);
    let open_lists = ledger.open_lists(number)?;
    let ledger: SharedLedger = Arc::new(Mutex::new(ledger));
    let watch = Arc::new(Silent);
    let name = Run { account: number, name: &account, number: run };
    let lake = Arc::new(lake);
    let mut deliverer =
        Deliverer::new(lake, ledger.clone(), module.clone(), &name, surroundings, summary, watch);
    deliverer.open_lists = open_lists;
    let done = Retried { run: deliverer.summary.run.clone(), module_sha256, ..Retried::default() };
    let mut retry = Retry { deliverer, ledger, module, settings: &config.settings, worker, done };
    for (dataset, _, last) in held {
        retry.dataset(&dataset, last)?;
    }
    retry.deliverer.commit()?;
    retry.close()
}

fn about(entry: &Quarantined) -> Result<About, SyncError> {
    About::of(entry)
        .map_err(|error| SyncError::System(format!("an entry of the quarantine is damaged: {error}")))
}

struct Retry<'a> {
    deliverer: Deliverer,
    ledger: SharedLedger,
    module: &'a Module,
    settings: &'a Settings,
    worker: Opened,
    done: Retried,
}

/// A worker, and what it was opened with besides the settings of the mapping.
struct Opened {
    worker: Worker,
    with: Surroundings,
}

impl Opened {
    fn new(module: &Module, mapping: &Settings, with: Surroundings) -> Result<Self, SyncError> {
        Ok(Self { worker: Worker::open(module, &settings(mapping, &with))?, with })
    }
}

impl Retry<'_> {
    /// Tries the entries of a dataset up to number `last`.
    fn dataset(&mut self, dataset: &str, last: i64) -> Result<(), SyncError> {
        let mut after = 0;
        loop {
            let next = lock(&self.ledger).next_quarantined(dataset, after)?;
            let Some(entry) = next.filter(|entry| entry.number <= last) else { return Ok(()) };
            after = entry.number;
            let end = self.entry(&entry)?;
            let counts = match end {
                End::Mended => Some(&mut self.done.mended),
                End::Superseded => Some(&mut self.done.superseded),
                End::Stays => None,
            };
            for counts in counts.into_iter().chain([&mut self.done.tried]) {
                *counts.entry(dataset.to_owned()).or_default() += 1;
            }
            if self.deliverer.open.is_full() {
                self.deliverer.commit()?;
            }
        }
    }

    fn entry(&mut self, entry: &Quarantined) -> Result<End, SyncError> {
        let about = about(entry)?;
        if lock(&self.ledger).delivered_after(&entry.dataset, &entry.id, entry.seen)? {
            self.release(entry);
            return Ok(End::Superseded);
        }
        // Experience Platform refused it: its object is not here. It is not noted as delivered any more, so the
        // list that shows its object next delivers it, and settles this.
        if entry.source.is_empty() && about.kind != Kind::Object {
            return Ok(End::Stays);
        }
        let same = |with: &Surroundings| {
            (&with.account, with.livemode, &with.api_version)
                == (&about.call.account, about.call.livemode, &about.call.api_version)
        };
        if !same(&self.worker.with) {
            self.worker = Opened::new(self.module, self.settings, about.call.clone())?;
        }
        let batch = self.worker.worker.transform(&about.call.call(), &[&entry.source])?;
        let Some(result) = batch.objects().first() else {
            return Err(SyncError::Record("an object without a result".to_owned()));
        };
        let run = self.done.run.clone();
        let origin = Origin {
            text: &entry.source,
            resource: &about.resource,
            object: about.object.as_deref(),
            run: &run,
            module_sha256: self.module.sha256(),
            surroundings: &about.call,
        };
        let from = From {
            resource: "quarantine",
            version: Version::of_page(about.call.observed_at.unwrap_or_default()),
            digest: digest::of_json(&entry.source),
        };
        let refusal = match &result.fate {
            Fate::Done(_) => None,
            Fate::Failed(error) if about.kind == Kind::Object => {
                self.deliverer.open.keep(origin.failed(entry.id, error));
                return Ok(End::Stays);
            }
            Fate::Failed(error) => Some((error.code.clone(), error.message.clone())),
            Fate::Skipped(kind) => {
                Some(("skipped".to_owned(), format!("no model covers objects of type {kind}")))
            }
        };
        if let Some((rule, message)) = refusal {
            self.stay(entry, about, Reason::new(&rule, &message));
            return Ok(End::Stays);
        }
        if about.kind == Kind::Object {
            self.deliverer.records(&from, &origin, result, &batch)?;
            self.release(entry);
            return Ok(End::Mended);
        }
        let Some(number) = self.place(entry, &about, result, &batch) else {
            let message =
                "the present mapping makes no such record of the object; map its dataset and _id as before";
            self.stay(entry, about, Reason::new("no_record", message));
            return Ok(End::Stays);
        };
        let before = self.deliverer.open.commit.quarantined.len();
        let taken = self.deliverer.record(&from, &origin, result, &batch, number)?;
        let kept = &self.deliverer.open.commit.quarantined;
        match (taken, kept.get(before)) {
            // A record whose _id has changed, or that had none, is another entry now.
            (Taken::Quarantined, Some(now)) if (&now.dataset, now.id) != (&entry.dataset, entry.id) => {
                self.release(entry);
                Ok(End::Stays)
            }
            (Taken::Quarantined, _) => Ok(End::Stays),
            (Taken::Unchanged | Taken::Superseded, _) => {
                self.release(entry);
                Ok(End::Superseded)
            }
            (Taken::Written | Taken::Waiting, _) => {
                self.release(entry);
                Ok(End::Mended)
            }
        }
    }

    /// Which of the object's records the entry is about: the one with its `_id`; for the record of the object
    /// itself the same, though a mended mapping may have given it an `_id`, or another one.
    fn place(
        &self,
        entry: &Quarantined,
        about: &About,
        result: &ObjectResult,
        batch: &Batch,
    ) -> Option<usize> {
        let records = batch.records(result);
        let of_dataset = |number: &usize| self.module.dataset(records[*number].dataset) == entry.dataset;
        let mut numbers = (0..records.len()).filter(of_dataset);
        let same =
            numbers.clone().find(|n| crate::ledger::record_id(batch.bytes(&records[*n])) == Some(entry.id));
        let own = |n: &usize| about.kind == Kind::Record && records[*n].kind == RecordKind::Main;
        same.or_else(|| numbers.find(own))
    }

    /// The entry stays, for this reason.
    fn stay(&mut self, entry: &Quarantined, about: About, reason: Reason) {
        let module_sha256 = self.module.sha256().to_owned();
        let about = About { reasons: vec![reason], run: self.done.run.clone(), module_sha256, ..about };
        self.deliverer.open.keep(Quarantined { about: about.json(), ..entry.clone() });
    }

    fn release(&mut self, entry: &Quarantined) {
        self.deliverer.open.commit.released.push((entry.dataset.clone(), entry.id));
    }

    fn close(mut self) -> Result<Retried, SyncError> {
        let mut summary = std::mem::take(&mut self.deliverer.summary);
        self.deliverer.flush_embedded(&mut summary)?;
        self.deliverer.show_quarantine(&mut summary)?;
        for (dataset, count) in summary.resources.values().flat_map(|resource| &resource.records) {
            *self.done.delivered.entry(dataset.clone()).or_default() += count;
        }
        self.done.quarantine = summary.quarantine;
        self.deliverer.end(
            &self.done.run,
            &self.done,
            if self.done.exit_code() == 0 { "done" } else { "partly" },
        )?;
        Ok(self.done)
    }
}

impl Retried {
    /// 0 when the quarantine is empty now, else 2.
    pub fn exit_code(&self) -> u8 {
        if self.quarantine.is_empty() { 0 } else { 2 }
    }
}
