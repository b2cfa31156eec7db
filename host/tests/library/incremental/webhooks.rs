//! Changes that came by webhook: heard once with those of the list, in whatever order and shape they come.

use super::scene::{HOUR, MONTH_AGO, Scene, T, customer, empty, event, fine, price, version};
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use stripe_xdm::report::Silent;
use stripe_xdm::stripe::Resource;
use stripe_xdm::sync::{Heard, Hears, Session, SyncConfig, identify};
use stripe_xdm_sandbox::{API_VERSION, Options, Resource as Seeded};

const FOLLOWED: [Resource; 3] = [Resource::Customers, Resource::Prices, Resource::Charges];

/// Who takes webhooks for a scene's account.
async fn hears(scene: &Scene) -> Hears {
    let client = scene.client();
    let who = identify(&client, None).await.unwrap();
    let config = SyncConfig {
        lake: scene.lake.path().to_owned(),
        resources: FOLLOWED.to_vec(),
        since: None,
        account: None,
        name: None,
        heal: None,
        settings: serde_json::Map::from_iter([("tenant".to_owned(), "acme".into())]),
    };
    Hears::new(who, client, config, Arc::new(Silent))
}

async fn hear(scene: &Scene, hears: &mut Hears, bodies: &[&str]) -> Heard {
    let session = Session::open(scene.lake.path(), &scene.module, &hears.config.settings).unwrap();
    let bodies = bodies.iter().map(|text| Bytes::copy_from_slice(text.as_bytes())).collect();
    session.hear(hears, std::iter::once(Ok(bodies))).await.unwrap()
}

/// The summary of the run that webhooks are heard in.
fn summary(scene: &Scene) -> Value {
    let mut runs: Vec<_> =
        std::fs::read_dir(scene.lake.path().join("_runs")).unwrap().map(|run| run.unwrap().path()).collect();
    runs.sort();
    serde_json::from_slice(&std::fs::read(runs.last().unwrap()).unwrap()).unwrap()
}

fn changed(id: &str, at: i64, name: &str) -> String {
    event(id, at, "customer.updated", API_VERSION, &customer("cus_1", MONTH_AGO, name))
}

#[tokio::test]
async fn an_event_counts_once_whichever_way_it_comes() {
    let account = empty().with(Seeded::Customers, &customer("cus_1", MONTH_AGO, "Ada")).unwrap();
    let scene = Scene::new(account, Options::default()).await;
    fine(&scene.run(&FOLLOWED).await);
    let mut hears = hears(&scene).await;
    for (id, at, name) in [("evt_1", T + 10, "one"), ("evt_2", T + 20, "two")] {
        scene.sandbox.insert(Seeded::Events, &changed(id, at, name)).unwrap();
    }
    // The first one comes by webhook, and again; then the list tells both; then both come by webhook.
    let heard = hear(&scene, &mut hears, &[&changed("evt_1", T + 10, "one")]).await;
    assert_eq!((heard.done, heard.events, heard.records), (vec![true], 1, 1));
    let heard = hear(&scene, &mut hears, &[&changed("evt_1", T + 10, "one")]).await;
    assert_eq!((heard.events, heard.records), (1, 0));
    scene.sandbox.advance(Duration::from_secs(HOUR));
    let run = scene.run(&FOLLOWED).await;
    fine(&run);
    assert_eq!((run.events.applied, run.events.ignored["known"]), (1, 1), "{:?}", run.events);
    let both = [changed("evt_2", T + 20, "two"), changed("evt_1", T + 10, "one")];
    let heard = hear(&scene, &mut hears, &[&both[0], &both[1], &both[0]]).await;
    assert_eq!(heard.records, 0);
    assert_eq!(scene.records("stripe_customers").len(), 3);
    assert_eq!(scene.names()["cus_1"], "two");
    let newest = scene.current("stripe_customers").into_values().next().unwrap();
    assert_eq!(version(&newest), (T + 20) * 1_000 + 1);
}

#[tokio::test]
async fn before_the_first_sync_everything_is_taken_and_the_sync_adds_to_it() {
    let account = empty()
        .with(Seeded::Customers, &customer("cus_1", MONTH_AGO, "now"))
        .unwrap()
        .with(Seeded::Customers, &customer("cus_2", MONTH_AGO, "other"))
        .unwrap();
    let scene = Scene::new(account, Options::default()).await;
    let mut hears = hears(&scene).await;
    let gone = event("evt_2", T - 5, "price.deleted", API_VERSION, &price("price_1", MONTH_AGO, "gone"));
    let bodies = [changed("evt_1", T - 10, "before"), gone];
    let heard = hear(&scene, &mut hears, &[&bodies[0], &bodies[1]]).await;
    assert_eq!(heard.records, 2);
    assert_eq!(scene.tombstones("stripe_prices"), ["price_1 2026-09-21T14:13:15Z"]);
    scene.sandbox.advance(Duration::from_secs(60));
    fine(&scene.run(&FOLLOWED).await);
    let names = scene.names();
    assert_eq!((names["cus_1"].as_str(), names["cus_2"].as_str()), ("now", "other"));
}

