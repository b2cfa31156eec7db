//! Functions on arrays. Their elements may be anything, nulls and arrays among them.

use super::string::check_length;
use super::{ANY, CallEnv, Failure, Function, Kind, array, text, whole};
use crate::values::json;
use crate::values::value::Value;

type Result<T> = std::result::Result<T, Failure>;

const ARRAYS: &str = "Hierarchies - Arrays";

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("first", ARRAYS, (0, ANY), false, first).kinds(&[Kind::Any], Kind::Any),
    Function::new("last", ARRAYS, (0, ANY), false, last).kinds(&[Kind::Any], Kind::Any),
    Function::new("to_array", ARRAYS, (1, ANY), false, to_array)
        .kinds(&[Kind::Boolean, Kind::Any], Kind::Array),
    Function::new("add_to_array", ARRAYS, (1, ANY), false, add_to_array)
        .kinds(&[Kind::Array, Kind::Any], Kind::Array),
    Function::new("join_arrays", ARRAYS, (1, ANY), false, join_arrays).kinds(&[Kind::Array], Kind::Array),
    Function::new("flattenArray", ARRAYS, (1, 1), true, flatten_array).kinds(&[Kind::Array], Kind::Array),
    Function::new("array_to_string", ARRAYS, (2, 2), false, array_to_string)
        .kinds(&[Kind::Text, Kind::Array], Kind::Text),
    Function::new("size_of", ARRAYS, (1, 1), true, size_of).kinds(&[Kind::Any], Kind::Whole),
    Function::new("upsert_array_append", ARRAYS, (1, 1), true, upsert_array)
        .kinds(&[Kind::Array], Kind::Array),
    Function::new("upsert_array_replace", ARRAYS, (1, 2), true, upsert_array)
        .kinds(&[Kind::Array, Kind::Whole], Kind::Array),
];

/// `coalesce` of one argument: of an array the first element that is not null, of anything else the
/// value itself. With more arguments the evaluator stops at the first that is not null.
pub(crate) static COALESCE_ONE: Function =
    Function::new("coalesce", ARRAYS, (1, 1), true, coalesce_one).kinds(&[Kind::Any], Kind::Any);

fn coalesce_one<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    Ok(match &mut args[0] {
        Value::Array(items) => items.iter_mut().find(|item| !item.is_null()).map_or(Value::Null, take),
        Value::Json(text) if text.starts_with('[') => json::elements(text)
            .find(json::Span::is_present)
            .map_or(Value::Null, |span| Value::from_span(text, span)),
        other => take(other),
    })
}

/// The value, null being left in its place.
pub(super) fn take<'a>(value: &mut Value<'a>) -> Value<'a> {
    std::mem::replace(value, Value::Null)
}

/// The arguments with arrays among them opened, nulls left out.
pub(super) fn spread<'a>(args: &mut [Value<'a>]) -> Vec<Value<'a>> {
    let mut all = Vec::with_capacity(args.len());
    for arg in args {
        match take(arg) {
            Value::Array(items) => all.extend(items),
            other => match other.elements() {
                Some(elements) => all.extend(elements),
                None => all.push(other),
            },
        }
    }
    all.retain(|value| !value.is_null());
    all
}

/// The first argument; of one array its first element. Null when there is none, and when that is null.
fn first<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    Ok(match args {
        [Value::Array(items)] => items.first_mut().map_or(Value::Null, take),
        [Value::Json(text)] if text.starts_with('[') => {
            json::elements(text).next().map_or(Value::Null, |span| Value::from_span(text, span))
        }
        values => values.first_mut().map_or(Value::Null, take),
    })
}

/// The last argument; of one array its last element. Null when there is none, and when that is null.
fn last<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    Ok(match args {
        [Value::Array(items)] => items.pop().unwrap_or(Value::Null),
        [Value::Json(text)] if text.starts_with('[') => {
            json::elements(text).last().map_or(Value::Null, |span| Value::from_span(text, span))
        }
        values => values.last_mut().map_or(Value::Null, take),
    })
}

/// `to_array(include_nulls, values…)`: the values as one array. A value that is an array stays one
/// element.
fn to_array<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let Some((Value::Bool(include_nulls), values)) = args.split_first_mut() else {
        return Err(Failure::new(
            "the first argument of to_array must be true or false: whether to keep nulls",
        ));
    };
    let kept = values.iter_mut().filter(|value| *include_nulls || !value.is_null());
    Ok(Value::Array(kept.map(take).collect()))
}

