//! The second part of the seeding: what stands around the charges, prices and subscriptions of the first.
//! It draws from a stream of chance of its own, so that the first part's objects do not depend on it.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::{
    account::Size,
    random::Random,
    resource::Resource,
    seed::Draft,
    shapes::{Workshop, billing::Billed, money::Currency, movement::Movement, payment::ABANDONED, set},
};

const DAY: i64 = 86_400;

/// One payment intent for so many charges: they have little to tell that their charges do not.
const CHARGES_PER_INTENT: usize = 4;

/// The drafts to add to those of the first part.
pub(crate) fn drafts(
    seed: u64,
    size: &Size,
    livemode: bool,
    first: &[Draft],
    products: &[Value],
) -> Vec<Draft> {
    let workshop = Workshop { random: Random::new(seed ^ 0xb111), livemode };
    let mut made = Billing { workshop, size, drafts: Vec::new() };
    made.catalogue(products);
    made.invoices(first);
    made.payments(first);
    made.drafts
}

struct Billing<'s> {
    workshop: Workshop,
    size: &'s Size,
    drafts: Vec<Draft>,
}

fn of(drafts: &[Draft], resource: Resource) -> impl Iterator<Item = &Value> {
    drafts.iter().filter(move |draft| draft.resource == resource).map(|draft| &draft.object)
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

impl Billing<'_> {
    fn push(&mut self, resource: Resource, object: Value) {
        self.drafts.push(Draft { resource, object, listed: true });
    }

    /// A moment of the account's time.
    fn moment(&mut self) -> i64 {
        self.size.now - self.workshop.random.between(60, i64::from(self.size.days.max(1)) * DAY - 1)
    }

    fn catalogue(&mut self, products: &[Value]) {
        for (number, product) in products.iter().enumerate() {
            let mut product = product.clone();
            if self.workshop.random.chance(15) {
                set(&mut product, "active", json!(false));
            }
            if self.workshop.random.chance(30) {
                set(&mut product, "shippable", json!(true));
                let box_size = json!({"height": 4.5, "length": 10.0, "weight": 16.25, "width": 7.0});
                set(&mut product, "package_dimensions", box_size);
                set(&mut product, "marketing_features", json!([{"name": "Frisch geröstet"}]));
            }
            set(&mut product, "name", json!(format!("Coffee ☕ {number}")));
            self.push(Resource::Products, product);
        }
        for number in 0..self.size.prices / 8 + 1 {
            let created = self.moment();
            let product = products.get(number).and_then(|product| text(product, "id"));
            let coupon = self.workshop.coupon(number, created, product);
            self.push(Resource::Coupons, coupon);
        }
    }

    /// The latest invoice of each subscription, and some that are written by hand.
    fn invoices(&mut self, first: &[Draft]) {
        let mut items_of: HashMap<&str, Vec<Value>> = HashMap::new();
        // The oldest shapes have plans instead of prices.
        for item in of(first, Resource::SubscriptionItems).filter(|item| item.get("price").is_some()) {
            items_of.entry(text(item, "subscription").unwrap_or_default()).or_default().push(item.clone());
        }
        let mut paid_with: HashMap<&str, &str> = HashMap::new();
        for charge in of(first, Resource::Charges) {
            if let (Some(customer), Some(intent)) = (text(charge, "customer"), text(charge, "payment_intent"))
            {
                paid_with.entry(customer).or_insert(intent);
            }
        }
        // Those whose customer has paid nothing else are paid with an intent that no list shows any more.
        let payment_intent = |customer: &str, invoice: &str| match paid_with.get(customer) {
            Some(intent) => (*intent).to_owned(),
            None => invoice.replacen("in_", "pi_", 1),
        };
        for subscription in of(first, Resource::Subscriptions) {
            let (Some(id), Some(customer)) = (text(subscription, "id"), text(subscription, "customer"))
            else {
                continue;
            };
            let (Some(invoice), Some(items)) = (text(subscription, "latest_invoice"), items_of.get(id))
            else {
                continue;
            };
            let created = subscription["created"].as_i64().unwrap_or_default();
            let status = match text(subscription, "status") {
                Some("past_due") => "open",
                Some("unpaid") => "uncollectible",
                Some("incomplete_expired") => "void",
                _ => "paid",
            };
            let billed = Billed {
                id: invoice.to_owned(),
                customer,
                subscription: Some((id, items)),
                created: created + (self.size.now - created).max(0) / (30 * DAY) * (30 * DAY),
                status,
                payment_intent: payment_intent(customer, invoice),
            };
            self.invoice(&billed);
        }
        let customers: Vec<&str> =
            of(first, Resource::Customers).filter_map(|customer| text(customer, "id")).collect();
        for number in 0..self.size.customers / 20 + 1 {
            let Some(customer) = customers.get(number * 7 % customers.len().max(1)) else { return };
            let id = self.workshop.random.id("in");
            let created = self.moment();
            let status = self.workshop.random.pick(&["draft", "open", "paid", "void"]);
            let payment_intent = payment_intent(customer, &id);
            self.invoice(&Billed { id, customer, subscription: None, created, status, payment_intent });
        }
    }

    fn invoice(&mut self, billed: &Billed<'_>) {
        let made = self.workshop.invoice(billed);
        self.push(Resource::Invoices, made.object);
        for line in made.lines {
            self.push(Resource::InvoiceLines, line);
        }
    }

    fn payments(&mut self, first: &[Draft]) {
        let charges: Vec<&Value> = of(first, Resource::Charges).collect();
        let with_intent = charges.iter().filter(|charge| text(charge, "payment_intent").is_some());
        for charge in with_intent.step_by(CHARGES_PER_INTENT) {
            let intent = self.workshop.payment_intent_of(charge);
            self.push(Resource::PaymentIntents, intent);
        }
        for _ in 0..charges.len() / 30 + 1 {
            let (id, created) = (self.workshop.random.id("pi"), self.moment());
            let status = self.workshop.random.pick(&ABANDONED);
            let intent = self.workshop.payment_intent(&id, created, status, &json!("usd"));
            self.push(Resource::PaymentIntents, intent);
        }
        let is_disputed = |charge: &&&Value| charge["disputed"] == true && charge["status"] == "succeeded";
        for charge in charges.iter().filter(is_disputed).chain(charges.first()) {
            self.dispute(charge);
        }
        for entry in of(first, Resource::BalanceTransactions).filter(|entry| entry["type"] == "payout") {
            let payout = self.workshop.payout(entry, self.size.now);
            self.push(Resource::Payouts, payout);
        }
        // Accounts too small to have been paid out have one in the pipe.
        if self.drafts.iter().all(|draft| draft.resource != Resource::Payouts) {
            let entry = json!({"id": null, "source": self.workshop.random.id("po"), "amount": -1_234,
                "currency": "usd", "created": self.size.now - DAY});
            let payout = self.workshop.payout(&entry, self.size.now);
            self.push(Resource::Payouts, payout);
        }
    }

    /// A dispute, which takes the money back out of the balance.
    fn dispute(&mut self, charge: &Value) {
        let id = self.workshop.random.id("du");
        let created = charge["created"].as_i64().unwrap_or_default() + 5 * DAY;
        let created = created.min(self.size.now);
        let amount = charge["amount"].as_i64().unwrap_or_default();
        let (movement, now) = (Movement::Dispute, self.size.now);
        let funds =
            self.workshop.balance_transaction(movement, Some(&id), amount, Currency::USD, created, now);
        let dispute = self.workshop.dispute(charge, &id, created, vec![funds.clone()]);
        self.push(Resource::BalanceTransactions, funds);
        self.push(Resource::Disputes, dispute);
    }
}
