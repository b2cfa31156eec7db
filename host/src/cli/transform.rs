//! `stripe-xdm transform`: objects from files or standard input, records to standard output or files.
//! A reading thread, some workers and this thread; short queues and a fixed turn order keep memory
//! constant and the output in the input's order.

use super::Global;
use super::settings::SettingsArgs;
use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use stripe_xdm::input::{Piece, Splitter};
use stripe_xdm::module::{
    Batch, Call, Fate, Limits, Module, ObjectError, RecordKind, Report, Worker, WorkerError,
};

/// Objects handed to the module in one call, unless the input pauses.
const BATCH: usize = 128;
/// Bytes after which a batch is handed on even if it holds few objects.
const BATCH_BYTES: usize = 2 << 20;
const READ: usize = 64 << 10;

#[derive(Debug, Args)]
pub(super) struct TransformArgs {
    /// Files of JSON lines, JSON arrays or Stripe list pages; default standard input
    files: Vec<PathBuf>,
    /// The resource of objects that do not say what they are (charge, refund, …)
    #[arg(long, default_value = "auto", value_name = "RESOURCE")]
    resource: String,
    /// The Stripe account (acct_…) that the objects belong to; needed unless they are Events that name it
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// The objects are of live mode
    #[arg(long)]
    livemode: bool,
    /// The Stripe API version of objects that do not say
    #[arg(long, value_name = "VERSION")]
    api_version: Option<String>,
    /// When the objects were read: a date, a time or epoch seconds; default now
    #[arg(long, value_name = "TIME")]
    observed_at: Option<String>,
    /// Print the records alone, without the dataset's name
    #[arg(long, conflicts_with = "out")]
    records_only: bool,
    /// Write one file per dataset into this directory; they appear when all is read
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// A stretch of the input: in each place an object's text, or why there is none.
type Stretch = Vec<Result<Vec<u8>, ObjectError>>;
type Made = Result<(Stretch, Batch), WorkerError>;

pub(super) fn run(global: &Global, args: TransformArgs) -> anyhow::Result<ExitCode> {
    let module = global.load_module()?;
    let settings = settings(&args)?;
    let resource = Some(args.resource.clone()).filter(|r| r != "auto");
    let observed_at = match &args.observed_at {
        Some(text) => super::moment("--observed-at", text)?,
        None => jiff::Timestamp::now().as_second(),
    };
    let call = Call { resource, observed_at: Some(observed_at), ..Call::default() };
    let count = std::thread::available_parallelism().map_or(2, |n| n.get()).clamp(2, 8);
    let workers: Vec<_> = (0..count).map(|_| Worker::open(&module, &settings)).collect::<Result<_, _>>()?;
    let mut sink = Sink::open(&args)?;
    let mut tally = Tally::default();

    let read = std::thread::scope(|scope| {
        let (mut feeds, mut results) = (Vec::new(), Vec::new());
        for mut worker in workers {
            let (feed, stretches) = sync_channel::<Stretch>(2);
            let (made, result) = sync_channel::<Made>(2);
            let call = call.clone();
            scope.spawn(move || {
                while let Ok(stretch) = stretches.recv() {
                    let texts: Vec<&[u8]> = stretch.iter().flatten().map(Vec::as_slice).collect();
                    let batch = worker.transform(&call, &texts);
                    if made.send(batch.map(|batch| (stretch, batch))).is_err() {
                        return;
                    }
                }
            });
            feeds.push(feed);
            results.push(result);
        }
        let files = args.files.clone();
        let reader = scope.spawn(move || read_all(&files, &feeds));
        let written = write_all(&results, &module, &mut sink, &mut tally);
        // Without receivers the workers end, and the reader with them, even when it is not at the end.
        drop(results);
        written?;
        reader.join().unwrap_or_else(|_| bail!("the reading thread died"))
    });
    read?;
    sink.finish()?;
    if global.json && !global.quiet {
        stripe_xdm::tell!("{}", tally.json());
    } else if global.draws() && !global.quiet {
        stripe_xdm::tell!("{}", tally.words().trim_end());
    }
    Ok(ExitCode::from(match tally.failed {
        0 => 0,
        failed if failed == tally.objects => 1,
        _ => 2,
    }))
}

fn settings(args: &TransformArgs) -> anyhow::Result<Vec<u8>> {
    let mut settings = args.settings.settings()?;
    if let Some(account) = &args.account {
        settings.insert("account".to_owned(), account.as_str().into());
    }
    if let Some(version) = &args.api_version {
        settings.insert("api_version".to_owned(), version.as_str().into());
    }
    if args.livemode {
        settings.insert("livemode".to_owned(), true.into());
    }
    Ok(Value::Object(settings).to_string().into_bytes())
}

/// Reads everything; the stretches go to the workers in turn.
fn read_all(files: &[PathBuf], feeds: &[SyncSender<Stretch>]) -> anyhow::Result<()> {
    let mut feeder = Feeder { feeds, turn: 0, stretch: Vec::new(), bytes: 0 };
    if files.is_empty() {
        read_one(std::io::stdin().lock(), "standard input", &mut feeder)?;
    }
    for path in files {
        let name = path.display().to_string();
        let file = File::open(path).with_context(|| format!("cannot read {name}"))?;
        read_one(file, &name, &mut feeder)?;
    }
    Ok(())
}

struct Feeder<'a> {
    feeds: &'a [SyncSender<Stretch>],
    turn: usize,
    stretch: Stretch,
    bytes: usize,
}

