//! Coupons, and invoices with their lines.

use serde_json::{Value, json};

use super::{Workshop, list, set};

/// How many lines Stripe embeds in an invoice; the rest is at `/v1/invoices/:id/lines`.
const EMBEDDED: usize = 10;

const DAY: i64 = 86_400;

/// What an invoice is about.
pub(crate) struct Billed<'b> {
    pub(crate) id: String,
    pub(crate) customer: &'b str,
    /// The subscription and its items; one line each. Without them it is written by hand, with one line.
    pub(crate) subscription: Option<(&'b str, &'b [Value])>,
    pub(crate) created: i64,
    pub(crate) status: &'static str,
    /// What has paid it, or is to.
    pub(crate) payment_intent: String,
}

/// An invoice as its list shows it, and every one of its lines.
#[derive(Debug)]
pub(crate) struct Invoice {
    pub(crate) object: Value,
    pub(crate) lines: Vec<Value>,
}

impl Workshop {
    /// A coupon, every second one for some product alone.
    pub(crate) fn coupon(&mut self, number: usize, created: i64, product: Option<&str>) -> Value {
        let is_amount = self.random.chance(40);
        let is_repeating = self.random.chance(30);
        let id = if self.random.chance(50) { format!("SPRING{number}") } else { self.random.token(8) };
        let mut coupon = json!({
            "id": id, "object": "coupon",
            "amount_off": if is_amount { json!(500 * (1 + number as i64)) } else { Value::Null },
            "created": created,
            "currency": if is_amount { json!("usd") } else { Value::Null },
            "duration": if is_repeating { "repeating" } else { "once" },
            "duration_in_months": if is_repeating { json!(3) } else { Value::Null },
            "livemode": self.livemode,
            "max_redemptions": self.maybe(30, 100),
            "metadata": self.metadata(),
            "name": "Früh\u{ad}lings-Rabatt ✂",
            "percent_off": if is_amount { Value::Null } else { json!(12.5) },
            "redeem_by": self.maybe(20, created + 900 * DAY),
            "times_redeemed": self.random.between(0, 40),
            "valid": self.random.chance(85)
        });
        if is_amount {
            set(&mut coupon, "currency_options", json!({"jpy": {"amount_off": 700 * (1 + number as i64)}}));
        }
        if let Some(product) = product.filter(|_| number.is_multiple_of(2)) {
            set(&mut coupon, "applies_to", json!({"products": [product]}));
        }
        coupon
    }

