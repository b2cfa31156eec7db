//! The arguments of a request, each read when it is asked for. One reader for all commands: a reader of
//! its own for each would be a tenth of the module.

use super::LanguageError;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The members of a request that have not been taken yet.
pub(super) struct Arguments<'r> {
    members: BTreeMap<String, &'r RawValue>,
}

impl<'r> Arguments<'r> {
    /// Reads a request, or a part of one that is an object.
    pub(super) fn of(request: &'r str) -> Result<Self, LanguageError> {
        let members = serde_json::from_str(request);
        members.map(|members| Self { members }).map_err(|error| refused(format!("the request: {error}")))
    }

    /// An argument as JSON text; `None` when it is absent or null.
    pub(super) fn json(&mut self, name: &str) -> Option<&'r str> {
        self.members.remove(name).map(RawValue::get).filter(|text| *text != "null")
    }

    /// An argument that must be there, as JSON text.
    pub(super) fn needed(&mut self, name: &str) -> Result<&'r str, LanguageError> {
        self.json(name).ok_or_else(|| refused(format!("the request lacks `{name}`")))
    }

    /// An argument that is text.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<Cow<'r, str>>, LanguageError> {
        let text = self.json(name);
        text.map(|text| {
            let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
            inner.map(dataprep::json::unescape).ok_or_else(|| refused(format!("`{name}` must be a text")))
        })
        .transpose()
    }

    /// An argument that is text and must be there.
    pub(super) fn needed_text(&mut self, name: &str) -> Result<Cow<'r, str>, LanguageError> {
        self.text(name)?.ok_or_else(|| refused(format!("the request lacks `{name}`")))
    }

    /// An argument that is an array, its elements as JSON text; none when it is absent.
    pub(super) fn elements(&mut self, name: &str) -> Result<Vec<&'r str>, LanguageError> {
        match self.json(name) {
            None => Ok(Vec::new()),
            Some(array) if array.starts_with('[') => {
                Ok(dataprep::json::elements(array).map(|element| element.text(array)).collect())
            }
            Some(_) => Err(refused(format!("`{name}` must be an array"))),
        }
    }

    /// An argument of some type; its default when it is absent.
    pub(super) fn value<T: Deserialize<'r>>(&mut self, name: &str) -> Result<Option<T>, LanguageError> {
        let read = |text| serde_json::from_str(text).map_err(|error| refused(format!("`{name}`: {error}")));
        self.json(name).map(read).transpose()
    }

    /// To be called when everything has been taken: what is left is a mistake.
    pub(super) fn end(self) -> Result<(), LanguageError> {
        match self.members.keys().next() {
            None => Ok(()),
            Some(name) => Err(refused(format!("the command takes no `{name}`"))),
        }
    }
}

pub(super) fn refused(message: impl Into<String>) -> LanguageError {
    LanguageError::new("invalid_request", message)
}
