//! A batch: what it was made with, its state, its files.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Lake, bad_request, fate::Fate, ingest::Outcome, upload::Upload};
use crate::platform::{
    answer::Answer,
    options::{Ingestion, StateNames},
    tenant::{Stamp, Tenant},
};

/// Where a batch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Loading,
    Loaded,
    Staging,
    /// A state that no page of Adobe's names.
    Odd,
    Retrying,
    Stalled,
    Active,
    Failed,
    Aborted,
    Abandoned,
    Inactive,
    Deleted,
}

impl State {
    /// The platform has two names for the two ends.
    pub(super) fn name(self, names: StateNames) -> &'static str {
        match (self, names) {
            (Self::Loading, _) => "loading",
            (Self::Loaded, _) => "loaded",
            (Self::Staging, _) => "staging",
            (Self::Odd, _) => "promoting",
            (Self::Retrying, _) => "retrying",
            (Self::Stalled, _) => "stalled",
            (Self::Active, StateNames::Catalog) => "success",
            (Self::Active, StateNames::Ingestion) => "active",
            (Self::Failed, StateNames::Catalog) => "failure",
            (Self::Failed, StateNames::Ingestion) => "failed",
            (Self::Aborted, _) => "aborted",
            (Self::Abandoned, _) => "abandoned",
            (Self::Inactive, _) => "inactive",
            (Self::Deleted, _) => "deleted",
        }
    }

    pub(super) fn has_name(self, name: &str) -> bool {
        [StateNames::Catalog, StateNames::Ingestion].into_iter().any(|names| self.name(names) == name)
    }

    /// Whether it was completed and is not yet at an end.
    pub(super) fn is_under_way(self) -> bool {
        matches!(self, Self::Loaded | Self::Staging | Self::Odd | Self::Retrying)
    }
}

/// How the files of a batch are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Lines,
    /// One array of objects over many lines.
    Array,
    Parquet,
}

#[derive(Debug, Clone)]
pub(super) struct Batch {
    pub(super) id: String,
    pub(super) dataset: String,
    pub(super) external_id: String,
    pub(super) format: Format,
    pub(super) diagnostics: bool,
    /// At most how many rows of a hundred may fail; all or nothing when absent.
    pub(super) percent: Option<f64>,
    /// Ids of the batches in whose place it comes.
    pub(super) predecessors: Vec<String>,
    /// What the client said, as it is shown again.
    input_format: Value,
    replay: Option<Value>,
    tags: Map<String, Value>,
    pub(super) files: BTreeMap<String, Upload>,
    pub(super) state: State,
    pub(super) fate: Fate,
    /// When it came into its state.
    pub(super) since: u64,
    /// How often it was looked at in this state.
    pub(super) looks: u32,
    changes: u64,
    pub(super) created: u64,
    pub(super) updated: u64,
    pub(super) started: Option<u64>,
    pub(super) completed: Option<u64>,
    pub(super) outcome: Outcome,
    organization: String,
    client: String,
}

impl Batch {
    pub(super) fn enter(&mut self, state: State, at: u64) {
        self.state = state;
        self.since = at;
        self.looks = 0;
        self.updated = self.updated.max(at);
        self.changes += 1;
        match state {
            State::Staging if self.started.is_none() => self.started = Some(at),
            State::Active | State::Failed | State::Aborted | State::Abandoned => self.completed = Some(at),
            _ => {}
        }
    }

    /// Whether it is time for the next state.
    pub(super) fn is_due(&self, now: u64, pace: &Ingestion) -> bool {
        let step = u64::try_from(pace.step.as_millis()).unwrap_or(u64::MAX);
        now.saturating_sub(self.since) >= step || (pace.looks > 0 && self.looks >= pace.looks)
    }

