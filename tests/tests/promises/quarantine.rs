//! What must not be delivered is kept, with its reason and its source, exactly once; and once the mapping is
//! mended it is delivered, exactly once, whatever ends in between.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use stripe_xdm_sandbox::{Account, Resource, Size};
use stripe_xdm_tests::corpus::{self, ACCOUNT};
use stripe_xdm_tests::lake;
use stripe_xdm_tests::program::{Ended, Running, command, run, sync};
use stripe_xdm_tests::stand_in::{KEY, StandIn, now, past, wanted};

const BOUND: Duration = Duration::from_secs(120);

/// The stand-in's numbers are made up: one in a thousand looks like a card's.
const ODD: [&str; 2] = ["--rule", "card_number=off"];

fn account(seed: u64) -> Account {
    Account::seeded(seed, past(Size { charges: 700, customers: 250, ..Size::demo() }))
}

/// A file with a model that changes one mapping of a default one.
fn model(
    dir: &Path,
    resource: &str,
    variant: &str,
    destination: &str,
    source: &str,
) -> anyhow::Result<PathBuf> {
    let path = dir.join(format!("{resource}-{}.json", destination.replace('.', "-")));
    let mapping = json!({ "sourceType": "EXPRESSION", "source": source, "destination": destination });
    let model = json!({ "resource": resource, "variant": variant, "mappingSet": { "mappings": [mapping] } });
    std::fs::write(&path, model.to_string())?;
    Ok(path)
}

/// Currencies as Stripe writes them, which XDM does not take.
fn lower_case(dir: &Path) -> anyhow::Result<PathBuf> {
    model(dir, "charge", "event", "commerce.order.currencyCode", "currency")
}

fn syncing(lake: &Path, stand_in: &StandIn, mapping: Option<&Path>) -> anyhow::Result<Command> {
    let mut command = sync(lake, stand_in.sandbox()?.base_url(), KEY)?;
    command.args(ODD);
    if let Some(mapping) = mapping {
        command.arg("--mapping").arg(mapping);
    }
    Ok(command)
}

fn retrying(lake: &Path, mapping: Option<&Path>) -> anyhow::Result<Command> {
    let mut command = command()?;
    command.args(["quarantine", "retry", "--json", "--tenant", "acme"]).args(ODD).arg(lake);
    if let Some(mapping) = mapping {
        command.arg("--mapping").arg(mapping);
    }
    Ok(command)
}

fn listing(lake: &Path, more: &[&str]) -> anyhow::Result<Command> {
    let mut command = command()?;
    command.args(["quarantine", "list"]).arg(lake).args(more);
    Ok(command)
}

fn transform(input: &str, arguments: &[&str], paths: &[(&str, &Path)]) -> anyhow::Result<Ended> {
    let mut command = command()?;
    command
        .args(["transform", "--tenant", "acme", "--account", ACCOUNT])
        .args(arguments)
        .stdin(Stdio::piped());
    for (option, path) in paths {
        command.arg(option).arg(path);
    }
    let mut running = Running::start(command, BOUND)?;
    let mut stdin = running.child().stdin.take().context("a pipe")?;
    // Less than a pipe holds.
    std::io::Write::write_all(&mut stdin, input.as_bytes())?;
    drop(stdin);
    running.end()
}

fn answer(ended: &Ended) -> anyhow::Result<Value> {
    serde_json::from_slice(&ended.stdout).with_context(|| format!("{ended:?}"))
}

/// The lines of a dataset's quarantine; none without a file.
fn kept(lake: &Path, dataset: &str) -> anyhow::Result<Vec<Value>> {
    let file = lake.join("_quarantine").join(format!("{dataset}.jsonl"));
    if !file.exists() {
        return Ok(Vec::new());
    }
    let mode = std::fs::metadata(&file)?.permissions().mode() & 0o777;
    ensure!(mode == 0o600, "{} may be read by others: {mode:o}", file.display());
    lake::lines(&file)
}

fn objects(lines: &[Value]) -> BTreeSet<String> {
    lines.iter().filter_map(|line| line["object"].as_str().map(str::to_owned)).collect()
}

