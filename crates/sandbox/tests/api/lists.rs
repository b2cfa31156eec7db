//! Order, cursors, filters and defaults of lists.

use serde_json::{Value, json};
use stripe_xdm_sandbox::{Account, Mode, Options, Resource};

use crate::common::{customers, get, ids, open, start, walk};

#[tokio::test]
async fn newest_first_ten_by_default_and_limits_are_clamped() {
    let sandbox = start(customers(1000..1150), open()).await;
    let (_, page) = get(&sandbox, "/v1/customers").await;
    assert_eq!(ids(&page), (140..150).rev().map(|n| format!("cus_{n}")).collect::<Vec<_>>());
    assert_eq!((&page["object"], &page["has_more"]), (&json!("list"), &json!(true)));
    assert_eq!(page["url"], "/v1/customers");
    for (limit, expected) in [("0", 1), ("-5", 1), ("3", 3), ("100", 100), ("5000", 100)] {
        let (_, page) = get(&sandbox, &format!("/v1/customers?limit={limit}")).await;
        assert_eq!(ids(&page).len(), expected, "limit={limit}");
    }
    let (status, error) = get(&sandbox, "/v1/customers?limit=ten").await;
    assert_eq!((status, &error["error"]["code"]), (400, &json!("parameter_invalid_integer")));
}

#[tokio::test]
async fn cursors_go_older_and_newer_and_has_more_follows_the_direction() {
    let sandbox = start(customers(1000..1020), open()).await;
    let (_, page) = get(&sandbox, "/v1/customers?limit=3&starting_after=cus_10").await;
    assert_eq!(
        (ids(&page), &page["has_more"]),
        (vec!["cus_9".into(), "cus_8".into(), "cus_7".into()], &json!(true))
    );
    let (_, page) = get(&sandbox, "/v1/customers?limit=3&starting_after=cus_3").await;
    assert_eq!((ids(&page).len(), &page["has_more"]), (3, &json!(false)));
    let (_, page) = get(&sandbox, "/v1/customers?limit=3&ending_before=cus_10").await;
    assert_eq!(
        (ids(&page), &page["has_more"]),
        (vec!["cus_13".into(), "cus_12".into(), "cus_11".into()], &json!(true))
    );
    let (_, page) = get(&sandbox, "/v1/customers?limit=3&ending_before=cus_16").await;
    assert_eq!((ids(&page).len(), &page["has_more"]), (3, &json!(false)));
}

#[tokio::test]
async fn cursors_that_make_no_sense_are_refused() {
    let sandbox = start(customers(1000..1003), open()).await;
    let (status, error) = get(&sandbox, "/v1/customers?starting_after=cus_1&ending_before=cus_2").await;
    assert_eq!((status, error["error"].get("code")), (400, None));
    let (status, error) = get(&sandbox, "/v1/customers?starting_after=cus_gone").await;
    assert_eq!(status, 400);
    assert_eq!(error["error"]["code"], "resource_missing");
    assert_eq!(error["error"]["param"], "starting_after");
    assert_eq!(error["error"]["type"], "invalid_request_error");
    let (status, error) = get(&sandbox, "/v1/customers?colour=red").await;
    assert_eq!(
        (status, &error["error"]["code"], &error["error"]["param"]),
        (400, &json!("parameter_unknown"), &json!("colour"))
    );
    let (status, error) = get(&sandbox, "/v1/customers?email=").await;
    assert_eq!((status, &error["error"]["code"]), (400, &json!("parameter_invalid_empty")));
}

