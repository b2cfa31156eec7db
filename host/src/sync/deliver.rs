//! The one writer: puts batches back into the order of their pages, keeps what the lake lacks, and makes
//! files and ledger move together. First the files are durable under their names, then the ledger says
//! so; a crash between the two leaves files that the next start removes.

use super::fetch::Walk;
use super::summary::{Summary, UnitProof, error_lines};
use super::{Fetched, Made, SharedLedger, SyncError, Watch, lock};
use crate::lake::{Finished, Lake, PartFile};
use crate::ledger::{
    Commit, Delivered, Digest, Embedded, Part, Quarantined, RecordId, Unit, record_id, row_key,
};
use crate::module::{Batch, Fate, Module, ObjectResult, Record, RecordKind};
use crate::quarantine::{self, OBJECTS, Origin, Surroundings};
use crate::stripe::Resource;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// A part gathers pages, so that files are not tiny, up to either bound.
const PART_PAGES: u64 = 10;
const PART_BYTES: u64 = 8 << 20;

pub(super) struct Deliverer {
    lake: Lake,
    ledger: SharedLedger,
    module: Module,
    watch: Arc<dyn Watch>,
    lines: Vec<Line>,
    /// Records in open parts: delivered as soon as their part is, and not twice.
    in_flight: HashMap<(String, RecordId), Digest>,
    /// What every object of the run is converted with.
    surroundings: Surroundings,
    /// Resources of earlier runs' lists that might still show what was only seen embedded.
    pub(super) open_lists: Vec<String>,
    pub(super) summary: Summary,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// It goes into a file.
    Written,
    /// It waits for its list.
    Waiting,
    /// The lake has it, or a better one.
    Unchanged,
    /// It is kept back.
    Quarantined,
}

/// One walk's pages.
struct Line {
    unit: Unit,
    resource: Option<Resource>,
    title: String,
    next: u64,
    waiting: BTreeMap<u64, Step>,
    open: Open,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Unseen,
    Going,
    Over { complete: bool },
}

enum Step {
    Page(Box<Fetched>, Batch),
    Over(Option<String>),
}

/// The part being gathered.
#[derive(Default)]
pub(super) struct Open {
    files: BTreeMap<(String, bool), PartFile>,
    pub(super) commit: Commit,
    boundary: HashSet<String>,
    /// Bytes that are kept back.
    kept: u64,
}

impl Deliverer {
    pub(super) fn new(
        lake: Lake,
        ledger: SharedLedger,
        module: Module,
        walks: &[Walk],
        surroundings: Surroundings,
        summary: Summary,
        watch: Arc<dyn Watch>,
    ) -> Self {
        let line = |w: &Walk| Line::new(w.unit.clone(), Some(w.pass.resource), w.pass.to_string());
        let lines = walks.iter().map(line).collect();
        let (in_flight, open_lists) = (HashMap::new(), Vec::new());
        Self { lake, ledger, module, watch, lines, in_flight, surroundings, open_lists, summary }
    }

    /// Delivers until the workers are gone, then closes what is open.
    pub(super) fn run(mut self, made: &async_channel::Receiver<Made>) -> Result<(Self, Summary), SyncError> {
        while let Ok(next) = made.recv_blocking() {
            let (walk, number, step) = match next {
                Made::Broken(error) => return Err(error.into()),
                Made::Batch(fetched, batch) => (fetched.walk, fetched.number, Step::Page(fetched, batch)),
                Made::Over { walk, number, error } => (walk, number, Step::Over(error)),
            };
            let Some(line) = self.lines.get_mut(walk) else { continue };
            line.waiting.insert(number, step);
            while let Some(line) = self.lines.get_mut(walk)
                && let Some(step) = line.waiting.remove(&line.next)
            {
                line.next += 1;
                self.step(walk, step)?;
            }
        }
        // Interrupted walks: what came in order is kept.
        for index in 0..self.lines.len() {
            if self.lines[index].open.commit.tally.pages > 0 {
                self.commit(index, false)?;
            }
        }
        let summary = std::mem::take(&mut self.summary);
        Ok((self, summary))
    }

