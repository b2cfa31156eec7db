//! Data Access: what came of a batch, file by file.

use axum::body::Bytes;
use serde_json::{Value, json};

use super::{
    Lake, bad_request,
    batch::{Batch, State},
};
use crate::{
    json::compact,
    platform::{answer::Answer, world::Call},
};

/// Entries of a page, at most and when nothing is said.
const PAGE: usize = 100;

/// How long diagnostics are kept, in milliseconds.
const KEPT: u64 = 30 * 86_400_000;

/// Links name the gateway with its port, whatever address was asked.
const HOST: &str = "https://platform.adobe.io:443/data/foundation/export";

fn not_there(path: &str) -> Answer {
    Answer::not_found(format!("The path {path} is not found"))
}

fn octets(bytes: Bytes) -> Answer {
    Answer::bytes(200, "application/octet-stream", bytes)
}

/// What is asked of a batch or a file.
struct Question {
    path: Option<String>,
    start: usize,
    limit: usize,
}

impl Question {
    fn of(call: &Call) -> Result<Self, Answer> {
        let mut question = Self { path: None, start: 0, limit: PAGE };
        for (name, value) in call.parameters() {
            let number =
                || value.parse::<usize>().map_err(|_| bad_request(format!("{name} must be a whole number")));
            match name.as_str() {
                "path" => question.path = Some(value),
                "start" => question.start = number()?,
                "limit" => question.limit = number()?,
                other => return Err(bad_request(format!("{other} is not a parameter of this request"))),
            }
        }
        match question.limit {
            1..=PAGE => Ok(question),
            _ => Err(bad_request(format!("limit must be from 1 to {PAGE}"))),
        }
    }

    /// A page of entries; `below` is where the list stands.
    fn page(&self, entries: &[Value], below: &str) -> Answer {
        let page: Vec<&Value> = entries.iter().skip(self.start).take(self.limit).collect();
        let end = self.start.saturating_add(self.limit);
        let mut shown = json!({"data": page, "_page": {"limit": self.limit, "count": page.len()}});
        if end < entries.len() {
            let mark = if below.contains('?') { '&' } else { '?' };
            shown["_links"] = json!({
                "next": {"href": format!("{HOST}{below}{mark}start={end}&limit={}", self.limit)},
                "page": {"href": format!("{HOST}{below}{{{mark}start,limit}}"), "templated": true}});
        }
        Answer::ok(&shown)
    }
}

/// A file in a list. Its length is text, and slashes in its path are escaped.
fn entry(name: &str, length: usize, below: &str, path: &str) -> Value {
    let path: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
    json!({"name": name, "length": length.to_string(), "_links": {"self": {"href": format!("{HOST}{below}?path={path}")}}})
}

/// `GET /batches/{id}/meta`.
pub(super) fn meta(call: &Call, id: &str, lake: &Lake, now: u64) -> Result<Answer, Answer> {
    let batch = lake.found(id)?;
    let question = Question::of(call)?;
    let below = format!("/batches/{id}/meta");
    if batch.completed.is_some_and(|completed| now.saturating_sub(completed) > KEPT) {
        return Err(not_there("meta"));
    }
    let rows = &batch.outcome.row_errors;
    let inputs: Vec<(String, String)> = batch
        .files
        .iter()
        .enumerate()
        .map(|(number, (name, file))| {
            let size = file.whole().map_or(0, |content| content.length());
            (format!("input_files_{number}.json"), compact(&json!({"path": name, "size": size})))
        })
        .collect();
    let sample: String = batch.outcome.sample.iter().map(|row| compact(row) + "\n").collect();
    let path = question.path.as_deref().unwrap_or_default().trim_matches('/');
    match path.split_once('/').unwrap_or((path, "")) {
        ("", _) => {
            let mut entries = vec![entry("input_files", 0, &below, "input_files")];
            if !rows.is_empty() {
                entries.push(entry("row_errors", 0, &below, "row_errors"));
                entries.push(entry("row_errors_sample.json", sample.len(), &below, "row_errors_sample.json"));
            }
            Ok(question.page(&entries, &below))
        }
        ("row_errors", "") if !rows.is_empty() => {
            let entries: Vec<Value> = rows
                .iter()
                .map(|(name, bytes)| entry(name, bytes.len(), &below, &format!("row_errors/{name}")))
                .collect();
            Ok(question.page(&entries, &format!("{below}?path=row_errors")))
        }
        ("row_errors", name) => {
            let found = rows.iter().find(|(known, _)| known == name);
            found.map(|(_, bytes)| octets(bytes.clone())).ok_or_else(|| not_there(path))
        }
        ("input_files", "") => {
            let entries: Vec<Value> = inputs
                .iter()
                .map(|(name, text)| entry(name, text.len(), &below, &format!("input_files/{name}")))
                .collect();
            Ok(question.page(&entries, &format!("{below}?path=input_files")))
        }
        ("input_files", name) => {
            let found = inputs.into_iter().find(|(known, _)| known == name);
            found.map(|(_, text)| octets(text.into())).ok_or_else(|| not_there(path))
        }
        // Adobe's pages write the name in both ways.
        ("row_errors_sample.json" | "row_error_samples.json", "") if !sample.is_empty() => {
            Ok(octets(sample.into()))
        }
        _ => Err(not_there(path)),
    }
}

