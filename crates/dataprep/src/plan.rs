//! A mapping set made ready to run.
//!
//! [`Plan::compile`] resolves every path, function and constant once. [`Plan::run`] then makes one
//! pass over the bytes of a record ([`crate::source`]) and writes the output in the order of the
//! destinations, without a document tree on either side.

use crate::budget::Budget;
use crate::capture::Captured;
use crate::compile::{Functions, Resolver};
use crate::emit::{Emitter, Field, Op, OpKind, Out};
use crate::eval::{Code, Env, Source};
use crate::expr::{self, Path, Segment};
use crate::expression;
use crate::functions::{Clock, Function};
use crate::json::{self, JsonError, Kind, Span};
use crate::mapping_set::{Mapping, MappingSet, SourceType, XdmType};
use crate::source::{self, ScopeId, SlotRef, SourceTree};
use crate::value::Value;
use std::any::Any;
use std::collections::BTreeMap;

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
    /// Index of the mapping in the set.
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
    pub fn compile(set: &MappingSet, options: CompileOptions<'_>) -> Result<Self, CompileError> {
        let functions = Functions::new(options.functions);
        let mut builder = Builder {
            tree: SourceTree::new(),
            ops: Vec::new(),
            root: Draft::default(),
            context: options.context.iter().map(|path| (*path).to_owned()).collect(),
            conditions: Vec::new(),
            problems: Vec::new(),
        };
        for (index, mapping) in set.mappings.iter().enumerate() {
            if let Err(message) = builder.mapping(index, mapping, &functions) {
                builder.problem(index, mapping, message);
            }
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
        if !builder.problems.is_empty() {
            return Err(CompileError { problems: builder.problems });
        }
        let Builder { mut tree, ops, root, conditions, .. } = builder;
        tree.seal();
        match root.finish(&tree, &ops) {
            Ok(out) => Ok(Self {
                tree,
                ops,
                out,
                mappings: set.mappings.clone(),
                watched,
                conditions: conditions.len(),
            }),
            Err((mapping, message)) => Err(CompileError {
                problems: set
                    .mappings
                    .get(mapping)
                    .map(|found| problem(mapping, found, message))
                    .into_iter()
                    .collect(),
            }),
        }
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
        Ok(emitter.emit(&self.out, 0, None, out))
    }

    /// A mapping of the set, by index.
    pub fn mapping(&self, index: usize) -> Option<&Mapping> {
        self.mappings.get(index)
    }
}

fn problem(index: usize, mapping: &Mapping, message: String) -> Problem {
    Problem {
        mapping: index,
        source_text: mapping.source.clone(),
        destination: mapping.destination.clone(),
        message,
    }
}

struct Builder {
    tree: SourceTree,
    ops: Vec<Op>,
    root: Draft,
    context: Vec<String>,
    conditions: Vec<String>,
    problems: Vec<Problem>,
}

impl Builder {
    fn problem(&mut self, index: usize, mapping: &Mapping, message: String) {
        self.problems.push(problem(index, mapping, message));
    }

