//! Several accounts into one lake: those of the settings file, and those connected to a platform. Some are synced
//! at once, the others wait; one that fails stops no other one.

use super::{Session, SharedWatch, Summary, SyncConfig, SyncError, Who, identify};
use crate::config::Connected;
use crate::schedule::Stop;
use crate::stripe::{ApiError, Client, Page};
use serde::Serialize;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Most accounts that one platform's list is followed for.
const MOST: usize = 100_000;

/// How long Stripe's word holds whose a key is, and what time it was. An account that waits longer for its turn is
/// asked for again: the time is where its run ends.
const FRESH: Duration = Duration::from_secs(30);

/// An account that is to be synced, with the key that opens it.
#[derive(Debug, Clone)]
pub struct Target {
    /// Asks Stripe with its key.
    pub client: Arc<Client>,
    /// What to sync; the account when the key may not tell, and what it is called when there are several.
    pub config: SyncConfig,
    /// Which of its connected accounts are synced, too.
    pub connected: Connected,
}

/// How the sync of one account ended.
#[derive(Debug)]
pub struct Ended {
    /// Its name, or its id.
    pub name: String,
    /// What was done, or why nothing could be.
    pub result: Result<Summary, SyncError>,
}

/// How the syncs of several accounts ended together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Total {
    /// Accounts.
    pub accounts: usize,
    /// Accounts of which all is well.
    pub well: usize,
    /// Accounts of which a part failed or was kept back.
    pub partly: usize,
    /// Accounts of which nothing could be done.
    pub failed: usize,
    /// Objects seen.
    pub objects: u64,
    /// Records written.
    pub records: u64,
}

impl Ended {
    /// 0 all well, 2 partly, 1 nothing could be done.
    pub fn exit_code(&self) -> u8 {
        self.result.as_ref().map_or(1, Summary::exit_code)
    }
}

impl Total {
    /// Counts all of them.
    pub fn of(ended: &[Ended]) -> Self {
        let with = |code| ended.iter().filter(|ended| ended.exit_code() == code).count();
        let resources = || {
            let summaries = ended.iter().filter_map(|ended| ended.result.as_ref().ok());
            summaries.flat_map(|summary| summary.resources.values())
        };
        Self {
            accounts: ended.len(),
            well: with(0),
            partly: with(2),
            failed: with(1),
            objects: resources().map(|resource| resource.objects).sum(),
            records: resources().map(|resource| resource.written()).sum(),
        }
    }

    /// 0 all well, 1 nothing could be done of any account, 2 anything between.
    pub fn exit_code(self) -> u8 {
        match self {
            Self { accounts, well, .. } if accounts == well => 0,
            Self { accounts, failed, .. } if accounts == failed => 1,
            _ => 2,
        }
    }
}

/// Syncs accounts, at most `at_once` at the same time, and tells of each in the order in which they were given,
/// connected accounts behind their platform. `watch` gives the watcher of an account by its name.
pub async fn sync_accounts(
    session: &Session,
    targets: Vec<Target>,
    at_once: usize,
    watch: impl Fn(&str) -> SharedWatch,
    stop: &Stop,
) -> Vec<Ended> {
    let accounts = each_account(targets, stop).await;
    sync_each(session, accounts, at_once, watch, stop).await
}

/// One account of those that targets stand for.
#[derive(Debug)]
pub struct Account {
    /// What it is called: its name, or its id.
    pub name: String,
    target: Target,
    /// What Stripe said of it, and when; of connected accounts nothing yet.
    who: Option<(Who, Instant)>,
    /// Whether it is read with its platform's key. Its client is made when its turn comes: each one that there is
    /// takes a part of the platform's budget.
    pub is_connected: bool,
}

impl Account {
    /// A target that stands for this account alone.
    pub fn alone(self) -> Result<Target, ApiError> {
        let Self { target, is_connected, .. } = self;
        let account = target.config.account.as_deref().filter(|_| is_connected);
        let connected = account.map(|account| target.client.connected(account)).transpose()?;
        let client = connected.map_or(target.client, Arc::new);
        Ok(Target { client, connected: Connected::No, config: target.config })
    }
}

/// An account; or what it is called and why it cannot be read.
type Known = Result<Account, (String, SyncError)>;

