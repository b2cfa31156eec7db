//! `stripe-xdm status`: how far a lake is. Reads the ledger alone, also while a sync writes to it.

use super::Global;
use anyhow::{Context, bail};
use clap::Args;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use stripe_xdm::config::AccountEntry;
use stripe_xdm::lake::Lake;
use stripe_xdm::ledger::SqliteLedger;
use stripe_xdm::report::status_text;
use stripe_xdm::schedule::{Clock, State, SystemClock};
use stripe_xdm::sync::{Status, known_accounts, status};

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// The lake's directory
    #[arg(long, value_name = "DIR")]
    lake: PathBuf,
    /// Only these accounts, by their names in the settings file or their ids (acct_…)
    #[arg(long, alias = "account", value_name = "NAMES", value_delimiter = ',')]
    only: Vec<String>,
}

pub(super) fn run(global: &Global, args: &StatusArgs) -> anyhow::Result<ExitCode> {
    let state = State::read(&args.lake)
        .with_context(|| format!("{}: the schedule's state cannot be read", args.lake.display()))?;
    if let Some(schedule) = state.clone().filter(|_| !Lake::has_ledger(&args.lake)) {
        // A schedule that waits for its first slot.
        let status = Status { schedule: Some(schedule), now: SystemClock.now(), ..Status::default() };
        return show(global, args, &status);
    }
    let mut ledger = ledger(&args.lake)?;
    let running = !Lake::is_free(&args.lake)?;
    let mut status = status(&mut ledger, state, running, SystemClock.now())?;
    let only = ids_of(&args.only, &known_accounts(&mut ledger)?)?;
    status.accounts.retain(|account| only.is_empty() || only.contains(&account.account));
    // In the order of the settings file, as far as that names them.
    let place = |name: &Option<String>| {
        let named = |entry: &AccountEntry| name.as_ref() == Some(&entry.name);
        global.accounts.iter().position(named).unwrap_or(usize::MAX)
    };
    status.accounts.sort_by_key(|account| place(&account.name));
    show(global, args, &status)
}

fn show(global: &Global, args: &StatusArgs, status: &Status) -> anyhow::Result<ExitCode> {
    if global.json {
        say!("{}", serde_json::to_string(status)?);
    } else {
        say!("{}", status_text(status, &args.lake, width()));
    }
    Ok(ExitCode::SUCCESS)
}

/// The ledger of a lake that is there, to look into.
pub(super) fn ledger(lake: &Path) -> anyhow::Result<SqliteLedger> {
    has_ledger(lake)?;
    Ok(SqliteLedger::open_read_only(&lake.join("_ledger.sqlite"))?)
}

pub(super) fn has_ledger(lake: &Path) -> anyhow::Result<()> {
    if !Lake::has_ledger(lake) {
        bail!("{} is no lake: nothing was synced into it yet, or it is another directory", lake.display());
    }
    Ok(())
}

/// The ids of the accounts that are given by their names or ids, of those that a lake knows.
pub(super) fn ids_of(given: &[String], known: &[(String, Option<String>)]) -> anyhow::Result<Vec<String>> {
    let id = |wanted: &String| {
        let is_it = |(id, name): &&(String, Option<String>)| id == wanted || name.as_ref() == Some(wanted);
        known.iter().find(is_it).map(|(id, _)| id.clone()).with_context(|| {
            let known = known.iter().map(|(id, name)| match name {
                Some(name) => format!("{name} ({id})"),
                None => id.clone(),
            });
            format!("--only {wanted}: the lake holds {}", known.collect::<Vec<_>>().join(", "))
        })
    };
    given.iter().map(id).collect()
}

/// How wide the terminal is, when there is one.
fn width() -> Option<u16> {
    let stdout = std::io::stdout();
    let is_terminal = stdout.is_terminal();
    is_terminal.then(|| rustix::termios::tcgetwinsize(stdout).map_or(80, |size| size.ws_col))
}
