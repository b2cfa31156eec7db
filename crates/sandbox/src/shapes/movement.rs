//! Refunds, and the balance transactions that charges and refunds leave in the settlement currency.

use serde_json::{Value, json};

use super::{Workshop, money::Currency, set};

pub(crate) const REFUND_STATUSES: [&str; 5] =
    ["succeeded", "pending", "failed", "requires_action", "canceled"];

/// What the money did; decides type, category, sign and fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Movement {
    Charge,
    Payment,
    Refund,
    PaymentRefund,
    RefundFailure,
    PaymentFailureRefund,
    StripeFee,
    Payout,
    Dispute,
}

impl Movement {
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Charge => ("charge", "charge"),
            Self::Payment => ("payment", "charge"),
            Self::Refund => ("refund", "refund"),
            Self::PaymentRefund => ("payment_refund", "refund"),
            Self::RefundFailure => ("refund_failure", "refund_failure"),
            Self::PaymentFailureRefund => ("payment_failure_refund", "charge_failure"),
            Self::StripeFee => ("stripe_fee", "fee"),
            Self::Payout => ("payout", "payout"),
            Self::Dispute => ("adjustment", "dispute"),
        }
    }

    fn outgoing(self) -> bool {
        !matches!(self, Self::Charge | Self::Payment | Self::RefundFailure)
    }
}

const DAY: i64 = 86_400;

impl Workshop {
    /// A balance transaction of `amount` minor units of `currency`, settled in USD. `now` decides
    /// whether its funds are available yet.
    pub(crate) fn balance_transaction(
        &mut self,
        movement: Movement,
        source: Option<&str>,
        amount: i64,
        currency: Currency,
        created: i64,
        now: i64,
    ) -> Value {
        let settled = currency.to_usd(amount).max(1);
        let gross = if movement.outgoing() { -settled } else { settled };
        let mut fee_details = Vec::new();
        let mut fee = 0;
        if matches!(movement, Movement::Charge | Movement::Payment) {
            let stripe_fee = settled * 29 / 1_000 + 30;
            fee += stripe_fee;
            fee_details.push(json!({"amount": stripe_fee, "application": null, "currency": "usd",
                "description": "Stripe processing fees", "type": "stripe_fee"}));
            if self.random.chance(10) {
                fee += 7;
                fee_details.push(json!({"amount": 7, "application": null, "currency": "usd",
                    "description": "VAT", "type": "tax"}));
            }
        }
        let (kind, category) = movement.names();
        // Recorded bodies show midnight UTC here.
        let available_on = (created + 2 * DAY) - (created + 2 * DAY).rem_euclid(DAY);
        json!({
            "id": self.random.id("txn"),
            "object": "balance_transaction",
            "amount": gross,
            "available_on": available_on,
            "balance_type": "payments",
            "created": created,
            "currency": "usd",
            "description": self.maybe(40, "Subscription update — été"),
            "exchange_rate": currency.exchange_rate(),
            "fee": fee,
            "fee_details": fee_details,
            "net": gross - fee,
            "reporting_category": category,
            "source": source,
            "status": if available_on <= now { "available" } else { "pending" },
            "type": kind
        })
    }

    /// A refund of `amount` of a charge; the caller links its balance transactions.
    pub(crate) fn refund(&mut self, charge: &Value, amount: i64, status: &str, created: i64) -> Value {
        let field = |key: &str| charge.get(key).cloned().unwrap_or(Value::Null);
        let card = field("payment_method_details").get("type").and_then(Value::as_str) == Some("card");
        let mut refund = json!({
            "id": self.random.id(if card { "re" } else { "pyr" }),
            "object": "refund",
            "amount": amount,
            "balance_transaction": null,
            "charge": field("id"),
            "created": created,
            "currency": field("currency"),
            "customer": field("customer"),
            "customer_account": null,
            "metadata": if self.random.chance(5) { Value::Null } else { self.metadata() },
            "payment_intent": field("payment_intent"),
            "payment_method": field("payment_method"),
            "reason": self.maybe(60, "requested_by_customer"),
            "receipt_number": self.maybe(20, "1234-5678"),
            "source_transfer_reversal": null,
            "status": status,
            "transfer_reversal": null
        });
        if card {
            let details = json!({"card": {"reference": self.random.digits(23), "reference_status": "available",
                "reference_type": "acquirer_reference_number",
                "type": self.random.pick(&["refund", "reversal", "pending"])}, "type": "card"});
            set(&mut refund, "destination_details", details);
        }
        match status {
            "pending" => set(&mut refund, "pending_reason", json!("processing")),
            "failed" => set(&mut refund, "failure_reason", json!("expired_or_canceled_card")),
            "requires_action" => {
                set(&mut refund, "instructions_email", json!("jenny.rosen@example.com"));
                let action = json!({"display_details": {"email_sent": {"email_sent_at": created,
                    "email_sent_to": "jenny.rosen@example.com"}, "expires_at": created + 45 * DAY},
                    "type": "display_details"});
                set(&mut refund, "next_action", action);
            }
            _ => {}
        }
        refund
    }
}
