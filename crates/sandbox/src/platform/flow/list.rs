//! Lists: filters, order, pages.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::Document;
use crate::platform::answer::Answer;

/// How many entries a page has when nothing is asked for; no page says it.
const PAGE: usize = 20;
/// The most that may be asked for; no page says it either.
const MAX_PAGE: usize = 100;

/// Longer ones first, so that `>=` is not taken for `>`.
const OPERATORS: [&str; 7] = ["==", "!=", ">=", "<=", "~", ">", "<"];

/// A page of what meets all filters.
pub(super) fn page(
    mut documents: Vec<Document>,
    parameters: &[(String, String)],
    kind: &str,
) -> Result<Answer, Answer> {
    let (mut limit, mut start, mut counted) = (PAGE, 0, false);
    let mut shown: Vec<&str> = Vec::new();
    let mut again = form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        if name != "continuationToken" {
            again.append_pair(name, value);
        }
        match name.as_str() {
            "property" => {
                for part in value.split(',') {
                    match OPERATORS.iter().find_map(|op| Some((part.split_once(op)?, *op))) {
                        Some(((field, wanted), op)) => {
                            documents.retain(|document| meets(document, field, op, wanted));
                        }
                        None => shown.push(part),
                    }
                }
            }
            "limit" => {
                limit = value
                    .parse()
                    .ok()
                    .filter(|limit| (1..=MAX_PAGE).contains(limit))
                    .ok_or_else(|| Answer::bad_request(format!("limit must be from 1 to {MAX_PAGE}")))?;
            }
            "orderby" => {
                for field in value.split(',').rev() {
                    let (field, down) = field.strip_prefix('-').map_or((field, false), |field| (field, true));
                    documents.sort_by(|left, right| {
                        let by = order(find(left, field), find(right, field));
                        if down { by.reverse() } else { by }
                    });
                }
            }
            "continuationToken" => {
                start = value
                    .strip_prefix("after-")
                    .and_then(|number| number.parse().ok())
                    .ok_or_else(|| Answer::bad_request("The continuationToken is not one of ours"))?;
            }
            "count" => counted = value == "true",
            other => return Err(Answer::bad_request(format!("{other} is not a parameter of this list"))),
        }
    }
    let all = documents.len();
    let items: Vec<Document> = documents.into_iter().skip(start).take(limit).collect();
    let mut links = json!({});
    if start + items.len() < all {
        again.append_pair("continuationToken", &format!("after-{}", start + items.len()));
        links = json!({"next": {"href": format!("/{kind}?{}", again.finish())}});
    }
    let items: Vec<Document> = items.into_iter().map(|item| chosen(item, &shown)).collect();
    let mut page = json!({"items": items, "_links": links});
    if let (true, Value::Object(page)) = (counted, &mut page) {
        page.insert("count".to_owned(), json!(all));
    }
    Ok(Answer::ok(&page))
}

fn chosen(item: Document, names: &[&str]) -> Document {
    if names.is_empty() {
        return item;
    }
    item.into_iter().filter(|(name, _)| names.contains(&name.as_str())).collect()
}

/// The member at a dotted path.
fn find<'a>(document: &'a Document, path: &str) -> Option<&'a Value> {
    let mut names = path.split('.');
    let first = document.get(names.next()?);
    names.fold(first, |found, name| found?.get(name))
}

fn meets(document: &Document, field: &str, op: &str, wanted: &str) -> bool {
    let wanted = wanted.trim_matches(|quote| matches!(quote, '"' | '\''));
    match find(document, field) {
        None => op == "!=",
        Some(Value::Array(items)) => {
            let any = items.iter().any(|item| holds(item, "==", wanted));
            if op == "!=" { !any } else { any }
        }
        Some(value) => holds(value, op, wanted),
    }
}

fn holds(value: &Value, op: &str, wanted: &str) -> bool {
    let known = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let by = match (known.parse::<f64>(), wanted.parse::<f64>()) {
        (Ok(known), Ok(wanted)) => known.partial_cmp(&wanted).unwrap_or(Ordering::Equal),
        _ => known.as_str().cmp(wanted),
    };
    match op {
        "==" => by.is_eq(),
        "!=" => by.is_ne(),
        ">=" => by.is_ge(),
        "<=" => by.is_le(),
        ">" => by.is_gt(),
        "<" => by.is_lt(),
        _ => known.contains(wanted),
    }
}

/// Numbers by size, all else as text; what lacks the member comes first.
fn order(left: Option<&Value>, right: Option<&Value>) -> Ordering {
    match (left, right) {
        (Some(Value::Number(left)), Some(Value::Number(right))) => {
            left.as_f64().partial_cmp(&right.as_f64()).unwrap_or(Ordering::Equal)
        }
        (left, right) => {
            let text = |value: Option<&Value>| {
                value.map(|value| match value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                })
            };
            text(left).cmp(&text(right))
        }
    }
}
