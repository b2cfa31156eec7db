//! What a transform yields: records as byte ranges in one buffer, and a report.

use serde::Serialize;
use std::ops::Range;
use xdm::check::Violation;

/// The records and the report of one call of [`crate::Transformer::transform`]; reused between calls.
#[derive(Debug, Default)]
pub struct Output {
    /// The records' JSON, one after another; [`Record::span`] points into it.
    pub bytes: Vec<u8>,
    /// The records, in the order in which they were made.
    pub records: Vec<Record>,
    /// Mappings that yielded no field, and other things worth knowing.
    pub warnings: Vec<Warning>,
    /// Paths of source leaves that no mapping reads and no rule drops.
    pub unmapped: Vec<String>,
    /// What makes records invalid; each belongs to a record whose [`Record::valid`] is false.
    pub invalid: Vec<Invalid>,
    /// How many metadata entries were left out to keep an event below the size limit.
    pub shed: u32,
}

impl Output {
    /// Empties the output, keeping its memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.records.clear();
        self.warnings.clear();
        self.unmapped.clear();
        self.invalid.clear();
        self.shed = 0;
    }
}

/// One record in [`Output::bytes`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Index into the datasets listed by [`crate::describe`].
    pub dataset: u16,
    /// What the bytes are.
    pub kind: RecordKind,
    /// Whether the record is what its schema says; one that is not must not be delivered.
    pub valid: bool,
    /// Where the bytes are.
    pub span: Range<usize>,
}

/// Something that makes a record invalid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "WrittenInvalid")]
pub struct Invalid {
    /// Index of the record among those of the same object.
    pub record: u32,
    /// Where in the record, which rule, what was found, and how to mend it.
    pub violation: Violation,
    /// Destination of the mapping that wrote it; empty when none did.
    pub destination: String,
    /// That mapping's source as written.
    pub source: String,
}

/// As JSON, with what is said of the violation beside the rest.
#[derive(Serialize)]
struct WrittenInvalid {
    record: u32,
    pointer: String,
    rule: String,
    kind: String,
    message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    destination: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    source: String,
}

impl From<Invalid> for WrittenInvalid {
    fn from(invalid: Invalid) -> Self {
        let Invalid { record, violation, destination, source } = invalid;
        let Violation { pointer, rule, kind, message } = violation;
        Self { record, pointer, rule, kind, message, destination, source }
    }
}

/// What a record's bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum RecordKind {
    /// An XDM record of the object itself.
    Main = 0,
    /// An XDM record of an object embedded in the object, such as a price in a subscription.
    Embedded = 1,
    /// A deletion: `{"dataset":…,"id":…,"deleted_at":…}`; of rows a row that says so.
    Tombstone = 2,
}

/// What became of an object that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Records were made.
    Done,
    /// A valid Stripe object that no model covers; the text is its type.
    Skipped(String),
}

/// A thing worth knowing about one object that still yielded its records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// A stable word: `mapping_failed`, `unknown_currency`, `clamped_timestamp`, `metadata_shed`, …, or one of
    /// [`xdm::check::RULES`].
    pub code: String,
    /// The destination path concerned, empty when none is; of rules a JSON pointer into the record.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The mapping's source as written, empty when none is concerned.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// The cause, for people. Never holds a value of the object.
    pub message: String,
}

/// Why an object yielded nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ObjectError {
    /// A stable word: `invalid_json`, `not_an_object`, `missing_id`, `missing_type`, …
    pub code: String,
    /// The object's `object`, when it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The object's `id`, when it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The path or position concerned.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The cause, for people.
    pub message: String,
}
