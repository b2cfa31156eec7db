//! Tokens and the headers that every call needs.

use std::time::Duration;

use serde_json::{Value, json};
use stripe_xdm_sandbox::platform::{Client as Credential, Options, Organization};

use crate::client::{REGISTRY, open, read, start, text};

const STATS: &str = "/data/foundation/schemaregistry/stats";

#[tokio::test]
async fn a_token_is_made_for_the_right_credential_only() {
    let client = open().await;
    let known = client.platform.client();
    let good = [
        ("grant_type", "client_credentials"),
        ("client_id", known.id.as_str()),
        ("client_secret", known.secret.as_str()),
        ("scope", "openid, session"),
    ];
    let (status, token) = client.mint(&good).await;
    assert_eq!((status, &token["token_type"], &token["expires_in"]), (200, &json!("bearer"), &json!(86_399)));
    for (at, (_, error)) in [
        ("grant_type", "invalid_request"),
        ("client_id", "invalid_request"),
        ("client_secret", "invalid_request"),
        ("scope", "invalid_request"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut without = good.to_vec();
        without.remove(at);
        let (status, refused) = client.mint(&without).await;
        assert_eq!((status, &refused["error"]), (400, &json!(error)));
    }
    for (at, value, error) in [
        (0, "password", "unsupported_grant_type"),
        (1, "someone", "invalid_client"),
        (2, "wrong", "invalid_client"),
        (3, "openid,everything", "invalid_scope"),
    ] {
        let mut wrong = good.to_vec();
        wrong[at].1 = value;
        let (status, refused) = client.mint(&wrong).await;
        assert_eq!((status, &refused["error"]), (400, &json!(error)));
    }
    assert_eq!(client.platform.tokens_minted(), 2);
}

#[tokio::test]
async fn a_token_ends_by_time_by_use_and_when_told_to() {
    let options = Options { token_lifetime: 100, token_requests: Some(2), ..Options::default() };
    let mut client = start(options).await;
    client.platform.advance(Duration::from_secs(99));
    assert_eq!(client.fetch(STATS).await.0, 200);
    client.platform.advance(Duration::from_secs(1));
    let (status, error) = client.fetch(STATS).await;
    assert_eq!((status, &error["error_code"]), (401, &json!("401013")));
    client.log_in().await;
    let statuses = [client.fetch(STATS).await.0, client.fetch(STATS).await.0, client.fetch(STATS).await.0];
    assert_eq!(statuses, [200, 200, 401]);
    client.log_in().await;
    client.platform.expire_tokens();
    assert_eq!(client.fetch(STATS).await.0, 401);
}

#[tokio::test]
async fn too_many_tokens_are_refused() {
    let mut client = start(Options { token_quota: Some(2), ..Options::default() }).await;
    client.log_in().await;
    let known = client.platform.client();
    let (status, _) = client
        .mint(&[
            ("grant_type", "client_credentials"),
            ("client_id", &known.id),
            ("client_secret", &known.secret),
            ("scope", "openid"),
        ])
        .await;
    assert_eq!((status, client.platform.tokens_minted()), (429, 2));
}

#[tokio::test]
async fn each_missing_or_wrong_header_has_its_error() {
    let client = open().await;
    let organization = client.platform.organization();
    let token = format!("Bearer {}", client.token());
    let good = [
        ("authorization", token.as_str()),
        ("x-api-key", organization.client.id.as_str()),
        ("x-gw-ims-org-id", organization.id.as_str()),
        ("x-sandbox-name", "prod"),
    ];
    let ask = async |headers: &[(&str, &str)]| {
        let mut request = client.bare("GET", STATS);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.send().await.expect("an answer")).await
    };
    assert_eq!(ask(&good).await.0, 200);
    for (at, status, code, message) in [
        (0, 403, "403010", "Oauth token is missing."),
        (1, 403, "403000", "Api Key is required"),
        (2, 400, "400003", "Missing header"),
    ] {
        let mut without = good.to_vec();
        without.remove(at);
        assert_eq!(ask(&without).await, (status, json!({"error_code": code, "message": message})));
    }
    for (at, value, status, code) in [
        (0, "Bearer nonsense", 401, "401013"),
        (1, "another", 403, "403003"),
        (2, "FFFF@AdobeOrg", 403, "403025"),
    ] {
        let mut wrong = good.to_vec();
        wrong[at].1 = value;
        let (found, error) = ask(&wrong).await;
        assert_eq!((found, &error["error_code"]), (status, &json!(code)));
    }
    let (status, error) = ask(&good[..3]).await;
    assert_eq!((status, &error["title"]), (400, &json!("BadRequestError")));
    let mut wrong = good.to_vec();
    wrong[3].1 = "nowhere";
    assert_eq!(ask(&wrong).await.0, 403);
}

