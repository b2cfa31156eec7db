//! Streaming ingestion.

use std::time::Duration;

use serde_json::{Value, json};
use stripe_xdm_sandbox::platform::{Operation, Options};

use crate::client::{read, text, text_field};
use crate::provision::{fresh, with};

fn entity(id: &str) -> Value {
    json!({"_acme": {"id": id, "amount": 5, "currency": "EUR", "at": "2026-09-21T14:13:20Z"}})
}

#[tokio::test]
async fn an_inlet_opens_five_minutes_after_its_flow() {
    let (client, store) = fresh().await;
    let (inlet, flow) = client.new_inlet(&store, "xdm", false).await;
    let message = client.message(&store, &flow, entity("1"));
    assert_eq!(client.stream(&inlet, &message).await.0, 404);
    client.platform.advance(Duration::from_secs(290));
    assert_eq!(client.stream(&inlet, &message).await.0, 404);
    client.platform.advance(Duration::from_secs(10));
    let (status, answer) = client.stream(&inlet, &message).await;
    assert_eq!((status, &answer["inletId"]), (200, &json!(inlet)));
    assert_eq!(answer["syncValidation"], json!({"skipped": true}));
    let taken = client.platform.collected(&store.dataset);
    assert_eq!(taken.len(), 1);
    assert_eq!((taken[0].operation, &taken[0].flow), (Operation::Create, &flow));
    assert_eq!(taken[0].xaction, text(&answer, "xactionId"));
    assert_eq!(serde_json::from_str::<Value>(&taken[0].entity).ok(), Some(entity("1")));
    assert_eq!(client.stream("none", &message).await.0, 404);
}

#[tokio::test]
async fn several_messages_are_answered_one_by_one_in_order() {
    let (client, store) = fresh().await;
    let (inlet, flow) = client.inlet(&store, "xdm").await;
    let good = client.message(&store, &flow, entity("1"));
    let wrong = |pointer: &str, value: Value| {
        let mut message = good.clone();
        *message.pointer_mut(pointer).expect("a member") = value;
        message
    };
    let messages = json!({"messages": [
        good,
        wrong("/header/imsOrgId", json!("other@AdobeOrg")),
        wrong("/header/datasetId", json!("other")),
        wrong("/header/flowId", json!("other")),
        wrong("/header/schemaRef/id", json!("other")),
        wrong("/body/xdmMeta/schemaRef/contentType", json!("application/json")),
        wrong("/body/xdmEntity", json!([])),
        {"header": good["header"]},
        client.message(&store, &flow, entity("2")),
    ]});
    let (status, answer) = client.stream(&format!("batch/{inlet}"), &messages).await;
    assert_eq!(status, 207);
    let responses = answer["responses"].as_array().expect("responses");
    let refused: Vec<bool> = responses.iter().map(|entry| entry["statusCode"] == 400).collect();
    assert_eq!(refused, [false, true, true, true, true, true, true, true, false], "{answer}");
    let taken = client.platform.collected(&store.dataset);
    let xactions: Vec<&str> = taken.iter().map(|one| one.xaction.as_str()).collect();
    assert_eq!(xactions, [text(&responses[0], "xactionId"), text(&responses[8], "xactionId")]);
    // Those whose dataset can be told are kept in an error batch.
    assert_eq!(client.platform.uncollected(&store.dataset).len(), 6);
    for body in [json!([]), json!({"messages": 1})] {
        assert_eq!(client.stream(&format!("batch/{inlet}"), &body).await.0, 400);
    }
}

#[tokio::test]
async fn a_wrong_record_is_received_and_fails_afterwards() {
    let (client, store) = fresh().await;
    let (inlet, flow) = client.inlet(&store, "xdm").await;
    let wrong = json!({"_acme": {"id": 1, "currency": "eur", "at": "yesterday", "other": null}});
    let message = client.message(&store, &flow, wrong);
    let (status, answer) = client.stream(&inlet, &message).await;
    assert_eq!(status, 200);
    assert!(client.platform.collected(&store.dataset).is_empty());
    let failed = client.platform.uncollected(&store.dataset);
    assert_eq!(failed[0].xaction, Some(text(&answer, "xactionId")));
    assert_eq!(failed[0].errors.len(), 4, "{:?}", failed[0].errors);
    // Asked for it, the inlet says so at once and drops the message.
    let (status, told) = client.stream(&format!("{inlet}?syncValidation=true"), &message).await;
    assert_eq!((status, &told["title"]), (400, &json!("Invalid XDM Message Format")));
    let told = told["report"]["cause"]["_streamingValidation"].as_array().expect("violations").clone();
    let keywords: Vec<String> = told.iter().map(|one| text(one, "keyword")).collect();
    assert_eq!(keywords, ["format", "pattern", "type", "additionalProperties"]);
    assert_eq!(client.platform.uncollected(&store.dataset).len(), 1);
    let right = client.message(&store, &flow, entity("1"));
    let (status, told) = client.stream(&format!("{inlet}?syncValidation=true"), &right).await;
    assert_eq!((status, &told["syncValidation"]["status"]), (200, &json!("pass")));
    assert_eq!(client.platform.collected(&store.dataset).len(), 1);
    let (status, list) = read(
        client.bare("GET", &format!("/sandbox/collected/{}", store.dataset)).send().await.expect("an answer"),
    )
    .await;
    assert_eq!((status, &list["count"], &list["items"][0]["entity"]), (200, &json!(1), &entity("1")));
    let path = format!("/sandbox/uncollected/{}", store.dataset);
    let (_, list) = read(client.bare("GET", &path).send().await.expect("an answer")).await;
    assert_eq!(list["count"], 1);
}

