//! The Schema Registry's calls that are used here.

use super::client::{Answer, Ask, Platform};
use super::error::PlatformError;
use reqwest::Method;
use serde_json::Value;
use xdm::registry::Kind;

const BASE: &str = "/data/foundation/schemaregistry";
/// Most entries that are asked for at once; the registry takes it as a hint.
const PAGE: &str = "300";
/// Most pages of one list.
const MAX_PAGES: usize = 200;

/// An entry of a list.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) title: String,
}

/// What kind of data a schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// The state of things.
    Record,
    /// What happened, and when.
    Event,
    /// Rows with a key and a version.
    Relational,
}

impl Behaviour {
    fn of(schema: &Value) -> Self {
        let listed = |key: &str| schema.get(key).and_then(Value::as_array).into_iter().flatten();
        let extended = listed("meta:extends").chain(schema.get("meta:class")).filter_map(Value::as_str);
        let composed = listed("allOf").filter_map(|part| part.get("$ref")?.as_str());
        let ids: Vec<&str> = extended.chain(composed).collect();
        if ids.contains(&"https://ns.adobe.com/xdm/data/adhoc-v2") {
            return Self::Relational;
        }
        let events =
            ["https://ns.adobe.com/xdm/data/time-series", "https://ns.adobe.com/xdm/context/experienceevent"];
        if ids.iter().any(|id| events.contains(id)) { Self::Event } else { Self::Record }
    }
}

impl Platform {
    /// The tenant id of the organisation, without the leading underscore.
    pub async fn tenant_id(&self) -> Result<String, PlatformError> {
        let answer = self.ask(&Ask::get(format!("{BASE}/stats"), "application/json")).await?;
        let id = answer.body.get("tenantId").and_then(Value::as_str).unwrap_or_default();
        let id = id.trim_start_matches('_').to_owned();
        let plain = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if plain { Ok(id) } else { Err(answer.lacks("the answer names no tenant (tenantId)")) }
    }

    /// All resources of a kind that the tenant made.
    pub(super) async fn resources(&self, kind: Kind) -> Result<Vec<Entry>, PlatformError> {
        let path = format!("{BASE}/tenant/{}", kind.endpoint());
        let results = self.pages(&path, "application/vnd.adobe.xed-id+json", "title").await?;
        let text = |value: &Value, key: &str| Some(value.get(key)?.as_str()?.to_owned());
        let entry = |value: &Value| Some(Entry { id: text(value, "$id")?, title: text(value, "title")? });
        Ok(results.iter().filter_map(entry).collect())
    }

    /// A resource of the tenant as it was written.
    pub(super) async fn raw(&self, kind: Kind, id: &str) -> Result<Option<Value>, PlatformError> {
        let path = format!("{BASE}/tenant/{}/{}", kind.endpoint(), encoded(id));
        let answer = self.find(&Ask::get(path, "application/vnd.adobe.xed+json; version=1")).await?;
        Ok(answer.map(|answer| answer.body))
    }

    /// A resource of Adobe's with everything that it refers to in place.
    pub(super) async fn resolved(&self, kind: Kind, id: &str) -> Result<Option<Value>, PlatformError> {
        let path = format!("{BASE}/global/{}/{}", kind.endpoint(), encoded(id));
        let answer = self.find(&Ask::get(path, "application/vnd.adobe.xed-full+json; version=1")).await?;
        Ok(answer.map(|answer| answer.body))
    }

    /// What kind of data a schema of the tenant describes; none when there is no such schema.
    pub async fn behaviour(&self, schema: &str) -> Result<Option<Behaviour>, PlatformError> {
        Ok(self.raw(Kind::Schema, schema).await?.map(|document| Behaviour::of(&document)))
    }

    /// The path of a schema's primary identity.
    pub async fn primary_identity(&self, schema: &str) -> Result<Option<String>, PlatformError> {
        let is = |descriptor: &Value, key: &str, value: Value| descriptor.get(key) == Some(&value);
        let all = self.descriptors().await?;
        let primary = all.iter().find(|descriptor| {
            is(descriptor, "@type", "xdm:descriptorIdentity".into())
                && is(descriptor, "xdm:sourceSchema", schema.into())
                && is(descriptor, "xdm:isPrimary", true.into())
        });
        Ok(primary.and_then(|primary| Some(primary.get("xdm:sourceProperty")?.as_str()?.to_owned())))
    }

    /// A schema of the tenant with everything that it refers to in place.
    pub(super) async fn whole_schema(&self, id: &str) -> Result<Value, PlatformError> {
        let path = format!("{BASE}/tenant/schemas/{}", encoded(id));
        let answer = self.ask(&Ask::get(path, "application/vnd.adobe.xed-full+json; version=1")).await?;
        Ok(answer.body)
    }

