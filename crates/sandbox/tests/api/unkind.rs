//! Events as unkindly as Stripe's contract allows.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use stripe_xdm_sandbox::{API_VERSION, Clock, Mischief, Options, Resource, Sandbox};

use crate::common::{customers, get, open, start};

const NOW: i64 = 1_790_000_000;

async fn unkind(mischief: Mischief) -> Sandbox {
    let options = Options { clock: Clock::Fixed(NOW), mischief: Some(mischief), ..open() };
    start(customers([]), options).await
}

fn add(sandbox: &Sandbox, count: usize) {
    for number in 0..count {
        let customer = json!({"id": format!("cus_{number}"), "object": "customer", "created": NOW,
            "sources": null, "tax_ids": null});
        sandbox.insert(Resource::Customers, &customer.to_string()).expect("inserted");
    }
}

async fn events(sandbox: &Sandbox) -> Vec<Value> {
    let (status, list) = get(sandbox, "/v1/events?limit=100").await;
    assert_eq!(status, 200);
    list["data"].as_array().cloned().unwrap_or_default()
}

fn about(event: &Value) -> &str {
    event["data"]["object"]["id"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_fact_may_be_told_twice_under_two_ids() {
    let sandbox = unkind(Mischief { doubles: 50, ..Mischief::none(1) }).await;
    add(&sandbox, 20);
    let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for event in events(&sandbox).await {
        let id = event["id"].as_str().expect("an id").to_owned();
        assert!(told.entry(about(&event).to_owned()).or_default().insert(id), "an id twice");
    }
    assert_eq!(told.len(), 20);
    assert!(told.values().any(|ids| ids.len() == 2) && told.values().any(|ids| ids.len() == 1));
}

#[tokio::test]
async fn a_late_event_appears_with_its_old_time() {
    let sandbox = unkind(Mischief { late: 100, late_by: 50, ..Mischief::none(2) }).await;
    add(&sandbox, 20);
    assert!(events(&sandbox).await.is_empty());
    sandbox.advance(Duration::from_secs(25));
    let some = events(&sandbox).await.len();
    assert!((1..20).contains(&some), "{some}");
    sandbox.advance(Duration::from_secs(25));
    let all = events(&sandbox).await;
    assert_eq!(all.len(), 20);
    assert!(all.iter().all(|event| event["created"] == NOW));
    assert_eq!(sandbox.account().count(Resource::Events), 20);
}

#[tokio::test]
async fn events_of_one_second_have_no_order() {
    let sandbox = unkind(Mischief { shuffled: true, ..Mischief::none(3) }).await;
    add(&sandbox, 20);
    let shown: Vec<String> = events(&sandbox).await.iter().map(|event| about(event).to_owned()).collect();
    let by_time: Vec<String> = (0..20).rev().map(|number| format!("cus_{number}")).collect();
    assert_ne!(shown, by_time);
    assert_eq!(shown.iter().collect::<BTreeSet<_>>(), by_time.iter().collect());
}

#[tokio::test]
async fn strangers_have_no_id_or_an_unknown_type_and_old_versions_their_shape() {
    let sandbox = unkind(Mischief { strangers: 100, old_versions: 60, ..Mischief::none(4) }).await;
    add(&sandbox, 20);
    let all = events(&sandbox).await;
    assert_eq!(all.len(), 40);
    let of = |kind: &str| all.iter().filter(|event| event["type"] == kind).collect::<Vec<_>>();
    assert!(of("invoice.upcoming").iter().all(|event| event["data"]["object"].get("id").is_none()));
    assert!(!of("invoice.upcoming").is_empty() && !of("quantum.entangled").is_empty());
    let versions: BTreeSet<&str> =
        of("customer.created").iter().filter_map(|event| event["api_version"].as_str()).collect();
    assert!(versions.contains(API_VERSION) && versions.len() > 2, "{versions:?}");
    // Since 2020-08-27 a customer shows its sources on demand only.
    let old =
        of("customer.created").into_iter().find(|event| event["api_version"].as_str() < Some("2020-08-27"));
    let old = old.expect("one of an older version");
    assert!(old["data"]["object"]["sources"].is_object(), "{old}");
}

#[tokio::test]
async fn a_recurring_price_is_a_plan_too() {
    let sandbox = unkind(Mischief { plans: true, ..Mischief::none(5) }).await;
    for (id, recurring) in
        [("price_1", json!({"interval": "month", "interval_count": 1})), ("price_2", Value::Null)]
    {
        let price = json!({"id": id, "object": "price", "created": NOW, "recurring": recurring});
        sandbox.insert(Resource::Prices, &price.to_string()).expect("inserted");
    }
    let all = events(&sandbox).await;
    let mut told: Vec<(&str, &str)> =
        all.iter().map(|event| (event["type"].as_str().unwrap_or_default(), about(event))).collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [("plan.created", "price_1"), ("price.created", "price_1"), ("price.created", "price_2")]
    );
}
