//! `status` for people.

use super::{bar, columns, count, counted, day, duration, moment, span};
use crate::ledger::TargetState;
use crate::schedule::{Last, Outcome, State};
use crate::sync::{AccountStatus, ResourceStatus, Status};
use std::path::Path;

/// Most errors shown of a list; all are in the JSON.
const ERRORS: usize = 3;

/// The narrowest and the widest picture of walked time, in blocks.
const BAR: std::ops::RangeInclusive<usize> = 8..=60;

/// The columns that a narrow terminal goes without, the first one first.
const SPARE: [&str; 2] = ["records", "from"];

/// The state of a lake. Where `width` is given, that of a terminal, walked time is drawn.
pub fn status_text(status: &Status, lake: &Path, width: Option<u16>) -> String {
    let mut lines = Vec::new();
    if let Some(schedule) = &status.schedule {
        lines.extend(schedule_lines(schedule, status.running, status.now));
    }
    if status.accounts.is_empty() {
        lines.push("Nothing was synced yet.".to_owned());
    }
    for account in &status.accounts {
        lines.extend(account_lines(account, status.running, width));
    }
    lines.extend(platform_lines(&status.platform));
    if !status.quarantine.is_empty() {
        let held: Vec<_> = status.quarantine.iter().map(|(set, n)| format!("{} {set}", count(*n))).collect();
        let lake = lake.display();
        lines.push(format!("kept back: {}; `stripe-xdm quarantine list {lake}` says why", held.join(", ")));
    }
    lines.join("\n")
}

