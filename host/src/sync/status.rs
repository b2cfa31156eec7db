//! How far things are, from the ledger alone: readable while a sync runs, and without asking Stripe.

use super::Summary;
use crate::ledger::{Ledger, LedgerError, Objects, Outbox, Run, TargetState, Unit};
use crate::schedule::State;
use serde::Serialize;
use std::collections::BTreeMap;

/// The fact that holds what an account is called among several.
pub(super) const NAME: &str = "name";

/// A lake's state. All times are epoch seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// When it was looked at.
    pub now: i64,
    /// Whether a program writes to it now.
    pub running: bool,
    /// The schedule that was last kept for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<State>,
    /// Its accounts.
    pub accounts: Vec<AccountStatus>,
    /// Entries of the quarantine, per dataset.
    pub quarantine: BTreeMap<String, u64>,
    /// What went on to Experience Platform, per dataset there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub platform: Vec<TargetState>,
}

/// One account's part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountStatus {
    /// Stripe's id of it.
    pub account: String,
    /// What the settings file calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it is real money.
    pub livemode: bool,
    /// When its last run began.
    pub run_began: Option<i64>,
    /// How that ended: `done`, `partly`, `failed`, `interrupted`; none while it goes on, before its turn and after a
    /// crash.
    pub run_outcome: Option<String>,
    /// Up to when Events were read.
    pub events_until: Option<i64>,
    /// How far that is behind, in seconds.
    pub events_lag: Option<i64>,
    /// What else than a list failed last, and why: `events`, `healing`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub errors: BTreeMap<String, String>,
    /// Its lists.
    pub resources: Vec<ResourceStatus>,
}

/// One list's part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResourceStatus {
    /// The resource.
    pub resource: String,
    /// Ranges that were walked to their end.
    pub ranges_done: u64,
    /// Ranges that were not.
    pub ranges_open: u64,
    /// Objects known, deletions left out.
    pub objects: u64,
    /// Records written from its list.
    pub records: u64,
    /// The time that its ranges span, beginning with the first object where they begin at the beginning.
    pub from: i64,
    /// The end of that.
    pub to: i64,
    /// Up to when everything is known, when it is from the beginning on.
    pub known_until: Option<i64>,
    /// How far that is behind, in seconds.
    pub lag: Option<i64>,
    /// That time, cut where it changes whether it was walked.
    pub ranges: Vec<Stretch>,
    /// Why ranges were left.
    pub errors: Vec<Failure>,
}

/// A stretch of time in one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Stretch {
    /// Its first second.
    pub gte: i64,
    /// The first second behind it.
    pub lt: i64,
    /// Whether it was walked, in every pass: by ranges that are done, or by open ones down to their cursor.
    pub done: bool,
}

/// A range that was left before its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Which of the resource's walks.
    pub pass: String,
    /// Earliest creation time; absent is the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gte: Option<i64>,
    /// First creation time behind it.
    pub lt: i64,
    /// Why, with Stripe's request id.
    pub error: String,
}

/// The parts of a run that are no lists, of which a failure leaves no range open.
const LOOSE_PARTS: [&str; 2] = ["events", "healing"];

/// The fact that tells why such a part failed last.
fn error_of(part: &str) -> String {
    format!("error of {part}")
}

/// Notes what became of the parts of a run that are no lists; of those that were not begun, what became of them
/// last stays true.
pub(super) fn note_errors(
    ledger: &mut dyn Ledger,
    account: i64,
    summary: &Summary,
    begun: &[&str],
) -> Result<(), LedgerError> {
    for part in LOOSE_PARTS.iter().filter(|part| begun.contains(part)) {
        let error = summary.resources.get(*part).and_then(|of| of.errors.first());
        ledger.set_fact(account, &error_of(part), error.map_or("", String::as_str))?;
    }
    Ok(())
}

