//! Schemas of class and field groups: Adobe's own where they have a field, the tenant's for the rest.

use super::namespaces;
use super::places::{Leaf, Step, leaf, pointer, put, takes};
use super::tenant::{Put, Tenant};
use super::words;
use super::{Composed, Problem, Words};
use crate::models::{self, Model, Variant};
use crate::settings::{OpenError, Settings};
use dataprep::Mapping;
use xdm::{
    Behavior, Definition, Field, Identity, Library, Namespace, Note, Object, Relationship, Schema, Shape,
};

/// Adobe's field group of `identityMap`, for records that have one: the class of events brings its own.
const IDENTITY_MAP: &str = "https://ns.adobe.com/xdm/context/identitymap";

/// Composes the schema of each model.
pub(super) fn compose(models: &[Model], settings: &Settings, words: Words) -> Result<Composed, OpenError> {
    let mut known = known(models)?;
    let mut tenant = Tenant::new(&settings.tenant, words);
    let (mut schemas, mut problems, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for model in models {
        let one = OneModel {
            model,
            settings,
            words,
            problems: &mut problems,
            refused: &mut refused,
            loose: Object::default(),
        };
        schemas.push(one.schema(&mut known, &mut tenant));
    }
    for (at, model) in models.iter().enumerate() {
        if models.iter().take(at).any(|other| other.dataset == model.dataset) {
            problems.push(Problem {
                dataset: model.dataset.clone(),
                destination: String::new(),
                message: "two models write to this dataset, and a dataset has one schema; give one of them \
                          another `dataset`"
                    .to_owned(),
            });
        }
    }
    relate(models, settings, &mut schemas, &mut problems);
    if !refused.is_empty() {
        return Err(OpenError { problems: refused });
    }
    known.definitions.extend(tenant.finish());
    keep_used(&mut known.definitions, &schemas);
    let namespaces = all_namespaces(&schemas, settings);
    let library =
        Library { tenant: settings.tenant.clone(), namespaces, definitions: known.definitions, schemas };
    Ok(Composed { library, problems })
}

/// The definitions that are not made here: Adobe's, and those that users describe.
fn known(models: &[Model]) -> Result<Library, OpenError> {
    let refused = |problem: String| OpenError { problems: vec![problem] };
    let mut definitions = xdm::standard::definitions()
        .map_err(|error| refused(format!("a standard definition cannot be read: {error}")))?;
    for definition in models.iter().flat_map(|model| &model.schema.definitions) {
        match definitions.iter().find(|known| known.id == definition.id) {
            Some(known) if known != definition => {
                return Err(refused(format!(
                    "schema.fieldGroups: {} is described already, and otherwise",
                    definition.id
                )));
            }
            Some(_) => {}
            None => definitions.push(definition.clone()),
        }
    }
    Ok(Library { definitions, ..Library::default() })
}

/// One model on its way to a schema.
struct OneModel<'m> {
    model: &'m Model,
    settings: &'m Settings,
    words: Words,
    problems: &'m mut Vec<Problem>,
    /// What keeps the schemas from being composed at all.
    refused: &'m mut Vec<String>,
    /// Fields that no definition has.
    loose: Object,
}

