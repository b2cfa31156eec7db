//! One Event, read no further than it takes to decide what becomes of it. Stripe may add members, leave them out
//! or send types that nobody knows: nothing of that is an error.

use crate::ledger::Digest;
use crate::stripe::range_in;
use crate::sync::digest;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

/// An Event, its text, and where its parts lie in it.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) id: String,
    /// Its time, in epoch seconds.
    pub(super) at: i64,
    /// Its `type`.
    pub(super) name: String,
    pub(super) livemode: Option<bool>,
    /// The account that it is about, when that is one connected to the endpoint's.
    pub(super) account: Option<String>,
    /// The API version that its object is written in, which is the one of its time.
    pub(super) api_version: Option<String>,
    pub(super) object: Object,
    /// Hash of what it says, whatever its id: two Events with the same one tell one fact.
    pub(super) fact: Digest,
    pub(super) text: Vec<u8>,
    version_at: Option<Range<usize>>,
}

/// The object in an Event, as it was then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object {
    /// Its `object`, such as `charge`; empty when it does not say.
    pub(super) kind: String,
    /// None for what does not exist yet, such as an upcoming invoice.
    pub(super) id: Option<String>,
    /// Its creation time; 0 when it has none.
    pub(super) created: i64,
    /// Where it lies in the Event's text.
    pub(super) at: Range<usize>,
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    created: i64,
    #[serde(borrow, rename = "type")]
    name: Cow<'a, str>,
    #[serde(default)]
    livemode: Option<bool>,
    #[serde(borrow, default)]
    account: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    context: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    api_version: Option<&'a RawValue>,
    #[serde(borrow)]
    data: &'a RawValue,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, default)]
    object: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(default)]
    created: Option<i64>,
}

/// The account that an Event says it is about. A context may be a path, from an organisation to an account.
pub(super) fn whose(account: Option<Cow<'_, str>>, context: Option<Cow<'_, str>>) -> Option<String> {
    let last = |context: Cow<'_, str>| context.rsplit('/').next().map(str::to_owned);
    account.map(Cow::into_owned).or_else(|| context.and_then(last)).filter(|account| !account.is_empty())
}

