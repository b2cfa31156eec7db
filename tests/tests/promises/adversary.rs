//! Accounts and networks that make it hard: the real program syncs from them, and the lake is whole, or
//! says aloud what it lacks.

use anyhow::{Context, ensure};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use stripe_xdm_sandbox::{
    Account, ApiKey, Churn, Clock, Limits, Mode, Options, Rate, Resource, Script, Size, Step,
};
use stripe_xdm_tests::lake;
use stripe_xdm_tests::program::{Ended, Running, command, run, sync};
use stripe_xdm_tests::stand_in::{KEY, StandIn, wanted};

/// What time it is there: later than everything that is seeded.
const NOW: i64 = Size::NOW + 60;
const DAY: i64 = 86_400;
/// Long before any of the objects here.
const FOUNDED: i64 = 1_293_840_000;

fn options() -> Options {
    Options {
        keys: vec![ApiKey::secret(KEY)],
        rate: Rate::Unlimited,
        clock: Clock::Fixed(NOW),
        ..Options::default()
    }
}

/// With its keys in Stripe's order: Events have them so, and an object is the same when its text is.
fn customer(id: &str, created: i64) -> String {
    format!(r#"{{"id":"{id}","object":"customer","created":{created},"livemode":true,"metadata":{{}}}}"#)
}

/// Customers created at the given times.
fn customers(created: impl IntoIterator<Item = i64>) -> anyhow::Result<Account> {
    let mut account = Account::custom(Mode::Live, FOUNDED);
    for (number, at) in created.into_iter().enumerate() {
        account = account.with(Resource::Customers, &customer(&format!("cus_{number:06}"), at))?;
    }
    Ok(account)
}

fn sync_of(stand_in: &StandIn, lake: &Path, resources: &str) -> anyhow::Result<Ended> {
    let mut command = sync(lake, stand_in.sandbox()?.base_url(), KEY)?;
    command.args(["--resources", resources]);
    run(command)
}

fn whole(ended: &Ended) -> anyhow::Result<()> {
    ensure!(ended.code == Some(0), "exit code {:?}: {}", ended.code, ended.stderr);
    Ok(())
}

fn said(ended: &Ended) -> String {
    format!("{}{}", String::from_utf8_lossy(&ended.stdout), ended.stderr)
}

/// The customers of a lake, in however many versions.
fn customers_in(lake: &Path) -> anyhow::Result<BTreeSet<String>> {
    ids_in(lake, "stripe_customers", "/_acme/stripe/customerID")
}

fn ids_in(lake: &Path, dataset: &str, pointer: &str) -> anyhow::Result<BTreeSet<String>> {
    let records = lake::read(lake)?;
    let records = records.get(dataset).map(Vec::as_slice).unwrap_or_default();
    let id = |record: &Value| record.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    records.iter().map(|record| id(record).context("a record without its id")).collect()
}

#[test]
fn everything_in_one_second_is_there_once_and_costs_few_requests() -> anyhow::Result<()> {
    let stand_in = StandIn::with(customers((0..3_000).map(|_| NOW - 40 * DAY))?, options())?;
    let dir = tempfile::tempdir()?;
    whole(&sync_of(&stand_in, dir.path(), "customers")?)?;
    let sandbox = stand_in.sandbox()?;
    lake::check(dir.path(), &wanted(&sandbox.account())?)?;
    // A page holds 100. Some questions find out that there is nothing else, some see a page once more.
    let requests = sandbox.stats().requests["GET /v1/customers"];
    ensure!(requests <= 30 * 2 + 20, "{requests} requests for 30 pages");
    Ok(())
}

#[test]
fn empty_decades_cost_few_requests() -> anyhow::Result<()> {
    // A few at the beginning, nothing for fourteen years, many in one hour, a few on the last day.
    let early = (0..3).map(|n| FOUNDED + n);
    let burst = (0..900).map(|n| NOW - 30 * DAY + n * 4);
    let late = (0..5).map(|n| NOW - 3_600 * n - 60);
    let stand_in = StandIn::with(customers(early.chain(burst).chain(late))?, options())?;
    let dir = tempfile::tempdir()?;
    whole(&sync_of(&stand_in, dir.path(), "customers")?)?;
    let sandbox = stand_in.sandbox()?;
    lake::check(dir.path(), &wanted(&sandbox.account())?)?;
    let requests = sandbox.stats().requests["GET /v1/customers"];
    ensure!(requests <= 10 * 3 + 20, "{requests} requests for 10 pages");
    Ok(())
}

#[test]
fn an_empty_account_is_soon_known_to_be_empty() -> anyhow::Result<()> {
    let stand_in = StandIn::with(customers([])?, options())?;
    let dir = tempfile::tempdir()?;
    let mut command = sync(dir.path(), stand_in.sandbox()?.base_url(), KEY)?;
    command.arg("--json");
    whole(&run(command)?)?;
    let stats = stand_in.sandbox()?.stats();
    let most = stats.requests.values().copied().max().unwrap_or_default();
    // Twelve looks for each of the two lists of prices: as many as an eighth of a second's requests at most.
    ensure!(most <= 24, "{:?}", stats.requests);
    ensure!(lake::read(dir.path())?.values().all(Vec::is_empty));
    Ok(())
}

#[test]
fn what_is_created_changed_and_deleted_during_the_walk_takes_nothing_with_it() -> anyhow::Result<()> {
    for seed in 1..=4 {
        let size = Size { charges: 700, customers: 600, subscriptions: 100, prices: 60, ..Size::demo() };
        let churn = Churn { seed, percent: 80, late: Duration::from_secs(300) };
        let account = Account::seeded(seed, size);
        let stand_in = StandIn::with(account.clone(), Options { churn: Some(churn), ..options() })?;
        let sandbox = stand_in.sandbox()?;
        let dir = tempfile::tempdir()?;
        let resources = "charges,balance_transactions,customers,refunds";
        whole(&sync_of(&stand_in, dir.path(), resources)?)?;
        sandbox.set_churn(None);
        let after = sandbox.account();
        ensure!(after.count(Resource::Charges) > account.count(Resource::Charges), "nothing happened");

        // All that was there and stayed is in the lake; what is in the lake was there at some time.
        let found = customers_in(dir.path())?;
        let before: BTreeSet<&str> = account.listable_ids(Resource::Customers).into_iter().collect();
        let stayed: BTreeSet<&str> = after.listable_ids(Resource::Customers).into_iter().collect();
        for id in before.intersection(&stayed) {
            ensure!(found.contains(*id), "seed {seed}: {id} is missing");
        }
        let ever: BTreeSet<&str> = before.union(&stayed).copied().collect();
        ensure!(found.iter().all(|id| ever.contains(id.as_str())), "seed {seed}: an id out of nowhere");

        // A later run finds what came while the first one walked, and what appeared late.
        sandbox.advance(Duration::from_secs(120));
        whole(&sync_of(&stand_in, dir.path(), resources)?)?;
        let found = customers_in(dir.path())?;
        for id in &stayed {
            ensure!(found.contains(*id), "seed {seed}: {id} is missing after the second run");
        }
        let charges = ids_in(dir.path(), "stripe_charge_events", "/_acme/stripe/chargeID")?;
        let missing: Vec<_> =
            after.ids(Resource::Charges).into_iter().filter(|id| !charges.contains(*id)).collect();
        ensure!(missing.is_empty(), "seed {seed}: {missing:?} are missing");
    }
    Ok(())
}

#[test]
fn the_object_under_the_cursor_may_be_deleted() -> anyhow::Result<()> {
    // Pages end at the 100th, 200th, … customer from the newest: each is deleted before the next page.
    let account = customers((0..450).map(|n| NOW - 10 * DAY + n))?;
    let mut script = Script::default();
    for page in 1..=4_u64 {
        let id = format!("cus_{:06}", 450 - 100 * page);
        script = script.at(Resource::Customers, page + 1, Step::Remove(Resource::Customers, id));
    }
    let stand_in = StandIn::with(account, Options { script, ..options() })?;
    let dir = tempfile::tempdir()?;
    whole(&sync_of(&stand_in, dir.path(), "customers")?)?;
    let sandbox = stand_in.sandbox()?;
    ensure!(sandbox.script_is_done(), "the script was not played");
    let found = customers_in(dir.path())?;
    for id in sandbox.account().listable_ids(Resource::Customers) {
        ensure!(found.contains(id), "{id} is missing");
    }
    Ok(())
}

#[test]
fn a_row_that_appears_late_is_found_by_the_next_run() -> anyhow::Result<()> {
    // Listed ten seconds after it is created, in the last second that the first run asks for.
    let account = customers((0..150).map(|n| NOW - DAY + n).chain([NOW - 5]))?;
    let stand_in = StandIn::with(account, Options { lag: Duration::from_secs(10), ..options() })?;
    let sandbox = stand_in.sandbox()?;
    let dir = tempfile::tempdir()?;
    whole(&sync_of(&stand_in, dir.path(), "customers")?)?;
    ensure!(customers_in(dir.path())?.len() == 150);
    // And one whose `created` lies minutes before the end of what the first run has finished.
    sandbox.insert(Resource::Customers, &customer("cus_late", NOW - 400))?;
    sandbox.advance(Duration::from_secs(30));
    whole(&sync_of(&stand_in, dir.path(), "customers")?)?;
    lake::check(dir.path(), &wanted(&sandbox.account())?)
}

#[test]
fn a_storm_of_429_is_ridden_out_within_the_budget() -> anyhow::Result<()> {
    const TEST_KEY: &str = "sk_test_n0b0dyMayEverReadThisInAnyFile42";
    let storm = "429:global-rate@8-17,429:endpoint-rate@25-29,429:global-concurrency@34-36,\
        lock_timeout@40,retry-after:1s@44";
    let account = Account::seeded(6, Size { charges: 700, mode: Mode::Test, ..Size::demo() });
    let options = Options {
        keys: vec![ApiKey::secret(TEST_KEY)],
        rate: Rate::Stripe,
        faults: storm.parse()?,
        ..options()
    };
    let stand_in = StandIn::with(account, options)?;
    let sandbox = stand_in.sandbox()?;
    let dir = tempfile::tempdir()?;
    // No rate is given: the key's kind says what Stripe allows.
    let mut command = command()?;
    command.args(["sync", "--tenant", "acme", "--api-base", sandbox.base_url()]);
    command.arg("--lake").arg(dir.path()).env("STRIPE_API_KEY", TEST_KEY);
    whole(&run(command)?)?;
    lake::check(dir.path(), &wanted(&sandbox.account())?)?;
    let stats = sandbox.stats();
    ensure!(stats.faulted == 20, "{stats:?}");
    // Only what was injected: nothing that the program did was too much.
    ensure!(stats.rate_limited == stats.faulted, "{stats:?}");
    stats.within(Limits::stripe(Mode::Test), 0)?;
    Ok(())
}

#[test]
fn broken_bodies_cost_nothing() -> anyhow::Result<()> {
    let faults = "truncate@3,drop@5,short-length@8,slow:300ms@9-12,html@15,drop@18-19,truncate@22";
    let account = Account::seeded(9, Size { charges: 900, ..Size::demo() });
    let stand_in = StandIn::with(account, Options { faults: faults.parse()?, ..options() })?;
    let sandbox = stand_in.sandbox()?;
    let dir = tempfile::tempdir()?;
    let ended = run(sync(dir.path(), sandbox.base_url(), KEY)?)?;
    whole(&ended)?;
    ensure!(sandbox.stats().faulted == 11, "{:?}", sandbox.stats());
    lake::check(dir.path(), &wanted(&sandbox.account())?)
}

#[test]
fn an_answer_without_end_is_given_up_in_time() -> anyhow::Result<()> {
    let account = Account::seeded(9, Size { charges: 200, ..Size::demo() });
    let stand_in = StandIn::with(account, Options { faults: "stall@4,stall@7".parse()?, ..options() })?;
    let sandbox = stand_in.sandbox()?;
    let dir = tempfile::tempdir()?;
    let mut command = sync(dir.path(), sandbox.base_url(), KEY)?;
    command.args(["--timeout", "1"]);
    whole(&run(command)?)?;
    ensure!(sandbox.stats().faulted == 2, "{:?}", sandbox.stats());
    lake::check(dir.path(), &wanted(&sandbox.account())?)
}

#[test]
fn an_answer_too_large_fails_its_resource_and_takes_no_memory() -> anyhow::Result<()> {
    let account = Account::seeded(9, Size { charges: 200, ..Size::demo() });
    let stand_in = StandIn::with(account, Options { faults: "charges:giant@1-".parse()?, ..options() })?;
    let sandbox = stand_in.sandbox()?;
    let dir = tempfile::tempdir()?;
    let command = sync(dir.path(), sandbox.base_url(), KEY)?;
    let ended = Running::start(command, Duration::from_secs(120))?.end()?;
    ensure!(ended.code == Some(2), "{ended:?}");
    ensure!(said(&ended).contains("more than 33554432 bytes"), "{ended:?}");
    ensure!(ended.peak > 1 << 20, "the peak was not measured");
    ensure!(ended.peak < 160 << 20, "{} bytes resident", ended.peak);
    let mut others = wanted(&sandbox.account())?;
    others.insert("stripe_charge_events", BTreeSet::new());
    lake::check(dir.path(), &others)
}

#[test]
fn a_list_that_has_more_and_shows_nothing_is_no_end() -> anyhow::Result<()> {
    let account = Account::seeded(9, Size { charges: 200, ..Size::demo() });
    let stand_in = StandIn::with(account, Options { faults: "charges:empty-more@2-".parse()?, ..options() })?;
    let sandbox = stand_in.sandbox()?;
    let dir = tempfile::tempdir()?;
    let ended = run(sync(dir.path(), sandbox.base_url(), KEY)?)?;
    ensure!(ended.code == Some(2), "{ended:?}");
    ensure!(said(&ended).contains("has_more with an empty page"), "{ended:?}");
    sandbox.set_faults(stripe_xdm_sandbox::Faults::none());
    whole(&run(sync(dir.path(), sandbox.base_url(), KEY)?)?)?;
    lake::check(dir.path(), &wanted(&sandbox.account())?)
}

#[test]
fn a_permission_lost_half_way_stops_its_resource_alone_and_the_next_run_goes_on() -> anyhow::Result<()> {
    let account = Account::seeded(10, Size { charges: 1_500, ..Size::demo() });
    let stand_in = StandIn::with(account, Options { faults: "charges:403@4-".parse()?, ..options() })?;
    let sandbox = stand_in.sandbox()?;
    let dir = tempfile::tempdir()?;
    let ended = run(sync(dir.path(), sandbox.base_url(), KEY)?)?;
    ensure!(ended.code == Some(2), "{ended:?}");
    ensure!(said(&ended).contains("charge_read"), "the permission is not named: {ended:?}");
    let report = lake::last_run(dir.path())?;
    ensure!(report["resources"]["charges"]["errors"].to_string().contains("charge_read"), "{report}");
    let all = wanted(&sandbox.account())?;
    let mut others = all.clone();
    // What was read of it before is kept: fewer than all, none foreign.
    let charges = others.remove("stripe_charge_events").context("charges")?;
    let found = ids_in(dir.path(), "stripe_charge_events", "/_acme/stripe/chargeID")?;
    ensure!(found.len() < charges.len() && found.is_subset(&charges), "{} charges", found.len());
    others.insert("stripe_charge_events", found);
    lake::check(dir.path(), &others)?;

    sandbox.set_faults(stripe_xdm_sandbox::Faults::none());
    whole(&run(sync(dir.path(), sandbox.base_url(), KEY)?)?)?;
    lake::check(dir.path(), &all)
}
