//! Corpora of single objects for differential tests: every resource, every age of shape, and what
//! Stripe calls backward compatible (nulls, absences, unknown fields and values, expansions).

use serde_json::{Value, json};

use crate::{
    account::{API_VERSION, Size},
    events,
    json::{Style, text},
    random::Random,
    shapes::{
        Workshop, ages,
        billing::Billed,
        charge::{ChargePlan, Stage},
        list,
        money::Currency,
        movement::{Movement, REFUND_STATUSES},
        price::Pricing,
        set,
        subscription::STATUSES,
        take,
    },
};

/// `n` texts of one object each, of every resource that has a model, one in four wrapped in an Event. The same seed gives the same texts. All are JSON; a few
/// lack a field that Stripe guarantees, or hold integers beyond 64 bits, on purpose.
pub fn objects(seed: u64, n: usize) -> Vec<String> {
    let mut workshop = Workshop { random: Random::new(seed), livemode: seed.is_multiple_of(2) };
    (0..n).map(|_| workshop.specimen()).collect()
}

/// Stands for a number that [`Value`] cannot hold; the printed text gets [`HUGE`] instead.
const STAND_IN: i64 = 987_654_321_987_654_321;
const HUGE: &str = "123456789012345678901234567890";

impl Workshop {
    fn specimen(&mut self) -> String {
        let mut object = self.plain();
        if self.random.chance(20) {
            let age = self.random.pick(&ages::AGES);
            ages::rewrite(&mut object, age);
        }
        for _ in 0..self.random.below(3) {
            self.disturb(&mut object);
        }
        let whole = if self.random.chance(25) { self.event(object) } else { object };
        let style = self.random.pick(&[Style::Compact, Style::Compact, Style::Escaped, Style::Spaced]);
        text(&whole, style).replace(&STAND_IN.to_string(), HUGE)
    }

    fn plain(&mut self) -> Value {
        let created = Size::NOW - self.random.between(0, 40_000_000);
        let currency = Currency::draw(&mut self.random);
        match self.random.below(10) {
            0 => self.sample_charge(created, currency),
            1 => {
                let charge = self.sample_charge(created, currency);
                let amount = currency.part(1_000, &mut self.random);
                let status = self.random.pick(&REFUND_STATUSES);
                let mut refund = self.refund(&charge, amount, status, created);
                if self.random.chance(20) {
                    set(&mut refund, "charge", charge);
                }
                refund
            }
            2 => {
                let movements = [
                    Movement::Charge,
                    Movement::Payment,
                    Movement::Refund,
                    Movement::PaymentRefund,
                    Movement::RefundFailure,
                    Movement::PaymentFailureRefund,
                    Movement::StripeFee,
                    Movement::Payout,
                ];
                let movement = self.random.pick(&movements);
                let source = self.random.chance(85).then(|| self.random.id("ch"));
                let amount = currency.amount(&mut self.random);
                let mut entry = self.balance_transaction(
                    movement,
                    source.as_deref(),
                    amount,
                    currency,
                    created,
                    Size::NOW,
                );
                if self.random.chance(15) {
                    let source = self.sample_charge(created, currency);
                    set(&mut entry, "source", source);
                }
                entry
            }
            3 => self.sample_subscription(created),
            4 => {
                let person = self.person();
                let id = self.random.id("cus");
                if self.random.chance(4) {
                    return json!({"id": id, "object": "customer", "deleted": true});
                }
                self.customer(&id, created, &person)
            }
            5 => self.sample_of_billing(created),
            6 => {
                let mut charge = self.sample_charge(created, currency);
                if charge["payment_intent"].is_null() {
                    let id = self.random.id("pi");
                    set(&mut charge, "payment_intent", json!(id));
                }
                let mut intent = self.payment_intent_of(&charge);
                if self.random.chance(15) {
                    set(&mut intent, "latest_charge", charge);
                }
                intent
            }
            7 => self.sample_of_money(created, currency),
            _ => {
                let pricing = Pricing::draw(self);
                let product = self.random.id("prod");
                let mut price = self.price(&product, created, pricing, currency);
                if self.random.chance(15) {
                    let product = self.product(&product, created);
                    set(&mut price, "product", product);
                }
                if self.random.chance(60) {
                    take(&mut price, "tiers");
                    take(&mut price, "currency_options");
                }
                price
            }
        }
    }

