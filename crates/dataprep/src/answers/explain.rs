//! Where every output comes from and what becomes of every input.

use crate::answers::sample::{Leaf, MAX_LEAVES, Reads, Sample, leaves, reads};
use crate::answers::validate::{source_paths, winners};
use crate::expr::{Path, Segment};
use crate::plan::{CompileError, CompileOptions, Plan, Run};
use crate::sets::mapping_set::{MappingSet, SourceType};
use serde::Serialize;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// What a mapping set does, output by output and, for a sample, input by input.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// One entry for each mapping, in order.
    pub outputs: Vec<OutputLeaf>,
    /// Destinations that whoever put the set together has left out on purpose. Empty unless they say so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// The leaves of the sample in its order, elements of one array together; empty without a sample.
    pub sources: Vec<SourceLeaf>,
    /// Whether the sample has more leaves than are told of.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
    /// Why the sample could not be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// A destination and what feeds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputLeaf {
    /// The path written to.
    pub destination: String,
    /// Its type, when the mapping or the schema tells.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub xdm_type: Option<String>,
    /// How the source is read.
    pub source_type: SourceType,
    /// The source as written.
    pub source: String,
    /// The paths of the record, and of what is given with it, that the source reads.
    pub reads: Vec<String>,
    /// Number (from 1) of the later mapping that wins over this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<usize>,
    /// Whether the sample's record holds the destination.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub present: Option<bool>,
    /// A remark of whoever put the set together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A destination that is not written to, on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The path.
    pub destination: String,
    /// What would be written there.
    pub source: String,
    /// Why it is not.
    pub reason: String,
}

/// A leaf of the sample and its fate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceLeaf {
    /// Where it lies, `[*]` for each element of an array.
    pub path: String,
    /// What becomes of it.
    pub fate: Fate,
    /// The destinations that it, or what it lies in, is mapped to.
    pub destinations: Vec<String>,
    /// Why it is left out on purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What becomes of a leaf. Of several elements of an array the first in this order counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Fate {
    /// A mapping reads it.
    Mapped,
    /// A mapping reads or copies what it lies in.
    Covered,
    /// It is copied with what it lies in, but the schema has no field for it.
    NotInSchema,
    /// Nothing reads it.
    Unmapped,
    /// Left out on purpose.
    Dropped,
    /// Null or empty: there is nothing to carry over.
    Empty,
}

/// A rule that leaves a path, and all below it, out on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DropRule<'a> {
    /// The path.
    pub path: &'a str,
    /// Why.
    pub reason: &'a str,
}

/// Tells, for every output of a set, what feeds it and, for every input of a sample, its fate.
///
/// ```
/// use dataprep::{CompileOptions, DropRule, Fate, MappingSet, Sample, explain};
///
/// let set = MappingSet::from_json(r#"{"mappings":[
///     {"sourceType":"EXPRESSION","source":"upper(a.b)","destination":"x"}]}"#)?;
/// let sample = Sample::new(r#"{"a":{"b":"v","c":1},"d":2}"#);
/// let rules = [DropRule { path: "d", reason: "a constant" }];
/// let explanation = explain(&set, CompileOptions::default(), &rules, Some(&sample))?;
/// assert_eq!(explanation.outputs[0].reads, ["a.b"]);
/// let fates: Vec<_> = explanation.sources.iter().map(|leaf| (&*leaf.path, leaf.fate)).collect();
/// assert_eq!(fates, [("a.b", Fate::Mapped), ("a.c", Fate::Unmapped), ("d", Fate::Dropped)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn explain(
    set: &MappingSet,
    options: CompileOptions<'_>,
    rules: &[DropRule<'_>],
    sample: Option<&Sample<'_>>,
) -> Result<Explanation, CompileError> {
    let plan = Plan::compile(set, options)?;
    let mut explanation = Explanation::default();
    let record = match sample.map(|sample| sample.run(&plan, &mut Run::default())) {
        None => None,
        Some(Ok(json)) => Some(serde_json::from_str(&json).unwrap_or(Json::Null)),
        Some(Err(error)) => {
            explanation.problem = Some(format!("the sample cannot be converted: {error}"));
            None
        }
    };
    for ((index, mapping), winner) in set.mappings.iter().enumerate().zip(winners(set)) {
        let destination = Path::parse(&mapping.destination).ok();
        let of_schema = || {
            let node = options.schema?.find(destination.as_ref()?).ok()?;
            let named = node.shape.xdm_type().and_then(|found| serde_json::to_value(found).ok());
            Some(named.and_then(|name| Some(name.as_str()?.to_owned())).unwrap_or_else(|| {
                node.shape.kind_name().trim_start_matches("an ").trim_start_matches("a ").to_owned()
            }))
        };
        let of_mapping = mapping.xdm_type.and_then(|found| serde_json::to_value(found).ok());
        let xdm_type = of_mapping.and_then(|name| Some(name.as_str()?.to_owned())).or_else(of_schema);
        let present = record.as_ref().and_then(|record| Some(holds(record, &destination.as_ref()?.segments)));
        explanation.outputs.push(OutputLeaf {
            destination: mapping.destination.clone(),
            xdm_type,
            source_type: mapping.source_type,
            source: mapping.source.clone(),
            reads: source_paths(mapping, &[]).iter().map(Path::to_string).collect(),
            replaced_by: (winner != index).then_some(winner + 1),
            present,
            note: None,
        });
    }
    if let Some(Ok(found)) = sample.map(|sample| leaves(sample.record)) {
        explanation.truncated = found.len() >= MAX_LEAVES;
        explanation.sources = fates(set, options, rules, &found);
    }
    Ok(explanation)
}

