//! The global container.

use serde_json::{Value, json};
use stripe_xdm_sandbox::platform::{Options, Standard};

use crate::client::{EVENT, FULL, RAW, SHORT, escaped, open, start};

const COMMERCE: &str = "https://ns.adobe.com/xdm/context/experienceevent-commerce";
const TEST_PROFILE: &str = "https://ns.adobe.com/xdm/context/profile-test-profile";

#[tokio::test]
async fn adobes_definitions_are_there_raw_and_resolved() {
    let client = open().await;
    let path = format!("/global/fieldgroups/{}", escaped(COMMERCE));
    let (status, raw) = client.get(&path, RAW).await;
    assert_eq!((status, &raw["meta:intendedToExtend"]), (200, &json!([EVENT])));
    assert!(raw.get("allOf").is_some() && raw.get("properties").is_none());
    let (_, full) = client.get(&path, FULL).await;
    let order = &full["properties"]["commerce"]["properties"]["order"]["properties"];
    assert_eq!(order["currencyCode"]["pattern"], "^[A-Z]{3}$");
    assert_eq!(order["payments"]["items"]["properties"]["paymentAmount"]["type"], "number");
    let (status, event) = client.get("/global/classes/_xdm.context.experienceevent", FULL).await;
    assert_eq!((status, &event["properties"]["timestamp"]["meta:xdmType"]), (200, &json!("date-time")));
    let (_, behaviors) = client.get("/global/behaviors", SHORT).await;
    let ids = behaviors["results"].as_array().expect("results").iter().map(|entry| &entry["$id"]);
    assert!(ids.clone().any(|id| id == "https://ns.adobe.com/xdm/data/time-series"));
    let (_, classes) = client.get("/global/classes", SHORT).await;
    assert!(classes["results"].as_array().is_some_and(|all| all.len() >= 3));
}

#[tokio::test]
async fn every_standard_definition_resolves() {
    let client = open().await;
    for definition in xdm::standard::definitions().expect("definitions") {
        let kind = match definition.kind {
            xdm::DefinitionKind::Class => "classes",
            xdm::DefinitionKind::FieldGroup => "fieldgroups",
            xdm::DefinitionKind::DataType => "datatypes",
        };
        let (status, full) = client.get(&format!("/global/{kind}/{}", escaped(&definition.id)), FULL).await;
        assert_eq!(status, 200, "{full}");
        for (name, _) in &definition.fields.fields {
            assert!(full["properties"].get(name).is_some(), "{name} of {}", definition.id);
        }
    }
}

#[tokio::test]
async fn the_global_container_cannot_be_written() {
    let client = open().await;
    let path = format!("{}/global/classes", crate::client::REGISTRY);
    assert_eq!(client.send("POST", &path, &json!({})).await.0, 405);
    assert_eq!(client.send("DELETE", &format!("{path}/{}", escaped(EVENT)), &Value::Null).await.0, 405);
}

#[tokio::test]
async fn a_tenants_library_may_lack_parts() {
    let standard = Standard::adobe().without(TEST_PROFILE).without_field(COMMERCE, "commerce/order/refunds");
    let client = start(Options { standard, ..Options::default() }).await;
    assert_eq!(client.get(&format!("/global/fieldgroups/{}", escaped(TEST_PROFILE)), FULL).await.0, 404);
    let (_, full) = client.get(&format!("/global/fieldgroups/{}", escaped(COMMERCE)), FULL).await;
    let order = &full["properties"]["commerce"]["properties"]["order"]["properties"];
    assert!(order.get("refunds").is_none() && order.get("priceTotal").is_some());
}
