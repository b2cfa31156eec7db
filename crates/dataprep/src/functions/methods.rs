//! What `value.name(…)` calls: Java's methods on lists and maps, and its names for what Adobe's functions
//! do. The methods on text alone are in `string_methods.rs`.
//!
//! A method of null gives null, as in JEXL's safe mode (its default), but `equals` and
//! `equalsIgnoreCase` give false, so that they can stand in conditions.

use super::{CallEnv, Failure, Function, Kind, table, text};
use crate::run::compare::equal;
use crate::values::value::Value;

type Result<T> = std::result::Result<T, Failure>;

const JAVA: &str = "Java methods";

static METHODS: &[Function] = &[
    Function::new("contains", JAVA, (2, 2), true, contains).kinds(&[Kind::Any], Kind::Boolean),
    Function::new("containsKey", JAVA, (2, 2), true, contains_key)
        .kinds(&[Kind::Object, Kind::Text], Kind::Boolean),
    Function::new("getOrDefault", JAVA, (3, 3), true, get_or_default)
        .kinds(&[Kind::Object, Kind::Text, Kind::Any], Kind::Any),
];

/// Java's names for what Adobe's functions do.
const SAME_AS: &[(&str, &str)] = &[
    ("toLowerCase", "lower"),
    ("toUpperCase", "upper"),
    ("replace", "replacestr"),
    ("matches", "matches_regex"),
    ("indexOf", "instr"),
    ("split", "String.split"),
    ("size", "size_of"),
    ("isEmpty", "is_empty"),
    ("keySet", "get_keys"),
];

/// The method of that name.
pub(crate) fn method(name: &str) -> Option<&'static Function> {
    let ours = SAME_AS.iter().find(|(java, _)| *java == name).map(|(_, ours)| *ours);
    match ours {
        Some(ours) => table().find(|function| function.name == ours),
        None => METHODS.iter().find(|method| method.name == name),
    }
}

/// An argument, which the evaluator has counted.
fn arg<'v, 'a>(args: &'v [Value<'a>], index: usize) -> &'v Value<'a> {
    args.get(index).unwrap_or(&Value::Null)
}

/// `contains(x)`: a part of a text, an element of an array.
fn contains<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let (container, wanted) = (arg(args, 0), arg(args, 1));
    Ok(Value::Bool(match container.elements() {
        Some(elements) => elements.iter().any(|element| equal(element, wanted)),
        None => {
            let container = text(container, "what contains is called on")?;
            container.contains(&*text(wanted, "the text to find")?)
        }
    }))
}

/// `containsKey(key)` of an object or map.
fn contains_key<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let key = text(arg(args, 1), "the key")?;
    Ok(Value::Bool(members(args, "containsKey")?.iter().any(|(known, _)| *known == key)))
}

/// `getOrDefault(key, default)`: the default when the object has no such key.
fn get_or_default<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let key = text(arg(args, 1), "the key")?;
    let found = members(args, "getOrDefault")?.into_iter().rev().find(|(known, _)| *known == key);
    Ok(found.map_or_else(|| arg(args, 2).clone(), |(_, value)| value))
}

/// The members of what a method is called on.
#[allow(clippy::type_complexity)]
fn members<'a>(args: &[Value<'a>], method: &str) -> Result<Vec<(std::borrow::Cow<'a, str>, Value<'a>)>> {
    let object = arg(args, 0);
    object.members().ok_or_else(|| {
        Failure::new(format!("{method} is a method of objects and maps, but found {}", object.kind_name()))
    })
}