/// Whether a record holds something at a destination, in any element of its arrays.
fn holds(value: &Json, path: &[Segment]) -> bool {
    let Some((first, rest)) = path.split_first() else { return true };
    match (first, value) {
        (Segment::Name(name), Json::Object(members)) => {
            members.get(name).is_some_and(|member| holds(member, rest))
        }
        // Arrays have no holes: an index says where an element is put, not where it comes to lie.
        (Segment::Each | Segment::Index(_), Json::Array(items)) => items.iter().any(|item| holds(item, rest)),
        (Segment::EachValue, Json::Object(members)) => members.values().any(|member| holds(member, rest)),
        (Segment::Rest, Json::Object(_)) => true,
        _ => false,
    }
}

/// What a mapping reads and where it writes.
struct Reader {
    copies: bool,
    paths: Vec<Path>,
    destination: Path,
}

fn fates(
    set: &MappingSet,
    options: CompileOptions<'_>,
    rules: &[DropRule<'_>],
    leaves: &[Leaf],
) -> Vec<SourceLeaf> {
    let readers: Vec<Reader> = set
        .mappings
        .iter()
        .enumerate()
        .zip(winners(set))
        .filter(|((index, _), winner)| index == winner)
        .filter_map(|((_, mapping), _)| {
            Some(Reader {
                copies: mapping.source_type == SourceType::Attribute,
                paths: source_paths(mapping, options.context),
                destination: Path::parse(&mapping.destination).ok()?,
            })
        })
        .collect();
    let rules: Vec<(Path, &str)> =
        rules.iter().filter_map(|rule| Some((Path::parse(rule.path).ok()?, rule.reason))).collect();
    let mut found: Vec<SourceLeaf> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for leaf in leaves {
        let told = fate(leaf, &readers, &rules, options);
        match places.get(&told.path).and_then(|at| found.get_mut(*at)) {
            Some(known) => {
                if told.fate < known.fate {
                    (known.fate, known.reason) = (told.fate, told.reason);
                }
                for destination in told.destinations {
                    if !known.destinations.contains(&destination) {
                        known.destinations.push(destination);
                    }
                }
            }
            None => {
                places.insert(told.path.clone(), found.len());
                found.push(told);
            }
        }
    }
    found
}

fn fate(leaf: &Leaf, readers: &[Reader], rules: &[(Path, &str)], options: CompileOptions<'_>) -> SourceLeaf {
    let (mut mapped, mut covered, mut rest, mut unknown) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for reader in readers {
        for path in &reader.paths {
            let list = match reads(path, &leaf.path) {
                Reads::Not => continue,
                Reads::Leaf => &mut mapped,
                Reads::Rest => &mut rest,
                Reads::Above(steps) => match options.schema {
                    Some(schema) if reader.copies => {
                        let below = leaf.path.iter().skip(leaf.path.len() - steps).cloned();
                        let segments = reader.destination.segments.iter().cloned().chain(below).collect();
                        let known = schema.find(&Path { segments }).is_ok();
                        if known { &mut covered } else { &mut unknown }
                    }
                    _ => &mut covered,
                },
            };
            list.push(reader.destination.to_string());
        }
    }
    let rule = rules.iter().find(|(path, _)| reads(path, &leaf.path) != Reads::Not);
    // {**} takes what nothing else reads.
    if mapped.is_empty() && covered.is_empty() && rule.is_none() {
        mapped = rest;
    }
    let fate = match (leaf.empty, rule) {
        (true, _) => Fate::Empty,
        _ if !mapped.is_empty() => Fate::Mapped,
        _ if !covered.is_empty() => Fate::Covered,
        _ if !unknown.is_empty() => Fate::NotInSchema,
        (false, Some(_)) => Fate::Dropped,
        (false, None) => Fate::Unmapped,
    };
    let mut destinations = mapped;
    destinations.append(&mut covered);
    if fate == Fate::NotInSchema {
        destinations = unknown;
    }
    destinations.dedup();
    let reason = rule.filter(|_| fate == Fate::Dropped).map(|(_, reason)| (*reason).to_owned());
    SourceLeaf { path: leaf.place().to_string(), fate, destinations, reason }
}
