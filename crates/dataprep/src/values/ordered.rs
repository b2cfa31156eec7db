//! Ordered maps and sets made without sorting first: `collect()` sorts what it is given, and the code of a
//! sort costs the module several kilobytes for every type that is sorted.

use std::collections::{BTreeMap, BTreeSet};

/// A map of pairs; of two with the same key the later counts.
pub(crate) fn map<K: Ord, V>(pairs: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    map.extend(pairs);
    map
}

/// A set of values.
pub(crate) fn set<T: Ord>(values: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    set.extend(values);
    set
}
