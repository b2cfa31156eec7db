//! From Stripe into Experience Platform with the program as its users have it: killed at every step of the upload,
//! every record is there once, the ledger agrees, and the quarantine holds exactly the rows that were refused.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use stripe_xdm_sandbox::platform::{Faults, Ingestion, Options};
use stripe_xdm_sandbox::{Account, Size};
use stripe_xdm_tests::adobe::{Adobe, SANDBOX};
use stripe_xdm_tests::lake;
use stripe_xdm_tests::program::{Ended, Running, command, run, sync};
use stripe_xdm_tests::stand_in::{KEY, StandIn, past};

const BOUND: Duration = Duration::from_secs(120);

/// A field of whole numbers, to which a mapping of the tests writes texts.
const PLANTED: &str = "/_acme/stripe/customer/balanceMinor";

/// The platform with our schemas. Batches are settled as soon as they are complete.
fn adobe() -> anyhow::Result<Adobe> {
    let ingestion = Ingestion { step: Duration::ZERO, ..Ingestion::default() };
    let adobe = Adobe::start(Options { ingestion, ..Options::default() })?;
    let applied = adobe.apply(&[])?;
    ensure!(applied.code == Some(0), "{applied:?}");
    Ok(adobe)
}

fn account() -> Account {
    let size = Size { charges: 160, customers: 80, subscriptions: 30, prices: 20, ..Size::demo() };
    Account::seeded(21, past(size))
}

/// A mapping that makes some records what Experience Platform must refuse.
fn planting(dir: &Path) -> anyhow::Result<PathBuf> {
    let destination = PLANTED.replace("/_acme/", "_{TENANT_ID}.").replace('/', ".");
    let mapping = json!({
        "sourceType": "ATTRIBUTE", "source": "description", "destination": destination, "type": "string"
    });
    let model = json!({ "resource": "customer", "mappingSet": { "mappings": [mapping] } });
    let path = dir.join("planting.json");
    std::fs::write(&path, model.to_string())?;
    Ok(path)
}

fn syncing(lake: &Path, stand_in: &StandIn, mapping: Option<&Path>) -> anyhow::Result<Command> {
    let mut command = sync(lake, stand_in.sandbox()?.base_url(), KEY)?;
    command.arg("--no-check");
    // The six of Adobe's source: each step of the protocol, and not twice as many datasets.
    command.args(["--resources", "charges,subscriptions,refunds,balance_transactions,customers,prices"]);
    if let Some(mapping) = mapping {
        command.arg("--mapping").arg(mapping);
    }
    Ok(command)
}

fn delivering(lake: &Path, adobe: &Adobe) -> anyhow::Result<Command> {
    let mut command = command()?;
    command.args(["deliver", "--json", "--lake"]).arg(lake);
    adobe.reach(command)
}

/// Delivers until everything is settled.
fn deliver_all(lake: &Path, adobe: &Adobe) -> anyhow::Result<Ended> {
    for _attempt in 0..6 {
        let ended = run(delivering(lake, adobe)?)?;
        adobe.nothing_secret(&ended)?;
        let delivery: Value = serde_json::from_slice(&ended.stdout).with_context(|| format!("{ended:?}"))?;
        ensure!(delivery.get("error").is_none(), "{ended:?}");
        let open = |one: &Value| one["open"] != 0 || one["failed"] != 0;
        if !delivery["datasets"].as_array().is_some_and(|all| all.iter().any(open)) {
            return Ok(ended);
        }
    }
    anyhow::bail!("some batches are never settled")
}

