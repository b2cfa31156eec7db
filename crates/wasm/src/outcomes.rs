//! The JSON that JavaScript sees for a batch: one outcome per object, records embedded untouched.
//!
//! ```text
//! [{"status":"done","records":[{"dataset":"…","kind":"main","record":{…}}],
//!   "warnings":[…],"unmapped":[…],"invalid":[…],"shed":0},
//!  {"status":"error","error":{"code":"…","message":"…"}},
//!  {"status":"skipped","type":"…"}]
//! ```
//!
//! A record that is not what its schema says has `"valid":false` before `record`, and `invalid` says why.

use crate::failure::{Failure, INTERNAL};
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;
use stripe_xdm_core::{ObjectError, Output, RecordKind, describe};

/// Writes the outcomes of a batch into one buffer.
#[derive(Debug)]
pub struct Outcomes {
    bytes: Vec<u8>,
}

impl Outcomes {
    /// Starts a batch.
    pub fn start() -> Self {
        Self { bytes: vec![b'['] }
    }

    /// Appends an object that yielded records.
    pub fn done(&mut self, output: &Output) -> Result<(), Failure> {
        self.open(r#"{"status":"done","records":["#);
        for (index, record) in output.records.iter().enumerate() {
            let bytes = output
                .bytes
                .get(record.span.clone())
                .ok_or_else(|| Failure::new(INTERNAL, "a record lies outside the output"))?;
            let dataset = dataset_name(record.dataset)?;
            self.raw(if index > 0 { r#",{"dataset":"# } else { r#"{"dataset":"# });
            self.json(dataset)?;
            self.raw(match record.kind {
                RecordKind::Main => r#","kind":"main""#,
                RecordKind::Embedded => r#","kind":"embedded""#,
                RecordKind::Tombstone => r#","kind":"tombstone""#,
            });
            self.raw(if record.valid { r#","record":"# } else { r#","valid":false,"record":"# });
            self.bytes.extend_from_slice(bytes);
            self.raw("}");
        }
        self.raw(r#"],"warnings":"#);
        self.json(&output.warnings)?;
        self.raw(r#","unmapped":"#);
        self.json(&output.unmapped)?;
        self.raw(r#","invalid":"#);
        self.json(&output.invalid)?;
        self.raw(r#","shed":"#);
        self.json(&output.shed)?;
        self.raw("}");
        Ok(())
    }

    /// Appends an object that failed.
    pub fn error(&mut self, error: &ObjectError) -> Result<(), Failure> {
        self.open(r#"{"status":"error","error":"#);
        self.json(error)?;
        self.raw("}");
        Ok(())
    }

    /// Appends a valid object that no model covers.
    pub fn skipped(&mut self, kind: &str) -> Result<(), Failure> {
        self.open(r#"{"status":"skipped","type":"#);
        self.json(kind)?;
        self.raw("}");
        Ok(())
    }

    /// The finished JSON.
    pub fn finish(mut self) -> Result<String, Failure> {
        self.raw("]");
        String::from_utf8(self.bytes).map_err(|_| Failure::new(INTERNAL, "a record is not valid UTF-8"))
    }

    fn open(&mut self, text: &str) {
        if self.bytes.len() > 1 {
            self.raw(",");
        }
        self.raw(text);
    }

    fn raw(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn json(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Failure> {
        serde_json::to_writer(&mut self.bytes, value).map_err(|e| Failure::new(INTERNAL, e.to_string()))
    }
}

/// The name of a dataset, from the core's own description: the order is written down once.
fn dataset_name(index: u16) -> Result<&'static str, Failure> {
    #[derive(Deserialize)]
    struct Description {
        datasets: Vec<Dataset>,
    }
    #[derive(Deserialize)]
    struct Dataset {
        name: String,
    }
    static NAMES: OnceLock<Vec<String>> = OnceLock::new();
    let names = NAMES.get_or_init(|| match serde_json::from_str::<Description>(&describe()) {
        Ok(description) => description.datasets.into_iter().map(|dataset| dataset.name).collect(),
        Err(_) => Vec::new(),
    });
    let name = names.get(usize::from(index));
    name.map(String::as_str).ok_or_else(|| Failure::new(INTERNAL, format!("dataset {index} has no name")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use stripe_xdm_core::{Invalid, Record};
    use xdm::check::Violation;

    #[test]
    fn outcomes_keep_their_order_and_form() {
        let mut outcomes = Outcomes::start();
        let mut output = Output { unmapped: vec!["a.b".to_owned()], shed: 3, ..Output::default() };
        outcomes.done(&output).unwrap();
        output.clear();
        output.bytes.extend_from_slice(b"{}");
        output.records.push(Record { dataset: 0, kind: RecordKind::Main, valid: false, span: 0..2 });
        output.invalid.push(Invalid {
            record: 0,
            violation: Violation {
                pointer: String::new(),
                rule: "empty".to_owned(),
                kind: "empty object".to_owned(),
                message: "mend it".to_owned(),
            },
            destination: String::new(),
            source: String::new(),
        });
        outcomes.done(&output).unwrap();
        outcomes.skipped("topup").unwrap();
        outcomes
            .error(&ObjectError {
                code: "missing_id".to_owned(),
                object: Some("charge".to_owned()),
                id: None,
                path: String::new(),
                message: "the object has no id".to_owned(),
            })
            .unwrap();
        assert_eq!(
            outcomes.finish().unwrap(),
            concat!(
                r#"[{"status":"done","records":[],"warnings":[],"unmapped":["a.b"],"invalid":[],"shed":3},"#,
                r#"{"status":"done","records":[{"dataset":"stripe_charge_events","kind":"main","#,
                r#""valid":false,"record":{}}],"warnings":[],"unmapped":[],"invalid":[{"record":0,"#,
                r#""pointer":"","rule":"empty","kind":"empty object","message":"mend it"}],"shed":0},"#,
                r#"{"status":"skipped","type":"topup"},"#,
                r#"{"status":"error","error":{"code":"missing_id","object":"charge","#,
                r#""message":"the object has no id"}}]"#
            )
        );
    }

    #[test]
    fn no_objects_make_an_empty_array() {
        assert_eq!(Outcomes::start().finish().unwrap(), "[]");
    }
}
