//! What came by webhook goes into the lake: the third way of a change besides lists and the list of Events, through
//! the same module, the same delivery and the same ledger.

use super::deliver::{Deliverer, Run};
use super::events::{self, Around, EventsSummary, Hearing, WALK, followed_since};
use super::summary::Summary;
use super::{
    Begin, Job, Session, SyncConfig, SyncError, Watch, Who, line_up, lock, pin_salt, settings, status,
};
use crate::module::Worker;
use crate::quarantine::Surroundings;
use crate::stripe::{Client, Mode, Resource};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// For how long Events are remembered that no list will be asked for any more: Stripe sends none again that is older.
const RESENT: i64 = 31 * 86_400;

/// An account whose webhooks are heard. One run of the ledger's, however often it is gone on with.
pub struct Hears {
    /// Whose they are.
    pub who: Who,
    /// Reads again what an Event does not tell.
    pub client: Arc<Client>,
    /// The account's resources and settings.
    pub config: SyncConfig,
    /// Who watches.
    pub watch: Arc<dyn Watch>,
    /// When Stripe told whose they are, and with it its time.
    asked: Instant,
    going: Option<Going>,
}

impl std::fmt::Debug for Hears {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hears").field("who", &self.who).finish_non_exhaustive()
    }
}

/// The run, between two hearings.
struct Going {
    number: i64,
    /// The number of its next files.
    seq: u64,
    summary: Summary,
}

/// What came of a hearing.
#[derive(Debug, Default)]
pub struct Heard {
    /// Of each batch of bodies, whether all in it is in the lake now. The others are to be heard again.
    pub done: Vec<bool>,
    /// Why some are not.
    pub error: Option<String>,
    /// Events in them.
    pub events: u64,
    /// New records.
    pub records: u64,
    /// Records and objects that were kept back.
    pub kept_back: u64,
}

impl Hears {
    /// An account whose webhooks are to be heard.
    pub fn new(who: Who, client: Arc<Client>, config: SyncConfig, watch: Arc<dyn Watch>) -> Self {
        Self { who, client, config, watch, asked: Instant::now(), going: None }
    }

    /// The server's clock, as far as it is known.
    fn now(&self) -> i64 {
        self.who.now.saturating_add(i64::try_from(self.asked.elapsed().as_secs()).unwrap_or(i64::MAX))
    }

    fn surroundings(&self, now: i64) -> Surroundings {
        Surroundings {
            account: Some(self.who.account.clone()),
            livemode: self.client.mode().map(|mode| mode == Mode::Live),
            api_version: Some(self.client.version().to_owned()),
            observed_at: Some(now),
            resource: None,
        }
    }
}