    pub(super) fn shown(&self, names: StateNames) -> Value {
        let mut tags = self.tags.clone();
        // These two alone are no arrays of text.
        tags.insert("acp_enableErrorDiagnostics".to_owned(), json!(self.diagnostics));
        if let Some(percent) = self.percent {
            tags.insert("acp_partialIngestionPercent".to_owned(), written(percent));
        }
        let user = format!("{}@techacct.adobe.com", self.client);
        let mut shown = json!({
            "id": self.id,
            "externalId": self.external_id,
            "imsOrg": self.organization,
            "status": self.state.name(names),
            "created": self.created,
            "updated": self.updated,
            "createdClient": self.client,
            "createdUser": user,
            "updatedUser": user,
            "version": format!("1.0.{}", self.changes),
            "inputFormat": self.input_format,
            "relatedObjects": [{"type": "dataSet", "id": self.dataset}],
            "tags": tags,
        });
        let optional = [
            ("started", self.started.map(Value::from)),
            ("completed", self.completed.map(Value::from)),
            ("replay", self.replay.clone()),
            ("errors", (!self.outcome.errors.is_empty()).then(|| json!(self.outcome.errors))),
            ("metrics", self.outcome.metrics.clone()),
        ];
        if let Value::Object(shown) = &mut shown {
            shown.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        }
        shown
    }
}

/// `POST /batches`.
pub(super) fn create(body: Value, lake: &mut Lake, tenant: &Tenant, stamp: &Stamp) -> Result<Answer, Answer> {
    let text = |key: &str| body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let dataset = text("datasetId").ok_or_else(|| bad_request("datasetId is required"))?;
    if !tenant.catalog.datasets.contains_key(dataset) {
        return Err(bad_request(format!("The dataset {dataset} does not exist")));
    }
    let input_format =
        body.get("inputFormat").cloned().ok_or_else(|| bad_request("inputFormat is required"))?;
    let format = input_format.get("format").and_then(Value::as_str).unwrap_or_default();
    let array = optional(&input_format, "isMultiLineJson", Value::as_bool, "true or false")?;
    let format = match (format.to_ascii_lowercase().as_str(), array.unwrap_or(false)) {
        ("json", false) => Format::Lines,
        ("json", true) => Format::Array,
        ("parquet", false) => Format::Parquet,
        ("parquet", true) => return Err(bad_request("isMultiLineJson is for the format json only")),
        _ => return Err(bad_request("inputFormat.format must be json or parquet; csv is not served here")),
    };
    let diagnostics = optional(&body, "enableErrorDiagnostics", Value::as_bool, "true or false")?;
    let percent = optional(&body, "partialIngestionPercentage", Value::as_f64, "a number")?;
    if percent.is_some_and(|percent| !(0.0..=100.0).contains(&percent)) {
        return Err(bad_request("partialIngestionPercentage must be from 0 to 100"));
    }
    let tags = optional(&body, "tags", |tags| tags.as_object().cloned(), "an object of arrays of text")?;
    let tags = tags.unwrap_or_default();
    let texts = |value: &Value| value.as_array().is_some_and(|items| items.iter().all(Value::is_string));
    if !tags.values().all(texts) {
        return Err(bad_request("tags must be an object of arrays of text"));
    }
    let predecessors = predecessors(&body, dataset, lake)?;
    let id = format!("01{}", lake.ids.hex(24).to_ascii_uppercase());
    let batch = Batch {
        external_id: text("externalId").unwrap_or(&id).to_owned(),
        dataset: dataset.to_owned(),
        format,
        diagnostics: diagnostics.unwrap_or(false),
        percent,
        predecessors,
        input_format,
        replay: body.get("replay").cloned(),
        tags,
        files: BTreeMap::new(),
        state: State::Loading,
        fate: Fate::Good,
        since: stamp.now,
        looks: 0,
        changes: 0,
        created: stamp.now,
        updated: stamp.now,
        started: None,
        completed: None,
        outcome: Outcome::default(),
        organization: stamp.organization.clone(),
        client: stamp.client.clone(),
        id: id.clone(),
    };
    let answer = Answer::json(201, &batch.shown(StateNames::Ingestion));
    lake.batches.insert(id, batch);
    Ok(answer)
}