/// `GET /batches/{id}/failed`: the files of a batch that failed, as they were uploaded.
pub(super) fn failed(call: &Call, id: &str, lake: &Lake) -> Result<Answer, Answer> {
    let batch = lake.found(id)?;
    let question = Question::of(call)?;
    let below = format!("/batches/{id}/failed");
    if batch.state != State::Failed {
        return Ok(question.page(&[], &below));
    }
    if let Some(path) = &question.path {
        let content = batch.files.get(path).and_then(|file| file.whole()).ok_or_else(|| not_there(path))?;
        let bytes = content.bytes().map_err(|_| Answer::trouble(500))?;
        return Ok(octets(bytes.into()));
    }
    let whole = batch.files.iter().filter_map(|(name, file)| Some((name, file.whole()?.length())));
    let entries: Vec<Value> = whole
        .map(|(name, length)| entry(name, usize::try_from(length).unwrap_or(usize::MAX), &below, name))
        .collect();
    Ok(question.page(&entries, &below))
}

/// The one file that a batch that succeeded has written into its dataset.
fn file_id(batch: &Batch) -> Option<String> {
    (batch.state == State::Active).then(|| format!("{}-1", batch.id))
}

/// `GET /batches/{id}/files`: what a batch wrote into its dataset.
pub(super) fn files(call: &Call, id: &str, lake: &Lake) -> Result<Answer, Answer> {
    let batch = lake.found(id)?;
    let question = Question::of(call)?;
    let entries: Vec<Value> = file_id(batch)
        .map(|file| {
            let lines = lake.rows.lines(&batch.dataset, id);
            json!({"dataSetFileId": file, "dataSetViewId": batch.dataset, "version": "1.0.0",
                "created": batch.created.to_string(), "updated": batch.updated.to_string(),
                "records": lines.lines().count().to_string(), "size": lines.len().to_string(), "isValid": true,
                "_links": {"self": {"href": format!("{HOST}/files/{file}")}}})
        })
        .into_iter()
        .collect();
    Ok(question.page(&entries, &format!("/batches/{id}/files")))
}

/// `GET /files/{id}`: the parts of a dataset's file, or one of them. Adobe's are Parquet, these are JSON lines.
pub(super) fn file(call: &Call, file: &str, lake: &Lake) -> Result<Answer, Answer> {
    const PART: &str = "part-00000.json";
    let question = Question::of(call)?;
    let batch = file.strip_suffix("-1").and_then(|id| lake.batches.get(id));
    let batch = batch.filter(|batch| file_id(batch).is_some()).ok_or_else(|| not_there(file))?;
    let lines = lake.rows.lines(&batch.dataset, &batch.id);
    match question.path.as_deref() {
        None => {
            let below = format!("/files/{file}");
            Ok(question.page(&[entry(PART, lines.len(), &below, PART)], &below))
        }
        Some(PART) => Ok(octets(lines.into())),
        Some(path) => Err(not_there(path)),
    }
}
