//! Charges in every state Stripe's life cycle knows.

use serde_json::{Value, json};

use super::{
    Workshop,
    customer::Person,
    money::Currency,
    payment_method::{DEBITS, INSTANT},
    set,
};

/// Where in its life a charge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Paid,
    Declined,
    /// Authorised, not captured.
    Authorized,
    PartlyCaptured,
    /// A bank debit on its way.
    Pending,
    /// A bank debit that was paid and then returned.
    Returned,
}

#[derive(Debug)]
pub(crate) struct ChargePlan<'a> {
    pub(crate) created: i64,
    pub(crate) customer: Option<&'a str>,
    pub(crate) person: Person,
    pub(crate) stage: Stage,
    pub(crate) currency: Currency,
}

const DECLINES: [(&str, &str, &str); 5] = [
    ("card_declined", "Your card was declined.", "generic_decline"),
    ("card_declined", "Your card has insufficient funds.", "insufficient_funds"),
    ("expired_card", "Your card has expired.", "expired_card"),
    ("incorrect_cvc", "Your card's security code is incorrect.", "incorrect_cvc"),
    (
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
        "processing_error",
    ),
];

impl Stage {
    pub(crate) fn draw(workshop: &mut Workshop) -> Self {
        match workshop.random.below(100) {
            0..80 => Self::Paid,
            80..88 => Self::Declined,
            88..91 => Self::Authorized,
            91..94 => Self::PartlyCaptured,
            94..98 => Self::Pending,
            _ => Self::Returned,
        }
    }

    /// Whether money has reached the balance.
    pub(crate) fn settled(self) -> bool {
        matches!(self, Self::Paid | Self::PartlyCaptured | Self::Returned)
    }
}

impl Workshop {
    /// A charge without its balance transaction and refunds, which the caller links.
    pub(crate) fn charge(&mut self, plan: &ChargePlan<'_>) -> Value {
        let stage = plan.stage;
        let kind = match stage {
            Stage::Pending | Stage::Returned => self.random.pick(&DEBITS),
            Stage::Paid if self.random.chance(22) => self.random.pick(&INSTANT),
            Stage::Paid if self.random.chance(6) => self.random.pick(&DEBITS),
            _ => "card",
        };
        let amount = plan.currency.amount(&mut self.random).max(1);
        let amount_captured = match stage {
            Stage::Paid | Stage::Returned => amount,
            Stage::PartlyCaptured => plan.currency.part(amount, &mut self.random),
            Stage::Declined | Stage::Authorized | Stage::Pending => 0,
        };
        let decline = self.random.pick(&DECLINES);
        let (failure_code, failure_message) = match stage {
            Stage::Declined => (json!(decline.0), json!(decline.1)),
            Stage::Returned => (json!("debit_not_authorized"), json!("The customer notified their bank.")),
            _ => (Value::Null, Value::Null),
        };
        let direct = self.random.chance(8);
        let person = &plan.person;
        let mut charge = json!({
            "id": self.random.id(if kind == "card" || kind == "card_present" { "ch" } else { "py" }),
            "object": "charge",
            "amount": amount,
            "amount_captured": amount_captured,
            "amount_refunded": 0,
            "application": null,
            "application_fee": null,
            "application_fee_amount": null,
            "balance_transaction": null,
            "billing_details": {
                "address": person.address.clone(),
                "email": self.maybe(85, person.email.clone()),
                "name": self.maybe(85, person.name),
                "phone": person.phone,
                "tax_id": self.maybe(3, "DE123456789")
            },
            "calculated_statement_descriptor": "SEA+SHELLS* ÉTÉ",
            "captured": matches!(stage, Stage::Paid | Stage::PartlyCaptured | Stage::Returned),
            "created": plan.created,
            "currency": plan.currency.code,
            "customer": plan.customer,
            "description": self.maybe(50, "Subscription update — \"Pro\" / été"),
            "disputed": self.random.chance(2),
            "failure_balance_transaction": null,
            "failure_code": failure_code,
            "failure_message": failure_message,
            "fraud_details": if self.random.chance(2) { json!({"user_report": "safe"}) } else { json!({}) },
            "livemode": self.livemode,
            "metadata": self.metadata(),
            "on_behalf_of": null,
            "outcome": self.outcome(stage, decline),
            "paid": !matches!(stage, Stage::Declined | Stage::Pending | Stage::Returned),
            "payment_intent": if direct { Value::Null } else { json!(self.random.id("pi")) },
            "payment_method": self.random.id("pm"),
            "payment_method_details": self.payment_method_details(kind, amount, person),
            "receipt_email": self.maybe(40, person.email.clone()),
            "receipt_number": null,
            "receipt_url": format!("https://pay.stripe.com/receipts/payment/{}", self.random.token(60)),
            "refunded": false,
            "review": null,
            "shipping": null,
            "source_transfer": null,
            "statement_descriptor": null,
            "statement_descriptor_suffix": self.maybe(20, "ÉTÉ"),
            "status": match stage {
                Stage::Declined | Stage::Returned => "failed",
                Stage::Pending => "pending",
                Stage::Paid | Stage::Authorized | Stage::PartlyCaptured => "succeeded",
            },
            "transfer_data": null,
            "transfer_group": self.maybe(10, "ORDER/2026-Ω")
        });
        self.charge_extras(&mut charge, plan, amount);
        charge
    }

