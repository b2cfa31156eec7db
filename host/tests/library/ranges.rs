//! Ranges: however the creation times lie and wherever pages end, every object is read once, and cutting costs
//! little.

use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use stripe_xdm::ledger::{Covered, Objects, id_hash};
use stripe_xdm::module::{Cache, Limits, Module};
use stripe_xdm::report::Silent;
use stripe_xdm::stripe::{Client, Config, Key, Resource};
use stripe_xdm::sync::{Session, Summary, SyncConfig};
use stripe_xdm_sandbox::{
    API_VERSION, Account, Clock, Even, EvenKind, Mode, Options, Rate, Resource as Seeded, Sandbox,
};
use tokio::runtime::Runtime;

const MODULE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../pkg/dist/stripe_xdm_bg.wasm");
const NOW: i64 = 1_795_000_000;
const OPENED: i64 = 1_600_000_000;
const DECADE: i64 = 10 * 365 * 86_400;

static MODULE_LOADED: LazyLock<Module> = LazyLock::new(|| {
    let bytes = std::fs::read(MODULE).expect("these tests need the module: run `cargo xtask module` first");
    Module::load(&bytes, Limits::default(), &Cache::none()).unwrap()
});
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// What a sync of customers found, and how many requests it took.
struct Found {
    summary: Summary,
    ids: BTreeSet<String>,
    lines: usize,
    covered: Vec<Covered>,
    counted: (u64, u128),
    requests: u64,
}

async fn sync(sandbox: &Sandbox, page: u32, resource: Resource) -> Found {
    let dir = tempfile::tempdir().unwrap();
    let client = Client::new(Config {
        base: sandbox.base_url().to_owned(),
        key: Key::new(sandbox.key()).unwrap(),
        timeout: None,
        version: API_VERSION.to_owned(),
        concurrency: 32,
        rate_limit: Some(100_000.0),
        endpoint_rate_limit: None,
    })
    .unwrap();
    let settings = serde_json::Map::from_iter([("tenant".to_owned(), "acme".into())]);
    let config = SyncConfig {
        lake: dir.path().to_owned(),
        resources: vec![resource],
        since: None,
        account: None,
        name: None,
        heal: None,
        settings: settings.clone(),
    };
    let session = Session::open(dir.path(), &MODULE_LOADED, &settings).unwrap().with_pages_of(page);
    let before = sandbox.stats().total;
    let summary =
        session.sync(Arc::new(client), config, Arc::new(Silent), std::future::pending()).await.unwrap();
    let requests = sandbox.stats().total - before;
    let ledger = session.ledger();
    let mut ledger = ledger.lock().unwrap();
    let name = resource.name();
    let of = Objects { account: 1, resource: name, gte: None, lt: i64::MAX };
    let ids = ledger.objects(&of, None, 1_000_000).unwrap().into_iter().map(|seen| seen.id).collect();
    let covered = ledger.coverage(1, name, "all").unwrap();
    let counted = ledger.count_and_hash(&of).unwrap();
    drop(ledger);
    let mut lines = 0;
    for dataset in std::fs::read_dir(dir.path()).unwrap().flatten() {
        if !dataset.file_name().to_string_lossy().starts_with('_') {
            for file in std::fs::read_dir(dataset.path()).unwrap().flatten() {
                lines += std::fs::read_to_string(file.path()).unwrap().lines().count();
            }
        }
    }
    Found { summary, ids, lines, covered, counted, requests }
}

