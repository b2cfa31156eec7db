//! Several accounts in one lake: those of the settings file, those connected to a platform, and one that fails.

use anyhow::{Context, ensure};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use stripe_xdm_sandbox::{Account, ApiKey, Faults, Options, Rate, Resource, Sandbox, Size};
use stripe_xdm_tests::lake;
use stripe_xdm_tests::program::{self, command, run, sync};
use stripe_xdm_tests::stand_in::{KEY, StandIn, past};

fn account(seed: u64) -> Account {
    Account::seeded(seed, past(Size::charges(150)))
}

/// The charges of a lake, each with its account.
fn charges(lake: &Path) -> anyhow::Result<BTreeSet<(String, String)>> {
    let mut found = BTreeSet::new();
    let records = lake::read(lake)?;
    for record in records.get("stripe_charge_events").into_iter().flatten() {
        let of = &record["_acme"]["stripe"];
        let text = |value: &Value| value.as_str().map(str::to_owned).context("a record names it");
        found.insert((text(&of["accountID"])?, text(&of["chargeID"])?));
    }
    Ok(found)
}

fn wanted(accounts: &[&Account]) -> BTreeSet<(String, String)> {
    let of = |account: &Account| {
        let id = account.id().to_owned();
        let ids = account.listable_ids(Resource::Charges);
        ids.into_iter().map(|charge| (id.clone(), charge.to_owned())).collect::<Vec<_>>()
    };
    accounts.iter().flat_map(|account| of(account)).collect()
}

#[test]
fn connected_accounts_are_found_and_told_apart_and_one_that_fails_stops_no_other() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (platform, first, second, broken) = (account(31), account(32), account(33), account(34));
    let faults: Faults = format!("{}/should-retry-false@1-", broken.id()).parse()?;
    let options = Options {
        keys: vec![ApiKey::secret(KEY)],
        connected: vec![first.clone(), second.clone(), broken.clone()],
        faults,
        rate: Rate::Unlimited,
        ..Options::default()
    };
    let sandbox = runtime.block_on(Sandbox::start(platform.clone(), options))?;
    let dir = tempfile::tempdir()?;
    let mut command = sync(dir.path(), sandbox.base_url(), KEY)?;
    command.args(["--connected", "--resources", "charges", "--json", "--accounts-at-once", "3"]);
    let ended = run(command)?;
    ensure!(ended.code == Some(2), "{ended:?}");
    ensure!(charges(dir.path())? == wanted(&[&platform, &first, &second]));
    let answer: Value = serde_json::from_slice(&ended.stdout)?;
    ensure!(answer["total"]["accounts"] == 4 && answer["total"]["failed"] == 1, "{}", answer["total"]);
    let failed = answer["accounts"].as_array().into_iter().flatten().find(|one| one["name"] == broken.id());
    let error = failed.and_then(|one| one["error"].as_str()).context("the failure is told")?;
    ensure!(error.contains("500"), "{error}");

    // Mended, it is the only one with anything new.
    sandbox.set_faults(Faults::default());
    let mut command = sync(dir.path(), sandbox.base_url(), KEY)?;
    command.args([&format!("--connected={}", broken.id()), "--resources", "charges"]);
    let ended = run(command)?;
    ensure!(ended.code == Some(0), "{ended:?}");
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    ensure!(said.contains(broken.id()) && said.contains("2 accounts"), "{said}");
    ensure!(charges(dir.path())? == wanted(&[&platform, &first, &second, &broken]));

    // Each is verified, one after the other, or those that are named.
    let verify = |connected: &str| -> anyhow::Result<_> {
        let mut command = program::command()?;
        command.args(["verify", "--tenant", "acme", "--resources", "charges", "--rate-limit", "100000"]);
        command.args(["--api-base", sandbox.base_url(), connected, "--lake"]).arg(dir.path());
        command.env("STRIPE_API_KEY", KEY);
        let ended = run(command)?;
        Ok((ended.code, String::from_utf8_lossy(&ended.stdout).into_owned()))
    };
    let (code, said) = verify("--connected")?;
    ensure!(code == Some(0) && said.matches("listed again, equal").count() == 4, "{said}");
    let (code, said) = verify(&format!("--connected={}", first.id()))?;
    ensure!(code == Some(0) && said.matches("listed again, equal").count() == 1, "{said}");
    ensure!(said.starts_with(first.id()) && said.contains("not looked at: "), "{said}");
    sandbox.set_faults(format!("{}/should-retry-false@1-", broken.id()).parse()?);
    let (code, said) = verify("--connected")?;
    ensure!(code == Some(2) && said.matches("listed again, equal").count() == 3, "{said}");
    ensure!(
        !ended.stderr.contains("is new to it"),
        "accounts beside each other are what was asked for: {ended:?}"
    );
    runtime.block_on(sandbox.shutdown());
    Ok(())
}

