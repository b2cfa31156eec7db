//! What JSON and JSON Schema ask for.

use crate::{GOOD, accepted, check, events, refused, told, with};

/// One field of the tenant.
fn field(member: &str) -> String {
    format!(r#""_acme":{{{member}}}"#)
}

#[track_caller]
fn wrong(member: &str, name: &str, rule: &str, kind: &str) {
    refused(&field(member), (&format!("/_acme/{name}"), rule, kind));
}

#[track_caller]
fn right(member: &str) {
    accepted(&field(member));
}

#[test]
fn a_good_record_is_valid_again_and_again() {
    let mut checker = events(&[]).unwrap();
    let whole = with(
        r#""_acme" : { "price":{"currencyCode":"EUR","amount":1.50}, "items":[{"amount":1},{"amount":-2e3}],
        "flag":true,"metadata":{"a":"1","b\n":"2"},"odd/name~\"é":"x","list":["a"]}"#,
    );
    for _ in 0..3 {
        for record in [GOOD, &whole, &format!(" {GOOD}\n")] {
            assert_eq!(check(&mut checker, record), (vec![], vec![]), "{record}");
        }
    }
}

#[test]
fn keys_may_come_in_any_order_and_spelling() {
    let mut checker = events(&[]).unwrap();
    for record in [
        r#"{"timestamp":"2026-01-31T12:00:00Z","_id":"a"}"#,
        r#"{"_acme":{"flag":true,"text":"a"},"_id":"a","timestamp":"2026-01-31T12:00:00Z"}"#,
        r#"{"_acme":{"text":"a","fl\u0061g":true},"_id":"a","timestamp":"2026-01-31T12:00:00Z"}"#,
        r#"{"_acme":{"odd\/name~\u0022\u00e9":"a"},"_id":"a","timestamp":"2026-01-31T12:00:00Z"}"#,
    ] {
        assert_eq!(check(&mut checker, record), (vec![], vec![]), "{record}");
    }
}

