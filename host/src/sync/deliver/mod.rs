//! The one writer: puts batches back into the order of their pages, keeps what the lake lacks, and makes
//! files and ledger move together. First the files are durable under their names, then the ledger says
//! so; a crash between the two leaves files that the next start removes.

mod line;
mod record;
mod stretch;

pub(super) use record::{From, Taken};

use super::summary::{Summary, error_lines, proofs};
use super::{Begin, Fetched, LOOSE, Made, SharedLedger, SyncError, Told, Watch, digest, lock, pending};
use crate::lake::{Lake, part_stem};
use crate::ledger::{Delivered, Digest, Embedded, RecordId, Rest, Seen, Source, Unit, Version, id_hash};
use crate::module::{Batch, Fate, Module};
use crate::quarantine::{self, OBJECTS, Origin, Surroundings};
use crate::stripe::Resource;
use line::Line;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use stretch::Stretch;

pub(super) struct Deliverer {
    lake: Arc<Lake>,
    ledger: SharedLedger,
    module: Module,
    watch: Arc<dyn Watch>,
    account: i64,
    run: i64,
    /// What the run's files are named by, and the number of the next ones.
    stem: String,
    pub(super) seq: u64,
    lines: BTreeMap<usize, Line>,
    /// Pages before their turn, by walk and number.
    ahead: HashMap<usize, BTreeMap<u64, Step>>,
    /// Walks of each title that go on.
    going: HashMap<String, usize>,
    /// Titles of which it was said that they failed.
    failed: HashSet<String>,
    pub(super) open: Stretch,
    /// Records in the open stretch: delivered as soon as it is, and not twice.
    in_flight: HashMap<(String, RecordId), Source>,
    /// What every object of the run is converted with.
    surroundings: Surroundings,
    /// Resources of earlier runs' lists that might still show what was only seen embedded.
    pub(super) open_lists: Vec<String>,
    pub(super) summary: Summary,
}

enum Step {
    Page(Box<Fetched>, Batch),
    Over(Option<String>),
}

/// Whose run it is.
pub(super) struct Run<'a> {
    /// The account's number.
    pub(super) account: i64,
    /// Stripe's name of it.
    pub(super) name: &'a str,
    /// The run's number.
    pub(super) number: i64,
}

impl Deliverer {
    pub(super) fn new(
        lake: Arc<Lake>,
        ledger: SharedLedger,
        module: Module,
        run: &Run<'_>,
        surroundings: Surroundings,
        summary: Summary,
        watch: Arc<dyn Watch>,
    ) -> Self {
        Self {
            lake,
            ledger,
            module,
            watch,
            account: run.account,
            run: run.number,
            stem: part_stem(run.name, run.number),
            seq: 0,
            lines: BTreeMap::new(),
            ahead: HashMap::new(),
            going: HashMap::new(),
            failed: HashSet::new(),
            open: Stretch::default(),
            in_flight: HashMap::new(),
            surroundings,
            open_lists: Vec::new(),
            summary,
        }
    }

    /// Expects the pages of a walk. Walks that others bring about are told with the page that does.
    pub(super) fn expect(&mut self, begin: Begin) {
        let line = Line::new(begin.unit, begin.resource, begin.title);
        let going = self.going.entry(line.title.clone()).or_default();
        *going += 1;
        if *going == 1 {
            self.watch.begun(&line.title, line.unit.tally.objects);
        }
        self.lines.insert(begin.walk, line);
    }

    /// Delivers until the workers are gone, then closes what is open.
    pub(super) fn run(mut self, made: &async_channel::Receiver<Made>) -> Result<(Self, Summary), SyncError> {
        while let Ok(next) = made.recv_blocking() {
            let (walk, number, step) = match next {
                Made::Broken(error) => return Err(error.into()),
                Made::Batch(fetched, batch) => (fetched.walk, fetched.number, Step::Page(fetched, batch)),
                Made::Over { walk, number, error } => (walk, number, Step::Over(error)),
            };
            self.ahead.entry(walk).or_default().insert(number, step);
            self.catch_up(walk)?;
        }
        // Interrupted walks: what came in order is kept.
        self.commit()?;
        let summary = std::mem::take(&mut self.summary);
        Ok((self, summary))
    }

