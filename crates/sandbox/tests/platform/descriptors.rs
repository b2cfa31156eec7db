//! Descriptors: their rules, and the ways in which they are listed.

use serde_json::{Value, json};
use stripe_xdm_sandbox::platform::Options;

use crate::client::{Client, PROFILE, REGISTRY, identity, open, start, text, text_field};

struct Schemas {
    group: Value,
    customers: Value,
    orders: Value,
}

async fn schemas(client: &Client) -> Schemas {
    client.namespace("Customer").await;
    client.namespace("Order").await;
    let fields = json!({"customer": text_field(), "order": text_field(), "amount": {"type": "number"},
        "orders": {"type": "array", "items": {"type": "string"}},
        "lines": {"type": "array", "items": {"type": "object", "properties": {"sku": text_field()}}}});
    let group = client.group("Fields", fields).await;
    let customers = client.schema("Customers", PROFILE, &[&group]).await;
    let orders = client.schema("Orders", PROFILE, &[&group]).await;
    Schemas { group, customers, orders }
}

fn with(body: &Value, key: &str, value: Value) -> Value {
    let mut changed = body.clone();
    changed[key] = value;
    changed
}

#[tokio::test]
async fn an_identity_names_a_field_and_a_namespace_that_exist() {
    let client = open().await;
    let Schemas { customers, .. } = schemas(&client).await;
    let good = identity(&customers, "/_acme/customer", "Customer", true);
    for (key, value) in [
        ("@type", json!("xdm:descriptorWish")),
        ("xdm:sourceSchema", json!("https://ns.adobe.com/acme/schemas/none")),
        ("xdm:sourceVersion", json!(2)),
        ("xdm:sourceProperty", json!("_acme/customer")),
        ("xdm:sourceProperty", json!("/_acme/customer/")),
        ("xdm:sourceProperty", json!("/properties/_acme/properties/customer")),
        ("xdm:sourceProperty", json!("/_acme/none")),
        ("xdm:sourceProperty", json!("/_acme/amount")),
        ("xdm:namespace", json!("Nobody")),
        ("xdm:namespace", json!("customer")),
        ("xdm:property", json!("code")),
        ("xdm:isPrimary", json!("yes")),
    ] {
        client.refused("descriptors", with(&good, key, value)).await;
    }
    let made = client.make("descriptors", good.clone()).await;
    let path = format!("/tenant/descriptors/{}", text(&made, "@id"));
    assert_eq!(client.get(&path, "*/*").await, (200, made.clone()));
    assert_eq!(client.get(&path, "application/vnd.adobe.xed+json;version=1").await.0, 400);
    let detail = client.refused("descriptors", good).await;
    assert!(detail.contains("primary"), "{detail}");
    let detail =
        client.refused("descriptors", identity(&customers, "/_acme/customer", "Customer", false)).await;
    assert!(detail.contains("already exists"), "{detail}");
    let detail = client.refused("descriptors", identity(&customers, "/_acme/order", "Order", true)).await;
    assert_eq!(detail, "A schema can have only one primary identity");
    client.identity(&customers, "/_acme/order", "Order", false).await;
    let path = format!("{REGISTRY}{path}");
    assert_eq!(client.send("DELETE", &path, &Value::Null).await, (204, Value::Null));
    assert_eq!(client.send("DELETE", &path, &Value::Null).await.0, 404);
}

