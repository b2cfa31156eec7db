//! Following references: a resource as one tree of fields.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Document, Registry, error::XdmError};

/// Deepest nesting of fields and references.
const MAX_DEPTH: u32 = 48;

/// What one part of a schema gives to the whole.
const KEYWORDS: [&str; 17] = [
    "type",
    "format",
    "pattern",
    "enum",
    "meta:enum",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "items",
    "additionalProperties",
    "default",
    "meta:xdmType",
    "meta:xdmField",
    "meta:referencedFrom",
    "title",
    "description",
];

impl Registry {
    /// A resource with all references followed and all parts put together.
    pub(super) fn resolved(&self, document: &Document) -> Result<Document, XdmError> {
        self.flatten(document, document, 0)
    }

    fn flatten(&self, node: &Document, root: &Document, depth: u32) -> Result<Document, XdmError> {
        if depth > MAX_DEPTH {
            return Err(XdmError::invalid("the fields are nested too deeply, or a definition holds itself"));
        }
        let mut whole = Map::new();
        for (key, value) in node {
            if !matches!(
                key.as_str(),
                "allOf" | "$ref" | "definitions" | "properties" | "items" | "additionalProperties"
            ) {
                whole.insert(key.clone(), value.clone());
            }
        }
        if let Some(reference) = node.get("$ref").and_then(Value::as_str) {
            let (target, its_root) = self.target(reference, root)?;
            take(&mut whole, self.flatten(target, its_root, depth + 1)?);
            if !reference.starts_with('#') {
                whole.insert("meta:referencedFrom".to_owned(), json!(reference));
            }
        }
        for part in node.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            if let Value::Object(part) = part {
                let mut part = self.flatten(part, root, depth + 1)?;
                part.remove("meta:referencedFrom");
                take(&mut whole, part);
            }
        }
        if let Some(Value::Object(fields)) = node.get("properties") {
            let mut own = Map::new();
            for (name, field) in fields {
                if let Value::Object(field) = field {
                    own.insert(name.clone(), Value::Object(self.flatten(field, root, depth + 1)?));
                }
            }
            take(&mut whole, Map::from_iter([("properties".to_owned(), Value::Object(own))]));
        }
        for key in ["items", "additionalProperties"] {
            if let Some(Value::Object(inner)) = node.get(key) {
                whole.insert(key.to_owned(), Value::Object(self.flatten(inner, root, depth + 1)?));
            }
        }
        if whole.contains_key("properties") && !whole.contains_key("type") {
            whole.insert("type".to_owned(), json!("object"));
        }
        Ok(whole)
    }

    /// What a reference names, and the document in which its own references are to be looked up.
    fn target<'a>(
        &'a self,
        reference: &str,
        root: &'a Document,
    ) -> Result<(&'a Document, &'a Document), XdmError> {
        let missing = || XdmError::invalid(format!("The referenced resource {reference} is not found"));
        let (id, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let document = if id.is_empty() { root } else { &self.find(id).ok_or_else(missing)?.document };
        let mut target = document;
        for name in fragment.split('/').skip(1) {
            target = target.get(name).and_then(Value::as_object).ok_or_else(missing)?;
        }
        Ok((target, document))
    }
}

/// Adds what a part says to the whole. What the whole says already stays.
fn take(whole: &mut Document, part: Document) {
    for (key, value) in part {
        match (key.as_str(), value) {
            ("properties", Value::Object(more)) => {
                let fields = whole.entry("properties").or_insert_with(|| json!({}));
                let Value::Object(fields) = fields else { continue };
                for (name, field) in more {
                    match (fields.get_mut(&name), field) {
                        (Some(Value::Object(known)), Value::Object(field)) => take(known, field),
                        (_, field) => {
                            fields.insert(name, field);
                        }
                    }
                }
            }
            ("required", Value::Array(more)) => {
                let Value::Array(names) = whole.entry("required").or_insert_with(|| json!([])) else {
                    continue;
                };
                for name in more {
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
            }
            (keyword, value) if KEYWORDS.contains(&keyword) => {
                whole.entry(key).or_insert(value);
            }
            _ => {}
        }
    }
}

/// XDM's name of a field's type.
pub(in crate::platform) fn xdm_type(field: &Document) -> String {
    let text = |key: &str| field.get(key).and_then(Value::as_str).unwrap_or_default();
    let bound = |key: &str| field.get(key).and_then(Value::as_i64);
    let name = match text("type") {
        "string" if matches!(text("format"), "date" | "date-time") => text("format"),
        "integer" => match (bound("minimum"), bound("maximum")) {
            (Some(-128..), Some(..=128)) => "byte",
            (Some(-32_768..), Some(..=32_768)) => "short",
            (Some(low), Some(high)) if low < -2_147_483_648 || high > 2_147_483_648 => "long",
            _ => "int",
        },
        "object" if !field.contains_key("properties") && field.contains_key("additionalProperties") => "map",
        "" if field.contains_key("$ref") => "object",
        other => other,
    };
    name.to_owned()
}

/// Types by path, of a resolved tree: `/_acme/stripe/items[*]/id`.
pub(super) fn types(tree: &Document) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    collect(tree, "", &mut found);
    found
}

fn collect(node: &Document, path: &str, found: &mut BTreeMap<String, String>) {
    for (name, field) in node.get("properties").and_then(Value::as_object).into_iter().flatten() {
        if let Value::Object(field) = field {
            let path = format!("{path}/{name}");
            collect(field, &path, found);
            found.insert(path, xdm_type(field));
        }
    }
    for (key, mark) in [("items", "[*]"), ("additionalProperties", "{*}")] {
        if let Some(Value::Object(inner)) = node.get(key) {
            let path = format!("{path}{mark}");
            collect(inner, &path, found);
            found.insert(path, xdm_type(inner));
        }
    }
}

/// The field at a descriptor's path, and whether it must be there. Elements of arrays are passed through, with
/// or without `[*]`.
pub(super) fn field_at<'a>(tree: &'a Document, path: &str) -> Option<(&'a Document, bool)> {
    let (mut node, mut required) = (tree, false);
    for part in path.strip_prefix('/')?.split('/') {
        while !node.contains_key("properties") {
            node = node.get("items")?.as_object()?;
        }
        let name = part.trim_end_matches("[*]");
        let names = node.get("required").and_then(Value::as_array);
        required = names.is_some_and(|names| names.iter().any(|known| known == name));
        node = node.get("properties")?.get(name)?.as_object()?;
    }
    Some((node, required))
}

/// Takes titles and descriptions out.
pub(super) fn without_text(node: &mut Document) {
    node.remove("title");
    node.remove("description");
    for key in ["properties", "definitions"] {
        for (_, inner) in node.get_mut(key).and_then(Value::as_object_mut).into_iter().flatten() {
            if let Value::Object(inner) = inner {
                without_text(inner);
            }
        }
    }
    for key in ["items", "additionalProperties"] {
        if let Some(Value::Object(inner)) = node.get_mut(key) {
            without_text(inner);
        }
    }
}
