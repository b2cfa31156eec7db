//! A field: its type, and what may stand in it.
//!
//! As JSON a field is what JSON Schema calls a schema, in the names that payloads have (`_id`, not `@id`),
//! with two keys more: `labels` and `sources`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;

/// The largest whole number that every reader of JSON keeps, 2^53-1: the bounds of XDM's `long`.
pub const MAX_LONG: i64 = 9_007_199_254_740_991;

/// A field of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Field {
    /// A name for people; may be empty.
    pub title: String,
    /// What it holds; may be empty.
    pub description: String,
    /// Data usage labels (`I1`, `C2`, …), sorted.
    pub labels: Vec<String>,
    /// What it is made from, in the words of whoever composed it: for people and for error messages.
    pub sources: Vec<String>,
    /// Its type.
    pub shape: Shape,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// Text.
    String(Text),
    /// A decimal number.
    Number,
    /// A whole number within bounds, both included. The bounds tell XDM's `byte`, `short`, `integer` and
    /// `long` apart.
    Integer {
        /// The smallest value.
        minimum: i64,
        /// The largest value.
        maximum: i64,
    },
    /// True or false.
    Boolean,
    /// A day, `yyyy-MM-dd`.
    Date,
    /// A moment in RFC 3339, with its offset.
    DateTime,
    /// Named members; no others are allowed.
    Object(Object),
    /// Any keys, one type of value.
    Map(Box<Field>),
    /// A list of one type of value.
    Array(Box<Field>),
    /// Whatever the data type of this `$id` holds.
    DataType(String),
    /// Nothing is known about the value: a mapping without a type. Cannot be registered.
    Any,
}

/// Constraints on text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// `email`, `uri`, `uri-reference`, `ipv4`, `ipv6` or `time`. Dates have shapes of their own.
    pub format: Option<String>,
    /// A regular expression that must match somewhere in the text.
    pub pattern: Option<String>,
    /// In characters.
    pub min_length: Option<u32>,
    /// In characters.
    pub max_length: Option<u32>,
    /// The only values allowed; empty when any is.
    pub allowed: Vec<String>,
    /// Values suggested to people, with their names; not checked.
    pub suggested: BTreeMap<String, String>,
}

/// Named fields in a fixed order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Object {
    /// The fields by name.
    pub fields: Vec<(String, Field)>,
    /// Names of fields that must be there.
    pub required: Vec<String>,
}

impl Field {
    /// A field of which only the type is known.
    pub fn new(shape: Shape) -> Self {
        Self {
            title: String::new(),
            description: String::new(),
            labels: Vec::new(),
            sources: Vec::new(),
            shape,
        }
    }
}

impl Shape {
    /// A whole number of 32 bits.
    pub fn integer() -> Self {
        Self::Integer { minimum: i32::MIN.into(), maximum: i32::MAX.into() }
    }

    /// A whole number within ±(2^53-1).
    pub fn long() -> Self {
        Self::Integer { minimum: -MAX_LONG, maximum: MAX_LONG }
    }

    /// Whether it holds fields of its own.
    pub fn is_container(&self) -> bool {
        matches!(self, Shape::Object(_) | Shape::DataType(_) | Shape::Map(_) | Shape::Array(_))
    }

    /// XDM's name of the type, as in `meta:xdmType`.
    pub fn xdm_type(&self) -> &'static str {
        match self {
            Shape::String(_) => "string",
            Shape::Number => "number",
            Shape::Integer { minimum, maximum } => match (*minimum).min(-*maximum) {
                -128.. => "byte",
                -32_768..-128 => "short",
                -2_147_483_648..-32_768 => "int",
                _ => "long",
            },
            Shape::Boolean => "boolean",
            Shape::Date => "date",
            Shape::DateTime => "date-time",
            Shape::Object(_) | Shape::DataType(_) => "object",
            Shape::Map(_) => "map",
            Shape::Array(_) => "array",
            Shape::Any => "any",
        }
    }
}

