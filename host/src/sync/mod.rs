//! From Stripe to the lake: walks fetch pages, worker threads run the module, one thread delivers. The
//! channels between them are short, so memory does not grow with the account.

mod accounts;
mod again;
mod deliver;
mod digest;
mod events;
mod gaps;
mod heal;
mod hear;
pub(crate) mod nested;
mod older;
mod parts;
mod pending;
mod pins;
mod plan;
mod ranges;
mod reset;
mod retry;
mod split;
mod status;
mod summary;
mod swarm;
mod verify;
mod who;

pub use accounts::{Account, Ended, Target, Total, each_account, sync_accounts};
pub use events::{EventsSummary, account_of, events_in};
pub use gaps::news_of;
pub use heal::{HealSummary, SHARE as HEAL_SHARE};
pub use hear::{Heard, Hears};
pub use pins::pins;
pub use reset::{Forgetting, Reset, forget, to_forget};
pub use retry::{Retried, RetryConfig, retry};
pub use status::{AccountStatus, Failure, ResourceStatus, Status, Stretch, known_accounts, status};
pub use summary::{ResourceSummary, Summary, UnitProof};
pub use verify::{
    Difference, Finished, Proof, Repaired, Sample, Verified, VerifyConfig, Why, repair, verify,
};
pub use who::{Who, identify};

use crate::lake::{Lake, LakeError};
use crate::ledger::{Ledger, LedgerError, SqliteLedger, Tally, Unit, Version};
use crate::module::{Batch, Call, Module, Worker, WorkerError};
use crate::quarantine::Surroundings;
use crate::stripe::{ApiError, Client, Mode, Page, RequestId, Resource};
use deliver::{Deliverer, Run};
use pins::{pin_salt, pin_tenant};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use swarm::Swarm;
use tokio::task::JoinSet;

/// Objects a page, as many as Stripe gives.
const LARGEST_PAGE: u32 = 100;

/// Pages waiting for a worker, and batches waiting for delivery.
const QUEUE: usize = 2;

/// What a sync is asked to do. Its `Debug` leaves out the settings, which hold the salt of a privacy policy.
#[derive(Clone)]
pub struct SyncConfig {
    /// The lake's directory.
    pub lake: PathBuf,
    /// The resources to walk.
    pub resources: Vec<Resource>,
    /// Where the first run begins, in epoch seconds.
    pub since: Option<i64>,
    /// The account, when it is not to be asked for.
    pub account: Option<String>,
    /// What the account is called among several; none when it is the only one.
    pub name: Option<String>,
    /// The share of the run's requests that may be added to list again what no Event tells; none heals nothing.
    pub heal: Option<f64>,
    /// The settings for the module, without account, mode and version: those are found out.
    pub settings: Settings,
}

/// The number of units that are no ranges of a list, and so not the ledger's.
const LOOSE: i64 = 0;

impl std::fmt::Debug for SyncConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { lake, resources, since, account, name, heal, settings: _ } = self;
        f.debug_struct("SyncConfig")
            .field("lake", lake)
            .field("resources", resources)
            .field("since", since)
            .field("account", account)
            .field("name", name)
            .field("heal", heal)
            .finish_non_exhaustive()
    }
}

/// Why a sync could not run. A resource that fails is told in the summary instead.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// Stripe could not be asked at all.
    #[error(transparent)]
    Api(Box<ApiError>),
    /// The account cannot be found out.
    #[error(
        "the key may not read its account (403{request}); give it with --account acct_… or add the permission {permission}"
    )]
    Account {
        /// The permission that Stripe's message names.
        permission: String,
        /// Stripe's id of the request.
        request: RequestId,
    },
    /// The key belongs to another account than the one given.
    #[error("the key belongs to {found}, not to {given}; use a key of {given} or drop --account")]
    WrongAccount {
        /// The account given.
        given: String,
        /// The key's account.
        found: String,
    },
    /// The time from which on everything is wanted lies in the future.
    #[error("--since {0} lies in the future; leave it out to list everything")]
    Since(String),
    /// The lake has nothing of the account.
    #[error("the lake holds nothing of {account} in this mode; sync it first, or use another --lake or key")]
    Unknown {
        /// The key's account.
        account: String,
    },
    /// The lake failed.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The module cannot be started.
    #[error(transparent)]
    Worker(#[from] WorkerError),
    /// The module's records are not as agreed.
    #[error("the module made a record that is not as agreed: {0}; use a module of the same release")]
    Record(String),
    /// The system refused a thread, or one died.
    #[error("{0}")]
    System(String),
}

