//! Fills an account: people who buy, subscribe, get refunds, change and leave, with the clusters,
//! leftovers and odd shapes that long-lived accounts have.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::{
    account::{API_VERSION, Account, Size},
    entry::InsertError,
    events::{self, Change},
    json::compact,
    random::Random,
    resource::Resource,
    seed_billing,
    shapes::{
        Workshop, ages,
        charge::{ChargePlan, Stage},
        customer::Person,
        money::Currency,
        movement::{Movement, REFUND_STATUSES},
        price::Pricing,
        set,
        subscription::STATUSES,
    },
};

const DAY: i64 = 86_400;
/// How far back events reach.
const EVENTS: i64 = 30 * DAY;

/// An object, its place in an unlisted corner if it has one, and what to tell about it.
pub(crate) struct Draft {
    pub(crate) resource: Resource,
    pub(crate) object: Value,
    pub(crate) listed: bool,
}

struct Seeder {
    workshop: Workshop,
    size: Size,
    drafts: Vec<Draft>,
    /// Those of the second part, added after all others.
    more: Vec<Draft>,
    seen: HashSet<String>,
    customers: Vec<(String, Person)>,
    deleted: Vec<Value>,
    products: Vec<Value>,
    prices: Vec<Value>,
}

pub(crate) fn account(seed: u64, size: Size) -> Account {
    let created = size.now - i64::from(size.days.max(1)) * DAY;
    let mut account = Account::custom(size.mode, created);
    account.random = Random::new(seed ^ 0x5eed);
    account.id = format!("acct_1{}", account.random.token(15));
    let mut seeder = Seeder {
        workshop: Workshop { random: Random::new(seed), livemode: account.livemode() },
        size,
        drafts: Vec::new(),
        more: Vec::new(),
        seen: HashSet::new(),
        customers: Vec::new(),
        deleted: Vec::new(),
        products: Vec::new(),
        prices: Vec::new(),
    };
    seeder.prices();
    seeder.customers();
    seeder.charges();
    seeder.subscriptions();
    let more = seed_billing::drafts(seed, &size, account.livemode(), &seeder.drafts, &seeder.products);
    seeder.more = more;
    let filled = seeder.fill(&mut account);
    debug_assert!(filled.is_ok(), "generated objects are well formed: {filled:?}");
    account
}

impl Seeder {
    fn push(&mut self, resource: Resource, object: Value, listed: bool) {
        let id = object.get("id").and_then(Value::as_str).unwrap_or_default();
        if self.seen.insert(id.to_owned()) {
            self.drafts.push(Draft { resource, object, listed });
        }
    }

    /// A moment between the account's creation and now. `cluster` of 100 objects share one second,
    /// as an import script leaves them.
    fn moment(&mut self, cluster: u64) -> i64 {
        let span = i64::from(self.size.days.max(1)) * DAY;
        if self.workshop.random.chance(cluster) {
            self.size.now - span / 3
        } else {
            self.size.now - self.workshop.random.between(60, span - 1)
        }
    }

    fn prices(&mut self) {
        for number in 0..self.size.prices {
            let created = self.moment(10);
            let id = self.workshop.random.id("prod");
            let product = self.workshop.product(&id, created);
            self.products.push(product);
            let pricing = Pricing::draw(&mut self.workshop);
            let currency = Currency::draw_for_price(&mut self.workshop.random);
            let mut price = self.workshop.price(&id, created, pricing, currency);
            let inline = self.workshop.random.chance(8);
            if self.workshop.random.chance(20) {
                set(&mut price, "active", json!(false));
            } else if !inline && self.workshop.random.chance(20) {
                set(&mut price, "lookup_key", json!(format!("plan_{number}")));
            }
            if pricing.recurring() {
                self.prices.push(price.clone());
            }
            self.push(Resource::Prices, price, !inline);
        }
    }

    fn customers(&mut self) {
        for _ in 0..self.size.customers {
            let created = self.moment(40);
            let person = self.workshop.person();
            let id = self.workshop.random.id("cus");
            let mut customer = self.workshop.customer(&id, created, &person);
            match self.workshop.random.below(100) {
                0..4 => {
                    self.deleted.push(customer);
                    self.customers.push((id, person));
                    continue;
                }
                4..6 => set(&mut customer, "test_clock", json!("clock_1MmlLrLkdIwHu7ixIJwEWSNR")),
                6..10 => self.grow_old(&mut customer),
                _ => {}
            }
            self.customers.push((id, person));
            self.push(Resource::Customers, customer, true);
        }
    }

    fn grow_old(&mut self, object: &mut Value) {
        let age = self.workshop.random.pick(&ages::AGES);
        ages::rewrite(object, age);
    }