    fn step(&mut self, index: usize, step: Step) -> Result<(), SyncError> {
        let line = &mut self.lines[index];
        if line.state == State::Unseen {
            line.state = State::Going;
            self.watch.begun(&line.title, line.unit.tally.objects);
        }
        match step {
            Step::Page(fetched, batch) => self.page(index, &fetched, &batch),
            Step::Over(None) => {
                self.commit(index, true)?;
                self.lines[index].state = State::Over { complete: true };
                self.watch.ended(&self.lines[index].title, None);
                Ok(())
            }
            Step::Over(Some(error)) => {
                if self.lines[index].open.commit.tally.pages > 0 {
                    self.commit(index, false)?;
                }
                let line = &mut self.lines[index];
                line.state = State::Over { complete: false };
                lock(&self.ledger).failed(line.unit.id, &error)?;
                self.watch.ended(&line.title, Some(&error));
                self.summary.resources.entry(line.unit.resource.clone()).or_default().errors.push(error);
                Ok(())
            }
        }
    }

    fn page(&mut self, index: usize, fetched: &Fetched, batch: &Batch) -> Result<(), SyncError> {
        let (resource, title) = (self.lines[index].unit.resource.clone(), self.lines[index].title.clone());
        let object = self.lines[index].resource.map_or("", Resource::object);
        let (run, module) = (self.summary.run.clone(), self.module.sha256().to_owned());
        let surroundings = self.surroundings.of_call(&fetched.call);
        let (mut written, mut kept) = (0, 0);
        for (listed, result) in fetched.page.objects.iter().zip(batch.objects()) {
            let origin = Origin {
                text: fetched.page.text(listed),
                resource: object,
                object: Some(&listed.id),
                run: &run,
                module_sha256: &module,
                surroundings: &surroundings,
            };
            self.summary.resources.entry(resource.clone()).or_default().count(result);
            for taken in self.records(index, &origin, result, batch)? {
                written += u64::from(taken == Taken::Written);
                kept += u64::from(taken == Taken::Quarantined);
            }
            let id = Sha256::digest(listed.id.as_bytes());
            let open = &mut self.lines[index].open;
            match &result.fate {
                Fate::Failed(error) => {
                    kept += 1;
                    open.keep(origin.failed(id.into(), error));
                }
                Fate::Done(_) | Fate::Skipped(_) => {
                    open.commit.released.push((OBJECTS.to_owned(), id.into()));
                }
            }
            let tally = &mut open.commit.tally;
            tally.id_hash = tally.id_hash.wrapping_add(u128::from_be_bytes(half(&id)));
            tally.objects += 1;
        }
        let errors = error_lines(batch, fetched.page.objects.iter().map(|o| &o.id), object);
        if !errors.is_empty() {
            let file = self.lake.append("_errors", &format!("{run}.jsonl"), &errors)?;
            self.summary.errors_file = Some(file.display().to_string());
        }
        let line = &mut self.lines[index];
        line.advance_cursor(fetched);
        line.open.commit.tally.pages += 1;
        self.watch.advanced(&title, fetched.page.objects.len() as u64, written);
        if kept > 0 {
            self.watch.kept_back(&title, kept);
        }
        match self.lines[index].open.is_full() {
            true => self.commit(index, false),
            false => Ok(()),
        }
    }

    /// Takes the records of one object.
    pub(super) fn records(
        &mut self,
        index: usize,
        origin: &Origin<'_>,
        result: &ObjectResult,
        batch: &Batch,
    ) -> Result<Vec<Taken>, SyncError> {
        let take = |(number, _)| self.record(index, origin, result, batch, number);
        batch.records(result).iter().enumerate().map(take).collect()
    }

