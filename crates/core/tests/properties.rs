//! What holds for every input: no panic, nothing empty, the same bytes again, no matter the order.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use stripe_xdm_core::{Call, Output, RESOURCES, Transformer};

fn transformer() -> Transformer {
    Transformer::open_json(br#"{"tenant":"acme","account":"acct_1","observed_at":1800000000}"#).unwrap()
}

/// Records and report of one object, as text.
fn convert(transformer: &mut Transformer, object: &[u8]) -> String {
    let mut output = Output::default();
    let outcome = transformer.transform(&Call::default(), object, &mut output);
    let records: Vec<_> = output
        .records
        .iter()
        .map(|record| String::from_utf8(output.bytes[record.span.clone()].to_vec()).unwrap())
        .collect();
    format!("{outcome:?} {records:?} {:?} {:?} {}", output.warnings, output.unmapped, output.shed)
}

fn assert_nothing_empty(value: &Value, at: &str) {
    match value {
        Value::Null => panic!("null at {at}"),
        Value::String(text) => assert!(!text.is_empty(), "empty string at {at}"),
        Value::Array(items) => {
            assert!(!items.is_empty(), "empty array at {at}");
            items.iter().for_each(|item| assert_nothing_empty(item, at));
        }
        Value::Object(members) => {
            assert!(!members.is_empty(), "empty object at {at}");
            members.iter().for_each(|(key, value)| assert_nothing_empty(value, &format!("{at}/{key}")));
        }
        Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Any JSON, with Stripe's names often among the keys so that mappings are met.
fn any_json() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(Value::from("usd")),
        Just(Value::from("")),
    ];
    scalar.prop_recursive(5, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((any_key(), inner), 0..8)
                .prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}

fn any_key() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "id",
        "object",
        "data",
        "items",
        "price",
        "metadata",
        "currency",
        "amount",
        "created",
        "status",
        "customer",
        "unit_amount",
        "unit_amount_decimal",
        "tiers",
        "currency_options",
        "payment_method_details",
        "card",
        "type",
        "deleted",
        "address",
        "country",
        "discounts",
        "plan",
        "recurring",
        "level3",
        "line_items",
        "quantity",
        "lines",
        "total_taxes",
        "payments",
        "last_payment_error",
        "payment_method_options",
        "balance_transactions",
        "odd key.",
    ])
    .prop_map(str::to_owned)
}

/// An object of one of our kinds whose fields are anything at all.
fn any_object() -> impl Strategy<Value = Value> {
    (prop::sample::select(RESOURCES.as_slice()), prop::collection::vec((any_key(), any_json()), 0..14))
        .prop_map(|(kind, members)| {
            let mut object = Map::from_iter(members);
            object.insert("id".to_owned(), json!("x_1"));
            object.insert("object".to_owned(), json!(kind));
            object.insert("created".to_owned(), json!(1_700_000_000));
            Value::Object(object)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes_give_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        convert(&mut transformer_once(), &bytes);
    }

    #[test]
    fn any_json_gives_an_answer(value in any_json()) {
        convert(&mut transformer_once(), value.to_string().as_bytes());
    }

    #[test]
    fn records_hold_nothing_empty(object in any_object()) {
        let mut output = Output::default();
        let text = object.to_string();
        if transformer_once().transform(&Call::default(), text.as_bytes(), &mut output).is_ok() {
            for record in &output.records {
                let record: Value = serde_json::from_slice(&output.bytes[record.span.clone()]).unwrap();
                assert_nothing_empty(&record, "");
            }
        }
    }

    #[test]
    fn broken_objects_never_panic(object in any_object(), cut in 0..400usize, at in 0..400usize, byte in any::<u8>()) {
        let mut bytes = object.to_string().into_bytes();
        let length = bytes.len();
        bytes[at % length] = byte;
        bytes.truncate(cut.max(1));
        convert(&mut transformer_once(), &bytes);
    }

    #[test]
    fn order_and_repetition_change_nothing(objects in prop::collection::vec(any_object(), 1..6)) {
        let texts: Vec<String> = objects.iter().map(Value::to_string).collect();
        let mut one = transformer_once();
        let forwards: Vec<String> = texts.iter().map(|text| convert(&mut one, text.as_bytes())).collect();
        let mut backwards: Vec<String> = texts.iter().rev().map(|text| convert(&mut one, text.as_bytes())).collect();
        backwards.reverse();
        prop_assert_eq!(forwards, backwards);
    }

    #[test]
    fn whole_numbers_survive(amount in any::<i64>(), balance in any::<i64>()) {
        let object = format!(r#"{{"id":"cus_1","object":"customer","balance":{balance},"next_invoice_sequence":{amount}}}"#);
        let text = convert(&mut transformer_once(), object.as_bytes());
        let (balance, sequence) = (format!("balanceMinor\\\":{balance}"), format!("nextInvoiceSequence\\\":{amount}"));
        prop_assert!(text.contains(&balance));
        prop_assert!(text.contains(&sequence));
    }
}

/// Opening compiles every model: done once a thread.
fn transformer_once() -> std::cell::RefMut<'static, Transformer> {
    thread_local! {
        static ONE: &'static std::cell::RefCell<Transformer> = Box::leak(Box::new(std::cell::RefCell::new(transformer())));
    }
    ONE.with(|one| one.borrow_mut())
}
