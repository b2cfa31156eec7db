//! A resource that a tenant has against what ours would be.
//!
//! What the tenant has beyond ours stays. What it lacks is added by JSON Patch (RFC 6902). What would have to be
//! changed is told with reasons: the registry refuses it once data was written, and it would change what other
//! people's data means. Titles, descriptions and suggested values are the tenant's once they are made.

use super::node::{Node, Type, takes};
use super::{Kind, step};
use serde::Serialize;
use serde_json::{Value, json};

/// Deepest nesting that is looked at; records cannot be deeper.
const MAX_DEPTH: usize = 64;

/// What differs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Difference {
    /// What can be added.
    pub additions: Vec<Addition>,
    /// What cannot be made right by adding.
    pub reasons: Vec<Reason>,
    /// Fields that the tenant has and we do not: they stay.
    pub kept: Vec<String>,
}

/// Something to be added.
#[derive(Debug, Clone, PartialEq)]
pub struct Addition {
    /// What it is, for people: a path and a type, or a resource.
    pub words: String,
    /// The operations of JSON Patch that add it.
    pub operations: Vec<Value>,
}

/// Why something cannot be evolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Where: the path of a field, or the name of what is meant.
    pub place: String,
    /// What is different.
    pub what: String,
    /// Why that is refused.
    pub why: &'static str,
    /// What can be done.
    pub cure: String,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}. {} {}", self.place, self.what, self.why, self.cure)
    }
}

const RETYPED: &str = "A field's type cannot be changed: the registry refuses it once data was written, and a \
                       path has one type in all schemas of an organisation.";
const STRICTER: &str =
    "Records that we make would be refused there, and whoever made the rule may rely on it.";

/// Compares a document of ours, every reference filled in, with the tenant's.
pub fn compare(kind: Kind, wanted: &Value, actual: &Value) -> Difference {
    let mut difference = Difference::default();
    let (wanted_root, actual_root) = (Node::new(wanted), Node::new(actual));
    if kind == Kind::FieldGroup {
        difference.extends(wanted, actual);
    }
    if matches!(kind, Kind::Class | Kind::Schema) {
        difference.parts(kind, &wanted_root, &actual_root, actual);
    }
    difference.fields(&wanted_root, &actual_root, &mut Vec::new());
    difference
}

impl Difference {
    /// Whether nothing needs to be done.
    pub fn is_same(&self) -> bool {
        self.additions.is_empty() && self.reasons.is_empty()
    }