    fn sample_charge(&mut self, created: i64, currency: Currency) -> Value {
        let person = self.person();
        let stage = Stage::draw(self);
        let customer = self.random.chance(70).then(|| self.random.id("cus"));
        let plan = ChargePlan { created, customer: customer.as_deref(), person, stage, currency };
        let mut charge = self.charge(&plan);
        if stage.settled() {
            let amount = charge.get("amount_captured").and_then(Value::as_i64).unwrap_or_default();
            let id = charge.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            let entry =
                self.balance_transaction(Movement::Charge, Some(&id), amount, currency, created, Size::NOW);
            let shown =
                if self.random.chance(30) { entry } else { entry.get("id").cloned().unwrap_or_default() };
            set(&mut charge, "balance_transaction", shown);
        }
        if self.random.chance(8) {
            let refund = self.refund(&charge, 1, "succeeded", created + 60);
            set(&mut charge, "refunds", list(vec![refund], false, "/v1/charges/ch/refunds"));
        }
        charge
    }

    /// A coupon, a product or an invoice.
    fn sample_of_billing(&mut self, created: i64) -> Value {
        match self.random.below(4) {
            0 => self.coupon(4, created, Some("prod_1")),
            1 => {
                let id = self.random.id("prod");
                self.product(&id, created)
            }
            2 => {
                let (id, customer) = (self.random.id("in"), self.random.id("cus"));
                let status = self.random.pick(&["draft", "open", "void", "uncollectible"]);
                let payment_intent = id.replacen("in_", "pi_", 1);
                let customer = &customer;
                self.invoice(&Billed { id, customer, subscription: None, created, status, payment_intent })
                    .object
            }
            _ => {
                let subscription = self.sample_subscription(created);
                let items = subscription.pointer("/items/data").and_then(Value::as_array).cloned();
                let items = items.unwrap_or_default();
                let (id, customer) = (self.random.id("in"), self.random.id("cus"));
                let about = Some((subscription["id"].as_str().unwrap_or_default(), items.as_slice()));
                self.invoice(&Billed {
                    payment_intent: id.replacen("in_", "pi_", 1),
                    id,
                    customer: &customer,
                    subscription: about,
                    created,
                    status: "paid",
                })
                .object
            }
        }
    }

    /// A dispute or a payout.
    fn sample_of_money(&mut self, created: i64, currency: Currency) -> Value {
        let id = self.random.id("du");
        let disputed = self.random.chance(50);
        let movement = if disputed { Movement::Dispute } else { Movement::Payout };
        let entry = self.balance_transaction(movement, Some(&id), 1_000, currency, created, Size::NOW);
        if !disputed {
            return self.payout(&entry, Size::NOW);
        }
        let charge = self.sample_charge(created, currency);
        let mut dispute = self.dispute(&charge, &id, created, vec![entry]);
        if self.random.chance(20) {
            set(&mut dispute, "charge", charge);
        }
        dispute
    }

    fn sample_subscription(&mut self, created: i64) -> Value {
        let currency = Currency::draw_for_price(&mut self.random);
        let items = if self.random.chance(5) { 13 } else { 1 + self.random.index(3) };
        let prices: Vec<Value> = (0..items)
            .map(|_| {
                let product = self.random.id("prod");
                let pricing = self.random.pick(&[
                    Pricing::Flat,
                    Pricing::SubCent,
                    Pricing::Graduated,
                    Pricing::Metered,
                ]);
                self.price(&product, created, pricing, currency)
            })
            .collect();
        let status = self.random.pick(&STATUSES);
        let customer = self.random.id("cus");
        self.subscription(&customer, created, Size::NOW, status, &prices).object
    }

    /// One change of the kind a reader must get past.
    fn disturb(&mut self, object: &mut Value) {
        match self.random.below(9) {
            0 => {
                if let Some(key) = self.optional_key(object) {
                    set(object, &key, Value::Null);
                }
            }
            1 => {
                if let Some(key) = self.optional_key(object) {
                    take(object, &key);
                }
            }
            2 => {
                let id = object.get("customer").and_then(Value::as_str).map(str::to_owned);
                if let Some(id) = id {
                    let person = self.person();
                    let customer = if self.random.chance(30) {
                        json!({"id": id, "object": "customer", "deleted": true})
                    } else {
                        self.customer(&id, Size::NOW, &person)
                    };
                    set(object, "customer", customer);
                }
            }
            3 => set(object, "field_of_2027", json!({"deep": [{"é": [null, 1e-7, "🦀"]}], "empty": {}})),
            4 => {
                if object.get("status").is_some() {
                    set(object, "status", json!("on_hold"));
                }
                if let Some(details) = object.get_mut("payment_method_details") {
                    set(details, "type", json!("paypay"));
                    set(details, "paypay", json!({"payer": null}));
                }
            }
            5 if object.get("currency").is_some_and(|currency| !currency.is_null()) => {
                let odd = self.random.pick(&["usdc", "xxx", "open_usd", "USD", "mro", ""]);
                set(object, "currency", json!(odd));
            }
            6 => {
                let big = self.random.pick(&[9_007_199_254_740_993, i64::MAX, i64::MIN, STAND_IN]);
                for key in ["amount", "balance", "unit_amount", "net"] {
                    if object.get(key).is_some_and(Value::is_number) {
                        set(object, key, json!(big));
                    }
                }
            }
            7 => {
                let strange = "nul:\u{0} esc:\u{1b} quote:\" back:\\ sep:\u{2028} bom:\u{feff} rtl:\u{202e}";
                set(object, "metadata", json!({"": "empty key", "a.b[0]": strange, "__proto__": "x"}));
            }
            _ if self.random.chance(10) => {
                let key = self.random.pick(&["id", "object", "created", "currency", "customer"]);
                take(object, key);
            }
            _ => set(object, "description", json!("x".repeat(5_000))),
        }
    }

