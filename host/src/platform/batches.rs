//! Batch ingestion: making a batch, its files, completing it; what Catalog says of it, and which rows were refused.

use super::client::{Answer, Ask, Form, Platform, pause};
use super::error::PlatformError;
use super::upload::Content;
use crate::ledger::Format;
use bytes::Bytes;
use reqwest::Method;
use serde_json::{Value, json};

const IMPORT: &str = "/data/foundation/import/batches";
const CATALOG: &str = "/data/foundation/catalog/batches";
const EXPORT: &str = "/data/foundation/export/batches";

/// Bytes up to which a file may go up in one request; the gateway takes 256 MB.
pub const LARGEST_REQUEST: u64 = 200_000_000;
/// Bytes of one range; Platform takes 512 MB, but what breaks off is made again.
const RANGE: u64 = 64 << 20;

/// Entries that one answer lists at most.
const PAGE: usize = 100;
/// Pages of one list that are read at most: a batch has one file of errors for each kind and part.
const MAX_PAGES: usize = 250;
/// Longest account of a batch's errors, in characters.
const LONGEST: usize = 600;

/// What Platform says of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its id.
    pub id: String,
    /// Its state in Platform's word.
    pub status: String,
    /// What its files are, when that is said.
    pub format: Option<Format>,
    /// Rows that were refused, when that is known.
    pub refused: u64,
    /// What went wrong, in Platform's words.
    pub errors: Option<String>,
}

/// What a state means for whoever waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It waits for files.
    Loading,
    /// Its rows are in the dataset.
    Active,
    /// None of its rows is, nor will be.
    Failed,
    /// Its rows were in the dataset and are not any more: somebody reverted it, or it expired.
    Gone,
    /// Still to be decided. So is every state that is not documented.
    Running,
}

impl Told {
    /// What its state means.
    pub fn health(&self) -> Health {
        match self.status.as_str() {
            "loading" => Health::Loading,
            "active" | "success" => Health::Active,
            "failed" | "failure" | "aborted" | "abandoned" => Health::Failed,
            "inactive" | "archived" | "retained" => Health::Gone,
            // Stalled, too: Platform has given up for now, but the rows may still come.
            _ => Health::Running,
        }
    }

    fn of(id: &str, batch: &Value) -> Self {
        let refused = batch.pointer("/metrics/failedRecordCount").and_then(Value::as_u64).unwrap_or_default();
        let status = batch.get("status").and_then(Value::as_str).unwrap_or_default();
        let status = status.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40).collect();
        let format = batch.pointer("/inputFormat/format").and_then(Value::as_str).and_then(Format::of);
        Self { id: id.to_owned(), status, format, refused, errors: errors(batch) }
    }
}

/// The errors of a batch on one line.
fn errors(batch: &Value) -> Option<String> {
    let told = batch.get("errors")?.as_array()?.iter().map(|error| {
        let text = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or_default();
        let rows = error.get("recordCount").and_then(Value::as_u64);
        let rows = rows.map(|rows| format!(" ({rows} rows)")).unwrap_or_default();
        format!("{} {}{rows}", text("code"), text("description").trim_end_matches('.')).trim().to_owned()
    });
    let told: Vec<String> = told.filter(|text| !text.is_empty()).take(20).collect();
    let told: String = told.join("; ").chars().take(LONGEST).collect();
    let told: String = told.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    Some(told).filter(|told| !told.is_empty())
}

impl Platform {
    /// Makes a batch, which takes the place of the rows of the one that it replays; gives its id.
    pub async fn create_batch(
        &self,
        dataset: &str,
        external_id: &str,
        format: Format,
        partial: u8,
        replays: Option<&str>,
    ) -> Result<String, PlatformError> {
        let input = match format {
            Format::JsonLines => json!({ "format": format.word(), "isMultiLineJson": false }),
            Format::Parquet => json!({ "format": format.word() }),
        };
        let mut body = json!({
            "datasetId": dataset,
            "externalId": external_id,
            "inputFormat": input,
            "enableErrorDiagnostics": true,
            "partialIngestionPercentage": partial,
        });
        if let Some(replayed) = replays {
            // Written with a dollar sign.
            body["replay"] = json!({ "predecessors": [format!("${replayed}")], "reason": "replace" });
        }
        let answer = self.ask(&Ask::send(Method::POST, IMPORT, &body)).await?;
        let id = answer.body.get("id").and_then(Value::as_str).filter(|id| is_id(id));
        id.map(str::to_owned).ok_or_else(|| answer.lacks("the answer names no batch"))
    }

