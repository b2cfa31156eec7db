//! One Stripe account: seeded with varied content, or built by hand for a test.

use serde_json::{Value, json};

use crate::{
    connect::Face,
    entry::InsertError,
    events::{self, Change},
    json::compact,
    mischief::{Imp, Told},
    random::Random,
    resource::Resource,
    store::Store,
};

/// The account's default API version: what events and answers without `Stripe-Version` carry.
pub const API_VERSION: &str = "2026-08-26.dahlia";

/// Stripe keeps live and test data apart; limits differ too (see [`crate::Limits`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    #[default]
    Live,
    Test,
}

/// How much a seeded account holds, and when it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Refunds and balance transactions follow from the charges.
    pub charges: usize,
    pub customers: usize,
    pub subscriptions: usize,
    pub prices: usize,
    /// The newest moment of the account, Unix seconds. Nothing is created after it; events reach 30
    /// days back from it.
    pub now: i64,
    /// Age of the account in days, at least 1.
    pub days: u32,
    pub mode: Mode,
}

impl Size {
    /// 2026-09-21T14:13:20Z: fixed, so that a seed gives the same bytes on every day.
    pub const NOW: i64 = 1_790_000_000;

    /// Some thousands of varied objects in total.
    pub fn demo() -> Self {
        Self {
            charges: 1_500,
            customers: 600,
            subscriptions: 250,
            prices: 80,
            now: Self::NOW,
            days: 400,
            mode: Mode::Live,
        }
    }

    /// `charges` charges and in proportion fewer of everything else.
    pub fn charges(charges: usize) -> Self {
        Self {
            charges,
            customers: charges / 5 + 1,
            subscriptions: charges / 20 + 1,
            prices: charges / 100 + 10,
            ..Self::demo()
        }
    }

    /// About `objects` objects over all resources, in the demo's proportions.
    pub fn total(objects: usize) -> Self {
        Self::charges(objects * 10 / 29)
    }
}

/// The content of one account. See [`Account::seeded`] and [`Account::custom`].
#[derive(Debug, Clone)]
pub struct Account {
    pub(crate) id: String,
    pub(crate) created: i64,
    pub(crate) mode: Mode,
    pub(crate) store: Store,
    /// Ids of events that are recorded while the sandbox runs.
    pub(crate) random: Random,
    /// What spoils the events that are recorded.
    pub(crate) imp: Option<Imp>,
    /// Events that have not appeared yet.
    pub(crate) waiting: Vec<Told>,
}

impl Account {
    /// The same seed and size give the same bytes everywhere; no clock is read.
    pub fn seeded(seed: u64, size: Size) -> Self {
        crate::seed::account(seed, size)
    }

    /// An empty account to put hand-made objects in, created at `created` (Unix seconds).
    pub fn custom(mode: Mode, created: i64) -> Self {
        let mut random = Random::new(created as u64);
        Self {
            id: format!("acct_1{}", random.token(15)),
            created,
            mode,
            store: Store::default(),
            random,
            imp: None,
            waiting: Vec::new(),
        }
    }

    /// Adds one object, whose text is kept as it is and served byte for byte. No event is recorded.
    pub fn with(mut self, resource: Resource, object: &str) -> Result<Self, InsertError> {
        self.store.insert(resource, object, true)?;
        Ok(self)
    }

    /// Adds an object that can be fetched by id but is in no list, as Stripe's inline prices are.
    pub fn with_unlisted(mut self, resource: Resource, object: &str) -> Result<Self, InsertError> {
        self.store.insert(resource, object, false)?;
        Ok(self)
    }

    /// Adds the stub that a deleted customer leaves.
    pub fn with_deleted_customer(mut self, id: &str) -> Self {
        self.store.delete_customer(id);
        self
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Texts of every object of a resource as `GET` by id answers them, in the order of the list:
    /// canceled, inactive and unlisted ones too, deleted ones not.
    pub fn objects(&self, resource: Resource) -> Vec<&str> {
        self.store.of(resource).all().into_iter().map(|entry| entry.text.as_str()).collect()
    }

    /// Ids in the order of [`Account::objects`].
    pub fn ids(&self, resource: Resource) -> Vec<&str> {
        self.store.of(resource).all().into_iter().map(|entry| entry.id.as_str()).collect()
    }

    /// Ids that some list query shows without naming a test clock: what a complete sync must find.
    pub fn listable_ids(&self, resource: Resource) -> Vec<&str> {
        let order = self.store.of(resource).order().iter();
        order.filter(|entry| entry.facets("test_clock").next().is_none()).map(|e| e.id.as_str()).collect()
    }

    /// How many objects of a resource exist, deleted ones not counted.
    pub fn count(&self, resource: Resource) -> usize {
        self.store.of(resource).all().len()
    }

    pub(crate) fn livemode(&self) -> bool {
        self.mode == Mode::Live
    }

    /// Records the event of a change at `at`, when Stripe has one.
    pub(crate) fn record(
        &mut self,
        resource: Resource,
        change: &Change<'_>,
        at: i64,
    ) -> Result<(), InsertError> {
        let Some((kind, data)) = events::describe(resource, change) else {
            return Ok(());
        };
        let livemode = self.livemode();
        let Some(imp) = &mut self.imp else {
            let id = self.random.id("evt");
            let event = events::wrap(&id, &kind, at, data, API_VERSION, livemode, true);
            self.store.insert(Resource::Events, &compact(&event), true)?;
            return Ok(());
        };
        let told = imp.tell(&kind, &data, at, livemode);
        self.waiting.extend(told);
        self.release(at)
    }

    /// Lists the events that have appeared by `now`.
    pub(crate) fn release(&mut self, now: i64) -> Result<(), InsertError> {
        let (due, waiting) =
            std::mem::take(&mut self.waiting).into_iter().partition(|told: &Told| told.appears <= now);
        self.waiting = waiting;
        for told in due {
            self.store.insert_event(&compact(&told.event), told.place)?;
        }
        Ok(())
    }

    /// The account as `GET /v1/accounts` shows it.
    pub(crate) fn face(&self) -> Face {
        Face { id: self.id.clone(), created: self.created, text: compact(&self.describe()) }
    }

    /// The body of `GET /v1/account`.
    pub(crate) fn describe(&self) -> Value {
        json!({
            "id": self.id, "object": "account",
            "business_profile": {"mcc": "5734", "name": "Sea Shells", "url": "https://example.com"},
            "business_type": "company", "charges_enabled": true, "country": "US", "created": self.created,
            "default_currency": "usd", "details_submitted": true, "email": "owner@example.com",
            "metadata": {}, "payouts_enabled": true,
            "settings": {"dashboard": {"display_name": "Sea Shells", "timezone": "America/Los_Angeles"}},
            "type": "standard"
        })
    }
}
