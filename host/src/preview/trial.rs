//! The dry run: the last objects of a resource go through the module twice, under the mapping of the settings and under
//! it with the page's changes, and nothing is kept. What is found is told while it goes on, a line of JSON each.

use super::account::Account;
use super::compare::Differences;
use super::latest::Object;
use super::outcomes::{Counted, Outcomes, Side};
use crate::module::{Call, Module, Worker, WorkerError};
use crate::stripe::{ApiError, Resource};
use crate::sync::SyncError;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;

/// Most objects of one run.
pub(super) const MOST: u32 = 10_000;
/// Most models that the page may have changed.
const MODELS: usize = 100;
/// Objects between two reports.
const STEP: usize = 100;

/// What is to be tried.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    /// The account by its name, when there are several.
    pub(super) account: Option<String>,
    pub(super) resource: String,
    /// How many of the newest objects.
    pub(super) last: u32,
    /// The changes, as the settings' `models` have them.
    #[serde(default)]
    pub(super) models: Vec<Value>,
}

/// Why it ended before its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum TrialError {
    #[error(transparent)]
    Stripe(Box<ApiError>),
    #[error(transparent)]
    Account(#[from] SyncError),
    #[error("the mapping of the settings cannot be used: {0}")]
    Before(WorkerError),
    #[error("the changes cannot be used: {0}")]
    After(WorkerError),
    #[error("the module cannot go on: {0}")]
    Module(#[from] WorkerError),
    #[error("the dry run took longer than {} s; try fewer objects", .0.as_secs())]
    TooLong(Duration),
    #[error("the dry run broke off; try again")]
    Broken,
}

impl From<ApiError> for TrialError {
    fn from(error: ApiError) -> Self {
        Self::Stripe(Box::new(error))
    }
}

impl TrialError {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Stripe(_) | Self::Account(_) => "stripe",
            Self::Before(_) => "settings",
            Self::After(_) => "mapping",
            Self::Module(_) | Self::Broken => "module",
            Self::TooLong(_) => "timeout",
        }
    }
}

impl Question {
    /// What is wrong with it, in words.
    pub(super) fn problem(&self) -> Option<String> {
        if !(1..=MOST).contains(&self.last) {
            return Some(format!("last: expected a number of objects from 1 to {MOST}"));
        }
        if self.models.len() > MODELS {
            return Some(format!("models: expected at most {MODELS}"));
        }
        None
    }
}

/// The last line.
#[derive(Serialize)]
struct End<'a> {
    found: Found<'a>,
}

#[derive(Serialize)]
struct Found<'a> {
    objects: usize,
    counted: Counted<'a>,
    /// None when nothing was changed.
    differences: Option<&'a Differences>,
}

/// Both mappings at work.
struct Pair {
    before: Worker,
    /// None when nothing was changed.
    after: Option<Worker>,
    outcomes: Outcomes,
    differences: Differences,
}

impl Pair {
    fn open(
        module: &Module,
        mut settings: Map<String, Value>,
        models: Vec<Value>,
    ) -> Result<Self, TrialError> {
        let text = |settings: &Map<String, Value>| serde_json::to_vec(settings).unwrap_or_default();
        let before = Worker::open(module, &text(&settings)).map_err(TrialError::Before)?;
        let mut after = None;
        if !models.is_empty() {
            // They lie over those of the settings, as the page has it.
            if let Value::Array(all) = settings.entry("models").or_insert_with(|| json!([])) {
                all.extend(models);
            }
            after = Some(Worker::open(module, &text(&settings)).map_err(TrialError::After)?);
        }
        Ok(Self { before, after, outcomes: Outcomes::default(), differences: Differences::default() })
    }

    fn take(mut self, module: &Module, call: &Call, objects: &[Object]) -> Result<Self, TrialError> {
        let texts: Vec<&[u8]> = objects.iter().map(|(_, text)| text.as_slice()).collect();
        let before = self.before.transform(call, &texts)?;
        let changed = self.after.as_mut().map(|worker| worker.transform(call, &texts)).transpose()?;
        let after = changed.as_ref().unwrap_or(&before);
        for (((id, _), old), new) in objects.iter().zip(before.objects()).zip(after.objects()) {
            self.outcomes.note(Side::Before, id, old, &before);
            self.outcomes.note(Side::After, id, new, after);
            if changed.is_some() {
                self.differences.note(module, id, (&before, old), (after, new));
            }
        }
        Ok(self)
    }
}

/// Runs it and tells what it finds. Ends early when nobody listens any more.
pub(super) async fn run(
    module: Module,
    account: &Account,
    resource: Resource,
    question: Question,
    within: Duration,
    told: mpsc::Sender<Bytes>,
) {
    let attempt = attempt(module, account, resource, question, &told);
    let ended = tokio::select! {
        () = told.closed() => return,
        ended = tokio::time::timeout(within, attempt) => ended,
    };
    let end = match ended.unwrap_or(Err(TrialError::TooLong(within))) {
        Ok(found) => found,
        Err(error) => line(&json!({ "error": { "code": error.code(), "message": error.to_string() } })),
    };
    // Nobody may be there to hear it.
    let _heard = told.send(end).await;
}

/// What was found, as the last line.
async fn attempt(
    module: Module,
    account: &Account,
    resource: Resource,
    question: Question,
    told: &mpsc::Sender<Bytes>,
) -> Result<Bytes, TrialError> {
    let settings = account.settings().await?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
    let call = Arc::new(Call { observed_at: Some(now), ..Call::default() });
    let (models, of) = (question.models, question.last as usize);
    let opened = module.clone();
    let mut pair = apart(move || Pair::open(&opened, settings, models)).await??;
    let mut latest = account.latest(resource, of);
    let mut done = 0;
    loop {
        let objects = latest.some(STEP).await?;
        if objects.is_empty() {
            break;
        }
        done += objects.len();
        let (module, call) = (module.clone(), call.clone());
        pair = apart(move || pair.take(&module, &call, &objects)).await??;
        let progress = json!({ "progress": { "objects": done, "of": of } });
        // Whether anybody hears it is the caller's to see.
        let _heard = told.send(line(&progress)).await;
    }
    let differences = pair.after.as_ref().map(|_| &pair.differences);
    let found = Found { objects: done, counted: pair.outcomes.told(), differences };
    Ok(line(&End { found }))
}

/// Does what takes long beside the thread that answers.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, TrialError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| TrialError::Broken)
}

fn line(value: &impl Serialize) -> Bytes {
    // Written as it is, not by way of a tree: examples keep their numbers.
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    line.into()
}
