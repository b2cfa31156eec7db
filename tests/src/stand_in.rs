//! The Stripe stand-in in the background of a test, and what a complete sync of it must find.

use anyhow::Context;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};
use stripe_xdm_sandbox::{Account, ApiKey, Faults, Options, Rate, Resource, Sandbox, Size};
use tokio::runtime::Runtime;

/// The key of the stand-ins. Its tail is searched for in everything that the program writes.
pub const KEY: &str = "sk_live_n0b0dyMayEverReadThisInAnyFile42";

/// A stand-in with its own threads.
#[derive(Debug)]
pub struct StandIn {
    sandbox: Option<Sandbox>,
    runtime: Runtime,
}

impl StandIn {
    /// Serves an account without limits of rate, with the given faults.
    pub fn start(account: Account, faults: &str) -> anyhow::Result<Self> {
        Self::with_key(account, faults, ApiKey::secret(KEY))
    }

    /// Serves an account to one key.
    pub fn with_key(account: Account, faults: &str, key: ApiKey) -> anyhow::Result<Self> {
        let faults: Faults = faults.parse()?;
        Self::with(account, Options { keys: vec![key], faults, rate: Rate::Unlimited, ..Options::default() })
    }

    /// Serves an account in any way.
    pub fn with(account: Account, options: Options) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let sandbox = runtime.block_on(Sandbox::start(account, options))?;
        Ok(Self { sandbox: Some(sandbox), runtime })
    }

    /// The sandbox itself.
    pub fn sandbox(&self) -> anyhow::Result<&Sandbox> {
        self.sandbox.as_ref().context("the stand-in runs")
    }

    /// How many requests it has seen.
    pub fn requests(&self) -> u64 {
        self.sandbox.as_ref().map_or(0, |sandbox| sandbox.stats().total)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        // Its task must end inside its runtime.
        let _inside = self.runtime.enter();
        drop(self.sandbox.take());
    }
}

/// Now, by this machine's clock, in epoch seconds.
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}

/// A size whose newest object is in the past even on a machine whose clock is behind.
pub fn past(size: Size) -> Size {
    Size { now: size.now.min(now() - 3600), ..size }
}

/// The datasets of a lake, with the resource behind each and the pointer to the Stripe id in a record.
pub const DATASETS: [(&str, Resource, &str); 13] = [
    ("stripe_charge_events", Resource::Charges, "/_acme/stripe/chargeID"),
    ("stripe_refund_events", Resource::Refunds, "/_acme/stripe/refundID"),
    ("stripe_balance_transactions", Resource::BalanceTransactions, "/_acme/stripe/balanceTransactionID"),
    ("stripe_subscriptions", Resource::Subscriptions, "/_acme/stripe/subscriptionID"),
    ("stripe_customers", Resource::Customers, "/_acme/stripe/customerID"),
    ("stripe_prices", Resource::Prices, "/_acme/stripe/priceID"),
    ("stripe_products", Resource::Products, "/_acme/stripe/productID"),
    ("stripe_coupons", Resource::Coupons, "/_acme/stripe/couponID"),
    ("stripe_invoices", Resource::Invoices, "/_acme/stripe/invoiceID"),
    ("stripe_invoice_events", Resource::Invoices, "/_acme/stripe/invoiceID"),
    ("stripe_payment_intent_events", Resource::PaymentIntents, "/_acme/stripe/paymentIntentID"),
    ("stripe_dispute_events", Resource::Disputes, "/_acme/stripe/disputeID"),
    ("stripe_payouts", Resource::Payouts, "/_acme/stripe/payoutID"),
];

/// The ids that each dataset must hold after a complete sync: what the lists show, prices that only the items of
/// listed subscriptions show, and coupons that only discounts show any more.
pub fn wanted(account: &Account) -> anyhow::Result<BTreeMap<&'static str, BTreeSet<String>>> {
    #[derive(Deserialize)]
    struct Item {
        subscription: String,
        /// Absent in the oldest shapes, which have plans.
        price: Option<Price>,
    }
    #[derive(Deserialize)]
    struct Price {
        id: String,
    }
    let mut wanted: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for (dataset, resource, _) in DATASETS {
        let ids = account.listable_ids(resource).into_iter().map(str::to_owned).collect();
        wanted.insert(dataset, ids);
    }
    for (_, resource, _) in DATASETS {
        let listed: BTreeSet<&str> = account.listable_ids(resource).into_iter().collect();
        for (id, text) in account.ids(resource).into_iter().zip(account.objects(resource)) {
            if listed.contains(id) && text.contains(r#""coupon""#) {
                coupons_in(&serde_json::from_str(text)?, wanted.entry("stripe_coupons").or_default());
            }
        }
    }
    let subscriptions: BTreeSet<&str> = account.listable_ids(Resource::Subscriptions).into_iter().collect();
    for text in account.objects(Resource::SubscriptionItems) {
        let item: Item = serde_json::from_str(text)?;
        if subscriptions.contains(item.subscription.as_str()) {
            wanted.entry("stripe_prices").or_default().extend(item.price.map(|price| price.id));
        }
    }
    Ok(wanted)
}

fn coupons_in(value: &Value, ids: &mut BTreeSet<String>) {
    if value["object"] == "coupon" {
        ids.extend(value["id"].as_str().map(str::to_owned));
    }
    match value {
        Value::Object(members) => members.values().for_each(|member| coupons_in(member, ids)),
        Value::Array(elements) => elements.iter().for_each(|element| coupons_in(element, ids)),
        _ => {}
    }
}
