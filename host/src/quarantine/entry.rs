//! One entry: what was kept back, why, and where it came from.

use crate::ledger::{Quarantined, RecordId, record_id};
use crate::module::{Call, Fate, Invalid, ObjectError, ObjectResult, RecordKind};
use crate::report::compact;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

/// The name under which whole objects are kept, in the place of a dataset's.
pub const OBJECTS: &str = "_objects";

/// Most reasons that are kept of one entry: what is wrong so often is wrong in the mapping.
const MAX_REASONS: usize = 100;

/// What is known of an entry besides the record and its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The dataset that the record belongs to; `_objects` for objects.
    pub dataset: String,
    /// What it is.
    pub kind: Kind,
    /// The record's `_id`, when it has one.
    #[serde(rename = "_id", default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The Stripe resource of the object; empty when it is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resource: String,
    /// The object's id, when it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The run that kept it back.
    pub run: String,
    /// SHA-256 of the module that found it wanting.
    pub module_sha256: String,
    /// What is wrong with it.
    pub reasons: Vec<Reason>,
    /// What a conversion depends on besides the object and the settings of the mapping.
    pub call: Surroundings,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The record of an object.
    Record,
    /// The record of an object that was only seen inside another one, which is the source.
    Embedded,
    /// An object that could not be converted.
    Object,
}

/// One thing that is wrong. Never holds a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Where in the record, as a JSON pointer; of objects the path or position in the object.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pointer: String,
    /// The rule that is broken; of objects the error's code.
    pub rule: String,
    /// What was found: its kind and length.
    #[serde(default, skip_serializing_if = "String::is_empty")]
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

/// What a conversion depends on besides the object and the settings of the mapping.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surroundings {
    /// The Stripe account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Live or test mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub livemode: Option<bool>,
    /// The Stripe API version of objects that do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// When the object was read, in epoch seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_at: Option<i64>,
    /// The resource of objects that do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
}

/// An object, and where it came from.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// Its text.
    pub text: &'a [u8],
    /// Its Stripe resource; empty when it is not known.
    pub resource: &'a str,
    /// Its id, when it is known.
    pub object: Option<&'a str>,
    /// The run that read it.
    pub run: &'a str,
    /// SHA-256 of the module.
    pub module_sha256: &'a str,
    /// What it is converted with.
    pub surroundings: &'a Surroundings,
}

impl Surroundings {
    /// The same, with what one call says.
    pub fn of_call(&self, call: &Call) -> Self {
        Self {
            api_version: call.api_version.clone().or_else(|| self.api_version.clone()),
            observed_at: call.observed_at.or(self.observed_at),
            resource: call.resource.clone().or_else(|| self.resource.clone()),
            ..self.clone()
        }
    }

    /// The call's part of it.
    pub fn call(&self) -> Call {
        Call {
            observed_at: self.observed_at,
            api_version: self.api_version.clone(),
            resource: self.resource.clone(),
        }
    }

    /// The settings' part of it.
    pub fn put_into(&self, settings: &mut serde_json::Map<String, serde_json::Value>) {
        let given = [
            ("account", self.account.as_deref().map(Into::into)),
            ("livemode", self.livemode.map(Into::into)),
            ("api_version", self.api_version.as_deref().map(Into::into)),
        ];
        settings.extend(given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
}

impl Origin<'_> {
    /// An entry for a record of the object: number `index` of its records.
    pub fn record(
        &self,
        dataset: &str,
        kind: RecordKind,
        index: usize,
        record: &[u8],
        result: &ObjectResult,
    ) -> Quarantined {
        let id = record_id(record);
        let mut reasons: Vec<Reason> = match &result.fate {
            Fate::Done(report) => {
                let of_record = report.invalid.iter().filter(|i| i.record as usize == index);
                of_record.map(Reason::from).collect()
            }
            _ => Vec::new(),
        };
        if reasons.is_empty() {
            reasons
                .push(Reason::new("unexplained", "the module calls the record invalid and does not say why"));
        }
        let embedded = kind == RecordKind::Embedded;
        let kind = if embedded { Kind::Embedded } else { Kind::Record };
        let mut entry = self.entry(dataset, kind, id.map(hex::encode), reasons);
        // Without an _id the object itself, and the record's place among its records, say which it is.
        entry.id = id.unwrap_or_else(|| {
            Sha256::new().chain_update(self.text).chain_update(index.to_le_bytes()).finalize().into()
        });
        entry.record = record.to_vec();
        entry
    }

    /// An entry for the object itself.
    pub fn failed(&self, id: RecordId, error: &ObjectError) -> Quarantined {
        let reason = Reason { pointer: error.path.clone(), ..Reason::new(&error.code, &error.message) };
        let object = self.object.or(error.id.as_deref());
        let resource = if self.resource.is_empty() { error.object.as_deref() } else { None };
        let origin = Origin { object, resource: resource.unwrap_or(self.resource), ..*self };
        Quarantined { id, ..origin.entry(OBJECTS, Kind::Object, None, vec![reason]) }
    }

    fn entry(&self, dataset: &str, kind: Kind, id: Option<String>, mut reasons: Vec<Reason>) -> Quarantined {
        reasons.truncate(MAX_REASONS);
        let about = About {
            dataset: dataset.to_owned(),
            kind,
            id,
            resource: self.resource.to_owned(),
            object: self.object.map(str::to_owned),
            run: self.run.to_owned(),
            module_sha256: self.module_sha256.to_owned(),
            reasons,
            call: self.surroundings.clone(),
        };
        Quarantined {
            dataset: dataset.to_owned(),
            embedded: kind == Kind::Embedded,
            seen: self.surroundings.observed_at.unwrap_or_default(),
            about: about.json(),
            source: self.text.to_vec(),
            ..Quarantined::default()
        }
    }
}

impl About {
    /// What the ledger keeps of an entry.
    pub fn of(entry: &Quarantined) -> Result<Self, serde_json::Error> {
        serde_json::from_str(&entry.about)
    }

