//! What this build can do, as data: for `--help`, pages and hosts.

use crate::default_models::defaults;
use crate::functions::FUNCTIONS;
use crate::models::{self, Model, RESOURCES, Variant};
use crate::relational::ROWS;
use crate::settings::{ModelKind, Settings};
use serde::Serialize;

#[derive(Serialize)]
struct Description {
    version: &'static str,
    resources: [&'static str; RESOURCES.len()],
    api_versions: ApiVersions,
    datasets: Vec<Dataset>,
    functions: Vec<Function>,
}

/// The API versions whose objects the models read, as the models know every place where a field has stood in
/// them. What an Event of another version holds is better read anew.
#[derive(Serialize)]
struct ApiVersions {
    /// The oldest date.
    oldest: &'static str,
    /// The names of the releases since names are given; a version without one is older than all of them.
    /// Versions of one name only add to one another.
    releases: [&'static str; 5],
}

const API_VERSIONS: ApiVersions =
    ApiVersions { oldest: "2017-08-15", releases: ["acacia", "basil", "clover", "dahlia", "endive"] };

#[derive(Serialize)]
struct Dataset {
    name: String,
    resource: String,
    variant: Variant,
    /// The kind of schema of its records.
    model: ModelKind,
    /// Of relational ones: the field that tells records apart, which each begins with. Others begin with `_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'static str>,
    mappings: usize,
    dropped: usize,
}

#[derive(Serialize)]
struct Function {
    name: &'static str,
    category: &'static str,
}

/// The resources, API versions, datasets (in the order of their indexes, those of relational models after the
/// standard ones) and functions of this build, as JSON.
pub fn describe() -> String {
    let models = defaults().unwrap_or_default();
    let mut datasets: Vec<Dataset> = models.into_iter().map(standard).collect();
    let rows = models::of(&Settings { model: ModelKind::Relational, ..Settings::of_tenant("tenant") });
    for (model, row) in rows.unwrap_or_default().into_iter().zip(ROWS) {
        datasets.push(Dataset { model: ModelKind::Relational, key: Some(row.key), ..standard(model) });
    }
    let functions = dataprep::functions::table()
        .chain(FUNCTIONS)
        .map(|function| Function { name: function.name, category: function.category });
    let description = Description {
        version: env!("CARGO_PKG_VERSION"),
        resources: RESOURCES,
        api_versions: API_VERSIONS,
        datasets,
        functions: functions.collect(),
    };
    serde_json::to_string(&description).unwrap_or_default()
}

fn standard(model: Model) -> Dataset {
    Dataset {
        mappings: model.mapping_set.mappings.len(),
        dropped: model.dropped.len(),
        name: model.dataset,
        resource: model.resource,
        variant: model.variant,
        model: ModelKind::Standard,
        key: None,
    }
}
