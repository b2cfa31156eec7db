//! Functions on text.

use super::{ANY, CallEnv, Failure, Function, text, whole};
use crate::value::Value;
use std::borrow::Cow;

type Result<T> = std::result::Result<T, Failure>;

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("concat", "String", (1, ANY), false, concat),
    Function::new("lower", "String", (1, 1), true, lower),
    Function::new("lcase", "String", (1, 1), true, lower),
    Function::new("upper", "String", (1, 1), true, upper),
    Function::new("ucase", "String", (1, 1), true, upper),
    Function::new("trim", "String", (1, 1), true, trim),
    Function::new("ltrim", "String", (1, 1), true, ltrim),
    Function::new("rtrim", "String", (1, 1), true, rtrim),
    Function::new("substr", "String", (3, 3), true, substr),
    Function::new("left", "String", (2, 2), true, left),
    Function::new("right", "String", (2, 2), true, right),
    Function::new("replacestr", "String", (3, 3), true, replacestr),
    Function::new("equals", "String", (2, 2), false, equals),
    Function::new("equalsIgnoreCase", "String", (2, 2), false, equals_ignore_case),
];

/// Joins its arguments; null counts as nothing.
fn concat<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let length = args.iter().map(|arg| arg.as_str().map_or(8, str::len)).sum();
    let mut joined = String::with_capacity(length);
    for arg in args.iter().filter(|arg| !arg.is_null()) {
        match arg {
            Value::String(text) | Value::Number(text) => joined.push_str(text),
            other => joined.push_str(&text(other, "each argument of concat")?),
        }
    }
    Ok(Value::string(joined))
}

fn lower<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let text = text(&args[0], "the argument of lower")?;
    Ok(Value::string(if text.is_ascii() { text.to_ascii_lowercase() } else { text.to_lowercase() }))
}

fn upper<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let text = text(&args[0], "the argument of upper")?;
    Ok(Value::string(if text.is_ascii() { text.to_ascii_uppercase() } else { text.to_uppercase() }))
}

/// Applies a narrowing of text without copying what the input lends.
fn narrow<'a>(value: &Value<'a>, what: &str, f: impl for<'t> Fn(&'t str) -> &'t str) -> Result<Value<'a>> {
    Ok(match text(value, what)? {
        Cow::Borrowed(borrowed) => Value::string(f(borrowed)),
        Cow::Owned(owned) => Value::string(f(&owned).to_owned()),
    })
}

fn trim<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    narrow(&args[0], "the argument of trim", str::trim)
}

fn ltrim<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    narrow(&args[0], "the argument of ltrim", str::trim_start)
}

fn rtrim<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    narrow(&args[0], "the argument of rtrim", str::trim_end)
}

/// The part of `text` from character `start` (counted from zero) of at most `length` characters.
fn part(text: &str, start: usize, length: usize) -> &str {
    let from = text.char_indices().nth(start).map_or(text.len(), |(at, _)| at);
    let rest = &text[from..];
    let to = rest.char_indices().nth(length).map_or(rest.len(), |(at, _)| at);
    &rest[..to]
}

fn count(value: &Value<'_>, what: &str) -> Result<usize> {
    usize::try_from(whole(value, what)?).map_err(|_| Failure::new(format!("{what} must not be negative")))
}

fn substr<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let start = count(&args[1], "the start of substr")?;
    let length = count(&args[2], "the length of substr")?;
    narrow(&args[0], "the text of substr", |text| part(text, start, length))
}

fn left<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let length = count(&args[1], "the count of left")?;
    narrow(&args[0], "the text of left", |text| part(text, 0, length))
}

fn right<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let length = count(&args[1], "the count of right")?;
    narrow(&args[0], "the text of right", |text| {
        part(text, text.chars().count().saturating_sub(length), length)
    })
}

fn replacestr<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let input = text(&args[0], "the input of replacestr")?;
    let find = text(&args[1], "the text to find")?;
    let replacement = text(&args[2], "the replacement")?;
    if find.is_empty() {
        return Ok(Value::String(input));
    }
    Ok(Value::string(input.replace(&*find, &replacement)))
}

fn equals<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    Ok(Value::Bool(!args[0].is_null() && args[0].to_text() == args[1].to_text()))
}

fn equals_ignore_case<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    Ok(Value::Bool(match (args[0].to_text(), args[1].to_text()) {
        (Some(a), Some(b)) => a.to_lowercase() == b.to_lowercase(),
        _ => false,
    }))
}