    /// The batches of a dataset that are called so by us, newest first.
    pub async fn batches_called(&self, dataset: &str, external_id: &str) -> Result<Vec<Told>, PlatformError> {
        let mut ask = Ask::get(CATALOG, "application/json");
        ask.query = vec![
            ("externalId", external_id.to_owned()),
            ("dataSet", dataset.to_owned()),
            ("orderBy", "desc:created".to_owned()),
            ("limit", PAGE.to_string()),
        ];
        let answer = self.ask(&ask).await?;
        let all = answer.body.as_object().ok_or_else(|| answer.lacks("the answer holds no batches by id"))?;
        // Catalog's filters may give more than was asked for.
        let ours = all.iter().filter(|(id, batch)| {
            is_id(id)
                && batch.get("externalId").is_some_and(|known| known == external_id)
                && is_of(batch, dataset)
        });
        let mut ours: Vec<_> = ours.collect();
        // An object has no order of its own.
        ours.sort_by_key(|(_, batch)| std::cmp::Reverse(batch.get("created").and_then(Value::as_i64)));
        Ok(ours.into_iter().map(|(id, batch)| Told::of(id, batch)).collect())
    }

    /// What Catalog says of a batch; none when it does not know it, or not yet.
    pub async fn batch(&self, id: &str) -> Result<Option<Told>, PlatformError> {
        let answer = self.find(&Ask::get(format!("{CATALOG}/{id}"), "application/json")).await?;
        Ok(answer.and_then(|answer| answer.body.get(id).map(|batch| Told::of(id, batch))))
    }

    /// Uploads a file, in ranges when it is longer than the largest request; one of the same name is replaced. With
    /// `resume` a file that goes up in ranges goes on behind what is there, which must be of the same bytes.
    pub async fn put_file(
        &self,
        file: &FilePath<'_>,
        content: &Content,
        largest: u64,
        resume: bool,
    ) -> Result<(), PlatformError> {
        if content.len() <= largest {
            let slice = content.whole();
            return self.ask(&Ask::upload(Method::PUT, file.path(), &slice)).await.map(drop);
        }
        let (mut doubts, mut anew) = (0, false);
        let mut at = if resume { self.received(file, content).await? } else { None };
        loop {
            let before = at;
            let error = match self.put_ranges(file, content, largest.clamp(1, RANGE), &mut at).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            at = match &error {
                // What came may have gaps or be there twice, which only the end tells: once more from the beginning.
                PlatformError::Refused { status: 400 | 409, .. } if !anew => {
                    anew = true;
                    None
                }
                PlatformError::NoAnswer { .. } => {
                    doubts = if at > before { 1 } else { doubts + 1 };
                    if !pause(doubts, None).await {
                        return Err(error);
                    }
                    self.received(file, content).await?
                }
                _ => return Err(error),
            };
        }
    }

    /// Up to where a file has come that goes up in ranges; none when it is to be begun.
    async fn received(&self, file: &FilePath<'_>, content: &Content) -> Result<Option<u64>, PlatformError> {
        let there = self.file(file).await?;
        Ok(there.and_then(|there| there.received).filter(|received| *received <= content.len()))
    }

    /// The ranges of a file from `at` on, which moves with them.
    async fn put_ranges(
        &self,
        file: &FilePath<'_>,
        content: &Content,
        range: u64,
        at: &mut Option<u64>,
    ) -> Result<(), PlatformError> {
        let mut from = match *at {
            Some(from) => from,
            None => {
                self.ask(&Ask::act(file.path(), "INITIALIZE")).await?;
                0
            }
        };
        while from < content.len() {
            let slice = content.slice(from, from + range);
            self.ask(&Ask::upload(Method::PATCH, file.path(), &slice)).await?;
            from = (from + range).min(content.len());
            *at = Some(from);
        }
        self.ask(&Ask::act(file.path(), "COMPLETE")).await.map(drop)
    }

    /// What is there of a file: its length, and up to where its ranges have come. None when it is not there.
    pub async fn file(&self, file: &FilePath<'_>) -> Result<Option<There>, PlatformError> {
        let answer = self.find(&Ask::head(file.path())).await?;
        Ok(answer.map(|answer| There { length: answer.length, received: answer.received }))
    }

    /// Says that all files of a batch are there. It may be said again.
    pub async fn complete_batch(&self, id: &str) -> Result<(), PlatformError> {
        let ask = Ask { repeats: true, ..Ask::act(format!("{IMPORT}/{id}"), "COMPLETE") };
        self.ask(&ask).await.map(drop)
    }

