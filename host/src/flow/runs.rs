//! What flows have done, in words.

use crate::delivery::refusals;
use crate::platform::{FlowItem, FlowKind, Platform, PlatformError};
use serde_json::Value;

/// Longest message that is passed on, in characters.
const LONGEST: usize = 400;
/// Most errors of one run.
const MOST_ERRORS: usize = 20;
/// Most files of refused rows that are read for one batch: the first has examples enough.
const MOST_FILES: usize = 2;

/// How a run went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// It goes on, or waits.
    Running,
    /// All of its records are in the dataset.
    Good,
    /// Some are not.
    Partly,
    /// None is.
    Failed,
}

/// A run.
#[derive(Debug, Clone)]
pub struct RunTold {
    /// Its id.
    pub id: String,
    /// When it began, in epoch seconds.
    pub started: Option<i64>,
    /// When it ended.
    pub ended: Option<i64>,
    /// Its state in Adobe's word.
    pub status: String,
    /// How it went: a state alone does not tell, a run is a success with failed records, too.
    pub meaning: Meaning,
    /// The time that its records were created in, in epoch seconds, as far as that is told.
    pub window: Option<(i64, i64)>,
    /// Records that it read; none as long as that is not told.
    pub read: Option<u64>,
    /// Records that it wrote.
    pub written: Option<u64>,
    /// Records that failed.
    pub failed: Option<u64>,
    /// Bytes that it wrote.
    pub bytes: Option<u64>,
    /// What went wrong: code, message, and how many records when that is told.
    pub errors: Vec<(String, String, Option<u64>)>,
    /// The batches that it wrote.
    pub batches: Vec<String>,
}

/// The last runs of a flow, newest first.
pub async fn runs(platform: &Platform, flow: &str, most: usize) -> Result<Vec<RunTold>, PlatformError> {
    let of_flow = [format!("flowId=={flow}")];
    let found = platform.newest_flow_items(FlowKind::Run, &of_flow, most).await?;
    // The filter may give more than was asked for.
    Ok(found.iter().filter(|run| run.text("/flowId") == flow).map(RunTold::of).collect())
}

/// Why rows of a batch were refused, one line a row; empty when Platform does not list any, or not any more: it keeps
/// them for 30 days.
pub async fn failed_rows(
    platform: &Platform,
    batch: &str,
    most: usize,
) -> Result<Vec<String>, PlatformError> {
    let mut told = Vec::new();
    for name in platform.row_error_files(batch).await?.iter().take(MOST_FILES) {
        if let Some(lines) = platform.row_errors(batch, name).await? {
            told.extend(refusals(&lines, most.saturating_sub(told.len())));
        }
        if told.len() >= most {
            break;
        }
    }
    Ok(told)
}

impl RunTold {
    fn of(run: &FlowItem) -> Self {
        let number = |at: &str| run.body.pointer(at).and_then(Value::as_u64);
        let seconds = |at: &str| number(at).and_then(|ms| i64::try_from(ms / 1000).ok());
        let activities = run.body.get("activities").and_then(Value::as_array).map(Vec::as_slice);
        let activities = activities.unwrap_or_default();
        let status = plain(run.text("/metrics/statusSummary/status"), 40).to_ascii_lowercase();
        let read = number("/metrics/recordSummary/inputRecordCount");
        let failed = number("/metrics/recordSummary/failedRecordCount");
        let written = number("/metrics/recordSummary/outputRecordCount");
        let window = activities.iter().find_map(|activity| {
            let at = |name: &str| {
                let ms = activity.pointer(&format!("/durationSummary/extensions/{name}"))?.as_i64()?;
                Some(ms / 1000)
            };
            Some((at("windowStart")?, at("windowEnd")?))
        });
        let batches = activities.iter().flat_map(|activity| {
            let targets = activity.get("targetInfo").and_then(Value::as_array).into_iter().flatten();
            targets.flat_map(|target| {
                let ids = target.pointer("/reference/ids").and_then(Value::as_array);
                ids.into_iter().flatten().filter_map(|id| id.as_str().map(str::to_owned))
            })
        });
        Self {
            id: run.id.clone(),
            started: seconds("/metrics/durationSummary/startedAtUTC").or_else(|| seconds("/createdAt")),
            ended: seconds("/metrics/durationSummary/completedAtUTC"),
            meaning: state(&status, failed.unwrap_or_default(), written.unwrap_or_default()),
            status,
            window,
            read,
            written,
            failed,
            bytes: number("/metrics/sizeSummary/outputBytes"),
            errors: errors(run, activities),
            batches: batches.collect(),
        }
    }
}

/// What a state means; one that is not documented means that the run goes on.
fn state(status: &str, failed: u64, written: u64) -> Meaning {
    match (status, failed) {
        ("success" | "completed", 0) => Meaning::Good,
        // Nothing is left of it.
        ("success" | "completed" | "partial_success" | "partial_failure", 1..) if written == 0 => {
            Meaning::Failed
        }
        ("success" | "completed" | "partial_success" | "partial_failure", _) => Meaning::Partly,
        ("failed", _) => Meaning::Failed,
        _ => Meaning::Running,
    }
}

