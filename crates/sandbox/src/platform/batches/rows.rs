//! What datasets hold: rows that were accepted, in order, and tables of relational datasets.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{json::compact, platform::tenant::Tenant};

/// The column that says what a row does to its table; it is not stored.
pub(super) const CHANGE: &str = "_change_request_type";

/// A row that was accepted.
#[derive(Debug, Clone)]
struct Row {
    batch: Arc<str>,
    text: String,
}

/// A key of a table: its newest version, and the row unless that deleted it. A deletion stays, so that an older
/// row which comes later does not bring the key back.
#[derive(Debug, Clone)]
struct Entry {
    version: Value,
    row: Option<Row>,
}

/// The key and version columns of a relational schema, names from the root.
#[derive(Debug, Clone)]
pub(super) struct TableKeys {
    keys: Vec<Vec<String>>,
    version: Vec<String>,
}

impl TableKeys {
    /// Of a dataset's schema; none when it is not relational or has no such descriptors.
    pub(super) fn of(tenant: &Tenant, schema: &str) -> Option<Self> {
        let paths = |kind: &str| tenant.registry.descriptor_paths(schema, kind);
        let names = |path: &String| path.split('/').skip(1).map(str::to_owned).collect::<Vec<String>>();
        let keys: Vec<Vec<String>> = paths("xdm:descriptorPrimaryKey").iter().map(names).collect();
        let version = paths("xdm:descriptorVersion").first().map(names)?;
        (!keys.is_empty()).then_some(Self { keys, version })
    }

    /// The key's columns and the version's that a row lacks.
    pub(super) fn missing(&self, row: &Value) -> Vec<String> {
        let all = self.keys.iter().chain([&self.version]);
        all.filter(|path| at(row, path).is_none_or(Value::is_null)).map(|path| path.join(".")).collect()
    }

    fn key(&self, row: &Value) -> String {
        let values: Vec<Value> =
            self.keys.iter().map(|path| at(row, path).cloned().unwrap_or_default()).collect();
        compact(&Value::Array(values))
    }
}

fn at<'a>(row: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(row, |value, name| value.get(name))
}

/// Whether a row deletes; nothing when its column says neither.
pub(super) fn deletes(row: &mut Map<String, Value>) -> Option<bool> {
    match row.remove(CHANGE) {
        None => Some(false),
        // Adobe's pages write both cases.
        Some(Value::String(kind)) if kind.eq_ignore_ascii_case("u") => Some(false),
        Some(Value::String(kind)) if kind.eq_ignore_ascii_case("d") => Some(true),
        Some(_) => None,
    }
}

/// A row that has passed.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) text: String,
    /// Of a table's row: its key and version.
    place: Option<(String, Value)>,
    deletes: bool,
}

impl Accepted {
    pub(super) fn new(row: &Value, keys: Option<&TableKeys>, deletes: bool) -> Self {
        let version = |keys: &TableKeys| at(row, &keys.version).cloned().unwrap_or_default();
        let place = keys.map(|keys| (keys.key(row), version(keys)));
        Self { text: row.to_string(), place, deletes }
    }
}

/// Rows by dataset.
#[derive(Debug, Default)]
pub(super) struct Rows {
    appended: BTreeMap<String, Vec<Row>>,
    tables: BTreeMap<String, BTreeMap<String, Entry>>,
    /// Fields that rows had and the schema did not, by dataset.
    pub(super) unknown: BTreeMap<String, BTreeSet<String>>,
}

impl Rows {
    pub(super) fn add(&mut self, dataset: &str, batch: &str, accepted: Vec<Accepted>) {
        let batch: Arc<str> = Arc::from(batch);
        for Accepted { text, place, deletes } in accepted {
            let row = Row { batch: Arc::clone(&batch), text };
            let Some((key, version)) = place else {
                match self.appended.get_mut(dataset) {
                    Some(rows) => rows.push(row),
                    None => drop(self.appended.insert(dataset.to_owned(), vec![row])),
                }
                continue;
            };
            let table = self.tables.entry(dataset.to_owned()).or_default();
            if table.get(&key).is_none_or(|known| order(&version, &known.version) != Ordering::Less) {
                table.insert(key, Entry { version, row: (!deletes).then_some(row) });
            }
        }
    }

    /// Takes out what a batch brought. What it replaced in a table does not come back.
    pub(super) fn remove(&mut self, batch: &str) {
        for rows in self.appended.values_mut() {
            rows.retain(|row| &*row.batch != batch);
        }
        for table in self.tables.values_mut() {
            table.retain(|_, entry| entry.row.as_ref().is_none_or(|row| &*row.batch != batch));
        }
    }

    fn all<'a>(&'a self, dataset: &str) -> Box<dyn Iterator<Item = &'a Row> + 'a> {
        let appended = self.appended.get(dataset).into_iter().flatten();
        let table = self.tables.get(dataset).into_iter().flat_map(BTreeMap::values);
        Box::new(appended.chain(table.filter_map(|entry| entry.row.as_ref())))
    }

    /// All rows of a dataset as JSON: in the order in which they came, or by key.
    pub(super) fn of<'a>(&'a self, dataset: &str) -> impl Iterator<Item = &'a str> {
        self.all(dataset).map(|row| row.text.as_str())
    }

    /// The rows that a batch brought and that are still there, one a line.
    pub(super) fn lines(&self, dataset: &str, batch: &str) -> String {
        let mut lines = String::new();
        for row in self.all(dataset).filter(|row| &*row.batch == batch) {
            lines.push_str(&row.text);
            lines.push('\n');
        }
        lines
    }
}

/// Versions are numbers, or texts that sort as the moments they are.
fn order(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => left.as_f64().partial_cmp(&right.as_f64()).unwrap_or(Ordering::Equal),
        },
        (Value::String(left), Value::String(right)) => left.cmp(right),
        _ => Ordering::Equal,
    }
}

#[cfg(test)]
mod tests {
    use super::{Accepted, Rows, TableKeys};
    use serde_json::json;

    #[test]
    fn the_highest_version_of_a_key_wins_in_whatever_order_it_comes() {
        let keys = TableKeys { keys: vec![vec!["id".to_owned()]], version: vec!["v".to_owned()] };
        let mut rows = Rows::default();
        let row = |id: &str, v: u32, deletes| Accepted::new(&json!({"id": id, "v": v}), Some(&keys), deletes);
        rows.add("d", "b1", vec![row("a", 2, false), row("a", 1, false), row("b", 1, false)]);
        rows.add("d", "b2", vec![row("b", 3, true), row("b", 2, false)]);
        assert_eq!(rows.of("d").collect::<Vec<_>>(), [r#"{"id":"a","v":2}"#]);
        assert_eq!(keys.missing(&json!({"id": null})), ["id", "v"]);
        rows.remove("b1");
        assert_eq!(rows.of("d").count(), 0);
    }
}
