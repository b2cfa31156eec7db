//! Mappings as they are read, before they are resolved: paths and expressions parsed, iterations settled,
//! and what explicit mappings take out of the copy of a whole object.

use crate::expr::{self, Expr, Path, Segment};
use crate::plan::MAX_EXPRESSION;
use crate::run::source::iterations;
use crate::sets::mapping_set::{Mapping, SourceType};
use crate::values::ordered;
use std::collections::BTreeMap;

/// A mapping with its two sides parsed.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// Its place in the set.
    pub(crate) index: usize,
    pub(crate) source: ParsedSource,
    pub(crate) destination: Path,
    /// Of a copied object: the members that explicit mappings move elsewhere below the destination.
    pub(crate) skip: Skip,
}

#[derive(Debug)]
pub(crate) enum ParsedSource {
    Static,
    Attribute(Path),
    Expression(Expr),
}

/// Names that a copy leaves out: all of a member, or something below it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Skip {
    /// The member itself is left out.
    pub(crate) whole: bool,
    below: BTreeMap<String, Skip>,
}

impl Skip {
    /// What is left out below a member.
    pub(crate) fn get(&self, name: &str) -> Option<&Skip> {
        self.below.get(name)
    }

    fn add(&mut self, names: &[Segment]) {
        let mut at = self;
        for segment in names {
            let Segment::Name(name) = segment else { return };
            at = at.below.entry(name.clone()).or_default();
        }
        at.whole = true;
    }
}

impl Parsed {
    /// Parses both sides, or says what is wrong with each.
    pub(crate) fn new(index: usize, mapping: &Mapping) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let destination = Path::parse(&mapping.destination).map_err(|error| {
            problems.push(format!("destination: {error}\n{}", error.caret(&mapping.destination)))
        });
        let length = mapping.source.chars().count();
        let source = match mapping.source_type {
            SourceType::Static => Some(ParsedSource::Static),
            SourceType::Attribute => match Path::parse(&mapping.source) {
                Ok(path) => Some(ParsedSource::Attribute(path)),
                Err(error) => {
                    problems.push(format!("{error}\n{}", error.caret(&mapping.source)));
                    None
                }
            },
            SourceType::Expression if length > MAX_EXPRESSION => {
                problems.push(format!(
                    "the expression has {length} characters; at most {MAX_EXPRESSION} are allowed"
                ));
                None
            }
            SourceType::Expression => match expr::parse(&mapping.source) {
                Ok(parsed) => Some(ParsedSource::Expression(parsed)),
                Err(error) => {
                    problems.push(format!("{error}\n{}", error.caret(&mapping.source)));
                    None
                }
            },
        };
        match (source, destination) {
            (Some(source), Ok(destination)) => Ok(Self { index, source, destination, skip: Skip::default() }),
            _ => Err(problems),
        }
    }

    /// The path of an attribute that is copied (and not what is left of one).
    fn attribute(&self) -> Option<&Path> {
        match &self.source {
            ParsedSource::Attribute(path) if path.segments.last() != Some(&Segment::Rest) => Some(path),
            _ => None,
        }
    }

    fn source_iterations(&self) -> usize {
        match &self.source {
            ParsedSource::Static => 0,
            ParsedSource::Attribute(path) => iterations(path),
            ParsedSource::Expression(expression) => {
                expression.paths().into_iter().map(iterations).max().unwrap_or_default()
            }
        }
    }
}

fn is_iteration(segment: &Segment) -> bool {
    matches!(segment, Segment::Each | Segment::EachValue | Segment::EachKey)
}

/// The path up to each of its iterations, those included.
fn iterated(path: &Path) -> impl Iterator<Item = &[Segment]> {
    let segments = &path.segments;
    segments
        .iter()
        .enumerate()
        .filter(|(_, segment)| is_iteration(segment))
        .filter_map(|(index, _)| segments.get(..=index))
}

