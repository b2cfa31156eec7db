//! Syncs from servers that we did not write. They speak older versions of the API and keep fewer of its
//! promises; what is in the lake is compared, by scripts beside them, with what they themselves list.

use anyhow::ensure;
use std::path::Path;
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
    let resources = "customers,balance_transactions";
    for _ in 0..2 {
        // The second time there is nothing new, and nothing comes twice.
        let ended = sync(&server, &lake, KEY, resources)?;
        ensure!(ended.code == Some(0), "{ended:?}");
        server.check(&created, &lake, resources)?;
    }

    // Prices are younger than it: told, and no harm to the others.
    let lake = dir.path().join("partly");
    let ended = sync(&server, &lake, KEY, "customers,prices")?;
    ensure!(ended.code == Some(2), "{ended:?}");
    let said = format!("{}{}", String::from_utf8_lossy(&ended.stdout), ended.stderr);
    ensure!(said.contains("/v1/prices") && said.contains("404"), "{said}");
    server.check(&created, &lake, "customers")?;

    // It takes no restricted keys.
    let ended = sync(&server, &dir.path().join("none"), "rk_test_1234567890", "customers")?;
    ensure!(ended.code == Some(1), "{ended:?}");
    ensure!(ended.stderr.contains("does not accept the API key"), "{ended:?}");

    // Over these it falls when asked by time: its answers are read as files.
    let files = dir.path().join("files");
    for (resource, dataset) in [
        ("charges", "stripe_charge_events"),
        ("refunds", "stripe_refund_events"),
        ("subscriptions", "stripe_subscriptions"),
        ("events", "stripe_customers"),
    ] {
        transform(&created.join(format!("{resource}.json")), dataset, &files)?;
    }
    server.check(&created, &files, "charges,refunds,subscriptions,events")
}

/// What the program makes of an answer in a file, those records that are of one dataset, as in a lake.
fn transform(file: &Path, dataset: &str, lake: &Path) -> anyhow::Result<()> {
    let mut command = program::command()?;
    command.args(["transform", "--tenant", "acme", "--account", ACCOUNT]).arg(file);
    let ended = run(command)?;
    ensure!(ended.code == Some(0), "{}: {ended:?}", file.display());
    let mut records = String::new();
    for line in String::from_utf8(ended.stdout)?.lines() {
        // Cut out of the text, so that every digit stays as it was written.
        let start = format!(r#"{{"dataset":"{dataset}","record":"#);
        if let Some(record) = line.strip_prefix(&start).and_then(|rest| rest.strip_suffix('}')) {
            records.push_str(record);
            records.push('\n');
        }
    }
    std::fs::create_dir_all(lake.join(dataset))?;
    Ok(std::fs::write(lake.join(dataset).join("all.jsonl"), records)?)
}

#[test]
fn the_stateful_mock_is_synced_whole_though_it_passes_over_filters_by_time() -> anyhow::Result<()> {
    let server = Foreign::stateful_mock()?;
    let dir = tempfile::tempdir()?;
    let (created, lake) = (dir.path().join("created"), dir.path().join("lake"));
    std::fs::create_dir(&created)?;
    server.fill(&created)?;
    let resources = "charges,customers,refunds,prices";
    let ended = sync(&server, &lake, KEY, resources)?;
    ensure!(ended.code == Some(0), "{ended:?}");
    server.check(&created, &lake, resources)?;
    // It has no Events, of which a second run is told; the lists are read all the same, and nothing comes twice.
    let ended = sync(&server, &lake, KEY, resources)?;
    ensure!(ended.code == Some(2) && ended.stderr.contains("/v1/events"), "{ended:?}");
    server.check(&created, &lake, resources)
}
