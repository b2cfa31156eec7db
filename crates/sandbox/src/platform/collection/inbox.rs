//! What has come in by streaming, and what has not.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use dataprep::{CompileOptions, Plan};
use serde_json::{Map, Value, json};

use super::schema::Schema;
use crate::platform::{
    answer::Answer,
    flow::Inlet,
    json_patch,
    tenant::{Ids, Tenant},
    world::Call,
};

/// How long a schema is kept once it was read, in milliseconds: changes are seen that much later.
const CACHED: u64 = 15 * 60 * 1000;

/// The most entries of a page of our own lists.
const MAX_PAGE: usize = 1_000;

/// What a record does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// It is new: it goes to the lake and, where the dataset is enabled for it, to Profile.
    Create,
    /// It is put into what Profile has; the lake never sees it.
    Merge,
    /// It takes what Profile has away; the lake never sees it.
    Delete,
}

impl Operation {
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "create" => Some(Self::Create),
            "merge" => Some(Self::Merge),
            "delete" => Some(Self::Delete),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Merge => "merge",
            Self::Delete => "delete",
        }
    }
}

/// A record that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collected {
    /// The dataset's id.
    pub dataset: String,
    /// The flow's id.
    pub flow: String,
    /// What it does.
    pub operation: Operation,
    /// As it was answered.
    pub xaction: String,
    /// Milliseconds of the platform's time.
    pub received: u64,
    /// The record: of an inlet of XDM as it was sent, byte for byte; of a raw one as the mapping set made it.
    pub entity: String,
}

/// A message that went to an error batch of its dataset. It may have been answered as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncollected {
    /// The dataset's id.
    pub dataset: String,
    /// The id of the error batch.
    pub batch: String,
    /// As it was answered; none when the message was refused at once.
    pub xaction: Option<String>,
    /// Milliseconds of the platform's time.
    pub received: u64,
    /// What is wrong.
    pub errors: Vec<String>,
    /// The message as it was sent, or its record.
    pub entity: String,
}

/// By which inlet a request came.
#[derive(Debug)]
pub(super) struct Origin<'w> {
    /// Organisation and sandbox.
    pub(super) key: &'w (String, String),
    pub(super) inlet: &'w Inlet,
    pub(super) tenant: &'w Tenant,
    pub(super) received: u64,
    pub(super) number: u64,
}

/// A key of what is kept ready: organisation, sandbox, id.
type Place = (String, String, String);

/// Everything that was streamed.
#[derive(Debug, Default)]
pub(in crate::platform) struct Inbox {
    accepted: Vec<Collected>,
    failed: Vec<Uncollected>,
    /// What Profile has, by dataset and primary identity.
    profiles: BTreeMap<(String, String), Map<String, Value>>,
    /// Schemas, and when each was read.
    schemas: HashMap<Place, (u64, Arc<Schema>)>,
    plans: HashMap<(Place, u64), Arc<Plan>>,
    /// By inlet: a minute, and how many messages were checked at once in it.
    checked: HashMap<String, (u64, u64)>,
}

impl Inbox {
    pub(in crate::platform) fn accepted(&self, dataset: &str) -> Vec<Collected> {
        self.accepted.iter().filter(|known| known.dataset == dataset).cloned().collect()
    }

    pub(in crate::platform) fn failed(&self, dataset: &str) -> Vec<Uncollected> {
        self.failed.iter().filter(|known| known.dataset == dataset).cloned().collect()
    }

    pub(in crate::platform) fn profiles(&self, dataset: &str) -> BTreeMap<String, Value> {
        let of_it = self.profiles.iter().filter(|((known, _), _)| known == dataset);
        of_it.map(|((_, identity), profile)| (identity.clone(), Value::Object(profile.clone()))).collect()
    }

    /// How much has come in, good and bad.
    pub(super) fn count(&self) -> usize {
        self.accepted.len() + self.failed.len()
    }

    /// Whether one message more may be checked at once.
    pub(super) fn may_check(&mut self, inlet: &str, now: u64, most: u64) -> bool {
        let minute = now / 60_000;
        let count = self.checked.entry(inlet.to_owned()).or_default();
        if count.0 != minute {
            *count = (minute, 0);
        }
        count.1 += 1;
        count.1 <= most
    }

