//! `stripe-xdm demo`: a made-up account, a Stripe stand-in on this machine, and a real sync of it; with
//! `--platform` on to a stand-in for Experience Platform.

mod platform;

use super::Global;
use super::settings::MappingArgs;
use super::signals::stop_on_signals;
use super::stripe::rate;
use super::sync::{runtime, show, watched};
use anyhow::Context;
use clap::Args;
use platform::Served;
use std::path::PathBuf;
use std::process::ExitCode;
use stripe_xdm::stripe::{Client, Config, Key, Resource};
use stripe_xdm::sync::SyncConfig;
use stripe_xdm_sandbox::{API_VERSION, Account, Options, Rate, Sandbox, Size};

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// The directory to sync into
    #[arg(long, value_name = "DIR", default_value = "lake")]
    lake: PathBuf,
    /// Another seed, another account (and other uuid() and the like in your mappings)
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// About how many objects the account holds; default some thousands
    #[arg(long, value_name = "N")]
    objects: Option<usize>,
    /// The tenant id to use in the records
    #[arg(long, value_name = "TENANT", default_value = "acme")]
    tenant: String,
    /// Requests per second; default as fast as this machine goes
    #[arg(long, value_name = "N", value_parser = rate)]
    rate_limit: Option<f64>,
    /// Go the whole road: a stand-in for Experience Platform, schemas and datasets in it, the records in these
    #[arg(long)]
    platform: bool,
    /// Keep the stand-ins up until interrupted, and say how to reach them
    #[arg(long)]
    serve: bool,
    #[command(flatten)]
    mapping: MappingArgs,
}

/// Faster than any loopback server answers, so the budget never waits.
const UNLIMITED: f64 = 100_000.0;

pub(super) fn run(global: &Global, args: DemoArgs) -> anyhow::Result<ExitCode> {
    let module = global.load_module()?;
    let config = SyncConfig {
        lake: args.lake.clone(),
        resources: Resource::ALL.to_vec(),
        since: None,
        name: None,
        heal: None,
        account: None,
        settings: args.mapping.settings(&args.tenant, args.seed)?,
    };
    let settings = config.settings.clone();
    let size = args.objects.map_or_else(Size::demo, Size::total);
    runtime()?.block_on(async {
        // The stand-in keeps no limits unless this run keeps to one.
        let options = Options { rate: Rate::Unlimited, ..Options::default() };
        let sandbox = Sandbox::start(Account::seeded(args.seed, size), options).await;
        let sandbox = sandbox.context("the Stripe stand-in cannot be started")?;
        let client = Client::new(Config {
            base: sandbox.base_url().to_owned(),
            key: Key::new(sandbox.key())?,
            timeout: None,
            version: API_VERSION.to_owned(),
            concurrency: 32,
            rate_limit: Some(args.rate_limit.unwrap_or(UNLIMITED)),
            endpoint_rate_limit: None,
        })?;
        let stop = stop_on_signals();
        let served = match args.platform {
            true => Some(Served::start(global, &module, &args.tenant, settings).await?),
            false => None,
        };
        let summary = watched(global, client, &module, config, &stop).await?;
        let code = match &served {
            None => show(global, &summary, &args.lake)?,
            Some(served) => served.take(global, summary, &args.lake, &stop).await?,
        };
        if !global.json && !global.quiet && !args.platform {
            say!("Run it again to see that nothing is delivered twice.");
        }
        if args.serve && !stop.asked() {
            say!("\nStripe   {} with the key {}", sandbox.base_url(), sandbox.key());
            if let Some(served) = &served {
                say!("{}", served.directions());
            }
            say!("Both stay up until interrupted (control-C).");
            match &served {
                Some(served) => served.live(&stop).await,
                None => stop.wait().await,
            }
        }
        sandbox.shutdown().await;
        if let Some(served) = served {
            served.shutdown().await;
        }
        Ok(code)
    })
}
