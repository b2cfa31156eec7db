//! Fields of Adobe's that a tenant's copy of the library lacks: they are written below the tenant's own object
//! instead, by a model of the user's that moves their mappings.

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use stripe_xdm::module::Module;
use xdm::Library;
use xdm::registry::standard::Lack;

/// Where a twin lies: below this, by the path of the field whose twin it is.
const ROOT: &str = "_{TENANT_ID}.stripe.standard";

/// A field that goes elsewhere.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Twin {
    dataset: String,
    /// Where the mapping would write.
    pub(super) field: String,
    /// What the tenant has there.
    found: String,
    /// Where it writes instead.
    pub(super) twin: String,
}

impl Twin {
    /// For people.
    pub(super) fn words(&self) -> String {
        let Twin { dataset, field, found, twin } = self;
        format!("{dataset}: {field}: the tenant has {found} there; it goes to {twin}")
    }
}

#[derive(Deserialize)]
struct Explained {
    outputs: Vec<Output>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Output {
    destination: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    source_type: Value,
    source: String,
    replaced_by: Option<usize>,
}

/// The twins of what is lacking, and the models that write them.
pub(super) fn models(
    module: &Module,
    settings: &Map<String, Value>,
    library: &Library,
    lacking: &[Lack],
) -> anyhow::Result<(Vec<Twin>, Vec<Value>)> {
    let (mut twins, mut models) = (Vec::new(), Vec::new());
    // A privacy policy is applied to the twins when records are made; what it makes of a mapping, and its salt, must
    // not get into a file.
    let mut settings = settings.clone();
    settings.remove("privacy");
    for model in &module.description().datasets {
        let dataset = dataset(&settings, &model.resource, &model.variant).unwrap_or(&model.name);
        let lacking: Vec<&Lack> = lacking.iter().filter(|lack| lack.dataset == dataset).collect();
        if lacking.is_empty() {
            continue;
        }
        let resource = format!("{}.{}", model.resource, model.variant);
        let question =
            json!({ "command": "explain", "resource": resource, "settings": settings, "samples": [] });
        let explained: Explained = match module.ask(&question.to_string()) {
            Ok(answer) => serde_json::from_str(&answer).context("the module's explanation of a model")?,
            Err(refusal) => bail!("{}", refusal.message),
        };
        let (mut mappings, mut drop) = (Vec::new(), Vec::new());
        for output in explained.outputs.into_iter().filter(|output| output.replaced_by.is_none()) {
            let pointer = names(&output.destination);
            let Some(lack) = lacking.iter().find(|lack| lack.path == pointer) else { continue };
            let twin = format!("{ROOT}.{}", own_names(&output.destination));
            let mut mapping =
                json!({ "sourceType": output.source_type, "source": output.source, "destination": twin });
            if let Value::Object(mapping) = &mut mapping {
                mapping.extend(output.kind.map(|kind| ("type".to_owned(), kind.into())));
                // What is known of the field is known of its twin.
                let notes = library.schema(dataset).map(|schema| schema.notes.as_slice()).unwrap_or_default();
                let labels = notes.iter().find(|note| note.path == lack.path).map(|note| &note.labels);
                let labels = labels.filter(|labels| !labels.is_empty());
                mapping.extend(labels.map(|labels| ("labels".to_owned(), json!(labels))));
            }
            mappings.push(mapping);
            twins.push(Twin {
                dataset: dataset.to_owned(),
                field: output.destination.clone(),
                found: lack.found.clone(),
                twin,
            });
            drop.push(output.destination);
        }
        models.push(json!({
            "resource": model.resource,
            "variant": model.variant,
            "mappingSet": { "mappings": mappings },
            "drop": drop,
        }));
    }
    Ok((twins, models))
}

/// The name that a user's model gives a dataset.
fn dataset<'s>(settings: &'s Map<String, Value>, resource: &str, variant: &str) -> Option<&'s str> {
    let models = settings.get("models")?.as_array()?;
    let same = |model: &&Value| {
        let of = |key: &str| model.get(key).and_then(Value::as_str);
        of("resource") == Some(resource) && of("variant").is_none_or(|known| known == variant)
    };
    models
        .iter()
        .filter(same)
        .filter_map(|model| model.get("dataset")?.as_str())
        .rfind(|name| !name.is_empty())
}

/// A destination with names that the tenant may give: Adobe's own may begin with an underscore (`_id`).
fn own_names(destination: &str) -> String {
    let mut own = String::new();
    let mut begins = true;
    let mut characters = destination.chars();
    while let Some(c) = characters.next() {
        if !(begins && c == '_') {
            own.push(c);
            begins = matches!(c, '.' | '{');
        }
        if c == '\\' {
            own.extend(characters.next());
        }
    }
    own
}

/// A destination's names as a JSON pointer: elements of arrays have none, keys of maps have theirs.
fn names(destination: &str) -> String {
    let mut pointer = String::new();
    let mut name = String::new();
    let mut characters = destination.chars();
    let finish = |name: &mut String, pointer: &mut String| {
        if !name.is_empty() {
            pointer.push('/');
            pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
            name.clear();
        }
    };
    while let Some(c) = characters.next() {
        match c {
            '\\' => name.extend(characters.next()),
            '.' => finish(&mut name, &mut pointer),
            '[' => {
                finish(&mut name, &mut pointer);
                characters.by_ref().find(|c| *c == ']');
            }
            '{' => finish(&mut name, &mut pointer),
            '}' => finish(&mut name, &mut pointer),
            c => name.push(c),
        }
    }
    finish(&mut name, &mut pointer);
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_are_found_by_their_names() {
        assert_eq!(names("commerce.order.refunds[0].refundAmount"), "/commerce/order/refunds/refundAmount");
        assert_eq!(names("productListItems[*].SKU"), "/productListItems/SKU");
        assert_eq!(names(r"a\.b.c"), "/a.b/c");
    }

    #[test]
    fn twins_have_no_names_of_adobes_alone() {
        assert_eq!(own_names("productListItems[*]._id"), "productListItems[*].id");
        assert_eq!(own_names("_repo.create_date"), "repo.create_date");
        assert_eq!(own_names(r"a\._b"), r"a\._b");
    }

    #[test]
    fn a_dataset_may_have_the_users_name() {
        let settings = json!({ "models": [
            { "resource": "charge", "dataset": "sales" },
            { "resource": "subscription", "variant": "event", "dataset": "changes" },
        ]});
        let settings = settings.as_object().unwrap();
        assert_eq!(dataset(settings, "charge", "event"), Some("sales"));
        assert_eq!(dataset(settings, "subscription", "record"), None);
    }
}