/// A lake with planted records of which nothing was delivered.
fn template(dir: &Path) -> anyhow::Result<PathBuf> {
    let stand_in = StandIn::start(account(), "")?;
    let (lake, mapping) = (dir.join("template"), planting(dir)?);
    let synced = run(syncing(&lake, &stand_in, Some(&mapping))?)?;
    ensure!(synced.code == Some(0), "{synced:?}");
    Ok(lake)
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            std::fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// Ids of records by dataset, with how often each is there.
type Ids = BTreeMap<String, BTreeMap<String, u32>>;

/// The records of a lake that must be refused, and the others.
fn expected(lake: &Path) -> anyhow::Result<(Ids, BTreeSet<String>)> {
    let (mut well, mut planted) = (Ids::new(), BTreeSet::new());
    for (dataset, records) in lake::read(lake)? {
        for record in records {
            let id = record["_id"].as_str().context("an _id")?.to_owned();
            if record.pointer(PLANTED).is_some_and(Value::is_string) {
                planted.insert(id);
            } else {
                *well.entry(dataset.clone()).or_default().entry(id).or_default() += 1;
            }
        }
    }
    Ok((well, planted))
}

/// What the platform's datasets hold, by their names in the ledger.
fn held(adobe: &Adobe, status: &Value) -> anyhow::Result<Ids> {
    let mut held = Ids::new();
    for target in status["platform"].as_array().context("targets")? {
        let (name, id) = (target["dataset"].as_str().context("a name")?, target["dataset_id"].as_str());
        let rows = adobe.platform()?.rows(SANDBOX, id.context("an id")?);
        ensure!(
            target["rows"] == rows.len(),
            "the ledger knows {}, {name} has {}",
            target["rows"],
            rows.len()
        );
        let of = held.entry(name.to_owned()).or_default();
        for row in rows {
            *of.entry(row["_id"].as_str().context("an _id")?.to_owned()).or_default() += 1;
        }
    }
    Ok(held)
}

fn answer(mut command: Command, arguments: &[&str], lake: &Path) -> anyhow::Result<Value> {
    command.args(arguments).arg(lake).arg("--json");
    let ended = run(command)?;
    serde_json::from_slice(&ended.stdout).with_context(|| format!("{ended:?}"))
}

/// Every record is there once, but for those that must be refused: they are in the quarantine, with the cause.
fn proven(lake: &Path, adobe: &Adobe, about: &str) -> anyhow::Result<()> {
    let (well, planted) = expected(lake)?;
    let status = answer(command()?, &["status", "--lake"], lake)?;
    let held = held(adobe, &status)?;
    for (dataset, wanted) in &well {
        let found = held.get(dataset).with_context(|| format!("{about}: nothing is in {dataset}"))?;
        let missing = wanted.keys().filter(|id| !found.contains_key(*id)).count();
        let twice = found.values().filter(|times| **times > 1).count();
        ensure!(found == wanted, "{about}: {dataset} lacks {missing} and has {twice} more than once");
    }
    for target in status["platform"].as_array().context("targets")? {
        for what in ["open", "failed", "waiting"] {
            let planted = if target["dataset"] == "stripe_customers" { planted.len() } else { 0 };
            ensure!(target["refused"] == planted, "{about}: {target}");
            ensure!(target[what] == 0, "{about}: {what}: {target}");
        }
    }
    let kept = answer(command()?, &["quarantine", "list"], lake)?;
    let kept = kept["entries"].as_array().context("entries")?;
    let mut ids = BTreeSet::new();
    for entry in kept {
        let text = entry.to_string();
        ensure!(text.contains("Experience Platform refused the row"), "{about}: {text}");
        ids.insert(entry["_id"].as_str().context("an id")?.to_owned());
    }
    ensure!(ids == planted && kept.len() == planted.len(), "{about}: {} in the quarantine", kept.len());
    Ok(())
}

#[test]
fn sync_to_aep_fills_the_datasets_and_adds_what_is_new() -> anyhow::Result<()> {
    let (dir, adobe) = (tempfile::tempdir()?, adobe()?);
    let lake = dir.path().join("lake");
    let stand_in = StandIn::start(account(), "")?;
    let to = |mut command: Command| {
        command.args(["--to", "aep"]);
        adobe.reach(command)
    };
    let first = run(to(syncing(&lake, &stand_in, None)?)?)?;
    ensure!(first.code == Some(0), "{first:?}");
    adobe.nothing_secret(&first)?;
    ensure!(String::from_utf8_lossy(&first.stdout).contains("stripe_charge_events"), "{first:?}");
    proven(&lake, &adobe, "the first sync")?;
    let before = adobe.platform()?.changes();
    let mut again = to(syncing(&lake, &stand_in, None)?)?;
    again.arg("--json");
    let again = run(again)?;
    let summary: Value = serde_json::from_slice(&again.stdout).with_context(|| format!("{again:?}"))?;
    ensure!(again.code == Some(0) && summary["delivery"]["datasets"][0]["rows"] == 0, "{summary}");
    ensure!(adobe.platform()?.changes() == before, "a second sync wrote something");
    proven(&lake, &adobe, "the second sync")?;
    // A lake of another tenant is not mixed in; that is told before anything is fetched.
    let requests = stand_in.requests();
    let mut other = command()?;
    other.args(["sync", "--tenant", "other", "--api-base", stand_in.sandbox()?.base_url(), "--lake"]);
    other.arg(dir.path().join("other")).env("STRIPE_API_KEY", KEY);
    let refused = run(to(other)?)?;
    ensure!(refused.code == Some(1) && refused.stderr.contains("tenant id is acme"), "{refused:?}");
    ensure!(stand_in.requests() == requests, "it asked Stripe");
    Ok(())
}

#[test]
fn storms_and_tokens_that_expire_lose_nothing() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let template = template(dir.path())?;
    let weather = |name: &str, storms: [&str; 2]| -> anyhow::Result<()> {
        let adobe = adobe()?;
        let lake = dir.path().join(name);
        for storm in storms {
            adobe.platform()?.empty();
            adobe.platform()?.expire_tokens();
            adobe.platform()?.set_faults(storm.parse()?);
            copy(&template, &lake)?;
            let mut runs = 0;
            // Who is refused too often gives up; the next run goes on.
            while run(delivering(&lake, &adobe)?)?.code == Some(1) {
                runs += 1;
                ensure!(runs < 20, "{storm}: no run gets through");
            }
            adobe.platform()?.set_faults(Faults::none());
            deliver_all(&lake, &adobe).with_context(|| storm.to_owned())?;
            proven(&lake, &adobe, storm)?;
            std::fs::remove_dir_all(&lake)?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            weather("one", ["/data:retry-after:1s@3,/data:503every6,/ims:503@2", "/data:after500every6"])
        });
        let own = weather(
            "two",
            ["/data:close-afterevery6,/data/foundation/catalog:html502every5", "/data:empty401every7"],
        );
        other.join().map_err(|_panic| anyhow::anyhow!("a thread panicked"))?.and(own)
    })
}