impl Event {
    /// Reads an Event; none of what has no id, time, type or object.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let raw: Raw<'_> = serde_json::from_slice(text).ok()?;
        let data: Data<'_> = serde_json::from_str(raw.data.get()).ok()?;
        let head: Head<'_> = serde_json::from_str(data.object.get()).ok()?;
        let version =
            raw.api_version.and_then(|raw| serde_json::from_str::<Option<String>>(raw.get()).ok()?);
        let said =
            [raw.name.as_bytes(), &raw.created.to_be_bytes(), &digest::of_json(raw.data.get().as_bytes())];
        Some(Self {
            id: raw.id.clone().into_owned(),
            at: raw.created,
            name: raw.name.clone().into_owned(),
            livemode: raw.livemode,
            account: whose(raw.account, raw.context),
            api_version: version.filter(|version| !version.is_empty()),
            object: Object {
                kind: head.object.unwrap_or_default().into_owned(),
                id: head.id.filter(|id| !id.is_empty()).map(Cow::into_owned),
                created: head.created.unwrap_or_default(),
                at: range_in(text, data.object.get().as_bytes()),
            },
            fact: digest::of_bytes(&said.concat()),
            text: text.to_vec(),
            version_at: raw.api_version.map(|raw| range_in(text, raw.get().as_bytes())),
        })
    }

    /// The text of its object.
    pub(super) fn object_text(&self) -> &[u8] {
        self.text.get(self.object.at.clone()).unwrap_or_default()
    }

    /// Whether it says that its object is gone. (`customer.subscription.deleted` is a cancellation.)
    pub(super) fn is_deletion(&self) -> bool {
        self.name.strip_suffix(".deleted") == Some(self.object.kind.as_str())
    }

    /// Which of some keys its object does not have.
    pub(super) fn lacking(&self, keys: &[&'static str]) -> Vec<&'static str> {
        if keys.is_empty() {
            return Vec::new();
        }
        let members = members(self.object_text());
        keys.iter().filter(|key| !members.contains_key(**key)).copied().collect()
    }

    /// The same Event, its object as it was then with some parts that it lacks, as another text of it has them.
    pub(super) fn with(self, keys: &[&'static str], other: &[u8]) -> Self {
        let members = members(other);
        let parts = keys.iter().filter_map(|key| Some((key, members.get(*key)?)));
        let parts: String = parts.map(|(key, part)| format!(",\"{key}\":{part}")).collect();
        // The object has an id at least, so that a comma is right.
        let Some(open) = self.object_text().strip_suffix(b"}").filter(|_| !parts.is_empty()) else {
            return self;
        };
        let object = [open, parts.as_bytes(), b"}"].concat();
        let version = self.api_version.clone().unwrap_or_default();
        self.around(&object, &version)
    }

    /// The same Event around another text of its object, which is written in `version`.
    pub(super) fn around(&self, object: &[u8], version: &str) -> Self {
        let version_text = serde_json::Value::from(version).to_string();
        let mut edits: Vec<(Range<usize>, &[u8])> = vec![(self.object.at.clone(), object)];
        edits.extend(self.version_at.clone().map(|at| (at, version_text.as_bytes())));
        edits.sort_by_key(|(range, _)| range.start);
        let (mut text, mut from, mut at) = (Vec::with_capacity(self.text.len() + object.len()), 0, 0..0);
        for (range, new) in edits {
            text.extend_from_slice(self.text.get(from..range.start).unwrap_or_default());
            if range == self.object.at {
                at = text.len()..text.len() + new.len();
            }
            text.extend_from_slice(new);
            from = range.end;
        }
        text.extend_from_slice(self.text.get(from..).unwrap_or_default());
        let object = Object { at, ..self.object.clone() };
        Self { text, object, api_version: Some(version.to_owned()), version_at: None, ..self.clone() }
    }
}

fn members(object: &[u8]) -> HashMap<Cow<'_, str>, &RawValue> {
    serde_json::from_slice(object).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPDATED: &str = r#"{"id":"evt_1","object":"event","api_version": "2017-02-14","created":7,
        "data":{"object": {"id":"cus_1","object":"customer","created":3,"name":"A\u00e9"} ,
        "previous_attributes":{"name":null}},"livemode":false,"type":"customer.updated"}"#;

    #[test]
    fn an_event_is_read_as_far_as_it_decides() {
        let event = Event::read(UPDATED.as_bytes()).unwrap();
        assert_eq!((event.id.as_str(), event.at, event.name.as_str()), ("evt_1", 7, "customer.updated"));
        assert_eq!((event.livemode, event.api_version.as_deref()), (Some(false), Some("2017-02-14")));
        assert_eq!((event.object.kind.as_str(), event.object.created), ("customer", 3));
        assert_eq!(event.object.id.as_deref(), Some("cus_1"));
        assert!(event.object_text().starts_with(br#"{"id":"cus_1""#) && !event.is_deletion());
    }

    #[test]
    fn what_has_no_object_is_none_and_what_has_no_id_is_one() {
        for text in ["", "[]", "{}", r#"{"id":"evt_1","created":1,"type":"x"}"#, r#"{"id":1,"created":1}"#] {
            assert!(Event::read(text.as_bytes()).is_none(), "{text}");
        }
        let upcoming =
            r#"{"id":"evt_1","created":1,"type":"invoice.upcoming","data":{"object":{"object":"invoice"}}}"#;
        assert_eq!(Event::read(upcoming.as_bytes()).unwrap().object.id, None);
        let odd =
            r#"{"id":"evt_1","created":1,"type":"q.e","api_version":null,"data":{"object":{"id":"x"}}}"#;
        let odd = Event::read(odd.as_bytes()).unwrap();
        assert_eq!((odd.object.kind.as_str(), odd.api_version), ("", None));
    }

    #[test]
    fn two_events_of_one_fact_are_told_by_what_they_say() {
        let fact = |text: &str| Event::read(text.as_bytes()).unwrap().fact;
        let again = UPDATED.replace("evt_1", "evt_2").replace("\"object\": {", "\"object\":{");
        assert_eq!(fact(UPDATED), fact(&again));
        for other in [
            UPDATED.replace("\"created\":7", "\"created\":8"),
            UPDATED.replace("customer.updated", "customer.created"),
            UPDATED.replace("\"name\":null", "\"name\":\"B\""),
        ] {
            assert_ne!(fact(UPDATED), fact(&other), "{other}");
        }
    }

    #[test]
    fn another_object_takes_the_place_of_its_own_and_nothing_else_moves() {
        let event = Event::read(UPDATED.as_bytes()).unwrap();
        let new = br#"{"id":"cus_1","big":9007199254740993}"#;
        let around = event.around(new, "2026-08-26.dahlia");
        assert_eq!(around.object_text(), new);
        let expected = UPDATED
            .replace("2017-02-14", "2026-08-26.dahlia")
            .replace(std::str::from_utf8(event.object_text()).unwrap(), std::str::from_utf8(new).unwrap());
        assert_eq!(String::from_utf8(around.text).unwrap(), expected);
        assert_eq!(around.fact, event.fact);
    }

    #[test]
    fn parts_that_its_object_lacks_are_put_in_and_everything_else_stays() {
        let event = Event::read(UPDATED.as_bytes()).unwrap();
        assert_eq!(event.lacking(&["name", "tax"]), ["tax"]);
        assert!(event.lacking(&[]).is_empty());
        let other = br#"{"id":"cus_1","name":"B", "tax": {"n":1.0} }"#;
        let with = event.clone().with(&["tax", "sources"], other);
        let object = with.object_text().to_vec();
        let expected = r#"{"id":"cus_1","object":"customer","created":3,"name":"A\u00e9","tax":{"n":1.0}}"#;
        assert_eq!(String::from_utf8(object).unwrap(), expected);
        assert_eq!((with.fact, with.api_version.as_deref()), (event.fact, Some("2017-02-14")));
        assert_eq!(event.clone().with(&["sources"], other).text, event.text);
    }

    #[test]
    fn only_true_deletions_are_deletions() {
        let event = |name: &str, kind: &str| {
            let text = format!(
                r#"{{"id":"evt_1","created":1,"type":"{name}","data":{{"object":{{"id":"x","object":"{kind}"}}}}}}"#
            );
            Event::read(text.as_bytes()).unwrap().is_deletion()
        };
        assert!(event("customer.deleted", "customer") && event("coupon.deleted", "coupon"));
        assert!(!event("customer.subscription.deleted", "subscription"));
        assert!(!event("customer.discount.deleted", "discount"));
    }
}
