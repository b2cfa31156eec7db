//! The real program is killed at random instants, in its first run and in a later one that reads Events. Whenever
//! that is, the lake ends as one that nobody disturbed: the same records byte for byte, none missing, none double.

use anyhow::{Context, anyhow, ensure};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use stripe_xdm_sandbox::{Account, ApiKey, Clock, Mischief, Options, Rate, Resource, Size};
use stripe_xdm_tests::lake;
use stripe_xdm_tests::program::{Running, run, sync};
use stripe_xdm_tests::stand_in::{KEY, StandIn, wanted};

const SEEDS: u64 = 20;
/// Most kills of one sync; then it may end.
const KILLS: u32 = 3;
const NOW: i64 = Size::NOW + 60;
const DAY: i64 = 86_400;
const BOUND: Duration = Duration::from_secs(120);

/// A lake and how often its syncs were killed.
struct Killed {
    lake: tempfile::TempDir,
    random: fastrand::Rng,
    kills: u32,
}

impl Killed {
    /// Syncs, killed after some request and then at whatever the program is doing up to 40 ms later: reading,
    /// converting, writing a file, committing.
    fn sync(&mut self, stand_in: &StandIn) -> anyhow::Result<()> {
        let base_url = stand_in.sandbox()?.base_url();
        for _ in 0..KILLS {
            let seen = stand_in.requests() + self.random.u64(1..40);
            let pause = Duration::from_micros(self.random.u64(0..40_000));
            let mut running = Running::start(sync(self.lake.path(), base_url, KEY)?, BOUND)?;
            let mut ended = running.look(|| Ok(stand_in.requests() >= seen))?;
            if !ended {
                let instant = Instant::now() + pause;
                ended = running.look(|| Ok(Instant::now() >= instant))?;
            }
            if ended {
                let ended = running.end()?;
                ensure!(ended.code == Some(0), "{ended:?}");
                return Ok(());
            }
            running.kill()?;
            self.kills += 1;
        }
        undisturbed(stand_in, self.lake.path())
    }
}

fn undisturbed(stand_in: &StandIn, lake: &Path) -> anyhow::Result<()> {
    let ended = run(sync(lake, stand_in.sandbox()?.base_url(), KEY)?)?;
    ensure!(ended.code == Some(0), "{ended:?}");
    Ok(())
}

/// Every line of a lake with the dataset that it is in; fails when one is there twice or a file is not whole.
fn lines(lake: &Path) -> anyhow::Result<BTreeSet<(String, String)>> {
    lake::read(lake)?;
    let mut lines = BTreeSet::new();
    for file in lake::visible(lake)? {
        let dataset = file.parent().and_then(Path::file_name).context("a dataset")?.to_string_lossy();
        for line in std::fs::read_to_string(&file)?.lines() {
            let line = (dataset.clone().into_owned(), line.to_owned());
            ensure!(!lines.contains(&line), "{line:?} is there twice");
            lines.insert(line);
        }
    }
    Ok(lines)
}

/// What a reader takes of a lake: of each `_id` the record with the greatest version. The version itself is left
/// out: whether a state was seen in an Event first or in a list first depends on which was quicker.
fn current(lake: &Path) -> anyhow::Result<BTreeMap<(String, String), String>> {
    let mut newest: BTreeMap<(String, String), (i64, Value)> = BTreeMap::new();
    for (dataset, records) in lake::read(lake)? {
        for mut record in records {
            let id = record["_id"].as_str().context("_id")?.to_owned();
            let place = record.pointer_mut("/_acme/stripe").and_then(Value::as_object_mut);
            let version = place.and_then(|stripe| stripe.remove("sourceVersion"));
            let version = version.and_then(|version| version.as_i64()).context("a version")?;
            if let Some(audit) = record.get_mut("extSourceSystemAudit").and_then(Value::as_object_mut) {
                audit.remove("lastUpdatedDate");
            }
            let key = (dataset.clone(), id);
            match newest.get(&key) {
                Some((known, other)) if *known == version => {
                    ensure!(*other == record, "{key:?} has two states of one version")
                }
                Some((known, _)) if *known > version => {}
                _ => drop(newest.insert(key, (version, record))),
            }
        }
    }
    Ok(newest.into_iter().map(|(key, (_, record))| (key, record.to_string())).collect())
}

fn same<T: Ord + std::fmt::Debug>(wanted: &BTreeSet<T>, found: &BTreeSet<T>) -> anyhow::Result<()> {
    let missing: Vec<_> = wanted.difference(found).take(2).collect();
    let extra: Vec<_> = found.difference(wanted).take(2).collect();
    ensure!(missing.is_empty() && extra.is_empty(), "missing {missing:?}, not expected {extra:?}");
    Ok(())
}