    /// Takes the pages of a walk whose turn has come, and those of the walks that they bring about.
    fn catch_up(&mut self, walk: usize) -> Result<(), SyncError> {
        let mut walks = vec![walk];
        while let Some(walk) = walks.pop() {
            while let Some(step) = self.due(walk) {
                if let Step::Page(fetched, _) = &step {
                    walks.extend(fetched.rest.iter().flat_map(|rest| rest.walks.iter().map(|w| w.walk)));
                }
                self.step(walk, step)?;
            }
        }
        Ok(())
    }

    fn due(&mut self, walk: usize) -> Option<Step> {
        let line = self.lines.get_mut(&walk)?;
        let step = self.ahead.get_mut(&walk)?.remove(&line.next)?;
        line.next += 1;
        Some(step)
    }

    fn step(&mut self, walk: usize, step: Step) -> Result<(), SyncError> {
        let error = match step {
            Step::Page(fetched, batch) => return self.page(walk, *fetched, &batch),
            Step::Over(error) => error,
        };
        self.ahead.remove(&walk);
        self.touch(walk);
        let Some(line) = self.lines.get_mut(&walk) else { return Ok(()) };
        line.complete = error.is_none();
        line.gained.done = error.is_none();
        line.gained.error.clone_from(&error);
        let going = self.going.entry(line.title.clone()).or_default();
        *going = going.saturating_sub(1);
        // The walks of one list fail together; it is said once.
        let said = self.failed.contains(&line.title);
        if !said && (*going == 0 || error.is_some()) {
            self.watch.ended(&line.title, error.as_deref());
        }
        if let Some(error) = error {
            self.failed.insert(line.title.clone());
            let errors = &mut self.summary.resources.entry(line.unit.resource.clone()).or_default().errors;
            if !errors.contains(&error) {
                errors.push(error);
            }
        }
        Ok(())
    }

    /// Notes that a walk gained something in this stretch.
    fn touch(&mut self, walk: usize) {
        if let Some(line) = self.lines.get_mut(&walk)
            && !std::mem::replace(&mut line.touched, true)
        {
            self.open.touched.push(walk);
        }
    }

