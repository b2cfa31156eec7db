//! `stripe-xdm serve`: stays up and takes what Stripe sends as it happens. One thread answers; another one carries
//! what was taken into the lake, lists and reads Stripe's Events now and then for what no webhook told, and delivers.

use super::Global;
use super::delivery::{BETWEEN_RUNS, ToArgs};
use super::failures::tell_failures;
use super::signals::stop_on_signals;
use super::sync::{Ready, SyncArgs, once, ready, runtime};
use anyhow::{Context, bail};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stripe_xdm::config::{Connected, SecretRef};
use stripe_xdm::lake::LakeError;
use stripe_xdm::observe::ListenAddress;
use stripe_xdm::report::{Silent, delivered_words};
use stripe_xdm::schedule::Stop;
use stripe_xdm::sync::{Heard, Hears, Session, SyncError, Total, identify};
use stripe_xdm::webhook::{Bounds, Inbox, PATH, Receiver, TOLERANCE, Verifier};
use tokio::sync::oneshot;

/// The environment variable that holds the secret when nothing else is said.
const SECRET_VARIABLE: &str = "STRIPE_WEBHOOK_SECRET";

/// So many bytes in the inbox go into the lake without waiting for more.
const ENOUGH: u64 = 8 << 20;
/// How often it is looked whether there is enough.
const LOOK: Duration = Duration::from_millis(200);
/// How long the last settling may take; what it leaves is in the inbox for the next start.
const LAST: Duration = Duration::from_secs(30);

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

impl WebhookArgs {
    fn verifier(&self) -> anyhow::Result<Verifier> {
        let files = self.webhook_secret_file.iter().cloned().map(SecretRef::File);
        let mut places: Vec<SecretRef> =
            self.webhook_secret_env.iter().cloned().map(SecretRef::Env).chain(files).collect();
        if places.is_empty() {
            places.push(SecretRef::Env(SECRET_VARIABLE.to_owned()));
        }
        let read = |place: &SecretRef| {
            place.read().context(
                "the webhook's signing secret: the Dashboard shows it on the endpoint's page, whsec_…; give it by \
                 STRIPE_WEBHOOK_SECRET, --webhook-secret-file or [webhook] secrets",
            )
        };
        let secrets = places.iter().map(read).collect::<anyhow::Result<_>>()?;
        Ok(Verifier::new(secrets, self.tolerance)?)
    }
}