    /// The classes that a field group may extend.
    fn extends(&mut self, wanted: &Value, actual: &Value) {
        let list = |document: &Value| -> Vec<String> {
            let list = document.get("meta:intendedToExtend").and_then(Value::as_array);
            list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let known = list(actual);
        let missing: Vec<String> = list(wanted).into_iter().filter(|id| !known.contains(id)).collect();
        let absent = actual.get("meta:intendedToExtend").is_none();
        for (at, id) in missing.into_iter().enumerate() {
            let operation = match absent && at == 0 {
                true => json!({ "op": "add", "path": "/meta:intendedToExtend", "value": [id] }),
                false => json!({ "op": "add", "path": "/meta:intendedToExtend/-", "value": id }),
            };
            let words = format!("may extend {id}");
            self.additions.push(Addition { words, operations: vec![operation] });
        }
    }

    /// The resources that a schema or class is made of.
    fn parts(&mut self, kind: Kind, wanted: &Node<'_>, actual: &Node<'_>, document: &Value) {
        let (wanted, known) = (wanted.references(), actual.references());
        let named = document.get("meta:class").and_then(Value::as_str);
        for (at, id) in wanted.into_iter().enumerate() {
            if known.contains(&id) || (at == 0 && named == Some(id)) {
                continue;
            }
            // The first is what it is built on: a schema's class, a class's behaviour.
            if at == 0 {
                let (what, place) = match kind {
                    Kind::Schema => ("class", "class"),
                    _ => ("behaviour", "behaviour"),
                };
                let found = named.or(known.first().copied()).unwrap_or("none");
                self.reasons.push(Reason {
                    place: place.to_owned(),
                    what: format!("its {what} is {found}, ours would be {id}"),
                    why: "What a resource is built on cannot be changed.",
                    cure: "Rename or delete the tenant's in the Schema Registry, or use another sandbox."
                        .to_owned(),
                });
                continue;
            }
            let mut operations = Vec::new();
            if document.get("meta:extends").is_some_and(Value::is_array) {
                operations.push(json!({ "op": "add", "path": "/meta:extends/-", "value": id }));
            }
            operations.push(json!({ "op": "add", "path": "/allOf/-", "value": { "$ref": id } }));
            self.additions.push(Addition { words: format!("with {id}"), operations });
        }
    }

    fn fields(&mut self, wanted: &Node<'_>, actual: &Node<'_>, path: &mut Vec<String>) {
        if path.len() > MAX_DEPTH {
            return;
        }
        let known = actual.names();
        let mut missing = Vec::new();
        for name in wanted.names() {
            let Some(ours) = wanted.field(name) else { continue };
            path.push(name.to_owned());
            match actual.field(name) {
                Some(theirs) => self.field(&ours, &theirs, path),
                None => missing.push((name, ours)),
            }
            path.pop();
        }
        self.add(missing, wanted, actual, path);
        for name in known {
            if wanted.field(name).is_none() {
                path.push(name.to_owned());
                self.kept.push(path.join("."));
                path.pop();
            }
        }
        let ours = wanted.required();
        for name in actual.required().into_iter().filter(|name| !ours.contains(name)) {
            path.push(name.to_owned());
            self.reasons.push(Reason {
                place: path.join("."),
                what: "the tenant requires it, our records need not have it".to_owned(),
                why: STRICTER,
                cure: "Take the name out of `required` in the Schema Registry (relaxing is allowed)."
                    .to_owned(),
            });
            path.pop();
        }
    }

    fn add(
        &mut self,
        missing: Vec<(&str, Node<'_>)>,
        wanted: &Node<'_>,
        actual: &Node<'_>,
        path: &mut Vec<String>,
    ) {
        let Some((home, bare)) = actual.home() else { return };
        for (at, (name, node)) in missing.into_iter().enumerate() {
            let Some(value) = wanted.written(name) else { continue };
            path.push(name.to_owned());
            let mut words = format!("{} {}", path.join("."), node.kind());
            let inside = node.names();
            if !inside.is_empty() {
                words.push_str(&format!(" of {}", inside.join(", ")));
            }
            path.pop();
            let mut operations = Vec::new();
            if bare && at == 0 {
                operations.push(json!({ "op": "add", "path": format!("{home}/properties"), "value": {} }));
            }
            let place = format!("{home}/properties/{}", step(name));
            operations.push(json!({ "op": "add", "path": place, "value": value }));
            self.additions.push(Addition { words, operations });
        }
    }

    fn field(&mut self, ours: &Node<'_>, theirs: &Node<'_>, path: &mut Vec<String>) {
        if path.len() > MAX_DEPTH {
            return;
        }
        let (wanted, actual) = (ours.kind(), theirs.kind());
        if !takes(&actual, &wanted) {
            self.reasons.push(Reason {
                place: path.join("."),
                what: format!("it is {actual} in the tenant, ours would be {wanted}"),
                why: RETYPED,
                cure: "Give the field another name with --mapping, or use a sandbox where it does not exist."
                    .to_owned(),
            });
            return;
        }
        match wanted {
            Type::Object => self.fields(ours, theirs, path),
            Type::Array => self.inner(ours.items(), theirs.items(), "[]", path),
            Type::Map => self.inner(ours.values(), theirs.values(), "{}", path),
            Type::Scalar(_) => self.constraints(ours, theirs, path),
            Type::Reference(_) | Type::Unknown => {}
        }
    }

    fn inner(
        &mut self,
        ours: Option<Node<'_>>,
        theirs: Option<Node<'_>>,
        mark: &str,
        path: &mut Vec<String>,
    ) {
        // A list of anything takes ours.
        let (Some(ours), Some(theirs)) = (ours, theirs) else { return };
        let before = path.last().cloned();
        if let Some(last) = path.last_mut() {
            last.push_str(mark);
        }
        self.field(&ours, &theirs, path);
        if let (Some(last), Some(before)) = (path.last_mut(), before) {
            *last = before;
        }
    }

    /// Rules of the tenant's that a value of ours may break.
    fn constraints(&mut self, ours: &Node<'_>, theirs: &Node<'_>, path: &[String]) {
        let mut stricter = |key: &str, rule: String| {
            self.reasons.push(Reason {
                place: path.join("."),
                what: format!("the tenant's rule `{key}` ({rule}) is stricter than ours"),
                why: STRICTER,
                cure: format!(
                    "Take `{key}` from the field in the Schema Registry, or give ours another name \
                               with --mapping."
                ),
            });
        };
        for key in ["pattern", "format"] {
            if let Some(rule) = theirs.get(key).filter(|rule| ours.get(key) != Some(rule)) {
                stricter(key, rule.to_string());
            }
        }
        for (key, upper) in [("minLength", false), ("maxLength", true), ("minimum", false), ("maximum", true)]
        {
            let whole = matches!(ours.kind(), Type::Scalar("byte" | "short" | "int" | "long"));
            let Some(rule) = theirs.get(key) else { continue };
            // Bounds of whole numbers are their type, which was compared.
            if whole && matches!(key, "minimum" | "maximum") {
                continue;
            }
            let bound = |value: &Value| value.as_i64();
            let fits = match (bound(rule), ours.get(key).and_then(bound)) {
                (Some(theirs), Some(ours)) if upper => theirs >= ours,
                (Some(theirs), Some(ours)) => theirs <= ours,
                (Some(theirs), None) => key == "minLength" && theirs <= 0,
                (None, _) => false,
            };
            if !fits {
                stricter(key, rule.to_string());
            }
        }
        if let Some(theirs) = theirs.get("enum").and_then(Value::as_array) {
            let ours = ours.get("enum").and_then(Value::as_array);
            let fits = ours.is_some_and(|ours| ours.iter().all(|value| theirs.contains(value)));
            if !fits {
                stricter("enum", format!("{} values", theirs.len()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(tenant: Value) -> Value {
        json!({
            "title": "Stripe Charge",
            "meta:intendedToExtend": ["https://ns.adobe.com/xdm/context/experienceevent"],
            "definitions": { "customFields": { "type": "object", "properties": {
                "_acme": { "type": "object", "properties": { "stripe": { "type": "object", "properties": tenant } } } } } },
            "allOf": [{ "$ref": "#/definitions/customFields" }],
        })
    }

    fn against(wanted: Value, actual: Value) -> Difference {
        compare(Kind::FieldGroup, &group(wanted), &group(actual))
    }

    #[test]
    fn the_same_document_with_the_registrys_additions_is_the_same() {
        let wanted = group(json!({ "status": { "type": "string", "title": "Status" } }));
        let mut actual = group(json!({
            "status": { "type": "string", "title": "Renamed by somebody", "meta:xdmType": "string" }
        }));
        actual["$id"] = json!("https://ns.adobe.com/acme/mixins/1");
        actual["version"] = json!("1.3");
        assert_eq!(compare(Kind::FieldGroup, &wanted, &actual), Difference::default());
    }

    #[test]
    fn a_missing_field_is_added_where_its_siblings_are_and_others_stay() {
        let difference = against(
            json!({ "status": { "type": "string" }, "amount": { "type": "number" } }),
            json!({ "status": { "type": "string" }, "theirs": { "type": "boolean" } }),
        );
        assert_eq!(difference.kept, ["_acme.stripe.theirs"]);
        assert_eq!(difference.reasons, []);
        let [addition] = difference.additions.as_slice() else { panic!("{difference:?}") };
        assert_eq!(addition.words, "_acme.stripe.amount number");
        let at = "/definitions/customFields/properties/_acme/properties/stripe/properties/amount";
        assert_eq!(addition.operations, [json!({ "op": "add", "path": at, "value": { "type": "number" } })]);
    }

    #[test]
    fn another_type_is_refused_in_words() {
        let difference =
            against(json!({ "amount": { "type": "number" } }), json!({ "amount": { "type": "string" } }));
        let [reason] = difference.reasons.as_slice() else { panic!("{difference:?}") };
        assert_eq!(reason.place, "_acme.stripe.amount");
        assert_eq!(reason.what, "it is string in the tenant, ours would be number");
        let inside = against(
            json!({ "list": { "type": "array", "items": { "type": "string" } } }),
            json!({ "list": { "type": "array", "items": { "type": "object", "properties": {} } } }),
        );
        assert_eq!(inside.reasons[0].place, "_acme.stripe.list[]");
    }

    #[test]
    fn stricter_rules_are_refused_and_looser_ones_are_fine() {
        let of = |rules: Value| json!({ "code": rules });
        let plain = || of(json!({ "type": "string" }));
        for rule in [
            json!({ "type": "string", "pattern": "^[A-Z]{3}$" }),
            json!({ "type": "string", "enum": ["a"] }),
            json!({ "type": "string", "maxLength": 3 }),
            json!({ "type": "string", "minLength": 1 }),
            json!({ "type": "string", "format": "email" }),
        ] {
            assert_eq!(against(plain(), of(rule.clone())).reasons.len(), 1, "{rule}");
            assert_eq!(against(of(rule.clone()), plain()), Difference::default(), "{rule}");
            assert_eq!(against(of(rule.clone()), of(rule.clone())), Difference::default(), "{rule}");
        }
    }

    #[test]
    fn what_the_tenant_alone_requires_is_refused() {
        let mut actual = group(json!({ "a": { "type": "string" } }));
        actual["definitions"]["customFields"]["required"] = json!(["_acme"]);
        let difference = compare(Kind::FieldGroup, &group(json!({ "a": { "type": "string" } })), &actual);
        assert_eq!(difference.reasons[0].place, "_acme");
    }

    #[test]
    fn field_groups_get_classes_and_schemas_get_field_groups() {
        let mut wanted = group(json!({}));
        wanted["meta:intendedToExtend"] =
            json!(["https://ns.adobe.com/xdm/context/experienceevent", "tenant:classes/x"]);
        let difference = compare(Kind::FieldGroup, &wanted, &group(json!({})));
        assert_eq!(difference.additions[0].operations[0]["path"], "/meta:intendedToExtend/-");

        let schema = |parts: &[&str]| json!({ "meta:extends": [], "allOf": parts.iter().map(|id| json!({ "$ref": id })).collect::<Vec<_>>() });
        let difference = compare(Kind::Schema, &schema(&["c", "a", "b"]), &schema(&["c", "b", "more"]));
        assert_eq!(difference.reasons, []);
        let paths: Vec<_> = difference.additions[0].operations.iter().map(|op| op["path"].clone()).collect();
        assert_eq!(paths, ["/meta:extends/-", "/allOf/-"]);
        let difference = compare(Kind::Schema, &schema(&["c"]), &schema(&["d"]));
        assert_eq!(difference.reasons[0].what, "its class is d, ours would be c");
    }

    #[test]
    fn properties_are_made_where_there_are_none() {
        let wanted = json!({ "type": "object", "properties": { "a": { "type": "string" }, "b": { "type": "string" } } });
        let difference =
            compare(Kind::DataType, &wanted, &json!({ "type": "object", "title": "Stripe Card" }));
        let operations: Vec<_> = difference.additions.iter().flat_map(|one| &one.operations).collect();
        assert_eq!(operations.len(), 3);
        assert_eq!(operations[0]["path"], "/properties");
        assert_eq!(operations[1]["path"], "/properties/a");
    }
}
