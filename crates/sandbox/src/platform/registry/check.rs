//! Whether a class, field group, data type or schema may be as it is written.

use serde_json::{Map, Value};

use super::{Document, Kind, RELATIONAL, Registry, Resource, error::XdmError, fields::is_name};
use crate::platform::options::Titles;

/// What a resource may have at its top besides `meta:…`.
const TOP: [&str; 14] = [
    "$id",
    "$schema",
    "version",
    "imsOrg",
    "refs",
    "required",
    "type",
    "title",
    "description",
    "definitions",
    "properties",
    "items",
    "allOf",
    "additionalProperties",
];

impl Registry {
    /// Checks a document that is to be stored. `id` is that of the resource it replaces.
    pub(super) fn check(&self, kind: Kind, document: &Document, id: Option<&str>) -> Result<(), XdmError> {
        let text = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default();
        let unknown = document.keys().find(|key| !TOP.contains(&key.as_str()) && !key.starts_with("meta:"));
        if let Some(key) = unknown {
            return Err(XdmError::invalid(format!("{key} is not a keyword that the registry knows")));
        }
        if text("title").trim().is_empty() {
            return Err(XdmError::invalid("title is required"));
        }
        match (text("type"), kind) {
            ("object", _) | ("array", Kind::DataType) => {}
            _ => return Err(XdmError::invalid("type is required and must be object")),
        }
        if matches!(kind, Kind::Class | Kind::Schema) {
            if !document.get("description").is_some_and(Value::is_string) {
                return Err(XdmError::invalid("description is required"));
            }
            if !document.get("allOf").is_some_and(Value::is_array) {
                return Err(XdmError::invalid("allOf is required"));
            }
        }
        self.check_title(kind, text("title"), id)?;
        let resource = Resource { kind, document: document.clone() };
        match kind {
            Kind::Schema if resource.is_relational() => self.check_relational(&resource),
            Kind::Schema => self.check_schema(&resource),
            Kind::Class => self.check_class(&resource),
            Kind::FieldGroup => self.check_field_group(&resource),
            Kind::DataType => self.check_data_type(&resource),
            Kind::Behavior => Err(XdmError::method_not_allowed()),
        }?;
        // What refers to nothing, or to itself, shows here.
        self.resolved(document).map(|_| ())
    }

    fn check_title(&self, kind: Kind, title: &str, id: Option<&str>) -> Result<(), XdmError> {
        let same = self.own.iter().find(|known| {
            known.text("title") == title
                && Some(known.id()) != id
                && (known.kind == kind || self.titles == Titles::DifferEverywhere)
        });
        match same {
            None => Ok(()),
            Some(known) => Err(XdmError::new(
                400,
                1521,
                "Title not unique",
                format!(
                    "Object titles must be unique. An object {} already exists with the same title",
                    known.id()
                ),
            )),
        }
    }

