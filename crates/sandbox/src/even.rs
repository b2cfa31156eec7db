//! Accounts for measuring: one resource, objects of about one size, evenly over a span of time.
//!
//! Nothing is linked and no event is recorded, so that ten times the objects cost ten times the time.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::{
    account::{Account, Mode},
    entry::InsertError,
    json::compact,
    random::Random,
    resource::Resource,
    shapes::{
        Workshop,
        charge::{ChargePlan, Stage},
        money::Currency,
        set,
    },
};

/// The longest metadata value that Stripe keeps.
const LONGEST_VALUE: usize = 500;

/// How many objects of which kind, how large, and when. See [`Account::even`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Even {
    pub kind: EvenKind,
    pub objects: usize,
    /// The size that smaller objects are filled up to, in bytes of compact JSON.
    pub bytes: usize,
    /// The first object is this old, the others follow at equal distances.
    pub span: Duration,
    /// The end of the span, Unix seconds.
    pub now: i64,
    pub mode: Mode,
}

/// What such an account can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvenKind {
    Charges,
    Customers,
}

impl EvenKind {
    pub fn resource(self) -> Resource {
        match self {
            Self::Charges => Resource::Charges,
            Self::Customers => Resource::Customers,
        }
    }
}

/// Objects are copies of this many drawn ones, with ids and times of their own.
const PATTERNS: usize = 64;
/// From this many the patterns are chosen: those that are not too large.
const CANDIDATES: usize = 1_000;

impl Account {
    /// An account of one resource, evenly filled. The same seed gives the same bytes.
    pub fn even(seed: u64, even: &Even) -> Self {
        let span = i64::try_from(even.span.as_secs()).unwrap_or(i64::MAX).max(1);
        let mut account = Self::custom(even.mode, even.now.saturating_sub(span));
        let mut workshop = Workshop { random: Random::new(seed), livemode: account.livemode() };
        let patterns = workshop.patterns(even);
        let count = even.objects as i128;
        // Newest first: the order of the list, in which adding is cheapest.
        for (number, pattern) in (1..=count).zip(patterns.iter().cycle()) {
            let age = number * i128::from(span) / count;
            let created = even.now - i64::try_from(age).unwrap_or(span);
            let object = workshop.copy(pattern, created);
            let added = account.add(even.kind.resource(), &object);
            debug_assert!(added.is_ok(), "generated objects are well formed: {added:?}");
        }
        account
    }

    fn add(&mut self, resource: Resource, object: &Value) -> Result<(), InsertError> {
        self.store.insert(resource, &compact(object), true).map(|_| ())
    }
}

impl Workshop {
    /// Objects that fit into the size, filled up to it with metadata.
    fn patterns(&mut self, even: &Even) -> Vec<Value> {
        let mut candidates: Vec<(usize, Value)> = (0..CANDIDATES)
            .map(|_| self.pattern(even.kind))
            .map(|object| (compact(&object).len(), object))
            .collect();
        // Too large ones come last, the smallest of them first.
        candidates.sort_by_key(|(size, _)| size.saturating_sub(even.bytes));
        candidates.truncate(PATTERNS);
        candidates
            .into_iter()
            .map(|(size, mut object)| {
                let filling = self.filling(even.bytes.saturating_sub(size));
                set(&mut object, "metadata", filling);
                object
            })
            .collect()
    }

    fn pattern(&mut self, kind: EvenKind) -> Value {
        let person = self.person();
        let mut object = match kind {
            EvenKind::Charges => {
                let currency = Currency::draw(&mut self.random);
                let plan =
                    ChargePlan { created: 0, customer: Some(""), person, stage: Stage::Paid, currency };
                self.charge(&plan)
            }
            EvenKind::Customers => self.customer("", 0, &person),
        };
        set(&mut object, "metadata", json!({}));
        object
    }

    /// A pattern with an identity of its own.
    fn copy(&mut self, pattern: &Value, created: i64) -> Value {
        let mut object = pattern.clone();
        set(&mut object, "created", json!(created));
        if object["object"] == "charge" {
            for (key, prefix) in [
                ("id", "ch"),
                ("balance_transaction", "txn"),
                ("customer", "cus"),
                ("payment_intent", "pi"),
                ("payment_method", "pm"),
            ] {
                set(&mut object, key, json!(self.random.id(prefix)));
            }
        } else {
            set(&mut object, "id", json!(self.random.id("cus")));
        }
        object
    }

    /// Metadata that is `bytes` longer than none, to within a few.
    fn filling(&mut self, bytes: usize) -> Value {
        const AROUND: usize = r#""note_00":"","#.len();
        let mut map = Map::new();
        let mut left = bytes;
        while left > AROUND && map.len() < 50 {
            let value = self.random.token((left - AROUND).min(LONGEST_VALUE));
            left -= AROUND + value.len();
            map.insert(format!("note_{:02}", map.len()), Value::String(value));
        }
        Value::Object(map)
    }
}
