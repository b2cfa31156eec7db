//! Objects that hold every field that a model reads, with values of the right kind, and objects that
//! lack some of them.

use dataprep::expr::{self, BinaryOp, Expr, ExprKind, Path, Segment};
use dataprep::{Mapping, SourceType, XdmType};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What a field holds.
#[derive(Clone, Copy, PartialEq)]
enum Holds {
    Seconds,
    Amount,
    Currency,
    Country,
    Email,
    Locale,
    Id,
    Ids,
    Flag,
    Text,
    Texts,
    Words,
    Counts,
}

/// An object with every field that the mappings read, less what lies below a reference.
pub(crate) fn full(mappings: &[Mapping], resource: &str) -> Value {
    let mut fields: BTreeMap<Path, Holds> = BTreeMap::new();
    let mut texts: BTreeMap<Path, String> = BTreeMap::new();
    for mapping in mappings {
        if let (SourceType::Expression, Ok(parsed)) = (mapping.source_type, expr::parse(&mapping.source)) {
            let _ = parsed.rewrite(&mut |part| {
                told_by(&part, &mut fields, &mut texts);
                part
            });
        }
    }
    for mapping in mappings {
        let kind = match mapping.xdm_type {
            Some(XdmType::MapOfStrings) => Holds::Words,
            Some(XdmType::MapOfIntegers) => Holds::Counts,
            Some(XdmType::ArrayOfStrings) => Holds::Texts,
            Some(XdmType::Boolean) => Holds::Flag,
            Some(XdmType::Number | XdmType::Integer | XdmType::Long) => Holds::Amount,
            _ => Holds::Text,
        };
        let paths = match mapping.source_type {
            SourceType::Attribute => vec![Path::parse(&mapping.source).unwrap()],
            SourceType::Expression => {
                expr::parse(&mapping.source).unwrap().paths().into_iter().cloned().collect()
            }
            SourceType::Static => Vec::new(),
        };
        for path in paths {
            fields.entry(path).or_insert(kind);
        }
    }
    let references: Vec<Path> =
        fields.iter().filter(|(_, kind)| **kind == Holds::Id).map(|(path, _)| path.clone()).collect();
    let mut object = json!({});
    for (index, (path, kind)) in fields.iter().enumerate() {
        let odd = |segment: &Segment| {
            matches!(segment, Segment::EachValue | Segment::EachKey | Segment::Rest)
                || matches!(segment, Segment::Name(name) if name.starts_with("_envelope") || name.starts_with("_settings"))
        };
        let below = references.iter().any(|known| path.starts_with(known) && path != known);
        if !below && !path.segments.iter().any(odd) {
            let told = texts.get(path).map(String::as_str);
            put(&mut object, &path.segments, &|turn| value(*kind, told, index + turn));
        }
    }
    object["object"] = json!(resource);
    // What is deleted has no fields.
    if let Some(deleted) = object.get_mut("deleted") {
        *deleted = json!(false);
    }
    object
}

/// What an expression tells of the fields that it reads.
fn told_by(part: &Expr, fields: &mut BTreeMap<Path, Holds>, texts: &mut BTreeMap<Path, String>) {
    let mut all = |argument: Option<&Expr>, kind: Holds| {
        for path in argument.map(Expr::paths).unwrap_or_default() {
            fields.insert(path.clone(), kind);
        }
    };
    match &part.kind {
        ExprKind::Call(name, arguments) => match name.as_str() {
            "stripe_datetime" => all(arguments.first(), Holds::Seconds),
            "stripe_major" => {
                all(arguments.first(), Holds::Amount);
                all(arguments.get(1), Holds::Currency);
            }
            "stripe_currency" | "upper" => all(arguments.first(), Holds::Currency),
            "stripe_country" => all(arguments.first(), Holds::Country),
            "stripe_email" => all(arguments.first(), Holds::Email),
            "stripe_language" => all(arguments.first(), Holds::Locale),
            "stripe_id" => all(arguments.first(), Holds::Id),
            // One reference of each element of a list, or an array of them.
            "stripe_ids" => {
                let is_one = arguments.first().is_some_and(|path| path.to_string().ends_with(".price"));
                all(arguments.first(), if is_one { Holds::Id } else { Holds::Ids })
            }
            "stripe_distinct" => {
                for argument in arguments {
                    // What is collected, and what stripe_ids was asked for, are lists by themselves.
                    if let ExprKind::Path(path) = &argument.kind {
                        fields.entry(path.clone()).or_insert(Holds::Text);
                    }
                }
            }
            _ => {}
        },
        ExprKind::Binary(BinaryOp::Eq | BinaryOp::Ne, a, b) => match (&a.kind, &b.kind) {
            (ExprKind::Path(path), ExprKind::Bool(_)) => {
                fields.insert(path.clone(), Holds::Flag);
            }
            (ExprKind::Path(path), ExprKind::String(text)) => {
                texts.entry(path.clone()).or_insert_with(|| text.clone());
            }
            _ => {}
        },
        _ => {}
    }
}

fn value(kind: Holds, told: Option<&str>, turn: usize) -> Value {
    match kind {
        Holds::Seconds => json!(1_600_000_000 + turn * 86_461),
        Holds::Amount => json!(100 + turn * 7),
        Holds::Currency => json!(["eur", "usd", "jpy", "kwd"][turn % 4]),
        Holds::Country => json!(["fr", "US", "DEU"][turn % 3]),
        Holds::Email => json!(" ada@example.com"),
        Holds::Locale => json!("en-GB"),
        Holds::Id => json!(format!("ch_{turn}")),
        Holds::Ids => json!([format!("di_{turn}"), format!("di_{turn}x")]),
        Holds::Flag => json!(turn.is_multiple_of(2)),
        Holds::Text => json!(told.map_or_else(|| format!("t{turn}"), str::to_owned)),
        Holds::Texts => json!(["en", "fr"]),
        Holds::Words => json!({"a": "1", "b c": "2"}),
        Holds::Counts => json!({"eur": 5, "usd": 70}),
    }
}

fn put(at: &mut Value, path: &[Segment], value: &dyn Fn(usize) -> Value) {
    let Some((first, rest)) = path.split_first() else {
        if at.is_null() {
            *at = value(0);
        }
        return;
    };
    let elements = match first {
        Segment::Name(name) => {
            if at.is_null() {
                *at = json!({});
            }
            // A scalar that another path put here stays.
            if let Some(members) = at.as_object_mut() {
                put(members.entry(name.clone()).or_insert(Value::Null), rest, value);
            }
            return;
        }
        Segment::Index(index) => *index as usize + 1,
        _ => 2,
    };
    if at.is_null() {
        *at = json!([]);
    }
    if let Some(items) = at.as_array_mut() {
        while items.len() < elements {
            items.push(Value::Null);
        }
        for (turn, item) in items.iter_mut().enumerate() {
            put(item, rest, &|more| value(turn + more));
        }
    }
}

/// The same object without some of its members: `seed` decides which.
pub(crate) fn thinned(object: &Value, seed: &mut u64) -> Value {
    match object {
        Value::Object(members) => {
            let mut kept = Map::new();
            for (name, value) in members {
                *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let needed = ["id", "object", "created"].contains(&name.as_str());
                match (*seed >> 60, needed) {
                    (0..4, false) => {}
                    (4..6, false) => {
                        kept.insert(name.clone(), Value::Null);
                    }
                    _ => {
                        kept.insert(name.clone(), thinned(value, seed));
                    }
                }
            }
            Value::Object(kept)
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| thinned(item, seed)).collect()),
        scalar => scalar.clone(),
    }
}
