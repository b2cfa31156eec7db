//! XDM schemas: what a record of the Experience Data Model may hold.
//!
//! - [`Field`], [`Definition`], [`Schema`], [`Library`]: the model. A schema is a class and field groups;
//!   these refer to data types; all fields carry their type, constraints, labels and sources.
//! - [`check`]: whether a record is what its schema says, and how to mend it when it is not.
//! - [`registry`]: documents and comparison for the Schema Registry.
//! - [`render`]: a schema as JSON Schema, TypeScript, Markdown, rows for a terminal.
//! - [`standard`]: the classes, field groups and data types of Adobe's library that are used here.
//!
//! Nothing here knows of Stripe, does I/O or reads a clock.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod check;
mod definition;
mod field;
mod library;
pub mod registry;
pub mod render;
mod schema;
pub mod standard;

pub use definition::{Behavior, Definition, DefinitionKind};
pub use field::{Field, MAX_LONG, Object, Shape, Text};
pub use library::{Library, LibraryError};
pub use schema::{Identity, IdentityType, Keys, Namespace, Note, Relationship, Schema};
