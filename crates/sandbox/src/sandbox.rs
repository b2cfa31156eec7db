//! A running sandbox, as tests and demos hold it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{
    account::Account,
    auth::ApiKey,
    churn::{Business, Churn},
    clock::Clock,
    entry::InsertError,
    faults::Faults,
    limits::Stats,
    options::Options,
    resource::Resource,
    script::Script,
    server::{self, App},
    world::{Tenant, World},
};

/// The sandbox could not start listening.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {listen}: {source}; choose another address, or port 0 for any free one")]
pub struct StartError {
    listen: SocketAddr,
    source: std::io::Error,
}

/// A running stand-in for `https://api.stripe.com`. Dropping it stops it.
#[derive(Debug)]
pub struct Sandbox {
    base_url: String,
    app: Arc<App>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

/// One account of a running sandbox, to change it by hand.
#[derive(Debug)]
pub struct AccountAt<'a> {
    world: &'a World,
    tenant: &'a Tenant,
}

impl Sandbox {
    /// Starts serving an account on the current tokio runtime.
    pub async fn start(account: Account, options: Options) -> Result<Self, StartError> {
        let fail = |source| StartError { listen: options.listen, source };
        let listener = TcpListener::bind(options.listen).await.map_err(fail)?;
        let address = listener.local_addr().map_err(fail)?;
        let app = Arc::new(App::new(account, options));
        let router = Router::new().fallback(server::handle).with_state(Arc::clone(&app));
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let ended = async {
                stopped.await.ok();
            };
            axum::serve(listener, router).with_graceful_shutdown(ended).await.ok();
        });
        Ok(Self { base_url: format!("http://{address}"), app, stop: Some(stop), task })
    }

    /// `http://127.0.0.1:<port>`, without a slash at the end; what stands for `https://api.stripe.com`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The first accepted key.
    pub fn key(&self) -> &str {
        self.app.keys().first().map(ApiKey::expose).unwrap_or_default()
    }

    pub fn stats(&self) -> Stats {
        self.app.stats()
    }

    /// Replaces all faults; the new ones count requests from 1.
    pub fn set_faults(&self, faults: Faults) {
        self.app.set_faults(faults);
    }

    /// Replaces what changes at which request; requests count from 1 again.
    pub fn set_script(&self, script: Script) {
        self.world().set_script(script);
    }

    /// Whether every step of the script has been taken.
    pub fn script_is_done(&self) -> bool {
        self.world().script_is_done()
    }

    /// Starts or, with none, ends the changes by chance.
    pub fn set_churn(&self, churn: Option<Churn>) {
        let livemode = self.world().own.read().livemode();
        self.world().set_business(churn.map(|churn| Business::new(churn, livemode)));
    }

    /// What time it is here, Unix seconds.
    pub fn now(&self) -> i64 {
        self.world().clock().now()
    }

    /// From now on the clock stands at `now`.
    pub fn set_now(&self, now: i64) {
        self.world().set_clock(Clock::Fixed(now));
    }

    /// Moves a fixed clock; the machine's goes its own way.
    pub fn advance(&self, by: Duration) {
        self.world().advance(by);
    }

    /// The key's own account.
    pub fn own(&self) -> AccountAt<'_> {
        AccountAt { world: self.world(), tenant: &self.world().own }
    }

    /// The account of an id, the key's own or a connected one.
    pub fn at(&self, id: &str) -> Option<AccountAt<'_>> {
        Some(AccountAt { world: self.world(), tenant: self.world().tenant(id)? })
    }

    /// As [`AccountAt::insert`], in the key's own account.
    pub fn insert(&self, resource: Resource, object: &str) -> Result<(), InsertError> {
        self.own().insert(resource, object)
    }

    /// As [`AccountAt::update`], in the key's own account.
    pub fn update(&self, resource: Resource, object: &str, at: i64) -> Result<(), InsertError> {
        self.own().update(resource, object, at)
    }

    /// As [`AccountAt::remove`], in the key's own account.
    pub fn remove(&self, resource: Resource, id: &str, at: i64) -> Result<(), InsertError> {
        self.own().remove(resource, id, at)
    }

    /// A copy of the key's own account as it is now, for comparing sets.
    pub fn account(&self) -> Account {
        self.own().account()
    }

    /// Answers what is under way, then stops.
    pub async fn shutdown(mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
        (&mut self.task).await.ok();
    }

    fn world(&self) -> &World {
        self.app.world()
    }
}

impl AccountAt<'_> {
    /// Adds an object and records the event of its creation, at its `created`.
    pub fn insert(&self, resource: Resource, object: &str) -> Result<(), InsertError> {
        self.tenant.write().insert(resource, object)
    }

    /// Replaces an object and records the event of the change, at `at` (Unix seconds).
    pub fn update(&self, resource: Resource, object: &str, at: i64) -> Result<(), InsertError> {
        self.tenant.write().update(resource, object, at)
    }

    /// Takes an object away and records the event, at `at` (Unix seconds). A customer leaves a stub.
    pub fn remove(&self, resource: Resource, id: &str, at: i64) -> Result<(), InsertError> {
        self.tenant.write().remove(resource, id, at)
    }

    /// A copy of the account as it is now, late events included that have appeared by now.
    pub fn account(&self) -> Account {
        let mut account = self.tenant.read().clone();
        // What is well formed enough to be told is well formed enough to be listed.
        account.release(self.world.clock().now()).ok();
        account
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}
