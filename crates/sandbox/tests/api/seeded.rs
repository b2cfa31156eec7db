//! The seeded account: repeatable, complete over HTTP, and as varied as it promises.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use stripe_xdm_sandbox::{Account, Resource, Size};

use crate::common::{NOW, get, open, small, start, walk};

fn parsed(account: &Account, resource: Resource) -> Vec<Value> {
    account.objects(resource).into_iter().map(|text| serde_json::from_str(text).expect("JSON")).collect()
}

#[test]
fn a_seed_fixes_every_byte_and_links_hold() {
    let (one, two) = (small(), small());
    for resource in Resource::ALL {
        assert_eq!(one.objects(resource), two.objects(resource), "{resource}");
        assert!(one.count(resource) > 0, "{resource}");
    }
    assert_ne!(one.ids(Resource::Charges), Account::seeded(6, Size::charges(120)).ids(Resource::Charges));
    let entries: BTreeSet<&str> = one.ids(Resource::BalanceTransactions).into_iter().collect();
    for charge in parsed(&one, Resource::Charges) {
        if let Some(id) = charge["balance_transaction"].as_str() {
            assert!(entries.contains(id), "{id}");
        }
        assert!(charge["created"].as_i64().is_some_and(|at| at <= NOW));
    }
    for entry in parsed(&one, Resource::BalanceTransactions) {
        assert_eq!(
            entry["amount"].as_i64().zip(entry["fee"].as_i64()).map(|(a, f)| a - f),
            entry["net"].as_i64()
        );
    }
}

#[test]
fn the_demo_holds_what_an_old_account_holds() {
    let account = Account::seeded(1, Size::demo());
    let charges = parsed(&account, Resource::Charges);
    let has = |objects: &[Value], what: &str, test: &dyn Fn(&Value) -> bool| {
        assert!(objects.iter().any(test), "{what}");
    };
    has(&charges, "guest", &|c| c["customer"].is_null());
    has(&charges, "declined", &|c| c["status"] == "failed" && c["balance_transaction"].is_null());
    has(&charges, "returned", &|c| c["failure_balance_transaction"].is_string());
    has(&charges, "pending", &|c| c["status"] == "pending");
    has(&charges, "uncaptured", &|c| c["captured"] == false && c["status"] == "succeeded");
    has(&charges, "partly captured", &|c| {
        c["amount_captured"].as_i64() < c["amount"].as_i64() && c["captured"] == true
    });
    has(&charges, "partly refunded", &|c| c["refunded"] == false && c["amount_refunded"].as_i64() > Some(0));
    has(&charges, "level 3", &|c| c["level3"].is_object());
    has(&charges, "old shape", &|c| c["source"].is_object());
    has(&charges, "50 metadata keys", &|c| c["metadata"].as_object().is_some_and(|map| map.len() == 50));
    has(&charges, "wallet", &|c| c.pointer("/payment_method_details/card/wallet/type").is_some());
    has(&charges, "3DS", &|c| c.pointer("/payment_method_details/card/three_d_secure/result").is_some());
    let kinds: BTreeSet<&str> =
        charges.iter().filter_map(|c| c.pointer("/payment_method_details/type")?.as_str()).collect();
    for kind in ["card", "sepa_debit", "us_bank_account", "klarna", "paypal", "ideal"] {
        assert!(kinds.contains(kind), "{kind}");
    }
    let currencies: BTreeSet<&str> = charges.iter().filter_map(|c| c["currency"].as_str()).collect();
    for currency in ["usd", "jpy", "kwd", "isk", "ugx"] {
        assert!(currencies.contains(currency), "{currency}");
    }
    for (resource, at_least) in [(Resource::Charges, 200), (Resource::Customers, 200)] {
        let mut seconds = BTreeMap::<i64, usize>::new();
        for object in parsed(&account, resource) {
            *seconds.entry(object["created"].as_i64().unwrap_or_default()).or_default() += 1;
        }
        assert!(seconds.values().max() >= Some(&at_least), "{resource}");
    }
    let refunds = parsed(&account, Resource::Refunds);
    for status in ["succeeded", "pending", "failed", "requires_action"] {
        has(&refunds, status, &|r| r["status"] == status);
    }
    let subscriptions = parsed(&account, Resource::Subscriptions);
    for status in ["active", "canceled", "trialing", "paused"] {
        has(&subscriptions, status, &|s| s["status"] == status);
    }
    has(&subscriptions, "items elsewhere", &|s| s.pointer("/items/has_more") == Some(&Value::Bool(true)));
    let prices = parsed(&account, Resource::Prices);
    has(&prices, "sub-cent", &|p| p["unit_amount"].is_null() && p["unit_amount_decimal"].is_string());
    has(&prices, "tiered", &|p| p["billing_scheme"] == "tiered");
    has(&prices, "metered", &|p| p.pointer("/recurring/usage_type").is_some_and(|u| u == "metered"));
    has(&prices, "custom", &|p| p["custom_unit_amount"].is_object());
    has(&prices, "inactive", &|p| p["active"] == false);
    assert!(account.listable_ids(Resource::Prices).len() < account.count(Resource::Prices), "inline");
    let events = parsed(&account, Resource::Events);
    for kind in [
        "charge.succeeded",
        "customer.updated",
        "customer.deleted",
        "customer.subscription.updated",
        "invoice.upcoming",
    ] {
        has(&events, kind, &|e| e["type"] == kind);
    }
    assert!(events.iter().all(|e| e["created"].as_i64().is_some_and(|at| at >= NOW - 30 * 86_400)));
    let customers: BTreeSet<&str> = account.ids(Resource::Customers).into_iter().collect();
    has(&charges, "deleted customer", &|c| c["customer"].as_str().is_some_and(|id| !customers.contains(id)));
}

#[tokio::test]
async fn walking_every_list_finds_exactly_what_can_be_listed() {
    let account = small();
    let sandbox = start(account.clone(), open()).await;
    let expected = |resource: Resource| -> BTreeSet<String> {
        account.listable_ids(resource).into_iter().map(str::to_owned).collect()
    };
    for resource in [
        Resource::Charges,
        Resource::Refunds,
        Resource::BalanceTransactions,
        Resource::Customers,
        Resource::Events,
    ] {
        assert_eq!(walk(&sandbox, &format!("/v1/{resource}")).await, expected(resource), "{resource}");
    }
    assert_eq!(walk(&sandbox, "/v1/subscriptions?status=all").await, expected(Resource::Subscriptions));
    let mut prices = walk(&sandbox, "/v1/prices?active=true").await;
    prices.extend(walk(&sandbox, "/v1/prices?active=false").await);
    assert_eq!(prices, expected(Resource::Prices));
}

#[tokio::test]
async fn a_long_subscription_shows_ten_items_and_lists_the_rest() {
    let account = small();
    let long = parsed(&account, Resource::Subscriptions)
        .into_iter()
        .find(|s| s.pointer("/items/has_more") == Some(&Value::Bool(true)))
        .expect("a long subscription");
    let id = long["id"].as_str().unwrap_or_default().to_owned();
    assert_eq!(long.pointer("/items/data").and_then(Value::as_array).map(Vec::len), Some(10));
    let total = long.pointer("/items/total_count").and_then(Value::as_u64);
    let sandbox = start(account, open()).await;
    let items = walk(&sandbox, &format!("/v1/subscription_items?subscription={id}")).await;
    assert_eq!(Some(items.len() as u64), total);
    let item = items.first().cloned().unwrap_or_default();
    assert_eq!(get(&sandbox, &format!("/v1/subscription_items/{item}")).await.1["subscription"], id.as_str());
}