    /// The names of the files that tell which rows of a batch were refused.
    pub async fn row_error_files(&self, id: &str) -> Result<Vec<String>, PlatformError> {
        let mut names: Vec<String> = Vec::new();
        for _ in 0..MAX_PAGES {
            let mut ask = Ask::get(format!("{EXPORT}/{id}/meta"), "application/json");
            ask.query = vec![("path", "row_errors".to_owned()), ("limit", PAGE.to_string())];
            if !names.is_empty() {
                ask.query.push(("start", names.len().to_string()));
            }
            let Some(answer) = self.find(&ask).await? else { return Ok(names) };
            let listed = listed(&answer)?;
            let (full, before) = (listed.len() >= PAGE, names.len());
            for name in listed {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            // A page that shows nothing new would be shown for ever.
            if !full || names.len() == before {
                return Ok(names);
            }
        }
        Err(PlatformError::Setup(format!(
            "batch {id}: the list of its errors has more than {MAX_PAGES} pages"
        )))
    }

    /// One of these files: JSON lines.
    pub async fn row_errors(&self, id: &str, name: &str) -> Result<Option<Bytes>, PlatformError> {
        let mut ask = Ask { form: Form::Raw, ..Ask::get(format!("{EXPORT}/{id}/meta"), "*/*") };
        ask.query = vec![("path", format!("row_errors/{name}"))];
        Ok(self.find(&ask).await?.map(|answer| answer.raw.freeze()))
    }
}

/// A file of a batch.
#[derive(Debug, Clone, Copy)]
pub struct FilePath<'a> {
    /// The batch's id.
    pub batch: &'a str,
    /// The dataset's id.
    pub dataset: &'a str,
    /// The file's name.
    pub name: &'a str,
}

impl FilePath<'_> {
    fn path(&self) -> String {
        format!("{IMPORT}/{}/datasets/{}/files/{}", self.batch, self.dataset, self.name)
    }
}

impl There {
    /// Whether all of a content is there, as far as that is said: nothing is known of the end of a file that came
    /// in ranges.
    pub fn is(&self, content: &Content, largest: u64) -> bool {
        self.length == Some(content.len()) && self.received.is_none() && content.len() <= largest
    }
}

/// What is there of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct There {
    /// How long it is, when that is said.
    pub length: Option<u64>,
    /// The first byte that has not come, of a file that comes in ranges.
    pub received: Option<u64>,
}

/// Whether a text can be one part of a path as it is.
pub(super) fn is_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !text.is_empty() && text.len() <= 100 && text.bytes().all(plain)
}

/// Whether a batch says nothing else than that it is of a dataset.
fn is_of(batch: &Value, dataset: &str) -> bool {
    let related = batch.get("relatedObjects").and_then(Value::as_array);
    let mut datasets = related.into_iter().flatten().filter(|object| {
        object.get("type").and_then(Value::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case("dataSet"))
    });
    datasets.all(|object| object.get("id").is_some_and(|id| id == dataset))
}

fn listed(answer: &Answer) -> Result<Vec<String>, PlatformError> {
    let data = answer.body.get("data").and_then(Value::as_array);
    let data = data.ok_or_else(|| answer.lacks("the answer holds no list of files"))?;
    let names = data.iter().filter_map(|file| file.get("name")?.as_str());
    Ok(names.map(|name| name.trim_start_matches("row_errors/").to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(batch: Value) -> Told {
        Told::of("b1", &batch)
    }

    #[test]
    fn every_state_means_something_and_unknown_ones_that_it_goes_on() {
        let health = |status: &str| told(json!({ "status": status })).health();
        assert_eq!(health("loading"), Health::Loading);
        for status in ["active", "success"] {
            assert_eq!(health(status), Health::Active, "{status}");
        }
        for status in ["failed", "failure", "aborted", "abandoned"] {
            assert_eq!(health(status), Health::Failed, "{status}");
        }
        for status in ["inactive", "archived", "retained"] {
            assert_eq!(health(status), Health::Gone, "{status}");
        }
        for status in ["loaded", "staging", "processing", "queued", "retrying", "stalled", "dreaming", ""] {
            assert_eq!(health(status), Health::Running, "{status}");
        }
    }

    #[test]
    fn errors_are_told_on_one_line() {
        let batch = json!({ "status": "success", "metrics": { "failedRecordCount": 5 }, "errors": [
            { "code": "INGEST-1401-400", "description": "Corrupt\nrow.", "recordCount": 2 },
            { "code": "106", "description": "" }, {},
        ]});
        let told = told(batch);
        assert_eq!(
            (told.refused, told.errors.as_deref()),
            (5, Some("INGEST-1401-400 Corrupt row (2 rows); 106"))
        );
        assert_eq!(Told::of("b", &json!({ "errors": [] })).errors, None);
    }

    #[test]
    fn a_batch_of_another_dataset_is_not_ours() {
        let of = |id: &str| json!({ "relatedObjects": [{ "type": "dataSet", "id": id }, { "type": "connection", "id": "c" }] });
        assert!(is_of(&of("d1"), "d1") && !is_of(&of("d2"), "d1") && is_of(&json!({}), "d1"));
    }
}