#[tokio::test]
async fn synchronous_validation_is_limited() {
    let (client, store) = fresh().await;
    let (inlet, flow) = client.inlet(&store, "xdm").await;
    let message = client.message(&store, &flow, entity("1"));
    let path = format!("{inlet}?syncValidation=true");
    for _ in 0..60 {
        assert_eq!(client.stream(&path, &message).await.0, 200);
    }
    assert_eq!(client.stream(&path, &message).await.0, 429);
    client.platform.advance(Duration::from_secs(60));
    assert_eq!(client.stream(&path, &message).await.0, 200);
    let several = json!({"messages": [message]});
    assert_eq!(client.stream(&format!("batch/{path}"), &several).await.0, 400);
}

#[tokio::test]
async fn requests_are_admitted_by_size_kind_sandbox_and_token() {
    let (client, store) = with(Options { token_lifetime: 1_000, ..Options::default() }).await;
    let (inlet, flow) = client.new_inlet(&store, "xdm", true).await;
    client.platform.advance(Duration::from_secs(300));
    let message = client.message(&store, &flow, entity("1"));
    let send = async |headers: &[(&str, &str)], body: String| {
        let mut request = client.bare("POST", &format!("/collection/{inlet}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.body(body).send().await.expect("an answer")).await
    };
    let kind = ("content-type", "application/json");
    let sandbox = ("x-sandbox-name", "prod");
    let token = format!("Bearer {}", client.token());
    let token = ("authorization", token.as_str());
    let body = message.to_string();
    assert_eq!(send(&[sandbox, token], body.clone()).await.0, 400);
    assert_eq!(send(&[kind, token], body.clone()).await.0, 400);
    assert_eq!(send(&[kind, ("x-sandbox-name", "dev"), token], body.clone()).await.0, 400);
    assert_eq!(send(&[kind, sandbox, token], "{".to_owned()).await.0, 400);
    let long = client.message(&store, &flow, json!({"_acme": {"id": "x".repeat(1_000_000)}}));
    assert_eq!(send(&[kind, sandbox, token], long.to_string()).await.0, 413);
    let (status, error) = send(&[kind, sandbox], body.clone()).await;
    assert_eq!((status, &error["status"]), (401, &json!("401")), "the status is text here");
    assert_eq!(send(&[kind, sandbox, ("authorization", "Bearer x")], body.clone()).await.0, 401);
    assert_eq!(send(&[kind, sandbox, token], body.clone()).await.0, 200);
    client.platform.advance(Duration::from_secs(1_000));
    assert_eq!(send(&[kind, sandbox, token], body).await.0, 401);
    assert_eq!(client.platform.collected(&store.dataset).len(), 1);
}

#[tokio::test]
async fn single_entries_fail_before_and_after_they_are_taken() {
    let (client, store) = fresh().await;
    let (inlet, flow) = client.inlet(&store, "xdm").await;
    let faults = "/collection/batch:entry503@2,/collection/batch:entry-after500@4,/collection/batch:429@2";
    client.platform.set_faults(faults.parse().expect("faults"));
    let messages: Vec<Value> =
        ["a", "b", "c", "d"].iter().map(|id| client.message(&store, &flow, entity(id))).collect();
    let path = format!("batch/{inlet}");
    let body = json!({"messages": messages});
    let (_, answer) = client.stream(&path, &body).await;
    let codes: Vec<Value> = answer["responses"]
        .as_array()
        .expect("responses")
        .iter()
        .map(|one| one["statusCode"].clone())
        .collect();
    assert_eq!(codes, [Value::Null, json!(503), Value::Null, json!(500)]);
    assert_eq!(client.platform.collected(&store.dataset).len(), 3);
    assert!(client.platform.uncollected(&store.dataset).is_empty());
    assert_eq!(client.stream(&path, &body).await.0, 429);
    assert_eq!(client.platform.collected(&store.dataset).len(), 3);
}

#[tokio::test]
async fn a_changed_schema_is_seen_a_quarter_of_an_hour_later() {
    let (client, store) = fresh().await;
    let (inlet, flow) = client.inlet(&store, "xdm").await;
    let old = client.message(&store, &flow, entity("1"));
    assert_eq!(client.stream(&inlet, &old).await.0, 200);
    let group = client.group("More", json!({"more": text_field()})).await;
    let patch = json!([{"op": "add", "path": "/meta:extends/-", "value": group["$id"]},
        {"op": "add", "path": "/allOf/-", "value": {"$ref": group["$id"]}}]);
    let (status, answer) = client.patch("schemas", &json!({"$id": store.schema}), patch).await;
    assert_eq!(status, 200, "{answer}");
    let new = client.message(&store, &flow, json!({"_acme": {"more": "x"}}));
    client.stream(&inlet, &new).await;
    assert_eq!(client.platform.uncollected(&store.dataset).len(), 1);
    client.platform.advance(Duration::from_secs(900));
    client.stream(&inlet, &new).await;
    assert_eq!(client.platform.collected(&store.dataset).len(), 2);
}
