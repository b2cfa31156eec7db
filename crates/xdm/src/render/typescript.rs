//! A schema as types of TypeScript.

use super::{constraints, sources};
use crate::definition::DefinitionKind;
use crate::field::{Field, Object, Shape};
use crate::library::{Library, LibraryError};
use crate::schema::Schema;
use std::collections::{BTreeMap, BTreeSet};

/// An exported interface for a schema's records and one for each object in them, with comments. What a data type
/// describes bears the name of the data type, in every place; the other objects are named after their fields.
///
/// # Errors
/// As [`Library::flat`].
pub fn typescript(library: &Library, schema: &Schema) -> Result<String, LibraryError> {
    let record = library.flat(schema)?;
    let mut module = Module { data_types: Vec::new(), written: BTreeMap::new(), names: BTreeSet::new() };
    for definition in library.definitions.iter().filter(|one| one.kind == DefinitionKind::DataType) {
        let alone = Schema {
            class: Some(definition.id.clone()),
            field_groups: Vec::new(),
            fields: None,
            // They are about places of this schema's records.
            notes: Vec::new(),
            ..schema.clone()
        };
        // One that cannot be put together is in no record either: the record could be.
        if let Ok(fields) = library.flat(&alone) {
            let bare = bare(&fields);
            module.data_types.push(DataType { title: definition.title.clone(), fields, bare });
        }
    }
    let root = module.free_name(&pascal(&schema.title), "Record");
    let mut interfaces = Vec::new();
    module.interface(&root, &schema.description, &record, &mut interfaces);
    Ok(format!(
        "// {}: the records of dataset {}.\n\n{}",
        line(&schema.title),
        line(&schema.name),
        interfaces.join("\n")
    ))
}

/// A data type put together.
struct DataType {
    title: String,
    /// With labels and sources that hold in every place.
    fields: Object,
    /// What places are recognised by.
    bare: Object,
}

/// What is written so far.
struct Module {
    /// The library's data types.
    data_types: Vec<DataType>,
    /// The objects that have an interface, by what they hold.
    written: BTreeMap<String, String>,
    /// The names of interfaces.
    names: BTreeSet<String>,
}

impl Module {
    /// Writes an object's interface, then those of the objects in it.
    fn interface(&mut self, name: &str, about: &str, object: &Object, out: &mut Vec<String>) {
        let at = out.len();
        out.push(String::new());
        let mut text = comment(&[about.to_owned()], "");
        text.push_str(&format!("export interface {name} {{\n"));
        for (key, field) in &object.fields {
            text.push_str(&comment(&remarks(field), "  "));
            let optional = if object.required.contains(key) { "" } else { "?" };
            let value = self.value(field, name, key, out);
            text.push_str(&format!("  {}{optional}: {value};\n", property(key)));
        }
        text.push_str("}\n");
        if let Some(place) = out.get_mut(at) {
            *place = text;
        }
    }

    /// The type of a field's values.
    fn value(&mut self, field: &Field, owner: &str, key: &str, out: &mut Vec<String>) -> String {
        match &field.shape {
            Shape::String(text) if !text.allowed.is_empty() => {
                text.allowed.iter().map(|one| quoted(one)).collect::<Vec<_>>().join(" | ")
            }
            Shape::String(_) | Shape::Date | Shape::DateTime => "string".to_owned(),
            Shape::Number | Shape::Integer { .. } => "number".to_owned(),
            Shape::Boolean => "boolean".to_owned(),
            Shape::Array(items) => format!("Array<{}>", self.value(items, owner, key, out)),
            Shape::Map(values) => format!("Record<string, {}>", self.value(values, owner, key, out)),
            Shape::Object(object) => self.object(object, owner, key, out),
            Shape::DataType(_) | Shape::Any => "unknown".to_owned(),
        }
    }

    /// The name of an object's interface, which is written if it is not there yet.
    fn object(&mut self, object: &Object, owner: &str, key: &str, out: &mut Vec<String>) -> String {
        let bare = bare(object);
        let data_type = self.data_types.iter().find(|one| one.bare == bare);
        // What is known of one place only, such as its sources, would be wrong in the others.
        let (wanted, title, object) = match data_type {
            Some(one) => (pascal(&one.title), one.title.clone(), one.fields.clone()),
            None => (pascal(key), String::new(), object.clone()),
        };
        let content = format!("{title} {object:?}");
        if let Some(known) = self.written.get(&content) {
            return known.clone();
        }
        let name = self.free_name(&wanted, owner);
        self.written.insert(content, name.clone());
        self.interface(&name, &title, &object, out);
        name
    }

