//! `stripe-xdm flow list`, `status`, `pause` and `resume`: flows as they are, and their switch.

use super::given::{FileArgs, base_connection};
use super::runs::words;
use crate::cli::connection::ConnectionArgs;
use crate::cli::{Global, sync};
use anyhow::bail;
use clap::Args;
use serde_json::{Value, json};
use std::process::ExitCode;
use stripe_xdm::flow::{Entry, FlowFile, Meaning, RunTold, Schedule, flow_name, runs, tag_of};
use stripe_xdm::platform::{FlowItem, FlowKind, Platform, Switch, specs};
use stripe_xdm::report::{columns, count, moment};

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
}

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    file: FileArgs,
}

#[derive(Debug, Args)]
pub(super) struct SwitchArgs {
    /// The flows, by model or resource; all of the file when none is named
    #[arg(value_name = "FLOW")]
    flows: Vec<String>,
    #[command(flatten)]
    file: FileArgs,
}

pub(super) fn list(global: &Global, args: &ListArgs) -> anyhow::Result<ExitCode> {
    let platform = args.connection.platform()?;
    sync::runtime()?.block_on(async {
        let mut flows = platform.flow_items(FlowKind::Flow, &[]).await?;
        flows.retain(is_of_stripe);
        if global.json {
            let all: Vec<Value> = flows.iter().map(document).collect();
            say!("{}", json!({ "flows": all }));
        } else if flows.is_empty() {
            say!("{} has no flows from Stripe.", args.connection.place()?);
        } else {
            let rows = flows.iter().map(|flow| {
                vec![
                    flow.name().chars().filter(|c| !c.is_control()).collect(),
                    state(flow).to_owned(),
                    schedule(flow),
                    tag_of(flow.name()).unwrap_or("-").to_owned(),
                    flow.id.clone(),
                ]
            });
            say!("{}", columns(&["flow", "state", "runs", "of file", "id"], rows));
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Whether a flow reads Stripe; one that was made here does, whatever the service shows of its ends.
fn is_of_stripe(flow: &FlowItem) -> bool {
    let ends = flow.body.pointer("/inheritedAttributes/sourceConnections").and_then(Value::as_array);
    let mut ends = ends.into_iter().flatten();
    let by_its_end = ends.any(|end| end.pointer("/connectionSpec/id").is_some_and(|id| id == specs::STRIPE));
    by_its_end || (flow.text("/flowSpec/id") == specs::SCHEDULED && tag_of(flow.name()).is_some())
}

fn state(flow: &FlowItem) -> &'static str {
    if flow.is_enabled() { "on" } else { "paused" }
}

fn schedule(flow: &FlowItem) -> String {
    let schedule = flow.body.get("scheduleParams").and_then(Schedule::of);
    schedule.map_or_else(|| "-".to_owned(), |schedule| schedule.to_string())
}

fn document(flow: &FlowItem) -> Value {
    json!({
        "id": flow.id, "name": flow.name(), "state": state(flow), "file": tag_of(flow.name()),
        "schedule": flow.body.get("scheduleParams"),
    })
}

/// A flow of the file, and its last run.
struct Found<'a> {
    entry: &'a Entry,
    flow: Option<FlowItem>,
    last: Option<RunTold>,
}

pub(super) fn status(global: &Global, args: &StatusArgs) -> anyhow::Result<ExitCode> {
    let file = args.file.read()?;
    let platform = args.file.connection.platform()?;
    sync::runtime()?.block_on(async {
        let connection = base_connection(&platform, &file).await?;
        let works = platform.test_connection(&connection.id).await?;
        let mut found = Vec::new();
        for entry in &file.flows {
            let flow = named(&platform, &file, entry).await?.into_iter().next();
            let last = match &flow {
                Some(flow) => runs(&platform, &flow.id, 1).await?.into_iter().next(),
                None => None,
            };
            found.push(Found { entry, flow, last });
        }
        if global.json {
            let all: Vec<Value> = found.iter().map(Found::document).collect();
            say!("{}", json!({ "connection": { "id": connection.id, "works": works }, "flows": all }));
        } else {
            let said = if works {
                "Stripe lets Adobe in"
            } else {
                "Stripe does NOT let Adobe in: `flow update --token`"
            };
            say!("{}: {said}", connection.name());
            say!("{}", columns(&["flow", "state", "runs", "last run", "went"], found.iter().map(Found::row)));
        }
        let well = works && found.iter().all(Found::is_well);
        Ok(ExitCode::from(if well { 0 } else { 2 }))
    })
}

impl Found<'_> {
    fn is_well(&self) -> bool {
        let went = self.last.as_ref().map(|run| run.meaning);
        self.flow.as_ref().is_some_and(FlowItem::is_enabled)
            && !matches!(went, Some(Meaning::Partly | Meaning::Failed))
    }

    fn row(&self) -> Vec<String> {
        let Some(flow) = &self.flow else {
            let none = || "-".to_owned();
            return vec![
                self.entry.model.clone(),
                "not there: `flow apply`".to_owned(),
                none(),
                none(),
                none(),
            ];
        };
        let began = self.last.as_ref().and_then(|run| run.started).map_or_else(|| "-".to_owned(), moment);
        let went = self.last.as_ref().map_or_else(
            || "-".to_owned(),
            |run| match (run.written, run.failed) {
                (Some(written), Some(failed)) => {
                    format!("{}: {} written, {} failed", words(run.meaning), count(written), count(failed))
                }
                _ => words(run.meaning).to_owned(),
            },
        );
        vec![self.entry.model.clone(), state(flow).to_owned(), schedule(flow), began, went]
    }

    fn document(&self) -> Value {
        let last = self.last.as_ref().map(|run| {
            json!({ "id": run.id, "began": run.started, "went": words(run.meaning), "read": run.read,
                "written": run.written, "failed": run.failed })
        });
        json!({
            "model": self.entry.model, "id": self.flow.as_ref().map(|flow| &flow.id),
            "state": self.flow.as_ref().map(state), "last_run": last,
        })
    }
}

async fn named(platform: &Platform, file: &FlowFile, entry: &Entry) -> anyhow::Result<Vec<FlowItem>> {
    Ok(platform.flow_items_named(FlowKind::Flow, &flow_name(&entry.model, &file.name)).await?)
}

/// Switches flows on or off; one that is so already stays so.
pub(super) fn switch(global: &Global, args: &SwitchArgs, on: bool) -> anyhow::Result<ExitCode> {
    let file = args.file.read()?;
    let chosen = args.file.chosen(&file, &args.flows)?;
    let platform = args.file.connection.platform()?;
    let to = if on { Switch::On } else { Switch::Off };
    sync::runtime()?.block_on(async {
        let mut told = Vec::new();
        for entry in chosen {
            let flows = named(&platform, &file, entry).await?;
            if flows.is_empty() {
                bail!("{} has no flow: `stripe-xdm flow apply` makes it", entry.model);
            }
            for flow in flows {
                let changed = platform.switch_flow(&flow.id, to).await?;
                if !global.json && !global.quiet {
                    say!("{}", switched(&entry.model, on, changed));
                }
                told.push(json!({ "model": entry.model, "id": flow.id, "changed": changed }));
            }
        }
        if global.json {
            say!("{}", json!({ "state": if on { "on" } else { "paused" }, "flows": told }));
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn switched(model: &str, on: bool, changed: bool) -> String {
    match (on, changed) {
        (true, true) => format!("{model} runs again by its schedule."),
        (true, false) => format!("{model} is on already."),
        (false, true) => format!("{model} is paused; a run that is under way goes on."),
        (false, false) => format!("{model} is paused already."),
    }
}
