//! What is true, equal and greater: JEXL's rules.

use crate::functions::Failure;
use crate::values::number::{self, Decimal};
use crate::values::ordered;
use crate::values::text::same;
use crate::values::value::Value;
use std::cmp::Ordering;

/// JEXL's truth: null, false, zero, the empty string and the word `false` are not true.
pub(crate) fn truth(value: &Value<'_>) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(_) => value.as_decimal() != Some(Decimal::integer(0)),
        Value::String(text) => !text.is_empty() && text != "false",
        Value::Array(_) | Value::Object(_) | Value::Json(_) | Value::DateTime(_) => true,
    }
}

/// `==`: null equals only null; what stands beside a boolean counts by its truth, what stands beside a
/// number by the number that it holds; dates beside text by their text.
pub(crate) fn equal(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Null, _) | (_, Value::Null) => false,
        (Value::String(a), Value::String(b)) => same(a.as_bytes(), b.as_bytes()),
        (Value::Bool(_), _) | (_, Value::Bool(_)) => truth(a) == truth(b),
        (Value::Number(_), _) | (_, Value::Number(_)) => numbers(a, b) == Some(Ordering::Equal),
        (Value::DateTime(a), Value::DateTime(b)) => a.timestamp() == b.timestamp(),
        (Value::DateTime(_), Value::String(_)) | (Value::String(_), Value::DateTime(_)) => {
            a.to_text() == b.to_text()
        }
        _ => composites(a, b),
    }
}

/// Arrays are equal element by element, objects member by member in any order.
fn composites(a: &Value<'_>, b: &Value<'_>) -> bool {
    if let (Some(a), Some(b)) = (a.elements(), b.elements()) {
        return a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| equal(a, b));
    }
    let (Some(a), Some(b)) = (a.members(), b.members()) else { return false };
    let (a, b) = (ordered::map(a), ordered::map(b));
    a.len() == b.len() && a.iter().zip(&b).all(|((x, a), (y, b))| x == y && equal(a, b))
}

/// Which of two values is greater; `None` when one is null, so that no relation with null holds.
///
/// # Errors
/// When the two have no order: arrays, objects, a number beside text that holds none.
pub(crate) fn order(a: &Value<'_>, b: &Value<'_>) -> Result<Option<Ordering>, Failure> {
    let ordering = match (a, b) {
        (Value::Null, _) | (_, Value::Null) => return Ok(None),
        (Value::Number(_), _) | (_, Value::Number(_)) => numbers(a, b),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::DateTime(a), Value::DateTime(b)) => Some(a.timestamp().cmp(&b.timestamp())),
        // Java orders text by its UTF-16 units.
        (Value::String(_), _) | (_, Value::String(_)) => match (a.to_text(), b.to_text()) {
            (Some(a), Some(b)) => Some(a.encode_utf16().cmp(b.encode_utf16())),
            _ => None,
        },
        _ => None,
    };
    match ordering {
        Some(ordering) => Ok(Some(ordering)),
        None => Err(Failure::new(format!(
            "cannot tell whether {} or {} is greater; compare two numbers, two texts or two dates",
            a.kind_name(),
            b.kind_name()
        ))),
    }
}

/// Two values by their numbers, of any length; `None` when one holds none.
fn numbers(a: &Value<'_>, b: &Value<'_>) -> Option<Ordering> {
    match (a.as_decimal(), b.as_decimal()) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => number::compare(digits(a)?, digits(b)?),
    }
}

/// The text of a number; a boolean counts as 1 or 0.
fn digits<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    match value {
        Value::Number(text) | Value::String(text) => Some(text),
        Value::Bool(true) => Some("1"),
        Value::Bool(false) => Some("0"),
        _ => None,
    }
}
