//! What a whole sync does: the real program against the Stripe stand-in, each a process of its own on the same
//! machine. The stand-in counts the requests and the most of them within any one second.

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use stripe_xdm_sandbox::{Account, ApiKey, Clock, Even, EvenKind, Mode, Options, Rate, Sandbox};
use stripe_xdm_tests::program::{self, Running};

/// Opens nothing but the stand-in of this process.
const KEY: &str = "sk_live_benchmark0benchmark0";
const YEAR: Duration = Duration::from_secs(365 * 86_400);
/// The newest charge; the stand-in's clock stands an hour later.
const NEWEST: i64 = 1_790_000_000;
const BOUND: Duration = Duration::from_secs(600);

/// One measurement.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Scene {
    objects: usize,
    latency_ms: u64,
    rate: u32,
    /// Of an object.
    bytes: usize,
    customers: bool,
}

/// What is asked of the program, and in which scene.
const SCENES: [(Scene, f64); 4] = [
    (Scene { objects: 20_000, latency_ms: 0, rate: 100_000, bytes: 1_700, customers: false }, 20_000.0),
    (Scene { objects: 20_000, latency_ms: 100, rate: 25, bytes: 1_700, customers: false }, 2_300.0),
    (Scene { objects: 20_000, latency_ms: 100, rate: 100, bytes: 1_700, customers: false }, 9_000.0),
    (Scene { objects: 200_000, latency_ms: 0, rate: 100_000, bytes: 1_700, customers: false }, 20_000.0),
];

/// What the stand-in saw.
#[derive(Debug, Serialize, Deserialize)]
struct Saw {
    requests: u64,
    max_per_second: usize,
    max_in_flight: usize,
}

/// Measures all scenes and prints what came out.
pub(crate) fn run(rounds: u32) -> anyhow::Result<()> {
    println!(
        "a sync of charges of about 1.7 kB, evenly over a year, from a stand-in in a process of its own"
    );
    println!(
        "{:>8} {:>8} {:>8} {:>10} {:>10} {:>9} {:>9} {:>8} {:>8} {:>7}",
        "objects",
        "latency",
        "rate",
        "objects/s",
        "wanted",
        "requests",
        "/minimum",
        "/second",
        "flying",
        "MB"
    );
    for (scene, wanted) in SCENES {
        let mut best: Option<(f64, String)> = None;
        for _ in 0..rounds {
            let (speed, line) = measure(scene, wanted)?;
            if best.as_ref().is_none_or(|(most, _)| speed > *most) {
                best = Some((speed, line));
            }
        }
        println!("{}", best.map(|(_, line)| line).unwrap_or_default());
    }
    Ok(())
}

/// A lake of so many customers, each of so many bytes; how many records that makes, and of how many bytes.
pub(crate) fn customers(lake: &Path, objects: usize, bytes: usize) -> anyhow::Result<(u64, u64)> {
    let stand_in = StandIn::start(Scene { objects, latency_ms: 0, rate: 100_000, bytes, customers: true })?;
    let mut command = program::sync(lake, &stand_in.base_url, KEY)?;
    command.args(["--json", "--resources", "customers", "--endpoint-rate-limit", "100000"]);
    let ended = Running::start(command, BOUND)?.end()?;
    ensure!(ended.code == Some(0), "{ended:?}");
    let (mut records, mut bytes) = (0, 0);
    for file in stripe_xdm_tests::lake::visible(lake)? {
        let text = std::fs::read(file)?;
        bytes += text.len() as u64;
        records += text.iter().filter(|byte| **byte == b'\n').count() as u64;
    }
    Ok((records, bytes))
}

fn measure(scene: Scene, wanted: f64) -> anyhow::Result<(f64, String)> {
    let stand_in = StandIn::start(scene)?;
    let dir = tempfile::tempdir()?;
    let mut command = program::sync(dir.path(), &stand_in.base_url, KEY)?;
    // The last of two counts.
    let rate = scene.rate.to_string();
    command.args(["--json", "--resources", "charges", "--endpoint-rate-limit", &rate]);
    let mut sync = program::command()?;
    sync.args(command.get_args().map(|arg| if arg == "100000" { rate.as_ref() } else { arg }));
    sync.env("STRIPE_API_KEY", KEY);
    let ended = Running::start(sync, BOUND)?.end()?;
    ensure!(ended.code == Some(0), "{ended:?}");
    let summary: serde_json::Value = serde_json::from_slice(&ended.stdout)?;
    let objects = summary["resources"]["charges"]["objects"].as_u64().context("objects")?;
    ensure!(objects == scene.objects as u64, "{objects} objects");
    let seconds = summary["seconds"].as_f64().context("seconds")?;
    let saw = stand_in.end()?;
    // Pages, and one request to find out the account.
    let minimum = scene.objects.div_ceil(100) + 1;
    let speed = objects as f64 / seconds;
    let line = format!(
        "{:>8} {:>5} ms {:>6}/s {speed:>10.0} {wanted:>10.0} {:>9} {:>9.2} {:>8} {:>8} {:>7.1}",
        objects,
        scene.latency_ms,
        scene.rate,
        saw.requests,
        saw.requests as f64 / minimum as f64,
        saw.max_per_second,
        saw.max_in_flight,
        ended.peak as f64 / 1e6,
    );
    Ok((speed, line))
}

/// The stand-in, in a process of its own.
struct StandIn {
    child: Child,
    base_url: String,
    told: BufReader<std::process::ChildStdout>,
}

impl StandIn {
    fn start(scene: Scene) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--stand-in").arg(serde_json::to_string(&scene)?);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut told = BufReader::new(child.stdout.take().context("its output is piped")?);
        let mut base_url = String::new();
        told.read_line(&mut base_url)?;
        ensure!(!base_url.is_empty(), "the stand-in does not start");
        Ok(Self { child, base_url: base_url.trim().to_owned(), told })
    }

    /// Ends it; it tells what it saw.
    fn end(mut self) -> anyhow::Result<Saw> {
        drop(self.child.stdin.take());
        let mut told = String::new();
        self.told.read_to_string(&mut told)?;
        Ok(serde_json::from_str(&told)?)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Serves a scene until standard input ends.
pub(crate) fn stand_in(scene: &str) -> anyhow::Result<()> {
    let scene: Scene = serde_json::from_str(scene)?;
    let even = Even {
        kind: if scene.customers { EvenKind::Customers } else { EvenKind::Charges },
        objects: scene.objects,
        bytes: scene.bytes,
        span: YEAR,
        now: NEWEST,
        mode: Mode::Live,
    };
    let options = Options {
        keys: vec![ApiKey::secret(KEY)],
        rate: Rate::Unlimited,
        latency: Duration::from_millis(scene.latency_ms),
        clock: Clock::Fixed(NEWEST + 3_600),
        ..Options::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let sandbox = runtime.block_on(Sandbox::start(Account::even(1, &even), options))?;
    println!("{}", sandbox.base_url());
    std::io::stdout().flush()?;
    let began = Instant::now();
    std::io::stdin().read_to_end(&mut Vec::new())?;
    ensure!(began.elapsed() < BOUND, "nobody ended the stand-in");
    let stats = sandbox.stats();
    let saw = Saw {
        requests: stats.total,
        max_per_second: stats.max_per_second,
        max_in_flight: stats.max_in_flight,
    };
    println!("{}", serde_json::to_string(&saw)?);
    runtime.block_on(sandbox.shutdown());
    Ok(())
}
