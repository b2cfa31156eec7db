//! Where a set's sources lie, and the same set for records that lie elsewhere.
//!
//! A source system may wrap each record (`{"data": {…}}`) that others store bare. One set serves both:
//! its sources are moved below the wrapping member, or out of it, as trees.

use crate::expr::{self, Expr, Path, Segment};
use crate::sets::mapping_set::{Mapping, MappingSet, SourceType};

/// A mapping's source as far as it names places of the record.
enum Source {
    Path(Path),
    Expression(Expr),
}

fn source(mapping: &Mapping) -> Option<Source> {
    match mapping.source_type {
        SourceType::Attribute => Path::parse(&mapping.source).ok().map(Source::Path),
        SourceType::Expression => expr::parse(&mapping.source).ok().map(Source::Expression),
        SourceType::Static => None,
    }
}

impl MappingSet {
    /// Every place of the record that the set reads, in the order of the mappings. Sources that cannot
    /// be parsed are left out.
    #[must_use]
    pub fn source_paths(&self) -> Vec<Path> {
        let mut found = Vec::new();
        for mapping in &self.mappings {
            match source(mapping) {
                Some(Source::Path(path)) => found.push(path),
                Some(Source::Expression(expression)) => found.extend(expression.read_places()),
                None => {}
            }
        }
        found
    }

    /// The same set for records that lie in a member named `root`: `id` becomes `root.id`.
    ///
    /// ```
    /// let set = dataprep::MappingSet::from_json(r#"{"mappings":[
    ///     {"sourceType":"EXPRESSION","source":"concat('id ', id)","destination":"_id"}]}"#)?;
    /// assert_eq!(set.sources_below("data").mappings[0].source, r#"concat("id ", data.id)"#);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn sources_below(&self, root: &str) -> Self {
        self.map_source_paths(&|path| {
            let mut segments = vec![Segment::Name(root.to_owned())];
            segments.extend_from_slice(&path.segments);
            Path { segments }
        })
    }

    /// The same set for records that are what `root` holds: `root.id` becomes `id`. `None` unless every
    /// source lies below `root`.
    #[must_use]
    pub fn sources_out_of(&self, root: &str) -> Option<Self> {
        let is_below = |path: &Path| {
            let [Segment::Name(first), Segment::Name(_), ..] = path.segments.as_slice() else { return false };
            first == root
        };
        let paths = self.source_paths();
        if paths.is_empty() || !paths.iter().all(is_below) {
            return None;
        }
        Some(
            self.map_source_paths(&|path| Path {
                segments: path.segments.get(1..).unwrap_or_default().to_vec(),
            }),
        )
    }

    /// The same set with other places of the record in place of those that it reads. Sources that
    /// cannot be parsed stay as they are.
    #[must_use]
    pub fn map_source_paths(&self, change: &dyn Fn(&Path) -> Path) -> Self {
        let mut set = self.clone();
        for mapping in &mut set.mappings {
            mapping.source = match source(mapping) {
                Some(Source::Path(path)) => change(&path).to_string(),
                Some(Source::Expression(expression)) => expression.map_paths(change).to_string(),
                None => continue,
            };
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(sources: &[(&str, &str)]) -> MappingSet {
        let mappings: Vec<String> = sources
            .iter()
            .map(|(kind, source)| {
                format!(r#"{{"sourceType":"{kind}","source":"{source}","destination":"x"}}"#)
            })
            .collect();
        MappingSet::from_json(&format!(r#"{{"mappings":[{}]}}"#, mappings.join(","))).unwrap()
    }

    #[test]
    fn out_of_and_below_undo_each_other() {
        let wrapped = set(&[
            ("ATTRIBUTE", r"data.a\\.b[*].c"),
            ("EXPRESSION", "lower(data.${odd name}) + data.x[0]"),
            ("STATIC", "data.text"),
        ]);
        let bare = wrapped.sources_out_of("data").unwrap();
        let sources: Vec<&str> = bare.mappings.iter().map(|mapping| mapping.source.as_str()).collect();
        assert_eq!(sources, [r"a\.b[*].c", "lower(${odd name}) + x[0]", "data.text"]);
        assert_eq!(bare.sources_below("data"), wrapped);
    }

    #[test]
    fn one_source_elsewhere_keeps_the_set_as_it_is() {
        assert_eq!(set(&[("ATTRIBUTE", "data.a"), ("ATTRIBUTE", "b")]).sources_out_of("data"), None);
        assert_eq!(set(&[("ATTRIBUTE", "data")]).sources_out_of("data"), None);
        assert_eq!(set(&[("ATTRIBUTE", "data[0].a")]).sources_out_of("data"), None);
        assert_eq!(set(&[("EXPRESSION", "contains_key('b.c')")]).sources_out_of("data"), None);
        assert_eq!(set(&[("STATIC", "data.a")]).sources_out_of("data"), None);
    }
}
