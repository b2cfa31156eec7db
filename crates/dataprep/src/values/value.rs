//! The values that expressions compute with.

use crate::date::{self, Moment};
use crate::values::json::{self, Kind, Span};
use crate::values::number::Decimal;
use std::borrow::Cow;

/// A value of the expression language. What comes from the input is borrowed from it, and an array
/// or object of the input stays unread until an expression looks inside.
///
/// The tag is a whole word so that no payload shares a word with it: values are moved at every step,
/// and a word that was written in pieces is slow to read back.
#[derive(Debug, Clone, PartialEq)]
#[repr(u64)]
pub enum Value<'a> {
    /// Null; also what an absent path gives.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, as the text of a JSON number.
    Number(Cow<'a, str>),
    /// A string.
    String(Cow<'a, str>),
    /// An array made by an expression.
    Array(Vec<Value<'a>>),
    /// An object or map made by an expression, in the order of making.
    Object(Vec<(Cow<'a, str>, Value<'a>)>),
    /// An array or object of the input, as JSON text.
    Json(&'a str),
    /// A moment in a time zone, as the date functions make it.
    DateTime(Box<Moment>),
}

impl<'a> Value<'a> {
    /// The value at a place of the input.
    #[inline(always)]
    pub fn from_span(input: &'a str, span: Span) -> Self {
        match span.kind {
            Kind::Absent | Kind::Null => Value::Null,
            Kind::False => Value::Bool(false),
            Kind::True => Value::Bool(true),
            Kind::Number => Value::Number(Cow::Borrowed(span.text(input))),
            Kind::Plain => Value::String(Cow::Borrowed(inner(span.text(input)))),
            Kind::Escaped => Value::String(json::unescape(inner(span.text(input)))),
            Kind::Array | Kind::Object => Value::Json(span.text(input)),
        }
    }

    /// A whole number.
    pub fn integer(value: i64) -> Self {
        Value::Number(Cow::Owned(value.to_string()))
    }

    /// An owned or borrowed string.
    pub fn string(text: impl Into<Cow<'a, str>>) -> Self {
        Value::String(text.into())
    }

    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// Whether this is an array, of the input or made.
    pub fn is_array(&self) -> bool {
        matches!(self, Value::Array(_)) || matches!(self, Value::Json(text) if text.starts_with('['))
    }

    /// Whether this is an object or map, of the input or made.
    pub fn is_object(&self) -> bool {
        matches!(self, Value::Object(_)) || matches!(self, Value::Json(text) if text.starts_with('{'))
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The number, also when it stands in a string.
    pub fn as_decimal(&self) -> Option<Decimal> {
        match self {
            Value::Number(text) | Value::String(text) => Decimal::parse(text),
            _ => None,
        }
    }

    /// The whole number, also when it stands in a string.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Number(text) | Value::String(text) => {
                text.parse().ok().or_else(|| Decimal::parse(text)?.to_i64())
            }
            _ => None,
        }
    }

    /// A scalar as text: strings as they are, numbers with their digits, booleans as words.
    pub fn to_text(&self) -> Option<Cow<'a, str>> {
        match self {
            Value::String(text) | Value::Number(text) => Some(text.clone()),
            Value::Bool(true) => Some(Cow::Borrowed("true")),
            Value::Bool(false) => Some(Cow::Borrowed("false")),
            Value::DateTime(moment) => Some(Cow::Owned(date::rfc3339(moment))),
            _ => None,
        }
    }

    /// The elements of an array, of the input or made; `None` for anything else.
    pub fn elements(&self) -> Option<Vec<Value<'a>>> {
        match self {
            Value::Array(items) => Some(items.clone()),
            Value::Json(text) if text.starts_with('[') => {
                Some(json::elements(text).map(|span| Value::from_span(text, span)).collect())
            }
            _ => None,
        }
    }

    /// The members of an object, of the input or made; `None` for anything else.
    pub fn members(&self) -> Option<Vec<(Cow<'a, str>, Value<'a>)>> {
        match self {
            Value::Object(members) => Some(members.clone()),
            Value::Json(text) if text.starts_with('{') => Some(
                json::members(text)
                    .map(|(key, span)| (json::unescape(key), Value::from_span(text, span)))
                    .collect(),
            ),
            _ => None,
        }
    }

    /// The member of an object under `name`; null when there is none.
    pub fn member(&self, name: &str) -> Value<'a> {
        match self {
            Value::Object(members) => members
                .iter()
                .rev()
                .find(|(key, _)| key == name)
                .map_or(Value::Null, |(_, value)| value.clone()),
            Value::Json(text) if text.starts_with('{') => json::members(text)
                .filter(|(key, _)| json::unescape(key) == name)
                .last()
                .map_or(Value::Null, |(_, span)| Value::from_span(text, span)),
            _ => Value::Null,
        }
    }

    /// The element of an array at `index`; null when there is none.
    pub fn element(&self, index: usize) -> Value<'a> {
        match self {
            Value::Array(items) => items.get(index).cloned().unwrap_or(Value::Null),
            Value::Json(text) => {
                json::elements(text).nth(index).map_or(Value::Null, |span| Value::from_span(text, span))
            }
            _ => Value::Null,
        }
    }

    /// What the value is called in messages.
    pub fn kind_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::DateTime(_) => "a date-time",
            Value::Object(_) => "an object",
            Value::Json(text) if text.starts_with('[') => "an array",
            Value::Json(_) => "an object",
        }
    }

    /// The same value, owning its text.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Value::Null => Value::Null,
            Value::Bool(value) => Value::Bool(value),
            Value::DateTime(moment) => Value::DateTime(moment),
            Value::Number(text) => Value::Number(Cow::Owned(text.into_owned())),
            Value::String(text) => Value::String(Cow::Owned(text.into_owned())),
            Value::Array(items) => Value::Array(items.into_iter().map(Value::into_owned).collect()),
            Value::Object(members) => Value::Object(
                members
                    .into_iter()
                    .map(|(key, value)| (Cow::Owned(key.into_owned()), value.into_owned()))
                    .collect(),
            ),
            Value::Json(text) => {
                let value = Value::Json(text);
                match (value.elements(), value.members()) {
                    (Some(items), _) => Value::Array(items).into_owned(),
                    (_, Some(members)) => Value::Object(members).into_owned(),
                    _ => Value::Null,
                }
            }
        }
    }
}

/// A string's text without its quotes.
fn inner(quoted: &str) -> &str {
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default()
}
