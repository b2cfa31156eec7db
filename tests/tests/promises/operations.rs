//! The program over days: it keeps a schedule and stops in order, tells how far it is, proves that nothing is
//! missing, and forgets when it is told to.

use anyhow::{Context, ensure};
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use stripe_xdm_sandbox::{Account, Resource, Size};
use stripe_xdm_tests::lake;
use stripe_xdm_tests::program::{self, Ended, Running, run};
use stripe_xdm_tests::stand_in::{KEY, StandIn, now, past, wanted};

const BOUND: Duration = Duration::from_secs(120);

fn account(seed: u64) -> Account {
    Account::seeded(seed, past(Size { charges: 1_200, customers: 300, ..Size::demo() }))
}

/// A command that asks the stand-in.
fn asking(name: &str, lake: &Path, stand_in: &StandIn, more: &[&str]) -> anyhow::Result<Command> {
    let mut command = program::command()?;
    command.args([name, "--tenant", "acme", "--rate-limit", "100000", "--api-base"]);
    command.arg(stand_in.sandbox()?.base_url()).arg("--lake").arg(lake).args(more).env("STRIPE_API_KEY", KEY);
    Ok(command)
}

/// A command that only looks at the lake.
fn about(name: &str, lake: &Path, more: &[&str]) -> anyhow::Result<Command> {
    let mut command = program::command()?;
    command.arg(name).arg("--lake").arg(lake).args(more);
    Ok(command)
}

fn json(ended: &Ended) -> anyhow::Result<Value> {
    serde_json::from_slice(&ended.stdout).with_context(|| format!("{ended:?}"))
}

fn text(ended: &Ended) -> String {
    String::from_utf8_lossy(&ended.stdout).into_owned()
}

fn ended_with(ended: &Ended, code: i32) -> anyhow::Result<()> {
    ensure!(ended.code == Some(code), "expected {code}: {ended:?}");
    Ok(())
}

/// Asks a program to stop, as `kill` and service managers do.
fn signal(running: &mut Running, name: &str) -> anyhow::Result<()> {
    let process = running.child().id().to_string();
    let sent = Command::new("sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &process]).status()?;
    ensure!(sent.success(), "the signal was not sent");
    Ok(())
}

/// What a scheduled program says of itself, as soon as it does.
fn schedule(lake: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(lake.join("_runs/schedule.json")).ok()?).ok()
}

#[test]
fn a_stop_in_the_middle_of_a_page_keeps_what_is_in_order() -> anyhow::Result<()> {
    let stand_in = StandIn::start(account(31), "charges:slow:60s@4-,refunds:slow:60s@1-")?;
    let dir = tempfile::tempdir()?;
    let lake = dir.path();
    let mut running = Running::start(asking("run", lake, &stand_in, &["--interval", "1"])?, BOUND)?;
    let status = || -> anyhow::Result<Value> { json(&run(about("status", lake, &["--json"])?)?) };
    // As soon as something is durable, other lists are still being read.
    let ended = running.look(|| Ok(!lake::visible(lake)?.is_empty()))?;
    ensure!(!ended, "the program ended by itself");
    let seen = status()?;
    ensure!(seen["schedule"]["running_since"].is_i64() && seen["schedule"]["next_run"].is_null(), "{seen}");
    ensure!(
        seen["accounts"][0]["run_began"].is_i64() && seen["accounts"][0]["run_outcome"].is_null(),
        "{seen}"
    );
    let words = text(&run(about("status", lake, &[])?)?);
    ensure!(words.contains("a run goes on since") && words.contains("open"), "{words}");
    ensure!(seen["running"] == true && !words.contains("cut off"), "{words}");

    signal(&mut running, "TERM")?;
    let ended = running.end()?;
    ended_with(&ended, 0)?;
    ensure!(ended.stderr.contains("stopping: what is in order is kept"), "{}", ended.stderr);
    let left = schedule(lake).context("the state")?;
    ensure!(left["stopped"] == true && left["last"]["outcome"] == "stopped", "{left}");
    ensure!(status()?["accounts"][0]["run_outcome"] == "interrupted");
    // Whole files of whole lines.
    lake::read(lake)?;

    stand_in.sandbox()?.set_faults("".parse()?);
    ended_with(&run(asking("sync", lake, &stand_in, &[])?)?, 0)?;
    lake::check(lake, &wanted(&stand_in.sandbox()?.account())?)?;
    let done = status()?;
    for list in done["accounts"][0]["resources"].as_array().context("resources")? {
        ensure!(list["ranges_open"] == 0 && list["errors"] == serde_json::json!([]), "{list}");
    }
    Ok(())
}