/// Each account by its name, and behind a platform those connected to it.
pub async fn each_account(targets: Vec<Target>, stop: &Stop) -> Vec<Known> {
    let mut known = Vec::new();
    for target in targets {
        let who = tokio::select! {
            who = identify(&target.client, target.config.account.as_deref()) => who,
            () = stop.wait() => Err(SyncError::System("stopped before it began".to_owned())),
        };
        let who = match who {
            Ok(who) => who,
            Err(error) => {
                known.push(Err((target.config.name.unwrap_or_else(|| "key".to_owned()), error)));
                continue;
            }
        };
        let connected = match &target.connected {
            Connected::No => Ok(Vec::new()),
            Connected::These(accounts) => Ok(accounts.clone()),
            Connected::All => tokio::select! {
                accounts = connected_accounts(&target.client) => accounts.map_err(SyncError::from),
                () = stop.wait() => Ok(Vec::new()),
            },
        };
        let name = target.config.name.clone().unwrap_or_else(|| who.account.clone());
        let connected = match connected {
            Ok(connected) => connected,
            Err(error) => {
                let name = format!("{name}, accounts connected to it");
                known.push(Err((name, error)));
                Vec::new()
            }
        };
        let mut own = target.clone();
        (own.config.account, own.config.name) = (Some(who.account.clone()), Some(name.clone()));
        let who = Some((who, Instant::now()));
        known.push(Ok(Account { name, target: own, who, is_connected: false }));
        for account in connected {
            let mut target = target.clone();
            (target.config.account, target.config.name) = (Some(account.clone()), Some(account.clone()));
            known.push(Ok(Account { name: account, target, who: None, is_connected: true }));
        }
    }
    known
}

/// All accounts that are connected to the key's.
async fn connected_accounts(client: &Client) -> Result<Vec<String>, ApiError> {
    const PATH: &str = "/v1/accounts";
    let mut accounts: Vec<String> = Vec::new();
    loop {
        let mut query = vec![("limit", "100".to_owned())];
        query.extend(accounts.last().map(|last| ("starting_after", last.clone())));
        let answer = client.page(PATH, &query).await?;
        let Page { objects, has_more, .. } = answer.value;
        accounts.extend(objects.into_iter().map(|object| object.id));
        if !has_more {
            return Ok(accounts);
        }
        if accounts.len() > MOST {
            let message = format!("more than {MOST} connected accounts; name those to sync by --connected=…");
            return Err(ApiError::Contract { path: PATH.to_owned(), message, request: answer.request });
        }
    }
}

async fn sync_each(
    session: &Session,
    accounts: Vec<Known>,
    at_once: usize,
    watch: impl Fn(&str) -> SharedWatch,
    stop: &Stop,
) -> Vec<Ended> {
    let turns = Arc::new(Semaphore::new(at_once.max(1)));
    let taken = Arc::new(Mutex::new(HashSet::new()));
    let mut tasks = JoinSet::new();
    let mut ended: Vec<(usize, Ended)> = Vec::new();
    for (index, known) in accounts.into_iter().enumerate() {
        let account = match known {
            Ok(account) => account,
            Err((name, error)) => {
                ended.push((index, Ended { name, result: Err(error) }));
                continue;
            }
        };
        let (session, turns, taken) = (session.clone(), turns.clone(), taken.clone());
        let name = account.name.clone();
        let (watch, stop) = (watch(&name), stop.clone());
        tasks.spawn(async move {
            let key = (account.target.config.account.clone(), account.target.client.mode());
            let first = taken.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
            let result = if first {
                // Closed by nobody; without a turn all would begin at once, which harms nothing but memory.
                let _turn = turns.acquire().await;
                let who = account.who.clone().filter(|(_, asked)| asked.elapsed() < FRESH);
                match (account.alone(), who) {
                    (Ok(Target { client, config, .. }), Some((who, _))) => {
                        session.sync_of(who, client, config, watch, stop.wait()).await
                    }
                    (Ok(Target { client, config, .. }), None) => {
                        session.sync(client, config, watch, stop.wait()).await
                    }
                    (Err(error), _) => Err(error.into()),
                }
            } else {
                let twice = "this account is synced under another name already; list it once";
                Err(SyncError::System(twice.to_owned()))
            };
            (index, Ended { name, result })
        });
    }
    while let Some(task) = tasks.join_next().await {
        match task {
            Ok(one) => ended.push(one),
            Err(error) => {
                let result = Err(SyncError::System(format!("the sync of an account died: {error}")));
                ended.push((usize::MAX, Ended { name: "an account".to_owned(), result }));
            }
        }
    }
    ended.sort_by_key(|(index, _)| *index);
    ended.into_iter().map(|(_, ended)| ended).collect()
}
