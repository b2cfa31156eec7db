//! An XDM schema: which destinations exist and of what type they are.

use crate::expr::{Path, Segment};
use crate::functions::nearest;
use crate::regex::Pattern;
use crate::sets::mapping_set::XdmType;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Deepest nesting that is read.
const MAX_DEPTH: u32 = 64;

/// Most fields that are read: references can make a small document grow without end.
const MAX_FIELDS: u32 = 50_000;

/// An XDM schema, as the Schema Registry gives it in its resolved form
/// (`Accept: application/vnd.adobe.xed-full+json; version=1`).
///
/// ```
/// use dataprep::{CompileOptions, MappingSet, Plan, Schema};
///
/// let schema = Schema::from_json(r#"{"type":"object","properties":{
///     "_id":{"type":"string"},"order":{"type":"object","properties":{"total":{"type":"number"}}}}}"#)?;
/// let set = MappingSet::from_json(r#"{"mappings":[{"source":"t","destination":"order.totl"}]}"#)?;
/// let options = CompileOptions { schema: Some(&schema), ..CompileOptions::default() };
/// let error = Plan::compile(&set, options).unwrap_err();
/// assert_eq!(error.problems[0].message, "the schema has no field order.totl; did you mean total?");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Schema {
    pub(crate) root: Arc<Node>,
}

/// Why a text is not a schema that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the schema cannot be read{}: {message}", .path.as_ref().map_or_else(String::new, |path| format!(", at {path}")))]
pub struct SchemaError {
    /// The field, when it is about one.
    pub path: Option<String>,
    /// What is wrong and what to do.
    pub message: String,
}

/// A field, or the record itself.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) shape: Shape,
    /// Members that must be there.
    pub(crate) required: Vec<String>,
    /// The only values allowed; empty when any is.
    pub(crate) allowed: Vec<Json>,
    pub(crate) minimum: Option<serde_json::Number>,
    pub(crate) maximum: Option<serde_json::Number>,
    /// A regular expression that must match somewhere in the text, or why it cannot be used.
    pub(crate) pattern: Option<Result<Pattern, String>>,
}

/// What a field holds.
#[derive(Debug)]
pub(crate) enum Shape {
    /// The schema does not say.
    Any,
    Scalar(XdmType),
    Object(BTreeMap<String, Arc<Node>>),
    Map(Arc<Node>),
    Array(Arc<Node>),
}

impl Schema {
    /// Reads a schema. References to other documents are refused: ask for the resolved form.
    pub fn from_json(text: &str) -> Result<Self, SchemaError> {
        let fail = |message: String| SchemaError { path: None, message };
        let document: Json = serde_json::from_str(text).map_err(|error| fail(error.to_string()))?;
        let mut reader = Reader { document: &document, fields: 0, path: Vec::new() };
        match reader.node(&document, 0) {
            Ok(root) if matches!(root.shape, Shape::Object(_)) => Ok(Self { root: Arc::new(root) }),
            Ok(_) => Err(fail("expected an object with `properties` (or `allOf`)".to_owned())),
            Err(message) => {
                let path = (!reader.path.is_empty()).then(|| reader.path.join("."));
                Err(SchemaError { path, message })
            }
        }
    }

    /// Every field that holds a value, as destinations are written, with its type's name.
    pub fn leaves(&self) -> Vec<(String, &'static str)> {
        let mut leaves = Vec::new();
        leaves_of(&self.root, &mut Path { segments: Vec::new() }, &mut leaves);
        leaves
    }

    /// The field of a destination, or what is wrong with it.
    pub(crate) fn find(&self, path: &Path) -> Result<&Arc<Node>, String> {
        let mut at = &self.root;
        for (index, segment) in path.segments.iter().enumerate() {
            let so_far = || Path { segments: path.segments.iter().take(index).cloned().collect() };
            at = match (&at.shape, segment) {
                (Shape::Any, _) => return Ok(at),
                (Shape::Object(fields), Segment::Name(name)) => fields.get(name).ok_or_else(|| {
                    let hint = nearest(name, fields.keys().map(String::as_str))
                        .map_or_else(String::new, |near| format!("; did you mean {near}?"));
                    let mut missing = so_far();
                    missing.segments.push(segment.clone());
                    format!("the schema has no field {missing}{hint}")
                })?,
                (Shape::Map(values), Segment::Name(_) | Segment::EachValue) => values,
                (Shape::Map(_), Segment::Rest) => return Ok(at),
                (Shape::Array(items), Segment::Index(_) | Segment::Each) => items,
                (Shape::Array(_), _) => {
                    let place = so_far();
                    return Err(format!("{place} is an array: write {place}[0] or {place}[*]"));
                }
                (_, Segment::Name(name)) => {
                    return Err(format!("{} is {} and has no member {name}", so_far(), at.shape.kind_name()));
                }
                (_, Segment::Index(_) | Segment::Each) => {
                    return Err(format!("{} is {}, not an array", so_far(), at.shape.kind_name()));
                }
                (_, other) => {
                    let kind = at.shape.kind_name();
                    return Err(format!("{} is {kind}: {other} is for maps only", so_far()));
                }
            };
        }
        Ok(at)
    }
}

