//! What every test of the platform needs: a running one, and requests to it.

use serde_json::{Value, json};
use stripe_xdm_sandbox::platform::{Options, Platform};

pub(crate) const REGISTRY: &str = "/data/foundation/schemaregistry";
pub(crate) const CATALOG: &str = "/data/foundation/catalog";
pub(crate) const NAMESPACES: &str = "/data/core/idnamespace/identities";

pub(crate) const RAW: &str = "application/vnd.adobe.xed+json; version=1";
pub(crate) const FULL: &str = "application/vnd.adobe.xed-full+json; version=1";
pub(crate) const SHORT: &str = "application/vnd.adobe.xed-id+json";

pub(crate) const PROFILE: &str = "https://ns.adobe.com/xdm/context/profile";
pub(crate) const EVENT: &str = "https://ns.adobe.com/xdm/context/experienceevent";

/// A running platform and a token for it.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) platform: Platform,
    http: reqwest::Client,
    token: String,
}

/// Status and body; a body that is not JSON becomes text, no body null.
pub(crate) type Answer = (u16, Value);

pub(crate) async fn start(options: Options) -> Client {
    let platform = Platform::start(options).await.expect("a free port on loopback");
    let mut client = Client { platform, http: reqwest::Client::new(), token: String::new() };
    client.log_in().await;
    client
}

pub(crate) async fn open() -> Client {
    start(Options::default()).await
}

pub(crate) fn escaped(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string()
}

pub(crate) async fn read(response: reqwest::Response) -> Answer {
    let status = response.status().as_u16();
    let body = response.text().await.expect("a body");
    let body = match body.as_str() {
        "" => Value::Null,
        text => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
    };
    (status, body)
}

/// Text of a member; the test fails when there is none.
pub(crate) fn text(body: &Value, key: &str) -> String {
    body[key].as_str().unwrap_or_else(|| panic!("no {key} in {body}")).to_owned()
}

impl Client {
    /// Asks for a token with these parameters.
    pub(crate) async fn mint(&self, parameters: &[(&str, &str)]) -> Answer {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(parameters);
        let request = self.http.post(format!("{}/ims/token/v3", self.platform.base_url()));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        read(request.body(form.finish()).send().await.expect("an answer")).await
    }

    pub(crate) async fn log_in(&mut self) {
        let client = self.platform.client();
        let parameters = [
            ("grant_type", "client_credentials"),
            ("client_id", &client.id),
            ("client_secret", &client.secret),
            ("scope", "openid,AdobeID"),
        ];
        let (status, body) = self.mint(&parameters).await;
        assert_eq!(status, 200, "{body}");
        self.token = text(&body, "access_token");
    }

    /// A request with all headers of the gateway.
    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse().expect("a method");
        let organization = self.platform.organization();
        self.http
            .request(method, format!("{}{path}", self.platform.base_url()))
            .bearer_auth(&self.token)
            .header("x-api-key", organization.client.id)
            .header("x-gw-ims-org-id", organization.id)
            .header("x-sandbox-name", "prod")
    }

    /// A request without any.
    pub(crate) fn bare(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse().expect("a method");
        self.http.request(method, format!("{}{path}", self.platform.base_url()))
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        let request = self.request(method, path).header("content-type", "application/json");
        read(request.body(body.to_string()).send().await.expect("an answer")).await
    }

    /// Of the registry, with an `Accept`.
    pub(crate) async fn get(&self, path: &str, accept: &str) -> Answer {
        let request = self.request("GET", &format!("{REGISTRY}{path}")).header("accept", accept);
        read(request.send().await.expect("an answer")).await
    }

    /// Of the other services.
    pub(crate) async fn fetch(&self, path: &str) -> Answer {
        read(self.request("GET", path).send().await.expect("an answer")).await
    }

    /// Of the registry: makes a resource, answers it.
    pub(crate) async fn make(&self, kind: &str, body: Value) -> Value {
        let (status, made) = self.send("POST", &format!("{REGISTRY}/tenant/{kind}"), &body).await;
        assert_eq!(status, 201, "{made}\n{body}");
        made
    }

    /// Of the registry: is refused; answers the detail.
    pub(crate) async fn refused(&self, kind: &str, body: Value) -> String {
        let (status, error) = self.send("POST", &format!("{REGISTRY}/tenant/{kind}"), &body).await;
        assert_eq!(status, 400, "{error}\n{body}");
        assert_eq!(error["report"]["detailed-message"], error["detail"]);
        text(&error, "detail")
    }

    pub(crate) async fn patch(&self, kind: &str, resource: &Value, patch: Value) -> Answer {
        let path = format!("{REGISTRY}/tenant/{kind}/{}", escaped(&text(resource, "$id")));
        self.send("PATCH", &path, &patch).await
    }

    /// A field group on Profile with these fields below `_acme`; answers its `$id`.
    pub(crate) async fn group(&self, title: &str, fields: Value) -> Value {
        self.make("fieldgroups", group(title, &[PROFILE], fields)).await
    }

    /// A schema of a class and field groups.
    pub(crate) async fn schema(&self, title: &str, class: &str, groups: &[&Value]) -> Value {
        self.make("schemas", schema(title, class, groups)).await
    }

    /// A dataset of a schema; answers its id.
    pub(crate) async fn dataset(&self, name: &str, schema: &Value) -> String {
        let body = json!({"name": name, "schemaRef": {"id": schema["$id"],
            "contentType": "application/vnd.adobe.xed-full+json; version=1"}});
        let (status, made) = self.send("POST", &format!("{CATALOG}/dataSets"), &body).await;
        assert_eq!(status, 201, "{made}");
        let reference = made[0].as_str().expect("a reference");
        reference.strip_prefix("@/dataSets/").expect("a reference").to_owned()
    }

    pub(crate) async fn namespace(&self, code: &str) {
        let body = json!({"name": code, "code": code, "idType": "Non_people"});
        assert_eq!(self.send("POST", NAMESPACES, &body).await.0, 200);
    }

    pub(crate) async fn identity(&self, schema: &Value, path: &str, code: &str, primary: bool) -> Value {
        self.make("descriptors", identity(schema, path, code, primary)).await
    }
}

pub(crate) fn group(title: &str, classes: &[&str], fields: Value) -> Value {
    json!({"type": "object", "title": title, "description": "", "meta:intendedToExtend": classes,
        "definitions": {"customFields": {"type": "object", "properties": {
            "_acme": {"type": "object", "properties": fields}}}},
        "allOf": [{"$ref": "#/definitions/customFields"}]})
}

pub(crate) fn schema(title: &str, class: &str, groups: &[&Value]) -> Value {
    let parts = groups.iter().map(|group| json!({"$ref": group["$id"]}));
    let parts: Vec<Value> = [json!({"$ref": class})].into_iter().chain(parts).collect();
    json!({"type": "object", "title": title, "description": "", "allOf": parts})
}

pub(crate) fn identity(schema: &Value, path: &str, code: &str, primary: bool) -> Value {
    json!({"@type": "xdm:descriptorIdentity", "xdm:sourceSchema": schema["$id"], "xdm:sourceVersion": 1,
        "xdm:sourceProperty": path, "xdm:namespace": code, "xdm:property": "xdm:code",
        "xdm:isPrimary": primary})
}

pub(crate) fn text_field() -> Value {
    json!({"type": "string", "title": "A text"})
}
