//! A sync against the Stripe stand-in: every object once, whatever the network and the lists do.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use stripe_xdm::ledger::{Commit, Ledger, Progress, SqliteLedger, Want};
use stripe_xdm::module::{Cache, Limits, Module};
use stripe_xdm::report::Silent;
use stripe_xdm::stripe::{Client, Config, Key, Resource};
use stripe_xdm::sync::{Summary, SyncConfig, SyncError, UnitProof, sync};
use stripe_xdm_sandbox::{
    API_VERSION, Account, ApiKey, Mode, Options, Rate, Resource as Seeded, Sandbox, Size,
};

const MODULE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../pkg/dist/stripe_xdm_bg.wasm");

fn module() -> Module {
    let bytes = std::fs::read(MODULE).expect("these tests need the module: run `cargo xtask module` first");
    Module::load(&bytes, Limits::default(), &Cache::none()).unwrap()
}

fn small() -> Account {
    let size = Size {
        charges: 700,
        customers: 250,
        subscriptions: 120,
        prices: 60,
        mode: Mode::Test,
        ..Size::demo()
    };
    Account::seeded(7, size)
}

async fn start(account: Account, options: Options) -> Sandbox {
    Sandbox::start(account, Options { rate: Rate::Unlimited, ..options }).await.unwrap()
}

async fn run(sandbox: &Sandbox, lake: &Path, resources: &[Resource]) -> Result<Summary, SyncError> {
    let client = Client::new(Config {
        base: sandbox.base_url().to_owned(),
        key: Key::new(sandbox.key()).unwrap(),
        timeout: None,
        version: API_VERSION.to_owned(),
        concurrency: 8,
        rate_limit: Some(100_000.0),
        endpoint_rate_limit: None,
    })?;
    let config = SyncConfig {
        lake: lake.to_owned(),
        resources: resources.to_vec(),
        since: None,
        account: None,
        name: None,
        heal: None,
        settings: serde_json::Map::from_iter([("tenant".to_owned(), "acme".into())]),
    };
    sync(Arc::new(client), &module(), config, Arc::new(Silent), std::future::pending()).await
}

/// Lines per dataset; fails when an id is there twice.
fn lake(dir: &Path) -> BTreeMap<String, usize> {
    let mut ids = BTreeMap::new();
    for dataset in std::fs::read_dir(dir).unwrap().flatten() {
        let name = dataset.file_name().into_string().unwrap();
        if name.starts_with('_') {
            continue;
        }
        for file in std::fs::read_dir(dataset.path()).unwrap().flatten() {
            for line in std::fs::read_to_string(file.path()).unwrap().lines() {
                let record: serde_json::Value = serde_json::from_str(line).unwrap();
                let id = record["_id"].as_str().unwrap().to_owned();
                assert!(ids.insert((name.clone(), id), ()).is_none(), "twice in {name}");
            }
        }
    }
    let mut counts = BTreeMap::new();
    for (dataset, _) in ids.into_keys() {
        *counts.entry(dataset).or_default() += 1;
    }
    counts
}

fn hash(ids: &[&str]) -> String {
    use sha2::Digest;
    let half = |id: &&str| {
        let digest = sha2::Sha256::digest(id.as_bytes());
        u128::from_be_bytes(digest[..16].try_into().unwrap())
    };
    format!("{:032x}", ids.iter().map(half).fold(0, u128::wrapping_add))
}

fn unit<'a>(summary: &'a Summary, resource: &str) -> &'a UnitProof {
    summary.units.iter().find(|u| u.resource == resource).unwrap()
}

#[tokio::test]
async fn every_object_arrives_once_through_every_kind_of_trouble() {
    let faults =
        "500@3,drop@4,truncate@6,429:endpoint-rate@9,lock_timeout@10,503every17,429:global-concurrency@12";
    let sandbox = start(small(), Options { faults: faults.parse().unwrap(), ..Options::default() }).await;
    let dir = tempfile::tempdir().unwrap();
    let summary = run(&sandbox, dir.path(), &Resource::ALL).await.unwrap();
    assert_eq!(summary.exit_code(), 0, "{summary:?}");
    assert!(sandbox.stats().faulted >= 6);
    let account = sandbox.account();
    for (resource, seeded) in [
        ("charges", Seeded::Charges),
        ("refunds", Seeded::Refunds),
        ("balance_transactions", Seeded::BalanceTransactions),
        ("subscriptions", Seeded::Subscriptions),
        ("customers", Seeded::Customers),
    ] {
        let ids = account.listable_ids(seeded);
        let proof = unit(&summary, resource);
        assert_eq!((proof.objects, &proof.id_hash), (ids.len() as u64, &hash(&ids)), "{resource}");
    }
    let records = lake(dir.path());
    assert_eq!(records["stripe_charge_events"], account.listable_ids(Seeded::Charges).len());
    // Prices that no list shows come from the subscriptions that hold them.
    assert!(records["stripe_prices"] > account.listable_ids(Seeded::Prices).len());

    let again = run(&sandbox, dir.path(), &Resource::ALL).await.unwrap();
    assert!(again.resources.values().all(|r| r.written() == 0));
    assert_eq!(lake(dir.path()), records);
}