impl Feeder<'_> {
    /// False when nobody wants more.
    fn take(&mut self, pieces: &mut Vec<Piece>) -> bool {
        for piece in pieces.drain(..) {
            self.stretch.push(match piece {
                Piece::Value(text) => {
                    self.bytes += text.len();
                    Ok(text)
                }
                Piece::Bad(bad) => Err(ObjectError {
                    code: bad.code.to_owned(),
                    object: None,
                    id: None,
                    path: format!("line {}", bad.line),
                    message: bad.message,
                }),
            });
            if (self.stretch.len() >= BATCH || self.bytes >= BATCH_BYTES) && !self.flush() {
                return false;
            }
        }
        true
    }

    fn flush(&mut self) -> bool {
        if self.stretch.is_empty() {
            return true;
        }
        let Some(feed) = self.feeds.get(self.turn) else { return false };
        self.turn = (self.turn + 1) % self.feeds.len();
        self.bytes = 0;
        feed.send(std::mem::take(&mut self.stretch)).is_ok()
    }
}

fn read_one(mut input: impl Read, name: &str, feeder: &mut Feeder<'_>) -> anyhow::Result<()> {
    let mut splitter = Splitter::new(Limits::default().object);
    let (mut chunk, mut pieces) = (vec![0; READ], Vec::new());
    loop {
        let got = match input.read(&mut chunk) {
            Ok(got) => got,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e).with_context(|| format!("cannot read {name}")),
        };
        match got {
            0 => splitter.finish(&mut pieces),
            _ => splitter.feed(&chunk[..got], &mut pieces),
        }
        if !feeder.take(&mut pieces) {
            return Ok(());
        }
        // A short read means that the input pauses; what is there should not wait for more.
        if got < READ && !feeder.flush() {
            return Ok(());
        }
        if got == 0 {
            return Ok(());
        }
    }
}

#[derive(Debug, Default)]
struct Tally {
    objects: u64,
    records: u64,
    failed: u64,
    skipped: u64,
    shed: u64,
    /// By code.
    warnings: BTreeMap<String, u64>,
    /// By path; at most [`NAMED`] different ones, the rest under `…`.
    unmapped: BTreeMap<String, u64>,
}

/// Most paths that are told apart, so that strange input cannot fill the memory.
const NAMED: usize = 1000;

/// Takes the workers' results in the order of their turns.
fn write_all(
    results: &[Receiver<Made>],
    module: &Module,
    sink: &mut Sink,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    // A worker without a result has no more work, and then neither has any after it.
    for result in results.iter().cycle() {
        let Ok(made) = result.recv() else { return Ok(()) };
        let (stretch, batch) = made?;
        let mut converted = batch.objects().iter();
        for place in &stretch {
            tally.objects += 1;
            let object = match place {
                Ok(_) => converted.next(),
                Err(error) => {
                    tally.fail(error);
                    continue;
                }
            };
            let Some(object) = object else { continue };
            match &object.fate {
                Fate::Failed(error) => tally.fail(error),
                Fate::Skipped(_) => tally.skipped += 1,
                Fate::Done(report) => tally.note(report),
            }
            for record in batch.records(object) {
                tally.records += 1;
                let dataset = module.dataset(record.dataset);
                if !sink.put(dataset, record.kind, batch.bytes(record))? {
                    return Ok(());
                }
            }
        }
        sink.flush()?;
    }
    Ok(())
}

impl Tally {
    fn note(&mut self, report: &Report) {
        self.shed += u64::from(report.shed);
        for warning in &report.warnings {
            *self.warnings.entry(warning.code.clone()).or_default() += 1;
        }
        for path in &report.unmapped {
            let known = self.unmapped.len() < NAMED || self.unmapped.contains_key(path);
            *self.unmapped.entry(if known { path.clone() } else { "…".to_owned() }).or_default() += 1;
        }
    }

