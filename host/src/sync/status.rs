//! How far things are, from the ledger alone: readable while a sync runs, and without asking Stripe.

use crate::ledger::{Ledger, LedgerError, Objects, Run, Unit};
use crate::schedule::State;
use serde::Serialize;
use std::collections::BTreeMap;

/// A lake's state. All times are epoch seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// When it was looked at.
    pub now: i64,
    /// The schedule that was last kept for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<State>,
    /// Its accounts.
    pub accounts: Vec<AccountStatus>,
    /// Entries of the quarantine, per dataset.
    pub quarantine: BTreeMap<String, u64>,
}

/// One account's part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountStatus {
    /// Stripe's id of it.
    pub account: String,
    /// Whether it is real money.
    pub livemode: bool,
    /// When its last run began.
    pub run_began: Option<i64>,
    /// How that ended: `done`, `partly`, `failed`, `interrupted`; none while it goes on and after a crash.
    pub run_outcome: Option<String>,
    /// Up to when Events were read.
    pub events_until: Option<i64>,
    /// How far that is behind, in seconds.
    pub events_lag: Option<i64>,
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
    /// The ranges, those that touch taken together.
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
    /// Whether it was walked to its end, in every pass.
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

/// Reads a lake's state.
pub fn status(ledger: &mut dyn Ledger, schedule: Option<State>, now: i64) -> Result<Status, LedgerError> {
    let mut accounts = Vec::new();
    for (number, account, livemode) in ledger.accounts()? {
        let run = ledger.last_run(number)?;
        let events_until = ledger.bookmark(number, "events")?;
        let mut resources = Vec::new();
        for resource in ledger.lists(number)? {
            resources.extend(list(ledger, number, resource, now)?);
        }
        accounts.push(AccountStatus {
            account,
            livemode,
            run_began: run.as_ref().map(|run: &Run| run.started),
            run_outcome: run.and_then(|run| run.outcome),
            events_until,
            events_lag: events_until.map(|until| now.saturating_sub(until)),
            resources,
        });
    }
    let held = ledger.quarantine_counts()?;
    let quarantine = held.into_iter().map(|(dataset, count, _)| (dataset, count)).collect();
    Ok(Status { now, schedule, accounts, quarantine })
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
    let ranges = stretches(&units, from);
    let known_until = known_until(&ranges);
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

/// The time that the units span, cut where the state changes. An open unit's upper part, which its cursor has
/// passed, is not done: the walk has yet to prove it.
fn stretches(units: &[Unit], from: i64) -> Vec<Stretch> {
    let mut passes: BTreeMap<&str, Vec<&Unit>> = BTreeMap::new();
    let begins = |unit: &Unit| unit.gte.unwrap_or(i64::MIN).max(from);
    let mut cuts: Vec<i64> = Vec::new();
    for unit in units {
        passes.entry(&unit.pass).or_default().push(unit);
        cuts.extend([begins(unit), unit.lt]);
    }
    cuts.sort_unstable();
    cuts.dedup();
    let mut stretches: Vec<Stretch> = Vec::new();
    for pair in cuts.windows(2) {
        let &[gte, lt] = pair else { continue };
        let over = |unit: &&&Unit| begins(unit) <= gte && lt <= unit.lt;
        let mut covered = passes.values().map(|units| units.iter().filter(over).map(|unit| unit.done));
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
        let ranges = stretches(units, 5);
        (ranges.iter().map(|range| (range.gte, range.lt, range.done)).collect(), known_until(&ranges))
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
}
