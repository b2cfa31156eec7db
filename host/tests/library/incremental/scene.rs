//! A sandbox whose clock stands still until it is moved, a lake beside it, and what is put into the sandbox.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use stripe_xdm::module::{Cache, Limits, Module};
use stripe_xdm::report::Silent;
use stripe_xdm::stripe::{Client, Config, Key, Resource};
use stripe_xdm::sync::{Summary, SyncConfig, SyncError, sync};
use stripe_xdm_sandbox::{API_VERSION, Account, Clock, Mode, Options, Rate, Sandbox};

const MODULE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../pkg/dist/stripe_xdm_bg.wasm");
/// When the tests begin.
pub(crate) const T: i64 = 1_790_000_000;
pub(crate) const HOUR: u64 = 3_600;
pub(crate) const DAY: u64 = 86_400;
pub(crate) const MONTH_AGO: i64 = T - 40 * 86_400;

/// Compiled once for all tests.
static LOADED: LazyLock<Module> = LazyLock::new(|| {
    let bytes = std::fs::read(MODULE).expect("these tests need the module: run `cargo xtask module` first");
    Module::load(&bytes, Limits::default(), &Cache::none()).unwrap()
});

pub(crate) async fn start(account: Account, options: Options) -> Sandbox {
    let options = Options { rate: Rate::Unlimited, clock: Clock::Fixed(T), ..options };
    Sandbox::start(account, options).await.unwrap()
}

pub(crate) fn empty() -> Account {
    Account::custom(Mode::Test, T - 400 * 86_400)
}

/// A sandbox, a lake beside it, and the module between them.
pub(crate) struct Scene {
    pub(crate) sandbox: Sandbox,
    pub(crate) lake: tempfile::TempDir,
    pub(crate) module: Module,
}

impl Scene {
    pub(crate) async fn new(account: Account, options: Options) -> Self {
        Self {
            sandbox: start(account, options).await,
            lake: tempfile::tempdir().unwrap(),
            module: LOADED.clone(),
        }
    }

    pub(crate) async fn run(&self, resources: &[Resource]) -> Summary {
        self.with(resources, None).await
    }

    pub(crate) async fn heal(&self, resources: &[Resource]) -> Summary {
        self.with(resources, Some(1.0)).await
    }

    async fn with(&self, resources: &[Resource], heal: Option<f64>) -> Summary {
        self.from(None, resources, heal).await.unwrap()
    }

    pub(crate) async fn from(
        &self,
        since: Option<i64>,
        resources: &[Resource],
        heal: Option<f64>,
    ) -> Result<Summary, SyncError> {
        self.by(&self.client(), since, resources, heal).await
    }

    /// A client of the sandbox, which runs may share as the passes of `run` do.
    pub(crate) fn client(&self) -> Arc<Client> {
        let client = Client::new(Config {
            timeout: None,
            endpoint_rate_limit: None,
            base: self.sandbox.base_url().to_owned(),
            key: Key::new(self.sandbox.key()).unwrap(),
            version: API_VERSION.to_owned(),
            concurrency: 8,
            rate_limit: Some(100_000.0),
        });
        Arc::new(client.unwrap())
    }

    pub(crate) async fn by(
        &self,
        client: &Arc<Client>,
        since: Option<i64>,
        resources: &[Resource],
        heal: Option<f64>,
    ) -> Result<Summary, SyncError> {
        let config = SyncConfig {
            lake: self.lake.path().to_owned(),
            resources: resources.to_vec(),
            since,
            account: None,
            name: None,
            heal,
            settings: serde_json::Map::from_iter([("tenant".to_owned(), "acme".into())]),
        };
        sync(client.clone(), &self.module, config, Arc::new(Silent), std::future::pending()).await
    }

    /// The lines of a dataset's files with this ending, in the order in which they were written.
    fn lines(&self, dataset: &str, ending: &str) -> Vec<Value> {
        let Ok(files) = std::fs::read_dir(self.lake.path().join(dataset)) else { return Vec::new() };
        let mut files: Vec<_> = files.flatten().map(|file| file.path()).collect();
        files.sort();
        let is_one = |path: &Path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.ends_with(ending) && (ending != ".jsonl" || !name.ends_with(".tombstones.jsonl"))
        };
        let mut lines = Vec::new();
        for file in files.into_iter().filter(|path| is_one(path)) {
            let text = std::fs::read_to_string(file).unwrap();
            lines.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
        }
        lines
    }

    pub(crate) fn records(&self, dataset: &str) -> Vec<Value> {
        self.lines(dataset, ".jsonl")
    }

    pub(crate) fn tombstones(&self, dataset: &str) -> Vec<String> {
        let text = |line: Value| {
            format!("{} {}", line["id"].as_str().unwrap(), line["deleted_at"].as_str().unwrap())
        };
        self.lines(dataset, ".tombstones.jsonl").into_iter().map(text).collect()
    }

    /// What a reader of the lake takes: of each `_id` the record with the latest version.
    pub(crate) fn current(&self, dataset: &str) -> BTreeMap<String, Value> {
        let mut current: BTreeMap<String, Value> = BTreeMap::new();
        for record in self.records(dataset) {
            let id = record["_id"].as_str().unwrap().to_owned();
            match current.get(&id) {
                Some(known) if version(known) > version(&record) => {}
                _ => drop(current.insert(id, record)),
            }
        }
        current
    }

    /// Names of customers by their ids, as a reader of the lake takes them.
    pub(crate) fn names(&self) -> BTreeMap<String, String> {
        let pair = |record: Value| {
            let id = record["personID"].as_str().unwrap().to_owned();
            (id, record["person"]["name"]["fullName"].as_str().unwrap_or("-").to_owned())
        };
        self.current("stripe_customers").into_values().map(pair).collect()
    }
}

pub(crate) fn version(record: &Value) -> i64 {
    record["_acme"]["stripe"]["sourceVersion"].as_i64().expect("every record tells its version")
}

pub(crate) fn customer(id: &str, created: i64, name: &str) -> String {
    json!({"id": id, "object": "customer", "created": created, "livemode": false, "name": name, "metadata": {}})
        .to_string()
}

pub(crate) fn price(id: &str, created: i64, nickname: &str) -> String {
    json!({"id": id, "object": "price", "active": true, "billing_scheme": "per_unit", "created": created,
        "currency": "usd", "livemode": false, "nickname": nickname, "product": "prod_1", "type": "one_time",
        "unit_amount": 500, "unit_amount_decimal": "500", "metadata": {}})
    .to_string()
}

/// An Event put together by hand.
pub(crate) fn event(id: &str, at: i64, name: &str, version: &str, object: &str) -> String {
    let object: Value = serde_json::from_str(object).unwrap();
    json!({"id": id, "object": "event", "api_version": version, "created": at, "livemode": false, "type": name,
        "pending_webhooks": 0, "request": {"id": null}, "data": {"object": object}})
    .to_string()
}

pub(crate) fn fine(summary: &Summary) {
    assert_eq!(summary.exit_code(), 0, "{}", serde_json::to_string_pretty(summary).unwrap());
}
