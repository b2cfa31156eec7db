//! Raw inlets: mapping sets, and operations on Profile.

use serde_json::{Value, json};
use stripe_xdm_sandbox::platform::Operation;

use crate::client::{CATALOG, Client, read, text};
use crate::provision::{Store, fresh};

fn message(client: &Client, store: &Store, flow: &str, operation: &str, data: Value) -> Value {
    json!({"header": {"imsOrgId": client.platform.organization().id, "datasetId": store.dataset,
            "flowId": flow, "operations": {"data": operation}},
        "body": {"data": data}})
}

#[tokio::test]
async fn raw_data_is_mapped() {
    let (client, store) = fresh().await;
    let (inlet, flow) = client.inlet(&store, "raw").await;
    let bare = json!({"data": {"id": "ch_1", "amount": 7, "other": true}});
    assert_eq!(client.stream(&inlet, &bare).await.0, 400, "no flow is named");
    let query = format!("{inlet}?x-adobe-flow-id={flow}");
    assert_eq!(client.stream(&query, &bare).await.0, 200);
    let request = client.bare("POST", &format!("/collection/{inlet}"));
    let request = request.header("content-type", "application/json").header("x-sandbox-name", "prod");
    let request = request.header("x-adobe-flow-id", &flow);
    assert_eq!(read(request.body(bare.to_string()).send().await.expect("an answer")).await.0, 200);
    let taken = client.platform.collected(&store.dataset);
    assert_eq!(taken.len(), 2);
    assert_eq!(taken[1].entity, r#"{"_acme":{"id":"ch_1","amount":7}}"#);
}

#[tokio::test]
async fn operations_change_profile() {
    let (client, store) = fresh().await;
    let (inlet, flow) = client.inlet(&store, "raw").await;
    let create = message(&client, &store, &flow, "create", json!({"id": "ch_1", "amount": 1}));
    assert_eq!(client.stream(&inlet, &create).await.0, 400, "the dataset is not enabled");
    client.enable(&store).await;
    assert_eq!(client.stream(&inlet, &create).await.0, 200);
    let merge = message(&client, &store, &flow, "merge", json!({"id": "ch_1", "amount": 2}));
    assert_eq!(client.stream(&inlet, &merge).await.0, 200);
    let profiles = client.platform.profiles(&store.dataset);
    assert_eq!(profiles.get("ch_1"), Some(&json!({"_acme": {"id": "ch_1", "amount": 2}})));
    let delete = message(&client, &store, &flow, "delete", json!({"id": "ch_1"}));
    assert_eq!(client.stream(&inlet, &delete).await.0, 200);
    assert!(client.platform.profiles(&store.dataset).is_empty());
    let done: Vec<Operation> =
        client.platform.collected(&store.dataset).iter().map(|one| one.operation).collect();
    assert_eq!(done, [Operation::Create, Operation::Merge, Operation::Delete]);
    let other = message(&client, &store, &flow, "replace", json!({"id": "ch_1"}));
    assert_eq!(client.stream(&inlet, &other).await.0, 400);
}

#[tokio::test]
async fn identities_need_a_dataset_of_their_own() {
    let (client, store) = fresh().await;
    let (inlet, flow) = client.inlet(&store, "raw").await;
    client.enable(&store).await;
    let mut create = message(&client, &store, &flow, "create", json!({"id": "ch_1"}));
    create["header"]["operations"]["identity"] = json!("create");
    assert_eq!(client.stream(&inlet, &create).await.0, 400);
    create["header"]["operations"]["identityDatasetId"] = json!(store.dataset);
    assert_eq!(client.stream(&inlet, &create).await.0, 400);
    let second = client.dataset("identities", &json!({"$id": store.schema})).await;
    let tags = json!({"tags": {"unifiedIdentity": ["enabled:true"]}});
    assert_eq!(client.send("PATCH", &format!("{CATALOG}/dataSets/{second}"), &tags).await.0, 200);
    create["header"]["operations"]["identityDatasetId"] = json!(second);
    assert_eq!(client.stream(&inlet, &create).await.0, 200);
}

#[tokio::test]
async fn an_inlet_of_xdm_takes_no_operations() {
    let (client, store) = fresh().await;
    let (inlet, flow) = client.inlet(&store, "xdm").await;
    client.enable(&store).await;
    let mut message = client.message(&store, &flow, json!({"_acme": {"id": "ch_1"}}));
    message["header"]["operations"] = json!({"data": "merge"});
    let (status, error) = client.stream(&inlet, &message).await;
    assert_eq!(status, 400);
    assert!(text(&error["report"], "message").contains("operations"), "{error}");
    message["header"]["operations"].take();
    assert_eq!(client.stream(&inlet, &message).await.0, 200);
    assert_eq!(client.platform.profiles(&store.dataset).len(), 1);
}
