//! Choosing among values: `decode`, and the least and greatest.

use super::arrays::{spread, take};
use super::{ANY, CallEnv, Failure, Function, Kind, array};
use crate::run::compare::equal;
use crate::values::value::Value;
use std::cmp::Ordering;

type Result<T> = std::result::Result<T, Failure>;

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("decode", "Logical operators", (2, ANY), false, decode).kinds(&[Kind::Any], Kind::Any),
    Function::new("min", "Aggregation", (1, ANY), false, min).kinds(&[Kind::Any], Kind::Any),
    Function::new("max", "Aggregation", (1, ANY), false, max).kinds(&[Kind::Any], Kind::Any),
];

/// `decode(key, k1, v1, …, default)`: the value after the first key that equals as `==` has it (1 and
/// 1.0, null and null); else the default, or null without one. What follows the key may also be one
/// array.
fn decode<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    match args {
        [key, options] => {
            let mut options = array(options, "what decode chooses from, when it is one argument,")?;
            Ok(choose(key, &mut options))
        }
        [key, options @ ..] => Ok(choose(key, options)),
        [] => Ok(Value::Null),
    }
}

fn choose<'a>(key: &Value<'a>, options: &mut [Value<'a>]) -> Value<'a> {
    for option in options.chunks_mut(2) {
        match option {
            [candidate, value] if equal(key, candidate) => return take(value),
            [default] => return take(default),
            _ => {}
        }
    }
    Value::Null
}

/// The least of its arguments, or of the elements of those that are arrays, by natural order: numbers by
/// value, texts as Java's `compareTo`, false before true, date-times by moment. Nulls do not count; of
/// nothing else the result is null. Values of different kinds cannot be compared.
fn min<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    extreme(args, Ordering::Less)
}

/// The greatest of its arguments; otherwise as [`min`].
fn max<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    extreme(args, Ordering::Greater)
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

fn compare(a: &Value<'_>, b: &Value<'_>) -> Result<Ordering> {
    match (a, b) {
        (Value::Number(_), Value::Number(_)) => match (a.as_decimal(), b.as_decimal()) {
            (Some(a), Some(b)) => Ok(a.cmp(&b)),
            _ => Err(Failure::new("a number has more digits than can be compared")),
        },
        // Java compares UTF-16 units, which differs from code points beyond U+FFFF.
        (Value::String(a), Value::String(b)) => Ok(a.encode_utf16().cmp(b.encode_utf16())),
        (Value::Bool(a), Value::Bool(b)) => Ok(a.cmp(b)),
        (Value::DateTime(a), Value::DateTime(b)) => Ok(a.timestamp().cmp(&b.timestamp())),
        _ => Err(Failure::new(format!("cannot compare {} with {}", a.kind_name(), b.kind_name()))),
    }
}