    /// Takes record `number` of an object.
    pub(super) fn record(
        &mut self,
        index: usize,
        origin: &Origin<'_>,
        result: &ObjectResult,
        batch: &Batch,
        number: usize,
    ) -> Result<Taken, SyncError> {
        let Some(record) = batch.records(result).get(number) else { return Ok(Taken::Unchanged) };
        let (Record { kind, valid, .. }, bytes) = (record.clone(), batch.bytes(record));
        let dataset = self.module.dataset(record.dataset).to_owned();
        let digest_of = |kind| match kind {
            RecordKind::Main => half(&Sha256::digest(origin.text)),
            RecordKind::Embedded | RecordKind::Tombstone => half(&Sha256::digest(bytes)),
        };
        let (key, id, digest) = match (kind, record_id(bytes)) {
            // A tombstone is a fact of its own; it must not hide the object's record.
            (RecordKind::Tombstone, _) => {
                let whole = Sha256::digest(bytes);
                (format!("{dataset} tombstones"), whole.into(), half(&whole))
            }
            (kind, Some(id)) => (dataset.clone(), id, digest_of(kind)),
            (_, None) if !valid => {
                self.keep(index, origin.record(&dataset, kind, number, bytes, result), &dataset);
                return Ok(Taken::Quarantined);
            }
            (_, None) => {
                return Err(SyncError::Record(
                    "it begins neither with an _id of 64 hex digits nor with a row's key and version"
                        .to_owned(),
                ));
            }
        };
        let in_flight = self.in_flight.get(&(key.clone(), id)).copied();
        let known = match in_flight {
            Some(digest) => Some(digest),
            None => lock(&self.ledger).delivered(&key, &id)?,
        };
        let seen = origin.surroundings.observed_at.unwrap_or_default();
        if kind == RecordKind::Embedded && known.is_some() {
            return Ok(Taken::Unchanged);
        }
        if known == Some(digest) {
            let resource = self.lines[index].unit.resource.clone();
            self.summary.resources.entry(resource).or_default().unchanged += 1;
            // A record in an open part is not delivered before that part is.
            if in_flight.is_none() {
                self.lines[index].open.commit.unchanged.push(Delivered { dataset: key, id, digest, seen });
            }
            return Ok(Taken::Unchanged);
        }
        if !valid {
            self.keep(index, origin.record(&key, kind, number, bytes, result), &dataset);
            return Ok(Taken::Quarantined);
        }
        if kind == RecordKind::Embedded {
            let open = &mut self.lines[index].open;
            open.commit.embedded.push(Embedded { dataset, id, bytes: bytes.to_vec(), seen });
            return Ok(Taken::Waiting);
        }
        // The row of what was deleted stands among the others.
        self.write(index, &dataset, kind == RecordKind::Tombstone && row_key(bytes).is_none(), bytes)?;
        self.in_flight.insert((key.clone(), id), digest);
        self.lines[index].open.commit.delivered.push(Delivered { dataset: key, id, digest, seen });
        Ok(Taken::Written)
    }

    fn keep(&mut self, index: usize, entry: Quarantined, dataset: &str) {
        let line = &mut self.lines[index];
        line.open.keep(entry);
        self.summary.resources.entry(line.unit.resource.clone()).or_default().kept_back(dataset);
    }

