//! What a user changes in a default model: mappings added, changed and dropped by their destination, or
//! a whole set in the place of the default's.

use crate::import::{self, MANAGED_ROOT};
use crate::models::{self, Dropped, Embedded, Model, RESOURCES, SchemaFrame, Variant};
use crate::settings::Settings;
use dataprep::MappingSet;
use dataprep::functions::nearest;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use xdm::DefinitionKind;

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
    #[serde(default, deserialize_with = "in_any_form")]
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
    /// What its schema has besides the default model's.
    #[serde(default, skip_serializing_if = "UserSchema::is_empty")]
    pub schema: UserSchema,
}

/// What a user adds to the schema of a model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserSchema {
    /// Field groups for destinations that the default ones have no field for.
    #[serde(default)]
    pub field_groups: Vec<FieldGroup>,
}

impl UserSchema {
    fn is_empty(&self) -> bool {
        self.field_groups.is_empty()
    }
}

/// A field group of the user's choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldGroup {
    /// One that is known here, by its `$id`.
    Known(String),
    /// One that the user describes; or a data type that such a one refers to.
    Described(xdm::Definition),
}

impl UserModel {
    /// Changes the default model that this one names, or says everything that keeps it from doing so.
    pub(crate) fn layer_over(&self, models: &mut [Model], settings: &Settings) -> Result<(), Vec<String>> {
        let model = self.model_among(models).map_err(|problem| vec![problem])?;
        if !self.dataset.is_empty() {
            model.dataset.clone_from(&self.dataset);
        }
        let default = model.mapping_set.clone();
        if self.replace {
            model.mapping_set = MappingSet::default();
            model.embedded.clear();
            model.dropped.clear();
        }
        let mut set = self.mapping_set.sources_out_of(MANAGED_ROOT).unwrap_or(self.mapping_set.clone());
        models::fill(&mut set, settings);
        keep_types(&mut set, &model.mapping_set);
        keep_labels(&mut set, &default);
        let drop: Vec<String> = self.drop.iter().map(|path| models::destination(path, settings)).collect();
        let written: Vec<String> = model.mapping_set.mappings.iter().map(|m| m.destination.clone()).collect();
        let problems: Vec<String> = model
            .mapping_set
            .layer(&set, &drop)
            .into_iter()
            .map(|unknown| {
                let near = nearest(&unknown, written.iter().map(String::as_str));
                let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
                format!("drop: the model of {} maps nothing to {unknown}{hint}", self.resource)
            })
            .collect();
        model.embedded.extend_from_slice(&self.embedded);
        model.dropped.extend_from_slice(&self.dropped);
        for group in &self.schema.field_groups {
            group.add_to(&mut model.schema);
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// Whether this changes a model.
    pub(crate) fn is_for(&self, model: &Model) -> bool {
        model.resource == self.resource && self.variant.is_none_or(|variant| model.variant == variant)
    }

    fn model_among<'m>(&self, models: &'m mut [Model]) -> Result<&'m mut Model, String> {
        let mut fitting = models.iter_mut().filter(|model| self.is_for(model));
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

/// A mapping set in any form that Adobe's interfaces give it.
fn in_any_form<'de, D: Deserializer<'de>>(deserializer: D) -> Result<MappingSet, D::Error> {
    let text = Box::<RawValue>::deserialize(deserializer)?;
    import::mapping_set(text.get()).map(|imported| imported.set).map_err(D::Error::custom)
}

/// Gives a set's mappings the types that another set knows for their destinations: Adobe's sets have
/// none, and what a field is does not change with what it is made from.
fn keep_types(set: &mut MappingSet, known: &MappingSet) {
    for mapping in set.mappings.iter_mut().filter(|mapping| mapping.xdm_type.is_none()) {
        let same = known.mappings.iter().find(|other| other.destination == mapping.destination);
        mapping.xdm_type = same.and_then(|other| other.xdm_type);
    }
}

/// The same for labels, which say how sensitive a destination is.
fn keep_labels(set: &mut MappingSet, known: &MappingSet) {
    for mapping in set.mappings.iter_mut().filter(|mapping| mapping.labels.is_empty()) {
        let same = known.mappings.iter().find(|other| other.destination == mapping.destination);
        mapping.labels = same.map(|other| other.labels.clone()).unwrap_or_default();
    }
}

impl FieldGroup {
    fn add_to(&self, frame: &mut SchemaFrame) {
        let id = match self {
            FieldGroup::Known(id) => id,
            FieldGroup::Described(definition) => {
                frame.definitions.push(definition.clone());
                if definition.kind != DefinitionKind::FieldGroup {
                    return;
                }
                &definition.id
            }
        };
        if !frame.field_groups.contains(id) {
            frame.field_groups.push(id.clone());
        }
    }
}

impl Serialize for FieldGroup {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            FieldGroup::Known(id) => id.serialize(serializer),
            FieldGroup::Described(definition) => definition.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for FieldGroup {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        let read = if text.get().starts_with('"') {
            serde_json::from_str(text.get()).map(FieldGroup::Known)
        } else {
            serde_json::from_str(text.get()).map(FieldGroup::Described)
        };
        read.map_err(D::Error::custom)
    }
}
