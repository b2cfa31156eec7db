//! `stripe-xdm mapping diff`: what differs between two sets.

use super::question::{ModelArgs, Subject, ask};
use crate::cli::Global;
use anyhow::bail;
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::process::ExitCode;
use stripe_xdm::report::columns;

#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// A file with a mapping set or a model, - for standard input; or a resource
    a: String,
    /// The other one
    b: String,
    #[command(flatten)]
    model: ModelArgs,
}

#[derive(Serialize)]
struct Question {
    command: &'static str,
    a: Subject,
    b: Subject,
    settings: Map<String, Value>,
}

#[derive(Deserialize)]
struct Difference {
    added: Vec<Side>,
    removed: Vec<Side>,
    changed: Vec<Change>,
    reordered: bool,
    settings: Vec<Setting>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Side {
    destination: String,
    source_type: String,
    source: String,
    #[serde(rename = "type")]
    xdm_type: Option<String>,
}

#[derive(Deserialize)]
struct Change {
    destination: String,
    before: Side,
    after: Side,
}

#[derive(Deserialize)]
struct Setting {
    member: String,
    before: Option<String>,
    after: Option<String>,
}

pub(super) fn run(global: &Global, args: DiffArgs) -> anyhow::Result<ExitCode> {
    if args.a == "-" && args.b == "-" {
        bail!("both sets want standard input; give one of them as a file");
    }
    let module = global.load_module()?;
    let question = Question {
        command: "diff",
        a: Subject::named(&module, &args.a)?,
        b: Subject::named(&module, &args.b)?,
        settings: args.model.settings()?,
    };
    ask(global, &module, &question, |answer| {
        if global.json {
            say!("{answer}");
            return Ok(ExitCode::SUCCESS);
        }
        say!("{}", words(&serde_json::from_str(answer)?).trim_end());
        Ok(ExitCode::SUCCESS)
    })
}

impl Side {
    /// The source, with the kind and the type where they are not plain.
    fn words(&self) -> String {
        let kind = match self.source_type.as_str() {
            "STATIC" => "constant ",
            _ => "",
        };
        let xdm_type = self.xdm_type.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
        format!("{kind}{}{xdm_type}", self.source)
    }
}

fn words(difference: &Difference) -> String {
    let row = |what: &str, destination: &str, before: String, after: String| {
        vec![what.to_owned(), destination.to_owned(), before, after]
    };
    let mut rows = Vec::new();
    for Change { destination, before, after } in &difference.changed {
        rows.push(row("changed", destination, before.words(), after.words()));
    }
    for side in &difference.removed {
        rows.push(row("removed", &side.destination, side.words(), String::new()));
    }
    for side in &difference.added {
        rows.push(row("added", &side.destination, String::new(), side.words()));
    }
    for Setting { member, before, after } in &difference.settings {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        rows.push(row("setting", member, text(before), text(after)));
    }
    let mut text = match rows.is_empty() {
        true => String::new(),
        false => columns(&["", "destination", "before", "after"], rows) + "\n",
    };
    if difference.reordered {
        text.push_str("The fields that both write come in another order.\n");
    }
    if text.is_empty() {
        text.push_str("The sets do the same.\n");
    } else {
        text.push_str(&format!(
            "{} changed, {} removed, {} added\n",
            difference.changed.len(),
            difference.removed.len(),
            difference.added.len()
        ));
    }
    text
}