    /// The name, or with the owner's before it, or with a number behind it: one that is not taken.
    fn free_name(&mut self, wanted: &str, owner: &str) -> String {
        let mut name = if wanted.is_empty() { owner.to_owned() } else { wanted.to_owned() };
        if self.names.contains(&name) || RESERVED.contains(&name.as_str()) {
            name = format!("{owner}{name}");
        }
        let stem = name.clone();
        let mut number = 2_u32;
        while self.names.contains(&name) {
            name = format!("{stem}{number}");
            number = number.saturating_add(1);
        }
        self.names.insert(name.clone());
        name
    }
}

/// Names of TypeScript's own types that the module uses.
const RESERVED: [&str; 3] = ["Array", "Record", "Object"];

/// An object without what is known of one place only.
fn bare(object: &Object) -> Object {
    fn bare_field(field: &Field) -> Field {
        let shape = match &field.shape {
            Shape::Object(inner) => Shape::Object(bare(inner)),
            Shape::Array(items) => Shape::Array(Box::new(bare_field(items))),
            Shape::Map(values) => Shape::Map(Box::new(bare_field(values))),
            other => other.clone(),
        };
        Field {
            title: field.title.clone(),
            description: field.description.clone(),
            labels: Vec::new(),
            sources: Vec::new(),
            shape,
        }
    }

    Object {
        fields: object.fields.iter().map(|(name, field)| (name.clone(), bare_field(field))).collect(),
        required: object.required.clone(),
    }
}

/// The lines of a field's comment.
fn remarks(field: &Field) -> Vec<String> {
    let mut lines =
        vec![if field.description.is_empty() { field.title.clone() } else { field.description.clone() }];
    let mut kinds = match super::innermost(field).shape {
        Shape::Date => vec!["a day, yyyy-MM-dd".to_owned()],
        Shape::DateTime => vec!["a moment, RFC 3339 with its offset".to_owned()],
        Shape::Integer { .. } => vec!["a whole number".to_owned()],
        _ => Vec::new(),
    };
    // The type says what the closed lists are.
    kinds.extend(constraints(field).into_iter().filter(|one| !one.starts_with("one of ")));
    lines.push(kinds.join("; "));
    let labels = super::labels(field);
    if !labels.is_empty() {
        lines.push(format!("Labels: {}", labels.join(", ")));
    }
    let sources = sources(field);
    if !sources.is_empty() {
        lines.push(format!("Made from: {}", sources.join("; ")));
    }
    lines
}

/// A comment of documentation; nothing when there is nothing to say.
fn comment(lines: &[String], indent: &str) -> String {
    let lines: Vec<String> =
        lines.iter().filter(|text| !text.is_empty()).map(|text| line(text).replace("*/", "*\\/")).collect();
    match lines.as_slice() {
        [] => String::new(),
        [one] => format!("{indent}/** {one} */\n"),
        many => {
            let body: String = many.iter().map(|one| format!("{indent} * {one}\n")).collect();
            format!("{indent}/**\n{body}{indent} */\n")
        }
    }
}

/// Text on one line.
fn line(text: &str) -> String {
    text.replace(['\n', '\r', '\u{2028}', '\u{2029}'], " ")
}

/// A key as TypeScript writes it.
fn property(name: &str) -> String {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '$';
    let plain = name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit());
    if plain { name.to_owned() } else { quoted(name) }
}

/// A literal text: JSON's are TypeScript's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// `Postal address`, `payment-item` and `lineItems` as `PostalAddress`, `PaymentItem` and `LineItems`.
fn pascal(text: &str) -> String {
    let mut out = String::new();
    let mut start = true;
    for c in text.chars() {
        if !c.is_ascii_alphanumeric() {
            start = true;
        } else if out.is_empty() && c.is_ascii_digit() {
            // A name does not begin with a digit.
            out.extend(['N', c]);
            start = false;
        } else {
            out.push(if start { c.to_ascii_uppercase() } else { c });
            start = false;
        }
    }
    out
}
