//! `stripe-xdm config`: what the settings file says, what is in force, and an example of one.

mod check;
mod example;
mod force;

use super::Global;
use super::layers::file_of;
use clap::{Args, Subcommand};
use std::process::ExitCode;
use stripe_xdm::config::{AccountEntry, ConfigFile, Connected, Origin, Problem};
use stripe_xdm::report::columns;

#[derive(Debug, Args)]
pub(super) struct ConfigCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Check all settings and show what is in force, and where each value comes from
    Check,
    /// Print a settings file with every key, its meaning and its default
    Example,
}

pub(super) fn run(global: &Global, command: ConfigCommand) -> anyhow::Result<ExitCode> {
    match command.what {
        What::Check => check(global),
        What::Example => {
            say!("{}", example::example().trim_end());
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn check(global: &Global) -> anyhow::Result<ExitCode> {
    let path = file_of(global.config.as_ref());
    let (file, problems) = path.as_deref().map(ConfigFile::read).unwrap_or_default();
    let (environment, unreadable) = force::environment();
    let problems = check::problems(&file, &environment, [problems, unreadable].concat());
    let rows = force::rows(&file, &environment, &problems);
    let unknown = force::unknown_variables(&file);
    if global.json {
        let answer = serde_json::json!({
            "file": path, "settings": rows, "unknown_variables": unknown,
            "problems": problems.iter().map(problem_as_json).collect::<Vec<_>>(),
            "accounts": file.accounts.iter().map(|account| &account.name).collect::<Vec<_>>(),
        });
        say!("{answer}");
        return Ok(ExitCode::from(u8::from(!problems.is_empty())));
    }
    match &path {
        Some(path) => say!("settings file: {}", path.display()),
        None => say!("settings file: none (stripe-xdm.toml in this directory, or --config)"),
    }
    let words = |row: &force::Row| {
        let value = row.value.clone().unwrap_or_else(|| "-".to_owned());
        let source = if row.refused { format!("{}, REFUSED", row.source) } else { row.source.clone() };
        vec![row.key.clone(), value, source]
    };
    say!("{}", columns(&["key", "value", "from"], rows.iter().map(words)));
    file.accounts.iter().for_each(|account| say!("{}", account_in_words(account)));
    for message in &unknown {
        stripe_xdm::tell!("warning: {message}");
    }
    for problem in &problems {
        stripe_xdm::tell!("error: {problem}");
    }
    if !problems.is_empty() {
        say!("Nothing of this is in force until what is wrong is mended: commands refuse it.");
    }
    Ok(ExitCode::from(u8::from(!problems.is_empty())))
}

fn problem_as_json(problem: &Problem) -> serde_json::Value {
    let (file, variable) = match &problem.origin {
        Origin::File(path) => (Some(path), None),
        Origin::Variable(name) => (None, Some(name)),
        Origin::Together => (None, None),
    };
    serde_json::json!({
        "file": file,
        "variable": variable,
        "line": problem.place.map(|place| place.line),
        "column": problem.place.map(|place| place.column),
        "key": problem.key.map(ToString::to_string),
        "message": problem.message,
    })
}

/// What the file says of an account; the rest is as in `[sync]`.
fn account_in_words(account: &AccountEntry) -> String {
    let name = account.account.as_deref().unwrap_or("the key's account");
    let mut words = format!("account {}: {name}, key {}", account.name, account.api_key.shown());
    let connected = account.connected.as_ref().map(|connected| match connected {
        Connected::No => "none".to_owned(),
        Connected::All => "all".to_owned(),
        Connected::These(accounts) => accounts.join(" "),
    });
    let more = [
        ("connected", connected),
        ("resources", account.resources.as_ref().map(|names| names.join(" "))),
        ("since", account.since.clone()),
        ("rate_limit", account.rate_limit.clone()),
        ("endpoint_rate_limit", account.endpoint_rate_limit.clone()),
        ("customer_namespace", account.customer_namespace.clone()),
    ];
    for (name, value) in more {
        words.extend(value.map(|value| format!(", {name} {value}")));
    }
    words
}
