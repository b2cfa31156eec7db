//! Servers that others wrote, to sync from: each a process of its own on a free port of loopback.

use anyhow::{Context, bail, ensure};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// A key that both of them take.
pub const KEY: &str = "sk_test_12345";
/// How long a server may take to start.
const START: Duration = Duration::from_secs(60);

/// A foreign server that runs, and the script that fills it and checks lakes; killed when dropped.
#[derive(Debug)]
pub struct Foreign {
    child: Child,
    base: String,
    interpreter: PathBuf,
    script: PathBuf,
}

impl Foreign {
    /// PyPI's localstripe: shapes of 2017, oldest first; filters by time are refused, or it falls over them.
    pub fn localstripe() -> anyhow::Result<Self> {
        let here = std::env::current_exe()?;
        let target = here.ancestors().nth(3).context("test executables lie in target/<profile>/deps")?;
        let bin = target.join("foreign/localstripe/bin");
        let server = bin.join("localstripe");
        ensure!(server.is_file(), "{} is missing; `cargo xtask test` installs it", server.display());
        let python = tests("python");
        let mut command = Command::new(server);
        command.args(["--from-scratch", "--port", "0"]);
        command.env("PYTHONPATH", python.join("loopback")).env("PYTHONUNBUFFERED", "1");
        Self::start(command, bin.join("python"), python.join("localstripe.py"))
    }

    /// npm's stripe-stateful-mock: shapes of 2020, oldest first, filters by time passed over.
    pub fn stateful_mock() -> anyhow::Result<Self> {
        let node = tests("node");
        let server = node.join("node_modules/stripe-stateful-mock");
        ensure!(server.is_dir(), "{} is missing; `cargo xtask test` installs it", server.display());
        let script = node.join("stateful_mock.mjs");
        let mut command = Command::new("node");
        command.arg(&script).arg("serve");
        Self::start(command, PathBuf::from("node"), script)
    }

    fn start(mut command: Command, interpreter: PathBuf, script: PathBuf) -> anyhow::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let stdout = child.stdout.take();
        // Held from here on, so that the child ends whatever happens.
        let mut foreign = Self { child, base: String::new(), interpreter, script };
        let (found, port) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout?).lines() {
                // `======== Running on http://[::ffff:7f00:1]:46385 ========`, `http://127.0.0.1:46385`
                if let Some((_, rest)) = line.ok()?.split_once("http://") {
                    let port = rest.split(' ').next()?.rsplit(':').next()?.parse::<u16>().ok()?;
                    // Nobody waits any longer: then nobody wants it either.
                    let _late = found.send(port);
                }
            }
            Some(())
        });
        let Ok(port) = port.recv_timeout(START) else { bail!("{command:?} does not say where it listens") };
        foreign.base = format!("http://127.0.0.1:{port}");
        Ok(foreign)
    }

    /// Its address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Creates objects through its API and writes what it then lists, a file for each resource.
    pub fn fill(&self, dir: &Path) -> anyhow::Result<()> {
        self.script(&["fill".as_ref(), self.base.as_ref(), dir.as_ref()])
    }

    /// Has localstripe send its webhooks to an address twice, signed with a secret, creates customers, and writes what it
    /// then lists. Gives how many there are.
    pub fn send_twice(&self, dir: &Path, url: &str, secret: &str) -> anyhow::Result<u64> {
        let [base, url, secret] = [&self.base, url, secret].map(OsStr::new);
        self.script(&["send-twice".as_ref(), base, dir.as_ref(), url, secret])?;
        let page: serde_json::Value = serde_json::from_slice(&std::fs::read(dir.join("customers.json"))?)?;
        Ok(page["data"].as_array().context("a list")?.len() as u64)
    }

    /// Compares resources of a lake with what [`Foreign::fill`] wrote.
    pub fn check(&self, dir: &Path, lake: &Path, resources: &str) -> anyhow::Result<()> {
        let mut arguments: Vec<&OsStr> = vec!["check".as_ref(), dir.as_ref(), lake.as_ref()];
        arguments.extend(resources.split(',').map(OsStr::new));
        self.script(&arguments)
    }

    fn script(&self, arguments: &[&OsStr]) -> anyhow::Result<()> {
        let output = Command::new(&self.interpreter).arg(&self.script).args(arguments).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{}: {said}", self.script.display());
        Ok(())
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        // It may have ended already, and then there is nothing to kill.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn tests(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(part)
}