    pub(crate) fn invoice(&mut self, billed: &Billed<'_>) -> Invoice {
        let Billed { id, created, status, .. } = billed;
        let (created, status) = (*created, *status);
        let lines: Vec<Value> = match billed.subscription {
            Some((subscription, items)) => {
                items.iter().map(|item| self.line(id, subscription, created, item)).collect()
            }
            None => vec![self.line_by_hand(id, created)],
        };
        let currency = lines.first().and_then(|line| line.get("currency")).cloned().unwrap_or(json!("usd"));
        let amount = |line: &Value| line.get("amount").and_then(Value::as_i64).unwrap_or_default();
        let total: i64 = lines.iter().map(amount).sum();
        let paid = if status == "paid" { total } else { 0 };
        let is_final = status != "draft";
        let at = |when: bool, moment: i64| if when { json!(moment) } else { Value::Null };
        let bearer = self.random.token(60);
        let mut object = json!({
            "id": id, "object": "invoice", "account_country": "US", "account_name": "Sea Shells",
            "account_tax_ids": null, "amount_due": total, "amount_overpaid": 0, "amount_paid": paid,
            "amount_paid_off_stripe": 0, "amount_remaining": total - paid, "amount_shipping": 0,
            "application": null, "attempt_count": i64::from(is_final), "attempted": is_final,
            "auto_advance": status == "open",
            "automatic_tax": {"disabled_reason": null, "enabled": false, "liability": null, "provider": null,
                "status": null},
            "automatically_finalizes_at": null,
            "billing_reason": if billed.subscription.is_some() { "subscription_cycle" } else { "manual" },
            "collection_method": if billed.subscription.is_some() { "charge_automatically" } else { "send_invoice" },
            "confirmation_secret": null, "created": created, "currency": currency, "custom_fields": null,
            "customer": billed.customer, "customer_account": null,
            "customer_address": {"city": "Köln", "country": "DE", "line1": "Domkloster 4", "line2": null,
                "postal_code": "50667", "state": null},
            "customer_email": "jenny.rosen@example.com", "customer_name": "Jenny Rösen",
            "customer_phone": self.maybe(20, "+491701234567"), "customer_shipping": null,
            "customer_tax_exempt": "none", "customer_tax_ids": [], "default_payment_method": null,
            "default_source": null, "default_tax_rates": [], "description": self.maybe(20, "Danke ☕"),
            "discounts": [], "due_date": at(billed.subscription.is_none(), created + 30 * DAY),
            "effective_at": at(is_final, created + 3_600), "ending_balance": 0, "footer": null,
            "from_invoice": null,
            "hosted_invoice_url": format!("https://invoice.stripe.com/i/acct_1/{bearer}"),
            "invoice_pdf": format!("https://pay.stripe.com/invoice/acct_1/{bearer}/pdf"),
            "issuer": {"type": "self"}, "last_finalization_error": null, "latest_revision": null,
            "livemode": self.livemode, "metadata": self.metadata(),
            "next_payment_attempt": at(status == "open", created + 3 * DAY),
            "number": if is_final { json!(format!("0759376C-{}", self.random.digits(4))) } else { Value::Null },
            "on_behalf_of": null,
            "parent": billed.subscription.map(|(subscription, _)| json!({"quote_details": null,
                "subscription_details": {"metadata": {}, "subscription": subscription},
                "type": "subscription_details"})),
            "payment_settings": {"default_mandate": null, "payment_method_options": null,
                "payment_method_types": null},
            "period_end": created, "period_start": created - 30 * DAY,
            "post_payment_credit_notes_amount": 0, "pre_payment_credit_notes_amount": 0,
            "receipt_number": null, "rendering": null, "shipping_cost": null, "shipping_details": null,
            "starting_balance": 0, "statement_descriptor": null, "status": status,
            "status_transitions": {"finalized_at": at(is_final, created + 3_600),
                "marked_uncollectible_at": at(status == "uncollectible", created + 9 * DAY),
                "paid_at": at(status == "paid", created + 3_700), "voided_at": at(status == "void", created + DAY)},
            "subtotal": total, "subtotal_excluding_tax": total, "test_clock": null, "total": total,
            "total_discount_amounts": [], "total_excluding_tax": total, "total_pretax_credit_amounts": [],
            "total_taxes": [], "webhooks_delivered_at": created + 5
        });
        let url = format!("/v1/invoices/{id}/lines");
        let mut shown = list(lines.iter().take(EMBEDDED).cloned().collect(), lines.len() > EMBEDDED, &url);
        set(&mut shown, "total_count", json!(lines.len()));
        set(&mut object, "lines", shown);
        let payment = json!({
            "id": format!("inpay_{}", id.trim_start_matches("in_")), "object": "invoice_payment",
            "amount_paid": if status == "paid" { json!(total) } else { Value::Null }, "amount_requested": total,
            "created": created + 3_600, "currency": currency, "invoice": id, "is_default": true,
            "livemode": self.livemode,
            "payment": {"payment_intent": billed.payment_intent, "type": "payment_intent"},
            "status": match status { "paid" => "paid", "void" => "canceled", _ => "open" },
            "status_transitions": {"canceled_at": at(status == "void", created + DAY),
                "paid_at": at(status == "paid", created + 3_700)}
        });
        // Drafts have none: payments begin when an invoice is finalized.
        let payments = if is_final { vec![payment] } else { Vec::new() };
        set(&mut object, "payments", list(payments, false, &format!("/v1/invoices/{id}/payments")));
        Invoice { object, lines }
    }

    fn line(&mut self, invoice: &str, subscription: &str, created: i64, item: &Value) -> Value {
        let of = |path: &str| item.pointer(path).cloned().unwrap_or(Value::Null);
        let quantity = of("/quantity").as_i64().unwrap_or(1);
        let amount = of("/price/unit_amount").as_i64().unwrap_or_default().saturating_mul(quantity);
        let parent = json!({"invoice_item_details": null,
            "subscription_item_details": {"invoice_item": null, "proration": false,
                "proration_details": {"credited_items": null}, "subscription": subscription,
                "subscription_item": of("/id")},
            "type": "subscription_item_details"});
        let pricing = json!({"price_details": {"price": of("/price/id"), "product": of("/price/product")},
            "type": "price_details", "unit_amount_decimal": of("/price/unit_amount_decimal")});
        let about = (parent, pricing, of("/price/currency"));
        self.line_of(invoice, amount, quantity, (created, created + 30 * DAY), about)
    }

    fn line_by_hand(&mut self, invoice: &str, created: i64) -> Value {
        let parent = json!({"invoice_item_details": {"invoice_item": self.random.id("ii"), "proration": false,
            "proration_details": null, "subscription": null},
            "subscription_item_details": null, "type": "invoice_item_details"});
        let amount = self.random.between(1_000, 90_000);
        self.line_of(invoice, amount, 1, (created, created), (parent, Value::Null, json!("usd")))
    }

    fn line_of(
        &mut self,
        invoice: &str,
        amount: i64,
        quantity: i64,
        period: (i64, i64),
        (parent, pricing, currency): (Value, Value, Value),
    ) -> Value {
        json!({
            "id": self.random.id("il"), "object": "line_item", "amount": amount, "currency": currency,
            "description": format!("{quantity} × Röstkaffee"), "discount_amounts": [], "discountable": true,
            "discounts": [], "invoice": invoice, "livemode": self.livemode, "metadata": {},
            "parent": parent, "period": {"end": period.1, "start": period.0}, "pretax_credit_amounts": [],
            "pricing": pricing, "quantity": quantity, "subtotal": amount, "taxes": []
        })
    }
}
