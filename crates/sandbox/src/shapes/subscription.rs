//! Subscriptions and their items, in every status.

use serde_json::{Value, json};

use super::{Workshop, list, price::plan_of, set, take};

pub(crate) const STATUSES: [&str; 8] =
    ["active", "trialing", "past_due", "canceled", "unpaid", "incomplete", "incomplete_expired", "paused"];

/// How many items Stripe embeds in a subscription; the rest is at `/v1/subscription_items`.
const EMBEDDED: usize = 10;

const MONTH: i64 = 2_592_000;

/// A subscription as its list shows it, and every one of its items, oldest first.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) object: Value,
    pub(crate) items: Vec<Value>,
}

impl Workshop {
    /// `prices` become one item each.
    pub(crate) fn subscription(
        &mut self,
        customer: &str,
        created: i64,
        now: i64,
        status: &str,
        prices: &[Value],
    ) -> Subscription {
        let id = self.random.id("sub");
        let elapsed = (now - created).max(0) / MONTH * MONTH;
        let (start, end) = (created + elapsed, created + elapsed + MONTH);
        let ended = matches!(status, "canceled" | "incomplete_expired");
        let ended_at = (created + MONTH / 2).min(now);
        let items: Vec<Value> = prices
            .iter()
            .enumerate()
            .map(|(number, price)| self.item(&id, created + number as i64 / 4, (start, end), price))
            .collect();
        let leaving = status == "active" && self.random.chance(10);
        let trial = status == "trialing" || status == "paused";
        let mut object = json!({
            "id": id,
            "object": "subscription",
            "application": null,
            "application_fee_percent": self.maybe(4, json!(12.5)),
            "automatic_tax": {"disabled_reason": null, "enabled": self.random.chance(30), "liability": null},
            "billing_cycle_anchor": created,
            "billing_cycle_anchor_config": null,
            "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible"},
            "billing_schedules": [],
            "billing_thresholds": null,
            "cancel_at": if leaving { json!(end) } else { Value::Null },
            "cancel_at_period_end": leaving,
            "canceled_at": if ended { json!(ended_at) } else if leaving { json!(start) } else { Value::Null },
            "cancellation_details": if ended || leaving {
                json!({"comment": "Trop cher… \"désolé\"", "feedback": "too_expensive",
                    "feedback_option": null, "reason": "cancellation_requested"})
            } else {
                json!({"comment": null, "feedback": null, "feedback_option": null, "reason": null})
            },
            "collection_method": self.random.pick(&["charge_automatically", "charge_automatically", "send_invoice"]),
            "created": created,
            "currency": prices.first().and_then(|price| price.get("currency")).cloned().unwrap_or(json!("usd")),
            "customer": customer,
            "customer_account": null,
            "days_until_due": null,
            "default_payment_method": self.maybe(50, "pm_1MmlLrLkdIwHu7ixIJwEWSNR"),
            "default_source": null,
            "default_tax_rates": [],
            "description": self.maybe(20, "Team plan / 12 seats"),
            "discounts": if self.random.chance(8) { json!([self.random.id("di")]) } else { json!([]) },
            "ended_at": if ended { json!(ended_at) } else { Value::Null },
            "invoice_settings": {"account_tax_ids": null, "custom_fields": null, "description": null,
                "footer": null, "issuer": {"type": "self"}},
            "latest_invoice": self.random.id("in"),
            "livemode": self.livemode,
            "managed_payments": null,
            "metadata": self.metadata(),
            "next_pending_invoice_item_invoice": null,
            "on_behalf_of": null,
            "pause_collection": if status == "active" && self.random.chance(8) {
                json!({"behavior": "mark_uncollectible", "resumes_at": now + MONTH})
            } else {
                Value::Null
            },
            "payment_settings": {"payment_method_options": null, "payment_method_types": null,
                "save_default_payment_method": "off"},
            "pending_invoice_item_interval": null,
            "pending_setup_intent": null,
            "pending_update": null,
            "schedule": null,
            "start_date": if self.random.chance(5) { created - MONTH } else { created },
            "status": status,
            "test_clock": null,
            "transfer_data": null,
            "trial_end": if trial { json!(created + MONTH / 4) } else { Value::Null },
            "trial_settings": {"end_behavior": {"billing_cycle_anchor": "unchanged",
                "missing_payment_method": "create_invoice"}},
            "trial_start": if trial { json!(created) } else { Value::Null }
        });
        // Live bodies still echo these two, though the published schema no longer declares them.
        if let ([price], [item]) = (prices, items.as_slice()) {
            set(&mut object, "plan", plan_of(price));
            if let Some(quantity) = item.get("quantity") {
                set(&mut object, "quantity", quantity.clone());
            }
        }
        embed_items(&mut object, &items);
        Subscription { object, items }
    }

    fn item(&mut self, subscription: &str, created: i64, period: (i64, i64), price: &Value) -> Value {
        let mut embedded = price.clone();
        take(&mut embedded, "tiers");
        take(&mut embedded, "currency_options");
        let metered = price.pointer("/recurring/usage_type").and_then(Value::as_str) == Some("metered");
        let mut item = json!({
            "id": self.random.id("si"),
            "object": "subscription_item",
            "billing_thresholds": null,
            "created": created,
            "current_period_end": period.1,
            "current_period_start": period.0,
            "discounts": [],
            "metadata": self.metadata(),
            "plan": plan_of(price),
            "price": embedded,
            "subscription": subscription,
            "tax_rates": []
        });
        if !metered {
            set(&mut item, "quantity", json!(self.random.between(1, 25)));
        }
        item
    }
}

/// Puts the first items into a subscription, `has_more` telling whether others exist.
fn embed_items(subscription: &mut Value, items: &[Value]) {
    let id = subscription.get("id").and_then(Value::as_str).unwrap_or_default();
    let url = format!("/v1/subscription_items?subscription={id}");
    let mut embedded = list(items.iter().take(EMBEDDED).cloned().collect(), items.len() > EMBEDDED, &url);
    set(&mut embedded, "total_count", json!(items.len()));
    set(subscription, "items", embedded);
}
