//! Listing again proves that nothing is missing, or names what is; a repair mends it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use stripe_xdm::ledger::{Ledger, Objects, SqliteLedger};
use stripe_xdm::module::{Cache, Limits, Module};
use stripe_xdm::report::Silent;
use stripe_xdm::stripe::{Client, Config, Key, Resource};
use stripe_xdm::sync::{
    Difference, Sample, Summary, SyncConfig, SyncError, Verified, VerifyConfig, Why, repair, status, sync,
    verify,
};
use stripe_xdm_sandbox::{
    API_VERSION, Account, ApiKey, Mode, Options, Rate, Resource as Seeded, Sandbox, Size,
};

const MODULE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../pkg/dist/stripe_xdm_bg.wasm");

/// Compiled once for all tests.
fn module() -> Module {
    static COMPILED: OnceLock<Module> = OnceLock::new();
    let load = || {
        let bytes =
            std::fs::read(MODULE).expect("these tests need the module: run `cargo xtask module` first");
        Module::load(&bytes, Limits::default(), &Cache::none()).unwrap()
    };
    COMPILED.get_or_init(load).clone()
}

fn small() -> Account {
    let size = Size {
        charges: 700,
        customers: 250,
        subscriptions: 40,
        prices: 60,
        mode: Mode::Test,
        ..Size::demo()
    };
    Account::seeded(11, size)
}

/// A customer of the time after the small account's first objects.
fn customer(id: &str, created: i64) -> String {
    format!(r#"{{"id":"{id}","object":"customer","created":{created},"livemode":false,"metadata":{{}}}}"#)
}

struct World {
    sandbox: Sandbox,
    dir: tempfile::TempDir,
    resources: Vec<Resource>,
}

impl World {
    async fn of(account: Account, options: Options, resources: &[Resource]) -> Self {
        let options = Options { rate: Rate::Unlimited, ..options };
        let sandbox = Sandbox::start(account, options).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        Self { sandbox, dir, resources: resources.to_vec() }
    }

    fn client(&self) -> Arc<Client> {
        let config = Config {
            base: self.sandbox.base_url().to_owned(),
            key: Key::new(self.sandbox.key()).unwrap(),
            version: API_VERSION.to_owned(),
            concurrency: 8,
            rate_limit: Some(100_000.0),
            timeout: None,
            endpoint_rate_limit: None,
        };
        Arc::new(Client::new(config).unwrap())
    }

    fn config(&self) -> SyncConfig {
        SyncConfig {
            lake: self.dir.path().to_owned(),
            resources: self.resources.clone(),
            since: None,
            account: None,
            name: None,
            heal: None,
            settings: serde_json::Map::from_iter([("tenant".to_owned(), "acme".into())]),
        }
    }

    async fn sync(&self) -> Summary {
        let stop = std::future::pending();
        sync(self.client(), &module(), self.config(), Arc::new(Silent), stop).await.unwrap()
    }

    fn ledger(&self) -> SqliteLedger {
        SqliteLedger::open_read_only(&self.dir.path().join("_ledger.sqlite")).unwrap()
    }

    async fn verify(&self, sample: Option<Sample>) -> Result<Verified, SyncError> {
        let config =
            VerifyConfig { resources: self.resources.clone(), account: None, sample, look_up_all: false };
        verify(&self.client(), &mut self.ledger(), &config, |_, _, _| ()).await
    }
}

fn ids(differences: &[Difference]) -> Vec<&str> {
    differences.iter().map(|difference| difference.id.as_str()).collect()
}

/// Lines of all files of a dataset whose names end like this.
fn lines(lake: &Path, dataset: &str, end: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for file in std::fs::read_dir(lake.join(dataset)).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(end) && (end != ".jsonl" || !name.ends_with(".tombstones.jsonl")) {
            lines.extend(std::fs::read_to_string(path).unwrap().lines().map(str::to_owned));
        }
    }
    lines
}