    fn json(&self) -> Value {
        json!({
            "objects": self.objects, "records": self.records, "failed": self.failed, "skipped": self.skipped,
            "shed": self.shed, "warnings": self.warnings, "unmapped": self.unmapped,
        })
    }

    /// A summary for people; the details are for `--json`.
    fn words(&self) -> String {
        let mut text = format!(
            "{} objects, {} records, {} failed, {} skipped\n",
            self.objects, self.records, self.failed, self.skipped
        );
        if self.shed > 0 {
            text.push_str(&format!("{} metadata entries left out of events above 10 KB\n", self.shed));
        }
        for (code, count) in &self.warnings {
            text.push_str(&format!("warning: {code} ({count} times)\n"));
        }
        for (path, count) in self.unmapped.iter().take(20) {
            text.push_str(&format!("not mapped: {path} ({count} times)\n"));
        }
        if self.unmapped.len() > 20 {
            text.push_str(&format!("… and {} more paths; --json names them\n", self.unmapped.len() - 20));
        }
        text
    }

    fn fail(&mut self, error: &ObjectError) {
        self.failed += 1;
        let mut line = json!({ "error": error });
        line["error"]["input"] = self.objects.into();
        stripe_xdm::tell!("{line}");
    }
}

enum Sink {
    Stdout { out: BufWriter<std::io::Stdout>, records_only: bool },
    Files { dir: PathBuf, files: BTreeMap<String, BufWriter<tempfile::NamedTempFile>> },
}

impl Sink {
    fn open(args: &TransformArgs) -> anyhow::Result<Self> {
        match &args.out {
            None => {
                let out = BufWriter::with_capacity(READ, std::io::stdout());
                Ok(Self::Stdout { out, records_only: args.records_only })
            }
            Some(dir) => {
                std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
                Ok(Self::Files { dir: dir.clone(), files: BTreeMap::new() })
            }
        }
    }

    /// False when the reader of the output went away.
    fn put(&mut self, dataset: &str, kind: RecordKind, bytes: &[u8]) -> anyhow::Result<bool> {
        match self {
            Self::Stdout { out, records_only } => {
                let bare = *records_only || kind == RecordKind::Tombstone;
                let written = match bare {
                    true => out.write_all(bytes).and_then(|()| out.write_all(b"\n")),
                    false => write!(out, r#"{{"dataset":"{dataset}","record":"#)
                        .and_then(|()| out.write_all(bytes))
                        .and_then(|()| out.write_all(b"}\n")),
                };
                still_read(written)
            }
            Self::Files { dir, files } => {
                let suffix = if kind == RecordKind::Tombstone { ".tombstones.jsonl" } else { ".jsonl" };
                let file = open_file(files, dir, format!("{dataset}{suffix}"))?;
                file.write_all(bytes)
                    .and_then(|()| file.write_all(b"\n"))
                    .context("cannot write a record")?;
                Ok(true)
            }
        }
    }

    fn flush(&mut self) -> anyhow::Result<()> {
        match self {
            Self::Stdout { out, .. } => still_read(out.flush()).map(drop),
            Self::Files { .. } => Ok(()),
        }
    }

    fn finish(mut self) -> anyhow::Result<()> {
        self.flush()?;
        let Self::Files { dir, files } = self else { return Ok(()) };
        for (name, file) in files {
            let path = dir.join(name);
            let file = file.into_inner().context("cannot write a record")?;
            file.as_file().sync_all().with_context(|| format!("cannot write {}", path.display()))?;
            file.persist(&path).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
}

fn open_file<'a>(
    files: &'a mut BTreeMap<String, BufWriter<tempfile::NamedTempFile>>,
    dir: &Path,
    name: String,
) -> anyhow::Result<&'a mut BufWriter<tempfile::NamedTempFile>> {
    use std::collections::btree_map::Entry;
    match files.entry(name) {
        Entry::Occupied(entry) => Ok(entry.into_mut()),
        Entry::Vacant(entry) => {
            let file = tempfile::Builder::new().prefix(".").suffix(".tmp").tempfile_in(dir);
            let file = file.with_context(|| format!("cannot write into {}", dir.display()))?;
            Ok(entry.insert(BufWriter::with_capacity(READ, file)))
        }
    }
}

/// A closed pipe is how `head` says that it has enough; it is no error.
fn still_read(written: std::io::Result<()>) -> anyhow::Result<bool> {
    match written {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(e) => Err(e).context("cannot write to standard output"),
    }
}
