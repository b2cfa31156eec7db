//! Events: what Stripe would have recorded for a creation, a change or a deletion.

use serde_json::{Map, Value, json};

use crate::resource::Resource;

/// What happened to an object.
#[derive(Debug)]
pub(crate) enum Change<'a> {
    Created(&'a Value),
    Updated {
        before: &'a Value,
        after: &'a Value,
    },
    /// Carries the last full object, without `deleted`, as Stripe's do.
    Deleted(&'a Value),
}

/// The event of a change, without id and time; none where Stripe has no event (balance transactions
/// and subscription items) or nothing changed.
pub(crate) fn describe(resource: Resource, change: &Change<'_>) -> Option<(String, Value)> {
    let family = match resource {
        Resource::Charges => "charge",
        Resource::Refunds => "refund",
        Resource::Subscriptions => "customer.subscription",
        Resource::Customers => "customer",
        Resource::Prices => "price",
        Resource::Products => "product",
        Resource::Coupons => "coupon",
        Resource::Invoices => "invoice",
        Resource::PaymentIntents => "payment_intent",
        Resource::Disputes => "charge.dispute",
        Resource::Payouts => "payout",
        Resource::BalanceTransactions
        | Resource::SubscriptionItems
        | Resource::InvoiceLines
        | Resource::Events => return None,
    };
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    match change {
        Change::Created(object) => {
            let verb = match (resource, text(object, "status").as_deref()) {
                (Resource::Charges, Some("pending")) => "pending",
                (Resource::Charges, Some("failed")) => "failed",
                (Resource::Charges, _) => "succeeded",
                _ => "created",
            };
            Some((format!("{family}.{verb}"), json!({"object": object})))
        }
        Change::Updated { before, after } => {
            let previous = previous_attributes(before, after);
            let changed = |key: &str| previous.contains_key(key);
            let verb = match resource {
                _ if previous.is_empty() => return None,
                Resource::Charges if changed("captured") => "captured",
                Resource::Charges if changed("amount_refunded") => "refunded",
                Resource::Subscriptions
                    if changed("status") && text(after, "status").as_deref() == Some("canceled") =>
                {
                    "deleted"
                }
                Resource::Refunds
                    if changed("status") && text(after, "status").as_deref() == Some("failed") =>
                {
                    "failed"
                }
                _ if changed("status") => now(resource, text(after, "status").as_deref()),
                // Only what leads to or from a payment has an event.
                Resource::PaymentIntents => return None,
                _ => "updated",
            };
            let data = if verb == "updated" {
                json!({"object": after, "previous_attributes": previous})
            } else {
                json!({"object": after})
            };
            Some((format!("{family}.{verb}"), data))
        }
        Change::Deleted(object) => Some((format!("{family}.deleted"), json!({"object": object}))),
    }
}

/// The verb of an event about an object that has come to a status.
fn now(resource: Resource, status: Option<&str>) -> &'static str {
    match (resource, status.unwrap_or_default()) {
        (Resource::Invoices, "open") => "finalized",
        (Resource::Invoices, "paid") => "paid",
        (Resource::Invoices, "void") => "voided",
        (Resource::Invoices, "uncollectible") => "marked_uncollectible",
        (Resource::PaymentIntents, "succeeded") => "succeeded",
        (Resource::PaymentIntents, "processing") => "processing",
        (Resource::PaymentIntents, "requires_action") => "requires_action",
        (Resource::PaymentIntents, "requires_capture") => "amount_capturable_updated",
        (Resource::PaymentIntents, "requires_payment_method") => "payment_failed",
        (Resource::PaymentIntents | Resource::Payouts, "canceled") => "canceled",
        (Resource::Disputes, "won" | "lost" | "warning_closed") => "closed",
        (Resource::Payouts, "paid") => "paid",
        (Resource::Payouts, "failed") => "failed",
        _ => "updated",
    }
}

/// Only the changed keys with their old values; a key that is new shows `null`.
fn previous_attributes(before: &Value, after: &Value) -> Map<String, Value> {
    let (Some(old), Some(new)) = (before.as_object(), after.as_object()) else {
        return Map::new();
    };
    let mut previous = Map::new();
    for key in old.keys().chain(new.keys().filter(|key| !old.contains_key(*key))) {
        let was = old.get(key).cloned().unwrap_or(Value::Null);
        let is = new.get(key).cloned().unwrap_or(Value::Null);
        if was == is {
            continue;
        }
        if was.is_object() && is.is_object() {
            previous.insert(key.clone(), Value::Object(previous_attributes(&was, &is)));
        } else {
            previous.insert(key.clone(), was);
        }
    }
    previous
}

/// The Event object around `data`.
pub(crate) fn wrap(
    id: &str,
    kind: &str,
    created: i64,
    data: Value,
    api_version: &str,
    livemode: bool,
    by_request: bool,
) -> Value {
    json!({
        "id": id,
        "object": "event",
        "api_version": api_version,
        "created": created,
        "data": data,
        "livemode": livemode,
        "pending_webhooks": 0,
        "request": if by_request {
            json!({"id": format!("req_{}", &id[id.len().saturating_sub(14)..]), "idempotency_key": null})
        } else {
            Value::Null
        },
        "type": kind
    })
}

#[cfg(test)]
mod tests {
    use super::{Change, describe};
    use crate::resource::Resource;
    use serde_json::json;

    #[test]
    fn an_update_names_only_what_changed_and_null_for_new_metadata() {
        let before = json!({"id": "cus_1", "email": "a@x", "name": "A", "metadata": {"k": "1", "s": "t"}});
        let after =
            json!({"id": "cus_1", "email": "b@x", "name": "A", "metadata": {"k": "2", "s": "t", "n": "3"}});
        let event = describe(Resource::Customers, &Change::Updated { before: &before, after: &after });
        let expected = json!({"object": after,
            "previous_attributes": {"email": "a@x", "metadata": {"k": "1", "n": null}}});
        assert_eq!(event, Some(("customer.updated".to_owned(), expected)));
    }

    #[test]
    fn nothing_changed_and_balance_transactions_have_no_event() {
        let object = json!({"id": "x"});
        assert_eq!(describe(Resource::Prices, &Change::Updated { before: &object, after: &object }), None);
        assert_eq!(describe(Resource::BalanceTransactions, &Change::Created(&object)), None);
    }
}
