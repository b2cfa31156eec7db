//! What the language has to offer: Adobe's functions and ours, and the operators.

use super::{Answer, LanguageError, json};
use crate::functions::FUNCTIONS;
use dataprep::functions::nearest;
use dataprep::listing::{self, FunctionEntry};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::borrow::Cow;

/// The arguments of `functions`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Functions<'r> {
    #[serde(rename = "command")]
    _command: IgnoredAny,
    /// The one that is meant; all without it.
    #[serde(borrow, default)]
    name: Option<Cow<'r, str>>,
}

/// The functions, in the shape of Adobe's `/languages/el/functions`.
pub(super) fn functions(asked: &Functions<'_>) -> Answer {
    let mut all = listing::functions(ours());
    if let Some(name) = asked.name.as_deref() {
        let named = |entry: &FunctionEntry| entry.function.eq_ignore_ascii_case(name);
        if !all.iter().any(named) {
            let near = nearest(name, all.iter().map(|entry| entry.function.as_str()));
            let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
            return Err(LanguageError::new("unknown_function", format!("there is no function {name}{hint}")));
        }
        all.retain(named);
    }
    json(&all)
}

/// The operators, in the shape of Adobe's `/languages/el/operators`.
pub(super) fn operators() -> Answer {
    json(&listing::operators())
}

/// The functions that Adobe does not have.
fn ours() -> Vec<FunctionEntry> {
    listing::entries(include_str!("../../functions.json"), FUNCTIONS.iter()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_of_our_functions_has_its_entry() {
        let data = include_str!("../../functions.json");
        let listed: BTreeSet<String> = listing::entries(data, FUNCTIONS.iter())
            .unwrap()
            .into_iter()
            .map(|entry| entry.function)
            .collect();
        let rows: BTreeSet<String> = FUNCTIONS.iter().map(|row| row.name.to_owned()).collect();
        assert_eq!(listed, rows);
    }
}