/// Reads a lake's state; `running` says whether a program writes to it.
pub fn status<L: Ledger + Outbox>(
    ledger: &mut L,
    schedule: Option<State>,
    running: bool,
    now: i64,
) -> Result<Status, LedgerError> {
    let mut accounts = Vec::new();
    for (number, account, livemode) in ledger.accounts()? {
        let run = ledger.last_run(number)?;
        let events_until = ledger.bookmark(number, "events")?;
        let (mut resources, mut errors) = (Vec::new(), BTreeMap::new());
        for resource in ledger.lists(number)? {
            resources.extend(list(ledger, number, resource, now)?);
        }
        for part in LOOSE_PARTS {
            let error = ledger.fact(number, &error_of(part))?.filter(|error| !error.is_empty());
            errors.extend(error.map(|error| (part.to_owned(), error)));
        }
        let name = name(ledger, number, &account)?;
        accounts.push(AccountStatus {
            account,
            name,
            livemode,
            run_began: run.as_ref().map(|run: &Run| run.started),
            run_outcome: run.and_then(|run| run.outcome),
            events_until,
            events_lag: events_until.map(|until| now.saturating_sub(until)),
            errors,
            resources,
        });
    }
    let held = ledger.quarantine_counts()?;
    let quarantine = held.into_iter().map(|(dataset, count, _)| (dataset, count)).collect();
    let platform = ledger.target_states()?;
    Ok(Status { now, running, schedule, accounts, quarantine, platform })
}

/// What an account is called among several, when that is not its id.
fn name(ledger: &mut dyn Ledger, number: i64, account: &str) -> Result<Option<String>, LedgerError> {
    Ok(ledger.fact(number, NAME)?.filter(|name| !name.is_empty() && *name != account))
}

/// The accounts that a lake holds, each with its name when it has one.
pub fn known_accounts(ledger: &mut dyn Ledger) -> Result<Vec<(String, Option<String>)>, LedgerError> {
    let accounts = ledger.accounts()?.into_iter();
    accounts.map(|(number, account, _)| Ok((account.clone(), name(ledger, number, &account)?))).collect()
}

fn list(
    ledger: &mut dyn Ledger,
    account: i64,
    resource: String,
    now: i64,
) -> Result<Option<ResourceStatus>, LedgerError> {
    let units = ledger.units(account, &resource)?;
    let Some(to) = units.iter().map(|unit| unit.lt).max() else { return Ok(None) };
    let all = Objects { account, resource: &resource, gte: None, lt: i64::MAX };
    let (objects, _) = ledger.count_and_hash(&all)?;
    // Where ranges begin at the beginning, the picture begins with the first object.
    let first = ledger.objects(&all, None, 1)?.first().map(|seen| seen.created);
    let earliest = units.iter().filter_map(|unit| unit.gte).chain(first).min();
    let from = earliest.unwrap_or(to).min(to);
    let stretches = stretches(&units);
    let known_until = known_until(&stretches);
    let ranges = stretches.into_iter().map(|range| Stretch { gte: range.gte.max(from), ..range });
    let ranges = ranges.filter(|range| range.gte < range.lt).collect();
    let error = |unit: &Unit| {
        let Unit { pass, gte, lt, .. } = unit.clone();
        Some(Failure { pass, gte, lt, error: unit.error.clone().filter(|_| !unit.done)? })
    };
    Ok(Some(ResourceStatus {
        ranges_done: units.iter().filter(|unit| unit.done).count() as u64,
        ranges_open: units.iter().filter(|unit| !unit.done).count() as u64,
        objects,
        records: units.iter().map(|unit| unit.tally.records).sum(),
        from,
        to,
        known_until,
        lag: known_until.map(|until| now.saturating_sub(until)),
        errors: units.iter().filter_map(error).collect(),
        ranges,
        resource,
    }))
}

/// Everything up to there is known: from the beginning on, nothing is open.
fn known_until(ranges: &[Stretch]) -> Option<i64> {
    let mut until = None;
    for range in ranges {
        if !range.done || until.is_some_and(|until| until < range.gte) {
            break;
        }
        until = Some(range.lt);
    }
    until
}

