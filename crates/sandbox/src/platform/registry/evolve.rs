//! How schemas may change once data was, or may have been, ingested: they only grow.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    Document, Kind, Registry,
    error::XdmError,
    resolve::{types, xdm_type},
};

impl Registry {
    /// Refuses a change of the registry that breaks a schema in use, or that gives one path two types.
    pub(super) fn check_change(&self, before: &Self, used: &BTreeSet<String>) -> Result<(), XdmError> {
        for schema in before.own.iter().filter(|resource| resource.kind == Kind::Schema) {
            let in_use = used.contains(schema.id()) || schema.has_tag("union");
            let Some(now) = self.find(schema.id()).filter(|_| in_use) else { continue };
            let mut reasons = Vec::new();
            breaking(&before.resolved(&schema.document)?, &self.resolved(&now.document)?, "", &mut reasons);
            if !reasons.is_empty() {
                return Err(XdmError::invalid(format!(
                    "A breaking change was made to the schema {}, which is in use: {}",
                    schema.id(),
                    reasons.join("; ")
                )));
            }
        }
        self.check_paths()
    }

    /// A path has one type in all schemas of a sandbox. Relational schemas have paths of their own.
    fn check_paths(&self) -> Result<(), XdmError> {
        let mut known: BTreeMap<String, (String, &str)> = BTreeMap::new();
        for schema in self.own.iter().filter(|resource| resource.kind == Kind::Schema) {
            if schema.is_relational() {
                continue;
            }
            for (path, kind) in types(&self.resolved(&schema.document)?) {
                match known.get(&path) {
                    Some((other, id)) if *other != kind => {
                        let hash = id.rsplit('/').next().unwrap_or_default();
                        return Err(XdmError::new(
                            400,
                            1413,
                            "Merge Schema Error",
                            format!(
                                "Cannot merge incompatible data types. The path {path} has already been defined in schema (id={hash}) using a different data type. Types: {other}, {kind}"
                            ),
                        ));
                    }
                    Some(_) => {}
                    None => {
                        known.insert(path, (kind, schema.id()));
                    }
                }
            }
        }
        Ok(())
    }
}

/// What of a change takes something away, of two resolved trees.
fn breaking(old: &Document, new: &Document, path: &str, reasons: &mut Vec<String>) {
    let shown = if path.is_empty() { "/" } else { path };
    let (was, is) = (xdm_type(old), xdm_type(new));
    if was != is {
        reasons.push(format!("{shown} was {was} and is now {is}"));
        return;
    }
    for key in ["pattern", "format"] {
        if new.contains_key(key) && old.get(key) != new.get(key) {
            reasons.push(format!("{shown} has another {key}"));
        }
    }
    let narrower = |key: &str, low: bool| match (old.get(key), new.get(key)) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(old), Some(new)) => match (old.as_i64(), new.as_i64()) {
            (Some(old), Some(new)) => {
                if low {
                    new > old
                } else {
                    new < old
                }
            }
            _ => old != new,
        },
    };
    for (key, low) in [("minimum", true), ("maximum", false), ("minLength", true), ("maxLength", false)] {
        if narrower(key, low) {
            reasons.push(format!("{shown} has a narrower {key}"));
        }
    }
    if let Some(allowed) = new.get("enum").and_then(Value::as_array) {
        let all = old.get("enum").and_then(Value::as_array);
        if all.is_none_or(|old| old.iter().any(|value| !allowed.contains(value))) {
            reasons.push(format!("{shown} allows fewer values"));
        }
    }
    let fields =
        |tree: &Document| tree.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let needed = |tree: &Document, name: &str| {
        let names = tree.get("required").and_then(Value::as_array);
        names.is_some_and(|names| names.iter().any(|known| known == name))
    };
    let now = fields(new);
    for (name, field) in &fields(old) {
        let path = format!("{path}/{name}");
        match (field, now.get(name)) {
            (Value::Object(field), Some(Value::Object(now))) => breaking(field, now, &path, reasons),
            _ => reasons.push(format!("{path} was removed")),
        }
        if needed(new, name) && !needed(old, name) {
            reasons.push(format!("{path} became required"));
        }
    }
    for (key, mark) in [("items", "[*]"), ("additionalProperties", "{*}")] {
        if let (Some(Value::Object(old)), Some(Value::Object(new))) = (old.get(key), new.get(key)) {
            breaking(old, new, &format!("{path}{mark}"), reasons);
        }
    }
}
