//! `stripe-xdm sync`: reads the flags and the key, runs the sync, shows how it went.

use super::Global;
use super::delivery::{ALONE, Route, ToArgs};
use super::failures::tell_failures;
use super::settings::SettingsArgs;
use super::signals::stop_on_signals;
use super::stripe::{self, StripeArgs};
use super::user_models::writes_id;
use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use stripe_xdm::config::Connected;
use stripe_xdm::delivery::Delivery;
use stripe_xdm::module::{Module, Worker};
use stripe_xdm::observe::{Counted, ListenAddress, Metrics, Served};
use stripe_xdm::quarantine::Surroundings;
use stripe_xdm::report::{Bars, Lines, Named, Silent, accounts_table, delivery_text, summary_table};
use stripe_xdm::schedule::Stop;
use stripe_xdm::stripe::Client;
use stripe_xdm::sync::{
    Ended, Session, Settings, SharedWatch, Summary, SyncConfig, Target, Total, identify, sync, sync_accounts,
};

#[derive(Debug, Args)]
pub(super) struct SyncCommand {
    #[command(flatten)]
    sync: SyncArgs,
    #[command(flatten)]
    to: ToArgs,
}

#[derive(Debug, Args)]
pub(super) struct SyncArgs {
    /// The directory to sync into; it holds the records, the ledger and the runs
    #[arg(long, value_name = "DIR")]
    pub(super) lake: PathBuf,
    /// List nothing that was created before: a date (2026-01-31), a time (2026-01-31T12:00:00Z) or epoch seconds. A
    /// later run may go further back
    #[arg(long, value_name = "TIME", value_parser = super::time)]
    since: Option<i64>,
    /// How many accounts are synced at once
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    accounts_at_once: u16,
    /// List again, a little in each run, what changes without an event, and look up what no list shows any more;
    /// SHARE of the run's requests may be added for it
    #[arg(long, value_name = "SHARE", num_args = 0..=1, require_equals = true, default_missing_value = "0.1", value_parser = share)]
    heal: Option<f64>,
    #[command(flatten)]
    stripe: StripeArgs,
    /// Serve metrics for Prometheus while it runs: a port of this machine, or an address
    #[arg(long, value_name = "ADDR", value_parser = ListenAddress::parse)]
    metrics: Option<ListenAddress>,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// All that syncs need, made ready once.
pub(super) struct Ready {
    pub(super) module: Module,
    pub(super) lake: PathBuf,
    settings: Settings,
    pub(super) targets: Vec<Target>,
    at_once: usize,
    counted: Option<(ListenAddress, Arc<Metrics>)>,
    /// Where records go besides the lake.
    pub(super) route: Option<Route>,
}

pub(super) fn run(global: &Global, args: &SyncCommand) -> anyhow::Result<ExitCode> {
    let ready = ready(global, &args.sync)?.then(args.to.route(ALONE)?);
    runtime()?.block_on(async {
        let _served = ready.serve().await?;
        let stop = stop_on_signals();
        if let Some(route) = &ready.route {
            route.check(ready.tenant()).await?;
        }
        let ended = once(global, &ready, &stop).await?;
        let delivery = ready.deliver(global, &stop).await?;
        show_all(global, &ended, delivery.as_ref(), &args.sync.lake)
    })
}

impl SyncArgs {
    /// Finds what is wrong with what was given, as [`ready`] does, but for the accounts.
    pub(super) fn judge(&self, module: &Module) -> anyhow::Result<()> {
        let settings = self.settings.settings()?;
        replaced_models_write_ids(&settings)?;
        module_takes(module, settings, self.stripe.version())
    }

