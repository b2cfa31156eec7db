//! `stripe-xdm verify`: lists again and compares; repairs what differs when asked to.

use super::Global;
use super::signals::stop_on_signals;
use super::status::ledger;
use super::sync::{SyncArgs, once, ready, runtime};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::process::ExitCode;
use stripe_xdm::report::{counted, verified_text};
use stripe_xdm::stripe::Resource;
use stripe_xdm::sync::{Sample, Target, Verified, VerifyConfig, repair, verify};

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    sync: SyncArgs,
    #[command(flatten)]
    what: WhatArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Verification")]
struct WhatArgs {
    /// Do not compare everything, but N ranges of about a hundred objects of each resource, chosen at random
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    sample: Option<u32>,
    /// Choose the same ranges as a sample before; default by chance
    #[arg(long, value_name = "N", requires = "sample")]
    sample_seed: Option<u64>,
    /// Fetch what is missing, and deliver tombstones for what was deleted; then compare again
    #[arg(long)]
    repair: bool,
}

pub(super) fn run(global: &Global, args: VerifyArgs) -> anyhow::Result<ExitCode> {
    let ready = ready(global, &args.sync)?;
    let target = ready.single()?.clone();
    let sample = args.what.sample.map(|ranges| Sample {
        ranges: ranges as usize,
        seed: args.what.sample_seed.unwrap_or_else(|| fastrand::u64(..)),
    });
    let config = VerifyConfig {
        resources: target.config.resources.clone(),
        account: target.config.account.clone(),
        sample,
        look_up_all: args.what.repair,
    };
    runtime()?.block_on(async {
        let verified = compare(global, &target, &config).await?;
        if !args.what.repair || !verified.differs() {
            return show(global, &verified, None);
        }
        if !global.json && !global.quiet {
            say!("{}\n", verified_text(&verified));
        }
        let stop = stop_on_signals();
        let repaired = repair(&target.client, &ready.module, &target.config, &verified).await?;
        if !global.json && !global.quiet {
            say!(
                "repair: {} for {} that were deleted; {} listed once more",
                counted(repaired.tombstones, "tombstone"),
                counted(repaired.deleted, "object"),
                counted(repaired.ranges, "range")
            );
        }
        if repaired.ranges > 0 {
            let ended = once(global, &ready, &stop).await?;
            super::sync::show_all(global, &ended, &ready.lake)?;
        }
        let after = compare(global, &target, &config).await?;
        show(global, &after, Some(&verified))
    })
}

async fn compare(global: &Global, target: &Target, config: &VerifyConfig) -> anyhow::Result<Verified> {
    let bar = (global.draws() && !global.json && !global.quiet).then(progress);
    let advanced = |resource: Resource, compared: u64, of: u64| {
        if let Some(bar) = &bar {
            bar.set_prefix(resource.name());
            bar.set_length(of);
            bar.set_position(compared);
        }
    };
    let verified = verify(&target.client, &mut ledger(&target.config.lake)?, config, advanced).await;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    Ok(verified?)
}

fn progress() -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix:24} {wide_bar} {human_pos}/{human_len} slices");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show(global: &Global, verified: &Verified, before: Option<&Verified>) -> anyhow::Result<ExitCode> {
    if global.json {
        let mut answer = serde_json::to_value(verified)?;
        if let Some(before) = before {
            answer["before_repair"] = serde_json::to_value(before)?;
        }
        say!("{answer}");
    } else if !global.quiet {
        say!("{}", verified_text(verified));
    }
    Ok(ExitCode::from(verified.exit_code()))
}