#[test]
fn killed_at_every_step_every_record_is_there_once() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let template = template(dir.path())?;
    let (_, planted) = expected(&template)?;
    ensure!(!planted.is_empty() && planted.len() < 70, "{} rows are planted", planted.len());

    let first = adobe()?;
    let whole = dir.path().join("whole");
    copy(&template, &whole)?;
    let asked = first.platform()?.asked("");
    deliver_all(&whole, &first)?;
    proven(&whole, &first, "without a kill")?;
    let steps = first.platform()?.asked("") - asked;
    ensure!(steps > 40, "{steps} requests");

    // Before and after the effect of every request: two threads, each with a platform of its own.
    let next = AtomicUsize::new(0);
    let work = |adobe: Adobe| -> anyhow::Result<()> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let (step, word) = (number / 2 + 1, if number.is_multiple_of(2) { "slow" } else { "late" });
            if step > steps {
                return Ok(());
            }
            let about = format!("{word} at request {step}");
            let lake = dir.path().join(number.to_string());
            copy(&template, &lake)?;
            let platform = adobe.platform()?;
            platform.empty();
            platform.set_faults(format!("{word}:60s@{step}").parse::<Faults>()?);
            let (before, done) = (platform.asked(""), step - usize::from(word == "slow"));
            let mut running = Running::start(delivering(&lake, &adobe)?, BOUND)?;
            let ended = running.look(|| Ok(platform.asked("") - before >= done))?;
            ensure!(!ended, "{about}: the program ended");
            // It waits for the answer by then, or is about to ask.
            std::thread::sleep(Duration::from_millis(20));
            running.kill()?;
            platform.set_faults(Faults::none());
            deliver_all(&lake, &adobe).with_context(|| about.clone())?;
            proven(&lake, &adobe, &about)?;
            std::fs::remove_dir_all(&lake)?;
        }
    };
    let second = adobe()?;
    std::thread::scope(|scope| {
        let other = scope.spawn(|| work(second));
        let own = work(first);
        other.join().map_err(|_panic| anyhow::anyhow!("a thread panicked"))?.and(own)
    })
}

/// Streams with time passing at the platform, so that inlets open.
fn streaming(lake: &Path, adobe: &Adobe) -> anyhow::Result<Command> {
    let mut command = delivering(lake, adobe)?;
    command.args(["--mode", "streaming", "--stream-rate", "0", "--opening", "0"]);
    Ok(command)
}

/// Messages that the platform has taken, and how many of them the ledger knows.
fn taken(lake: &Path, adobe: &Adobe, datasets: &[String]) -> anyhow::Result<(usize, usize)> {
    let platform = adobe.platform()?;
    let of = |id: &String| platform.collected(id).len() + platform.uncollected(id).len();
    let status = answer(command()?, &["status", "--lake"], lake)?;
    let known =
        status["platform"].as_array().into_iter().flatten().filter_map(|target| target["rows"].as_u64());
    Ok((datasets.iter().map(of).sum(), usize::try_from(known.sum::<u64>())?))
}

