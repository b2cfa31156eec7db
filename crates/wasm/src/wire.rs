//! The framing of the bytes ABI: how a request is read and a response is written.
//!
//! All numbers are little endian; nothing is aligned or padded.
//!
//! ```text
//! request   u32 call_len, call JSON (may be empty: defaults)
//!           u32 count, count * object
//! object    u32 len, len bytes: one Stripe object or Event as JSON
//!
//! response  u32 count, count * result, in the order of the request
//! result    u8  status: 0 done, 1 error, 2 skipped
//!           u32 record_count, record_count * record
//!           u32 report_len, report JSON (may be empty: nothing to say)
//! record    u16 dataset: index into `datasets` of `describe`
//!           u8  kind: 0 main, 1 embedded, 2 tombstone; plus 128 when the record is not what its
//!               schema says and must not be delivered
//!           u32 len, len bytes of JSON
//! ```
//!
//! Reports, by status:
//!
//! - 0: `{"warnings":[{"code","path"?,"source"?,"message"}],"unmapped":["path"],"shed":n,
//!   "invalid":[{"record":index,"pointer","rule","kind","message","destination"?,"source"?}]}`; keys that
//!   would be empty or zero are absent, and so is the report when all four are;
//! - 1: `{"code","object"?,"id"?,"path"?,"message"}`;
//! - 2: `{"type":"…"}`, the type of a valid object that no model covers.
//!
//! A request is refused as a whole when it ends early, has bytes left over, or counts more objects
//! than it could hold.

use crate::failure::{Failure, INTERNAL, INVALID_REQUEST, RESPONSE_TOO_LARGE};
use serde::Serialize;
use stripe_xdm_core::{Invalid, ObjectError, Output, Warning};

/// Responses are shorter than this many bytes: a packed result has 31 bits for a length.
pub const RESPONSE_LIMIT: usize = 1 << 31;

/// Added to the kind of a record that is not what its schema says.
pub const INVALID: u8 = 128;

/// A request, borrowed from the caller's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request<'a> {
    /// JSON of [`stripe_xdm_core::Call`]; empty means defaults.
    pub call: &'a [u8],
    /// The objects, in order.
    pub objects: Vec<&'a [u8]>,
}

impl<'a> Request<'a> {
    /// Reads a request, checking every length before it is used.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Failure> {
        let mut reader = Reader { bytes, at: 0 };
        let call = reader.block(&"the call")?;
        let count = reader.length(&"the number of objects")?;
        // Each object costs at least its length field, so this also bounds the allocation below.
        let most = reader.left() / 4;
        if count > most {
            return Err(refused(format!("{count} objects are announced, {most} would fit the request")));
        }
        let mut objects = Vec::with_capacity(count);
        for index in 0..count {
            objects.push(reader.block(&format_args!("object {index}"))?);
        }
        if reader.left() > 0 {
            return Err(refused(format!("{} bytes follow the last object", reader.left())));
        }
        Ok(Self { call, objects })
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(len)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn length(&mut self, what: &dyn std::fmt::Display) -> Result<usize, Failure> {
        match self.take(4) {
            Some(&[a, b, c, d]) => Ok(u32::from_le_bytes([a, b, c, d]) as usize),
            _ => Err(refused(format!("the request ends at byte {} inside the length of {what}", self.at))),
        }
    }

    fn block(&mut self, what: &dyn std::fmt::Display) -> Result<&'a [u8], Failure> {
        let len = self.length(what)?;
        let left = self.left();
        self.take(len)
            .ok_or_else(|| refused(format!("{what} is announced with {len} bytes, {left} bytes are left")))
    }
}

fn refused(message: String) -> Failure {
    Failure::new(INVALID_REQUEST, message)
}

/// Writes a response into one buffer.
#[derive(Debug)]
pub struct Response {
    bytes: Vec<u8>,
}

impl Response {
    /// Starts the response to a request of `count` objects and `request_len` bytes.
    pub fn start(count: usize, request_len: usize) -> Result<Self, Failure> {
        // Records are about as long as their objects, so the buffer rarely grows.
        let mut bytes = Vec::with_capacity(request_len.saturating_add(count.saturating_mul(64)).min(1 << 24));
        bytes.extend_from_slice(&length(count)?.to_le_bytes());
        Ok(Self { bytes })
    }

    /// Appends the result of an object that yielded records.
    pub fn done(&mut self, output: &Output) -> Result<(), Failure> {
        self.bytes.push(0);
        self.length(output.records.len())?;
        for record in &output.records {
            let bytes = output
                .bytes
                .get(record.span.clone())
                .ok_or_else(|| Failure::new(INTERNAL, "a record lies outside the output"))?;
            self.bytes.extend_from_slice(&record.dataset.to_le_bytes());
            self.bytes.push(record.kind as u8 | if record.valid { 0 } else { INVALID });
            self.length(bytes.len())?;
            self.bytes.extend_from_slice(bytes);
        }
        let report = Report {
            warnings: &output.warnings,
            unmapped: &output.unmapped,
            shed: output.shed,
            invalid: &output.invalid,
        };
        if report.is_empty() { self.length(0) } else { self.report(&report) }
    }