#[test]
fn a_record_that_is_not_what_its_schema_says_is_not_written_and_the_reason_is_said() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let mapping = lower_case(dir.path())?;
    let private = corpus::compact("charge")?.replacen('{', r#"{"description":"for ada@example.com","#, 1);
    let input = format!("{private}\n{}", corpus::compact("price")?);

    let ended = transform(&input, &["--records-only"], &[("--mapping", &mapping)])?;
    ensure!(ended.code == Some(2), "{ended:?}");
    ensure!(String::from_utf8_lossy(&ended.stdout).lines().count() == 1, "the price alone: {ended:?}");
    let told: Value = serde_json::from_str(ended.stderr.trim()).with_context(|| ended.stderr.clone())?;
    let told = &told["invalid"];
    ensure!(told["input"] == 1 && told["resource"] == "charge", "{told}");
    ensure!(told["dataset"] == "stripe_charge_events" && told["id"].as_str().is_some(), "{told}");
    let reason = &told["reasons"][0];
    ensure!(reason["pointer"] == "/commerce/order/currencyCode" && reason["rule"] == "pattern", "{told}");
    ensure!(
        reason["destination"] == "commerce.order.currencyCode" && reason["source"] == "currency",
        "{told}"
    );
    ensure!(!ended.stderr.contains("ada@example.com"), "a value of the object was printed");

    // A rule that is off refuses nothing, nor does no check at all.
    let future = model(dir.path(), "charge", "event", "timestamp", "\"2199-01-01T00:00:00Z\"")?;
    ensure!(transform(&input, &[], &[("--mapping", &future)])?.code == Some(2), "from the future");
    for (flags, mapping) in [
        (["--rule", "timestamp=off"].as_slice(), &future),
        (&["--rule", "timestamp=warn"], &future),
        (&["--no-check"], &mapping),
    ] {
        let ended = transform(&input, flags, &[("--mapping", mapping)])?;
        ensure!(ended.code == Some(0), "{flags:?}: {ended:?}");
        ensure!(String::from_utf8_lossy(&ended.stdout).lines().count() == 2, "{flags:?}: {ended:?}");
    }
    let ended = transform(&input, &["--rule", "no_such_rule=off"], &[])?;
    ensure!(ended.code == Some(1) && ended.stderr.contains("no_such_rule"), "{ended:?}");
    Ok(())
}

#[test]
fn transform_keeps_and_retry_delivers_once() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let (mapping, out) = (lower_case(dir.path())?, dir.path().join("out"));
    let charge = corpus::compact("charge")?.replacen('{', r#"{"description":"for ada@example.com","#, 1);
    let input = format!("{charge}\n{}\n{{\"id\":\"x_1\"}}", corpus::compact("price")?);
    let paths = [("--mapping", mapping.as_path()), ("--out", &out)];
    for _ in 0..2 {
        // Again keeps nothing twice.
        let ended = transform(&input, &[], &paths)?;
        ensure!(ended.code == Some(2) && !ended.stderr.contains("ada@"), "{ended:?}");
        ensure!(!out.join("stripe_charge_events.jsonl").exists(), "an invalid record was written");
        let (charges, failed) = (kept(&out, "stripe_charge_events")?, kept(&out, "_objects")?);
        ensure!(charges.len() == 1 && failed.len() == 1, "{charges:?}, {failed:?}");
        let source: Value = serde_json::from_str(&charge)?;
        ensure!(charges[0]["source"] == source, "{}", charges[0]);
        ensure!(charges[0]["record"]["commerce"]["order"]["currencyCode"] == "usd", "{}", charges[0]);
        ensure!(charges[0]["call"]["account"] == ACCOUNT, "{}", charges[0]);
        ensure!(failed[0]["source"] == json!({"id": "x_1"}), "{}", failed[0]);
        ensure!(
            failed[0]["reasons"][0]["rule"].is_string() && failed[0].get("record").is_none(),
            "{}",
            failed[0]
        );
    }

    let listed = run(listing(&out, &[])?)?;
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    ensure!(listed.code == Some(0) && text.contains("pattern") && text.contains("_objects"), "{text}");
    ensure!(!text.contains("ada@") && !text.contains("usd"), "a value was printed: {text}");
    let listed = answer(&run(listing(&out, &["--json", "--rule", "pattern"])?)?)?;
    ensure!(listed["total"] == 1 && listed["groups"][0]["entries"] == 1, "{listed}");
    ensure!(listed["groups"][0]["pointer"] == "/commerce/order/currencyCode", "{listed}");
    let ended = run(listing(&out, &["--dataset", "stripe_pricse"])?)?;
    ensure!(ended.code == Some(1) && ended.stderr.contains("stripe_charge_events"), "{ended:?}");

    // Not mended: it stays.
    let still = answer(&run(retrying(&out, Some(&mapping))?)?)?;
    ensure!(still["delivered"] == json!({}) && still["quarantine"]["stripe_charge_events"] == 1, "{still}");
    // Mended.
    let ended = run(retrying(&out, None)?)?;
    let done = answer(&ended)?;
    ensure!(ended.code == Some(2) && done["mended"] == json!({"stripe_charge_events": 1}), "{done}");
    ensure!(done["quarantine"] == json!({"_objects": 1}), "{done}");
    let files = lake::visible(&out)?;
    ensure!(files.len() == 1, "{files:?}");
    let records = lake::lines(&files[0])?;
    ensure!(records.len() == 1 && records[0]["commerce"]["order"]["currencyCode"] == "USD", "{records:?}");
    ensure!(kept(&out, "stripe_charge_events")?.is_empty(), "the entry stays in its file");
    // Nothing is delivered twice.
    let again = answer(&run(retrying(&out, None)?)?)?;
    ensure!(again["delivered"] == json!({}) && lake::visible(&out)? == files, "{again}");
    Ok(())
}