    fn write(&mut self, index: usize, dataset: &str, tombstone: bool, bytes: &[u8]) -> Result<(), SyncError> {
        let line = &mut self.lines[index];
        let key = (dataset.to_owned(), tombstone);
        let file = match line.open.files.entry(key) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let unit = line.unit.file_stem();
                entry.insert(self.lake.part(dataset, &unit, line.unit.parts, tombstone)?)
            }
        };
        file.line(bytes)?;
        line.open.commit.tally.records += 1;
        self.summary.resources.entry(line.unit.resource.clone()).or_default().wrote(dataset);
        Ok(())
    }

    /// The open part of a line, for what goes into it besides records.
    pub(super) fn open(&mut self, index: usize) -> &mut Open {
        &mut self.lines[index].open
    }

    /// Makes the open part of a walk durable: files, names, ledger, in this order.
    pub(super) fn commit(&mut self, index: usize, done: bool) -> Result<(), SyncError> {
        let line = &mut self.lines[index];
        let open = std::mem::take(&mut line.open);
        let mut finished: Vec<Finished> = Vec::new();
        let mut commit = open.commit;
        for ((dataset, _), file) in open.files {
            let file = file.finish()?;
            let Finished { path, records, bytes } = file.clone();
            commit.parts.push(Part { dataset, path, records, bytes });
            finished.push(file);
        }
        if !finished.is_empty() {
            self.lake.settle(&finished)?;
        }
        commit.unit = line.unit.id;
        commit.done = done;
        commit.boundary = open.boundary.into_iter().collect();
        lock(&self.ledger).commit(&commit)?;
        line.unit.parts += 1;
        line.unit.tally.add(&commit.tally);
        if let Some(cursor) = commit.cursor {
            line.unit.cursor = Some(cursor);
        }
        for record in commit.delivered {
            self.in_flight.remove(&(record.dataset, record.id));
        }
        Ok(())
    }

    /// Delivers records that were only seen inside other objects, such as prices made for one
    /// subscription, which no list shows. Kept back while the list that might still show them failed.
    pub(super) fn flush_embedded(
        &mut self,
        account: i64,
        lt: i64,
        summary: &mut Summary,
    ) -> Result<(), SyncError> {
        std::mem::swap(&mut self.summary, summary);
        let datasets = lock(&self.ledger).pending_datasets()?;
        for dataset in datasets {
            if self.is_unsettled(&dataset) {
                continue;
            }
            let unit = lock(&self.ledger).own_unit(account, "embedded", &dataset, lt)?;
            let index = self.own_line(unit, format!("{dataset} (embedded)"));
            loop {
                let records = lock(&self.ledger).pending(&dataset)?;
                if records.is_empty() {
                    break;
                }
                for Embedded { id, bytes, seen, .. } in records {
                    self.write(index, &dataset, false, &bytes)?;
                    let digest = half(&Sha256::digest(&bytes));
                    let delivered = Delivered { dataset: dataset.clone(), id, digest, seen };
                    self.lines[index].open.commit.delivered.push(delivered);
                }
                self.commit(index, false)?;
            }
            self.commit(index, true)?;
        }
        std::mem::swap(&mut self.summary, summary);
        Ok(())
    }

    /// A line for a unit that no list is behind.
    pub(super) fn own_line(&mut self, unit: Unit, title: String) -> usize {
        let mut line = Line::new(unit, None, title);
        line.state = State::Over { complete: true };
        self.lines.push(line);
        self.lines.len() - 1
    }

    fn is_unsettled(&self, dataset: &str) -> bool {
        let described = self.module.description().datasets.iter().find(|d| d.name == dataset);
        let Some(described) = described else { return false };
        let lists = |r: Resource| r.object() == described.resource || r.name() == described.resource;
        let mut open_lists = self.open_lists.iter().filter_map(|name| Resource::from_name(name));
        open_lists.any(lists)
            || self
                .lines
                .iter()
                .any(|line| line.resource.is_some_and(lists) && line.state != State::Over { complete: true })
    }

    /// Writes the quarantine's files, and what it holds into the summary.
    pub(super) fn show_quarantine(&mut self, summary: &mut Summary) -> Result<(), SyncError> {
        let mut ledger = lock(&self.ledger);
        quarantine::show(&self.lake, &mut *ledger)?;
        let held = ledger.quarantine_counts()?;
        summary.quarantine = held.into_iter().map(|(dataset, count, _)| (dataset, count)).collect();
        Ok(())
    }

    /// Writes the run's summary into the lake and ends the run.
    pub(super) fn close(&mut self, run: i64, summary: &mut Summary) -> Result<(), SyncError> {
        self.show_quarantine(summary)?;
        summary.units = self
            .lines
            .iter()
            .map(|line| UnitProof::new(&line.unit, line.state == State::Over { complete: true }))
            .collect();
        let outcome = match summary.exit_code() {
            0 => "done",
            _ if summary.interrupted => "interrupted",
            2 => "partly",
            _ => "failed",
        };
        self.end(&summary.run, run, summary, outcome)
    }

    /// Writes a run's report into the lake and ends the run.
    pub(super) fn end(
        &mut self,
        name: &str,
        run: i64,
        report: &impl serde::Serialize,
        outcome: &str,
    ) -> Result<(), SyncError> {
        let text = serde_json::to_vec_pretty(report).map_err(|e| SyncError::System(e.to_string()))?;
        self.lake.write("_runs", &format!("{name}.json"), &text)?;
        Ok(lock(&self.ledger).end_run(run, outcome)?)
    }
}

impl Open {
    /// Keeps a record or an object back.
    pub(super) fn keep(&mut self, entry: Quarantined) {
        self.kept += (entry.about.len() + entry.record.len() + entry.source.len()) as u64;
        self.commit.quarantined.push(entry);
    }

    pub(super) fn is_full(&self) -> bool {
        let bytes: u64 = self.files.values().map(PartFile::bytes).sum();
        self.commit.tally.pages >= PART_PAGES || bytes + self.kept >= PART_BYTES
    }
}

impl Line {
    fn new(unit: Unit, resource: Option<Resource>, title: String) -> Self {
        let (waiting, open) = (BTreeMap::new(), Open::default());
        Self { unit, resource, title, next: 0, waiting, open, state: State::Unseen }
    }

    /// Moves the cursor, and with it the ids that are known of the cursor's second.
    fn advance_cursor(&mut self, fetched: &Fetched) {
        let second = |cursor: &Option<(String, i64)>| cursor.as_ref().map(|c| c.1);
        let before = second(&self.open.commit.cursor).or(second(&self.unit.cursor));
        self.open.commit.cursor.clone_from(&fetched.cursor);
        let now = second(&fetched.cursor);
        if now != before {
            self.open.boundary.clear();
        }
        let shared = fetched.page.objects.iter().filter(|o| Some(o.created) == now);
        self.open.boundary.extend(shared.map(|o| o.id.clone()));
    }
}

impl Unit {
    /// The part of a file's name that tells the unit.
    fn file_stem(&self) -> String {
        format!("{}_{}-{:06}", self.resource, self.pass, self.id)
    }
}

fn half(digest: &[u8]) -> Digest {
    let mut half = Digest::default();
    half.iter_mut().zip(digest).for_each(|(to, from)| *to = *from);
    half
}
