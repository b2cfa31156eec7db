//! A schema as rows for a terminal: what a row holds, not how it looks.

use super::{constraints, filled, innermost, kind, labels, sources};
use crate::field::{Object, Shape};
use crate::library::{Library, LibraryError};
use crate::schema::Schema;

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// How many objects it lies in.
    pub depth: usize,
    /// Its name.
    pub name: String,
    /// Its type in words: `string`, `array<object>`, `map<string>`. Fields in it follow, one deeper.
    pub kind: String,
    /// Whether its object requires it.
    pub required: bool,
    /// Data usage labels, sorted.
    pub labels: Vec<String>,
    /// What restricts its values, each in words.
    pub constraints: Vec<String>,
    /// What it is made from.
    pub sources: Vec<String>,
    /// Whether it, or a field in it, is made from something. Others come with a field group and stay empty.
    pub filled: bool,
}

/// Every field of a schema's records, objects before what is in them.
///
/// # Errors
/// As [`Library::flat`].
pub fn tree(library: &Library, schema: &Schema) -> Result<Vec<Row>, LibraryError> {
    let mut rows = Vec::new();
    add(&library.flat(schema)?, 0, &mut rows);
    Ok(rows)
}

fn add(object: &Object, depth: usize, rows: &mut Vec<Row>) {
    let owned = |all: Vec<&str>| all.into_iter().map(str::to_owned).collect();
    for (name, field) in &object.fields {
        rows.push(Row {
            depth,
            name: name.clone(),
            kind: kind(field),
            required: object.required.contains(name),
            labels: owned(labels(field)),
            constraints: constraints(field),
            sources: owned(sources(field)),
            filled: filled(field),
        });
        if let Shape::Object(inner) = &innermost(field).shape {
            add(inner, depth + 1, rows);
        }
    }
}
