//! Whether a converted record keeps a schema's rules beyond the types: used on samples, not on every record.

use crate::expr::{Path, Segment};
use crate::run::budget::Budget;
use crate::sets::schema::{Node, Schema, Shape};
use crate::values::number::Decimal;
use serde_json::Value as Json;
use std::cmp::Ordering;

/// Where a converted record breaks the schema's rules: values not allowed, out of bounds, or missing.
/// Messages hold no value.
pub(crate) fn violations(schema: &Schema, record: &Json) -> Vec<(Path, String)> {
    let path = Path { segments: Vec::new() };
    let mut check = Check { path, found: Vec::new(), budget: Budget::default() };
    check.value(&schema.root, record);
    check.found
}

/// One walk over a record; its depth is the record's.
struct Check {
    path: Path,
    found: Vec<(Path, String)>,
    /// What the schema's patterns may cost.
    budget: Budget,
}

impl Check {
    fn value(&mut self, node: &Node, value: &Json) {
        if !node.allowed.is_empty() && !node.allowed.contains(value) {
            let allowed: Vec<String> = node.allowed.iter().take(12).map(Json::to_string).collect();
            self.note(format!("the value is not one of {}", allowed.join(", ")));
        }
        self.bounds(node, value);
        self.pattern(node, value);
        match (&node.shape, value) {
            (Shape::Object(fields), Json::Object(members)) => {
                for name in node.required.iter().filter(|name| !members.contains_key(*name)) {
                    self.path.segments.push(Segment::Name(name.clone()));
                    self.note("the schema requires this field, but nothing was written".to_owned());
                    self.path.segments.pop();
                }
                for (name, member) in members {
                    if let Some(field) = fields.get(name) {
                        self.below(field, Segment::Name(name.clone()), member);
                    }
                }
            }
            (Shape::Map(values), Json::Object(members)) => {
                for (name, member) in members {
                    self.below(values, Segment::Name(name.clone()), member);
                }
            }
            (Shape::Array(items), Json::Array(elements)) => {
                for (index, element) in (0..).zip(elements) {
                    self.below(items, Segment::Index(index), element);
                }
            }
            _ => {}
        }
    }

    fn below(&mut self, node: &Node, step: Segment, value: &Json) {
        self.path.segments.push(step);
        self.value(node, value);
        self.path.segments.pop();
    }

    fn bounds(&mut self, node: &Node, value: &Json) {
        let decimal = |number: &serde_json::Number| Decimal::parse(&number.to_string());
        let Some(number) = value.as_number().and_then(decimal) else { return };
        let rules = [(&node.minimum, Ordering::Less, "less"), (&node.maximum, Ordering::Greater, "greater")];
        for (bound, is_broken, word) in rules {
            if let Some(limit) = bound.as_ref().and_then(decimal)
                && number.cmp(&limit) == is_broken
            {
                self.note(format!("the value is {word} than {limit}"));
            }
        }
    }

    fn pattern(&mut self, node: &Node, value: &Json) {
        let (Some(pattern), Json::String(text)) = (&node.pattern, value) else { return };
        let problem = match pattern.as_ref().map(|pattern| pattern.find(text, &mut self.budget)) {
            Ok(Ok(true)) => return,
            Ok(Ok(false)) => "the value does not match the schema's pattern".to_owned(),
            Ok(Err(failure)) => format!("the schema's pattern cannot be checked: {}", failure.message()),
            Err(why) => format!("the schema's pattern cannot be checked: {why}"),
        };
        self.note(problem);
    }

    fn note(&mut self, message: String) {
        self.found.push((self.path.clone(), message));
    }
}
