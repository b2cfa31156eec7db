//! Which ranges a run walks, and into how many it cuts a long one before anything is known of it.

use super::split::equal;
use super::{Begin, SyncConfig, SyncError, Who, pending};
use crate::ledger::{Ledger, Unit, Want};
use crate::report::moment;
use crate::stripe::{Client, Pass};

/// Before this day there was no Stripe: no object is older.
pub(super) const FIRST_DAY: i64 = 1_293_840_000;
/// A shorter range is not cut before its first page.
const LONG: i64 = 30 * 86_400;
/// Share of a second's requests that may go out before anything is known. Most of them find nothing when the
/// account's objects are all of one time.
const PROBES: f64 = 1.0 / 8.0;

/// Of which history it was said that it is not there. Once is enough.
const HISTORY: &str = "history";

/// A unit to walk.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    /// Its number within the run.
    pub(super) index: usize,
    pub(super) pass: Pass,
    pub(super) unit: Unit,
    /// Whether anything is known that lets one expect objects in its range.
    pub(super) expected: bool,
}

impl Walk {
    /// What the delivery must know before the walk's first page.
    pub(super) fn begin(&self) -> Begin {
        let (walk, unit, resource) = (self.index, self.unit.clone(), Some(self.pass.resource));
        Begin { walk, unit, resource, title: self.pass.to_string() }
    }
}

/// The units that a run walks, newest first within each pass; and what is to be said aloud.
pub(super) fn plan(
    ledger: &mut dyn Ledger,
    account: i64,
    who: &Who,
    config: &SyncConfig,
    client: &Client,
) -> Result<(Vec<Walk>, Option<String>), SyncError> {
    if let Some(since) = config.since.filter(|since| *since > who.now) {
        return Err(SyncError::Since(moment(since)));
    }
    let mut begins: Option<i64> = None;
    let passes: Vec<Pass> = config.resources.iter().flat_map(|r| r.passes()).collect();
    let mut walks = Vec::new();
    for pass in &passes {
        let want = Want {
            account,
            resource: pass.resource.name(),
            pass: pass.name,
            lt: who.now,
            overlap: pending::overlap(ledger, account, pass.resource, who.now)?,
            since: config.since,
        };
        let rate = client.budget().rate(pass.resource.path());
        let probes = (rate * PROBES) as usize / passes.len().max(1);
        let mut units = Vec::new();
        let planned = ledger.plan(&want)?;
        begins = begins.max(ledger.begins(&want)?.filter(|_| config.since.is_none()));
        for unit in planned {
            units.extend(probe(ledger, unit, pass, who, probes)?);
        }
        units.sort_by_key(|unit| std::cmp::Reverse(unit.lt));
        for unit in units {
            walks.push(Walk { index: walks.len(), pass: *pass, unit, expected: false });
        }
    }
    let told = ledger.fact(account, HISTORY)?;
    let notice = begins.map(moment).filter(|begins| told.as_ref() != Some(begins));
    if let Some(begins) = &notice {
        ledger.set_fact(account, HISTORY, begins)?;
    }
    let notice = notice.map(|begins| {
        format!("history: nothing from before {begins} was listed, where the first run began; --since goes further back")
    });
    Ok((walks, notice))
}

/// Cuts a long range that nobody has begun, so that its parts are looked into at once.
fn probe(
    ledger: &mut dyn Ledger,
    unit: Unit,
    pass: &Pass,
    who: &Who,
    probes: usize,
) -> Result<Vec<Unit>, SyncError> {
    let from = unit.gte.or(who.created).unwrap_or(FIRST_DAY);
    let fresh = unit.cursor.is_none() && unit.tally.pages == 0 && pass.resource.has_created();
    if !fresh || probes < 2 || unit.lt.saturating_sub(from) < LONG {
        return Ok(vec![unit]);
    }
    Ok(ledger.split(unit.id, &equal(from, unit.lt, probes.min(12)))?)
}
