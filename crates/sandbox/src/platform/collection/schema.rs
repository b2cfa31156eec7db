//! A registered schema as streaming holds messages to it: types, presence, ranges, enums, patterns, formats,
//! unknown keys.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use dataprep::{
    date::{is_date, is_rfc3339},
    functions::Budget,
    regex::Pattern,
};
use serde_json::{Map, Number, Value, json};

/// How many are told of one message.
const MAX_VIOLATIONS: usize = 5;

/// A schema made ready.
#[derive(Debug)]
pub(super) struct Schema(Node);

/// What a place may hold.
#[derive(Debug)]
struct Node {
    kind: Kind,
    required: Vec<String>,
    allowed: Vec<Value>,
    pattern: Option<Pattern>,
    format: String,
    length: (usize, usize),
    minimum: Option<Number>,
    maximum: Option<Number>,
}

#[derive(Debug)]
enum Kind {
    Any,
    String,
    Integer,
    Number,
    Boolean,
    /// No other members than these; any when there are none.
    Object(BTreeMap<String, Node>),
    Map(Box<Node>),
    Array(Box<Node>),
}

/// Something that is wrong with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Violation {
    /// `#/a/b`.
    pub(super) pointer: String,
    schema: String,
    pub(super) keyword: &'static str,
    pub(super) message: String,
}

impl Violation {
    pub(super) fn as_json(&self) -> Value {
        json!({"schemaLocation": self.schema, "pointerToViolation": self.pointer, "causingExceptions": [],
            "keyword": self.keyword, "message": self.message})
    }
}

impl Schema {
    /// Of a resolved schema.
    pub(super) fn new(tree: &Map<String, Value>) -> Self {
        Self(Node::new(tree))
    }

    /// Whether every record must have a field.
    pub(super) fn requires(&self, name: &str) -> bool {
        self.0.required.iter().any(|known| known == name)
    }

    /// What is wrong with a record, the first five. Of a part of a record nothing is required.
    pub(super) fn check(&self, record: &Value, length: usize, whole: bool) -> Vec<Violation> {
        let mut check = Check { whole, budget: Budget::for_record(length), found: Vec::new() };
        check.at(&self.0, record, &Place { above: None, step: Step::Root });
        check.found
    }
}

impl Node {
    fn new(tree: &Map<String, Value>) -> Self {
        let text = |key: &str| tree.get(key).and_then(Value::as_str).unwrap_or_default();
        let inner = |key: &str| {
            let inner = tree.get(key).and_then(Value::as_object);
            inner.map(|inner| Box::new(Self::new(inner)))
        };
        let number = |key: &str| tree.get(key).and_then(Value::as_number).cloned();
        let size = |key: &str| tree.get(key).and_then(Value::as_u64).map(|size| size as usize);
        let kind = match tree.get("type") {
            Some(Value::String(kind)) => kind.as_str(),
            Some(Value::Array(kinds)) => {
                kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or_default()
            }
            _ => "",
        };
        let members = tree.get("properties").and_then(Value::as_object);
        let kind = match (kind, members) {
            ("string", _) => Kind::String,
            ("integer", _) => Kind::Integer,
            ("number", _) => Kind::Number,
            ("boolean", _) => Kind::Boolean,
            ("array", _) => inner("items").map_or(Kind::Any, Kind::Array),
            (_, Some(members)) => {
                let members = members
                    .iter()
                    .filter_map(|(name, field)| Some((name.clone(), Self::new(field.as_object()?))));
                Kind::Object(members.collect())
            }
            ("object", None) => {
                inner("additionalProperties").map_or_else(|| Kind::Object(BTreeMap::new()), Kind::Map)
            }
            _ => Kind::Any,
        };
        let list = |key: &str| tree.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        let names = list("required").iter().filter_map(Value::as_str).map(str::to_owned).collect();
        Self {
            kind,
            required: names,
            allowed: list("enum"),
            // The registry has taken the pattern; one that this engine does not read is not held against records.
            pattern: tree.get("pattern").and_then(|text| Pattern::compile(text.as_str()?).ok()),
            format: text("format").to_owned(),
            length: (size("minLength").unwrap_or(0), size("maxLength").unwrap_or(usize::MAX)),
            minimum: number("minimum"),
            maximum: number("maximum"),
        }
    }

    fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Any => "Any",
            Kind::String => "String",
            Kind::Integer => "Integer",
            Kind::Number => "Number",
            Kind::Boolean => "Boolean",
            Kind::Object(_) | Kind::Map(_) => "JSONObject",
            Kind::Array(_) => "JSONArray",
        }
    }
}

/// Where in a record, and in its schema: written out only when there is something to say of it.
struct Place<'a> {
    above: Option<&'a Place<'a>>,
    step: Step<'a>,
}

enum Step<'a> {
    Root,
    Field(&'a str),
    Key(&'a str),
    Item(usize),
}

impl Place<'_> {
    fn below<'a>(&'a self, step: Step<'a>) -> Place<'a> {
        Place { above: Some(self), step }
    }

    /// As pointers into the record and into the schema.
    fn pointers(&self) -> (String, String) {
        let (mut record, mut schema) =
            self.above.map_or_else(|| ("#".to_owned(), "#".to_owned()), Place::pointers);
        match self.step {
            Step::Root => {}
            Step::Field(name) => {
                record.extend(["/", name]);
                schema.extend(["/properties/", name]);
            }
            Step::Key(name) => {
                record.extend(["/", name]);
                schema.push_str("/additionalProperties");
            }
            Step::Item(at) => {
                record.push_str(&format!("/{at}"));
                schema.push_str("/items");
            }
        }
        (record, schema)
    }
}

/// A pass over a record.
struct Check {
    whole: bool,
    budget: Budget,
    found: Vec<Violation>,
}

impl Check {
    fn say(&mut self, place: &Place<'_>, keyword: &'static str, message: String) {
        if self.found.len() < MAX_VIOLATIONS {
            let (pointer, schema) = place.pointers();
            self.found.push(Violation { pointer, schema, keyword, message });
        }
    }

    fn at(&mut self, node: &Node, value: &Value, place: &Place<'_>) {
        if self.found.len() >= MAX_VIOLATIONS {
            return;
        }
        match (&node.kind, value) {
            (Kind::Any, _) | (Kind::Boolean, Value::Bool(_)) => {}
            (Kind::String, Value::String(text)) => self.text(node, text, place),
            (Kind::Number, Value::Number(number)) => self.number(node, number, place),
            (Kind::Integer, Value::Number(number)) if !number.is_f64() => {
                self.number(node, number, place);
            }
            (Kind::Array(items), Value::Array(values)) => {
                for (at, value) in values.iter().enumerate() {
                    self.at(items, value, &place.below(Step::Item(at)));
                }
            }
            (Kind::Map(values), Value::Object(members)) => {
                for (name, value) in members {
                    self.at(values, value, &place.below(Step::Key(name)));
                }
            }
            (Kind::Object(fields), Value::Object(members)) => {
                self.members(node, fields, members, place);
            }
            (_, other) => {
                let message = format!("expected type: {}, found: {}", node.type_name(), kind_of(other));
                self.say(place, "type", message);
            }
        }
        if !node.allowed.is_empty() && !node.allowed.contains(value) {
            self.say(place, "enum", "the value is not a valid enum value".to_owned());
        }
    }

    fn members(
        &mut self,
        node: &Node,
        fields: &BTreeMap<String, Node>,
        members: &Map<String, Value>,
        place: &Place<'_>,
    ) {
        let required: &[String] = if self.whole { &node.required } else { &[] };
        for name in required.iter().filter(|name| !members.contains_key(*name)) {
            self.say(place, "required", format!("required key [{name}] not found"));
        }
        for (name, value) in members {
            match fields.get(name) {
                Some(field) => self.at(field, value, &place.below(Step::Field(name))),
                None if fields.is_empty() => {}
                None => {
                    let message = format!("extraneous key [{name}] is not permitted");
                    self.say(place, "additionalProperties", message);
                }
            }
        }
    }

    fn text(&mut self, node: &Node, text: &str, place: &Place<'_>) {
        if node.length != (0, usize::MAX) {
            let length = text.chars().count();
            if length < node.length.0 {
                let message = format!("expected minLength: {}, actual: {length}", node.length.0);
                self.say(place, "minLength", message);
            }
            if length > node.length.1 {
                let message = format!("expected maxLength: {}, actual: {length}", node.length.1);
                self.say(place, "maxLength", message);
            }
        }
        let matches = node.pattern.as_ref().is_none_or(|pattern| {
            // A pattern that takes too long has not matched.
            pattern.find(text, &mut self.budget).unwrap_or(false)
        });
        if !matches {
            self.say(place, "pattern", "string does not match pattern".to_owned());
        }
        if !has_format(&node.format, text) {
            self.say(place, "format", format!("the value is not a valid {}", node.format));
        }
    }