    /// Makes a resource; gives its `$id`.
    pub(super) async fn create(&self, kind: Kind, body: &Value) -> Result<String, PlatformError> {
        let mut ask = Ask::send(Method::POST, format!("{BASE}/tenant/{}", kind.endpoint()), body);
        // Relational schemas are made by asking for the answer in the registry's own form.
        if body.get("meta:behaviorType").is_some() {
            ask.accept = "application/vnd.adobe.xed+json";
        }
        let answer = self.ask(&ask).await?;
        named(&answer, "$id")
    }

    /// Changes a resource by JSON Patch.
    pub(super) async fn patch(&self, kind: Kind, id: &str, patch: &Value) -> Result<(), PlatformError> {
        let path = format!("{BASE}/tenant/{}/{}", kind.endpoint(), encoded(id));
        self.ask(&Ask::send(Method::PATCH, path, patch)).await.map(drop)
    }

    /// All descriptors of the sandbox.
    pub(super) async fn descriptors(&self) -> Result<Vec<Value>, PlatformError> {
        self.pages(&format!("{BASE}/tenant/descriptors"), "application/vnd.adobe.xdm-v2+json", "@id").await
    }

    /// Makes a descriptor; gives its `@id`.
    pub(super) async fn describe(&self, body: &Value) -> Result<String, PlatformError> {
        let answer = self.ask(&Ask::send(Method::POST, format!("{BASE}/tenant/descriptors"), body)).await?;
        named(&answer, "@id")
    }

    /// A list, page by page. The registry goes on behind the last value of the property that it sorts by.
    async fn pages(&self, path: &str, accept: &str, order: &str) -> Result<Vec<Value>, PlatformError> {
        let (mut all, mut start): (Vec<Value>, Option<String>) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let mut ask = Ask::get(path, accept);
            ask.query = vec![("orderby", order.to_owned()), ("limit", PAGE.to_owned())];
            ask.query.extend(start.iter().map(|start| ("start", start.clone())));
            let answer = self.ask(&ask).await?;
            let results = results(&answer.body).ok_or_else(|| answer.lacks("the answer holds no list"))?;
            let none = results.is_empty();
            all.extend(results);
            let next = next(&answer.body);
            if none || next.is_none() || next == start {
                return Ok(all);
            }
            start = next;
        }
        Err(PlatformError::Setup(format!("{path}: the list has more than {MAX_PAGES} pages")))
    }
}

/// An `$id` as one part of a path.
fn encoded(id: &str) -> String {
    url::form_urlencoded::byte_serialize(id.as_bytes()).collect()
}

fn named(answer: &Answer, key: &str) -> Result<String, PlatformError> {
    let id = answer.body.get(key).and_then(Value::as_str).filter(|id| !id.is_empty());
    id.map(str::to_owned).ok_or_else(|| answer.lacks(format!("the answer has no {key}")))
}

/// The entries of a list: in `results`, or, of descriptors, grouped by type.
fn results(body: &Value) -> Option<Vec<Value>> {
    if let Some(results) = body.get("results") {
        return results.as_array().cloned();
    }
    let groups = body.as_object()?.values().filter_map(Value::as_array);
    Some(groups.flatten().filter(|entry| entry.is_object()).cloned().collect())
}

/// Where the next page begins: a value, or an address that holds it.
fn next(body: &Value) -> Option<String> {
    let told = body.pointer("/_page/next").filter(|next| !next.is_null());
    let told = told.or_else(|| body.pointer("/_links/next/href"))?;
    let text = match told {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let Some((_, query)) = text.split_once('?') else { return Some(text).filter(|text| !text.is_empty()) };
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(key, _)| key == "start").map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_next_page_is_found_in_every_form() {
        assert_eq!(next(&json!({ "_page": { "next": null }, "_links": { "next": null } })), None);
        assert_eq!(next(&json!({ "_page": { "next": "Stripe Card" } })).as_deref(), Some("Stripe Card"));
        let link = json!({ "_links": { "next": { "href": "/schemaregistry/tenant/x?orderby=title&start=Stripe%20Card" } } });
        assert_eq!(next(&link).as_deref(), Some("Stripe Card"));
    }

    #[test]
    fn descriptors_come_in_one_list_or_by_type() {
        let grouped =
            json!({ "xdm:descriptorLabel": [{ "@id": "1" }], "xdm:descriptorIdentity": [{ "@id": "2" }] });
        assert_eq!(results(&grouped).unwrap().len(), 2);
        assert_eq!(results(&json!({ "results": [{ "@id": "1" }], "_page": {} })).unwrap().len(), 1);
        assert_eq!(results(&json!({ "results": 7 })), None);
    }

    #[test]
    fn ids_are_one_part_of_a_path() {
        assert_eq!(encoded("https://ns.adobe.com/acme/x"), "https%3A%2F%2Fns.adobe.com%2Facme%2Fx");
    }
}