    fn page(&mut self, walk: usize, fetched: Fetched, batch: &Batch) -> Result<(), SyncError> {
        self.touch(walk);
        self.open.page();
        let Some(line) = self.lines.get_mut(&walk) else { return Ok(()) };
        line.advance(&fetched);
        let (title, listed) = (line.title.clone(), line.resource);
        let (written_before, run) = (self.open.written, self.summary.run.clone());
        let module = self.module.sha256().to_owned();
        let page = self.surroundings.of_call(&fetched.call);
        let mut kept = 0;
        for (index, (object, result)) in fetched.page.objects.iter().zip(batch.objects()).enumerate() {
            let text = fetched.page.text(object);
            let told = fetched.told.get(index);
            let about = About::new(listed, told, &page, text, object);
            let event = told.map(|_| about.surroundings(&page));
            let origin = Origin {
                text,
                resource: about.resource.map_or("", Resource::object),
                object: Some(about.id),
                run: &run,
                module_sha256: &module,
                surroundings: event.as_ref().unwrap_or(&page),
            };
            let name = about.resource.map_or("events", Resource::name);
            self.summary.resources.entry(name.to_owned()).or_default().count(result, told.is_none());
            let from = From { resource: name, version: about.version, digest: about.digest };
            let taken = self.records(&from, &origin, result, batch)?;
            kept += taken.iter().filter(|taken| **taken == Taken::Quarantined).count() as u64;
            if let Some(heard) = told.and_then(|told| told.heard.as_ref()) {
                let failed = matches!(result.fate, Fate::Failed(_));
                self.summary.events.became(&taken, failed);
                self.open.commit.heard.push(heard.clone());
            }
            if about.resource == Some(Resource::BalanceTransactions) {
                self.open.commit.unsettled.push(pending::of(object, text));
            }
            // Read by its id, it is no longer in doubt.
            if let Some(told) = told.filter(|told| !told.version.event) {
                self.open.commit.unsettled.push(pending::in_doubt(told.resource, &told.id, true));
            }
            let id: RecordId = Sha256::digest(object.id.as_bytes()).into();
            match &result.fate {
                Fate::Failed(error) => {
                    kept += 1;
                    self.open.keep(origin.failed(id, error));
                }
                Fate::Done(_) | Fate::Skipped(_) => {
                    self.open.commit.released.push((OBJECTS.to_owned(), id));
                }
            }
            // The ledger's objects are those of the lists: what was only told of may never be in one.
            if about.resource.is_some() && told.is_none_or(|told| told.listed) {
                self.open.commit.objects.push((name, about.seen()));
            }
        }
        let object = listed.map_or("event", Resource::object);
        let errors = error_lines(batch, fetched.page.objects.iter().map(|o| &o.id), object);
        if !errors.is_empty() {
            let file = self.lake.append("_errors", &format!("{run}.jsonl"), &errors)?;
            self.summary.errors_file = Some(file.display().to_string());
        }
        let written = self.open.written - written_before;
        if let Some(line) = self.lines.get_mut(&walk) {
            let tally = &mut line.gained.tally;
            tally.records += written;
            tally.objects += fetched.page.objects.len() as u64;
            for object in &fetched.page.objects {
                tally.id_hash = tally.id_hash.wrapping_add(id_hash(&object.id));
            }
        }
        self.open.commit.bookmarks.extend(fetched.bookmarks);
        if let Some(rest) = fetched.rest {
            self.hand_over(walk, rest);
        }
        self.watch.advanced(&title, fetched.page.objects.len() as u64, written);
        if kept > 0 {
            self.watch.kept_back(&title, kept);
        }
        if self.open.is_full() { self.commit() } else { Ok(()) }
    }

    /// Other walks take over the lower part of a walk's range.
    fn hand_over(&mut self, walk: usize, rest: super::HandedOver) {
        if let Some(line) = self.lines.get_mut(&walk) {
            // A walk may hand parts over several times before it is committed.
            let gained = line.gained.rest.get_or_insert_with(|| Rest { gte: rest.gte, units: Vec::new() });
            gained.gte = rest.gte;
            gained.units.extend(rest.walks.iter().map(|begin| begin.unit.clone()));
        }
        for begin in rest.walks {
            self.expect(begin);
        }
    }

    /// Makes the open stretch durable: files, names, ledger, in this order.
    pub(super) fn commit(&mut self) -> Result<(), SyncError> {
        if self.open.is_empty() {
            return Ok(());
        }
        let mut open = std::mem::take(&mut self.open);
        let mut touched = std::mem::take(&mut open.touched);
        // A walk's unit is there before what it gained.
        touched.sort_unstable();
        for walk in touched {
            if let Some(line) = self.lines.get_mut(&walk)
                && line.unit.id != LOOSE
            {
                open.commit.units.push(line.take());
            }
        }
        (open.commit.account, open.commit.run) = (self.account, self.run);
        let commit = open.settle(&self.lake)?;
        lock(&self.ledger).commit(&commit)?;
        self.seq += 1;
        // Whatever was in the open stretch is the ledger's now.
        self.in_flight.clear();
        Ok(())
    }

