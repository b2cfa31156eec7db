//! `expand[]` in lists and single objects.

use serde_json::json;
use stripe_xdm_sandbox::{Account, ApiKey, Mode, Options, Resource};

use crate::common::{get, open, start};

fn account() -> Account {
    let objects = [
        (
            Resource::Customers,
            json!({"id": "cus_1", "object": "customer", "created": 1, "email": "a@example.com"}),
        ),
        (
            Resource::BalanceTransactions,
            json!({"id": "txn_1", "object": "balance_transaction", "created": 1,
            "source": "ch_1", "amount": 5}),
        ),
        (
            Resource::Charges,
            json!({"id": "ch_1", "object": "charge", "created": 1, "customer": "cus_1",
            "balance_transaction": "txn_1", "amount": 5}),
        ),
        (
            Resource::Charges,
            json!({"id": "ch_2", "object": "charge", "created": 2, "customer": "cus_gone",
            "balance_transaction": null}),
        ),
        (Resource::Refunds, json!({"id": "re_1", "object": "refund", "created": 3, "charge": "ch_1"})),
        (
            Resource::Prices,
            json!({"id": "price_1", "object": "price", "created": 1, "active": true,
            "tiers": [{"up_to": null}], "currency_options": {"jpy": {"unit_amount": 3}}}),
        ),
        (
            Resource::Coupons,
            json!({"id": "SPRING", "object": "coupon", "created": 1, "applies_to": {"products": ["prod_1"]}}),
        ),
        (
            Resource::Invoices,
            json!({"id": "in_1", "object": "invoice", "created": 1,
            "payments": {"object": "list", "has_more": false, "data": [{"id": "inpay_1"}]}}),
        ),
        (
            Resource::Subscriptions,
            json!({"id": "sub_1", "object": "subscription", "created": 1,
            "status": "active", "customer": "cus_1", "items": {"object": "list", "has_more": false, "data": [
                {"id": "si_1", "object": "subscription_item", "created": 1, "subscription": "sub_1",
                    "price": {"id": "price_1", "object": "price"}}]}}),
        ),
    ];
    objects.into_iter().fold(
        Account::custom(Mode::Test, 0).with_deleted_customer("cus_gone"),
        |account, (resource, object)| account.with(resource, &object.to_string()).expect("an object"),
    )
}

#[tokio::test]
async fn ids_become_objects_and_deleted_customers_become_stubs() {
    let sandbox = start(account(), open()).await;
    let (_, page) =
        get(&sandbox, "/v1/charges?expand[]=data.customer&expand[]=data.balance_transaction.source").await;
    let data = &page["data"];
    assert_eq!(data[0]["customer"], json!({"id": "cus_gone", "object": "customer", "deleted": true}));
    assert_eq!(data[0]["balance_transaction"], json!(null));
    assert_eq!(data[1]["customer"]["email"], "a@example.com");
    assert_eq!(data[1]["balance_transaction"]["source"]["id"], "ch_1");
    let (_, refund) = get(&sandbox, "/v1/refunds/re_1?expand%5B%5D=charge.customer").await;
    assert_eq!(refund["charge"]["customer"]["id"], "cus_1");
}

#[tokio::test]
async fn parts_on_demand_are_absent_until_named() {
    let sandbox = start(account(), open()).await;
    let (_, plain) = get(&sandbox, "/v1/prices/price_1").await;
    assert_eq!((plain.get("tiers"), plain.get("currency_options")), (None, None));
    let (_, page) = get(&sandbox, "/v1/prices?expand[]=data.tiers&expand[]=data.currency_options").await;
    assert_eq!(page["data"][0]["tiers"][0]["up_to"], json!(null));
    assert_eq!(page["data"][0]["currency_options"]["jpy"]["unit_amount"], 3);
    let (_, plain) = get(&sandbox, "/v1/invoices").await;
    assert_eq!(plain["data"][0].get("payments"), None);
    let (_, page) = get(&sandbox, "/v1/invoices?expand[]=data.payments").await;
    assert_eq!(page["data"][0]["payments"]["data"][0]["id"], "inpay_1");
    let (_, coupon) = get(&sandbox, "/v1/coupons/SPRING?expand[]=applies_to&expand[]=currency_options").await;
    assert_eq!(coupon["applies_to"]["products"][0], "prod_1");
    let (_, charge) = get(&sandbox, "/v1/charges/ch_1?expand[]=refunds").await;
    assert_eq!(charge["refunds"]["data"][0]["id"], "re_1");
    let (_, customer) = get(&sandbox, "/v1/customers/cus_1?expand[]=subscriptions.data.customer").await;
    assert_eq!(customer["subscriptions"]["data"][0]["customer"]["id"], "cus_1");
    let (_, subscription) = get(&sandbox, "/v1/subscriptions/sub_1?expand[]=items.data.price.tiers").await;
    assert_eq!(subscription["items"]["data"][0]["price"]["tiers"][0]["up_to"], json!(null));
}

#[tokio::test]
async fn paths_that_do_not_exist_or_go_too_deep_are_refused() {
    let sandbox = start(account(), open()).await;
    for path in [
        "/v1/charges?expand[]=customer",
        "/v1/charges?expand[]=data",
        "/v1/charges?expand[]=data.amount",
        "/v1/charges?expand[]=data.customer.email",
        "/v1/charges/ch_1?expand[]=data.customer",
        "/v1/subscriptions?expand[]=data.items.data.price.product",
    ] {
        let (status, error) = get(&sandbox, path).await;
        assert_eq!((status, &error["error"]["param"]), (400, &json!("expand")), "{path}");
    }
}

#[tokio::test]
async fn expanding_needs_the_permission_of_what_is_expanded() {
    let key = ApiKey::restricted("rk_test_abcdefghijkl9876", ["rak_customer_read"]);
    let sandbox = start(account(), Options { keys: vec![key], ..open() }).await;
    assert_eq!(get(&sandbox, "/v1/charges").await.0, 200);
    let (status, error) = get(&sandbox, "/v1/charges?expand[]=data.customer").await;
    assert_eq!(status, 403);
    assert!(
        error["error"]["message"].as_str().is_some_and(|text| text.contains("'rak_customer_read'")),
        "{error}"
    );
}
