//! Documents of the registry, read leniently: it hands them out raw (`$ref` and `allOf` in place) or resolved,
//! and people and other programs build them in other ways than we do. What counts is which fields they give.

use super::step;
use crate::field::Shape;
use serde_json::{Map, Value};

/// Deepest nesting of references and `allOf` at one place.
const MAX_NESTING: usize = 16;
/// Most parts that together say what one place holds.
const MAX_PARTS: usize = 64;

/// A place in a document: everything that is said about it, wherever in the document that stands.
#[derive(Debug, Clone)]
pub struct Node<'a> {
    root: &'a Value,
    /// Each part and its JSON pointer.
    parts: Vec<(&'a Map<String, Value>, String)>,
}

/// What a place holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// Whatever another resource, named by its `$id`, holds.
    Reference(String),
    /// Named fields.
    Object,
    /// Any keys, one type of value.
    Map,
    /// A list.
    Array,
    /// A single value: XDM's name of its type.
    Scalar(&'static str),
    /// Nothing that could be understood.
    Unknown,
}

impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Type::Reference(id) => write!(f, "the data type {id}"),
            Type::Object => f.write_str("object"),
            Type::Map => f.write_str("map"),
            Type::Array => f.write_str("array"),
            Type::Scalar(name) => f.write_str(name),
            Type::Unknown => f.write_str("something without a type"),
        }
    }
}

impl<'a> Node<'a> {
    /// The whole document.
    pub fn new(document: &'a Value) -> Self {
        let mut node = Node { root: document, parts: Vec::new() };
        node.take(document, String::new(), 0);
        node
    }

    /// Adds a part and everything in the same document that it refers to.
    fn take(&mut self, value: &'a Value, pointer: String, nesting: usize) {
        let Value::Object(members) = value else { return };
        if nesting > MAX_NESTING || self.parts.len() >= MAX_PARTS {
            return;
        }
        let local = members.get("$ref").and_then(Value::as_str).and_then(|id| id.strip_prefix('#'));
        let all = members.get("allOf").and_then(Value::as_array);
        self.parts.push((members, pointer.clone()));
        if let Some(target) = local
            && let Some(value) = self.root.pointer(target)
        {
            self.take(value, target.to_owned(), nesting + 1);
        }
        for (at, value) in all.into_iter().flatten().enumerate() {
            self.take(value, format!("{pointer}/allOf/{at}"), nesting + 1);
        }
    }

    fn below(&self, key: &str) -> Option<Self> {
        let mut node = Node { root: self.root, parts: Vec::new() };
        for (part, pointer) in &self.parts {
            if let Some(value) = part.get(key) {
                node.take(value, format!("{pointer}/{key}"), 0);
            }
        }
        (!node.parts.is_empty()).then_some(node)
    }

    /// The names of the fields, each once, in no order that means anything.
    pub fn names(&self) -> Vec<&'a str> {
        let mut names: Vec<&str> = Vec::new();
        for (part, _) in &self.parts {
            for name in part.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::keys) {
                if !names.contains(&name.as_str()) {
                    names.push(name);
                }
            }
        }
        names
    }

    /// The field of a name.
    pub fn field(&self, name: &str) -> Option<Self> {
        let mut node = Node { root: self.root, parts: Vec::new() };
        for (part, pointer) in &self.parts {
            if let Some(value) = part.get("properties").and_then(|properties| properties.get(name)) {
                node.take(value, format!("{pointer}/properties/{}", step(name)), 0);
            }
        }
        (!node.parts.is_empty()).then_some(node)
    }

    /// The field of a name as it stands in the document.
    pub fn written(&self, name: &str) -> Option<&'a Value> {
        self.parts.iter().find_map(|(part, _)| part.get("properties")?.get(name))
    }

    /// What the elements of an array are.
    pub fn items(&self) -> Option<Self> {
        self.below("items")
    }

    /// What the values of a map are.
    pub fn values(&self) -> Option<Self> {
        self.below("additionalProperties")
    }

    /// A keyword's value, from the first part that has it.
    pub fn get(&self, key: &str) -> Option<&'a Value> {
        self.parts.iter().find_map(|(part, _)| part.get(key))
    }

    /// Names of fields that must be there.
    pub fn required(&self) -> Vec<&'a str> {
        let lists = self.parts.iter().filter_map(|(part, _)| part.get("required")?.as_array());
        lists.flatten().filter_map(Value::as_str).collect()
    }

    /// The other resources that this one is made of: what `allOf` names, in order.
    pub fn references(&self) -> Vec<&'a str> {
        let mut references = Vec::new();
        for (part, _) in &self.parts {
            let id = part.get("$ref").and_then(Value::as_str).filter(|id| !id.starts_with('#'));
            references.extend(id.filter(|id| !references.contains(id)));
        }
        references
    }

    /// What it holds.
    pub fn kind(&self) -> Type {
        // Fields of its own mean more than what it refers to: a resolved answer may keep the reference.
        if self.parts.iter().any(|(part, _)| part.contains_key("properties")) {
            return Type::Object;
        }
        if let Some(id) = self.references().first() {
            return Type::Reference((*id).to_owned());
        }
        let word = |key: &str| self.get(key).and_then(Value::as_str);
        let told = word("meta:xdmType");
        let kind = match self.get("type") {
            // A list of types: `null` is no type that XDM has.
            Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
            other => other.and_then(Value::as_str),
        };
        match kind.or(told) {
            Some("string") => Type::Scalar(match word("format") {
                Some("date") => "date",
                Some("date-time") => "date-time",
                _ => "string",
            }),
            Some("date") => Type::Scalar("date"),
            Some("date-time") => Type::Scalar("date-time"),
            Some("number" | "double") => Type::Scalar("number"),
            Some("boolean") => Type::Scalar("boolean"),
            Some(whole @ ("integer" | "int" | "long" | "short" | "byte")) => {
                Type::Scalar(self.width().unwrap_or(match told.unwrap_or(whole) {
                    "byte" => "byte",
                    "short" => "short",
                    "int" => "int",
                    "long" => "long",
                    _ => "integer",
                }))
            }
            Some("array") => Type::Array,
            Some("object" | "map") => match self.values() {
                Some(_) => Type::Map,
                None => Type::Object,
            },
            _ => Type::Unknown,
        }
    }

    /// How wide a whole number is by its bounds.
    fn width(&self) -> Option<&'static str> {
        let bound = |key: &str| self.get(key).and_then(Value::as_i64);
        let (minimum, maximum) = (bound("minimum"), bound("maximum"));
        if minimum.is_none() && maximum.is_none() {
            return None;
        }
        // The registry's own bounds are one too large at the upper end (2147483648), so the lower one and
        // what the upper one has below it are looked at.
        let maximum = maximum.map_or(i64::MAX, |maximum| maximum.saturating_sub(1));
        let minimum = minimum.unwrap_or(0);
        Some(Shape::Integer { minimum, maximum }.xdm_type())
    }

    /// Where a field can be added: the pointer to add at, and whether `properties` is missing there.
    pub fn home(&self) -> Option<(&str, bool)> {
        let with = self.parts.iter().find(|(part, _)| part.contains_key("properties"));
        let own = || self.parts.iter().find(|(part, _)| !part.contains_key("$ref"));
        with.map(|(_, pointer)| (pointer.as_str(), false))
            .or_else(|| own().map(|(_, pointer)| (pointer.as_str(), true)))
    }
}