async fn customers(times: &[i64], trap: bool) -> Sandbox {
    let mut account = Account::custom(Mode::Live, OPENED);
    for (number, created) in times.iter().enumerate() {
        let text =
            format!(r#"{{"id":"cus_{number:05}","object":"customer","created":{created},"livemode":true}}"#);
        account = account.with(Seeded::Customers, &text).unwrap();
    }
    let options = Options {
        rate: Rate::Unlimited,
        same_second_trap: trap,
        clock: Clock::Fixed(NOW),
        ..Options::default()
    };
    Sandbox::start(account, options).await.unwrap()
}

fn check(found: &Found, objects: usize) {
    assert_eq!(found.summary.exit_code(), 0, "{:?}", found.summary);
    let ids: BTreeSet<String> = (0..objects).map(|number| format!("cus_{number:05}")).collect();
    let sum = ids.iter().map(|id| id_hash(id)).fold(0, u128::wrapping_add);
    assert_eq!(found.ids, ids);
    assert_eq!((found.lines, found.counted), (objects, (objects as u64, sum)));
    // The ranges touch from the beginning to the bound, and their proofs add up.
    let [covered] = found.covered.as_slice() else { panic!("{:?}", found.covered) };
    assert_eq!((covered.gte, covered.lt), (None, NOW));
    assert_eq!((covered.tally.objects, covered.tally.id_hash), (objects as u64, sum));
}

/// Creation times: any, but often in one second, around the same ones, or decades apart.
fn times() -> impl Strategy<Value = Vec<i64>> {
    let cluster = (prop_oneof![OPENED..NOW, 0..OPENED, Just(OPENED), Just(NOW - 1)], 1i64..200, 1usize..40)
        .prop_map(|(at, width, many)| {
            (0..many as i64).map(|n| (at - n * 7 % width).max(1)).collect::<Vec<_>>()
        });
    let anywhere = proptest::collection::vec(prop_oneof![OPENED..NOW, 1..OPENED], 0..60);
    let evenly = (1i64..DECADE, 0i64..80)
        .prop_map(|(span, many)| (0..many).map(|n| NOW - 1 - n * span / many.max(1)).collect::<Vec<_>>());
    (proptest::collection::vec(cluster, 0..4), anywhere, evenly, 0..4).prop_map(
        |(clusters, anywhere, evenly, which)| {
            let mut times = clusters.concat();
            if which & 1 == 1 {
                times.extend(anywhere);
            }
            if which & 2 == 2 {
                times.extend(evenly);
            }
            times
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn every_object_is_read_once(times in times(), page in 1u32..12, trap in any::<bool>()) {
        let found = RUNTIME.block_on(async {
            let sandbox = customers(&times, trap).await;
            let found = sync(&sandbox, page, Resource::Customers).await;
            sandbox.shutdown().await;
            found
        });
        check(&found, times.len());
    }
}

/// The fewest requests that could do, and what cutting may cost on top.
fn bound(objects: usize, page: usize) -> u64 {
    let pages = objects.div_ceil(page).max(1) as u64;
    // One more asks for the account.
    pages + 1 + 16 + pages / 8
}

#[test]
fn nothing_is_probed_in_vain_for_long() {
    let second = vec![1_700_000_000; 400];
    let decades: Vec<i64> = (0..400).map(|n| if n < 200 { NOW - 1 - n } else { 300_000_000 + n }).collect();
    let few = vec![1_650_000_000, 1_750_000_000];
    for (name, times, page) in
        [("second", second, 10), ("decades", decades, 10), ("few", few, 10), ("none", vec![], 10)]
    {
        let found = RUNTIME.block_on(async {
            let sandbox = customers(&times, false).await;
            sync(&sandbox, page, Resource::Customers).await
        });
        check(&found, times.len());
        let bound = bound(times.len(), page as usize);
        assert!(found.requests <= bound, "{name}: {} requests, {bound} would do", found.requests);
    }
}

#[test]
fn an_even_year_takes_few_requests_more_than_it_has_pages() {
    let even = Even {
        kind: EvenKind::Charges,
        objects: 20_000,
        bytes: 300,
        span: std::time::Duration::from_secs(365 * 86_400),
        now: NOW - 1,
        mode: Mode::Live,
    };
    let found = RUNTIME.block_on(async {
        let options = Options { rate: Rate::Unlimited, clock: Clock::Fixed(NOW), ..Options::default() };
        let sandbox = Sandbox::start(Account::even(3, &even), options).await.unwrap();
        sync(&sandbox, 100, Resource::Charges).await
    });
    assert_eq!((found.summary.exit_code(), found.ids.len()), (0, 20_000));
    assert!(found.requests <= 240, "{} requests", found.requests);
}
