//! Definitions and schemas as the registry takes them. References to resources that are not registered yet
//! keep their names (`tenant:…`); [`super::Names`] fills them in.

use super::Kind;
use crate::definition::Definition;
use crate::field::{Field, Object, Shape, Text};
use crate::library::Library;
use crate::schema::Schema;
use serde_json::{Map, Value, json};

/// Relational schemas extend this.
const RELATIONAL: &str = "https://ns.adobe.com/xdm/data/adhoc-v2";

/// A resource to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Which of the four it is.
    pub kind: Kind,
    /// Its name until it has an `$id`: `tenant:…`.
    pub name: String,
    /// Its title, unique in a tenant among those of its kind.
    pub title: String,
    /// What is sent to make it.
    pub body: Value,
}

/// Every resource of its own that the library needs, what one refers to before it.
pub fn all(library: &Library) -> Vec<Document> {
    let mut documents: Vec<_> = library
        .definitions
        .iter()
        .filter(|definition| definition.id.starts_with("tenant:"))
        .map(|definition| of_definition(definition, &library.tenant))
        .chain(library.schemas.iter().map(of_schema))
        .collect();
    // The library has what is referred to first; the sort keeps that among those of one kind.
    documents.sort_by_key(|document| document.kind);
    documents
}

/// The name of a schema that is not registered yet.
pub fn schema_name(schema: &str) -> String {
    format!("tenant:schemas/{schema}")
}

/// A tenant's class, field group or data type.
fn of_definition(definition: &Definition, tenant: &str) -> Document {
    let kind = Kind::from(definition.kind);
    let mut body = head(&definition.title, &definition.description);
    let mut set = |key: &str, value: Value| body.insert(key.to_owned(), value);
    match kind {
        Kind::DataType => {
            let (properties, required) = members(&definition.fields);
            set("properties", properties);
            if !required.is_empty() {
                set("required", required.into());
            }
        }
        Kind::FieldGroup => {
            set("meta:intendedToExtend", definition.extends.clone().into());
            set("definitions", custom(&definition.fields));
            set("allOf", json!([{ "$ref": "#/definitions/customFields" }]));
        }
        Kind::Class | Kind::Schema => {
            let mut parts: Vec<Value> = Vec::new();
            parts.extend(definition.behavior.map(|behavior| json!({ "$ref": behavior.id() })));
            // What the behaviour brings along (`_id`, `timestamp`) is not the class's to define.
            let mut own = Object::default();
            let root = format!("_{tenant}");
            own.fields.extend(definition.fields.fields.iter().filter(|(name, _)| *name == root).cloned());
            if !own.fields.is_empty() {
                set("definitions", custom(&own));
                parts.push(json!({ "$ref": "#/definitions/customFields" }));
            }
            set("allOf", parts.into());
        }
    }
    Document { kind, name: definition.id.clone(), title: definition.title.clone(), body: Value::Object(body) }
}

fn of_schema(schema: &Schema) -> Document {
    let mut body = head(&schema.title, &schema.description);
    match &schema.class {
        Some(class) => {
            let parts = std::iter::once(class).chain(&schema.field_groups);
            let parts: Vec<Value> = parts.map(|id| json!({ "$ref": id })).collect();
            body.insert("allOf".to_owned(), parts.into());
        }
        None => {
            if let Some(Field { shape: Shape::Object(fields), .. }) = &schema.fields {
                body.insert("definitions".to_owned(), custom(fields));
            }
            let own = json!([{ "$ref": "#/definitions/customFields", "meta:xdmType": "object" }]);
            body.insert("allOf".to_owned(), own);
            body.insert("meta:extends".to_owned(), json!([RELATIONAL]));
            body.insert("meta:behaviorType".to_owned(), json!(schema.behavior));
        }
    }
    let (name, title) = (schema_name(&schema.name), schema.title.clone());
    Document { kind: Kind::Schema, name, title, body: Value::Object(body) }
}

fn head(title: &str, description: &str) -> Map<String, Value> {
    let mut head = Map::new();
    head.insert("type".to_owned(), "object".into());
    head.insert("title".to_owned(), title.into());
    head.insert("description".to_owned(), description.into());
    head
}

fn custom(fields: &Object) -> Value {
    json!({ "customFields": object(fields) })
}

