//! What flows and inlets need around them.

use std::time::Duration;

use serde_json::{Value, json};
use stripe_xdm_sandbox::platform::Options;

use crate::client::{Answer, CATALOG, Client, FULL, PROFILE, open, read, start, text, text_field};

pub(crate) const FLOWS: &str = "/data/foundation/flowservice";
pub(crate) const CONVERSION: &str = "/data/foundation/conversion";

const STRIPE: &str = "cc2c31d6-7b8c-4581-b49f-5c8698aa3ab3";
const INLET: &str = "bc7b00d6-623a-4dfc-9fdb-f1240aeadaeb";
const LAKE: &str = "c604ff05-7f1a-43c0-8e18-33bf874cb11c";
const SCHEDULED: &str = "6499120c-0b15-42dc-936e-847ea3c24d72";
const STREAM: &str = "d8a6f005-7eaf-4153-983e-e8574508b877";
const MAPPED_STREAM: &str = "c1a19761-d2c7-4702-b9fa-fe91f0613e81";

/// The platform's time when it starts, in seconds.
pub(crate) const NOW: u64 = 1_790_000_000;

/// A schema and a dataset of it.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) schema: String,
    pub(crate) dataset: String,
}

pub(crate) fn spec(id: &str) -> Value {
    json!({"id": id, "version": "1.0"})
}

pub(crate) fn stripe(key: &str) -> Value {
    json!({"name": "Stripe", "connectionSpec": spec(STRIPE),
        "auth": {"specName": "OAuth2 Refresh Code", "params": {"accessToken": key}}})
}

pub(crate) fn inlet(kind: &str, authenticated: bool) -> Value {
    json!({"name": "Inlet", "connectionSpec": spec(INLET), "auth": {"specName": "Streaming Connection",
        "params": {"dataType": kind, "sourceId": "s", "name": "n",
            "authenticationRequired": authenticated}}})
}

pub(crate) fn charges(base: &str) -> Value {
    json!({"name": "Charges", "baseConnectionId": base, "connectionSpec": spec(STRIPE),
        "data": {"format": "json"}, "params": {"resourcePath": "charges"}})
}

pub(crate) fn target(store: &Store) -> Value {
    json!({"name": "Lake", "connectionSpec": spec(LAKE),
        "data": {"schema": {"id": store.schema, "version": "application/vnd.adobe.xed-full+json;version=1"}},
        "params": {"dataSetId": store.dataset}})
}

pub(crate) fn mappings(store: &Store) -> Value {
    json!({"outputSchema": {"schemaRef": {"id": store.schema, "contentType": FULL}}, "mappings": [
        {"sourceType": "ATTRIBUTE", "source": "data.id", "destination": "_acme.id"},
        {"sourceType": "ATTRIBUTE", "source": "data.amount", "destination": "_acme.amount"}]})
}

pub(crate) async fn fresh() -> (Client, Store) {
    let client = open().await;
    let store = client.store().await;
    (client, store)
}

pub(crate) async fn with(options: Options) -> (Client, Store) {
    let client = start(options).await;
    let store = client.store().await;
    (client, store)
}

impl Client {
    /// A schema with text, numbers and a moment below `_acme`, and its dataset.
    pub(crate) async fn store(&self) -> Store {
        let fields = json!({
            "id": text_field(),
            "amount": {"type": "integer", "title": "Amount"},
            "currency": {"type": "string", "title": "Currency", "pattern": "^[A-Z]{3}$"},
            "at": {"type": "string", "format": "date-time", "title": "At"},
        });
        let group = self.group("Group", fields).await;
        let schema = self.schema("Schema", PROFILE, &[&group]).await;
        let dataset = self.dataset("data", &schema).await;
        Store { schema: text(&schema, "$id"), dataset }
    }

    /// Makes something of Flow Service; answers its id.
    pub(crate) async fn provide(&self, kind: &str, body: &Value) -> String {
        let (status, made) = self.send("POST", &format!("{FLOWS}/{kind}"), body).await;
        assert_eq!(status, 201, "{kind}: {made}\n{body}");
        assert!(text(&made, "etag").starts_with('"'), "{made}");
        text(&made, "id")
    }

