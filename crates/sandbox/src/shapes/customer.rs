//! Customers and the people behind charges.

use serde_json::{Value, json};

use super::Workshop;

/// Somebody who pays: the same words appear on the customer and on the billing details.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) name: &'static str,
    pub(crate) email: String,
    pub(crate) phone: Option<String>,
    pub(crate) address: Value,
}

const NAMES: [&str; 20] = [
    "Jenny Rosen",
    "Zoë Ångström",
    "李小龍",
    "Ольга Иванова",
    "محمد علي",
    "Łukasz Żółć",
    "O'Brien \"Bob\" & Sons",
    "José Álvarez",
    "🦀 Ferris",
    "Nguyễn Thị Minh",
    "Anna-Lena Müller",
    "山田 太郎",
    "Σοφία Παπαδοπούλου",
    "D\\'Angelo / Partners",
    "Ana",
    "Siân ap Rhys",
    "김민준",
    "Ada Lovelace",
    "René <Descartes>",
    "Håkon Øster",
];

const PLACES: [(&str, &str, &str, &str, &str); 10] = [
    ("Paris", "FR", "12 rue de l'Évêché", "75004", ""),
    ("San Francisco", "US", "510 Townsend St", "94103", "CA"),
    ("東京", "JP", "丸の内1-9-1", "100-0005", "東京都"),
    ("Reykjavík", "IS", "Laugavegur 1", "101", ""),
    ("Kampala", "UG", "Plot 4 Kampala Rd", "", ""),
    ("Berlin", "DE", "Straße des 17. Juni 135", "10623", "BE"),
    ("London", "GB", "221b Baker Street", "NW1 6XE", ""),
    ("São Paulo", "BR", "Av. Paulista 1578", "01310-200", "SP"),
    ("الكويت", "KW", "شارع فهد السالم", "13001", ""),
    ("Toronto", "CA", "290 Bremner Blvd", "M5V 3L9", "ON"),
];

impl Workshop {
    pub(crate) fn person(&mut self) -> Person {
        let place = self.random.pick(&PLACES);
        let text = |s: &str| if s.is_empty() { Value::Null } else { json!(s) };
        let address = if self.random.chance(80) {
            json!({"city": place.0, "country": place.1, "line1": place.2,
                "line2": self.maybe(15, "Apt. 3/4"), "postal_code": text(place.3), "state": text(place.4)})
        } else {
            json!({"city": null, "country": place.1, "line1": null, "line2": null,
                "postal_code": text(place.3), "state": null})
        };
        Person {
            name: self.random.pick(&NAMES),
            email: format!("{}@example.com", self.random.token(9).to_lowercase()),
            phone: self
                .random
                .chance(40)
                .then(|| format!("+1 (555) {}-{}", self.random.digits(3), self.random.digits(4))),
            address,
        }
    }

    pub(crate) fn customer(&mut self, id: &str, created: i64, person: &Person) -> Value {
        let locales = ["fr-CA", "en-US", "ja", "pt-BR"];
        let shipping = json!({"address": person.address.clone(), "name": person.name, "phone": person.phone});
        let mut customer = json!({
            "id": id,
            "object": "customer",
            "address": person.address.clone(),
            "balance": if self.random.chance(15) { self.random.between(-5_000, 5_000) } else { 0 },
            "created": created,
            "currency": self.maybe(60, "usd"),
            "customer_account": null,
            "default_source": self.maybe(10, "card_1MmlLrLkdIwHu7ixIJwEWSNR"),
            "delinquent": self.random.chance(5),
            "description": self.maybe(30, "Created by the import of 2019 — see ticket #4711"),
            "discount": null,
            "email": self.maybe(92, person.email.clone()),
            "invoice_prefix": self.random.token(8).to_uppercase(),
            "invoice_settings": {
                "custom_fields": self.maybe(5, json!([{"name": "PO", "value": "A/77-ß"}])),
                "default_payment_method": null,
                "footer": null,
                "rendering_options": null
            },
            "livemode": self.livemode,
            "metadata": self.metadata(),
            "name": self.maybe(90, person.name),
            "next_invoice_sequence": self.random.between(1, 40),
            "phone": person.phone,
            "preferred_locales": if self.random.chance(40) { json!([self.random.pick(&locales)]) } else { json!([]) },
            "shipping": self.maybe(20, shipping),
            "tax_exempt": self.random.pick(&["none", "none", "none", "exempt", "reverse"]),
            "test_clock": null
        });
        if self.random.chance(8) {
            let discount = self.discount(id, created);
            super::set(&mut customer, "discount", discount);
        }
        if self.random.chance(10) {
            super::set(&mut customer, "business_name", json!("Ångström & Søn A/S"));
            super::set(&mut customer, "individual_name", json!(person.name));
        }
        customer
    }

    /// A discount is never listed: it lives inside customers and, expanded, in subscriptions.
    pub(crate) fn discount(&mut self, customer: &str, start: i64) -> Value {
        json!({
            "id": self.random.id("di"), "object": "discount", "checkout_session": null,
            "customer": customer, "end": self.maybe(50, start + 7_776_000), "invoice": null,
            "invoice_item": null, "promotion_code": null,
            "source": {"coupon": "WELCOME-10%", "type": "coupon"},
            "start": start, "subscription": null, "subscription_item": null
        })
    }
}