fn object(object: &Object) -> Value {
    let (properties, required) = members(object);
    let mut written = Map::new();
    written.insert("type".to_owned(), "object".into());
    written.insert("properties".to_owned(), properties);
    if !required.is_empty() {
        written.insert("required".to_owned(), required.into());
    }
    Value::Object(written)
}

fn members(object: &Object) -> (Value, Vec<String>) {
    let properties: Map<String, Value> =
        object.fields.iter().map(|(name, field)| (name.clone(), of_field(field))).collect();
    (Value::Object(properties), object.required.clone())
}

/// A field as the registry writes it: labels are descriptors there, and what a field is made from stands in
/// its description.
fn of_field(field: &Field) -> Value {
    let mut written = match &field.shape {
        Shape::String(text) => string(text),
        Shape::Number => json!({ "type": "number" }),
        Shape::Integer { minimum, maximum } => {
            json!({ "type": "integer", "minimum": minimum, "maximum": registered(*maximum) })
        }
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Date => json!({ "type": "string", "format": "date" }),
        Shape::DateTime => json!({ "type": "string", "format": "date-time" }),
        Shape::Object(inner) => object(inner),
        Shape::Map(values) => json!({ "type": "object", "additionalProperties": of_field(values) }),
        Shape::Array(items) => json!({ "type": "array", "items": of_field(items) }),
        Shape::DataType(id) => json!({ "$ref": id, "type": "object" }),
        Shape::Any => json!({}),
    };
    if let Value::Object(members) = &mut written {
        for (key, text) in [("title", &field.title), ("description", &field.description)] {
            if !text.is_empty() {
                members.insert(key.to_owned(), text.as_str().into());
            }
        }
    }
    written
}

/// An upper bound as the registry documents it: of types narrower than `long` one above the largest value.
fn registered(maximum: i64) -> i64 {
    let narrow = [i8::MAX.into(), i16::MAX.into(), i32::MAX.into()].contains(&maximum);
    if narrow { maximum + 1 } else { maximum }
}

fn string(text: &Text) -> Value {
    let mut written = Map::new();
    written.insert("type".to_owned(), "string".into());
    let constraints = [
        ("format", text.format.clone().map(Value::from)),
        ("pattern", text.pattern.clone().map(Value::from)),
        ("minLength", text.min_length.map(Value::from)),
        ("maxLength", text.max_length.map(Value::from)),
        ("enum", (!text.allowed.is_empty()).then(|| text.allowed.clone().into())),
        ("meta:enum", (!text.suggested.is_empty()).then(|| json!(text.suggested))),
    ];
    for (key, value) in constraints {
        if let Some(value) = value {
            written.insert(key.to_owned(), value);
        }
    }
    Value::Object(written)
}

/// Fields that cannot be registered because nothing is known about what they hold: title of the resource, and
/// the path in it.
pub fn untyped(library: &Library) -> Vec<(String, String)> {
    fn look(object: &Object, path: &mut Vec<String>, found: &mut Vec<String>) {
        for (name, field) in &object.fields {
            path.push(name.clone());
            inside(field, path, found);
            path.pop();
        }
    }
    fn inside(field: &Field, path: &mut Vec<String>, found: &mut Vec<String>) {
        match &field.shape {
            Shape::Any => found.push(path.join(".")),
            Shape::Object(object) => look(object, path, found),
            Shape::Array(inner) | Shape::Map(inner) => inside(inner, path, found),
            _ => {}
        }
    }
    let mut all = Vec::new();
    let own = library.definitions.iter().filter(|definition| definition.id.starts_with("tenant:"));
    for definition in own {
        let mut found = Vec::new();
        look(&definition.fields, &mut Vec::new(), &mut found);
        all.extend(found.into_iter().map(|path| (definition.title.clone(), path)));
    }
    // What other schemas hold besides class and field groups cannot be registered, whatever it is.
    for schema in library.schemas.iter().filter(|schema| schema.class.is_none()) {
        let mut found = Vec::new();
        if let Some(fields) = &schema.fields {
            inside(fields, &mut Vec::new(), &mut found);
        }
        all.extend(found.into_iter().map(|path| (schema.title.clone(), path)));
    }
    all
}
