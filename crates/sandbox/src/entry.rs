//! One stored object: its text ready to send, and the few values that filters and order need.

use serde_json::{Map, Value};

use crate::{json, resource::Resource};

/// An object that the sandbox refuses to store.
#[derive(Debug, thiserror::Error)]
pub enum InsertError {
    #[error("the object is not JSON: {0}; pass one Stripe object as text")]
    NotJson(#[from] serde_json::Error),
    #[error("the object is not a {expected} with a string id; pass what GET /v1/{resource}/:id would answer")]
    WrongObject { expected: &'static str, resource: Resource },
    #[error("{id} has no integer `created`, which decides its place in the list")]
    NoCreated { id: String },
    #[error("{id} already exists; use update to replace it")]
    Duplicate { id: String },
    #[error("{id} does not exist; use insert to add it")]
    Missing { id: String },
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) created: i64,
    /// Place in the list: ascending keys are the order in which the list is printed.
    pub(crate) key: (i64, i64),
    /// Exactly what is sent when nothing is expanded.
    pub(crate) text: String,
    /// Parts that Stripe sends only when `expand[]` names them.
    pub(crate) includable: Map<String, Value>,
    /// Values that list filters compare, under the filter's name.
    facets: Vec<(&'static str, String)>,
    /// Whether any list shows it (inline prices exist by id only).
    pub(crate) listed: bool,
}

impl Entry {
    /// Reads one object, and what of it is shown when nothing is expanded. `sequence` orders objects of one second:
    /// later ones count as newer.
    pub(crate) fn read(
        resource: Resource,
        text: &str,
        sequence: i64,
        listed: bool,
    ) -> Result<(Self, Value), InsertError> {
        let value: Value = serde_json::from_str(text)?;
        let wrong = InsertError::WrongObject { expected: resource.object(), resource };
        if value.get("object").and_then(Value::as_str) != Some(resource.object()) {
            return Err(wrong);
        }
        let id = value.get("id").and_then(Value::as_str).ok_or(wrong)?.to_owned();
        let created = match value.get("created").and_then(Value::as_i64) {
            Some(created) => created,
            // Lines of an invoice have no time of their own.
            None if resource == Resource::InvoiceLines => 0,
            None => return Err(InsertError::NoCreated { id }),
        };
        let mut includable = Map::new();
        let mut shown = value.clone();
        for key in includables(resource) {
            if let Some(part) = crate::shapes::take(&mut shown, key) {
                includable.insert((*key).to_owned(), part);
            }
        }
        let text = if includable.is_empty() { text.to_owned() } else { json::compact(&shown) };
        // Lists inside objects run oldest first, and they alone.
        let key = match resource.lists_by_time() {
            false => (created, sequence),
            true => (created.saturating_neg(), -sequence),
        };
        let facets = facets(resource, &value);
        Ok((Self { id, created, key, text, includable, facets, listed }, shown))
    }

    pub(crate) fn facets<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.facets.iter().filter(move |(key, _)| *key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn has(&self, name: &str, value: &str) -> bool {
        self.facets(name).any(|facet| facet == value)
    }
}

/// Parts of an object that need `expand[]` at the current version.
pub(crate) fn includables(resource: Resource) -> &'static [&'static str] {
    match resource {
        Resource::Prices => &["tiers", "currency_options"],
        Resource::Coupons => &["applies_to", "currency_options"],
        Resource::Invoices => &["payments"],
        _ => &[],
    }
}

/// Paths that become facets: filter name, then where the value is.
fn facet_paths(resource: Resource) -> &'static [(&'static str, &'static str)] {
    match resource {
        Resource::Charges => &[
            ("customer", "/customer"),
            ("payment_intent", "/payment_intent"),
            ("transfer_group", "/transfer_group"),
        ],
        Resource::Refunds => &[("charge", "/charge"), ("payment_intent", "/payment_intent")],
        Resource::BalanceTransactions => {
            &[("currency", "/currency"), ("payout", "/payout"), ("source", "/source"), ("type", "/type")]
        }
        Resource::Subscriptions => &[
            ("automatic_tax[enabled]", "/automatic_tax/enabled"),
            ("collection_method", "/collection_method"),
            ("collection_method", "/billing"),
            ("current_period_end", "/current_period_end"),
            ("current_period_start", "/current_period_start"),
            ("customer", "/customer"),
            ("customer_account", "/customer_account"),
            ("status", "/status"),
            ("test_clock", "/test_clock"),
        ],
        Resource::SubscriptionItems => &[("subscription", "/subscription")],
        Resource::Customers => &[("email", "/email"), ("test_clock", "/test_clock")],
        Resource::Prices => &[
            ("active", "/active"),
            ("currency", "/currency"),
            ("lookup_keys", "/lookup_key"),
            ("product", "/product"),
            ("recurring[interval]", "/recurring/interval"),
            ("recurring[meter]", "/recurring/meter"),
            ("recurring[usage_type]", "/recurring/usage_type"),
            ("type", "/type"),
        ],
        Resource::Events => &[("type", "/type"), ("pending_webhooks", "/pending_webhooks")],
        Resource::Products => {
            &[("active", "/active"), ("ids", "/id"), ("shippable", "/shippable"), ("url", "/url")]
        }
        Resource::Coupons => &[],
        Resource::Invoices => &[
            ("collection_method", "/collection_method"),
            ("customer", "/customer"),
            ("customer_account", "/customer_account"),
            ("due_date", "/due_date"),
            ("status", "/status"),
            ("subscription", "/parent/subscription_details/subscription"),
            ("subscription", "/subscription"),
        ],
        Resource::InvoiceLines => &[("invoice", "/invoice")],
        Resource::PaymentIntents => &[("customer", "/customer"), ("customer_account", "/customer_account")],
        Resource::Disputes => &[("charge", "/charge"), ("payment_intent", "/payment_intent")],
        Resource::Payouts => {
            &[("arrival_date", "/arrival_date"), ("destination", "/destination"), ("status", "/status")]
        }
    }
}

fn facets(resource: Resource, value: &Value) -> Vec<(&'static str, String)> {
    let mut facets: Vec<(&'static str, String)> = facet_paths(resource)
        .iter()
        .filter_map(|(name, path)| Some((*name, scalar(value.pointer(path)?)?)))
        .collect();
    if resource == Resource::Subscriptions {
        let items = value.pointer("/items/data").and_then(Value::as_array);
        for item in items.into_iter().flatten() {
            for path in ["/price", "/plan"] {
                if let Some(id) = item.pointer(path).and_then(scalar) {
                    facets.push(("price", id));
                }
            }
        }
        // The filters look at the earliest end and the latest start over all items.
        let times = |key: &str| -> Vec<i64> {
            items.into_iter().flatten().filter_map(|item| item.get(key).and_then(Value::as_i64)).collect()
        };
        if let Some(end) = times("current_period_end").into_iter().min() {
            facets.push(("current_period_end", end.to_string()));
        }
        if let Some(start) = times("current_period_start").into_iter().max() {
            facets.push(("current_period_start", start.to_string()));
        }
    }
    facets
}

/// A value as a filter writes it; an expanded reference counts as its id.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(map) => map.get("id").and_then(Value::as_str).map(str::to_owned),
        Value::Null | Value::Array(_) => None,
    }
}
