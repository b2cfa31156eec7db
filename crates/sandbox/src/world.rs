//! Everything that changes while a sandbox runs: its accounts, its time, and what is still to happen.

use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use crate::{
    account::Account,
    churn::Business,
    clock::Clock,
    entry::InsertError,
    lock,
    mischief::Imp,
    options::Options,
    resource::Resource,
    script::{Script, Step},
};

#[derive(Debug)]
pub(crate) struct World {
    /// The keys' own account.
    pub(crate) own: Tenant,
    pub(crate) connected: Vec<Tenant>,
    clock: Mutex<Clock>,
    script: Mutex<Script>,
    business: Mutex<Option<Business>>,
    lag: Duration,
}

/// One account and the lock around it.
#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) id: String,
    account: RwLock<Account>,
}

/// Creation times that lists show, both ends included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown {
    pub(crate) since: i64,
    pub(crate) until: i64,
}

impl Tenant {
    fn new(mut account: Account, options: &Options) -> Self {
        account.imp = options.mischief.map(Imp::new);
        Self { id: account.id().to_owned(), account: RwLock::new(account) }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Account> {
        self.account.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Account> {
        self.account.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World {
    pub(crate) fn new(account: Account, options: &Options) -> Self {
        let livemode = account.livemode();
        let connected = options.connected.iter().map(|account| Tenant::new(account.clone(), options));
        Self {
            own: Tenant::new(account, options),
            connected: connected.collect(),
            clock: Mutex::new(options.clock),
            script: Mutex::new(options.script.clone()),
            business: Mutex::new(options.churn.map(|churn| Business::new(churn, livemode))),
            lag: options.lag,
        }
    }

    pub(crate) fn tenant(&self, id: &str) -> Option<&Tenant> {
        std::iter::once(&self.own).chain(&self.connected).find(|tenant| tenant.id == id)
    }

    pub(crate) fn clock(&self) -> Clock {
        *lock(&self.clock)
    }

    pub(crate) fn set_clock(&self, clock: Clock) {
        *lock(&self.clock) = clock;
    }

    pub(crate) fn advance(&self, by: Duration) {
        let mut clock = lock(&self.clock);
        *clock = clock.advanced(by);
    }

    pub(crate) fn set_script(&self, script: Script) {
        *lock(&self.script) = script;
    }

    pub(crate) fn script_is_done(&self) -> bool {
        lock(&self.script).is_done()
    }

    pub(crate) fn set_business(&self, business: Option<Business>) {
        *lock(&self.business) = business;
    }

    /// What a list of a resource may show at this moment.
    pub(crate) fn shown(&self, resource: Resource) -> Shown {
        let clock = self.clock();
        let since = if resource == Resource::Events { clock.events_since() } else { i64::MIN };
        let until = match i64::try_from(self.lag.as_secs()).unwrap_or(i64::MAX) {
            0 => i64::MAX,
            lag => clock.now().saturating_sub(lag),
        };
        Shown { since, until }
    }

    /// Lets happen what is due before a request is answered.
    pub(crate) fn before(&self, tenant: &Tenant, resource: Resource, list: bool) -> Result<(), InsertError> {
        let mut steps = lock(&self.script).due(resource);
        let mut business = lock(&self.business);
        let waiting = !tenant.read().waiting.is_empty();
        let churning = list && business.is_some();
        if steps.is_empty() && !waiting && !churning {
            return Ok(());
        }
        let mut account = tenant.write();
        if let Some(business) = business.as_mut().filter(|_| list) {
            steps.extend(business.next(&account, self.clock().now()));
        }
        for step in steps {
            match step {
                Step::Advance(by) => self.advance(by),
                step => account.take(&step, self.clock().now())?,
            }
        }
        account.release(self.clock().now())
    }
}
