//! What stands around charges: payment intents before them, disputes and payouts after them.

use serde_json::{Value, json};

use super::{Workshop, set};

const DAY: i64 = 86_400;

/// Payment intents that came to no charge.
pub(crate) const ABANDONED: [&str; 3] = ["requires_payment_method", "requires_action", "canceled"];

/// Dispute statuses, with those that end one among them.
pub(crate) const DISPUTES: [&str; 5] =
    ["needs_response", "under_review", "won", "lost", "warning_needs_response"];

impl Workshop {
    /// The payment intent that a charge was made by.
    pub(crate) fn payment_intent_of(&mut self, charge: &Value) -> Value {
        let field = |key: &str| charge.get(key).cloned().unwrap_or(Value::Null);
        let captured = field("captured") == true;
        let status = match field("status").as_str() {
            Some("succeeded") if captured => "succeeded",
            Some("succeeded") => "requires_capture",
            Some("pending") => "processing",
            _ => "requires_payment_method",
        };
        let id = field("payment_intent").as_str().unwrap_or_default().to_owned();
        let created = field("created").as_i64().unwrap_or_default();
        let mut intent = self.payment_intent(&id, created, status, &field("currency"));
        let amount = field("amount").as_i64().unwrap_or_default();
        for (key, value) in [
            ("amount", json!(amount)),
            ("amount_capturable", json!(if status == "requires_capture" { amount } else { 0 })),
            ("amount_received", field("amount_captured")),
            ("customer", field("customer")),
            ("description", field("description")),
            ("latest_charge", field("id")),
            ("metadata", field("metadata")),
            (
                "payment_method",
                if status == "requires_payment_method" { Value::Null } else { field("payment_method") },
            ),
            ("receipt_email", field("receipt_email")),
            ("shipping", field("shipping")),
        ] {
            set(&mut intent, key, value);
        }
        if status == "requires_payment_method" {
            let error = json!({"charge": field("id"), "code": "card_declined", "decline_code": "generic_decline",
                "doc_url": "https://docs.stripe.com/error-codes/card-declined",
                "message": "Your card was declined.",
                "payment_method": {"id": field("payment_method"), "object": "payment_method", "type": "card"},
                "type": "card_error"});
            set(&mut intent, "last_payment_error", error);
        }
        intent
    }

    /// A payment intent that has no charge.
    pub(crate) fn payment_intent(&mut self, id: &str, created: i64, status: &str, currency: &Value) -> Value {
        let canceled = status == "canceled";
        json!({
            "id": id, "object": "payment_intent", "amount": self.random.between(100, 90_000),
            "amount_capturable": 0, "amount_details": {"tip": {}}, "amount_received": 0, "application": null,
            "application_fee_amount": null,
            "automatic_payment_methods": {"allow_redirects": "always", "enabled": true},
            "canceled_at": if canceled { json!(created + DAY) } else { Value::Null },
            "cancellation_reason": if canceled { json!("abandoned") } else { Value::Null },
            "capture_method": "automatic_async",
            "client_secret": format!("{id}_secret_{}", self.random.token(25)),
            "confirmation_method": "automatic", "created": created, "currency": currency, "customer": null,
            "customer_account": null, "description": null, "excluded_payment_method_types": null,
            "last_payment_error": null, "latest_charge": null, "livemode": self.livemode,
            "metadata": self.metadata(),
            "next_action": if status == "requires_action" {
                json!({"redirect_to_url": {"return_url": "https://shop.example/done",
                    "url": format!("https://hooks.stripe.com/redirect/{}", self.random.token(20))},
                    "type": "redirect_to_url"})
            } else {
                Value::Null
            },
            "on_behalf_of": null, "payment_method": null, "payment_method_configuration_details": null,
            "payment_method_options": {"card": {"installments": null, "mandate_options": null,
                "network": null, "request_three_d_secure": "automatic"}},
            "payment_method_types": ["card"], "processing": null, "receipt_email": null, "review": null,
            "setup_future_usage": self.maybe(20, "off_session"), "shipping": null, "source": null,
            "statement_descriptor": null, "statement_descriptor_suffix": null, "status": status,
            "transfer_data": null, "transfer_group": null
        })
    }

    /// A dispute of a charge; `funds` are the balance transactions that it led to.
    pub(crate) fn dispute(&mut self, charge: &Value, id: &str, created: i64, funds: Vec<Value>) -> Value {
        let field = |key: &str| charge.get(key).cloned().unwrap_or(Value::Null);
        let status = self.random.pick(&DISPUTES);
        json!({
            "id": id, "object": "dispute", "amount": field("amount"), "balance_transactions": funds,
            "charge": field("id"), "created": created, "currency": field("currency"),
            "enhanced_eligibility_types": [],
            "evidence": {"customer_email_address": "jenny.rosen@example.com", "customer_name": "Jenny Rösen",
                "customer_purchase_ip": "203.0.113.7", "uncategorized_text": "She came back twice."},
            "evidence_details": {"due_by": created + 21 * DAY, "enhanced_eligibility": {},
                "has_evidence": status != "needs_response", "past_due": false,
                "submission_count": i64::from(status == "under_review"), "submission_method": "manual"},
            "is_charge_refundable": status == "warning_needs_response", "livemode": self.livemode,
            "metadata": self.metadata(), "payment_intent": field("payment_intent"),
            "payment_method_details": {"card": {"brand": "visa", "case_type": "chargeback", "network": "visa",
                "network_reason_code": "10.4"}, "type": "card"},
            "reason": self.random.pick(&["fraudulent", "product_not_received", "duplicate"]),
            "status": status
        })
    }

    /// The payout that a balance transaction of type `payout` moved.
    pub(crate) fn payout(&mut self, entry: &Value, now: i64) -> Value {
        let field = |key: &str| entry.get(key).cloned().unwrap_or(Value::Null);
        let created = field("created").as_i64().unwrap_or_default();
        let arrival = (created + 2 * DAY) - created.rem_euclid(DAY);
        let status = if arrival <= now { "paid" } else { "in_transit" };
        json!({
            "id": field("source"), "object": "payout",
            "amount": field("amount").as_i64().unwrap_or_default().saturating_neg(),
            "application_fee": null, "application_fee_amount": null, "arrival_date": arrival,
            "automatic": true, "balance_transaction": field("id"), "created": created,
            "currency": field("currency"), "description": "STRIPE PAYOUT",
            "destination": "ba_1MtIhL2eZvKYlo2CAElKwKu2", "failure_balance_transaction": null,
            "failure_code": null, "failure_message": null, "livemode": self.livemode, "metadata": {},
            "method": "standard", "original_payout": null, "payout_method": null,
            "reconciliation_status": if status == "paid" { "completed" } else { "in_progress" },
            "reversed_by": null, "source_type": "card", "statement_descriptor": null, "status": status,
            "trace_id": {"status": "supported", "value": format!("0210{}", self.random.digits(11))}, "type": "bank_account"
        })
    }
}