impl Node {
    /// A field of a type that a mapping names.
    pub(crate) fn of_type(named: XdmType) -> Self {
        let scalar = |of| Arc::new(Self::of_type(of));
        let shape = match named {
            XdmType::MapOfStrings => Shape::Map(scalar(XdmType::String)),
            XdmType::MapOfIntegers => Shape::Map(scalar(XdmType::Long)),
            XdmType::ArrayOfStrings => Shape::Array(scalar(XdmType::String)),
            other => Shape::Scalar(other),
        };
        let (required, allowed) = (Vec::new(), Vec::new());
        Self { shape, required, allowed, minimum: None, maximum: None, pattern: None }
    }
}

impl Shape {
    /// What it is called in messages.
    pub(crate) fn kind_name(&self) -> &'static str {
        match self {
            Shape::Any => "anything",
            Shape::Scalar(XdmType::String) => "text",
            Shape::Scalar(XdmType::Number) => "a number",
            Shape::Scalar(XdmType::Integer | XdmType::Long) => "a whole number",
            Shape::Scalar(XdmType::Boolean) => "a boolean",
            Shape::Scalar(XdmType::Date) => "a date",
            Shape::Scalar(XdmType::DateTime) => "a date-time",
            Shape::Object(_) => "an object",
            Shape::Map(_) | Shape::Scalar(XdmType::MapOfStrings | XdmType::MapOfIntegers) => "a map",
            Shape::Array(_) | Shape::Scalar(XdmType::ArrayOfStrings) => "an array",
        }
    }

    /// The one of the types that mappings can name, when there is one.
    pub(crate) fn xdm_type(&self) -> Option<XdmType> {
        match self {
            Shape::Scalar(found) => Some(*found),
            Shape::Map(values) => match values.shape {
                Shape::Scalar(XdmType::String) => Some(XdmType::MapOfStrings),
                Shape::Scalar(XdmType::Integer | XdmType::Long) => Some(XdmType::MapOfIntegers),
                _ => None,
            },
            Shape::Array(items) => match items.shape {
                Shape::Scalar(XdmType::String) => Some(XdmType::ArrayOfStrings),
                _ => None,
            },
            Shape::Any | Shape::Object(_) => None,
        }
    }
}

/// Depth is bounded by [`Reader`].
fn leaves_of(node: &Node, path: &mut Path, leaves: &mut Vec<(String, &'static str)>) {
    let (inner, last) = match &node.shape {
        Shape::Object(fields) => {
            for (name, field) in fields {
                path.segments.push(Segment::Name(name.clone()));
                leaves_of(field, path, leaves);
                path.segments.pop();
            }
            return;
        }
        Shape::Map(values) => (values, Segment::EachValue),
        Shape::Array(items) => (items, Segment::Each),
        Shape::Any | Shape::Scalar(_) => {
            leaves.push((path.to_string(), node.shape.kind_name()));
            return;
        }
    };
    path.segments.push(last);
    leaves_of(inner, path, leaves);
    path.segments.pop();
}

/// One reading of a document.
struct Reader<'d> {
    document: &'d Json,
    fields: u32,
    /// Where the reader is; stays there when it fails.
    path: Vec<String>,
}

/// What a schema, its `allOf` and its references say together.
#[derive(Default)]
struct Parts<'d> {
    kind: Option<&'d str>,
    format: Option<&'d str>,
    xdm_type: Option<&'d str>,
    properties: BTreeMap<&'d str, Vec<&'d Json>>,
    additional: Option<&'d Json>,
    items: Option<&'d Json>,
    required: Vec<String>,
    allowed: Vec<Json>,
    minimum: Option<serde_json::Number>,
    maximum: Option<serde_json::Number>,
    pattern: Option<&'d str>,
}

impl<'d> Reader<'d> {
    fn node(&mut self, schema: &'d Json, depth: u32) -> Result<Node, String> {
        self.all(&[schema], depth)
    }

