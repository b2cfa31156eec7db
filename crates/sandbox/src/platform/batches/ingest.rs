//! How completed batches go on: from state to state, and their rows into the lake.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Read};

use axum::body::Bytes;
use serde_json::{Map, Value, json};

use super::{
    Lake,
    batch::{Batch, Format, State},
    fate::Fate,
    parquet::Table,
    rows::{Accepted, CHANGE, TableKeys, deletes},
    shape::{Code, Findings, Problem, Shape},
};
use crate::{
    json::compact,
    platform::{options::Ingestion, tenant::Tenant},
};

/// More files make a batch fail.
const MAX_FILES: usize = 25_000;

/// What came of a batch.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome {
    /// Only of batches that succeeded.
    pub(super) metrics: Option<Value>,
    pub(super) errors: Vec<Value>,
    /// Files of the rows that failed, with their errors; only with diagnostics.
    pub(super) row_errors: Vec<(String, Bytes)>,
    /// The first few of them.
    pub(super) sample: Vec<Value>,
}

impl Lake {
    /// Moves every batch as far as it has come by now.
    pub(in crate::platform) fn settle(&mut self, now: u64, tenant: &Tenant, pace: &Ingestion) {
        let moving = |batch: &&Batch| {
            batch.state.is_under_way() || matches!(batch.state, State::Loading | State::Inactive)
        };
        let mut ids: Vec<(u64, String)> =
            self.batches.values().filter(moving).map(|batch| (batch.created, batch.id.clone())).collect();
        ids.sort_unstable();
        for (_, id) in ids {
            while self.step(&id, now, tenant, pace) {}
        }
    }

    /// One step of one batch; whether it made one.
    fn step(&mut self, id: &str, now: u64, tenant: &Tenant, pace: &Ingestion) -> bool {
        let Some(batch) = self.batches.get_mut(id) else { return false };
        let patience = u64::try_from(pace.abandoned.as_millis()).unwrap_or(u64::MAX);
        if batch.state == State::Loading {
            let late = now.saturating_sub(batch.since) >= patience;
            if late {
                batch.enter(State::Abandoned, batch.since + patience);
            }
            return false;
        }
        if !batch.is_due(now, pace) {
            return false;
        }
        let step = u64::try_from(pace.step.as_millis()).unwrap_or(u64::MAX);
        let at = batch.since.saturating_add(step).min(now);
        let next = match (batch.state, batch.fate) {
            (State::Retrying, Fate::Stalled) => State::Stalled,
            (State::Loaded | State::Odd | State::Retrying, _) => State::Staging,
            (State::Staging, Fate::Stuck) => return false,
            (State::Staging, Fate::Odd) => {
                batch.fate = Fate::Good;
                State::Odd
            }
            (State::Staging, Fate::Retrying) => {
                batch.fate = Fate::Good;
                State::Retrying
            }
            (State::Staging, Fate::Stalled) => State::Retrying,
            (State::Staging, Fate::Failed) => {
                batch.outcome.errors = vec![json!({"code": "INGEST-1500-500",
                    "description": "The platform could not process the batch. Send it again."})];
                State::Failed
            }
            (State::Staging, Fate::Good) => self.ingest(id, at, tenant, pace),
            (State::Inactive, _) => State::Deleted,
            _ => return false,
        };
        if let Some(batch) = self.batches.get_mut(id) {
            batch.enter(next, at);
        }
        true
    }

    /// Takes the rows of a batch; answers how it ends.
    fn ingest(&mut self, id: &str, at: u64, tenant: &Tenant, pace: &Ingestion) -> State {
        let Some(batch) = self.batches.get_mut(id) else { return State::Failed };
        let dataset = tenant.catalog.datasets.get(&batch.dataset);
        let schema = dataset.and_then(|dataset| dataset.get("schemaRef")?.get("id")?.as_str());
        let tree = schema.and_then(|id| tenant.registry.tree(id));
        let (Some(dataset), Some(schema), Some(tree)) = (dataset, schema, tree) else {
            batch.outcome.errors = vec![json!({"code": "INGEST-1404-400",
                "description": "The dataset or its schema does not exist any more."})];
            return State::Failed;
        };
        let keys = TableKeys::of(tenant, schema);
        let mut intake = Intake::new(Shape::of(&tree), keys.as_ref());
        let read = intake.files(batch);
        let sizes = Sizes::of(batch);
        batch.outcome.errors = intake.errors(batch, &sizes, read.as_ref().err());
        let refused = read.is_err() || intake.guardrail.is_some() || intake.is_over(batch.percent);
        if batch.diagnostics {
            batch.outcome.sample = intake.failed.iter().take(10).map(|failed| failed.shown.clone()).collect();
            batch.outcome.row_errors = intake.files_of_failed(pace.errors_per_file.max(1));
        }
        if refused {
            return State::Failed;
        }
        batch.outcome.metrics = Some(intake.metrics(&sizes));
        let (dataset_id, predecessors) = (batch.dataset.clone(), batch.predecessors.clone());
        let Intake { accepted, unknown, .. } = intake;
        if is_enabled(dataset) {
            let required = tree.get("required").and_then(Value::as_array);
            let is_event = required.is_some_and(|names| names.iter().any(|name| name == "timestamp"));
            self.profile.batch(at);
            for accepted in &accepted {
                self.profile.row(is_event, accepted.text.len());
            }
        }
        for predecessor in predecessors {
            self.rows.remove(&predecessor);
            if let Some(replaced) = self.batches.get_mut(&predecessor) {
                replaced.enter(State::Inactive, at);
            }
        }
        if !unknown.is_empty() {
            self.rows.unknown.entry(dataset_id.clone()).or_default().extend(unknown);
        }
        self.rows.add(&dataset_id, id, accepted);
        State::Active
    }
}

