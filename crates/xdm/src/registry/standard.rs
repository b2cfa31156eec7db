//! Adobe's own classes, field groups and data types as a tenant has them. Its copy can lag behind the public
//! library or run ahead of it, so what our records use is looked at before anything is made.

use super::Kind;
use super::node::{Node, Type, takes};
use crate::field::{Field, Object, Shape};
use crate::library::Library;
use crate::schema::Schema;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Deepest nesting that is looked at.
const MAX_DEPTH: usize = 64;

/// A field of Adobe's that our records use and the tenant does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lack {
    /// The dataset whose records use it.
    pub dataset: String,
    /// The names on the way to it: `/commerce/order/refunds/refundAmount`.
    pub path: String,
    /// What is there instead: nothing, or another type.
    pub found: String,
}

/// The resolved documents of Adobe's resources by `$id`; none for those that the tenant does not have.
pub type Answers = BTreeMap<String, Option<Value>>;

/// Adobe's resources that the library relies on.
pub fn needed(library: &Library) -> Vec<(Kind, String)> {
    let mut needed: Vec<(Kind, String)> = Vec::new();
    let mut need = |kind: Kind, id: &str| {
        if !id.starts_with("tenant:") && !needed.iter().any(|(_, known)| known == id) {
            needed.push((kind, id.to_owned()));
        }
    };
    for schema in &library.schemas {
        schema.class.iter().for_each(|id| need(Kind::Class, id));
        schema.field_groups.iter().for_each(|id| need(Kind::FieldGroup, id));
    }
    for definition in library.definitions.iter().filter(|definition| definition.id.starts_with("tenant:")) {
        data_types(&definition.fields, 0, &mut |id| need(Kind::DataType, id));
    }
    for schema in library.schemas.iter().filter_map(|schema| schema.fields.as_ref()) {
        data_types_of(schema, 0, &mut |id| need(Kind::DataType, id));
    }
    needed
}

fn data_types(object: &Object, depth: usize, need: &mut impl FnMut(&str)) {
    for (_, field) in &object.fields {
        data_types_of(field, depth, need);
    }
}

fn data_types_of(field: &Field, depth: usize, need: &mut impl FnMut(&str)) {
    match &field.shape {
        _ if depth > MAX_DEPTH => {}
        Shape::DataType(id) => need(id),
        Shape::Object(inner) => data_types(inner, depth + 1, need),
        Shape::Array(inner) | Shape::Map(inner) => data_types_of(inner, depth + 1, need),
        _ => {}
    }
}

/// The fields that the tenant lacks, schema by schema.
pub fn lacks(library: &Library, answers: &Answers) -> Vec<Lack> {
    let mut lacks = Vec::new();
    for schema in library.schemas.iter().filter(|schema| schema.class.is_some()) {
        // Without its class nothing of it can be made, so that nothing is said of its fields.
        let absent = |class| answers.get(class).is_some_and(Option::is_none);
        if schema.class.as_ref().is_some_and(absent) {
            continue;
        }
        let Ok(record) = library.flat(schema) else { continue };
        let parts: Vec<Node<'_>> = parts(schema, answers);
        let tenant = format!("/_{}/", library.tenant);
        let own = |name: &String| behaviour(library, schema).is_some_and(|fields| fields.get(name).is_some());
        for note in schema.notes.iter().filter(|note| !note.path.starts_with(&tenant)) {
            let names: Vec<String> =
                note.path.split('/').skip(1).map(|name| name.replace("~1", "/").replace("~0", "~")).collect();
            if names.first().is_some_and(own) {
                continue;
            }
            let Some(wanted) = ours(&record, &names) else { continue };
            let found: Vec<Type> = parts.iter().filter_map(|part| theirs(part, &names)).collect();
            if found.iter().any(|found| takes(found, &wanted) || both_whole(found, &wanted)) {
                continue;
            }
            let found = match found.first() {
                None => "nothing".to_owned(),
                Some(other) => format!("{other} instead of {wanted}"),
            };
            lacks.push(Lack { dataset: schema.name.clone(), path: note.path.clone(), found });
        }
    }
    lacks
}

/// Whether both are whole numbers. How wide one is the registry decides where the public library gives no bounds.
fn both_whole(found: &Type, wanted: &Type) -> bool {
    let whole = |kind: &Type| matches!(kind, Type::Scalar("byte" | "short" | "int" | "long" | "integer"));
    whole(found) && whole(wanted)
}

/// What a class of the tenant's own has from its behaviour (`_id`), which every registry has.
fn behaviour<'l>(library: &'l Library, schema: &Schema) -> Option<&'l Object> {
    let class = schema.class.as_ref().filter(|id| id.starts_with("tenant:"))?;
    Some(&library.definition(class)?.fields)
}

fn parts<'a>(schema: &Schema, answers: &'a Answers) -> Vec<Node<'a>> {
    let ids = schema.class.iter().chain(&schema.field_groups);
    ids.filter_map(|id| answers.get(id)?.as_ref()).map(Node::new).collect()
}

/// The type of ours that names lead to; elements of arrays have no name, values of maps their key's.
fn ours(record: &Object, names: &[String]) -> Option<Type> {
    let (name, mut rest) = names.split_first()?;
    let mut shape = &record.get(name)?.shape;
    loop {
        match shape {
            Shape::Array(items) if !rest.is_empty() => shape = &items.shape,
            Shape::Map(values) if !rest.is_empty() => {
                shape = &values.shape;
                rest = rest.get(1..)?;
            }
            Shape::Object(inner) if !rest.is_empty() => return ours(inner, rest),
            _ if !rest.is_empty() => return None,
            Shape::Object(_) => return Some(Type::Object),
            Shape::Map(_) => return Some(Type::Map),
            Shape::Array(_) => return Some(Type::Array),
            Shape::DataType(id) => return Some(Type::Reference(id.clone())),
            Shape::Any => return None,
            scalar => return Some(Type::Scalar(scalar.xdm_type())),
        }
    }
}

fn theirs(part: &Node<'_>, names: &[String]) -> Option<Type> {
    let (name, mut rest) = names.split_first()?;
    let mut node = part.field(name)?;
    loop {
        if rest.is_empty() {
            return Some(node.kind());
        }
        match node.kind() {
            Type::Array => node = node.items()?,
            Type::Map => {
                node = node.values()?;
                rest = rest.get(1..)?;
            }
            Type::Object => return theirs(&node, rest),
            _ => return None,
        }
    }
}