/// The errors of the run and of its activities, each once.
fn errors(run: &FlowItem, activities: &[Value]) -> Vec<(String, String, Option<u64>)> {
    let of_run = run.body.pointer("/metrics/statusSummary/errors");
    let of_activities = activities.iter().flat_map(|activity| {
        ["/statusSummary/errors", "/statusSummary/extensions/errors"].map(|at| activity.pointer(at))
    });
    let mut told: Vec<(String, String, Option<u64>)> = Vec::new();
    // What an activity says of an error is more than what the run says of it.
    for error in of_activities.chain([of_run]).flatten().filter_map(Value::as_array).flatten() {
        let text = |key: &str| plain(error.get(key).and_then(Value::as_str).unwrap_or_default(), LONGEST);
        let (code, message) = (text("code"), text("message"));
        if !told.iter().any(|(known, _, _)| *known == code) && told.len() < MOST_ERRORS {
            told.push((code, message, error.get("recordCount").and_then(Value::as_u64)));
        }
    }
    told
}

/// What comes from elsewhere writes no lines of its own.
fn plain(text: &str, most: usize) -> String {
    let text = text.trim().trim_end_matches('.');
    text.chars().take(most).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// What an error code means and what to do, where that is known.
pub fn meaning(code: &str) -> Option<&'static str> {
    let service = code.split('-').next().unwrap_or_default();
    Some(match code.trim_end_matches("-400") {
        "INGEST-1212" => "rows were left out when the batch was written: the lines below say why",
        "INGEST-1401" => "a row is no JSON, or not of the schema's types",
        "INGEST-1555" => "a field that the schema requires is missing or null: see which mapping writes it",
        "MAPPER-3700" => {
            "a mapping gave nothing usable for a record: look at it with `stripe-xdm mapping preview` and the object"
        }
        "CONNECTOR-2001-500" => {
            "Stripe did not let Adobe in, or did not answer: `flow test`, then `flow update --token`; a key that is \
             bound to addresses must allow Adobe's"
        }
        _ => match service {
            "CONNECTOR" => "reading from Stripe went wrong: `flow test` says whether Stripe lets Adobe in",
            "MAPPER" => "the mapping set went wrong: `stripe-xdm mapping validate`",
            "INGEST" => "writing into the dataset went wrong: compare the mapping with the schema",
            _ => return None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_success_with_failed_records_is_none() {
        assert_eq!(state("success", 0, 10), Meaning::Good);
        assert_eq!(state("success", 1, 9), Meaning::Partly);
        assert_eq!(state("success", 9, 0), Meaning::Failed);
        assert_eq!(state("partial_success", 0, 9), Meaning::Partly);
        assert_eq!(state("failed", 0, 0), Meaning::Failed);
        for goes_on in ["in_progress", "queued", "scheduled", "dreaming", ""] {
            assert_eq!(state(goes_on, 0, 0), Meaning::Running, "{goes_on}");
        }
    }

    #[test]
    fn a_run_is_read_as_documented() {
        let body = json!({ "id": "r1", "flowId": "f1", "etag": "\"v1\"", "createdAt": 1596656079576_u64,
            "metrics": { "durationSummary": { "startedAtUTC": 1596656058198_u64, "completedAtUTC": 1596656113306_u64 },
                "sizeSummary": { "inputBytes": 24012, "outputBytes": 17128 },
                "recordSummary": { "inputRecordCount": 100, "outputRecordCount": 99, "failedRecordCount": 1 },
                "statusSummary": { "status": "SUCCESS", "errors": [{ "code": "CONNECTOR-2001-500", "message": "a\nb." }] } },
            "activities": [{ "id": "promotionActivity",
                "durationSummary": { "extensions": { "windowStart": 1000, "windowEnd": 2000 } },
                "statusSummary": { "status": "success", "extensions": { "errors": [
                    { "code": "MAPPER-3700-400", "recordCount": 1, "message": "x" }] } },
                "targetInfo": [{ "reference": { "type": "Batch", "ids": ["01B"] } }] }] });
        let item = FlowItem { id: "r1".to_owned(), etag: String::new(), body };
        let run = RunTold::of(&item);
        assert_eq!((run.status.as_str(), run.meaning), ("success", Meaning::Partly));
        assert_eq!((run.started, run.ended), (Some(1_596_656_058), Some(1_596_656_113)));
        assert_eq!((run.read, run.written, run.failed), (Some(100), Some(99), Some(1)));
        assert_eq!((run.window, &run.batches[..]), (Some((1, 2)), &["01B".to_owned()][..]));
        let of = |code: &str, message: &str, count| (code.to_owned(), message.to_owned(), count);
        assert_eq!(run.errors, [of("MAPPER-3700-400", "x", Some(1)), of("CONNECTOR-2001-500", "a b", None)]);
        assert!(run.errors.iter().all(|(code, _, _)| meaning(code).is_some()));
    }
}
