//! One page of a list. The objects stay the bytes that Stripe sent: they are only located, never
//! written anew.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// One object of a page.
#[derive(Debug, Clone)]
pub struct Object {
    /// Its id.
    pub id: String,
    /// Its creation time, in epoch seconds.
    pub created: i64,
    text: Text,
}

#[derive(Debug, Clone)]
enum Text {
    InPage(Range<usize>),
    Completed(Vec<u8>),
}

impl Object {
    /// An object with its JSON text.
    pub fn new(id: String, created: i64, text: Vec<u8>) -> Self {
        Self { id, created, text: Text::Completed(text) }
    }
}

/// One page, newest object first.
#[derive(Debug, Clone)]
pub struct Page {
    body: Bytes,
    /// The page's objects.
    pub objects: Vec<Object>,
    /// Whether the list goes on.
    pub has_more: bool,
}

#[derive(Deserialize)]
struct RawPage<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
    has_more: bool,
}

#[derive(Deserialize)]
struct Head {
    id: String,
    #[serde(default)]
    created: i64,
}

#[derive(Deserialize)]
struct RawList<'a> {
    #[serde(borrow)]
    data: &'a RawValue,
    #[serde(borrow, default)]
    has_more: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

impl Page {
    /// Reads a page. An error means that the answer was cut or is no list.
    pub fn parse(body: Bytes) -> Result<Self, serde_json::Error> {
        let raw: RawPage<'_> = serde_json::from_slice(&body)?;
        let mut objects = Vec::with_capacity(raw.data.len());
        for object in &raw.data {
            let head: Head = serde_json::from_str(object.get())?;
            let text = Text::InPage(range_in(&body, object.get().as_bytes()));
            objects.push(Object { id: head.id, created: head.created, text });
        }
        let has_more = raw.has_more;
        Ok(Self { body, objects, has_more })
    }

    /// A page of objects that come from elsewhere.
    pub fn of(objects: Vec<Object>) -> Self {
        Self { body: Bytes::new(), objects, has_more: false }
    }

    /// The answer to a question for one object, as a page of one.
    pub fn parse_one(body: Bytes) -> Result<Self, serde_json::Error> {
        let head: Head = serde_json::from_slice(&body)?;
        let text = Text::InPage(0..body.len());
        let objects = vec![Object { id: head.id, created: head.created, text }];
        Ok(Self { body, objects, has_more: false })
    }

    /// The JSON text of one of the page's objects.
    pub fn text<'a>(&'a self, object: &'a Object) -> &'a [u8] {
        match &object.text {
            Text::InPage(range) => self.body.get(range.clone()).unwrap_or_default(),
            Text::Completed(text) => text,
        }
    }

    /// Whether the list at a key of the object has more than the object shows.
    pub fn goes_on(&self, object: &Object, key: &str) -> bool {
        let text = self.text(object);
        // Most objects hold no list: not worth reading them twice.
        if !text.windows(HAS_MORE.len()).any(|part| part == HAS_MORE) {
            return false;
        }
        let list = list_at(text, key).ok().flatten();
        list.and_then(|list| list.has_more).is_some_and(|more| more.get() == "true")
    }

    /// Puts elements into the list at a key of an object: those that it lacks are appended, everything else
    /// stays byte for byte, and `has_more` becomes false.
    pub fn complete(
        &mut self,
        index: usize,
        key: &str,
        elements: &[Box<RawValue>],
    ) -> Result<(), serde_json::Error> {
        let Some(object) = self.objects.get(index) else { return Ok(()) };
        let text = splice(self.text(object), key, elements)?;
        self.objects[index].text = Text::Completed(text);
        Ok(())
    }
}

const HAS_MORE: &[u8] = b"\"has_more\"";

/// The list at a key of an object, if there is one.
fn list_at<'t>(text: &'t [u8], key: &str) -> Result<Option<RawList<'t>>, serde_json::Error> {
    let mut members: HashMap<Cow<'t, str>, &'t RawValue> = serde_json::from_slice(text)?;
    members
        .remove(key)
        .filter(|list| list.get() != "null")
        .map(|list| serde_json::from_str(list.get()))
        .transpose()
}