#[tokio::test]
async fn what_was_synced_whole_is_proven_with_few_requests() {
    let world = World::of(small(), Options::default(), &Resource::ALL).await;
    world.sync().await;
    let before = world.sandbox.stats().total;
    let verified = world.verify(None).await.unwrap();
    assert_eq!(verified.exit_code(), 0, "{verified:?}");
    let mut slices = 0;
    for resource in Resource::ALL {
        let proof = &verified.resources[resource.name()];
        assert!(proof.proven && proof.known == proof.listed && proof.known_hash == proof.listed_hash);
        slices += proof.slices * resource.passes().len() as u64;
    }
    let charges = &verified.resources["charges"];
    assert_eq!(charges.known, world.sandbox.account().listable_ids(Seeded::Charges).len() as u64);
    assert!(charges.slices >= charges.known / 100 && charges.slices <= charges.known / 90 + 2, "{charges:?}");
    // A request for each slice and pass, one for the account, and a few for the seconds that hold more than a page.
    let requests = world.sandbox.stats().total - before;
    assert!((slices + 1..slices + 12).contains(&requests), "{requests} requests for {slices} slices");
}

#[tokio::test]
async fn differences_are_named_explained_and_repaired() {
    let world = World::of(small(), Options::default(), &[Resource::Charges, Resource::Customers]).await;
    world.sync().await;
    let account = world.sandbox.account();
    let customers = account.listable_ids(Seeded::Customers);
    let (gone, charge) = (customers[40].to_owned(), account.listable_ids(Seeded::Charges)[3].to_owned());
    let at = Size::NOW - 30 * 86_400;
    world.sandbox.insert(Seeded::Customers, &customer("cus_late1", at)).unwrap();
    world.sandbox.insert(Seeded::Customers, &customer("cus_late2", at + 9 * 86_400)).unwrap();
    world.sandbox.remove(Seeded::Customers, &gone, Size::NOW).unwrap();
    world.sandbox.remove(Seeded::Charges, &charge, Size::NOW).unwrap();

    let verified = world.verify(None).await.unwrap();
    assert_eq!(verified.exit_code(), 2);
    let (charges, people) = (&verified.resources["charges"], &verified.resources["customers"]);
    assert_eq!((ids(&charges.missing), ids(&charges.extra)), (vec![], vec![charge.as_str()]));
    assert_eq!(ids(&people.missing), ["cus_late1", "cus_late2"]);
    assert_eq!(people.missing[0].why, Why::NotSeen);
    assert_eq!(ids(&people.extra), [gone.as_str()]);
    assert_eq!((&charges.extra[0].why, &people.extra[0].why), (&Why::DeletedSince, &Why::DeletedSince));
    assert_eq!(people.known + 1, people.listed);
    assert!(!people.proven && people.known_hash != people.listed_hash);

    let repaired = repair(&world.client(), &module(), &world.config(), &verified).await.unwrap();
    assert_eq!((repaired.ranges, repaired.deleted, repaired.tombstones), (2, 2, 2));
    let before = lines(world.dir.path(), "stripe_customers", ".jsonl").len();
    world.sync().await;
    let added = lines(world.dir.path(), "stripe_customers", ".jsonl").split_off(before);
    assert_eq!(added.len(), 2, "what is missing and nothing else");
    assert!(added.iter().all(|line| line.contains("cus_late")));
    let tombstones = lines(world.dir.path(), "stripe_customers", ".tombstones.jsonl");
    assert!(tombstones.len() == 1 && tombstones[0].contains(&gone), "{tombstones:?}");

    let after = world.verify(None).await.unwrap();
    assert_eq!(after.exit_code(), 0, "{after:?}");
    assert_eq!(after.resources["customers"].deleted, 1);
    let again = repair(&world.client(), &module(), &world.config(), &after).await.unwrap();
    assert_eq!((again.ranges, again.deleted, again.tombstones), (0, 0, 0));
}

#[tokio::test]
async fn a_loss_in_a_dense_second_or_an_empty_decade_is_found() {
    let mut account = Account::custom(Mode::Test, 1_000_000_000);
    for n in 0..430 {
        let created = if n < 250 { 1_700_000_000 } else { 1_700_000_001 + n / 300 };
        account = account.with(Seeded::Customers, &customer(&format!("cus_{n:04}"), created)).unwrap();
    }
    let world = World::of(account, Options::default(), &[Resource::Customers]).await;
    world.sync().await;
    let verified = world.verify(None).await.unwrap();
    assert_eq!((verified.exit_code(), verified.resources["customers"].listed), (0, 430), "{verified:?}");

    let mut lost: BTreeSet<String> = BTreeSet::new();
    for (n, created) in [(1, 1_700_000_000), (2, 1_700_000_000), (3, 1_300_000_000), (4, 1_000_000_000)] {
        let id = format!("cus_lost{n}");
        world.sandbox.insert(Seeded::Customers, &customer(&id, created)).unwrap();
        lost.insert(id);
    }
    // Many more than are known: the slice is compared in parts.
    for n in 0..260 {
        let id = format!("cus_many{n:03}");
        world.sandbox.insert(Seeded::Customers, &customer(&id, 1_500_000_000 + n / 3)).unwrap();
        lost.insert(id);
    }
    let verified = world.verify(None).await.unwrap();
    let found: BTreeSet<_> =
        ids(&verified.resources["customers"].missing).into_iter().map(str::to_owned).collect();
    assert_eq!(found, lost);
    assert_eq!(verified.resources["customers"].extra, []);
}

