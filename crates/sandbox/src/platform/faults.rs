//! What goes wrong with the platform, and at which requests.

use std::str::FromStr;
use std::time::Duration;

use crate::{
    faults::{FaultError, When, duration, moment},
    platform::batches::{self, Fate},
};

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// This status with an error as the platform writes it; nothing is done.
    Status(u16),
    /// This status with a page of HTML, as a proxy answers; nothing is done.
    Html(u16),
    /// This status without a body; nothing is done.
    Empty(u16),
    /// 429 with a `Retry-After` of this many seconds; nothing is done.
    RetryAfter(u32),
    /// What is asked is done, but this status is answered.
    StatusAfter(u16),
    /// The connection is closed; nothing is done.
    Close,
    /// What is asked is done, then the connection is closed without an answer.
    CloseAfter,
    /// What is asked is done, and the JSON of the answer stops half way.
    TruncateAfter,
    /// The connection is closed while the body is still coming; nothing is done.
    Cut,
    /// The request completes a batch, and this becomes of it.
    Batch(Fate),
    /// The right answer, late. At most a minute.
    Slow(Duration),
    /// What is asked is done at once, and the answer comes late. At most a minute.
    Late(Duration),
    /// One entry of a 207 has this status; that message is not taken. Counts messages, not requests.
    Entry(u16),
    /// One entry of a 207 has this status, though that message is taken. Counts messages, not requests.
    EntryAfter(u16),
}

#[derive(Debug, Clone)]
struct Rule {
    /// Upper case; any when absent.
    method: Option<String>,
    /// What the path begins with; any when empty.
    path: String,
    fault: Fault,
    when: When,
    seen: u64,
}

/// A set of faults; the first rule that hits a request wins.
///
/// Built with [`Faults::with`] and [`Faults::with_path`], or parsed: rules divided by commas, each
/// `[METHOD ][/path:]fault` followed by `@n`, `@n-m` or `every` and a number. A rule counts only the requests
/// that its method and the beginning of the path select; one about a batch's end counts only requests that complete
/// a batch, one about an entry counts single messages. Faults are a status (400 to 599), `html502`, `empty401`,
/// `retry-after:2s`, `after500`, `close`, `close-after`, `truncate-after`, `cut`, `slow:200ms`, `late:200ms`, `batch-retrying`,
/// `batch-odd`, `batch-stuck`, `batch-stalled`, `batch-failed`, `entry503` and `entry-after503`.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    rules: Vec<Rule>,
}

impl Faults {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a fault that counts every request, tokens included.
    pub fn with(self, fault: Fault, when: When) -> Self {
        self.with_path(None, "", fault, when)
    }

    /// Adds a fault that counts only requests of a method, if given, whose path begins with a text.
    pub fn with_path(mut self, method: Option<&str>, path: &str, fault: Fault, when: When) -> Self {
        let method = method.map(str::to_ascii_uppercase);
        self.rules.push(Rule { method, path: path.to_owned(), fault, when, seen: 0 });
        self
    }

    /// Counts one request and answers what goes wrong with it.
    pub(super) fn next(&mut self, method: &str, path: &str, query: &str) -> Option<Fault> {
        self.count(method, path, batches::completes(method, path, query), false)
    }

    /// Counts one message of a request that has several and answers what goes wrong with it.
    pub(super) fn next_entry(&mut self, method: &str, path: &str) -> Option<Fault> {
        self.count(method, path, false, true)
    }

    fn count(&mut self, method: &str, path: &str, completes: bool, entries: bool) -> Option<Fault> {
        let mut hit = None;
        for rule in &mut self.rules {
            if matches!(rule.fault, Fault::Entry(_) | Fault::EntryAfter(_)) != entries {
                continue;
            }
            if rule.method.as_deref().is_some_and(|only| only != method) || !path.starts_with(&rule.path) {
                continue;
            }
            if matches!(rule.fault, Fault::Batch(_)) && !completes {
                continue;
            }
            rule.seen += 1;
            if rule.when.hits(rule.seen) && hit.is_none() {
                hit = Some(rule.fault);
            }
        }
        hit
    }
}