    /// The same of the accounts, when their keys are there. Tells whether a beginning is given.
    pub(super) fn judge_accounts(&self, global: &Global) -> anyhow::Result<bool> {
        let mut since = self.since.is_some();
        if !global.accounts.is_empty() || self.stripe.secret().read().is_ok() {
            since |= self.stripe.targets(global)?.iter().any(|target| target.since.is_some());
        }
        Ok(since)
    }
}

/// Whether the module takes settings as a sync gives them to it.
pub(super) fn module_takes(module: &Module, mut settings: Settings, version: &str) -> anyhow::Result<()> {
    let surroundings = Surroundings {
        account: Some("acct_check".to_owned()),
        livemode: Some(false),
        api_version: Some(version.to_owned()),
        ..Surroundings::default()
    };
    surroundings.put_into(&mut settings);
    let text = Value::Object(settings).to_string();
    Ok(Worker::open(module, text.as_bytes()).map(drop)?)
}

/// Reads keys and checks what was given; nothing is asked of Stripe.
pub(super) fn ready(global: &Global, args: &SyncArgs) -> anyhow::Result<Ready> {
    let module = global.load_module()?;
    let settings = args.settings.settings()?;
    replaced_models_write_ids(&settings)?;
    let counted = args.metrics.map(|address| anyhow::Ok((address, Metrics::new()?))).transpose()?;
    if let Some((_, metrics)) = &counted {
        metrics.uses(module.sha256());
    }
    let target = |target: stripe::Target| {
        let mut settings = settings.clone();
        if let Some(namespace) = target.customer_namespace {
            settings.insert("customer_namespace".to_owned(), namespace.into());
        }
        let config = SyncConfig {
            lake: args.lake.clone(),
            resources: target.resources,
            since: target.since.or(args.since),
            heal: args.heal,
            account: target.account,
            name: target.name,
            settings,
        };
        let mut client = target.client;
        if let Some((_, metrics)) = &counted {
            client = client.counted(metrics.clone());
        }
        if let Some(name) = &config.name {
            client = client.called(name);
        }
        Target { client: Arc::new(client), config, connected: target.connected }
    };
    let targets = args.stripe.targets(global)?.into_iter().map(target).collect();
    let at_once = args.accounts_at_once.into();
    Ok(Ready { module, lake: args.lake.clone(), settings, targets, at_once, counted, route: None })
}

impl Ready {
    /// Whether there are, or may be, several accounts.
    pub(super) fn is_several(&self) -> bool {
        let is_one = |target: &Target| target.config.name.is_none() && target.connected == Connected::No;
        !matches!(self.targets.as_slice(), [target] if is_one(target))
    }

    /// The same for one account alone.
    pub(super) fn alone(&self, target: Target) -> Self {
        let Self { module, lake, settings, at_once, counted, .. } = self;
        Self {
            module: module.clone(),
            lake: lake.clone(),
            settings: settings.clone(),
            targets: vec![target],
            at_once: *at_once,
            counted: counted.clone(),
            route: None,
        }
    }

    /// The same, with a way for the records to go afterwards.
    pub(super) fn then(self, route: Option<Route>) -> Self {
        Self { route, ..self }
    }

    pub(super) fn tenant(&self) -> &str {
        self.settings.get("tenant").and_then(Value::as_str).unwrap_or_default()
    }

    /// Carries on what the lake holds, when there is a way and nobody wants to stop.
    pub(super) async fn deliver(&self, global: &Global, stop: &Stop) -> anyhow::Result<Option<Delivery>> {
        match &self.route {
            Some(route) if !stop.asked() => route.deliver(global, &self.lake, stop).await.map(Some),
            _ => Ok(None),
        }
    }

    /// Serves metrics, when they are asked for, until what is returned is dropped.
    pub(super) async fn serve(&self) -> anyhow::Result<Option<Served>> {
        let Some((address, metrics)) = &self.counted else { return Ok(None) };
        let served = Served::start(*address, metrics.clone()).await;
        Ok(Some(served.with_context(|| format!("--metrics {}: cannot listen there", address.0))?))
    }

    /// What counts, when metrics are asked for.
    pub(super) fn metrics(&self) -> Option<Arc<Metrics>> {
        self.counted.as_ref().map(|(_, metrics)| metrics.clone())
    }

    /// The settings for the module.
    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The watcher of an account.
    pub(super) fn watch(&self, inner: SharedWatch, account: &str) -> SharedWatch {
        match &self.counted {
            Some((_, metrics)) => {
                self.targets.iter().for_each(|target| metrics.expect(account, &target.config.resources));
                Arc::new(Counted { account: account.to_owned(), metrics: metrics.clone(), next: inner })
            }
            None => inner,
        }
    }