/// Whether a dataset feeds Profile.
fn is_enabled(dataset: &Map<String, Value>) -> bool {
    let tag = dataset.get("tags").and_then(|tags| tags.get("unifiedProfile")?.as_array());
    tag.is_some_and(|values| values.iter().any(|value| value == "enabled:true"))
}

#[derive(Debug)]
struct Sizes {
    bytes: u64,
    files: usize,
}

impl Sizes {
    fn of(batch: &Batch) -> Self {
        let lengths = batch.files.values().filter_map(|file| file.whole()).map(|content| content.length());
        Self { bytes: lengths.sum(), files: batch.files.len() }
    }
}

/// A row that failed.
#[derive(Debug)]
struct Failed {
    /// As the diagnostics show it.
    shown: Value,
    codes: Vec<Code>,
}

/// The rows of one batch on their way.
#[derive(Debug)]
struct Intake<'a> {
    shape: Shape,
    keys: Option<&'a TableKeys>,
    accepted: Vec<Accepted>,
    failed: Vec<Failed>,
    unknown: BTreeSet<String>,
    /// What makes the whole batch fail, whatever its rows are: code and words.
    guardrail: Option<(&'static str, String)>,
}

impl<'a> Intake<'a> {
    fn new(shape: Shape, keys: Option<&'a TableKeys>) -> Self {
        let (accepted, failed, unknown) = Default::default();
        Self { shape, keys, accepted, failed, unknown, guardrail: None }
    }

    fn files(&mut self, batch: &Batch) -> io::Result<()> {
        if batch.files.is_empty() {
            self.guardrail =
                Some(("106", "The batch has no file: upload one before completing it.".to_owned()));
        } else if batch.files.len() > MAX_FILES {
            let count = batch.files.len();
            let why =
                format!("Batch ingestion guardrails hit: {count} files (over the {MAX_FILES} threshold)");
            self.guardrail = Some(("INGEST-1600-400", why));
        }
        for (name, file) in &batch.files {
            let Some(content) = file.whole() else { continue };
            if content.length() == 0 {
                self.guardrail = Some(("106", format!("The file {name} is empty.")));
            }
            if self.guardrail.is_some() {
                break;
            }
            match batch.format {
                Format::Lines => self.lines(name, BufReader::new(content.reader()?))?,
                Format::Array => self.array(name, content.reader()?)?,
                Format::Parquet => self.parquet(name, content.bytes()?.into()),
            }
        }
        Ok(())
    }

    fn lines(&mut self, name: &str, mut reader: impl BufRead) -> io::Result<()> {
        let mut line = Vec::new();
        loop {
            line.clear();
            if reader.read_until(b'\n', &mut line)? == 0 {
                return Ok(());
            }
            let text = line.trim_ascii();
            if text.is_empty() {
                continue;
            }
            match serde_json::from_slice(text) {
                Ok(row) => self.row(name, row, || serde_json::from_slice(text).unwrap_or_default()),
                Err(_) => self.corrupt(name, &String::from_utf8_lossy(text)),
            }
        }
    }

    fn array(&mut self, name: &str, mut reader: impl Read) -> io::Result<()> {
        let mut text = Vec::new();
        reader.read_to_end(&mut text)?;
        match serde_json::from_slice(&text) {
            Ok(Value::Array(rows)) => rows.into_iter().for_each(|row| self.row(name, row.clone(), || row)),
            Ok(row @ Value::Object(_)) => self.row(name, row.clone(), || row),
            _ => self.corrupt(name, &String::from_utf8_lossy(&text)),
        }
        Ok(())
    }

    /// Takes a Parquet file. Columns of types that do not fit fail the batch; no row is to blame.
    fn parquet(&mut self, name: &str, bytes: Bytes) {
        let table = match Table::open(bytes) {
            Ok(table) => table,
            Err(error) => return self.corrupt(name, &format!("not a Parquet file: {error}")),
        };
        if let Some(misfit) = table.misfit(&self.shape) {
            let why = format!("TypeCompatibilityException: {misfit}. Send the file with other columns.");
            self.guardrail = Some(("INGEST-1400-400", why));
            return;
        }
        let rows = match table.rows() {
            Ok(rows) => rows,
            Err(error) => return self.corrupt(name, &error.to_string()),
        };
        for row in rows {
            match row {
                Ok(row) => self.row(name, row.clone(), || row),
                // What comes behind cannot be read either.
                Err(error) => return self.corrupt(name, &error.to_string()),
            }
        }
    }

