//! What a sync must keep to: the memory it may use, and what it does when it may not read everything.

use anyhow::ensure;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use stripe_xdm_sandbox::{Account, ApiKey, Size};
use stripe_xdm_tests::lake;
use stripe_xdm_tests::program::{Running, run, sync};
use stripe_xdm_tests::stand_in::{KEY, StandIn, past, wanted};

/// The most memory that the program may have resident, in bytes.
const MEMORY: u64 = 64 << 20;

#[test]
fn twenty_thousand_charges_fit_in_64_megabytes() -> anyhow::Result<()> {
    let account = Account::seeded(11, past(Size::charges(20_000)));
    let stand_in = StandIn::start(account, "")?;
    let sandbox = stand_in.sandbox()?;
    let dir = tempfile::tempdir()?;
    let mut command = sync(dir.path(), sandbox.base_url(), KEY)?;
    command.args(["--resources", "charges"]);
    let ended = Running::start(command, Duration::from_secs(300))?.end()?;
    ensure!(ended.code == Some(0), "{}", ended.stderr);
    println!("peak {:.1} MiB", ended.peak as f64 / f64::from(1 << 20));
    ensure!(ended.peak > 1 << 20, "the peak was not measured");
    ensure!(ended.peak < MEMORY, "the program had {} bytes resident", ended.peak);
    let all = wanted(&sandbox.account())?;
    let charges = all.get("stripe_charge_events").cloned().unwrap_or_default();
    let mut wanted: BTreeMap<_, _> = all.into_keys().map(|dataset| (dataset, BTreeSet::new())).collect();
    wanted.insert("stripe_charge_events", charges);
    lake::check(dir.path(), &wanted)
}

#[test]
fn a_missing_permission_is_named_and_stops_its_resource_alone() -> anyhow::Result<()> {
    const RESTRICTED: &str = "rk_live_mayNotReadCustomers000000000007";
    let account = Account::seeded(13, past(Size::charges(300)));
    let key = ApiKey::restricted(RESTRICTED, ["customer_read"]);
    let stand_in = StandIn::with_key(account, "", key)?;
    let sandbox = stand_in.sandbox()?;
    let dir = tempfile::tempdir()?;
    let ended = run(sync(dir.path(), sandbox.base_url(), RESTRICTED)?)?;
    ensure!(ended.code == Some(2), "exit code {:?}: {}", ended.code, ended.stderr);
    let said = format!("{}{}", String::from_utf8_lossy(&ended.stdout), ended.stderr);
    ensure!(said.contains("customer_read"), "the permission is not named: {said}");
    ensure!(!said.contains(&RESTRICTED[8..]), "the key was printed");

    let mut others = wanted(&sandbox.account())?;
    let customers = others.insert("stripe_customers", Default::default()).unwrap_or_default();
    ensure!(!customers.is_empty(), "there are customers to miss");
    lake::check(dir.path(), &others)?;
    let report = lake::last_run(dir.path())?;
    let errors = report["resources"]["customers"]["errors"].to_string();
    ensure!(errors.contains("customer_read"), "{errors}");
    Ok(())
}
