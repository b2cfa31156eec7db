//! Everything that the records of a tenant are described by.

use crate::definition::Definition;
use crate::field::{Field, Object, Shape, Text};
use crate::schema::{Namespace, Schema};
use serde::{Deserialize, Serialize};

/// Deepest nesting of data types that is followed.
const MAX_DEPTH: u32 = 32;

/// Schemas, and all definitions that they refer to, standard ones included.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Library {
    /// Tenant id without the leading underscore.
    pub tenant: String,
    /// Identity namespaces that the schemas use.
    pub namespaces: Vec<Namespace>,
    /// Classes, field groups and data types; what one refers to comes before it.
    pub definitions: Vec<Definition>,
    /// The schemas.
    pub schemas: Vec<Schema>,
}

/// Why a schema cannot be put together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LibraryError {
    /// Something refers to an `$id` that the library does not hold.
    #[error("{by} refers to {id}, which is not defined")]
    Undefined {
        /// What is missing.
        id: String,
        /// Title of what refers to it.
        by: String,
    },
    /// Two parts of a schema give one field different types.
    #[error("{path} is {one} in one part of the schema {schema} and {other} in another")]
    Conflict {
        /// [`Schema::title`].
        schema: String,
        /// The field, names joined by dots.
        path: String,
        /// One type.
        one: &'static str,
        /// The other type.
        other: &'static str,
    },
    /// A data type holds itself.
    #[error("the data type {id} holds itself")]
    Endless {
        /// Its `$id`.
        id: String,
    },
}

impl Library {
    /// The definition of an `$id`.
    pub fn definition(&self, id: &str) -> Option<&Definition> {
        self.definitions.iter().find(|definition| definition.id == id)
    }

    /// The schema of a dataset.
    pub fn schema(&self, name: &str) -> Option<&Schema> {
        self.schemas.iter().find(|schema| schema.name == name)
    }

    /// A record of a schema as one tree: class, field groups and data types put together, the schema's notes
    /// with the fields that they are about, and of rows the column that is not stored
    /// ([`crate::Keys::change`]).
    pub fn flat(&self, schema: &Schema) -> Result<Object, LibraryError> {
        let mut record = Object::default();
        if let Some(Field { shape: Shape::Object(fields), .. }) = &schema.fields {
            self.add(&mut record, fields, schema, &mut Vec::new(), 0)?;
        }
        for id in schema.class.iter().chain(&schema.field_groups) {
            let part = self
                .definition(id)
                .ok_or_else(|| LibraryError::Undefined { id: id.clone(), by: schema.title.clone() })?;
            self.add(&mut record, &part.fields, schema, &mut Vec::new(), 0)?;
        }
        if let Some(name) = schema.keys.as_ref().and_then(|keys| keys.change.as_ref()) {
            record.fields.push((name.clone(), change()));
        }
        for note in &schema.notes {
            let names: Vec<&str> = note.path.split('/').skip(1).collect();
            if let Some(field) = named(&mut record, &names) {
                add_new(&mut field.labels, &note.labels);
                field.labels.sort_unstable();
                add_new(&mut field.sources, &note.sources);
            }
        }
        Ok(record)
    }

    /// Adds a part's fields to an object.
    fn add(
        &self,
        object: &mut Object,
        part: &Object,
        schema: &Schema,
        path: &mut Vec<String>,
        depth: u32,
    ) -> Result<(), LibraryError> {
        for name in &part.required {
            if !object.required.contains(name) {
                object.required.push(name.clone());
            }
        }
        for (name, field) in &part.fields {
            path.push(name.clone());
            let field = self.resolved(field, schema, path, depth)?;
            match object.get_mut(name) {
                None => object.fields.push((name.clone(), field)),
                Some(known) => self.merge(&mut known.shape, field.shape, schema, path, depth)?,
            }
            path.pop();
        }
        Ok(())
    }

    /// What two parts of a schema say about one field: they meet in objects, such as the tenant's.
    fn merge(
        &self,
        known: &mut Shape,
        other: Shape,
        schema: &Schema,
        path: &mut Vec<String>,
        depth: u32,
    ) -> Result<(), LibraryError> {
        match (known, other) {
            (Shape::Object(known), Shape::Object(more)) => self.add(known, &more, schema, path, depth + 1),
            (Shape::Array(known), Shape::Array(more)) | (Shape::Map(known), Shape::Map(more)) => {
                self.merge(&mut known.shape, more.shape, schema, path, depth + 1)
            }
            // Where anything may stand, an object's other members may stand too; a scalar keeps its type.
            (known, Shape::Any) => {
                if known.is_container() {
                    *known = Shape::Any;
                }
                Ok(())
            }
            (known @ Shape::Any, other) => {
                if !other.is_container() {
                    *known = other;
                }
                Ok(())
            }
            (known, other) if *known == other => Ok(()),
            (known, other) => Err(LibraryError::Conflict {
                schema: schema.title.clone(),
                path: path.join("."),
                one: known.xdm_type(),
                other: other.xdm_type(),
            }),
        }
    }

    /// A field with data types in the place of references to them.
    fn resolved(
        &self,
        field: &Field,
        schema: &Schema,
        path: &mut Vec<String>,
        depth: u32,
    ) -> Result<Field, LibraryError> {
        let shape = match &field.shape {
            Shape::DataType(id) => {
                if depth > MAX_DEPTH {
                    return Err(LibraryError::Endless { id: id.clone() });
                }
                let data_type = self
                    .definition(id)
                    .ok_or_else(|| LibraryError::Undefined { id: id.clone(), by: path.join(".") })?;
                let mut object = Object::default();
                self.add(&mut object, &data_type.fields, schema, path, depth + 1)?;
                Shape::Object(object)
            }
            Shape::Object(inner) => {
                let mut object = Object::default();
                self.add(&mut object, inner, schema, path, depth + 1)?;
                Shape::Object(object)
            }
            Shape::Array(items) => Shape::Array(Box::new(self.resolved(items, schema, path, depth + 1)?)),
            Shape::Map(values) => Shape::Map(Box::new(self.resolved(values, schema, path, depth + 1)?)),
            other => other.clone(),
        };
        Ok(Field { shape, ..field.clone() })
    }
}

/// The column that says what is to become of a row.
fn change() -> Field {
    let allowed = vec!["u".to_owned(), "d".to_owned()];
    Field {
        title: "Change request type".to_owned(),
        description: "u: the row takes the place of what is there; d: it is deleted. Read, not stored"
            .to_owned(),
        ..Field::new(Shape::String(Text { allowed, ..Text::default() }))
    }
}

/// The field that a note's names lead to from an object.
fn named<'r>(object: &'r mut Object, names: &[&str]) -> Option<&'r mut Field> {
    let (name, rest) = names.split_first()?;
    named_inside(object.get_mut(&name.replace("~1", "/").replace("~0", "~"))?, rest)
}

fn named_inside<'r>(field: &'r mut Field, names: &[&str]) -> Option<&'r mut Field> {
    let Some((_, rest)) = names.split_first() else { return Some(field) };
    match &mut field.shape {
        Shape::Object(object) => named(object, names),
        // Items have no name, and a map has one field for all its keys.
        Shape::Array(items) => named_inside(items, names),
        Shape::Map(values) => named_inside(values, rest),
        _ => None,
    }
}

fn add_new(known: &mut Vec<String>, more: &[String]) {
    for one in more {
        if !known.contains(one) {
            known.push(one.clone());
        }
    }
}
