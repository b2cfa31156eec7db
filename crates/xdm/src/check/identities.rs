//! The rules of `identityMap`: `{"NAMESPACE": [{"id": "…", "primary": true}]}`. What types its parts have is the
//! schema's matter and is not looked at here.

use super::report::{Place, Report, Step, Stop, counted, kind_of, kind_of_text};
use super::rules::Rule;
use super::tree::Tree;
use crate::schema::Namespace;
use dataprep::functions::nearest;
use dataprep::json::{self, Kind, Span, unescape};

/// Most characters of an identity, by the Identity Service's guardrail.
const MAX_ID: usize = 1024;

/// Ids that the Identity Service refuses, in any case of letters.
const NO_IDS: [&str; 3] = ["null", "anonymous", "invalid"];

/// Checks an `identityMap` that the scanner has accepted.
pub(super) fn check(
    map: &str,
    at: &Place<'_>,
    tree: &Tree,
    namespaces: &[Namespace],
    is_event: bool,
    report: &mut Report<'_>,
) -> Result<(), Stop> {
    let mut primary = 0;
    for (key, list) in json::members(map) {
        let of_namespace = at.below(Step::Key(key));
        let code = unescape(key);
        let known = namespaces.iter().find(|namespace| namespace.code == code);
        if known.is_none() {
            unknown(&code, &of_namespace, tree, namespaces, report)?;
        }
        let mut count = 0;
        for (index, identity) in json::elements(list.text(map)).enumerate() {
            let place = of_namespace.below(Step::Index(index as u32));
            primary += value(identity.text(list.text(map)), &place, tree, known, report)?;
            count += 1;
        }
        if is_event && count > 1 {
            let kind = counted("list", count, "element");
            let message = "an event names its person once in each namespace: keep one identity here";
            report.break_rule(tree, &of_namespace, Rule::IdentitySingle, kind, message)?;
        }
    }
    let message = match (primary, is_event) {
        (0, true) => "mark one identity with \"primary\": true",
        (0 | 1, _) => return Ok(()),
        _ => "mark only one identity with \"primary\": true",
    };
    let kind = match primary {
        0 => "no primary identity".to_owned(),
        count => format!("{count} primary identities"),
    };
    report.break_rule(tree, at, Rule::IdentityPrimary, kind, message)?;
    Ok(())
}

#[cold]
fn unknown(
    code: &str,
    place: &Place<'_>,
    tree: &Tree,
    namespaces: &[Namespace],
    report: &mut Report<'_>,
) -> Result<(), Stop> {
    let mut message = "the schema knows no such namespace".to_owned();
    match nearest(code, namespaces.iter().map(|namespace| namespace.code.as_str())) {
        Some(known) => {
            message.push_str("; did you mean ");
            message.push_str(known);
            message.push_str("? The case of letters counts");
        }
        None => message.push_str(": correct its code in the mapping's destination, or make it known"),
    }
    report.break_rule(tree, place, Rule::IdentityNamespace, "unknown namespace".to_owned(), &message)?;
    Ok(())
}

/// Checks one identity; how many primary ones it is.
fn value(
    identity: &str,
    place: &Place<'_>,
    tree: &Tree,
    namespace: Option<&Namespace>,
    report: &mut Report<'_>,
) -> Result<u32, Stop> {
    let (mut id, mut primary) = (Span::default(), 0);
    for (key, span) in json::members(identity) {
        match &*unescape(key) {
            "id" => id = span,
            "primary" if span.kind == Kind::True => primary = 1,
            _ => {}
        }
    }
    let written = id.text(identity);
    let (kind, message) = match id.kind {
        Kind::Plain | Kind::Escaped => {
            let id = unescape(written.get(1..written.len().saturating_sub(1)).unwrap_or_default());
            match wrong(&id, namespace) {
                Some(message) => (kind_of_text(&id), message),
                None => return Ok(primary),
            }
        }
        Kind::Absent => {
            (kind_of(id, identity), "an identity needs its id: leave the whole entry out".to_owned())
        }
        _ => return Ok(primary),
    };
    report.break_rule(tree, &place.below(Step::Key("id")), Rule::IdentityValue, kind, &message)?;
    Ok(primary)
}

/// What is wrong with an id.
fn wrong(id: &str, namespace: Option<&Namespace>) -> Option<String> {
    if id.trim().is_empty() || NO_IDS.iter().any(|no_id| id.trim().eq_ignore_ascii_case(no_id)) {
        return Some(
            "the Identity Service refuses blank ids and the words null, anonymous and invalid: leave the whole \
             entry out when there is no id"
                .to_owned(),
        );
    }
    // A character has at least one byte.
    if id.len() > MAX_ID && id.chars().count() > MAX_ID {
        return Some(
            "the Identity Service takes ids of at most 1,024 characters: map a shorter one".to_owned(),
        );
    }
    let namespace = namespace.filter(|namespace| !id.starts_with(&namespace.prefix))?;
    Some(format!(
        "ids of the namespace {} begin with {}: map the right field, or another namespace",
        namespace.code, namespace.prefix
    ))
}