impl OneModel<'_> {
    fn schema(mut self, known: &mut Library, tenant: &mut Tenant) -> Schema {
        let frame = &self.model.schema;
        let behavior = match self.model.variant {
            Variant::Event => Behavior::TimeSeries,
            Variant::Record => Behavior::Record,
        };
        let mut schema = Schema {
            name: self.model.dataset.clone(),
            title: frame.title.clone(),
            description: frame.description.clone(),
            behavior,
            class: Some(self.class(behavior, known, tenant)),
            field_groups: self.field_groups(known),
            fields: None,
            keys: None,
            identities: Vec::new(),
            relationships: Vec::new(),
            profile: frame.profile,
            map_namespaces: namespaces::of_map(self.model, self.settings),
            notes: Vec::new(),
        };
        let standard = known.flat(&schema).unwrap_or_else(|error| {
            self.refused.push(error.to_string());
            Object::default()
        });
        let class = schema.class.clone().unwrap_or_default();
        for mapping in &self.model.mapping_set.mappings {
            let leaf = match leaf(mapping, &words::resource(&self.model.resource), self.words) {
                Ok(leaf) => leaf,
                Err(problem) => {
                    self.refused.push(format!("model {}: {problem}", self.model.dataset));
                    continue;
                }
            };
            note(&mut schema.notes, &leaf);
            if !tenant.owns(&leaf.steps) {
                self.standard(&leaf, &leaf.steps, &standard, known);
                continue;
            }
            match tenant.put(&leaf, &self.model.resource, &class, known) {
                Ok(put) => self.tenant(&leaf, put, &mut schema.field_groups, known),
                Err(problem) => self.refused.push(problem),
            }
        }
        if !self.loose.fields.is_empty() {
            schema.fields = Some(Field::new(Shape::Object(self.loose)));
        }
        schema
    }

    /// `$id` of the class; one of the tenant's is made.
    fn class(&mut self, behavior: Behavior, known: &mut Library, tenant: &mut Tenant) -> String {
        let class = &self.model.schema.class;
        if class.contains(':') {
            return class.clone();
        }
        let made = tenant.class(class, behavior);
        if known.definition(&made.id).is_none() {
            known.definitions.push(made.clone());
        }
        made.id.clone()
    }

    /// `$id`s of the field groups that are not the tenant's.
    fn field_groups(&mut self, known: &Library) -> Vec<String> {
        let mut groups = self.model.schema.field_groups.clone();
        let maps = |mapping: &Mapping| mapping.destination.starts_with("identityMap.");
        if self.model.variant == Variant::Record && self.model.mapping_set.mappings.iter().any(maps) {
            groups.push(IDENTITY_MAP.to_owned());
        }
        groups.retain(|group| {
            let is_known = known.definition(group).is_some();
            if !is_known {
                let message = format!(
                    "the field group {group} is not among those known here; describe it: put its definition in \
                     the place of its $id in `schema.fieldGroups`"
                );
                self.problems.push(problem(&self.model.dataset, "", message));
            }
            is_known
        });
        groups
    }

    /// Finds a leaf's field in an object of the standard definitions: the record, or the part of it that a
    /// data type describes, where `steps` begin.
    fn standard(&mut self, leaf: &Leaf<'_>, steps: &[Step], object: &Object, known: &Library) {
        let destination = leaf.mapping.destination.as_str();
        match find(object, steps, known) {
            Found::Field(field) => {
                if !takes(field, &leaf.shape) {
                    let message = format!(
                        "the field is of type {}, but the mapping's `type` is {}: records will not be valid; \
                         write to another field",
                        field.xdm_type(),
                        leaf.shape.xdm_type()
                    );
                    self.problems.push(problem(&self.model.dataset, destination, message));
                }
            }
            Found::Nothing(as_seen) => {
                let message = "no field group of the schema that is known here has this field; if one of your \
                               organisation has it, describe that in `schema.fieldGroups` of your model, else \
                               write below _{tenant}"
                    .replace("{tenant}", &self.settings.tenant);
                self.problems.push(problem(&self.model.dataset, destination, message));
                // The way to the object, then the way in it as its definition has it.
                let mut place = leaf.steps.clone();
                place.truncate(leaf.steps.len().saturating_sub(steps.len()));
                place.extend(as_seen);
                // So that records still flow: what cannot be known is not checked.
                if let Err(clash) = put(&mut self.loose, &place, &Shape::Any, words::untitled) {
                    self.clash(destination, clash.known, clash.wanted);
                }
            }
            Found::Clash(found, wanted) => self.clash(destination, found, wanted),
        }
    }

    fn clash(&mut self, destination: &str, found: &str, wanted: &str) {
        let message = format!(
            "a field on the way there is of type {found}, but the destination needs {wanted}: records will not \
             be valid; write to another field"
        );
        self.problems.push(problem(&self.model.dataset, destination, message));
    }

    /// Notes where the tenant's resources put a leaf.
    fn tenant(&mut self, leaf: &Leaf<'_>, put: Put, groups: &mut Vec<String>, known: &Library) {
        if !groups.contains(&put.group) {
            groups.push(put.group);
        }
        if !put.is_typed && leaf.mapping.xdm_type.is_none() {
            let message = "nothing says what type this field has; add `type` to the mapping (string, number, \
                           integer, long, boolean, date, date-time, map<string>, map<integer>, array<string>)";
            self.problems.push(problem(&self.model.dataset, &leaf.mapping.destination, message.to_owned()));
        }
        if let Some((id, steps)) = put.standard
            && let Some(data_type) = known.definition(&id)
        {
            self.standard(leaf, &steps, &data_type.fields, known);
        }
    }
}

fn problem(dataset: &str, destination: &str, message: String) -> Problem {
    Problem { dataset: dataset.to_owned(), destination: destination.to_owned(), message }
}

/// Adds what a mapping says about its field; two mappings may share one, such as the keys of a map.
fn note(notes: &mut Vec<Note>, leaf: &Leaf<'_>) {
    notes.push(Note {
        path: pointer(&leaf.steps),
        labels: leaf.mapping.labels.clone(),
        sources: if leaf.source.is_empty() { Vec::new() } else { vec![leaf.mapping.source.clone()] },
    });
}

/// What the standard definitions have at a place.
enum Found<'d> {
    /// A field.
    Field(&'d Shape),
    /// Nothing: the steps as the definitions see them, where a map's keys are no names.
    Nothing(Vec<Step>),
    /// A field on the way is something else than the steps need: what it is and what it should be.
    Clash(&'static str, &'static str),
}

