//! The host's side of the bytes ABI, version 1: requests are encoded and responses decoded here. The
//! response comes from a module that is not trusted, so every length is checked before it is used.

use serde::{Deserialize, Serialize};
use std::ops::Range;

/// What a record's bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// An XDM record of the object itself.
    Main,
    /// An XDM record of an object embedded in the object.
    Embedded,
    /// `{"dataset":…,"id":…,"deleted_at":…}`, or a row that says that the one of its key is deleted.
    Tombstone,
}

/// One record of a [`Batch`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Index into the datasets that the module describes.
    pub dataset: u16,
    /// What the bytes are.
    pub kind: RecordKind,
    /// Whether it is what its schema says; one that is not must not be delivered.
    pub valid: bool,
    span: Range<usize>,
}

/// Added by the module to the kind of a record that is not valid.
const INVALID: u8 = 128;

/// Why an object yielded nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ObjectError {
    /// A stable word.
    pub code: String,
    /// The object's `object`, when it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The object's `id`, when it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The path or position concerned.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The cause, for people.
    pub message: String,
}

impl ObjectError {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), object: None, id: None, path: String::new(), message: message.into() }
    }
}

/// Why the module refused a whole call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// A stable word.
    pub code: String,
    /// The cause and what to do about it, for people.
    pub message: String,
    /// The line of the expression that is wrong, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column in it, in characters from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// The line's text and, below it, a caret under the column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caret: Option<String>,
}

impl Refusal {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), line: None, column: None, caret: None }
    }
}

/// A thing worth knowing about one object that still yielded its records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// A stable word.
    pub code: String,
    /// The destination path concerned.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The mapping's source as written.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// The cause, for people.
    #[serde(default)]
    pub message: String,
}

/// What the module says about an object that it converted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Report {
    /// Mappings that yielded no field, and the like.
    #[serde(default)]
    pub warnings: Vec<Warning>,
    /// Paths of source leaves that no mapping reads.
    #[serde(default)]
    pub unmapped: Vec<String>,
    /// How many metadata entries were left out to keep a record below the size limit.
    #[serde(default)]
    pub shed: u32,
    /// What makes records invalid.
    #[serde(default)]
    pub invalid: Vec<Invalid>,
}

/// Something that makes a record invalid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invalid {
    /// Index of the record among those of the same object.
    pub record: u32,
    /// Where in the record, as a JSON pointer.
    pub pointer: String,
    /// The rule: a keyword of JSON Schema, or one of ours.
    pub rule: String,
    /// What was found: its kind and length, never the value.
    pub kind: String,
    /// What is wrong and how to mend it.
    pub message: String,
    /// Destination of the mapping that wrote it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub destination: String,
    /// That mapping's source as written.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
}

/// What became of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It was converted.
    Done(Report),
    /// A Stripe object that no model covers; the text is its type.
    Skipped(String),
    /// It could not be converted.
    Failed(ObjectError),
}

/// One object's fate and records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectResult {
    /// What became of it.
    pub fate: Fate,
    records: Range<usize>,
}

/// The results of one call of [`crate::module::Worker::transform`], one per object and in their order.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    records: Vec<Record>,
    objects: Vec<ObjectResult>,
}

impl ObjectResult {
    /// A result without records, for tests.
    #[cfg(test)]
    pub(crate) fn done(report: Report) -> Self {
        Self { fate: Fate::Done(report), records: 0..0 }
    }
}

impl Batch {
    /// The results, in the order of the objects given.
    pub fn objects(&self) -> &[ObjectResult] {
        &self.objects
    }

    /// The records of one of [`Batch::objects`].
    pub fn records(&self, object: &ObjectResult) -> &[Record] {
        self.records.get(object.records.clone()).unwrap_or(&[])
    }

    /// The JSON text of one of [`Batch::records`].
    pub fn bytes(&self, record: &Record) -> &[u8] {
        self.bytes.get(record.span.clone()).unwrap_or(&[])
    }

