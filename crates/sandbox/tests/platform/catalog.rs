//! Datasets.

use serde_json::{Value, json};

use crate::client::{CATALOG, Client, PROFILE, open, read, text_field};

const JSON_PATCH: &str = "application/json-patch+json";

async fn schema(client: &Client) -> Value {
    let group = client.group("Group", json!({"a": text_field()})).await;
    client.schema("Schema", PROFILE, &[&group]).await
}

#[tokio::test]
async fn a_dataset_is_made_for_a_schema_that_exists() {
    let client = open().await;
    let schema = schema(&client).await;
    let path = format!("{CATALOG}/dataSets");
    let kind = "application/vnd.adobe.xed-full+json; version=1";
    let good = json!({"name": "data", "schemaRef": {"id": schema["$id"], "contentType": kind},
        "enableErrorDiagnostics": true, "tags": {"made by": ["us"]}});
    for (key, value) in [
        ("name", Value::Null),
        ("schemaRef", Value::Null),
        ("schemaRef", json!({"id": schema["$id"]})),
        ("schemaRef", json!({"id": schema["$id"], "contentType": "application/json"})),
        ("schemaRef", json!({"id": "https://ns.adobe.com/acme/schemas/none", "contentType": kind})),
        ("enableErrorDiagnostics", json!("true")),
        ("tags", json!({"made by": "us"})),
        ("tags", json!({"made by": [1]})),
    ] {
        let mut wrong = good.clone();
        wrong[key] = value;
        assert_eq!(client.send("POST", &path, &wrong).await.0, 400, "{wrong}");
    }
    let (status, made) = client.send("POST", &path, &good).await;
    assert_eq!(status, 201);
    let id =
        made[0].as_str().and_then(|text| text.strip_prefix("@/dataSets/")).expect("a reference").to_owned();
    assert_eq!(id.len(), 24);
    let (status, found) = client.fetch(&format!("{path}/{id}")).await;
    assert_eq!((status, &found[&id]["enableErrorDiagnostics"]), (200, &json!(true)));
    assert_eq!(found[&id]["schemaRef"]["id"], schema["$id"]);
    assert_eq!(found[&id]["imsOrg"], json!(client.platform.organization().id));
    let (_, part) = client.fetch(&format!("{path}/{id}?properties=name,version")).await;
    assert_eq!(part[&id], json!({"name": "data", "version": "1.0.0"}));
    assert_eq!(client.fetch(&format!("{path}/none")).await.0, 404);
}

#[tokio::test]
async fn datasets_are_found_by_name_and_come_in_pages() {
    let client = open().await;
    let schema = schema(&client).await;
    for name in ["c", "a", "b"] {
        client.dataset(name, &schema).await;
    }
    let path = format!("{CATALOG}/dataSets");
    let names = |page: &Value| -> Vec<String> {
        let all = page.as_object().expect("an object").values();
        let mut names: Vec<String> =
            all.filter_map(|entry| entry["name"].as_str().map(str::to_owned)).collect();
        names.sort();
        names
    };
    for (query, wanted) in [
        ("name=a", vec!["a"]),
        ("name=none", vec![]),
        ("limit=2", vec!["a", "c"]),
        ("limit=2&start=2", vec!["b"]),
        ("limit=2&orderBy=desc:created", vec!["a", "b"]),
        ("limit=1&orderBy=asc:name&start=1", vec!["b"]),
        ("property=name%3D%3Dc", vec!["c"]),
    ] {
        let (status, page) = client.fetch(&format!("{path}?{query}")).await;
        assert_eq!((status, names(&page)), (200, wanted.into_iter().map(str::to_owned).collect()), "{query}");
    }
    for query in ["limit=101", "limit=0", "limit=x", "orderBy=up:name", "page=1"] {
        assert_eq!(client.fetch(&format!("{path}?{query}")).await.0, 400, "{query}");
    }
}

#[tokio::test]
async fn a_dataset_is_changed_by_merging_and_by_json_patch() {
    let client = open().await;
    let schema = schema(&client).await;
    let id = client.dataset("data", &schema).await;
    let path = format!("{CATALOG}/dataSets/{id}");
    let reference = json!([format!("@/dataSets/{id}")]);
    let merge = json!({"description": "Described", "tags": {"a": ["1"]}});
    assert_eq!(client.send("PATCH", &path, &merge).await, (200, reference.clone()));
    let deep = format!("{CATALOG}/v2/dataSets/{id}");
    assert_eq!(client.send("PATCH", &deep, &json!({"tags": {"b": ["2"]}})).await.0, 200);
    let patch =
        json!([{"op": "add", "path": "/tags/c", "value": ["3"]}, {"op": "remove", "path": "/tags/a"}]);
    let request = client.request("PATCH", &path).header("content-type", JSON_PATCH);
    let answer = read(request.body(patch.to_string()).send().await.expect("an answer")).await;
    assert_eq!(answer, (200, reference.clone()));
    // A JSON Patch under the other content type is no object to merge.
    assert_eq!(client.send("PATCH", &path, &patch).await.0, 400);
    let (_, found) = client.fetch(&path).await;
    assert_eq!(found[&id]["tags"], json!({"b": ["2"], "c": ["3"]}));
    assert_eq!((&found[&id]["description"], &found[&id]["version"]), (&json!("Described"), &json!("1.0.3")));
    let stale = client.request("PATCH", &deep).header("content-type", "application/json");
    let stale = stale.header("if-match", "1.0.0").body("{}").send().await.expect("an answer");
    assert_eq!(stale.status(), 412);
    let other = json!({"schemaRef": {"id": "https://ns.adobe.com/acme/schemas/none",
        "contentType": "application/vnd.adobe.xed+json;version=1"}});
    assert_eq!(client.send("PATCH", &path, &other).await.0, 400);
    assert_eq!(client.send("DELETE", &path, &Value::Null).await, (200, reference));
    assert_eq!(client.fetch(&path).await.0, 404);
}
