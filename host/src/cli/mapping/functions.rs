//! `stripe-xdm mapping functions` and `operators`: what the language has to offer.

use super::question::ask;
use crate::cli::Global;
use clap::Args;
use serde::Deserialize;
use serde_json::json;
use std::process::ExitCode;
use stripe_xdm::report::columns;

#[derive(Debug, Args)]
pub(super) struct FunctionsArgs {
    /// The function that is meant; all without it
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Function {
    category: String,
    function: String,
    description: String,
    syntax: String,
    returns: String,
    example: String,
    result: String,
    params: Vec<Parameter>,
    status: String,
    status_note: Option<String>,
    alias_of: Option<String>,
}

#[derive(Deserialize)]
struct Parameter {
    name: String,
    description: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Operator {
    operator_symbol: String,
    description: String,
    example: String,
    result: String,
}

pub(super) fn run(global: &Global, args: &FunctionsArgs) -> anyhow::Result<ExitCode> {
    let module = global.load_module()?;
    let question = match &args.name {
        Some(name) => json!({ "command": "functions", "name": name }),
        None => json!({ "command": "functions" }),
    };
    ask(global, &module, &question, |answer| {
        if global.json {
            say!("{answer}");
            return Ok(ExitCode::SUCCESS);
        }
        let functions: Vec<Function> = serde_json::from_str(answer)?;
        match &args.name {
            Some(_) => functions.iter().for_each(|function| say!("{}", function.words().trim_end())),
            None => say!("{}", overview(&functions)),
        }
        Ok(ExitCode::SUCCESS)
    })
}

pub(super) fn operators(global: &Global) -> anyhow::Result<ExitCode> {
    let module = global.load_module()?;
    ask(global, &module, &json!({ "command": "operators" }), |answer| {
        if global.json {
            say!("{answer}");
            return Ok(ExitCode::SUCCESS);
        }
        let operators: Vec<Operator> = serde_json::from_str(answer)?;
        let rows = operators.into_iter().map(|operator| {
            let Operator { operator_symbol, description, example, result } = operator;
            vec![operator_symbol, description, format!("{example} gives {result}")]
        });
        say!("{}", columns(&["operator", "what it does", "example"], rows));
        Ok(ExitCode::SUCCESS)
    })
}

fn overview(functions: &[Function]) -> String {
    columns(
        &["function", "category", "what it does"],
        functions.iter().map(|function| {
            let what = match (&function.alias_of, function.status.as_str()) {
                (Some(other), _) => format!("Another name of {other}."),
                (None, "current") => function.description.clone(),
                (None, status) => format!("{} ({status})", function.description),
            };
            vec![function.function.clone(), function.category.clone(), what]
        }),
    )
}

impl Function {
    fn words(&self) -> String {
        let mut text = format!("{}\n\n{}\n", self.syntax, self.description);
        for Parameter { name, description } in &self.params {
            text.push_str(&format!("  {name}: {description}\n"));
        }
        if !self.returns.is_empty() {
            text.push_str(&format!("Gives: {}\n", self.returns));
        }
        if !self.example.is_empty() {
            let result = if self.result.is_empty() { "nothing: it fails" } else { &self.result };
            text.push_str(&format!("Example: {}\n  gives {result}\n", self.example));
        }
        if let Some(other) = &self.alias_of {
            text.push_str(&format!("Another name of {other}.\n"));
        }
        text.push_str(&format!("Category: {}. Status: {}", self.category, self.status));
        text.push_str(&self.status_note.as_ref().map_or_else(|| ".".to_owned(), |note| format!("; {note}")));
        text.push('\n');
        text
    }
}
