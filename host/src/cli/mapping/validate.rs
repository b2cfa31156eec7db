//! `stripe-xdm mapping validate`: what is wrong with a set.

use super::question::{About, AboutArgs, ask};
use crate::cli::Global;
use clap::Args;
use serde::Deserialize;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct ValidateArgs {
    /// A file with a mapping set in any of Adobe's forms or a model, - for standard input; or a resource
    set: String,
    /// Records to try it on: JSON lines, an array, a list page; - for standard input
    #[arg(long, value_name = "FILE")]
    sample: Option<String>,
    #[command(flatten)]
    about: AboutArgs,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Validation {
    validation_response: Vec<Response>,
    #[serde(default)]
    problems: Vec<String>,
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Deserialize)]
struct Response {
    errors: Option<Vec<TransformError>>,
    #[serde(default)]
    warnings: Vec<String>,
}

/// What Adobe tells of a mapping that fails.
#[derive(Deserialize)]
pub(super) struct TransformError {
    source: String,
    destination: String,
    exception: String,
}

impl TransformError {
    /// The mapping on a line, what is wrong below it.
    pub(super) fn words(&self, head: &str) -> String {
        let mut text = match self.destination.is_empty() {
            true => format!("{head}\n"),
            false => format!("{head}: {} -> {}\n", self.source, self.destination),
        };
        for line in self.exception.lines() {
            text.push_str(&format!("  {line}\n"));
        }
        text
    }
}

pub(super) fn run(global: &Global, args: ValidateArgs) -> anyhow::Result<ExitCode> {
    let module = global.load_module()?;
    let question = About::new(&module, "validate", &args.set, args.sample.as_deref(), &args.about)?;
    ask(global, &module, &question, |answer| {
        let validation: Validation = serde_json::from_str(answer)?;
        let failed =
            validation.validation_response.iter().filter(|response| response.errors.is_some()).count();
        if global.json {
            say!("{answer}");
        } else {
            let words = words(&validation, failed, global.quiet);
            if !words.is_empty() {
                say!("{}", words.trim_end());
            }
        }
        Ok(ExitCode::from(if failed > 0 || !validation.problems.is_empty() { 2 } else { 0 }))
    })
}

fn words(validation: &Validation, failed: usize, quiet: bool) -> String {
    let mut text = String::new();
    for (number, response) in (1..).zip(&validation.validation_response) {
        for error in response.errors.iter().flatten() {
            text.push_str(&error.words(&format!("FAILED mapping {number}")));
        }
        for warning in response.warnings.iter().filter(|_| !quiet) {
            text.push_str(&format!("warning: mapping {number}: {warning}\n"));
        }
    }
    for problem in &validation.problems {
        text.push_str(&format!("FAILED: {problem}\n"));
    }
    for warning in validation.warnings.iter().filter(|_| !quiet) {
        text.push_str(&format!("warning: {warning}\n"));
    }
    if !quiet {
        let all = validation.validation_response.len();
        text.push_str(&match failed {
            0 => format!("{all} mappings, all of them sound\n"),
            failed => format!("{failed} of {all} mappings FAILED\n"),
        });
    }
    text
}
