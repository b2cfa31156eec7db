//! Injected faults: before and after the effect.

use std::time::Duration;

use serde_json::{Value, json};
use stripe_xdm_sandbox::{
    When,
    platform::{Fault, Faults},
};

use crate::client::{Client, NAMESPACES, open, read};

fn first() -> When {
    When::At { first: 1, last: 1 }
}

fn body(code: &str) -> Value {
    json!({"name": code, "code": code, "idType": "Non_people"})
}

async fn has(client: &Client, code: &str) -> bool {
    let (_, list) = client.fetch(NAMESPACES).await;
    list.as_array().expect("a list").iter().any(|entry| entry["code"] == code)
}

#[tokio::test]
async fn answers_of_every_shape_stand_in_for_the_service() {
    let client = open().await;
    for (fault, status, kind) in [
        (Fault::Status(500), 500, "application/json"),
        (Fault::Status(429), 429, "application/json"),
        (Fault::Html(502), 502, "text/html"),
        (Fault::Empty(503), 503, ""),
        (Fault::RetryAfter(7), 429, "application/json"),
    ] {
        client.platform.set_faults(Faults::none().with_path(Some("POST"), NAMESPACES, fault, first()));
        let request = client.request("POST", NAMESPACES).header("content-type", "application/json");
        let answer = request.body(body("Never").to_string()).send().await.expect("an answer");
        let header = |name: &str| {
            answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        assert_eq!((answer.status().as_u16(), header("content-type").as_str()), (status, kind));
        assert_eq!(header("retry-after").is_empty(), fault != Fault::RetryAfter(7));
        assert!(!header("x-request-id").is_empty());
        let (_, text) = read(answer).await;
        assert_eq!(text.is_null(), kind.is_empty(), "{text}");
    }
    assert!(!has(&client, "Never").await);
    assert_eq!(client.platform.changes(), 0);
}

#[tokio::test]
async fn a_connection_closes_before_or_after_the_effect() {
    let client = open().await;
    for (fault, code, effect) in [(Fault::Close, "Before", false), (Fault::CloseAfter, "After", true)] {
        client.platform.set_faults(Faults::none().with(fault, first()));
        let request = client.request("POST", NAMESPACES).header("content-type", "application/json");
        assert!(request.body(body(code).to_string()).send().await.is_err());
        assert_eq!(has(&client, code).await, effect, "{code}");
        let logged = client.platform.requests();
        let closed = logged.iter().rfind(|entry| entry.method == "POST").expect("a request");
        assert_eq!((closed.status, closed.changed), (0, effect));
    }
}

#[tokio::test]
async fn an_effect_can_be_followed_by_a_useless_answer() {
    let client = open().await;
    client.platform.set_faults("POST after500@1, POST truncate-after@2, slow:1ms@1".parse().expect("faults"));
    assert_eq!(client.send("POST", NAMESPACES, &body("First")).await.0, 500);
    let (status, half) = client.send("POST", NAMESPACES, &body("Second")).await;
    assert_eq!(status, 200);
    assert!(half.is_string(), "{half}");
    assert!(has(&client, "First").await && has(&client, "Second").await);
}

#[tokio::test]
async fn tokens_go_wrong_too() {
    let mut client = open().await;
    client.platform.set_faults("POST /ims:slow:1ms@1".parse().expect("faults"));
    client.log_in().await;
    client.platform.set_faults("/ims:html503@1".parse().expect("faults"));
    let (status, page) = client.mint(&[]).await;
    assert_eq!(status, 503);
    assert!(page.as_str().is_some_and(|page| page.starts_with("<html>")));
}

#[tokio::test]
async fn shutting_down_ends_idle_connections() {
    let client = open().await;
    let url = client.platform.base_url().to_owned();
    client.namespace("Mine").await;
    let Client { platform, .. } = client;
    tokio::time::timeout(Duration::from_secs(30), platform.shutdown()).await.expect("an end");
    assert!(reqwest::get(url).await.is_err());
}

#[tokio::test]
async fn bodies_that_are_too_long_or_no_json_are_refused() {
    let client = open().await;
    let long = "x".repeat(5 << 20);
    let request = client.request("POST", NAMESPACES).header("content-type", "application/json");
    // The platform may answer while the body is still being sent.
    if let Ok(answer) = request.body(long).send().await {
        assert_eq!(answer.status(), 413);
    }
    let request = client.request("POST", NAMESPACES).header("content-type", "application/json");
    let answer = request.body("{").send().await.expect("an answer");
    assert_eq!(answer.status(), 400);
}