    fn charges(&mut self) {
        for _ in 0..self.size.charges {
            let created = self.moment(20);
            let guest = self.customers.is_empty() || self.workshop.random.chance(20);
            let (customer, person) = if guest {
                (None, self.workshop.person())
            } else {
                let at = self.workshop.random.index(self.customers.len());
                let (id, person) = self.customers[at].clone();
                (Some(id), person)
            };
            let stage = Stage::draw(&mut self.workshop);
            let currency = Currency::draw(&mut self.workshop.random);
            let plan = ChargePlan { created, customer: customer.as_deref(), person, stage, currency };
            let mut charge = self.workshop.charge(&plan);
            if stage.settled() {
                self.settle(&mut charge, stage, currency, created);
            }
            if self.workshop.random.chance(4) {
                self.grow_old(&mut charge);
            }
            self.push(Resource::Charges, charge, true);
        }
        for number in 0..(self.size.charges / 200) as i64 {
            let created = self.size.now - number * DAY;
            let payout = self.workshop.random.id("po");
            for (movement, source) in [(Movement::Payout, Some(payout.as_str())), (Movement::StripeFee, None)]
            {
                let amount = self.workshop.random.between(200, 500_000);
                self.moved(movement, source, amount, Currency::USD, created);
            }
        }
    }

    /// Records a balance transaction and answers its id.
    fn moved(
        &mut self,
        movement: Movement,
        source: Option<&str>,
        amount: i64,
        currency: Currency,
        at: i64,
    ) -> Value {
        let at = at.min(self.size.now);
        let mut entry =
            self.workshop.balance_transaction(movement, source, amount, currency, at, self.size.now);
        let id = entry.get("id").cloned().unwrap_or(Value::Null);
        if self.workshop.random.chance(3) {
            self.grow_old(&mut entry);
        }
        self.push(Resource::BalanceTransactions, entry, true);
        id
    }

    /// Links a settled charge to its money and, now and then, to refunds.
    fn settle(&mut self, charge: &mut Value, stage: Stage, currency: Currency, created: i64) {
        let id = charge.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let card = id.starts_with("ch_");
        let amount = charge.get("amount_captured").and_then(Value::as_i64).unwrap_or_default();
        let movement = if card { Movement::Charge } else { Movement::Payment };
        let entry = self.moved(movement, Some(&id), amount, currency, created);
        set(charge, "balance_transaction", entry);
        if stage == Stage::Returned {
            let entry =
                self.moved(Movement::PaymentFailureRefund, Some(&id), amount, currency, created + 4 * DAY);
            set(charge, "failure_balance_transaction", entry);
            return;
        }
        if !self.workshop.random.chance(14) {
            return;
        }
        let part = if self.workshop.random.chance(50) {
            amount
        } else {
            currency.part(amount, &mut self.workshop.random)
        };
        let status = if self.workshop.random.chance(70) {
            "succeeded"
        } else {
            self.workshop.random.pick(&REFUND_STATUSES)
        };
        let at = (created + self.workshop.random.between(60, 20 * DAY)).min(self.size.now);
        let mut refund = self.workshop.refund(charge, part, status, at);
        let refund_id = refund.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        if matches!(status, "succeeded" | "failed" | "pending") {
            let movement = if card { Movement::Refund } else { Movement::PaymentRefund };
            let entry = self.moved(movement, Some(&refund_id), part, currency, at);
            set(&mut refund, "balance_transaction", entry);
        }
        if status == "failed" {
            let entry = self.moved(Movement::RefundFailure, Some(&refund_id), part, currency, at + DAY);
            set(&mut refund, "failure_balance_transaction", entry);
        }
        if !matches!(status, "failed" | "canceled") {
            set(charge, "amount_refunded", json!(part));
            set(charge, "refunded", json!(part == amount));
        }
        if self.workshop.random.chance(4) {
            self.grow_old(&mut refund);
        }
        self.push(Resource::Refunds, refund, true);
    }

    fn subscriptions(&mut self) {
        if self.customers.is_empty() || self.prices.is_empty() {
            return;
        }
        for number in 0..self.size.subscriptions {
            let created = self.moment(15);
            let at = self.workshop.random.index(self.customers.len());
            let customer = self.customers[at].0.clone();
            let gone = self.deleted.iter().any(|object| object.get("id") == Some(&json!(customer)));
            let status = match self.workshop.random.below(100) {
                _ if gone => "canceled",
                0..60 => "active",
                _ => self.workshop.random.pick(&STATUSES),
            };
            let items = match self.workshop.random.below(100) {
                _ if number == 3 => 14,
                0..75 => 1,
                75..97 => self.workshop.random.between(2, 4) as usize,
                _ => self.workshop.random.between(11, 20) as usize,
            };
            let prices: Vec<Value> = (0..items)
                .map(|_| self.prices[self.workshop.random.index(self.prices.len())].clone())
                .collect();
            let mut made = self.workshop.subscription(&customer, created, self.size.now, status, &prices);
            if self.workshop.random.chance(2) {
                set(&mut made.object, "test_clock", json!("clock_1MmlLrLkdIwHu7ixIJwEWSNR"));
            }
            if self.workshop.random.chance(4) {
                self.grow_old(&mut made.object);
            }
            self.push(Resource::Subscriptions, made.object, true);
            for item in made.items {
                self.push(Resource::SubscriptionItems, item, true);
            }
        }
    }

