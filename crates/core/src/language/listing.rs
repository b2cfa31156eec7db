//! What the language has to offer: Adobe's functions and ours, and the operators.

use super::arguments::Arguments;
use super::{Answer, LanguageError, json};
use crate::functions::FUNCTIONS;
use dataprep::functions::nearest;
use dataprep::listing::{self, FunctionEntry};

/// The functions, or the one that is named, in the shape of Adobe's `/languages/el/functions`.
pub(super) fn functions(mut arguments: Arguments<'_>) -> Answer {
    let name = arguments.text("name")?;
    arguments.end()?;
    let mut all = listing::functions(ours());
    if let Some(name) = name.as_deref() {
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
pub(super) fn operators(arguments: Arguments<'_>) -> Answer {
    arguments.end()?;
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
