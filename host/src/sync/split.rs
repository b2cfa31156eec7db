//! Where to cut what is left of a range, from what a walk has seen of it.

/// Objects a page.
pub(super) const PAGE: u32 = 100;

/// Objects by which a piece is kept below whole pages, so that its last page is not one object too small.
const SLACK: f64 = 4.0;

/// What a walk has seen so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sight {
    newest: Option<i64>,
    oldest: i64,
    objects: u32,
}

impl Sight {
    /// Takes note of a page, newest object first.
    pub(super) fn page(&mut self, created: impl DoubleEndedIterator<Item = i64>) {
        for created in created {
            self.newest.get_or_insert(created);
            self.oldest = created;
            self.objects = self.objects.saturating_add(1);
        }
    }

    /// How many objects a second holds.
    fn density(&self) -> Option<f64> {
        let seconds = self.newest?.saturating_sub(self.oldest).max(1);
        Some(f64::from(self.objects) / seconds as f64)
    }

    /// How many pages are left down to `gte`, when the rest is like what was seen.
    pub(super) fn pages_left(&self, gte: i64) -> f64 {
        let left = self.oldest.saturating_sub(gte).max(0) as f64;
        self.density().map_or(0.0, |density| left * density / f64::from(PAGE))
    }

    /// Cuts what is left down to `gte` into `pieces`, or fewer: the times at which, latest first. The walk itself
    /// keeps what is above the first. None is above the oldest second seen, of which there may be more.
    pub(super) fn cuts(&self, gte: i64, pieces: usize) -> Vec<i64> {
        let (pages, Some(density)) = (self.pages_left(gte), self.density()) else { return Vec::new() };
        let each = (pages / pieces.max(1) as f64).round().max(1.0);
        let width = ((each * f64::from(PAGE) - SLACK) / density).floor().max(1.0) as i64;
        let mut cuts = Vec::new();
        let mut at = self.oldest;
        while cuts.len() + 1 < pieces {
            at = at.saturating_sub(width);
            if at <= gte {
                break;
            }
            cuts.push(at);
        }
        cuts
    }
}

/// Cuts a range of which nothing is known into equal parts: the times at which, latest first.
pub(super) fn equal(gte: i64, lt: i64, parts: usize) -> Vec<i64> {
    let span = i128::from(lt) - i128::from(gte);
    let at = |part: usize| i64::try_from(i128::from(gte) + span * part as i128 / parts.max(1) as i128);
    let mut cuts: Vec<i64> = (1..parts).rev().filter_map(|part| at(part).ok()).collect();
    cuts.retain(|at| gte < *at && *at < lt);
    cuts.dedup();
    cuts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_even_range_is_cut_into_whole_pages() {
        let mut sight = Sight::default();
        // One object each ten seconds.
        sight.page((0..100).map(|n| 100_000 - n * 10));
        assert_eq!(sight.oldest, 99_010);
        let gte = 99_010 - 24_000;
        assert!((sight.pages_left(gte) - 24.2).abs() < 0.1);
        let cuts = sight.cuts(gte, 2);
        assert_eq!(cuts.len(), 1);
        let objects = (99_010 - cuts[0]) / 10;
        assert!((1_180..1_200).contains(&objects), "{objects}");
        assert_eq!(sight.cuts(gte, 4).len(), 3);
        assert_eq!(sight.cuts(gte, 1), [] as [i64; 0]);
    }

    #[test]
    fn a_range_of_which_nothing_is_known_is_cut_evenly() {
        assert_eq!(equal(0, 100, 4), [75, 50, 25]);
        assert_eq!(equal(0, 2, 8), [1]);
        assert_eq!(equal(5, 5, 8), [] as [i64; 0]);
        assert_eq!(equal(0, 100, 1), [] as [i64; 0]);
        assert_eq!(equal(i64::MIN, i64::MAX, 2), [-1]);
    }

    proptest! {
        #[test]
        fn cuts_lie_below_what_was_seen_and_above_the_end(
            mut created in proptest::collection::vec(0i64..2_000_000_000, 1..100), gte in -10i64..2_000_000_000,
            pieces in 0usize..40,
        ) {
            created.sort_unstable_by(|a, b| b.cmp(a));
            let oldest = created[created.len() - 1];
            let mut sight = Sight::default();
            sight.page(created.into_iter());
            let cuts = sight.cuts(gte, pieces);
            prop_assert!(cuts.len() < pieces.max(1));
            prop_assert!(cuts.windows(2).all(|pair| pair[0] > pair[1]));
            prop_assert!(cuts.iter().all(|at| gte < *at && *at <= oldest));
        }
    }
}