    fn mapping(&mut self, index: usize, mapping: &Mapping, functions: &Functions) -> Result<(), String> {
        let destination =
            Path::parse(&mapping.destination).map_err(|error| format!("destination: {error}"))?;
        if destination.segments.is_empty() {
            return Err("the destination is empty".to_owned());
        }
        let bound = source::iterations(&destination);
        let mut scopes = Vec::new();
        let kind = match mapping.source_type {
            SourceType::Static => OpKind::Const(literal(&mapping.source, mapping.xdm_type)?),
            SourceType::Attribute => {
                let path = Path::parse(&mapping.source).map_err(|error| error.to_string())?;
                if path.segments.last() == Some(&Segment::Rest) {
                    if destination.segments.last() != Some(&Segment::Rest) {
                        return Err("{**} in the source needs {**} at the end of the destination".to_owned());
                    }
                    OpKind::Rest(self.tree.rest(&path.segments))
                } else {
                    let (code, found) = self.resolve(bound, functions, |resolver| resolver.path(&path))?;
                    scopes = found;
                    match code {
                        Code::Slot(slot) => OpKind::Copy(slot),
                        code => self.eval(code),
                    }
                }
            }
            SourceType::Expression => {
                let length = mapping.source.chars().count();
                if length > MAX_EXPRESSION {
                    return Err(format!(
                        "the expression has {length} characters; at most {MAX_EXPRESSION} are allowed"
                    ));
                }
                let parsed = expr::parse(&mapping.source)
                    .map_err(|error| format!("{error}\n{}", error.caret(&mapping.source)))?;
                let (code, found) = self.resolve(bound, functions, |resolver| {
                    resolver
                        .whole(&parsed)
                        .map_err(|problems| expression::describe(&problems, &mapping.source))
                })?;
                scopes = found;
                self.eval(code)
            }
        };
        if scopes.len() < bound && !matches!(kind, OpKind::Const(_)) && !scopes.is_empty() {
            return Err("the destination iterates more often than the source".to_owned());
        }
        let op = self.ops.len() as u32;
        self.ops.push(Op { mapping: index, kind, wanted: mapping.xdm_type });
        self.root.place(&destination.segments, &scopes, op)
    }

    fn resolve(
        &mut self,
        bound: usize,
        functions: &Functions,
        resolve: impl FnOnce(&mut Resolver<'_>) -> Result<Code, String>,
    ) -> Result<(Code, Vec<ScopeId>), String> {
        let mut resolver = Resolver {
            tree: &mut self.tree,
            context: &self.context,
            functions,
            bound,
            scopes: Vec::new(),
            locals: Vec::new(),
            conditions: &mut self.conditions,
            problems: Vec::new(),
        };
        let code = resolve(&mut resolver)?;
        Ok((code, resolver.scopes))
    }

    fn eval(&self, code: Code) -> OpKind {
        let skippable = code.null_when_absent();
        OpKind::Eval { code, skippable }
    }
}

/// A constant's JSON text.
fn literal(source: &str, wanted: Option<XdmType>) -> Result<Vec<u8>, String> {
    let mut json = Vec::new();
    let value = Value::string(source);
    match crate::write::value(&value, wanted.or(Some(XdmType::String)), &mut json)? {
        true => Ok(json),
        false => Err("an empty constant would yield no field".to_owned()),
    }
}

/// An output node while mappings are still being added.
#[derive(Debug, Default)]
struct Draft {
    op: Option<u32>,
    members: Vec<(String, Draft)>,
    each: Option<Each>,
    indexes: BTreeMap<u32, Draft>,
}

/// One destination for every element of an iteration.
#[derive(Debug)]
struct Each {
    scope: Option<ScopeId>,
    /// `{*}`: an object under the keys of the source rather than an array.
    keyed: bool,
    item: Box<Draft>,
}

impl Draft {
    fn place(&mut self, path: &[Segment], scopes: &[ScopeId], op: u32) -> Result<(), String> {
        let Some((first, rest)) = path.split_first() else {
            // A later mapping to the same destination wins: that is how a set is overridden.
            self.op = Some(op);
            return Ok(());
        };
        match first {
            Segment::Name(name) => {
                let at = match self.members.iter().position(|(known, _)| known == name) {
                    Some(at) => at,
                    None => {
                        self.members.push((name.clone(), Draft::default()));
                        self.members.len() - 1
                    }
                };
                self.members[at].1.place(rest, scopes, op)
            }
            Segment::Each | Segment::EachValue => {
                let keyed = *first == Segment::EachValue;
                let (scope, scopes) = match scopes.split_first() {
                    Some((scope, deeper)) => (Some(*scope), deeper),
                    None => (None, scopes),
                };
                let each = self.each.get_or_insert_with(|| Each { scope, keyed, item: Box::default() });
                if each.keyed != keyed {
                    return Err("the destination is used both with [*] and with {*}".to_owned());
                }
                match (each.scope, scope) {
                    (Some(a), Some(b)) if a != b => {
                        return Err("two different source arrays feed one destination array".to_owned());
                    }
                    (None, Some(_)) => each.scope = scope,
                    _ => {}
                }
                each.item.place(rest, scopes, op)
            }
            Segment::Index(index) => self.indexes.entry(*index).or_default().place(rest, scopes, op),
            Segment::Rest if rest.is_empty() => {
                self.op = Some(op);
                Ok(())
            }
            other => Err(format!("{other:?} cannot be written to")),
        }
    }

