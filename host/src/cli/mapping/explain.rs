//! `stripe-xdm mapping explain`: where outputs come from and where inputs go.

use super::question::{About, AboutArgs, ask};
use crate::cli::Global;
use clap::Args;
use serde::Deserialize;
use std::process::ExitCode;
use stripe_xdm::report::columns;

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// A resource (charge, subscription.event, …), or a file with a mapping set or a model
    set: String,
    /// A record to follow through it
    #[arg(long, value_name = "FILE")]
    sample: Option<String>,
    #[command(flatten)]
    about: AboutArgs,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Explanation {
    outputs: Vec<Output>,
    #[serde(default)]
    left_out: Vec<LeftOut>,
    sources: Vec<Source>,
    #[serde(default)]
    truncated: bool,
    problem: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Output {
    destination: String,
    #[serde(rename = "type")]
    xdm_type: Option<String>,
    source_type: String,
    source: String,
    replaced_by: Option<usize>,
    present: Option<bool>,
    note: Option<String>,
}

#[derive(Deserialize)]
struct LeftOut {
    destination: String,
    source: String,
    reason: String,
}

#[derive(Deserialize)]
struct Source {
    path: String,
    fate: String,
    destinations: Vec<String>,
    reason: Option<String>,
}

pub(super) fn run(global: &Global, args: ExplainArgs) -> anyhow::Result<ExitCode> {
    let module = global.load_module()?;
    let question = About::new(&module, "explain", &args.set, args.sample.as_deref(), &args.about)?;
    ask(global, &module, &question, |answer| {
        let explanation: Explanation = serde_json::from_str(answer)?;
        match global.json {
            true => say!("{answer}"),
            false => explanation.show(),
        }
        Ok(ExitCode::from(if explanation.problem.is_some() { 2 } else { 0 }))
    })
}

impl Explanation {
    /// In words.
    fn show(&self) {
        say!("{}", outputs(&self.outputs));
        if !self.left_out.is_empty() {
            say!("{}", left_out(&self.left_out));
        }
        if !self.sources.is_empty() {
            say!("{}", sources(&self.sources));
        }
        if self.truncated {
            say!("The sample has more fields than are shown.");
        }
        if let Some(problem) = &self.problem {
            stripe_xdm::tell!("error: {problem}");
        }
    }
}

fn outputs(outputs: &[Output]) -> String {
    let with_sample = outputs.iter().any(|output| output.present.is_some());
    let mut header = vec!["destination", "type", "from", "source"];
    header.extend(with_sample.then_some("in the record"));
    columns(
        &header,
        outputs.iter().map(|output| {
            let kind = output.source_type.to_lowercase();
            let mut row = vec![
                output.destination.clone(),
                output.xdm_type.clone().unwrap_or_default(),
                match output.replaced_by {
                    Some(number) => format!("{kind}; mapping {number} wins"),
                    None => kind,
                },
                match &output.note {
                    Some(note) => format!("{}\n({note})", output.source),
                    None => output.source.clone(),
                },
            ];
            row.extend(output.present.map(|present| if present { "yes" } else { "no" }.to_owned()));
            row
        }),
    )
}

fn left_out(left_out: &[LeftOut]) -> String {
    columns(
        &["not written", "why", "source"],
        left_out.iter().map(|left| vec![left.destination.clone(), left.reason.clone(), left.source.clone()]),
    )
}

fn sources(sources: &[Source]) -> String {
    columns(
        &["field of the sample", "fate", "goes to, or why not"],
        sources.iter().map(|source| {
            let fate = match source.fate.as_str() {
                "covered" => "inside a mapped value",
                "notInSchema" => "not in the schema",
                fate => fate,
            };
            let reason = source.reason.clone().unwrap_or_else(|| source.destinations.join("\n"));
            vec![source.path.clone(), fate.to_owned(), reason]
        }),
    )
}
