//! What each type of descriptor must say.

use serde_json::Value;

use super::{
    Document, Kind, Registry, Resource,
    descriptors::text,
    error::XdmError,
    resolve::{field_at, xdm_type},
};
use crate::platform::namespaces::Namespaces;

/// Labels that one schema may have.
const MAX_LABELS: usize = 300;

/// What descriptors may say.
const KEYS: [&str; 24] = [
    "@type",
    "xdm:sourceSchema",
    "xdm:sourceVersion",
    "xdm:sourceProperty",
    "xdm:namespace",
    "xdm:property",
    "xdm:isPrimary",
    "xdm:identityNamespace",
    "xdm:destinationSchema",
    "xdm:destinationVersion",
    "xdm:destinationProperty",
    "xdm:destinationNamespace",
    "xdm:cardinality",
    "xdm:sourceToDestinationName",
    "xdm:sourceToDestinationTitle",
    "xdm:destinationToSourceName",
    "xdm:destinationToSourceTitle",
    "xdm:labels",
    "xdm:excludeProperty",
    "xdm:title",
    "xdm:description",
    "xdm:excludeMetaEnum",
    "meta:enum",
    "meta:excludeMetaEnum",
];

/// A descriptor that is to be stored, with what it is about.
struct Draft<'a> {
    body: &'a Document,
    /// The `@id` of the descriptor it replaces.
    replaces: Option<&'a str>,
    source: &'a Resource,
    /// The source with all references followed.
    tree: Document,
}

/// A path, the field there, and whether it is required.
type Property<'a> = (String, &'a Document, bool);

fn refuse<T>(why: impl Into<String>) -> Result<T, XdmError> {
    Err(XdmError::invalid(why))
}

