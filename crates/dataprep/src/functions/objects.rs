//! Functions on objects: making them, taking them apart, asking what they hold.

use super::arrays::take;
use super::{ANY, CallEnv, Failure, Function, Kind, Prepared, Status, array, object, text, whole};
use crate::expr::{Path, Segment};
use crate::values::json;
use crate::values::value::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

type Result<T> = std::result::Result<T, Failure>;

const OBJECTS: &str = "Hierarchies - Objects";

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("is_empty", OBJECTS, (1, 1), false, is_empty).kinds(&[Kind::Any], Kind::Boolean),
    Function::new("nullify", OBJECTS, (0, 0), false, nullify),
    Function::new("to_object", OBJECTS, (2, ANY), false, to_object)
        .kinds(&[Kind::Text, Kind::Any], Kind::Object)
        .pairs(),
    Function::new("arrays_to_object", OBJECTS, (2, ANY), false, arrays_to_object)
        .kinds(&[Kind::Text, Kind::Array, Kind::Any], Kind::Array)
        .pairs(),
    Function::new("arrays_to_objects", OBJECTS, (2, ANY), false, arrays_to_object)
        .kinds(&[Kind::Text, Kind::Array, Kind::Any], Kind::Array)
        .pairs(),
    Function::new("str_to_object", OBJECTS, (1, 3), true, str_to_object).kinds(&[Kind::Text], Kind::Object),
    Function::new("get_values", OBJECTS, (2, 4), true, get_values).kinds(&[Kind::Text], Kind::Text),
    Function::new("get_keys", OBJECTS, (1, 1), true, get_keys).kinds(&[Kind::Object], Kind::Array),
    Function::new("get", OBJECTS, (2, 2), true, get),
    Function::new("contains_key", OBJECTS, (1, 1), false, contains_key)
        .kinds(&[Kind::Text], Kind::Boolean)
        .preparing(0, prepare_path),
    Function::new("is_set", OBJECTS, (1, 1), false, contains_key)
        .kinds(&[Kind::Text], Kind::Boolean)
        .preparing(0, prepare_path)
        .status(Status::Deprecated("contains_key")),
];

/// An object in the making: keys come once and stand in the order in which they first came.
#[derive(Default)]
pub(super) struct Members<'a> {
    made: Vec<(Cow<'a, str>, Value<'a>)>,
    places: BTreeMap<Cow<'a, str>, usize>,
}

impl<'a> Members<'a> {
    /// Sets a member; a key that came before gets the new value, as in a Java map. Whether it is new.
    pub(super) fn put(&mut self, key: Cow<'a, str>, value: Value<'a>) -> bool {
        match self.places.entry(key) {
            Entry::Occupied(known) => {
                if let Some((_, old)) = self.made.get_mut(*known.get()) {
                    *old = value;
                }
                false
            }
            Entry::Vacant(new) => {
                self.made.push((new.key().clone(), value));
                new.insert(self.made.len() - 1);
                true
            }
        }
    }

    /// Sets a member unless its key came before.
    pub(super) fn put_new(&mut self, key: Cow<'a, str>, value: Value<'a>) {
        if !self.places.contains_key(&key) {
            self.put(key, value);
        }
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.places.get(key).and_then(|place| self.made.get(*place)).map(|(_, value)| value)
    }

    /// The values, in the order of their keys' first coming.
    pub(super) fn into_values(self) -> impl Iterator<Item = Value<'a>> {
        self.made.into_iter().map(|(_, value)| value)
    }

    pub(super) fn into_value(self) -> Value<'a> {
        Value::Object(self.made)
    }
}

/// Whether its argument is null, an empty string, array or object.
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
        Value::Json(text) => json::elements(text).next().is_none() && json::members(text).next().is_none(),
        Value::Bool(_) | Value::Number(_) | Value::DateTime(_) => false,
    }
}

/// Null.
fn nullify<'a>(_: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    Ok(Value::Null)
}

/// `to_object(key, value, …)`. Keys must be text or have one; values may be null. Of a key that comes
/// twice the last value counts.
fn to_object<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    pairs(args, "each key of to_object")
}

/// An object of alternating keys and values.
pub(super) fn pairs<'a>(args: &mut [Value<'a>], what: &str) -> Result<Value<'a>> {
    let mut made = Members::default();
    for pair in args.chunks_mut(2) {
        let [key, value] = pair else { return Err(Failure::new(format!("{what} needs a value after it"))) };
        made.put(text(key, what)?, take(value));
    }
    Ok(made.into_value())
}

/// `arrays_to_object(key, array, …)`: a list of objects, the first made of the first elements, and so
/// on, until the longest array ends; where another has ended before, its key is left out. A null array
/// counts as an empty one; of nothing but nulls the result is null.
fn arrays_to_object<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let mut objects: Vec<Members<'a>> = Vec::new();
    let mut any = false;
    for pair in args.chunks_mut(2) {
        let [key, values] = pair else {
            return Err(Failure::new("each key of arrays_to_object needs an array after it"));
        };
        let key = text(key, "each key of arrays_to_object")?;
        if values.is_null() {
            continue;
        }
        any = true;
        let values = array(values, "each second argument of arrays_to_object")?;
        env.budget.take(key.len().saturating_mul(values.len()))?;
        if values.len() > objects.len() {
            objects.resize_with(values.len(), Members::default);
        }
        for (made, value) in objects.iter_mut().zip(values) {
            made.put(key.clone(), value);
        }
    }
    Ok(if any { Value::Array(objects.into_iter().map(Members::into_value).collect()) } else { Value::Null })
}

