//! The schemas of the models' records, composed from the mappings: what is mapped, with its type and
//! labels, is all that has to be written down.
//!
//! A mapping's destination is a place in the record (`places`). Places below `_{tenant}` become field
//! groups and data types of the tenant (`tenant`); all others are looked up in the standard definitions
//! (`standard`), which also puts the schemas together. Schemas of rows are made from those (`relational`).

mod namespaces;
mod places;
mod relational;
mod standard;
mod tenant;
mod words;

use crate::models::{self, Model};
use crate::privacy;
use crate::settings::{ModelKind, OpenError, Settings};
use serde::Serialize;
use xdm::Library;

/// Schemas, and what keeps them from being registered as they are.
#[derive(Debug, Clone, Serialize)]
pub struct Composed {
    /// The schemas, one a model in the models' order, with all that they refer to.
    pub library: Library,
    /// What the schemas cannot say. Records are made and checked all the same.
    pub problems: Vec<Problem>,
}

/// Something about a model that its schema cannot say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The dataset.
    pub dataset: String,
    /// Where in its records; empty when it is about all of them.
    pub destination: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// How much is said about fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Words {
    /// Titles, descriptions and sources: for people and for the registry.
    All,
    /// None: checking records needs none, and to find them costs time.
    None,
}

/// The schemas of the models as they run under some settings.
///
/// ```
/// use stripe_xdm_core::{Settings, schema};
///
/// let composed = schema::compose(&Settings::of_tenant("acme"))?;
/// assert_eq!(composed.problems, []);
/// let charge = composed.library.schema("stripe_charge_events").unwrap();
/// assert_eq!(charge.title, "Stripe Charge Events");
/// # Ok::<(), stripe_xdm_core::OpenError>(())
/// ```
pub fn compose(settings: &Settings) -> Result<Composed, OpenError> {
    settings.check()?;
    let composed = of(&models::standard(settings)?, settings, Words::All)?;
    let unsound = |schema| composed.library.flat(schema).err().map(|error| error.to_string());
    let problems: Vec<String> = composed.library.schemas.iter().filter_map(unsound).collect();
    if problems.is_empty() { Ok(composed) } else { Err(OpenError { problems }) }
}

/// The schemas of [`compose`] without the problems.
pub fn library(settings: &Settings) -> Result<Library, OpenError> {
    compose(settings).map(|composed| composed.library)
}

/// The schemas for standard models whose placeholders are filled, one a model in their order; or one for the
/// rows of each resource.
pub(crate) fn of(models: &[Model], settings: &Settings, words: Words) -> Result<Composed, OpenError> {
    let mut composed = match settings.model {
        ModelKind::Standard => standard::compose(models, settings, words),
        ModelKind::Relational => relational::compose(models, settings, words),
    }?;
    let Library { namespaces, schemas, .. } = &mut composed.library;
    let of_maps = schemas.iter_mut().flat_map(|schema| &mut schema.map_namespaces);
    for namespace in namespaces.iter_mut().chain(of_maps).filter(|known| !known.prefix.is_empty()) {
        if privacy::hides_ids(models, settings, &namespace.code) {
            namespace.prefix.clear();
        }
    }
    Ok(composed)
}

/// The standard schemas of standard models, whatever kind is asked for.
pub(crate) fn of_standard(
    models: &[Model],
    settings: &Settings,
    words: Words,
) -> Result<Composed, OpenError> {
    standard::compose(models, settings, words)
}