/// Makes mappings alike that mean the same, so that all further steps know one form only:
///
/// - an array mapped whole, beside mappings of its elements, is mapped element by element;
/// - an attribute without `[*]` whose destination has one that no other mapping feeds is spread over it.
///
/// Gives what is wrong, by index of the mapping.
pub(crate) fn settle(mappings: &mut [Parsed]) -> Vec<(usize, String)> {
    by_element(mappings);
    let problems = spread(mappings);
    skips(mappings);
    problems
}

fn by_element(mappings: &mut [Parsed]) {
    let mut arrays: BTreeMap<Vec<Segment>, Segment> = BTreeMap::new();
    for mapping in mappings.iter() {
        let segments = &mapping.destination.segments;
        for (index, segment) in segments.iter().enumerate() {
            let iteration = match segment {
                Segment::Each | Segment::Index(_) => Segment::Each,
                Segment::EachValue => Segment::EachValue,
                _ => continue,
            };
            arrays.insert(segments.iter().take(index).cloned().collect(), iteration);
        }
    }
    for mapping in mappings {
        let Some(iteration) = arrays.get(&mapping.destination.segments) else { continue };
        let alike = mapping.source_iterations() == iterations(&mapping.destination);
        if let ParsedSource::Attribute(path) = &mut mapping.source
            && alike
            && path.segments.last() != Some(&Segment::Rest)
        {
            path.segments.push(iteration.clone());
            mapping.destination.segments.push(iteration.clone());
        }
    }
}

fn spread(mappings: &mut [Parsed]) -> Vec<(usize, String)> {
    let fed =
        mappings.iter().flat_map(|mapping| iterated(&mapping.destination).take(mapping.source_iterations()));
    let fed = ordered::set(fed.map(<[Segment]>::to_vec));
    let mut problems = Vec::new();
    for mapping in mappings {
        let given = mapping.source_iterations();
        let missing: Vec<&[Segment]> = iterated(&mapping.destination).skip(given).collect();
        let unfed = missing.iter().filter(|prefix| !fed.contains(**prefix)).count();
        if unfed == 0 {
            continue;
        }
        let mut added: Vec<Segment> = missing.iter().filter_map(|prefix| prefix.last().cloned()).collect();
        let problem = match &mut mapping.source {
            ParsedSource::Attribute(path) if path.segments.last() == Some(&Segment::Rest) => continue,
            ParsedSource::Attribute(path) if unfed == missing.len() => {
                path.segments.append(&mut added);
                continue;
            }
            ParsedSource::Attribute(_) => {
                "the destination iterates more often than the source, and other mappings feed only some of \
                 its [*]"
            }
            ParsedSource::Static => "a constant cannot say how many elements the destination's [*] has",
            ParsedSource::Expression(_) => {
                "the destination iterates, but no source does; write [*] in a path of the expression, or map \
                 the array that it makes to the destination without [*]"
            }
        };
        problems.push((mapping.index, problem.to_owned()));
    }
    problems
}

/// Finds, for each attribute that other attributes of the same object lie below, what those take out of
/// its copy: Adobe's example moves `address.line1` to `addr.addrLine1` and copies the rest of `address`.
fn skips(mappings: &mut [Parsed]) {
    let mut copied: BTreeMap<&[Segment], usize> = BTreeMap::new();
    for (at, mapping) in mappings.iter().enumerate() {
        if mapping.attribute().is_some() {
            copied.insert(&mapping.destination.segments, at);
        }
    }
    let mut found: Vec<(usize, Vec<Segment>)> = Vec::new();
    for child in mappings.iter() {
        let Some(source) = child.attribute() else { continue };
        let segments = &child.destination.segments;
        for length in 1..segments.len() {
            let parent = segments.get(..length).and_then(|prefix| copied.get(prefix));
            let Some((at, parent)) = parent.and_then(|at| Some((*at, mappings.get(*at)?.attribute()?)))
            else {
                continue;
            };
            if let Some(names) = source.segments.strip_prefix(parent.segments.as_slice())
                && !names.is_empty()
                && names.iter().all(|segment| matches!(segment, Segment::Name(_)))
            {
                found.push((at, names.to_vec()));
            }
        }
    }
    for (at, names) in found {
        if let Some(mapping) = mappings.get_mut(at) {
            mapping.skip.add(&names);
        }
    }
}
