//! Fields of a tenant's own: what may be written in a resource.

use serde_json::{Value, json};

use super::{Document, Kind, Registry, error::XdmError, resolve::xdm_type};

/// Keywords that a field may have besides `meta:…`.
const KEYWORDS: [&str; 20] = [
    "title",
    "description",
    "type",
    "$ref",
    "format",
    "pattern",
    "enum",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "properties",
    "required",
    "items",
    "additionalProperties",
    "default",
    "examples",
    "allOf",
    "isRequired",
    "uniqueItems",
];

/// Types of XDM in JSON Schema.
const TYPES: [&str; 6] = ["string", "number", "integer", "boolean", "object", "array"];

/// Letters, digits, dash, underscore; not an underscore first.
pub(super) fn is_name(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !name.is_empty() && !name.starts_with('_') && name.bytes().all(legal)
}

impl Registry {
    /// Whether all fields of an object may be as they are.
    pub(super) fn check_fields(&self, fields: &Document, path: &str) -> Result<(), XdmError> {
        for (name, field) in fields {
            let path = format!("{path}/{name}");
            if !is_name(name) {
                return Err(XdmError::invalid(format!(
                    "The name of the field {path} is not valid: letters, digits, dashes and underscores, not beginning with an underscore"
                )));
            }
            self.check_field(field, &path)?;
        }
        Ok(())
    }

    /// Whether one field may be as it is.
    pub(super) fn check_field(&self, field: &Value, path: &str) -> Result<(), XdmError> {
        let refuse = |why: String| Err(XdmError::invalid(format!("The field {path}: {why}")));
        let Value::Object(field) = field else {
            return refuse("a field is an object".to_owned());
        };
        let unknown = field.keys().find(|key| !KEYWORDS.contains(&key.as_str()) && !key.starts_with("meta:"));
        if let Some(key) = unknown {
            return refuse(format!("{key} is not a keyword that the registry knows"));
        }
        if let Some(reference) = field.get("$ref") {
            let id = reference.as_str().unwrap_or_default();
            let data_type = self.find(id).is_some_and(|resource| resource.kind == Kind::DataType);
            if !data_type && !id.starts_with("#/definitions/") {
                return refuse(format!("the referenced data type {id} is not found"));
            }
            return Ok(());
        }
        let kind = field.get("type").and_then(Value::as_str).unwrap_or_default();
        if !TYPES.contains(&kind) {
            return refuse("it needs a type or a $ref".to_owned());
        }
        let has = |key: &str| field.contains_key(key);
        if kind != "string" && ["pattern", "format", "minLength", "maxLength"].into_iter().any(has) {
            return refuse("pattern, format, minLength and maxLength are for strings".to_owned());
        }
        if !matches!(kind, "integer" | "number") && (has("minimum") || has("maximum")) {
            return refuse("minimum and maximum are for numbers".to_owned());
        }
        match kind {
            "object" => self.check_object(field, path),
            "array" => match field.get("items") {
                Some(items) => self.check_field(items, &format!("{path}[*]")),
                None => refuse("an array needs items".to_owned()),
            },
            _ => Ok(()),
        }
    }

    /// Whether an object has either properties or, as a map, values of one simple type.
    fn check_object(&self, field: &Document, path: &str) -> Result<(), XdmError> {
        let refuse = |why: &str| Err(XdmError::invalid(format!("The field {path}: {why}")));
        match (field.get("properties"), field.get("additionalProperties")) {
            (Some(_), Some(Value::Object(_))) => refuse("a map has no properties"),
            (Some(Value::Object(fields)), _) => {
                for name in field.get("required").and_then(Value::as_array).into_iter().flatten() {
                    if name.as_str().is_none_or(|name| !fields.contains_key(name)) {
                        return refuse("a required field is not among the properties");
                    }
                }
                self.check_fields(fields, path)
            }
            (None, Some(Value::Object(values))) => match values.get("type").and_then(Value::as_str) {
                Some("string" | "integer") => Ok(()),
                _ => refuse("the values of a map are strings or integers"),
            },
            _ => refuse("an object needs properties, or additionalProperties as a map"),
        }
    }
}

/// Writes down the XDM type of every field, as the registry does.
pub(super) fn note_types(node: &mut Document) {
    for key in ["properties", "definitions"] {
        for (_, field) in node.get_mut(key).and_then(Value::as_object_mut).into_iter().flatten() {
            if let Value::Object(field) = field {
                note_type(field);
            }
        }
    }
    for key in ["items", "additionalProperties"] {
        if let Some(Value::Object(field)) = node.get_mut(key) {
            note_type(field);
        }
    }
    for part in node.get_mut("allOf").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Value::Object(part) = part {
            part.insert("type".to_owned(), json!("object"));
            part.insert("meta:xdmType".to_owned(), json!("object"));
        }
    }
}

fn note_type(field: &mut Document) {
    note_types(field);
    let kind = match xdm_type(field) {
        kind if kind.is_empty() => "object".to_owned(),
        kind => kind,
    };
    if field.contains_key("$ref") {
        field.insert("type".to_owned(), json!("object"));
    }
    field.insert("meta:xdmType".to_owned(), json!(kind));
}
