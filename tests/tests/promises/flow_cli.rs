//! `stripe-xdm flow` and `doctor --platform` against a stand-in for Experience Platform, with the real mapping sets and
//! the datasets that `schema apply` makes: made once, through kills; nothing secret is ever said.

use anyhow::{Context, ensure};
use serde_json::Value;
use std::process::Command;
use std::time::Duration;
use stripe_xdm_sandbox::platform::{Faults, Options, Platform};
use stripe_xdm_tests::adobe::Adobe;
use stripe_xdm_tests::program::{Ended, Running, command, run};

const KEY: &str = "rk_test_verysecretindeed";

/// The platform, and a file of flows.
struct Shop {
    adobe: Adobe,
    dir: tempfile::TempDir,
}

impl Shop {
    fn open() -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        let mut example = command()?;
        example.args(["flow", "example"]);
        // Time stands still for the platform: what begins today would never run.
        let example = String::from_utf8(run(example)?.stdout)?;
        let early = example.replace("# start = 2026-12-01T06:00:00Z", "start = 2024-01-01");
        std::fs::write(dir.path().join("flows.toml"), early)?;
        Ok(Self { adobe: Adobe::start(Options::default())?, dir })
    }

    /// With the datasets that the flows fill.
    fn with_datasets() -> anyhow::Result<Self> {
        let shop = Self::open()?;
        shop.make_datasets()?;
        Ok(shop)
    }

    fn make_datasets(&self) -> anyhow::Result<()> {
        let made = self.adobe.apply(&["--quiet"])?;
        ensure!(made.code == Some(0), "{made:?}");
        Ok(())
    }

    fn platform(&self) -> anyhow::Result<&Platform> {
        self.adobe.platform()
    }

    fn command(&self, words: &[&str]) -> anyhow::Result<Command> {
        let mut command = command()?;
        command.env("STRIPE_ACCESS_TOKEN", KEY).args(words);
        if words[0] == "flow" && words[1] != "list" {
            command.arg("--file").arg(self.dir.path().join("flows.toml"));
        }
        self.adobe.reach(command)
    }

    fn run(&self, words: &[&str]) -> anyhow::Result<Ended> {
        let ended = run(self.command(words)?)?;
        self.adobe.nothing_secret(&ended)?;
        let said = format!("{}{}", String::from_utf8_lossy(&ended.stdout), ended.stderr);
        ensure!(!said.contains("verysecret"), "{words:?} said the access token: {said}");
        Ok(ended)
    }

    /// Runs it and expects an exit code; gives what it said on standard output.
    fn said(&self, words: &[&str], code: i32) -> anyhow::Result<String> {
        let ended = self.run(words)?;
        let stdout = String::from_utf8_lossy(&ended.stdout).into_owned();
        ensure!(ended.code == Some(code), "{words:?} ended with {:?}: {stdout}{}", ended.code, ended.stderr);
        Ok(stdout)
    }

    fn json(&self, words: &[&str], code: i32) -> anyhow::Result<Value> {
        let mut all = words.to_vec();
        all.push("--json");
        Ok(serde_json::from_str(&self.said(&all, code)?)?)
    }

    /// How many requests made something by Flow Service or Data Prep.
    fn made(&self) -> anyhow::Result<usize> {
        let requests = self.platform()?.requests();
        let made = requests.iter().filter(|request| {
            let about = ["/flowservice/", "/conversion/"].iter().any(|part| request.path.contains(part));
            request.changed && request.method == "POST" && about
        });
        Ok(made.count())
    }
}

#[test]
fn the_managed_source_from_one_file_and_back() -> anyhow::Result<()> {
    let shop = Shop::open()?;
    // Without datasets nothing can be made, and it says what to do.
    let early = shop.run(&["flow", "apply", "--yes"])?;
    ensure!(early.code == Some(2) && early.stderr.contains("schema apply"), "{early:?}");
    ensure!(shop.made()? == 0, "a refused plan wrote something");
    shop.make_datasets()?;

    let plan = shop.said(&["flow", "plan"], 3)?;
    for words in ["25 to make", "cannot have", "deletions", "15 minutes", "mapping export charge"] {
        ensure!(plan.contains(words), "no {words} in {plan}");
    }
    ensure!(shop.made()? == 0, "a plan wrote something");
    let unasked = shop.run(&["flow", "apply"])?;
    ensure!(unasked.code == Some(1) && unasked.stderr.contains("--yes"), "{unasked:?}");
    let applied = shop.run(&["flow", "apply", "--yes"])?;
    ensure!(applied.code == Some(0) && applied.stderr.contains("cannot be undone"), "{applied:?}");
    // A connection, and of six flows the set, both ends and the flow.
    ensure!(shop.made()? == 25, "{} things were made", shop.made()?);
    shop.said(&["flow", "plan"], 0)?;
    shop.said(&["flow", "apply", "--yes"], 0)?;
    ensure!(shop.made()? == 25, "the second run made something");

    ensure!(shop.said(&["flow", "test"], 0)?.contains("lets Adobe in"));
    let fields = shop.said(&["flow", "explore", "charges"], 0)?;
    ensure!(fields.contains("data.amount") && fields.contains("integer"), "{fields}");
    let list = shop.json(&["flow", "list"], 0)?;
    ensure!(list["flows"].as_array().is_some_and(|flows| flows.len() == 6), "{list}");
    shop.said(&["flow", "status"], 0)?;
    shop.platform()?.advance(Duration::from_secs(7_300));
    let runs = shop.said(&["flow", "runs", "charges"], 2)?;
    for words in ["in part", "MAPPER-3700-400", "→ a mapping gave nothing usable"] {
        ensure!(runs.contains(words), "no {words} in {runs}");
    }
    let status = shop.json(&["flow", "status"], 0);
    let status = status.or_else(|_| shop.json(&["flow", "status"], 2))?;
    ensure!(status["connection"]["works"] == true, "{status}");

    ensure!(shop.said(&["flow", "pause", "refund"], 0)?.contains("refund is paused;"));
    ensure!(shop.said(&["flow", "pause", "refunds"], 0)?.contains("paused already"));
    ensure!(shop.said(&["flow", "plan"], 0)?.contains("flow resume refund"));
    ensure!(shop.said(&["flow", "resume"], 0)?.contains("refund runs again"));

    let undone = shop.run(&["flow", "delete", "--all"])?;
    ensure!(undone.code == Some(1) && undone.stderr.contains("--yes"), "{undone:?}");
    let deleted = shop.run(&["flow", "delete", "--all", "--yes"])?;
    ensure!(deleted.code == Some(0) && deleted.stderr.contains("cannot be undone"), "{deleted:?}");
    let list = shop.json(&["flow", "list"], 0)?;
    ensure!(list["flows"] == serde_json::json!([]), "{list}");
    Ok(())
}

