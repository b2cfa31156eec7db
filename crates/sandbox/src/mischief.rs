//! Events as unkindly as Stripe's contract allows: doubled, late, without order within a second, about
//! unknown things, in the shapes of older versions.

use serde_json::{Value, json};

use crate::{
    account::API_VERSION,
    events,
    random::Random,
    shapes::{ages, price::plan_of},
};

/// How often what goes wrong with the events that are recorded while the sandbox runs, each in percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mischief {
    pub seed: u64,
    /// A second event with another id for the same fact.
    pub doubles: u8,
    /// Events that appear in the list only some time after their `created`.
    pub late: u8,
    /// How long after at most, in seconds.
    pub late_by: u32,
    /// Events frozen in the shape of an older API version.
    pub old_versions: u8,
    /// Additional events: an object without id, or a type that nobody knows.
    pub strangers: u8,
    /// Events of one second in any order rather than in the order of what happened.
    pub shuffled: bool,
    /// `plan.*` beside every `price.*` of a recurring price, as Stripe records.
    pub plans: bool,
}

impl Mischief {
    /// Nothing goes wrong; to set single parts.
    pub fn none(seed: u64) -> Self {
        Self {
            seed,
            doubles: 0,
            late: 0,
            late_by: 0,
            old_versions: 0,
            strangers: 0,
            shuffled: false,
            plans: false,
        }
    }

    /// Everything at once, each often enough to be met among a few dozen events.
    pub fn everything(seed: u64) -> Self {
        Self {
            seed,
            doubles: 20,
            late: 30,
            late_by: 50,
            old_versions: 20,
            strangers: 20,
            shuffled: true,
            plans: true,
        }
    }
}

/// An event that is to be recorded.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) event: Value,
    /// When it appears in the list, Unix seconds.
    pub(crate) appears: i64,
    /// Its place among the events of its second; by the order of recording when absent.
    pub(crate) place: Option<i64>,
}

/// Mischief under way.
#[derive(Debug, Clone)]
pub(crate) struct Imp {
    mischief: Mischief,
    random: Random,
}

impl Imp {
    pub(crate) fn new(mischief: Mischief) -> Self {
        Self { mischief, random: Random::new(mischief.seed) }
    }

    /// All that is recorded where a kind Stripe would record one event of type `kind` at `at`.
    pub(crate) fn tell(&mut self, kind: &str, data: &Value, at: i64, livemode: bool) -> Vec<Told> {
        let mischief = self.mischief;
        let mut facts = vec![(kind.to_owned(), data.clone())];
        if let Some(verb) = kind.strip_prefix("price.").filter(|_| mischief.plans)
            && data["object"]["recurring"].is_object()
        {
            facts.push((format!("plan.{verb}"), json!({"object": plan_of(&data["object"])})));
        }
        for number in 0..facts.len() {
            if self.chance(mischief.doubles) {
                facts.push(facts[number].clone());
            }
        }
        if self.chance(mischief.strangers) {
            facts.push(if self.random.chance(50) {
                let upcoming = json!({"object": "invoice", "amount_due": 1000, "currency": "usd"});
                ("invoice.upcoming".to_owned(), json!({"object": upcoming}))
            } else {
                let thing = json!({"id": self.random.id("qe"), "object": "quantum_entanglement"});
                ("quantum.entangled".to_owned(), json!({"object": thing}))
            });
        }
        facts.into_iter().map(|(kind, data)| self.told(&kind, data, at, livemode)).collect()
    }

    fn told(&mut self, kind: &str, mut data: Value, at: i64, livemode: bool) -> Told {
        let mischief = self.mischief;
        let mut version = API_VERSION;
        if self.chance(mischief.old_versions) {
            version = self.random.pick(&ages::AGES);
            if let Some(object) = data.get_mut("object") {
                ages::rewrite(object, version);
            }
        }
        let late = self.chance(mischief.late) && mischief.late_by > 0;
        let delay = if late { self.random.between(1, i64::from(mischief.late_by)) } else { 0 };
        let place = mischief.shuffled.then(|| (self.random.next() >> 2) as i64);
        let id = self.random.id("evt");
        let event = events::wrap(&id, kind, at, data, version, livemode, true);
        Told { event, appears: at.saturating_add(delay), place }
    }

    fn chance(&mut self, percent: u8) -> bool {
        self.random.chance(u64::from(percent))
    }
}
