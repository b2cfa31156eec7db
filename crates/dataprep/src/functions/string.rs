//! Functions on text. Offsets and lengths count UTF-16 units, as Java does, so they agree with Adobe's
//! for any text; a character of two units (an emoji) belongs to where its first unit is and is never
//! split.

use super::arrays::spread;
use super::{ANY, CallEnv, Failure, Function, Kind, text, whole};
use crate::regex::folded;
use crate::values::value::Value;
use std::borrow::Cow;

type Result<T> = std::result::Result<T, Failure>;

/// Longest text that a function makes, in bytes: nested calls could multiply a text without end.
pub(super) const MAX_TEXT: usize = 4 << 20;
/// Most parts that a text is split into.
pub(super) const MAX_PARTS: usize = 100_000;

const TEXT: &[Kind] = &[Kind::Text];

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("concat", "String", (1, ANY), false, concat).kinds(TEXT, Kind::Text),
    Function::new("lower", "String", (1, 1), true, lower).kinds(TEXT, Kind::Text),
    Function::new("lcase", "String", (1, 1), true, lower).kinds(TEXT, Kind::Text),
    Function::new("upper", "String", (1, 1), true, upper).kinds(TEXT, Kind::Text),
    Function::new("ucase", "String", (1, 1), true, upper).kinds(TEXT, Kind::Text),
    Function::new("trim", "String", (1, 1), true, trim).kinds(TEXT, Kind::Text),
    Function::new("ltrim", "String", (1, 1), true, ltrim).kinds(TEXT, Kind::Text),
    Function::new("rtrim", "String", (1, 1), true, rtrim).kinds(TEXT, Kind::Text),
    Function::new("substr", "String", (3, 3), true, substr)
        .kinds(&[Kind::Text, Kind::Whole, Kind::Whole], Kind::Text),
    Function::new("left", "String", (2, 2), true, left).kinds(&[Kind::Text, Kind::Whole], Kind::Text),
    Function::new("right", "String", (2, 2), true, right).kinds(&[Kind::Text, Kind::Whole], Kind::Text),
    Function::new("lpad", "String", (3, 3), true, lpad)
        .kinds(&[Kind::Text, Kind::Whole, Kind::Text], Kind::Text),
    Function::new("rpad", "String", (3, 3), true, rpad)
        .kinds(&[Kind::Text, Kind::Whole, Kind::Text], Kind::Text),
    Function::new("instr", "String", (2, 4), true, instr)
        .kinds(&[Kind::Text, Kind::Text, Kind::Whole, Kind::Whole], Kind::Whole),
    Function::new("replacestr", "String", (3, 3), true, replacestr).kinds(TEXT, Kind::Text),
    Function::new("split", "String", (2, 2), true, split).kinds(TEXT, Kind::Array),
    Function::new("join", "String", (2, ANY), false, join).kinds(&[Kind::Text, Kind::Any], Kind::Text),
    Function::new("equals", "String", (2, 2), false, equals).kinds(&[Kind::Any], Kind::Boolean),
    Function::new("equalsIgnoreCase", "String", (2, 2), false, equals_ignore_case)
        .kinds(&[Kind::Any], Kind::Boolean),
];

/// Joins its arguments; null counts as nothing.
fn concat<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let length = args.iter().map(|arg| arg.as_str().map_or(8, str::len)).sum();
    check_length(length, "concat")?;
    let mut joined = String::with_capacity(length);
    for arg in args.iter().filter(|arg| !arg.is_null()) {
        match arg {
            Value::String(text) | Value::Number(text) => joined.push_str(text),
            other => joined.push_str(&text(other, "each argument of concat")?),
        }
    }
    Ok(Value::string(joined))
}

/// `join(separator, values…)`: the texts of the values and of the elements of arrays among them, nulls left
/// out, with the separator between them; null when nothing is left.
fn join<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let (separator, rest) = args.split_first_mut().ok_or_else(|| Failure::new("join needs a separator"))?;
    let separator = text(separator, "the separator of join")?;
    let parts: Vec<Cow<'_, str>> =
        spread(rest).iter().map(|value| text(value, "each value of join")).collect::<Result<_>>()?;
    let separators = separator.len().saturating_mul(parts.len());
    check_length(parts.iter().fold(separators, |length, part| length.saturating_add(part.len())), "join")?;
    Ok(if parts.is_empty() { Value::Null } else { Value::string(parts.join(&*separator)) })
}

