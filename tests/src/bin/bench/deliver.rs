//! What a delivery to Experience Platform does: the real program carries a lake to the stand-in, each a process of
//! its own on the same machine, until the fate of every row is known.

use crate::sync::customers;
use anyhow::{Context, ensure};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use stripe_xdm_sandbox::platform::{Ingestion, Options, Platform};
use stripe_xdm_tests::adobe::SANDBOX;
use stripe_xdm_tests::program::{self, Running};

const RECORDS: usize = 100_000;
/// Of a customer, so that its record has about 700.
const BYTES: usize = 1;
/// How much faster than here time passes at the stand-in: nothing is waited for.
const PACE: u32 = 3_600;
const BOUND: Duration = Duration::from_secs(600);
const WANTED: f64 = 50_000.0;

/// Measures both modes and prints what came out.
pub(crate) fn run(rounds: u32) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let lake = dir.path().join("lake");
    let (records, bytes) = customers(&lake, RECORDS, BYTES)?;
    println!(
        "{records} records of {:.2} kB from a lake into a dataset of a stand-in in a process of its own",
        bytes as f64 / records as f64 / 1e3
    );
    println!("{:>56} {:>10} {:>10} {:>8} {:>8}", "", "records/s", "wanted", "seconds", "MB");
    let streaming = ["--mode", "streaming", "--stream-rate", "0", "--opening", "0"];
    let ways = [&["--mode", "batch"][..], &["--mode", "batch", "--format", "parquet"], &streaming];
    let mut seeds = 1..;
    for arguments in ways {
        let mut best: Option<(f64, String)> = None;
        for seed in seeds.by_ref().take(rounds as usize) {
            let (speed, line) = measure(&lake, arguments, records, seed)?;
            if best.as_ref().is_none_or(|(most, _)| speed > *most) {
                best = Some((speed, line));
            }
        }
        println!("{}", best.map(|(_, line)| line).unwrap_or_default());
    }
    Ok(())
}

fn measure(lake: &Path, arguments: &[&str], records: u64, seed: u64) -> anyhow::Result<(f64, String)> {
    // Another seed, other ids: to the lake it is another platform each time.
    let stand_in = StandIn::start(seed)?;
    let ended = Running::start(stand_in.command(&["schema", "apply", "--yes"])?, BOUND)?.end()?;
    ensure!(ended.code == Some(0), "{ended:?}");
    let mut command = stand_in.command(&["deliver", "--json"])?;
    command.args(arguments).arg("--lake").arg(lake);
    let began = Instant::now();
    let ended = Running::start(command, BOUND)?.end()?;
    let seconds = began.elapsed().as_secs_f64();
    ensure!(ended.code == Some(0), "{ended:?}");
    let delivery: serde_json::Value = serde_json::from_slice(&ended.stdout)?;
    let rows = delivery["datasets"].as_array().context("datasets")?.iter();
    let rows: u64 = rows.filter_map(|one| one["rows"].as_u64()).sum();
    ensure!(rows == records, "{rows} rows");
    let speed = rows as f64 / seconds;
    let line = format!(
        "{:>56} {speed:>10.0} {WANTED:>10.0} {seconds:>8.2} {:>8.1}",
        arguments.join(" "),
        ended.peak as f64 / 1e6
    );
    Ok((speed, line))
}

/// The stand-in, in a process of its own.
struct StandIn {
    child: Child,
    base_url: String,
}

impl StandIn {
    fn start(seed: u64) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--platform-stand-in").arg(seed.to_string());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut base_url = String::new();
        BufReader::new(child.stdout.take().context("its output is piped")?).read_line(&mut base_url)?;
        ensure!(!base_url.is_empty(), "the stand-in does not start");
        Ok(Self { child, base_url: base_url.trim().to_owned() })
    }

    /// A command that reaches it.
    fn command(&self, words: &[&str]) -> anyhow::Result<Command> {
        let organization = Options::default().organizations.into_iter().next().context("an organisation")?;
        let mut command = program::command()?;
        command.args(words).args(["--org", &organization.id, "--client-id", &organization.client.id]);
        command.args([
            "--aep-sandbox",
            SANDBOX,
            "--platform-url",
            &self.base_url,
            "--ims-url",
            &self.base_url,
        ]);
        command.env("STRIPE_XDM_CLIENT_SECRET", &organization.client.secret);
        Ok(command)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Serves the platform until standard input ends.
pub(crate) fn stand_in(seed: u64) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let ingestion = Ingestion { step: Duration::ZERO, ..Ingestion::default() };
    let files = tempfile::tempdir()?;
    let options = Options { seed, ingestion, files: Some(files.path().to_owned()), ..Options::default() };
    let platform = runtime.block_on(Platform::start(options))?;
    println!("{}", platform.base_url());
    std::io::stdout().flush()?;
    std::thread::scope(|scope| {
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let platform = &platform;
        scope.spawn(move || {
            while ended.recv_timeout(Duration::from_millis(100)).is_err() {
                platform.advance(Duration::from_millis(100) * PACE);
            }
        });
        let read = std::io::stdin().read_to_end(&mut Vec::new());
        end.send(())?;
        anyhow::Ok(read.map(drop)?)
    })?;
    runtime.block_on(platform.shutdown());
    Ok(())
}
