//! `stripe-xdm transform`: objects from files or standard input, records to standard output or files.
//! A reading thread, some workers and this thread; short queues and a fixed turn order keep memory
//! constant and the output in the input's order.

mod sink;
mod tally;

use super::Global;
use super::settings::SettingsArgs;
use anyhow::{Context, bail};
use clap::Args;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use sink::Sink;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use stripe_xdm::input::{Piece, Splitter};
use stripe_xdm::ledger::record_id;
use stripe_xdm::module::{Batch, Call, Fate, Limits, Module, ObjectError, ObjectResult, Worker, WorkerError};
use stripe_xdm::quarantine::{About, Keeper, Origin, Settled, Surroundings, object_key};
use tally::Tally;

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
    #[arg(long, value_name = "TIME", value_parser = super::time)]
    observed_at: Option<i64>,
    /// Print the records alone, without the dataset's name
    #[arg(long, conflicts_with = "out")]
    records_only: bool,
    /// Write one file per dataset into this directory; they appear when all is read
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Keep what must not be written in this directory's quarantine; default that of --out, else nothing is
    /// kept and the reasons go to standard error
    #[arg(long, value_name = "DIR")]
    quarantine: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// A stretch of the input: in each place an object's text, or why there is none.
type Stretch = Vec<Result<Vec<u8>, ObjectError>>;
type Made = Result<(Stretch, Batch), WorkerError>;

pub(super) fn run(global: &Global, args: TransformArgs) -> anyhow::Result<ExitCode> {
    let module = global.load_module()?;
    let mut settings = args.settings.settings()?;
    let resource = Some(args.resource.clone()).filter(|r| r != "auto");
    let observed_at = args.observed_at.unwrap_or_else(|| jiff::Timestamp::now().as_second());
    let call = Call { resource, observed_at: Some(observed_at), ..Call::default() };
    let surroundings = Surroundings {
        account: args.account.clone(),
        livemode: args.livemode.then_some(true),
        api_version: args.api_version.clone(),
        ..Surroundings::default()
    };
    surroundings.put_into(&mut settings);
    let tenant = settings.get("tenant").and_then(Value::as_str).unwrap_or_default().to_owned();
    let settings = Value::Object(settings).to_string().into_bytes();
    let count = std::thread::available_parallelism().map_or(2, |n| n.get()).clamp(2, 8);
    let workers: Vec<_> = (0..count).map(|_| Worker::open(&module, &settings)).collect::<Result<_, _>>()?;
    let sink = Sink::open(&args)?;
    let quarantine = args.quarantine.as_ref().or(args.out.as_ref());
    let keeper = quarantine.map(|dir| Keeper::new(dir, &tenant)).transpose()?;
    let run = format!("transform-{}", jiff::Timestamp::now().strftime("%Y-%m-%dT%H-%M-%SZ"));
    let surroundings = surroundings.of_call(&call);
    let mut writer = Writer { module: &module, sink, keeper, run, surroundings, tally: Tally::default() };

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
        let written = writer.write_all(&results);
        // Without receivers the workers end, and the reader with them, even when it is not at the end.
        drop(results);
        let all_taken = written?;
        reader.join().unwrap_or_else(|_| bail!("the reading thread died"))?;
        Ok(all_taken)
    });
    let tally = writer.finish(read)?;
    if global.json && !global.quiet {
        stripe_xdm::tell!("{}", tally.json());
    } else if global.draws() && !global.quiet {
        stripe_xdm::tell!("{}", tally.words().trim_end());
    }
    Ok(ExitCode::from(match tally.failed + tally.invalid {
        0 => 0,
        _ if tally.failed == tally.objects => 1,
        _ => 2,
    }))
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

/// What becomes of the workers' results.
struct Writer<'a> {
    module: &'a Module,
    sink: Sink,
    keeper: Option<Keeper>,
    run: String,
    surroundings: Surroundings,
    tally: Tally,
}