/// `add_to_array(array, values…)`: the array with the values at its end, nulls too, each as one element.
/// A null array counts as an empty one.
fn add_to_array<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let Some((onto, values)) = args.split_first_mut() else { return Ok(Value::Null) };
    let mut items = match onto {
        Value::Null => Vec::new(),
        onto => array(onto, "the first argument of add_to_array")?,
    };
    items.extend(values.iter_mut().map(take));
    Ok(Value::Array(items))
}

/// `join_arrays(array, array…)`: all their elements in one array. Null arrays count as nothing; of
/// nothing but nulls the result is null.
fn join_arrays<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let mut joined = None;
    for arg in args.iter_mut().filter(|arg| !arg.is_null()) {
        joined.get_or_insert_with(Vec::new).extend(array(arg, "each argument of join_arrays")?);
    }
    Ok(joined.map_or(Value::Null, Value::Array))
}

/// All elements of an array and of the arrays in it, however deep, in one array; nulls and objects stay
/// as they are. Null gives null. Adobe offers it for destinations only; here it works everywhere.
fn flatten_array<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let items = array(&mut args[0], "the argument of flattenArray")?;
    let mut flat = Vec::with_capacity(items.len());
    flatten(items, &mut flat);
    Ok(Value::Array(flat))
}

/// As deep as arrays nest, which parser and scanner bound.
fn flatten<'a>(items: Vec<Value<'a>>, flat: &mut Vec<Value<'a>>) {
    for item in items {
        match item {
            Value::Array(inner) => flatten(inner, flat),
            other => match other.elements() {
                Some(inner) => flatten(inner, flat),
                None => flat.push(other),
            },
        }
    }
}

/// `array_to_string(separator, array)`: the elements' texts, after flattening, with the separator between
/// them; nulls are left out, and without elements the text is empty. Objects appear as Adobe prints them,
/// see [`print`]. A null array gives null. Adobe offers it for destinations only; here it works everywhere.
fn array_to_string<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let separator = text(&args[0], "the separator of array_to_string")?;
    if args[1].is_null() {
        return Ok(Value::Null);
    }
    let mut flat = Vec::new();
    flatten(array(&mut args[1], "the second argument of array_to_string")?, &mut flat);
    let mut joined = String::new();
    for (index, item) in flat.iter().filter(|item| !item.is_null()).enumerate() {
        if index > 0 {
            joined.push_str(&separator);
        }
        match item.to_text() {
            Some(text) => joined.push_str(&text),
            None => print(item, &mut joined),
        }
        check_length(joined.len(), "array_to_string")?;
    }
    Ok(Value::string(joined))
}

/// A value inside an object as Adobe's example for destinations prints it: JSON without blanks, with
/// single quotes around keys and strings. A quote or backslash in them stands after a backslash, which no
/// example shows.
fn print(value: &Value<'_>, out: &mut String) {
    if let Some(items) = value.elements() {
        out.push('[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            print(item, out);
        }
        out.push(']');
    } else if let Some(members) = value.members() {
        out.push('{');
        for (index, (key, member)) in members.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            print_string(key, out);
            out.push(':');
            print(member, out);
        }
        out.push('}');
    } else {
        match (value, value.to_text()) {
            (Value::String(_) | Value::DateTime(_), Some(text)) => print_string(&text, out),
            (_, Some(text)) => out.push_str(&text),
            (_, None) => out.push_str("null"),
        }
    }
}

fn print_string(text: &str, out: &mut String) {
    out.push('\'');
    for c in text.chars() {
        match c {
            '\'' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('\'');
}

/// How many elements, members or, of text, UTF-16 units there are, as Java counts. Null gives null; numbers, booleans and date-times
/// have no size.
fn size_of<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let size = match &args[0] {
        Value::String(text) => text.encode_utf16().count(),
        Value::Array(items) => items.len(),
        Value::Json(text) if text.starts_with('[') => json::elements(text).count(),
        other => match other.members() {
            Some(members) => members.len(),
            None => {
                return Err(Failure::new(format!(
                    "size_of needs an array, an object or text, but found {}",
                    other.kind_name()
                )));
            }
        },
    };
    Ok(Value::integer(i64::try_from(size).unwrap_or(i64::MAX)))
}

/// `upsert_array_append(array)` and `upsert_array_replace(array, index)`: the array as it is. They tell
/// Adobe how an update changes a profile's array; for a record that is inserted, which is what a mapping
/// makes here, Adobe returns the array too. Null gives null.
fn upsert_array<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    if let Some(index) = args.get(1)
        && !index.is_null()
        && whole(index, "the index of upsert_array_replace")? < 0
    {
        return Err(Failure::new("the index of upsert_array_replace counts from 0 and must not be negative"));
    }
    match args.first_mut().map_or(Value::Null, take) {
        list if list.is_array() => Ok(list),
        other => Err(Failure::new(format!("expected an array, but found {}", other.kind_name()))),
    }
}