/// Every record was taken, doubly at most what was in flight; what the schema forbids lies in error batches.
fn streamed(lake: &Path, adobe: &Adobe, doubles: usize, about: &str) -> anyhow::Result<()> {
    let (well, planted) = expected(lake)?;
    let status = answer(command()?, &["status", "--lake"], lake)?;
    let (mut twice, mut refused) = (0, BTreeSet::new());
    for target in status["platform"].as_array().context("targets")? {
        let (name, id) = (target["dataset"].as_str().context("a name")?, target["dataset_id"].as_str());
        let id = id.context("an id")?;
        ensure!(target["waiting"] == 0, "{about}: {target}");
        let mut found = BTreeMap::new();
        for taken in adobe.platform()?.collected(id) {
            let record: Value = serde_json::from_str(&taken.entity)?;
            *found.entry(record["_id"].as_str().context("an _id")?.to_owned()).or_insert(0) += 1;
        }
        let wanted: Vec<&String> = well.get(name).into_iter().flat_map(BTreeMap::keys).collect();
        ensure!(
            found.keys().eq(wanted.iter().copied()),
            "{about}: {} of {} in {name}",
            found.len(),
            wanted.len()
        );
        twice += found.values().filter(|times| **times > 1).count();
        for failed in adobe.platform()?.uncollected(id) {
            let message: Value = serde_json::from_str(&failed.entity)?;
            let id =
                ["/_id", "/body/xdmEntity/_id"].iter().find_map(|place| message.pointer(place)?.as_str());
            refused.insert(id.context("an _id")?.to_owned());
        }
    }
    ensure!(refused == planted, "{about}: {} of {} in error batches", refused.len(), planted.len());
    ensure!(twice <= doubles, "{about}: {twice} came twice");
    Ok(())
}

#[test]
fn streams_that_are_killed_lose_nothing_and_repeat_what_was_in_flight() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let template = template(dir.path())?;
    let adobe = adobe()?;
    let platform = adobe.platform()?;
    let over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                platform.advance(Duration::from_secs(60));
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        let test = || -> anyhow::Result<()> {
            let whole = dir.path().join("whole");
            copy(&template, &whole)?;
            let ended = run(streaming(&whole, &adobe)?)?;
            adobe.nothing_secret(&ended)?;
            ensure!(ended.code == Some(0), "{ended:?}");
            streamed(&whole, &adobe, 0, "without a kill")?;
            let sent = platform.asked("/collection/");
            ensure!(sent >= 5, "{sent} requests");
            let again = run(streaming(&whole, &adobe)?)?;
            ensure!(again.code == Some(0), "{again:?}");
            streamed(&whole, &adobe, 0, "once more")?;
            let status = answer(command()?, &["status", "--lake"], &whole)?;
            let targets = status["platform"].as_array().context("targets")?;
            let datasets = targets.iter().filter_map(|target| target["dataset_id"].as_str());
            let datasets: Vec<String> = datasets.map(str::to_owned).collect();
            let mut repeated = 0;
            for number in 0..2 * sent {
                let (step, word) = (number / 2 + 1, if number.is_multiple_of(2) { "slow" } else { "late" });
                let about = format!("{word} at message {step}");
                let lake = dir.path().join(number.to_string());
                copy(&template, &lake)?;
                platform.empty();
                platform.set_faults(format!("/collection/:{word}:60s@{step}").parse::<Faults>()?);
                let before = platform.asked("/collection/");
                let mut running = Running::start(streaming(&lake, &adobe)?, BOUND)?;
                let done = step - usize::from(word == "slow");
                let ended = running.look(|| Ok(platform.asked("/collection/") - before >= done))?;
                // How many messages go in one request is a matter of speed: the last steps may not be reached.
                ensure!(!ended || step > 4, "{about}: the program ended");
                std::thread::sleep(Duration::from_millis(20));
                running.kill()?;
                platform.set_faults(Faults::none());
                let (there, known) = taken(&lake, &adobe, &datasets)?;
                ensure!(known <= there, "{about}: the ledger knows {known} of {there}");
                repeated += there - known;
                let rest = run(streaming(&lake, &adobe)?)?;
                ensure!(rest.code == Some(0), "{about}: {rest:?}");
                streamed(&lake, &adobe, there - known, &about)?;
                std::fs::remove_dir_all(&lake)?;
            }
            // A request whose answer never came was taken, and is known to nobody.
            ensure!(repeated > 0, "no kill came between a request's effect and its answer");
            Ok(())
        };
        let ended = test();
        over.store(true, Ordering::Relaxed);
        ended
    })
}
