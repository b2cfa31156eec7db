//! PUT and PATCH: schemas in use only grow, and a path has one type.

use serde_json::{Value, json};

use crate::client::{Client, FULL, PROFILE, REGISTRY, escaped, group, open, text, text_field};

fn field(name: &str) -> String {
    format!("/definitions/customFields/properties/_acme/properties/{name}")
}

/// A field group, a schema of it, and a dataset of that.
async fn used(client: &Client) -> (Value, Value) {
    let fields = json!({
        "name": {"type": "string", "maxLength": 10},
        "kind": {"type": "string", "enum": ["a", "b"]},
        "count": {"type": "integer", "minimum": 0, "maximum": 10},
        "inner": {"type": "object", "properties": {"x": {"type": "string"}}},
    });
    let group = client.group("Group", fields).await;
    let schema = client.schema("Schema", PROFILE, &[&group]).await;
    client.dataset("data", &schema).await;
    (group, schema)
}

#[tokio::test]
async fn a_schema_in_use_grows_and_gets_a_later_version() {
    let client = open().await;
    let (group, schema) = used(&client).await;
    let patch = json!([
        {"op": "add", "path": field("more"), "value": {"type": "string", "title": "More"}},
        {"op": "replace", "path": field("name/maxLength"), "value": 20},
        {"op": "add", "path": field("kind/enum/-"), "value": "c"},
        {"op": "add", "path": field("name/title"), "value": "Name"},
        {"op": "add", "path": "/description", "value": "Now described"},
    ]);
    let (status, changed) = client.patch("fieldgroups", &group, patch).await;
    assert_eq!((status, &changed["version"]), (200, &json!("1.1")), "{changed}");
    let path = format!("/tenant/schemas/{}", text(&schema, "meta:altId"));
    let (_, full) = client.get(&path, FULL).await;
    assert_eq!(full["properties"]["_acme"]["properties"]["more"]["meta:xdmType"], "string");
    assert_eq!(full["properties"]["_acme"]["properties"]["name"]["maxLength"], 20);
}

#[tokio::test]
async fn what_takes_away_is_refused_once_a_dataset_uses_the_schema() {
    let client = open().await;
    let (group, _) = used(&client).await;
    for (patch, reason) in [
        (json!({"op": "remove", "path": field("name")}), "/_acme/name was removed"),
        (json!({"op": "remove", "path": field("inner/properties/x")}), "/_acme/inner/x was removed"),
        (
            json!({"op": "replace", "path": field("name"), "value": {"type": "boolean"}}),
            "/_acme/name was string and is now boolean",
        ),
        (
            json!({"op": "replace", "path": field("name/maxLength"), "value": 5}),
            "/_acme/name has a narrower maxLength",
        ),
        (
            json!({"op": "add", "path": field("name/pattern"), "value": "^x"}),
            "/_acme/name has another pattern",
        ),
        (json!({"op": "remove", "path": field("kind/enum/0")}), "/_acme/kind allows fewer values"),
        (
            json!({"op": "add", "path": field("inner/required"), "value": ["x"]}),
            "/_acme/inner/x became required",
        ),
        (
            json!({"op": "replace", "path": field("count/maximum"), "value": 5}),
            "/_acme/count has a narrower maximum",
        ),
    ] {
        let (status, error) = client.patch("fieldgroups", &group, json!([patch])).await;
        assert_eq!(status, 400, "{patch}");
        assert!(text(&error, "detail").contains(reason), "{error}");
    }
    // Nothing of it has stayed.
    let path = format!("/tenant/fieldgroups/{}", text(&group, "meta:altId"));
    let (_, now) = client.get(&path, crate::client::RAW).await;
    assert_eq!(now, group);
}

#[tokio::test]
async fn without_a_dataset_fields_may_go() {
    let client = open().await;
    let group = client.group("Group", json!({"a": text_field(), "b": text_field()})).await;
    client.schema("Schema", PROFILE, &[&group]).await;
    let patch = json!([{"op": "remove", "path": field("a")}]);
    assert_eq!(client.patch("fieldgroups", &group, patch).await.0, 200);
}

#[tokio::test]
async fn put_rewrites_and_keeps_what_is_the_registrys() {
    let client = open().await;
    let (made, _) = used(&client).await;
    let path = format!("{REGISTRY}/tenant/fieldgroups/{}", escaped(&text(&made, "$id")));
    let (status, error) =
        client.send("PUT", &path, &group("Group", &[PROFILE], json!({"a": text_field()}))).await;
    assert_eq!(status, 400, "{error}");
    let mut more = made.clone();
    let fields = &mut more["definitions"]["customFields"]["properties"]["_acme"]["properties"];
    fields["more"] = text_field();
    let (status, changed) = client.send("PUT", &path, &more).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!((&changed["$id"], &changed["version"]), (&made["$id"], &json!("1.1")));
}

#[tokio::test]
async fn a_field_group_is_added_to_both_lists() {
    let client = open().await;
    let (_, schema) = used(&client).await;
    let more = client.group("More", json!({"more": text_field()})).await;
    let reference = json!({"op": "add", "path": "/allOf/-", "value": {"$ref": more["$id"]}});
    let extends = json!({"op": "add", "path": "/meta:extends/-", "value": more["$id"]});
    let (status, error) = client.patch("schemas", &schema, json!([reference])).await;
    assert_eq!(status, 400);
    assert!(text(&error, "detail").contains("must be added to both"), "{error}");
    let (status, changed) = client.patch("schemas", &schema, json!([reference, extends])).await;
    assert_eq!(status, 200, "{changed}");
    let path = format!("/tenant/schemas/{}", text(&schema, "meta:altId"));
    let (_, full) = client.get(&path, FULL).await;
    assert!(full["properties"]["_acme"]["properties"].get("more").is_some());
}

#[tokio::test]
async fn a_path_has_one_type_in_all_schemas() {
    let client = open().await;
    let (_, _) = used(&client).await;
    let other = client.group("Other", json!({"name": {"type": "boolean"}})).await;
    let detail = client.refused("schemas", crate::client::schema("Other", PROFILE, &[&other])).await;
    assert!(detail.contains("The path /_acme/name has already been defined"), "{detail}");
    assert!(detail.ends_with("Types: string, boolean"), "{detail}");
    // The same type is no conflict.
    let same = client.group("Same", json!({"name": {"type": "string"}})).await;
    client.schema("Same", PROFILE, &[&same]).await;
}

#[tokio::test]
async fn the_registrys_own_members_cannot_be_patched() {
    let client = open().await;
    let group = client.group("Group", json!({"a": text_field()})).await;
    for path in ["/$id", "/meta:altId", "/version", "/imsOrg"] {
        let patch = json!([{"op": "replace", "path": path, "value": "mine"}]);
        assert_eq!(client.patch("fieldgroups", &group, patch).await.0, 400, "{path}");
    }
    for patch in [json!({"op": "remove", "path": "/title"}), json!([{"op": "remove", "path": "/none"}])] {
        assert_eq!(client.patch("fieldgroups", &group, patch).await.0, 400);
    }
}