    /// The field that several schemas describe together.
    fn all(&mut self, schemas: &[&'d Json], depth: u32) -> Result<Node, String> {
        let mut parts = Parts::default();
        for schema in schemas {
            self.gather(schema, depth, &mut parts)?;
        }
        let shape = self.shape(&parts, depth)?;
        Ok(Node {
            shape,
            required: parts.required,
            allowed: parts.allowed,
            minimum: parts.minimum,
            maximum: parts.maximum,
            pattern: parts.pattern.map(Pattern::compile),
        })
    }

    fn gather(&mut self, schema: &'d Json, depth: u32, parts: &mut Parts<'d>) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!("nested deeper than {MAX_DEPTH} levels; does a definition refer to itself?"));
        }
        self.fields += 1;
        if self.fields > MAX_FIELDS {
            return Err(format!("more than {MAX_FIELDS} fields; does a definition refer to itself?"));
        }
        let Json::Object(schema) = schema else {
            return Err("expected an object that describes a field".to_owned());
        };
        if let Some(Json::String(reference)) = schema.get("$ref") {
            let target = self.local(reference)?;
            self.gather(target, depth + 1, parts)?;
        }
        if let Some(Json::Array(all)) = schema.get("allOf") {
            for part in all {
                self.gather(part, depth + 1, parts)?;
            }
        }
        let text = |name: &str| schema.get(name).and_then(Json::as_str);
        parts.kind = kind(schema).or(parts.kind);
        parts.format = text("format").or(parts.format);
        parts.xdm_type = text("meta:xdmType").or(parts.xdm_type);
        if let Some(Json::Object(properties)) = schema.get("properties") {
            for (name, field) in properties {
                parts.properties.entry(name).or_default().push(field);
            }
        }
        parts.additional = schema.get("additionalProperties").or(parts.additional);
        parts.items = schema.get("items").or(parts.items);
        if let Some(Json::Array(names)) = schema.get("required") {
            parts.required.extend(names.iter().filter_map(Json::as_str).map(str::to_owned));
        }
        if let Some(Json::Array(values)) = schema.get("enum") {
            parts.allowed.clone_from(values);
        }
        let bound = |name: &str| schema.get(name).and_then(Json::as_number).cloned();
        parts.minimum = bound("minimum").or(parts.minimum.take());
        parts.maximum = bound("maximum").or(parts.maximum.take());
        parts.pattern = text("pattern").or(parts.pattern);
        Ok(())
    }

    fn shape(&mut self, parts: &Parts<'d>, depth: u32) -> Result<Shape, String> {
        if depth > MAX_DEPTH {
            return Err(format!("nested deeper than {MAX_DEPTH} levels"));
        }
        if !parts.properties.is_empty() {
            let mut fields = BTreeMap::new();
            for (name, described) in &parts.properties {
                self.path.push((*name).to_owned());
                fields.insert((*name).to_owned(), Arc::new(self.all(described, depth + 1)?));
                self.path.pop();
            }
            return Ok(Shape::Object(fields));
        }
        let kind = parts.kind.or_else(|| {
            let composite = parts.items.map(|_| "array");
            composite.or(parts.additional.map(|_| "object"))
        });
        Ok(match (kind, parts.xdm_type, parts.format) {
            (Some("object"), ..) | (None, Some("map" | "object"), _) => match parts.additional {
                Some(values @ Json::Object(_)) => Shape::Map(Arc::new(self.node(values, depth + 1)?)),
                _ => Shape::Any,
            },
            (Some("array"), ..) => match parts.items {
                Some(items @ Json::Object(_)) => Shape::Array(Arc::new(self.node(items, depth + 1)?)),
                _ => Shape::Any,
            },
            (_, Some("date-time"), _) | (Some("string"), _, Some("date-time")) => {
                Shape::Scalar(XdmType::DateTime)
            }
            (_, Some("date"), _) | (Some("string"), _, Some("date")) => Shape::Scalar(XdmType::Date),
            (Some("string"), ..) | (None, Some("string"), _) => Shape::Scalar(XdmType::String),
            (Some("boolean"), ..) | (None, Some("boolean"), _) => Shape::Scalar(XdmType::Boolean),
            (Some("number"), ..) | (None, Some("number" | "double"), _) => Shape::Scalar(XdmType::Number),
            (_, Some("long"), _) => Shape::Scalar(XdmType::Long),
            (_, Some("int" | "integer" | "short" | "byte"), _) => Shape::Scalar(XdmType::Integer),
            (Some("integer"), ..) => Shape::Scalar(whole(parts)),
            (Some("null"), ..) | (None, ..) => Shape::Any,
            (Some(other), ..) => return Err(format!("{other} is not a type of XDM")),
        })
    }

    /// What `#/definitions/…` or `#/$defs/…` refers to.
    fn local(&self, reference: &str) -> Result<&'d Json, String> {
        let Some(pointer) = reference.strip_prefix('#') else {
            return Err(format!(
                "it refers to {reference}; ask the Schema Registry for the resolved form \
                 (Accept: application/vnd.adobe.xed-full+json; version=1)"
            ));
        };
        self.document.pointer(pointer).ok_or_else(|| format!("there is no {reference} in it"))
    }
}