impl From<ApiError> for SyncError {
    fn from(error: ApiError) -> Self {
        Self::Api(Box::new(error))
    }
}

/// Someone who watches a sync. Called from the delivering thread.
pub trait Watch: Send + Sync {
    /// A walk begins or goes on.
    fn begun(&self, pass: &str, already: u64);
    /// A walk delivered more: objects and records since the last call.
    fn advanced(&self, pass: &str, objects: u64, records: u64);
    /// Some of what a walk delivered was kept back: records and objects since the last call.
    fn kept_back(&self, pass: &str, entries: u64);
    /// A walk ended.
    fn ended(&self, pass: &str, error: Option<&str>);
    /// Something is to be said aloud.
    fn notice(&self, text: &str);
}

impl Begin {
    /// A walk that is no range of a list.
    fn loose(walk: usize, account: i64, title: &str) -> Self {
        let (title, resource) = (title.to_owned(), None);
        let unit = Unit {
            id: LOOSE,
            account,
            resource: title.clone(),
            pass: "all".to_owned(),
            gte: None,
            lt: 0,
            done: false,
            cursor: None,
            tally: Tally::default(),
            walked: None,
            error: None,
        };
        Self { walk, unit, resource, title }
    }
}

/// A watcher that syncs share.
pub type SharedWatch = Arc<dyn Watch>;

/// What is sent to the workers.
enum Job {
    Page(Box<Fetched>),
    Over { walk: usize, number: u64, error: Option<String> },
}

/// A walk that begins.
struct Begin {
    /// Its number within the run.
    walk: usize,
    unit: Unit,
    /// The resource whose list it is; none for a list of Events.
    resource: Option<Resource>,
    title: String,
}

/// One page on its way.
struct Fetched {
    walk: usize,
    number: u64,
    page: Page,
    call: Call,
    /// Where the walk stands behind it.
    cursor: Option<(String, i64)>,
    /// Whether the walk began anew with it.
    anew: bool,
    /// Walks that take over what is left.
    rest: Option<HandedOver>,
    /// Of a page that is no list's: what each of its texts is about. Empty for pages of lists.
    told: Vec<Told>,
    /// Times up to which something is known as soon as the page is durable.
    bookmarks: Vec<(String, i64)>,
}

impl Fetched {
    /// A page that moves no cursor.
    fn new(walk: usize, page: Page, call: Call) -> Self {
        let (told, bookmarks) = (Vec::new(), Vec::new());
        Self { walk, number: 0, page, call, cursor: None, anew: false, rest: None, told, bookmarks }
    }
}

/// The lower part of a walk's range, handed over to other walks.
struct HandedOver {
    /// Where the walk's own range begins now.
    gte: i64,
    walks: Vec<Begin>,
}

/// What a text is about that is not just an object of a list: an Event, or an object that was read by its id.
struct Told {
    resource: Resource,
    /// The object's id.
    id: String,
    /// The object's creation time; 0 when it is not known.
    created: i64,
    /// The Event's time, or when the object was read.
    version: Version,
    /// Whether the object is gone.
    deleted: bool,
    /// Whether a list has shown the object before, so that the ledger is to note that it was seen.
    listed: bool,
    /// Where the object lies in the text.
    object: Range<usize>,
    /// Of an Event, what it is remembered by.
    heard: Option<crate::ledger::Heard>,
}

/// What the workers send on.
enum Made {
    Batch(Box<Fetched>, Batch),
    Over { walk: usize, number: u64, error: Option<String> },
    Broken(WorkerError),
}

