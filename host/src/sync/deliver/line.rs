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
