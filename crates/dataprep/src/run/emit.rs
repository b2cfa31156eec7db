//! The output side of a plan: destinations as a tree, written in order.

use crate::compile::nulls::{Outcome, outcome};
use crate::compile::parsed::Skip;
use crate::plan::{MapPlace, MappingWarning};
use crate::run::copy::{Lost, Manner};
use crate::run::eval::{Code, Env};
use crate::run::source::{ScopeId, SlotRef};
use crate::run::whole::Base;
use crate::run::write;
use crate::sets::mapping_set::XdmType;
use crate::sets::schema::Node;
use crate::values::json::{self, JsonError, Kind};
use crate::values::value::Value;
use std::sync::Arc;

/// One mapping as it runs.
#[derive(Debug)]
pub(crate) struct Op {
    pub(crate) mapping: usize,
    pub(crate) kind: OpKind,
    pub(crate) wanted: Option<XdmType>,
    /// Of objects, maps and arrays: what they hold, when that is known.
    pub(crate) shape: Option<Arc<Node>>,
    /// What the copy of a whole object leaves out.
    pub(crate) skip: Skip,
    /// Whether nulls are written that nothing asks for.
    pub(crate) nulls: bool,
    /// Whether the null that an expression comes to is one of those. Not so what the `[*]` of an attribute
    /// collect: when there is nothing, that is absent.
    pub(crate) null_results: bool,
    /// Whether writing it takes more than its kind and type: a shape, or nulls that may be written.
    pub(crate) special: bool,
}

#[derive(Debug)]
pub(crate) enum OpKind {
    /// The text of a slot.
    Copy(SlotRef),
    /// Text known beforehand.
    Const(Vec<u8>),
    /// An expression; `skippable` when it gives null without a touched source.
    Eval { code: Code, skippable: bool },
    /// The leaves that no other mapping reads.
    Rest(u16),
}

/// A node of the output.
#[derive(Debug)]
pub(crate) enum Out {
    Leaf(u32),
    /// An object; `base` is the mapping of the object as a whole, which members add to.
    Object {
        fields: Vec<Field>,
        base: Option<u32>,
    },
    /// An array with one element for each instance of a scope; keyed, an object under the keys of the
    /// source.
    Each {
        scope: ScopeId,
        keyed: bool,
        item: Box<Out>,
        numbered: Vec<Numbered>,
    },
    /// An array whose elements are mapped one by one.
    Fixed(Vec<Out>),
}

/// An element of an iterated array to which mappings by its index add.
#[derive(Debug)]
pub(crate) struct Numbered {
    pub(crate) index: u32,
    /// The element with what all elements have.
    pub(crate) merged: Out,
    /// The element by itself, for when the array has fewer.
    pub(crate) alone: Out,
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    /// The name as JSON, with its colon.
    pub(crate) key: Vec<u8>,
    pub(crate) out: Out,
    /// Which touched bits can make the field appear: a word's index and a mask. Nearly all have one.
    pub(crate) bits: (u16, u64),
    pub(crate) more_bits: Vec<(u16, u64)>,
    /// Whether it may appear without any of them.
    pub(crate) always: bool,
}

/// The word for members that a schema does not have.
const NOT_IN_SCHEMA: &str = "not_in_schema";

/// One run over the output tree.
pub(crate) struct Emitter<'r, 'a> {
    pub(crate) ops: &'r [Op],
    pub(crate) warnings: &'r mut Vec<MappingWarning>,
    pub(crate) maps: &'r mut Vec<MapPlace>,
    pub(crate) env: Env<'r, 'a>,
    /// The length at which writing stops; set by [`Emitter::run`].
    pub(crate) limit: usize,
}

/// How many times as large as the record the output may become, beyond what any may be.
const MAX_GROWTH: usize = 32;
const MAX_GROWN: usize = 16 << 20;

impl<'r, 'a> Emitter<'r, 'a> {
    /// Writes the whole output. A record that grows beyond all measure is taken back: a mapping that
    /// repeats a large part of it in each element of an array can make it as large as the square.
    pub(crate) fn run(&mut self, out: &Out, to: &mut Vec<u8>) -> Result<bool, JsonError> {
        let start = to.len();
        self.limit = start.saturating_add(self.env.input.len().saturating_mul(MAX_GROWTH)) + MAX_GROWN;
        let written = self.emit(out, 0, None, to);
        if to.len() > self.limit {
            to.truncate(start);
            return Err(JsonError { offset: 0, message: "the record would become many times as large" });
        }
        Ok(written)
    }