    fn number(&mut self, node: &Node, number: &Number, place: &Place<'_>) {
        if let Some(minimum) = node.minimum.as_ref().filter(|minimum| compare(number, minimum).is_lt()) {
            self.say(place, "minimum", format!("the value is not greater or equal to {minimum}"));
        }
        if let Some(maximum) = node.maximum.as_ref().filter(|maximum| compare(number, maximum).is_gt()) {
            self.say(place, "maximum", format!("the value is not less or equal to {maximum}"));
        }
    }
}

fn compare(left: &Number, right: &Number) -> Ordering {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => left.cmp(&right),
        _ => left.as_f64().partial_cmp(&right.as_f64()).unwrap_or(Ordering::Equal),
    }
}

fn has_format(format: &str, text: &str) -> bool {
    match format {
        "date-time" => is_rfc3339(text),
        "date" => is_date(text),
        "email" => text.rsplit_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty()),
        "uri" => {
            let scheme = text.split_once(':').map(|(scheme, _)| scheme).unwrap_or_default();
            let letter = scheme.starts_with(|first: char| first.is_ascii_alphabetic());
            letter && !text.contains(char::is_whitespace)
        }
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        _ => true,
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(number) if number.is_f64() => "BigDecimal",
        Value::Number(_) => "Integer",
        Value::String(_) => "String",
        Value::Array(_) => "JSONArray",
        Value::Object(_) => "JSONObject",
    }
}

#[cfg(test)]
mod tests {
    use super::Schema;
    use serde_json::{Value, json};

    fn keywords(record: &Value, whole: bool) -> Vec<&'static str> {
        let tree = json!({"type": "object", "required": ["_id"], "properties": {
            "_id": {"type": "string"},
            "at": {"type": "string", "format": "date-time"},
            "code": {"type": "string", "pattern": "^[A-Z]{3}$", "maxLength": 3},
            "kind": {"type": "string", "enum": ["a", "b"]},
            "count": {"type": "integer", "minimum": 0, "maximum": 9007199254740991_i64},
            "rate": {"type": "number"},
            "tags": {"type": "object", "additionalProperties": {"type": "string"}},
            "lines": {"type": "array", "items": {"type": "object", "properties": {"x": {"type": "boolean"}}}},
        }});
        let schema = Schema::new(tree.as_object().expect("an object"));
        schema.check(record, 1_000, whole).iter().map(|violation| violation.keyword).collect()
    }

    #[test]
    fn a_record_is_held_to_its_schema() {
        let good = json!({"_id": "1", "at": "2026-09-21T14:13:20Z", "code": "EUR", "kind": "a", "count": 5,
            "rate": 5, "tags": {"any": "text"}, "lines": [{"x": true}]});
        assert!(keywords(&good, true).is_empty());
        for (key, value, keyword) in [
            ("at", json!("2026-09-21"), "format"),
            ("code", json!("eur"), "pattern"),
            ("kind", json!("c"), "enum"),
            ("count", json!(-1), "minimum"),
            ("count", json!(9007199254740992_i64), "maximum"),
            ("count", json!(1.5), "type"),
            ("rate", Value::Null, "type"),
            ("tags", json!({"any": 1}), "type"),
            ("lines", json!([{"y": 1}]), "additionalProperties"),
            ("other", json!(1), "additionalProperties"),
        ] {
            let mut wrong = good.clone();
            wrong[key] = value;
            assert_eq!(keywords(&wrong, true), [keyword], "{wrong}");
        }
        assert_eq!(keywords(&json!({}), true), ["required"]);
        assert!(keywords(&json!({}), false).is_empty());
    }

    #[test]
    fn five_violations_are_told() {
        let wrong = json!({"_id": 1, "at": 1, "code": 1, "kind": 1, "rate": "x", "count": "x", "z": 1});
        assert_eq!(keywords(&wrong, true).len(), 5);
    }
}
