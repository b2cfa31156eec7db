//! Flow Service: connections and flows.

use serde_json::{Value, json};

use crate::client::{read, text};
use crate::provision::{FLOWS, NOW, charges, fresh, inlet, stripe, target};

#[tokio::test]
async fn a_connection_to_stripe_keeps_its_secret() {
    let (client, _) = fresh().await;
    let good = client.provide("connections", &stripe("sk_test_secret")).await;
    let bad = client.provide("connections", &stripe("password1")).await;
    let found = client.item(&format!("connections/{good}")).await;
    assert_eq!(found["auth"]["params"]["accessToken"], "******");
    assert_eq!((&found["state"], &found["etag"]), (&json!("enabled"), &found["version"]));
    for (id, works) in [(&good, true), (&bad, false)] {
        let (status, answer) = client.fetch(&format!("{FLOWS}/connections/{id}/test")).await;
        assert_eq!((status, answer), (200, json!({"result": works})));
    }
    let logged = format!("{:?}", client.platform.requests());
    assert!(!logged.contains("sk_test_secret") && !logged.contains("password1"));
}

#[tokio::test]
async fn connections_that_lack_something_are_refused() {
    let (client, _) = fresh().await;
    for (pointer, value) in [
        ("/name", json!("")),
        ("/connectionSpec/id", json!("00000000-0000-0000-0000-000000000000")),
        ("/connectionSpec/version", json!("2.0")),
        ("/auth/specName", json!("Basic")),
        ("/auth/params", Value::Null),
        ("/auth/params/accessToken", json!("")),
    ] {
        let mut body = stripe("sk_test_1");
        *body.pointer_mut(pointer).expect("a member") = value;
        assert_eq!(client.send("POST", &format!("{FLOWS}/connections"), &body).await.0, 400, "{body}");
    }
    for (pointer, value) in
        [("/auth/params/dataType", json!("csv")), ("/auth/params/authenticationRequired", json!("yes"))]
    {
        let mut body = inlet("xdm", true);
        *body.pointer_mut(pointer).expect("a member") = value;
        assert_eq!(client.send("POST", &format!("{FLOWS}/connections"), &body).await.0, 400, "{body}");
    }
}

#[tokio::test]
async fn a_source_is_explored_below_data() {
    let (client, _) = fresh().await;
    let base = client.provide("connections", &stripe("rk_test_1")).await;
    let path = |resource: &str| {
        format!(
            "{FLOWS}/connections/{base}/explore?objectType=rest&object=json&fileType=json&preview=false&sourceParams={resource}"
        )
    };
    let (status, found) = client.fetch(&path("eyJyZXNvdXJjZVBhdGgiOiJjaGFyZ2VzIn0%3D")).await;
    assert_eq!((status, &found["format"]), (200, &json!("hierarchical")));
    let record = &found["schema"]["properties"]["data"];
    assert_eq!(record["properties"]["id"], json!({"type": "string"}));
    assert_eq!(record["properties"]["amount"]["maximum"], json!(9_007_199_254_740_991_i64));
    let fields = record["properties"].as_object().expect("fields");
    assert!(fields.values().any(|field| *field == json!({})), "a null tells no type");
    // Not Base64; no JSON; a resource that the source lacks.
    for wrong in ["charges", "Y2hhcmdlcw%3D%3D", "eyJyZXNvdXJjZVBhdGgiOiJpbnZvaWNlcyJ9"] {
        assert_eq!(client.fetch(&path(wrong)).await.0, 400, "{wrong}");
    }
    let short = format!("{FLOWS}/connections/{base}/explore?objectType=rest");
    assert_eq!(client.fetch(&short).await.0, 400);
}

#[tokio::test]
async fn ends_of_a_flow_must_exist_and_fit() {
    let (client, store) = fresh().await;
    let base = client.provide("connections", &stripe("sk_test_1")).await;
    for (pointer, value) in [
        ("/name", json!("")),
        ("/baseConnectionId", json!("none")),
        ("/data/format", json!("csv")),
        ("/params/resourcePath", json!("invoices")),
    ] {
        let mut body = charges(&base);
        *body.pointer_mut(pointer).expect("a member") = value;
        assert_eq!(client.send("POST", &format!("{FLOWS}/sourceConnections"), &body).await.0, 400, "{body}");
    }
    for (pointer, value) in [
        ("/params/dataSetId", json!("none")),
        ("/data/schema/id", json!("https://ns.adobe.com/acme/schemas/none")),
        ("/data/schema/version", json!("1")),
    ] {
        let mut body = target(&store);
        *body.pointer_mut(pointer).expect("a member") = value;
        assert_eq!(client.send("POST", &format!("{FLOWS}/targetConnections"), &body).await.0, 400, "{body}");
    }
}

fn hourly() -> Value {
    json!({"startTime": (NOW + 3600).to_string(), "frequency": "hour", "interval": 1})
}

