//! Whether a converted record keeps a schema's rules beyond the types: used on samples, not on every record.

use crate::budget::Budget;
use crate::expr::{Path, Segment};
use crate::number::Decimal;
use crate::schema::{Node, Schema, Shape};
use serde_json::Value as Json;
use std::cmp::Ordering;

/// Where a converted record breaks the schema's rules: values not allowed, out of bounds, or missing.
/// Messages hold no value.
pub(crate) fn violations(schema: &Schema, record: &Json) -> Vec<(Path, String)> {
    let mut found = Vec::new();
    check(&schema.root, record, &mut Path { segments: Vec::new() }, &mut found);
    found
}

/// Depth is bounded by the record's.
fn check(node: &Node, value: &Json, path: &mut Path, found: &mut Vec<(Path, String)>) {
    if !node.allowed.is_empty() && !node.allowed.contains(value) {
        let allowed: Vec<String> = node.allowed.iter().take(12).map(Json::to_string).collect();
        found.push((path.clone(), format!("the value is not one of {}", allowed.join(", "))));
    }
    let decimal = |number: &serde_json::Number| Decimal::parse(&number.to_string());
    if let Some(number) = value.as_number().and_then(decimal) {
        for (bound, is_broken, word) in
            [(&node.minimum, Ordering::Less, "less"), (&node.maximum, Ordering::Greater, "greater")]
        {
            if let Some(limit) = bound.as_ref().and_then(decimal)
                && number.cmp(&limit) == is_broken
            {
                found.push((path.clone(), format!("the value is {word} than {limit}")));
            }
        }
    }
    if let (Some(pattern), Json::String(text)) = (&node.pattern, value) {
        match pattern.as_ref().map(|pattern| pattern.find(text, &mut Budget::for_record(text.len()))) {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => {
                found.push((path.clone(), "the value does not match the schema's pattern".to_owned()));
            }
            Ok(Err(failure)) => {
                let why = failure.message();
                found.push((path.clone(), format!("the schema's pattern cannot be checked: {why}")));
            }
            Err(why) => found.push((path.clone(), format!("the schema's pattern cannot be checked: {why}"))),
        }
    }
    match (&node.shape, value) {
        (Shape::Object(fields), Json::Object(members)) => {
            for name in node.required.iter().filter(|name| !members.contains_key(*name)) {
                let mut missing = path.clone();
                missing.segments.push(Segment::Name(name.clone()));
                found.push((missing, "the schema requires this field, but nothing was written".to_owned()));
            }
            for (name, member) in members {
                if let Some(field) = fields.get(name) {
                    below(field, Segment::Name(name.clone()), member, path, found);
                }
            }
        }
        (Shape::Map(values), Json::Object(members)) => {
            for (name, member) in members {
                below(values, Segment::Name(name.clone()), member, path, found);
            }
        }
        (Shape::Array(items), Json::Array(elements)) => {
            for (index, element) in (0..).zip(elements) {
                below(items, Segment::Index(index), element, path, found);
            }
        }
        _ => {}
    }
}

fn below(node: &Node, step: Segment, value: &Json, path: &mut Path, found: &mut Vec<(Path, String)>) {
    path.segments.push(step);
    check(node, value, path, found);
    path.segments.pop();
}