/// As it was most likely sent: 5, not 5.0.
fn written(percent: f64) -> Value {
    if percent.fract() == 0.0 { json!(percent as u64) } else { json!(percent) }
}

fn optional<T>(
    body: &Value,
    key: &str,
    read: impl Fn(&Value) -> Option<T>,
    what: &str,
) -> Result<Option<T>, Answer> {
    match body.get(key) {
        None => Ok(None),
        Some(value) => read(value).map(Some).ok_or_else(|| bad_request(format!("{key} must be {what}"))),
    }
}

/// The batches that a replay names, by id or external id, each with a dollar sign before it.
fn predecessors(body: &Value, dataset: &str, lake: &Lake) -> Result<Vec<String>, Answer> {
    let Some(replay) = body.get("replay") else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for key in ["predecessors", "predecessorsByExternalId"] {
        let Some(names) = replay.get(key) else { continue };
        let names = names.as_array().ok_or_else(|| bad_request(format!("replay.{key} must be an array")))?;
        for name in names {
            let name = name.as_str().and_then(|name| name.strip_prefix('$'));
            let name = name.ok_or_else(|| {
                bad_request(format!(
                    "replay.{key}: each id must be text with a $ before it, for example $01ABC"
                ))
            })?;
            let known: Vec<&Batch> = lake
                .batches
                .values()
                .filter(
                    |batch| if key == "predecessors" { batch.id == name } else { batch.external_id == name },
                )
                .filter(|batch| batch.dataset == dataset)
                .collect();
            if known.is_empty() {
                return Err(bad_request(format!("replay.{key}: the dataset has no batch {name}")));
            }
            found.extend(known.into_iter().map(|batch| batch.id.clone()));
        }
    }
    Ok(found)
}

/// `POST /batches/{id}?action=…`.
pub(super) fn act(
    id: &str,
    action: &str,
    fate: Option<Fate>,
    lake: &mut Lake,
    now: u64,
) -> Result<Answer, Answer> {
    let batch =
        lake.batches.get_mut(id).ok_or_else(|| Answer::not_found(format!("The batch {id} is not found")))?;
    let state = batch.state;
    let refuse = || {
        Err(bad_request(format!(
            "The batch {id} is {}: {action} is too late",
            state.name(StateNames::Ingestion)
        )))
    };
    match (action, state) {
        ("COMPLETE", State::Loading) => {
            if let Some((name, _)) = batch.files.iter().find(|(_, file)| file.whole().is_none()) {
                return Err(bad_request(format!("The file {name} is not complete")));
            }
            batch.fate = fate.unwrap_or_default();
            batch.enter(State::Loaded, now);
        }
        // To say it again changes nothing.
        ("COMPLETE", State::Active | State::Failed | State::Stalled) => {}
        ("COMPLETE", state) if state.is_under_way() => {}
        ("ABORT", State::Loading) => batch.enter(State::Aborted, now),
        ("ABORT", state) if state.is_under_way() => batch.enter(State::Aborted, now),
        ("FAIL", State::Loading) => batch.enter(State::Failed, now),
        ("REVERT", State::Active | State::Failed | State::Stalled) => {
            batch.enter(State::Inactive, now);
            let id = batch.id.clone();
            lake.rows.remove(&id);
        }
        ("REVERT", State::Inactive | State::Deleted) => {}
        ("COMPLETE" | "ABORT" | "FAIL" | "REVERT", _) => return refuse(),
        _ => return Err(bad_request("action must be COMPLETE, ABORT, FAIL or REVERT")),
    }
    let shown = lake.batches.get(id).map(|batch| batch.shown(StateNames::Ingestion));
    Ok(Answer::ok(&shown.unwrap_or_default()))
}