#[test]
fn a_schedule_waits_for_its_next_slot_and_stops_between_runs() -> anyhow::Result<()> {
    let stand_in = StandIn::start(account(32), "")?;
    let dir = tempfile::tempdir()?;
    let begun = now();
    let mut running = Running::start(asking("run", dir.path(), &stand_in, &["--frequency", "hour"])?, BOUND)?;
    let waits = || schedule(dir.path()).is_some_and(|s| s["last"].is_object() && s["next_run"].is_i64());
    let ended = running.look(|| Ok(waits()))?;
    ensure!(!ended, "the program ended by itself");
    let state = schedule(dir.path()).context("the state")?;
    ensure!(state["last"]["outcome"] == "well" && state["schedule"] == "every hour", "{state}");
    let (start, next) =
        (state["start"].as_i64().context("start")?, state["next_run"].as_i64().context("next")?);
    ensure!(start >= begun && (3_600..=3_660).contains(&(next - start)), "{state}");
    signal(&mut running, "INT")?;
    let ended = running.end()?;
    ended_with(&ended, 0)?;
    ensure!(text(&ended).contains("new records"), "{ended:?}");
    lake::check(dir.path(), &wanted(&stand_in.sandbox()?.account())?)
}

#[test]
fn a_run_that_fails_does_not_end_the_program() -> anyhow::Result<()> {
    let stand_in = StandIn::start(account(33), "")?;
    let dir = tempfile::tempdir()?;
    let mut command = asking("run", dir.path(), &stand_in, &["--json"])?;
    command.env("STRIPE_API_KEY", "sk_live_another");
    let mut running = Running::start(command, BOUND)?;
    let failed = || schedule(dir.path()).is_some_and(|s| s["failures"] == 1 && s["next_run"].is_i64());
    let ended = running.look(|| Ok(failed()))?;
    ensure!(!ended, "the program ended by itself");
    let words = text(&run(about("status", dir.path(), &[])?)?);
    ensure!(words.contains("FAILED (1 in a row)") && words.contains("req_"), "{words}");
    signal(&mut running, "TERM")?;
    let ended = running.end()?;
    ended_with(&ended, 0)?;
    let told: Vec<Value> = ended.stderr.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let failure = told.iter().find(|event| event["event"] == "failed").context("nothing was told")?;
    ensure!(
        failure["times"] == 1 && failure["error"].as_str().is_some_and(|e| e.contains("401")),
        "{failure}"
    );

    // A single run ends as a sync does.
    let mut once = asking("run", dir.path(), &stand_in, &["--frequency", "once"])?;
    once.env("STRIPE_API_KEY", "sk_live_another");
    ended_with(&run(once)?, 1)
}

#[test]
fn events_that_cannot_be_read_are_told_until_they_can_be() -> anyhow::Result<()> {
    let stand_in = StandIn::start(account(37), "")?;
    let dir = tempfile::tempdir()?;
    let sync = |more: &[&str]| run(asking("sync", dir.path(), &stand_in, more)?);
    let status = || -> anyhow::Result<String> { Ok(text(&run(about("status", dir.path(), &[])?)?)) };
    ended_with(&sync(&["--resources", "charges"])?, 0)?;
    stand_in.sandbox()?.set_faults("events:403@1-".parse()?);
    let quiet = sync(&["--resources", "charges", "--quiet"])?;
    ended_with(&quiet, 2)?;
    ensure!(quiet.stderr.contains("error: events: ") && quiet.stdout.is_empty(), "{quiet:?}");
    let words = status()?;
    ensure!(words.contains("FAILED events: the API key may not read /v1/events"), "{words}");
    ensure!(!words.contains("--resources") && words.contains("changes and deletions"), "{words}");
    stand_in.sandbox()?.set_faults("".parse()?);
    ended_with(&sync(&["--resources", "charges"])?, 0)?;
    let words = status()?;
    ensure!(!words.contains("FAILED") && words.contains("events read until"), "{words}");
    Ok(())
}

#[test]
fn without_backfill_the_first_run_begins_at_the_start() -> anyhow::Result<()> {
    let stand_in = StandIn::start(account(34), "")?;
    let account = stand_in.sandbox()?.account();
    let created = |text: &&str| -> anyhow::Result<i64> {
        serde_json::from_str::<Value>(text)?["created"].as_i64().context("created")
    };
    let mut times =
        account.objects(Resource::Charges).iter().map(created).collect::<anyhow::Result<Vec<_>>>()?;
    times.sort_unstable();
    let start = times[times.len() - 300];
    let since = times.iter().filter(|time| **time >= start).count();
    let dir = tempfile::tempdir()?;
    let start = start.to_string();
    let more = ["--frequency", "week", "--start", &start, "--backfill=false", "--resources", "charges"];
    let mut running = Running::start(asking("run", dir.path(), &stand_in, &more)?, BOUND)?;
    running
        .look(|| Ok(schedule(dir.path()).is_some_and(|s| s["last"].is_object() && s["next_run"].is_i64())))?;
    signal(&mut running, "TERM")?;
    ended_with(&running.end()?, 0)?;
    let found = lake::read(dir.path())?["stripe_charge_events"].len();
    ensure!(found == since, "{found} of {since}");
    for (wrong, word) in [
        (&["--since", "2026-01-01", "--backfill=false"][..], "leave one out"),
        (&["--frequency", "once", "--interval", "3"][..], "single run"),
    ] {
        let ended = run(asking("run", dir.path(), &stand_in, wrong)?)?;
        ended_with(&ended, 1)?;
        ensure!(ended.stderr.contains(word), "{}", ended.stderr);
    }
    Ok(())
}

