//! Functions on arrays, objects and several values at once.

use super::string::check_length;
use super::{ANY, CallEnv, Failure, Function, text};
use crate::number::Decimal;
use crate::value::Value;
use std::borrow::Cow;
use std::cmp::Ordering;

type Result<T> = std::result::Result<T, Failure>;

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("decode", "Logical operators", (3, ANY), false, decode),
    Function::new("min", "Aggregation", (1, ANY), false, min),
    Function::new("max", "Aggregation", (1, ANY), false, max),
    Function::new("first", "Hierarchies - Arrays", (1, ANY), false, first),
    Function::new("last", "Hierarchies - Arrays", (1, ANY), false, last),
    Function::new("join", "String", (2, ANY), false, join),
    Function::new("to_array", "Hierarchies - Arrays", (1, ANY), false, to_array),
    Function::new("to_object", "Hierarchies - Objects", (2, ANY), false, to_object),
    Function::new("size_of", "Hierarchies - Arrays", (1, 1), true, size_of),
    Function::new("is_empty", "Hierarchies - Objects", (1, 1), false, is_empty),
    Function::new("nullify", "Hierarchies - Objects", (0, 0), false, nullify),
    Function::new("get", "Hierarchies - Objects", (2, 2), true, get),
];

/// `decode(key, k1, v1, …, default)`: the value of the first key that equals.
fn decode<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let (key, rest) = args.split_first().ok_or_else(|| Failure::new("decode needs a key"))?;
    let key = key.to_text();
    let mut pairs = rest.chunks(2);
    for pair in &mut pairs {
        match pair {
            [candidate, value] if candidate.to_text() == key => return Ok(value.clone()),
            [default] => return Ok(default.clone()),
            _ => {}
        }
    }
    Ok(Value::Null)
}

/// The arguments with arrays among them opened, nulls left out.
fn spread<'a>(args: &mut [Value<'a>]) -> Vec<Value<'a>> {
    let mut all = Vec::with_capacity(args.len());
    for arg in args {
        match arg.elements() {
            Some(elements) => all.extend(elements),
            None => all.push(std::mem::replace(arg, Value::Null)),
        }
    }
    all.retain(|value| !value.is_null());
    all
}

fn compare(a: &Value<'_>, b: &Value<'_>) -> Result<Ordering> {
    match (a, b) {
        (Value::Number(_), Value::Number(_)) => match (a.as_decimal(), b.as_decimal()) {
            (Some(a), Some(b)) => Ok(Decimal::cmp(&a, &b)),
            _ => Err(Failure::new("a number has more digits than can be compared")),
        },
        (Value::String(a), Value::String(b)) => Ok(a.cmp(b)),
        _ => Err(Failure::new(format!("cannot compare {} with {}", a.kind_name(), b.kind_name()))),
    }
}

fn extreme<'a>(args: &mut [Value<'a>], wanted: Ordering) -> Result<Value<'a>> {
    let mut best = Value::Null;
    for value in spread(args) {
        if best.is_null() || compare(&value, &best)? == wanted {
            best = value;
        }
    }
    Ok(best)
}

/// The least of its arguments (or of their elements) by natural order; nulls do not count.
fn min<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    extreme(args, Ordering::Less)
}

/// The greatest of its arguments (or of their elements) by natural order; nulls do not count.
fn max<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    extreme(args, Ordering::Greater)
}

/// A single array stands for its elements.
fn listed<'a>(args: &mut [Value<'a>]) -> Vec<Value<'a>> {
    match args {
        [one] => one.elements().unwrap_or_else(|| vec![one.clone()]),
        many => many.to_vec(),
    }
}

fn first<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    Ok(listed(args).into_iter().next().unwrap_or(Value::Null))
}

fn last<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    Ok(listed(args).pop().unwrap_or(Value::Null))
}

/// `join(separator, values…)`.
fn join<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let (separator, rest) = args.split_first_mut().ok_or_else(|| Failure::new("join needs a separator"))?;
    let separator = text(separator, "the separator of join")?;
    let parts: Vec<Cow<'_, str>> =
        spread(rest).iter().map(|value| text(value, "each value of join")).collect::<Result<_>>()?;
    let separators = separator.len().saturating_mul(parts.len());
    check_length(parts.iter().fold(separators, |length, part| length.saturating_add(part.len())), "join")?;
    Ok(if parts.is_empty() { Value::Null } else { Value::string(parts.join(&*separator)) })
}

/// `to_array(include_nulls, values…)`.
fn to_array<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let Some((Value::Bool(include_nulls), values)) = args.split_first() else {
        return Err(Failure::new(
            "the first argument of to_array must be true or false: whether to keep nulls",
        ));
    };
    Ok(Value::Array(values.iter().filter(|value| *include_nulls || !value.is_null()).cloned().collect()))
}

/// `to_object(key, value, …)`.
fn to_object<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    if !args.len().is_multiple_of(2) {
        return Err(Failure::new("to_object needs a value for each key"));
    }
    args.chunks(2)
        .map(|pair| Ok((text(&pair[0], "a key of to_object")?, pair[1].clone())))
        .collect::<Result<_>>()
        .map(Value::Object)
}

fn size_of<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let size = match &args[0] {
        Value::String(text) => text.chars().count(),
        other => match (other.elements(), other.members()) {
            (Some(elements), _) => elements.len(),
            (_, Some(members)) => members.len(),
            _ => return Err(Failure::new(format!("{} has no size", other.kind_name()))),
        },
    };
    Ok(Value::integer(size as i64))
}

fn is_empty<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    Ok(Value::Bool(empty(&args[0])))
}

/// Null, an empty string, array or object.
pub(crate) fn empty(value: &Value<'_>) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Json(text) => {
            crate::json::elements(text).next().is_none() && crate::json::members(text).next().is_none()
        }
        Value::Bool(_) | Value::Number(_) | Value::DateTime(_) => false,
    }
}

fn nullify<'a>(_: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    Ok(Value::Null)
}

/// `get(object, key)`, usually written `object.get(key)`.
fn get<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let key = text(&args[1], "the key of get")?;
    Ok(args[0].member(&key))
}