/// `str_to_object(text, value_delimiter, field_delimiter)`: an object of the fields of a text, see
/// [`fields`]. A field without a name is left out and remarked; of a name that comes twice the last value
/// counts. Null gives null.
fn str_to_object<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let text = text(&args[0], "the text of str_to_object")?;
    let delimiters = (delimiter(args.get(1), ":")?, delimiter(args.get(2), ",")?);
    let mut made = Members::default();
    for (name, value) in fields(&text, &delimiters.0, &delimiters.1) {
        if name.is_empty() {
            env.notes.push((
                "field_without_name",
                "str_to_object: a value without a name before its delimiter is left out".to_owned(),
            ));
            continue;
        }
        let value = value.map_or(Value::Null, |value| Value::string(value.to_owned()));
        made.put(Cow::Owned(name.to_owned()), value);
    }
    Ok(made.into_value())
}

/// `get_values(text, key, value_delimiter, field_delimiter)`: the text of one field, as
/// [`str_to_object`] would read it; null when there is none. Null gives null.
fn get_values<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let key = text(&args[1], "the key of get_values")?;
    let text = text(&args[0], "the text of get_values")?;
    let delimiters = (delimiter(args.get(2), ":")?, delimiter(args.get(3), ",")?);
    let found = fields(&text, &delimiters.0, &delimiters.1).filter(|(name, _)| *name == key.trim()).last();
    Ok(found.and_then(|(_, value)| value).map_or(Value::Null, |value| Value::string(value.to_owned())))
}

/// A delimiter, taken literally; null and the empty string stand for the default.
fn delimiter<'a>(given: Option<&Value<'a>>, default: &'static str) -> Result<Cow<'a, str>> {
    match given {
        None | Some(Value::Null) => Ok(Cow::Borrowed(default)),
        Some(value) => match text(value, "a delimiter")? {
            empty if empty.is_empty() => Ok(Cow::Borrowed(default)),
            text => Ok(text),
        },
    }
}

/// The names and values of a text such as `a: 1, b: 2`, without the blanks around them. A value begins
/// after the first delimiter and may hold more of them; a field without one has no value. Fields of
/// nothing but blanks are skipped.
fn fields<'t>(
    text: &'t str,
    value_delimiter: &'t str,
    field_delimiter: &'t str,
) -> impl Iterator<Item = (&'t str, Option<&'t str>)> {
    text.split(field_delimiter).filter(|field| !field.trim().is_empty()).map(move |field| {
        match field.split_once(value_delimiter) {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (field.trim(), None),
        }
    })
}

/// The keys of an object or map, each once, in its order. Null gives null.
fn get_keys<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let mut keys = Members::default();
    for (key, _) in object(&mut args[0], "the argument of get_keys")? {
        keys.put(key, Value::Null);
    }
    Ok(Value::Array(keys.made.into_iter().map(|(key, _)| Value::String(key)).collect()))
}

/// `get(object, key)`, usually written `object.get(key)`: the member, null when there is none; of an
/// array the element, counted from 0. Null gives null.
fn get<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let (holder, key) = (&args[0], &args[1]);
    if holder.is_object() {
        return Ok(holder.member(&text(key, "the key of get")?));
    }
    if holder.is_array() {
        let index = whole(key, "the index of get")?;
        return Ok(usize::try_from(index).map_or(Value::Null, |index| holder.element(index)));
    }
    Err(Failure::new(format!("get needs an object or an array, but found {}", holder.kind_name())))
}

/// Reads the path of `contains_key`.
fn prepare_path(text: &str) -> std::result::Result<Prepared, String> {
    let path = Path::parse(text).map_err(|error| error.to_string())?;
    if path.segments.iter().any(|segment| matches!(segment, Segment::EachKey | Segment::Rest)) {
        return Err(format!("{{key}} and {{**}} name no place that a record could hold: {path}"));
    }
    Ok(Box::new(path))
}

/// `contains_key("a.b.c")`: whether the record holds a value at the path, null included; with `[*]` or
/// `{*}` in it, whether it does for any element. The path is always one of the whole record, also inside
/// a lambda or an iteration.
fn contains_key<'a>(_: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let Some(path) = env.prepared.and_then(|prepared| prepared.downcast_ref::<Path>()) else {
        return Err(Failure::new("the path of contains_key must be a text in quotes"));
    };
    env.budget.take(env.record.len() / 2)?;
    Ok(Value::Bool(holds(env.record.trim(), &path.segments)))
}

/// Whether there is a value at the path below a JSON value.
fn holds(json: &str, path: &[Segment]) -> bool {
    let Some((segment, rest)) = path.split_first() else { return true };
    match segment {
        // Of a key that comes twice the last one counts, as everywhere.
        Segment::Name(name) => json::members(json)
            .filter(|(key, _)| json::unescape(key) == *name)
            .last()
            .is_some_and(|(_, span)| holds(span.text(json), rest)),
        Segment::Index(index) => usize::try_from(*index)
            .ok()
            .and_then(|index| json::elements(json).nth(index))
            .is_some_and(|span| holds(span.text(json), rest)),
        Segment::Each => json::elements(json).any(|span| holds(span.text(json), rest)),
        Segment::EachValue => json::members(json).any(|(_, span)| holds(span.text(json), rest)),
        Segment::EachKey | Segment::Rest => false,
    }
}