impl Writer<'_> {
    /// Takes the workers' results in the order of their turns; false when the reader of the output went away.
    fn write_all(&mut self, results: &[Receiver<Made>]) -> anyhow::Result<bool> {
        // A worker without a result has no more work, and then neither has any after it.
        for result in results.iter().cycle() {
            let Ok(made) = result.recv() else { return Ok(true) };
            let (stretch, batch) = made?;
            let mut converted = batch.objects().iter();
            for place in &stretch {
                self.tally.objects += 1;
                let taken = match place {
                    Err(error) => {
                        self.tally.fail(error);
                        continue;
                    }
                    Ok(text) => match converted.next() {
                        Some(result) => self.object(text, result, &batch)?,
                        None => continue,
                    },
                };
                if !taken {
                    return Ok(false);
                }
            }
            if let Some(keeper) = &mut self.keeper {
                keeper.flush()?;
            }
            if !self.sink.flush()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn object(&mut self, text: &[u8], result: &ObjectResult, batch: &Batch) -> anyhow::Result<bool> {
        let seen = self.surroundings.observed_at.unwrap_or_default();
        match &result.fate {
            Fate::Skipped(_) => self.tally.skipped += 1,
            Fate::Done(report) => self.tally.note(report),
            Fate::Failed(error) => {
                self.tally.fail(error);
                if let Some(keeper) = &mut self.keeper {
                    let origin = origin(text, None, &self.run, self.module, &self.surroundings);
                    keeper.keep(origin.failed(object_key(text), error))?;
                }
                return Ok(true);
            }
        }
        if let Some(keeper) = &mut self.keeper {
            keeper.settle(Settled::Object { text }, seen)?;
        }
        for (number, record) in batch.records(result).iter().enumerate() {
            let (dataset, bytes) = (self.module.dataset(record.dataset), batch.bytes(record));
            if !record.valid {
                let head = Head::of(text);
                let origin = origin(text, Some(&head), &self.run, self.module, &self.surroundings);
                let entry = origin.record(dataset, record.kind, number, bytes, result);
                self.tally.keep(dataset);
                match &mut self.keeper {
                    Some(keeper) => keeper.keep(entry)?,
                    None => self.tally.tell(&About::of(&entry)?),
                }
                continue;
            }
            self.tally.records += 1;
            if !self.sink.put(dataset, record.kind, bytes)? {
                return Ok(false);
            }
            if let (Some(keeper), Some(id)) = (&mut self.keeper, record_id(bytes)) {
                keeper.settle(Settled::Record { dataset, id }, seen)?;
            }
        }
        Ok(true)
    }

    /// Makes everything durable: records first, then what is kept back, even when the reading failed.
    fn finish(self, read: anyhow::Result<bool>) -> anyhow::Result<Tally> {
        let written = read.and_then(|all_taken| self.sink.finish().map(|()| all_taken));
        if let Some(keeper) = self.keeper {
            keeper.finish(matches!(written, Ok(true)))?;
        }
        written.map(|_| self.tally)
    }
}

fn origin<'a>(
    text: &'a [u8],
    head: Option<&'a Head>,
    run: &'a str,
    module: &'a Module,
    surroundings: &'a Surroundings,
) -> Origin<'a> {
    Origin {
        text,
        resource: head.and_then(|head| head.kind.as_deref()).unwrap_or_default(),
        object: head.and_then(|head| head.id.as_deref()),
        run,
        module_sha256: module.sha256(),
        surroundings,
    }
}

/// What an object says of itself.
#[derive(Debug, Default, Deserialize)]
struct Head {
    #[serde(rename = "object", default)]
    kind: Option<String>,
    #[serde(default)]
    id: Option<String>,
}

impl Head {
    /// Of an object that is bare, in an Event, or in `data` as Adobe's managed source stores it.
    fn of(text: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Around<'a> {
            #[serde(borrow)]
            data: &'a RawValue,
        }
        #[derive(Deserialize)]
        struct InEvent {
            object: Head,
        }
        let bare = || serde_json::from_slice(text).unwrap_or_default();
        let Ok(Around { data }) = serde_json::from_slice(text) else { return bare() };
        let in_event = serde_json::from_str::<InEvent>(data.get()).map(|event| event.object);
        in_event.or_else(|_| serde_json::from_str(data.get())).unwrap_or_else(|_| bare())
    }
}

#[cfg(test)]
mod tests {
    use super::Head;

    #[test]
    fn an_object_is_named_wherever_it_lies() {
        for text in [
            r#"{"id":"ch_1","object":"charge"}"#,
            r#"{"data":{"id":"ch_1","object":"charge"}}"#,
            r#"{"id":"evt_1","object":"event","data":{"object":{"id":"ch_1","object":"charge"}}}"#,
            r#"{"id":"ch_1","object":"charge","data":7}"#,
        ] {
            let head = Head::of(text.as_bytes());
            assert_eq!((head.kind.as_deref(), head.id.as_deref()), (Some("charge"), Some("ch_1")), "{text}");
        }
        assert!(Head::of(b"no JSON").id.is_none());
    }
}