    /// How many bytes the batch holds.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn push_failure(&mut self, error: ObjectError) {
        let at = self.records.len();
        self.objects.push(ObjectResult { fate: Fate::Failed(error), records: at..at });
    }

    /// Appends a response for `expected` objects. On error the batch is left as it was.
    pub(crate) fn append(&mut self, response: &[u8], expected: usize, datasets: u16) -> Result<(), String> {
        let (records, objects, base) = (self.records.len(), self.objects.len(), self.bytes.len());
        self.bytes.extend_from_slice(response);
        let done = self.decode(base, expected, datasets);
        if done.is_err() {
            self.records.truncate(records);
            self.objects.truncate(objects);
            self.bytes.truncate(base);
        }
        done
    }

    fn decode(&mut self, base: usize, expected: usize, datasets: u16) -> Result<(), String> {
        let mut reader = Reader { bytes: &self.bytes, at: base };
        let count = reader.u32()? as usize;
        if count != expected {
            return Err(format!("the response answers {count} objects, {expected} were asked"));
        }
        for _ in 0..count {
            let status = reader.u8()?;
            let first = self.records.len();
            for _ in 0..reader.u32()? {
                let dataset = reader.u16()?;
                if dataset >= datasets {
                    return Err(format!("a record names dataset {dataset}, the module describes {datasets}"));
                }
                let kind = reader.u8()?;
                let valid = kind & INVALID == 0;
                let kind = match kind & !INVALID {
                    0 => RecordKind::Main,
                    1 => RecordKind::Embedded,
                    2 => RecordKind::Tombstone,
                    other => return Err(format!("a record is of unknown kind {other}")),
                };
                let span = reader.block()?;
                self.records.push(Record { dataset, kind, valid, span });
            }
            let report = reader.block()?;
            let text = &self.bytes[report];
            let fate = match status {
                0 if text.is_empty() => Fate::Done(Report::default()),
                0 => Fate::Done(json(text)?),
                1 => Fate::Failed(json(text)?),
                2 => Fate::Skipped(json::<Skipped>(text)?.kind),
                other => return Err(format!("an object has unknown status {other}")),
            };
            self.objects.push(ObjectResult { fate, records: first..self.records.len() });
        }
        match reader.at == self.bytes.len() {
            true => Ok(()),
            false => Err("the response has bytes after its last object".to_owned()),
        }
    }
}

#[derive(Deserialize)]
struct Skipped {
    #[serde(rename = "type", default)]
    kind: String,
}

fn json<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(text).map_err(|e| format!("a report of the module is not as agreed: {e}"))
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take(&mut self, len: usize) -> Result<Range<usize>, String> {
        let end = self.at.checked_add(len).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| "the response ends in the middle of a field".to_owned())?;
        let span = self.at..end;
        self.at = end;
        Ok(span)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let span = self.take(N)?;
        self.bytes[span].try_into().map_err(|_| "the response ends in the middle of a field".to_owned())
    }

    fn u8(&mut self) -> Result<u8, String> {
        Ok(self.array::<1>()?[0])
    }

    fn u16(&mut self) -> Result<u16, String> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    fn u32(&mut self) -> Result<u32, String> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn block(&mut self) -> Result<Range<usize>, String> {
        let len = self.u32()? as usize;
        self.take(len)
    }
}

/// Encodes a request. The caller has checked that everything together fits in a `u32`.
pub(crate) fn encode_request(call: &[u8], objects: &[&[u8]], request: &mut Vec<u8>) {
    request.clear();
    push_block(request, call);
    request.extend_from_slice(&(objects.len() as u32).to_le_bytes());
    for object in objects {
        push_block(request, object);
    }
}

fn push_block(request: &mut Vec<u8>, bytes: &[u8]) {
    request.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    request.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn response() -> Vec<u8> {
        let mut r = Vec::new();
        r.extend(2u32.to_le_bytes());
        r.push(0);
        r.extend(1u32.to_le_bytes());
        r.extend(4u16.to_le_bytes());
        r.push(1);
        r.extend(2u32.to_le_bytes());
        r.extend(b"{}");
        r.extend(0u32.to_le_bytes());
        r.push(2);
        r.extend(0u32.to_le_bytes());
        r.extend(17u32.to_le_bytes());
        r.extend(br#"{"type":"review"}"#);
        r
    }

    #[test]
    fn a_response_is_read_without_copying_records_apart() {
        let mut batch = Batch::default();
        batch.append(&response(), 2, 7).unwrap();
        batch.append(&response(), 2, 7).unwrap();
        assert_eq!(batch.objects().len(), 4);
        let third = &batch.objects()[2];
        let record = &batch.records(third)[0];
        assert_eq!((record.dataset, record.kind, batch.bytes(record)), (4, RecordKind::Embedded, &b"{}"[..]));
        assert_eq!(batch.objects()[3].fate, Fate::Skipped("review".to_owned()));
    }

    #[test]
    fn a_record_of_a_dataset_that_does_not_exist_is_refused() {
        assert!(Batch::default().append(&response(), 2, 4).unwrap_err().contains("dataset 4"));
    }

    proptest! {
        #[test]
        fn no_response_whatever_panics(cut in 0usize..60, flip in 0usize..60, value: u8) {
            let mut bytes = response();
            bytes.truncate(cut.min(bytes.len()));
            if let Some(b) = bytes.get_mut(flip) { *b = value; }
            let mut batch = Batch::default();
            if batch.append(&bytes, 2, 7).is_err() {
                prop_assert_eq!((batch.objects().len(), batch.size()), (0, 0));
            }
        }
    }
}