/// The module's settings, as JSON.
pub type Settings = serde_json::Map<String, serde_json::Value>;

/// A ledger that several syncs share.
pub type SharedLedger = Arc<Mutex<dyn Ledger>>;

fn lock(ledger: &SharedLedger) -> std::sync::MutexGuard<'_, dyn Ledger + 'static> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A lake that is open for syncs: of one account after the other, or of several at once.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "a ledger need not have a picture")]
pub struct Session {
    lake: Arc<Lake>,
    ledger: SharedLedger,
    module: Module,
    page: u32,
}

impl Session {
    /// Opens a lake and cleans up after a crash. The settings are those of the module.
    pub fn open(dir: &Path, module: &Module, settings: &Settings) -> Result<Self, SyncError> {
        let lake = Lake::open(dir)?;
        let mut ledger = SqliteLedger::open(&lake.ledger_path())?;
        pin_tenant(&mut ledger, settings)?;
        lake.clean(&mut ledger)?;
        let (lake, ledger) = (Arc::new(lake), Arc::new(Mutex::new(ledger)));
        Ok(Self { lake, ledger, module: module.clone(), page: LARGEST_PAGE })
    }

    /// The same, with so many objects a page. Smaller pages than Stripe's largest are for tests: everything that
    /// happens between pages happens with few objects.
    pub fn with_pages_of(self, objects: u32) -> Self {
        Self { page: objects.clamp(1, LARGEST_PAGE), ..self }
    }

    /// The lake's ledger, shared with the syncs that go on.
    pub fn ledger(&self) -> SharedLedger {
        self.ledger.clone()
    }

    /// Brings the lake up to date with one account.
    pub async fn sync(
        &self,
        client: Arc<Client>,
        config: SyncConfig,
        watch: Arc<dyn Watch>,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<Summary, SyncError> {
        let who = identify(&client, config.account.as_deref()).await?;
        self.sync_of(who, client, config, watch, stop).await
    }

    /// The same, when it is known whose the key is.
    pub async fn sync_of(
        &self,
        who: Who,
        client: Arc<Client>,
        config: SyncConfig,
        watch: Arc<dyn Watch>,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<Summary, SyncError> {
        self.boxed(who, client, config, watch, Box::pin(stop)).await
    }

    /// Boxed, so that a sync is compiled once, here, and not in everything that asks for one.
    fn boxed<'a>(
        &'a self,
        who: Who,
        client: Arc<Client>,
        config: SyncConfig,
        watch: Arc<dyn Watch>,
        stop: Pin<Box<dyn Future<Output = ()> + Send + 'a>>,
    ) -> Pin<Box<dyn Future<Output = Result<Summary, SyncError>> + Send + 'a>> {
        Box::pin(self.synced(who, client, config, watch, stop))
    }

