//! Rows that Experience Platform refused, joined back to our records: by the record's id, or by its text when it has
//! none that can be read.

use super::DeliveryError;
use crate::ledger::{Quarantined, RecordId, record_id, row_key};
use crate::quarantine::{About, Kind, Reason, Surroundings};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Longest message of Platform's that is kept, in characters.
const LONGEST: usize = 400;
/// Most reasons that are kept of one row.
const MOST: usize = 20;

/// A refused row as Platform lists it.
#[derive(Debug)]
pub(super) struct Row {
    /// What is wrong with it.
    reasons: Vec<Reason>,
    /// Its members, as far as Platform could read it.
    members: Map<String, Value>,
    /// Its text, when Platform could not, or shows it so.
    text: Option<Vec<u8>>,
    /// Its line as Platform lists it.
    listed: Vec<u8>,
}

/// Reads a file of refused rows: JSON lines, each with `_errors`.
pub(super) fn read(lines: &[u8]) -> Vec<Row> {
    let lines =
        lines.split(|byte| *byte == b'\n').map(|line| line.trim_ascii()).filter(|line| !line.is_empty());
    lines.map(row).collect()
}

/// Why the rows of such a file were refused, one line a row, at most as many as asked for.
pub(crate) fn refusals(lines: &[u8], most: usize) -> Vec<String> {
    let rows = read(lines).into_iter().take(most);
    rows.map(|row| {
        let told = row.reasons.iter().map(|reason| match reason.pointer.as_str() {
            "" => reason.message.clone(),
            pointer => format!("{}: {}", pointer.trim_start_matches('/').replace('/', "."), reason.message),
        });
        told.collect::<Vec<_>>().join("; ")
    })
    .collect()
}

fn row(line: &[u8]) -> Row {
    let mut members = match serde_json::from_slice(line) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    };
    let errors = members.remove("_errors");
    members.remove("_filename");
    let text = match members.remove("_corrupt_record") {
        Some(Value::String(text)) => {
            if let Ok(Value::Object(inner)) = serde_json::from_str(&text) {
                members = inner;
            }
            Some(text.trim().as_bytes().to_vec())
        }
        Some(Value::Object(inner)) => {
            members = inner;
            None
        }
        _ => None,
    };
    let told = errors.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut reasons: Vec<Reason> = told.iter().take(MOST).map(reason).collect();
    if reasons.is_empty() {
        reasons.push(Reason::new("refused", "Experience Platform refused the row and does not say why"));
    }
    Row { reasons, members, text, listed: line.to_vec() }
}

