//! Schemas of rows: all fields at the root, without class and field groups.
//!
//! A field is what the standard schema has at the place that it was moved from, with its constraints, labels
//! and words, so that both kinds say the same.

use super::places::{Leaf, Step, leaf, put, takes};
use super::words;
use super::{Composed, Problem, Words, standard};
use crate::models::Model;
use crate::relational::{self, CHANGE, Derived, VERSION};
use crate::settings::{OpenError, Settings};
use xdm::{Behavior, Field, Keys, Library, Object, Relationship, Schema, Shape};

/// Composes the schema of each resource's rows from the standard models.
pub(super) fn compose(models: &[Model], settings: &Settings, words: Words) -> Result<Composed, OpenError> {
    let known = standard::compose(models, settings, words)?.library;
    let rows = relational::derive(models, settings)?;
    let (mut schemas, mut problems, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for row in &rows {
        let flat = known.schemas.iter().find(|schema| schema.name == row.from.dataset);
        let flat = match flat.map(|schema| known.flat(schema)).transpose() {
            Ok(flat) => flat.unwrap_or_default(),
            Err(error) => {
                refused.push(error.to_string());
                continue;
            }
        };
        let mut fields = Object::default();
        for index in 0..row.model.mapping_set.mappings.len() {
            match add(&mut fields, row, index, &flat, words) {
                Ok(None) => {}
                Ok(Some(problem)) => problems.push(problem),
                Err(problem) => refused.push(format!("model {}: {problem}", row.model.dataset)),
            }
        }
        fields.required = vec![row.row.key.to_owned(), VERSION.to_owned()];
        schemas.push(schema(row, &rows, fields));
    }
    if !refused.is_empty() {
        return Err(OpenError { problems: refused });
    }
    let library = Library { tenant: settings.tenant.clone(), schemas, ..Library::default() };
    Ok(Composed { library, problems })
}

fn schema(row: &Derived<'_>, rows: &[Derived<'_>], fields: Object) -> Schema {
    let mut relationships = Vec::new();
    for (field, resource, cardinality) in row.row.links {
        let other = rows.iter().find(|other| other.row.resource == *resource);
        if let Some(other) = other
            && fields.get(field).is_some()
        {
            relationships.push(Relationship {
                path: format!("/{field}"),
                schema: other.model.dataset.clone(),
                field: format!("/{}", other.row.key),
                namespace: None,
                cardinality: Some((*cardinality).to_owned()),
            });
        }
    }
    Schema {
        name: row.model.dataset.clone(),
        title: row.row.title.to_owned(),
        description: row.row.description.to_owned(),
        behavior: Behavior::Record,
        class: None,
        field_groups: Vec::new(),
        fields: Some(Field::new(Shape::Object(fields))),
        keys: Some(Keys {
            primary: vec![format!("/{}", row.row.key)],
            version: format!("/{VERSION}"),
            timestamp: None,
            change: Some(CHANGE.to_owned()),
        }),
        identities: Vec::new(),
        relationships,
        profile: false,
        map_namespaces: Vec::new(),
        notes: Vec::new(),
    }
}

/// Adds the field that a mapping writes. A problem is one that keeps it from being registered; an error keeps
/// the schema from being composed.
fn add(
    fields: &mut Object,
    row: &Derived<'_>,
    index: usize,
    flat: &Object,
    words: Words,
) -> Result<Option<Problem>, String> {
    let Some(mapping) = row.model.mapping_set.mappings.get(index) else { return Ok(None) };
    if mapping.destination == CHANGE {
        return Ok(None);
    }
    let leaf = leaf(mapping, &words::resource(row.row.resource), words)?;
    let standard = match row.origin(index) {
        Some(origin) => {
            let origin = super::places::leaf(origin, "", Words::None)?;
            find(flat, &origin.steps).filter(|field| fits(&field.shape, &leaf.shape)).cloned()
        }
        None => None,
    };
    let shape = standard.as_ref().map_or(&leaf.shape, |field| &field.shape);
    let title = if words == Words::All { words::title } else { words::untitled };
    let field = match put(fields, &leaf.steps, shape, title) {
        Ok(Some(field)) => field,
        Ok(None) => return Ok(None),
        Err(clash) => {
            return Err(format!(
                "{} needs a field of type {}, but another mapping makes it {}: give both the same `type`, or \
                 write to another name",
                mapping.destination, clash.wanted, clash.known
            ));
        }
    };
    let is_typed = field.shape != Shape::Any;
    describe(field, &leaf, standard.as_ref(), words);
    Ok((!is_typed).then(|| Problem {
        dataset: row.model.dataset.clone(),
        destination: mapping.destination.clone(),
        message:
            "nothing says what type this field has; add `type` to the mapping (string, number, integer, \
                  long, boolean, date, date-time, map<string>, map<integer>, array<string>)"
                .to_owned(),
    }))
}

/// Whether the standard field says more about a value than its mapping does.
fn fits(standard: &Shape, written: &Shape) -> bool {
    *standard != Shape::Any && !matches!(standard, Shape::Object(_)) && takes(standard, written)
}

/// Gives a field the labels and words of the standard one, and those of the mapping.
fn describe(field: &mut Field, leaf: &Leaf<'_>, standard: Option<&Field>, words: Words) {
    let labels = standard.map(|field| field.labels.as_slice()).unwrap_or_default();
    for label in labels.iter().chain(&leaf.mapping.labels) {
        if !field.labels.contains(label) {
            field.labels.push(label.clone());
        }
    }
    field.labels.sort_unstable();
    if words == Words::None {
        return;
    }
    if let Some(standard) = standard
        && !standard.title.is_empty()
    {
        field.title.clone_from(&standard.title);
    }
    match &leaf.mapping.description {
        Some(description) => field.description.clone_from(description),
        None if field.description.is_empty() => field.description = words::made_from(&leaf.source),
        None => {}
    }
    if !field.sources.contains(&leaf.mapping.source) {
        field.sources.push(leaf.mapping.source.clone());
    }
}

/// The field at a place of a record.
fn find<'o>(object: &'o Object, steps: &[Step]) -> Option<&'o Field> {
    let (Step::Name(name), mut rest) = steps.split_first()? else { return None };
    let mut field = object.get(name)?;
    loop {
        field = match (&field.shape, rest.split_first()) {
            (_, None) => return Some(field),
            (Shape::Object(inner), Some((Step::Name(_), _))) => return find(inner, rest),
            (Shape::Array(inner), Some((Step::Item, more)))
            | (Shape::Map(inner), Some((Step::Value | Step::Name(_), more))) => {
                rest = more;
                inner
            }
            _ => return None,
        };
    }
}
