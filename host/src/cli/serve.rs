//! `stripe-xdm serve`: stays up and takes what Stripe sends as it happens. One thread answers; another one carries
//! what was taken into the lake, lists and reads Stripe's Events now and then for what no webhook told, and delivers.

mod listening;
mod rounds;

use super::Global;
use super::delivery::ToArgs;
use super::signals::stop_on_signals;
use super::sync::{SyncArgs, ready, runtime};
use anyhow::{Context, bail};
use clap::Args;
use listening::Listening;
use rounds::Rounds;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use stripe_xdm::config::SecretRef;
use stripe_xdm::observe::ListenAddress;
use stripe_xdm::sync::Target;
use stripe_xdm::webhook::{
    Bounds, Endpoint, Inbox, Keys, PATH, Receiver, TOLERANCE, Verifier, WRAPPED_HEADER, left_behind,
};
use tokio::sync::oneshot;

/// The environment variable that holds the secret when nothing else is said.
const SECRET_VARIABLE: &str = "STRIPE_WEBHOOK_SECRET";

/// The same of the key for wrapped events.
const KEY_VARIABLE: &str = "STRIPE_WRAPPED_KEY";

/// How long batches are waited for, in seconds: meanwhile nothing else is done, and the next delivery looks again.
const PATIENCE: u64 = 5;

/// How far behind answers the work on the lake stands, as `nice` has it.
#[cfg(target_os = "linux")]
const BEHIND: i32 = 10;

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    webhook: WebhookArgs,
    #[command(flatten)]
    sync: SyncArgs,
    #[command(flatten)]
    to: ToArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Webhooks")]
struct WebhookArgs {
    /// Where to take webhooks: a port of this machine, or an address. TLS is the business of what stands in front
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8787", value_parser = ListenAddress::parse)]
    listen: ListenAddress,
    /// A file that holds the endpoint's signing secret (whsec_…); may be given again: any of the secrets will do.
    /// Default the environment variable STRIPE_WEBHOOK_SECRET
    #[arg(long, value_name = "FILE")]
    webhook_secret_file: Vec<PathBuf>,
    /// An environment variable that holds a signing secret, when it is another one; may be given again
    #[arg(long, value_name = "NAME")]
    webhook_secret_env: Vec<String>,
    /// A file that holds a key for wrapped events; may be given again. Who sends it in a header is taken without a
    /// signature: Amazon EventBridge, Azure Event Grid. Default the environment variable STRIPE_WRAPPED_KEY, if there is one
    #[arg(long, value_name = "FILE")]
    wrapped_key_file: Vec<PathBuf>,
    /// An environment variable that holds such a key, when it is another one; may be given again
    #[arg(long, value_name = "NAME")]
    wrapped_key_env: Vec<String>,
    /// The header that holds the key for wrapped events
    #[arg(long, value_name = "NAME", default_value = WRAPPED_HEADER)]
    wrapped_header: String,
    /// How old a signature may be, in seconds; 0 for any age
    #[arg(long, value_name = "SECONDS", default_value_t = TOLERANCE, value_parser = clap::value_parser!(u32).range(0..=86_400))]
    tolerance: u32,
    /// How long what was taken waits at most before it goes into the lake, in seconds: longer makes fewer and larger
    /// files
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    settle_every: u64,
    /// How often everything is synced besides, in seconds, for what no webhook told; 0 for never
    #[arg(long, value_name = "SECONDS", default_value_t = 900, value_parser = clap::value_parser!(u64).range(0..=604_800))]
    sync_every: u64,
    /// How often the lake is delivered where --to says, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    deliver_every: u64,
    /// The largest body that is taken, in bytes
    #[arg(long, value_name = "N", default_value_t = Bounds::default().body as u64, value_parser = clap::value_parser!(u64).range(1 << 10..=8 << 20))]
    largest_body: u64,
    /// How much may wait, in bytes, before webhooks are refused; Stripe sends them again
    #[arg(long, value_name = "N", default_value_t = 1 << 30, value_parser = clap::value_parser!(u64).range(1 << 20..=1 << 40))]
    largest_inbox: u64,
}

/// Where secrets are that the options name.
fn places(variables: &[String], files: &[PathBuf]) -> Vec<SecretRef> {
    let files = files.iter().cloned().map(SecretRef::File);
    variables.iter().cloned().map(SecretRef::Env).chain(files).collect()
}