impl Registry {
    /// Checks a descriptor against its type's rules.
    pub(super) fn check_descriptor(
        &self,
        body: &Document,
        replaces: Option<&str>,
        namespaces: &Namespaces,
    ) -> Result<(), XdmError> {
        if let Some(key) = body.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return refuse(format!("{key} is not a member of a descriptor"));
        }
        let id = text(body, "xdm:sourceSchema");
        let Some(source) = self.find(id) else {
            return refuse(format!("The schema {id} in xdm:sourceSchema is not found"));
        };
        let kind = text(body, "@type");
        // Labels and friendly names are also set on the parts of schemas.
        let of_parts =
            matches!(kind, "xdm:descriptorLabel" | "xdm:alternateDisplayInfo" | "xdm:descriptorDeprecated");
        if source.kind != Kind::Schema && !of_parts {
            return refuse(format!("xdm:sourceSchema {id} is not a schema"));
        }
        let keys =
            matches!(kind, "xdm:descriptorPrimaryKey" | "xdm:descriptorVersion" | "xdm:descriptorTimestamp");
        match body.get("xdm:sourceVersion") {
            Some(version) if *version == 1 || version == "1" => {}
            None if keys => {}
            _ => return refuse("xdm:sourceVersion must be 1"),
        }
        let draft = Draft { body, replaces, source, tree: self.resolved(&source.document)? };
        match kind {
            "xdm:descriptorIdentity" => self.check_identity(&draft, namespaces),
            "xdm:descriptorReferenceIdentity" => self.check_reference(&draft, namespaces),
            "xdm:descriptorOneToOne" => self.check_one_to_one(&draft),
            "xdm:descriptorRelationship" => self.check_relationship(&draft),
            "xdm:descriptorPrimaryKey" => self.check_primary_key(&draft),
            "xdm:descriptorVersion" => self.check_version(&draft),
            "xdm:descriptorTimestamp" => self.check_timestamp(&draft),
            "xdm:descriptorLabel" => self.check_label(&draft),
            "xdm:alternateDisplayInfo" | "xdm:descriptorDeprecated" => draft.properties().map(|_| ()),
            _ => refuse(format!("{kind} is not a type of descriptor")),
        }?;
        self.check_unique(&draft)
    }

    /// Descriptors of a type on the same resource, without the one that is replaced.
    fn others<'a>(&'a self, draft: &'a Draft<'_>, kind: &'a str) -> impl Iterator<Item = &'a Document> {
        self.descriptors.iter().filter(move |known| {
            text(known, "@type") == kind
                && text(known, "xdm:sourceSchema") == draft.source.id()
                && Some(text(known, "@id")) != draft.replaces
        })
    }

    fn check_unique(&self, draft: &Draft<'_>) -> Result<(), XdmError> {
        let kind = text(draft.body, "@type");
        let same = |known: &&Document| {
            ["xdm:sourceProperty", "xdm:destinationSchema"]
                .iter()
                .all(|key| known.get(*key) == draft.body.get(*key))
        };
        match self.others(draft, kind).find(same) {
            Some(known) => refuse(format!(
                "A descriptor of the type {kind} already exists for this property: {}",
                text(known, "@id")
            )),
            None => Ok(()),
        }
    }

    fn check_identity(&self, draft: &Draft<'_>, namespaces: &Namespaces) -> Result<(), XdmError> {
        let (field, _) = draft.property()?;
        if xdm_type(field) != "string" {
            return refuse("An identity must be a string");
        }
        let by_id = match text(draft.body, "xdm:property") {
            "xdm:code" => false,
            "xdm:id" => true,
            _ => return refuse("xdm:property must be xdm:code or xdm:id"),
        };
        check_namespace(draft.body.get("xdm:namespace"), by_id, namespaces)?;
        let primary = match draft.body.get("xdm:isPrimary") {
            None => false,
            Some(Value::Bool(primary)) => *primary,
            Some(_) => return refuse("xdm:isPrimary must be true or false"),
        };
        let mut others = self.others(draft, "xdm:descriptorIdentity");
        if primary && others.any(|known| known.get("xdm:isPrimary") == Some(&Value::Bool(true))) {
            return refuse("A schema can have only one primary identity");
        }
        Ok(())
    }

    fn check_reference(&self, draft: &Draft<'_>, namespaces: &Namespaces) -> Result<(), XdmError> {
        let (field, _) = draft.property()?;
        check_reference_type(field)?;
        let namespace = draft.body.get("xdm:identityNamespace");
        check_namespace(namespace, false, namespaces)?;
        let primary = |known: &&Document| {
            text(known, "@type") == "xdm:descriptorIdentity"
                && known.get("xdm:isPrimary") == Some(&Value::Bool(true))
                && known.get("xdm:namespace") == namespace
        };
        if !self.descriptors.iter().any(|known| primary(&known)) {
            return refuse(
                "The referenced schema needs a primary identity in this namespace before it can be referred to",
            );
        }
        self.check_not_own_identity(draft)
    }

    /// A schema's own primary identity refers to nothing else.
    fn check_not_own_identity(&self, draft: &Draft<'_>) -> Result<(), XdmError> {
        let own = self.primary_identity(draft.source.id());
        if own.is_some_and(|own| own.get("xdm:sourceProperty") == draft.body.get("xdm:sourceProperty")) {
            return refuse("The primary identity of a schema cannot be the source of a relationship");
        }
        Ok(())
    }

    /// The schema at the other end of a relationship, with its tree.
    fn destination(&self, draft: &Draft<'_>) -> Result<(&Resource, Document), XdmError> {
        let id = text(draft.body, "xdm:destinationSchema");
        let Some(schema) = self.schema(id) else {
            return refuse(format!("The schema {id} in xdm:destinationSchema is not found"));
        };
        match draft.body.get("xdm:destinationVersion") {
            None => {}
            Some(version) if *version == 1 || version == "1" => {}
            Some(_) => return refuse("xdm:destinationVersion must be 1"),
        }
        Ok((schema, self.resolved(&schema.document)?))
    }

    fn check_one_to_one(&self, draft: &Draft<'_>) -> Result<(), XdmError> {
        let (field, _) = draft.property()?;
        check_reference_type(field)?;
        let (schema, tree) = self.destination(draft)?;
        if !draft.body.contains_key("xdm:destinationVersion") {
            return refuse("xdm:destinationVersion must be 1");
        }
        if draft.source.is_relational() || schema.is_relational() {
            return refuse("Relationships of relational schemas are of the type xdm:descriptorRelationship");
        }
        if let Some(property) = draft.body.get("xdm:destinationProperty") {
            find(&tree, property.as_str().unwrap_or_default(), "xdm:destinationProperty")?;
        }
        if self.primary_identity(schema.id()).is_none() {
            return refuse(format!("The schema {} has no primary identity to be referred to", schema.id()));
        }
        self.check_not_own_identity(draft)
    }

    fn check_relationship(&self, draft: &Draft<'_>) -> Result<(), XdmError> {
        let (field, _) = draft.property()?;
        if draft.source.is_relational() && text(draft.body, "xdm:sourceProperty").matches('/').count() != 1 {
            return refuse("The source of a relationship of a relational schema lies at the root");
        }
        if !matches!(text(draft.body, "xdm:cardinality"), "1:1" | "1:0" | "M:1" | "M:0") {
            return refuse("xdm:cardinality must be 1:1, 1:0, M:1 or M:0");
        }
        let (schema, tree) = self.destination(draft)?;
        let key = self.descriptors.iter().find(|known| {
            text(known, "@type") == "xdm:descriptorPrimaryKey"
                && text(known, "xdm:sourceSchema") == schema.id()
        });
        let property = match (draft.body.get("xdm:destinationProperty"), key) {
            (Some(property), _) => property.as_str().unwrap_or_default(),
            (None, Some(key)) => {
                let first = key.get("xdm:sourceProperty");
                let first = first.map(|paths| paths.get(0).unwrap_or(paths)).and_then(Value::as_str);
                first.unwrap_or_default()
            }
            (None, None) if !schema.is_relational() => return Ok(()),
            (None, None) => {
                return refuse(format!(
                    "The schema {} has no primary key and xdm:destinationProperty is not given",
                    schema.id()
                ));
            }
        };
        let (target, _) = find(&tree, property, "xdm:destinationProperty")?;
        let (from, to) = (xdm_type(field), xdm_type(target));
        if from != to {
            return refuse(format!("The types of both fields are not compatible: {from}, {to}"));
        }
        Ok(())
    }

    fn check_key_of_relational(&self, draft: &Draft<'_>) -> Result<(), XdmError> {
        if !draft.source.is_relational() {
            return refuse("Keys, versions and timestamps are for relational schemas");
        }
        if self.others(draft, text(draft.body, "@type")).next().is_some() {
            return refuse("The schema already has such a descriptor");
        }
        Ok(())
    }

    fn check_primary_key(&self, draft: &Draft<'_>) -> Result<(), XdmError> {
        self.check_key_of_relational(draft)?;
        let fields = draft.properties()?;
        for (path, _, required) in &fields {
            if path.matches('/').count() != 1 {
                return refuse("A primary key lies at the root");
            }
            if !required {
                return refuse(format!("The field {path} of the primary key must be required"));
            }
        }
        let names = |key: &str| fields.iter().any(|(path, _, _)| path == key);
        if self.others(draft, "xdm:descriptorVersion").any(|known| names(text(known, "xdm:sourceProperty"))) {
            return refuse("The primary key and the version must be different fields");
        }
        if self
            .others(draft, "xdm:descriptorTimestamp")
            .any(|known| !names(text(known, "xdm:sourceProperty")))
        {
            return refuse("The primary key of a time series must include the timestamp");
        }
        Ok(())
    }

    /// Whether a field is part of the schema's primary key; nothing when it has none.
    fn in_key(&self, draft: &Draft<'_>) -> Option<bool> {
        let key = self.others(draft, "xdm:descriptorPrimaryKey").next()?.get("xdm:sourceProperty")?;
        let property = draft.body.get("xdm:sourceProperty")?;
        Some(key == property || key.as_array().is_some_and(|paths| paths.contains(property)))
    }

    fn check_version(&self, draft: &Draft<'_>) -> Result<(), XdmError> {
        self.check_key_of_relational(draft)?;
        let (_, required) = draft.property()?;
        if !required {
            return refuse("The version must be a required field");
        }
        if self.in_key(draft) == Some(true) {
            return refuse("The primary key and the version must be different fields");
        }
        Ok(())
    }

    fn check_timestamp(&self, draft: &Draft<'_>) -> Result<(), XdmError> {
        self.check_key_of_relational(draft)?;
        let (field, required) = draft.property()?;
        if !required || xdm_type(field) != "date-time" {
            return refuse("The timestamp must be a required field of the type date-time");
        }
        if draft.source.text("meta:behaviorType") != "time-series" {
            return refuse("Only time series have a timestamp");
        }
        if self.in_key(draft) == Some(false) {
            return refuse("The primary key of a time series must include the timestamp");
        }
        Ok(())
    }

    fn check_label(&self, draft: &Draft<'_>) -> Result<(), XdmError> {
        draft.property()?;
        if text(draft.body, "xdm:sourceProperty") == format!("/_{}", self.tenant) {
            return refuse("The tenant namespace object cannot be labelled; label the fields below it");
        }
        let labels = draft.body.get("xdm:labels").and_then(Value::as_array);
        let labels = labels.filter(|labels| !labels.is_empty() && labels.iter().all(Value::is_string));
        let Some(labels) = labels else {
            return refuse("xdm:labels must be a list of labels");
        };
        let others = self.others(draft, "xdm:descriptorLabel");
        let count = |known: &Document| known.get("xdm:labels").and_then(Value::as_array).map_or(0, Vec::len);
        if others.map(count).sum::<usize>() + labels.len() > MAX_LABELS {
            return refuse(format!("A schema cannot have more than {MAX_LABELS} labels"));
        }
        Ok(())
    }
}

