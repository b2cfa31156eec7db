//! Requests: records as they stand in the lake, each between the same two texts, so that none is parsed into a tree.

use crate::ledger::RecordId;
use crate::platform::MAX_REQUEST;
use bytes::Bytes;
use serde_json::value::RawValue;
use std::ops::Range;

const BEGIN: &[u8] = b"{\"messages\":[";
const END: &[u8] = b"]}";

/// What a record is put between to be a message.
#[derive(Debug, Clone)]
pub(super) struct Envelope {
    pub(super) before: Vec<u8>,
    pub(super) after: &'static [u8],
}

/// A record in a request.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) id: Option<RecordId>,
    /// Number of its file.
    pub(super) file: usize,
    /// Where its text is in the body.
    span: Range<usize>,
}

/// A request that can be sent, and sent again.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// The stretch of lines that its rows are of.
    pub(super) stretch: u64,
    pub(super) body: Bytes,
    pub(super) rows: Vec<Row>,
    /// How often some of its rows were refused for now.
    pub(super) tries: u32,
}

/// A request that is being put together.
#[derive(Debug)]
pub(super) struct Building<'a> {
    envelope: &'a Envelope,
    body: Vec<u8>,
    rows: Vec<Row>,
}

impl Envelope {
    /// How long a record may be that is sent all by itself.
    pub(super) fn room(&self) -> usize {
        MAX_REQUEST - BEGIN.len() - self.before.len() - self.after.len() - END.len()
    }
}

/// Whether a line is a JSON object: anything else would spoil the messages around it.
pub(super) fn is_object(line: &[u8]) -> bool {
    line.first() == Some(&b'{') && serde_json::from_slice::<&RawValue>(line).is_ok()
}

impl<'a> Building<'a> {
    pub(super) fn new(envelope: &'a Envelope) -> Self {
        Self { envelope, body: Vec::new(), rows: Vec::new() }
    }

    /// Whether a record of so many bytes still fits.
    pub(super) fn fits(&self, bytes: usize) -> bool {
        let begun = if self.body.is_empty() { BEGIN.len() } else { self.body.len() + 1 };
        begun + self.envelope.before.len() + bytes + self.envelope.after.len() + END.len() <= MAX_REQUEST
    }

    pub(super) fn add(&mut self, record: &[u8], id: Option<RecordId>, file: usize) {
        if self.body.is_empty() {
            self.body.reserve(MAX_REQUEST);
            self.body.extend_from_slice(BEGIN);
        } else {
            self.body.push(b',');
        }
        self.body.extend_from_slice(&self.envelope.before);
        let start = self.body.len();
        self.body.extend_from_slice(record);
        self.rows.push(Row { id, file, span: start..self.body.len() });
        self.body.extend_from_slice(self.envelope.after);
    }

    pub(super) fn finish(mut self, stretch: u64, tries: u32) -> Request {
        self.body.extend_from_slice(END);
        Request { stretch, body: self.body.into(), rows: self.rows, tries }
    }
}

impl Request {
    /// The text of a row.
    pub(super) fn record(&self, row: &Row) -> &[u8] {
        self.body.get(row.span.clone()).unwrap_or_default()
    }

    /// A request of some of its rows.
    pub(super) fn of(&self, rows: &[&Row], envelope: &Envelope, tries: u32) -> Request {
        let mut building = Building::new(envelope);
        for row in rows {
            building.add(self.record(row), row.id, row.file);
        }
        building.finish(self.stretch, tries)
    }

    /// The same in two halves.
    pub(super) fn halves(&self, envelope: &Envelope) -> [Request; 2] {
        let rows: Vec<&Row> = self.rows.iter().collect();
        let (first, second) = rows.split_at(rows.len() / 2);
        [self.of(first, envelope, self.tries), self.of(second, envelope, self.tries)]
    }
}

/// What keeps a line from being sent, if anything.
pub(super) fn objection(line: &[u8], envelope: &Envelope) -> Option<(&'static str, String)> {
    if line.len() > envelope.room() {
        let message = format!(
            "the record has {} bytes; a stream takes messages up to {MAX_REQUEST} bytes: send this dataset in \
             batches, or leave fields out with a mapping of your own",
            line.len()
        );
        return Some(("stream_size", message));
    }
    let message = "the line of the lake is no JSON object: its file was changed by another program";
    (!is_object(line)).then(|| ("stream_json", message.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_and_its_parts_are_json_within_the_limit() {
        let envelope = Envelope { before: br#"{"header":{},"body":{"xdmEntity":"#.to_vec(), after: b"}}" };
        let mut building = Building::new(&envelope);
        let record = format!(r#"{{"a":"{}"}}"#, "x".repeat(10_000));
        while building.fits(record.len()) {
            building.add(record.as_bytes(), None, 3);
        }
        let request = building.finish(7, 0);
        assert!(request.body.len() <= MAX_REQUEST && request.body.len() > MAX_REQUEST - 11_000);
        let [first, second] = request.halves(&envelope);
        assert_eq!(first.rows.len() + second.rows.len(), request.rows.len());
        for request in [&request, &first, &second] {
            let parsed: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
            let messages = parsed["messages"].as_array().unwrap();
            assert_eq!(messages.len(), request.rows.len());
            assert_eq!(messages[0]["body"]["xdmEntity"].to_string(), record);
            assert_eq!((request.record(&request.rows[0]), request.rows[0].file), (record.as_bytes(), 3));
        }
        let mut alone = Building::new(&envelope);
        assert!(alone.fits(envelope.room()) && !alone.fits(envelope.room() + 1));
        alone.add(&vec![b' '; envelope.room()], None, 0);
        assert_eq!(alone.finish(0, 0).body.len(), MAX_REQUEST);
    }

    #[test]
    fn what_would_spoil_a_request_is_not_put_into_one() {
        let envelope = Envelope { before: Vec::new(), after: b"" };
        assert_eq!(objection(br#"{"a":1}"#, &envelope), None);
        for line in [&b"[]"[..], b"{\"a\":1", b"{}},{", b"", b"null"] {
            assert_eq!(objection(line, &envelope).unwrap().0, "stream_json");
        }
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(MAX_REQUEST));
        assert_eq!(objection(long.as_bytes(), &envelope).unwrap().0, "stream_size");
    }
}
