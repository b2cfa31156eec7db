//! What stands in the way of following every change: Events that Stripe no longer has, resources that were left out
//! for a while, a key of the other mode, another account. Found before anything is fetched, said aloud, and mended
//! by listing again what Events cannot tell.

use super::events::{self, LAG, OVERLAP, Reading};
use crate::ledger::{Ledger, LedgerError};
use crate::stripe::Resource;
use std::collections::{BTreeMap, BTreeSet};

/// Stripe has Events for 30 days; a day is left for a run that takes long.
const KEPT: i64 = 29 * 86_400;

const DAY: i64 = 86_400;

/// The number of no account.
const UNKNOWN: i64 = -1;

/// Which resources a run was asked for, as the ledger remembers it.
const RESOURCES: &str = "resources";

/// What an account's run is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Who<'a> {
    /// The account's number in the ledger.
    pub(super) account: i64,
    /// Stripe's name of it.
    pub(super) name: &'a str,
    pub(super) livemode: bool,
    /// Whether no other account is meant to be in the lake.
    pub(super) is_alone: bool,
}

/// How a run begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Begun {
    /// The Events to read; none in a first run.
    pub(super) reading: Option<Reading>,
    /// What is to be said aloud.
    pub(super) notices: Vec<String>,
}

/// Looks at what the ledger knows, and prepares it: bookmarks of what is new, and everything to be listed again that
/// Events can no longer tell. Afterwards a crash loses none of it.
pub(super) fn begin(
    ledger: &mut dyn Ledger,
    who: Who<'_>,
    now: i64,
    resources: &[Resource],
) -> Result<Begun, LedgerError> {
    let mut notices = Vec::new();
    let before = ledger.fact(who.account, RESOURCES)?;
    if before.is_none() {
        notices.extend(new_here(who, &ledger.accounts()?));
    }
    let told: Vec<Resource> = resources.iter().copied().filter(|r| !r.events().is_empty()).collect();
    let mut bookmarks = Vec::with_capacity(told.len());
    for resource in told {
        bookmarks.push((resource, ledger.bookmark(who.account, &events::bookmark(resource))?));
    }
    let decision = decide(now, &bookmarks);
    if let Some(before) = &before {
        notices.extend(changed_list(before, resources));
    }
    notices.extend(decision.gap(now));
    // A new resource is listed from now on; what changes behind the walk's back is told by the Events from now on.
    let fresh = decision.new.iter().chain(decision.lost.keys());
    let from: Vec<(String, i64)> = fresh.map(|r| (events::bookmark(*r), now - OVERLAP)).collect();
    let lost: Vec<&str> = decision.lost.keys().map(|r| r.name()).collect();
    ledger.relist(who.account, &lost, now, &from)?;
    let oldest = bookmarks.iter().filter_map(|(_, at)| *at).min();
    ledger.forget_heard(who.account, oldest.unwrap_or(now).saturating_sub(2 * OVERLAP))?;
    ledger.set_fact(who.account, RESOURCES, &names(resources))?;
    Ok(Begun { reading: decision.reading(now), notices })
}

/// What the bookmarks lead to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Decision {
    /// Resources that were never synced.
    new: Vec<Resource>,
    /// Resources whose Events Stripe no longer has, with the time up to which they are known.
    lost: BTreeMap<Resource, i64>,
    /// Resources whose Events are read, with the time from which.
    since: BTreeMap<Resource, i64>,
}

fn decide(now: i64, bookmarks: &[(Resource, Option<i64>)]) -> Decision {
    let mut decision = Decision::default();
    for (resource, at) in bookmarks {
        match at {
            None => decision.new.push(*resource),
            Some(at) if now.saturating_sub(*at) > KEPT => {
                decision.lost.insert(*resource, *at);
            }
            Some(at) => {
                decision.since.insert(*resource, at.saturating_sub(OVERLAP));
            }
        }
    }
    decision
}

impl Decision {
    fn reading(self, now: i64) -> Option<Reading> {
        let (gte, lt) = (*self.since.values().min()?, now.saturating_sub(LAG));
        (gte < lt).then_some(Reading { gte, lt, since: self.since })
    }

    fn gap(&self, now: i64) -> Option<String> {
        let oldest = *self.lost.values().min()?;
        let days = now.saturating_sub(oldest) / DAY;
        Some(format!(
            "gap: Events of {days} days were not read, and Stripe keeps 30 days of them; {} {} listed again from the \
             beginning, and what no list shows any more is looked up",
            list(self.lost.keys()),
            if self.lost.len() == 1 { "is" } else { "are" }
        ))
    }
}

/// What a sync would say of an account, of those that a ledger knows: number, name and mode.
pub fn news_of(name: &str, livemode: bool, alone: bool, known: &[(i64, String, bool)]) -> Option<String> {
    let is_known = known.iter().any(|(_, other, mode)| other == name && *mode == livemode);
    let who = Who { account: UNKNOWN, name, livemode, is_alone: alone };
    if is_known { None } else { new_here(who, known) }
}

/// What is to be said of an account that the lake sees for the first time.
fn new_here(who: Who<'_>, known: &[(i64, String, bool)]) -> Option<String> {
    let mode = |livemode: bool| if livemode { "live" } else { "test" };
    let others: Vec<&(i64, String, bool)> =
        known.iter().filter(|(number, ..)| *number != who.account).collect();
    if let Some((_, _, other)) = others.iter().find(|(_, name, _)| name == who.name) {
        return Some(format!(
            "key mode: this lake holds {}'s {} data so far, the key is for its {} data; all of that is listed from \
             the beginning, beside the other. Ids that users choose (coupons, products) may be the same in both, so \
             test data belongs into a lake of its own: another --lake",
            who.name,
            mode(*other),
            mode(who.livemode)
        ));
    }
    let (_, name, livemode) = others.last().filter(|_| who.is_alone)?;
    Some(format!(
        "account: this lake holds {name} ({}) so far; {} ({}) is new to it and is listed from the beginning",
        mode(*livemode),
        who.name,
        mode(who.livemode)
    ))
}

