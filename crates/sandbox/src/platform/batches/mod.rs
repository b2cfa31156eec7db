//! Batch ingestion: `/data/foundation/import`, its read side in Catalog and `/data/foundation/export`, and what
//! became of the data.
//!
//! - `content`, `upload`: bytes and files, small and in parts.
//! - `batch`, `fate`: a batch with its states.
//! - `ingest`, `shape`, `parquet`: how its rows are taken, or not.
//! - `rows`, `profile`: what datasets and Profile hold afterwards.
//! - `catalog`, `export`: reading.

mod batch;
mod catalog;
mod content;
mod export;
mod fate;
mod ingest;
mod parquet;
mod profile;
mod rows;
mod shape;
mod upload;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use self::{batch::Batch, content::Content, rows::Rows, upload::Upload};
use crate::platform::{
    answer::Answer,
    options::{Ingestion, StateNames},
    tenant::{Ids, Stamp, Tenant},
    world::Call,
};

pub(in crate::platform) use self::{
    content::{NotTaken, Piece},
    upload::{MAX_PART, MAX_SMALL},
};
pub use self::{
    fate::Fate,
    profile::{PROFILE_BATCHES_A_DAY, ProfileIntake},
};

/// Longer addresses are refused.
const MAX_URL: usize = 2000;

/// The batches of a sandbox and their data. It is not part of the tenant, which is copied before each change.
#[derive(Debug)]
pub(super) struct Lake {
    ids: Ids,
    batches: BTreeMap<String, Batch>,
    rows: Rows,
    profile: ProfileIntake,
}

fn bad_request(detail: impl Into<String>) -> Answer {
    Answer::bad_request(detail)
}

impl Lake {
    pub(super) fn new(seed: u64, organization: &str, sandbox: &str) -> Self {
        let ids = Ids::new(seed ^ 0xba7c, organization, sandbox);
        Self { ids, batches: BTreeMap::new(), rows: Rows::default(), profile: ProfileIntake::default() }
    }

    fn found(&self, id: &str) -> Result<&Batch, Answer> {
        self.batches.get(id).ok_or_else(|| Answer::not_found(format!("The batch {id} is not found")))
    }

    /// All rows of a dataset, as JSON.
    pub(super) fn rows(&self, dataset: &str) -> Vec<Value> {
        self.rows.of(dataset).filter_map(|row| serde_json::from_str(row).ok()).collect()
    }

    /// Fields that rows had and their schema did not.
    pub(super) fn unknown_fields(&self, dataset: &str) -> Vec<String> {
        self.rows.unknown.get(dataset).into_iter().flatten().cloned().collect()
    }

    pub(super) fn profile(&self) -> ProfileIntake {
        self.profile.clone()
    }

    /// The batches of a dataset, oldest first.
    pub(super) fn batches(&self, dataset: &str, names: StateNames) -> Vec<Value> {
        let mut found: Vec<&Batch> = self.batches.values().filter(|batch| batch.dataset == dataset).collect();
        found.sort_by_key(|batch| (batch.created, batch.id.as_str()));
        found.into_iter().map(|batch| batch.shown(names)).collect()
    }

    /// The complete files of a batch, byte for byte.
    pub(super) fn files(&self, batch: &str) -> std::io::Result<Vec<(String, Vec<u8>)>> {
        let files = self.batches.get(batch).into_iter().flat_map(|batch| &batch.files);
        let whole = files.filter_map(|(name, file)| Some((name, file.whole()?)));
        whole.map(|(name, content)| Ok((name.clone(), content.bytes()?))).collect()
    }
}

/// The longest body of an upload; nothing when a request is none.
pub(super) fn upload_limit(method: &str, path: &str) -> Option<u64> {
    let is_file = path.starts_with("/data/foundation/import/batches/") && path.contains("/files/");
    match method {
        "PUT" if is_file => Some(MAX_SMALL),
        "PATCH" if is_file => Some(MAX_PART),
        _ => None,
    }
}

/// Whether a request completes a batch, and not only a file of it.
pub(super) fn completes(method: &str, path: &str, query: &str) -> bool {
    let rest = path.strip_prefix("/data/foundation/import/batches/");
    let is_batch = rest.is_some_and(|id| !id.trim_end_matches('/').contains('/'));
    method == "POST"
        && is_batch
        && form_urlencoded::parse(query.as_bytes())
            .any(|(name, value)| name == "action" && value == "COMPLETE")
}

/// Whether requests below a path are answered here.
pub(super) fn serves(path: &[&str]) -> bool {
    matches!(
        path,
        ["data", "foundation", "import" | "export", ..]
            | ["data", "foundation", "catalog", "batches" | "lastBatches", ..]
            | ["sandbox", "datasets", ..]
    )
}

