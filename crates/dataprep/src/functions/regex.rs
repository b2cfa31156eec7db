//! Functions that match regular expressions; their syntax is in `docs/regex.md`.

use super::string::{MAX_PARTS, MAX_TEXT, parts};
use super::{Budget, CallEnv, Failure, Function, Kind, Prepared, Status, text, whole};
use crate::regex::Pattern;
use crate::values::value::Value;
use std::borrow::Cow;

type Result<T> = std::result::Result<T, Failure>;

const CATEGORY: &str = "Regular Expression";
const JAVA: Status = Status::Unpublished("a method of java.lang.String");

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("extract_regex", CATEGORY, (2, 2), true, extract_regex)
        .kinds(&[Kind::Text], Kind::Array)
        .preparing(1, prepare),
    Function::new("matches_regex", CATEGORY, (2, 2), true, matches_regex)
        .kinds(&[Kind::Text], Kind::Boolean)
        .preparing(1, prepare),
    Function::new("explode", "String", (1, 2), true, explode)
        .kinds(&[Kind::Text], Kind::Array)
        .preparing(1, prepare),
    // Methods that texts have in Java; `split` is told apart from Adobe's function by its name here.
    Function::new("String.split", "String", (2, 3), true, split_method)
        .kinds(&[Kind::Text, Kind::Text, Kind::Whole], Kind::Array)
        .preparing(1, prepare)
        .status(JAVA),
    Function::new("replaceAll", "String", (3, 3), true, replace_all)
        .kinds(&[Kind::Text], Kind::Text)
        .preparing(1, prepare)
        .status(JAVA),
    Function::new("replaceFirst", "String", (3, 3), true, replace_first)
        .kinds(&[Kind::Text], Kind::Text)
        .preparing(1, prepare)
        .status(JAVA),
];

/// Compiles a constant pattern once.
fn prepare(pattern: &str) -> std::result::Result<Prepared, String> {
    Ok(Box::new(Pattern::compile(pattern)?))
}

/// Runs with the pattern in the second argument: the one made ready, or one compiled for this call.
fn with_pattern<'a, T>(
    args: &[Value<'a>],
    env: &mut CallEnv<'_>,
    run: impl FnOnce(&Pattern, &mut Budget) -> Result<T>,
) -> Result<T> {
    match env.prepared.and_then(|prepared| prepared.downcast_ref::<Pattern>()) {
        Some(pattern) => run(pattern, env.budget),
        None => {
            let pattern = text(&args[1], "the pattern")?;
            // Compiling takes more time than reading.
            env.budget.take(pattern.len().saturating_mul(64))?;
            run(&Pattern::from_data(&pattern)?, env.budget)
        }
    }
}

/// `extract_regex(text, pattern)`: the first match and then its groups, null for a group that took no
/// part; an empty array when nothing matches.
fn extract_regex<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let input = text(&args[0], "the text of extract_regex")?;
    let found = with_pattern(args, env, |pattern, budget| {
        Ok(match &input {
            Cow::Borrowed(borrowed) => {
                pattern.groups(borrowed, budget)?.map(|groups| values(groups, Cow::Borrowed))
            }
            Cow::Owned(owned) => pattern
                .groups(owned, budget)?
                .map(|groups| values(groups, |group| Cow::Owned(group.to_owned()))),
        })
    })?;
    Ok(Value::Array(found.unwrap_or_default()))
}

fn values<'t, 'a>(groups: Vec<Option<&'t str>>, lend: impl Fn(&'t str) -> Cow<'a, str>) -> Vec<Value<'a>> {
    groups.into_iter().map(|group| group.map_or(Value::Null, |group| Value::String(lend(group)))).collect()
}

/// `matches_regex(text, pattern)`: whether the pattern matches the whole text, as `String.matches`.
fn matches_regex<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let input = text(&args[0], "the text of matches_regex")?;
    with_pattern(args, env, |pattern, budget| pattern.is_full_match(&input, budget).map(Value::Bool))
}

/// `explode(text[, pattern])`: the parts between the matches, a comma unless said otherwise; empty parts
/// are kept.
fn explode<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    match args {
        [input] => parts(input, "explode", |text| Ok(text.split(',').take(MAX_PARTS + 1).collect())),
        _ => with_pattern(args, env, |pattern, budget| {
            parts(&args[0], "explode", |text| pattern.split(text, MAX_PARTS + 1, budget))
        }),
    }
}

/// `text.split(pattern[, limit])`: at most `limit` parts when that is above zero; without a limit, or
/// with zero, empty parts at the end are left out.
fn split_method<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let limit = args.get(2).map_or(Ok(0), |value| whole(value, "the limit of split"))?;
    let most = usize::try_from(limit).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    with_pattern(args, env, |pattern, budget| {
        parts(&args[0], "split", |text| {
            let mut found = pattern.split(text, most.min(MAX_PARTS + 1), budget)?;
            let kept = found.iter().rposition(|part| !part.is_empty()).map_or(0, |last| last + 1);
            if limit == 0 && found.len() > 1 {
                found.truncate(kept);
            }
            Ok(found)
        })
    })
}

/// `text.replaceAll(pattern, replacement)`: `$1` in the replacement is the first group.
fn replace_all<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    replace(args, env, true)
}

/// `text.replaceFirst(pattern, replacement)`
fn replace_first<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    replace(args, env, false)
}

fn replace<'a>(args: &[Value<'a>], env: &mut CallEnv<'_>, all: bool) -> Result<Value<'a>> {
    let input = text(&args[0], "the text to replace in")?;
    let template = text(&args[2], "the replacement")?;
    with_pattern(args, env, |pattern, budget| {
        let replaced = pattern.replace(&input, &template, all, MAX_TEXT, budget)?;
        Ok(Value::string(replaced.into_owned()))
    })
}
