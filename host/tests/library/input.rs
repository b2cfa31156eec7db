//! The splitter finds the same objects however the stream is cut, and goes on after broken ones.

use proptest::prelude::*;
use stripe_xdm::input::{Piece, Splitter};

const CAP: usize = 200;

fn split(input: &[u8], sizes: &[usize]) -> Vec<Piece> {
    let (mut splitter, mut out, mut rest) = (Splitter::new(CAP), Vec::new(), input);
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (now, later) = rest.split_at((*size).clamp(1, rest.len()));
        splitter.feed(now, &mut out);
        rest = later;
    }
    splitter.finish(&mut out);
    out
}

fn texts(input: &str) -> Vec<String> {
    split(input.as_bytes(), &[input.len().max(1)])
        .into_iter()
        .map(|piece| match piece {
            Piece::Value(text) => String::from_utf8(text).unwrap(),
            Piece::Bad(bad) => format!("!{}@{}", bad.code, bad.line),
        })
        .collect()
}

#[test]
fn lines_arrays_pages_and_pretty_printed_values_are_all_streams_of_objects() {
    assert_eq!(
        texts("{\"id\":1}\n{\"id\":2}\r\n\n{\"id\":3}"),
        [r#"{"id":1}"#, r#"{"id":2}"#, r#"{"id":3}"#]
    );
    assert_eq!(texts(r#" [ {"id":1}, {"id":[2,{}]} ] "#), [r#"{"id":1}"#, r#"{"id":[2,{}]}"#]);
    assert_eq!(texts("[]{\"a\":1}[{}]"), [r#"{"a":1}"#, "{}"]);
    assert_eq!(texts("{\n  \"id\": 1\n}\n{\n \"id\": 2\n}\n"), ["{\n  \"id\": 1\n}", "{\n \"id\": 2\n}"]);
    assert_eq!(texts("\u{feff}{\"id\":1}"), [r#"{"id":1}"#]);
}

#[test]
fn list_pages_are_opened_wherever_their_object_field_stands() {
    let page = r#"{"object":"list","data":[{"id":1,"data":[7]},{"id":2}],"has_more":true,"url":"/v1/x"}"#;
    assert_eq!(texts(page), [r#"{"id":1,"data":[7]}"#, r#"{"id":2}"#]);
    assert_eq!(texts(r#"{"data": [{"id":1}], "object":"list"}{"id":2}"#), [r#"{"id":1}"#, r#"{"id":2}"#]);
    assert_eq!(texts(r#"{"object":"list","url":"\"data\":[","data":[]}"#), [] as [&str; 0]);
}

#[test]
fn a_stripe_object_is_not_mistaken_for_a_page() {
    for object in [
        r#"{"object":"event","data":{"object":{"id":"ch_1"}}}"#,
        r#"{"object":"thing","data":[1,2]}"#,
        r#"{"id":"x","metadata":{"data":[1]},"list":{"object":"list","data":[{"id":1}]}}"#,
        r#"{"object":"charge","note":"\"object\":\"list\"","data":[1]}"#,
    ] {
        assert_eq!(texts(object), [object]);
    }
}

#[test]
fn reading_goes_on_at_the_line_after_a_broken_one() {
    assert_eq!(texts("{\"a\":\n{\"b\" 2}\n{\"id\":3}\n"), ["!invalid_json@2", r#"{"id":3}"#]);
    assert_eq!(texts("{\"a\":{\"x\":1\n{\"id\":2}\n"), ["!invalid_json@2", r#"{"id":2}"#]);
    assert_eq!(texts("{\"a\":\"cut\n{\"id\":2}\n"), ["!invalid_json@1", r#"{"id":2}"#]);
    assert_eq!(
        texts("[\n{\"id\":1},\n{\"a\"},\n{\"id\":3}\n]\n"),
        [r#"{"id":1}"#, "!invalid_json@3", r#"{"id":3}"#]
    );
    assert_eq!(texts("{\"id\":1}\n{\"id\":"), [r#"{"id":1}"#, "!invalid_json@3"]);
}

#[test]
fn an_oversized_object_is_passed_over_without_being_held() {
    let large = format!("{{\"id\":\"{}\"}}", "x".repeat(2 * CAP));
    assert_eq!(texts(&format!("{large}\n{{\"id\":2}}")), ["!object_too_large@1", r#"{"id":2}"#]);
    assert_eq!(texts(&format!("[{large},{{\"id\":2}}]")), ["!object_too_large@1", r#"{"id":2}"#]);
}

#[test]
fn a_tower_of_brackets_is_an_error_not_a_crash() {
    let pieces = split("{\"a\":".repeat(100_000).as_bytes(), &[4096]);
    assert!(matches!(pieces.as_slice(), [Piece::Bad(_)]));
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<i64>().prop_map(Into::into),
        "[a-z\"\\\\{}\\[\\],:\n é]{0,12}".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map("[a-z]{1,4}", inner, 0..4)
                .prop_map(|m| serde_json::Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn objects_come_out_as_they_went_in(
        objects in prop::collection::vec(prop::collection::btree_map("[a-z]{1,4}", json(), 0..3), 0..5),
        form in 0..3,
        pretty: bool,
        sizes in prop::collection::vec(1usize..9, 1..5),
    ) {
        let objects: Vec<serde_json::Value> =
            objects.into_iter().map(|m| serde_json::Value::Object(m.into_iter().collect())).collect();
        let print = |v: &serde_json::Value| {
            if pretty { serde_json::to_string_pretty(v).unwrap() } else { v.to_string() }
        };
        let texts: Vec<_> = objects.iter().map(print).collect();
        prop_assume!(texts.iter().all(|t| t.len() <= CAP));
        // A bare object with a list of its own named `data` is what a page looks like.
        prop_assume!(form != 0 || objects.iter().all(|o| o.get("data").is_none()));
        let input = match form {
            0 => texts.join("\n"),
            1 => format!("[{}]", texts.join(", ")),
            _ => format!(r#"{{"object":"list","data":[{}],"has_more":false}}"#, texts.join(",\n")),
        };
        let want: Vec<_> = texts.into_iter().map(|t| Piece::Value(t.into_bytes())).collect();
        prop_assert_eq!(split(input.as_bytes(), &sizes), want);
    }

    #[test]
    fn any_bytes_split_the_same_however_they_are_cut(
        input in "[\\[\\]{}:,\"\\\\ \ndata1]{0,80}",
        sizes in prop::collection::vec(1usize..9, 1..5),
    ) {
        prop_assert_eq!(split(input.as_bytes(), &sizes), split(input.as_bytes(), &[1000]));
    }
}
