//! The rules beyond JSON Schema, and their levels.

use crate::{GOOD, accepted, check, events, records, refused, told, with};
use xdm::check::{Level, RULES};

#[test]
fn nothing_empty_stands_anywhere() {
    for (value, kind) in
        [("null", "null"), (r#""""#, "empty text"), ("{}", "empty object"), ("[]", "empty list")]
    {
        let fields: &[&str] = match value {
            "{}" => &["metadata", "anything"],
            "[]" => &["list", "anything"],
            "null" => &["text", "number", "flag", "metadata", "list", "price", "anything", "day"],
            _ => &["text", "day", "reason", "anything", "number"],
        };
        for field in fields {
            refused(
                &format!(r#""_acme":{{"{field}":{value}}}"#),
                (&format!("/_acme/{field}"), "empty", kind),
            );
        }
    }
    refused(r#""_acme":{}"#, ("/_acme", "empty", "empty object"));
    // Where the rule is off, the schema still speaks.
    let mut lax = events(&[("empty", Level::Off)]).unwrap();
    let record = with(r#""_acme":{"text":"","list":[],"metadata":{},"flag":null,"day":"","length":""}"#);
    assert_eq!(
        told(&check(&mut lax, &record).0),
        [
            ("/_acme/flag", "type", "null"),
            ("/_acme/day", "format", "empty text"),
            ("/_acme/length", "minLength", "empty text")
        ]
    );
}

#[test]
fn keys_stand_once() {
    refused(r#""_id":"b""#, ("/_id", "duplicate", "second of two members"));
    refused(
        r#""_acme":{"metadata":{"a":"1","\u0061":"2"}}"#,
        ("/_acme/metadata/a", "duplicate", "second of two members"),
    );
    refused(
        r#""_acme":{"items":[{"amount":1},{"amount":1,"amount":1}]}"#,
        ("/_acme/items/1/amount", "duplicate", "second of two members"),
    );
    let mut keys: Vec<String> = (0..40).map(|key| format!(r#""k{key}":"1""#)).collect();
    keys.push(r#""k39":"1""#.to_owned());
    let record = with(&format!(r#""_acme":{{"metadata":{{{}}}}}"#, keys.join(",")));
    assert_eq!(
        told(&check(&mut events(&[("large_map", Level::Off)]).unwrap(), &record).0),
        [("/_acme/metadata/k39", "duplicate", "second of two members")]
    );
}

#[test]
fn an_event_is_not_in_the_future() {
    let at = |time: &str| GOOD.replace("2026-01-31T12:00:00Z", time);
    for time in [
        "2026-02-01T12:00:00Z",
        "2026-02-01T13:00:00+01:00",
        "2026-02-01T11:59:59.999Z",
        "2026-02-01T12:00:00.000Z",
    ] {
        assert_eq!(check(&mut events(&[]).unwrap(), &at(time)).0, [], "{time}");
    }
    for time in [
        "2026-02-01T12:00:01Z",
        "2026-02-01T12:00:00.001Z",
        "2026-02-01T12:00:00-00:01",
        "9999-12-31T23:59:59Z",
    ] {
        let (found, _) = check(&mut events(&[]).unwrap(), &at(time));
        assert_eq!(told(&found), [("/timestamp", "timestamp", "date-time in the future")], "{time}");
        assert_eq!(check(&mut records(&[]).unwrap(), &at(time)).0, [], "of events alone");
    }
    let (mut found, mut warned) = (vec![], vec![]);
    events(&[]).unwrap().check(&at("9999-12-31T23:59:59Z"), None, &mut found, &mut warned);
    assert_eq!((found, warned), (vec![], vec![]), "without a clock it cannot be known");
    accepted(r#""_acme":{"moment":"9999-12-31T23:59:59Z"}"#);
}

#[test]
fn sizes_are_limited() {
    let sized = |size: usize| {
        let empty = with(r#""_acme":{"text":""}"#);
        empty.replace(r#""text":"""#, &format!(r#""text":"{}""#, "x".repeat(size - empty.len())))
    };
    assert_eq!(check(&mut events(&[]).unwrap(), &sized(10_000)).0, []);
    assert_eq!(
        told(&check(&mut events(&[]).unwrap(), &sized(10_001)).0),
        [("", "size", "record of 10001 bytes")]
    );
    assert_eq!(check(&mut records(&[]).unwrap(), &sized(100_000)).0, []);
    assert_eq!(
        told(&check(&mut records(&[]).unwrap(), &sized(100_001)).0),
        [("", "size", "record of 100001 bytes")]
    );
}

#[test]
fn long_arrays_and_large_maps_are_warned_of() {
    let list = |count: usize| with(&format!(r#""_acme":{{"list":[{}]}}"#, vec![r#""a""#; count].join(",")));
    assert_eq!(check(&mut events(&[]).unwrap(), &list(10)), (vec![], vec![]));
    let (found, warned) = check(&mut events(&[]).unwrap(), &list(11));
    assert_eq!((found, told(&warned)), (vec![], vec![("/_acme/list", "long_array", "list of 11 elements")]));
    assert_eq!(check(&mut records(&[]).unwrap(), &list(11)), (vec![], vec![]));

    let map = |count: usize| {
        let keys: Vec<String> = (0..count).map(|key| format!(r#""k{key}":"1""#)).collect();
        with(&format!(r#""_acme":{{"metadata":{{{}}}}}"#, keys.join(",")))
    };
    assert_eq!(check(&mut events(&[]).unwrap(), &map(16)), (vec![], vec![]));
    let (found, warned) = check(&mut events(&[]).unwrap(), &map(17));
    assert_eq!((found, told(&warned)), (vec![], vec![("/_acme/metadata", "large_map", "map of 17 keys")]));
}

#[test]
fn secrets_and_card_numbers_never_pass_nor_show() {
    let secret = "sk_live_4eC39HqLyjWDarjtT1zdp7dc";
    let card = "4242 4242 4242 4242";
    for (member, pointer, rule) in [
        (format!(r#""_acme":{{"text":"{secret}"}}"#), "/_acme/text", "secret"),
        (format!(r#""_acme":{{"text":"my {secret}."}}"#), "/_acme/text", "secret"),
        (r#""_acme":{"text":"sk\u005flive_4eC39HqLyjWDarjtT1zdp7dc"}"#.to_owned(), "/_acme/text", "secret"),
        (
            r#""_acme":{"text":"pi_3Mtw_secret_YrKJUKribcBjcG8HVhfZluoGH"}"#.to_owned(),
            "/_acme/text",
            "secret",
        ),
        (format!(r#""_acme":{{"list":["a","{card}"]}}"#), "/_acme/list/1", "card_number"),
        (format!(r#""_acme":{{"metadata":{{"a":"{card}"}}}}"#), "/_acme/metadata/a", "card_number"),
        (r#""_acme":{"text":"\t4242424242424242"}"#.to_owned(), "/_acme/text", "card_number"),
        (r#""_acme":{"long":4242424242424242}"#.to_owned(), "/_acme/long", "card_number"),
        (format!(r#""_acme":{{"anything":[{{"x":"{card}"}}]}}"#), "/_acme/anything/0/x", "card_number"),
        (format!(r#""_acme":{{"metadata":{{"{secret}":"a"}}}}"#), "/_acme/metadata", "secret"),
    ] {
        let (found, _) = check(&mut events(&[]).unwrap(), &with(&member));
        assert_eq!(found.len(), 1, "{member} {found:?}");
        assert_eq!((found[0].pointer.as_str(), found[0].rule.as_str()), (pointer, rule), "{member}");
        let shown = format!("{found:?}");
        assert!(!shown.contains("4eC39") && !shown.contains("4242") && !shown.contains("YrKJ"), "{shown}");
    }
    // What lies below a key that is a secret is told without the key.
    let (found, _) =
        check(&mut events(&[]).unwrap(), &with(&format!(r#""_acme":{{"metadata":{{"{secret}":1}}}}"#)));
    assert_eq!(told(&found)[1], ("/_acme/metadata/…", "type", "whole number"));
}

#[test]
fn levels_can_be_changed_and_unknown_ones_are_refused() {
    let record = with(r#""_acme":{"text":""}"#);
    let (found, warned) = check(&mut events(&[("empty", Level::Warn)]).unwrap(), &record);
    assert_eq!((found, told(&warned)), (vec![], vec![("/_acme/text", "empty", "empty text")]));
    assert_eq!(check(&mut events(&[("empty", Level::Off)]).unwrap(), &record), (vec![], vec![]));
    let warned_of_integers =
        check(&mut events(&[("integer", Level::Warn)]).unwrap(), &with(r#""_acme":{"short":1e9}"#));
    assert_eq!(told(&warned_of_integers.0), [("/_acme/short", "maximum", "whole number")]);
    assert_eq!(told(&warned_of_integers.1), [("/_acme/short", "integer", "number with an exponent")]);
    let error = events(&[("empti", Level::Off)]).unwrap_err().to_string();
    assert_eq!(error, r#"there is no rule "empti" for records; did you mean empty?"#);
    let error = events(&[("qqqqqqqq", Level::Off)]).unwrap_err().to_string();
    assert_eq!(error, r#"there is no rule "qqqqqqqq" for records"#);
    for (name, about, _) in RULES {
        assert!(!about.is_empty());
        assert!(events(&[(name, Level::Off)]).is_ok(), "{name}");
    }
}

#[test]
fn the_page_about_checking_lists_every_rule() {
    let page = include_str!("../../docs/check.md");
    for (name, about, level) in RULES {
        let level = format!("{level:?}").to_lowercase();
        let row = format!("| `{name}` | {about} | {level} |");
        assert!(page.lines().any(|line| line == row), "{row}");
    }
}