#[tokio::test]
async fn a_reference_needs_a_primary_identity_at_its_target() {
    let client = open().await;
    let Schemas { customers, orders, .. } = schemas(&client).await;
    let reference = json!({"@type": "xdm:descriptorReferenceIdentity", "xdm:sourceSchema": orders["$id"],
        "xdm:sourceVersion": 1, "xdm:sourceProperty": "/_acme/customer", "xdm:identityNamespace": "Customer"});
    let relation = json!({"@type": "xdm:descriptorOneToOne", "xdm:sourceSchema": orders["$id"],
        "xdm:sourceVersion": 1, "xdm:sourceProperty": "/_acme/customer",
        "xdm:destinationSchema": customers["$id"], "xdm:destinationVersion": 1,
        "xdm:destinationProperty": "/_acme/customer"});
    client.refused("descriptors", reference.clone()).await;
    client.refused("descriptors", relation.clone()).await;
    client.identity(&customers, "/_acme/customer", "Customer", true).await;
    for (key, value) in [
        ("xdm:identityNamespace", json!("Order")),
        ("xdm:identityNamespace", json!("Nobody")),
        ("xdm:sourceProperty", json!("/_acme/amount")),
        ("xdm:sourceProperty", json!("/_acme/lines")),
    ] {
        client.refused("descriptors", with(&reference, key, value)).await;
    }
    // Its own primary identity refers to nothing.
    client.refused("descriptors", with(&reference, "xdm:sourceSchema", customers["$id"].clone())).await;
    client.make("descriptors", reference.clone()).await;
    client.refused("descriptors", reference.clone()).await;
    client.make("descriptors", with(&reference, "xdm:sourceProperty", json!("/_acme/orders"))).await;
    for (key, value) in [
        ("xdm:destinationSchema", json!("https://ns.adobe.com/acme/schemas/none")),
        ("xdm:destinationVersion", Value::Null),
        ("xdm:destinationProperty", json!("/_acme/none")),
    ] {
        client.refused("descriptors", with(&relation, key, value)).await;
    }
    client.make("descriptors", relation).await;
}

#[tokio::test]
async fn labels_go_on_fields_of_field_groups_and_schemas() {
    let client = open().await;
    let Schemas { group, customers, .. } = schemas(&client).await;
    let label = json!({"@type": "xdm:descriptorLabel", "xdm:sourceSchema": group["$id"], "xdm:sourceVersion": 1,
        "xdm:sourceProperty": "/_acme/customer", "xdm:labels": ["I1", "C2"]});
    for (key, value) in [
        ("xdm:sourceProperty", json!("/_acme")),
        ("xdm:sourceProperty", json!("/_acme/none")),
        ("xdm:labels", json!([])),
        ("xdm:labels", json!("I1")),
        ("xdm:labels", Value::Null),
        ("xdm:label", json!(["I1"])),
    ] {
        client.refused("descriptors", with(&label, key, value)).await;
    }
    client.make("descriptors", label.clone()).await;
    client.refused("descriptors", label.clone()).await;
    client.make("descriptors", with(&label, "xdm:sourceSchema", customers["$id"].clone())).await;
    // Elements of arrays, written in either way.
    client.make("descriptors", with(&label, "xdm:sourceProperty", json!("/_acme/lines/sku"))).await;
    client.make("descriptors", with(&label, "xdm:sourceProperty", json!("/_acme/lines[*]/sku"))).await;
    let many: Vec<String> = (0..300).map(|number| format!("L{number}")).collect();
    let detail = client
        .refused(
            "descriptors",
            with(&with(&label, "xdm:labels", json!(many)), "xdm:sourceProperty", json!("/_acme/order")),
        )
        .await;
    assert_eq!(detail, "A schema cannot have more than 300 labels");
}

async fn relational(client: &Client, title: &str, behavior: &str) -> Value {
    let fields = json!({"id": text_field(), "at": {"type": "string", "format": "date-time"},
        "version": {"type": "integer"}, "loose": text_field(), "customer": text_field(),
        "inner": {"type": "object", "properties": {"id": text_field()}, "required": ["id"]}});
    client
        .make(
            "schemas",
            json!({"title": title, "type": "object", "description": "",
                "definitions": {"customFields": {"type": "object", "properties": fields,
                    "required": ["id", "at", "version"]}},
                "allOf": [{"$ref": "#/definitions/customFields", "meta:xdmType": "object"}],
                "meta:extends": ["https://ns.adobe.com/xdm/data/adhoc-v2"], "meta:behaviorType": behavior}),
        )
        .await
}

