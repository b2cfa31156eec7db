//! The stand-in for Experience Platform in the background of a test, and the program's commands that reach it.

use crate::program::{Ended, command, run};
use anyhow::{Context, ensure};
use std::process::Command;
use stripe_xdm_sandbox::platform::{Options, Platform};
use tokio::runtime::Runtime;

/// The sandbox of the organisation that tests work in.
pub const SANDBOX: &str = "dev";

/// The platform with threads of its own.
#[derive(Debug)]
pub struct Adobe {
    platform: Option<Platform>,
    runtime: Runtime,
}

impl Adobe {
    /// Serves it.
    pub fn start(options: Options) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let platform = runtime.block_on(Platform::start(options))?;
        Ok(Self { platform: Some(platform), runtime })
    }

    /// The platform itself.
    pub fn platform(&self) -> anyhow::Result<&Platform> {
        self.platform.as_ref().context("the platform runs")
    }

    /// Tells a command how the platform is reached.
    pub fn reach(&self, mut command: Command) -> anyhow::Result<Command> {
        let platform = self.platform()?;
        let organization = platform.organization();
        command.env("STRIPE_XDM_CLIENT_SECRET", &organization.client.secret);
        command.args(["--org", &organization.id, "--client-id", &organization.client.id]);
        command.args(["--aep-sandbox", SANDBOX]);
        command.args(["--platform-url", platform.base_url(), "--ims-url", platform.base_url()]);
        Ok(command)
    }

    /// `schema plan` or `schema apply`.
    pub fn schema(&self, what: &str, more: &[&str]) -> anyhow::Result<Command> {
        let mut command = command()?;
        command.args(["schema", what]);
        let mut command = self.reach(command)?;
        command.args(more);
        Ok(command)
    }

    /// Runs it, and sees to it that nothing secret is said.
    pub fn run_schema(&self, what: &str, more: &[&str]) -> anyhow::Result<Ended> {
        let ended = run(self.schema(what, more)?)?;
        self.nothing_secret(&ended)?;
        Ok(ended)
    }

    /// `schema apply` without a question.
    pub fn apply(&self, more: &[&str]) -> anyhow::Result<Ended> {
        let mut all = vec!["--yes"];
        all.extend(more);
        self.run_schema("apply", &all)
    }

    /// Fails when a run said something secret.
    pub fn nothing_secret(&self, ended: &Ended) -> anyhow::Result<()> {
        let said = format!("{}{}", String::from_utf8_lossy(&ended.stdout), ended.stderr);
        ensure!(!said.contains(&self.platform()?.client().secret), "the client secret was printed");
        ensure!(!said.contains("Bearer"), "a header was printed");
        ensure!(!said.contains("eyJ"), "a token was printed: {said}");
        Ok(())
    }
}

impl Drop for Adobe {
    fn drop(&mut self) {
        // Its task must end inside its runtime.
        let _inside = self.runtime.enter();
        drop(self.platform.take());
    }
}
