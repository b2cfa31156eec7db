//! Running the real program: its environment is empty but for what a test gives, its memory is
//! measured, and nothing waits without a bound.

use crate::built;
use anyhow::{Context, bail};
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The program with an empty environment and a cache of its own.
pub fn command() -> anyhow::Result<Command> {
    let mut command = Command::new(built::program()?);
    command.env_clear().env("XDG_CACHE_HOME", built::cache()?);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Ok(command)
}

/// `sync` of everything at `base_url` into `lake`, as fast as it goes.
pub fn sync(lake: &Path, base_url: &str, key: &str) -> anyhow::Result<Command> {
    let mut command = command()?;
    command.args(["sync", "--tenant", "acme", "--rate-limit", "100000", "--api-base", base_url]);
    command.arg("--lake").arg(lake).env("STRIPE_API_KEY", key);
    Ok(command)
}

/// How a run ended.
pub struct Ended {
    /// The exit code; none when it was killed.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: String,
    /// The most memory that the program itself had resident, in bytes, children not counted.
    pub peak: u64,
}

impl std::fmt::Debug for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Of records, the beginning is enough to recognise them.
        let start = String::from_utf8_lossy(&self.stdout[..self.stdout.len().min(300)]);
        write!(f, "exit code {:?}, stdout {start:?}…, stderr {:?}", self.code, self.stderr)
    }
}

/// A program that runs; killed when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
    peak: u64,
    until: Instant,
}

/// How often a running program is looked at.
const LOOK: Duration = Duration::from_millis(1);

impl Running {
    /// Starts a program that must end within `bound`. Pipes of its output that the caller has not
    /// replaced are read in the background.
    pub fn start(mut command: Command, bound: Duration) -> anyhow::Result<Self> {
        let mut child = command.spawn().context("cannot start the program")?;
        let stdout = child.stdout.take().map(drain);
        let stderr = child.stderr.take().map(drain);
        Ok(Self { child, stdout, stderr, peak: 0, until: Instant::now() + bound })
    }

    /// The program's process, for its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Looks at the program until it ends or `enough` says so; true when it ended.
    pub fn look(&mut self, mut enough: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<bool> {
        loop {
            if let Some(peak) = peak_memory(self.child.id()) {
                self.peak = self.peak.max(peak);
            }
            if self.child.try_wait()?.is_some() {
                return Ok(true);
            }
            if enough()? {
                return Ok(false);
            }
            if Instant::now() > self.until {
                bail!("the program did not end in time");
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Ends it as a power failure would.
    pub fn kill(mut self) -> anyhow::Result<Ended> {
        self.child.kill()?;
        self.collect()
    }

    /// Waits for its end.
    pub fn end(mut self) -> anyhow::Result<Ended> {
        self.look(|| Ok(false))?;
        self.collect()
    }

    fn collect(&mut self) -> anyhow::Result<Ended> {
        let code = self.child.wait()?.code();
        let joined = |thread: &mut Option<JoinHandle<Vec<u8>>>| {
            thread.take().map(|thread| thread.join().unwrap_or_default()).unwrap_or_default()
        };
        let (stdout, stderr) = (joined(&mut self.stdout), joined(&mut self.stderr));
        let stderr = String::from_utf8_lossy(&stderr).into_owned();
        Ok(Ended { code, stdout, stderr, peak: self.peak })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already, and then there is nothing to kill.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Runs a program to its end, which must come within two minutes.
pub fn run(command: Command) -> anyhow::Result<Ended> {
    Running::start(command, Duration::from_secs(120))?.end()
}

fn drain(mut pipe: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // A pipe that breaks gives what came before.
        let _broken = pipe.read_to_end(&mut bytes);
        bytes
    })
}

/// The most memory that a process had resident so far, in bytes. Read while it runs: what the system
/// tells after the end counts the parent's memory before the program was loaded, too.
fn peak_memory(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
