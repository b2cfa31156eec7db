//! A schema as people and tools want to see it: for validators, compilers, readers and terminals.
//!
//! All of it is made from [`Library::flat`](crate::Library::flat), so that nothing is shown that records are not
//! checked against, and always in the same order.

mod json_schema;
mod markdown;
mod tree;
mod typescript;

pub use json_schema::json_schema;
pub use markdown::markdown;
pub use tree::{Row, tree};
pub use typescript::typescript;

use crate::field::{Field, MAX_LONG, Object, Shape};

/// How many of the values suggested to people are shown.
const SUGGESTED: usize = 3;

/// A field that holds no named fields: a scalar, or a list or map of scalars.
struct Leaf<'f> {
    /// Where it is, as mappings write it: `commerce.order.payments[*].currencyCode`.
    path: String,
    field: &'f Field,
    /// Whether its object requires it.
    required: bool,
    /// Whether every object on the way to it is required too.
    always: bool,
}

/// All leaves, front to back.
fn leaves(record: &Object) -> Vec<Leaf<'_>> {
    fn walk<'f>(object: &'f Object, path: &str, always: bool, found: &mut Vec<Leaf<'f>>) {
        for (name, field) in &object.fields {
            let mut path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let required = object.required.contains(name);
            let mut inner = field;
            let mut listed = false;
            loop {
                inner = match &inner.shape {
                    Shape::Array(items) => {
                        path.push_str("[*]");
                        items
                    }
                    Shape::Map(values) => {
                        path.push_str("{*}");
                        values
                    }
                    _ => break,
                };
                listed = true;
            }
            match &inner.shape {
                Shape::Object(object) if !object.fields.is_empty() => {
                    walk(object, &path, always && required && !listed, found);
                }
                _ => found.push(Leaf { path, field, required, always: always && required }),
            }
        }
    }

    let mut found = Vec::new();
    walk(record, "", true, &mut found);
    found
}

/// What a list or map holds in the end; any other field is itself.
fn innermost(field: &Field) -> &Field {
    match &field.shape {
        Shape::Array(inner) | Shape::Map(inner) => innermost(inner),
        _ => field,
    }
}

/// The type in words: `string`, `date-time`, `array<object>`, `map<array<object>>`.
fn kind(field: &Field) -> String {
    match &field.shape {
        Shape::Array(items) => format!("array<{}>", kind(items)),
        Shape::Map(values) => format!("map<{}>", kind(values)),
        other => other.xdm_type().to_owned(),
    }
}

/// What restricts the values of a field, each in words.
fn constraints(field: &Field) -> Vec<String> {
    let mut found = Vec::new();
    match &innermost(field).shape {
        Shape::String(text) => {
            found.extend(text.format.as_ref().map(|format| format!("format {format}")));
            found.extend(text.pattern.as_ref().map(|pattern| format!("pattern {pattern}")));
            match (text.min_length, text.max_length) {
                (None | Some(0), None) => {}
                (None | Some(0), Some(most)) => found.push(format!("at most {}", characters(most))),
                (Some(least), None) => found.push(format!("at least {}", characters(least))),
                (Some(least), Some(most)) if least == most => found.push(characters(most)),
                (Some(least), Some(most)) => found.push(format!("{least} to {}", characters(most))),
            }
            if !text.allowed.is_empty() {
                found.push(format!("one of {}", text.allowed.join(", ")));
            }
            if !text.suggested.is_empty() {
                let values: Vec<&str> = text.suggested.keys().map(String::as_str).take(SUGGESTED).collect();
                let more = match text.suggested.len().saturating_sub(SUGGESTED) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                found.push(format!("such as {}{more}", values.join(", ")));
            }
        }
        // The bounds of a type are said by its name.
        Shape::Integer { minimum, maximum } if !own_bounds(*minimum, *maximum) => {
            found.push(format!("{minimum} to {maximum}"));
        }
        _ => {}
    }
    found
}

fn characters(count: u32) -> String {
    format!("{count} character{}", if count == 1 { "" } else { "s" })
}

/// Whether bounds are those of a whole type. Adobe's pages also write ±2^n where the type ends one earlier.
fn own_bounds(minimum: i64, maximum: i64) -> bool {
    let whole = |least: i64| minimum == least && (maximum == -least || maximum == -(least + 1));
    whole(i8::MIN.into()) || whole(i16::MIN.into()) || whole(i32::MIN.into()) || whole(-MAX_LONG)
}

/// What stands at a field and at what it holds, if it is a list or map: labels or sources.
fn gathered(field: &Field, what: fn(&Field) -> &Vec<String>) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    let mut at = field;
    loop {
        for one in what(at) {
            if !found.contains(&one.as_str()) {
                found.push(one);
            }
        }
        at = match &at.shape {
            Shape::Array(inner) | Shape::Map(inner) => inner,
            _ => return found,
        };
    }
}

/// Data usage labels, sorted.
fn labels(field: &Field) -> Vec<&str> {
    let mut found = gathered(field, |field| &field.labels);
    found.sort_unstable();
    found
}

/// What a field is made from.
fn sources(field: &Field) -> Vec<&str> {
    gathered(field, |field| &field.sources)
}

/// Whether a field, or one in it, is made from something: those that are not come with a field group and stay
/// empty.
fn filled(field: &Field) -> bool {
    !sources(field).is_empty()
        || matches!(&innermost(field).shape, Shape::Object(object)
            if object.fields.iter().any(|(_, field)| filled(field)))
}