#[test]
fn a_transform_that_writes_the_record_settles_what_was_kept_of_it() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let (mapping, out) = (lower_case(dir.path())?, dir.path().join("out"));
    let charge = corpus::compact("charge")?;
    transform(&charge, &[], &[("--mapping", &mapping), ("--out", &out)])?;
    ensure!(kept(&out, "stripe_charge_events")?.len() == 1);
    // An older look at the object says nothing about the newer one.
    let ended = transform(&charge, &["--observed-at", "2026-01-01"], &[("--quarantine", &out)])?;
    ensure!(ended.code == Some(0) && kept(&out, "stripe_charge_events")?.len() == 1, "{ended:?}");
    let ended = transform(&charge, &[], &[("--quarantine", &out)])?;
    ensure!(ended.code == Some(0) && kept(&out, "stripe_charge_events")?.is_empty(), "{ended:?}");
    // Another tenant's records do not belong there.
    let mut other = command()?;
    other.args(["quarantine", "retry", "--tenant", "other"]).arg(&out);
    let ended = run(other)?;
    ensure!(ended.code == Some(1) && ended.stderr.contains("acme"), "{ended:?}");
    Ok(())
}

#[test]
fn a_sync_keeps_back_what_is_invalid_and_a_retry_completes_the_lake() -> anyhow::Result<()> {
    let stand_in = StandIn::start(account(51), "")?;
    let dir = tempfile::tempdir()?;
    let (lake_dir, mapping) = (dir.path().join("lake"), lower_case(dir.path())?);
    let mut command = syncing(&lake_dir, &stand_in, Some(&mapping))?;
    command.arg("--json");
    let ended = run(command)?;
    ensure!(ended.code == Some(2), "{ended:?}");
    let everything = stand_in.sandbox()?.account();
    let charges: BTreeSet<String> =
        everything.listable_ids(Resource::Charges).into_iter().map(str::to_owned).collect();
    let report = answer(&ended)?;
    ensure!(
        report["resources"]["charges"]["quarantined"] == json!({"stripe_charge_events": charges.len()}),
        "{report}"
    );
    ensure!(report["quarantine"] == json!({"stripe_charge_events": charges.len()}), "{report}");
    ensure!(report["resources"]["charges"]["records"] == json!({}), "{report}");
    let lines = kept(&lake_dir, "stripe_charge_events")?;
    ensure!(lines.len() == charges.len() && objects(&lines) == charges, "{} lines", lines.len());
    ensure!(lines.iter().all(|line| line["run"] == report["run"]), "of another run");
    let mut want = wanted(&everything)?;
    want.insert("stripe_charge_events", BTreeSet::new());
    lake::check(&lake_dir, &want)?;

    let ended = run(retrying(&lake_dir, None)?)?;
    let done = answer(&ended)?;
    ensure!(
        ended.code == Some(0) && done["delivered"] == json!({"stripe_charge_events": charges.len()}),
        "{done}"
    );
    lake::check(&lake_dir, &wanted(&everything)?)?;
    // As if they had been delivered at once: what a later run sees again is not new.
    let ended = run(syncing(&lake_dir, &stand_in, None)?)?;
    ensure!(ended.code == Some(0), "{ended:?}");
    lake::check(&lake_dir, &wanted(&everything)?)
}