    /// The parts of `allOf`: `$id`s, and names of local definitions.
    fn parts<'a>(&self, resource: &'a Resource) -> Result<Vec<&'a str>, XdmError> {
        let parts = resource.document.get("allOf").and_then(Value::as_array).into_iter().flatten();
        parts
            .map(|part| {
                let reference = part.get("$ref").and_then(Value::as_str);
                reference.ok_or_else(|| XdmError::invalid("each entry of allOf needs a $ref"))
            })
            .collect()
    }

    fn check_schema(&self, schema: &Resource) -> Result<(), XdmError> {
        for key in ["properties", "definitions"] {
            if schema.document.contains_key(key) {
                return Err(XdmError::invalid(format!(
                    "A schema has no {key} of its own: its fields come from a class and field groups"
                )));
            }
        }
        let (mut class, mut groups) = (None, Vec::new());
        for id in self.parts(schema)? {
            let part = self.find(id).ok_or_else(|| {
                XdmError::invalid(format!("The referenced resource {id} in allOf is not found"))
            })?;
            match part.kind {
                Kind::Class if class.is_none() => class = Some(part),
                Kind::Class => return Err(XdmError::invalid("A schema can have only one class")),
                Kind::FieldGroup if groups.iter().any(|known: &&Resource| known.id() == id) => {
                    return Err(XdmError::invalid(format!("The field group {id} is there twice")));
                }
                Kind::FieldGroup => groups.push(part),
                _ => return Err(XdmError::invalid(format!("{id} is neither a class nor a field group"))),
            }
        }
        let class = class.ok_or_else(|| XdmError::invalid("allOf must reference the class of the schema"))?;
        for group in groups {
            let mut intended = group.list("meta:intendedToExtend").peekable();
            // An empty list, as some of Adobe's field groups have it, shuts nothing out.
            if intended.peek().is_some() && !intended.any(|id| id == class.id()) {
                return Err(XdmError::invalid(format!(
                    "The field group {} is not compatible with the class {}",
                    group.id(),
                    class.id()
                )));
            }
        }
        Ok(())
    }

    fn check_relational(&self, schema: &Resource) -> Result<(), XdmError> {
        if schema.list("meta:extends").any(|id| id != RELATIONAL) {
            return Err(XdmError::invalid("A relational schema extends nothing else"));
        }
        if !matches!(schema.text("meta:behaviorType"), "record" | "time-series") {
            return Err(XdmError::invalid(
                "meta:behaviorType of a relational schema is record or time-series",
            ));
        }
        let parts = self.parts(schema)?;
        if parts.is_empty() || parts.iter().any(|part| !part.starts_with("#/definitions/")) {
            return Err(XdmError::invalid(
                "allOf of a relational schema refers to its own definitions, not to classes or field groups",
            ));
        }
        let fields = self.own_fields(schema, &parts)?;
        self.check_fields(&fields, "")
    }

    fn check_class(&self, class: &Resource) -> Result<(), XdmError> {
        let parts = self.parts(class)?;
        let (local, external): (Vec<&str>, Vec<&str>) =
            parts.into_iter().partition(|part| part.starts_with('#'));
        let mut behaviors = 0;
        for id in external {
            match self.find(id).map(|part| part.kind) {
                Some(Kind::Behavior) => behaviors += 1,
                Some(Kind::FieldGroup) => {}
                Some(_) => return Err(XdmError::invalid(format!("A class cannot be made of {id}"))),
                None => return Err(XdmError::invalid(format!("The referenced resource {id} is not found"))),
            }
        }
        if behaviors != 1 {
            return Err(XdmError::invalid("allOf of a class must reference one behavior"));
        }
        let fields = self.own_fields(class, &local)?;
        self.check_custom(&fields)
    }

    fn check_field_group(&self, group: &Resource) -> Result<(), XdmError> {
        if !group.document.get("meta:intendedToExtend").is_some_and(Value::is_array) {
            return Err(XdmError::invalid("meta:intendedToExtend is required"));
        }
        for id in group.list("meta:intendedToExtend") {
            if !self.find(id).is_some_and(|known| matches!(known.kind, Kind::Class | Kind::Behavior)) {
                return Err(XdmError::invalid(format!(
                    "The class {id} in meta:intendedToExtend is not found"
                )));
            }
        }
        let parts = self.parts(group)?;
        let (local, external): (Vec<&str>, Vec<&str>) =
            parts.into_iter().partition(|part| part.starts_with('#'));
        for id in external {
            if !self.find(id).is_some_and(|known| known.kind == Kind::FieldGroup) {
                return Err(XdmError::invalid(format!("The referenced field group {id} is not found")));
            }
        }
        let fields = self.own_fields(group, &local)?;
        if fields.is_empty() {
            return Err(XdmError::invalid("The field group has no fields"));
        }
        self.check_custom(&fields)
    }

    fn check_data_type(&self, data_type: &Resource) -> Result<(), XdmError> {
        let document = &data_type.document;
        if data_type.text("type") == "array" {
            return match document.get("items") {
                Some(items) => self.check_field(items, "[*]"),
                None => Err(XdmError::invalid("A data type of type array needs items")),
            };
        }
        let parts = self.parts(data_type)?;
        let local: Vec<&str> = parts.into_iter().filter(|part| part.starts_with('#')).collect();
        let fields = self.own_fields(data_type, &local)?;
        if fields.is_empty() {
            return Err(XdmError::invalid("The data type has no fields"));
        }
        self.check_required(document, &fields)?;
        self.check_fields(&fields, "")
    }

    /// Custom fields lie below the tenant's name.
    fn check_custom(&self, fields: &Document) -> Result<(), XdmError> {
        let tenant = format!("_{}", self.tenant);
        for (name, field) in fields {
            let inner = field.get("properties").and_then(Value::as_object);
            match inner.filter(|_| *name == tenant) {
                Some(inner) => self.check_fields(inner, &format!("/{tenant}"))?,
                None => return Err(XdmError::namespace(&self.tenant)),
            }
        }
        Ok(())
    }

    fn check_required(&self, document: &Document, fields: &Document) -> Result<(), XdmError> {
        for name in document.get("required").and_then(Value::as_array).into_iter().flatten() {
            if name.as_str().is_none_or(|name| !fields.contains_key(name)) {
                return Err(XdmError::invalid("a required field is not among the properties"));
            }
        }
        Ok(())
    }

    /// The fields that a resource itself defines: its properties, and the definitions that `allOf` names.
    fn own_fields(&self, resource: &Resource, local: &[&str]) -> Result<Document, XdmError> {
        let document = &resource.document;
        let mut fields = Map::new();
        for part in local {
            let name = part.strip_prefix("#/definitions/").unwrap_or_default();
            let definition = document.get("definitions").and_then(|all| all.get(name)?.as_object());
            let missing = || XdmError::invalid(format!("The definition {part} in allOf is not found"));
            let definition = definition.ok_or_else(missing)?;
            let own = definition.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
            self.check_required(definition, &own)?;
            fields.extend(own);
        }
        let unused =
            document.get("definitions").and_then(Value::as_object).into_iter().flatten().find(|(name, _)| {
                !local.contains(&format!("#/definitions/{name}").as_str()) && is_name(name)
            });
        if let Some((name, _)) = unused {
            return Err(XdmError::invalid(format!("The definition {name} is not named in allOf")));
        }
        if let Some(Value::Object(more)) = document.get("properties") {
            fields.extend(more.clone());
        }
        Ok(fields)
    }
}
