//! No leaf of the first six Stripe resources is forgotten: the default models are held against the table
//! that they were made from.
//!
//! `data/xdm_mapping.csv` has one row per Stripe leaf (resource, `stripe_path`), the XDM paths that it
//! goes to and their types, the conversion in words or `dropped because: …`, the data usage labels and a
//! remark. `[]` is an array, `{*}` a map; `(event variant)` and `(side-emitted Price record)` say which
//! record of several a path belongs to.

use crate::model::{self, Model, destination};
use crate::paths::segments;
use crate::report;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const MODELS: [&str; 7] =
    ["charge", "refund", "balance_transaction", "subscription", "subscription_event", "customer", "price"];

#[derive(Deserialize)]
struct Row {
    resource: String,
    stripe_path: String,
    xdm_path: String,
    xdm_type: String,
    conversion: String,
    sensitivity_label: String,
}

impl Row {
    /// The labels, without the remark in brackets: `I2;C2`, `I2 (free text)`.
    fn labels(&self) -> BTreeSet<&str> {
        let labels = self.sensitivity_label.split(" (").next().unwrap();
        labels.split(';').map(str::trim).filter(|label| !["", "n/a"].contains(label)).collect()
    }

    /// Where the row goes: models, paths as they are written, and their types.
    fn places(&self) -> Vec<(&'static str, &str, &str)> {
        let types: Vec<&str> = self.xdm_type.split(';').map(str::trim).collect();
        let mut places = Vec::new();
        for (index, path) in self.xdm_path.split(';').map(str::trim).enumerate() {
            let price = path.strip_prefix("(side-emitted Price record) ");
            let path = price.unwrap_or(path);
            let models: &[&str] = match self.resource.as_str() {
                // A row's first path names the record, all the others of the list go there too.
                "subscription" if self.xdm_path.starts_with("(side-emitted") || price.is_some() => &["price"],
                "subscription" if path.contains("(event variant") => &["subscription_event"],
                // An item's metadata would make events too large.
                "subscription" if path.contains("subscription.items[].metadata") => &["subscription"],
                "subscription" => &["subscription", "subscription_event"],
                resource => {
                    MODELS.iter().position(|name| *name == resource).map_or(&[], |at| &MODELS[at..=at])
                }
            };
            let path = path.split_once(" (").map_or(path, |(path, _)| path);
            let kind = types.get(index).or(types.first()).copied().unwrap_or_default();
            places.extend(models.iter().map(|model| (*model, path, kind)));
        }
        places
    }

    fn is_dropped(&self) -> bool {
        self.conversion.starts_with("dropped because:")
    }

    /// An object that never has members: there is no leaf to map or to drop. A rule would silently
    /// swallow the members that Stripe may add one day.
    fn has_no_leaf(&self) -> bool {
        self.conversion.contains("empty marker object")
    }
}

/// A model and what its mappings read.
struct Known {
    model: Model,
    read: Vec<Vec<String>>,
}

impl Known {
    /// Whether a source path is read (itself, or with an ancestor, or by a catch-all) or dropped.
    fn accounts_for(&self, path: &[String]) -> bool {
        let dropped = self.model.dropped.iter().map(|rule| segments(&rule.source));
        self.read.iter().cloned().chain(dropped).any(|known| path.starts_with(&known))
    }
}

fn models() -> BTreeMap<&'static str, Known> {
    let known = |name| {
        let model = Model::read(name);
        let read = model.mappings().iter().flat_map(|mapping| mapping.reads()).collect();
        (name, Known { model, read })
    };
    MODELS.into_iter().map(known).collect()
}

fn rows() -> Vec<Row> {
    let rows: Vec<Row> = csv::Reader::from_path(model::place("tests/data/xdm_mapping.csv"))
        .unwrap()
        .deserialize()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(rows.len(), 1005);
    rows
}

/// A row's source path in the same pieces.
fn row_segments(path: &str) -> Vec<String> {
    let path = match path.split_once(" (") {
        Some((map, "map key)")) => map.replace("{*}", "{key}"),
        Some((variant_of, _)) => variant_of.to_owned(),
        None => path.trim_end_matches(".*").to_owned(),
    };
    segments(&path.replace("[]", "[*]"))
}

/// The type of a row's destination in the models' words.
fn row_type(xdm_path: &str, xdm_type: &str) -> String {
    let name = match xdm_type {
        "map<string,string>" => "map<string>",
        "map<string,integer>" => "map<integer>",
        "string (date-time)" => "date-time",
        _ if xdm_type.starts_with("integer (long") => "long",
        _ if xdm_type.starts_with("string") && xdm_path.ends_with("[]") => "array<string>",
        _ if xdm_type.starts_with("string") => "string",
        _ => xdm_type,
    };
    name.to_owned()
}

