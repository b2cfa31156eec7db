//! Objects that one mapping gives whole and to which others add members.

use crate::compile::nulls::Outcome;
use crate::plan::MapPlace;
use crate::run::copy::{Lost, Manner, Member, text_of};
use crate::run::emit::{Emitter, Field, Op};
use crate::run::write;
use crate::sets::mapping_set::XdmType;
use crate::values::json::{self, Kind, Span};
use crate::values::value::Value;
use std::borrow::Cow;

/// An object that is copied whole: its text, how, and by which mapping.
#[derive(Clone, Copy)]
pub(crate) struct Base<'b> {
    text: &'b str,
    manner: Manner<'b>,
    mapping: usize,
}

impl<'r, 'a> Emitter<'r, 'a> {
    /// Writes an object that one mapping gives whole and to which others add.
    #[inline(never)]
    pub(crate) fn whole(
        &mut self,
        index: u32,
        fields: &[Field],
        instance: u32,
        above: Option<Base<'_>>,
        to: &mut Vec<u8>,
    ) -> bool {
        let op: &'r Op = &self.ops[index as usize];
        let value = match self.value_of(op, instance) {
            Some(Outcome::Value(value)) => value,
            Some(Outcome::Nullified) => return self.without_base(fields, instance, above, true, to),
            Some(Outcome::Nothing) | None => return self.without_base(fields, instance, above, false, to),
        };
        let text = match &value {
            Value::Json(text) if text.starts_with('{') => Cow::Borrowed(*text),
            Value::Object(_) => Cow::Owned(text_of(&value).unwrap_or_default()),
            Value::String(text) if text.is_empty() => {
                return self.without_base(fields, instance, above, false, to);
            }
            other => {
                let message = format!(
                    "expected an object, to which other mappings add members, but found {}; it is left out",
                    other.kind_name()
                );
                self.warn(op.mapping, "type_mismatch", message);
                return self.without_base(fields, instance, above, false, to);
            }
        };
        let manner = Manner { skip: Some(&op.skip), shape: op.shape.as_deref(), nulls: op.nulls };
        let start = to.len();
        let written = self.merged(fields, Base { text: &text, manner, mapping: op.mapping }, instance, to);
        if written && op.wanted == Some(XdmType::MapOfStrings) {
            self.maps.push(MapPlace::new(op.mapping, start, to.len()));
        }
        written
    }

    /// The members alone; without any, the null that the whole was to be.
    fn without_base(
        &mut self,
        fields: &[Field],
        instance: u32,
        above: Option<Base<'_>>,
        null: bool,
        to: &mut Vec<u8>,
    ) -> bool {
        let written = match above {
            Some(base) => self.merged(fields, base, instance, to),
            None => self.object(fields, instance, to),
        };
        if !written && null {
            to.extend_from_slice(b"null");
        }
        written || null
    }

    /// A copied object to which explicit mappings add, and over whose members they win.
    pub(crate) fn merged(
        &mut self,
        fields: &[Field],
        base: Base<'_>,
        instance: u32,
        to: &mut Vec<u8>,
    ) -> bool {
        let start = to.len();
        let mut lost = Lost::default();
        to.push(b'{');
        for field in fields {
            let member = last_member(base.text, &field.name);
            let manner = match base.manner.member(&field.name) {
                Member::Copied(manner) => Some(manner),
                Member::Moved | Member::Unknown => None,
            };
            let inner = match (member, manner) {
                (Some(span), Some(manner)) if span.kind == Kind::Object => {
                    Some(Base { text: span.text(base.text), manner, ..base })
                }
                _ => None,
            };
            let written = self.field(field, instance, inner, start, to);
            if let (false, Some(span), Some(manner)) = (written, member, manner) {
                lost.enter(&field.name);
                copy_member(base.text, &field.key, span, manner, &mut lost, start, to);
                lost.leave();
            }
        }
        for (key, span) in json::members(base.text) {
            let name = json::unescape(key);
            if fields.iter().any(|field| field.name == name) {
                continue;
            }
            lost.enter(&name);
            match base.manner.member(&name) {
                Member::Copied(manner) => {
                    let mut key = Vec::new();
                    json::write_string(&name, &mut key);
                    key.push(b':');
                    copy_member(base.text, &key, span, manner, &mut lost, start, to);
                }
                Member::Moved => {}
                Member::Unknown => lost.unknown(span),
            }
            lost.leave();
        }
        self.warn_lost(base.mapping, lost);
        write::close(to, start, b'}')
    }
}

fn last_member(object: &str, name: &str) -> Option<Span> {
    json::members(object).filter(|(key, _)| json::unescape(key) == name).last().map(|(_, span)| span)
}

fn copy_member(
    base: &str,
    key: &[u8],
    span: Span,
    manner: Manner<'_>,
    lost: &mut Lost,
    start: usize,
    to: &mut Vec<u8>,
) {
    write::separate(to, start);
    let before = to.len();
    to.extend_from_slice(key);
    let written = manner.copy(base, span, lost, to);
    if !lost.note(written) {
        write::unseparate(to, before, start);
    }
}