    fn corrupt(&mut self, name: &str, text: &str) {
        let errors =
            json!([{"code": Code::Corrupt.of_row(), "message": "The row is corrupt and cannot be read."}]);
        let shown = json!({"_corrupt_record": text, "_errors": errors, "_filename": name});
        self.failed.push(Failed { shown, codes: vec![Code::Corrupt] });
    }

    /// Takes a row; `original` gives it once more, for the diagnostics.
    fn row(&mut self, name: &str, row: Value, original: impl FnOnce() -> Value) {
        let Value::Object(mut map) = row else {
            return self.corrupt(name, &compact(&row));
        };
        let mut findings = Findings::default();
        let mut is_deletion = false;
        if self.keys.is_some() {
            match deletes(&mut map) {
                Some(deletes) => is_deletion = deletes,
                None => findings.problems.push(Problem {
                    column: CHANGE.to_owned(),
                    code: Code::Convert,
                    message: format!("{CHANGE} is u or d"),
                }),
            }
        }
        let taken = self.shape.take(Value::Object(map), &mut String::new(), is_deletion, &mut findings);
        for column in self.keys.map(|keys| keys.missing(&taken)).unwrap_or_default() {
            if !findings.problems.iter().any(|problem| problem.column == column) {
                let message = format!("{column}, of the key or the version, is missing");
                findings.problems.push(Problem { column, code: Code::Required, message });
            }
        }
        self.unknown.append(&mut findings.unknown);
        if findings.problems.is_empty() {
            self.accepted.push(Accepted::new(&taken, self.keys, is_deletion));
            return;
        }
        let errors = findings.problems.iter().map(|problem| {
            json!({"column": problem.column, "code": problem.code.of_row(), "message": problem.message})
        });
        let mut shown = original();
        shown["_errors"] = errors.collect();
        shown["_filename"] = json!(name);
        let mut codes: Vec<Code> = findings.problems.iter().map(|problem| problem.code).collect();
        codes.sort_unstable();
        codes.dedup_by_key(|code| code.of_batch());
        self.failed.push(Failed { shown, codes });
    }

    /// Whether more rows failed than may.
    fn is_over(&self, percent: Option<f64>) -> bool {
        let (failed, all) = (self.failed.len() as f64, (self.failed.len() + self.accepted.len()) as f64);
        match percent {
            None => failed > 0.0,
            Some(percent) => failed * 100.0 > percent * all,
        }
    }

    fn metrics(&self, sizes: &Sizes) -> Value {
        let (rows, failed) = (self.accepted.len(), self.failed.len());
        let output: usize = self.accepted.iter().map(|accepted| accepted.text.len() + 1).sum();
        json!({"inputByteSize": sizes.bytes, "inputFileCount": sizes.files, "inputRecordCount": rows + failed,
            "outputByteSize": output, "outputFileCount": usize::from(rows > 0), "outputRecordCount": rows,
            "partitionCount": 1, "failedRecordCount": failed})
    }

    fn errors(&self, batch: &Batch, sizes: &Sizes, unread: Option<&io::Error>) -> Vec<Value> {
        if unread.is_some() {
            let description = format!("The {} files of the batch cannot be read.", sizes.files);
            return vec![json!({"code": "INGEST-1500-500", "description": description})];
        }
        if let Some((code, description)) = &self.guardrail {
            return vec![json!({"code": code, "description": description})];
        }
        if self.failed.is_empty() {
            return Vec::new();
        }
        if !batch.diagnostics {
            return vec![json!({"code": "INGEST-1211-400",
                "description": "Rows cannot be read, converted or validated. Send the data again with error diagnostics to learn more."})];
        }
        let ingested = if self.is_over(batch.percent) { 0 } else { self.accepted.len() };
        let failed = self.failed.len();
        let mut errors = vec![json!({"code": "INGEST-1212-400", "description":
            format!("{failed} rows have errors, {ingested} rows were ingested. The diagnostic files say more.")})];
        let mut counts: BTreeMap<&str, (&str, u64)> = BTreeMap::new();
        for code in self.failed.iter().flat_map(|failed| &failed.codes) {
            counts.entry(code.of_batch()).or_insert((code.described(), 0)).1 += 1;
        }
        let by_code = counts.into_iter();
        errors.extend(by_code.map(|(code, (described, count))| {
            json!({"code": code, "description": described, "recordCount": count})
        }));
        errors
    }

    /// Files of the rows that failed: those that could not be read, and those that could not be converted.
    fn files_of_failed(&self, per_file: usize) -> Vec<(String, Bytes)> {
        let (corrupt, other): (Vec<&Failed>, Vec<&Failed>) =
            self.failed.iter().partition(|failed| failed.codes == [Code::Corrupt]);
        let mut files = Vec::new();
        for (kind, rows) in [("conversion", other), ("parsing", corrupt)] {
            for (number, rows) in rows.chunks(per_file).enumerate() {
                let lines: String = rows.iter().map(|row| compact(&row.shown) + "\n").collect();
                files.push((format!("{kind}_errors_{number}.json"), Bytes::from(lines)));
            }
        }
        files
    }
}