impl Draft<'_> {
    /// The one field that the descriptor is about, and whether it is required.
    fn property(&self) -> Result<(&Document, bool), XdmError> {
        match self.body.get("xdm:sourceProperty") {
            Some(Value::String(path)) => find(&self.tree, path, "xdm:sourceProperty"),
            _ => refuse("xdm:sourceProperty is required"),
        }
    }

    /// The fields that the descriptor is about: one, or an array of them.
    fn properties(&self) -> Result<Vec<Property<'_>>, XdmError> {
        let paths: Vec<&Value> = match self.body.get("xdm:sourceProperty") {
            Some(Value::Array(paths)) if !paths.is_empty() => paths.iter().collect(),
            Some(path @ Value::String(_)) => vec![path],
            _ => return refuse("xdm:sourceProperty is required"),
        };
        let one = |path: &&Value| {
            let path = path.as_str().unwrap_or_default();
            let (field, required) = find(&self.tree, path, "xdm:sourceProperty")?;
            Ok((path.to_owned(), field, required))
        };
        paths.iter().map(one).collect()
    }
}

fn find<'a>(tree: &'a Document, path: &str, key: &str) -> Result<(&'a Document, bool), XdmError> {
    if !path.starts_with('/') || path.ends_with('/') {
        return refuse(format!("{key} must begin with a slash and not end with one"));
    }
    let found = field_at(tree, path);
    found.ok_or_else(|| XdmError::invalid(format!("The property {path} in {key} is not found in the schema")))
}

fn check_namespace(name: Option<&Value>, by_id: bool, namespaces: &Namespaces) -> Result<(), XdmError> {
    match name {
        Some(name) if namespaces.knows(name, by_id) => Ok(()),
        _ => refuse("The identity namespace is not found"),
    }
}

/// Relationships start at strings and at arrays of strings.
fn check_reference_type(field: &Document) -> Result<(), XdmError> {
    let items = field.get("items").and_then(Value::as_object);
    match (xdm_type(field).as_str(), items.map(xdm_type).as_deref()) {
        ("string", _) | ("array", Some("string")) => Ok(()),
        _ => refuse("The source of a relationship must be a string or an array of strings"),
    }
}
