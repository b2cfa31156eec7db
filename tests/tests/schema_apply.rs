//! `schema plan` and `schema apply` against a stand-in for Experience Platform: what is made, that it is made once,
//! whatever happens in between, and that nothing secret is ever said.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use stripe_xdm_sandbox::platform::{Faults, Logged, Options, Platform};
use stripe_xdm_tests::program::{Ended, Running, command, run};
use tokio::runtime::Runtime;

/// The platform with threads of its own, and a cache directory for the program's token.
struct Adobe {
    platform: Option<Platform>,
    runtime: Runtime,
    home: tempfile::TempDir,
}

impl Adobe {
    fn start(options: Options) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let platform = runtime.block_on(Platform::start(options))?;
        Ok(Self { platform: Some(platform), runtime, home: tempfile::tempdir()? })
    }

    fn platform(&self) -> anyhow::Result<&Platform> {
        self.platform.as_ref().context("the platform runs")
    }

    /// `schema plan` or `schema apply`, whose token is kept apart from other tests'.
    fn command(&self, what: &str, more: &[&str]) -> anyhow::Result<Command> {
        let platform = self.platform()?;
        let organization = platform.organization();
        let mut command = command()?;
        command.env("STRIPE_XDM_CLIENT_SECRET", &organization.client.secret);
        command.args(["schema", what, "--org", &organization.id, "--client-id", &organization.client.id]);
        command.args(["--aep-sandbox", "dev"]);
        command.args(["--platform-url", platform.base_url(), "--ims-url", platform.base_url()]);
        command.args(more);
        Ok(command)
    }

    fn run(&self, what: &str, more: &[&str]) -> anyhow::Result<Ended> {
        let ended = run(self.command(what, more)?)?;
        self.nothing_secret(&ended)?;
        Ok(ended)
    }

    fn apply(&self, more: &[&str]) -> anyhow::Result<Ended> {
        let mut all = vec!["--yes"];
        all.extend(more);
        self.run("apply", &all)
    }

    fn nothing_secret(&self, ended: &Ended) -> anyhow::Result<()> {
        let said = format!("{}{}", String::from_utf8_lossy(&ended.stdout), ended.stderr);
        ensure!(!said.contains(&self.platform()?.client().secret), "the client secret was printed");
        ensure!(!said.contains("Bearer"), "a header was printed");
        ensure!(!said.contains("eyJ"), "a token was printed: {said}");
        Ok(())
    }

    /// How often each thing was made, by what it is.
    fn made(&self) -> anyhow::Result<BTreeMap<String, u32>> {
        let mut made = BTreeMap::new();
        for request in self.platform()?.requests().iter().filter(|request| request.changed) {
            if let Some(thing) = thing(request)? {
                *made.entry(thing).or_default() += 1;
            }
        }
        Ok(made)
    }

    /// Nothing was made twice, and a plan finds nothing more to do.
    fn complete(&self, more: &[&str]) -> anyhow::Result<()> {
        for (thing, times) in self.made()? {
            ensure!(times == 1, "{thing} was made {times} times");
        }
        let plan = self.run("plan", more)?;
        ensure!(plan.code == Some(0), "{plan:?}: {}", String::from_utf8_lossy(&plan.stdout));
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

/// What a request made, told apart by content.
fn thing(request: &Logged) -> anyhow::Result<Option<String>> {
    if request.method != "POST" || request.path.starts_with("/ims/") {
        return Ok(None);
    }
    let body: Value = serde_json::from_str(&request.body)?;
    let key = |name: &str| body.get(name).map(Value::to_string).unwrap_or_default();
    let content = match request.path.rsplit('/').next() {
        Some("descriptors") => key("@type") + &key("xdm:sourceSchema") + &key("xdm:sourceProperty"),
        Some("identities") => key("code"),
        Some("dataSets") => key("name"),
        _ => key("title"),
    };
    Ok(Some(format!("{} {content}", request.path)))
}

fn document(ended: &Ended) -> anyhow::Result<Value> {
    serde_json::from_slice(&ended.stdout).with_context(|| format!("{ended:?}"))
}

fn write(path: &Path, value: &Value) -> anyhow::Result<String> {
    std::fs::write(path, value.to_string())?;
    Ok(path.display().to_string())
}

#[test]
fn everything_is_made_once_and_then_nothing_is_left_to_do() -> anyhow::Result<()> {
    let adobe = Adobe::start(Options::default())?;
    let plan = adobe.run("plan", &[])?;
    ensure!(plan.code == Some(3), "{plan:?}");
    ensure!(adobe.platform()?.changes() == 0, "a plan wrote something");
    println!("{}", String::from_utf8_lossy(&plan.stdout));

    let applied = adobe.apply(&[])?;
    ensure!(applied.code == Some(0), "{}", applied.stderr);
    let made = adobe.made()?;
    for (place, at_least) in
        [("/identities ", 3), ("/datatypes ", 10), ("/fieldgroups ", 7), ("/schemas ", 7), ("/dataSets ", 7)]
    {
        let count = made.keys().filter(|thing| thing.contains(place)).count();
        ensure!(count >= at_least, "{count} of {place}");
    }
    for kind in ["Identity", "ReferenceIdentity", "OneToOne", "Label"] {
        ensure!(made.keys().any(|thing| thing.contains(&format!("xdm:descriptor{kind}"))), "no {kind}");
    }

    let before = adobe.platform()?.changes();
    let again = adobe.apply(&[])?;
    ensure!(again.code == Some(0), "{}", again.stderr);
    ensure!(adobe.platform()?.changes() == before, "the second run wrote something");
    adobe.complete(&[])
}
