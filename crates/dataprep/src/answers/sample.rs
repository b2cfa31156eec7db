//! Samples: records that answers about a mapping set are tried on, and the leaves in them.

use crate::expr::{Path, Segment};
use crate::plan::{Plan, Run};
use crate::run::clock::Clock;
use crate::values::json::{self, JsonError, Kind, Scanner};
use crate::values::value::Value;
use std::any::Any;

/// Most leaves of a sample that are looked at.
pub(crate) const MAX_LEAVES: usize = 20_000;

/// A record to try a mapping set on, with what a run needs besides.
#[derive(Debug, Clone)]
pub struct Sample<'a> {
    /// The record's JSON text.
    pub record: &'a str,
    /// The values of [`CompileOptions::context`](crate::CompileOptions::context), in its order.
    pub context: &'a [Value<'a>],
    /// What functions that the caller has added are handed.
    pub host: &'a dyn Any,
    /// The time and the chance of the run.
    pub clock: Clock,
}

impl<'a> Sample<'a> {
    /// A record by itself, without a time.
    pub fn new(record: &'a str) -> Self {
        Self { record, context: &[], host: &(), clock: Clock::default() }
    }

    /// Converts the sample; the text is empty when nothing was written.
    pub(crate) fn run(&self, plan: &Plan, run: &mut Run) -> Result<String, JsonError> {
        run.clock = self.clock.clone();
        let mut out = Vec::new();
        plan.run(run, self.record, self.context, self.host, &mut out)?;
        String::from_utf8(out).map_err(|_| JsonError { offset: 0, message: "the record is not UTF-8" })
    }
}

/// A value of a sample that has no members or elements.
#[derive(Debug)]
pub(crate) struct Leaf {
    /// Where it lies, with the index of each element.
    pub(crate) path: Vec<Segment>,
    /// Whether it is null, an empty string, object or array.
    pub(crate) empty: bool,
}

impl Leaf {
    /// The path with `[*]` for each index.
    pub(crate) fn place(&self) -> Path {
        let each = |segment: &Segment| match segment {
            Segment::Index(_) => Segment::Each,
            other => other.clone(),
        };
        Path { segments: self.path.iter().map(each).collect() }
    }
}

/// The leaves of a record, in its order, at most [`MAX_LEAVES`].
pub(crate) fn leaves(record: &str) -> Result<Vec<Leaf>, JsonError> {
    let mut scanner = Scanner::new(record);
    let span = scanner.value()?;
    scanner.finish()?;
    let mut leaves = Vec::new();
    gather(span.text(record), span.kind, &mut Vec::new(), &mut leaves);
    Ok(leaves)
}

/// Depth is bounded: the scanner has accepted the text.
fn gather(text: &str, kind: Kind, path: &mut Vec<Segment>, leaves: &mut Vec<Leaf>) {
    if leaves.len() >= MAX_LEAVES {
        return;
    }
    let mut any = false;
    match kind {
        Kind::Object => {
            for (key, member) in json::members(text) {
                any = true;
                path.push(Segment::Name(json::unescape(key).into_owned()));
                gather(member.text(text), member.kind, path, leaves);
                path.pop();
            }
        }
        Kind::Array => {
            for (index, element) in (0..).zip(json::elements(text)) {
                any = true;
                path.push(Segment::Index(index));
                gather(element.text(text), element.kind, path, leaves);
                path.pop();
            }
        }
        _ => {}
    }
    if !any {
        let empty = match kind {
            Kind::Absent | Kind::Null | Kind::Object | Kind::Array => true,
            Kind::Plain => text.len() == 2,
            _ => false,
        };
        leaves.push(Leaf { path: path.clone(), empty });
    }
}

/// How a path that a mapping reads lies to a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reads {
    /// Somewhere else.
    Not,
    /// It is the leaf.
    Leaf,
    /// It holds the leaf, so many steps above it.
    Above(usize),
    /// It takes what no other mapping reads below it (`{**}`).
    Rest,
}

/// How `path` lies to a leaf. A `{key}` reads no value.
pub(crate) fn reads(path: &Path, leaf: &[Segment]) -> Reads {
    let mut left = leaf.iter();
    for segment in &path.segments {
        if *segment == Segment::Rest {
            return if left.len() > 0 { Reads::Rest } else { Reads::Not };
        }
        let fits = match (segment, left.next()) {
            (Segment::Each, Some(Segment::Index(_))) | (Segment::EachValue, Some(Segment::Name(_))) => true,
            (wanted, Some(found)) => wanted == found,
            (_, None) => false,
        };
        if !fits {
            return Reads::Not;
        }
    }
    match left.len() {
        0 => Reads::Leaf,
        steps => Reads::Above(steps),
    }
}