    fn fill(mut self, account: &mut Account) -> Result<(), InsertError> {
        let since = self.size.now - EVENTS;
        let first = std::mem::take(&mut self.drafts);
        self.insert(account, first, since)?;
        for customer in std::mem::take(&mut self.deleted) {
            let at = self.workshop.random.between(since, self.size.now);
            account.store.delete_customer(customer["id"].as_str().unwrap_or_default());
            account.record(Resource::Customers, &Change::Deleted(&customer), at)?;
        }
        // An upcoming invoice has no id: a consumer of events has to get past it.
        let upcoming = json!({"object": {"object": "invoice", "amount_due": 1000, "currency": "usd"}});
        let id = account.random.id("evt");
        let event = events::wrap(
            &id,
            "invoice.upcoming",
            self.size.now - DAY,
            upcoming,
            API_VERSION,
            account.livemode(),
            false,
        );
        account.store.insert(Resource::Events, &compact(&event), true)?;
        let more = std::mem::take(&mut self.more);
        self.insert(account, more, since)
    }

    fn insert(&mut self, account: &mut Account, drafts: Vec<Draft>, since: i64) -> Result<(), InsertError> {
        for Draft { resource, object, listed } in drafts {
            let stored = account.store.of(resource).get(object["id"].as_str().unwrap_or_default()).is_some();
            if stored {
                // The embedding subscription or invoice has brought this item along.
                continue;
            }
            account.store.insert(resource, &compact(&object), listed)?;
            self.tell(account, resource, &object, since)?;
        }
        Ok(())
    }

    /// Records what happened to an object in the last 30 days; its last event shows its present state.
    fn tell(
        &mut self,
        account: &mut Account,
        resource: Resource,
        object: &Value,
        since: i64,
    ) -> Result<(), InsertError> {
        let created = object["created"].as_i64().unwrap_or_default();
        let mut before = object.clone();
        let changed = self.workshop.random.chance(6) && self.undo(resource, &mut before);
        if created >= since {
            let first = if changed { &before } else { object };
            account.record(resource, &Change::Created(first), created)?;
        }
        if changed {
            let at = self.workshop.random.between(created.max(since), self.size.now);
            account.record(resource, &Change::Updated { before: &before, after: object }, at)?;
            if self.workshop.random.chance(5) {
                // Stripe may record one action twice.
                account.record(resource, &Change::Updated { before: &before, after: object }, at)?;
            }
        }
        Ok(())
    }

    /// Takes an object back to before its latest change; false where it has not changed.
    fn undo(&mut self, resource: Resource, object: &mut Value) -> bool {
        match resource {
            Resource::Charges
                if object["status"] == "succeeded" && !object["balance_transaction"].is_null() =>
            {
                set(object, "balance_transaction", Value::Null);
                set(object, "description", json!("before"));
            }
            Resource::Refunds if object["status"] == "succeeded" => set(object, "status", json!("pending")),
            Resource::Customers => {
                set(object, "email", json!("old.address@example.com"));
                set(object, "metadata", json!({"order": "old"}));
            }
            Resource::Subscriptions => match object["status"].as_str() {
                Some("canceled") => {
                    set(object, "status", json!("active"));
                    set(object, "ended_at", Value::Null);
                }
                Some("active") => {
                    set(object, "cancel_at_period_end", json!(object["cancel_at_period_end"] == false));
                }
                _ => return false,
            },
            Resource::Prices => set(object, "nickname", json!("before the change")),
            Resource::Products | Resource::Coupons => set(object, "name", json!("before the change")),
            Resource::Invoices if object["status"] == "paid" => {
                set(object, "status", json!("open"));
                set(object, "amount_paid", json!(0));
                set(object, "amount_remaining", object["total"].clone());
                set(&mut object["status_transitions"], "paid_at", Value::Null);
            }
            Resource::PaymentIntents if object["status"] == "succeeded" => {
                set(object, "status", json!("processing"));
                set(object, "amount_received", json!(0));
            }
            Resource::Disputes if object["status"] == "won" || object["status"] == "lost" => {
                set(object, "status", json!("under_review"));
            }
            Resource::Payouts if object["status"] == "paid" => set(object, "status", json!("in_transit")),
            _ => return false,
        }
        true
    }
}
