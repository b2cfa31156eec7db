//! Whether a record is what its schema says: closed objects, types, formats, and the rules that JSON Schema
//! cannot say.

use crate::library::{Library, LibraryError};
use crate::schema::Schema;
use dataprep::date::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A schema made ready to check records.
#[derive(Debug)]
pub struct Checker {}

/// Something that is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Where, as a JSON pointer (RFC 6901).
    pub pointer: String,
    /// The rule: a keyword of JSON Schema (`type`, `pattern`, `required`, …) or one of [`RULES`].
    pub rule: String,
    /// What was found: its kind and length, never the value.
    pub kind: String,
    /// One sentence: what is wrong and how to mend it.
    pub message: String,
}

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

/// The rules beyond JSON Schema: name, what it asks for, level by default.
pub const RULES: [(&str, &str, Level); 0] = [];

impl Checker {
    /// Makes a schema ready.
    pub fn new(library: &Library, schema: &Schema, levels: &Levels) -> Result<Self, LibraryError> {
        let _ = (library.flat(schema)?, levels);
        Ok(Self {})
    }

    /// Appends to `refused` what makes the record invalid, to `warned` what does not. `now` is the time that
    /// `timestamp` may not pass; without it that is not checked.
    pub fn check(
        &mut self,
        record: &str,
        now: Option<Moment>,
        refused: &mut Vec<Violation>,
        warned: &mut Vec<Violation>,
    ) {
        let _ = (record, now, refused, warned);
    }
}
