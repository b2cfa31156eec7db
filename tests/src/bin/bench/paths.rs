//! The ways from one object's text to its record that are measured.

use anyhow::{Context, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};
use stripe_xdm::module::{Call as HostCall, Module, Worker};
use stripe_xdm_core::Call;
use stripe_xdm_tests::corpus::{ACCOUNT, SETTINGS};
use stripe_xdm_tests::expressions::Jaq;
use stripe_xdm_tests::native::Native;
use stripe_xdm_tests::node;

/// Objects in one call of the batched paths.
const BATCH: usize = 100;

/// Before a path is measured it runs this long: V8 compiles in stages.
const WARM_UP: Duration = Duration::from_millis(400);

/// Runs so many conversions and says how long they took and how many there were.
type Run = Box<dyn FnMut(u64) -> anyhow::Result<(Duration, u64)>>;

/// One way, with a name for the table.
pub(crate) struct Path {
    name: String,
    run: Run,
}

impl Path {
    /// Parsing into a tree and printing it again: what a mapping without an engine would start with.
    pub(crate) fn value(name: &str, text: &str) -> Self {
        let text = text.to_owned();
        Self::timed(name, 1, move || {
            let value: Value = serde_json::from_str(black_box(&text))?;
            black_box(serde_json::to_vec(&value)?);
            Ok(())
        })
    }

    /// The core linked natively.
    pub(crate) fn native(name: &str, settings: &str, text: &str) -> anyhow::Result<Self> {
        let (mut native, call, text) = (Native::open(settings)?, Call::default(), text.to_owned());
        Ok(Self::timed(name, 1, move || {
            let (outcome, output) = native.transform(&call, black_box(text.as_bytes()));
            outcome?;
            black_box(&output.bytes);
            Ok(())
        }))
    }

    /// The module in the host's sandbox: deadlines on, limits on, response decoded.
    pub(crate) fn wasmtime(name: &str, module: &Module, settings: &str, text: &str) -> anyhow::Result<Self> {
        let mut worker = Worker::open(module, settings.as_bytes())?;
        let (call, text) = (HostCall::default(), text.to_owned());
        Ok(Self::timed(name, BATCH as u64, move || {
            let objects = [text.as_bytes(); BATCH];
            let batch = worker.transform(&call, black_box(&objects))?;
            ensure!(batch.objects().len() == BATCH, "an object is missing");
            black_box(&batch);
            Ok(())
        }))
    }

    /// The forty expressions in jq, run by jaq, natively.
    pub(crate) fn jaq(name: &str, text: &str) -> anyhow::Result<Self> {
        let (jaq, text) = (Jaq::compile()?, text.to_owned());
        Ok(Self::timed(name, 1, move || {
            black_box(jaq.convert(black_box(&text))?);
            Ok(())
        }))
    }

    fn timed(name: &str, batch: u64, mut convert: impl FnMut() -> anyhow::Result<()> + 'static) -> Self {
        let run = move |times: u64| {
            let calls = times.div_ceil(batch);
            let start = Instant::now();
            for _ in 0..calls {
                convert()?;
            }
            Ok((start.elapsed(), calls * batch))
        };
        Self { name: name.to_owned(), run: Box::new(run) }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Warms the path up; returns how many conversions take about so long.
    pub(crate) fn calibrate(&mut self, length: Duration) -> anyhow::Result<u64> {
        let start = Instant::now();
        let mut times = 100;
        while start.elapsed() < WARM_UP {
            let (took, done) = (self.run)(times)?;
            let each = took.as_secs_f64().max(1e-9) / done as f64;
            times = ((length.as_secs_f64() / each) as u64).max(1);
        }
        Ok(times)
    }

    /// Nanoseconds for one object.
    pub(crate) fn run(&mut self, times: u64) -> anyhow::Result<f64> {
        let (took, done) = (self.run)(times)?;
        Ok(took.as_nanos() as f64 / done as f64)
    }
}

/// The record that the native core makes of a text.
pub(crate) fn native_record(settings: &str, text: &str) -> anyhow::Result<String> {
    let mut native = Native::open(settings)?;
    let (outcome, output) = native.transform(&Call::default(), text.as_bytes());
    outcome?;
    let record = output.records.first().context("the sample gives a record")?;
    Ok(std::str::from_utf8(&output.bytes[record.span.clone()])?.to_owned())
}

/// A Node process that measures on request.
#[derive(Clone)]
pub(crate) struct V8 {
    process: Rc<RefCell<Process>>,
}

struct Process {
    child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

#[derive(Deserialize)]
struct Measured {
    nanoseconds: u64,
    objects: u64,
}

impl V8 {
    /// Starts Node, which checks that the mapping by hand makes the same record.
    pub(crate) fn start(text: &str, record: &str, expressions: &str) -> anyhow::Result<Self> {
        let mut command = node::script("bench.mjs")?;
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let asks = child.stdin.take().context("a pipe")?;
        let answers = BufReader::new(child.stdout.take().context("a pipe")?);
        let mut process = Process { child, asks, answers };
        let given = json!({
            "settings": SETTINGS, "tenant": "acme", "account": ACCOUNT, "text": text, "record": record,
            "expressions": expressions,
        });
        process.ask(&given).context("tests/node/bench.mjs did not start; see above")?;
        Ok(Self { process: Rc::new(RefCell::new(process)) })
    }

    /// The paths that convert the charge.
    pub(crate) fn paths(&self) -> Vec<Path> {
        [
            ("batch", "V8, bytes ABI, batches of 100"),
            ("single", "V8, bytes ABI, one by one"),
            ("json", "V8, transformJson"),
            ("objects", "V8, JSON.parse, transform, JSON.stringify"),
            ("hand", "V8, mapping by hand, text to text"),
        ]
        .map(|(path, name)| self.path(path, name))
        .into()
    }

    /// A path of the script.
    pub(crate) fn path(&self, path: &'static str, name: &str) -> Path {
        let v8 = self.clone();
        let run = move |times| {
            let answer = v8.process.borrow_mut().ask(&json!({ "path": path, "times": times }))?;
            let Measured { nanoseconds, objects } = serde_json::from_str(&answer)?;
            Ok((Duration::from_nanos(nanoseconds), objects))
        };
        Path { name: name.to_owned(), run: Box::new(run) }
    }
}

impl Process {
    fn ask(&mut self, question: &Value) -> anyhow::Result<String> {
        writeln!(self.asks, "{question}")?;
        let mut answer = String::new();
        ensure!(self.answers.read_line(&mut answer)? > 0, "Node ended early");
        Ok(answer)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It would end with its input anyway; this leaves no process behind if it does not.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