/// Changes, deletions and new customers, within the last hours.
fn live_a_day(stand_in: &StandIn, random: &mut fastrand::Rng) -> anyhow::Result<()> {
    let sandbox = stand_in.sandbox()?;
    let account = sandbox.account();
    sandbox.advance(Duration::from_secs(DAY as u64));
    let now = sandbox.now();
    let texts: BTreeMap<_, _> =
        account.ids(Resource::Customers).into_iter().zip(account.objects(Resource::Customers)).collect();
    let mut ids = account.listable_ids(Resource::Customers);
    random.shuffle(&mut ids);
    let mut at = now - DAY + 700;
    for (place, id) in ids.iter().take(60).enumerate() {
        // Some in one second, where Events have no order.
        at += random.i64(0..3) * 400;
        if place % 9 == 0 {
            sandbox.remove(Resource::Customers, id, at)?;
            continue;
        }
        for state in 0..=random.u32(0..2) {
            let mut customer: Value = serde_json::from_str(texts.get(id).context("a customer")?)?;
            customer["name"] = format!("changed {place}, {state}").into();
            sandbox.update(Resource::Customers, &customer.to_string(), at)?;
        }
    }
    for number in 0..20 {
        at += 60;
        let new = serde_json::json!({"id": format!("cus_new{number}"), "object": "customer", "created": at,
            "livemode": true, "name": "new", "metadata": {}});
        sandbox.insert(Resource::Customers, &new.to_string())?;
    }
    ensure!(at < now - 600, "the day is longer than a day");
    Ok(())
}

#[test]
fn whenever_it_is_killed_the_lake_ends_as_if_it_had_not_been() -> anyhow::Result<()> {
    let next = AtomicU64::new(0);
    let some = || -> anyhow::Result<u32> {
        let mut kills = 0;
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= SEEDS {
                return Ok(kills);
            }
            kills += one(seed).with_context(|| format!("seed {seed}"))?;
        }
    };
    let kills: u32 = std::thread::scope(|scope| {
        let both = [scope.spawn(some), scope.spawn(some)];
        both.into_iter()
            .map(|half| half.join().unwrap_or_else(|_| Err(anyhow!("it panicked"))))
            .sum::<Result<u32, _>>()
    })?;
    println!("{kills} kills");
    // Most syncs live long enough to be killed.
    ensure!(u64::from(kills) >= SEEDS * 2, "only {kills} kills");
    Ok(())
}

fn one(seed: u64) -> anyhow::Result<u32> {
    // Nothing happens in the hours before: a run that goes on after a kill would read of it in Events, and one that
    // was not killed in its next run only.
    let now = NOW - DAY;
    let size = Size { charges: 400, customers: 260, subscriptions: 60, prices: 30, now, ..Size::demo() };
    let options = Options {
        keys: vec![ApiKey::secret(KEY)],
        rate: Rate::Unlimited,
        clock: Clock::Fixed(NOW),
        mischief: (seed % 2 == 1).then(|| Mischief { late_by: 50, ..Mischief::everything(seed) }),
        ..Options::default()
    };
    let stand_in = StandIn::with(Account::seeded(seed, size), options)?;
    let calm = tempfile::tempdir()?;
    let mut random = fastrand::Rng::with_seed(seed);
    let mut killed = Killed { lake: tempfile::tempdir()?, random: random.fork(), kills: 0 };

    undisturbed(&stand_in, calm.path())?;
    killed.sync(&stand_in)?;
    lake::check(killed.lake.path(), &wanted(&stand_in.sandbox()?.account())?)?;
    same(&lines(calm.path())?, &lines(killed.lake.path())?).context("the first sync")?;

    live_a_day(&stand_in, &mut random)?;
    undisturbed(&stand_in, calm.path())?;
    killed.sync(&stand_in)?;
    let (wanted, found) = (current(calm.path())?, current(killed.lake.path())?);
    same(&wanted.into_iter().collect(), &found.into_iter().collect()).context("the second sync")?;
    lines(killed.lake.path())?;

    let hidden = |path: &PathBuf| path.to_string_lossy().ends_with(".tmp");
    let left: Vec<PathBuf> = lake::all_files(killed.lake.path())?.into_iter().filter(hidden).collect();
    ensure!(left.is_empty(), "left behind: {left:?}");
    Ok(killed.kills)
}
