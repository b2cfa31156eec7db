//! One walk as the deliverer sees it: its pages in order, and what its unit gained since the last commit.

use crate::ledger::{Progress, Unit};
use crate::stripe::Resource;
use crate::sync::Fetched;
use std::collections::HashSet;

pub(super) struct Line {
    pub(super) unit: Unit,
    /// The resource whose list it is; none for a list of Events.
    pub(super) resource: Option<Resource>,
    /// What people know it by; the walks of one list share it.
    pub(super) title: String,
    /// The page that is due.
    pub(super) next: u64,
    pub(super) gained: Progress,
    /// Whether `gained` is to be recorded.
    pub(super) touched: bool,
    boundary: HashSet<String>,
    pub(super) complete: bool,
}

impl Line {
    pub(super) fn new(unit: Unit, resource: Option<Resource>, title: String) -> Self {
        let gained = Progress { unit: unit.id, ..Progress::default() };
        let boundary = HashSet::new();
        Self { unit, resource, title, next: 0, gained, touched: false, boundary, complete: false }
    }

    /// Moves the cursor, and with it the ids that are known of the cursor's second.
    pub(super) fn advance(&mut self, fetched: &Fetched) {
        if fetched.anew {
            // Who took over a part of the range keeps it.
            let rest = self.gained.rest.take();
            self.gained = Progress { unit: self.unit.id, anew: true, rest, ..Progress::default() };
            self.boundary.clear();
            self.unit.cursor = None;
        }
        self.gained.tally.pages += 1;
        self.gained.at = fetched.call.observed_at.or(self.gained.at);
        let Some((id, second)) = &fetched.cursor else { return };
        let before = self.gained.cursor.as_ref().or(self.unit.cursor.as_ref()).map(|cursor| cursor.1);
        if before != Some(*second) {
            self.boundary.clear();
        }
        self.gained.cursor = Some((id.clone(), *second));
        let shared = fetched.page.objects.iter().filter(|o| o.created == *second);
        self.boundary.extend(shared.map(|o| o.id.clone()));
    }

    /// What is to be recorded; the line begins to gather anew.
    pub(super) fn take(&mut self) -> Progress {
        let next = Progress { unit: self.unit.id, at: self.gained.at, ..Progress::default() };
        let mut gained = std::mem::replace(&mut self.gained, next);
        gained.boundary = self.boundary.drain().collect();
        if gained.anew {
            self.unit.tally = Default::default();
        }
        self.unit.tally.add(&gained.tally);
        if let Some(cursor) = &gained.cursor {
            self.unit.cursor = Some(cursor.clone());
        }
        if let Some(rest) = &gained.rest {
            self.unit.gte = Some(rest.gte);
        }
        self.unit.walked = gained.at.filter(|_| gained.done).or(self.unit.walked);
        self.touched = false;
        gained
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Rest;
    use crate::module::Call;
    use crate::stripe::{Object, Page};

    /// A page with one object of each of these seconds.
    fn page(anew: bool, seconds: &[i64]) -> Fetched {
        let object = |second: &i64| Object::new(format!("ch_{second}"), *second, b"{}".to_vec());
        let page = Page::of(seconds.iter().map(object).collect());
        let cursor = seconds.last().map(|second| (format!("ch_{second}"), *second));
        Fetched { cursor, anew, ..Fetched::new(0, page, Call::default()) }
    }

    #[test]
    fn a_walk_that_begins_anew_forgets_its_place_but_not_who_took_over_the_rest() {
        let mut line =
            Line::new(Unit { id: 7, ..Unit::new(1, "charges".into(), String::new()) }, None, String::new());
        line.advance(&page(false, &[50, 40]));
        let units = vec![Unit { id: 8, ..Unit::new(1, "charges".into(), String::new()) }];
        line.gained.rest = Some(Rest { gte: 30, units });
        line.advance(&page(true, &[60]));
        let gained = line.take();
        assert!(gained.anew);
        assert_eq!(gained.cursor, Some(("ch_60".to_owned(), 60)));
        assert_eq!((gained.boundary, gained.tally.pages), (vec!["ch_60".to_owned()], 1));
        // Its units were promised numbers, and others may have begun them.
        assert_eq!(gained.rest.map(|rest| (rest.gte, rest.units.len())), Some((30, 1)));
        assert_eq!((line.unit.gte, line.unit.tally.pages), (Some(30), 1));
    }
}