fn find<'d>(object: &'d Object, steps: &[Step], known: &'d Library) -> Found<'d> {
    let mut as_seen = steps.to_vec();
    let (mut object, mut at) = (object, 0);
    loop {
        let Some(Step::Name(name)) = steps.get(at) else { return Found::Clash("object", "array") };
        let Some(field) = object.get(name) else { return Found::Nothing(as_seen) };
        let mut shape = &field.shape;
        at += 1;
        // Through arrays, maps and data types to the next object.
        object = loop {
            shape = match (shape, steps.get(at)) {
                // One definition refers to another, never to itself: `flat` has seen to that.
                (Shape::DataType(id), Some(_)) => match known.definition(id) {
                    Some(data_type) => break &data_type.fields,
                    None => return Found::Nothing(as_seen),
                },
                (shape, None) | (shape @ Shape::Any, _) => return Found::Field(shape),
                (Shape::Object(inner), Some(Step::Name(_))) => break inner,
                (Shape::Array(inner), Some(Step::Item)) | (Shape::Map(inner), Some(Step::Value)) => {
                    at += 1;
                    &inner.shape
                }
                (Shape::Map(inner), Some(Step::Name(_))) => {
                    if let Some(step) = as_seen.get_mut(at) {
                        *step = Step::Value;
                    }
                    at += 1;
                    &inner.shape
                }
                (other, Some(Step::Name(_))) => return Found::Clash(other.xdm_type(), "object"),
                (other, Some(Step::Item)) => return Found::Clash(other.xdm_type(), "array"),
                (other, Some(Step::Value)) => return Found::Clash(other.xdm_type(), "map"),
            };
        };
    }
}

/// Adds the identities and relationships of the frames whose fields are written.
fn relate(models: &[Model], settings: &Settings, schemas: &mut [Schema], problems: &mut Vec<Problem>) {
    for (model, schema) in models.iter().zip(schemas) {
        let mut is_written = |path: &str, what: &str| {
            let is_written = schema.notes.iter().any(|note| note.path == path);
            if !is_written {
                let message = format!("the schema's {what} is this field, but no mapping writes it");
                problems.push(problem(&schema.name, path, message));
            }
            is_written
        };
        for identity in &model.schema.identities {
            let identity = Identity {
                path: models::destination(&identity.path, settings),
                namespace: models::destination(&identity.namespace, settings),
                primary: identity.primary,
            };
            // Stripe verifies no addresses: they identify nobody unless the user says so.
            let is_off = identity.namespace == namespaces::EMAIL && !settings.email_identity;
            if !is_off && is_written(&identity.path, "identity") {
                schema.identities.push(identity);
            }
        }
        for relationship in &model.schema.relationships {
            let path = models::destination(&relationship.path, settings);
            if is_written(&path, "link to another schema")
                && let Some(other) = models.iter().find(|other| other.name() == relationship.schema)
            {
                schema.relationships.push(Relationship {
                    path,
                    schema: other.dataset.clone(),
                    field: models::destination(&relationship.field, settings),
                    namespace: relationship.namespace.clone(),
                    cardinality: relationship.cardinality.clone(),
                });
            }
        }
    }
}

/// Every namespace of the schemas, once.
fn all_namespaces(schemas: &[Schema], settings: &Settings) -> Vec<Namespace> {
    let mut all: Vec<Namespace> = Vec::new();
    for schema in schemas {
        let in_map = schema.map_namespaces.iter().map(|namespace| &namespace.code);
        let of_fields = schema.identities.iter().map(|identity| &identity.namespace);
        let of_others = schema.relationships.iter().filter_map(|other| other.namespace.as_ref());
        for code in in_map.chain(of_fields).chain(of_others) {
            if !all.iter().any(|known| known.code == *code) {
                all.push(namespaces::of(code, settings));
            }
        }
    }
    all
}

/// Keeps the definitions that the schemas are made of, each once.
fn keep_used(definitions: &mut Vec<Definition>, schemas: &[Schema]) {
    let mut used: Vec<String> = Vec::new();
    for id in schemas.iter().flat_map(|schema| schema.class.iter().chain(&schema.field_groups)) {
        add(&mut used, id);
    }
    let mut at = 0;
    while let Some(id) = used.get(at) {
        if let Some(definition) = definitions.iter().find(|definition| definition.id == *id) {
            refer(&definition.fields, &mut used);
        }
        at += 1;
    }
    let mut kept: Vec<Definition> = Vec::new();
    for definition in definitions.drain(..) {
        if used.contains(&definition.id) && !kept.iter().any(|other| other.id == definition.id) {
            kept.push(definition);
        }
    }
    *definitions = kept;
}

fn add(used: &mut Vec<String>, id: &str) {
    if !used.iter().any(|known| known == id) {
        used.push(id.to_owned());
    }
}

fn refer(object: &Object, used: &mut Vec<String>) {
    for (_, field) in &object.fields {
        let mut shape = &field.shape;
        while let Shape::Array(inner) | Shape::Map(inner) = shape {
            shape = &inner.shape;
        }
        match shape {
            Shape::Object(inner) => refer(inner, used),
            Shape::DataType(id) => add(used, id),
            _ => {}
        }
    }
}
