//! Classes, field groups and data types: the parts that schemas are made of.

use crate::field::{Object, Properties};
use serde::{Deserialize, Serialize};

/// A class, a field group or a data type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Definition {
    /// Its `$id`. What is not registered yet has a name that begins with `tenant:`.
    pub id: String,
    /// Which of the three it is.
    pub kind: DefinitionKind,
    /// A name for people; unique among a tenant's resources of the same kind.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// The file of `adobe/xdm` that it was read from; empty for a tenant's own.
    pub origin: String,
    /// What the records of a class are.
    pub behavior: Option<Behavior>,
    /// The classes that a field group may extend (`meta:intendedToExtend`).
    pub extends: Vec<String>,
    /// Its fields. Those of a tenant's field group lie below `_{tenant}`.
    pub fields: Object,
}

/// What a [`Definition`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DefinitionKind {
    /// The base of a schema.
    Class,
    /// Fields that schemas of some classes may have.
    FieldGroup,
    /// Fields that a field may hold.
    DataType,
}

/// How records of a class relate to time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Behavior {
    /// Attributes of a subject; replaced by the next record.
    Record,
    /// Something that happened; never changes.
    TimeSeries,
}

impl Behavior {
    /// The `$id` that classes of this behaviour refer to.
    pub fn id(self) -> &'static str {
        match self {
            Behavior::Record => "https://ns.adobe.com/xdm/data/record",
            Behavior::TimeSeries => "https://ns.adobe.com/xdm/data/time-series",
        }
    }
}

/// A definition as JSON.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    #[serde(rename = "$id")]
    id: String,
    kind: DefinitionKind,
    title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    origin: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    behavior: Option<Behavior>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    extends: Vec<String>,
    properties: Properties,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    required: Vec<String>,
}

impl From<Written> for Definition {
    fn from(written: Written) -> Self {
        Self {
            id: written.id,
            kind: written.kind,
            title: written.title,
            description: written.description,
            origin: written.origin,
            behavior: written.behavior,
            extends: written.extends,
            fields: Object { fields: written.properties.0, required: written.required },
        }
    }
}

impl From<Definition> for Written {
    fn from(definition: Definition) -> Self {
        Self {
            id: definition.id,
            kind: definition.kind,
            title: definition.title,
            description: definition.description,
            origin: definition.origin,
            behavior: definition.behavior,
            extends: definition.extends,
            properties: Properties(definition.fields.fields),
            required: definition.fields.required,
        }
    }
}
