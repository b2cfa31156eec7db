//! Forgetting walks on purpose, so that the next run makes them once more. Records in the lake stay, and what was
//! delivered is still known: only what changed is delivered again.

use crate::ledger::{Forget, Ledger, LedgerError, Objects, Unit};
use serde::Serialize;

/// What to forget.
#[derive(Debug, Clone, Default)]
pub struct Reset {
    /// Stripe's names of the resources; none for all, and then bookmarks are forgotten, too.
    pub resources: Vec<String>,
    /// Stripe's ids of the accounts; none for all.
    pub accounts: Vec<String>,
    /// Earliest creation time, in epoch seconds.
    pub from: Option<i64>,
    /// First creation time that is kept, in epoch seconds.
    pub to: Option<i64>,
}

/// What will be forgotten of one list of one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forgetting {
    /// The Stripe account.
    pub account: String,
    /// Whether it is real money.
    pub livemode: bool,
    /// The resource.
    pub resource: String,
    /// How many ranges; those that reach into the asked time are forgotten whole.
    pub ranges: u64,
    /// Earliest creation time of these ranges; absent is the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gte: Option<i64>,
    /// First creation time behind them.
    pub lt: i64,
    /// How many known objects lie there.
    pub objects: u64,
    #[serde(skip)]
    number: i64,
    #[serde(skip)]
    units: Vec<i64>,
    /// The passes that get an open range in their place; none when the list is forgotten whole.
    #[serde(skip)]
    again: Vec<String>,
}

/// What a reset would forget.
pub fn to_forget(ledger: &mut dyn Ledger, reset: &Reset) -> Result<Vec<Forgetting>, LedgerError> {
    let mut all = Vec::new();
    for (number, account, livemode) in ledger.accounts()? {
        if !reset.accounts.is_empty() && !reset.accounts.contains(&account) {
            continue;
        }
        for resource in ledger.lists(number)? {
            if !reset.resources.is_empty() && !reset.resources.contains(&resource) {
                continue;
            }
            let units = ledger.units(number, &resource)?;
            let Some((gte, lt, units)) = touched(&units, reset.from, reset.to) else { continue };
            let of = Objects { account: number, resource: &resource, gte, lt };
            let (objects, _) = ledger.count_and_hash(&of)?;
            let mut again: Vec<String> = units.iter().map(|unit| unit.pass.clone()).collect();
            again.sort_unstable();
            again.dedup();
            if reset.from.is_none() && reset.to.is_none() {
                again.clear();
            }
            let units = units.into_iter().map(|unit| unit.id).collect::<Vec<_>>();
            let (account, ranges) = (account.clone(), units.len() as u64);
            all.push(Forgetting {
                account,
                livemode,
                resource,
                ranges,
                gte,
                lt,
                objects,
                number,
                units,
                again,
            });
        }
    }
    Ok(all)
}

/// Forgets it.
pub fn forget(ledger: &mut dyn Ledger, what: &[Forgetting], reset: &Reset) -> Result<(), LedgerError> {
    for Forgetting { resource, gte, lt, number, units, again, .. } in what {
        let passes: Vec<&str> = again.iter().map(String::as_str).collect();
        let objects = Objects { account: *number, resource, gte: *gte, lt: *lt };
        ledger.forget(&Forget { units, objects, passes: &passes })?;
    }
    if reset.resources.is_empty() && reset.from.is_none() && reset.to.is_none() {
        let mut accounts: Vec<i64> = what.iter().map(|list| list.number).collect();
        accounts.dedup();
        accounts.into_iter().try_for_each(|account| ledger.forget_bookmarks(account))?;
    }
    Ok(())
}

