//! The default models as their files say them, read without the core.

use crate::paths::{paths, segments};
use serde::Deserialize;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Model {
    pub(crate) resource: String,
    pub(crate) variant: String,
    pub(crate) embedded: Vec<Embedded>,
    mapping_set: MappingSet,
    pub(crate) dropped: Vec<Dropped>,
}

#[derive(Deserialize)]
pub(crate) struct Embedded {
    pub(crate) source: String,
    pub(crate) resource: String,
}

#[derive(Deserialize)]
struct MappingSet {
    mappings: Vec<Mapping>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Mapping {
    source_type: String,
    pub(crate) source: String,
    pub(crate) destination: String,
    #[serde(rename = "type")]
    pub(crate) xdm_type: String,
    #[serde(default)]
    pub(crate) labels: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct Dropped {
    pub(crate) source: String,
    pub(crate) reason: String,
}

impl Model {
    pub(crate) fn read(name: &str) -> Self {
        let text = std::fs::read_to_string(place(&format!("models/{name}.json"))).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) fn mappings(&self) -> &[Mapping] {
        &self.mapping_set.mappings
    }
}

impl Mapping {
    /// The source paths that it reads, in pieces; not what is told besides the object.
    pub(crate) fn reads(&self) -> Vec<Vec<String>> {
        let paths = match self.source_type.as_str() {
            "ATTRIBUTE" => vec![self.source.clone()],
            "EXPRESSION" => paths(&self.source),
            "STATIC" => Vec::new(),
            other => panic!("{}: source type {other}", self.destination),
        };
        let is_context = |path: &str| path.starts_with("_envelope.") || path.starts_with("_settings.");
        paths.iter().filter(|path| !is_context(path)).map(|path| segments(path)).collect()
    }

    /// The type of the whole field: a mapping into a map's values names the type of one value.
    pub(crate) fn field_type(&self) -> &str {
        match self.xdm_type.as_str() {
            "integer" | "long" if self.destination.ends_with("{*}") => "map<integer>",
            "string" if self.destination.ends_with("{*}") => "map<string>",
            whole => whole,
        }
    }
}

/// A destination without what differs between a row and a mapping: which element, which placeholder.
pub(crate) fn destination(path: &str) -> String {
    path.replace("{PHONE}", "mobilePhone")
        .replace("{CUSTOMER_NAMESPACE}", "StripeCustomerID")
        .replace("[*]", "[]")
        .replace("[0]", "[]")
        .replace("{**}", "")
        .replace("{*}", "")
        .trim_end_matches("[]")
        .to_owned()
}

/// A file or folder of the crate.
pub(crate) fn place(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}