fn schedule_lines(state: &State, running: bool, now: i64) -> Vec<String> {
    let next = match (state.running_since, state.next_run) {
        _ if state.stopped => "stopped in order".to_owned(),
        (Some(since), _) if running => format!("a run goes on since {}", moment(since)),
        (Some(since), _) => format!(
            "the run of {} was cut off: is the program (process {}) still there?",
            moment(since),
            state.process
        ),
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

fn account_lines(account: &AccountStatus, running: bool, width: Option<u16>) -> Vec<String> {
    let mode = if account.livemode { "live" } else { "test" };
    let run = match (account.run_began, account.run_outcome.as_deref()) {
        (None, _) => "never run".to_owned(),
        (Some(began), Some(outcome)) => format!("last run {}: {outcome}", moment(began)),
        (Some(began), None) if running => format!("the run of {} goes on", moment(began)),
        (Some(began), None) => {
            format!("the run of {} was cut off; the next one goes on from there", moment(began))
        }
    };
    let events = account.events_until.zip(account.events_lag);
    let events =
        events.map(|(until, lag)| format!("; events read until {} ({} ago)", moment(until), duration(lag)));
    let name = account.name.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
    let mut lines = vec![format!("{name}{} ({mode}), {run}{}", account.account, events.unwrap_or_default())];
    match account.resources.as_slice() {
        [] => lines.push("nothing of it was walked yet".to_owned()),
        lists => lines.push(table(lists, width)),
    }
    lines.extend(account.errors.iter().map(|(part, error)| format!("FAILED {part}: {error}")));
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

/// What went on to Experience Platform: a table for each of its sandboxes.
fn platform_lines(targets: &[TargetState]) -> Vec<String> {
    let mut lines = Vec::new();
    let same = |one: &TargetState, other: &TargetState| one.org == other.org && one.sandbox == other.sandbox;
    for targets in targets.chunk_by(same) {
        let Some(first) = targets.first() else { continue };
        lines.push(format!("to Experience Platform, sandbox {} of {}:", first.sandbox, first.org));
        let header = ["dataset", "rows", "refused", "batches", "open", "failed", "waiting", "last moved"];
        let row = |one: &TargetState| {
            let counts = [one.rows, one.refused, one.batches, one.open, one.failed, one.waiting].map(count);
            let moved = one.moved.map(moment).unwrap_or_default();
            std::iter::once(one.dataset.clone()).chain(counts).chain([moved]).collect()
        };
        lines.push(columns(&header, targets.iter().map(row)));
        let errors = targets.iter().filter_map(|one| Some((&one.dataset, one.error.as_ref()?)));
        lines.extend(errors.map(|(dataset, error)| format!("FAILED {dataset}: {error}")));
    }
    lines
}

/// A line for each list. Where there is not room enough, the picture gets narrower, and then columns are left out.
fn table(lists: &[ResourceStatus], width: Option<u16>) -> String {
    let row = |list: &ResourceStatus| {
        let ranges = match list.ranges_open {
            0 => format!("{} done", count(list.ranges_done)),
            open => format!("{} done, {} open", count(list.ranges_done), count(open)),
        };
        let behind = list.lag.map_or_else(|| "incomplete".to_owned(), duration);
        vec![list.resource.clone(), day(list.from), ranges, count(list.objects), count(list.records), behind]
    };
    let mut header = vec!["resource", "from", "ranges", "objects", "records", "behind"];
    let mut rows: Vec<Vec<String>> = lists.iter().map(row).collect();
    let Some(width) = width else { return columns(&header, rows) };
    // A border before the first column, and one or a gap behind each; each column has a space on both sides.
    let needed = |header: &[&str], rows: &[Vec<String>]| {
        let wide = |(index, title): (usize, &&str)| {
            let cells = rows.iter().filter_map(|row| Some(row.get(index)?.chars().count()));
            cells.max().unwrap_or(0).max(title.chars().count()) + 3
        };
        1 + header.iter().enumerate().map(wide).sum::<usize>()
    };
    let mut left = usize::from(width).saturating_sub(needed(&header, &rows));
    for spare in SPARE {
        if left >= BAR.start() + 3 {
            break;
        }
        if let Some(index) = header.iter().position(|title| *title == spare) {
            header.remove(index);
            rows.iter_mut().for_each(|row| drop(row.remove(index)));
        }
        left = usize::from(width).saturating_sub(needed(&header, &rows));
    }
    let blocks = left.saturating_sub(3).clamp(*BAR.start(), *BAR.end());
    let at = header.iter().position(|title| *title == "ranges").unwrap_or(header.len());
    header.insert(at, "walked");
    for (row, list) in rows.iter_mut().zip(lists) {
        let done = list.ranges.iter().filter(|range| range.done).map(|range| (range.gte, range.lt));
        row.insert(at, bar(done, list.from, list.to, u16::try_from(blocks).unwrap_or(u16::MAX)));
    }
    columns(&header, rows)
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

    fn target() -> TargetState {
        TargetState {
            org: "A@AdobeOrg".to_owned(),
            sandbox: "dev".to_owned(),
            dataset_id: "5c8c".to_owned(),
            dataset: "stripe_customers".to_owned(),
            rows: 12_345,
            refused: 2,
            batches: 7,
            open: 1,
            failed: 1,
            waiting: 3,
            moved: Some(86_400),
            error: Some("too long".to_owned()),
        }
    }

    fn status(list: ResourceStatus) -> Status {
        let account = AccountStatus {
            account: "acct_1".to_owned(),
            name: Some("shop".to_owned()),
            livemode: true,
            run_began: Some(86_400),
            run_outcome: None,
            events_until: Some(86_400 * 4 - 660),
            events_lag: Some(660),
            errors: [("events".to_owned(), "may not".to_owned())].into(),
            resources: vec![list],
        };
        let quarantine = [("stripe_prices".to_owned(), 3)].into();
        Status {
            now: 86_400 * 4,
            running: true,
            schedule: None,
            accounts: vec![account],
            quarantine,
            platform: vec![target()],
        }
    }

    #[test]
    fn a_terminal_gets_a_picture_and_all_get_the_words() {
        let text = status_text(&status(list()), Path::new("lake"), Some(80));
        for words in [
            "shop: acct_1 (live), the run of 1970-01-02 goes on",
            "events read until 1970-01-04T23:49:00Z (11 min ago)",
            "··██████",
            "3 done, 1 open",
            "20,000",
            "incomplete",
            "FAILED events: may not",
            "FAILED charges ..1970-01-01: no (0)",
            "2 ranges more, see --json",
            "3 stripe_prices; `stripe-xdm quarantine list lake`",
            "sandbox dev of A@AdobeOrg",
            "12,345",
            "FAILED stripe_customers: too long",
        ] {
            assert!(text.contains(words), "{words}\n{text}");
        }
        assert!(!status_text(&status(list()), Path::new("lake"), None).contains('█'));
        let cut = Status { running: false, ..status(list()) };
        assert!(status_text(&cut, Path::new("lake"), None).contains("1970-01-02 was cut off"));
    }

    #[test]
    fn a_table_is_as_wide_as_its_terminal_and_goes_without_columns_before_it_breaks_lines() {
        let long = ResourceStatus {
            resource: "balance_transactions".to_owned(),
            objects: 1_234_567,
            records: 1_234_567,
            ranges_done: 123,
            ..list()
        };
        for (width, titles, blocks) in
            [(120, &["from", "records"][..], 24), (100, &["from"], 16), (80, &[], 9), (60, &[], 8)]
        {
            let drawn = table(&[long.clone(), list()], Some(width));
            let header = drawn.lines().nth(1).unwrap();
            for title in SPARE {
                assert_eq!(header.contains(title), titles.contains(&title), "{width}\n{drawn}");
            }
            let row = drawn.lines().nth(3).unwrap();
            assert_eq!(row.matches(['█', '·', '▓', '▒', '░']).count(), blocks, "{width}\n{drawn}");
            assert!(drawn.lines().all(|line| width < 80 || line.chars().count() <= width.into()), "{drawn}");
        }
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
        let lines = schedule_lines(&state(None, Some(1_800), false), false, 1_000).join("\n");
        assert!(lines.contains(
            "every 15 minutes, counted from 1970-01-01; the next run begins at 1970-01-01T00:30:00Z"
        ));
        assert!(lines.contains("1 min 2 s, FAILED (2 in a row): no network"), "{lines}");
        assert!(schedule_lines(&state(None, Some(1_800), false), false, 9_000)[0].contains("process 7"));
        let began = state(Some(1_800), None, false);
        assert!(schedule_lines(&began, true, 9_000)[0].contains("goes on since"));
        assert!(schedule_lines(&began, false, 9_000)[0].contains("was cut off"));
        assert!(schedule_lines(&state(None, None, true), false, 9_000)[0].contains("stopped in order"));
    }
}