#[tokio::test]
async fn relational_schemas_have_keys_versions_timestamps_and_relationships() {
    let client = open().await;
    let charges = relational(&client, "charges", "time-series").await;
    let customers = relational(&client, "customers", "record").await;
    let draft = |kind: &str, schema: &Value, property: Value| {
        json!({"@type": format!("xdm:descriptor{kind}"), "xdm:sourceSchema": schema["$id"],
            "xdm:sourceProperty": property})
    };
    for wrong in [
        draft("PrimaryKey", &customers, json!("/inner/id")),
        draft("PrimaryKey", &customers, json!("/loose")),
        draft("PrimaryKey", &customers, json!([])),
        draft("Version", &customers, json!("/loose")),
        draft("Timestamp", &customers, json!("/at")),
        draft("Timestamp", &charges, json!("/version")),
    ] {
        client.refused("descriptors", wrong).await;
    }
    client.make("descriptors", draft("PrimaryKey", &customers, json!("/id"))).await;
    client.refused("descriptors", draft("PrimaryKey", &customers, json!(["/id", "/version"]))).await;
    client.refused("descriptors", draft("Version", &customers, json!("/id"))).await;
    client.make("descriptors", draft("Version", &customers, json!("/version"))).await;
    client.make("descriptors", draft("Timestamp", &charges, json!("/at"))).await;
    client.refused("descriptors", draft("PrimaryKey", &charges, json!("/id"))).await;
    client.make("descriptors", draft("PrimaryKey", &charges, json!(["/id", "/at"]))).await;
    let mut relation = draft("Relationship", &charges, json!("/customer"));
    relation["xdm:sourceVersion"] = json!(1);
    relation["xdm:destinationSchema"] = customers["$id"].clone();
    relation["xdm:cardinality"] = json!("M:1");
    for (key, value) in [
        ("xdm:cardinality", json!("N:M")),
        ("xdm:sourceVersion", Value::Null),
        ("xdm:sourceProperty", json!("/version")),
        ("xdm:sourceProperty", json!("/inner/id")),
        ("xdm:destinationProperty", json!("/none")),
    ] {
        client.refused("descriptors", with(&relation, key, value)).await;
    }
    client.make("descriptors", relation).await;
}

#[tokio::test]
async fn keys_are_not_for_standard_schemas() {
    let client = open().await;
    let Schemas { customers, .. } = schemas(&client).await;
    let key = json!({"@type": "xdm:descriptorPrimaryKey", "xdm:sourceSchema": customers["$id"],
        "xdm:sourceProperty": "/_acme/customer"});
    client.refused("descriptors", key).await;
}

#[tokio::test]
async fn lists_are_grouped_by_type_and_only_one_form_has_pages() {
    let client = start(Options { page_size: 3, ..Options::default() }).await;
    let Schemas { group, customers, .. } = schemas(&client).await;
    let id = client.identity(&customers, "/_acme/customer", "Customer", true).await;
    for field in ["customer", "order", "amount", "orders"] {
        let label = json!({"@type": "xdm:descriptorLabel", "xdm:sourceSchema": group["$id"],
            "xdm:sourceVersion": 1, "xdm:sourceProperty": format!("/_acme/{field}"), "xdm:labels": ["I2"]});
        client.make("descriptors", label).await;
    }
    let of = |form: &str| format!("application/vnd.adobe.{form}+json");
    let (_, links) = client.get("/tenant/descriptors", &of("xdm-link")).await;
    let link = json!(format!("/tenant/descriptors/{}", text(&id, "@id")));
    assert_eq!(links["xdm:descriptorIdentity"], json!([link]));
    let (_, ids) = client.get("/tenant/descriptors", &of("xdm-id")).await;
    assert_eq!(ids["xdm:descriptorIdentity"], json!([id["@id"]]));
    // Without pages, what is beyond the first is not told of.
    let (_, objects) = client.get("/tenant/descriptors", &of("xdm")).await;
    assert_eq!(objects["xdm:descriptorIdentity"], json!([id]));
    assert_eq!(objects["xdm:descriptorLabel"].as_array().map(Vec::len), Some(2));
    let filter =
        "/tenant/descriptors?property=@type%3D%3Dxdm:descriptorLabel&property=xdm:sourceProperty~order";
    let (_, found) = client.get(filter, &of("xdm")).await;
    assert_eq!(found["xdm:descriptorLabel"].as_array().map(Vec::len), Some(2));
    assert!(found.get("xdm:descriptorIdentity").is_none());
    let (mut all, mut path) =
        (Vec::new(), "/tenant/descriptors?orderby=xdm:sourceProperty,@id&limit=2".to_owned());
    loop {
        let (status, page) = client.get(&path, &of("xdm-v2")).await;
        assert_eq!(status, 200, "{page}");
        all.extend(page["results"].as_array().expect("results").clone());
        match page["_links"]["next"]["href"].as_str() {
            Some(next) => next.strip_prefix(REGISTRY).expect("a path").clone_into(&mut path),
            None => break,
        }
    }
    assert_eq!(all.len(), 5);
}
