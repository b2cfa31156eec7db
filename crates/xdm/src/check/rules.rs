//! The rules beyond JSON Schema, and how strictly each is kept to.

use super::CheckerError;
use dataprep::functions::nearest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What to do about a rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The record is not valid.
    #[default]
    Refuse,
    /// The record goes on, with a warning.
    Warn,
    /// Not looked at.
    Off,
}

/// Levels that differ from the default, by the rule's name.
pub type Levels = BTreeMap<String, Level>;

/// Most bytes of an event: Profile drops larger ones without a word.
pub const MAX_EVENT: usize = 10_000;

/// Most bytes of a record that is no event.
pub const MAX_RECORD: usize = 100_000;

/// Most elements of an array in an event, by Profile's guardrail.
pub(super) const MAX_ELEMENTS: usize = 10;

/// Most keys of a map, by Adobe's advice.
pub(super) const MAX_KEYS: usize = 16;

/// The rules beyond JSON Schema, as `docs/check.md` lists them: name, what it asks for, level by default. What JSON and JSON Schema
/// themselves ask for has no level: it is always refused.
pub const RULES: [(&str, &str, Level); 13] = [
    ("empty", "no null, empty text, empty object or empty list stands anywhere", Level::Refuse),
    ("duplicate", "no key stands twice in one object", Level::Refuse),
    (
        "integer",
        "whole numbers are written without a fraction and an exponent: 1, not 1.0 or 1e0",
        Level::Refuse,
    ),
    ("timestamp", "the time of an event is not in the future", Level::Refuse),
    ("size", "an event has at most 10,000 bytes, any other record at most 100,000", Level::Refuse),
    ("long_array", "an array in an event has at most 10 elements", Level::Warn),
    ("large_map", "a map has at most 16 keys", Level::Warn),
    (
        "identity_primary",
        "one identity of an event's identityMap is primary; in other records at most one",
        Level::Refuse,
    ),
    ("identity_single", "an event's identityMap has one identity for each namespace", Level::Refuse),
    ("identity_namespace", "the namespaces in identityMap are known", Level::Refuse),
    (
        "identity_value",
        "an identity has an id of at most 1,024 characters that is not blank, `null`, `anonymous` or `invalid`, \
         and begins as those of its namespace do",
        Level::Refuse,
    ),
    ("secret", "no API key, webhook secret or client secret stands anywhere", Level::Refuse),
    (
        "card_number",
        "no full card number stands anywhere; in fields named …ID, where long numbers are ids, only those count that \
     are grouped as on a card",
        Level::Refuse,
    ),
];

/// A rule by its place in [`RULES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Rule {
    Empty,
    Duplicate,
    Integer,
    Timestamp,
    Size,
    LongArray,
    LargeMap,
    IdentityPrimary,
    IdentitySingle,
    IdentityNamespace,
    IdentityValue,
    Secret,
    CardNumber,
}

impl Rule {
    pub(super) fn name(self) -> &'static str {
        RULES[self as usize].0
    }
}

/// The level of each rule.
#[derive(Debug, Clone, Copy)]
pub(super) struct Strictness([Level; RULES.len()]);

impl Strictness {
    pub(super) fn new(levels: &Levels) -> Result<Self, CheckerError> {
        let mut strictness = RULES.map(|(_, _, level)| level);
        for (name, level) in levels {
            match RULES.iter().position(|(known, _, _)| known == name) {
                Some(rule) => strictness[rule] = *level,
                None => {
                    return Err(CheckerError::Rule {
                        name: name.clone(),
                        nearest: nearest(name, RULES.iter().map(|(known, _, _)| *known)),
                    });
                }
            }
        }
        Ok(Self(strictness))
    }

    pub(super) fn of(&self, rule: Rule) -> Level {
        self.0[rule as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_rules_go_together() {
        for (rule, name) in [
            (Rule::Empty, "empty"),
            (Rule::Duplicate, "duplicate"),
            (Rule::Integer, "integer"),
            (Rule::Timestamp, "timestamp"),
            (Rule::Size, "size"),
            (Rule::LongArray, "long_array"),
            (Rule::LargeMap, "large_map"),
            (Rule::IdentityPrimary, "identity_primary"),
            (Rule::IdentitySingle, "identity_single"),
            (Rule::IdentityNamespace, "identity_namespace"),
            (Rule::IdentityValue, "identity_value"),
            (Rule::Secret, "secret"),
            (Rule::CardNumber, "card_number"),
        ] {
            assert_eq!(rule.name(), name);
        }
        assert_eq!(Rule::CardNumber as usize, RULES.len() - 1);
    }
}
