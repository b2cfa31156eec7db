//! Copies that are more than text: by a schema, without members that were mapped elsewhere, or with
//! their nulls.

use crate::compile::parsed::Skip;
use crate::run::write::{self, Written};
use crate::sets::schema::{Node, Shape};
use crate::values::json::{self, Kind, Scanner, Span};
use crate::values::value::Value;
use std::sync::Arc;

/// Most members that a copy's warnings name.
const MAX_NAMED: usize = 5;

/// How something is copied.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Manner<'p> {
    /// What is left out.
    pub(crate) skip: Option<&'p Skip>,
    /// What the schema knows of the place; only its members are copied, converted to their types.
    pub(crate) shape: Option<&'p Node>,
    /// Whether nulls are copied.
    pub(crate) nulls: bool,
}

/// Whether and how a member of an object is copied.
pub(crate) enum Member<'p> {
    Copied(Manner<'p>),
    /// Another mapping has taken it.
    Moved,
    /// The schema has no such field.
    Unknown,
}

/// What a copy left out.
#[derive(Debug, Default)]
pub(crate) struct Lost {
    path: Vec<String>,
    /// Members that the schema does not have.
    pub(crate) unknown: Vec<String>,
    /// Members that cannot be what the schema says, and why.
    pub(crate) failed: Vec<String>,
}

impl<'p> Manner<'p> {
    /// Whether a copy is that of the text, less what is empty.
    fn is_plain(&self) -> bool {
        self.skip.is_none() && self.shape.is_none() && !self.nulls
    }

    /// How a member is copied.
    pub(crate) fn member(&self, name: &str) -> Member<'p> {
        let skip = self.skip.and_then(|skip| skip.get(name));
        if skip.is_some_and(|skip| skip.whole) {
            return Member::Moved;
        }
        let shape = match self.shape.map(|node| &node.shape) {
            Some(Shape::Object(fields)) => match fields.get(name) {
                Some(field) => Some(field),
                None => return Member::Unknown,
            },
            Some(Shape::Map(values)) => Some(values),
            _ => None,
        };
        Member::Copied(Manner { skip, shape: shape.map(Arc::as_ref), nulls: self.nulls })
    }

    /// How an array's elements are copied.
    fn element(&self) -> Self {
        let shape = match self.shape.map(|node| &node.shape) {
            Some(Shape::Array(items)) => Some(items.as_ref()),
            _ => None,
        };
        Self { skip: None, shape, nulls: self.nulls }
    }

    /// Appends a place of a text. A member that fails is left out and noted; depth is bounded, as the
    /// scanner has accepted the text.
    pub(crate) fn copy(&self, text: &str, span: Span, lost: &mut Lost, out: &mut Vec<u8>) -> Written {
        if self.nulls && span.kind == Kind::Null {
            out.extend_from_slice(b"null");
            return Ok(true);
        }
        if self.is_plain() {
            return write::span(text, span, None, out);
        }
        let kind = self.shape.map(|node| &node.shape);
        let inner = span.text(text);
        match (span.kind, kind) {
            (_, Some(Shape::Scalar(wanted))) => write::span(text, span, Some(*wanted), out),
            (Kind::Absent | Kind::Null, _) => Ok(false),
            (Kind::Object, None | Some(Shape::Any | Shape::Object(_) | Shape::Map(_))) => {
                let start = out.len();
                out.push(b'{');
                for (key, member) in json::members(inner) {
                    let name = json::unescape(key);
                    lost.path.push(name.to_string());
                    match self.member(&name) {
                        Member::Copied(manner) => {
                            write::separate(out, start);
                            let before = out.len();
                            out.push(b'"');
                            write::push(key.as_bytes(), out);
                            out.extend_from_slice(b"\":");
                            let written = manner.copy(inner, member, lost, out);
                            if !lost.note(written) {
                                write::unseparate(out, before, start);
                            }
                        }
                        Member::Moved => {}
                        Member::Unknown => lost.unknown(member),
                    }
                    lost.path.pop();
                }
                Ok(write::close(out, start, b'}'))
            }
            (Kind::Array, None | Some(Shape::Any | Shape::Array(_))) => {
                let manner = self.element();
                let start = out.len();
                out.push(b'[');
                lost.path.push("[*]".to_owned());
                for element in json::elements(inner) {
                    write::separate(out, start);
                    let before = out.len();
                    let written = manner.copy(inner, element, lost, out);
                    if !lost.note(written) {
                        write::unseparate(out, before, start);
                    }
                }
                lost.path.pop();
                Ok(write::close(out, start, b']'))
            }
            (_, None | Some(Shape::Any)) => write::span(text, span, None, out),
            (_, Some(Shape::Object(_) | Shape::Map(_) | Shape::Array(_))) if span.is_empty_text() => {
                Ok(false)
            }
            (_, Some(shape)) => Err(format!(
                "the destination is {}, but the value is {}",
                shape.kind_name(),
                Value::from_span(text, span).kind_name()
            )),
        }
    }

    /// Appends a value that an expression made.
    pub(crate) fn write(&self, value: &Value<'_>, lost: &mut Lost, out: &mut Vec<u8>) -> Written {
        if self.is_plain() {
            return write::value(value, None, out);
        }
        let text = text_of(value)?;
        let span = Scanner::new(&text).value().map_err(|error| error.to_string())?;
        self.copy(&text, span, lost, out)
    }
}

/// A value as JSON text, with all that is empty in it.
pub(crate) fn text_of(value: &Value<'_>) -> Result<String, String> {
    let mut json = Vec::new();
    write::whole(value, &mut json);
    String::from_utf8(json).map_err(|error| error.to_string())
}

impl Lost {
    /// Whether something was written; why not is noted.
    pub(crate) fn note(&mut self, written: Written) -> bool {
        match written {
            Ok(written) => written,
            Err(message) => {
                if self.failed.len() < MAX_NAMED {
                    self.failed.push(format!("{}: {message}", self.place()));
                }
                false
            }
        }
    }

    /// Goes down to a member.
    pub(crate) fn enter(&mut self, name: &str) {
        self.path.push(name.to_owned());
    }

    /// Goes up again.
    pub(crate) fn leave(&mut self) {
        self.path.pop();
    }

    /// Notes that the schema has no field for the current place, if it holds anything.
    pub(crate) fn unknown(&mut self, span: Span) {
        let place = self.place();
        if span.is_present() && self.unknown.len() < MAX_NAMED && !self.unknown.contains(&place) {
            self.unknown.push(place);
        }
    }

    fn place(&self) -> String {
        self.path.join(".").replace(".[*]", "[*]")
    }
}

impl Span {
    /// The empty string.
    fn is_empty_text(&self) -> bool {
        self.kind == Kind::Plain && self.end - self.start == 2
    }
}
