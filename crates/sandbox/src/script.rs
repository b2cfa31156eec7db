//! Changes at chosen requests: what happens to an account while somebody walks through its lists.

use std::time::Duration;

use crate::{account::Account, entry::InsertError, events::Change, resource::Resource};

/// One change. Events are recorded as Stripe would, at the sandbox's time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Adds an object; its text holds `created`, which may be long ago: a row that appears late.
    Insert(Resource, String),
    /// Replaces an object.
    Update(Resource, String),
    /// Takes an object away, by its id.
    Remove(Resource, String),
    /// Moves a fixed clock.
    Advance(Duration),
}

/// Steps with the requests before whose answers they happen. A step is taken once, in the account that
/// the request asks.
#[derive(Debug, Clone, Default)]
pub struct Script {
    steps: Vec<Planned>,
}

#[derive(Debug, Clone)]
struct Planned {
    endpoint: Resource,
    seen: u64,
    at: u64,
    step: Step,
}

impl Script {
    /// Adds a step before the answer of the `number`-th request, from 1, to a resource, lists and
    /// single objects alike.
    pub fn at(mut self, endpoint: Resource, number: u64, step: Step) -> Self {
        self.steps.push(Planned { endpoint, seen: 0, at: number, step });
        self
    }

    /// Whether anything is still to come.
    pub fn is_done(&self) -> bool {
        self.steps.is_empty()
    }

    /// Counts a request and takes out the steps that it brings.
    pub(crate) fn due(&mut self, endpoint: Resource) -> Vec<Step> {
        let mut due = Vec::new();
        self.steps.retain_mut(|planned| {
            planned.seen += u64::from(planned.endpoint == endpoint);
            let now = planned.endpoint == endpoint && planned.seen == planned.at;
            if now {
                due.push(planned.step.clone());
            }
            !now
        });
        due
    }
}

impl Account {
    /// Adds an object and records the event of its creation, at its `created`.
    pub(crate) fn insert(&mut self, resource: Resource, object: &str) -> Result<(), InsertError> {
        let value = self.store.insert(resource, object, true)?;
        let at = value.get("created").and_then(serde_json::Value::as_i64).unwrap_or_default();
        self.record(resource, &Change::Created(&value), at)
    }

    /// Replaces an object and records the event of the change.
    pub(crate) fn update(&mut self, resource: Resource, object: &str, at: i64) -> Result<(), InsertError> {
        let (before, after) = self.store.update(resource, object)?;
        self.record(resource, &Change::Updated { before: &before, after: &after }, at)
    }

    /// Takes an object away and records the event.
    pub(crate) fn remove(&mut self, resource: Resource, id: &str, at: i64) -> Result<(), InsertError> {
        let last = self.store.remove(resource, id)?;
        self.record(resource, &Change::Deleted(&last), at)
    }

    /// Takes a step that is not about the clock.
    pub(crate) fn take(&mut self, step: &Step, now: i64) -> Result<(), InsertError> {
        match step {
            Step::Insert(resource, object) => self.insert(*resource, object),
            Step::Update(resource, object) => self.update(*resource, object, now),
            Step::Remove(resource, id) => self.remove(*resource, id, now),
            Step::Advance(_) => Ok(()),
        }
    }
}
