//! `stripe-xdm schema plan`: what is to be done, and nothing done.

use super::desired::{Desired, DesiredArgs};
use super::picture;
use crate::cli::{Global, sync};
use clap::Args;
use std::process::ExitCode;

/// The exit code that says that something is to be done.
const CHANGES: u8 = 3;
/// The exit code that says that something cannot be done.
pub(super) const REFUSALS: u8 = 2;

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    desired: DesiredArgs,
}

pub(super) fn run(global: &Global, args: &PlanArgs) -> anyhow::Result<ExitCode> {
    let module = global.load_module()?;
    sync::runtime()?.block_on(async {
        let desired = args.desired.find(global, &module).await?;
        if global.json {
            say!("{}", picture::document(&desired));
        } else {
            show(global, &desired, &args.desired);
        }
        Ok(match (desired.plan.refusals().count(), desired.plan.changes().count()) {
            (0, 0) => ExitCode::SUCCESS,
            (0, _) => ExitCode::from(CHANGES),
            (_, _) => ExitCode::from(REFUSALS),
        })
    })
}

/// The plan in words, and what it means for mappings.
pub(super) fn show(global: &Global, desired: &Desired, args: &DesiredArgs) {
    say!("tenant {}, {}", desired.tenant, desired.place);
    say!("{}", picture::tree(global, desired).trim_end());
    say!("{}", picture::summary(desired));
    if !desired.twins.is_empty() {
        say!("{}", twins(args));
    }
}

fn twins(args: &DesiredArgs) -> String {
    match &args.twins {
        Some(path) => format!(
            "The records must go the same way: give --mapping {} to sync, transform and schema.",
            path.display()
        ),
        None => {
            "The records must go the same way: --twins FILE writes the mapping, to be given by --mapping to \
                 sync, transform and schema."
                .to_owned()
        }
    }
}
