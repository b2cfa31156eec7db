//! Enabling schemas and datasets for Profile.

use serde_json::{Value, json};

use crate::client::{
    CATALOG, Client, EVENT, FULL, PROFILE, REGISTRY, SHORT, escaped, group, open, text, text_field,
};

fn enable() -> Value {
    json!([{"op": "add", "path": "/meta:immutableTags", "value": ["union"]}])
}

async fn person(client: &Client) -> Value {
    client.namespace("Person").await;
    let group = client.group("Group", json!({"id": text_field(), "other": text_field()})).await;
    client.schema("Person", PROFILE, &[&group]).await
}

#[tokio::test]
async fn a_union_needs_an_identity_and_its_tag_stays() {
    let client = open().await;
    let schema = person(&client).await;
    let (status, error) = client.patch("schemas", &schema, enable()).await;
    assert_eq!(status, 400);
    assert_eq!(error["type"], "http://ns.adobe.com/aep/errors/XDM-1528-400");
    let descriptor = client.identity(&schema, "/_acme/id", "Person", true).await;
    let (status, enabled) = client.patch("schemas", &schema, enable()).await;
    assert_eq!((status, &enabled["meta:immutableTags"]), (200, &json!(["union"])));
    let remove = json!([{"op": "remove", "path": "/meta:immutableTags"}]);
    assert_eq!(client.patch("schemas", &schema, remove).await.0, 400);
    // Who writes the schema anew need not repeat the tag.
    let mut again = schema.clone();
    again["description"] = json!("Described");
    let path = format!("{REGISTRY}/tenant/schemas/{}", escaped(&text(&schema, "$id")));
    let (status, written) = client.send("PUT", &path, &again).await;
    assert_eq!((status, &written["meta:immutableTags"]), (200, &json!(["union"])), "{written}");
    // The identity and the schema stay too.
    let path = format!("{REGISTRY}/tenant/descriptors/{}", text(&descriptor, "@id"));
    assert_eq!(client.send("DELETE", &path, &Value::Null).await.0, 400);
    let path = format!("{REGISTRY}/tenant/schemas/{}", escaped(&text(&schema, "$id")));
    assert_eq!(client.send("DELETE", &path, &Value::Null).await.0, 400);
    let (_, unions) = client.get("/tenant/unions", SHORT).await;
    assert_eq!(unions["results"][0]["$id"], json!(format!("{PROFILE}__union")));
    let (status, union) =
        client.get(&format!("/tenant/unions/{}", escaped(&format!("{PROFILE}__union"))), FULL).await;
    assert_eq!((status, &union["properties"]["_acme"]["properties"]["id"]["type"]), (200, &json!("string")));
}

#[tokio::test]
async fn an_identity_map_is_identity_enough() {
    let client = open().await;
    let fields = client.make("fieldgroups", group("Events", &[EVENT], json!({"id": text_field()}))).await;
    let schema = client.schema("Events", EVENT, &[&fields]).await;
    assert_eq!(client.patch("schemas", &schema, enable()).await.0, 200);
}

#[tokio::test]
async fn relationships_in_a_union_need_a_matching_reference_identity() {
    let client = open().await;
    let target = person(&client).await;
    client.identity(&target, "/_acme/id", "Person", true).await;
    let fields = client.make("fieldgroups", group("Events", &[EVENT], json!({"person": text_field()}))).await;
    let schema = client.schema("Events", EVENT, &[&fields]).await;
    let relation = json!({"@type": "xdm:descriptorOneToOne", "xdm:sourceSchema": schema["$id"],
        "xdm:sourceVersion": 1, "xdm:sourceProperty": "/_acme/person", "xdm:destinationSchema": target["$id"],
        "xdm:destinationVersion": 1, "xdm:destinationProperty": "/_acme/id"});
    client.make("descriptors", relation).await;
    let (_, error) = client.patch("schemas", &schema, enable()).await;
    assert_eq!(error["type"], "http://ns.adobe.com/aep/errors/XDM-1526-400");
    client.namespace("Company").await;
    let company = client.group("Company", json!({"company": text_field()})).await;
    let company = client.schema("Company", PROFILE, &[&company]).await;
    client.identity(&company, "/_acme/company", "Company", true).await;
    let reference = |code: &str| {
        json!({"@type": "xdm:descriptorReferenceIdentity", "xdm:sourceSchema": schema["$id"],
            "xdm:sourceVersion": 1, "xdm:sourceProperty": "/_acme/person", "xdm:identityNamespace": code})
    };
    let wrong = client.make("descriptors", reference("Company")).await;
    assert_eq!(client.patch("schemas", &target, enable()).await.0, 200);
    let (_, error) = client.patch("schemas", &schema, enable()).await;
    assert_eq!(error["type"], "http://ns.adobe.com/aep/errors/XDM-1527-400");
    let path = format!("{REGISTRY}/tenant/descriptors/{}", text(&wrong, "@id"));
    let (status, changed) = client.send("PUT", &path, &reference("Person")).await;
    assert_eq!((status, changed), (201, json!({"@id": wrong["@id"]})));
    assert_eq!(client.patch("schemas", &schema, enable()).await.0, 200);
}

#[tokio::test]
async fn a_dataset_is_enabled_only_when_its_schema_is() {
    let client = open().await;
    let schema = person(&client).await;
    client.identity(&schema, "/_acme/id", "Person", true).await;
    let dataset = json!({"name": "people", "schemaRef": {"id": schema["$id"],
        "contentType": "application/vnd.adobe.xed-full+json; version=1"},
        "tags": {"unifiedProfile": ["enabled: true"], "unifiedIdentity": ["enabled:true"]}});
    let path = format!("{CATALOG}/dataSets");
    let (status, error) = client.send("POST", &path, &dataset).await;
    assert_eq!(
        (status, text(&error, "detail").as_str()),
        (400, "To enable profile datasets the schema should be valid")
    );
    assert_eq!(client.patch("schemas", &schema, enable()).await.0, 200);
    let (status, made) = client.send("POST", &path, &dataset).await;
    assert_eq!(status, 201, "{made}");
    let (_, datasets) = client.fetch(&path).await;
    let only = datasets.as_object().and_then(|all| all.values().next()).expect("a dataset");
    assert_eq!(only["tags"]["unifiedProfile"], json!(["enabled:true"]));
}
