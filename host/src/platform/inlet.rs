//! The way of a stream into a dataset, through Flow Service: one base connection, which is the inlet, with one source
//! connection; for each dataset a target connection and a flow.
//!
//! Everything is called after what it is for, so a second run finds it. Where two runs made the same at once, both
//! take the older one.

use super::client::Platform;
use super::collection::Inlet;
use super::error::{PlatformError, RequestId};
use super::flow_service::{FlowItem, FlowKind, specs};
use serde_json::{Value, json};

/// What all names begin with.
const TAG: &str = "stripe-xdm";
/// Schemas as Flow Service wants to be told of their version.
const VERSION: &str = "application/vnd.adobe.xed-full+json;version=1";

/// A way into a dataset.
#[derive(Debug, Clone)]
pub struct Stream {
    /// Where messages are sent.
    pub inlet: Inlet,
    /// The flow that they name.
    pub flow: String,
    /// When the flow was made, in epoch seconds; 0 when that is not told.
    pub made: i64,
}

/// What a stream is for.
#[derive(Debug, Clone, Copy)]
pub enum Purpose<'a> {
    /// Records as they are.
    Records,
    /// Deletions, of which this mapping set makes the identities of profiles.
    Deletions(&'a str),
}

/// Where a stream goes.
#[derive(Debug, Clone, Copy)]
pub struct Destined<'a> {
    /// The dataset's name.
    pub dataset: &'a str,
    /// Catalog's id of it.
    pub dataset_id: &'a str,
    /// The `$id` of its schema.
    pub schema: &'a str,
}

impl Platform {
    /// Finds the way into a dataset, or makes what is missing of it; `said` is told what is made.
    pub async fn stream(
        &self,
        purpose: Purpose<'_>,
        to: Destined<'_>,
        said: &(dyn Fn(&str) + Sync),
    ) -> Result<Stream, PlatformError> {
        let (data_type, role) = match purpose {
            Purpose::Records => ("xdm", "inlet"),
            Purpose::Deletions(_) => ("raw", "inlet for deletions"),
        };
        let inlet_spec = json!({ "id": specs::INLET, "version": specs::VERSION });
        let name = format!("{TAG} {role}");
        let params = json!({
            "dataType": data_type, "sourceId": TAG, "name": name, "authenticationRequired": true,
        });
        let base = json!({
            "name": name, "connectionSpec": inlet_spec,
            "auth": { "specName": "Streaming Connection", "params": params },
        });
        let base = self.found_or_made(FlowKind::Connection, &base, said).await?;
        let address = base.text("/auth/params/inletUrl");
        let said_type = base.text("/auth/params/dataType");
        if address.is_empty() || said_type != data_type {
            return Err(odd(&base, "is no inlet of this program's: rename it, or delete it in Sources"));
        }
        let inlet = self.inlet(address)?;

        // What hangs on the inlet is called after it: nothing else in the sandbox is called so.
        let source = json!({
            "name": format!("{name} {}", base.id), "baseConnectionId": base.id,
            "connectionSpec": inlet_spec, "data": { "format": "json" },
        });
        let source = self.found_or_made(FlowKind::Source, &source, said).await?;
        let Destined { dataset, dataset_id, schema } = to;
        let what = match purpose {
            Purpose::Records => format!("{TAG} {dataset} {dataset_id}"),
            Purpose::Deletions(_) => format!("{TAG} deletions {dataset} {dataset_id}"),
        };
        let target = json!({
            "name": format!("{what} {}", base.id),
            "connectionSpec": { "id": specs::LAKE, "version": specs::VERSION },
            "data": { "schema": { "id": schema, "version": VERSION } },
            "params": { "dataSetId": dataset_id },
        });
        let target = self.found_or_made(FlowKind::Target, &target, said).await?;
        let mut flow = json!({
            "name": format!("{what} {}", base.id),
            "flowSpec": { "id": specs::STREAM, "version": specs::VERSION },
            "sourceConnectionIds": [source.id], "targetConnectionIds": [target.id],
        });
        if let Purpose::Deletions(mapping) = purpose {
            flow["flowSpec"]["id"] = json!(specs::MAPPED_STREAM);
            // Nobody changes it, so it stays in its first version.
            let params = json!({ "mappingId": mapping, "mappingVersion": 0 });
            flow["transformations"] = json!([{ "name": "Mapping", "params": params }]);
        }
        let flow = self.found_or_made(FlowKind::Flow, &flow, said).await?;
        if !flow.is_enabled() {
            return Err(odd(&flow, "is disabled: enable it in Sources and run the same command again"));
        }
        let made = flow.body.get("createdAt").and_then(Value::as_i64).unwrap_or_default() / 1000;
        Ok(Stream { inlet, flow: flow.id, made })
    }

    /// The oldest thing that is called as the body says; it is made when there is none.
    async fn found_or_made(
        &self,
        kind: FlowKind,
        body: &Value,
        said: &(dyn Fn(&str) + Sync),
    ) -> Result<FlowItem, PlatformError> {
        let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
        if let Some(known) = self.flow_items_named(kind, name).await?.into_iter().next() {
            return Ok(known);
        }
        said(&format!("making the {} {name}", kind.word()));
        let made = self.make_flow_item(kind, body).await?;
        let shown = self.flow_item(kind, &made).await?;
        shown.ok_or_else(|| PlatformError::Contract {
            what: format!("the {} {name}", kind.word()),
            message: "Flow Service made it and does not show it: run the same command again".to_owned(),
            request: RequestId::default(),
        })
    }
}

fn odd(item: &FlowItem, what: &str) -> PlatformError {
    PlatformError::Setup(format!("{} ({}) in Flow Service {what}", item.name(), item.id))
}
