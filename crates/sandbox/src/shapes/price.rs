//! Prices of every pricing model, with the parts that Stripe shows only when asked (`tiers`,
//! `currency_options`) in place; the store takes them out of unexpanded answers.

use serde_json::{Value, json};

use super::{Workshop, money::Currency, set};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pricing {
    Flat,
    OneTime,
    /// Whole amount absent: the decimal is a fraction of a minor unit.
    SubCent,
    Graduated,
    Volume,
    Metered,
    /// The payer chooses.
    Custom,
    Package,
}

impl Pricing {
    pub(crate) fn draw(workshop: &mut Workshop) -> Self {
        match workshop.random.below(100) {
            0..45 => Self::Flat,
            45..60 => Self::OneTime,
            60..68 => Self::SubCent,
            68..76 => Self::Graduated,
            76..82 => Self::Volume,
            82..90 => Self::Metered,
            90..95 => Self::Custom,
            _ => Self::Package,
        }
    }

    pub(crate) fn recurring(self) -> bool {
        !matches!(self, Self::OneTime | Self::Custom)
    }
}

const FRACTIONS: [&str; 5] = ["0.5", "0.000000000005", "12.34", "999.999999999999", "0.01"];

impl Workshop {
    pub(crate) fn price(
        &mut self,
        product: &str,
        created: i64,
        pricing: Pricing,
        currency: Currency,
    ) -> Value {
        let whole = currency.amount(&mut self.random);
        let (unit_amount, decimal) = match pricing {
            Pricing::Flat | Pricing::OneTime | Pricing::Metered | Pricing::Package => {
                (json!(whole), json!(whole.to_string()))
            }
            Pricing::SubCent => (Value::Null, json!(self.random.pick(&FRACTIONS))),
            Pricing::Graduated | Pricing::Volume | Pricing::Custom => (Value::Null, Value::Null),
        };
        let tiered = matches!(pricing, Pricing::Graduated | Pricing::Volume);
        let metered = pricing == Pricing::Metered;
        let recurring = json!({
            "interval": self.random.pick(&["month", "month", "year", "week", "day"]),
            "interval_count": self.random.pick(&[1, 1, 1, 3]),
            "meter": if metered { json!(self.random.id("mtr")) } else { Value::Null },
            "usage_type": if metered { "metered" } else { "licensed" }
        });
        let mut price = json!({
            "id": self.random.id("price"),
            "object": "price",
            "active": true,
            "billing_scheme": if tiered { "tiered" } else { "per_unit" },
            "created": created,
            "currency": currency.code,
            "custom_unit_amount": if pricing == Pricing::Custom {
                json!({"maximum": whole * 10, "minimum": null, "preset": whole})
            } else {
                Value::Null
            },
            "livemode": self.livemode,
            "lookup_key": null,
            "metadata": self.metadata(),
            "nickname": self.maybe(50, "Pro — été 2026"),
            "product": product,
            "recurring": if pricing.recurring() { recurring } else { Value::Null },
            "tax_behavior": self.random.pick(&["unspecified", "exclusive", "inclusive"]),
            "tiers_mode": match pricing {
                Pricing::Graduated => json!("graduated"),
                Pricing::Volume => json!("volume"),
                _ => Value::Null,
            },
            "transform_quantity": if pricing == Pricing::Package {
                json!({"divide_by": 12, "round": "up"})
            } else {
                Value::Null
            },
            "type": if pricing.recurring() { "recurring" } else { "one_time" },
            "unit_amount": unit_amount,
            "unit_amount_decimal": decimal
        });
        if tiered {
            let tiers = json!([
                {"flat_amount": null, "flat_amount_decimal": null, "unit_amount": 500,
                    "unit_amount_decimal": "500", "up_to": 10},
                {"flat_amount": 1000, "flat_amount_decimal": "1000", "unit_amount": null,
                    "unit_amount_decimal": "0.25", "up_to": null}
            ]);
            set(&mut price, "tiers", tiers);
        } else if self.random.chance(20) {
            let options = json!({
                "jpy": {"custom_unit_amount": null, "tax_behavior": "unspecified", "unit_amount": 1500,
                    "unit_amount_decimal": "1500"},
                "kwd": {"custom_unit_amount": null, "tax_behavior": "unspecified", "unit_amount": 3250,
                    "unit_amount_decimal": "3250"}
            });
            set(&mut price, "currency_options", options);
        }
        price
    }

    pub(crate) fn product(&mut self, id: &str, created: i64) -> Value {
        json!({
            "id": id, "object": "product", "active": true, "created": created, "default_price": null,
            "description": "Röstkaffee \"dunkel\"", "images": [], "livemode": self.livemode,
            "marketing_features": [], "metadata": {}, "name": "Coffee ☕", "package_dimensions": null,
            "shippable": null, "statement_descriptor": null, "tax_code": null, "unit_label": null,
            "updated": created, "url": null
        })
    }
}

/// The same record as Stripe's older API shows it; subscriptions still echo it beside the price.
pub(crate) fn plan_of(price: &Value) -> Value {
    let field = |key: &str| price.get(key).cloned().unwrap_or(Value::Null);
    let recurring = field("recurring");
    let every = |key: &str| recurring.get(key).cloned().unwrap_or(Value::Null);
    json!({
        "id": field("id"), "object": "plan", "active": field("active"), "amount": field("unit_amount"),
        "amount_decimal": field("unit_amount_decimal"), "billing_scheme": field("billing_scheme"),
        "created": field("created"), "currency": field("currency"), "interval": every("interval"),
        "interval_count": every("interval_count"), "livemode": field("livemode"),
        "metadata": field("metadata"), "meter": every("meter"), "nickname": field("nickname"),
        "product": field("product"), "tiers_mode": field("tiers_mode"), "transform_usage": null,
        "trial_period_days": null, "usage_type": every("usage_type")
    })
}
