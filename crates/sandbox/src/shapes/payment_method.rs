//! `payment_method_details` of a charge: the common kinds in full, rarer ones so that an open set is met.

use serde_json::{Value, json};

use super::{Workshop, customer::Person};

/// Kinds that settle days later; they can be pending, and can fail after success.
pub(crate) const DEBITS: [&str; 5] =
    ["sepa_debit", "us_bank_account", "bacs_debit", "acss_debit", "au_becs_debit"];

/// Kinds that answer at once and are not cards.
pub(crate) const INSTANT: [&str; 14] = [
    "klarna",
    "paypal",
    "ideal",
    "bancontact",
    "link",
    "cashapp",
    "card_present",
    "affirm",
    "blik",
    "pix",
    "konbini",
    "alipay",
    "swish",
    "twint",
];

impl Workshop {
    /// The details of one kind, `{"<kind>": {…}, "type": "<kind>"}`.
    pub(crate) fn payment_method_details(&mut self, kind: &str, amount: i64, person: &Person) -> Value {
        let country = person.address.get("country").cloned().unwrap_or(Value::Null);
        let last4 = self.random.digits(4);
        let fingerprint = self.random.token(16);
        let details = match kind {
            "card" => self.card(amount, person),
            "card_present" => json!({
                "amount_authorized": amount, "brand": "mastercard", "cardholder_name": person.name,
                "country": country, "emv_auth_data": null, "exp_month": self.random.between(1, 12),
                "exp_year": 2029, "fingerprint": fingerprint, "funding": "debit", "generated_card": null,
                "incremental_authorization_supported": false, "last4": last4, "network": "mastercard",
                "offline": {"stored_at": null, "type": null}, "overcapture_supported": false,
                "preferred_locales": ["fr", "en"], "read_method": "contactless_emv",
                "receipt": {"account_type": "checking", "application_preferred_name": "MASTERCARD",
                    "authorization_code": self.random.digits(6), "dedicated_file_name": "A0000000041010"}
            }),
            "sepa_debit" => json!({"bank_code": "37040044", "branch_code": "", "country": "DE",
                "fingerprint": fingerprint, "last4": last4, "mandate": self.random.id("mandate")}),
            "us_bank_account" => json!({"account_holder_type": self.random.pick(&["individual", "company"]),
                "account_type": "checking", "bank_name": "STRIPE TEST BANK", "fingerprint": fingerprint,
                "last4": last4, "mandate": self.random.id("mandate"), "payment_reference": null,
                "routing_number": "110000000"}),
            "bacs_debit" => json!({"fingerprint": fingerprint, "last4": last4,
                "mandate": self.random.id("mandate"), "sort_code": "108800"}),
            "acss_debit" => json!({"bank_name": "STRIPE TEST BANK", "fingerprint": fingerprint,
                "institution_number": "000", "last4": last4, "mandate": self.random.id("mandate"),
                "transit_number": "11000"}),
            "au_becs_debit" => json!({"bsb_number": "000000", "fingerprint": fingerprint, "last4": last4,
                "mandate": self.random.id("mandate")}),
            "paypal" => json!({"country": country, "payer_email": person.email,
                "payer_id": self.random.token(13).to_uppercase(), "payer_name": person.name,
                "seller_protection": {"dispute_categories": ["fraudulent", "product_not_received"],
                    "status": "eligible"},
                "transaction_id": self.random.token(17).to_uppercase()}),
            "klarna" => json!({"payer_details": {"address": {"country": country}},
                "payment_method_category": self.random.pick(&["pay_later", "pay_in_installments", "pay_now"]),
                "preferred_locale": "de-DE"}),
            "ideal" => json!({"bank": "ing", "bic": "INGBNL2A", "generated_sepa_debit": null,
                "generated_sepa_debit_mandate": null, "iban_last4": last4, "transaction_id": null,
                "verified_name": person.name}),
            "bancontact" => json!({"bank_code": "VAPE", "bank_name": "VAN DE PUT & CO", "bic": "VAPEBE22",
                "generated_sepa_debit": self.random.id("pm"), "generated_sepa_debit_mandate": null,
                "iban_last4": last4, "preferred_language": "nl", "verified_name": person.name}),
            "link" => json!({"country": country}),
            "cashapp" => json!({"buyer_id": self.random.token(12), "cashtag": "$jennyrosen",
                "transaction_id": null}),
            "konbini" => json!({"store": {"chain": "lawson"}}),
            "alipay" => json!({"buyer_id": self.random.digits(16), "fingerprint": fingerprint,
                "transaction_id": self.random.digits(28)}),
            "swish" => json!({"fingerprint": fingerprint, "payment_reference": null,
                "verified_phone_last4": last4}),
            "pix" => json!({"bank_transaction_id": self.random.token(32), "fingerprint": fingerprint}),
            "blik" => json!({"buyer_id": null}),
            "affirm" => json!({"transaction_id": self.random.token(14)}),
            _ => json!({}),
        };
        let mut out = json!({"type": kind});
        super::set(&mut out, kind, details);
        out
    }

    fn card(&mut self, amount: i64, person: &Person) -> Value {
        let brand = self.random.pick(&["visa", "visa", "mastercard", "amex", "jcb", "cartes_bancaires"]);
        let three_d_secure = json!({"authentication_flow": self.random.pick(&["challenge", "frictionless"]),
            "electronic_commerce_indicator": "05", "exemption_indicator": null, "result": "authenticated",
            "result_reason": null, "transaction_id": "e33d1d6c-9c4f-4b6a-8a2b-6a1f2f0d9d11",
            "version": "2.2.0"});
        let wallet = match self.random.below(10) {
            0 | 1 => json!({"apple_pay": {"type": "apple_pay"}, "dynamic_last4": self.random.digits(4),
                "type": "apple_pay"}),
            2 => json!({"dynamic_last4": null, "google_pay": {}, "type": "google_pay"}),
            3 => json!({"dynamic_last4": null, "link": {"funding_source_group": null}, "type": "link"}),
            4 => json!({"dynamic_last4": null, "type": "masterpass", "masterpass": {
                "billing_address": person.address.clone(), "email": person.email, "name": person.name,
                "shipping_address": null}}),
            _ => Value::Null,
        };
        json!({
            "amount_authorized": amount,
            "authorization_code": self.maybe(60, "008181"),
            "brand": brand,
            "checks": {"address_line1_check": self.maybe(50, "pass"),
                "address_postal_code_check": self.maybe(50, "unavailable"), "cvc_check": self.maybe(80, "pass")},
            "country": person.address.get("country").cloned().unwrap_or(Value::Null),
            "exp_month": self.random.between(1, 12),
            "exp_year": self.random.between(2026, 2034),
            "extended_authorization": {"status": "disabled"},
            "fingerprint": self.random.token(16),
            "funding": self.random.pick(&["credit", "debit", "prepaid", "unknown"]),
            "incremental_authorization": {"status": "unavailable"},
            "installments": self.maybe(4, json!({"plan": {"count": 3, "interval": "month", "type": "fixed_count"}})),
            "last4": self.random.digits(4),
            "mandate": null,
            "multicapture": {"status": "unavailable"},
            "network": brand,
            "network_token": {"used": self.random.chance(50)},
            "network_transaction_id": self.random.digits(15),
            "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"},
            "regulated_status": "unregulated",
            "three_d_secure": self.maybe(30, three_d_secure),
            "wallet": wallet
        })
    }
}
