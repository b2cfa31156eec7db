//! Products, coupons, invoices and their lines, payment intents, disputes and payouts.

use std::collections::BTreeSet;

use serde_json::Value;
use stripe_xdm_sandbox::{Account, ApiKey, Options, Resource, Size};

use crate::common::{get, open, small, start, walk};

const MORE: [Resource; 6] = [
    Resource::Products,
    Resource::Coupons,
    Resource::Invoices,
    Resource::PaymentIntents,
    Resource::Disputes,
    Resource::Payouts,
];

const PERMISSIONS: [&str; 6] = [
    "rak_product_read",
    "rak_coupon_read",
    "rak_invoice_read",
    "rak_payment_intent_read",
    "rak_dispute_read",
    "rak_payout_read",
];

fn parsed(account: &Account, resource: Resource) -> Vec<Value> {
    account.objects(resource).into_iter().map(|text| serde_json::from_str(text).expect("JSON")).collect()
}

#[tokio::test]
async fn each_has_a_list_that_shows_every_object_by_time() {
    let account = small();
    let sandbox = start(account.clone(), open()).await;
    for resource in MORE {
        let wanted: BTreeSet<String> =
            account.listable_ids(resource).into_iter().map(str::to_owned).collect();
        assert!(!wanted.is_empty(), "{resource}");
        assert_eq!(walk(&sandbox, &format!("/v1/{resource}")).await, wanted, "{resource}");
        let middle = Size::NOW - 200 * 86_400;
        let older = walk(&sandbox, &format!("/v1/{resource}?created[lt]={middle}")).await;
        let newer = walk(&sandbox, &format!("/v1/{resource}?created[gte]={middle}")).await;
        assert_eq!(older.len() + newer.len(), wanted.len(), "{resource}");
    }
}

#[tokio::test]
async fn an_invoice_shows_ten_lines_and_its_own_list_all_of_them_oldest_first() {
    let account = small();
    let long = parsed(&account, Resource::Invoices)
        .into_iter()
        .find(|invoice| invoice["lines"]["has_more"] == true)
        .expect("an invoice with many lines");
    let id = long["id"].as_str().expect("an id");
    let shown = long["lines"]["data"].as_array().expect("lines");
    assert_eq!(shown.len(), 10);
    let sandbox = start(account, open()).await;
    let all = walk(&sandbox, &format!("/v1/invoices/{id}/lines")).await;
    assert_eq!(Some(all.len() as u64), long["lines"]["total_count"].as_u64());
    let (_, page) = get(&sandbox, &format!("/v1/invoices/{id}/lines?limit=10")).await;
    assert_eq!(page["data"].as_array(), Some(shown));
    assert_eq!(get(&sandbox, "/v1/invoices/in_none/lines").await.0, 404);
    assert_eq!(get(&sandbox, &format!("/v1/invoices/{id}/lines?created[gte]=1")).await.0, 400);
    assert_eq!(get(&sandbox, "/v1/invoice_lines").await.0, 404);
}

#[tokio::test]
async fn filters_are_those_that_stripe_has() {
    let account = small();
    let count = |resource, test: &dyn Fn(&Value) -> bool| {
        parsed(&account, resource).into_iter().filter(|object| test(object)).count()
    };
    let (paid, inactive) = (
        count(Resource::Invoices, &|invoice| invoice["status"] == "paid"),
        count(Resource::Products, &|product| product["active"] == false),
    );
    let subscription = parsed(&account, Resource::Invoices)
        .iter()
        .find_map(|invoice| {
            Some(invoice.pointer("/parent/subscription_details/subscription")?.as_str()?.to_owned())
        })
        .expect("an invoice of a subscription");
    let sandbox = start(account, open()).await;
    assert!(paid > 0 && inactive > 0);
    assert_eq!(walk(&sandbox, "/v1/invoices?status=paid").await.len(), paid);
    assert_eq!(walk(&sandbox, "/v1/products?active=false").await.len(), inactive);
    assert_eq!(walk(&sandbox, &format!("/v1/invoices?subscription={subscription}")).await.len(), 1);
    for unknown in [
        "coupons?valid=true",
        "payment_intents?status=succeeded",
        "disputes?status=won",
        "invoices?status=late",
    ] {
        assert_eq!(get(&sandbox, &format!("/v1/{unknown}")).await.0, 400, "{unknown}");
    }
}

#[tokio::test]
async fn each_needs_its_own_permission() {
    let key = ApiKey::restricted("rk_live_abcdefghijkl9876", PERMISSIONS);
    let options = Options { keys: vec![key], ..open() };
    let sandbox = start(small(), options).await;
    for (resource, permission) in MORE.into_iter().zip(PERMISSIONS) {
        let (status, body) = get(&sandbox, &format!("/v1/{resource}")).await;
        assert_eq!(status, 403, "{resource}");
        assert!(
            body["error"]["message"].as_str().is_some_and(|message| message.contains(permission)),
            "{body}"
        );
    }
}

#[test]
fn links_hold_and_events_tell() {
    let account = Account::seeded(3, Size::demo());
    let ids =
        |resource| -> BTreeSet<String> { account.ids(resource).into_iter().map(str::to_owned).collect() };
    let (charges, entries) = (ids(Resource::Charges), ids(Resource::BalanceTransactions));
    for intent in parsed(&account, Resource::PaymentIntents) {
        assert!(intent["latest_charge"].as_str().is_none_or(|id| charges.contains(id)));
    }
    for dispute in parsed(&account, Resource::Disputes) {
        assert!(charges.contains(dispute["charge"].as_str().expect("a charge")));
        for funds in dispute["balance_transactions"].as_array().expect("funds") {
            assert!(entries.contains(funds["id"].as_str().expect("an id")));
        }
    }
    for payout in parsed(&account, Resource::Payouts) {
        assert!(payout["amount"].as_i64() > Some(0));
        assert!(entries.contains(payout["balance_transaction"].as_str().expect("a balance transaction")));
    }
    let kinds: BTreeSet<String> = parsed(&account, Resource::Events)
        .into_iter()
        .filter_map(|event| event["type"].as_str().map(str::to_owned))
        .collect();
    for kind in ["invoice.created", "payment_intent.created", "charge.dispute.created", "payout.created"] {
        assert!(kinds.contains(kind), "{kind}: {kinds:?}");
    }
}
