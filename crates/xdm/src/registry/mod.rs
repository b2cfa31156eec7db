//! A [`Library`](crate::Library) and Adobe's Schema Registry: what a tenant must have for the library's
//! records, what it has, and the way from one to the other.
//!
//! - [`documents`]: classes, data types, field groups and schemas as the registry takes them.
//! - [`descriptors`]: what is said about their fields: identities, relationships, keys, labels.
//! - [`node`]: registry documents as they come back, raw or resolved, read as one tree of fields.
//! - [`compare`]: what a document lacks, what can be added, what cannot be changed and why.
//! - [`standard`]: which of Adobe's own fields a tenant lacks.
//! - [`plan`]: all of this for a whole tenant, step by step in the order in which it can be done.
//!
//! Pure: whoever asks the registry hands its answers in and carries the steps out. None of this is used while
//! records are made or checked.

pub mod compare;
pub mod descriptors;
pub mod documents;
pub mod node;
pub mod plan;
pub mod standard;

use crate::definition::DefinitionKind;
use serde_json::Value;
use std::collections::BTreeMap;

/// The kinds of resources that the registry holds, in the order in which they can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Fields that a field may hold.
    DataType,
    /// The base of a schema.
    Class,
    /// Fields that schemas of some classes may have.
    FieldGroup,
    /// A class and field groups.
    Schema,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::DataType, Self::Class, Self::FieldGroup, Self::Schema];

    /// The last part of the address under which the registry has them.
    pub fn endpoint(self) -> &'static str {
        match self {
            Kind::DataType => "datatypes",
            Kind::Class => "classes",
            Kind::FieldGroup => "fieldgroups",
            Kind::Schema => "schemas",
        }
    }

    /// What people call one.
    pub fn word(self) -> &'static str {
        match self {
            Kind::DataType => "data type",
            Kind::Class => "class",
            Kind::FieldGroup => "field group",
            Kind::Schema => "schema",
        }
    }

    /// What people call several.
    pub fn plural(self) -> &'static str {
        match self {
            Kind::DataType => "data types",
            Kind::Class => "classes",
            Kind::FieldGroup => "field groups",
            Kind::Schema => "schemas",
        }
    }
}

impl From<DefinitionKind> for Kind {
    fn from(kind: DefinitionKind) -> Self {
        match kind {
            DefinitionKind::Class => Kind::Class,
            DefinitionKind::FieldGroup => Kind::FieldGroup,
            DefinitionKind::DataType => Kind::DataType,
        }
    }
}

/// What the names of resources that were not registered (`tenant:mixins/stripe-charge`) stand for: the `$id`s
/// that the registry gave them.
#[derive(Debug, Clone, Default)]
pub struct Names(BTreeMap<String, String>);

impl Names {
    /// Takes note of a resource's `$id`.
    pub fn learn(&mut self, name: &str, id: &str) {
        self.0.insert(name.to_owned(), id.to_owned());
    }

    /// The `$id` behind a name, as far as it is known; what is no such name stays.
    pub fn id<'a>(&'a self, name: &'a str) -> &'a str {
        self.0.get(name).map_or(name, String::as_str)
    }

    /// Whether a name still stands for nothing.
    pub fn lacks(&self, name: &str) -> bool {
        name.starts_with("tenant:") && !self.0.contains_key(name)
    }

    /// A document with `$id`s in the place of names.
    pub fn fill(&self, document: &Value) -> Value {
        match document {
            Value::String(text) if text.starts_with("tenant:") => Value::from(self.id(text)),
            Value::Array(values) => values.iter().map(|value| self.fill(value)).collect(),
            Value::Object(members) => {
                members.iter().map(|(name, value)| (name.clone(), self.fill(value))).collect()
            }
            other => other.clone(),
        }
    }
}

/// A name as one step of a JSON pointer (RFC 6901).
pub(crate) fn step(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