#[tokio::test]
async fn a_flow_is_made_changed_and_switched() {
    let (client, store) = fresh().await;
    let body = client.scheduled(&store, "sk_test_1", hourly()).await;
    for (pointer, value) in [
        ("/flowSpec/id", json!("d8a6f005-7eaf-4153-983e-e8574508b877")),
        ("/sourceConnectionIds", json!([])),
        ("/targetConnectionIds", json!(["none"])),
        ("/transformations/0/name", json!("mapping")),
        ("/transformations/0/params/mappingId", json!("none")),
        ("/transformations/0/params/mappingVersion", json!(1)),
        ("/scheduleParams", Value::Null),
        ("/scheduleParams/interval", json!(0)),
    ] {
        let mut wrong = body.clone();
        *wrong.pointer_mut(pointer).expect("a member") = value;
        assert_eq!(client.send("POST", &format!("{FLOWS}/flows"), &wrong).await.0, 400, "{wrong}");
    }
    let id = client.provide("flows", &body).await;
    let path = format!("{FLOWS}/flows/{id}");
    let change = |tag: Option<String>, patch: Value| {
        let mut request = client.request("PATCH", &path).header("content-type", "application/json");
        if let Some(tag) = tag {
            request = request.header("if-match", tag);
        }
        async move { read(request.body(patch.to_string()).send().await.expect("an answer")).await }
    };
    let etag = text(&client.item(&format!("flows/{id}")).await, "etag");
    let rename = json!([{"op": "replace", "path": "/name", "value": "New"}]);
    assert_eq!(change(None, rename.clone()).await.0, 400);
    assert_eq!(change(Some("\"other\"".to_owned()), rename.clone()).await.0, 412);
    // Without the quotes that are part of it, as one of the samples prints it.
    let (status, changed) = change(Some(etag.trim_matches('"').to_owned()), rename).await;
    assert_eq!(status, 200, "{changed}");
    let etag = text(&changed, "etag");
    let daily = json!([{"op": "REPLACE", "path": "/scheduleParams/frequency", "value": "day"}]);
    let (status, changed) = change(Some(etag.clone()), daily.clone()).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(change(Some(etag), daily).await.0, 412, "every change makes a new etag");
    for (path, value) in [
        ("/state", json!("disabled")),
        ("/sourceConnectionIds/0", json!("other")),
        ("/scheduleParams/frequency", json!("once")),
        ("/transformations/0", json!({"name": "Mapping", "params": {"mappingId": "none"}})),
    ] {
        let etag = text(&client.item(&format!("flows/{id}")).await, "etag");
        let patch = json!([{"op": "replace", "path": path, "value": value}]);
        assert_eq!(change(Some(etag), patch).await.0, 400, "{path}");
    }
    for (op, state) in [("DISABLE", "disabled"), ("ENABLE", "enabled")] {
        let request = client.request("POST", &format!("{path}/action?op={op}"));
        assert_eq!(request.send().await.expect("an answer").status(), 200);
        let flow = client.item(&format!("flows/{id}")).await;
        assert_eq!((&flow["state"], &flow["name"]), (&json!(state), &json!("New")));
    }
    let request = client.request("POST", &format!("{path}/action?op=STOP"));
    assert_eq!(request.send().await.expect("an answer").status(), 400);
}

#[tokio::test]
async fn things_are_deleted_in_the_order_in_which_they_depend() {
    let (client, store) = fresh().await;
    let body = client.scheduled(&store, "sk_test_1", hourly()).await;
    let flow = client.provide("flows", &body).await;
    let source = body["sourceConnectionIds"][0].as_str().expect("an id").to_owned();
    let target = body["targetConnectionIds"][0].as_str().expect("an id").to_owned();
    let base = text(&client.item(&format!("sourceConnections/{source}")).await, "baseConnectionId");
    let order = [
        format!("flows/{flow}"),
        format!("sourceConnections/{source}"),
        format!("targetConnections/{target}"),
        format!("connections/{base}"),
    ];
    for path in order.iter().skip(1) {
        assert_eq!(client.send("DELETE", &format!("{FLOWS}/{path}"), &Value::Null).await.0, 400, "{path}");
    }
    for path in &order {
        assert_eq!(client.send("DELETE", &format!("{FLOWS}/{path}"), &Value::Null).await.0, 204, "{path}");
        assert_eq!(client.fetch(&format!("{FLOWS}/{path}")).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn lists_are_filtered_and_come_in_pages() {
    let (client, _) = fresh().await;
    for name in ["c", "a", "b"] {
        let mut body = stripe("sk_test_1");
        body["name"] = json!(name);
        client.provide("connections", &body).await;
    }
    let list = async |query: &str| {
        let (status, page) = client.fetch(&format!("{FLOWS}/connections?{query}")).await;
        assert_eq!(status, 200, "{page}");
        let items = page["items"].as_array().expect("items").clone();
        let names: Vec<String> = items.iter().map(|item| text(item, "name")).collect();
        (names, page)
    };
    assert_eq!(list("orderby=name").await.0, ["a", "b", "c"]);
    assert_eq!(list("orderby=-createdAt").await.0, ["b", "a", "c"]);
    assert_eq!(list("property=name==a").await.0, ["a"]);
    assert_eq!(list("property=name!=a&orderby=name").await.0, ["b", "c"]);
    assert_eq!(list("property=state==enabled&property=name==b").await.0, ["b"]);
    assert_eq!(list("property=createdAt%3E=99").await.0.len(), 3);
    let (names, page) = list("orderby=name&limit=2&count=true").await;
    assert_eq!((names.len(), &page["count"]), (2, &json!(3)));
    let next = text(&page["_links"]["next"], "href");
    let (status, rest) = client.fetch(&format!("{FLOWS}{next}")).await;
    assert_eq!((status, &rest["items"][0]["name"]), (200, &json!("c")));
    assert_eq!(rest["_links"], json!({}));
    assert_eq!(client.fetch(&format!("{FLOWS}/connections?limit=0")).await.0, 400);
}
