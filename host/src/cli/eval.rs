//! `stripe-xdm eval`: what one expression of the mapping language gives for an input.

use super::{Global, given};
use anyhow::{Context, bail};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use std::io::IsTerminal;
use std::process::ExitCode;
use stripe_xdm::module::Refusal;
use stripe_xdm::report::pretty;

#[derive(Debug, Args)]
pub(super) struct EvalArgs {
    /// The expression; @FILE for one in a file, - for standard input
    #[arg(long, value_name = "EXPRESSION", allow_hyphen_values = true)]
    expr: String,
    /// The record that the expression reads, as JSON; @FILE for one in a file, - for standard input
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    input: Option<String>,
    /// The time that now() tells, such as 2026-01-31T12:00:00Z; default the machine's clock
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
    /// What uuid() and the like are made from, together with the input
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

#[derive(Serialize)]
struct Question<'a> {
    command: &'static str,
    expression: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<&'a RawValue>,
    now: &'a str,
    seed: u64,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    result: &'a RawValue,
    notes: Vec<Note>,
}

#[derive(Deserialize)]
struct Note {
    code: String,
    message: String,
}

pub(super) fn run(global: &Global, args: EvalArgs) -> anyhow::Result<ExitCode> {
    if args.expr == "-" && args.input.as_deref() == Some("-") {
        bail!("--expr - and --input - both want standard input; give one of them another way");
    }
    let expression = given::text(&args.expr).context("--expr")?;
    let input = args.input.as_deref().map(given::text).transpose().context("--input")?;
    let input: Option<&RawValue> =
        input.as_deref().map(serde_json::from_str).transpose().context("--input must be JSON")?;
    let now = args.now.unwrap_or_else(|| jiff::Timestamp::now().to_string());
    let question = Question {
        command: "eval",
        // A file ends with a line's end, which is no part of the expression.
        expression: expression.trim_end_matches(['\r', '\n']),
        input,
        now: &now,
        seed: args.seed,
    };
    match global.load_module()?.ask(&serde_json::to_string(&question)?) {
        Ok(answer) => {
            show(global, &answer)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(refusal) => Ok(refused(global, &refusal)),
    }
}

fn show(global: &Global, answer: &str) -> anyhow::Result<()> {
    if global.json {
        say!("{answer}");
        return Ok(());
    }
    let Answer { result, notes } = serde_json::from_str(answer).context("the module's answer")?;
    match std::io::stdout().is_terminal() {
        true => say!("{}", pretty(result.get())),
        false => say!("{}", result.get()),
    }
    for Note { code, message } in notes.iter().filter(|_| !global.quiet) {
        stripe_xdm::tell!("note: {code}: {message}");
    }
    Ok(())
}

/// Says why there is no answer; the exit code is 2.
pub(super) fn refused(global: &Global, refusal: &Refusal) -> ExitCode {
    if global.json {
        say!("{}", json!({ "error": refusal }));
    } else {
        // The place belongs to the first line; further ones are further problems.
        let (first, further) = refusal.message.split_once('\n').unwrap_or((&refusal.message, ""));
        stripe_xdm::tell!("error: {first}");
        for line in refusal.caret.iter().flat_map(|caret| caret.lines()) {
            stripe_xdm::tell!("  {line}");
        }
        for line in further.lines() {
            stripe_xdm::tell!("{line}");
        }
    }
    ExitCode::from(2)
}
