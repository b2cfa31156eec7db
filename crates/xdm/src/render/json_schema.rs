//! A schema as one JSON Schema that any validator reads.

use crate::field::{Field, Object, Shape};
use crate::library::{Library, LibraryError};
use crate::schema::Schema;
use serde::ser::{Serialize, SerializeMap, Serializer};

/// A closed JSON Schema, draft 6, of a schema's records: no references, and no keys but those that are named.
/// It holds nothing but keywords of JSON Schema; suggested values are `examples`, labels and sources stand in
/// `$comment`. Validators look at formats only when asked to.
///
/// # Errors
/// As [`Library::flat`].
pub fn json_schema(library: &Library, schema: &Schema) -> Result<String, LibraryError> {
    let record = Record { schema, fields: &library.flat(schema)? };
    // Texts and whole numbers: writing them to a string does not fail.
    Ok(serde_json::to_string_pretty(&record).map(|text| text + "\n").unwrap_or_default())
}

/// The whole schema.
struct Record<'r> {
    schema: &'r Schema,
    fields: &'r Object,
}

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("$schema", "http://json-schema.org/draft-06/schema#")?;
        map.serialize_entry("title", &self.schema.title)?;
        if !self.schema.description.is_empty() {
            map.serialize_entry("description", &self.schema.description)?;
        }
        object(&mut map, self.fields)?;
        map.end()
    }
}

/// One field.
struct Node<'f>(&'f Field);

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let field = self.0;
        let mut map = serializer.serialize_map(None)?;
        if !field.title.is_empty() {
            map.serialize_entry("title", &field.title)?;
        }
        if !field.description.is_empty() {
            map.serialize_entry("description", &field.description)?;
        }
        if let Some(comment) = comment(field) {
            map.serialize_entry("$comment", &comment)?;
        }
        match &field.shape {
            Shape::String(text) => {
                map.serialize_entry("type", "string")?;
                if let Some(format) = &text.format {
                    map.serialize_entry("format", format)?;
                }
                if let Some(pattern) = &text.pattern {
                    map.serialize_entry("pattern", pattern)?;
                }
                if let Some(least) = text.min_length {
                    map.serialize_entry("minLength", &least)?;
                }
                if let Some(most) = text.max_length {
                    map.serialize_entry("maxLength", &most)?;
                }
                if !text.allowed.is_empty() {
                    map.serialize_entry("enum", &text.allowed)?;
                }
                if !text.suggested.is_empty() {
                    map.serialize_entry("examples", &text.suggested.keys().collect::<Vec<_>>())?;
                }
            }
            Shape::Number => map.serialize_entry("type", "number")?,
            Shape::Integer { minimum, maximum } => {
                map.serialize_entry("type", "integer")?;
                map.serialize_entry("minimum", minimum)?;
                map.serialize_entry("maximum", maximum)?;
            }
            Shape::Boolean => map.serialize_entry("type", "boolean")?,
            Shape::Date => {
                map.serialize_entry("type", "string")?;
                map.serialize_entry("format", "date")?;
            }
            Shape::DateTime => {
                map.serialize_entry("type", "string")?;
                map.serialize_entry("format", "date-time")?;
            }
            Shape::Object(fields) => object(&mut map, fields)?,
            Shape::Map(values) => {
                map.serialize_entry("type", "object")?;
                map.serialize_entry("additionalProperties", &Node(values))?;
            }
            Shape::Array(items) => {
                map.serialize_entry("type", "array")?;
                map.serialize_entry("items", &Node(items))?;
            }
            // Put in by `flat`, so none is left; of `Any` nothing is known.
            Shape::DataType(_) | Shape::Any => {}
        }
        map.end()
    }
}

/// The keywords of an object.
fn object<M: SerializeMap>(map: &mut M, object: &Object) -> Result<(), M::Error> {
    map.serialize_entry("type", "object")?;
    map.serialize_entry("properties", &Properties(object))?;
    if !object.required.is_empty() {
        map.serialize_entry("required", &object.required)?;
    }
    map.serialize_entry("additionalProperties", &false)
}

struct Properties<'o>(&'o Object);

impl Serialize for Properties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.fields.iter().map(|(name, field)| (name, Node(field))))
    }
}

/// Labels and sources, for which JSON Schema has no keyword. Those of list items and map values stand there.
fn comment(field: &Field) -> Option<String> {
    let mut parts = Vec::new();
    if !field.labels.is_empty() {
        parts.push(format!("labels: {}", field.labels.join(", ")));
    }
    if !field.sources.is_empty() {
        parts.push(format!("made from: {}", field.sources.join("; ")));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}
