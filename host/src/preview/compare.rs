//! What another mapping changes: records of the same object before and after, as the module wrote them. Numbers are
//! compared as they are written, so that no digit is lost.

use crate::module::{Batch, Module, ObjectResult, Record, RecordKind};
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Most fields that are told apart.
const FIELDS: usize = 500;
/// Most records that are shown whole, and how many bytes one may have.
const EXAMPLES: usize = 5;
const EXAMPLE_BYTES: usize = 64 << 10;
/// Most characters of a value that is shown by itself.
const VALUE: usize = 200;

/// What differs between records of two mappings.
#[derive(Debug, Default, Serialize)]
pub(super) struct Differences {
    /// Objects of which any record differs.
    objects: u64,
    /// Records that are in both and differ.
    changed: u64,
    /// Records that only the other mapping makes.
    added: u64,
    /// Records that only the mapping of the settings makes.
    removed: u64,
    #[serde(serialize_with = "values")]
    fields: BTreeMap<(String, String), Field>,
    /// Changes of fields that did not fit.
    other_fields: u64,
    examples: Vec<Example>,
}

/// How a field of a dataset differs.
#[derive(Debug, Serialize)]
struct Field {
    dataset: String,
    path: String,
    /// In how many records it has another value, is new, is gone.
    changed: u64,
    added: u64,
    removed: u64,
    /// The first of them.
    id: String,
    before: Option<String>,
    after: Option<String>,
}

#[derive(Debug, Serialize)]
struct Example {
    id: String,
    dataset: String,
    before: Option<Box<RawValue>>,
    after: Option<Box<RawValue>>,
}

/// Records of one object under one mapping.
pub(super) type Made<'a> = (&'a Batch, &'a ObjectResult);

/// A record among those of its object: dataset, what it is, and which of several.
type Place = (u16, u8, usize);

impl Differences {
    /// Compares the records of an object.
    pub(super) fn note(&mut self, module: &Module, id: &str, before: Made<'_>, after: Made<'_>) {
        let (old, new) = (placed(before), placed(after));
        let places: BTreeSet<&Place> = old.keys().chain(new.keys()).collect();
        let mut differs = false;
        for place in places {
            let (old, new) = (old.get(place).copied(), new.get(place).copied());
            if old == new {
                continue;
            }
            differs = true;
            match (old, new) {
                (Some(_), Some(_)) => self.changed += 1,
                (None, _) => self.added += 1,
                (_, None) => self.removed += 1,
            }
            let dataset = module.dataset(place.0);
            self.fields(dataset, id, old, new);
            self.show(dataset, id, old, new);
        }
        self.objects += u64::from(differs);
    }

    fn fields(&mut self, dataset: &str, id: &str, old: Option<&[u8]>, new: Option<&[u8]>) {
        let (Some(old), Some(new)) = (old, new) else { return };
        let (old, new) = (leaves(old), leaves(new));
        // A field of several elements counts once for a record.
        let mut counted = BTreeSet::new();
        for path in old.keys().chain(new.keys().filter(|path| !old.contains_key(*path))) {
            let (old, new) = (old.get(path).copied(), new.get(path).copied());
            let general = general(path);
            if old == new || !counted.insert(general.clone()) {
                continue;
            }
            let key = (dataset.to_owned(), general);
            if self.fields.len() >= FIELDS && !self.fields.contains_key(&key) {
                self.other_fields += 1;
                continue;
            }
            let path = key.1.clone();
            let field = self.fields.entry(key).or_insert_with(|| Field {
                dataset: dataset.to_owned(),
                path,
                changed: 0,
                added: 0,
                removed: 0,
                id: id.to_owned(),
                before: old.map(short),
                after: new.map(short),
            });
            match (old, new) {
                (Some(_), Some(_)) => field.changed += 1,
                (None, _) => field.added += 1,
                (_, None) => field.removed += 1,
            }
        }
    }

    fn show(&mut self, dataset: &str, id: &str, old: Option<&[u8]>, new: Option<&[u8]>) {
        let is_small = |record: Option<&[u8]>| record.is_none_or(|record| record.len() <= EXAMPLE_BYTES);
        if self.examples.len() >= EXAMPLES || !is_small(old) || !is_small(new) {
            return;
        }
        let raw = |record: Option<&[u8]>| record.and_then(|record| serde_json::from_slice(record).ok());
        let (before, after) = (raw(old), raw(new));
        self.examples.push(Example { id: id.to_owned(), dataset: dataset.to_owned(), before, after });
    }
}

/// Where each record of an object stands among those of its kind.
fn placed((batch, result): Made<'_>) -> BTreeMap<Place, &[u8]> {
    let mut counts = BTreeMap::<(u16, u8), usize>::new();
    let mut placed = BTreeMap::new();
    for record in batch.records(result) {
        let Record { dataset, kind, .. } = *record;
        let kind = match kind {
            RecordKind::Main => 0,
            RecordKind::Embedded => 1,
            RecordKind::Tombstone => 2,
        };
        let count = counts.entry((dataset, kind)).or_default();
        placed.insert((dataset, kind, *count), batch.bytes(record));
        *count += 1;
    }
    placed
}