    /// Delivers records that were only seen inside other objects, such as prices made for one
    /// subscription, which no list shows. Kept back while the list that might still show them failed.
    pub(super) fn flush_embedded(&mut self, summary: &mut Summary) -> Result<(), SyncError> {
        std::mem::swap(&mut self.summary, summary);
        let datasets = lock(&self.ledger).pending_datasets(self.account)?;
        for dataset in datasets {
            if self.is_unsettled(&dataset) {
                continue;
            }
            loop {
                let records = lock(&self.ledger).pending(self.account, &dataset)?;
                if records.is_empty() {
                    break;
                }
                for Embedded { id, bytes, seen, .. } in records {
                    self.write("embedded", &dataset, false, &bytes)?;
                    let source = Source { digest: digest::of_bytes(&bytes), version: Version::of_page(seen) };
                    self.open.commit.delivered.push(Delivered { dataset: dataset.clone(), id, source });
                }
                self.commit()?;
            }
        }
        std::mem::swap(&mut self.summary, summary);
        Ok(())
    }

    fn is_unsettled(&self, dataset: &str) -> bool {
        let described = self.module.description().datasets.iter().find(|d| d.name == dataset);
        let Some(described) = described else { return false };
        let lists = |r: Resource| r.object() == described.resource || r.name() == described.resource;
        let mut open_lists = self.open_lists.iter().filter_map(|name| Resource::from_name(name));
        open_lists.any(lists)
            || self.lines.values().any(|line| line.resource.is_some_and(lists) && !line.complete)
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
    pub(super) fn close(&mut self, summary: &mut Summary) -> Result<(), SyncError> {
        self.show_quarantine(summary)?;
        let lines = self.lines.values().filter(|line| line.unit.id != LOOSE);
        let units: Vec<(&Unit, bool)> = lines.map(|line| (&line.unit, line.complete)).collect();
        summary.units = proofs(units);
        let outcome = match summary.exit_code() {
            0 => "done",
            _ if summary.interrupted => "interrupted",
            2 => "partly",
            _ => "failed",
        };
        self.end(&summary.run, summary, outcome)
    }

    /// Writes a run's report into the lake and ends the run.
    pub(super) fn end(
        &mut self,
        name: &str,
        report: &impl serde::Serialize,
        outcome: &str,
    ) -> Result<(), SyncError> {
        let text = serde_json::to_vec_pretty(report).map_err(|e| SyncError::System(e.to_string()))?;
        self.lake.write("_runs", &format!("{name}.json"), &text)?;
        Ok(lock(&self.ledger).end_run(self.run, outcome)?)
    }
}

/// What one text of a page is about: a listed object itself, one that was read by its id, or the object within an
/// Event.
struct About<'a> {
    /// None of a page that is no list's and says nothing more.
    resource: Option<Resource>,
    id: &'a str,
    created: i64,
    deleted: bool,
    version: Version,
    digest: Digest,
}

impl<'a> About<'a> {
    fn new(
        listed: Option<Resource>,
        told: Option<&'a Told>,
        page: &Surroundings,
        text: &[u8],
        object: &'a crate::stripe::Object,
    ) -> Self {
        match told {
            Some(told) => Self {
                resource: Some(told.resource),
                id: &told.id,
                created: told.created,
                deleted: told.deleted,
                version: told.version,
                digest: digest::of_json(text.get(told.object.clone()).unwrap_or(text)),
            },
            None => Self {
                resource: listed,
                id: &object.id,
                created: object.created,
                deleted: false,
                version: Version::of_page(page.observed_at.unwrap_or_default()),
                digest: digest::of_json(text),
            },
        }
    }

    /// What the object is converted with when it is not of a list: it is as old as its version.
    fn surroundings(&self, page: &Surroundings) -> Surroundings {
        Surroundings { observed_at: Some(self.version.seen), ..page.clone() }
    }

    fn seen(&self) -> Seen {
        Seen { created: self.created, id: self.id.to_owned(), seen: self.version.seen, deleted: self.deleted }
    }
}
