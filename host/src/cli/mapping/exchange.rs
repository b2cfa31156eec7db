//! `stripe-xdm mapping export` and `import`: sets on their way to Adobe and from there.

use super::question::{ModelArgs, ask, raw_file};
use crate::cli::Global;
use anyhow::Context;
use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use stripe_xdm::report::{columns, pretty};

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The resource: charge, refund, balance_transaction, subscription, subscription.event, customer, price
    resource: String,
    /// Who it is for
    #[arg(long, value_enum, default_value_t = For::Adobe)]
    to: For,
    /// Where the source puts each object; empty for a source of bare objects
    #[arg(long, value_name = "FIELD", default_value = "data")]
    root: String,
    /// The file to write; default standard output
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum For {
    /// Data Prep in Adobe Experience Platform
    Adobe,
}

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The file: a set, or an answer of Adobe's API that holds one; - for standard input
    file: String,
    /// The file to write; default standard output
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Exported<'a> {
    #[serde(borrow)]
    mapping_set: &'a RawValue,
    counts: Counts,
    notes: Vec<String>,
    report: Vec<Line>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    unchanged: usize,
    lowered: usize,
    approximated: usize,
    left_out: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    destination: String,
    outcome: String,
    #[serde(default)]
    reasons: Vec<String>,
    #[serde(default)]
    relies_on: Vec<String>,
}

pub(super) fn export(global: &Global, args: ExportArgs) -> anyhow::Result<ExitCode> {
    let module = global.load_module()?;
    let For::Adobe = args.to;
    let question = json!({
        "command": "export",
        "resource": args.resource,
        "settings": args.model.settings()?,
        "root": args.root,
    });
    ask(global, &module, &question, |answer| {
        let exported: Exported<'_> = serde_json::from_str(answer)?;
        match (global.json, &args.out) {
            (true, None) => say!("{answer}"),
            (_, out) => write(out.as_deref(), exported.mapping_set)?,
        }
        if !global.quiet && !global.json {
            stripe_xdm::tell!("{}", exported.words().trim_end());
        }
        Ok(ExitCode::SUCCESS)
    })
}

impl Exported<'_> {
    /// What differs from the model, for people.
    fn words(&self) -> String {
        let told = self.report.iter().filter(|line| !line.reasons.is_empty() || !line.relies_on.is_empty());
        let rows = told.map(|line| {
            let relies = line.relies_on.iter().map(|on| format!("relies on {on}"));
            let reasons: Vec<String> = line.reasons.iter().cloned().chain(relies).collect();
            vec![line.destination.clone(), line.outcome.replace('_', " "), reasons.join("\n")]
        });
        let rows: Vec<_> = rows.collect();
        let mut text = String::new();
        if !rows.is_empty() {
            text = columns(&["destination", "outcome", "why, and what it relies on"], rows);
            text.push('\n');
        }
        for note in &self.notes {
            text.push_str(&format!("note: {note}\n"));
        }
        let Counts { unchanged, lowered, approximated, left_out } = self.counts;
        text.push_str(&format!(
            "{unchanged} mappings as they are, {lowered} in Adobe's words, {approximated} nearly the same, {left_out} left out\n"
        ));
        text
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Imported<'a> {
    #[serde(borrow)]
    set: &'a RawValue,
    sources_prefix: Option<String>,
    problems: Vec<String>,
}

pub(super) fn import(global: &Global, args: &ImportArgs) -> anyhow::Result<ExitCode> {
    #[derive(serde::Serialize)]
    struct Question {
        command: &'static str,
        set: Box<RawValue>,
    }
    #[derive(Deserialize)]
    struct Set {
        mappings: Vec<serde::de::IgnoredAny>,
    }
    let module = global.load_module()?;
    let question = Question { command: "import", set: raw_file(&args.file)? };
    ask(global, &module, &question, |answer| {
        let imported: Imported<'_> = serde_json::from_str(answer)?;
        match (global.json, &args.out) {
            (true, None) => say!("{answer}"),
            (_, out) => write(out.as_deref(), imported.set)?,
        }
        for problem in &imported.problems {
            stripe_xdm::tell!("FAILED: {problem}");
        }
        if !global.quiet && !global.json {
            let count = serde_json::from_str::<Set>(imported.set.get())?.mappings.len();
            let below = imported.sources_prefix.map_or_else(String::new, |root| {
                format!("; every source lies below {root}, which is left away over Stripe's objects")
            });
            stripe_xdm::tell!("{count} mappings{below}");
            let file = args.out.as_ref().map_or(args.file.clone(), |out| out.display().to_string());
            stripe_xdm::tell!(
                "run it: stripe-xdm transform --tenant TENANT --account ACCOUNT --mapping-only RESOURCE={file}"
            );
        }
        Ok(ExitCode::from(if imported.problems.is_empty() { 0 } else { 2 }))
    })
}

fn write(out: Option<&Path>, set: &RawValue) -> anyhow::Result<()> {
    let text = pretty(set.get());
    match out {
        None => say!("{text}"),
        Some(path) => {
            std::fs::write(path, text + "\n").with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    Ok(())
}
