//! Runs of flows, as time passes.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Client, text};
use crate::provision::{FLOWS, NOW, fresh};

async fn runs(client: &Client, flow: &str) -> Vec<Value> {
    let (status, page) = client.fetch(&format!("{FLOWS}/runs?property=flowId=={flow}&limit=100")).await;
    assert_eq!(status, 200, "{page}");
    page["items"].as_array().expect("items").clone()
}

#[tokio::test]
async fn a_flow_runs_by_its_schedule() {
    let (client, store) = fresh().await;
    let schedule = json!({"startTime": NOW + 600, "frequency": "minute", "interval": 15});
    let body = client.scheduled(&store, "sk_test_1", schedule).await;
    let flow = client.provide("flows", &body).await;
    assert!(runs(&client, &flow).await.is_empty());
    client.platform.advance(Duration::from_secs(610));
    let under_way = runs(&client, &flow).await;
    assert_eq!(under_way.len(), 1);
    assert_eq!(under_way[0]["metrics"]["statusSummary"]["status"], "in_progress");
    assert_eq!(runs(&client, &flow).await[0]["id"], under_way[0]["id"], "a run stays what it is");
    client.platform.advance(Duration::from_secs(60));
    let first = runs(&client, &flow).await.remove(0);
    assert_eq!(first["id"], under_way[0]["id"]);
    assert_ne!(first["etag"], under_way[0]["etag"]);
    // With records that failed, a run is a success still.
    let metrics = &first["metrics"];
    assert_eq!(metrics["statusSummary"]["status"], "success");
    assert_eq!(metrics["recordSummary"]["inputRecordCount"], 100);
    assert_eq!(metrics["recordSummary"]["failedRecordCount"], 1);
    let promotion = &first["activities"][1];
    assert_eq!(promotion["statusSummary"]["extensions"]["errors"][1]["code"], "MAPPER-3700-400");
    assert!(promotion["targetInfo"][0]["reference"]["ids"][0].is_string());
    client.platform.advance(Duration::from_secs(3600));
    let all = runs(&client, &flow).await;
    assert_eq!(all.len(), 5);
    assert_eq!(all[4]["metrics"]["recordSummary"]["failedRecordCount"], 0);
    let one = client.item(&format!("runs/{}", text(&all[2], "id"))).await;
    assert_eq!(one, all[2]);
    let shown = client.item(&format!("flows/{flow}")).await;
    assert_eq!(shown["lastRunDetails"]["id"], all[4]["id"]);
    // Its start has passed.
    let request = client.request("PATCH", &format!("{FLOWS}/flows/{flow}"));
    let request = request.header("content-type", "application/json").header("if-match", text(&shown, "etag"));
    let patch = json!([{"op": "replace", "path": "/scheduleParams/startTime", "value": NOW + 99_999}]);
    assert_eq!(request.body(patch.to_string()).send().await.expect("an answer").status(), 400);
}

#[tokio::test]
async fn a_disabled_flow_does_not_run() {
    let (client, store) = fresh().await;
    let schedule = json!({"startTime": NOW, "frequency": "hour", "interval": 1, "backfill": false});
    let body = client.scheduled(&store, "sk_test_1", schedule).await;
    let flow = client.provide("flows", &body).await;
    let act = async |op: &str| {
        let request = client.request("POST", &format!("{FLOWS}/flows/{flow}/action?op={op}"));
        assert_eq!(request.send().await.expect("an answer").status(), 200);
    };
    client.platform.advance(Duration::from_secs(3600));
    act("DISABLE").await;
    client.platform.advance(Duration::from_secs(4 * 3600));
    assert_eq!(runs(&client, &flow).await.len(), 1);
    act("ENABLE").await;
    client.platform.advance(Duration::from_secs(3600));
    assert_eq!(runs(&client, &flow).await.len(), 2);
}

#[tokio::test]
async fn a_run_fails_when_the_key_is_wrong() {
    let (client, store) = fresh().await;
    let schedule = json!({"startTime": NOW, "frequency": "once"});
    let body = client.scheduled(&store, "wrong", schedule).await;
    let flow = client.provide("flows", &body).await;
    client.platform.advance(Duration::from_secs(120));
    let failed = runs(&client, &flow).await.remove(0);
    assert_eq!(failed["metrics"]["statusSummary"]["status"], "failed");
    assert_eq!(failed["metrics"]["statusSummary"]["errors"][0]["code"], "CONNECTOR-2001-500");
    let again = format!("{FLOWS}/runs/{}/action?op=RE_TRIGGER", text(&failed, "id"));
    let request = client.request("POST", &again).send().await.expect("an answer");
    assert_eq!(request.status(), 200);
    assert_eq!(runs(&client, &flow).await.len(), 2);
}

#[tokio::test]
async fn only_a_flow_that_runs_once_runs_on_demand() {
    let (client, store) = fresh().await;
    let demand = async |flow: &str| {
        let body = json!({"flowId": flow, "params": {"startTime": NOW, "windowStartTime": NOW - 60,
            "windowEndTime": NOW}});
        client.send("POST", &format!("{FLOWS}/runs"), &body).await.0
    };
    let once = json!({"startTime": NOW, "frequency": "once"});
    let once = client.scheduled(&store, "sk_test_1", once).await;
    let once = client.provide("flows", &once).await;
    assert_eq!(demand(&once).await, 201);
    assert_eq!(runs(&client, &once).await.len(), 2);
    let hourly = json!({"startTime": NOW, "frequency": "hour", "interval": 1});
    let hourly = client.scheduled(&store, "sk_test_1", hourly).await;
    let hourly = client.provide("flows", &hourly).await;
    assert_eq!(demand(&hourly).await, 400);
    assert_eq!(demand("none").await, 404);
}