    /// As the ledger keeps it.
    pub fn json(&self) -> String {
        // Only texts, numbers and lists: nothing that JSON cannot hold.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// When the source was read, for people.
    pub fn read_at(&self) -> String {
        let time = self.call.observed_at.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
        time.map(|time| time.to_string()).unwrap_or_default()
    }
}

/// An entry as one line of its file: what is known of it, the record, and the object it was made from
/// (`source_text` when that is not JSON).
pub(super) fn line(entry: &Quarantined) -> Result<Vec<u8>, serde_json::Error> {
    #[derive(Serialize)]
    struct Line<'a> {
        #[serde(flatten)]
        about: &'a About,
        read_at: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        record: Option<Box<RawValue>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        source: Option<Box<RawValue>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        source_text: Option<String>,
    }
    let about = About::of(entry)?;
    let source = raw(&entry.source);
    let source_text = source.is_none().then(|| String::from_utf8_lossy(&entry.source).into_owned());
    let read_at = about.read_at();
    serde_json::to_vec(&Line { about: &about, read_at, record: raw(&entry.record), source, source_text })
}

/// JSON on one line, every digit as it was; none when it is not JSON.
fn raw(json: &[u8]) -> Option<Box<RawValue>> {
    RawValue::from_string(compact(std::str::from_utf8(json).ok()?)).ok()
}

impl Reason {
    /// A reason that no place in the record goes with.
    pub fn new(rule: &str, message: &str) -> Self {
        let empty = String::new;
        Self {
            pointer: empty(),
            rule: rule.to_owned(),
            kind: empty(),
            message: message.to_owned(),
            destination: empty(),
            source: empty(),
        }
    }
}

impl From<&Invalid> for Reason {
    fn from(invalid: &Invalid) -> Self {
        let Invalid { pointer, rule, kind, message, destination, source, .. } = invalid.clone();
        Self { pointer, rule, kind, message, destination, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn origin<'a>(text: &'a [u8], surroundings: &'a Surroundings) -> Origin<'a> {
        let (object, run, module_sha256) = (Some("ch_1"), "r", "ab");
        Origin { text, resource: "charge", object, run, module_sha256, surroundings }
    }

    fn result(invalid: Value) -> ObjectResult {
        ObjectResult::done(serde_json::from_value(json!({ "invalid": invalid })).unwrap())
    }

    fn wrong(record: u32, pointer: &str) -> Value {
        json!({"record": record, "pointer": pointer, "rule": "pattern", "kind": "string", "message": "m"})
    }

    #[test]
    fn a_line_holds_the_reasons_of_its_record_and_the_source_with_every_digit() {
        let call =
            Surroundings { account: Some("acct_1".to_owned()), observed_at: Some(60), ..Default::default() };
        let id = "0a".repeat(32);
        let record = format!(r#"{{"_id":"{id}","a":1.50}}"#);
        let text = b"{\n  \"id\": \"ch_1\",\n  \"n\": 12345678901234567890.10, \"t\": \"a  b\\n\"\n}";
        let result = result(json!([wrong(0, "/other"), wrong(1, "/a")]));
        let entry = origin(text, &call).record("charges", RecordKind::Main, 1, record.as_bytes(), &result);
        assert_eq!((entry.id, entry.seen, entry.embedded), ([10; 32], 60, false));
        assert_eq!(entry.source, text);
        let line = String::from_utf8(line(&entry).unwrap()).unwrap();
        assert!(!line.contains('\n'), "{line}");
        assert!(line.ends_with(&format!(
            r#""read_at":"1970-01-01T00:01:00Z","record":{record},"source":{{"id":"ch_1","n":12345678901234567890.10,"t":"a  b\n"}}}}"#
        )), "{line}");
        let about: About = serde_json::from_str(&line).unwrap();
        assert_eq!(about.reasons.iter().map(|r| r.pointer.as_str()).collect::<Vec<_>>(), ["/a"]);
        assert_eq!(about.call, call);
    }

    #[test]
    fn records_without_an_id_are_told_apart_by_their_object() {
        let call = Surroundings::default();
        let result = result(json!([wrong(0, "")]));
        let entry = |text: &[u8]| origin(text, &call).record("d", RecordKind::Main, 0, b"{}", &result).id;
        assert_eq!(entry(b"1"), entry(b"1"));
        assert_ne!(entry(b"1"), entry(b"2"));
    }

    #[test]
    fn an_object_that_is_no_json_is_kept_as_text() {
        let call = Surroundings::default();
        let error = ObjectError::new("invalid_json", "what");
        let entry = origin(b"{\"a\" \xff", &call).failed([1; 32], &error);
        let line: Value = serde_json::from_slice(&line(&entry).unwrap()).unwrap();
        assert_eq!((&line["dataset"], &line["kind"]), (&json!("_objects"), &json!("object")));
        assert_eq!(line["reasons"], json!([{"rule": "invalid_json", "message": "what"}]));
        assert_eq!(line["source_text"], "{\"a\" \u{fffd}");
        assert!(line.get("source").is_none() && line.get("record").is_none());
    }
}
