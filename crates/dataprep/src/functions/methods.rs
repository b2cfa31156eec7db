//! Java's methods on text, lists and maps that JEXL lets an expression call: `name.startsWith("x")`. Adobe
//! documents `equals`, `equalsIgnoreCase` and `get`; the others are those that mappings in the wild use.
//!
//! A method of null gives null, as in JEXL's safe mode (its default), but `equals` and its like give
//! false, so that they can stand in conditions. Texts count in characters, as in Adobe's functions.

use super::{CallEnv, Failure, Function, Kind, objects, table, text, whole};
use crate::compare::equal;
use crate::operators;
use crate::value::Value;

type Result<T> = std::result::Result<T, Failure>;

const JAVA: &str = "Java methods";

static METHODS: &[Function] = &[
    Function::new("length", JAVA, (1, 1), true, length).kinds(&[Kind::Text], Kind::Whole),
    Function::new("size", JAVA, (1, 1), true, length).kinds(&[Kind::Any], Kind::Whole),
    Function::new("isEmpty", JAVA, (1, 1), true, is_empty).kinds(&[Kind::Any], Kind::Boolean),
    Function::new("toString", JAVA, (1, 1), true, to_string).kinds(&[Kind::Text], Kind::Text),
    Function::new("contains", JAVA, (2, 2), true, contains).kinds(&[Kind::Any], Kind::Boolean),
    Function::new("containsKey", JAVA, (2, 2), true, contains_key)
        .kinds(&[Kind::Object, Kind::Text], Kind::Boolean),
    Function::new("getOrDefault", JAVA, (3, 3), true, get_or_default)
        .kinds(&[Kind::Object, Kind::Text, Kind::Any], Kind::Any),
    Function::new("startsWith", JAVA, (2, 2), true, starts_with)
        .kinds(&[Kind::Text, Kind::Text], Kind::Boolean),
    Function::new("endsWith", JAVA, (2, 2), true, ends_with).kinds(&[Kind::Text, Kind::Text], Kind::Boolean),
    Function::new("indexOf", JAVA, (2, 2), true, index_of).kinds(&[Kind::Text, Kind::Text], Kind::Whole),
    Function::new("charAt", JAVA, (2, 2), true, char_at).kinds(&[Kind::Text, Kind::Whole], Kind::Text),
    Function::new("substring", JAVA, (2, 3), true, substring)
        .kinds(&[Kind::Text, Kind::Whole, Kind::Whole], Kind::Text),
];

/// Java's names for what Adobe's functions do.
const SAME_AS: &[(&str, &str)] = &[
    ("toLowerCase", "lower"),
    ("toUpperCase", "upper"),
    ("replace", "replacestr"),
    ("matches", "matches_regex"),
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

/// `size()` and `length()`: of a text its characters, of an array or object its parts.
fn length<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    Ok(Value::integer(operators::size(arg(args, 0))? as i64))
}

/// `isEmpty()`: a text, array or object without content.
fn is_empty<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    Ok(Value::Bool(objects::empty(arg(args, 0))))
}

/// `toString()`: the text of a scalar.
fn to_string<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    text(arg(args, 0), "what toString is called on").map(Value::String)
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

/// `startsWith(prefix)`, with regard to case.
fn starts_with<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let whole = text(arg(args, 0), "what startsWith is called on")?;
    Ok(Value::Bool(whole.starts_with(&*text(arg(args, 1), "the prefix")?)))
}

/// `endsWith(suffix)`, with regard to case.
fn ends_with<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let whole = text(arg(args, 0), "what endsWith is called on")?;
    Ok(Value::Bool(whole.ends_with(&*text(arg(args, 1), "the suffix")?)))
}

/// `indexOf(part)`: the first place, from 0; -1 when there is none.
fn index_of<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let whole = text(arg(args, 0), "what indexOf is called on")?;
    let found = whole.find(&*text(arg(args, 1), "the text to find")?);
    let index = found.and_then(|at| whole.get(..at)).map(|before| before.chars().count() as i64);
    Ok(Value::integer(index.unwrap_or(-1)))
}

/// `charAt(index)`: one character, as text.
fn char_at<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let from = whole(arg(args, 1), "the index of charAt")?;
    part(&args[..1], from, Some(from.saturating_add(1)), "charAt")
}

/// `substring(start[, end])`, both from 0, the end exclusive. Outside the text it fails, as in Java.
fn substring<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let from = whole(arg(args, 1), "the start of substring")?;
    let to = args.get(2).map(|end| whole(end, "the end of substring")).transpose()?;
    part(&args[..1], from, to, "substring")
}

fn part<'a>(args: &[Value<'a>], from: i64, to: Option<i64>, method: &str) -> Result<Value<'a>> {
    let whole = text(arg(args, 0), "what it is called on")?;
    let outside =
        || Failure::new(format!("{method} reaches outside the text; substr and left and right do not fail"));
    // The place of a character; the text's end is one, too.
    let place = |index: i64| {
        let index = usize::try_from(index).ok()?;
        whole.char_indices().map(|(at, _)| at).chain([whole.len()]).nth(index)
    };
    let start = place(from).ok_or_else(outside)?;
    let end = to.map_or(Some(whole.len()), place).ok_or_else(outside)?;
    whole.get(start..end).map(|part| Value::string(part.to_owned())).ok_or_else(outside)
}