    /// Writes a node for an instance. `base` is the member of a whole-object mapping further up that
    /// lies at the same place.
    fn emit(&mut self, out: &Out, instance: u32, base: Option<Base<'_>>, to: &mut Vec<u8>) -> bool {
        match out {
            Out::Leaf(op) => self.op(*op, instance, to),
            Out::Object { fields, base: Some(whole) } => self.whole(*whole, fields, instance, base, to),
            Out::Object { fields, base: None } => match base {
                Some(base) => self.merged(fields, base, instance, to),
                None => self.object(fields, instance, to),
            },
            Out::Each { scope, keyed, item, numbered } => {
                let parent = self.enclosing(self.env.tree.scopes[*scope as usize].parent, instance);
                let mut element = self.env.captured.first(self.env.tree, *scope, parent);
                let start = to.len();
                to.push(if *keyed { b'{' } else { b'[' });
                let mut count = 0;
                while element != 0 && to.len() <= self.limit {
                    write::separate(to, start);
                    let before = to.len();
                    if *keyed {
                        let key = self.env.captured.key(*scope, element);
                        to.push(b'"');
                        to.extend_from_slice(key.text(self.env.input).as_bytes());
                        to.extend_from_slice(b"\":");
                    }
                    let by_index = numbered.iter().find(|one| one.index == count);
                    if !self.emit(by_index.map_or(item, |one| &one.merged), element, None, to) {
                        write::unseparate(to, before, start);
                    }
                    count += 1;
                    element = self.env.captured.instances[element as usize].next;
                }
                for one in numbered.iter().filter(|one| one.index >= count) {
                    self.element(&one.alone, instance, start, to);
                }
                write::close(to, start, if *keyed { b'}' } else { b']' })
            }
            Out::Fixed(items) => {
                let start = to.len();
                to.push(b'[');
                for item in items {
                    self.element(item, instance, start, to);
                }
                write::close(to, start, b']')
            }
        }
    }

    /// Writes an element of the array that began at `start`.
    fn element(&mut self, item: &Out, instance: u32, start: usize, to: &mut Vec<u8>) {
        write::separate(to, start);
        let before = to.len();
        if !self.emit(item, instance, None, to) {
            write::unseparate(to, before, start);
        }
    }

    fn enclosing(&self, scope: ScopeId, mut instance: u32) -> u32 {
        while instance != 0 && self.env.captured.instances[instance as usize].scope != scope {
            instance = self.env.captured.instances[instance as usize].parent;
        }
        instance
    }

    pub(crate) fn object(&mut self, fields: &[Field], instance: u32, to: &mut Vec<u8>) -> bool {
        let start = to.len();
        to.push(b'{');
        for field in fields {
            if field.always || self.is_touched(field) {
                self.field(field, instance, None, start, to);
            }
        }
        write::close(to, start, b'}')
    }

    #[inline(always)]
    fn is_touched(&self, field: &Field) -> bool {
        let touched = |(word, mask): &(u16, u64)| self.env.captured.touched[*word as usize] & mask != 0;
        touched(&field.bits) || (!field.more_bits.is_empty() && field.more_bits.iter().any(touched))
    }

    #[inline(always)]
    pub(crate) fn field(
        &mut self,
        field: &Field,
        instance: u32,
        base: Option<Base<'_>>,
        start: usize,
        to: &mut Vec<u8>,
    ) -> bool {
        write::separate(to, start);
        let before = to.len();
        write::push(&field.key, to);
        let written = match &field.out {
            Out::Leaf(op) => self.op(*op, instance, to),
            out => self.emit(out, instance, base, to),
        };
        if !written {
            write::unseparate(to, before, start);
        }
        written
    }

    #[inline(never)]
    fn op(&mut self, index: u32, instance: u32, to: &mut Vec<u8>) -> bool {
        let op: &'r Op = &self.ops[index as usize];
        let start = to.len();
        let written = match &op.kind {
            OpKind::Const(json) => {
                write::push(json, to);
                return true;
            }
            _ if op.special => return self.special(op, instance, to),
            OpKind::Copy(slot) => {
                write::span(self.env.input, self.env.captured.span(*slot, instance), op.wanted, to)
            }
            OpKind::Eval { code, .. } => {
                self.env.instance = instance;
                let result = code.write(&mut self.env, op.wanted, to);
                match self.finished(op, result) {
                    Some(written) => written,
                    None => return false,
                }
            }
            OpKind::Rest(rest) => Ok(self.rest(*rest, to)),
        };
        match written {
            Ok(true) => {
                if matches!(op.wanted, Some(XdmType::MapOfStrings)) || matches!(op.kind, OpKind::Rest(_)) {
                    self.maps.push(MapPlace::new(op.mapping, start, to.len()));
                }
                true
            }
            Ok(false) => false,
            Err(message) => {
                to.truncate(start);
                self.warn(op.mapping, "type_mismatch", message);
                false
            }
        }
    }

