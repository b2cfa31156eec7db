//! Older shapes of the same objects, by API version: what frozen events and long-lived accounts still
//! carry. Each function undoes changes that Stripe's upgrade notes list.

use serde_json::{Value, json};

use super::{list, set, take};

/// Versions whose shapes differ from the current one, oldest last.
pub(crate) const AGES: [&str; 4] = ["2024-06-20", "2020-08-27", "2019-12-03", "2017-08-15"];

/// Rewrites a current object into the shape of `version` (dates compare as text).
pub(crate) fn rewrite(object: &mut Value, version: &str) {
    match object.get("object").and_then(Value::as_str) {
        Some("charge") => charge(object, version),
        Some("customer") => customer(object, version),
        Some("subscription") => subscription(object, version),
        Some("price") => price(object, version),
        Some("balance_transaction") => balance_transaction(object, version),
        Some("refund") => refund(object, version),
        _ => {}
    }
}

fn charge(charge: &mut Value, version: &str) {
    let id = charge.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    take(charge, "presentment_details");
    if version < "2025-03-31" {
        set(charge, "invoice", json!("in_1MowQWLkdIwHu7ixuzkSPfKd"));
    }
    if version < "2022-11-15" {
        set(charge, "refunds", list(Vec::new(), false, &format!("/v1/charges/{id}/refunds")));
    }
    if version < "2020-08-27"
        && let Some(secure) = charge.pointer_mut("/payment_method_details/card/three_d_secure")
        && !secure.is_null()
    {
        *secure = json!({"authenticated": true, "succeeded": true, "version": "1.0.2"});
    }
    if version < "2018-02-06" {
        let card = charge.pointer("/payment_method_details/card").cloned();
        for key in ["payment_method_details", "payment_method", "amount_captured", "billing_details"] {
            take(charge, key);
        }
        let field = |key: &str| card.as_ref().and_then(|card| card.get(key)).cloned().unwrap_or(Value::Null);
        let source = json!({
            "id": "card_1MmlLrLkdIwHu7ixIJwEWSNR", "object": "card", "address_city": null,
            "address_country": null, "address_zip": "94103", "address_zip_check": "pass", "brand": "Visa",
            "country": field("country"), "customer": null, "cvc_check": "pass", "dynamic_last4": null,
            "exp_month": field("exp_month"), "exp_year": field("exp_year"),
            "fingerprint": field("fingerprint"), "funding": field("funding"), "last4": field("last4"),
            "metadata": {}, "name": "Jenny Rosen", "tokenization_method": null
        });
        set(charge, "source", source);
        set(charge, "dispute", Value::Null);
    }
}

fn customer(customer: &mut Value, version: &str) {
    let id = customer.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    for key in ["customer_account", "business_name", "individual_name"] {
        take(customer, key);
    }
    if version < "2020-08-27" {
        for part in ["sources", "subscriptions", "tax_ids"] {
            let mut embedded = list(Vec::new(), false, &format!("/v1/customers/{id}/{part}"));
            set(&mut embedded, "total_count", json!(0));
            set(customer, part, embedded);
        }
    }
    if version < "2019-12-03" {
        take(customer, "tax_ids");
        set(customer, "tax_info", json!({"tax_id": "DE123456789", "type": "vat"}));
        set(customer, "tax_info_verification", Value::Null);
        if let Some(balance) = take(customer, "balance") {
            set(customer, "account_balance", balance);
        }
    }
    old_discount(customer, "discount");
}

fn subscription(subscription: &mut Value, version: &str) {
    let period = ["current_period_start", "current_period_end"];
    for key in period {
        if let Some(value) = subscription.pointer(&format!("/items/data/0/{key}")).cloned() {
            set(subscription, key, value);
        }
    }
    for item in subscription.pointer_mut("/items/data").and_then(Value::as_array_mut).into_iter().flatten() {
        for key in period {
            take(item, key);
        }
        if version < "2020-08-27" {
            take(item, "price");
        } else if let Some(embedded) = item.get_mut("price") {
            price(embedded, version);
        }
    }
    for key in ["billing_mode", "billing_schedules", "customer_account", "managed_payments", "discounts"] {
        take(subscription, key);
    }
    let coupon = json!({"id": "di_1MowQVLkdIwHu7ix", "object": "discount",
        "coupon": {"id": "WELCOME-10%", "object": "coupon", "amount_off": null, "percent_off": 10.5,
            "duration": "forever", "valid": true},
        "start": 1_679_609_767, "end": null});
    set(subscription, "discount", coupon);
    if version < "2020-08-27" {
        set(subscription, "tax_percent", json!(8.25));
    }
    if version < "2019-10-17" {
        for (new, old) in [("collection_method", "billing"), ("start_date", "start")] {
            if let Some(value) = take(subscription, new) {
                set(subscription, old, value);
            }
        }
    }
}

fn price(price: &mut Value, version: &str) {
    if let Some(recurring) = price.get_mut("recurring").filter(|recurring| recurring.is_object()) {
        take(recurring, "meter");
        set(recurring, "aggregate_usage", Value::Null);
        set(recurring, "trial_period_days", Value::Null);
    }
    if version >= "2020-08-27" {
        take(price, "tiers");
    }
}

fn balance_transaction(transaction: &mut Value, version: &str) {
    take(transaction, "balance_type");
    if version < "2018-02-06" {
        take(transaction, "reporting_category");
        let id = transaction.get("source").and_then(Value::as_str).unwrap_or_default().to_owned();
        set(transaction, "sourced_transfers", list(Vec::new(), false, &format!("/v1/transfers?source={id}")));
    }
}

fn refund(refund: &mut Value, version: &str) {
    for key in ["customer", "customer_account", "payment_method"] {
        take(refund, key);
    }
    if version < "2022-11-15" {
        take(refund, "destination_details");
        take(refund, "next_action");
    }
}

fn old_discount(holder: &mut Value, key: &str) {
    if let Some(discount) = holder.get_mut(key).filter(|discount| discount.is_object()) {
        take(discount, "source");
        let coupon = json!({"id": "WELCOME-10%", "object": "coupon", "percent_off": 10.5,
            "duration": "forever", "valid": true});
        set(discount, "coupon", coupon);
    }
}