#[test]
fn another_key_another_schedule() -> anyhow::Result<()> {
    let shop = Shop::with_datasets()?;
    let file = shop.dir.path().join("flows.toml");
    shop.said(&["flow", "apply", "--yes", "--quiet"], 0)?;
    let text = std::fs::read_to_string(&file)?.replace("frequency = \"hour\"", "frequency = \"day\"");
    std::fs::write(&file, &text)?;
    let plan = shop.json(&["flow", "plan"], 3)?;
    ensure!(plan["changes"] == 6, "{plan}");
    let updated = shop.said(&["flow", "update", "--token", "--yes"], 0)?;
    ensure!(updated.contains("env STRIPE_ACCESS_TOKEN") && updated.contains("6 steps"), "{updated}");
    shop.said(&["flow", "plan"], 0)?;

    let mut refused = shop.command(&["flow", "update", "--token", "--yes"])?;
    refused.env("STRIPE_ACCESS_TOKEN", "no-key-of-stripes");
    let refused = run(refused)?;
    ensure!(refused.code == Some(1) && !refused.stderr.contains("no-key"), "{refused:?}");
    ensure!(shop.run(&["flow", "test"])?.code == Some(2));

    std::fs::write(&file, text.replace("{ env = \"STRIPE_ACCESS_TOKEN\" }", "\"rk_test_verysecretindeed\""))?;
    let wrong = shop.run(&["flow", "plan"])?;
    ensure!(wrong.code == Some(1) && wrong.stderr.contains("never"), "{wrong:?}");
    Ok(())
}

#[test]
fn killed_at_any_moment_the_next_run_completes_it() -> anyhow::Result<()> {
    let shop = Shop::with_datasets()?;
    // Slow enough that the program does not end before it is killed, however busy the machine is.
    shop.platform()?.set_faults("POST /data/foundation:slow:100msevery1".parse()?);
    let mut kills = 0;
    loop {
        let enough = shop.made()? + 3;
        let mut running =
            Running::start(shop.command(&["flow", "apply", "--yes"])?, Duration::from_secs(60))?;
        if running.look(|| Ok(shop.made()? >= enough))? {
            let ended = running.end()?;
            ensure!(ended.code == Some(0), "{}", ended.stderr);
            break;
        }
        running.kill()?;
        kills += 1;
    }
    ensure!(kills > 4, "it was only killed {kills} times");
    ensure!(shop.made()? == 25, "{} things were made", shop.made()?);
    shop.said(&["flow", "plan"], 0)?;
    Ok(())
}

#[test]
fn the_doctor_looks_at_the_platform() -> anyhow::Result<()> {
    let shop = Shop::open()?;
    let checks = |code: i32| shop.json(&["doctor", "--platform"], code);
    let state = |checks: &Value, name: &str| -> anyhow::Result<Value> {
        let all = checks["checks"].as_array().context("checks")?;
        let found = all
            .iter()
            .find(|check| check["check"] == name)
            .with_context(|| format!("no {name}: {checks}"))?;
        Ok(found["state"].clone())
    };
    let empty = checks(2)?;
    ensure!(state(&empty, "datasets")? == "partly", "{empty}");
    let before = shop.platform()?.changes();
    shop.make_datasets()?;
    let applied = shop.platform()?.changes();
    ensure!(before == 0, "the doctor changed something");
    let well = shop.said(&["doctor", "--platform"], 0)?;
    for words in
        ["tenant", "acme", "View Sources", "Manage Sources", "inlets", "IP address allow list", "All is well"]
    {
        ensure!(well.contains(words), "no {words} in {well}");
    }
    ensure!(shop.platform()?.changes() == applied, "the doctor changed something");

    shop.platform()?.set_faults("PATCH /data/foundation/flowservice:empty403every1".parse()?);
    let view_only = checks(2)?;
    ensure!(state(&view_only, "may: View Sources")? == "pass", "{view_only}");
    ensure!(state(&view_only, "may: Manage Sources")? == "partly", "{view_only}");
    shop.platform()?.set_faults("/data/foundation:403every1".parse()?);
    ensure!(state(&checks(1)?, "organisation")? == "fail");
    shop.platform()?.set_faults(Faults::none());
    let mut wrong = shop.command(&["doctor", "--platform"])?;
    wrong.env("STRIPE_XDM_CLIENT_SECRET", "p8e-of-somebody-else");
    let wrong = run(wrong)?;
    let said = String::from_utf8_lossy(&wrong.stdout).into_owned();
    ensure!(wrong.code == Some(1) && said.contains("Developer Console"), "{said}");
    ensure!(shop.run(&["doctor", "--platform", "--tenant", "other"])?.code == Some(1));
    Ok(())
}
