//! Identity namespaces.

use serde_json::{Value, json};

use crate::client::{NAMESPACES, open};

#[tokio::test]
async fn namespaces_are_made_once() {
    let client = open().await;
    let body = json!({"name": "Stripe customer", "code": "StripeCustomerID", "idType": "Cross_device"});
    let (status, made) = client.send("POST", NAMESPACES, &body).await;
    assert_eq!((status, &made["custom"], &made["idType"]), (200, &json!(true), &json!("Cross_device")));
    let (status, error) = client.send("POST", NAMESPACES, &body).await;
    assert_eq!((status, &error["title"]), (409, &json!("NAMESPACE_CODE_CONFLICT")));
    let (_, list) = client.fetch(NAMESPACES).await;
    let list = list.as_array().expect("a list");
    let of = |code: &str| list.iter().find(|entry| entry["code"] == code).expect("a namespace");
    assert_eq!((&of("Email")["id"], &of("Email")["custom"]), (&json!(6), &json!(false)));
    // The list writes some kinds in another way.
    assert_eq!(of("StripeCustomerID")["idType"], "CROSS_DEVICE");
    let path = format!("{NAMESPACES}/{}", made["id"]);
    assert_eq!(client.fetch(&path).await, (200, made));
    assert_eq!(client.fetch(&format!("{NAMESPACES}/1")).await.0, 404);
    let (status, renamed) = client.send("PUT", &path, &json!({"name": "Another name"})).await;
    assert_eq!((status, &renamed["name"]), (200, &json!("Another name")));
    for fixed in [json!({"code": "Other"}), json!({"idType": "Email"})] {
        assert_eq!(client.send("PUT", &path, &fixed).await.0, 400);
    }
}

#[tokio::test]
async fn incomplete_and_ill_formed_namespaces_are_refused() {
    let client = open().await;
    let good = json!({"name": "Name", "code": "Code1", "idType": "Non_people"});
    for (key, value) in [
        ("name", Value::Null),
        ("code", json!("")),
        ("code", json!("with space")),
        ("code", json!("with-dash")),
        ("idType", json!("Person")),
        ("idType", json!("non_people")),
    ] {
        let mut wrong = good.clone();
        wrong[key] = value;
        let (status, error) = client.send("POST", NAMESPACES, &wrong).await;
        assert_eq!((status, &error["report"]["code"]), (400, &json!("INVALID_REQUEST_PARAMS")), "{wrong}");
    }
    let mut upper = good;
    upper["idType"] = json!("NON_PEOPLE");
    assert_eq!(client.send("POST", NAMESPACES, &upper).await.0, 200);
}
