//! The sandbox's Experience Platform as the tests reach it: by the product's own client, and by plain calls with which
//! they set it up.

use serde_json::Value;
use stripe_xdm::platform::{Config, Platform, Secret};
use stripe_xdm_sandbox::platform as served;

/// The sandbox, in Adobe's meaning, that all of them use.
pub(crate) const SANDBOX: &str = "prod";
const SCOPES: &str = "openid";

/// A client of it.
pub(crate) fn connect(served: &served::Platform) -> Platform {
    let client = served.client();
    Platform::new(Config {
        platform: served.base_url().to_owned(),
        ims: served.base_url().to_owned(),
        org: served.organization().id,
        sandbox: SANDBOX.to_owned(),
        client_id: client.id.clone(),
        secret: Secret::new(&client.secret).unwrap(),
        scopes: SCOPES.to_owned(),
    })
    .unwrap()
}

/// A call with a token of its own, which must succeed; its answer, null when it has none.
pub(crate) async fn call(served: &served::Platform, method: &str, path: &str, body: &Value) -> Value {
    let (client, org, http) = (served.client(), served.organization(), reqwest::Client::new());
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&scope={SCOPES}",
        client.id, client.secret
    );
    let token = http.post(format!("{}/ims/token/v3", served.base_url()));
    let token = token.header("content-type", "application/x-www-form-urlencoded").body(form);
    let token: Value = serde_json::from_str(&token.send().await.unwrap().text().await.unwrap()).unwrap();
    let request = http.request(method.parse().unwrap(), format!("{}{path}", served.base_url()));
    let request = request
        .bearer_auth(token["access_token"].as_str().unwrap())
        .header("x-api-key", client.id)
        .header("x-gw-ims-org-id", org.id)
        .header("x-sandbox-name", SANDBOX)
        .header("content-type", "application/json");
    let answer = request.body(body.to_string()).send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert!(status.is_success(), "{method} {path}: {status} {text}");
    serde_json::from_str(&text).unwrap_or_default()
}
