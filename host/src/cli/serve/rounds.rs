//! What `serve` does besides answering: carries what was taken into the lake, syncs for what no webhook told, delivers.

use super::super::Global;
use super::super::failures::tell_failures;
use super::super::sync::{Ready, once};
use super::WebhookArgs;
use super::listening::{Listening, Settled};
use anyhow::bail;
use std::time::{Duration, Instant};
use stripe_xdm::report::delivered_words;
use stripe_xdm::schedule::Stop;
use stripe_xdm::sync::Total;
use stripe_xdm::webhook::Held;
use tokio::sync::oneshot;

/// So many bytes in the inbox go into the lake without waiting for more.
const ENOUGH: u64 = 8 << 20;
/// How often it is looked whether there is enough.
const LOOK: Duration = Duration::from_millis(200);
/// How long the last settling may take; what it leaves is in the inbox for the next start.
const LAST: Duration = Duration::from_secs(30);

/// What is done besides answering.
pub(super) struct Rounds<'a> {
    pub(super) global: &'a Global,
    pub(super) ready: &'a Ready,
    pub(super) args: &'a WebhookArgs,
    pub(super) accounts: Vec<Listening>,
    /// What was wrong in the round before: said once.
    pub(super) wrong: Option<String>,
}

impl Rounds<'_> {
    pub(super) async fn keep(mut self, stop: &Stop, mut nothing_more: oneshot::Receiver<()>) {
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
                let is_enough = self.wrong.is_none() && self.held().bytes >= ENOUGH;
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
        let hearing = async {
            let (mut all, mut wrong) = (Settled::default(), None);
            for account in &mut self.accounts {
                // One whose Stripe cannot be asked stops no other one.
                wrong = account.settle(self.ready, &mut all).await.err().or(wrong);
            }
            (all, wrong)
        };
        let (settled, wrong) = tokio::select! {
            ended = hearing => ended,
            () = late => bail!("what was taken last stays in the inbox for the next start: it took too long"),
        };
        if let Some(metrics) = self.ready.metrics() {
            let held = self.held();
            metrics.inbox(held.events, held.bytes);
        }
        let Settled { events, records, kept_back, waiting } = settled;
        if events > 0 {
            let kept = if kept_back > 0 {
                format!(", {kept_back} kept back (`quarantine list`)")
            } else {
                String::new()
            };
            let words = format!("{events} events, {records} new records{kept}");
            let numbers =
                [("events", events.into()), ("records", records.into()), ("kept_back", kept_back.into())];
            self.tell("settled", &words, &numbers);
        }
        match (wrong, waiting) {
            (Some(error), _) => Err(error),
            (None, Some(error)) => bail!("some of what was taken waits in the inbox: {error}"),
            (None, None) => Ok(()),
        }
    }

    /// What waits.
    fn held(&self) -> Held {
        let mut held = Held::default();
        self.accounts.iter().for_each(|account| held.add(account.inbox.held()));
        held
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
        let left = self.held().events;
        let words = match left {
            0 => "stopped; all that was taken is in the lake".to_owned(),
            left => format!("stopped; {left} events wait in the inbox for the next start"),
        };
        self.tell("stopped", &words, &[("left", left.into())]);
    }

    pub(super) fn tell(&self, event: &str, words: &str, more: &[(&str, serde_json::Value)]) {
        if self.global.json {
            let mut line = serde_json::Map::from_iter([("event".to_owned(), event.into())]);
            line.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
            stripe_xdm::tell!("{}", serde_json::Value::Object(line));
        } else if !self.global.quiet {
            stripe_xdm::tell!("{words}");
        }
    }
}
