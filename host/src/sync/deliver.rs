//! The one writer: puts batches back into the order of their pages, keeps what the lake lacks, and makes
//! files and ledger move together. First the files are durable under their names, then the ledger says
//! so; a crash between the two leaves files that the next start removes.

use super::fetch::Walk;
use super::summary::{Summary, UnitProof, error_lines};
use super::{Fetched, Made, SharedLedger, SyncError, Watch, lock};
use crate::lake::{Finished, Lake, PartFile};
use crate::ledger::{Commit, Delivered, Digest, Embedded, Part, RecordId, Unit};
use crate::module::{Batch, Module, Record, RecordKind};
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
    summary: Summary,
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
struct Open {
    files: BTreeMap<(String, bool), PartFile>,
    commit: Commit,
    boundary: HashSet<String>,
}

impl Deliverer {
    pub(super) fn new(
        lake: Lake,
        ledger: SharedLedger,
        module: Module,
        walks: &[Walk],
        summary: Summary,
        watch: Arc<dyn Watch>,
    ) -> Self {
        let line = |w: &Walk| Line::new(w.unit.clone(), Some(w.pass.resource), w.pass.to_string());
        let lines = walks.iter().map(line).collect();
        Self { lake, ledger, module, watch, lines, in_flight: HashMap::new(), summary }
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
        let resource = self.lines[index].unit.resource.clone();
        let mut written = 0;
        for (object, result) in fetched.page.objects.iter().zip(batch.objects()) {
            let text = fetched.page.text(object);
            let source: Digest = half(&Sha256::digest(text));
            self.summary.resources.entry(resource.clone()).or_default().count(result);
            for record in batch.records(result) {
                written += u64::from(self.record(index, record, batch.bytes(record), source)?);
            }
            let tally = &mut self.lines[index].open.commit.tally;
            let id = u128::from_be_bytes(half(&Sha256::digest(object.id.as_bytes())));
            tally.id_hash = tally.id_hash.wrapping_add(id);
            tally.objects += 1;
        }
        let object = self.lines[index].resource.map_or("", Resource::object);
        let errors = error_lines(batch, fetched.page.objects.iter().map(|o| &o.id), object);
        if !errors.is_empty() {
            let file = self.lake.append("_errors", &format!("{}.jsonl", self.summary.run), &errors)?;
            self.summary.errors_file = Some(file.display().to_string());
        }
        let line = &mut self.lines[index];
        line.advance_cursor(fetched);
        line.open.commit.tally.pages += 1;
        self.watch.advanced(&line.title, fetched.page.objects.len() as u64, written);
        let bytes: u64 = line.open.files.values().map(PartFile::bytes).sum();
        match line.open.commit.tally.pages >= PART_PAGES || bytes >= PART_BYTES {
            true => self.commit(index, false),
            false => Ok(()),
        }
    }

    /// Takes one record; true when it goes into a file.
    fn record(
        &mut self,
        index: usize,
        record: &Record,
        bytes: &[u8],
        source: Digest,
    ) -> Result<bool, SyncError> {
        let dataset = self.module.dataset(record.dataset).to_owned();
        let (key, id, digest) = match record.kind {
            RecordKind::Main => (dataset.clone(), record_id(bytes)?, source),
            RecordKind::Embedded => (dataset.clone(), record_id(bytes)?, half(&Sha256::digest(bytes))),
            // A tombstone is a fact of its own; it must not hide the object's record.
            RecordKind::Tombstone => {
                let whole = Sha256::digest(bytes);
                (format!("{dataset} tombstones"), whole.into(), half(&whole))
            }
        };
        let known = match self.in_flight.get(&(key.clone(), id)) {
            Some(digest) => Some(*digest),
            None => lock(&self.ledger).delivered(&key, &id)?,
        };
        if record.kind == RecordKind::Embedded {
            if known.is_none() {
                let open = &mut self.lines[index].open;
                open.commit.embedded.push(Embedded { dataset, id, bytes: bytes.to_vec() });
            }
            return Ok(false);
        }
        if known == Some(digest) {
            let resource = self.lines[index].unit.resource.clone();
            self.summary.resources.entry(resource).or_default().unchanged += 1;
            return Ok(false);
        }
        self.write(index, &dataset, record.kind == RecordKind::Tombstone, bytes)?;
        self.in_flight.insert((key.clone(), id), digest);
        self.lines[index].open.commit.delivered.push(Delivered { dataset: key, id, digest });
        Ok(true)
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

    /// Makes the open part of a walk durable: files, names, ledger, in this order.
    fn commit(&mut self, index: usize, done: bool) -> Result<(), SyncError> {
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
            let unit = lock(&self.ledger).embedded_unit(account, &dataset, lt)?;
            let index = self.lines.len();
            let mut line = Line::new(unit, None, format!("{dataset} (embedded)"));
            line.state = State::Over { complete: true };
            self.lines.push(line);
            loop {
                let records = lock(&self.ledger).pending(&dataset)?;
                if records.is_empty() {
                    break;
                }
                for Embedded { id, bytes, .. } in records {
                    self.write(index, &dataset, false, &bytes)?;
                    let digest = half(&Sha256::digest(&bytes));
                    let delivered = Delivered { dataset: dataset.clone(), id, digest };
                    self.lines[index].open.commit.delivered.push(delivered);
                }
                self.commit(index, false)?;
            }
            self.commit(index, true)?;
        }
        std::mem::swap(&mut self.summary, summary);
        Ok(())
    }

    fn is_unsettled(&self, dataset: &str) -> bool {
        let described = self.module.description().datasets.iter().find(|d| d.name == dataset);
        let Some(described) = described else { return false };
        self.lines.iter().any(|line| {
            let lists = |r: Resource| r.object() == described.resource || r.name() == described.resource;
            line.resource.is_some_and(lists) && line.state != State::Over { complete: true }
        })
    }

    /// Writes the run's summary into the lake and ends the run.
    pub(super) fn close(&mut self, run: i64, summary: &mut Summary) -> Result<(), SyncError> {
        summary.units = self
            .lines
            .iter()
            .map(|line| UnitProof::new(&line.unit, line.state == State::Over { complete: true }))
            .collect();
        let text = serde_json::to_vec_pretty(&summary).map_err(|e| SyncError::System(e.to_string()))?;
        self.lake.write("_runs", &format!("{}.json", summary.run), &text)?;
        let outcome = match summary.exit_code() {
            0 => "done",
            _ if summary.interrupted => "interrupted",
            2 => "partly",
            _ => "failed",
        };
        lock(&self.ledger).end_run(run, outcome)?;
        Ok(())
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

/// Every record begins with `{"_id":"<64 hex>"`.
fn record_id(bytes: &[u8]) -> Result<RecordId, SyncError> {
    let mut id = RecordId::default();
    let hex = bytes.strip_prefix(br#"{"_id":""#).and_then(|rest| rest.get(..64));
    match hex.map(|hex| hex::decode_to_slice(hex, &mut id)) {
        Some(Ok(())) => Ok(id),
        _ => Err(SyncError::Record("it does not begin with an _id of 64 hex digits".to_owned())),
    }
}
