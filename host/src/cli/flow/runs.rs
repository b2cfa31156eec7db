//! `stripe-xdm flow runs`: what flows have done, with what failed in words.

use super::given::FileArgs;
use crate::cli::{Global, sync};
use clap::Args;
use serde_json::{Value, json};
use std::process::ExitCode;
use stripe_xdm::flow::{Meaning, RunTold, failed_rows, flow_name, meaning, runs};
use stripe_xdm::platform::{FlowKind, Platform};
use stripe_xdm::report::{columns, count, duration, moment};

#[derive(Debug, Args)]
pub(super) struct RunsArgs {
    /// The flows, by model or resource; all of the file when none is named
    #[arg(value_name = "FLOW")]
    flows: Vec<String>,
    /// How many runs of each, the newest
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// How many of a run's failed records are looked up
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(0..=1000))]
    rows: u16,
    #[command(flatten)]
    file: FileArgs,
}

/// A run and what is known of its failed records.
struct Told {
    model: String,
    run: RunTold,
    rows: Vec<String>,
}

pub(super) fn run(global: &Global, args: &RunsArgs) -> anyhow::Result<ExitCode> {
    let file = args.file.read()?;
    let chosen = args.file.chosen(&file, &args.flows)?;
    let platform = args.file.connection.platform()?;
    sync::runtime()?.block_on(async {
        let mut told = Vec::new();
        let mut without: Vec<&str> = Vec::new();
        for entry in chosen {
            let name = flow_name(&entry.model, &file.name);
            let flows = platform.flow_items_named(FlowKind::Flow, &name).await?;
            if flows.is_empty() {
                without.push(&entry.model);
            }
            for flow in flows {
                for run in runs(&platform, &flow.id, args.limit.into()).await? {
                    let rows = rows(&platform, &run, args.rows.into()).await;
                    told.push(Told { model: entry.model.clone(), run, rows });
                }
            }
        }
        if global.json {
            let all: Vec<Value> = told.iter().map(document).collect();
            say!("{}", json!({ "runs": all, "without_flow": without }));
        } else {
            show(global, &told);
            for model in without {
                stripe_xdm::tell!("{model} has no flow: `stripe-xdm flow apply` makes it");
            }
        }
        let bad = told.iter().any(|told| matches!(told.run.meaning, Meaning::Partly | Meaning::Failed));
        Ok(ExitCode::from(if bad { 2 } else { 0 }))
    })
}

/// Why records failed. That the list cannot be read is no reason to say nothing of the run.
async fn rows(platform: &Platform, run: &RunTold, most: usize) -> Vec<String> {
    let mut rows = Vec::new();
    if run.failed.unwrap_or_default() == 0 || most == 0 {
        return rows;
    }
    for batch in &run.batches {
        match failed_rows(platform, batch, most - rows.len()).await {
            Ok(more) => rows.extend(more),
            Err(error) => rows.push(format!("the failed records of batch {batch} cannot be read: {error}")),
        }
        if rows.len() >= most {
            break;
        }
    }
    rows
}

pub(super) fn words(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Running => "running",
        Meaning::Good => "well",
        Meaning::Partly => "in part",
        Meaning::Failed => "failed",
    }
}

fn show(global: &Global, told: &[Told]) {
    if told.is_empty() {
        say!("There are no runs yet: the first begins at the flow's start, and takes minutes to show.");
        return;
    }
    let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), count);
    let rows = told.iter().map(|Told { model, run, .. }| {
        let took =
            run.started.zip(run.ended).map_or_else(|| "-".to_owned(), |(from, to)| duration(to - from));
        vec![
            model.clone(),
            run.started.map_or_else(|| "-".to_owned(), moment),
            took,
            words(run.meaning).to_owned(),
            number(run.read),
            number(run.written),
            number(run.failed),
        ]
    });
    say!("{}", columns(&["flow", "began", "took", "went", "read", "written", "failed"], rows));
    if global.quiet {
        return;
    }
    for Told { model, run, rows } in told {
        if run.errors.is_empty() && rows.is_empty() {
            continue;
        }
        say!("{model}, run {}", run.id);
        for (code, message, many) in &run.errors {
            let many = many.map(|many| format!(" ({} records)", count(many))).unwrap_or_default();
            say!("  {code}{many}: {message}");
            if let Some(meaning) = meaning(code) {
                say!("    → {meaning}");
            }
        }
        rows.iter().for_each(|row| say!("  {row}"));
        if !run.batches.is_empty() {
            say!("  batch {}; Adobe keeps its diagnostics for 30 days", run.batches.join(", "));
        }
    }
}

fn document(told: &Told) -> Value {
    let Told { model, run, rows } = told;
    let errors: Vec<Value> = run
        .errors
        .iter()
        .map(|(code, message, records)| {
            json!({ "code": code, "message": message, "records": records, "meaning": meaning(code) })
        })
        .collect();
    json!({
        "model": model, "id": run.id, "began": run.started, "ended": run.ended, "status": run.status,
        "went": words(run.meaning), "read": run.read, "written": run.written, "failed": run.failed,
        "bytes": run.bytes, "window": run.window, "errors": errors, "failed_records": rows, "batches": run.batches,
    })
}
