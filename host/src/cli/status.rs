//! `stripe-xdm status`: how far a lake is. Reads the ledger alone, also while a sync writes to it.

use super::Global;
use anyhow::{Context, bail};
use clap::Args;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use stripe_xdm::lake::Lake;
use stripe_xdm::ledger::SqliteLedger;
use stripe_xdm::report::status_text;
use stripe_xdm::schedule::{Clock, State, SystemClock};
use stripe_xdm::sync::status;

/// The narrowest and the widest picture of covered time, in blocks.
const BAR: std::ops::RangeInclusive<u16> = 8..=60;
/// What the other columns of the table need.
const OTHERS: u16 = 100;

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// The lake's directory
    #[arg(long, value_name = "DIR")]
    lake: PathBuf,
}

pub(super) fn run(global: &Global, args: &StatusArgs) -> anyhow::Result<ExitCode> {
    let state = State::read(&args.lake)
        .with_context(|| format!("{}: the schedule's state cannot be read", args.lake.display()))?;
    let mut ledger = ledger(&args.lake)?;
    let status = status(&mut ledger, state, SystemClock.now())?;
    if global.json {
        say!("{}", serde_json::to_string(&status)?);
    } else {
        say!("{}", status_text(&status, &args.lake, width()));
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

/// How wide covered time is drawn; not at all where there is no terminal.
fn width() -> Option<u16> {
    let stdout = std::io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    let columns = rustix::termios::tcgetwinsize(stdout).map_or(80, |size| size.ws_col);
    Some(columns.saturating_sub(OTHERS).clamp(*BAR.start(), *BAR.end()))
}
