//! Sets on their way to Adobe and from there.

use super::sets::settings;
use super::{Answer, LanguageError, json};
use crate::export::{self, Options};
use crate::import;
use crate::models::Variant;
use crate::settings::Settings;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The arguments of `export`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Export<'r> {
    #[serde(rename = "command")]
    _command: IgnoredAny,
    #[serde(borrow)]
    resource: Cow<'r, str>,
    settings: Settings,
    #[serde(default)]
    variant: Option<Variant>,
    /// Where the objects lie; Adobe's managed source puts them in `data`, and that is the default. An
    /// empty text for bare objects.
    #[serde(borrow, default)]
    root: Option<Cow<'r, str>>,
    /// The `$id` of the schema that the set is for.
    #[serde(default)]
    schema: Option<String>,
}

/// A model as a set that Adobe accepts, and what became of each mapping.
pub(super) fn to_adobe(asked: &Export<'_>) -> Answer {
    let settings = settings(Some(&asked.settings))?;
    let default = Options::default();
    let root = match asked.root.as_deref() {
        None => default.root,
        Some("") => None,
        Some(root) => Some(root.to_owned()),
    };
    let options = Options { variant: asked.variant, root, schema: asked.schema.clone() };
    let exported = export::adobe(&asked.resource, &settings, &options);
    json(&exported.map_err(|error| LanguageError::new("invalid_request", error.to_string()))?)
}

/// The arguments of `import`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Import<'r> {
    #[serde(rename = "command")]
    _command: IgnoredAny,
    #[serde(borrow)]
    set: &'r RawValue,
}

/// A set of Adobe's, out of its wrapping and in the current form.
pub(super) fn from_adobe(asked: &Import<'_>) -> Answer {
    let imported = import::mapping_set(asked.set.get());
    json(&imported.map_err(|error| LanguageError::new("invalid_mapping_set", error.to_string()))?)
}