impl Session {
    /// Takes batches of bodies of Events. When it returns, what is done of them is durable in the lake.
    pub async fn hear(
        &self,
        hears: &mut Hears,
        bodies: impl Iterator<Item = Result<Vec<Bytes>, SyncError>>,
    ) -> Result<Heard, SyncError> {
        let started = Instant::now();
        let now = hears.now();
        let surroundings = hears.surroundings(now);
        let config = &hears.config;
        let worker = Worker::open(&self.module, &settings(&config.settings, &surroundings))?;
        let livemode = hears.client.mode() == Some(Mode::Live);
        let name = hears.who.account.clone();
        // A run that fails is not gone on with: the numbers of its files are not known.
        let going = hears.going.take();
        let (account, number, since, open_lists) = {
            let mut ledger = lock(&self.ledger);
            pin_salt(&mut *ledger, &config.settings)?;
            let account = ledger.account(&name, livemode)?;
            let number = match &going {
                Some(going) => going.number,
                None => ledger.begin_run(account, now, self.module.sha256())?,
            };
            ledger.set_fact(account, status::NAME, config.name.as_deref().unwrap_or_default())?;
            ledger.forget_heard(account, now - RESENT)?;
            let since = followed_since(&mut *ledger, account, &config.resources)?;
            (account, number, since, ledger.open_lists(account)?)
        };
        let fresh = || Summary::new(number, &name, livemode, now, &self.module, hears.client.version());
        let Going { seq, summary, .. } = going.unwrap_or_else(|| Going { number, seq: 0, summary: fresh() });
        let before = Numbers::of(&summary);
        let run = Run { account, name: &name, number };
        let (lake, ledger) = (self.lake.clone(), self.ledger.clone());
        let (module, watch) = (self.module.clone(), hears.watch.clone());
        let mut deliverer = Deliverer::new(lake, ledger, module, &run, surroundings, summary, watch);
        (deliverer.seq, deliverer.open_lists) = (seq, open_lists);

        let told = Arc::new(Mutex::new(EventsSummary::default()));
        let around = |jobs| Around {
            client: hears.client.clone(),
            ledger: self.ledger.clone(),
            jobs,
            account,
            livemode,
            versions: self.module.description().api_versions.clone(),
            now,
            summary: told.clone(),
        };
        deliverer.expect(Begin::loose(WALK, account, "webhooks"));
        let (jobs, delivered) = line_up(deliverer, worker)?;
        let mut hearing = Hearing::new(around(jobs.clone()), &name, since.clone());
        let mut heard = Heard::default();
        let mut failed = None;
        for bodies in bodies {
            let bodies = match bodies {
                Ok(bodies) => bodies,
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            };
            heard.events += bodies.len() as u64;
            let error = hearing.hear(&bodies).await.err().map(|error| error.to_string());
            heard.done.push(error.is_none());
            heard.error = heard.error.or(error);
        }
        let number_of_pages = hearing.ends();
        end(&jobs, number_of_pages).await;
        drop((hearing, jobs));
        let died = |_| SyncError::System("the delivering thread died".to_owned());
        let (mut deliverer, mut summary) = delivered.await.map_err(died)??;

        // Two Events of one second that came apart, now or before a crash: the object itself tells which was the later.
        let in_doubt = lock(&self.ledger).in_doubt(account)?;
        let unordered: BTreeMap<_, _> = in_doubt
            .into_iter()
            .filter_map(|(resource, id)| Some(((Resource::from_name(&resource)?, id), 0)))
            .collect();
        if !unordered.is_empty() {
            deliverer.summary = summary;
            deliverer.expect(Begin::loose(WALK, account, "webhooks"));
            let worker =
                Worker::open(&self.module, &settings(&hears.config.settings, &hears.surroundings(now)))?;
            let (jobs, delivered) = line_up(deliverer, worker)?;
            let mut hearing = Hearing::new(around(jobs.clone()), &name, since);
            if let Err(error) = hearing.settle(unordered).await {
                // They stay in doubt, and the next hearing asks again.
                heard.error = heard.error.or(Some(error.to_string()));
            }
            let number_of_pages = hearing.ends();
            end(&jobs, number_of_pages).await;
            drop((hearing, jobs));
            (deliverer, summary) = delivered.await.map_err(died)??;
        }
        summary.events.add(&std::mem::take(&mut *told.lock().unwrap_or_else(PoisonError::into_inner)));
        deliverer.flush_embedded(&mut summary)?;
        summary.seconds += started.elapsed().as_secs_f64();
        deliverer.close(&mut summary)?;
        let after = Numbers::of(&summary);
        (heard.records, heard.kept_back) =
            (after.records - before.records, after.kept_back - before.kept_back);
        hears.going = Some(Going { number, seq: deliverer.seq, summary });
        match failed {
            Some(error) => Err(error),
            None => Ok(heard),
        }
    }
}

/// Says that nothing more comes.
async fn end(jobs: &async_channel::Sender<Job>, number: u64) {
    // Nobody listens any more only when the delivery failed, which tells for itself.
    let _gone = jobs.send(Job::Over { walk: events::WALK, number, error: None }).await;
}

struct Numbers {
    records: u64,
    kept_back: u64,
}

impl Numbers {
    fn of(summary: &Summary) -> Self {
        let all = || summary.resources.values();
        Self {
            records: all().map(|resource| resource.written()).sum(),
            kept_back: all()
                .map(|resource| resource.quarantined.values().sum::<u64>() + resource.failed)
                .sum(),
        }
    }
}