    fn count(&self, ended: &Ended) {
        let Some((_, metrics)) = &self.counted else { return };
        metrics.ended(&ended.name, ended.exit_code());
        let Ok(summary) = &ended.result else { return };
        for (resource, _) in summary.resources.iter().filter(|(_, of)| !of.was_left()) {
            if !summary.interrupted {
                metrics.in_step(&ended.name, resource, summary.upper_bound);
            }
        }
    }
}

/// One sync of every account. A single account that cannot be synced at all is an error, one of several is told
/// with the others.
pub(super) async fn once(global: &Global, ready: &Ready, stop: &Stop) -> anyhow::Result<Vec<Ended>> {
    let ended = each(global, ready, stop).await;
    if let Some((_, metrics)) = &ready.counted {
        metrics.run_ended(ended.as_ref().map_or(1, |ended| Total::of(ended).exit_code()));
    }
    ended
}

async fn each(global: &Global, ready: &Ready, stop: &Stop) -> anyhow::Result<Vec<Ended>> {
    let session = Session::open(&ready.lake, &ready.module, &ready.settings)?;
    let ended = match ready.targets.as_slice() {
        [target] if !ready.is_several() => {
            // Metrics go by accounts, so the account must be known before the first number.
            let given = target.config.account.as_deref();
            match identify(&target.client, given).await {
                Ok(who) => {
                    let name = who.account.clone();
                    let watch = ready.watch(watcher(global), &name);
                    let (client, config) = (target.client.clone(), target.config.clone());
                    let result = session.sync_of(who, client, config, watch, stop.wait()).await;
                    vec![Ended { name, result }]
                }
                Err(error) => vec![Ended { name: given.unwrap_or("key").to_owned(), result: Err(error) }],
            }
        }
        targets => {
            let all = watcher(global);
            let watch = |account: &str| {
                let named = Arc::new(Named { account: account.to_owned(), next: all.clone() });
                ready.watch(named, account)
            };
            sync_accounts(&session, targets.to_vec(), ready.at_once, watch, stop).await
        }
    };
    ended.iter().for_each(|ended| ready.count(ended));
    match <[Ended; 1]>::try_from(ended) {
        Ok([Ended { result: Err(error), .. }]) if !ready.is_several() => Err(error.into()),
        Ok(one) => Ok(one.into()),
        Err(several) => Ok(several),
    }
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
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("the system gives no threads")
}

/// Who watches a sync, as the options want it.
fn watcher(global: &Global) -> SharedWatch {
    match () {
        () if global.quiet => Arc::new(Silent),
        () if global.json || global.logs_json() => Arc::new(Lines::new(true)),
        () if global.draws() => Arc::new(Bars::default()),
        () => Arc::new(Lines::new(false)),
    }
}

pub(super) async fn watched(
    global: &Global,
    client: Client,
    module: &Module,
    config: SyncConfig,
    stop: &Stop,
) -> anyhow::Result<Summary> {
    Ok(sync(Arc::new(client), module, config, watcher(global), stop.wait()).await?)
}

/// How the syncs of all accounts ended, and what went on from the lake. Even who wants to hear nothing hears what
/// failed.
pub(super) fn show_all(
    global: &Global,
    ended: &[Ended],
    delivery: Option<&Delivery>,
    lake: &std::path::Path,
) -> anyhow::Result<ExitCode> {
    let total = Total::of(ended);
    let code = both(total.exit_code(), delivery.map_or(0, Delivery::exit_code));
    let alone = match ended {
        [Ended { result: Ok(summary), name }] if *name == summary.account => Some(summary),
        _ => None,
    };
    if global.json {
        let mut answer = match alone {
            Some(summary) if delivery.is_none() => {
                say!("{}", serde_json::to_string(summary)?);
                return Ok(ExitCode::from(code));
            }
            Some(summary) => serde_json::to_value(summary)?,
            None => {
                let account = |ended: &Ended| match &ended.result {
                    Ok(summary) => json!({ "name": ended.name, "summary": summary }),
                    Err(error) => json!({ "name": ended.name, "error": error.to_string() }),
                };
                let accounts: Vec<Value> = ended.iter().map(account).collect();
                json!({ "accounts": accounts, "total": total, "exit_code": code })
            }
        };
        if let (Some(delivery), Value::Object(members)) = (delivery, &mut answer) {
            members.insert("delivery".to_owned(), serde_json::to_value(delivery)?);
        }
        say!("{answer}");
    } else if global.quiet {
        tell_failures(ended, delivery, lake);
    } else {
        let text = match alone {
            Some(summary) => summary_table(summary, lake),
            None => accounts_table(ended, lake),
        };
        say!("{}", text.trim_end());
        if let Some(delivery) = delivery {
            say!("{}", delivery_text(delivery));
        }
    }
    Ok(ExitCode::from(code))
}

/// The exit code of two things: 1 says more than 2.
pub(super) fn both(one: u8, other: u8) -> u8 {
    match (one, other) {
        (1, _) | (_, 1) => 1,
        (one, other) => one.max(other),
    }
}

pub(super) fn show(global: &Global, summary: &Summary, lake: &std::path::Path) -> anyhow::Result<ExitCode> {
    if global.json {
        say!("{}", serde_json::to_string(summary)?);
    } else if !global.quiet {
        say!("{}", summary_table(summary, lake).trim_end());
    }
    Ok(ExitCode::from(summary.exit_code()))
}

/// A share of the requests.
fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if share > 0.0 && share <= 10.0 => Ok(share),
        _ => Err("expected a number above 0 and at most 10, such as 0.1".to_owned()),
    }
}
