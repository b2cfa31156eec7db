//! One account's webhooks on their way from the inbox into the lake, with those of the accounts connected to it: a
//! platform's endpoint gets the Events of all of them, and each says whose it is.

use super::super::sync::Ready;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use stripe_xdm::config::{Connected, is_account};
use stripe_xdm::lake::LakeError;
use stripe_xdm::report::Silent;
use stripe_xdm::sync::{Hears, Session, SyncError, Target, account_of, identify};
use stripe_xdm::webhook::Inbox;

/// An account that is served.
pub(super) struct Listening {
    target: Target,
    pub(super) inbox: Arc<Inbox>,
    /// Its id, once Stripe has said it.
    own: Option<String>,
    /// Those whose Events have come, by their ids.
    hears: BTreeMap<String, Hears>,
}

/// What was carried into the lake.
#[derive(Debug, Default)]
pub(super) struct Settled {
    pub(super) events: u64,
    pub(super) records: u64,
    pub(super) kept_back: u64,
    /// Why something was not.
    pub(super) waiting: Option<String>,
}

impl Listening {
    pub(super) fn new(target: Target, inbox: Arc<Inbox>) -> Self {
        Self { target, inbox, own: None, hears: BTreeMap::new() }
    }

    /// Carries what the inbox holds into the lake, file by file.
    pub(super) async fn settle(&mut self, ready: &Ready, settled: &mut Settled) -> anyhow::Result<()> {
        if self.inbox.held().events == 0 {
            return Ok(());
        }
        let own = self.own(ready).await?;
        let session = match Session::open(&ready.lake, &ready.module, ready.settings()) {
            // Whoever syncs into it will end.
            Err(SyncError::Lake(LakeError::Locked(_))) => return Ok(()),
            session => session?,
        };
        for segment in self.inbox.segments().await? {
            let mut accounts = BTreeMap::<String, Vec<Bytes>>::new();
            for event in self.inbox.read(segment)? {
                // What is about an account that is not followed is passed over by the endpoint's own, which counts it.
                let about = account_of(&event).filter(|account| self.follows(account));
                accounts.entry(about.unwrap_or_else(|| own.clone())).or_default().push(event);
            }
            let mut is_done = true;
            for (account, events) in accounts {
                let hears = match self.hears(ready, account).await {
                    Ok(hears) => hears,
                    Err(error) => {
                        is_done = false;
                        settled.waiting.get_or_insert(error.to_string());
                        continue;
                    }
                };
                let heard = session.hear(hears, std::iter::once(Ok(events))).await?;
                is_done &= heard.done.iter().all(|done| *done);
                settled.events += heard.events;
                settled.records += heard.records;
                settled.kept_back += heard.kept_back;
                settled.waiting = settled.waiting.take().or(heard.error);
            }
            if is_done {
                self.inbox.remove(segment)?;
            }
        }
        Ok(())
    }

    /// Whether an account's Events are taken because it is connected.
    fn follows(&self, account: &str) -> bool {
        match &self.target.connected {
            Connected::No => false,
            Connected::All => is_account(account),
            Connected::These(accounts) => accounts.iter().any(|one| one == account),
        }
    }

    /// The id of the endpoint's own account.
    async fn own(&mut self, ready: &Ready) -> Result<String, SyncError> {
        if let Some(own) = &self.own {
            return Ok(own.clone());
        }
        let Target { client, config, .. } = &self.target;
        let who = identify(client, config.account.as_deref()).await?;
        let own = who.account.clone();
        let watch = ready.watch(Arc::new(Silent), &own);
        self.hears.insert(own.clone(), Hears::new(who, client.clone(), config.clone(), watch));
        self.own = Some(own.clone());
        Ok(own)
    }

    async fn hears(&mut self, ready: &Ready, account: String) -> Result<&mut Hears, SyncError> {
        match self.hears.entry(account) {
            Entry::Occupied(hears) => Ok(hears.into_mut()),
            Entry::Vacant(place) => {
                let account = place.key();
                let client = Arc::new(self.target.client.connected(account)?);
                let who = identify(&client, Some(account)).await?;
                let mut config = self.target.config.clone();
                (config.account, config.name) = (Some(account.clone()), Some(account.clone()));
                let watch = ready.watch(Arc::new(Silent), account);
                Ok(place.insert(Hears::new(who, client, config, watch)))
            }
        }
    }
}
