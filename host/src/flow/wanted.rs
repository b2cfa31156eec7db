//! What a file asks for, as Flow Service and Data Prep take it.

use super::file::{AccessToken, Entry, FlowFile};
use super::names;
use crate::platform::specs;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// All that is to be there.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The file.
    pub file: FlowFile,
    /// Its flows.
    pub flows: Vec<WantedFlow>,
}

/// One flow.
#[derive(Debug, Clone)]
pub struct WantedFlow {
    /// What the file says of it.
    pub entry: Entry,
    /// The dataset that it fills.
    pub dataset: String,
    /// Its mappings, as a model is exported.
    pub mappings: Value,
    /// What of the model is only nearly the same, and what is left out: mappings.
    pub approximated: usize,
    /// See there.
    pub left_out: usize,
}

/// Bytes of a digest that are part of a name: enough to tell one content from another.
const DIGEST: usize = 6;

impl Wanted {
    /// What its things are told by.
    pub fn tag(&self) -> &str {
        &self.file.name
    }

    /// What the base connection is called.
    pub fn connection(&self) -> String {
        names::connection(self.tag())
    }

    pub(super) fn connection_body(&self, token: &AccessToken) -> Value {
        json!({
            "name": self.connection(),
            "description": format!("Stripe account {}, made by stripe-xdm", self.file.account),
            "connectionSpec": spec(specs::STRIPE),
            "auth": { "specName": "OAuth2 Refresh Code", "params": auth(token) },
        })
    }
}

/// The parameters that the source lets a connection in by.
pub(super) fn auth(token: &AccessToken) -> Value {
    json!({ "accessToken": token.0.exposed() })
}

impl WantedFlow {
    /// What it and its ends are called.
    pub fn name(&self, tag: &str) -> String {
        names::flow(&self.entry.model, tag)
    }

    /// The mapping set for a schema, under a name that follows from its content.
    pub(super) fn mapping_set(&self, tag: &str, schema: &str) -> Value {
        let content = json!({
            "outputSchema": { "schemaRef": {
                "id": schema,
                "contentType": "application/vnd.adobe.xed-full+json;version=1",
            } },
            "mappings": self.mappings,
        });
        let digest = Sha256::digest(content.to_string());
        let name = names::mapping_set(&self.entry.model, tag, &hex::encode(&digest[..DIGEST]));
        let mut set = content;
        set["name"] = name.into();
        set
    }

    pub(super) fn source(&self, tag: &str, connection: &str) -> Value {
        json!({
            "name": self.name(tag),
            "baseConnectionId": connection,
            "connectionSpec": spec(specs::STRIPE),
            "data": { "format": "json" },
            "params": { "resourcePath": self.entry.resource },
        })
    }

    pub(super) fn target(&self, tag: &str, dataset: &str, schema: &str) -> Value {
        json!({
            "name": self.name(tag),
            "connectionSpec": spec(specs::LAKE),
            "data": {
                "format": "parquet_xdm",
                "schema": { "id": schema, "version": "application/vnd.adobe.xed-full+json;version=1" },
            },
            "params": { "dataSetId": dataset },
        })
    }

    pub(super) fn flow(&self, tag: &str, source: &str, target: &str, set: &str, now: i64) -> Value {
        json!({
            "name": self.name(tag),
            "description": format!("Stripe {} into {}, made by stripe-xdm", self.entry.resource, self.dataset),
            "flowSpec": spec(specs::SCHEDULED),
            "sourceConnectionIds": [source],
            "targetConnectionIds": [target],
            "transformations": [transformation(set)],
            "scheduleParams": self.entry.schedule.document(now),
            "options": { "errorDiagnosticsEnabled": true, "partialIngestionPercent": self.entry.partial },
        })
    }
}

/// The step of a flow that maps. Sets are never changed, so their version is the first.
pub(super) fn transformation(set: &str) -> Value {
    json!({ "name": "Mapping", "params": { "mappingId": set, "mappingVersion": 0 } })
}

fn spec(id: &str) -> Value {
    json!({ "id": id, "version": specs::VERSION })
}
