//! A privacy policy through the real program: what it hides is in no file, and its salt is nowhere.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use stripe_xdm_sandbox::{Account, Size};
use stripe_xdm_tests::built::root;
use stripe_xdm_tests::program::{self, Ended, command, run};
use stripe_xdm_tests::stand_in::{KEY, StandIn};

const SALT: &str = "0f-salt-of-the-end-to-end-tests-f0";

/// A policy file with rules, and a file with the salt.
fn files(dir: &Path, rules: &Value) -> anyhow::Result<(String, String)> {
    let (policy, salt) = (dir.join("policy.json"), dir.join("salt"));
    std::fs::write(&policy, json!({ "rules": rules }).to_string())?;
    std::fs::write(&salt, format!("{SALT}\n"))?;
    Ok((policy.display().to_string(), salt.display().to_string()))
}

/// Every byte below a directory.
fn bytes_below(dir: &Path) -> anyhow::Result<Vec<u8>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        match path.is_dir() {
            true => all.extend(bytes_below(&path)?),
            false => all.extend(std::fs::read(&path)?),
        }
    }
    Ok(all)
}

fn records(lake: &Path, dataset: &str) -> anyhow::Result<Vec<Value>> {
    let lines = String::from_utf8(bytes_below(&lake.join(dataset))?)?;
    lines.lines().map(|line| serde_json::from_str(line).context("a record")).collect()
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn shows_salt(ended: &Ended) -> bool {
    has(&ended.stdout, SALT) || ended.stderr.contains(SALT)
}

#[test]
fn a_synced_lake_holds_hashes_that_join_and_nowhere_the_salt() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let (policy, salt) =
        files(dir.path(), &json!([{"label": "I1", "action": "drop"}, {"label": "I2", "action": "hash"}]))?;
    let account = Account::seeded(11, Size::total(200));
    let sandbox = StandIn::start(account, "")?;
    let lake = dir.path().join("lake");
    let base_url = sandbox.sandbox()?.base_url().to_owned();
    let mut with_file = program::sync(&lake, &base_url, KEY)?;
    with_file.args(["--json", "--privacy", &policy, "--privacy-salt-file", &salt]);
    let ended = run(with_file)?;
    ensure!(ended.code == Some(0) && !shows_salt(&ended), "{ended:?}");
    let all = bytes_below(&lake)?;
    ensure!(!has(&all, SALT), "the lake, its ledger or its reports hold the salt");

    let (customers, charges) = (records(&lake, "stripe_customers")?, records(&lake, "stripe_charge_events")?);
    ensure!(!customers.is_empty() && !charges.is_empty());
    let id = |record: &Value| record["_acme"]["stripe"]["customerID"].as_str().map(str::to_owned);
    let known: Vec<String> = customers.iter().filter_map(id).collect();
    ensure!(known.len() == customers.len() && known.iter().all(|id| id.len() == 64), "{known:?}");
    // Of some charges the customer is in no list, hidden or not: the account in the clear tells which.
    let clear = dir.path().join("clear");
    let ended = run(program::sync(&clear, &base_url, KEY)?)?;
    ensure!(ended.code == Some(0), "{ended:?}");
    let (clear_customers, clear_charges) =
        (records(&clear, "stripe_customers")?, records(&clear, "stripe_charge_events")?);
    let in_the_clear: Vec<String> = clear_customers.iter().filter_map(id).collect();
    let joining = |charges: &[Value], customers: &[String]| -> BTreeSet<String> {
        let joins = |charge: &&Value| id(charge).is_some_and(|id| customers.contains(&id));
        charges.iter().filter(joins).map(|charge| charge["_id"].to_string()).collect()
    };
    let expected = joining(&clear_charges, &in_the_clear);
    ensure!(expected.len() > 10 && joining(&charges, &known) == expected, "hashes do not join");
    let text = json!([customers, charges]).to_string();
    ensure!(!text.contains("cus_") && !text.contains('@') && !text.contains("receiptURL"), "in the clear");

    // Once more, the salt from the environment: the same salt, so nothing is written anew.
    let mut from_environment = program::sync(&lake, &base_url, KEY)?;
    from_environment.args(["--privacy", &policy]).env("STRIPE_XDM_PRIVACY_SALT", SALT);
    let ended = run(from_environment)?;
    ensure!(ended.code == Some(0) && !shows_salt(&ended), "{ended:?}");
    // Another one would give hashes that do not join.
    let mut other = program::sync(&lake, &base_url, KEY)?;
    other.args(["--privacy", &policy]).env("STRIPE_XDM_PRIVACY_SALT", "another salt, as long as it takes");
    let ended = run(other)?;
    ensure!(ended.code == Some(1) && ended.stderr.contains("the privacy salt of fingerprint"), "{ended:?}");
    ensure!(!ended.stderr.contains("another salt"), "{ended:?}");
    Ok(())
}

#[test]
fn explain_export_and_refusals_tell_what_a_policy_does() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let (policy, salt) = files(dir.path(), &json!([{"label": "I1", "action": "hash"}]))?;
    let said = |arguments: &[&str]| -> anyhow::Result<Ended> {
        let mut command = command()?;
        command.args(arguments);
        let ended = run(command)?;
        ensure!(!shows_salt(&ended), "{arguments:?} shows the salt");
        Ok(ended)
    };
    let with = ["--privacy", &policy, "--privacy-salt-file", &salt];
    let sample = root().join("crates/core/tests/data/samples/charge.json").display().to_string();

    let ended = said(&[&["mapping", "explain", "charge", "--sample", &sample], &with[..]].concat())?;
    let text = String::from_utf8_lossy(&ended.stdout).replace('\n', " ");
    ensure!(ended.code == Some(0) && text.contains("stripe_hash("), "{ended:?}");
    ensure!(text.contains("not written") && text.contains("receiptURL"), "{text}");

    let ended = said(&[&["mapping", "export", "customer", "--account", "acct_1"], &with[..]].concat())?;
    ensure!(ended.code == Some(0) && !has(&ended.stdout, "stripe_hash"), "{ended:?}");
    ensure!(!has(&ended.stdout, "person.name.fullName\""), "a name is exported in the clear");

    let ended = said(&["mapping", "preview", "charge", "--sample", &sample, "--privacy", &policy])?;
    ensure!(ended.code != Some(0) && ended.stderr.contains("needs a salt"), "{ended:?}");
    let with_salt = dir.path().join("with_salt.json");
    std::fs::write(&with_salt, json!({"salt": SALT, "rules": []}).to_string())?;
    let ended = said(&["mapping", "explain", "charge", "--privacy", &with_salt.display().to_string()])?;
    ensure!(ended.code != Some(0) && ended.stderr.contains("a salt is a secret"), "{ended:?}");
    Ok(())
}
