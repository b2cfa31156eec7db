//! No leaf of products, coupons, invoices, payment intents, disputes and payouts is forgotten, and none is taken
//! for something else: their models are held against `data/stripe_leaves.csv`.
//!
//! The table was made from the types that Stripe publishes, not from the models. It has one row per leaf: its
//! path (`[]` is an array, `{*}` a map), what kind of value it is, and how sensitive: I names a person, C
//! contacts one, L is where one lives, U is a person's id, F is free text, P pays, S is a secret or a link that
//! opens without a password, X must not leave at all. `object` is another object of Stripe's, whole.

use crate::model::{self, Mapping, Model};
use crate::paths::segments;
use crate::report;
use serde::Deserialize;

pub(crate) const MODELS: [&str; 7] =
    ["product", "coupon", "invoice", "invoice_event", "payment_intent", "dispute", "payout"];

#[derive(Deserialize)]
struct Row {
    resource: String,
    stripe_path: String,
    kind: String,
    sensitivity: String,
}

impl Mapping {
    /// Whether it tells whose record it is, not what the record says.
    fn is_key(&self) -> bool {
        let destination = self.destination.as_str();
        destination == "_id"
            || destination.ends_with("authenticatedState")
            || destination.ends_with(".primary")
    }
}

impl Model {
    /// The mappings that read just this leaf.
    fn of_leaf(&self, leaf: &[String]) -> Vec<&Mapping> {
        self.mappings().iter().filter(|mapping| mapping.reads().iter().any(|path| path == leaf)).collect()
    }

    /// Whether the leaf is read as part of something larger.
    fn takes_whole(&self, leaf: &[String]) -> bool {
        self.mappings().iter().any(|mapping| {
            mapping.reads().iter().any(|path| leaf.len() > path.len() && leaf.starts_with(path))
        })
    }

    /// Whether something below it is read.
    fn opens(&self, leaf: &[String]) -> bool {
        self.mappings().iter().any(|mapping| mapping.reads().iter().any(|path| path.starts_with(leaf)))
    }

    fn drops(&self, leaf: &[String]) -> bool {
        self.dropped.iter().any(|rule| leaf.starts_with(&segments(&rule.source)) && !rule.reason.is_empty())
    }
}

fn models() -> Vec<Model> {
    MODELS.into_iter().map(Model::read).collect()
}

fn rows() -> Vec<Row> {
    let rows: Vec<Row> = csv::Reader::from_path(model::place("tests/data/stripe_leaves.csv"))
        .unwrap()
        .deserialize()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(rows.len(), 880);
    rows
}

impl Row {
    fn leaf(&self) -> Vec<String> {
        segments(&self.stripe_path.replace("[]", "[*]"))
    }

    /// The leaf as mappings name it: a map is read whole, and an array of texts too.
    fn names(&self) -> [Vec<String>; 2] {
        let leaf = self.leaf();
        let whole = match leaf.last().map(String::as_str) {
            Some("{*}" | "[*]") => leaf[..leaf.len() - 1].to_vec(),
            _ => leaf.clone(),
        };
        [leaf, whole]
    }

    fn mappings<'m>(&self, model: &'m Model) -> Vec<&'m Mapping> {
        let [leaf, whole] = self.names();
        let mut found = model.of_leaf(&leaf);
        if whole != leaf {
            found.extend(model.of_leaf(&whole));
        }
        found
    }
}

/// Rows, each with the model that tells its object whole.
fn told() -> Vec<(Row, Model)> {
    rows()
        .into_iter()
        .map(|row| {
            let mut models = models().into_iter().filter(|model| model.resource == row.resource);
            let first = models.next().unwrap();
            let model = models.find(|model| model.variant == "record").unwrap_or(first);
            (row, model)
        })
        .collect()
}

#[test]
fn every_leaf_is_read_or_dropped_for_a_reason() {
    let mut lost = Vec::new();
    for (row, model) in told() {
        let leaf = row.leaf();
        let is_read = !row.mappings(&model).is_empty() || model.takes_whole(&leaf);
        // Of another object, some of its fields.
        let is_opened = row.kind == "object" && model.opens(&leaf);
        if !is_read && !is_opened && !model.drops(&leaf) {
            lost.push(format!("{} {}", row.resource, row.stripe_path));
        }
    }
    report(&lost, "leaves are neither read nor dropped");
}

#[test]
fn values_are_taken_for_what_they_are() {
    let mut problems = Vec::new();
    for (row, model) in told() {
        let mappings = row.mappings(&model);
        if mappings.is_empty() {
            continue;
        }
        let has = |kind: &str, word: &str, ending: &str| {
            mappings.iter().any(|mapping| {
                mapping.xdm_type == kind
                    && mapping.source.contains(word)
                    && mapping.destination.ends_with(ending)
            })
        };
        let is_right = match row.kind.as_str() {
            // Both the exact amount of its currency and the minor units; a map by currency has the latter.
            "money" => {
                has("number", "stripe_major(", "") && has("long", "", "Minor") || has("long", "", "{*}")
            }
            "time" => has("date-time", "stripe_datetime(", ""),
            "flag" => has("boolean", "", ""),
            "reference" => has("string", "stripe_id(", "") || has("array<string>", "stripe_id", ""),
            "map" => has("map<string>", "", ""),
            "number" => ["number", "integer", "long"].iter().any(|kind| has(kind, "", "")),
            "text" | "constant" | "object" => true,
            other => panic!("{} {}: {other} is read", row.resource, row.stripe_path),
        };
        if !is_right {
            problems.push(format!("{} {} is {}", row.resource, row.stripe_path, row.kind));
        }
    }
    report(&problems, "leaves are taken for something else");
}

#[test]
fn what_is_sensitive_is_labelled_and_secrets_stay() {
    let models = models();
    let mut problems = Vec::new();
    let mut seen = 0;
    for row in rows().iter().filter(|row| !row.sensitivity.is_empty()) {
        seen += 1;
        for model in models.iter().filter(|model| model.resource == row.resource) {
            let leaf = row.leaf();
            let mappings = row.mappings(model);
            let wanted: &[&[&str]] = match row.sensitivity.as_str() {
                "I" => &[&["I1"], &["I1", "PSPD"]],
                "C" => &[&["I1"]],
                "L" => &[&["I1"], &["I2", "S2"]],
                "F" | "U" => &[&["I2"]],
                "P" => &[&["C2", "I2"]],
                "S" | "X" => &[&["C12", "I2"]],
                other => panic!("no rule for {other}"),
            };
            for mapping in mappings.iter().filter(|mapping| !mapping.is_key()) {
                if !wanted.iter().any(|labels| mapping.labels.iter().eq(*labels)) || row.sensitivity == "X" {
                    problems.push(format!(
                        "{}: {:?} for {}",
                        mapping.destination, mapping.labels, row.sensitivity
                    ));
                }
            }
            if model.takes_whole(&leaf) && "SX".contains(&row.sensitivity) {
                problems.push(format!("{} {} leaves with something larger", row.resource, row.stripe_path));
            }
        }
    }
    assert!(seen > 90, "{seen}");
    report(&problems, "sensitive leaves");
}