#[test]
fn every_leaf_is_read_or_dropped_for_a_reason() {
    let models = models();
    let mut lost = Vec::new();
    for row in rows().iter().filter(|row| !row.has_no_leaf()) {
        let path = row_segments(&row.stripe_path);
        let covered = models.values().filter(|known| known.model.resource == row.resource).any(|known| {
            known.accounts_for(&path)
                || known.model.embedded.iter().any(|place| {
                    let Some(inner) = path.strip_prefix(segments(&place.source).as_slice()) else {
                        return false;
                    };
                    inner.is_empty()
                        || models.get(place.resource.as_str()).is_some_and(|other| other.accounts_for(inner))
                })
        });
        if !covered {
            lost.push(format!("{} {}", row.resource, row.stripe_path));
        }
    }
    report(&lost, "rows are neither read nor dropped");
}

#[test]
fn every_destination_of_the_table_is_written_with_its_type() {
    let models = models();
    let written: BTreeMap<&str, BTreeMap<String, &str>> = models
        .iter()
        .map(|(name, known)| {
            let mappings = known.model.mappings().iter();
            (*name, mappings.map(|m| (destination(&m.destination), m.field_type())).collect())
        })
        .collect();
    let mut problems = Vec::new();
    for row in rows().iter().filter(|row| !row.is_dropped()) {
        for (model, path, kind) in row.places() {
            let wanted = row_type(path, kind);
            // The table gives such rows the type of their first path.
            let derived =
                ["_id", "eventType", "timestamp"].contains(&path) || row.xdm_path.contains("eventType");
            match written[model].get(&destination(path)) {
                None => problems.push(format!("{model} {path}: not written ({})", row.stripe_path)),
                Some(found) if *found != wanted && !derived => {
                    problems.push(format!(
                        "{model} {path}: {found}, but the table says {wanted} ({})",
                        row.stripe_path
                    ));
                }
                Some(_) => {}
            }
        }
    }
    report(&problems, "destinations differ from the table");
}

#[test]
fn labels_are_those_of_the_table() {
    // Made of what the table labels in another row.
    let derived = BTreeMap::from([
        (("charge", "identityMap.Email[].id"), vec!["I1"]),
        (("customer", "extSourceSystemAudit.externalKey.sourceKey"), vec!["I2"]),
        (("customer", "_{TENANT_ID}.stripe.customer.emailRaw"), vec!["I1"]),
    ]);
    let rows = rows();
    let mut wanted: BTreeMap<(&str, String), BTreeSet<&str>> = BTreeMap::new();
    for row in rows.iter().filter(|row| !row.is_dropped()) {
        for (model, path, _) in row.places() {
            wanted.entry((model, destination(path))).or_default().extend(row.labels());
        }
    }
    for ((model, path), labels) in derived {
        let known = wanted.insert((model, path.to_owned()), labels.into_iter().collect());
        assert!(known.is_none(), "{model} {path} has a row");
    }
    let models = models();
    let mut problems = Vec::new();
    for (name, known) in &models {
        for mapping in known.model.mappings() {
            let wanted = wanted.remove(&(*name, destination(&mapping.destination))).unwrap_or_default();
            // In the order of the alphabet and each once, so that a set has one way to be written.
            if !mapping.labels.iter().eq(&wanted) {
                let (place, found) = (&mapping.destination, &mapping.labels);
                problems.push(format!("{name} {place}: {found:?}, but the table says {wanted:?}"));
            }
        }
    }
    for ((model, path), labels) in wanted.iter().filter(|(_, labels)| !labels.is_empty()) {
        problems.push(format!("{model} {path}: no mapping for a row with {labels:?}"));
    }
    report(&problems, "labels differ from the table");
}

#[test]
fn the_subscription_event_carries_the_record_less_the_items_metadata() {
    let models = models();
    let tenant = |name: &str| -> BTreeMap<String, String> {
        let mappings = models[name].model.mappings().iter();
        mappings
            .filter(|m| m.destination.starts_with("_{TENANT_ID}."))
            .map(|m| (m.destination.clone(), m.source.clone()))
            .collect()
    };
    let mut record = tenant("subscription");
    assert!(record.remove("_{TENANT_ID}.stripe.subscription.items[*].metadata").is_some());
    assert_eq!(record, tenant("subscription_event"));
}