#[test]
fn accounts_of_the_settings_file_share_a_lake_and_can_be_chosen() -> anyhow::Result<()> {
    let (one, two) = (account(41), account(42));
    let first = StandIn::start(one.clone(), "")?;
    let key = "rk_live_theOtherKeyThatNobodyMayRead0007";
    let second = ApiKey::restricted(key, ["charge_read"]);
    let dir = tempfile::tempdir()?;
    // One address serves both: the second account is another stand-in behind the same settings in its own run.
    let second = StandIn::with_key(two.clone(), "", second)?;
    let file = |base: &str| {
        let text = format!(
            "[sync]\nlake = \"lake\"\napi_base = \"{base}\"\nresources = [\"charges\"]\nrate_limit = 100000\n\
             [mapping]\ntenant = \"acme\"\n\
             [[account]]\nname = \"shop\"\napi_key = {{ env = \"SHOP_KEY\" }}\n\
             [[account]]\nname = \"club\"\napi_key = {{ env = \"CLUB_KEY\" }}\nresources = [\"customers\"]\n"
        );
        std::fs::write(dir.path().join("stripe-xdm.toml"), text)
    };
    let start = |words: &[&str]| -> anyhow::Result<_> {
        let mut command = command()?;
        command.args(words).current_dir(dir.path()).env("SHOP_KEY", KEY).env("CLUB_KEY", key);
        run(command)
    };
    let lake = dir.path().join("lake");
    // The stand-in of the first account does not know the second key.
    file(first.sandbox()?.base_url())?;
    let ended = start(&["sync"])?;
    ensure!(ended.code == Some(2), "{ended:?}");
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    ensure!(said.contains("FAILED club") && said.contains("401"), "{said}");
    ensure!(charges(&lake)? == wanted(&[&one]));
    let ended = start(&["verify", "--only", "shop"])?;
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    ensure!(ended.code == Some(0) && said.starts_with(&format!("shop: {} (live)", one.id())), "{ended:?}");
    let ended = start(&["verify"])?;
    ensure!(ended.code == Some(2) && ended.stderr.contains("FAILED club: "), "{ended:?}");

    file(second.sandbox()?.base_url())?;
    let ended = start(&["sync", "--only", "club"])?;
    ensure!(ended.code == Some(0), "{ended:?}");
    let customers = lake::read(&lake)?;
    let customers = customers.get("stripe_customers").context("the club's customers came")?;
    ensure!(customers.len() == two.listable_ids(Resource::Customers).len());
    for record in customers {
        ensure!(record["_acme"]["stripe"]["accountID"] == two.id(), "{record}");
    }

    let status = |only: &str| start(&["status", "--lake", "lake", "--only", only]);
    for only in ["club", two.id()] {
        let said = String::from_utf8_lossy(&status(only)?.stdout).into_owned();
        ensure!(said.contains(&format!("club: {} (live), last run", two.id())), "{said}");
        ensure!(!said.contains("shop"), "{said}");
    }
    let ended = status("pub")?;
    ensure!(ended.code == Some(1) && ended.stderr.contains("shop ("), "{ended:?}");
    // What the command line says goes before what an account has of its own.
    let ended = start(&["sync", "--only", "club", "--resources", "prices", "--json"])?;
    ensure!(ended.code == Some(0), "{ended:?}");
    let answer: Value = serde_json::from_slice(&ended.stdout)?;
    let summary = &answer["accounts"][0]["summary"]["resources"];
    ensure!(summary["prices"].is_object() && summary["customers"].is_null(), "{summary}");

    let ended = start(&["sync", "--only", "pub"])?;
    ensure!(ended.code == Some(1) && ended.stderr.contains("shop, club"), "{ended:?}");
    let ended = start(&["sync", "--api-key-env", "SHOP_KEY"])?;
    ensure!(ended.code == Some(1) && ended.stderr.contains("--only"), "{ended:?}");
    Ok(())
}