/// Every value of a record that holds no others, by its path. A record is what the module wrote, so its depth is
/// bounded.
fn leaves(record: &[u8]) -> BTreeMap<String, &str> {
    let mut found = BTreeMap::new();
    if let Ok(record) = serde_json::from_slice::<&RawValue>(record) {
        gather(record.get(), &mut String::new(), &mut found);
    }
    found
}

fn gather<'r>(value: &'r str, path: &mut String, found: &mut BTreeMap<String, &'r str>) {
    let length = path.len();
    match value.as_bytes().first() {
        Some(b'{') => {
            let members = serde_json::from_str::<BTreeMap<Cow<'_, str>, &'r RawValue>>(value);
            for (name, member) in members.unwrap_or_default() {
                if length > 0 {
                    path.push('.');
                }
                path.push_str(&name);
                gather(member.get(), path, found);
                path.truncate(length);
            }
        }
        Some(b'[') => {
            let elements = serde_json::from_str::<Vec<&'r RawValue>>(value);
            for (index, element) in elements.unwrap_or_default().into_iter().enumerate() {
                path.push_str(&format!("[{index}]"));
                gather(element.get(), path, found);
                path.truncate(length);
            }
        }
        _ => drop(found.insert(path.clone(), value)),
    }
}

/// The path without the numbers of elements.
fn general(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('[') {
        let (index, behind) = after.split_once(']').unwrap_or((after, ""));
        let element = if index.bytes().all(|byte| byte.is_ascii_digit()) { "*" } else { index };
        out.extend([before, "[", element, "]"]);
        rest = behind;
    }
    out + rest
}

fn short(value: &str) -> String {
    match value.char_indices().nth(VALUE) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

/// The fields that differ most often first.
fn values<S: serde::Serializer>(
    fields: &BTreeMap<(String, String), Field>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut fields: Vec<&Field> = fields.values().collect();
    fields.sort_by_key(|field| std::cmp::Reverse(field.changed + field.added + field.removed));
    serializer.collect_seq(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_keep_every_digit_and_say_where_they_are() {
        let record = br#"{"a":{"b":12345678901234567890,"c":[{"d":1.10},"x"]},"e":{},"f.g":null}"#;
        let found: Vec<_> = leaves(record).into_iter().collect();
        let wanted =
            [("a.b", "12345678901234567890"), ("a.c[0].d", "1.10"), ("a.c[1]", "\"x\""), ("f.g", "null")];
        assert_eq!(found, wanted.map(|(path, value)| (path.to_owned(), value)));
        assert_eq!(general("a.c[0].d[12]"), "a.c[*].d[*]");
        assert_eq!(general("a[x].b"), "a[x].b");
    }

    #[test]
    fn fields_are_counted_once_a_record_with_an_example() {
        let mut differences = Differences::default();
        let old = br#"{"_id":"1","list":[{"n":1},{"n":2}],"gone":true,"same":1}"#;
        let new = br#"{"_id":"1","list":[{"n":3},{"n":4}],"new":"x","same":1}"#;
        differences.fields("charges", "ch_1", Some(old), Some(new));
        differences.fields("charges", "ch_2", Some(old), Some(new));
        differences.show("charges", "ch_1", Some(old), None);
        let told = serde_json::to_value(&differences).unwrap();
        let fields = told["fields"].as_array().unwrap();
        let of = |path: &str| fields.iter().find(|field| field["path"] == path).unwrap();
        assert_eq!(fields.len(), 3);
        assert_eq!((&of("list[*].n")["changed"], &of("list[*].n")["before"]), (&2.into(), &"1".into()));
        assert_eq!((&of("gone")["removed"], &of("new")["added"]), (&2.into(), &2.into()));
        assert_eq!(of("new")["id"], "ch_1");
        assert_eq!(told["examples"][0]["before"]["list"][1]["n"], 2);
        assert!(told["examples"][0]["after"].is_null());
    }

    #[test]
    fn what_is_shown_is_bounded() {
        let mut differences = Differences::default();
        let record = |from: usize| {
            let members = (from..from + 600).map(|number| format!(r#""f{number}":"{}""#, "y".repeat(300)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        };
        let (old, new) = (record(0), record(600));
        differences.fields("d", "1", Some(old.as_bytes()), Some(new.as_bytes()));
        differences.show("d", "1", Some(old.as_bytes()), Some(new.as_bytes()));
        assert_eq!((differences.fields.len(), differences.other_fields), (FIELDS, 700));
        assert!(differences.examples.is_empty());
        assert!(
            differences.fields.values().all(|field| field
                .before
                .iter()
                .chain(&field.after)
                .all(|v| v.chars().count() == VALUE + 1))
        );
    }
}