/// Fails for a result of more than [`MAX_TEXT`] bytes.
pub(super) fn check_length(bytes: usize, name: &str) -> Result<()> {
    match bytes > MAX_TEXT {
        true => Err(Failure::new(format!("the result of {name} would be longer than {MAX_TEXT} bytes"))),
        false => Ok(()),
    }
}

/// Lower case by Unicode's full mapping, without regard to language.
fn lower<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let text = text(&args[0], "the argument of lower")?;
    Ok(Value::string(if text.is_ascii() { text.to_ascii_lowercase() } else { text.to_lowercase() }))
}

/// Upper case by Unicode's full mapping (`ß` becomes `SS`), without regard to language.
fn upper<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let text = text(&args[0], "the argument of upper")?;
    Ok(Value::string(if text.is_ascii() { text.to_ascii_uppercase() } else { text.to_uppercase() }))
}

/// Applies a narrowing of text without copying what the input lends.
pub(super) fn narrow<'a>(
    value: &Value<'a>,
    what: &str,
    f: impl for<'t> Fn(&'t str) -> &'t str,
) -> Result<Value<'a>> {
    Ok(match text(value, what)? {
        Cow::Borrowed(borrowed) => Value::string(f(borrowed)),
        Cow::Owned(owned) => Value::string(f(&owned).to_owned()),
    })
}

/// Applies a splitting of text without copying what the input lends.
pub(super) fn parts<'a>(
    value: &Value<'a>,
    name: &str,
    f: impl for<'t> FnOnce(&'t str) -> Result<Vec<&'t str>>,
) -> Result<Value<'a>> {
    let parts: Vec<Value<'a>> = match text(value, name)? {
        Cow::Borrowed(borrowed) => f(borrowed)?.into_iter().map(Value::string).collect(),
        Cow::Owned(owned) => f(&owned)?.into_iter().map(|part| Value::string(part.to_owned())).collect(),
    };
    match parts.len() > MAX_PARTS {
        true => Err(Failure::new(format!("{name} would give more than {MAX_PARTS} parts"))),
        false => Ok(Value::Array(parts)),
    }
}

/// What Java's `String.trim` takes away: spaces, tabs, line ends and other controls up to U+0020.
fn is_blank(c: char) -> bool {
    c <= ' '
}

/// Without the blanks at both ends.
fn trim<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    narrow(&args[0], "the argument of trim", |text| text.trim_matches(is_blank))
}

/// Without the blanks at the beginning.
fn ltrim<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    narrow(&args[0], "the argument of ltrim", |text| text.trim_start_matches(is_blank))
}

/// Without the blanks at the end.
fn rtrim<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    narrow(&args[0], "the argument of rtrim", |text| text.trim_end_matches(is_blank))
}

/// The UTF-16 units of a text.
pub(super) fn units(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(char::len_utf16).sum() }
}

/// Where the first character begins that has `units` or more before it, in bytes.
pub(super) fn offset(text: &str, units: usize) -> usize {
    let mut before = 0;
    for (at, c) in text.char_indices() {
        if before >= units {
            return at;
        }
        before += c.len_utf16();
    }
    text.len()
}

/// The characters of `text` whose first unit is one of `length` from `start` on.
pub(super) fn part(text: &str, start: usize, length: usize) -> &str {
    let from = offset(text, start);
    let to = offset(text, start.saturating_add(length));
    text.get(from..to).unwrap_or_default()
}

pub(super) fn count(value: &Value<'_>, what: &str) -> Result<usize> {
    usize::try_from(whole(value, what)?).map_err(|_| Failure::new(format!("{what} must not be negative")))
}

/// `substr(text, start, length)`: from a place counted from zero; what lies beyond the end is left out.
fn substr<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let start = count(&args[1], "the start of substr")?;
    let length = count(&args[2], "the length of substr")?;
    narrow(&args[0], "the text of substr", |text| part(text, start, length))
}

/// `left(text, count)`: the first units.
fn left<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let length = count(&args[1], "the count of left")?;
    narrow(&args[0], "the text of left", |text| part(text, 0, length))
}

/// `right(text, count)`: the last units.
fn right<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let length = count(&args[1], "the count of right")?;
    narrow(&args[0], "the text of right", |text| part(text, units(text).saturating_sub(length), length))
}

/// `lpad(text, count, padding)`: padding before the text until it has `count` units; a null or empty
/// padding means a space. A text that is long enough stays as it is.
fn lpad<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let mut padded = padding(args, "lpad")?;
    padded.push_str(&text(&args[0], "the text of lpad")?);
    Ok(Value::string(padded))
}