#[test]
fn unknown_keys_are_refused_with_the_nearest_name() {
    let (found, _) =
        check(&mut events(&[]).unwrap(), &with(r#""_acme":{"metdata":{"a":"1"},"zzz":1},"evenType":"x""#));
    assert_eq!(
        told(&found),
        [
            ("/_acme/metdata", "additionalProperties", "object of 1 member"),
            ("/_acme/zzz", "additionalProperties", "whole number"),
            ("/evenType", "additionalProperties", "text of 1 character"),
        ]
    );
    assert!(found[0].message.contains("did you mean metadata?"), "{found:?}");
    assert!(!found[1].message.contains("did you mean"), "{found:?}");
    assert!(found[2].message.contains("did you mean eventType?"), "{found:?}");
}

#[test]
fn missing_fields_are_named_where_they_should_be() {
    let (found, _) =
        check(&mut events(&[]).unwrap(), r#"{"_acme":{"items":[{"amount":1},{"currencyCode":"EUR"}]}}"#);
    assert_eq!(
        told(&found),
        [
            ("/_acme/items/1/amount", "required", "nothing"),
            ("/_id", "required", "nothing"),
            ("/timestamp", "required", "nothing"),
        ]
    );
}

#[test]
fn types_are_kept_to() {
    for (member, kind) in [
        (r#""text":1"#, "whole number"),
        (r#""text":true"#, "true or false"),
        (r#""text":["a","b"]"#, "list of 2 elements"),
        (r#""number":"1""#, "text of 1 character"),
        (r#""number":false"#, "true or false"),
        (r#""long":"1099""#, "text of 4 characters"),
        (r#""long":1.5"#, "number with a fraction"),
        (r#""long":15e-1"#, "number with an exponent"),
        (r#""flag":"true""#, "text of 4 characters"),
        (r#""flag":1"#, "whole number"),
        (r#""day":1679090539"#, "whole number"),
        (r#""moment":1679090539"#, "whole number"),
        (r#""price":12.5"#, "number with a fraction"),
        (r#""price":[{"amount":1}]"#, "list of 1 element"),
        (r#""list":"a""#, "text of 1 character"),
        (r#""list":{"a":"b"}"#, "object of 1 member"),
        (r#""metadata":"a""#, "text of 1 character"),
        (r#""metadata":["a"]"#, "list of 1 element"),
        (r#""reason":1"#, "whole number"),
    ] {
        let name = member.split('"').nth(1).unwrap();
        wrong(member, name, "type", kind);
    }
    wrong(r#""list":["a",1]"#, "list/1", "type", "whole number");
    wrong(r#""metadata":{"a":"b","c~/d":1}"#, "metadata/c~0~1d", "type", "whole number");
    wrong(r#""counts":{"a":"1"}"#, "counts/a", "type", "text of 1 character");
    right(r#""number":1"#);
    right(r#""number":-1.25e-3"#);
    let record = "[1]";
    assert_eq!(told(&check(&mut events(&[]).unwrap(), record).0), [("", "type", "list of 1 element")]);
}

#[test]
fn whole_numbers_are_whole_and_within_bounds() {
    for good in ["0", "-0", "1", "9007199254740991", "-9007199254740991"] {
        right(&format!(r#""long":{good}"#));
    }
    wrong(r#""long":1.0"#, "long", "integer", "number with a fraction");
    wrong(r#""long":1e2"#, "long", "integer", "number with an exponent");
    wrong(r#""long":9007199254740992"#, "long", "maximum", "whole number");
    wrong(r#""long":-9007199254740992"#, "long", "minimum", "whole number");
    wrong(r#""long":92233720368547758080"#, "long", "maximum", "whole number");
    wrong(r#""long":-92233720368547758080"#, "long", "minimum", "whole number");
    wrong(r#""short":32768"#, "short", "maximum", "whole number");
    right(r#""short":-32768"#);
}

#[test]
fn formats_are_read_strictly() {
    for (name, good, bad) in [
        (
            "moment",
            &["2023-03-17T22:02:19Z", "2024-02-29T00:00:00.123456789+05:30", "1969-12-31T23:59:59-11:00"][..],
            &[
                "2023-03-17T22:02:19",
                "2023-03-17 22:02:19Z",
                "2023-03-17T22:02:19+0000",
                "2023-03-17T22:02:19+00",
                "2023-02-29T00:00:00Z",
                "2023-13-01T00:00:00Z",
                "2023-03-17T24:00:00Z",
                "2023-03-17T22:02:60Z",
                "2023-03-17T22:02Z",
                "2023-03-17t22:02:19z",
                "2023-03-17",
                "2023-03-17T22:02:19.Z",
                "2023-03-17T22:02:19Z ",
            ][..],
        ),
        (
            "day",
            &["2024-02-29", "0001-01-01"],
            &["2023-02-29", "2023-2-1", "2023-03-17T22:02:19Z", "20230317", "2023-00-10"],
        ),
        ("time", &["22:02:19Z", "22:02:19.5+01:00"], &["22:02:19", "22:02Z", "25:00:00Z"]),
        (
            "email",
            &["jenny.rosen+x@example.com", "a@b.co", "o'neil@xn--bcher-kva.example"],
            &[
                "jenny",
                "a@b",
                "@b.co",
                "a@",
                "a@b..co",
                "a b@c.co",
                "a@-b.co",
                ".a@b.co",
                "ä@b.co",
                "a@b.co\\n",
                "a@b@c.d.",
                "a@b.co.",
            ],
        ),
        (
            "uri",
            &["https://example.com/a?b=c#d", "urn:isbn:0451450523", "mailto:a@b.co"],
            &["prod_123", "/a/b", "http://a b", "http://[::1", "https://ex.com/é", "//a.b/c"],
        ),
        ("v4", &["192.0.2.1"], &["198.51.100", "192.0.2.256", "192.0.2.01", "::1"]),
        ("v6", &["2001:db8::1", "::", "::ffff:1.2.3.4"], &["fe80:1", "192.0.2.1", "1::2::3", ":::"]),
    ] {
        for text in good {
            right(&format!(r#""{name}":"{text}""#));
        }
        for text in bad {
            let record = with(&field(&format!(r#""{name}":"{text}""#)));
            let (found, _) = check(&mut events(&[]).unwrap(), &record);
            assert_eq!(found.len(), 1, "{name} {text}: {found:?}");
            assert_eq!(
                (found[0].rule.as_str(), found[0].pointer.clone()),
                ("format", format!("/_acme/{name}"))
            );
            assert!(!found[0].message.contains(text), "{found:?}");
        }
    }
    for (id, good) in
        [("a-b_c.d~e", true), ("a/b?c#d", true), ("%41", true), ("a b", false), ("%4", false), ("a<b", false)]
    {
        let record = GOOD.replace("a1", id);
        let (found, _) = check(&mut events(&[]).unwrap(), &record);
        let kind = format!("text of {} characters", id.len());
        let expected = if good { vec![] } else { vec![("/_id", "format", kind.as_str())] };
        assert_eq!(told(&found), expected, "{id}");
    }
}

#[test]
fn patterns_lists_and_lengths_are_kept_to() {
    wrong(
        r#""price":{"amount":1,"currencyCode":"usd"}"#,
        "price/currencyCode",
        "pattern",
        "text of 3 characters",
    );
    wrong(r#""language":"en_US""#, "language", "pattern", "text of 5 characters");
    right(r#""language":"en-US""#);
    wrong(r#""reason":"other""#, "reason", "enum", "text of 5 characters");
    right(r#""reason":"return""#);
    wrong(r#""length":"é""#, "length", "minLength", "text of 1 character");
    wrong(r#""length":"ééééé""#, "length", "maxLength", "text of 5 characters");
    right(r#""length":"éééé""#);
    right(r#""length":"\u00e9\u00e9\u00e9\u00e9""#);
    let (found, _) = check(
        &mut events(&[]).unwrap(),
        &with(r#""_acme":{"price":{"amount":1,"currencyCode":"usd"},"reason":"x"}"#),
    );
    assert!(found[0].message.contains("upper("), "{found:?}");
    assert!(found[1].message.contains("return, price_adjustment"), "{found:?}");
}

#[test]
fn what_is_not_json_is_a_violation_too() {
    for text in [
        "",
        "{",
        "nul",
        r#"{"_id":"a""#,
        r#"{"_id":"a",}"#,
        r#"{"_id" "a"}"#,
        r#"{"_id":"a"}{"#,
        r#"{"_acme":{"number":01}}"#,
        r#"{"_acme":{"text":"\x"}}"#,
        r#"{"_acme":{"text":"\ud800"}}"#,
        "{\"_id\":\"\n\"}",
    ] {
        let (found, _) = check(&mut events(&[]).unwrap(), text);
        let last = found.last().unwrap();
        assert_eq!(
            (last.rule.as_str(), last.kind.as_str()),
            ("json", "text that is not JSON"),
            "{text}: {found:?}"
        );
    }
    for nested in ["[", r#"{"a":"#] {
        let deep = with(&format!(r#""_acme":{{"anything":{}"#, nested.repeat(200)));
        let (found, _) = check(&mut events(&[]).unwrap(), &deep);
        assert!(found[0].message.contains("nested more than 128 levels deep"), "{found:?}");
    }
}

#[test]
fn of_what_is_unknown_only_our_rules_are_asked() {
    right(r#""anything":{"a":[1,"x",{"b":true}]}"#);
    right(r#""anything":1.50"#);
    wrong(r#""anything":{"a":[null]}"#, "anything/a/0", "empty", "null");
    wrong(r#""anything":{"a":1,"a":2}"#, "anything/a", "duplicate", "second of two members");
}

#[test]
fn reports_are_bounded() {
    let many: Vec<String> = (0..300).map(|key| format!(r#""k{key}":1"#)).collect();
    let (found, _) = check(&mut events(&[]).unwrap(), &with(&field(&many.join(","))));
    assert_eq!(found.len(), 101);
    assert_eq!(told(&found[100..]), [("", "more", "more than 100")]);
    let long = format!(r#""{}":1"#, "k".repeat(10_000));
    let (found, _) = check(&mut events(&[("size", xdm::check::Level::Off)]).unwrap(), &with(&long));
    assert_eq!(found[0].pointer, format!("/{}…", "k".repeat(256)));
}
