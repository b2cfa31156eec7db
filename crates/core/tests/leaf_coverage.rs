//! No leaf of products, coupons, invoices, payment intents, disputes and payouts is forgotten, and none is taken
//! for something else: their models are held against `data/stripe_leaves.csv`.
//!
//! The table was made from the types that Stripe publishes, not from the models. It has one row per leaf: its
//! path (`[]` is an array, `{*}` a map), what kind of value it is, and how sensitive: I names a person, C
//! contacts one, L is where one lives, U is a person's id, F is free text, P pays, S is a secret or a link that
//! opens without a password, X must not leave at all. `object` is another object of Stripe's, whole.

mod paths;

use paths::{paths, segments};
use serde::Deserialize;

const MODELS: [&str; 7] =
    ["product", "coupon", "invoice", "invoice_event", "payment_intent", "dispute", "payout"];

#[derive(Deserialize)]
struct Row {
    resource: String,
    stripe_path: String,
    kind: String,
    sensitivity: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Model {
    resource: String,
    variant: String,
    mapping_set: MappingSet,
    dropped: Vec<Dropped>,
}

#[derive(Deserialize)]
struct MappingSet {
    mappings: Vec<Mapping>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mapping {
    source_type: String,
    source: String,
    destination: String,
    #[serde(rename = "type")]
    xdm_type: String,
    #[serde(default)]
    labels: Vec<String>,
}

#[derive(Deserialize)]
struct Dropped {
    source: String,
    reason: String,
}

impl Mapping {
    fn reads(&self) -> Vec<Vec<String>> {
        match self.source_type.as_str() {
            "ATTRIBUTE" => vec![segments(&self.source)],
            "EXPRESSION" => paths(&self.source).iter().map(|path| segments(path)).collect(),
            _ => Vec::new(),
        }
    }

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
        let mappings = self.mapping_set.mappings.iter();
        mappings.filter(|mapping| mapping.reads().iter().any(|path| path == leaf)).collect()
    }

    /// Whether the leaf is read as part of something larger.
    fn takes_whole(&self, leaf: &[String]) -> bool {
        let mut mappings = self.mapping_set.mappings.iter();
        mappings.any(|mapping| {
            mapping.reads().iter().any(|path| leaf.len() > path.len() && leaf.starts_with(path))
        })
    }

    fn drops(&self, leaf: &[String]) -> bool {
        self.dropped.iter().any(|rule| leaf.starts_with(&segments(&rule.source)) && !rule.reason.is_empty())
    }
}

fn file(name: &str) -> String {
    std::fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn models() -> Vec<Model> {
    let read = |name| serde_json::from_str(&file(&format!("models/{name}.json"))).unwrap();
    MODELS.into_iter().map(read).collect()
}

fn rows() -> Vec<Row> {
    let text = file("tests/data/stripe_leaves.csv");
    let rows: Vec<Row> =
        csv::Reader::from_reader(text.as_bytes()).deserialize().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 880);
    rows
}

impl Row {
    fn leaf(&self) -> Vec<String> {
        segments(&self.stripe_path.replace("[]", "[*]").replace("{*}", "{*}"))
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

fn report(problems: &[String], what: &str) {
    assert!(problems.is_empty(), "{} {what}:\n{}", problems.len(), problems.join("\n"));
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
        if row.mappings(&model).is_empty() && !model.takes_whole(&leaf) && !model.drops(&leaf) {
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
            let is_whole = model.mapping_set.mappings.iter().any(|mapping| {
                mapping.reads().iter().any(|path| leaf.len() > path.len() && leaf.starts_with(path))
            });
            if is_whole && "SX".contains(&row.sensitivity) {
                problems.push(format!("{} {} leaves with something larger", row.resource, row.stripe_path));
            }
        }
    }
    assert!(seen > 90, "{seen}");
    report(&problems, "sensitive leaves");
}