impl Object {
    /// The field of a name.
    pub fn get(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, field)| field)
    }

    /// The field of a name, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Field> {
        self.fields.iter_mut().find(|(known, _)| known == name).map(|(_, field)| field)
    }

    /// The field of a name, added as an object without fields when there is none.
    pub fn entry(&mut self, name: &str) -> &mut Field {
        let at = self.fields.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            self.fields.push((name.to_owned(), Field::new(Shape::Object(Object::default()))));
            self.fields.len() - 1
        });
        &mut self.fields[at].1
    }
}

/// A field as JSON.
#[derive(Default, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Written {
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    kind: String,
    #[serde(rename = "$ref", skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_length: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_length: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum: Option<i64>,
    #[serde(rename = "enum", skip_serializing_if = "Vec::is_empty")]
    allowed: Vec<String>,
    #[serde(rename = "meta:enum", skip_serializing_if = "BTreeMap::is_empty")]
    suggested: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Properties>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    required: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<Box<Field>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_properties: Option<Box<Field>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sources: Vec<String>,
}

impl TryFrom<Written> for Field {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let shape = if let Some(id) = written.reference {
            Shape::DataType(id)
        } else {
            match (written.kind.as_str(), written.format.as_deref()) {
                ("string", Some("date")) => Shape::Date,
                ("string", Some("date-time")) => Shape::DateTime,
                ("string", _) => Shape::String(Text {
                    format: written.format,
                    pattern: written.pattern,
                    min_length: written.min_length,
                    max_length: written.max_length,
                    allowed: written.allowed,
                    suggested: written.suggested,
                }),
                ("number", _) => Shape::Number,
                ("integer", _) => Shape::Integer {
                    minimum: written.minimum.unwrap_or(-MAX_LONG),
                    maximum: written.maximum.unwrap_or(MAX_LONG),
                },
                ("boolean", _) => Shape::Boolean,
                ("array", _) => Shape::Array(written.items.ok_or("an array without `items`")?),
                ("object", _) => match (written.properties, written.additional_properties) {
                    (None, Some(values)) => Shape::Map(values),
                    (properties, _) => Shape::Object(Object {
                        fields: properties.unwrap_or_default().0,
                        required: written.required,
                    }),
                },
                ("", _) => Shape::Any,
                (other, _) => return Err(format!("{other} is not a type of XDM")),
            }
        };
        Ok(Self {
            title: written.title,
            description: written.description,
            labels: written.labels,
            sources: written.sources,
            shape,
        })
    }
}

impl From<Field> for Written {
    fn from(field: Field) -> Self {
        let mut written = Self {
            title: field.title,
            description: field.description,
            labels: field.labels,
            sources: field.sources,
            ..Self::default()
        };
        let kind = match field.shape {
            Shape::String(text) => {
                written.format = text.format;
                written.pattern = text.pattern;
                written.min_length = text.min_length;
                written.max_length = text.max_length;
                written.allowed = text.allowed;
                written.suggested = text.suggested;
                "string"
            }
            Shape::Number => "number",
            Shape::Integer { minimum, maximum } => {
                written.minimum = Some(minimum);
                written.maximum = Some(maximum);
                "integer"
            }
            Shape::Boolean => "boolean",
            Shape::Date => {
                written.format = Some("date".to_owned());
                "string"
            }
            Shape::DateTime => {
                written.format = Some("date-time".to_owned());
                "string"
            }
            Shape::Object(object) => {
                written.properties = Some(Properties(object.fields));
                written.required = object.required;
                "object"
            }
            Shape::Map(values) => {
                written.additional_properties = Some(values);
                "object"
            }
            Shape::Array(items) => {
                written.items = Some(items);
                "array"
            }
            Shape::DataType(id) => {
                written.reference = Some(id);
                ""
            }
            Shape::Any => "",
        };
        written.kind = kind.to_owned();
        written
    }
}

/// Fields by name, in the order in which they are written.
#[derive(Clone, Default)]
pub(crate) struct Properties(pub(crate) Vec<(String, Field)>);

impl Serialize for Properties {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, field)| (name, field)))
    }
}

impl<'de> Deserialize<'de> for Properties {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> serde::de::Visitor<'de> for InOrder {
            type Value = Properties;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object of fields")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Properties, A::Error> {
                let mut fields = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    fields.push(entry);
                }
                Ok(Properties(fields))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}
