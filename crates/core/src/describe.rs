//! What this build can do, as data: for `--help`, pages and hosts.

use crate::functions::FUNCTIONS;
use crate::models::{self, RESOURCES, Variant};
use serde::Serialize;

#[derive(Serialize)]
struct Description {
    version: &'static str,
    resources: [&'static str; 6],
    datasets: Vec<Dataset>,
    functions: Vec<Function>,
}

#[derive(Serialize)]
struct Dataset {
    name: String,
    resource: String,
    variant: Variant,
    mappings: usize,
    dropped: usize,
}

#[derive(Serialize)]
struct Function {
    name: &'static str,
    category: &'static str,
}

/// The resources, datasets (in the order of their indexes) and functions of this build, as JSON.
pub fn describe() -> String {
    let datasets = models::defaults().unwrap_or_default().into_iter().map(|model| Dataset {
        mappings: model.mapping_set.mappings.len(),
        dropped: model.dropped.len(),
        name: model.dataset,
        resource: model.resource,
        variant: model.variant,
    });
    let functions = dataprep::functions::table()
        .chain(FUNCTIONS)
        .map(|function| Function { name: function.name, category: function.category });
    let description = Description {
        version: env!("CARGO_PKG_VERSION"),
        resources: RESOURCES,
        datasets: datasets.collect(),
        functions: functions.collect(),
    };
    serde_json::to_string(&description).unwrap_or_default()
}