/// The type of a schema; of several the first that is not null.
fn kind(schema: &Map<String, Json>) -> Option<&str> {
    match schema.get("type")? {
        Json::String(kind) => Some(kind),
        Json::Array(kinds) => kinds.iter().filter_map(Json::as_str).find(|kind| *kind != "null"),
        _ => None,
    }
}

/// Without `meta:xdmType` the bounds tell how wide a whole number is. Adobe's bounds of an `integer` are
/// those of 32 bits; with wider ones, or none, nothing that fits 64 bits is refused.
fn whole(parts: &Parts<'_>) -> XdmType {
    let within = |bound: &Option<serde_json::Number>| {
        bound.as_ref().and_then(serde_json::Number::as_i64).is_some_and(|b| b.unsigned_abs() <= 1 << 31)
    };
    if within(&parts.minimum) && within(&parts.maximum) { XdmType::Integer } else { XdmType::Long }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(schema: &Schema, path: &str) -> Result<&'static str, String> {
        schema.find(&Path::parse(path).unwrap()).map(|node| node.shape.kind_name())
    }

    const SCHEMA: &str = r##"{"type":"object",
        "definitions":{"own":{"properties":{"_acme":{"type":"object","properties":{
            "amount":{"type":"integer","meta:xdmType":"long"},"small":{"type":"integer","minimum":-128,"maximum":128},
            "when":{"type":"string","format":"date-time"},"day":{"type":"string","format":"date"},
            "items":{"type":"array","items":{"type":"object","properties":{"sku":{"type":"string"}}}},
            "free":{"type":"object"}}}}}},
        "properties":{"_id":{"type":["null","string"]},
            "identityMap":{"type":"object","additionalProperties":{"type":"array",
                "items":{"type":"object","properties":{"id":{"type":"string"},"primary":{"type":"boolean"}}}}}},
        "allOf":[{"$ref":"#/definitions/own"},
                 {"properties":{"_acme":{"type":"object","properties":{"more":{"type":"number"}}}}}]}"##;

    #[test]
    fn fields_are_found_through_references_and_all_of() {
        let schema = Schema::from_json(SCHEMA).unwrap();
        for (path, kind) in [
            ("_id", "text"),
            ("_acme.amount", "a whole number"),
            ("_acme.when", "a date-time"),
            ("_acme.day", "a date"),
            ("_acme.more", "a number"),
            ("_acme.items[*].sku", "text"),
            ("_acme.items[2]", "an object"),
            ("_acme.free.any.thing", "anything"),
            ("identityMap.Email[0].primary", "a boolean"),
        ] {
            assert_eq!(find(&schema, path).as_deref(), Ok(kind), "{path}");
        }
        assert_eq!(schema.leaves().len(), 10);
    }

    #[test]
    fn what_does_not_exist_is_named_with_its_neighbour() {
        let schema = Schema::from_json(SCHEMA).unwrap();
        for (path, message) in [
            ("_acme.amont", "the schema has no field _acme.amont; did you mean amount?"),
            ("_acme.items.sku", "_acme.items is an array: write _acme.items[0] or _acme.items[*]"),
            ("_id.x", "_id is text and has no member x"),
            ("_acme[0]", "_acme is an object, not an array"),
            ("_acme{*}.x", "_acme is an object: {*} is for maps only"),
        ] {
            assert_eq!(find(&schema, path), Err(message.to_owned()));
        }
    }

    #[test]
    fn bad_schemas_are_refused_and_none_hangs() {
        for (text, part) in [
            ("[]", "describes a field"),
            ("{}", "expected an object with"),
            (r#"{"properties":{"a":{"$ref":"https://ns.adobe.com/x"}}}"#, "at a: it refers to https://ns"),
            (r##"{"properties":{"a":{"$ref":"#/definitions/b"}}}"##, "there is no #/definitions/b"),
            (r##"{"properties":{"a":{"$ref":"#"}}}"##, "nested deeper than"),
            (r##"{"properties":{"a":{"$ref":"#"},"b":{"$ref":"#"},"c":{"$ref":"#"}}}"##, "refer to itself"),
            (r#"{"properties":{"a":{"type":"strnig"}}}"#, "strnig is not a type"),
        ] {
            let error = Schema::from_json(text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
