//! Builders of single Stripe objects in the current shape. The account's seeding and the corpora of
//! [`crate::generate`] share them, so that both show the same variety.

pub(crate) mod ages;
pub(crate) mod billing;
pub(crate) mod charge;
pub(crate) mod customer;
pub(crate) mod money;
pub(crate) mod movement;
pub(crate) mod payment;
pub(crate) mod payment_method;
pub(crate) mod price;
pub(crate) mod subscription;

use serde_json::{Value, json};

use crate::random::Random;

/// What every builder needs: choices, and which of Stripe's two worlds the object lives in.
#[derive(Debug)]
pub(crate) struct Workshop {
    pub(crate) random: Random,
    pub(crate) livemode: bool,
}

const WORDS: [&str; 16] = [
    "order", "campaign", "sku", "größe", "channel", "region", "メモ", "batch", "agent", "ref", "tier",
    "cohort", "source", "team", "note", "quota",
];

impl Workshop {
    /// Metadata as users write it: mostly none or a few keys, rarely Stripe's maximum of 50.
    pub(crate) fn metadata(&mut self) -> Value {
        let keys = match self.random.below(100) {
            0..50 => 0,
            50..97 => self.random.between(1, 4),
            _ => 50,
        };
        let mut map = serde_json::Map::new();
        for number in 0..keys {
            let word = self.random.pick(&WORDS);
            let key = if keys == 50 { format!("{word}_{number}") } else { word.to_owned() };
            let value = match self.random.below(8) {
                0 => format!("{}", self.random.below(1_000_000)),
                1 => "line one\nline two\t\"quoted\" \\ back".to_owned(),
                2 => "naïve café — 東京 🦀".to_owned(),
                3 => "{\"nested\":[1,2,3]}".to_owned(),
                4 => "x".repeat(500),
                5 => "true".to_owned(),
                _ => self.random.token(12),
            };
            map.insert(key, Value::String(value));
        }
        Value::Object(map)
    }

    pub(crate) fn maybe<T: Into<Value>>(&mut self, percent: u64, value: T) -> Value {
        if self.random.chance(percent) { value.into() } else { Value::Null }
    }
}

/// A list envelope as it appears inside an object or as an answer.
pub(crate) fn list(data: Vec<Value>, has_more: bool, url: &str) -> Value {
    json!({"object": "list", "data": data, "has_more": has_more, "url": url})
}

/// Sets one key of an object; does nothing to other values.
pub(crate) fn set(object: &mut Value, key: &str, value: Value) {
    if let Some(map) = object.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
}

/// Takes one key out of an object.
pub(crate) fn take(object: &mut Value, key: &str) -> Option<Value> {
    object.as_object_mut().and_then(|map| map.remove(key))
}
