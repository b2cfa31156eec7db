//! What differs between two mapping sets, by destination.

use crate::expr::Path;
use crate::sets::mapping_set::{Mapping, MappingSet, SourceType, XdmType};
use crate::values::ordered;
use serde::Serialize;
use std::collections::BTreeMap;

/// The differences of two sets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Mappings that only the second set has.
    pub added: Vec<Side>,
    /// Mappings that only the first set has.
    pub removed: Vec<Side>,
    /// Destinations that the two sets feed differently.
    pub changed: Vec<Change>,
    /// Whether the destinations that both have come in another order: the records then hold the same
    /// members in another order.
    pub reordered: bool,
    /// What differs beside the mappings.
    pub settings: Vec<SettingChange>,
}

/// One side of a difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Side {
    /// The destination, in its usual spelling.
    pub destination: String,
    /// How the source is read.
    pub source_type: SourceType,
    /// The source as written.
    pub source: String,
    /// The destination's type, when the set states it.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub xdm_type: Option<XdmType>,
}

/// A destination that two sets feed differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The destination, in its usual spelling.
    pub destination: String,
    /// In the first set.
    pub before: Side,
    /// In the second.
    pub after: Side,
}

/// A member of the set itself that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingChange {
    /// Which: `allowNullValues` or `outputSchema`.
    pub member: &'static str,
    /// In the first set.
    pub before: Option<String>,
    /// In the second.
    pub after: Option<String>,
}

impl Difference {
    /// Whether the sets do the same.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty()
            && self.removed.is_empty()
            && self.changed.is_empty()
            && !self.reordered
            && self.settings.is_empty()
    }
}

/// What differs between two sets. Of several mappings to one destination the last one counts: it wins.
///
/// ```
/// use dataprep::{MappingSet, diff};
///
/// let a = MappingSet::from_json(r#"{"mappings":[{"source":"a","destination":"x"},{"source":"b","destination":"y"}]}"#)?;
/// let b = MappingSet::from_json(r#"{"mappings":[{"source":"c","destination":"x"},{"source":"b","destination":"z"}]}"#)?;
/// let difference = diff(&a, &b);
/// assert_eq!(difference.changed[0].after.source, "c");
/// assert_eq!((&*difference.removed[0].destination, &*difference.added[0].destination), ("y", "z"));
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn diff(a: &MappingSet, b: &MappingSet) -> Difference {
    let (before, after) = (winners(a), winners(b));
    let place = |sides: &[Side]| -> BTreeMap<String, usize> {
        ordered::map(sides.iter().enumerate().map(|(index, side)| (side.destination.clone(), index)))
    };
    let (in_before, in_after) = (place(&before), place(&after));
    let mut difference = Difference::default();
    let mut last = None;
    for side in &before {
        match in_after.get(&side.destination).and_then(|index| Some((*index, after.get(*index)?))) {
            None => difference.removed.push(side.clone()),
            Some((index, other)) => {
                difference.reordered |= last.is_some_and(|last| index < last);
                last = Some(index);
                if side != other {
                    difference.changed.push(Change {
                        destination: side.destination.clone(),
                        before: side.clone(),
                        after: other.clone(),
                    });
                }
            }
        }
    }
    difference.added = after.into_iter().filter(|side| !in_before.contains_key(&side.destination)).collect();
    let mut setting = |member, before: Option<String>, after: Option<String>| {
        if before != after {
            difference.settings.push(SettingChange { member, before, after });
        }
    };
    let nulls = |set: &MappingSet| Some(set.allow_null_values.unwrap_or_default().to_string());
    setting("allowNullValues", nulls(a), nulls(b));
    let schema = |set: &MappingSet| Some(set.output_schema.clone()?.schema_ref?.id);
    setting("outputSchema", schema(a), schema(b));
    difference
}

/// The mappings that count, in the order of the first mapping to each destination.
fn winners(set: &MappingSet) -> Vec<Side> {
    let mut sides: Vec<Side> = Vec::with_capacity(set.mappings.len());
    let mut known = BTreeMap::new();
    for mapping in &set.mappings {
        let side = side(mapping);
        match known.get(&side.destination).and_then(|index: &usize| sides.get_mut(*index)) {
            Some(first) => *first = side,
            None => {
                known.insert(side.destination.clone(), sides.len());
                sides.push(side);
            }
        }
    }
    sides
}

fn side(mapping: &Mapping) -> Side {
    Side {
        destination: Path::parse(&mapping.destination)
            .map_or_else(|_| mapping.destination.clone(), |path| path.to_string()),
        source_type: mapping.source_type,
        source: mapping.source.clone(),
        xdm_type: mapping.xdm_type,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(mappings: &[(&str, &str)]) -> MappingSet {
        let mappings = mappings.iter().map(|(s, d)| Mapping::new(SourceType::Attribute, *s, *d)).collect();
        MappingSet { mappings, ..MappingSet::default() }
    }

    #[test]
    fn the_last_of_two_mappings_counts_and_order_is_noticed() {
        let a = set(&[("a", "x"), ("b", "y"), ("c", "x")]);
        assert!(diff(&a, &set(&[("c", "x"), ("b", "y")])).is_empty());
        let turned = diff(&a, &set(&[("b", "y"), ("c", "x")]));
        assert!(turned.reordered && turned.changed.is_empty());
        let nulls = MappingSet { allow_null_values: Some(true), ..a.clone() };
        assert_eq!(diff(&a, &nulls).settings[0].member, "allowNullValues");
    }
}
