//! Lists: filtered by properties, sorted, page by page.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::{Document, error::XdmError};

/// A part of a list.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) results: Vec<Document>,
    order: String,
    /// Where the next page starts, and the path to ask it from.
    next: Option<(Value, String)>,
}

impl Page {
    /// As the registry writes a page; in short, only what identifies a resource.
    pub(super) fn shown(&self, short: bool) -> Value {
        let entry = |document: &Document| -> Value {
            let kept = document.iter().filter(|(name, _)| {
                !short || matches!(name.as_str(), "$id" | "meta:altId" | "version" | "title")
            });
            Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
        };
        let results: Vec<Value> = self.results.iter().map(entry).collect();
        let (start, link) = match &self.next {
            Some((start, link)) => (start.clone(), json!({"href": link})),
            None => (Value::Null, Value::Null),
        };
        json!({
            "results": results,
            "_page": {"orderby": self.order, "next": start, "count": self.results.len()},
            "_links": {"next": link},
        })
    }
}

/// One `property=` filter.
struct Filter<'a> {
    property: &'a str,
    test: Test<'a>,
}

enum Test<'a> {
    Present,
    Equal(&'a str),
    Different(&'a str),
    Contains(&'a str),
}

impl<'a> Filter<'a> {
    fn parse(text: &'a str) -> Self {
        for (operator, test) in
            [("==", Test::Equal as fn(&'a str) -> Test<'a>), ("!=", Test::Different), ("~", Test::Contains)]
        {
            if let Some((property, value)) = text.split_once(operator) {
                return Self { property, test: test(value) };
            }
        }
        Self { property: text, test: Test::Present }
    }

    /// Arrays match by any of their elements.
    fn matches(&self, document: &Document) -> bool {
        let values: Vec<String> = match document.get(self.property) {
            None => return matches!(self.test, Test::Different(_)),
            Some(Value::Array(items)) => items.iter().map(plain).collect(),
            Some(value) => vec![plain(value)],
        };
        match self.test {
            Test::Present => true,
            Test::Equal(wanted) => values.iter().any(|value| value == wanted),
            Test::Different(other) => values.iter().all(|value| value != other),
            Test::Contains(part) => {
                let part = part.to_lowercase();
                values.iter().any(|value| value.to_lowercase().contains(&part))
            }
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Only the documents that all filters let through.
pub(super) fn filtered(documents: Vec<Document>, parameters: &[(String, String)]) -> Vec<Document> {
    let named = parameters.iter().filter(|(name, _)| name == "property");
    let filters: Vec<Filter> = named.map(|(_, value)| Filter::parse(value)).collect();
    documents.into_iter().filter(|document| filters.iter().all(|filter| filter.matches(document))).collect()
}

/// A page of a list. `limit` is a hint: entries that share the last sort value stay together, because the next
/// page begins strictly behind that value.
pub(super) fn page(
    documents: Vec<Document>,
    parameters: &[(String, String)],
    size: usize,
    path: &str,
) -> Result<Page, XdmError> {
    let known = ["property", "orderby", "limit", "start"];
    if let Some((name, _)) = parameters.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        return Err(XdmError::invalid(format!("{name} is not a parameter of a list")));
    }
    let parameter =
        |name: &str| parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let limit = match parameter("limit") {
        None => size,
        Some(text) => match text.parse() {
            Ok(limit @ 1..=300) => size.min(limit),
            _ => {
                return Err(XdmError::invalid("Query limit out of range. The valid query limit is 0 - 300"));
            }
        },
    };
    let order = parameter("orderby");
    if order.is_none() && (parameter("limit").is_some() || parameter("start").is_some()) {
        return Err(XdmError::invalid("limit and start cannot be used without orderby"));
    }
    let order = order.unwrap_or("updated").to_owned();
    let keys: Vec<(&str, bool)> =
        order.split(',').map(|key| key.strip_prefix('-').map_or((key, false), |key| (key, true))).collect();
    let mut found = filtered(documents, parameters);
    found.sort_by(|left, right| {
        let mut by = Ordering::Equal;
        for (key, down) in &keys {
            let step = compare(&sort_value(left, key), &sort_value(right, key));
            by = by.then(if *down { step.reverse() } else { step });
        }
        by
    });
    let (first, down) = keys.first().copied().unwrap_or(("updated", false));
    if let Some(start) = parameter("start") {
        found.retain(|document| {
            let value = sort_value(document, first);
            let start = match value {
                Value::Number(_) => {
                    start.parse::<u64>().map_or_else(|_| json!(start), |number| json!(number))
                }
                _ => json!(start),
            };
            let by = compare(&value, &start);
            if down { by == Ordering::Less } else { by == Ordering::Greater }
        });
    }
    let mut end = limit.min(found.len());
    while end > 0 && end < found.len() && sort_value(&found[end - 1], first) == sort_value(&found[end], first)
    {
        end += 1;
    }
    let next = (end < found.len() && end > 0).then(|| {
        let start = sort_value(&found[end - 1], first);
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("orderby", &order).append_pair("start", &plain(&start));
        for (name, value) in
            parameters.iter().filter(|(name, _)| matches!(name.as_str(), "limit" | "property"))
        {
            query.append_pair(name, value);
        }
        (start, format!("{path}?{}", query.finish()))
    });
    found.truncate(end);
    Ok(Page { results: found, order, next })
}

/// What a document is sorted by. Times lie in the registry's metadata.
fn sort_value(document: &Document, key: &str) -> Value {
    let time = |key: &str| document.get("meta:registryMetadata").and_then(|data| data.get(key)).cloned();
    match key {
        "updated" => time("repo:lastModifiedDate"),
        "created" => time("repo:createdDate"),
        key => document.get(key).cloned(),
    }
    .unwrap_or(Value::Null)
}

fn compare(left: &Value, right: &Value) -> Ordering {
    match (left.as_u64(), right.as_u64()) {
        (Some(left), Some(right)) => left.cmp(&right),
        _ => plain(left).cmp(&plain(right)),
    }
}