/// `rpad(text, count, padding)`: as `lpad`, with the padding after the text.
fn rpad<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let mut padded = text(&args[0], "the text of rpad")?.into_owned();
    padded.push_str(&padding(args, "rpad")?);
    Ok(Value::string(padded))
}

/// What is missing to the count.
fn padding(args: &[Value<'_>], name: &str) -> Result<String> {
    let length = units(&text(&args[0], "the text to pad")?);
    let wanted = whole(&args[1], "the count of a padding")?;
    let padding = match &args[2] {
        Value::Null => Cow::Borrowed(" "),
        other => text(other, "the padding")?,
    };
    let padding = if padding.is_empty() { " " } else { &*padding };
    let mut missing = usize::try_from(wanted).unwrap_or(0).saturating_sub(length);
    check_length(missing, name)?;
    let mut made = String::with_capacity(missing);
    for c in padding.chars().cycle() {
        if c.len_utf16() > missing {
            break;
        }
        missing -= c.len_utf16();
        made.push(c);
    }
    Ok(made)
}

/// `instr(text, part[, start[, occurrence]])`: where a part begins, counted from zero; -1 when it is not
/// there. Looks from `start` on (zero) for the n-th occurrence (1); occurrences do not overlap.
fn instr<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let input = text(&args[0], "the text of instr")?;
    let wanted = text(&args[1], "the part of instr")?;
    let start = args.get(2).map_or(Ok(0), |value| whole(value, "the start of instr"))?;
    let occurrence = args.get(3).map_or(Ok(1), |value| whole(value, "the occurrence of instr"))?;
    let Some(skipped) = usize::try_from(occurrence).ok().and_then(|number| number.checked_sub(1)) else {
        return Err(Failure::new("the occurrence of instr must be 1 or more"));
    };
    let from = offset(&input, usize::try_from(start).unwrap_or(0));
    let found = input.get(from..).and_then(|rest| rest.match_indices(&*wanted).nth(skipped));
    Ok(place(&input, found.map(|(at, _)| from + at)))
}

/// A place in bytes as a number of units; -1 for none.
pub(super) fn place<'a>(text: &str, at: Option<usize>) -> Value<'a> {
    Value::integer(at.and_then(|at| text.get(..at)).map_or(-1, |before| units(before) as i64))
}

/// `replacestr(text, find, replacement)`: every occurrence replaced; nothing is found by an empty text.
fn replacestr<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let input = text(&args[0], "the input of replacestr")?;
    let find = text(&args[1], "the text to find")?;
    let replacement = text(&args[2], "the replacement")?;
    if find.is_empty() || !input.contains(&*find) {
        return Ok(Value::String(input));
    }
    let growth = replacement.len().saturating_sub(find.len());
    if growth > 0 {
        let longest = input.matches(&*find).count().saturating_mul(growth).saturating_add(input.len());
        check_length(longest, "replacestr")?;
    }
    Ok(Value::string(input.replace(&*find, &replacement)))
}

/// `split(text, separators)`: the parts between any of the separators' characters, without empty ones.
fn split<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let separators = text(&args[1], "the separator of split")?;
    let mut characters = separators.chars();
    let (first, only) = (characters.next(), characters.next().is_none());
    parts(&args[0], "split", |text| {
        let full = |part: &&str| !part.is_empty();
        Ok(match first {
            Some(separator) if only => text.split(separator).filter(full).take(MAX_PARTS + 1).collect(),
            _ => text.split(|c| separators.contains(c)).filter(full).take(MAX_PARTS + 1).collect(),
        })
    })
}

/// `text.equals(other)`: the same text; a number or boolean counts as its text, and null equals nothing.
fn equals<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    Ok(Value::Bool(match (args[0].to_text(), args[1].to_text()) {
        (Some(a), Some(b)) => a == b,
        (None, None) if !args[0].is_null() => args[0].clone().into_owned() == args[1].clone().into_owned(),
        _ => false,
    }))
}

/// `text.equalsIgnoreCase(other)`: as `equals`, character by character without regard to case.
fn equals_ignore_case<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    Ok(Value::Bool(match (args[0].to_text(), args[1].to_text()) {
        (Some(a), Some(b)) => a.chars().map(folded).eq(b.chars().map(folded)),
        _ => false,
    }))
}
