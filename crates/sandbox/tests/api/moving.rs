//! Time that tests move, and accounts that change while they are listed.

use std::time::Duration;

use serde_json::{Value, json};
use stripe_xdm_sandbox::{Account, Churn, Clock, Mode, Options, Resource, Script, Step};

use crate::common::{customers, get, ids, open, send, small, start, walk};

const DAY: u64 = 86_400;

fn customer(id: &str, created: i64) -> String {
    json!({"id": id, "object": "customer", "created": created}).to_string()
}

#[tokio::test]
async fn a_fixed_clock_is_the_date_of_answers_until_it_is_moved() {
    let sandbox = start(customers([100]), Options { clock: Clock::Fixed(1_790_000_000), ..open() }).await;
    let date = |response: &reqwest::Response| response.headers().get("date").cloned();
    let first = send(&sandbox, "/v1/customers").await;
    assert_eq!(
        date(&first).as_ref().map(|date| date.as_bytes()),
        Some(&b"Mon, 21 Sep 2026 14:13:20 GMT"[..])
    );
    sandbox.advance(Duration::from_secs(31 * DAY));
    assert_eq!(sandbox.now(), 1_790_000_000 + 31 * DAY as i64);
    let refused = send(&sandbox, "/v1/customers?x=1").await;
    let moved = date(&refused);
    assert_eq!(moved.as_ref().map(|date| date.as_bytes()), Some(&b"Thu, 22 Oct 2026 14:13:20 GMT"[..]));
}

#[tokio::test]
async fn events_are_kept_for_thirty_days_of_a_fixed_clock() {
    let start_at = 1_790_000_000;
    let sandbox = start(customers([100]), Options { clock: Clock::Fixed(start_at), ..open() }).await;
    sandbox.insert(Resource::Customers, &customer("cus_new", start_at)).expect("inserted");
    let (_, events) = get(&sandbox, "/v1/events").await;
    let id = ids(&events).pop().expect("an event");
    sandbox.advance(Duration::from_secs(30 * DAY));
    assert_eq!(get(&sandbox, &format!("/v1/events/{id}")).await.0, 200);
    assert_eq!(ids(&get(&sandbox, "/v1/events").await.1), std::slice::from_ref(&id));
    sandbox.advance(Duration::from_secs(1));
    assert!(ids(&get(&sandbox, "/v1/events").await.1).is_empty());
    assert_eq!(get(&sandbox, &format!("/v1/events/{id}")).await.0, 404);
    // Only events go; and with the machine's clock not even they.
    assert_eq!(get(&sandbox, "/v1/customers/cus_new").await.0, 200);
    let machine = start(customers([]), open()).await;
    machine.insert(Resource::Customers, &customer("cus_old", 100)).expect("inserted");
    assert_eq!(ids(&get(&machine, "/v1/events").await.1).len(), 1);
}

#[tokio::test]
async fn with_a_lag_objects_and_events_are_listed_some_time_after_they_exist() {
    let options = Options { clock: Clock::Fixed(1_000), lag: Duration::from_secs(10), ..open() };
    let sandbox = start(customers([985]), options).await;
    sandbox.insert(Resource::Customers, &customer("cus_new", 1_000)).expect("inserted");
    assert_eq!(get(&sandbox, "/v1/customers/cus_new").await.0, 200);
    assert_eq!(ids(&get(&sandbox, "/v1/customers").await.1), ["cus_0"]);
    sandbox.advance(Duration::from_secs(9));
    assert!(ids(&get(&sandbox, "/v1/events").await.1).is_empty());
    sandbox.advance(Duration::from_secs(1));
    assert_eq!(ids(&get(&sandbox, "/v1/customers").await.1), ["cus_new", "cus_0"]);
    assert_eq!(ids(&get(&sandbox, "/v1/events").await.1).len(), 1);
}

