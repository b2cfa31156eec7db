//! `status` for people.

use super::{bar, columns, count, counted, duration, moment, span};
use crate::schedule::{Last, Outcome, State};
use crate::sync::{AccountStatus, ResourceStatus, Status};
use std::path::Path;

/// Most errors shown of a list; all are in the JSON.
const ERRORS: usize = 3;

/// The state of a lake. Where `width` is given, covered time is drawn that wide.
pub fn status_text(status: &Status, lake: &Path, width: Option<u16>) -> String {
    let mut lines = Vec::new();
    if let Some(schedule) = &status.schedule {
        lines.extend(schedule_lines(schedule, status.now));
    }
    if status.accounts.is_empty() {
        lines.push("Nothing was synced yet.".to_owned());
    }
    for account in &status.accounts {
        lines.extend(account_lines(account, width));
    }
    if !status.quarantine.is_empty() {
        let held: Vec<_> = status.quarantine.iter().map(|(set, n)| format!("{} {set}", count(*n))).collect();
        let lake = lake.display();
        lines.push(format!("kept back: {}; `stripe-xdm quarantine list {lake}` says why", held.join(", ")));
    }
    lines.join("\n")
}

fn schedule_lines(state: &State, now: i64) -> Vec<String> {
    let next = match (state.running_since, state.next_run) {
        _ if state.stopped => "stopped in order".to_owned(),
        (Some(since), _) => format!("a run goes on since {}", moment(since)),
        (None, Some(next)) if next < now - 60 => format!(
            "the run of {} did not begin: is the program (process {}) still there?",
            moment(next),
            state.process
        ),
        (None, Some(next)) => format!("the next run begins at {}", moment(next)),
        (None, None) => "no further run".to_owned(),
    };
    let mut lines =
        vec![format!("schedule: {}, counted from {}; {next}", state.schedule, moment(state.start))];
    if let Some(Last { began, ended, outcome, error, .. }) = &state.last {
        let how = match outcome {
            Outcome::Well => "all well".to_owned(),
            Outcome::Partly => "not all well".to_owned(),
            Outcome::Stopped => "stopped before its end".to_owned(),
            Outcome::Failed => format!("FAILED ({} in a row)", state.failures),
        };
        let took = duration(ended - began);
        let error = error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
        lines.push(format!("last run: {}, {took}, {how}{error}", moment(*began)));
    }
    lines
}

fn account_lines(account: &AccountStatus, width: Option<u16>) -> Vec<String> {
    let mode = if account.livemode { "live" } else { "test" };
    let run = match (account.run_began, account.run_outcome.as_deref()) {
        (None, _) => "never run".to_owned(),
        (Some(began), Some(outcome)) => format!("last run {}: {outcome}", moment(began)),
        (Some(began), None) => format!("the run of {} goes on, or was cut off", moment(began)),
    };
    let events = account.events_until.zip(account.events_lag);
    let events =
        events.map(|(until, lag)| format!("; events read until {} ({} ago)", moment(until), duration(lag)));
    let mut lines = vec![format!("{} ({mode}): {run}{}", account.account, events.unwrap_or_default())];
    let mut header = vec!["resource", "time", "ranges", "objects", "records", "behind"];
    if width.is_some() {
        header.insert(2, "walked");
    }
    let row = |list: &ResourceStatus| {
        let ranges = match list.ranges_open {
            0 => format!("{} done", count(list.ranges_done)),
            open => format!("{} done, {} open", count(list.ranges_done), count(open)),
        };
        let behind = list.lag.map_or_else(|| "history incomplete".to_owned(), duration);
        let mut row = vec![
            list.resource.clone(),
            span(Some(list.from), list.to),
            ranges,
            count(list.objects),
            count(list.records),
            behind,
        ];
        if let Some(width) = width {
            let done = list.ranges.iter().filter(|range| range.done).map(|range| (range.gte, range.lt));
            row.insert(2, bar(done, list.from, list.to, width));
        }
        row
    };
    lines.push(columns(&header, account.resources.iter().map(row)));
    for list in &account.resources {
        for failure in list.errors.iter().take(ERRORS) {
            let range = span(failure.gte, failure.lt);
            lines.push(format!("FAILED {} {range}: {}", list.resource, failure.error));
        }
        if let Some(more) = list.errors.len().checked_sub(ERRORS).filter(|more| *more > 0) {
            lines.push(format!(
                "FAILED {}: {} more, see --json",
                list.resource,
                counted(more as u64, "range")
            ));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::{Failure, Stretch};

    fn list() -> ResourceStatus {
        ResourceStatus {
            resource: "charges".to_owned(),
            ranges_done: 3,
            ranges_open: 1,
            objects: 20_000,
            records: 20_001,
            from: 0,
            to: 86_400 * 4,
            known_until: None,
            lag: None,
            ranges: vec![
                Stretch { gte: 0, lt: 86_400, done: false },
                Stretch { gte: 86_400, lt: 86_400 * 4, done: true },
            ],
            errors: (0..5)
                .map(|n| Failure { pass: "all".to_owned(), gte: None, lt: n, error: format!("no ({n})") })
                .collect(),
        }
    }

    fn status(list: ResourceStatus) -> Status {
        let account = AccountStatus {
            account: "acct_1".to_owned(),
            livemode: true,
            run_began: Some(86_400),
            run_outcome: None,
            events_until: Some(86_400 * 4 - 660),
            events_lag: Some(660),
            resources: vec![list],
        };
        let quarantine = [("stripe_prices".to_owned(), 3)].into();
        Status { now: 86_400 * 4, schedule: None, accounts: vec![account], quarantine }
    }

    #[test]
    fn a_terminal_gets_a_picture_and_all_get_the_words() {
        let text = status_text(&status(list()), Path::new("lake"), Some(8));
        for words in [
            "acct_1 (live): the run of 1970-01-02 goes on",
            "events read until 1970-01-04T23:49:00Z (11 min ago)",
            "··██████",
            "3 done, 1 open",
            "20,000",
            "history incomplete",
            "FAILED charges ..1970-01-01: no (0)",
            "2 ranges more, see --json",
            "3 stripe_prices; `stripe-xdm quarantine list lake`",
        ] {
            assert!(text.contains(words), "{words}\n{text}");
        }
        assert!(!status_text(&status(list()), Path::new("lake"), None).contains('█'));
    }

    #[test]
    fn a_schedule_tells_what_it_waits_for_and_what_is_wrong() {
        let state = |running_since, next_run, stopped| State {
            schedule: "every 15 minutes".to_owned(),
            start: 0,
            process: 7,
            running_since,
            next_run,
            last: Some(Last {
                began: 900,
                ended: 962,
                outcome: Outcome::Failed,
                run: None,
                error: Some("no network".to_owned()),
            }),
            failures: 2,
            stopped,
        };
        let lines = schedule_lines(&state(None, Some(1_800), false), 1_000).join("\n");
        assert!(lines.contains(
            "every 15 minutes, counted from 1970-01-01; the next run begins at 1970-01-01T00:30:00Z"
        ));
        assert!(lines.contains("1 min 2 s, FAILED (2 in a row): no network"), "{lines}");
        assert!(schedule_lines(&state(None, Some(1_800), false), 9_000)[0].contains("process 7"));
        assert!(schedule_lines(&state(Some(1_800), None, false), 9_000)[0].contains("goes on since"));
        assert!(schedule_lines(&state(None, None, true), 9_000)[0].contains("stopped in order"));
    }
}
