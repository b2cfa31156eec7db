//! Schemas and what is said about their fields: identities, relationships, keys.

use crate::definition::Behavior;
use crate::field::Field;
use serde::{Deserialize, Serialize};

/// What the records of one dataset hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Schema {
    /// The name of the dataset that it describes; unique in a library.
    pub name: String,
    /// A name for people; unique among a tenant's schemas.
    pub title: String,
    /// What its records are.
    pub description: String,
    /// What its records are in XDM's terms.
    pub behavior: Behavior,
    /// `$id` of the class; a relational schema has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// `$id`s of the field groups; a relational schema has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub field_groups: Vec<String>,
    /// Fields besides those of class and field groups, an object: all fields of a relational schema; of
    /// others those that no definition has, which cannot be registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Field>,
    /// The keys of a relational schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<Keys>,
    /// Fields that identify the record's subject. Those of `identityMap` need none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<Identity>,
    /// Fields that name records of other schemas.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relationships: Vec<Relationship>,
    /// Whether Real-Time Customer Profile may use it.
    #[serde(default)]
    pub profile: bool,
    /// Namespaces whose identities `identityMap` may hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub map_namespaces: Vec<Namespace>,
    /// What is known about fields in this schema's records only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

/// What is known about a field in the records of one schema: [`crate::Library::flat`] adds it to the field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Note {
    /// The names on the way to the field: `/commerce/order/payments/transactionID`. Items of arrays have no
    /// name; values of maps have their key's: `/identityMap/Email/id`. In names `~` is `~0` and `/` is `~1`.
    pub path: String,
    /// See [`Field::labels`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// See [`Field::sources`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
}

/// The keys of a relational schema (`xdm:descriptorPrimaryKey`, `…Version`, `…Timestamp`). Paths as in
/// [`Identity::path`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Keys {
    /// Fields that together name a record.
    pub primary: Vec<String>,
    /// The field whose highest value wins.
    pub version: String,
    /// Of time series: when it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// Name of the column that says what is to become of a row: `u` (it takes the place of what is there) or `d`
    /// (it is deleted). It is part of the rows, but Adobe reads and does not store it, so that the registered
    /// schema has no field of that name; [`crate::Library::flat`] has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
}

/// A field that identifies the record's subject (`xdm:descriptorIdentity`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Identity {
    /// Where it is, as descriptors write it: `/_acme/stripe/customerID`.
    pub path: String,
    /// The namespace's code.
    pub namespace: String,
    /// Whether records go by it; one of a schema does.
    pub primary: bool,
}

/// A field that names records of another schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Relationship {
    /// Where it is.
    pub path: String,
    /// [`Schema::name`] of the other schema.
    pub schema: String,
    /// The other schema's field.
    pub field: String,
    /// The namespace of the other schema's primary identity: makes a reference identity too. Relational
    /// schemas have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// `1:1`, `M:1`, …: of relational schemas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cardinality: Option<String>,
}

/// An identity namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Namespace {
    /// Its code: case matters, and it can never be changed.
    pub code: String,
    /// A name for people.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The kind of identity: cannot be changed either.
    pub id_type: IdentityType,
    /// Whether it is to be made when missing. Adobe's own, and those of the organisation, are not ours to make.
    #[serde(default)]
    pub create: bool,
    /// What all its values begin with, such as `cus_`; empty when nothing is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
}

/// The kinds of identity namespaces, as the Identity Service writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum IdentityType {
    /// A browser.
    Cookie,
    /// A person, known across devices.
    #[serde(rename = "Cross_device")]
    CrossDevice,
    /// A device.
    Device,
    /// An e-mail address.
    Email,
    /// A phone.
    Mobile,
    /// Anything that is not a person.
    #[serde(rename = "Non_people")]
    NonPeople,
    /// A phone number.
    Phone,
}