#[tokio::test]
async fn created_takes_a_second_or_bounds_with_plain_or_encoded_brackets() {
    let sandbox = start(customers(1000..1020), open()).await;
    for (query, expected) in [
        ("created=1005", vec![5]),
        ("created[gte]=1017", vec![19, 18, 17]),
        ("created%5Bgt%5D=1017", vec![19, 18]),
        ("created[lt]=1002", vec![1, 0]),
        ("created%5Blte%5D=1001", vec![1, 0]),
        ("created[gte]=1004&created[lt]=1006", vec![5, 4]),
        ("created[gte]=1006&created[lt]=1004", vec![]),
    ] {
        let (_, page) = get(&sandbox, &format!("/v1/customers?{query}")).await;
        assert_eq!(ids(&page), expected.iter().map(|n| format!("cus_{n}")).collect::<Vec<_>>(), "{query}");
    }
    let (status, _) = get(&sandbox, "/v1/customers?created[near]=1").await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_cursor_in_the_first_second_of_a_window_ends_the_list_though_others_share_it() {
    let created = std::iter::repeat_n(1000, 250).chain(1001..1011);
    let sandbox = start(customers(created.clone()), open()).await;
    let window = "/v1/customers?limit=100&created[gte]=1000&created[lt]=2000";
    let (_, first) = get(&sandbox, window).await;
    assert_eq!((ids(&first).len(), &first["has_more"]), (100, &json!(true)));
    let last = ids(&first).pop().unwrap_or_default();
    let (status, second) = get(&sandbox, &format!("{window}&starting_after={last}")).await;
    assert_eq!((status, ids(&second).len(), &second["has_more"]), (200, 0, &json!(false)));
    // Asked alone, the second is complete; so is the list without a window.
    assert_eq!(walk(&sandbox, "/v1/customers?created[gte]=1000&created[lt]=1001").await.len(), 250);
    assert_eq!(walk(&sandbox, "/v1/customers").await.len(), 260);
    let lenient = start(customers(created), Options { same_second_trap: false, ..open() }).await;
    assert_eq!(walk(&lenient, "/v1/customers?created[gte]=1000&created[lt]=2000").await.len(), 260);
}

#[tokio::test]
async fn canceled_subscriptions_show_only_when_asked_for() {
    let statuses = ["active", "canceled", "incomplete_expired", "paused"];
    let mut account = Account::custom(Mode::Test, 0);
    for (number, status) in statuses.iter().enumerate() {
        let subscription = json!({"id": format!("sub_{number}"), "object": "subscription", "created": number,
            "status": status, "customer": "cus_1", "items": {"object": "list", "data": [
                {"id": format!("si_{number}"), "object": "subscription_item", "created": number,
                    "subscription": format!("sub_{number}"), "price": {"id": "price_1"},
                    "current_period_end": 100 + number, "current_period_start": number}]}});
        account = account.with(Resource::Subscriptions, &subscription.to_string()).expect("a subscription");
    }
    let sandbox = start(account, open()).await;
    for (query, expected) in [
        ("", vec!["sub_3", "sub_2", "sub_0"]),
        ("?status=all", vec!["sub_3", "sub_2", "sub_1", "sub_0"]),
        ("?status=ended", vec!["sub_2", "sub_1"]),
        ("?status=paused", vec!["sub_3"]),
        ("?status=all&price=price_1&current_period_end[lte]=101", vec!["sub_1", "sub_0"]),
        ("?customer=cus_2", vec![]),
    ] {
        let (_, page) = get(&sandbox, &format!("/v1/subscriptions{query}")).await;
        assert_eq!(ids(&page), expected, "{query}");
    }
    let (status, _) = get(&sandbox, "/v1/subscriptions?status=dormant").await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn prices_show_active_ones_unless_asked_and_inline_ones_only_by_id() {
    let price = |id: &str, active: bool| {
        json!({"id": id, "object": "price", "created": 1, "active": active}).to_string()
    };
    let account = Account::custom(Mode::Live, 0)
        .with(Resource::Prices, &price("price_on", true))
        .and_then(|account| account.with(Resource::Prices, &price("price_off", false)))
        .and_then(|account| account.with_unlisted(Resource::Prices, &price("price_inline", true)))
        .expect("prices");
    let sandbox = start(account, open()).await;
    for (query, expected) in [("", "price_on"), ("?active=true", "price_on"), ("?active=false", "price_off")]
    {
        let (_, page) = get(&sandbox, &format!("/v1/prices{query}")).await;
        assert_eq!(ids(&page), [expected], "{query}");
    }
    let (status, inline) = get(&sandbox, "/v1/prices/price_inline").await;
    assert_eq!((status, &inline["id"]), (200, &json!("price_inline")));
}

#[tokio::test]
async fn test_clock_objects_show_only_for_their_clock() {
    let customer = json!({"id": "cus_t", "object": "customer", "created": 1, "test_clock": "clock_1"});
    let account = customers([5]).with(Resource::Customers, &customer.to_string()).expect("a customer");
    let sandbox = start(account, open()).await;
    assert_eq!(ids(&get(&sandbox, "/v1/customers").await.1), ["cus_0"]);
    assert_eq!(ids(&get(&sandbox, "/v1/customers?test_clock=clock_1").await.1), ["cus_t"]);
}

#[tokio::test]
async fn events_filter_by_type_wildcard_and_up_to_twenty_types() {
    let mut account = Account::custom(Mode::Live, 0);
    for (number, kind) in ["charge.succeeded", "charge.failed", "price.created"].into_iter().enumerate() {
        let event = json!({"id": format!("evt_{number}"), "object": "event", "created": number, "type": kind,
            "pending_webhooks": number, "data": {"object": {}}});
        account = account.with(Resource::Events, &event.to_string()).expect("an event");
    }
    let sandbox = start(account, open()).await;
    for (query, expected) in [
        ("type=charge.*", vec!["evt_1", "evt_0"]),
        ("type=price.created", vec!["evt_2"]),
        ("types[]=price.created&types[]=charge.failed", vec!["evt_2", "evt_1"]),
        ("types%5B0%5D=charge.succeeded", vec!["evt_0"]),
        ("delivery_success=true", vec!["evt_0"]),
        ("created[gte]=1&type=charge.*", vec!["evt_1"]),
    ] {
        assert_eq!(ids(&get(&sandbox, &format!("/v1/events?{query}")).await.1), expected, "{query}");
    }
    let many = vec!["types[]=a"; 21].join("&");
    for query in ["type=a&types[]=b", many.as_str()] {
        assert_eq!(get(&sandbox, &format!("/v1/events?{query}")).await.0, 400, "{query}");
    }
}

#[tokio::test]
async fn subscription_items_run_oldest_first_and_need_their_subscription() {
    let items: Vec<Value> = (0..3)
        .map(|n| json!({"id": format!("si_{n}"), "object": "subscription_item", "created": 10 + n, "subscription": "sub_1"}))
        .collect();
    let subscription = json!({"id": "sub_1", "object": "subscription", "created": 1, "status": "active",
        "items": {"object": "list", "data": items, "has_more": false}});
    let account = Account::custom(Mode::Live, 0)
        .with(Resource::Subscriptions, &subscription.to_string())
        .expect("a subscription");
    let sandbox = start(account, open()).await;
    let (_, page) = get(&sandbox, "/v1/subscription_items?subscription=sub_1&limit=2").await;
    assert_eq!((ids(&page), &page["has_more"]), (vec!["si_0".into(), "si_1".into()], &json!(true)));
    let (_, page) = get(&sandbox, "/v1/subscription_items?subscription=sub_1&starting_after=si_1").await;
    assert_eq!(ids(&page), ["si_2"]);
    let (status, error) = get(&sandbox, "/v1/subscription_items").await;
    assert_eq!((status, &error["error"]["param"]), (400, &json!("subscription")));
}