#[tokio::test]
async fn a_sample_is_chosen_by_its_seed() {
    let world = World::of(small(), Options::default(), &[Resource::Charges]).await;
    world.sync().await;
    let sample = |seed| Some(Sample { ranges: 3, seed });
    let one = world.verify(sample(1)).await.unwrap();
    let proof = &one.resources["charges"];
    assert!(proof.proven && proof.slices == 3 && proof.of_slices > 3 && proof.known < 400, "{proof:?}");
    assert_eq!(world.verify(sample(1)).await.unwrap(), one);
    let mut others = Vec::new();
    for seed in 2..8 {
        others.push(world.verify(sample(seed)).await.unwrap().resources["charges"].known_hash.clone());
    }
    assert!(others.iter().any(|hash| *hash != proof.known_hash));
}

#[tokio::test]
async fn what_cannot_be_compared_is_not_proven() {
    let world = World::of(small(), Options::default(), &[Resource::Customers]).await;
    world.sync().await;
    world.sandbox.set_faults("customers:should-retry-false@1-".parse().unwrap());
    let verified = world.verify(None).await.unwrap();
    assert_eq!(verified.exit_code(), 1, "{verified:?}");
    let errors = &verified.resources["customers"].errors;
    assert!(errors.len() == 1 && errors[0].contains("req_"), "{errors:?}");
    world.sandbox.set_faults("".parse().unwrap());
    let unknown = World { resources: vec![Resource::Customers, Resource::Prices], ..world };
    let verified = unknown.verify(None).await.unwrap();
    assert_eq!(verified.exit_code(), 2, "customers are proven, prices were never walked");
    assert!(verified.resources["prices"].errors[0].contains("a sync walks it"));
}

#[tokio::test]
async fn a_lake_of_another_account_proves_nothing() {
    let world = World::of(small(), Options::default(), &[Resource::Customers]).await;
    world.sync().await;
    let other = World::of(
        Account::seeded(12, Size { mode: Mode::Test, ..Size::total(200) }),
        Options::default(),
        &[Resource::Customers],
    )
    .await;
    let World { sandbox, .. } = other;
    let mixed = World { sandbox, ..world };
    let error = mixed.verify(None).await.unwrap_err().to_string();
    assert!(error.contains("holds nothing of acct_"), "{error}");
}

#[tokio::test]
async fn the_state_tells_what_is_open_and_why() {
    let key = ApiKey::restricted("rk_test_sandbox_secretsecret", ["rak_charge_read"]);
    let world = World::of(
        small(),
        Options { keys: vec![key], ..Options::default() },
        &[Resource::Charges, Resource::Customers],
    )
    .await;
    let summary = world.sync().await;
    assert_eq!(summary.exit_code(), 2);
    let now = summary.upper_bound + 30;
    let state = status(&mut world.ledger(), None, false, now).unwrap();
    let account = &state.accounts[0];
    assert_eq!(account.account, summary.account);
    assert_eq!(account.run_outcome.as_deref(), Some("partly"));
    let list = |name: &str| account.resources.iter().find(|list| list.resource == name).unwrap();
    let (charges, customers) = (list("charges"), list("customers"));
    assert!(charges.ranges_open > 0 && charges.known_until.is_none());
    assert!(charges.errors[0].error.contains("rak_charge_read") && charges.errors[0].error.contains("req_"));
    assert_eq!((customers.ranges_open, customers.lag), (0, Some(30)));
    assert_eq!(customers.objects, world.sandbox.account().listable_ids(Seeded::Customers).len() as u64);
    assert!(customers.ranges.iter().all(|range| range.done));
    let all = Objects { account: 1, resource: "customers", gte: None, lt: i64::MAX };
    let first = world.ledger().objects(&all, None, 1).unwrap().remove(0).created;
    assert_eq!(customers.from, first);
}
