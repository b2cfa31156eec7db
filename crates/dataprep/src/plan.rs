//! A mapping set made ready to run.
//!
//! [`Plan::compile`] resolves every path, function and constant once. [`Plan::run`] then makes one
//! pass over the bytes of a record ([`crate::run::source`]) and writes the output in the order of the
//! destinations, without a document tree on either side.

use crate::compile::build::Builder;
use crate::compile::draft::{Draft, Finish};
use crate::compile::parsed::{self, Parsed};
use crate::compile::resolve::Functions;
use crate::expr::{self, Path};
use crate::functions::{Clock, Function};
use crate::run::budget::Budget;
use crate::run::capture::Captured;
use crate::run::emit::{Emitter, Op, Out};
use crate::run::eval::Env;
use crate::run::source::{SlotRef, SourceTree};
use crate::sets::mapping_set::{Mapping, MappingSet};
use crate::sets::schema::Schema;
use crate::values::json::{JsonError, Kind, Span};
use crate::values::value::Value;
use std::any::Any;

/// Longest expression, in characters (Adobe's limit for calculated fields).
pub const MAX_EXPRESSION: usize = 4096;

/// What a mapping set is compiled with.
#[derive(Debug, Clone, Copy, Default)]
pub struct CompileOptions<'c> {
    /// Functions besides Adobe's.
    pub functions: &'static [Function],
    /// Paths that name values given with each run, not places of the input. All under roots that the
    /// input does not use.
    pub context: &'c [&'c str],
    /// Paths left out on purpose: their leaves do not count as unmapped.
    pub dropped: &'c [&'c str],
    /// Paths whose places the caller wants after a run, see [`Run::watched`].
    pub watched: &'c [&'c str],
    /// The schema of the records: destinations must be in it, values are converted to its types, and
    /// of a copied object only what it has.
    pub schema: Option<&'c Schema>,
}

/// What is wrong with a mapping set; all of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct CompileError {
    /// In the order of the mappings.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong with a mapping.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("mapping {} ({source_text} -> {destination}): {message}", .mapping + 1)]
pub struct Problem {
    /// Index of the mapping in the set; the number of mappings when it is about none of them.
    pub mapping: usize,
    /// Its source as written.
    pub source_text: String,
    /// Its destination as written.
    pub destination: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// A compiled mapping set.
#[derive(Debug)]
pub struct Plan {
    tree: SourceTree,
    ops: Vec<Op>,
    out: Out,
    mappings: Vec<Mapping>,
    watched: Vec<SlotRef>,
    /// How many conditions mappings share.
    conditions: usize,
}

/// What a plan works with from record to record; keep one per thread and reuse it.
#[derive(Debug, Default)]
pub struct Run {
    captured: Captured,
    watched: Vec<SlotRef>,
    shared: Vec<Option<bool>>,
    /// What functions of the current time and of chance use; set it before a run.
    pub clock: Clock,
    /// Mappings that gave no field although their source had a value, and remarks of functions.
    pub warnings: Vec<MappingWarning>,
    /// Where maps (`map<string>` destinations) were written, as ranges of the output.
    pub maps: Vec<MapPlace>,
}

/// A mapping that failed, or a remark about one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingWarning {
    /// Index of the mapping, see [`Plan::mapping`].
    pub mapping: usize,
    /// A stable word.
    pub code: &'static str,
    /// The cause. Never holds a value of the record.
    pub message: String,
    /// The part of the mapping's expression that it is about, when that is known.
    pub span: Option<expr::Span>,
    /// Whether something is missing for it in the output, rather than made all the same.
    pub failed: bool,
}

/// A map in the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapPlace {
    /// Index of the mapping that wrote it.
    pub mapping: usize,
    /// First byte of the output, the opening brace.
    pub start: usize,
    /// One past the closing brace.
    pub end: usize,
}

impl Run {
    /// Paths of source leaves that no mapping reads and no rule drops, in input order; at most 1,000.
    pub fn unmapped(&self) -> &[String] {
        &self.captured.unmapped
    }

    /// The places of a watched path (by its index in [`CompileOptions::watched`]).
    pub fn watched(&self, index: usize) -> impl Iterator<Item = Span> {
        self.watched.get(index).into_iter().flat_map(|slot| self.captured.all(*slot))
    }
}