/// Answers a request. Also says whether it changed anything.
pub(super) fn serve(
    call: &Call,
    path: &[&str],
    lake: &mut Lake,
    tenant: &Tenant,
    stamp: &Stamp,
    pace: &Ingestion,
) -> Result<(Answer, bool), Answer> {
    let names = pace.names;
    let read = |answer: Answer| (answer, false);
    match (call.method.as_str(), path) {
        (_, ["data", "foundation", "import", rest @ ..]) => import(call, rest, lake, tenant, stamp),
        ("GET", ["data", "foundation", "catalog", "batches", id]) => catalog::one(id, lake, names).map(read),
        ("GET", ["data", "foundation", "catalog", "batches"]) => catalog::list(call, lake, names).map(read),
        ("GET", ["data", "foundation", "catalog", "lastBatches"]) => {
            catalog::last(call, lake, names, &stamp.sandbox_id).map(read)
        }
        ("GET", ["data", "foundation", "export", "batches", id, "meta"]) => {
            export::meta(call, id, lake, stamp.now).map(read)
        }
        ("GET", ["data", "foundation", "export", "batches", id, "failed"]) => {
            export::failed(call, id, lake).map(read)
        }
        ("GET", ["data", "foundation", "export", "batches", id, "files"]) => {
            export::files(call, id, lake).map(read)
        }
        ("GET", ["data", "foundation", "export", "files", id]) => export::file(call, id, lake).map(read),
        ("GET", ["sandbox", "datasets", id, "rows"]) => rows_of(call, id, lake).map(read),
        (_, ["data", "foundation", "catalog", ..]) => Err(Answer::empty(405)),
        _ => Err(Answer::not_found("There is nothing at this path")),
    }
}

/// The sandbox's own: `GET /sandbox/datasets/{id}/rows`. Adobe has a query service for that.
fn rows_of(call: &Call, dataset: &str, lake: &Lake) -> Result<Answer, Answer> {
    let (mut start, mut limit) = (0, 1000);
    for (name, value) in call.parameters() {
        let number = value.parse().map_err(|_| bad_request(format!("{name} must be a whole number")))?;
        match name.as_str() {
            "start" => start = number,
            "limit" => limit = number,
            other => return Err(bad_request(format!("{other} is not a parameter of this list"))),
        }
    }
    let all = lake.rows.of(dataset).count();
    let page = lake.rows.of(dataset).skip(start).take(limit);
    let rows: Vec<Value> = page.filter_map(|row| serde_json::from_str(row).ok()).collect();
    Ok(Answer::ok(&json!({"count": all, "start": start, "rows": rows})))
}

fn import(
    call: &Call,
    path: &[&str],
    lake: &mut Lake,
    tenant: &Tenant,
    stamp: &Stamp,
) -> Result<(Answer, bool), Answer> {
    if call.path.len() + call.query.len() + 1 > MAX_URL {
        return Err(Answer::problem(414, "UriTooLong", "The URL has more than 2000 characters"));
    }
    let parameters = call.parameters();
    let action = parameters.iter().find(|(name, _)| name == "action").map_or("", |(_, value)| value.as_str());
    match (call.method.as_str(), path) {
        ("POST", ["batches"]) => {
            let body = call.json().map_err(Answer::bad_request)?;
            batch::create(body, lake, tenant, stamp).map(|answer| (answer, true))
        }
        ("POST", ["batches", id]) => {
            batch::act(id, action, call.fate, lake, stamp.now).map(|answer| (answer, true))
        }
        (method, ["batches", id, "datasets", dataset, "files", name @ ..]) if !name.is_empty() => {
            let name = name.join("/");
            let batch = lake
                .batches
                .get_mut(*id)
                .ok_or_else(|| Answer::not_found(format!("The batch {id} is not found")))?;
            if batch.dataset != *dataset {
                return Err(Answer::not_found(format!("The batch {id} is not of the dataset {dataset}")));
            }
            if method == "HEAD" {
                let file = batch.files.get(&name).ok_or_else(|| Answer::empty(404))?;
                let answer = Answer::empty(200);
                return Ok((
                    file.ranges().into_iter().fold(answer, |answer, range| answer.header("range", range)),
                    false,
                ));
            }
            if batch.state != batch::State::Loading {
                return Err(bad_request(format!("The batch {id} is not loading any more")));
            }
            file(call, action, &name, batch).map(|answer| (answer, true))
        }
        (_, ["batches", ..]) => Err(Answer::empty(405)),
        _ => Err(Answer::not_found("There is nothing at this path")),
    }
}

/// Changes a file of a batch.
fn file(call: &Call, action: &str, name: &str, batch: &mut Batch) -> Result<Answer, Answer> {
    if matches!(call.method.as_str(), "PUT" | "PATCH") {
        let kind = call.header("content-type").unwrap_or_default();
        if kind.split(';').next().unwrap_or_default().trim() != "application/octet-stream" {
            // Multipart forms among them.
            return Err(Answer::problem(
                415,
                "UnsupportedMediaType",
                "Content-Type must be application/octet-stream",
            ));
        }
    }
    let piece = || call.upload.clone().ok_or_else(|| bad_request("The request has no body"));
    let started =
        || Answer::not_found(format!("The file {name} was not begun: POST it with action=INITIALIZE"));
    match (call.method.as_str(), action) {
        ("PUT", _) => {
            let known = batch.files.insert(name.to_owned(), Upload::Whole(Content::of(vec![piece()?])));
            Ok(Answer::empty(if known.is_some() { 200 } else { 201 }))
        }
        ("POST", "INITIALIZE") => {
            batch.files.insert(name.to_owned(), Upload::started());
            Ok(Answer::empty(201))
        }
        ("POST", "COMPLETE") => batch.files.get_mut(name).ok_or_else(started)?.complete(name),
        ("POST", _) => Err(bad_request("action must be INITIALIZE or COMPLETE")),
        ("PATCH", _) => {
            let range = call.header("content-range");
            batch.files.get_mut(name).ok_or_else(started)?.add(name, range, piece()?)
        }
        _ => Err(Answer::empty(405)),
    }
}