/// What is to be said when other resources are asked for than by the run before.
fn changed_list(before: &str, resources: &[Resource]) -> Vec<String> {
    let before: BTreeSet<Resource> = before.split(',').filter_map(Resource::from_name).collect();
    let now: BTreeSet<Resource> = resources.iter().copied().collect();
    let mut notices = Vec::new();
    let (more, less) = (now.difference(&before), before.difference(&now));
    if more.clone().next().is_some() {
        notices.push(format!(
            "resources: {} asked for, which the run before was not: what is missing is listed, and read from Events",
            list(more)
        ));
    }
    if less.clone().next().is_some() {
        notices.push(format!(
            "resources: {} no longer asked for: what changes from now on is missing until asked for again",
            list(less)
        ));
    }
    notices
}

fn names(resources: &[Resource]) -> String {
    let names: Vec<&str> = resources.iter().map(|resource| resource.name()).collect();
    names.join(",")
}

fn list<'a>(resources: impl Iterator<Item = &'a Resource>) -> String {
    let names: Vec<&str> = resources.map(|resource| resource.name()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use Resource::{Charges, Customers, Prices};
    use proptest::prelude::*;

    const NOW: i64 = 1_790_000_000;

    #[test]
    fn a_first_run_reads_no_events() {
        let decision = decide(NOW, &[(Charges, None), (Prices, None)]);
        assert_eq!((decision.new.as_slice(), decision.gap(NOW)), ([Charges, Prices].as_slice(), None));
        assert_eq!(decision.reading(NOW), None);
    }

    #[test]
    fn a_later_run_reads_from_the_oldest_bookmark_with_overlap_to_a_minute_ago() {
        let decision =
            decide(NOW, &[(Charges, Some(NOW - 300)), (Customers, Some(NOW - 5_000)), (Prices, None)]);
        assert_eq!(decision.new, [Prices]);
        let reading = decision.reading(NOW).unwrap();
        assert_eq!((reading.gte, reading.lt), (NOW - 5_600, NOW - 60));
        assert_eq!(reading.since, BTreeMap::from([(Charges, NOW - 900), (Customers, NOW - 5_600)]));
    }

    #[test]
    fn after_29_days_the_events_are_lost_and_that_is_said() {
        let just = decide(NOW, &[(Charges, Some(NOW - KEPT))]);
        assert!(just.lost.is_empty() && just.gap(NOW).is_none());
        let lost = decide(NOW, &[(Charges, Some(NOW - 31 * DAY)), (Customers, Some(NOW - DAY))]);
        assert_eq!(lost.lost, BTreeMap::from([(Charges, NOW - 31 * DAY)]));
        let said = lost.gap(NOW).unwrap();
        assert!(
            said.starts_with("gap: Events of 31 days") && said.contains("charges is listed again"),
            "{said}"
        );
        assert_eq!(lost.reading(NOW).unwrap().gte, NOW - DAY - 600);
    }

    #[test]
    fn another_mode_another_account_and_another_list_are_said() {
        let known = [(1, "acct_1".to_owned(), false), (2, "acct_1".to_owned(), true)];
        let who = Who { account: 2, name: "acct_1", livemode: true, is_alone: true };
        let said = new_here(who, &known).unwrap();
        assert!(said.starts_with("key mode") && said.contains("test data so far"), "{said}");
        let known = [(1, "acct_1".to_owned(), false), (2, "acct_2".to_owned(), false)];
        let who = Who { account: 2, name: "acct_2", livemode: false, is_alone: true };
        let said = new_here(who, &known).unwrap();
        assert!(said.starts_with("account: this lake holds acct_1 (test) so far; acct_2 (test)"), "{said}");
        assert_eq!(new_here(Who { is_alone: false, ..who }, &known), None, "several were asked for");
        let who = Who { account: 1, name: "acct_1", livemode: false, is_alone: true };
        assert_eq!(new_here(who, &known[..1]), None);

        assert_eq!(changed_list("charges,prices", &[Charges, Prices]), Vec::<String>::new());
        let said = changed_list("charges,prices", &[Charges, Customers]);
        assert!(said[0].starts_with("resources: customers asked for"), "{said:?}");
        assert!(said[1].starts_with("resources: prices no longer asked for"), "{said:?}");
    }

    proptest! {
        /// Whatever the bookmarks: each resource is new, lost or read, and what is read is what Stripe still has.
        #[test]
        fn nothing_falls_between(ages in prop::collection::vec(prop::option::of(-100..100 * DAY), 1..6)) {
            let bookmarks: Vec<_> = Resource::ALL.into_iter().zip(&ages)
                .map(|(resource, age)| (resource, age.map(|age| NOW - age))).collect();
            let decision = decide(NOW, &bookmarks);
            prop_assert_eq!(decision.new.len() + decision.lost.len() + decision.since.len(), bookmarks.len());
            let since = decision.since.clone();
            match decision.reading(NOW) {
                None => prop_assert!(since.values().all(|at| *at >= NOW - LAG)),
                Some(reading) => {
                    prop_assert!(reading.gte >= NOW - KEPT - OVERLAP && reading.gte < reading.lt);
                    prop_assert!(reading.since.values().all(|at| *at >= reading.gte));
                }
            }
        }
    }
}
