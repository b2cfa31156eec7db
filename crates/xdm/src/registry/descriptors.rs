//! Descriptors: what the registry is told about fields besides their types.

use super::documents::schema_name;
use super::step;
use crate::definition::DefinitionKind;
use crate::field::{Field, Object, Shape};
use crate::library::Library;
use crate::schema::Schema;
use serde_json::{Value, json};

/// Deepest nesting of data types that is followed.
const MAX_DEPTH: usize = 32;

/// The descriptors that are used here, in the order in which they can be made: what one relies on is before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// A field identifies the record's subject.
    Identity,
    /// Fields together are the key of a relational schema.
    PrimaryKey,
    /// The field whose highest value wins, of a relational schema.
    Version,
    /// When it happened, of a relational schema of events.
    Timestamp,
    /// A field holds the identity of another schema's record.
    ReferenceIdentity,
    /// A field names a record of another schema.
    OneToOne,
    /// The same, of relational schemas.
    Relationship,
    /// Data usage labels of a field.
    Label,
}

impl About {
    /// Its `@type`.
    pub fn kind(self) -> &'static str {
        match self {
            About::Identity => "xdm:descriptorIdentity",
            About::PrimaryKey => "xdm:descriptorPrimaryKey",
            About::Version => "xdm:descriptorVersion",
            About::Timestamp => "xdm:descriptorTimestamp",
            About::ReferenceIdentity => "xdm:descriptorReferenceIdentity",
            About::OneToOne => "xdm:descriptorOneToOne",
            About::Relationship => "xdm:descriptorRelationship",
            About::Label => "xdm:descriptorLabel",
        }
    }

    /// What people call it.
    pub fn word(self) -> &'static str {
        match self {
            About::Identity => "identity",
            About::PrimaryKey => "primary key",
            About::Version => "version",
            About::Timestamp => "timestamp",
            About::ReferenceIdentity => "reference identity",
            About::OneToOne | About::Relationship => "relationship",
            About::Label => "labels",
        }
    }
}

/// A descriptor to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Descriptor {
    /// What it says.
    pub about: About,
    /// The resource that it is about: `tenant:…`.
    pub of: String,
    /// Title of that resource.
    pub title: String,
    /// The field: `/_acme/stripe/customerID`; of composite keys all of them.
    pub property: Vec<String>,
    /// What is sent to make it.
    pub body: Value,
}

impl Descriptor {
    fn new(about: About, of: &str, title: &str, property: &[String], more: Value) -> Self {
        let written = match property {
            [one] => json!(one),
            several => json!(several),
        };
        let mut body = json!({
            "@type": about.kind(),
            "xdm:sourceSchema": of,
            "xdm:sourceVersion": 1,
            "xdm:sourceProperty": written,
        });
        if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
            body.extend(more);
        }
        Self { about, of: of.to_owned(), title: title.to_owned(), property: property.to_vec(), body }
    }

    /// The fields, for people.
    pub fn place(&self) -> String {
        self.property.join(", ")
    }
}

/// Every descriptor of the library.
pub fn all(library: &Library) -> Vec<Descriptor> {
    let mut all = Vec::new();
    for schema in &library.schemas {
        of_schema(library, schema, &mut all);
    }
    for definition in &library.definitions {
        // Labels stand on field groups, so that every schema with the group has them.
        if definition.kind == DefinitionKind::FieldGroup && definition.id.starts_with("tenant:") {
            let mut labelled = Vec::new();
            object(library, &definition.fields, &mut String::new(), 0, &mut labelled);
            push_labels(&definition.id, &definition.title, labelled, &mut all);
        }
    }
    all.sort_by_key(|descriptor| descriptor.about);
    all
}