impl FromStr for Faults {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut faults = Self::none();
        for rule in text.split(',').map(str::trim).filter(|rule| !rule.is_empty()) {
            let problem = |problem| FaultError::of_platform(rule, problem);
            let (method, rest) = match rule.split_once(' ') {
                Some((method, rest)) if method.bytes().all(|byte| byte.is_ascii_uppercase()) => {
                    (Some(method), rest)
                }
                _ => (None, rule),
            };
            let (path, rest) = match rest.split_once(':') {
                Some((path, rest)) if path.starts_with('/') => (path, rest),
                _ => ("", rest),
            };
            let (fault, when) = moment(rest).map_err(problem)?;
            faults = faults.with_path(method, path, parse(fault).map_err(problem)?, when);
        }
        Ok(faults)
    }
}

fn parse(text: &str) -> Result<Fault, &'static str> {
    if let Some(delay) = text.strip_prefix("slow:") {
        return duration(delay).map(Fault::Slow);
    }
    if let Some(delay) = text.strip_prefix("late:") {
        return duration(delay).map(Fault::Late);
    }
    if let Some(delay) = text.strip_prefix("retry-after:") {
        return Ok(Fault::RetryAfter(duration(delay)?.as_secs() as u32));
    }
    if let Some(fate) = Fate::named(text) {
        return Ok(Fault::Batch(fate));
    }
    let fault = match text {
        "cut" => return Ok(Fault::Cut),
        "close" => return Ok(Fault::Close),
        "close-after" => return Ok(Fault::CloseAfter),
        "truncate-after" => return Ok(Fault::TruncateAfter),
        _ => [
            ("html", Fault::Html as fn(u16) -> Fault),
            ("empty", Fault::Empty),
            ("after", Fault::StatusAfter),
            ("entry-after", Fault::EntryAfter),
            ("entry", Fault::Entry),
        ]
        .into_iter()
        .find_map(|(name, fault)| Some((fault, text.strip_prefix(name)?)))
        .unwrap_or((Fault::Status, text)),
    };
    match fault.1.parse() {
        Ok(status @ 400..=599) => Ok((fault.0)(status)),
        _ => Err("unknown fault"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Fate, Fault, Faults};

    #[test]
    fn rules_count_what_method_and_path_select() {
        let mut faults: Faults =
            "POST /ims:html502@1, GET close-after@2, /data/core:after500every2, empty401@4"
                .parse()
                .expect("faults");
        assert_eq!(faults.next("POST", "/ims/token/v3", ""), Some(Fault::Html(502)));
        assert_eq!(faults.next("GET", "/data/core/x", ""), None);
        assert_eq!(faults.next("GET", "/data/core/x", ""), Some(Fault::CloseAfter));
        assert_eq!(faults.next("PUT", "/data/other", ""), Some(Fault::Empty(401)));
        let mut faults: Faults = "/collection:entry503@2, entry-after500@3, 429@1".parse().expect("faults");
        assert_eq!(faults.next("POST", "/collection/batch/x", ""), Some(Fault::Status(429)));
        let entries: Vec<Option<Fault>> =
            (0..4).map(|_| faults.next_entry("POST", "/collection/batch/x")).collect();
        assert_eq!(entries, [None, Some(Fault::Entry(503)), Some(Fault::EntryAfter(500)), None]);
    }

    #[test]
    fn a_batch_s_end_counts_completed_batches() {
        let mut faults: Faults = "batch-stalled@2, cut@1".parse().expect("faults");
        let mut next = |path: &str, query: &str| faults.next("POST", path, query);
        let batch = "/data/foundation/import/batches/01A";
        assert_eq!(next("/data/foundation/import/batches", ""), Some(Fault::Cut));
        assert_eq!(next(batch, "action=COMPLETE"), None);
        assert_eq!(next(&format!("{batch}/datasets/5/files/a"), "action=COMPLETE"), None);
        assert_eq!(next(batch, "action=COMPLETE"), Some(Fault::Batch(Fate::Stalled)));
    }

    #[test]
    fn what_is_not_a_fault_is_refused() {
        for spec in ["500", "html@1", "200@1", "after200@1", "close@0", "/x:500", "slow:2h@1"] {
            assert!(spec.parse::<Faults>().is_err(), "{spec}");
        }
    }
}