#[test]
fn what_only_subscriptions_show_is_kept_back_and_delivered_too() -> anyhow::Result<()> {
    let stand_in = StandIn::start(account(52), "")?;
    let dir = tempfile::tempdir()?;
    let lake_dir = dir.path().join("lake");
    let mapping = model(dir.path(), "price", "record", "productListPrice.currencyCode", "currency")?;
    let ended = run(syncing(&lake_dir, &stand_in, Some(&mapping))?)?;
    ensure!(ended.code == Some(2), "{ended:?}");
    let everything = stand_in.sandbox()?.account();
    let want = wanted(&everything)?;
    let listed: BTreeSet<String> =
        everything.listable_ids(Resource::Prices).into_iter().map(str::to_owned).collect();
    let lines = kept(&lake_dir, "stripe_prices")?;
    let own: Vec<Value> = lines.iter().filter(|line| line["kind"] == "record").cloned().collect();
    ensure!(objects(&own) == listed && lines.len() == want["stripe_prices"].len(), "{} lines", lines.len());
    ensure!(lines.len() > own.len(), "no price is shown by subscriptions alone");
    let done = answer(&run(retrying(&lake_dir, None)?)?)?;
    ensure!(done["quarantine"] == json!({}), "{done}");
    lake::check(&lake_dir, &want)
}

#[test]
fn objects_that_failed_are_tried_again_too() -> anyhow::Result<()> {
    let stand_in = StandIn::start(account(53), "")?;
    let dir = tempfile::tempdir()?;
    let lake_dir = dir.path().join("lake");
    // An event whose time cannot be told is no event.
    let mapping = model(dir.path(), "refund", "event", "timestamp", "stripe_datetime(status)")?;
    let command = syncing(&lake_dir, &stand_in, Some(&mapping))?;
    let ended = run(command)?;
    ensure!(ended.code == Some(2), "{ended:?}");
    let everything = stand_in.sandbox()?.account();
    let refunds: BTreeSet<String> =
        everything.listable_ids(Resource::Refunds).into_iter().map(str::to_owned).collect();
    ensure!(objects(&kept(&lake_dir, "_objects")?) == refunds, "the failed objects");
    let done = answer(&run(retrying(&lake_dir, None)?)?)?;
    ensure!(
        done["mended"] == json!({"_objects": refunds.len()}) && done["quarantine"] == json!({}),
        "{done}"
    );
    lake::check(&lake_dir, &wanted(&everything)?)
}

#[test]
fn a_record_without_an_id_is_found_again_when_it_has_one() -> anyhow::Result<()> {
    let stand_in = StandIn::start(account(56), "")?;
    let dir = tempfile::tempdir()?;
    let lake_dir = dir.path().join("lake");
    let mapping = model(dir.path(), "refund", "event", "_id", "stripe_text(metadata.no_such_key)")?;
    ensure!(run(syncing(&lake_dir, &stand_in, Some(&mapping))?)?.code == Some(2));
    let everything = stand_in.sandbox()?.account();
    let lines = kept(&lake_dir, "stripe_refund_events")?;
    ensure!(lines.len() == everything.listable_ids(Resource::Refunds).len(), "{} lines", lines.len());
    ensure!(lines.iter().all(|line| line.get("_id").is_none() && line["reasons"][0]["rule"] == "required"));
    // Without an _id again: they stay, and are not doubled.
    let still = answer(&run(retrying(&lake_dir, Some(&mapping))?)?)?;
    ensure!(still["quarantine"] == json!({"stripe_refund_events": lines.len()}), "{still}");
    let done = answer(&run(retrying(&lake_dir, None)?)?)?;
    ensure!(done["quarantine"] == json!({}), "{done}");
    lake::check(&lake_dir, &wanted(&everything)?)
}