    pub(crate) async fn mapping_set(&self, body: &Value) -> String {
        let (status, made) = self.send("POST", &format!("{CONVERSION}/mappingSets"), body).await;
        assert_eq!(status, 200, "{made}");
        text(&made, "id")
    }

    /// The only item of an answer of Flow Service.
    pub(crate) async fn item(&self, path: &str) -> Value {
        let (status, found) = self.fetch(&format!("{FLOWS}/{path}")).await;
        assert_eq!(status, 200, "{found}");
        found["items"][0].clone()
    }

    /// A body for a flow from Stripe, with all that it names.
    pub(crate) async fn scheduled(&self, store: &Store, key: &str, schedule: Value) -> Value {
        let base = self.provide("connections", &stripe(key)).await;
        let source = self.provide("sourceConnections", &charges(&base)).await;
        let target = self.provide("targetConnections", &target(store)).await;
        let set = self.mapping_set(&mappings(store)).await;
        json!({"name": "Flow", "flowSpec": spec(SCHEDULED), "sourceConnectionIds": [source],
            "targetConnectionIds": [target], "scheduleParams": schedule,
            "transformations": [{"name": "Mapping", "params": {"mappingId": set, "mappingVersion": 0}}]})
    }

    /// An inlet with a flow; answers the inlet's and the flow's id. It is not open yet.
    pub(crate) async fn new_inlet(&self, store: &Store, kind: &str, authenticated: bool) -> (String, String) {
        let base = self.provide("connections", &inlet(kind, authenticated)).await;
        let source = json!({"name": "Source", "baseConnectionId": base, "connectionSpec": spec(INLET)});
        let source = self.provide("sourceConnections", &source).await;
        let target = self.provide("targetConnections", &target(store)).await;
        let mut flow = json!({"name": "Stream", "sourceConnectionIds": [source],
            "targetConnectionIds": [target], "flowSpec": spec(STREAM)});
        if kind == "raw" {
            let set = self.mapping_set(&mappings(store)).await;
            flow["flowSpec"] = spec(MAPPED_STREAM);
            flow["transformations"] =
                json!([{"name": "Mapping", "params": {"mappingId": set, "mappingVersion": 0}}]);
        }
        let flow = self.provide("flows", &flow).await;
        let inlet = self.item(&format!("connections/{base}")).await;
        (text(&inlet["auth"]["params"], "inletId"), flow)
    }

    /// As [`Client::new_inlet`], five minutes later.
    pub(crate) async fn inlet(&self, store: &Store, kind: &str) -> (String, String) {
        let made = self.new_inlet(store, kind, false).await;
        self.platform.advance(Duration::from_secs(300));
        made
    }

    /// A message as it should be.
    pub(crate) fn message(&self, store: &Store, flow: &str, entity: Value) -> Value {
        let schema =
            json!({"id": store.schema, "contentType": "application/vnd.adobe.xed-full+json;version=1"});
        json!({"header": {"schemaRef": schema, "imsOrgId": self.platform.organization().id,
                "datasetId": store.dataset, "flowId": flow, "source": {"name": "test"}},
            "body": {"xdmMeta": {"schemaRef": schema}, "xdmEntity": entity}})
    }

    /// Sends to an inlet, without a token.
    pub(crate) async fn stream(&self, path: &str, body: &Value) -> Answer {
        let request = self.bare("POST", &format!("/collection/{path}"));
        let request = request.header("content-type", "application/json").header("x-sandbox-name", "prod");
        read(request.body(body.to_string()).send().await.expect("an answer")).await
    }

    /// Enables the schema and the dataset for Profile, with `_acme.id` as primary identity.
    pub(crate) async fn enable(&self, store: &Store) {
        self.namespace("Mine").await;
        let schema = json!({"$id": store.schema});
        self.identity(&schema, "/_acme/id", "Mine", true).await;
        let union = json!([{"op": "add", "path": "/meta:immutableTags", "value": ["union"]}]);
        let (status, answer) = self.patch("schemas", &schema, union).await;
        assert_eq!(status, 200, "{answer}");
        let tags = json!({"tags": {"unifiedProfile": ["enabled:true"], "unifiedIdentity": ["enabled:true"]}});
        let path = format!("{CATALOG}/dataSets/{}", store.dataset);
        assert_eq!(self.send("PATCH", &path, &tags).await.0, 200);
    }
}
