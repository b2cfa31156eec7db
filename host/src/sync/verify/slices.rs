//! The finished part of a list, cut into slices that a single page can show: what is known says where the objects
//! are.

use crate::ledger::{Covered, Ledger, LedgerError, Objects, Seen};
use std::collections::VecDeque;

/// Objects of a slice, unless one second holds more: a page shows 100, and a few may have come.
const OBJECTS: usize = 95;
/// Objects read from the ledger at once.
const BATCH: u32 = 2_000;

/// A half-open range of creation times; the earliest number there is stands for the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) gte: i64,
    pub(super) lt: i64,
}

impl Span {
    /// Its beginning, when it has one.
    pub(super) fn from(self) -> Option<i64> {
        (self.gte > i64::MIN).then_some(self.gte)
    }
}

/// The part of a list that all of its passes have walked to the end, in order, as few spans as can be.
pub(super) fn finished(passes: &[Vec<Covered>]) -> Vec<Span> {
    let mut passes = passes.iter().map(|covered| {
        merged(covered.iter().map(|range| Span { gte: range.gte.unwrap_or(i64::MIN), lt: range.lt }))
    });
    let first = passes.next().unwrap_or_default();
    passes.fold(first, |common, pass| {
        let overlap = |a: &Span, b: &Span| Span { gte: a.gte.max(b.gte), lt: a.lt.min(b.lt) };
        merged(common.iter().flat_map(|a| pass.iter().map(move |b| overlap(a, b))))
    })
}

fn merged(spans: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut spans: Vec<Span> = spans.filter(|span| span.gte < span.lt).collect();
    spans.sort_unstable_by_key(|span| span.gte);
    let mut merged: Vec<Span> = Vec::new();
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.gte <= last.lt => last.lt = last.lt.max(span.lt),
            _ => merged.push(span),
        }
    }
    merged
}

/// A range and what is known of it, oldest object first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slice {
    pub(super) span: Span,
    pub(super) known: Vec<Seen>,
}

/// Cuts spans into slices, reading ahead of itself a little.
pub(super) struct Cutter<'a> {
    account: i64,
    resource: &'a str,
    spans: VecDeque<Span>,
    read: VecDeque<Seen>,
    /// Whether the ledger has no more of the first span than what is read.
    whole: bool,
    last: Option<Seen>,
}

impl<'a> Cutter<'a> {
    pub(super) fn new(account: i64, resource: &'a str, spans: &[Span]) -> Self {
        let spans = spans.iter().copied().collect();
        Self { account, resource, spans, read: VecDeque::new(), whole: false, last: None }
    }

    /// The next slice, oldest first.
    pub(super) fn next(&mut self, ledger: &mut dyn Ledger) -> Result<Option<Slice>, LedgerError> {
        let Some(span) = self.spans.front().copied() else { return Ok(None) };
        let mut known: Vec<Seen> = Vec::new();
        loop {
            if self.read.is_empty() && !self.whole {
                self.read_on(ledger, span)?;
            }
            let same_second = |next: &Seen| known.last().is_some_and(|last| last.created == next.created);
            match self.read.front() {
                Some(next) if known.len() < OBJECTS || same_second(next) => {
                    known.extend(self.read.pop_front())
                }
                Some(next) => {
                    let lt = next.created;
                    if let Some(front) = self.spans.front_mut() {
                        front.gte = lt;
                    }
                    return Ok(Some(Slice { span: Span { lt, ..span }, known }));
                }
                None => {
                    self.spans.pop_front();
                    (self.whole, self.last) = (false, None);
                    return Ok(Some(Slice { span, known }));
                }
            }
        }
    }

    fn read_on(&mut self, ledger: &mut dyn Ledger, span: Span) -> Result<(), LedgerError> {
        let (account, resource) = (self.account, self.resource);
        let of = Objects { account, resource, gte: span.from(), lt: span.lt };
        let read = ledger.objects(&of, self.last.as_ref(), BATCH)?;
        self.whole = read.len() < BATCH as usize;
        self.last = read.last().cloned().or(self.last.take());
        self.read.extend(read);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Commit, SqliteLedger, Tally};
    use proptest::prelude::*;

    fn covered(gte: Option<i64>, lt: i64) -> Covered {
        Covered { gte, lt, tally: Tally::default(), units: 1, walked_first: 0, walked_last: 0 }
    }

    fn spans(spans: &[Span]) -> Vec<(i64, i64)> {
        spans.iter().map(|span| (span.gte, span.lt)).collect()
    }

    #[test]
    fn what_all_passes_finished_is_finished() {
        let one = vec![covered(None, 10), covered(Some(4), 12), covered(Some(20), 30)];
        assert_eq!(spans(&finished(std::slice::from_ref(&one))), [(i64::MIN, 12), (20, 30)]);
        let other = vec![covered(Some(5), 25), covered(Some(29), 29)];
        assert_eq!(spans(&finished(&[one.clone(), other])), [(5, 12), (20, 25)]);
        assert_eq!(finished(&[one, vec![]]), []);
        assert_eq!(finished(&[]), []);
    }

    proptest! {
        /// Slices touch, cover the spans, hold each known object once, and no more than a page unless a second
        /// does.
        #[test]
        fn slices_are_the_spans(
            seconds in prop::collection::vec(0_i64..200, 0..600),
            gaps in prop::collection::vec((0_i64..100, 1_i64..60), 1..4),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let mut ledger = SqliteLedger::open(&dir.path().join("l")).unwrap();
            let account = ledger.account("acct_1", false).unwrap();
            let seen = |(n, created): (usize, &i64)| {
                ("charges", Seen { created: *created, id: format!("ch_{n}"), seen: 1, deleted: n % 7 == 0 })
            };
            let objects = seconds.iter().enumerate().map(seen).collect();
            ledger.commit(&Commit { account, objects, ..Commit::default() }).unwrap();
            let mut at = 0;
            let spans: Vec<Span> = gaps.iter().map(|(gap, length)| {
                let gte = at + gap;
                at = gte + length;
                Span { gte, lt: at }
            }).collect();
            let mut cutter = Cutter::new(account, "charges", &spans);
            let mut slices = Vec::new();
            while let Some(slice) = cutter.next(&mut ledger).unwrap() {
                prop_assert!(slice.known.iter().all(|s| slice.span.gte <= s.created && s.created < slice.span.lt));
                let seconds = slice.known.iter().map(|s| s.created).collect::<std::collections::BTreeSet<_>>();
                let last = slice.known.last().map_or(0, |s| s.created);
                let before = slice.known.iter().filter(|s| s.created < last).count();
                prop_assert!(seconds.is_empty() || before < OBJECTS);
                slices.push(slice);
            }
            let inside = |created: &&i64| spans.iter().any(|span| span.gte <= **created && **created < span.lt);
            let known: usize = slices.iter().map(|slice| slice.known.len()).sum();
            prop_assert_eq!(known, seconds.iter().filter(inside).count());
            prop_assert_eq!(merged(slices.iter().map(|slice| slice.span)), merged(spans.iter().copied()));
        }
    }
}
