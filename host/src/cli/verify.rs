//! `stripe-xdm verify`: lists again and compares; repairs what differs when asked to.

use super::Global;
use super::signals::stop_on_signals;
use super::status::ledger;
use super::sync::{Ready, SyncArgs, once, ready, runtime};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::cell::OnceCell;
use std::process::ExitCode;
use stripe_xdm::config::Connected;
use stripe_xdm::lake::Lake;
use stripe_xdm::ledger::Ledger as _;
use stripe_xdm::report::{counted, verified_text};
use stripe_xdm::schedule::Stop;
use stripe_xdm::stripe::Resource;
use stripe_xdm::sync::{
    Account, Sample, Target, Verified, VerifyConfig, each_account, known_accounts, repair, verify,
};

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
    let sample = args.what.sample.map(|ranges| Sample {
        ranges: ranges as usize,
        seed: args.what.sample_seed.unwrap_or_else(|| fastrand::u64(..)),
    });
    let verification = Verification { global, sample, repair: args.what.repair, stop: OnceCell::new() };
    runtime()?.block_on(async {
        match ready.targets.as_slice() {
            [target] if !ready.is_several() => {
                let proven = verification.of(&ready, target, None).await?;
                if global.json {
                    say!("{}", proven.json()?);
                }
                verification.tell_of_the_rest(&ready, &[&proven.verified.account])?;
                Ok(ExitCode::from(proven.verified.exit_code()))
            }
            _ => verification.of_each(&ready).await,
        }
    })
}

/// What is done with each account.
struct Verification<'a> {
    global: &'a Global,
    sample: Option<Sample>,
    repair: bool,
    /// Heard as soon as something is written.
    stop: OnceCell<Stop>,
}

/// What was proven of an account, and what had been before it was repaired.
struct Proven {
    verified: Verified,
    before: Option<Verified>,
}

impl Verification<'_> {
    /// Every account, one after the other; one that cannot be verified stops no other.
    async fn of_each(&self, ready: &Ready) -> anyhow::Result<ExitCode> {
        // Nobody asks for a stop: what only looks can be ended at any time.
        let (_ask, stop) = Stop::new();
        let (mut answers, mut codes) = (Vec::new(), Vec::new());
        for account in each_account(ready.targets.clone(), &stop).await {
            if self.stop.get().is_some_and(Stop::asked) {
                break;
            }
            let (name, proven) = match account {
                // Who names connected accounts on the command line means these.
                Ok(account) if self.names_connected(ready) && !account.is_connected => continue,
                Ok(account) => (account.name.clone(), self.of_one(ready, account).await),
                Err((name, error)) => (name, Err(error.into())),
            };
            codes.push(proven.as_ref().map_or(1, |proven| proven.verified.exit_code()));
            match proven {
                Ok(proven) => answers.push(json!({ "name": name, "verified": proven.json()? })),
                Err(error) => {
                    if !self.global.json {
                        stripe_xdm::tell!("FAILED {name}: {error:#}");
                    }
                    answers.push(json!({ "name": name, "error": format!("{error:#}") }));
                }
            }
        }
        let code = match () {
            () if codes.iter().all(|code| *code == 0) => 0,
            () if codes.iter().all(|code| *code == 1) => 1,
            () => 2,
        };
        if self.global.json {
            say!("{}", json!({ "accounts": answers, "exit_code": code }));
        }
        let accounts = answers.iter().filter_map(|answer| answer["verified"]["account"].as_str());
        self.tell_of_the_rest(ready, &accounts.collect::<Vec<_>>())?;
        Ok(ExitCode::from(code))
    }

    fn names_connected(&self, ready: &Ready) -> bool {
        let named = |target: &Target| matches!(target.connected, Connected::These(_));
        self.global.is_above("connected") && ready.targets.iter().any(named)
    }

    async fn of_one(&self, ready: &Ready, account: Account) -> anyhow::Result<Proven> {
        let name = account.name.clone();
        let target = account.alone()?;
        self.of(&ready.alone(target.clone()), &target, Some(&name)).await
    }

    /// One account; repairs it when that is asked for.
    async fn of(&self, ready: &Ready, target: &Target, name: Option<&str>) -> anyhow::Result<Proven> {
        let verified = self.compare(target).await?;
        self.tell(&verified, name);
        if !self.repair || !verified.differs() {
            return Ok(Proven { verified, before: None });
        }
        let (json, quiet) = (self.global.json, self.global.quiet);
        let stop = self.stop.get_or_init(stop_on_signals);
        let repaired = repair(&target.client, &ready.module, &target.config, &verified).await?;
        if !json && !quiet {
            say!(
                "\nrepair: {} for {}; {} listed once more",
                counted(repaired.tombstones, "tombstone"),
                counted(repaired.deleted, "deleted object"),
                counted(repaired.ranges, "range")
            );
        }
        if repaired.ranges > 0 {
            let ended = once(self.global, ready, stop).await?;
            // The answer of a program that wants JSON is one document.
            if !json {
                super::sync::show_all(self.global, &ended, None, &ready.lake)?;
            }
        }
        let after = self.compare(target).await?;
        self.tell(&after, name);
        Ok(Proven { verified: after, before: Some(verified) })
    }

    /// Says what was not looked at: other accounts of the lake, and records that were kept back.
    fn tell_of_the_rest(&self, ready: &Ready, accounts: &[&str]) -> anyhow::Result<()> {
        if self.global.json || self.global.quiet || !Lake::has_ledger(&ready.lake) {
            return Ok(());
        }
        let mut ledger = ledger(&ready.lake)?;
        let known = known_accounts(&mut ledger)?;
        let rest: Vec<_> =
            known.iter().map(|(id, _)| id.as_str()).filter(|id| !accounts.contains(id)).collect();
        if !rest.is_empty() {
            say!("not looked at: {} of this lake", rest.join(", "));
        }
        let held: u64 = ledger.quarantine_counts()?.iter().map(|(_, count, _)| count).sum();
        if held > 0 {
            say!("kept back: {held}; ids are compared, records in the quarantine are not in the lake");
        }
        Ok(())
    }

    async fn compare(&self, target: &Target) -> anyhow::Result<Verified> {
        let config = VerifyConfig {
            resources: target.config.resources.clone(),
            account: target.config.account.clone(),
            sample: self.sample,
            look_up_all: self.repair,
        };
        compare(self.global, target, &config).await
    }

    /// Says what was proven. Who wants to hear nothing but errors hears what was not.
    fn tell(&self, verified: &Verified, name: Option<&str>) {
        let text = || verified_text(verified, name);
        match () {
            () if self.global.json => {}
            () if !self.global.quiet => say!("{}", text()),
            () if verified.exit_code() != 0 => stripe_xdm::tell!("{}", text()),
            () => {}
        }
    }
}

impl Proven {
    fn json(&self) -> anyhow::Result<Value> {
        let mut answer = serde_json::to_value(&self.verified)?;
        if let Some(before) = &self.before {
            answer["before_repair"] = serde_json::to_value(before)?;
        }
        Ok(answer)
    }
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
