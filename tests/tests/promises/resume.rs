//! The real program syncs from the Stripe stand-in: whatever fails or ends in between, every object is
//! in the lake exactly once.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use stripe_xdm_sandbox::{Account, Resource, Size};
use stripe_xdm_tests::program::{Ended, Running, run, sync};
use stripe_xdm_tests::stand_in::{DATASETS, KEY, StandIn, now, past, wanted};
use stripe_xdm_tests::{lake, program};

const BOUND: Duration = Duration::from_secs(120);

fn account(seed: u64) -> Account {
    Account::seeded(seed, past(Size { charges: 2_600, customers: 900, ..Size::demo() }))
}

fn succeeded(ended: &Ended) -> anyhow::Result<()> {
    ensure!(ended.code == Some(0), "exit code {:?}: {}", ended.code, ended.stderr);
    Ok(())
}

fn counted<'a>(report: &'a Value, resource: &str, what: &str) -> anyhow::Result<&'a Value> {
    let found = report.pointer(&format!("/resources/{resource}/{what}"));
    found.with_context(|| format!("the report has no {resource}.{what}"))
}

/// A run leaves its own second to later runs, so one in the same second has nothing to ask. The server's
/// clock may be a second behind.
fn next_second(report: &Value) -> anyhow::Result<()> {
    let bound = report["upper_bound"].as_i64().context("upper_bound")?;
    for _ in 0..400 {
        if now() > bound + 1 {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    anyhow::bail!("the clock stands still")
}

#[test]
fn faults_cost_no_object_and_the_key_is_nowhere() -> anyhow::Result<()> {
    let faults = "429:global-rate@3,429:endpoint-rate@6,429:global-concurrency@9,\
        429:endpoint-concurrency@12,429:resource-specific@15,lock_timeout@18,retry-after:1s@21,500@24,503@25,\
        drop@28,truncate@31,charges:drop@9,subscriptions:truncate@2,prices:500@1,customers:drop@4-5";
    let stand_in = StandIn::start(account(3), faults)?;
    let sandbox = stand_in.sandbox()?;
    let dir = tempfile::tempdir()?;
    let mut command = sync(dir.path(), sandbox.base_url(), KEY)?;
    command.arg("--json");
    let ended = run(command)?;
    succeeded(&ended)?;
    // The thirteen that go by the request's number are certain; those of an endpoint may fall on the same
    // requests, depending on which of the concurrent walks is faster.
    ensure!(sandbox.stats().faulted >= 13, "{} faults hit", sandbox.stats().faulted);

    let account = sandbox.account();
    let wanted = wanted(&account)?;
    lake::check(dir.path(), &wanted)?;

    let report = lake::last_run(dir.path())?;
    let printed: Value = serde_json::from_slice(&ended.stdout)?;
    ensure!(report == printed, "--json prints the report that the lake keeps");
    for (dataset, resource, _) in DATASETS {
        let name = resource.name();
        let listed = account.listable_ids(resource).len();
        ensure!(*counted(&report, name, "objects")? == listed, "{name}: {report}");
        ensure!(*counted(&report, name, &format!("records/{dataset}"))? == listed, "{name}: {report}");
        for nothing in ["failed", "skipped", "unchanged"] {
            ensure!(*counted(&report, name, nothing)? == 0, "{name}, {nothing}: {report}");
        }
        ensure!(*counted(&report, name, "errors")? == json!([]), "{name}: {report}");
    }
    let units = report["units"].as_array().context("units")?;
    ensure!(units.iter().all(|unit| unit["complete"] == true), "{report}");

    // The tail alone would be enough to know the key.
    let secret = &KEY.as_bytes()[8..];
    let holds_key = |bytes: &[u8]| bytes.windows(secret.len()).any(|window| window == secret);
    for file in lake::all_files(dir.path())? {
        ensure!(!holds_key(&std::fs::read(&file)?), "the key is in {}", file.display());
    }
    ensure!(!holds_key(&ended.stdout) && !holds_key(ended.stderr.as_bytes()), "the key was printed");
    Ok(())
}

#[test]
fn a_price_that_is_listed_while_its_subscription_waits_is_there_once() -> anyhow::Result<()> {
    // The prices are delivered between the subscriptions' first page and their last.
    let stand_in = StandIn::start(account(6), "prices:slow:300ms@1-2,subscriptions:slow:900ms@3")?;
    let sandbox = stand_in.sandbox()?;
    let dir = tempfile::tempdir()?;
    succeeded(&run(sync(dir.path(), sandbox.base_url(), KEY)?)?)?;
    lake::check(dir.path(), &wanted(&sandbox.account())?)
}

#[test]
fn a_second_run_adds_what_is_new_or_changed_and_nothing_else() -> anyhow::Result<()> {
    let stand_in = StandIn::start(account(5), "")?;
    let sandbox = stand_in.sandbox()?;
    // One more customer, young enough to be looked at again.
    let customer = |id: &str, created: i64, name: &str| {
        json!({"id": id, "object": "customer", "created": created, "livemode": true, "name": name})
            .to_string()
    };
    let young = now() - 30;
    sandbox.insert(Resource::Customers, &customer("cus_young", young, "before"))?;
    let dir = tempfile::tempdir()?;
    let again = || -> anyhow::Result<Value> {
        succeeded(&run(sync(dir.path(), sandbox.base_url(), KEY)?)?)?;
        lake::last_run(dir.path())
    };
    again()?;
    let first = lake::visible(dir.path())?;
    lake::check(dir.path(), &wanted(&sandbox.account())?)?;

    next_second(&lake::last_run(dir.path())?)?;
    let report = again()?;
    ensure!(lake::visible(dir.path())? == first, "a second run added files");
    ensure!(*counted(&report, "customers", "unchanged")? == 1, "{report}");

    // A late arrival before the bound of the run before, a change, and a price.
    sandbox.insert(Resource::Customers, &customer("cus_late", young - 60, "late"))?;
    sandbox.update(Resource::Customers, &customer("cus_young", young, "after"), now())?;
    let price = json!({"id": "price_late", "object": "price", "created": young, "active": true, "currency": "usd",
        "unit_amount": 5, "product": "prod_1", "type": "one_time", "livemode": true});
    sandbox.insert(Resource::Prices, &price.to_string())?;
    next_second(&report)?;
    let report = again()?;
    let mut added = BTreeMap::new();
    for file in lake::visible(dir.path())?.into_iter().filter(|file| !first.contains(file)) {
        for record in lake::lines(&file)? {
            let id = record.pointer("/_acme/stripe/customerID").or(record.pointer("/_acme/stripe/priceID"));
            let id = id.and_then(Value::as_str).context("an id")?.to_owned();
            added.insert(id, record.pointer("/person/name/fullName").cloned().unwrap_or_default());
        }
    }
    let names = [("cus_late", json!("late")), ("cus_young", json!("after")), ("price_late", Value::Null)];
    ensure!(added == names.map(|(id, name)| (id.to_owned(), name)).into(), "{added:?}, {report}");
    Ok(())
}

#[test]
fn files_appear_whole_and_never_change() -> anyhow::Result<()> {
    let stand_in = StandIn::start(account(8), "slow:20msevery5")?;
    let dir = tempfile::tempdir()?;
    let mut running = Running::start(sync(dir.path(), stand_in.sandbox()?.base_url(), KEY)?, BOUND)?;
    let mut first_seen: BTreeMap<PathBuf, u64> = BTreeMap::new();
    let mut while_running = 0;
    running.look(|| {
        for file in lake::visible(dir.path())? {
            if !first_seen.contains_key(&file) {
                lake::lines(&file)?;
                first_seen.insert(file.clone(), std::fs::metadata(&file)?.len());
                while_running += 1;
            }
        }
        Ok(false)
    })?;
    succeeded(&running.end()?)?;
    ensure!(while_running >= 5, "only {while_running} files were seen while the program ran");
    for (file, size) in first_seen {
        ensure!(std::fs::metadata(&file)?.len() == size, "{} changed after it appeared", file.display());
    }
    lake::check(dir.path(), &wanted(&stand_in.sandbox()?.account())?)
}

#[test]
fn a_lake_takes_one_sync_at_a_time() -> anyhow::Result<()> {
    let stand_in = StandIn::start(account(9), "slow:20severy1")?;
    let sandbox = stand_in.sandbox()?;
    let dir = tempfile::tempdir()?;
    let mut first = Running::start(sync(dir.path(), sandbox.base_url(), KEY)?, BOUND)?;
    let ended = first.look(|| Ok(stand_in.requests() > 0))?;
    ensure!(!ended, "the first sync ended early");
    let second = program::run(sync(dir.path(), sandbox.base_url(), KEY)?)?;
    ensure!(second.code == Some(1), "{second:?}");
    ensure!(second.stderr.contains("another sync"), "{}", second.stderr);
    ensure!(stand_in.requests() == 1, "the second sync asked Stripe before it looked at the lake");
    first.kill()?;
    // The lock goes with the process.
    sandbox.set_faults("".parse()?);
    succeeded(&run(sync(dir.path(), sandbox.base_url(), KEY)?)?)?;
    lake::check(dir.path(), &wanted(&sandbox.account())?)
}