/// Whether a value of one type always is one of another.
pub(super) fn takes(actual: &Type, wanted: &Type) -> bool {
    const WIDTHS: [&str; 4] = ["byte", "short", "int", "long"];
    match (actual, wanted) {
        (Type::Scalar(actual), Type::Scalar(wanted)) if actual != wanted => {
            let width = |name: &str| WIDTHS.iter().position(|known| *known == name);
            match (width(actual), width(wanted)) {
                (Some(actual), Some(wanted)) => actual >= wanted,
                // A whole number of unknown width.
                (None, Some(_)) => *actual == "integer",
                _ => false,
            }
        }
        (actual, wanted) => actual == wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn kind(document: Value) -> Type {
        Node::new(&document).kind()
    }

    #[test]
    fn types_are_read_however_they_are_written() {
        assert_eq!(kind(json!({ "type": "string", "format": "date-time" })), Type::Scalar("date-time"));
        assert_eq!(kind(json!({ "type": ["string", "null"] })), Type::Scalar("string"));
        assert_eq!(kind(json!({ "type": "integer", "meta:xdmType": "long" })), Type::Scalar("long"));
        assert_eq!(kind(json!({ "type": "integer" })), Type::Scalar("integer"));
        let int = json!({ "type": "integer", "minimum": -2147483648_i64, "maximum": 2147483648_i64 });
        assert_eq!(kind(int), Type::Scalar("int"));
        let long =
            json!({ "type": "integer", "minimum": -9007199254740991_i64, "maximum": 9007199254740991_i64 });
        assert_eq!(kind(long), Type::Scalar("long"));
        let map = json!({ "type": "object", "additionalProperties": { "type": "string" } });
        assert_eq!(kind(map), Type::Map);
        let reference =
            json!({ "$ref": "https://ns.adobe.com/x", "type": "object", "meta:xdmType": "object" });
        assert_eq!(kind(reference), Type::Reference("https://ns.adobe.com/x".to_owned()));
        assert_eq!(kind(json!({ "type": 7 })), Type::Unknown);
    }

    #[test]
    fn fields_are_found_through_definitions_and_all_of() {
        let document = json!({
            "definitions": {
                "one": { "properties": { "_acme": { "type": "object", "properties": { "a": { "type": "string" } } } } },
                "two": { "properties": { "_acme": { "type": "object", "properties": { "b/c": { "type": "number" } } } } }
            },
            "allOf": [{ "$ref": "#/definitions/one" }, { "$ref": "#/definitions/two" },
                      { "$ref": "https://ns.adobe.com/xdm/context/profile" }]
        });
        let root = Node::new(&document);
        assert_eq!(root.references(), ["https://ns.adobe.com/xdm/context/profile"]);
        let tenant = root.field("_acme").unwrap();
        assert_eq!(tenant.names(), ["a", "b/c"]);
        assert_eq!(tenant.home().unwrap().0, "/definitions/one/properties/_acme");
        let odd = tenant.field("b/c").unwrap();
        assert_eq!(odd.kind(), Type::Scalar("number"));
        assert_eq!(document.pointer(odd.home().unwrap().0).unwrap()["type"], "number");
    }

    #[test]
    fn a_document_that_refers_to_itself_ends() {
        let document =
            json!({ "allOf": [{ "$ref": "#" }, { "$ref": "#/allOf/0" }], "properties": { "a": {} } });
        assert_eq!(Node::new(&document).names(), ["a"]);
    }

    #[test]
    fn wider_numbers_take_narrower_ones() {
        let of = |name| Type::Scalar(name);
        assert!(takes(&of("long"), &of("int")));
        assert!(takes(&of("integer"), &of("long")));
        assert!(!takes(&of("int"), &of("long")));
        assert!(!takes(&of("string"), &of("date-time")));
        assert!(!takes(&of("number"), &of("long")));
    }
}
