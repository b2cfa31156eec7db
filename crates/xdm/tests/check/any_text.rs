//! Whatever the text: no panic, a bounded report, and JSON that is not JSON is noticed.

use crate::{GOOD, check, events, with};
use proptest::prelude::*;
use serde_json::Value;
use xdm::check::MAX_VIOLATIONS;

/// JSON with the library's names and with others.
fn json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        Just("2026-01-31T12:00:00Z".to_owned()),
        Just("EUR".to_owned()),
        Just("cus_1".to_owned()),
        Just("4242 4242 4242 4242".to_owned()),
        Just("sk_live_4eC39HqLyjWDarjtT1zdp7dc".to_owned()),
        ".{0,12}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 6, |inner| {
        let name = prop_oneof![
            prop::sample::select(vec![
                "_id",
                "timestamp",
                "identityMap",
                "_acme",
                "text",
                "price",
                "items",
                "amount",
                "long",
                "metadata",
                "anything",
                "CustomerID",
                "id",
                "primary",
                "list",
            ])
            .prop_map(str::to_owned),
            ".{0,4}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..12).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..20)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Whether serde_json, which has limits of its own, takes the text for JSON.
fn is_json(text: &str) -> bool {
    serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok()
}

/// What holds for every text.
fn holds(text: &str) -> Result<(), TestCaseError> {
    let mut checker = events(&[]).unwrap();
    let (refused, warned) = check(&mut checker, text);
    prop_assert!(refused.len() <= MAX_VIOLATIONS + 1 && warned.len() <= MAX_VIOLATIONS + 1);
    let is_full = refused.len() > MAX_VIOLATIONS;
    let is_broken = refused.iter().any(|violation| violation.rule == "json");
    prop_assert!(is_full || is_broken != is_json(text), "{refused:?}");
    // What one record leaves behind must not show in the next.
    prop_assert_eq!(check(&mut checker, GOOD), (vec![], vec![]));
    prop_assert_eq!(check(&mut checker, text), (refused, warned));
    Ok(())
}

proptest! {
    #[test]
    fn any_text(text in ".{0,200}") {
        holds(&text)?;
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        holds(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn any_json(value in json()) {
        holds(&value.to_string())?;
        holds(&with(&format!(r#""_acme":{value}"#)))?;
    }

    #[test]
    fn json_cut_or_changed_anywhere(value in json(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = with(&format!(r#""_acme":{value}"#)).into_bytes();
        let at = at.index(bytes.len());
        holds(&String::from_utf8_lossy(&bytes[..at]))?;
        bytes[at] = byte;
        holds(&String::from_utf8_lossy(&bytes))?;
    }
}
