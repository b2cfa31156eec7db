//! What is known against what is listed.

use super::relist::Listed;
use crate::ledger::{Seen, id_hash};

/// Two sides of a range.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Comparison {
    pub(super) known: Side,
    pub(super) listed: Side,
    /// Listed and not known.
    pub(super) missing: Vec<(String, i64)>,
    /// Listed, and known to be deleted.
    pub(super) relisted: Vec<(String, i64)>,
    /// Known, not known to be deleted, and not listed.
    pub(super) extra: Vec<(String, i64)>,
    /// Known to be deleted, and not listed.
    pub(super) deleted: u64,
}

/// How many ids a side has, and the sum of their hashes: see [`crate::ledger::Tally::id_hash`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Side {
    pub(super) count: u64,
    pub(super) hash: u128,
}

impl Side {
    fn take(&mut self, id: &str) {
        self.count += 1;
        self.hash = self.hash.wrapping_add(id_hash(id));
    }

    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.hash = self.hash.wrapping_add(other.hash);
    }
}

impl Comparison {
    /// Compares a range: all that is known of it with all that is listed.
    pub(super) fn of<'a>(known: impl IntoIterator<Item = &'a Seen>, mut listed: Listed) -> Self {
        let mut comparison = Self::default();
        for id in listed.keys() {
            comparison.listed.take(id);
        }
        for seen in known {
            let is_listed = listed.remove(&seen.id).is_some();
            match (seen.deleted, is_listed) {
                (true, true) => comparison.relisted.push((seen.id.clone(), seen.created)),
                (true, false) => comparison.deleted += 1,
                (false, _) => {
                    comparison.known.take(&seen.id);
                    if !is_listed {
                        comparison.extra.push((seen.id.clone(), seen.created));
                    }
                }
            }
        }
        comparison.missing.extend(listed);
        comparison
    }

    /// Adds another range.
    pub(super) fn add(&mut self, other: Self) {
        self.known.add(other.known);
        self.listed.add(other.listed);
        self.missing.extend(other.missing);
        self.relisted.extend(other.relisted);
        self.extra.extend(other.extra);
        self.deleted += other.deleted;
    }

    /// Whether both sides are the same, by counts, hashes and names.
    pub(super) fn is_equal(&self) -> bool {
        self.known == self.listed
            && self.missing.is_empty()
            && self.relisted.is_empty()
            && self.extra.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seen(id: &str, deleted: bool) -> Seen {
        Seen { created: 7, id: id.to_owned(), seen: 9, deleted }
    }

    fn listed(ids: &[&str]) -> Listed {
        ids.iter().map(|id| ((*id).to_owned(), 7)).collect()
    }

    #[test]
    fn each_kind_of_difference_is_named() {
        let known = [seen("a", false), seen("b", false), seen("c", true), seen("d", true)];
        let found = Comparison::of(&known, listed(&["a", "d", "e"]));
        assert_eq!(found.missing, [("e".to_owned(), 7)]);
        assert_eq!(found.relisted, [("d".to_owned(), 7)]);
        assert_eq!(found.extra, [("b".to_owned(), 7)]);
        assert_eq!((found.known.count, found.listed.count, found.deleted), (2, 3, 1));
        assert!(!found.is_equal());
    }

    #[test]
    fn a_deletion_that_is_known_is_no_difference() {
        assert!(Comparison::of(&[seen("a", false), seen("b", true)], listed(&["a"])).is_equal());
    }

    proptest! {
        /// Equal exactly when the same ids are on both sides, however the range is cut.
        #[test]
        fn cuts_do_not_matter(
            known in prop::collection::btree_set("[a-h]", 0..8),
            shown in prop::collection::btree_set("[a-h]", 0..8),
            cut in "[a-i]",
        ) {
            let side = |below: bool| {
                let known: Vec<_> =
                    known.iter().filter(|id| (**id < cut) == below).map(|id| seen(id, false)).collect();
                let shown = shown.iter().filter(|id| (**id < cut) == below).map(|id| (id.clone(), 7)).collect();
                Comparison::of(&known, shown)
            };
            let mut whole = side(true);
            whole.add(side(false));
            prop_assert_eq!(whole.is_equal(), known == shown);
            prop_assert_eq!(whole.known == whole.listed, known == shown, "counts and hashes alone say the same");
            let missing: Vec<_> = whole.missing.iter().map(|(id, _)| id).collect();
            prop_assert_eq!(missing, shown.difference(&known).collect::<Vec<_>>());
            let extra: Vec<_> = whole.extra.iter().map(|(id, _)| id).collect();
            prop_assert_eq!(extra, known.difference(&shown).collect::<Vec<_>>());
        }
    }
}