/// Until the second after a run's bound: that second is left to the next run.
fn next_second(lake: &Path) -> anyhow::Result<()> {
    let bound = lake::last_run(lake)?["upper_bound"].as_i64().context("upper_bound")?;
    let until = Instant::now() + Duration::from_secs(5);
    while now() <= bound + 1 {
        ensure!(Instant::now() < until, "the clock stands still");
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

#[test]
fn a_newer_state_that_was_delivered_meanwhile_is_not_written_over() -> anyhow::Result<()> {
    let stand_in = StandIn::start(account(54), "")?;
    let sandbox = stand_in.sandbox()?;
    let young = now() - 30;
    let customer = |name: &str| {
        json!({"id": "cus_young", "object": "customer", "created": young, "livemode": true, "name": name})
            .to_string()
    };
    sandbox.insert(Resource::Customers, &customer("before"))?;
    let dir = tempfile::tempdir()?;
    let lake_dir = dir.path().join("lake");
    let mapping = model(dir.path(), "customer", "record", "personalEmail.address", "\"nobody\"")?;
    ensure!(run(syncing(&lake_dir, &stand_in, Some(&mapping))?)?.code == Some(2));
    let before = kept(&lake_dir, "stripe_customers")?.len();
    ensure!(objects(&kept(&lake_dir, "stripe_customers")?).contains("cus_young"));

    // The customer changes, and the next sync, with a mended mapping, delivers the newer state.
    next_second(&lake_dir)?;
    sandbox.update(Resource::Customers, &customer("after"), now())?;
    ensure!(run(syncing(&lake_dir, &stand_in, None)?)?.code == Some(0));
    let lines = kept(&lake_dir, "stripe_customers")?;
    ensure!(lines.len() < before && !objects(&lines).contains("cus_young"), "the old state is still kept");
    let done = answer(&run(retrying(&lake_dir, None)?)?)?;
    ensure!(done["quarantine"] == json!({}), "{done}");
    let records = lake::read(&lake_dir)?;
    let young = |record: &&Value| record.pointer("/_acme/stripe/customerID") == Some(&json!("cus_young"));
    let names: Vec<&Value> =
        records["stripe_customers"].iter().filter(young).map(|r| &r["person"]["name"]["fullName"]).collect();
    ensure!(names == ["after"], "{names:?}");
    lake::check(&lake_dir, &wanted(&sandbox.account())?)
}

/// Runs a command again and again, killed at random instants that lie later each time, until it ends by itself;
/// how often it was killed.
fn killed_often(
    random: &mut fastrand::Rng,
    command: impl Fn() -> anyhow::Result<Command>,
) -> anyhow::Result<(u32, Ended)> {
    // On any machine the first ones come while the program starts, and the last ones after it has ended.
    let (mut kills, mut most) = (0, 10_000);
    loop {
        let pause = Duration::from_micros(random.u64(most / 2..most));
        most += most / 4;
        let mut running = Running::start(command()?, BOUND)?;
        let instant = Instant::now() + pause;
        if running.look(|| Ok(Instant::now() >= instant))? {
            return Ok((kills, running.end()?));
        }
        running.kill()?;
        kills += 1;
    }
}

#[test]
fn kills_lose_nothing_and_double_nothing_neither_kept_nor_delivered() -> anyhow::Result<()> {
    let mut random = fastrand::Rng::with_seed(55);
    let mut kills = (0, 0);
    for seed in 0..3 {
        let stand_in = StandIn::start(account(60 + seed), "slow:5msevery2")?;
        let everything = stand_in.sandbox()?.account();
        let dir = tempfile::tempdir()?;
        let (lake_dir, mapping) = (dir.path().join("lake"), lower_case(dir.path())?);
        let (hit, ended) = killed_often(&mut random, || syncing(&lake_dir, &stand_in, Some(&mapping)))?;
        // The last kill may have come when all but the report was written.
        ensure!(matches!(ended.code, Some(0 | 2)), "{ended:?}");
        kills.0 += hit;
        let lines = kept(&lake_dir, "stripe_charge_events")?;
        let mut want = wanted(&everything)?;
        let charges = want.insert("stripe_charge_events", BTreeSet::new()).context("charges")?;
        ensure!(
            lines.len() == charges.len() && objects(&lines) == charges,
            "{} lines of {}",
            lines.len(),
            charges.len()
        );
        lake::check(&lake_dir, &want)?;

        let (hit, ended) = killed_often(&mut random, || retrying(&lake_dir, None))?;
        ensure!(ended.code == Some(0), "{ended:?}");
        kills.1 += hit;
        lake::check(&lake_dir, &wanted(&everything)?)?;
        ensure!(kept(&lake_dir, "stripe_charge_events")?.is_empty(), "entries are left");
        let left = lake::all_files(&lake_dir)?;
        ensure!(!left.iter().any(|file| file.to_string_lossy().ends_with(".tmp")), "left behind: {left:?}");
    }
    println!("{} kills of syncs, {} of retries", kills.0, kills.1);
    ensure!(kills.0 >= 5 && kills.1 >= 5, "only {kills:?} kills hit");
    Ok(())
}

#[test]
fn a_directory_without_a_quarantine_is_named() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    for command in [listing(dir.path(), &[])?, retrying(dir.path(), None)?] {
        let ended = run(command)?;
        ensure!(ended.code == Some(1) && ended.stderr.contains("no quarantine"), "{ended:?}");
    }
    ensure!(std::fs::read_dir(dir.path())?.next().is_none(), "something was made there");
    Ok(())
}
