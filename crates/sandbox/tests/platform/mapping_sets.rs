//! Data Prep's mapping sets.

use serde_json::{Value, json};

use crate::client::text;
use crate::provision::{CONVERSION, fresh, mappings};

#[tokio::test]
async fn both_forms_are_taken_and_answered_in_full() {
    let (client, store) = fresh().await;
    let legacy = json!({"version": 0, "xdmSchema": store.schema, "xdmVersion": "1.0", "mappings": [
        {"destinationXdmPath": "_acme.id", "sourceAttribute": "data.id", "identity": false, "version": 0}]});
    let (status, made) = client.send("POST", &format!("{CONVERSION}/mappingSets"), &legacy).await;
    assert_eq!((status, &made["version"]), (200, &json!(0)));
    assert!(made["createdDate"].is_u64());
    let current = client.mapping_set(&mappings(&store)).await;
    for id in [&text(&made, "id"), &current] {
        let path = format!("{CONVERSION}/mappingSets/{id}");
        let (status, set) = client.fetch(&path).await;
        assert_eq!((status, &set["status"]), (200, &json!("PUBLISHED")));
        let mapping = &set["mappings"][0];
        assert_eq!((&mapping["source"], &mapping["sourceAttribute"]), (&json!("data.id"), &json!("data.id")));
        assert_eq!(mapping["destinationXdmPath"], "_acme.id");
        // Not what was sent: answers name the type of a source otherwise.
        assert_eq!(mapping["sourceType"], "text/x.schema-path");
        assert!(set["outputSchema"]["jsonSchema"].is_null());
        let (_, wide) = client.fetch(&format!("{path}?expandSchema=true")).await;
        assert!(wide["outputSchema"]["jsonSchema"]["properties"]["_acme"].is_object());
        let (_, all) = client.fetch(&format!("{path}/mappings")).await;
        let one = format!("{path}/mappings/{}", text(&all[0], "id"));
        assert_eq!(client.fetch(&one).await, (200, all[0].clone()));
    }
    assert_eq!(client.fetch(&format!("{CONVERSION}/mappingSets")).await.0, 400);
    let (_, page) = client.fetch(&format!("{CONVERSION}/mappingSets?limit=1&start=1")).await;
    assert_eq!(page["_page"], json!({"count": 1, "limit": 1}));
}

#[tokio::test]
async fn sets_that_cannot_run_are_refused() {
    let (client, store) = fresh().await;
    let path = format!("{CONVERSION}/mappingSets");
    for (pointer, value) in [
        ("/outputSchema/schemaRef/id", json!("https://ns.adobe.com/acme/schemas/none")),
        ("/mappings", json!([])),
        ("/mappings/0/destination", json!("_acme.other")),
        ("/mappings/0", json!({"sourceType": "EXPRESSION", "source": "upper(", "destination": "_acme.id"})),
        ("/mappings/0", json!({"sourceType": "attribute", "source": "a", "destination": "_acme.id"})),
    ] {
        let mut wrong = mappings(&store);
        *wrong.pointer_mut(pointer).expect("a member") = value;
        assert_eq!(client.send("POST", &path, &wrong).await.0, 400, "{wrong}");
    }
    let mut wrong = mappings(&store);
    wrong["mappings"][1]["destination"] = json!("_acme.other");
    let (status, told) = client.send("POST", &format!("{path}/validate"), &wrong).await;
    assert_eq!(status, 200);
    assert_eq!(told["validationResponse"][0], json!({"status": "SUCCESS", "errors": null}));
    assert_eq!(told["validationResponse"][1]["status"], "FAILED");
}

#[tokio::test]
async fn a_set_is_replaced_by_a_new_version() {
    let (client, store) = fresh().await;
    let id = client.mapping_set(&mappings(&store)).await;
    let path = format!("{CONVERSION}/mappingSets/{id}");
    let mut other = mappings(&store);
    other["mappings"][0]["source"] = json!("data.name");
    let (status, changed) = client.send("PUT", &path, &other).await;
    assert_eq!((status, &changed["version"]), (200, &json!(1)));
    assert_eq!(client.fetch(&path).await.1["mappings"][0]["source"], "data.name");
    assert_eq!(client.fetch(&format!("{path}?version=0")).await.1["mappings"][0]["source"], "data.id");
    assert_eq!(client.fetch(&format!("{path}?version=2")).await.0, 404);
}

#[tokio::test]
async fn records_and_expressions_are_tried() {
    let (client, store) = fresh().await;
    let body = json!({"data": [{"data": {"id": "ch_1", "amount": 5}}], "mappingSet": mappings(&store)});
    let (status, tried) = client.send("POST", &format!("{CONVERSION}/mappingSets/preview"), &body).await;
    assert_eq!(status, 200, "{tried}");
    assert_eq!(tried[0], json!({"data": {"_acme": {"id": "ch_1", "amount": 5}}, "errors": null}));
    for (expression, status) in [("upper(a)", "succeeded"), ("upper(", "failed")] {
        let body = json!({"expression": expression});
        let (_, told) = client.send("POST", &format!("{CONVERSION}/languages/el/validate"), &body).await;
        assert_eq!(told["validationStatus"], status, "{told}");
    }
    assert_eq!(client.send("POST", &format!("{CONVERSION}/mappingSets/preview"), &Value::Null).await.0, 400);
}