    /// Writes a mapping to whose destination a schema gives a shape, or that may write nulls.
    #[inline(never)]
    fn special(&mut self, op: &'r Op, instance: u32, to: &mut Vec<u8>) -> bool {
        let start = to.len();
        let manner = Manner { skip: None, shape: op.shape.as_deref(), nulls: op.nulls };
        let mut lost = Lost::default();
        let written = match (&op.kind, op.wanted) {
            (OpKind::Copy(slot), None) => {
                manner.copy(self.env.input, self.env.captured.span(*slot, instance), &mut lost, to)
            }
            (_, wanted) => match (self.value_of(op, instance), wanted) {
                (Some(Outcome::Value(value)), None) => manner.write(&value, &mut lost, to),
                (Some(Outcome::Value(value)), wanted) => write::value(&value, wanted, to),
                (Some(Outcome::Nullified), _) => {
                    to.extend_from_slice(b"null");
                    Ok(true)
                }
                (Some(Outcome::Nothing) | None, _) => Ok(false),
            },
        };
        if !lost.failed.is_empty() || !lost.unknown.is_empty() {
            self.warn_lost(op.mapping, lost);
        }
        match written {
            Ok(written) => {
                if written && op.wanted == Some(XdmType::MapOfStrings) {
                    self.maps.push(MapPlace::new(op.mapping, start, to.len()));
                }
                written
            }
            Err(message) => {
                to.truncate(start);
                self.warn(op.mapping, "type_mismatch", message);
                false
            }
        }
    }

    /// What a copy or an expression comes to; nothing after a failure, which is noted.
    pub(crate) fn value_of(&mut self, op: &'r Op, instance: u32) -> Option<Outcome<'a>> {
        match &op.kind {
            OpKind::Copy(slot) => {
                let span = self.env.captured.span(*slot, instance);
                Some(match span.kind {
                    Kind::Null if op.nulls => Outcome::Nullified,
                    Kind::Absent | Kind::Null => Outcome::Nothing,
                    _ => Outcome::Value(Value::from_span(self.env.input, span)),
                })
            }
            OpKind::Eval { code, .. } => {
                self.env.instance = instance;
                let result = outcome(code, &mut self.env);
                Some(match self.finished(op, result)? {
                    Outcome::Nothing if op.null_results => Outcome::Nullified,
                    outcome => outcome,
                })
            }
            OpKind::Const(_) | OpKind::Rest(_) => None,
        }
    }

    /// Notes the remarks of an expression that has run, and its failure.
    #[inline(always)]
    fn finished<T>(&mut self, op: &Op, result: Result<T, crate::functions::Failure>) -> Option<T> {
        if !self.env.notes.is_empty() {
            let notes = self.env.notes.drain(..);
            self.warnings.extend(notes.map(|(code, message)| MappingWarning {
                mapping: op.mapping,
                code,
                message,
                span: None,
                failed: false,
            }));
        }
        match result {
            Ok(value) => Some(value),
            Err(failure) => {
                self.env.locals.clear();
                self.warnings.push(MappingWarning {
                    mapping: op.mapping,
                    code: failure.code(),
                    message: failure.message().to_owned(),
                    span: failure.span(),
                    failed: true,
                });
                None
            }
        }
    }

    pub(crate) fn warn(&mut self, mapping: usize, code: &'static str, message: String) {
        self.warnings.push(MappingWarning {
            mapping,
            code,
            message,
            span: None,
            failed: code != NOT_IN_SCHEMA,
        });
    }

    pub(crate) fn warn_lost(&mut self, mapping: usize, lost: Lost) {
        for message in lost.failed {
            self.warn(mapping, "type_mismatch", message);
        }
        if !lost.unknown.is_empty() {
            let message = format!("the schema has no field for {}", lost.unknown.join(", "));
            self.warn(mapping, NOT_IN_SCHEMA, message);
        }
    }

    /// The gathered leaves as a map of text; arrays of scalars are joined with commas.
    fn rest(&self, rest: u16, to: &mut Vec<u8>) -> bool {
        let start = to.len();
        to.push(b'{');
        for (_, key, span) in self.env.captured.rest.iter().filter(|(found, ..)| *found == rest) {
            let value = match Value::from_span(self.env.input, *span).elements() {
                Some(elements) => {
                    let parts: Vec<_> = elements.iter().filter_map(Value::to_text).collect();
                    Value::string(parts.join(","))
                }
                None => Value::from_span(self.env.input, *span),
            };
            write::separate(to, start);
            let before = to.len();
            json::write_string(key, to);
            to.push(b':');
            if write::value(&value, Some(XdmType::String), to) != Ok(true) {
                write::unseparate(to, before, start);
            }
        }
        write::close(to, start, b'}')
    }
}
