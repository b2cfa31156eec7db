//! What changes after the first run: told by Events, listed again, or looked up. The clock is the sandbox's, so that
//! a pause of a month takes no time.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use stripe_xdm::module::{Cache, Limits, Module};
use stripe_xdm::report::Silent;
use stripe_xdm::stripe::{Client, Config, Key, Resource};
use stripe_xdm::sync::{Summary, SyncConfig, SyncError, sync};
use stripe_xdm_sandbox::{
    API_VERSION, Account, Clock, Mischief, Mode, Options, Rate, Resource as Seeded, Sandbox,
};

const MODULE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../pkg/dist/stripe_xdm_bg.wasm");
/// When the tests begin.
const T: i64 = 1_790_000_000;
const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;
const MONTH_AGO: i64 = T - 40 * 86_400;

/// Compiled once for all tests.
static LOADED: LazyLock<Module> = LazyLock::new(|| {
    let bytes = std::fs::read(MODULE).expect("these tests need the module: run `cargo xtask module` first");
    Module::load(&bytes, Limits::default(), &Cache::none()).unwrap()
});

async fn start(account: Account, options: Options) -> Sandbox {
    let options = Options { rate: Rate::Unlimited, clock: Clock::Fixed(T), ..options };
    Sandbox::start(account, options).await.unwrap()
}

fn empty() -> Account {
    Account::custom(Mode::Test, T - 400 * 86_400)
}

/// A sandbox, a lake beside it, and the module between them.
struct Scene {
    sandbox: Sandbox,
    lake: tempfile::TempDir,
    module: Module,
}

impl Scene {
    async fn new(account: Account, options: Options) -> Self {
        Self {
            sandbox: start(account, options).await,
            lake: tempfile::tempdir().unwrap(),
            module: LOADED.clone(),
        }
    }

    async fn run(&self, resources: &[Resource]) -> Summary {
        self.with(resources, None).await
    }

    async fn heal(&self, resources: &[Resource]) -> Summary {
        self.with(resources, Some(1.0)).await
    }

    async fn with(&self, resources: &[Resource], heal: Option<f64>) -> Summary {
        self.from(None, resources, heal).await.unwrap()
    }