#[tokio::test]
async fn a_script_changes_the_account_at_the_requests_it_names() {
    let steps = Script::default()
        .at(Resource::Customers, 2, Step::Insert(Resource::Customers, customer("cus_late", 50)))
        .at(Resource::Customers, 2, Step::Advance(Duration::from_secs(5)))
        .at(
            Resource::Customers,
            3,
            Step::Update(Resource::Customers, customer("cus_0", 100).replace('}', ",\"name\":\"A\"}")),
        )
        .at(Resource::Customers, 3, Step::Remove(Resource::Customers, "cus_1".to_owned()));
    let options = Options { clock: Clock::Fixed(1_000), script: steps, ..open() };
    let sandbox = start(customers([100, 200]), options).await;
    let listed = async || ids(&get(&sandbox, "/v1/customers").await.1);
    assert_eq!(listed().await, ["cus_1", "cus_0"]);
    // Requests of other lists do not count.
    assert_eq!(get(&sandbox, "/v1/charges").await.0, 200);
    assert_eq!(listed().await, ["cus_1", "cus_0", "cus_late"]);
    assert!(!sandbox.script_is_done());
    assert_eq!(listed().await, ["cus_0", "cus_late"]);
    assert!(sandbox.script_is_done());
    let (_, events) = get(&sandbox, "/v1/events").await;
    let told: Vec<(&Value, &Value)> = events["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|event| (&event["type"], &event["created"]))
        .collect();
    let expected = [
        (json!("customer.deleted"), json!(1_005)),
        (json!("customer.updated"), json!(1_005)),
        (json!("customer.created"), json!(50)),
    ];
    assert_eq!(told, expected.iter().map(|(kind, at)| (kind, at)).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_script_that_cannot_be_followed_fails_the_request() {
    let script = Script::default().at(
        Resource::Customers,
        1,
        Step::Remove(Resource::Customers, "cus_nobody".to_owned()),
    );
    let sandbox = start(customers([1]), Options { script, ..open() }).await;
    let (status, error) = get(&sandbox, "/v1/customers").await;
    assert_eq!(status, 400);
    assert!(error["error"]["message"].as_str().is_some_and(|text| text.contains("cus_nobody")), "{error}");
}

async fn after_churn(seed: u64) -> Account {
    let churn = Churn { seed, percent: 100, late: Duration::from_secs(60) };
    let options = Options { clock: Clock::Fixed(1_790_000_000), churn: Some(churn), ..open() };
    let sandbox = start(small(), options).await;
    for _ in 0..120 {
        assert_eq!(get(&sandbox, "/v1/charges?limit=1").await.0, 200);
    }
    assert!(sandbox.now() > 1_790_000_000, "the clock has moved");
    sandbox.account()
}

#[tokio::test]
async fn churn_adds_changes_and_removes_by_seed_and_events_tell() {
    let (before, after) = (small(), after_churn(3).await);
    assert!(after.count(Resource::Charges) > before.count(Resource::Charges) + 20);
    assert!(after.count(Resource::BalanceTransactions) > before.count(Resource::BalanceTransactions) + 20);
    let gone = before.ids(Resource::Customers).iter().any(|id| !after.ids(Resource::Customers).contains(id));
    assert!(gone, "some customer was removed");
    for kind in ["charge.succeeded", "customer.created", "customer.updated", "customer.deleted"] {
        let told = |account: &Account| {
            let needle = format!("\"type\":\"{kind}\"");
            account.objects(Resource::Events).iter().filter(|text| text.contains(&needle)).count()
        };
        assert!(told(&after) > told(&before), "{kind}");
    }
    let again = after_churn(3).await;
    for resource in Resource::ALL {
        assert_eq!(after.objects(resource), again.objects(resource), "{resource}");
    }
    assert_ne!(after_churn(4).await.ids(Resource::Charges), after.ids(Resource::Charges));
}

#[tokio::test]
async fn a_walk_through_churn_loses_nothing_that_was_there_and_stayed() {
    let churn = Churn { seed: 8, percent: 100, late: Duration::ZERO };
    let options = Options { clock: Clock::Fixed(1_790_000_100), churn: Some(churn), ..open() };
    let sandbox = start(small(), options).await;
    let before: Vec<String> =
        sandbox.account().ids(Resource::Charges).into_iter().map(str::to_owned).collect();
    let seen = walk(&sandbox, "/v1/charges?created[lt]=1790000100").await;
    assert!(before.iter().all(|id| seen.contains(id)), "charges are never removed");
    sandbox.set_churn(None);
    let count = sandbox.account().count(Resource::Charges);
    assert_eq!(get(&sandbox, "/v1/charges").await.0, 200);
    assert_eq!(sandbox.account().count(Resource::Charges), count);
    assert_eq!(sandbox.account().mode(), Mode::Live);
}
