//! Changes while the sandbox runs, and the events they leave.

use serde_json::{Value, json};
use stripe_xdm_sandbox::{InsertError, Resource};

use crate::common::{customers, get, ids, open, start};

fn customer(id: &str, created: i64, email: &str) -> String {
    json!({"id": id, "object": "customer", "created": created, "email": email}).to_string()
}

#[tokio::test]
async fn inserts_updates_and_removals_show_in_lists_and_as_events() {
    let sandbox = start(customers([100, 200]), open()).await;
    sandbox.insert(Resource::Customers, &customer("cus_new", 150, "a@example.com")).expect("inserted");
    sandbox.update(Resource::Customers, &customer("cus_new", 150, "b@example.com"), 300).expect("updated");
    sandbox.remove(Resource::Customers, "cus_0", 400).expect("removed");
    assert_eq!(ids(&get(&sandbox, "/v1/customers").await.1), ["cus_1", "cus_new"]);
    assert_eq!(get(&sandbox, "/v1/customers/cus_0").await.1["deleted"], true);
    assert_eq!(get(&sandbox, "/v1/customers?starting_after=cus_0").await.0, 400);
    let (_, events) = get(&sandbox, "/v1/events").await;
    let summary: Vec<(&Value, &Value)> = events["data"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|event| (&event["type"], &event["created"]))
        .collect();
    let expected = [("customer.deleted", 400), ("customer.updated", 300), ("customer.created", 150)];
    assert_eq!(summary.len(), 3);
    for ((kind, at), (expected_kind, expected_at)) in summary.into_iter().zip(expected) {
        assert_eq!((kind, at), (&json!(expected_kind), &json!(expected_at)));
    }
    assert_eq!(events["data"][0]["data"]["object"].get("deleted"), None);
    assert_eq!(events["data"][1]["data"]["previous_attributes"], json!({"email": "a@example.com"}));
}

#[tokio::test]
async fn balance_transactions_change_without_an_event() {
    let sandbox = start(customers([]), open()).await;
    let entry = |status: &str| {
        json!({"id": "txn_1", "object": "balance_transaction", "created": 5, "status": status}).to_string()
    };
    sandbox.insert(Resource::BalanceTransactions, &entry("pending")).expect("inserted");
    sandbox.update(Resource::BalanceTransactions, &entry("available"), 9).expect("updated");
    assert_eq!(get(&sandbox, "/v1/balance_transactions/txn_1").await.1["status"], "available");
    assert!(ids(&get(&sandbox, "/v1/events").await.1).is_empty());
}

#[tokio::test]
async fn what_is_not_such_an_object_is_refused() {
    let sandbox = start(customers([1]), open()).await;
    let refused = |text: &str| sandbox.insert(Resource::Customers, text);
    assert!(matches!(refused("{"), Err(InsertError::NotJson(_))));
    assert!(matches!(
        refused(r#"{"id":"ch_1","object":"charge","created":1}"#),
        Err(InsertError::WrongObject { .. })
    ));
    assert!(matches!(refused(r#"{"id":"cus_9","object":"customer"}"#), Err(InsertError::NoCreated { .. })));
    assert!(matches!(refused(&customer("cus_0", 1, "")), Err(InsertError::Duplicate { .. })));
    let update = sandbox.update(Resource::Customers, &customer("cus_9", 1, ""), 2);
    assert!(matches!(update, Err(InsertError::Missing { .. })));
}

#[tokio::test]
async fn hand_made_text_is_served_byte_for_byte() {
    let text = "{ \"object\":\"customer\",\"id\":\"cus_x\",\n\"created\":7, \"balance\":123456789012345678901234567890,\"name\":\"\\u00e9\" }";
    let account = customers([]).with(Resource::Customers, text).expect("a customer");
    let sandbox = start(account, open()).await;
    let body = crate::common::send(&sandbox, "/v1/customers/cus_x").await.text().await.expect("a body");
    assert_eq!(body, text);
    sandbox.shutdown().await;
}
