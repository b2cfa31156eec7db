//! What a sandbox has of what a file asks for.

use super::names::tag_of;
use super::wanted::{Wanted, WantedFlow};
use crate::platform::{FlowItem, FlowKind, Platform, PlatformError};

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct There {
    /// Base connections of the file's name, oldest first.
    pub connections: Vec<FlowItem>,
    /// What there is of each flow, in the file's order.
    pub flows: Vec<EntryThere>,
    /// Flows of the file's name that the file does not ask for.
    pub strays: Vec<FlowItem>,
}

/// What there is of one flow.
#[derive(Debug, Clone, Default)]
pub struct EntryThere {
    /// Ids of the datasets of its name.
    pub datasets: Vec<String>,
    /// The `$id` of the schema of the only dataset.
    pub schema: Option<String>,
    /// Ids of the mapping sets of its content, oldest first.
    pub sets: Vec<String>,
    /// Flows of its name, oldest first.
    pub flows: Vec<FlowItem>,
    /// Source and target connection: of the flow those that it has; without one those that it could have.
    pub source: Option<FlowItem>,
    /// See there.
    pub target: Option<FlowItem>,
}

impl There {
    /// The base connection.
    pub fn connection(&self) -> Option<&FlowItem> {
        self.connections.first()
    }
}

/// Looks everything up; `said` is told what is being looked at.
pub async fn look_up(
    platform: &Platform,
    wanted: &Wanted,
    said: &(dyn Fn(&str) + Sync),
) -> Result<There, PlatformError> {
    said("the connection");
    let mut there = There {
        connections: platform.flow_items_named(FlowKind::Connection, &wanted.connection()).await?,
        ..There::default()
    };
    let connection = there.connection().map(|item| item.id.clone());
    for flow in &wanted.flows {
        said(&format!("the flow of {}", flow.entry.model));
        there.flows.push(entry(platform, wanted, flow, connection.as_deref()).await?);
    }
    said("other flows");
    let names: Vec<String> = wanted.flows.iter().map(|flow| flow.name(wanted.tag())).collect();
    there.strays = platform.flow_items(FlowKind::Flow, &[]).await?;
    there.strays.retain(|flow| {
        tag_of(flow.name()) == Some(wanted.tag()) && !names.iter().any(|name| name == flow.name())
    });
    Ok(there)
}

async fn entry(
    platform: &Platform,
    wanted: &Wanted,
    flow: &WantedFlow,
    connection: Option<&str>,
) -> Result<EntryThere, PlatformError> {
    let (tag, name) = (wanted.tag(), flow.name(wanted.tag()));
    let datasets = platform.named_datasets(&flow.dataset).await?;
    let datasets: Vec<String> = datasets.into_iter().map(|(id, _)| id).collect();
    let flows = platform.flow_items_named(FlowKind::Flow, &name).await?;
    let mut found = EntryThere { datasets, flows, ..EntryThere::default() };
    if let [dataset] = &found.datasets[..] {
        found.schema = platform.schema_of_dataset(dataset).await?;
    }
    if let Some(schema) = &found.schema {
        let set = flow.mapping_set(tag, schema);
        let called = set.get("name").and_then(serde_json::Value::as_str).unwrap_or_default();
        found.sets = platform.mapping_sets_named(called).await?;
    }
    match found.flows.first() {
        Some(flow) => {
            let end = |at: &str| flow.text(at).to_owned();
            found.source = platform.flow_item(FlowKind::Source, &end("/sourceConnectionIds/0")).await?;
            found.target = platform.flow_item(FlowKind::Target, &end("/targetConnectionIds/0")).await?;
        }
        None => {
            if let Some(connection) = connection {
                let body = flow.source(tag, connection);
                let sources = platform.flow_items_named(FlowKind::Source, &name).await?;
                found.source = sources.into_iter().find(|item| item.joins_as(&body));
            }
            if let ([dataset], Some(schema)) = (&found.datasets[..], &found.schema) {
                let body = flow.target(tag, dataset, schema);
                let targets = platform.flow_items_named(FlowKind::Target, &name).await?;
                found.target = targets.into_iter().find(|item| item.joins_as(&body));
            }
        }
    }
    Ok(found)
}