#[tokio::test]
async fn order_is_that_of_versions_and_of_one_second_that_of_the_object() {
    let account = empty().with(Seeded::Customers, &customer("cus_1", MONTH_AGO, "Last")).unwrap();
    let scene = Scene::new(account, Options::default()).await;
    let mut hears = hears(&scene).await;
    scene.sandbox.advance(Duration::from_secs(HOUR));
    hear(&scene, &mut hears, &[&changed("evt_2", T + 20, "later")]).await;
    hear(&scene, &mut hears, &[&changed("evt_1", T + 10, "earlier")]).await;
    assert_eq!(scene.names()["cus_1"], "later");
    // Two of one second that come together, and two that come apart.
    hear(&scene, &mut hears, &[&changed("evt_4", T + 40, "b"), &changed("evt_3", T + 40, "a")]).await;
    assert_eq!(scene.names()["cus_1"], "Last");
    let scene = Scene::new(scene.sandbox.account(), Options::default()).await;
    let mut hears = self::hears(&scene).await;
    scene.sandbox.advance(Duration::from_secs(HOUR));
    hear(&scene, &mut hears, &[&changed("evt_4", T + 40, "b")]).await;
    hear(&scene, &mut hears, &[&changed("evt_3", T + 40, "a")]).await;
    assert_eq!(scene.names()["cus_1"], "Last");
}

#[tokio::test]
async fn thin_events_are_told_by_their_object() {
    let account = empty().with(Seeded::Customers, &customer("cus_1", MONTH_AGO, "now")).unwrap();
    let scene = Scene::new(account, Options::default()).await;
    let mut hears = hears(&scene).await;
    let thin = |id: &str, kind: &str, object: &str| {
        json!({"id": id, "object": "v2.core.event", "type": format!("v1.{kind}.updated"), "livemode": false,
            "created": "2026-09-21T14:13:20.000Z",
            "related_object": {"id": object, "type": kind, "url": format!("/v1/{kind}s/{object}")}})
        .to_string()
    };
    let bodies = [
        thin("evt_1", "customer", "cus_1"),
        thin("evt_2", "customer", "cus_1"),
        thin("evt_3", "customer", "cus_gone"),
        thin("evt_4", "qubit", "q_1"),
    ];
    let all: Vec<&str> = bodies.iter().map(String::as_str).collect();
    let heard = hear(&scene, &mut hears, &all).await;
    assert_eq!((heard.done, heard.records), (vec![true], 2), "{:?}", heard.error);
    assert_eq!(scene.names()["cus_1"], "now");
    assert_eq!(scene.tombstones("stripe_customers").len(), 1);
    let before = hears.client.requests();
    let heard = hear(&scene, &mut hears, &all).await;
    assert_eq!(heard.records, 0);
    assert_eq!(hears.client.requests(), before, "known ones are not read again");
    assert_eq!(summary(&scene)["events"]["ignored"]["of_other_objects"], 2);
}

#[tokio::test]
async fn what_is_not_the_accounts_or_not_asked_for_is_passed_over() {
    let scene = Scene::new(empty(), Options::default()).await;
    let mut hears = hears(&scene).await;
    let with = |change: &dyn Fn(&mut Value)| {
        let mut event: Value = serde_json::from_str(&changed("evt_1", T, "x")).unwrap();
        change(&mut event);
        event.to_string()
    };
    let bodies = [
        with(&|event| event["livemode"] = true.into()),
        with(&|event| event["account"] = "acct_another".into()),
        with(&|event| event["data"]["object"]["object"] = "qubit".into()),
        with(&|event| event["data"]["object"]["object"] = "payout".into()),
        with(&|event| event["data"]["object"]["id"] = Value::Null),
        r#"{"id":"evt_1","object":"event","type":"x"}"#.to_owned(),
    ];
    let heard = hear(&scene, &mut hears, &bodies.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!((heard.done, heard.records, heard.kept_back), (vec![true], 0, 0));
    let ignored = &summary(&scene)["events"]["ignored"];
    for why in [
        "of_other_mode",
        "of_other_accounts",
        "of_other_objects",
        "of_resources_not_synced",
        "without_id",
        "unreadable",
    ] {
        assert_eq!(ignored[why], 1, "{why}: {ignored}");
    }
}

#[tokio::test]
async fn without_an_answer_from_stripe_what_needs_one_waits() {
    let account = empty().with(Seeded::Customers, &customer("cus_1", MONTH_AGO, "now")).unwrap();
    let scene = Scene::new(account, Options::default()).await;
    let mut hears = hears(&scene).await;
    let (sandbox, lake, module) = (scene.sandbox, scene.lake, scene.module);
    sandbox.shutdown().await;
    let old = event("evt_1", T, "customer.updated", "2016-07-06", &customer("cus_1", MONTH_AGO, "of old"));
    let new = event("evt_2", T, "customer.updated", API_VERSION, &customer("cus_2", MONTH_AGO, "new"));
    let bodies: Vec<Bytes> = [old, new].into_iter().map(Bytes::from).collect();
    hears.client = Arc::new(
        stripe_xdm::stripe::Client::new(stripe_xdm::stripe::Config {
            timeout: Some(Duration::from_secs(1)),
            endpoint_rate_limit: None,
            base: hears.client.base().to_owned(),
            key: stripe_xdm::stripe::Key::new("sk_test_1").unwrap(),
            version: API_VERSION.to_owned(),
            concurrency: 1,
            rate_limit: None,
        })
        .unwrap()
        .with_retries(0),
    );
    let session = Session::open(lake.path(), &module, &hears.config.settings).unwrap();
    let heard = session.hear(&mut hears, std::iter::once(Ok(bodies))).await.unwrap();
    assert_eq!((heard.done, heard.records), (vec![false], 1));
    assert!(heard.error.is_some());
}
