//! `expand[]`: which properties of which object may be expanded, and doing it.

use serde_json::{Value, json};

use crate::{
    entry::includables,
    error::ApiError,
    resource::Resource,
    shapes::{list, set},
    store::Store,
};

/// Levels a path may have, the leading `data` of a list counted.
pub(crate) const LEVELS: usize = 4;

/// What stands behind a property.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    /// An id (or a nested object) of this kind.
    One(&'static str),
    /// A list envelope of objects of this kind.
    Many(&'static str),
    /// A part shown only on demand.
    Part,
    /// An id of a kind known only when it is looked up, or one that the sandbox does not hold.
    Any,
}

fn property(object: &str, name: &str) -> Option<Target> {
    use Target::{Any, Many, One, Part};
    Some(match (object, name) {
        ("charge" | "refund", "balance_transaction" | "failure_balance_transaction") => {
            One("balance_transaction")
        }
        ("charge" | "refund" | "subscription", "customer") => One("customer"),
        ("refund", "charge") => One("charge"),
        ("charge", "refunds") => Many("refund"),
        ("charge" | "refund", "payment_intent") => One("payment_intent"),
        (
            "charge",
            "application" | "application_fee" | "on_behalf_of" | "review" | "source_transfer" | "transfer"
            | "invoice",
        ) => Any,
        ("refund", "source_transfer_reversal" | "transfer_reversal" | "payment_method") => Any,
        ("balance_transaction", "source") => Any,
        ("subscription", "items") => Many("subscription_item"),
        (
            "subscription",
            "application"
            | "default_payment_method"
            | "default_source"
            | "latest_invoice"
            | "on_behalf_of"
            | "pending_setup_intent"
            | "schedule"
            | "test_clock"
            | "discounts",
        ) => Any,
        ("subscription_item", "price") => One("price"),
        ("subscription_item", "discounts") => Any,
        ("price", "product") => One("product"),
        ("price", "tiers" | "currency_options") => Part,
        ("product", "default_price") => One("price"),
        ("product", "tax_code") => Any,
        ("coupon", "applies_to" | "currency_options") => Part,
        ("invoice" | "payment_intent", "customer") => One("customer"),
        ("invoice", "lines") => Many("line_item"),
        ("invoice", "payments") => Part,
        (
            "invoice",
            "account_tax_ids"
            | "application"
            | "default_payment_method"
            | "default_source"
            | "discounts"
            | "latest_revision"
            | "on_behalf_of"
            | "parent"
            | "test_clock",
        ) => Any,
        ("line_item", "discounts" | "pricing") => Any,
        ("payment_intent", "latest_charge") => One("charge"),
        (
            "payment_intent",
            "application" | "on_behalf_of" | "payment_method" | "review" | "transfer_data",
        ) => Any,
        ("dispute", "charge") => One("charge"),
        ("dispute", "payment_intent") => One("payment_intent"),
        ("payout", "balance_transaction" | "failure_balance_transaction") => One("balance_transaction"),
        ("payout", "original_payout" | "reversed_by") => One("payout"),
        ("payout", "application_fee" | "destination") => Any,
        ("customer", "default_source" | "test_clock") => Any,
        ("customer", "subscriptions") => Many("subscription"),
        ("customer", "sources" | "tax" | "tax_ids" | "cash_balance" | "invoice_credit_balance") => Part,
        _ => return None,
    })
}

/// Checks one path and answers the resources that it opens, for the permission check.
pub(crate) fn check(resource: Resource, in_list: bool, path: &str) -> Result<Vec<Resource>, ApiError> {
    let segments: Vec<&str> = path.split('.').collect();
    if segments.len() > LEVELS {
        return Err(ApiError::too_deep(path));
    }
    let mut rest = segments.as_slice();
    if in_list {
        match rest {
            ["data", tail @ ..] if !tail.is_empty() => rest = tail,
            [first, ..] => {
                return Err(ApiError::not_expandable(path, property(resource.object(), first).is_some()));
            }
            [] => return Err(ApiError::not_expandable(path, false)),
        }
    }
    let mut opened = Vec::new();
    let mut object = resource.object();
    while let [name, tail @ ..] = rest {
        rest = tail;
        match property(object, name) {
            Some(Target::One(kind)) => {
                opened.extend(Resource::of_object(kind));
                object = kind;
            }
            Some(Target::Many(kind)) => {
                opened.extend(Resource::of_object(kind));
                object = kind;
                match rest {
                    ["data", tail @ ..] => rest = tail,
                    [] => {}
                    _ => return Err(ApiError::not_expandable(path, false)),
                }
            }
            Some(Target::Part) if rest.is_empty() => {}
            Some(Target::Any) => return Ok(opened),
            _ => return Err(ApiError::not_expandable(path, false)),
        }
    }
    Ok(opened)
}

/// Expands one checked path, without the leading `data`, in one object.
pub(crate) fn apply(store: &Store, object: &mut Value, path: &[&str]) {
    let [name, rest @ ..] = path else { return };
    let kind = object.get("object").and_then(Value::as_str).unwrap_or_default().to_owned();
    match property(&kind, name) {
        Some(Target::Part) => include(store, &kind, object, name),
        Some(Target::Many(_)) => {
            if *name != "items" {
                include(store, &kind, object, name);
            }
            let rest = rest.strip_prefix(&["data"]).unwrap_or(rest);
            let items =
                object.get_mut(*name).and_then(|list| list.get_mut("data")).and_then(Value::as_array_mut);
            for item in items.into_iter().flatten() {
                apply(store, item, rest);
            }
        }
        Some(Target::One(_) | Target::Any) => {
            let Some(slot) = object.get_mut(*name) else { return };
            if let Some(found) = slot.as_str().and_then(|id| store.resolve(id)) {
                *slot = found;
            }
            apply(store, slot, rest);
        }
        None => {}
    }
}

/// Adds a part that Stripe computes or shows on demand.
fn include(store: &Store, kind: &str, object: &mut Value, name: &str) {
    let id = object.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let related = |resource: Resource, filter: &str, url: String| {
        let mut found = store.of(resource).order().iter().filter(|entry| {
            entry.has(filter, &id)
                && !(resource == Resource::Subscriptions && entry.has("status", "canceled"))
        });
        let data =
            found.by_ref().take(10).filter_map(|entry| serde_json::from_str(&entry.text).ok()).collect();
        list(data, found.next().is_some(), &url)
    };
    let part = match (kind, name) {
        ("charge", "refunds") => related(Resource::Refunds, "charge", format!("/v1/charges/{id}/refunds")),
        ("customer", "subscriptions") => {
            related(Resource::Subscriptions, "customer", format!("/v1/customers/{id}/subscriptions"))
        }
        ("customer", "sources" | "tax_ids") => list(Vec::new(), false, &format!("/v1/customers/{id}/{name}")),
        ("customer", "tax") => json!({"automatic_tax": "unrecognized_location", "ip_address": null,
            "location": null, "provider": "stripe"}),
        ("customer", "invoice_credit_balance") => json!({}),
        ("customer", "cash_balance") => Value::Null,
        _ => {
            let hidden = Resource::of_object(kind)
                .filter(|resource| includables(*resource).contains(&name))
                .and_then(|resource| store.of(resource).get(&id))
                .and_then(|entry| entry.includable.get(name).cloned());
            let Some(hidden) = hidden else { return };
            hidden
        }
    };
    set(object, name, part);
}
