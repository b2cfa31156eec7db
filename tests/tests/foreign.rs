//! Syncs from servers that we did not write. They speak older versions of the API and keep fewer of its
//! promises; what is in the lake is compared, by scripts beside them, with what they themselves list.

use anyhow::{Context, ensure};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use stripe_xdm_tests::foreign::{Foreign, KEY};
use stripe_xdm_tests::program::{self, Ended, run};

/// They do not tell their account.
const ACCOUNT: &str = "acct_1OfSomebodyElse";

fn sync(server: &Foreign, lake: &Path, key: &str, resources: &str) -> anyhow::Result<Ended> {
    let mut command = program::sync(lake, server.base(), key)?;
    command.args(["--account", ACCOUNT, "--resources", resources]);
    run(command)
}

#[test]
fn localstripe_is_synced_whole_though_it_refuses_filters_by_time() -> anyhow::Result<()> {
    let server = Foreign::localstripe()?;
    let dir = tempfile::tempdir()?;
    let (created, lake) = (dir.path().join("created"), dir.path().join("lake"));
    std::fs::create_dir(&created)?;
    server.fill(&created)?;
    for _ in 0..2 {
        // The second time there is nothing new, and nothing comes twice.
        let ended = sync(&server, &lake, KEY, "charges,customers,balance_transactions")?;
        ensure!(ended.code == Some(0), "{ended:?}");
        server.check(&created, &lake)?;
    }

    // Prices are younger than it: told, and no harm to the others.
    let lake = dir.path().join("partly");
    let ended = sync(&server, &lake, KEY, "charges,customers,balance_transactions,prices")?;
    ensure!(ended.code == Some(2), "{ended:?}");
    let said = format!("{}{}", String::from_utf8_lossy(&ended.stdout), ended.stderr);
    ensure!(said.contains("/v1/prices") && said.contains("404"), "{said}");
    server.check(&created, &lake)?;

    // It takes no restricted keys.
    let ended = sync(&server, &dir.path().join("none"), "rk_test_1234567890", "charges")?;
    ensure!(ended.code == Some(1), "{ended:?}");
    ensure!(ended.stderr.contains("does not accept the API key"), "{ended:?}");

    every_object_of_its_age_is_transformed(&created)
}

/// Lists that it cannot filter by time without falling over are read as files.
fn every_object_of_its_age_is_transformed(created: &Path) -> anyhow::Result<()> {
    for (name, dataset, pointer) in [
        ("refunds", "stripe_refund_events", "/_acme/stripe/refundID"),
        ("subscriptions", "stripe_subscriptions", "/_acme/stripe/subscriptionID"),
        ("events", "stripe_customers", "/_acme/stripe/customerID"),
    ] {
        let file = created.join(format!("{name}.json"));
        let page: Value = serde_json::from_slice(&std::fs::read(&file)?)?;
        let mut command: Command = program::command()?;
        command.args(["transform", "--tenant", "acme", "--account", ACCOUNT]).arg(&file);
        let ended = run(command)?;
        ensure!(ended.code == Some(0), "{name}: {ended:?}");
        let mut found = BTreeSet::new();
        for line in String::from_utf8(ended.stdout)?.lines() {
            let line: Value = serde_json::from_str(line)?;
            if line["dataset"] == dataset {
                let id = line["record"].pointer(pointer).and_then(Value::as_str);
                found.insert(id.with_context(|| format!("{name}: {line}"))?.to_owned());
            }
        }
        let listed = page["data"].as_array().context("a list")?.iter();
        let wanted: BTreeSet<String> = match name {
            "events" => listed
                .filter(|event| event["data"]["object"]["object"] == "customer")
                .filter(|event| event["type"] != "customer.deleted")
                .filter_map(|event| event["data"]["object"]["id"].as_str().map(str::to_owned))
                .collect(),
            _ => listed.filter_map(|object| object["id"].as_str().map(str::to_owned)).collect(),
        };
        ensure!(wanted.len() > 2 && found.is_superset(&wanted), "{name}: {found:?} instead of {wanted:?}");
    }
    Ok(())
}

#[test]
fn the_stateful_mock_is_synced_whole_though_it_passes_over_filters_by_time() -> anyhow::Result<()> {
    let server = Foreign::stateful_mock()?;
    let dir = tempfile::tempdir()?;
    let (created, lake) = (dir.path().join("created"), dir.path().join("lake"));
    std::fs::create_dir(&created)?;
    server.fill(&created)?;
    for _ in 0..2 {
        let ended = sync(&server, &lake, KEY, "charges,customers,refunds,prices")?;
        ensure!(ended.code == Some(0), "{ended:?}");
        server.check(&created, &lake)?;
    }
    Ok(())
}