impl Plan {
    /// Compiles a mapping set, or says everything that is wrong with it.
    ///
    /// A set's `allowNullValues` decides what becomes of nulls. Without it nothing empty is written, save
    /// the null that an expression asks for with `nullify()`. With it, a null is also written for an
    /// attribute that is present and null and for an expression whose result is null; empty texts,
    /// objects and arrays are still left out, and a mapping that fails still yields no field.
    pub fn compile(set: &MappingSet, options: CompileOptions<'_>) -> Result<Self, CompileError> {
        let functions = Functions::new(options.functions);
        let mut builder = Builder {
            tree: SourceTree::new(),
            ops: Vec::new(),
            root: Draft::default(),
            context: options.context.iter().map(|path| (*path).to_owned()).collect(),
            conditions: Vec::new(),
            schema: options.schema,
            nulls: set.allow_null_values.unwrap_or_default(),
            functions: &functions,
            set,
            problems: Vec::new(),
        };
        builder.tree.nulls = builder.nulls;
        let mut parsed = Vec::with_capacity(set.mappings.len());
        for (index, mapping) in set.mappings.iter().enumerate() {
            match Parsed::new(index, mapping) {
                Ok(one) => parsed.push(one),
                Err(messages) => messages.into_iter().for_each(|message| builder.problem(index, message)),
            }
        }
        for (index, message) in parsed::settle(&mut parsed) {
            builder.problem(index, message);
        }
        for one in parsed {
            builder.mapping(one);
        }
        let mut watched = Vec::new();
        for (paths, is_watched) in [(options.dropped, false), (options.watched, true)] {
            for text in paths {
                match Path::parse(text) {
                    Ok(path) if is_watched => watched.push(builder.tree.slot(&path.segments)),
                    Ok(path) => builder.tree.drop_path(&path.segments),
                    Err(error) => builder.problems.push(Problem {
                        mapping: set.mappings.len(),
                        source_text: (*text).to_owned(),
                        destination: String::new(),
                        message: error.to_string(),
                    }),
                }
            }
        }
        builder.tree.seal();
        let mut finish = Finish { tree: &builder.tree, ops: &builder.ops, problems: Vec::new(), nodes: 0 };
        let out = builder.root.finish(&mut finish);
        for (index, message) in finish.problems {
            let known = |problem: &Problem| problem.mapping == index && problem.message.starts_with(message);
            if !builder.problems.iter().any(known) {
                builder.problem(index, message.to_owned());
            }
        }
        let Builder { tree, ops, conditions, problems, .. } = builder;
        if !problems.is_empty() {
            return Err(CompileError { problems });
        }
        let mappings = set.mappings.clone();
        Ok(Self { tree, ops, out, mappings, watched, conditions: conditions.len() })
    }

    /// Converts one record, appending its JSON to `out`. `false` when nothing at all was written.
    ///
    /// `context` holds the values of [`CompileOptions::context`] in its order; `host` is handed to
    /// functions.
    pub fn run<'a>(
        &self,
        run: &mut Run,
        input: &'a str,
        context: &[Value<'a>],
        host: &dyn Any,
        out: &mut Vec<u8>,
    ) -> Result<bool, JsonError> {
        run.warnings.clear();
        run.maps.clear();
        run.watched.clone_from(&self.watched);
        run.shared.clear();
        run.shared.resize(self.conditions, None);
        run.clock.next_record();
        run.captured.capture(&self.tree, input)?;
        let mut emitter = Emitter {
            ops: &self.ops,
            warnings: &mut run.warnings,
            maps: &mut run.maps,
            limit: usize::MAX,
            env: Env {
                input,
                tree: &self.tree,
                captured: &run.captured,
                instance: 0,
                context,
                host,
                notes: Vec::new(),
                clock: &mut run.clock,
                budget: Budget::for_record(input.len()),
                locals: Vec::new(),
                shared: &mut run.shared,
            },
        };
        emitter.run(&self.out, out)
    }

    /// A mapping of the set, by index.
    pub fn mapping(&self, index: usize) -> Option<&Mapping> {
        self.mappings.get(index)
    }
}

impl MapPlace {
    pub(crate) fn new(mapping: usize, start: usize, end: usize) -> Self {
        Self { mapping, start, end }
    }
}

/// Whether a span is an object, for callers that watch places.
impl Span {
    /// An object of the input.
    pub fn is_object(&self) -> bool {
        self.kind == Kind::Object
    }
}
