//! `stripe-xdm sync`: reads the flags and the key, runs the sync, shows how it went.

use super::Global;
use super::settings::SettingsArgs;
use super::stripe::StripeArgs;
use super::user_models::writes_id;
use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use stripe_xdm::module::Module;
use stripe_xdm::observe::MetricsAddress;
use stripe_xdm::report::{Bars, Lines, Silent, summary_table};
use stripe_xdm::stripe::Client;
use stripe_xdm::sync::{Summary, SyncConfig, Watch, sync};

#[derive(Debug, Args)]
pub(super) struct SyncArgs {
    /// The directory to sync into; it holds the records, the ledger and the runs
    #[arg(long, value_name = "DIR")]
    lake: PathBuf,
    /// Where the first run begins: a date (2026-01-31), a time (2026-01-31T12:00:00Z) or epoch seconds
    #[arg(long, value_name = "TIME", value_parser = super::time)]
    since: Option<i64>,
    /// How many accounts are synced at once
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    accounts_at_once: u16,
    #[command(flatten)]
    stripe: StripeArgs,
    /// Serve metrics for Prometheus while it runs: a port of this machine, or an address
    #[arg(long, value_name = "ADDR", value_parser = MetricsAddress::parse)]
    metrics: Option<MetricsAddress>,
    #[command(flatten)]
    settings: SettingsArgs,
}

pub(super) fn run(global: &Global, args: SyncArgs) -> anyhow::Result<ExitCode> {
    let module = global.load_module()?;
    let settings = args.settings.settings()?;
    replaced_models_write_ids(&settings)?;
    let targets = args.stripe.targets(global)?;
    let [target] = targets.as_slice() else { bail!("several accounts are not synced yet") };
    let config = SyncConfig {
        lake: args.lake.clone(),
        resources: target.resources.clone(),
        since: target.since.or(args.since),
        account: target.account.clone(),
        settings,
    };
    let client = target.client.clone();
    runtime()?.block_on(async {
        let summary = watched(global, client, &module, config).await?;
        show(global, &summary, &args.lake)
    })
}

/// The lake and the ledger go by `_id`, so a mapping that forgets it is refused before anything is read. Rows go by
/// their key, which the module asks for.
pub(super) fn replaced_models_write_ids(settings: &Map<String, Value>) -> anyhow::Result<()> {
    if settings.get("model").is_some_and(|model| model == "relational") {
        return Ok(());
    }
    let mut models = settings.get("models").and_then(Value::as_array).into_iter().flatten();
    match models.find(|model| model["replace"] == true && !writes_id(model)) {
        None => Ok(()),
        Some(model) => bail!(
            "the mapping that replaces the one of {} writes no _id, by which a lake tells records apart: map \
             one of 64 hex digits, such as sha256(id), or use --mapping, which keeps the default's",
            model["resource"]
        ),
    }
}

/// Two threads are plenty: the work is done by the workers and the delivery.
pub(super) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.context("the system gives no threads")
}

pub(super) async fn watched(
    global: &Global,
    client: Client,
    module: &Module,
    config: SyncConfig,
) -> anyhow::Result<Summary> {
    let watch: Arc<dyn Watch> = match () {
        () if global.quiet => Arc::new(Silent),
        () if global.json => Arc::new(Lines::new(true)),
        () if global.draws() => Arc::new(Bars::default()),
        () => Arc::new(Lines::new(false)),
    };
    let stop = async {
        // Without signals there is nothing to stop for.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    Ok(sync(Arc::new(client), module, config, watch, stop).await?)
}

pub(super) fn show(global: &Global, summary: &Summary, lake: &std::path::Path) -> anyhow::Result<ExitCode> {
    if global.json {
        say!("{}", serde_json::to_string(summary)?);
    } else if !global.quiet {
        say!("{}", summary_table(summary, lake).trim_end());
    }
    Ok(ExitCode::from(summary.exit_code()))
}
