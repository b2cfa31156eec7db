//! What this build can do, as data: for `--help`, pages and hosts.

use crate::functions::FUNCTIONS;
use crate::models::{self, RESOURCES, Variant};
use serde_json::json;

/// The resources, datasets and functions of this build, as JSON.
pub fn describe() -> String {
    let models = models::merged(&[]).unwrap_or_default();
    let datasets: Vec<_> = models
        .iter()
        .map(|model| {
            json!({
                "name": model.dataset,
                "resource": model.resource,
                "variant": match model.variant { Variant::Event => "event", Variant::Record => "record" },
                "mappings": model.mapping_set.mappings.len(),
                "dropped": model.dropped.len(),
            })
        })
        .collect();
    let functions: Vec<_> = dataprep::functions::table()
        .chain(FUNCTIONS)
        .map(|function| json!({ "name": function.name, "category": function.category }))
        .collect();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "resources": RESOURCES,
        "datasets": datasets,
        "functions": functions,
    })
    .to_string()
}
