//! Keys, errors, headers, rates and injected faults.

use std::num::NonZeroU32;
use std::time::Duration;

use serde_json::{Value, json};
use stripe_xdm_sandbox::{ApiKey, Fault, Faults, Limits, Mode, Options, Rate, Resource, When};

use crate::common::{customers, get, open, send, small, start};

fn message(error: &Value) -> &str {
    error["error"]["message"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_request_needs_a_known_key_and_answers_echo_none() {
    let sandbox = start(customers(0..2), open()).await;
    let url = format!("{}/v1/customers", sandbox.base_url());
    let client = reqwest::Client::new();
    let none = client.get(&url).send().await.expect("an answer");
    assert_eq!(none.status(), 401);
    assert!(none.headers().contains_key("www-authenticate"));
    let wrong = client.get(&url).bearer_auth("sk_live_WRONGWRONGWRONG1234").send().await.expect("an answer");
    assert_eq!(wrong.status(), 401);
    let body = wrong.text().await.expect("a body");
    assert!(body.contains("Invalid API Key provided: sk_live_") && body.contains("1234"), "{body}");
    assert!(!body.contains("WRONG"), "{body}");
    let basic = client.get(&url).basic_auth(sandbox.key(), Some("")).send().await.expect("an answer");
    assert_eq!(basic.status(), 200);
}

#[tokio::test]
async fn a_restricted_key_is_told_which_permission_it_lacks_before_the_object_is_looked_up() {
    let key = ApiKey::restricted(
        "rk_live_abcdefghijkl9876",
        ["charge_read", "balance_read", "connected_account_read"],
    );
    let sandbox = start(customers(0..2), Options { keys: vec![key], ..open() }).await;
    assert_eq!(get(&sandbox, "/v1/customers").await.0, 200);
    for path in ["/v1/charges", "/v1/charges/ch_none", "/v1/refunds"] {
        let (status, error) = get(&sandbox, path).await;
        assert_eq!((status, &error["error"]["type"]), (403, &json!("invalid_request_error")));
        let sentence = "Having the 'rak_charge_read' permission would allow this request to continue.";
        assert!(message(&error).contains(sentence), "{error}");
        assert!(!message(&error).contains("abcdefghijkl"), "{error}");
    }
    let (_, error) = get(&sandbox, "/v1/balance_transactions").await;
    let sentence = "Having the 'rak_balance_read', 'rak_balance_transaction_source_read' permissions would";
    assert!(message(&error).contains(sentence), "{error}");
    assert_eq!(get(&sandbox, "/v1/account").await.0, 403);
}

#[tokio::test]
async fn unknown_objects_urls_and_versions_have_their_own_errors() {
    let sandbox = start(customers(0..1).with_deleted_customer("cus_gone"), open()).await;
    let (status, error) = get(&sandbox, "/v1/balance_transactions/txn_x").await;
    assert_eq!((status, message(&error)), (404, "No such balance transaction: 'txn_x'"));
    assert_eq!(
        (&error["error"]["code"], &error["error"]["param"]),
        (&json!("resource_missing"), &json!("id"))
    );
    let (status, stub) = get(&sandbox, "/v1/customers/cus_gone").await;
    assert_eq!((status, stub), (200, json!({"id": "cus_gone", "object": "customer", "deleted": true})));
    let (status, error) = get(&sandbox, "/v1/wishes").await;
    assert_eq!(status, 404);
    assert!(message(&error).starts_with("Unrecognized request URL (GET: /v1/wishes)"), "{error}");
    assert_eq!(get(&sandbox, "/v1/customers/cus_0?limit=1").await.0, 400);
    let (_, account) = get(&sandbox, "/v1/account").await;
    assert_eq!(account["object"], "account");
}

#[tokio::test]
async fn answers_name_the_request_the_version_and_the_time() {
    let sandbox = start(customers(0..1), open()).await;
    let first = send(&sandbox, "/v1/customers").await;
    let second = send(&sandbox, "/v1/customers?x=1").await;
    let header = |response: &reqwest::Response, name: &str| {
        response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    assert!(header(&first, "request-id").starts_with("req_"));
    assert_ne!(header(&first, "request-id"), header(&second, "request-id"));
    assert_eq!(header(&first, "stripe-version"), stripe_xdm_sandbox::API_VERSION);
    assert!(first.headers().contains_key("date"));
    let ask = |version: &str| {
        let request = reqwest::Client::new().get(format!("{}/v1/customers", sandbox.base_url()));
        request.bearer_auth(sandbox.key()).header("Stripe-Version", version).send()
    };
    assert_eq!(header(&ask("2020-08-27").await.expect("an answer"), "stripe-version"), "2020-08-27");
    assert_eq!(ask("tomorrow").await.expect("an answer").status(), 400);
}

#[tokio::test]
async fn empty_buckets_answer_429_with_the_reason() {
    let one = NonZeroU32::MIN;
    let many = NonZeroU32::new(1000).expect("not zero");
    for (limits, reason) in [
        (Limits { global: many, endpoint: one }, "endpoint-rate"),
        (Limits { global: one, endpoint: many }, "global-rate"),
    ] {
        let sandbox =
            start(customers(0..1), Options { rate: Rate::Custom(limits), ..Options::default() }).await;
        // One token, refilled once a second: of many requests at once some find no token.
        let mut refused = None;
        for _ in 0..50 {
            let response = send(&sandbox, "/v1/customers").await;
            if response.status() == 429 {
                refused = Some(response);
                break;
            }
        }
        let refused = refused.expect("a refusal");
        assert_eq!(
            refused.headers().get("stripe-rate-limited-reason").map(|value| value.as_bytes()),
            Some(reason.as_bytes())
        );
        assert!(sandbox.stats().rate_limited >= 1);
    }
    let live = Limits::stripe(Mode::Live);
    let test = Limits::stripe(Mode::Test);
    assert_eq!((live.global.get(), live.endpoint.get(), test.global.get()), (100, 25, 25));
}

#[tokio::test]
async fn faults_hit_the_requests_they_name() {
    let faults: Faults =
        "429:global-concurrency@1,500@2,should-retry-false@3,lock_timeout@4,retry-after:2s@5,charges:503@1"
            .parse()
            .expect("faults");
    let sandbox = start(customers(0..1), Options { faults, ..open() }).await;
    let limited = send(&sandbox, "/v1/customers").await;
    assert_eq!(limited.status(), 429);
    assert_eq!(limited.headers()["stripe-rate-limited-reason"], "global-concurrency");
    let (status, error) = get(&sandbox, "/v1/customers").await;
    assert_eq!((status, &error["error"]["type"]), (500, &json!("api_error")));
    let stubborn = send(&sandbox, "/v1/customers").await;
    assert_eq!(
        (stubborn.status().as_u16(), &stubborn.headers()["stripe-should-retry"]),
        (500, &"false".parse().expect("a value"))
    );
    let locked = send(&sandbox, "/v1/customers").await;
    assert!(!locked.headers().contains_key("stripe-rate-limited-reason"));
    let body: Value = serde_json::from_slice(&locked.bytes().await.expect("a body")).expect("JSON");
    assert_eq!(body["error"]["code"], "lock_timeout");
    assert_eq!(send(&sandbox, "/v1/customers").await.headers()["retry-after"], "2");
    assert_eq!(get(&sandbox, "/v1/charges").await.0, 503);
    assert_eq!(get(&sandbox, "/v1/charges").await.0, 200);
    let stats = sandbox.stats();
    assert_eq!((stats.total, stats.rejected, stats.faulted, stats.rate_limited), (7, 6, 6, 3));
    assert_eq!(stats.requests["GET /v1/customers"], 5);
    assert_eq!(stats.max_in_flight, 1);
    assert!(stats.max_per_second >= 1);
}

#[tokio::test]
async fn a_dropped_answer_breaks_the_connection_and_a_truncated_one_breaks_the_json() {
    let faults = Faults::none()
        .with(Fault::Drop, When::At { first: 1, last: 1 })
        .with_endpoint(Resource::Charges, Fault::Truncate, When::At { first: 2, last: 2 })
        .with(Fault::Slow(Duration::from_millis(1)), When::At { first: 3, last: 3 });
    let sandbox = start(small(), Options { faults, ..open() }).await;
    let request = reqwest::Client::new().get(format!("{}/v1/charges", sandbox.base_url()));
    let dropped = request.bearer_auth(sandbox.key()).send().await;
    let broken = match dropped {
        Ok(response) => response.bytes().await.is_err(),
        Err(_) => true,
    };
    assert!(broken);
    let truncated = send(&sandbox, "/v1/charges").await;
    assert_eq!(truncated.status(), 200);
    let body = truncated.bytes().await.expect("complete framing");
    assert!(!body.is_empty() && serde_json::from_slice::<Value>(&body).is_err());
    assert_eq!(get(&sandbox, "/v1/charges").await.0, 200);
    sandbox.set_faults("504@1".parse().expect("faults"));
    assert_eq!(get(&sandbox, "/v1/charges").await.0, 504);
}

#[tokio::test]
async fn a_permission_can_be_taken_away_in_the_middle() {
    let sandbox =
        start(small(), Options { faults: "charges:403@2-".parse().expect("faults"), ..open() }).await;
    assert_eq!(get(&sandbox, "/v1/charges").await.0, 200);
    for _ in 0..2 {
        let (status, error) = get(&sandbox, "/v1/charges").await;
        assert_eq!(status, 403);
        assert!(message(&error).contains("Having the 'rak_charge_read' permission would"), "{error}");
    }
    assert_eq!(get(&sandbox, "/v1/customers").await.0, 200);
}

#[tokio::test]
async fn bodies_go_wrong_in_every_way() {
    let options = Options {
        faults: "short-length@1,html@2,empty-more@3,stall@4,giant@5".parse().expect("faults"),
        ..open()
    };
    let sandbox = start(small(), options).await;
    let short = send(&sandbox, "/v1/customers").await;
    let announced = short.content_length().expect("a length");
    let body = short.bytes().await.expect("a body");
    assert_eq!(body.len() as u64, announced);
    assert!(serde_json::from_slice::<Value>(&body).is_err(), "half of it");
    let html = send(&sandbox, "/v1/customers").await;
    assert_eq!((html.status().as_u16(), html.headers()["content-type"].as_bytes()), (200, &b"text/html"[..]));
    let (_, empty) = get(&sandbox, "/v1/customers").await;
    assert_eq!((&empty["data"], &empty["has_more"]), (&json!([]), &json!(true)));
    let mut stalled = send(&sandbox, "/v1/customers").await;
    assert!(stalled.chunk().await.expect("a beginning").is_some_and(|chunk| chunk.len() > 100));
    for _ in 0..5 {
        assert!(stalled.chunk().await.expect("more").is_some_and(|chunk| chunk.iter().all(|b| *b == b' ')));
    }
    drop(stalled);
    let mut giant = send(&sandbox, "/v1/customers").await;
    let mut size = 0;
    while size < 40 << 20 {
        size += giant.chunk().await.expect("more").expect("not the end").len();
    }
    drop(giant);
    sandbox.shutdown().await;
}
