//! What a user changes in a default model: mappings added, changed and dropped by their destination, or
//! a whole set in the place of the default's.

use crate::models::{self, Dropped, Embedded, Model, RESOURCES, Variant};
use crate::settings::Settings;
use dataprep::MappingSet;
use serde::{Deserialize, Serialize};

/// A user's mapping set and the model that it changes.
///
/// The set may be one of Adobe's, in either of its forms; sources that all lie under `data.`, as with
/// Adobe's managed Stripe source, are read from the object itself.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserModel {
    /// The resource, as `object` names it.
    pub resource: String,
    /// Which of the resource's models, where it has two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<Variant>,
    /// Where the records go; the default's dataset when it is empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub dataset: String,
    /// Mappings. One to a destination of the default model takes its place, others are added.
    #[serde(default)]
    pub mapping_set: MappingSet,
    /// Destinations of the default model that are not to be written, with everything below them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drop: Vec<String>,
    /// More places of objects that become records of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub embedded: Vec<Embedded>,
    /// More source paths that are left out on purpose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Dropped>,
    /// Forget everything that the default model maps, instead of changing it.
    #[serde(default)]
    pub replace: bool,
}

impl UserModel {
    /// Changes the default model that this one names, or says everything that keeps it from doing so.
    pub(crate) fn layer_over(&self, models: &mut [Model], settings: &Settings) -> Result<(), Vec<String>> {
        let model = self.model_among(models).map_err(|problem| vec![problem])?;
        if !self.dataset.is_empty() {
            model.dataset.clone_from(&self.dataset);
        }
        if self.replace {
            model.mapping_set = MappingSet::default();
            model.embedded.clear();
            model.dropped.clear();
        }
        let drop: Vec<String> = self.drop.iter().map(|path| models::destination(path, settings)).collect();
        let problems: Vec<String> = drop
            .iter()
            .filter(|path| !model.mapping_set.mappings.iter().any(|m| is_at_or_below(&m.destination, path)))
            .map(|path| format!("drop: nothing is mapped to {path} in the model of {}", self.resource))
            .collect();
        let mut set = self.mapping_set.clone();
        models::fill(&mut set, settings);
        layer(&mut model.mapping_set, &set, &drop);
        model.embedded.extend_from_slice(&self.embedded);
        model.dropped.extend_from_slice(&self.dropped);
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    fn model_among<'m>(&self, models: &'m mut [Model]) -> Result<&'m mut Model, String> {
        let fits = |model: &&mut Model| {
            model.resource == self.resource && self.variant.is_none_or(|variant| model.variant == variant)
        };
        let mut fitting = models.iter_mut().filter(fits);
        match (fitting.next(), fitting.next()) {
            (Some(model), None) => Ok(model),
            (Some(_), Some(_)) => Err(format!(
                "{0} has two models, an event and a record: say which with `variant` ({0}.event or {0}.record)",
                self.resource
            )),
            (None, _) if RESOURCES.contains(&self.resource.as_str()) => Err(format!(
                "{} has no {} model; leave `variant` out",
                self.resource,
                if self.variant == Some(Variant::Event) { "event" } else { "record" }
            )),
            (None, _) => Err(format!(
                "there is no model of the resource {:?} to change; resources are {}",
                self.resource,
                RESOURCES.join(", ")
            )),
        }
    }
}

/// Puts the mappings of one set over another's: each takes the place of the one to its destination, and
/// its type when it says none; new ones follow at the end.
fn layer(set: &mut MappingSet, over: &MappingSet, drop: &[String]) {
    set.mappings.retain(|mapping| !drop.iter().any(|path| is_at_or_below(&mapping.destination, path)));
    for mapping in &over.mappings {
        match set.mappings.iter_mut().find(|known| known.destination == mapping.destination) {
            Some(known) => {
                let xdm_type = mapping.xdm_type.or(known.xdm_type);
                *known = mapping.clone();
                known.xdm_type = xdm_type;
            }
            None => set.mappings.push(mapping.clone()),
        }
    }
}

fn is_at_or_below(destination: &str, path: &str) -> bool {
    destination.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[', '{']))
}
