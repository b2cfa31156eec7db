//! Sets over sets: one changes another by destination.

use crate::expr::Path;
use crate::sets::mapping_set::{Mapping, MappingSet};

impl MappingSet {
    /// Changes this set by another. First the destinations of `drop`, each with everything below it,
    /// are taken out; then each mapping of `over` replaces the one with the same destination, in its
    /// place, or is added at the end. Gives the destinations of `drop` that no mapping writes to.
    ///
    /// ```
    /// use dataprep::{Mapping, MappingSet, SourceType::Attribute};
    ///
    /// let mappings = vec![Mapping::new(Attribute, "a", "x"), Mapping::new(Attribute, "b", "y.z")];
    /// let mut set = MappingSet { mappings, ..MappingSet::default() };
    /// let mappings = vec![Mapping::new(Attribute, "c", "x")];
    /// let unknown = set.layer(&MappingSet { mappings, ..MappingSet::default() }, &["y".into(), "q".into()]);
    /// assert_eq!(set.mappings, [Mapping::new(Attribute, "c", "x")]);
    /// assert_eq!(unknown, ["q"]);
    /// ```
    pub fn layer(&mut self, over: &MappingSet, drop: &[String]) -> Vec<String> {
        let mut unknown = Vec::new();
        for dropped in drop {
            let before = self.mappings.len();
            let path = Path::parse(dropped).ok();
            self.mappings.retain(|mapping| match (&path, Path::parse(&mapping.destination)) {
                (Some(path), Ok(destination)) => !destination.starts_with(path),
                _ => mapping.destination != *dropped,
            });
            if self.mappings.len() == before {
                unknown.push(dropped.clone());
            }
        }
        for mapping in &over.mappings {
            let mut same = self.mappings.iter_mut().filter(|known| same_destination(known, mapping));
            match same.next() {
                Some(first) => {
                    first.clone_from(mapping);
                    let mut met = false;
                    // A second mapping of this set to the destination would win over the new one.
                    self.mappings.retain(|known| {
                        !same_destination(known, mapping) || !std::mem::replace(&mut met, true)
                    });
                }
                None => self.mappings.push(mapping.clone()),
            }
        }
        if over.allow_null_values.is_some() {
            self.allow_null_values = over.allow_null_values;
        }
        if over.output_schema.is_some() {
            self.output_schema.clone_from(&over.output_schema);
        }
        unknown
    }
}

/// Whether two mappings write to one place, however it is written.
fn same_destination(a: &Mapping, b: &Mapping) -> bool {
    a.destination == b.destination
        || matches!((Path::parse(&a.destination), Path::parse(&b.destination)), (Ok(a), Ok(b)) if a == b)
}