#[tokio::test]
async fn a_second_that_holds_more_than_two_pages_is_not_cut_short() {
    let mut account = Account::custom(Mode::Test, 1_600_000_000);
    for n in 0..430 {
        let created = if n < 250 { 1_700_000_000 } else { 1_700_000_001 + n / 300 };
        let text = format!(
            r#"{{"id":"cus_{n:04}","object":"customer","created":{created},"livemode":false,"metadata":{{}}}}"#
        );
        account = account.with(Seeded::Customers, &text).unwrap();
    }
    for same_second_trap in [true, false] {
        let sandbox = start(account.clone(), Options { same_second_trap, ..Options::default() }).await;
        let dir = tempfile::tempdir().unwrap();
        let summary = run(&sandbox, dir.path(), &[Resource::Customers]).await.unwrap();
        let proof = unit(&summary, "customers");
        assert_eq!((proof.objects, proof.complete), (430, true));
        assert_eq!(proof.id_hash, hash(&account.ids(Seeded::Customers)));
        assert_eq!(lake(dir.path())["stripe_customers"], 430);
    }
}

#[tokio::test]
async fn a_missing_permission_fails_its_resource_alone_and_says_what_to_do() {
    let key = ApiKey::restricted("rk_test_sandbox_secretsecret", ["rak_charge_read"]);
    let sandbox = start(small(), Options { keys: vec![key], ..Options::default() }).await;
    let dir = tempfile::tempdir().unwrap();
    let chosen = [Resource::Charges, Resource::Customers];
    let summary = run(&sandbox, dir.path(), &chosen).await.unwrap();
    assert_eq!(summary.exit_code(), 2);
    let error = summary.resources["charges"].errors.join(" ");
    assert!(error.contains("\"rak_charge_read\"") && error.contains("req_"), "{error}");
    assert!(!error.contains("secretsecret"));
    assert!(summary.resources["customers"].errors.is_empty());
    let only = run(&sandbox, dir.path(), &[Resource::Charges]).await.unwrap();
    assert_eq!(only.exit_code(), 1);
}

#[tokio::test]
async fn a_refusal_that_stripe_calls_final_is_not_repeated() {
    let faults = "charges:should-retry-false@1".parse().unwrap();
    let sandbox = start(small(), Options { faults, ..Options::default() }).await;
    let dir = tempfile::tempdir().unwrap();
    let summary = run(&sandbox, dir.path(), &[Resource::Charges]).await.unwrap();
    assert!(summary.resources["charges"].errors[0].contains("500"), "{summary:?}");
    let after = run(&sandbox, dir.path(), &[Resource::Charges]).await.unwrap();
    assert_eq!(after.exit_code(), 0);
    assert!(unit(&after, "charges").complete);
}

#[tokio::test]
async fn a_later_run_adds_what_is_new_and_what_changed() {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
    let customer = |id: &str, name: &str| {
        let created = now - 60;
        format!(r#"{{"id":"{id}","object":"customer","created":{created},"livemode":false,"name":"{name}"}}"#)
    };
    let account = Account::custom(Mode::Test, 1_600_000_000);
    let account = account.with(Seeded::Customers, &customer("cus_1", "Ada")).unwrap();
    let account = account.with(Seeded::Customers, &customer("cus_2", "Bob")).unwrap();
    let sandbox = start(account, Options::default()).await;
    let dir = tempfile::tempdir().unwrap();
    let first = run(&sandbox, dir.path(), &[Resource::Customers]).await.unwrap();
    assert_eq!(first.resources["customers"].written(), 2);

    sandbox.update(Seeded::Customers, &customer("cus_2", "Robert"), now).unwrap();
    sandbox.insert(Seeded::Customers, &customer("cus_3", "Eve")).unwrap();
    // The bound is the server's second: within the same second there is nothing to ask for.
    let second = loop {
        let run = run(&sandbox, dir.path(), &[Resource::Customers]).await.unwrap();
        if run.upper_bound > first.upper_bound {
            break run;
        }
    };
    let customers = &second.resources["customers"];
    assert_eq!((customers.objects, customers.written()), (3, 2));
}

#[tokio::test]
async fn a_cursor_whose_object_is_gone_is_replaced_by_its_time() {
    let account = small();
    let ids: Vec<String> = account.listable_ids(Seeded::Charges).into_iter().map(str::to_owned).collect();
    let texts = account.objects(Seeded::Charges);
    let created = |id: &str| {
        let text = texts.iter().find(|t| t.contains(&format!("\"{id}\""))).unwrap();
        serde_json::from_str::<serde_json::Value>(text).unwrap()["created"].as_i64().unwrap()
    };
    let at = created(&ids[300]);
    let remaining = ids.iter().filter(|id| created(id) <= at).count() as u64;
    let (stripe_id, sandbox) = (account.id().to_owned(), start(account.clone(), Options::default()).await);
    let dir = tempfile::tempdir().unwrap();
    {
        let mut ledger = SqliteLedger::open(&dir.path().join("_ledger.sqlite")).unwrap();
        let number = ledger.account(&stripe_id, false).unwrap();
        let want = Want {
            account: number,
            resource: "charges",
            pass: "all",
            lt: Size::NOW + 1,
            overlap: 0,
            since: None,
        };
        let unit = ledger.plan(&want).unwrap().remove(0).id;
        let cursor = Some(("ch_thatisgone".to_owned(), at));
        let units = vec![Progress { unit, cursor, ..Progress::default() }];
        ledger.commit(&Commit { account: number, units, ..Commit::default() }).unwrap();
    }
    let summary = run(&sandbox, dir.path(), &[Resource::Charges]).await.unwrap();
    assert_eq!(summary.exit_code(), 0);
    assert_eq!(unit(&summary, "charges").objects, remaining);
}