    fn outcome(&mut self, stage: Stage, decline: (&str, &str, &str)) -> Value {
        if stage == Stage::Declined {
            json!({"advice_code": "try_again_later", "network_advice_code": null,
                "network_decline_code": "05", "network_status": "declined_by_network", "reason": decline.2,
                "risk_level": "normal", "risk_score": self.random.between(0, 64),
                "seller_message": decline.1, "type": "issuer_declined"})
        } else {
            json!({"advice_code": null, "network_advice_code": null, "network_decline_code": null,
                "network_status": "approved_by_network", "reason": null,
                "risk_level": self.random.pick(&["normal", "normal", "elevated", "not_assessed"]),
                "risk_score": self.random.between(0, 75), "seller_message": "Payment complete.",
                "type": "authorized"})
        }
    }

    /// Parts that only some charges carry.
    fn charge_extras(&mut self, charge: &mut Value, plan: &ChargePlan<'_>, amount: i64) {
        if self.random.chance(15) {
            let shipping = json!({"address": plan.person.address.clone(), "carrier": self.maybe(50, "DHL"),
                "name": plan.person.name, "phone": plan.person.phone,
                "tracking_number": self.maybe(40, "00340434161094042557")});
            set(charge, "shipping", shipping);
        }
        if self.random.chance(5) {
            let level3 = json!({
                "line_items": [
                    {"discount_amount": 0, "product_code": "SKU-1", "product_description": "Coffee, 1kg \"dark\"",
                        "quantity": 2, "tax_amount": 20, "unit_cost": amount / 2},
                    {"discount_amount": 5, "product_code": "SKU-2", "product_description": "茶",
                        "quantity": 1, "tax_amount": 0, "unit_cost": 1}
                ],
                "merchant_reference": self.random.token(12),
                "shipping_amount": 0
            });
            set(charge, "level3", level3);
        }
        if self.random.chance(4) {
            let presentment = json!({"presentment_amount": amount * 3, "presentment_currency": "pln"});
            set(charge, "presentment_details", presentment);
        }
        if self.random.chance(3) {
            let transfer_data = json!({"amount": amount / 2, "destination": "acct_1OqZ3hLkdIwHu7ix"});
            set(charge, "transfer_data", transfer_data);
            set(charge, "transfer", json!(self.random.id("tr")));
            set(charge, "application_fee", json!(self.random.id("fee")));
            set(charge, "application_fee_amount", json!(amount / 10));
        }
        if self.random.chance(3) {
            set(charge, "radar_options", json!({"session": self.random.id("rse")}));
        }
    }
}