    /// Any key but those that say what and which the object is.
    fn optional_key(&mut self, object: &Value) -> Option<String> {
        let mut keys: Vec<&String> = object.as_object()?.keys().collect();
        keys.retain(|key| !matches!(key.as_str(), "id" | "object" | "created"));
        keys.sort_unstable();
        if keys.is_empty() {
            return None;
        }
        Some(keys[self.random.index(keys.len())].clone())
    }

    fn event(&mut self, object: Value) -> Value {
        let kinds: &[&str] = match object.get("object").and_then(Value::as_str) {
            Some("charge") => &["charge.succeeded", "charge.failed", "charge.updated", "charge.refunded"],
            Some("refund") => &["refund.created", "refund.updated", "charge.refund.updated"],
            Some("subscription") => &[
                "customer.subscription.created",
                "customer.subscription.updated",
                "customer.subscription.deleted",
            ],
            Some("customer") => &["customer.created", "customer.updated", "customer.deleted"],
            Some("price") => &["price.created", "price.updated", "price.deleted"],
            Some("product") => &["product.created", "product.updated", "product.deleted"],
            Some("coupon") => &["coupon.created", "coupon.updated", "coupon.deleted"],
            Some("invoice") => {
                &["invoice.finalized", "invoice.paid", "invoice.payment_failed", "invoice.updated"]
            }
            Some("payment_intent") => {
                &["payment_intent.created", "payment_intent.succeeded", "payment_intent.payment_failed"]
            }
            Some("dispute") => &["charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed"],
            Some("payout") => &["payout.created", "payout.updated", "payout.paid"],
            _ => &["balance.available", "something.new"],
        };
        let kind = kinds[self.random.index(kinds.len())];
        let created = object.get("created").and_then(Value::as_i64).unwrap_or(Size::NOW)
            + self.random.between(0, 86_400);
        let data = if kind.ends_with(".updated") {
            json!({"object": object, "previous_attributes": {"metadata": {"order": null}, "description": "before"}})
        } else {
            json!({"object": object})
        };
        let version = if self.random.chance(20) { self.random.pick(&ages::AGES) } else { API_VERSION };
        let id = self.random.id("evt");
        let by_request = self.random.chance(50);
        let mut event = events::wrap(&id, kind, created, data, version, self.livemode, by_request);
        if self.random.chance(10) {
            set(&mut event, "account", json!("acct_1OqZ3hLkdIwHu7ix"));
        }
        event
    }
}

#[cfg(test)]
mod tests {
    use super::objects;
    use serde_json::Value;
    use std::collections::BTreeSet;

    #[test]
    fn a_corpus_is_json_repeats_by_seed_and_covers_every_resource() {
        let corpus = objects(7, 600);
        assert_eq!(corpus, objects(7, 600));
        assert_ne!(corpus, objects(8, 600));
        let parsed: Vec<Value> = corpus.iter().filter_map(|text| serde_json::from_str(text).ok()).collect();
        assert_eq!(parsed.len(), corpus.len());
        let kinds: BTreeSet<&str> =
            parsed.iter().filter_map(|object| object.get("object").and_then(Value::as_str)).collect();
        let expected = [
            "balance_transaction",
            "charge",
            "coupon",
            "customer",
            "dispute",
            "event",
            "invoice",
            "payment_intent",
            "payout",
            "price",
            "product",
            "refund",
            "subscription",
        ];
        assert_eq!(kinds.into_iter().collect::<Vec<_>>(), expected);
        for feature in [
            super::HUGE,
            "9007199254740993",
            "\\u0",
            "\\ud83e\\udd80",
            "\"deleted\"",
            "field_of_2027",
            "account_balance",
        ] {
            assert!(corpus.iter().any(|text| text.contains(feature)), "{feature}");
        }
    }
}
