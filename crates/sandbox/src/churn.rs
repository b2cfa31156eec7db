//! Changes by chance while a client walks: an account in business.

use std::str::FromStr;
use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    account::Account,
    json::compact,
    random::Random,
    resource::Resource,
    script::Step,
    shapes::{
        Workshop,
        charge::{ChargePlan, Stage},
        money::Currency,
        movement::Movement,
        set,
    },
};

/// Before every list is answered, perhaps one change: somebody pays or registers, an object gets other
/// metadata, a balance transaction becomes available, a customer goes, a row appears late, or a fixed
/// clock moves on a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Churn {
    pub seed: u64,
    /// In how many of 100 lists there is a change.
    pub percent: u8,
    /// How much older than now a late row may be. None is late at zero.
    pub late: Duration,
}

/// A text that does not say how much changes.
#[derive(Debug, thiserror::Error)]
#[error("write SEED:PERCENT with a percentage up to 100, for example `7:30`")]
pub struct ChurnError;

impl FromStr for Churn {
    type Err = ChurnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (seed, percent) = text.split_once(':').ok_or(ChurnError)?;
        let percent = percent.parse().ok().filter(|percent| *percent <= 100).ok_or(ChurnError)?;
        let seed = seed.parse().map_err(|_| ChurnError)?;
        Ok(Self { seed, percent, late: Duration::from_secs(300) })
    }
}

/// Churn under way.
#[derive(Debug)]
pub(crate) struct Business {
    churn: Churn,
    workshop: Workshop,
}

impl Business {
    pub(crate) fn new(churn: Churn, livemode: bool) -> Self {
        Self { churn, workshop: Workshop { random: Random::new(churn.seed), livemode } }
    }

    /// What happens before the next list is answered.
    pub(crate) fn next(&mut self, account: &Account, now: i64) -> Vec<Step> {
        if !self.workshop.random.chance(u64::from(self.churn.percent)) {
            return Vec::new();
        }
        match self.workshop.random.below(10) {
            0..3 => self.payment(now),
            3 => {
                let person = self.workshop.person();
                let id = self.workshop.random.id("cus");
                let created = self.moment(now);
                let customer = self.workshop.customer(&id, created, &person);
                vec![Step::Insert(Resource::Customers, compact(&customer))]
            }
            4..8 => self.change(account).into_iter().collect(),
            8 => {
                let customer = self.any(account, Resource::Customers).map(|(id, _)| id);
                customer.map(|id| Step::Remove(Resource::Customers, id)).into_iter().collect()
            }
            _ => vec![Step::Advance(Duration::from_secs(1))],
        }
    }

    /// Now, or a little earlier for a row that appears late.
    fn moment(&mut self, now: i64) -> i64 {
        let late = i64::try_from(self.churn.late.as_secs()).unwrap_or_default();
        if self.workshop.random.chance(25) { now - self.workshop.random.between(0, late) } else { now }
    }

    fn payment(&mut self, now: i64) -> Vec<Step> {
        let created = self.moment(now);
        let person = self.workshop.person();
        let currency = Currency::draw(&mut self.workshop.random);
        let plan = ChargePlan { created, customer: None, person, stage: Stage::Paid, currency };
        let mut charge = self.workshop.charge(&plan);
        let amount = charge["amount"].as_i64().unwrap_or_default();
        let id = charge["id"].as_str().map(str::to_owned);
        let movement = self.workshop.balance_transaction(
            Movement::Charge,
            id.as_deref(),
            amount,
            currency,
            created,
            created,
        );
        set(&mut charge, "balance_transaction", movement["id"].clone());
        vec![
            Step::Insert(Resource::Charges, compact(&charge)),
            Step::Insert(Resource::BalanceTransactions, compact(&movement)),
        ]
    }

    fn change(&mut self, account: &Account) -> Option<Step> {
        let resource = self.workshop.random.pick(&[
            Resource::Charges,
            Resource::Refunds,
            Resource::Customers,
            Resource::Subscriptions,
            Resource::Prices,
            Resource::BalanceTransactions,
        ]);
        let (_, mut object) = self.any(account, resource)?;
        if resource == Resource::BalanceTransactions {
            set(&mut object, "status", json!("available"));
        } else {
            set(&mut object, "metadata", json!({"note": self.workshop.random.token(12)}));
        }
        Some(Step::Update(resource, compact(&object)))
    }

    /// Some listed object.
    fn any(&mut self, account: &Account, resource: Resource) -> Option<(String, Value)> {
        let order = account.store.of(resource).order();
        let entry = order.get(self.workshop.random.index(order.len()))?;
        let mut value: Value = serde_json::from_str(&entry.text).ok()?;
        // What is sent on demand only is part of the object all the same.
        for (key, part) in &entry.includable {
            set(&mut value, key, part.clone());
        }
        Some((entry.id.clone(), value))
    }
}
