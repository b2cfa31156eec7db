//! Sets on their way to Adobe and from there.

use super::arguments::{Arguments, refused};
use super::{Answer, LanguageError, json, settings};
use crate::export::{self, Options};
use crate::import;

/// A model as a set that Adobe accepts, and what became of each mapping.
pub(super) fn to_adobe(mut arguments: Arguments<'_>) -> Answer {
    let resource = arguments.needed_text("resource")?;
    let settings = settings(&mut arguments)?;
    // Where the objects lie; an empty text for bare ones.
    let root = match arguments.text("root")?.as_deref() {
        None => Options::default().root,
        Some("") => None,
        Some(root) => Some(root.to_owned()),
    };
    let schema = arguments.text("schema")?.map(Into::into);
    arguments.end()?;
    let options = Options { root, schema, ..Options::default() };
    json(&export::adobe(&resource, &settings, &options).map_err(|error| refused(error.to_string()))?)
}

/// A set of Adobe's, out of its wrapping and in the current form.
pub(super) fn from_adobe(mut arguments: Arguments<'_>) -> Answer {
    let set = arguments.needed("set")?;
    arguments.end()?;
    let imported = import::mapping_set(set);
    json(&imported.map_err(|error| LanguageError::new("invalid_mapping_set", error.to_string()))?)
}
