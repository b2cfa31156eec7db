//! `stripe-xdm sync`: reads the flags and the key, runs the sync, shows how it went.

use super::Global;
use super::settings::SettingsArgs;
use super::user_models::writes_id;
use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use stripe_xdm::module::Module;
use stripe_xdm::report::{Bars, Lines, Silent, summary_table};
use stripe_xdm::stripe::{Client, Config, Key, Resource};
use stripe_xdm::sync::{Summary, SyncConfig, Watch, sync};

/// The environment variable that holds the key.
const KEY_VARIABLE: &str = "STRIPE_API_KEY";

#[derive(Debug, Args)]
pub(super) struct SyncArgs {
    /// The directory to sync into; it holds the records, the ledger and the runs
    #[arg(long, value_name = "DIR")]
    lake: PathBuf,
    /// The resources to sync; default all
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    resources: Vec<String>,
    /// Where the first run begins: a date (2026-01-31), a time (2026-01-31T12:00:00Z) or epoch seconds
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// A file that holds the API key; default the environment variable STRIPE_API_KEY
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<PathBuf>,
    /// Where the API is
    #[arg(long, value_name = "URL", default_value = "https://api.stripe.com")]
    api_base: String,
    /// The Stripe API version to ask for
    #[arg(long, value_name = "VERSION", default_value = "2026-08-26.dahlia")]
    stripe_version: String,
    /// The Stripe account (acct_…), when the key may not read it
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// Most requests in flight
    #[arg(long, value_name = "N", default_value_t = 8)]
    concurrency: usize,
    /// Requests per second, for the account and for each endpoint; default Stripe's limits
    #[arg(long, value_name = "N")]
    rate_limit: Option<f64>,
    /// List again, a little in each run, what changes without an event, and look up what no list shows any more;
    /// SHARE of the run's requests may be added for it
    #[arg(long, value_name = "SHARE", num_args = 0..=1, require_equals = true, default_missing_value = "0.1")]
    heal: Option<f64>,
    #[command(flatten)]
    settings: SettingsArgs,
}

pub(super) fn run(global: &Global, args: SyncArgs) -> anyhow::Result<ExitCode> {
    let module = global.load_module()?;
    let settings = args.settings.settings()?;
    replaced_models_write_ids(&settings)?;
    let config = SyncConfig {
        lake: args.lake.clone(),
        resources: resources(&args.resources)?,
        since: args.since.as_deref().map(|text| super::moment("--since", text)).transpose()?,
        heal: heal(args.heal)?,
        account: args.account.clone(),
        settings,
    };
    let client = Client::new(Config {
        base: args.api_base.clone(),
        key: key(&args)?,
        version: args.stripe_version.clone(),
        concurrency: args.concurrency,
        rate_limit: rate(args.rate_limit)?,
    })?;
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

fn key(args: &SyncArgs) -> anyhow::Result<Key> {
    let text = match &args.api_key_file {
        Some(path) => {
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?
        }
        None => std::env::var(KEY_VARIABLE).unwrap_or_default(),
    };
    Ok(Key::new(&text)?)
}

pub(super) fn resources(names: &[String]) -> anyhow::Result<Vec<Resource>> {
    if names.is_empty() {
        return Ok(Resource::ALL.to_vec());
    }
    let known = Resource::ALL.map(Resource::name).join(", ");
    let mut chosen = Vec::new();
    for name in names {
        let resource = Resource::from_name(name.trim());
        chosen.push(resource.with_context(|| format!("--resources {name}: known are {known}"))?);
    }
    // Two walks of one list would get in each other's way.
    chosen.sort_unstable();
    chosen.dedup();
    Ok(chosen)
}

/// The share of the requests that healing may add.
pub(super) fn heal(given: Option<f64>) -> anyhow::Result<Option<f64>> {
    match given {
        Some(share) if !(share > 0.0 && share <= 10.0) => bail!("--heal must be above 0 and at most 10"),
        given => Ok(given),
    }
}

pub(super) fn rate(given: Option<f64>) -> anyhow::Result<Option<f64>> {
    match given {
        Some(rate) if !(1.0..=100_000.0).contains(&rate) => bail!("--rate-limit must be at least 1"),
        given => Ok(given),
    }
}