fn splice(text: &[u8], key: &str, elements: &[Box<RawValue>]) -> Result<Vec<u8>, serde_json::Error> {
    let Some(list) = list_at(text, key)? else { return Ok(text.to_vec()) };
    let held: Vec<Id> = serde_json::from_str(list.data.get())?;
    let held: HashSet<&str> = held.iter().map(|element| element.id.as_str()).collect();
    let mut added: Vec<u8> = Vec::new();
    let mut empty = held.is_empty();
    for element in elements {
        let id: Id = serde_json::from_str(element.get())?;
        if held.contains(id.id.as_str()) {
            continue;
        }
        if !std::mem::replace(&mut empty, false) {
            added.push(b',');
        }
        added.extend_from_slice(element.get().as_bytes());
    }
    // `data` ends with its bracket; the new elements go right before it.
    let end = range_in(text, list.data.get().as_bytes()).end.saturating_sub(1);
    let mut edits: Vec<(Range<usize>, &[u8])> = vec![(end..end, &added)];
    if let Some(has_more) = list.has_more {
        edits.push((range_in(text, has_more.get().as_bytes()), b"false"));
    }
    edits.sort_by_key(|(range, _)| range.start);
    let (mut out, mut at) = (Vec::with_capacity(text.len() + added.len()), 0);
    for (range, new) in edits {
        out.extend_from_slice(text.get(at..range.start).unwrap_or_default());
        out.extend_from_slice(new);
        at = range.end;
    }
    out.extend_from_slice(text.get(at..).unwrap_or_default());
    Ok(out)
}

/// Where `part`, a slice borrowed from `whole`, lies in it.
pub(crate) fn range_in(whole: &[u8], part: &[u8]) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
    start..start + part.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_keep_their_bytes() {
        let body = br#"{"object":"list","data":[ {"id":"ch_1","created":2,"x":1.10} ,{"id":"ch_2","created":1}],"has_more":true}"#;
        let page = Page::parse(Bytes::from_static(body)).unwrap();
        assert!(page.has_more);
        assert_eq!(page.text(&page.objects[0]), br#"{"id":"ch_1","created":2,"x":1.10}"#);
        assert_eq!((page.objects[1].id.as_str(), page.objects[1].created), ("ch_2", 1));
    }

    #[test]
    fn a_cut_page_is_an_error() {
        assert!(Page::parse(Bytes::from_static(br#"{"object":"list","data":[{"id":"a""#)).is_err());
        assert!(Page::parse(Bytes::from_static(br#"{"object":"list","data":[]}"#)).is_err());
    }

    #[test]
    fn only_lists_that_go_on_are_completed() {
        let body = br#"{"data":[{"id":"in_1","lines":{"data":[],"has_more":true},"payments":{"data":[],"has_more":false}},
            {"id":"in_2","lines":null}],"has_more":false}"#;
        let page = Page::parse(Bytes::from_static(body)).unwrap();
        let goes_on = |index: usize, key| page.goes_on(&page.objects[index], key);
        assert!(goes_on(0, "lines"));
        assert!(!goes_on(0, "payments") && !goes_on(0, "items") && !goes_on(1, "lines"));
    }

    #[test]
    fn missing_items_are_spliced_in_and_nothing_else_moves() {
        let text = br#"{"id":"sub_1","items": {"data":[{"id":"si_1", "n":1.0}],"has_more": true,"url":"/x"} ,"z":1e3}"#;
        let items: Vec<Box<RawValue>> =
            serde_json::from_str(r#"[{"id":"si_1"},{"id":"si_2","big":9007199254740993}]"#).unwrap();
        let out = splice(text, "items", &items).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#"{"id":"sub_1","items": {"data":[{"id":"si_1", "n":1.0},{"id":"si_2","big":9007199254740993}],"has_more": false,"url":"/x"} ,"z":1e3}"#
        );
    }
}