/// The units that reach into `[from, to)`, those that reach into these, and so on, and the range of them all: what
/// is forgotten of one pass must not be proven by another range.
fn touched(units: &[Unit], from: Option<i64>, to: Option<i64>) -> Option<(Option<i64>, i64, Vec<&Unit>)> {
    let (mut gte, mut lt) = (from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX));
    let begins = |unit: &Unit| unit.gte.unwrap_or(i64::MIN);
    loop {
        let inside: Vec<&Unit> = units.iter().filter(|unit| begins(unit) < lt && gte < unit.lt).collect();
        let first = inside.iter().map(|unit| begins(unit)).min()?;
        let end = inside.iter().map(|unit| unit.lt).max()?;
        // The first round narrows what was asked for to what there is.
        if (first, end) == (gte, lt) {
            return Some(((gte > i64::MIN).then_some(gte), lt, inside));
        }
        (gte, lt) = (first, end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Commit, Progress, Seen, SqliteLedger, Tally, Want};

    fn unit(gte: Option<i64>, lt: i64) -> Unit {
        Unit {
            id: lt,
            account: 1,
            resource: "charges".to_owned(),
            pass: "all".to_owned(),
            gte,
            lt,
            done: true,
            cursor: None,
            tally: Tally::default(),
            walked: None,
            error: None,
        }
    }

    #[test]
    fn ranges_that_reach_into_the_asked_time_are_forgotten_whole() {
        let units =
            [unit(None, 10), unit(Some(10), 20), unit(Some(20), 30), unit(Some(25), 40), unit(Some(40), 50)];
        let touched = |from, to| touched(&units, from, to).map(|(gte, lt, units)| (gte, lt, units.len()));
        assert_eq!(touched(None, None), Some((None, 50, 5)));
        assert_eq!(touched(Some(12), Some(13)), Some((Some(10), 20, 1)));
        assert_eq!(touched(Some(10), Some(20)), Some((Some(10), 20, 1)));
        assert_eq!(touched(Some(22), Some(23)), Some((Some(20), 40, 2)), "what overlaps goes, too");
        assert_eq!(touched(Some(5), Some(11)), Some((None, 20, 2)));
        assert_eq!(touched(Some(50), None), None);
    }

    /// A ledger with a finished list of prices up to 100, one object every ten seconds.
    fn ledger(dir: &std::path::Path) -> (SqliteLedger, i64) {
        let mut ledger = SqliteLedger::open(&dir.join("l")).unwrap();
        let account = ledger.account("acct_1", false).unwrap();
        for pass in ["active", "inactive"] {
            let want = Want { account, resource: "prices", pass, lt: 100, overlap: 5, since: None };
            let unit = ledger.plan(&want).unwrap().remove(0).id;
            let units = vec![Progress { unit, done: true, ..Progress::default() }];
            let seen = |n: i64| Seen { created: n * 10, id: format!("price_{n}"), seen: 200, deleted: false };
            let objects = (0..10).map(|n| ("prices", seen(n))).collect();
            let bookmarks = vec![("events".to_owned(), 100)];
            ledger.commit(&Commit { account, units, objects, bookmarks, ..Commit::default() }).unwrap();
        }
        (ledger, account)
    }

    #[test]
    fn a_range_is_walked_once_more() {
        let dir = tempfile::tempdir().unwrap();
        let (mut ledger, account) = ledger(dir.path());
        let reset = Reset { from: Some(20), to: Some(30), ..Reset::default() };
        let what = to_forget(&mut ledger, &reset).unwrap();
        assert_eq!(
            (what.len(), what[0].ranges, what[0].objects, what[0].gte, what[0].lt),
            (1, 2, 10, None, 100)
        );
        assert_eq!(ledger.coverage(account, "prices", "active").unwrap().len(), 1, "nothing happened yet");
        forget(&mut ledger, &what, &reset).unwrap();
        assert_eq!(ledger.bookmark(account, "events").unwrap(), Some(100));
        for pass in ["active", "inactive"] {
            assert_eq!(ledger.coverage(account, "prices", pass).unwrap(), []);
            let want = Want { account, resource: "prices", pass, lt: 100, overlap: 5, since: None };
            let units = ledger.plan(&want).unwrap();
            assert_eq!((units.len(), units[0].gte, units[0].lt, units[0].done), (1, None, 100, false));
        }
        let all = Objects { account, resource: "prices", gte: None, lt: i64::MAX };
        assert_eq!(ledger.count_and_hash(&all).unwrap(), (0, 0));
    }

    #[test]
    fn all_is_all_but_what_was_delivered() {
        let dir = tempfile::tempdir().unwrap();
        let (mut ledger, account) = ledger(dir.path());
        let one = Reset { resources: vec!["charges".to_owned()], ..Reset::default() };
        assert_eq!(to_forget(&mut ledger, &one).unwrap(), []);
        let other = Reset { accounts: vec!["acct_2".to_owned()], ..Reset::default() };
        assert_eq!(to_forget(&mut ledger, &other).unwrap(), []);
        let all = Reset::default();
        let what = to_forget(&mut ledger, &all).unwrap();
        forget(&mut ledger, &what, &all).unwrap();
        assert_eq!(ledger.units(account, "prices").unwrap(), []);
        assert_eq!(ledger.bookmark(account, "events").unwrap(), None);
        assert_eq!(to_forget(&mut ledger, &all).unwrap(), []);
    }
}