fn of_schema(library: &Library, schema: &Schema, all: &mut Vec<Descriptor>) {
    let (of, title) = (schema_name(&schema.name), schema.title.as_str());
    let one = std::slice::from_ref::<String>;
    for identity in &schema.identities {
        let more = json!({
            "xdm:namespace": identity.namespace,
            "xdm:property": "xdm:code",
            "xdm:isPrimary": identity.primary,
        });
        all.push(Descriptor::new(About::Identity, &of, title, one(&identity.path), more));
    }
    if let Some(keys) = &schema.keys {
        all.push(Descriptor::new(About::PrimaryKey, &of, title, &keys.primary, Value::Null));
        all.push(Descriptor::new(About::Version, &of, title, one(&keys.version), Value::Null));
        if let Some(timestamp) = &keys.timestamp {
            all.push(Descriptor::new(About::Timestamp, &of, title, one(timestamp), Value::Null));
        }
    }
    for relationship in &schema.relationships {
        if let Some(namespace) = &relationship.namespace {
            let more = json!({ "xdm:identityNamespace": namespace });
            all.push(Descriptor::new(About::ReferenceIdentity, &of, title, one(&relationship.path), more));
        }
        let mut more = json!({
            "xdm:destinationSchema": schema_name(&relationship.schema),
            "xdm:destinationVersion": 1,
            "xdm:destinationProperty": relationship.field,
        });
        let mut about = About::OneToOne;
        if let (Some(cardinality), Value::Object(more)) = (&relationship.cardinality, &mut more) {
            more.insert("xdm:cardinality".to_owned(), cardinality.as_str().into());
            about = About::Relationship;
        }
        all.push(Descriptor::new(about, &of, title, one(&relationship.path), more));
    }
    let mut labelled = Vec::new();
    if let Some(fields) = &schema.fields {
        field(library, fields, &mut String::new(), 0, &mut labelled);
    }
    // Adobe's own fields are labelled where this schema uses them, not in everybody's field group.
    if let Ok(record) = library.flat(schema) {
        for note in schema.notes.iter().filter(|note| !note.labels.is_empty()) {
            let path = written(&record, &note.path);
            let tenant = format!("/_{}/", library.tenant);
            if let Some(path) = path.filter(|path| !path.starts_with(&tenant)) {
                labelled.push((path, note.labels.clone()));
            }
        }
    }
    push_labels(&of, title, labelled, all);
}

fn push_labels(of: &str, title: &str, labelled: Vec<(String, Vec<String>)>, all: &mut Vec<Descriptor>) {
    let mut merged: Vec<(String, Vec<String>)> = Vec::new();
    for (path, labels) in labelled {
        match merged.iter_mut().find(|(known, _)| *known == path) {
            Some((_, known)) => known.extend(labels),
            None => merged.push((path, labels)),
        }
    }
    for (path, mut labels) in merged {
        labels.sort_unstable();
        labels.dedup();
        let more = json!({ "xdm:labels": labels });
        all.push(Descriptor::new(About::Label, of, title, std::slice::from_ref(&path), more));
    }
}

/// The labelled fields of an object, by the paths that descriptors write: names after `/`, elements of arrays
/// as `[*]`. What a map holds is labelled at the map.
fn object(
    library: &Library,
    fields: &Object,
    path: &mut String,
    depth: usize,
    labelled: &mut Vec<(String, Vec<String>)>,
) {
    for (name, inner) in &fields.fields {
        let before = path.len();
        path.push('/');
        path.push_str(&step(name));
        field(library, inner, path, depth, labelled);
        path.truncate(before);
    }
}

fn field(
    library: &Library,
    field_: &Field,
    path: &mut String,
    depth: usize,
    labelled: &mut Vec<(String, Vec<String>)>,
) {
    if depth > MAX_DEPTH {
        return;
    }
    if !field_.labels.is_empty() {
        labelled.push((path.trim_end_matches("[*]").to_owned(), field_.labels.clone()));
    }
    match &field_.shape {
        Shape::Object(inner) => object(library, inner, path, depth + 1, labelled),
        Shape::DataType(id) => {
            if let Some(data_type) = library.definition(id) {
                object(library, &data_type.fields, path, depth + 1, labelled);
            }
        }
        Shape::Array(items) => {
            let before = path.len();
            path.push_str("[*]");
            field(library, items, path, depth + 1, labelled);
            path.truncate(before);
        }
        Shape::Map(values) => {
            let mut inside = Vec::new();
            field(library, values, &mut String::new(), depth + 1, &mut inside);
            labelled.extend(inside.into_iter().map(|(_, labels)| (path.clone(), labels)));
        }
        _ => {}
    }
}

/// A note's path (names only) as descriptors write it.
fn written(record: &Object, note: &str) -> Option<String> {
    let (mut path, mut object) = (String::new(), record);
    let mut names = note.split('/').skip(1).peekable();
    while let Some(name) = names.next() {
        path.push('/');
        path.push_str(name);
        let mut shape = &object.get(&name.replace("~1", "/").replace("~0", "~"))?.shape;
        while let Shape::Array(items) = shape {
            if names.peek().is_some() {
                path.push_str("[*]");
            }
            shape = &items.shape;
        }
        match shape {
            Shape::Object(inner) => object = inner,
            _ => break,
        }
    }
    Some(path)
}