    async fn synced(
        &self,
        who: Who,
        client: Arc<Client>,
        config: SyncConfig,
        watch: Arc<dyn Watch>,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<Summary, SyncError> {
        let started = std::time::Instant::now();
        client.forget_refused_parts();
        let surroundings = Surroundings {
            account: Some(who.account.clone()),
            livemode: client.mode().map(|mode| mode == Mode::Live),
            api_version: Some(client.version().to_owned()),
            observed_at: Some(who.now),
            resource: None,
        };
        let settings = settings(&config.settings, &surroundings);
        // Opened before any list is asked for, so that refused settings cost nothing.
        let module = &self.module;
        let first = Worker::open(module, &settings)?;

        let livemode = client.mode() == Some(Mode::Live);
        let (run, begun, walks) = {
            let mut ledger = lock(&self.ledger);
            pin_salt(&mut *ledger, &config.settings)?;
            let account = ledger.account(&who.account, livemode)?;
            let number = ledger.begin_run(account, who.now, module.sha256())?;
            ledger.set_fact(account, status::NAME, config.name.as_deref().unwrap_or_default())?;
            let whose = gaps::Who { account, name: &who.account, livemode, is_alone: config.name.is_none() };
            let begun = gaps::begin(&mut *ledger, whose, who.now, &config.resources)?;
            let (walks, notice) = plan::plan(&mut *ledger, account, &who, &config, &client)?;
            let notices = begun.notices.into_iter().chain(notice).collect();
            let begun = gaps::Begun { notices, ..begun };
            (Run { account, name: &who.account, number }, begun, walks)
        };
        let mut summary = Summary::new(run.number, &who.account, livemode, who.now, module, client.version());
        for resource in &config.resources {
            summary.resources.entry(resource.name().to_owned()).or_default();
        }
        for notice in &begun.notices {
            watch.notice(notice);
        }
        summary.notices = begun.notices;
        let (jobs_in, jobs) = async_channel::bounded::<Job>(QUEUE);
        let (made_in, made) = async_channel::bounded::<Made>(QUEUE);
        // What one takes the others take; each opens where it works, while the first pages are on their way.
        for _ in 1..worker_count() {
            let (jobs, made) = (jobs.clone(), made_in.clone());
            let (module, settings) = (module.clone(), settings.clone());
            thread("transform", move || match Worker::open(&module, &settings) {
                Ok(worker) => transform(worker, &jobs, &made),
                // Nobody listens any more only when the delivery has failed, which is told by itself.
                Err(error) => drop(made.send_blocking(Made::Broken(error))),
            })?;
        }
        let (its_jobs, its_made) = (jobs.clone(), made_in.clone());
        thread("transform", move || transform(first, &its_jobs, &its_made))?;
        drop((jobs, made_in));
        let (lake, ledger) = (self.lake.clone(), self.ledger.clone());
        let mut deliverer =
            Deliverer::new(lake, ledger.clone(), module.clone(), &run, surroundings, summary, watch.clone());
        for walk in &walks {
            deliverer.expect(walk.begin());
        }
        if begun.reading.is_some() {
            deliverer.expect(Begin::loose(events::WALK, run.account, "events"));
        }
        let (delivered_in, delivered) = tokio::sync::oneshot::channel();
        thread("deliver", move || {
            // Nobody listens any more only when the sync itself was dropped.
            let _dropped = delivered_in.send(deliverer.run(&made));
        })?;

        let mut tasks = JoinSet::new();
        let told = Arc::new(Mutex::new(EventsSummary::default()));
        let mut parts: Vec<&str> = begun.reading.iter().map(|_| "events").collect();
        if let Some(reading) = begun.reading {
            let around = events::Around {
                client: client.clone(),
                ledger: ledger.clone(),
                jobs: jobs_in.clone(),
                account: run.account,
                livemode,
                versions: module.description().api_versions.clone(),
                now: who.now,
                summary: told.clone(),
            };
            tasks.spawn(events::read(around, reading));
        }
        let (swarm, births) = Swarm::new(client.clone(), ledger, jobs_in, self.page, who.created);
        tokio::pin!(stop);
        let walked = tokio::select! {
            walked = swarm.run(walks, births, &mut tasks) => Some(walked),
            () = &mut stop => None,
        };
        tasks.abort_all();
        // The walks hold the senders; when they are gone the workers and the delivery end.
        while tasks.join_next().await.is_some() {}
        drop(tasks);
        let died = |_| SyncError::System("the delivering thread died".to_owned());
        let (mut deliverer, mut summary) = delivered.await.map_err(died)??;
        let mut interrupted = walked.is_none();
        walked.transpose()?;
        summary.events.add(&told.lock().unwrap_or_else(PoisonError::into_inner));
        // Everything is durable now, and can be compared with what the lists no longer show.
        if !interrupted && (config.heal.is_some() || !lock(&self.ledger).relisted(run.account)?.is_empty()) {
            let worker = Worker::open(module, &settings)?;
            let heal = heal::Heal {
                client: client.clone(),
                account: run.account,
                now: who.now,
                resources: config.resources.clone(),
                most: heal::allowance(config.heal, client.requests()),
            };
            parts.push("healing");
            deliverer.summary = summary;
            (deliverer, summary, interrupted) = self.heal(deliverer, worker, heal, &mut stop).await?;
        }
        parts::tell_refused(&client, &mut summary, &*watch);
        if !interrupted {
            deliverer.flush_embedded(&mut summary)?;
            status::note_errors(&mut *lock(&self.ledger), run.account, &summary, &parts)?;
        }
        summary.interrupted = interrupted;
        summary.seconds = started.elapsed().as_secs_f64();
        deliverer.close(&mut summary)?;
        Ok(summary)
    }
}

impl Session {
    /// The last part of a run: lists again and looks up what neither lists nor Events tell.
    async fn heal(
        &self,
        mut deliverer: Deliverer,
        worker: Worker,
        heal: heal::Heal,
        stop: impl Future<Output = ()>,
    ) -> Result<(Deliverer, Summary, bool), SyncError> {
        let (account, walk) = (heal.account, heal::WALK);
        deliverer.expect(Begin::loose(walk, account, "healing"));
        let (jobs_in, delivered) = line_up(deliverer, worker)?;
        // The healer holds the sender; when it is gone the worker and the delivery end.
        let healed = tokio::select! {
            healed = heal.run(self.ledger.clone(), jobs_in) => Some(healed),
            () = stop => None,
        };
        let died = |_| SyncError::System("the delivering thread died".to_owned());
        let (deliverer, mut summary) = delivered.await.map_err(died)??;
        if let Some(healed) = &healed {
            healed.note(&mut *lock(&self.ledger), account)?;
            summary.healed.clone_from(&healed.summary);
        }
        Ok((deliverer, summary, healed.is_none()))
    }
}

/// How a delivery ended.
type Delivered = tokio::sync::oneshot::Receiver<Result<(Deliverer, Summary), SyncError>>;

/// A worker and a delivery behind one another; they end when the sender is gone.
fn line_up(
    deliverer: Deliverer,
    worker: Worker,
) -> Result<(async_channel::Sender<Job>, Delivered), SyncError> {
    let (jobs_in, jobs) = async_channel::bounded::<Job>(QUEUE);
    let (made_in, made) = async_channel::bounded::<Made>(QUEUE);
    thread("transform", move || transform(worker, &jobs, &made_in))?;
    let (delivered_in, delivered) = tokio::sync::oneshot::channel();
    thread("deliver", move || {
        // Nobody listens any more only when the sync itself was dropped.
        let _dropped = delivered_in.send(deliverer.run(&made));
    })?;
    Ok((jobs_in, delivered))
}

/// Brings the lake up to date with Stripe.
pub async fn sync(
    client: Arc<Client>,
    module: &Module,
    config: SyncConfig,
    watch: Arc<dyn Watch>,
    stop: impl Future<Output = ()> + Send,
) -> Result<Summary, SyncError> {
    Session::open(&config.lake, module, &config.settings)?.sync(client, config, watch, stop).await
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), SyncError> {
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    spawned.map(drop).map_err(|e| SyncError::System(format!("no thread to {name}: {e}")))
}

fn worker_count() -> usize {
    std::thread::available_parallelism().map_or(2, |n| n.get()).clamp(1, 4)
}

fn transform(mut worker: Worker, jobs: &async_channel::Receiver<Job>, made: &async_channel::Sender<Made>) {
    while let Ok(job) = jobs.recv_blocking() {
        let next = match job {
            Job::Over { walk, number, error } => Made::Over { walk, number, error },
            Job::Page(fetched) => {
                let texts: Vec<&[u8]> = fetched.page.objects.iter().map(|o| fetched.page.text(o)).collect();
                match worker.transform(&fetched.call, &texts) {
                    Ok(batch) => Made::Batch(fetched, batch),
                    Err(error) => Made::Broken(error),
                }
            }
        };
        if made.send_blocking(next).is_err() {
            return;
        }
    }
}

fn settings(settings: &Settings, surroundings: &Surroundings) -> Vec<u8> {
    let mut settings = settings.clone();
    surroundings.put_into(&mut settings);
    serde_json::Value::Object(settings).to_string().into_bytes()
}