    fn any_op(&self) -> usize {
        self.op
            .or_else(|| self.members.first().map(|(_, draft)| draft.any_op() as u32))
            .or_else(|| self.each.as_ref().map(|each| each.item.any_op() as u32))
            .or_else(|| self.indexes.values().next().map(|draft| draft.any_op() as u32))
            .unwrap_or_default() as usize
    }

    fn finish(self, tree: &SourceTree, ops: &[Op]) -> Result<Out, (usize, String)> {
        let mapping = ops.get(self.any_op()).map_or(0, |op| op.mapping);
        let shapes = [!self.members.is_empty(), self.each.is_some(), !self.indexes.is_empty()];
        if shapes.iter().filter(|present| **present).count() > 1 {
            return Err((mapping, "the destination is used both as an array and as an object, or both with [*] and with an index".to_owned()));
        }
        if let Some(each) = self.each {
            let Some(scope) = each.scope else {
                return Err((mapping, "the destination iterates, but no source does".to_owned()));
            };
            if self.op.is_some() {
                return Err((mapping, "the destination is mapped whole and by its elements".to_owned()));
            }
            return Ok(Out::Each { scope, keyed: each.keyed, item: Box::new(each.item.finish(tree, ops)?) });
        }
        if !self.indexes.is_empty() {
            if self.op.is_some() {
                return Err((mapping, "the destination is mapped whole and by its elements".to_owned()));
            }
            let items =
                self.indexes.into_values().map(|draft| draft.finish(tree, ops)).collect::<Result<_, _>>()?;
            return Ok(Out::Fixed(items));
        }
        if self.members.is_empty() {
            return Ok(Out::Leaf(self.op.unwrap_or_default()));
        }
        let mut fields = Vec::new();
        for (name, draft) in self.members {
            let out = draft.finish(tree, ops)?;
            let mut key = Vec::new();
            json::write_string(&name, &mut key);
            key.push(b':');
            let (mut bits, mut always) = (Vec::new(), false);
            triggers(&out, tree, ops, &mut bits, &mut always);
            let mut words = pack(bits).into_iter();
            let bits = words.next().unwrap_or_default();
            fields.push(Field { name, key, out, bits, more_bits: words.collect(), always });
        }
        Ok(Out::Object { fields, base: self.op })
    }
}

/// Which parts of the input can make a node write anything.
fn triggers(out: &Out, tree: &SourceTree, ops: &[Op], bits: &mut Vec<u32>, always: &mut bool) {
    let mut leaf = |op: u32| match &ops[op as usize].kind {
        OpKind::Copy(slot) => bits.push(tree.bit(*slot)),
        OpKind::Const(_) | OpKind::Rest(_) => *always = true,
        OpKind::Eval { code, skippable } => {
            *always |= !skippable;
            code.visit_needed(&mut |source| {
                bits.push(match source {
                    Source::Slot(slot) => tree.bit(slot),
                    Source::Scope(scope) => tree.scope_bit(scope),
                });
            });
        }
    };
    match out {
        Out::Leaf(op) => leaf(*op),
        Out::Object { fields, base } => {
            if let Some(op) = base {
                leaf(*op);
            }
            for field in fields {
                triggers(&field.out, tree, ops, bits, always);
            }
        }
        // Nothing can be written without an element.
        Out::Each { scope, .. } => bits.push(tree.scope_bit(*scope)),
        Out::Fixed(items) => items.iter().for_each(|item| triggers(item, tree, ops, bits, always)),
    }
}

/// Bits as words to test: (index of the word, mask).
fn pack(bits: Vec<u32>) -> Vec<(u16, u64)> {
    let mut words: BTreeMap<u16, u64> = BTreeMap::new();
    for bit in bits {
        *words.entry((bit / 64) as u16).or_default() |= 1 << (bit % 64);
    }
    words.into_iter().collect()
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