#[tokio::test]
async fn a_body_needs_its_content_type() {
    let client = open().await;
    for (method, kind) in [("POST", ""), ("POST", "text/plain"), ("PATCH", "application/json-patch+json")] {
        let request =
            client.request(method, &format!("{REGISTRY}/tenant/schemas")).header("content-type", kind);
        let (status, error) = read(request.body("{}").send().await.expect("an answer")).await;
        assert_eq!((status, &error["detail"]), (400, &json!("A valid content-type must be specified")));
    }
}

#[tokio::test]
async fn organisations_and_sandboxes_see_only_what_is_theirs() {
    let other = Organization {
        id: "FEDCBA@AdobeOrg".to_owned(),
        tenant: "other".to_owned(),
        client: Credential { id: "other-client".to_owned(), ..Credential::default() },
        ..Organization::default()
    };
    let options = Options { organizations: vec![Organization::default(), other], ..Options::default() };
    let client = start(options).await;
    client.namespace("Mine").await;
    let (_, of_prod) = client.fetch(crate::client::NAMESPACES).await;
    let request = client.bare("GET", crate::client::NAMESPACES).bearer_auth(client.token());
    let organization = client.platform.organization();
    let request = request
        .header("x-api-key", organization.client.id)
        .header("x-gw-ims-org-id", organization.id)
        .header("x-sandbox-name", "dev");
    let (_, of_dev) = read(request.send().await.expect("an answer")).await;
    let count = |list: &Value| list.as_array().map(Vec::len).expect("a list");
    assert_eq!(count(&of_prod), count(&of_dev) + 1);
    // The token of one organisation does not open the other.
    let request = client.bare("GET", STATS).bearer_auth(client.token());
    let request = request
        .header("x-api-key", client.platform.client().id)
        .header("x-gw-ims-org-id", "FEDCBA@AdobeOrg")
        .header("x-sandbox-name", "prod");
    let (status, error) = read(request.send().await.expect("an answer")).await;
    assert_eq!((status, text(&error, "error_code").as_str()), (403, "403025"));
}

#[tokio::test]
async fn the_log_keeps_requests_without_secrets() {
    let file = std::env::temp_dir().join(format!("stripe-xdm-sandbox-log-{}", std::process::id()));
    let client = start(Options { log: Some(file.clone()), ..Options::default() }).await;
    client.namespace("Mine").await;
    let logged = client.platform.requests();
    let written = std::fs::read_to_string(&file).expect("a log");
    std::fs::remove_file(&file).expect("the log goes away");
    assert_eq!((logged.len(), written.lines().count()), (2, 2));
    assert_eq!((logged[0].path.as_str(), logged[0].changed), ("/ims/token/v3", false));
    assert_eq!((logged[1].method.as_str(), logged[1].status, logged[1].changed), ("POST", 200, true));
    assert!(logged[1].body.contains("Mine"));
    assert_eq!(client.platform.changes(), 1);
    let all = format!("{written}{logged:?}");
    for secret in [client.platform.client().secret.as_str(), client.token()] {
        assert!(!all.contains(secret));
    }
    assert!(all.contains("client_credentials") && all.contains("x-sandbox-name"));
}
