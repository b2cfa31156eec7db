//! `--mapping [RESOURCE=]FILE`: a file of the user's as what the module's settings call a model. What the
//! mappings mean, and whether they are sound, is the module's to say.

use super::given;
use anyhow::{Context, bail};
use serde_json::{Value, json};
use stripe_xdm::config::mapping_file;

/// The models in a file: one or an array of ours, or a mapping set of Adobe's, which needs the resource.
pub(super) fn user_models(given: &str, replace: bool) -> anyhow::Result<Vec<Value>> {
    let (target, path) = mapping_file(given);
    let file: Value = serde_json::from_str(&given::file(path)?).context("the file is not JSON")?;
    let mut models = match file {
        Value::Array(many) if many.iter().all(is_model) => many,
        one if is_model(&one) => vec![one],
        set => {
            let Some(target) = target else {
                bail!("a mapping set does not say what it maps: write RESOURCE={path}, such as charge={path}")
            };
            let (resource, variant) = split(target);
            let mut model = json!({ "resource": resource, "mappingSet": set });
            if let Some(variant) = variant {
                model["variant"] = variant.into();
            }
            vec![model]
        }
    };
    for model in &mut models {
        if let Some(target) = target {
            let (resource, variant) = split(target);
            let same = model["resource"] == resource && variant.is_none_or(|v| model["variant"] == v);
            if !same {
                bail!("the file is a model of {}, not of {target}: leave {target}= away", model["resource"]);
            }
        }
        if replace {
            model["replace"] = true.into();
        }
    }
    Ok(models)
}

/// Whether a model has a mapping to `_id`, without which a lake cannot tell its records apart.
pub(super) fn writes_id(model: &Value) -> bool {
    match model {
        Value::Object(members) => {
            ["destination", "destinationXdmPath"]
                .iter()
                .any(|name| members.get(*name).is_some_and(|path| path == "_id"))
                || members.values().any(writes_id)
        }
        Value::Array(elements) => elements.iter().any(writes_id),
        _ => false,
    }
}

fn is_model(value: &Value) -> bool {
    value.get("resource").is_some()
}

fn split(target: &str) -> (&str, Option<&str>) {
    target.split_once('.').map_or((target, None), |(resource, variant)| (resource, Some(variant)))
}