    async fn from(
        &self,
        since: Option<i64>,
        resources: &[Resource],
        heal: Option<f64>,
    ) -> Result<Summary, SyncError> {
        let client = Client::new(Config {
            timeout: None,
            endpoint_rate_limit: None,
            base: self.sandbox.base_url().to_owned(),
            key: Key::new(self.sandbox.key()).unwrap(),
            version: API_VERSION.to_owned(),
            concurrency: 8,
            rate_limit: Some(100_000.0),
        });
        let config = SyncConfig {
            lake: self.lake.path().to_owned(),
            resources: resources.to_vec(),
            since,
            account: None,
            name: None,
            heal,
            settings: serde_json::Map::from_iter([("tenant".to_owned(), "acme".into())]),
        };
        let (client, watch) = (Arc::new(client.unwrap()), Arc::new(Silent));
        sync(client, &self.module, config, watch, std::future::pending()).await
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

    fn records(&self, dataset: &str) -> Vec<Value> {
        self.lines(dataset, ".jsonl")
    }

    fn tombstones(&self, dataset: &str) -> Vec<String> {
        let text = |line: Value| {
            format!("{} {}", line["id"].as_str().unwrap(), line["deleted_at"].as_str().unwrap())
        };
        self.lines(dataset, ".tombstones.jsonl").into_iter().map(text).collect()
    }

    /// What a reader of the lake takes: of each `_id` the record with the latest version.
    fn current(&self, dataset: &str) -> BTreeMap<String, Value> {
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
    fn names(&self) -> BTreeMap<String, String> {
        let pair = |record: Value| {
            let id = record["personID"].as_str().unwrap().to_owned();
            (id, record["person"]["name"]["fullName"].as_str().unwrap_or("-").to_owned())
        };
        self.current("stripe_customers").into_values().map(pair).collect()
    }
}

fn version(record: &Value) -> i64 {
    record["_acme"]["stripe"]["sourceVersion"].as_i64().expect("every record tells its version")
}

fn customer(id: &str, created: i64, name: &str) -> String {
    json!({"id": id, "object": "customer", "created": created, "livemode": false, "name": name, "metadata": {}})
        .to_string()
}

fn price(id: &str, created: i64, nickname: &str) -> String {
    json!({"id": id, "object": "price", "active": true, "billing_scheme": "per_unit", "created": created,
        "currency": "usd", "livemode": false, "nickname": nickname, "product": "prod_1", "type": "one_time",
        "unit_amount": 500, "unit_amount_decimal": "500", "metadata": {}})
    .to_string()
}

/// An Event put together by hand.
fn event(id: &str, at: i64, name: &str, version: &str, object: &str) -> String {
    let object: Value = serde_json::from_str(object).unwrap();
    json!({"id": id, "object": "event", "api_version": version, "created": at, "livemode": false, "type": name,
        "pending_webhooks": 0, "request": {"id": null}, "data": {"object": object}})
    .to_string()
}

fn fine(summary: &Summary) {
    assert_eq!(summary.exit_code(), 0, "{}", serde_json::to_string_pretty(summary).unwrap());
}

#[tokio::test]
async fn changes_and_deletions_are_told_by_events() {
    let account = empty()
        .with(Seeded::Customers, &customer("cus_1", MONTH_AGO, "Ada"))
        .unwrap()
        .with(Seeded::Customers, &customer("cus_2", MONTH_AGO, "Bob"))
        .unwrap();
    let scene = Scene::new(account, Options::default()).await;
    let first = scene.run(&[Resource::Customers]).await;
    fine(&first);
    assert_eq!((first.resources["customers"].written(), first.events.read), (2, 0));

    scene.sandbox.update(Seeded::Customers, &customer("cus_1", MONTH_AGO, "Augusta"), T + 10).unwrap();
    scene.sandbox.remove(Seeded::Customers, "cus_2", T + 20).unwrap();
    scene.sandbox.insert(Seeded::Customers, &customer("cus_3", T + 30, "Eve")).unwrap();
    scene.sandbox.advance(Duration::from_secs(HOUR));
    let second = scene.run(&[Resource::Customers]).await;
    fine(&second);
    assert_eq!((second.events.read, second.events.ignored.len()), (3, 0), "{:?}", second.events);
    let names = scene.names();
    assert_eq!((names["cus_1"].as_str(), names["cus_3"].as_str()), ("Augusta", "Eve"));
    let changed =
        scene.records("stripe_customers").into_iter().find(|r| r["person"]["name"]["fullName"] == "Augusta");
    assert_eq!(version(&changed.unwrap()), (T + 10) * 1000 + 1);
    assert_eq!(scene.tombstones("stripe_customers"), ["cus_2 2026-09-21T14:13:40Z"]);

    // Once more, and once more later: the overlap is read again, and nothing is new.
    for later in [0, 300] {
        scene.sandbox.advance(Duration::from_secs(later));
        let again = scene.run(&[Resource::Customers]).await;
        fine(&again);
        assert_eq!(again.resources["customers"].written(), 0);
    }
    assert_eq!(scene.tombstones("stripe_customers").len(), 1);
}

#[tokio::test]
async fn older_never_replaces_newer_and_at_equal_times_an_event_beats_a_page() {
    let account = empty().with(Seeded::Customers, &customer("cus_1", MONTH_AGO, "page")).unwrap();
    let scene = Scene::new(account, Options::default()).await;
    scene.sandbox.advance(Duration::from_secs(1_000));
    fine(&scene.run(&[Resource::Customers]).await);
    let tell = |id: &str, at: i64, name: &str| {
        let object = customer("cus_1", MONTH_AGO, name);
        scene
            .sandbox
            .insert(Seeded::Events, &event(id, at, "customer.updated", API_VERSION, &object))
            .unwrap();
    };

    // The page was read at T + 1000.
    tell("evt_1", T + 500, "older than the page");
    scene.sandbox.advance(Duration::from_secs(1_000));
    let run = scene.run(&[Resource::Customers]).await;
    assert_eq!((run.events.superseded, run.events.applied), (1, 0), "{:?}", run.events);
    assert_eq!(scene.names()["cus_1"], "page");

    tell("evt_2", T + 1_900, "newer than the page");
    scene.sandbox.advance(Duration::from_secs(1_000));
    let run = scene.run(&[Resource::Customers]).await;
    assert_eq!((run.events.superseded, run.events.applied), (0, 1), "{:?}", run.events);
    assert_eq!(scene.names()["cus_1"], "newer than the page");

    // The list still shows the old state, as a replica may that lags behind.
    for (at, superseded, name) in
        [(T + 1_899, 1, "newer than the page"), (T + 1_900, 1, "newer than the page"), (T + 1_901, 0, "page")]
    {
        scene.sandbox.set_now(at);
        forget_rest(&scene);
        let run = scene.heal(&[Resource::Customers]).await;
        assert_eq!(run.resources["customers"].superseded, superseded, "{at}");
        assert_eq!(scene.names()["cus_1"], name, "{at}");
    }
}

/// Lets the slow list begin anew at once: it rests for a day after its end.
fn forget_rest(scene: &Scene) {
    use stripe_xdm::ledger::{Ledger, SqliteLedger};
    let mut ledger = SqliteLedger::open(&scene.lake.path().join("_ledger.sqlite")).unwrap();
    let account = ledger.accounts().unwrap()[0].0;
    ledger.set_fact(account, "heal customers", "").unwrap();
}

#[tokio::test]
async fn two_changes_in_one_second_are_settled_by_the_object_itself() {
    let account = empty().with(Seeded::Customers, &customer("cus_1", MONTH_AGO, "Ada")).unwrap();
    let options =
        Options { mischief: Some(Mischief { shuffled: true, ..Mischief::none(3) }), ..Options::default() };
    let scene = Scene::new(account, options).await;
    fine(&scene.run(&[Resource::Customers]).await);
    for name in ["B", "C", "D", "E", "Last"] {
        scene.sandbox.update(Seeded::Customers, &customer("cus_1", MONTH_AGO, name), T + 10).unwrap();
    }
    scene.sandbox.advance(Duration::from_secs(HOUR));
    let run = scene.run(&[Resource::Customers]).await;
    fine(&run);
    assert_eq!((run.events.read, run.events.read_anew), (5, 1), "{:?}", run.events);
    assert_eq!(scene.names()["cus_1"], "Last");
    let written = scene.records("stripe_customers");
    assert_eq!(written.len(), 2, "states in between have no order, and are older than the last");
    assert_eq!(version(&written[1]), (T + HOUR as i64) * 1000);
}

#[tokio::test]
async fn events_may_come_twice_late_unordered_strange_and_old() {
    let mut account = empty();
    for n in 0..40 {
        account =
            account.with(Seeded::Customers, &customer(&format!("cus_{n:02}"), MONTH_AGO, "first")).unwrap();
        account = account.with(Seeded::Prices, &price(&format!("price_{n:02}"), MONTH_AGO, "first")).unwrap();
    }
    let mischief = Mischief { late_by: 400, ..Mischief::everything(11) };
    let scene = Scene::new(account, Options { mischief: Some(mischief), ..Options::default() }).await;
    let resources = [Resource::Customers, Resource::Prices];
    fine(&scene.run(&resources).await);
    let mut ignored: BTreeMap<String, u64> = BTreeMap::new();
    for round in 0..6 {
        let now = scene.sandbox.now();
        for n in 0..40 {
            let at = now + 1 + (n * 7 + round) % 20;
            let (id, name) = (format!("cus_{n:02}"), format!("round {round}"));
            if n % 10 != 9 {
                scene.sandbox.update(Seeded::Customers, &customer(&id, MONTH_AGO, &name), at).unwrap();
            } else if round == 3 {
                scene.sandbox.remove(Seeded::Customers, &id, at).unwrap();
            }
            let (id, recurring) =
                (format!("price_{n:02}"), json!({"interval": "month", "interval_count": 1}));
            let mut changed: Value = serde_json::from_str(&price(&id, MONTH_AGO, &name)).unwrap();
            changed["recurring"] = recurring;
            scene.sandbox.update(Seeded::Prices, &changed.to_string(), at).unwrap();
        }
        scene.sandbox.advance(Duration::from_secs(90));
        let run = scene.run(&resources).await;
        fine(&run);
        for (why, count) in run.events.ignored {
            *ignored.entry(why).or_default() += count;
        }
    }
    // The last late ones.
    scene.sandbox.advance(Duration::from_secs(500));
    fine(&scene.run(&resources).await);

    for reason in ["duplicate", "without_id", "of_other_objects", "known", "told_by_price"] {
        assert!(ignored.get(reason).is_some_and(|count| *count > 0), "{reason}: {ignored:?}");
    }
    let names = scene.names();
    for n in 0..40 {
        let expected = if n % 10 == 9 { "first" } else { "round 5" };
        assert_eq!(names[&format!("cus_{n:02}")], expected, "cus_{n:02}");
    }
    let gone: Vec<String> =
        scene.tombstones("stripe_customers").iter().map(|line| line[..6].to_owned()).collect();
    assert!(
        ["cus_09", "cus_19", "cus_29", "cus_39"].iter().all(|id| gone.iter().any(|gone| gone == id)),
        "{gone:?}"
    );
    for record in scene.current("stripe_prices").values() {
        assert_eq!(record["productName"], "round 5", "{record}");
    }
}

#[tokio::test]
async fn what_an_event_cannot_tell_is_read_anew() {
    let account = empty()
        .with(Seeded::Customers, &customer("cus_1", MONTH_AGO, "now"))
        .unwrap()
        .with(Seeded::Prices, &price("gold", MONTH_AGO, "now"))
        .unwrap();
    let scene = Scene::new(account, Options::default()).await;
    let resources = [Resource::Customers, Resource::Prices];
    fine(&scene.run(&resources).await);
    let old = customer("cus_1", MONTH_AGO, "shape of old");
    let plan = json!({"id": "gold", "object": "plan", "created": MONTH_AGO}).to_string();
    let lost = json!({"id": "silver", "object": "plan", "created": MONTH_AGO}).to_string();
    for text in [
        event("evt_1", T + 10, "customer.updated", "2016-07-06", &old),
        event("evt_2", T + 20, "plan.updated", API_VERSION, &plan),
        event("evt_3", T + 30, "plan.deleted", API_VERSION, &lost),
    ] {
        scene.sandbox.insert(Seeded::Events, &text).unwrap();
    }
    let changed = price("gold", MONTH_AGO, "changed");
    scene.sandbox.update(Seeded::Prices, &changed, T - 40 * DAY as i64).unwrap();
    scene.sandbox.advance(Duration::from_secs(HOUR));
    let run = scene.run(&resources).await;
    fine(&run);
    assert_eq!(run.events.read_anew, 3, "{:?}", run.events);
    assert_eq!(scene.names()["cus_1"], "now");
    assert_eq!(scene.current("stripe_prices").values().next().unwrap()["productName"], "changed");
    assert_eq!(scene.tombstones("stripe_prices"), ["silver 2026-09-21T15:13:20Z"]);
}

/// An invoice that was opened, with its payments.
fn invoice(status: &str, payments: &[&str]) -> String {
    let payment = |intent: &&str| {
        json!({"id": format!("inpay_{intent}"), "object": "invoice_payment", "status": "open",
            "payment": {"payment_intent": intent, "type": "payment_intent"}})
    };
    let payments: Vec<Value> = payments.iter().map(payment).collect();
    let paid_at = (status == "paid").then_some(T + 7);
    json!({"id": "in_1", "object": "invoice", "created": MONTH_AGO, "livemode": false, "status": status,
        "currency": "usd", "amount_due": 500, "metadata": {}, "lines": {"object": "list", "data": [],
        "has_more": false}, "payments": {"object": "list", "data": payments, "has_more": false},
        "status_transitions": {"finalized_at": MONTH_AGO + 60, "paid_at": paid_at}})
    .to_string()
}

fn tiered(nickname: &str) -> String {
    let mut price: Value = serde_json::from_str(&price("gold", MONTH_AGO, nickname)).unwrap();
    price["tiers"] = json!([{"up_to": null, "unit_amount": 700, "unit_amount_decimal": "700"}]);
    price["billing_scheme"] = "tiered".into();
    price.to_string()
}

#[tokio::test]
async fn parts_on_demand_are_in_lists_and_around_events_and_done_without_where_they_are_refused() {
    let resources = [Resource::Invoices, Resource::Prices];
    for expands in [true, false] {
        let account = empty().with(Seeded::Invoices, &invoice("open", &["pi_1"])).unwrap();
        let account = account.with(Seeded::Prices, &tiered("first")).unwrap();
        let scene = Scene::new(account, Options { expands, ..Options::default() }).await;
        let pi_1 = if expands { json!("pi_1") } else { Value::Null };
        let joined = |dataset: &str| {
            let ids = scene.current(dataset).into_values();
            ids.map(|record| record["_acme"]["stripe"]["paymentIntentID"].clone()).collect::<Vec<_>>()
        };
        let is_tiered = |nickname: &str| {
            let price = scene.current("stripe_prices").into_values().next().unwrap();
            assert_eq!(price["productName"], nickname);
            let amount = &price["_acme"]["stripe"]["price"]["tiers"][0]["unitAmount"];
            assert_eq!(amount.as_f64(), expands.then_some(7.0), "{price}");
        };
        fine(&scene.run(&resources).await);
        assert_eq!(joined("stripe_invoices"), std::slice::from_ref(&pi_1));
        is_tiered("first");

        // The Events have no such parts; what they tell besides is as it was then.
        scene.sandbox.update(Seeded::Invoices, &invoice("paid", &["pi_1"]), T + 10).unwrap();
        scene.sandbox.update(Seeded::Prices, &tiered("second"), T + 10).unwrap();
        scene.sandbox.advance(Duration::from_secs(HOUR));
        let run = scene.run(&resources).await;
        fine(&run);
        assert_eq!(joined("stripe_invoices"), std::slice::from_ref(&pi_1));
        assert_eq!(joined("stripe_invoice_events"), [pi_1.clone(), pi_1]);
        is_tiered("second");
        // A refusal is known once it was met.
        assert_eq!(run.events.read_anew, 2, "{:?}", run.events);
        let mut times: Vec<String> = scene
            .current("stripe_invoice_events")
            .into_values()
            .map(|record| {
                format!("{} {}", record["eventType"].as_str().unwrap(), record["timestamp"].as_str().unwrap())
            })
            .collect();
        times.sort();
        assert_eq!(
            times,
            ["stripe.invoice.open 2026-08-12T14:14:20Z", "stripe.invoice.paid 2026-09-21T14:13:27Z"]
        );
    }
}

#[tokio::test]
async fn a_pause_of_31_days_is_a_gap_that_is_said_and_mended() {
    let account = empty()
        .with(Seeded::Customers, &customer("cus_1", MONTH_AGO, "Ada"))
        .unwrap()
        .with(Seeded::Customers, &customer("cus_2", MONTH_AGO, "Bob"))
        .unwrap()
        .with(Seeded::Customers, &customer("cus_3", MONTH_AGO, "Eve"))
        .unwrap()
        .with(Seeded::Prices, &price("price_1", MONTH_AGO, "first"))
        .unwrap();
    let scene = Scene::new(account, Options::default()).await;
    let resources = [Resource::Customers, Resource::Prices];
    let first = scene.run(&resources).await;
    assert!(first.notices.is_empty(), "{:?}", first.notices);

    scene.sandbox.update(Seeded::Customers, &customer("cus_1", MONTH_AGO, "Augusta"), T + 100).unwrap();
    scene.sandbox.remove(Seeded::Customers, "cus_2", T + 200).unwrap();
    scene.sandbox.remove(Seeded::Prices, "price_1", T + 300).unwrap();
    scene.sandbox.advance(Duration::from_secs(31 * DAY));
    // The lists break down at first: the gap is not forgotten for that.
    scene.sandbox.set_faults("customers:should-retry-false@1-".parse().unwrap());
    let broken = scene.run(&resources).await;
    assert_eq!(broken.exit_code(), 2);
    assert!(broken.notices[0].starts_with("gap: Events of 31 days"), "{:?}", broken.notices);
    assert_eq!(scene.tombstones("stripe_prices").len(), 1, "prices were listed to their end");
    scene.sandbox.set_faults(stripe_xdm_sandbox::Faults::none());
    let mended = scene.run(&resources).await;
    fine(&mended);
    assert_eq!((mended.healed.looked_up, mended.healed.gone), (1, 1), "{:?}", mended.healed);
    assert_eq!(scene.names()["cus_1"], "Augusta");
    assert_eq!(scene.tombstones("stripe_customers"), ["cus_2 2026-10-22T14:13:20Z"]);
    assert_eq!(mended.resources["customers"].unchanged, 1);

    let after = scene.run(&resources).await;
    fine(&after);
    assert!(after.notices.is_empty() && after.healed.looked_up == 0, "{after:?}");
}

#[tokio::test]
async fn a_key_of_the_other_mode_is_said_and_its_data_is_listed_beside() {
    let customers = |mode| {
        Account::custom(mode, T - 400 * 86_400)
            .with(Seeded::Customers, &customer("cus_1", MONTH_AGO, "Ada"))
            .unwrap()
    };
    let mut scene = Scene::new(customers(Mode::Test), Options::default()).await;
    fine(&scene.run(&[Resource::Customers]).await);
    scene.sandbox = start(customers(Mode::Live), Options::default()).await;
    let live = scene.run(&[Resource::Customers]).await;
    fine(&live);
    assert!(live.notices[0].starts_with("key mode:"), "{:?}", live.notices);
    assert_eq!(live.resources["customers"].objects, 1);
    let again = scene.run(&[Resource::Customers]).await;
    assert!(again.notices.is_empty());

    let other = Account::custom(Mode::Live, T - 300 * 86_400);
    scene.sandbox = start(other, Options::default()).await;
    let other = scene.run(&[Resource::Customers]).await;
    assert!(other.notices[0].starts_with("account:"), "{:?}", other.notices);
}

#[tokio::test]
async fn a_resource_that_was_left_out_for_a_while_catches_up() {
    let account = empty()
        .with(Seeded::Customers, &customer("cus_1", MONTH_AGO, "Ada"))
        .unwrap()
        .with(Seeded::Prices, &price("price_1", MONTH_AGO, "first"))
        .unwrap();
    let scene = Scene::new(account, Options::default()).await;
    let (both, one) = ([Resource::Customers, Resource::Prices], [Resource::Customers]);
    fine(&scene.run(&both).await);
    scene.sandbox.update(Seeded::Prices, &price("price_1", MONTH_AGO, "second"), T + 100).unwrap();
    scene.sandbox.advance(Duration::from_secs(5 * HOUR));
    let without = scene.run(&one).await;
    assert!(without.notices[0].starts_with("resources: prices no longer"), "{:?}", without.notices);
    assert_eq!(
        without.events.ignored.get("of_resources_not_synced"),
        None,
        "the type asked for has no prices"
    );

    scene.sandbox.advance(Duration::from_secs(5 * HOUR));
    let with = scene.run(&both).await;
    fine(&with);
    assert!(with.notices[0].starts_with("resources: prices asked for"), "{:?}", with.notices);
    assert_eq!(scene.current("stripe_prices").values().next().unwrap()["productName"], "second");

    // And one that is new is listed from the beginning.
    let all = scene.run(&[Resource::Customers, Resource::Prices, Resource::Charges]).await;
    fine(&all);
    assert!(all.notices[0].starts_with("resources: charges asked for"), "{:?}", all.notices);
}

#[tokio::test]
async fn events_that_could_not_be_read_are_read_by_the_next_run() {
    let account = empty().with(Seeded::Customers, &customer("cus_1", MONTH_AGO, "Ada")).unwrap();
    let scene = Scene::new(account, Options::default()).await;
    fine(&scene.run(&[Resource::Customers]).await);
    for n in 0..250 {
        let name = format!("name {n}");
        scene.sandbox.update(Seeded::Customers, &customer("cus_1", MONTH_AGO, &name), T + 10 + n).unwrap();
    }
    scene.sandbox.advance(Duration::from_secs(HOUR));
    scene.sandbox.set_faults("events:403@2".parse().unwrap());
    let broken = scene.run(&[Resource::Customers]).await;
    assert_eq!(broken.exit_code(), 2);
    assert!(broken.resources["events"].errors[0].contains("req_"), "{broken:?}");
    scene.sandbox.set_faults(stripe_xdm_sandbox::Faults::none());
    scene.sandbox.advance(Duration::from_secs(60));
    let whole = scene.run(&[Resource::Customers]).await;
    fine(&whole);
    assert_eq!(whole.events.read, 250);
    assert!(whole.events.ignored["known"] >= 99, "what was taken is not taken again: {:?}", whole.events);
    assert_eq!(scene.names()["cus_1"], "name 249");
}

#[tokio::test]
async fn what_is_pending_is_listed_again_until_it_is_not() {
    let row = |status: &str| {
        json!({"id": "txn_1", "object": "balance_transaction", "amount": 100, "available_on": T, "created": T - 30 * 86_400,
            "currency": "usd", "description": null, "exchange_rate": null, "fee": 0, "fee_details": [], "net": 100,
            "reporting_category": "charge", "source": "ch_1", "status": status, "type": "charge",
            "balance_type": "payments"})
        .to_string()
    };
    let account = empty().with(Seeded::BalanceTransactions, &row("pending")).unwrap();
    let scene = Scene::new(account, Options::default()).await;
    fine(&scene.run(&[Resource::BalanceTransactions]).await);
    scene.sandbox.advance(Duration::from_secs(HOUR));
    let still = scene.run(&[Resource::BalanceTransactions]).await;
    assert_eq!(still.resources["balance_transactions"].unchanged, 1);
    scene.sandbox.update(Seeded::BalanceTransactions, &row("available"), T + HOUR as i64).unwrap();
    scene.sandbox.advance(Duration::from_secs(HOUR));
    let settled = scene.run(&[Resource::BalanceTransactions]).await;
    assert_eq!(settled.resources["balance_transactions"].written(), 1);
    scene.sandbox.advance(Duration::from_secs(HOUR));
    let after = scene.run(&[Resource::BalanceTransactions]).await;
    fine(&after);
    assert_eq!(after.resources["balance_transactions"].objects, 0, "nothing is pending any more");
}

#[tokio::test]
async fn healing_finds_what_nobody_tells_a_little_in_each_run() {
    let mut account = empty();
    for n in 0..330 {
        // Many of one second, more than a page of them.
        let created = MONTH_AGO - i64::from(n / 150);
        account = account.with(Seeded::Prices, &price(&format!("price_{n:03}"), created, "first")).unwrap();
    }
    let scene = Scene::new(account, Options::default()).await;
    fine(&scene.run(&[Resource::Prices]).await);
    // Long before the first run, so that no Event is read.
    let silently = T - 35 * DAY as i64;
    for n in [3, 160, 320] {
        let created = MONTH_AGO - i64::from(n / 150);
        let changed = price(&format!("price_{n:03}"), created, "changed");
        scene.sandbox.update(Seeded::Prices, &changed, silently).unwrap();
        scene.sandbox.remove(Seeded::Prices, &format!("price_{:03}", n + 1), silently).unwrap();
    }
    scene.sandbox.advance(Duration::from_secs(HOUR));
    let mut runs = 0;
    loop {
        let run = scene.heal(&[Resource::Prices]).await;
        fine(&run);
        runs += 1;
        if run.healed.reached.is_empty() {
            break;
        }
        assert!(runs < 10, "it comes to an end: {:?}", run.healed);
    }
    assert!(runs > 1, "not all at once");
    let gone: Vec<String> =
        scene.tombstones("stripe_prices").iter().map(|line| line[..9].to_owned()).collect();
    let mut gone = gone;
    gone.sort();
    assert_eq!(gone, ["price_004", "price_161", "price_321"]);
    let changed =
        scene.current("stripe_prices").into_values().filter(|record| record["productName"] == "changed");
    assert_eq!(changed.count(), 3);
    let rests = scene.heal(&[Resource::Prices]).await;
    assert_eq!(rests.healed.listed, 0, "the list rests for a day");
}

#[tokio::test]
async fn a_later_run_goes_further_back_when_it_is_told_to_and_says_when_it_is_not() {
    let mut account = empty();
    for (number, days) in [10, 20, 30, 100].into_iter().enumerate() {
        let text = customer(&format!("cus_{number}"), T - days * 86_400, "Ada");
        account = account.with(Seeded::Customers, &text).unwrap();
    }
    let scene = Scene::new(account, Options::default()).await;
    let customers = [Resource::Customers];
    let back = |days: i64| Some(T - days * 86_400);
    let first = scene.from(back(15), &customers, None).await.unwrap();
    fine(&first);
    assert_eq!((scene.names().len(), first.notices.len()), (1, 0), "{:?}", first.notices);

    scene.sandbox.advance(Duration::from_secs(HOUR));
    let silent = scene.run(&customers).await;
    assert_eq!(scene.names().len(), 1);
    assert!(silent.notices[0].starts_with("history: nothing from before 2026-09-06"), "{:?}", silent.notices);

    assert!(scene.run(&customers).await.notices.is_empty(), "once is enough");

    let further = scene.from(back(50), &customers, None).await.unwrap();
    fine(&further);
    assert_eq!((scene.names().len(), further.notices.len()), (3, 0), "{:?}", further.notices);
    let later = scene.from(back(5), &customers, None).await.unwrap();
    fine(&later);
    assert_eq!((scene.names().len(), later.resources["customers"].objects), (3, 0));
    let all = scene.from(Some(1), &customers, None).await.unwrap();
    assert_eq!((scene.names().len(), all.notices.len()), (4, 0));

    let future = scene.from(Some(T + 2 * 86_400), &customers, None).await.unwrap_err();
    assert!(future.to_string().contains("2026-09-23"), "{future}");
}

#[tokio::test]
async fn ids_that_users_choose_are_read_as_they_are() {
    let coupon = |id: &str, name: &str| {
        json!({"id": id, "object": "coupon", "created": MONTH_AGO, "livemode": false, "name": name,
            "duration": "once", "percent_off": 10, "metadata": {}, "times_redeemed": 0, "valid": true})
        .to_string()
    };
    let ids = ["50%20OFF", "20%BACK", "A/../B?x=1&y=2#z", "ÉTÉ ☃", "..."];
    let mut account = empty();
    for id in ids {
        account = account.with(Seeded::Coupons, &coupon(id, "before")).unwrap();
    }
    let scene = Scene::new(account, Options::default()).await;
    fine(&scene.run(&[Resource::Coupons]).await);
    for id in ids {
        // Two in one second have no order, so that each coupon is read by its id.
        scene.sandbox.update(Seeded::Coupons, &coupon(id, "between"), T + 10).unwrap();
        scene.sandbox.update(Seeded::Coupons, &coupon(id, "after"), T + 10).unwrap();
    }
    scene.sandbox.advance(Duration::from_secs(HOUR));
    let second = scene.run(&[Resource::Coupons]).await;
    fine(&second);
    assert_eq!(second.events.read_anew, ids.len() as u64, "{:?}", second.events);
    assert_eq!(scene.tombstones("stripe_coupons"), [] as [String; 0]);
    let current = scene.current("stripe_coupons");
    assert_eq!(current.len(), ids.len());
    assert!(current.values().all(|record| record.to_string().contains("after")), "{current:?}");
}