/// The time that the units span, cut where the state changes. Walks go from the newest object to the oldest, so of an
/// open unit what is newer than its cursor was walked; in the cursor's second others may follow.
fn stretches(units: &[Unit]) -> Vec<Stretch> {
    let mut passes: BTreeMap<&str, Vec<Stretch>> = BTreeMap::new();
    let mut cuts: Vec<i64> = Vec::new();
    for unit in units {
        let (gte, lt) = (unit.gte.unwrap_or(i64::MIN), unit.lt);
        let reached = match &unit.cursor {
            _ if unit.done => gte,
            Some((_, created)) => created.saturating_add(1).clamp(gte, lt),
            None => lt,
        };
        let parts = [Stretch { gte, lt: reached, done: false }, Stretch { gte: reached, lt, done: true }];
        passes.entry(&unit.pass).or_default().extend(parts);
        cuts.extend([gte, reached, lt]);
    }
    cuts.sort_unstable();
    cuts.dedup();
    let mut stretches: Vec<Stretch> = Vec::new();
    for pair in cuts.windows(2) {
        let &[gte, lt] = pair else { continue };
        let over = |part: &&Stretch| part.gte <= gte && lt <= part.lt;
        let mut covered = passes.values().map(|parts| parts.iter().filter(over).map(|part| part.done));
        let Some(done) = covered.try_fold(true, |all, states| {
            // A range over one that is done makes it no less done, and one that no unit covers is a gap.
            let states: Vec<bool> = states.collect();
            (!states.is_empty()).then(|| all && states.contains(&true))
        }) else {
            continue;
        };
        match stretches.last_mut() {
            Some(last) if last.lt == gte && last.done == done => last.lt = lt,
            _ => stretches.push(Stretch { gte, lt, done }),
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Tally;

    fn unit(pass: &str, gte: Option<i64>, lt: i64, done: bool) -> Unit {
        Unit {
            id: 1,
            account: 1,
            resource: "prices".to_owned(),
            pass: pass.to_owned(),
            gte,
            lt,
            done,
            cursor: None,
            tally: Tally::default(),
            walked: None,
            error: None,
        }
    }

    fn picture(units: &[Unit]) -> (Vec<(i64, i64, bool)>, Option<i64>) {
        let ranges = stretches(units);
        (ranges.iter().map(|range| (range.gte.max(5), range.lt, range.done)).collect(), known_until(&ranges))
    }

    #[test]
    fn a_picture_shows_what_every_pass_has_walked() {
        let units =
            [unit("a", None, 20, true), unit("a", Some(20), 30, false), unit("a", Some(30), 40, true)];
        assert_eq!(picture(&units), (vec![(5, 20, true), (20, 30, false), (30, 40, true)], Some(20)));
        let overlapping = [unit("a", None, 20, true), unit("a", Some(15), 30, true)];
        assert_eq!(picture(&overlapping), (vec![(5, 30, true)], Some(30)));
        let again = [unit("a", None, 20, true), unit("a", Some(15), 16, false)];
        assert_eq!(picture(&again), (vec![(5, 20, true)], Some(20)));
        let two = [unit("a", None, 20, true), unit("b", None, 20, false)];
        assert_eq!(picture(&two), (vec![(5, 20, false)], None));
        let gap = [unit("a", None, 20, true), unit("a", Some(25), 30, true)];
        assert_eq!(picture(&gap), (vec![(5, 20, true), (25, 30, true)], Some(20)));
        assert_eq!(picture(&[]), (vec![], None));
    }

    #[test]
    fn an_open_range_is_walked_down_to_its_cursor() {
        let at = |created, unit| Unit { cursor: Some(("ch_1".to_owned(), created)), ..unit };
        let open = [unit("a", None, 20, true), at(31, unit("a", Some(20), 40, false))];
        assert_eq!(picture(&open), (vec![(5, 20, true), (20, 32, false), (32, 40, true)], Some(20)));
        let first = [at(12, unit("a", None, 40, false))];
        assert_eq!(picture(&first), (vec![(5, 13, false), (13, 40, true)], None));
        let two = [unit("b", None, 40, false), at(12, unit("a", None, 40, false))];
        assert_eq!(picture(&two), (vec![(5, 40, false)], None), "both passes must have come down");
    }
}