    /// The schema of an `$id`, as it was up to a quarter of an hour ago.
    pub(super) fn schema(&mut self, origin: &Origin<'_>, id: &str) -> Option<Arc<Schema>> {
        let place = (origin.key.0.clone(), origin.key.1.clone(), id.to_owned());
        if let Some((read, schema)) = self.schemas.get(&place)
            && origin.received - read < CACHED
        {
            return Some(Arc::clone(schema));
        }
        let schema = Arc::new(Schema::new(&origin.tenant.registry.tree(id)?));
        self.schemas.insert(place, (origin.received, Arc::clone(&schema)));
        Some(schema)
    }

    /// A mapping set, ready to run.
    pub(super) fn plan(&mut self, origin: &Origin<'_>, id: &str, version: u64) -> Option<Arc<Plan>> {
        let place = ((origin.key.0.clone(), origin.key.1.clone(), id.to_owned()), version);
        if let Some(plan) = self.plans.get(&place) {
            return Some(Arc::clone(plan));
        }
        let (set, schema) = origin.tenant.conversion.set(id, version)?;
        let tree = Value::Object(origin.tenant.registry.tree(schema)?).to_string();
        let schema = dataprep::Schema::from_json(&tree).ok()?;
        let options = CompileOptions { schema: Some(&schema), ..CompileOptions::default() };
        let plan = Arc::new(Plan::compile(set, options).ok()?);
        self.plans.insert(place, Arc::clone(&plan));
        Some(plan)
    }

    pub(super) fn accept(&mut self, collected: Collected) {
        self.accepted.push(collected);
    }

    /// Does to Profile what a record says.
    pub(super) fn profile(&mut self, dataset: &str, identity: String, operation: Operation, record: Value) {
        let key = (dataset.to_owned(), identity);
        match (operation, record) {
            (Operation::Delete, _) => {
                self.profiles.remove(&key);
            }
            (Operation::Create, Value::Object(record)) => {
                self.profiles.insert(key, record);
            }
            (Operation::Merge, Value::Object(record)) => {
                json_patch::merge(self.profiles.entry(key).or_default(), &record, true);
            }
            _ => {}
        }
    }

    pub(super) fn fail(
        &mut self,
        origin: &Origin<'_>,
        dataset: &str,
        xaction: Option<&str>,
        errors: Vec<String>,
        entity: &str,
    ) {
        let batch = Ids::new(origin.number, dataset, &origin.inlet.id).hex(24).to_uppercase();
        self.failed.push(Uncollected {
            dataset: dataset.to_owned(),
            batch: format!("01{batch}"),
            xaction: xaction.map(str::to_owned),
            received: origin.received,
            errors,
            entity: entity.to_owned(),
        });
    }

    /// Our own lists of what came in: no service of Adobe's has them.
    pub(in crate::platform) fn serve(&self, call: &Call, path: &[&str]) -> Answer {
        let parameters = call.parameters();
        let number = |name: &str, otherwise: usize| {
            let found = parameters.iter().find(|(known, _)| known == name);
            found.and_then(|(_, value)| value.parse().ok()).unwrap_or(otherwise)
        };
        let entity = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| json!(text));
        let all: Vec<Value> = match path {
            ["collected", dataset] => {
                let of_it = self.accepted.iter().filter(|known| known.dataset == *dataset);
                of_it
                    .map(|known| {
                        json!({"xactionId": known.xaction, "flowId": known.flow,
                            "operation": known.operation.name(), "receivedTimeMs": known.received,
                            "entity": entity(&known.entity)})
                    })
                    .collect()
            }
            ["uncollected", dataset] => {
                let of_it = self.failed.iter().filter(|known| known.dataset == *dataset);
                of_it
                    .map(|known| {
                        json!({"xactionId": known.xaction, "batchId": known.batch, "errors": known.errors,
                            "receivedTimeMs": known.received, "entity": entity(&known.entity)})
                    })
                    .collect()
            }
            ["profiles", dataset] => {
                let shown = |(identity, profile)| json!({"identity": identity, "profile": profile});
                self.profiles(dataset).into_iter().map(shown).collect()
            }
            _ => return Answer::not_found("There is nothing at this path"),
        };
        let count = all.len();
        let limit = number("limit", 100).min(MAX_PAGE);
        let items: Vec<Value> = all.into_iter().skip(number("start", 0)).take(limit).collect();
        Answer::ok(&json!({"count": count, "items": items}))
    }
}