    /// Appends the result of an object that failed.
    pub fn error(&mut self, error: &ObjectError) -> Result<(), Failure> {
        self.bytes.push(1);
        self.length(0)?;
        self.report(error)
    }

    /// Appends the result of a valid object that no model covers.
    pub fn skipped(&mut self, kind: &str) -> Result<(), Failure> {
        self.bytes.push(2);
        self.length(0)?;
        self.report(&Skipped { kind })
    }

    /// The finished response.
    pub fn finish(self) -> Result<Vec<u8>, Failure> {
        if self.bytes.len() < RESPONSE_LIMIT { Ok(self.bytes) } else { Err(too_large()) }
    }

    fn length(&mut self, len: usize) -> Result<(), Failure> {
        self.bytes.extend_from_slice(&length(len)?.to_le_bytes());
        Ok(())
    }

    fn report(&mut self, report: &impl Serialize) -> Result<(), Failure> {
        let field = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        let start = self.bytes.len();
        serde_json::to_writer(&mut self.bytes, report).map_err(|e| Failure::new(INTERNAL, e.to_string()))?;
        let len = length(self.bytes.len() - start)?.to_le_bytes();
        if let Some(place) = self.bytes.get_mut(field..start) {
            place.copy_from_slice(&len);
        }
        Ok(())
    }
}

fn length(len: usize) -> Result<u32, Failure> {
    u32::try_from(len).map_err(|_| too_large())
}

/// The failure of a call whose results do not fit a packed result.
pub fn too_large() -> Failure {
    Failure::new(RESPONSE_TOO_LARGE, "the response reaches 2 GiB; send fewer objects per call")
}

#[derive(Serialize)]
struct Report<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: &'a [Warning],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    unmapped: &'a [String],
    #[serde(skip_serializing_if = "is_zero")]
    shed: u32,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    invalid: &'a [Invalid],
}

impl Report<'_> {
    fn is_empty(&self) -> bool {
        self.warnings.is_empty() && self.unmapped.is_empty() && self.shed == 0 && self.invalid.is_empty()
    }
}

#[derive(Serialize)]
struct Skipped<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use stripe_xdm_core::{Record, RecordKind};

    fn request(call: &[u8], objects: &[&[u8]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&(call.len() as u32).to_le_bytes());
        bytes.extend_from_slice(call);
        bytes.extend_from_slice(&(objects.len() as u32).to_le_bytes());
        for object in objects {
            bytes.extend_from_slice(&(object.len() as u32).to_le_bytes());
            bytes.extend_from_slice(object);
        }
        bytes
    }

    #[test]
    fn a_request_reads_back() {
        let bytes = request(b"{}", &[b"{\"id\":1}", b"", "\u{e9}".as_bytes()]);
        let parsed = Request::parse(&bytes).unwrap();
        assert_eq!(parsed.call, b"{}");
        assert_eq!(parsed.objects, [b"{\"id\":1}".as_slice(), b"", "\u{e9}".as_bytes()]);
    }

    #[test]
    fn every_cut_of_a_request_is_refused() {
        let bytes = request(b"{}", &[b"{}", b"{}"]);
        for end in 0..bytes.len() {
            assert_eq!(Request::parse(&bytes[..end]).unwrap_err().code, INVALID_REQUEST, "cut at {end}");
        }
    }

    #[test]
    fn bytes_left_over_are_refused() {
        let mut bytes = request(b"", &[b"{}"]);
        bytes.push(0);
        assert_eq!(Request::parse(&bytes).unwrap_err().message, "1 bytes follow the last object");
    }

    #[test]
    fn an_impossible_count_allocates_nothing() {
        let mut bytes = request(b"", &[]);
        bytes[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(
            Request::parse(&bytes).unwrap_err().message,
            "4294967295 objects are announced, 0 would fit the request"
        );
    }

    #[test]
    fn results_are_laid_out_as_documented() {
        let mut output = Output::default();
        output.bytes.extend_from_slice(b"{\"_id\":\"a\"}{}");
        output.records.push(Record { dataset: 258, kind: RecordKind::Main, valid: false, span: 0..11 });
        output.records.push(Record { dataset: 6, kind: RecordKind::Tombstone, valid: true, span: 11..13 });
        let mut response = Response::start(3, 0).unwrap();
        response.done(&output).unwrap();
        output.clear();
        output.shed = 2;
        response.done(&output).unwrap();
        response.skipped("topup").unwrap();
        let expected: &[&[u8]] = &[
            &[3, 0, 0, 0],
            &[0, 2, 0, 0, 0],
            &[2, 1, 128, 11, 0, 0, 0],
            b"{\"_id\":\"a\"}",
            &[6, 0, 2, 2, 0, 0, 0],
            b"{}",
            &[0, 0, 0, 0],
            &[0, 0, 0, 0, 0, 10, 0, 0, 0],
            b"{\"shed\":2}",
            &[2, 0, 0, 0, 0, 16, 0, 0, 0],
            b"{\"type\":\"topup\"}",
        ];
        assert_eq!(response.finish().unwrap(), expected.concat());
    }
}
