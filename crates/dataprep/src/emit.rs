//! The output side of a plan: destinations as a tree, written in order.

use crate::eval::{Code, Env};
use crate::json::{self, Kind, Span};
use crate::mapping_set::XdmType;
use crate::plan::{MapPlace, MappingWarning};
use crate::source::{ScopeId, SlotRef};
use crate::value::Value;
use crate::write;

/// One mapping as it runs.
#[derive(Debug)]
pub(crate) struct Op {
    pub(crate) mapping: usize,
    pub(crate) kind: OpKind,
    pub(crate) wanted: Option<XdmType>,
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
    },
    /// An array whose elements are mapped one by one.
    Fixed(Vec<Out>),
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

/// One run over the output tree.
pub(crate) struct Emitter<'r, 'a> {
    pub(crate) ops: &'r [Op],
    pub(crate) warnings: &'r mut Vec<MappingWarning>,
    pub(crate) maps: &'r mut Vec<MapPlace>,
    pub(crate) env: Env<'r, 'a>,
}

impl<'a> Emitter<'_, 'a> {
    /// Writes a node for an instance. `base` is the member of a whole-object mapping further up that
    /// lies at the same place.
    pub(crate) fn emit(&mut self, out: &Out, instance: u32, base: Option<&'a str>, to: &mut Vec<u8>) -> bool {
        match out {
            Out::Leaf(op) => self.op(*op, instance, to),
            Out::Object { fields, base: whole } => match self.base(*whole, instance).or(base) {
                Some(base) => self.merged(fields, base, instance, to),
                None => self.object(fields, instance, to),
            },
            Out::Each { scope, keyed, item } => {
                let parent = self.enclosing(self.env.tree.scopes[*scope as usize].parent, instance);
                let mut element = self.env.captured.first(self.env.tree, *scope, parent);
                let start = to.len();
                to.push(if *keyed { b'{' } else { b'[' });
                while element != 0 {
                    write::separate(to, start);
                    let before = to.len();
                    if *keyed {
                        let key = self.env.captured.key(*scope, element);
                        to.push(b'"');
                        to.extend_from_slice(key.text(self.env.input).as_bytes());
                        to.extend_from_slice(b"\":");
                    }
                    if !self.emit(item, element, None, to) {
                        write::unseparate(to, before, start);
                    }
                    element = self.env.captured.instances[element as usize].next;
                }
                write::close(to, start, if *keyed { b'}' } else { b']' })
            }
            Out::Fixed(items) => {
                let start = to.len();
                to.push(b'[');
                for item in items {
                    write::separate(to, start);
                    let before = to.len();
                    if !self.emit(item, instance, None, to) {
                        write::unseparate(to, before, start);
                    }
                }
                write::close(to, start, b']')
            }
        }
    }

    fn enclosing(&self, scope: ScopeId, mut instance: u32) -> u32 {
        while instance != 0 && self.env.captured.instances[instance as usize].scope != scope {
            instance = self.env.captured.instances[instance as usize].parent;
        }
        instance
    }

    fn object(&mut self, fields: &[Field], instance: u32, to: &mut Vec<u8>) -> bool {
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

    #[inline]
    fn field(
        &mut self,
        field: &Field,
        instance: u32,
        base: Option<&'a str>,
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

    /// The object that a whole-object mapping copies, when it is one.
    fn base(&self, op: Option<u32>, instance: u32) -> Option<&'a str> {
        let OpKind::Copy(slot) = self.ops.get(op? as usize)?.kind else { return None };
        let span = self.env.captured.span(slot, instance);
        (span.kind == Kind::Object).then(|| span.text(self.env.input))
    }

    /// A copied object to which explicit mappings add, and over whose members they win.
    fn merged(&mut self, fields: &[Field], base: &'a str, instance: u32, to: &mut Vec<u8>) -> bool {
        let start = to.len();
        to.push(b'{');
        for field in fields {
            let member = last_member(base, &field.name);
            let inner = member.filter(|span| span.kind == Kind::Object).map(|span| span.text(base));
            if !self.field(field, instance, inner, start, to)
                && let Some(span) = member
            {
                copy_member(base, &field.key, span, start, to);
            }
        }
        for (key, span) in json::members(base) {
            let name = json::unescape(key);
            if !fields.iter().any(|field| field.name == name) {
                let mut key = Vec::new();
                json::write_string(&name, &mut key);
                key.push(b':');
                copy_member(base, &key, span, start, to);
            }
        }
        write::close(to, start, b'}')
    }

    #[inline(never)]
    fn op(&mut self, index: u32, instance: u32, to: &mut Vec<u8>) -> bool {
        let op = &self.ops[index as usize];
        let start = to.len();
        let written = match &op.kind {
            OpKind::Copy(slot) => {
                write::span(self.env.input, self.env.captured.span(*slot, instance), op.wanted, to)
            }
            OpKind::Const(json) => {
                write::push(json, to);
                return true;
            }
            OpKind::Eval { code, .. } => {
                self.env.instance = instance;
                let result = code.write(&mut self.env, op.wanted, to);
                if !self.env.notes.is_empty() {
                    let notes = self.env.notes.drain(..);
                    self.warnings.extend(notes.map(|(code, message)| MappingWarning {
                        mapping: op.mapping,
                        code,
                        message,
                    }));
                }
                match result {
                    Ok(written) => written,
                    Err(failure) => {
                        self.env.locals.clear();
                        self.warnings.push(MappingWarning {
                            mapping: op.mapping,
                            code: failure.code(),
                            message: failure.message().to_owned(),
                        });
                        return false;
                    }
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
                self.warnings.push(MappingWarning { mapping: op.mapping, code: "type_mismatch", message });
                false
            }
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

fn last_member(object: &str, name: &str) -> Option<Span> {
    json::members(object).filter(|(key, _)| json::unescape(key) == name).last().map(|(_, span)| span)
}

fn copy_member(base: &str, key: &[u8], span: Span, start: usize, to: &mut Vec<u8>) {
    write::separate(to, start);
    let before = to.len();
    to.extend_from_slice(key);
    let written = match span.kind {
        Kind::Array | Kind::Object => write::pruned(span.text(base), to),
        _ => write::span(base, span, None, to) == Ok(true),
    };
    if !written {
        write::unseparate(to, before, start);
    }
}