#[test]
fn a_loss_is_found_named_and_repaired() -> anyhow::Result<()> {
    let stand_in = StandIn::start(account(35), "")?;
    let sandbox = stand_in.sandbox()?;
    let dir = tempfile::tempdir()?;
    ended_with(&run(asking("sync", dir.path(), &stand_in, &[])?)?, 0)?;
    let proven = run(asking("verify", dir.path(), &stand_in, &[])?)?;
    ended_with(&proven, 0)?;
    ensure!(
        text(&proven).matches("listed again, equal").count() == stripe_xdm::stripe::Resource::ALL.len(),
        "{}",
        text(&proven)
    );

    let customer = |id: &str| {
        let created = Size::NOW - 90 * 86_400;
        format!(r#"{{"id":"{id}","object":"customer","created":{created},"livemode":true,"metadata":{{}}}}"#)
    };
    sandbox.insert(Resource::Customers, &customer("cus_lost"))?;
    let gone = sandbox.account().listable_ids(Resource::Customers)[5].to_owned();
    sandbox.remove(Resource::Customers, &gone, now())?;
    let differs = run(asking("verify", dir.path(), &stand_in, &["--resource", "customers"])?)?;
    ended_with(&differs, 2)?;
    let words = text(&differs);
    ensure!(words.contains("missing cus_lost") && words.contains(&format!("extra {gone}")), "{words}");
    let sampled = ["--resources", "charges", "--sample", "2", "--sample-seed", "7", "--json"];
    let sampled = run(asking("verify", dir.path(), &stand_in, &sampled)?)?;
    ended_with(&sampled, 0)?;
    let sampled = json(&sampled)?;
    ensure!(sampled["seed"] == 7 && sampled["resources"]["charges"]["slices"] == 2, "{sampled}");

    let repaired = run(asking("verify", dir.path(), &stand_in, &["--repair"])?)?;
    ended_with(&repaired, 0)?;
    let words = text(&repaired);
    ensure!(words.contains("1 tombstone for 1 deleted object; 1 range listed once more"), "{words}");
    ended_with(&run(asking("verify", dir.path(), &stand_in, &[])?)?, 0)?;
    let records = lake::ids(&lake::read(dir.path())?)?;
    ensure!(records["stripe_customers"].contains("cus_lost"));
    Ok(())
}

#[test]
fn a_reset_is_asked_for_and_delivers_nothing_twice() -> anyhow::Result<()> {
    let stand_in = StandIn::start(account(36), "")?;
    let dir = tempfile::tempdir()?;
    ended_with(&run(asking("sync", dir.path(), &stand_in, &[])?)?, 0)?;
    let wanted = wanted(&stand_in.sandbox()?.account())?;
    let state = || -> anyhow::Result<Value> { json(&run(about("status", dir.path(), &["--json"])?)?) };
    // How far behind they are grows by itself.
    let still = || -> anyhow::Result<Value> {
        let mut lists = state()?["accounts"][0]["resources"].clone();
        for list in lists.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            list.retain(|name, _| !name.contains("behind") && !name.contains("lag"));
        }
        Ok(lists)
    };
    let before = still()?;

    for (without, word) in [(&[][..], "--resource"), (&["--all"][..], "--yes")] {
        let refused = run(about("reset", dir.path(), without)?)?;
        ended_with(&refused, 1)?;
        ensure!(refused.stderr.contains(word), "{}", refused.stderr);
    }
    for (wrong, word) in [
        (&["--resource", "chargs", "--yes"][..], "did you mean charges"),
        (&["--resource", "charges", "--only", "acct_zzz", "--yes"][..], "the lake holds acct_"),
    ] {
        let refused = run(about("reset", dir.path(), wrong)?)?;
        ended_with(&refused, 1)?;
        ensure!(refused.stderr.contains(word), "{}", refused.stderr);
    }
    ensure!(still()? == before, "a reset that nobody agreed to did something");

    let told = run(about("reset", dir.path(), &["--resource", "charges", "--yes"])?)?;
    ended_with(&told, 0)?;
    let words = text(&told);
    ensure!(words.contains("1,200 objects known") && words.contains("nothing is delivered twice"), "{words}");
    let left = state()?;
    let lists = left["accounts"][0]["resources"].as_array().context("resources")?;
    ensure!(lists.iter().all(|list| list["resource"] != "charges"), "{left}");
    let again = run(about("reset", dir.path(), &["--resource", "charges", "--yes", "--json"])?)?;
    ensure!(json(&again)?["forgotten"] == serde_json::json!([]), "{again:?}");

    let summary = json(&run(asking("sync", dir.path(), &stand_in, &["--json"])?)?)?;
    let charges = &summary["resources"]["charges"];
    ensure!(charges["objects"] == 1_200 && charges["unchanged"] == 1_200, "{charges}");
    lake::check(dir.path(), &wanted)?;
    ended_with(&run(about("reset", dir.path(), &["--all", "--yes"])?)?, 0)?;
    ended_with(&run(asking("sync", dir.path(), &stand_in, &[])?)?, 0)?;
    lake::check(dir.path(), &wanted)
}