pub(super) fn run(global: &Global, args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let verifier = args.webhook.verifier()?;
    let ready = ready(global, &args.sync)?.then(args.to.route(BETWEEN_RUNS)?);
    args.sync.judge(&ready.module)?;
    if !matches!(ready.targets.as_slice(), [target] if target.connected == Connected::No) {
        bail!(
            "an endpoint is of one account: choose it with --only NAME, without --connected, and start one `serve` \
             for each, with an address and a lake of its own"
        );
    }
    let inbox = Arc::new(Inbox::open(&ready.lake, args.webhook.largest_inbox)?);
    let bounds = Bounds { body: args.webhook.largest_body as usize, ..Bounds::default() };
    let receiver = Receiver { verifier, inbox: inbox.clone(), bounds, metrics: ready.metrics() };
    let runtime = runtime()?;
    let (stop, receiving, _served) = runtime.block_on(async {
        let served = ready.serve().await?;
        let address = args.webhook.listen.0;
        let receiving = receiver.bind(address).await;
        let receiving = receiving.with_context(|| format!("--listen {address}: cannot listen there"))?;
        anyhow::Ok((stop_on_signals(), receiving, served))
    })?;
    let rounds =
        Rounds { global, ready: &ready, args: &args.webhook, inbox: &inbox, hears: None, wrong: None };
    let at = format!("http://{}{PATH}", receiving.address);
    rounds.tell("listening", &format!("webhooks are taken at {at}"), &[("url", at.as_str().into())]);
    let (more, nothing_more) = oneshot::channel::<()>();
    let (end, mut ended) = oneshot::channel::<()>();
    std::thread::scope(|scope| {
        let stop = &stop;
        let rounds =
            std::thread::Builder::new().name("rounds".to_owned()).spawn_scoped(scope, move || {
                let _told_at_the_end = end;
                anyhow::Ok(super::sync::runtime()?.block_on(rounds.keep(stop, nothing_more)))
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

/// What is done besides answering.
struct Rounds<'a> {
    global: &'a Global,
    ready: &'a Ready,
    args: &'a WebhookArgs,
    inbox: &'a Inbox,
    /// Whose webhooks they are, once Stripe has said so.
    hears: Option<Hears>,
    /// What was wrong in the round before: said once.
    wrong: Option<String>,
}

impl Rounds<'_> {
    async fn keep(mut self, stop: &Stop, mut nothing_more: oneshot::Receiver<()>) {
        let (settling, delivering) =
            (Duration::from_secs(self.args.settle_every), Duration::from_secs(self.args.deliver_every));
        let syncing = Some(Duration::from_secs(self.args.sync_every)).filter(|every| !every.is_zero());
        let (mut synced, mut delivered) = (None::<Instant>, None::<Instant>);
        let is_due = |last: Option<Instant>, every| last.is_none_or(|last| last.elapsed() >= every);
        loop {
            let began = Instant::now();
            let mut wrong = self.settle(stop).await.err();
            if !stop.asked() && syncing.is_some_and(|every| is_due(synced, every)) {
                wrong = self.sync(stop).await.err().or(wrong);
                synced = Some(Instant::now());
            }
            if !stop.asked() && self.ready.route.is_some() && is_due(delivered, delivering) {
                wrong = self.deliver(stop).await.err().or(wrong);
                delivered = Some(Instant::now());
            }
            self.note(wrong);
            loop {
                tokio::select! {
                    _ended = &mut nothing_more => {
                        let wrong = self.settle(stop).await.err();
                        self.note(wrong);
                        return self.farewell();
                    }
                    () = tokio::time::sleep(LOOK) => {}
                }
                let is_enough = self.wrong.is_none() && self.inbox.held().bytes >= ENOUGH;
                if is_enough || began.elapsed() >= settling {
                    break;
                }
            }
        }
    }

    /// Carries what was taken into the lake.
    async fn settle(&mut self, stop: &Stop) -> anyhow::Result<()> {
        let late = async {
            stop.wait().await;
            tokio::time::sleep(LAST).await;
        };
        let heard = tokio::select! {
            heard = self.hear() => heard?,
            () = late => bail!("what was taken last stays in the inbox for the next start: it took too long"),
        };
        if let Some(metrics) = self.ready.metrics() {
            let held = self.inbox.held();
            metrics.inbox(held.events, held.bytes);
        }
        let Some(Heard { error, events, records, kept_back, .. }) = heard else { return Ok(()) };
        let kept = if kept_back > 0 {
            format!(", {kept_back} kept back (`quarantine list`)")
        } else {
            String::new()
        };
        let words = format!("{events} events, {records} new records{kept}");
        let numbers =
            [("events", events.into()), ("records", records.into()), ("kept_back", kept_back.into())];
        self.tell("settled", &words, &numbers);
        match error {
            Some(error) => bail!("some of what was taken waits in the inbox: {error}"),
            None => Ok(()),
        }
    }

    async fn hear(&mut self) -> anyhow::Result<Option<Heard>> {
        if self.inbox.held().events == 0 {
            return Ok(None);
        }
        let Some(target) = self.ready.targets.first() else { return Ok(None) };
        if self.hears.is_none() {
            let who = identify(&target.client, target.config.account.as_deref()).await?;
            let watch = self.ready.watch(Arc::new(Silent), &who.account);
            self.hears = Some(Hears::new(who, target.client.clone(), target.config.clone(), watch));
        }
        let Some(hears) = &mut self.hears else { return Ok(None) };
        let session = match Session::open(&self.ready.lake, &self.ready.module, self.ready.settings()) {
            // Whoever syncs into it will end.
            Err(SyncError::Lake(LakeError::Locked(_))) => return Ok(None),
            session => session?,
        };
        let segments = self.inbox.segments().await?;
        let bodies = segments
            .iter()
            .map(|segment| self.inbox.read(*segment).map_err(|error| SyncError::System(error.to_string())));
        let heard = session.hear(hears, bodies).await?;
        for (segment, _) in segments.iter().zip(&heard.done).filter(|(_, done)| **done) {
            self.inbox.remove(*segment)?;
        }
        Ok(Some(heard))
    }

    async fn sync(&self, stop: &Stop) -> anyhow::Result<()> {
        let ended = once(self.global, self.ready, stop).await?;
        let Total { objects, records, .. } = Total::of(&ended);
        let words = format!("synced: {objects} objects, {records} new records");
        self.tell("synced", &words, &[("objects", objects.into()), ("records", records.into())]);
        tell_failures(&ended, None, &self.ready.lake);
        Ok(())
    }

    async fn deliver(&self, stop: &Stop) -> anyhow::Result<()> {
        let Some(delivery) = self.ready.deliver(self.global, stop).await? else { return Ok(()) };
        for one in delivery.datasets.iter().filter(|one| !one.is_idle()) {
            let words = format!("{}: {}", one.dataset, delivered_words(one));
            self.tell("delivered", &words, &[("dataset", one.dataset.as_str().into())]);
        }
        tell_failures(&[], Some(&delivery), &self.ready.lake);
        Ok(())
    }

    /// Tells what is wrong, when that is news.
    fn note(&mut self, wrong: Option<anyhow::Error>) {
        let wrong = wrong.map(|error| format!("{error:#}"));
        if let Some(error) = wrong.as_ref().filter(|error| self.wrong.as_ref() != Some(error)) {
            stripe_xdm::tell!("error: {error}; webhooks are taken all the same, and it is tried again");
        }
        self.wrong = wrong;
    }

    fn farewell(&self) {
        let left = self.inbox.held().events;
        let words = match left {
            0 => "stopped; all that was taken is in the lake".to_owned(),
            left => format!("stopped; {left} events wait in the inbox for the next start"),
        };
        self.tell("stopped", &words, &[("left", left.into())]);
    }

    fn tell(&self, event: &str, words: &str, more: &[(&str, serde_json::Value)]) {
        if self.global.json {
            let mut line = serde_json::Map::from_iter([("event".to_owned(), event.into())]);
            line.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
            stripe_xdm::tell!("{}", serde_json::Value::Object(line));
        } else if !self.global.quiet {
            stripe_xdm::tell!("{words}");
        }
    }
}
