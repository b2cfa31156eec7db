//! Changes that Events tell: each once, the newest last, in whatever order and shape they come.

use super::scene::{DAY, HOUR, MONTH_AGO, Scene, T, customer, empty, event, fine, price, version};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use stripe_xdm::stripe::Resource;
use stripe_xdm_sandbox::{API_VERSION, Mischief, Options, Resource as Seeded};

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
