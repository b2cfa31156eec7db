//! Methods of `java.lang.String` that an expression may call on a text, as `name.startsWith("A")`. Adobe
//! documents `equals` and `equalsIgnoreCase` only; the engine behind offers them all.

use super::string::{check_length, count, narrow, offset, part, place, units};
use super::{CallEnv, Failure, Function, Kind, Status, text};
use crate::regex::folded;
use crate::values::value::Value;

type Result<T> = std::result::Result<T, Failure>;

const JAVA: Status = Status::Unpublished("a method of java.lang.String");
const TEXT: &[Kind] = &[Kind::Text];

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("length", "String", (1, 1), true, length).kinds(TEXT, Kind::Whole).status(JAVA),
    Function::new("isBlank", "String", (1, 1), true, is_blank).kinds(TEXT, Kind::Boolean).status(JAVA),
    Function::new("contains", "String", (2, 2), true, contains).kinds(TEXT, Kind::Boolean).status(JAVA),
    Function::new("startsWith", "String", (2, 2), true, starts_with).kinds(TEXT, Kind::Boolean).status(JAVA),
    Function::new("endsWith", "String", (2, 2), true, ends_with).kinds(TEXT, Kind::Boolean).status(JAVA),
    Function::new("lastIndexOf", "String", (2, 2), true, last_index_of).kinds(TEXT, Kind::Whole).status(JAVA),
    Function::new("substring", "String", (2, 3), true, substring)
        .kinds(&[Kind::Text, Kind::Whole, Kind::Whole], Kind::Text)
        .status(JAVA),
    Function::new("charAt", "String", (2, 2), true, char_at)
        .kinds(&[Kind::Text, Kind::Whole], Kind::Text)
        .status(JAVA),
    Function::new("compareTo", "String", (2, 2), true, compare_to).kinds(TEXT, Kind::Whole).status(JAVA),
    Function::new("compareToIgnoreCase", "String", (2, 2), true, compare_to_ignore_case)
        .kinds(TEXT, Kind::Whole)
        .status(JAVA),
    Function::new("repeat", "String", (2, 2), true, repeat)
        .kinds(&[Kind::Text, Kind::Whole], Kind::Text)
        .status(JAVA),
    Function::new("toString", "String", (1, 1), true, to_string).kinds(TEXT, Kind::Text).status(JAVA),
];

/// The UTF-16 units of the text.
fn length<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    Ok(Value::integer(units(&text(&args[0], "what length is asked of")?) as i64))
}

/// Whether there is nothing but white space.
fn is_blank<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    Ok(Value::Bool(text(&args[0], "what isBlank is asked of")?.trim().is_empty()))
}

/// A test of a text against another.
fn test<'a>(args: &[Value<'a>], name: &str, test: impl Fn(&str, &str) -> bool) -> Result<Value<'a>> {
    let input = text(&args[0], &format!("what {name} is asked of"))?;
    let other = text(&args[1], &format!("the argument of {name}"))?;
    Ok(Value::Bool(test(&input, &other)))
}

/// Whether a text is part of the other.
fn contains<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    test(args, "contains", |text, part| text.contains(part))
}

/// Whether the text begins with another.
fn starts_with<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    test(args, "startsWith", |text, part| text.starts_with(part))
}

/// Whether the text ends with another.
fn ends_with<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    test(args, "endsWith", |text, part| text.ends_with(part))
}

/// Where a text begins for the last time, counted from zero; -1 when it is not there.
fn last_index_of<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let input = text(&args[0], "what lastIndexOf is asked of")?;
    let wanted = text(&args[1], "the argument of lastIndexOf")?;
    Ok(place(&input, input.rfind(&*wanted)))
}

/// `text.substring(start[, end])`: fails when a place lies beyond the end, as in Java.
fn substring<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let length = units(&text(&args[0], "the text of substring")?);
    let start = count(&args[1], "the start of substring")?;
    let end = args.get(2).map_or(Ok(length), |value| count(value, "the end of substring"))?;
    if start.max(end) > length {
        return Err(Failure::new(
            "substring reaches beyond the end of the text; substr and left may do that",
        ));
    }
    match end.checked_sub(start) {
        Some(length) => narrow(&args[0], "the text of substring", |text| part(text, start, length)),
        None => Err(Failure::new("the start of substring must not be after its end")),
    }
}

/// `text.charAt(index)`: the character at a place, counted from zero.
fn char_at<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let index = count(&args[1], "the index of charAt")?;
    let input = text(&args[0], "the text of charAt")?;
    let at = offset(&input, index);
    match input.get(at..).and_then(|rest| rest.chars().next()) {
        Some(c) if input.get(..at).map(units) == Some(index) => Ok(Value::string(c.to_string())),
        Some(_) => Err(Failure::new("the index of charAt lies inside a character of two UTF-16 units")),
        None => Err(Failure::new("the index of charAt lies beyond the end of the text")),
    }
}

/// Java's `compareTo`: below, above or equal to zero, the difference of the first units that differ or
/// of the lengths.
fn compare_to<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    compare(args, |c| c)
}

/// As `compareTo` without regard to case.
fn compare_to_ignore_case<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    compare(args, folded)
}

fn compare<'a>(args: &[Value<'a>], fold: fn(char) -> char) -> Result<Value<'a>> {
    let read = |value: &Value<'a>| -> Result<Vec<u16>> {
        let folded: String = text(value, "a text to compare")?.chars().map(fold).collect();
        Ok(folded.encode_utf16().collect())
    };
    let (a, b) = (read(&args[0])?, read(&args[1])?);
    let differing = a.iter().zip(&b).find(|(a, b)| a != b);
    Ok(Value::integer(match differing {
        Some((a, b)) => i64::from(*a) - i64::from(*b),
        None => a.len() as i64 - b.len() as i64,
    }))
}

/// `text.repeat(count)`
fn repeat<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let input = text(&args[0], "the text of repeat")?;
    let times = count(&args[1], "the count of repeat")?;
    check_length(input.len().saturating_mul(times), "repeat")?;
    Ok(Value::string(if input.is_empty() { String::new() } else { input.repeat(times) }))
}

/// A scalar as text.
fn to_string<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    text(&args[0], "what toString is asked of").map(Value::String)
}
