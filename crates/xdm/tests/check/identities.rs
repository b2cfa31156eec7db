//! The rules of `identityMap`.

use crate::{accepted, check, events, records, refused, told, with};

fn map(map: &str) -> String {
    format!(r#""identityMap":{{{map}}}"#)
}

const GOOD: &str = r#""CustomerID":[{"id":"cus_1","authenticatedState":"ambiguous","primary":true}]"#;

#[test]
fn an_event_has_one_primary_identity() {
    accepted(&map(GOOD));
    accepted(&map(&format!(r#"{GOOD},"Email":[{{"id":"a@b.co","primary":false}}]"#)));
    refused(
        &map(r#""CustomerID":[{"id":"cus_1"}]"#),
        ("/identityMap", "identity_primary", "no primary identity"),
    );
    let two = map(&format!(r#"{GOOD},"Email":[{{"id":"a@b.co","primary":true}}]"#));
    refused(&two, ("/identityMap", "identity_primary", "2 primary identities"));
    // In other records a descriptor may say which identity is primary.
    let (found, _) = check(&mut records(&[]).unwrap(), &with(&map(r#""CustomerID":[{"id":"cus_1"}]"#)));
    assert_eq!(found, []);
    let (found, _) = check(&mut records(&[]).unwrap(), &with(&two));
    assert_eq!(told(&found), [("/identityMap", "identity_primary", "2 primary identities")]);
}

#[test]
fn an_event_has_one_identity_for_each_namespace() {
    let two = map(r#""CustomerID":[{"id":"cus_1","primary":true},{"id":"cus_2"}]"#);
    refused(&two, ("/identityMap/CustomerID", "identity_single", "list of 2 elements"));
    assert_eq!(check(&mut records(&[]).unwrap(), &with(&two)).0, []);
}

#[test]
fn namespaces_are_known() {
    let (found, _) = check(
        &mut events(&[]).unwrap(),
        &with(&map(r#""customerId":[{"id":"cus_1","primary":true}],"X":[{"id":"1"}]"#)),
    );
    assert_eq!(
        told(&found),
        [
            ("/identityMap/customerId", "identity_namespace", "unknown namespace"),
            ("/identityMap/X", "identity_namespace", "unknown namespace")
        ]
    );
    assert!(found[0].message.contains("did you mean CustomerID?"), "{found:?}");
}

#[test]
fn ids_are_such_as_the_identity_service_takes() {
    for id in [" ", "null", "NULL", "Anonymous", "inVALID", " null "] {
        let kind = format!("text of {} character{}", id.len(), if id.len() == 1 { "" } else { "s" });
        let member = map(&format!(r#""Email":[{{"id":"{id}","primary":true}}]"#));
        refused(&member, ("/identityMap/Email/0/id", "identity_value", &kind));
    }
    let long = |count: usize| map(&format!(r#""Email":[{{"id":"{}","primary":true}}]"#, "é".repeat(count)));
    accepted(&long(1024));
    refused(&long(1025), ("/identityMap/Email/0/id", "identity_value", "text of 1025 characters"));
    let member = map(r#""CustomerID":[{"id":"sub_1","primary":true}]"#);
    refused(&member, ("/identityMap/CustomerID/0/id", "identity_value", "text of 5 characters"));
    refused(&map(r#""Email":[{"primary":true}]"#), ("/identityMap/Email/0/id", "identity_value", "nothing"));
    let (found, _) =
        check(&mut events(&[]).unwrap(), &with(&map(r#""CustomerID":{"id":"cus_1","primary":true}"#)));
    assert_eq!(
        told(&found),
        [
            ("/identityMap/CustomerID", "type", "object of 2 members"),
            ("/identityMap", "identity_primary", "no primary identity")
        ]
    );
}

#[test]
fn parts_of_other_types_are_the_schemas_matter() {
    let found = check(&mut events(&[]).unwrap(), &with(&map(r#""Email":[{"id":1,"primary":true}]"#))).0;
    assert_eq!(told(&found), [("/identityMap/Email/0/id", "type", "whole number")]);
    refused(
        &map(r#""Email":[{"id":"a","primary":true,"authenticatedState":"known"}]"#),
        ("/identityMap/Email/0/authenticatedState", "enum", "text of 5 characters"),
    );
}