fn reason(error: &Value) -> Reason {
    let text = |key: &str| match error.get(key) {
        Some(Value::String(text)) => text.chars().filter(|c| !c.is_control()).take(LONGEST).collect(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let code = text("code");
    let said = text("message");
    let said = if said.is_empty() { text("description") } else { said };
    let hint = match code.trim_start_matches("INGEST-").trim_end_matches("-400") {
        "1401" => ": the row is no JSON, or not of the schema's types",
        "1555" => ": a field that the schema requires is missing or null",
        _ => "",
    };
    let said = if said.is_empty() { "it does not say why".to_owned() } else { said };
    let message = format!("Experience Platform refused the row: {}{hint}", said.trim_end_matches('.'));
    // A column is written with dots.
    let column = text("column");
    let pointer = if column.is_empty() { column } else { format!("/{}", column.replace('.', "/")) };
    let rule = if code.is_empty() { "refused" } else { &code };
    Reason { pointer, ..Reason::new(rule, &message) }
}

impl Row {
    /// The record's id, when the row shows it. `key` is the name of the key of a relational dataset.
    fn id(&self, key: Option<&str>) -> Option<RecordId> {
        if let Some(id) = self.text.as_deref().and_then(record_id) {
            return Some(id);
        }
        let mut id = RecordId::default();
        if let Some(text) = self.members.get("_id").and_then(Value::as_str) {
            return hex::decode_to_slice(text, &mut id).ok().map(|()| id);
        }
        let key = key?;
        let member = format!("{}:{}", Value::from(key), self.members.get(key)?);
        Some(Sha256::digest(member).into())
    }
}

/// Entries of the quarantine for refused rows, with our records out of the files of the batch. When their objects
/// were read, the ledger knows.
pub(super) fn join(
    rows: Vec<Row>,
    files: &[PathBuf],
    dataset: &str,
    batch: &str,
) -> Result<Vec<Quarantined>, DeliveryError> {
    let key = match files.first() {
        Some(first) => key_name(first).map_err(|cause| DeliveryError::file(first, cause))?,
        None => None,
    };
    let mut by_id: HashMap<RecordId, Vec<usize>> = HashMap::new();
    let mut by_text: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (number, row) in rows.iter().enumerate() {
        match (row.id(key.as_deref()), &row.text) {
            (Some(id), _) => by_id.entry(id).or_default().push(number),
            (None, Some(text)) => by_text.entry(text).or_default().push(number),
            (None, None) => {}
        }
    }
    // Our record of each row, and whether it is the very text.
    let mut ours: Vec<Option<(Vec<u8>, bool)>> = vec![None; rows.len()];
    for path in files {
        let mut scan = || -> std::io::Result<()> {
            let (mut file, mut line) = (BufReader::with_capacity(256 << 10, File::open(path)?), Vec::new());
            loop {
                line.clear();
                if file.read_until(b'\n', &mut line)? == 0 {
                    return Ok(());
                }
                let text = line.trim_ascii_end();
                let of_id = record_id(text).and_then(|id| by_id.get(&id));
                for number in of_id.or_else(|| by_text.get(text)).into_iter().flatten() {
                    let exact = rows[*number].text.as_deref() == Some(text);
                    // A record may be there in several versions: without its text the newest is meant.
                    if exact || !ours[*number].as_ref().is_some_and(|known| known.1) {
                        ours[*number] = Some((text.to_vec(), exact));
                    }
                }
            }
        };
        scan().map_err(|cause| DeliveryError::file(path, cause))?;
    }
    drop((by_id, by_text));
    let entries = rows.into_iter().zip(ours).map(|(row, ours)| {
        let known = ours.is_some();
        let record = ours.map_or_else(|| row.text.unwrap_or(row.listed), |(record, _)| record);
        let id = record_id(&record);
        let mut reasons = row.reasons;
        if !known {
            let message = "no record of the batch is this row; it is kept as Experience Platform shows it";
            reasons.push(Reason::new("not_ours", message));
        }
        entry(dataset, batch, id, record, reasons)
    });
    Ok(entries.collect())
}

pub(super) fn entry(
    dataset: &str,
    batch: &str,
    id: Option<RecordId>,
    record: Vec<u8>,
    reasons: Vec<Reason>,
) -> Quarantined {
    let about = About {
        dataset: dataset.to_owned(),
        kind: Kind::Record,
        id: id.map(hex::encode),
        resource: String::new(),
        object: None,
        run: batch.to_owned(),
        module_sha256: String::new(),
        reasons,
        call: Surroundings::default(),
    };
    Quarantined {
        dataset: dataset.to_owned(),
        id: id.unwrap_or_else(|| Sha256::digest(&record).into()),
        about: about.json(),
        record,
        ..Quarantined::default()
    }
}

/// The name of the key that the rows of a relational dataset begin with.
fn key_name(file: &Path) -> std::io::Result<Option<String>> {
    let mut line = Vec::new();
    BufReader::new(File::open(file)?).read_until(b'\n', &mut line)?;
    let Some(key) = row_key(&line) else { return Ok(None) };
    let mut member = b"{".to_vec();
    member.extend_from_slice(key);
    member.push(b'}');
    let member: Option<Map<String, Value>> = serde_json::from_slice(&member).ok();
    Ok(member.and_then(|member| member.into_iter().next()).map(|(name, _)| name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn joined(lines: &[Value], ours: &[&str]) -> Vec<Quarantined> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jsonl");
        std::fs::write(&path, ours.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
        let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
        join(read(lines.as_bytes()), &[path], "charges", "b-1").unwrap()
    }

    fn record(id: u8, amount: u32) -> String {
        format!(r#"{{"_id":"{}","amount":{amount}}}"#, hex::encode([id; 32]))
    }

    #[test]
    fn a_row_is_joined_by_its_id_its_text_or_its_key() {
        let (old, new, other) = (record(1, 1), record(1, 2), record(2, 3));
        let errors = json!([{ "code": "1401", "message": "Corrupt row.", "column": "_acme.amount" }]);
        let corrupt = json!({ "_corrupt_record": old, "_errors": errors, "_filename": "part-00000.json" });
        let converted = json!({ "_id": hex::encode([2; 32]), "amount": "x", "_errors": errors });
        let kept = joined(&[corrupt, converted], &[&old, &new, &other]);
        // Of the versions of a record the one whose text is shown.
        assert_eq!(
            kept.iter().map(|k| k.record.as_slice()).collect::<Vec<_>>(),
            [old.as_bytes(), other.as_bytes()]
        );
        assert_eq!((kept[0].id, kept[0].dataset.as_str()), ([1; 32], "charges"));
        let about = About::of(&kept[0]).unwrap();
        assert_eq!(
            (about.reasons[0].rule.as_str(), about.reasons[0].pointer.as_str()),
            ("1401", "/_acme/amount")
        );
        assert!(about.reasons[0].message.starts_with("Experience Platform refused the row: Corrupt row: "));
        // Without the text the newest version.
        let by_id = json!({ "_id": hex::encode([1; 32]), "_errors": [] });
        assert_eq!(joined(&[by_id], &[&old, &new])[0].record, new.as_bytes());

        let row = r#"{"chargeID":"ch_1","lastModified":1700000000000,"_change_request_type":"u","amount":1}"#;
        let by_key = json!({ "amount": 1, "chargeID": "ch_1", "lastModified": 1_700_000_000_000_u64 });
        assert_eq!(joined(&[by_key], &[row])[0].record, row.as_bytes());
    }

    #[test]
    fn what_is_not_ours_is_kept_as_it_is_shown() {
        let kept =
            joined(&[json!({ "_corrupt_record": "{\"a\"", "_errors": [{ "code": 7 }] })], &[&record(1, 1)]);
        assert_eq!(kept[0].record, b"{\"a\"");
        let rules: Vec<_> = About::of(&kept[0]).unwrap().reasons.into_iter().map(|r| r.rule).collect();
        assert_eq!(rules, ["7", "not_ours"]);
        assert_eq!(read(b"no json\n\n").len(), 1);
    }
}