impl WebhookArgs {
    /// Who may send for an account: what the settings file says of it, or what the options say of the only one.
    fn endpoint(
        &self,
        global: &Global,
        target: &Target,
        is_only: bool,
        lake: &Path,
    ) -> anyhow::Result<Endpoint> {
        let name = target.config.name.as_deref();
        let entry = global.accounts.iter().find(|entry| Some(entry.name.as_str()) == name);
        let (mut secrets, mut keys) = entry
            .map(|entry| (entry.webhook_secrets.clone(), entry.wrapped_keys.clone()))
            .unwrap_or_default();
        if secrets.is_empty() && keys.is_empty() && is_only {
            secrets = places(&self.webhook_secret_env, &self.webhook_secret_file);
            keys = places(&self.wrapped_key_env, &self.wrapped_key_file);
            // The variables are read though nobody names them.
            let unnamed = SecretRef::Env(KEY_VARIABLE.to_owned());
            if keys.is_empty() && unnamed.read().is_ok() {
                keys.push(unnamed);
            }
            let unnamed = SecretRef::Env(SECRET_VARIABLE.to_owned());
            if secrets.is_empty() && (keys.is_empty() || unnamed.read().is_ok()) {
                secrets.push(unnamed);
            }
        }
        if secrets.is_empty() && keys.is_empty() {
            bail!(
                "account {}: it has no webhook_secrets, by which its webhooks are told from those of the others; give \
                 them, or choose other accounts with --only",
                name.unwrap_or_default()
            );
        }
        let read = |place: &SecretRef| {
            place.read().context(
                "the webhook's signing secret: the Dashboard shows it on the endpoint's page, whsec_…; give it by \
                 STRIPE_WEBHOOK_SECRET, --webhook-secret-file or [webhook] secrets",
            )
        };
        let secrets = secrets.iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
        let keys = keys.iter().map(|place| place.read().context("the key for wrapped events"));
        let keys = keys.collect::<anyhow::Result<Vec<_>>>()?;
        Ok(Endpoint {
            verifier: (!secrets.is_empty()).then(|| Verifier::new(secrets, self.tolerance)).transpose()?,
            keys: (!keys.is_empty()).then(|| Keys::new(&self.wrapped_header, keys)).transpose()?,
            inbox: Arc::new(Inbox::open(lake, name, self.largest_inbox)?),
        })
    }
}

pub(super) fn run(global: &Global, args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let ready = ready(global, &args.sync)?.then(args.to.route(PATIENCE)?);
    args.sync.judge(&ready.module)?;
    let is_only = ready.targets.len() == 1;
    let endpoint = |target| args.webhook.endpoint(global, target, is_only, &ready.lake);
    let endpoints = ready.targets.iter().map(endpoint).collect::<anyhow::Result<Vec<_>>>()?;
    let names: Vec<_> = ready.targets.iter().map(|target| target.config.name.as_deref()).collect();
    for dir in left_behind(&ready.lake, &names)? {
        tracing::warn!(dir = %dir.display(), "events of an account that is not served wait here; serve it, too");
    }
    let of_account =
        |(target, endpoint): (&Target, &Endpoint)| Listening::new(target.clone(), endpoint.inbox.clone());
    let accounts = ready.targets.iter().zip(&endpoints).map(of_account).collect();
    let bounds = Bounds { body: args.webhook.largest_body as usize, ..Bounds::default() };
    let receiver = Receiver { endpoints, bounds, metrics: ready.metrics() };
    let runtime = runtime()?;
    let (stop, receiving, _served) = runtime.block_on(async {
        let served = ready.serve().await?;
        let address = args.webhook.listen.0;
        let receiving = receiver.bind(address).await;
        let receiving = receiving.with_context(|| format!("--listen {address}: cannot listen there"))?;
        anyhow::Ok((stop_on_signals(), receiving, served))
    })?;
    let rounds = Rounds { global, ready: &ready, args: &args.webhook, accounts, wrong: None };
    let at = format!("http://{}{PATH}", receiving.address);
    rounds.tell("listening", &format!("webhooks are taken at {at}"), &[("url", at.as_str().into())]);
    let (more, nothing_more) = oneshot::channel::<()>();
    let (end, mut ended) = oneshot::channel::<()>();
    std::thread::scope(|scope| {
        let stop = &stop;
        let rounds =
            std::thread::Builder::new().name("rounds".to_owned()).spawn_scoped(scope, move || {
                let _told_at_the_end = end;
                // Who waits for an answer goes first. Linux takes this for this thread and those that it starts; where it
                // cannot be had, all are equal.
                #[cfg(target_os = "linux")]
                let _as_before = rustix::process::nice(BEHIND);
                super::sync::runtime()?.block_on(rounds.keep(stop, nothing_more));
                anyhow::Ok(())
            })?;
        runtime.block_on(async {
            tokio::select! {
                () = receiving.serve(stop) => {}
                // With nobody to empty the inbox there is no sense in filling it: whoever watches starts it anew.
                _died = &mut ended => return,
            }
            // Everything that was taken is in the inbox: one round more. Signals are heard meanwhile.
            drop(more);
            let _ended = ended.await;
        });
        let died = |_| anyhow::anyhow!("the thread that fills the lake died; what was taken is in the inbox");
        rounds.join().map_err(died)?
    })?;
    Ok(ExitCode::SUCCESS)
}
