//! Mapping sets that come from Adobe.
//!
//! Adobe's interfaces hand a set out in several wrappings and two spellings, and a set that was written
//! for the managed Stripe source reads every field below `data`. All of that is sorted out here; the
//! set itself stays as it was written.

use crate::functions::FUNCTIONS;
use crate::models::CONTEXT;
use dataprep::functions::nearest;
use dataprep::json::{self, JsonError, Kind, Scanner};
use dataprep::{CompileOptions, Mapping, MappingSet, Plan, SourceType};
use serde::Serialize;

/// The member that Adobe's managed Stripe source puts each object in.
pub const MANAGED_ROOT: &str = "data";

/// A mapping set as it was found.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Imported {
    /// The set, its sources as they were written.
    pub set: MappingSet,
    /// `data`, when every source lies below it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sources_prefix: Option<&'static str>,
    /// What keeps the set from running here: one sentence each, all of them.
    pub problems: Vec<String>,
}

impl Imported {
    /// The set for bare Stripe objects: without `data.` before its sources, if it had that.
    #[must_use]
    pub fn over_objects(&self) -> MappingSet {
        let bare = self.sources_prefix.and_then(|root| self.set.sources_out_of(root));
        bare.unwrap_or_else(|| self.set.clone())
    }
}

/// Why a text holds no mapping set that could be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// The text is not JSON.
    #[error("the text is not JSON: {0}")]
    Json(#[from] JsonError),
    /// JSON, but no mapping set in any of the forms.
    #[error(
        "found no mapping set: expected an object with `mappings`, alone, as `mappingSet`, or as the one \
         element of `data`"
    )]
    NoSet,
    /// A list of sets.
    #[error("found {} mapping sets ({}): keep the one that is meant", .0.len(), .0.join(", "))]
    Several(Vec<String>),
    /// A member has a form that a mapping set's cannot have.
    #[error("the mapping set cannot be read: {0}")]
    Form(String),
}

/// Reads a mapping set in Adobe's current or legacy form: alone (`GET /mappingSets/{id}`), as an array
/// of mappings (`GET /mappingSets/{id}/mappings`), in a list of one (`GET /mappingSets`), or in the body
/// of a preview (`mappingSet`).
///
/// ```
/// let imported = stripe_xdm_core::import::mapping_set(
///     r#"{"mappings":[{"sourceAttribute":"data.id","destinationXdmPath":"_acme.id"}]}"#,
/// )?;
/// assert_eq!(imported.sources_prefix, Some("data"));
/// assert_eq!(imported.over_objects().mappings[0].source, "id");
/// # Ok::<(), stripe_xdm_core::import::ImportError>(())
/// ```
pub fn mapping_set(text: &str) -> Result<Imported, ImportError> {
    let Read { set, mistakes } = read(text)?;
    if let Some(error) = told(&mistakes) {
        return Err(error);
    }
    let sources_prefix = set.sources_out_of(MANAGED_ROOT).map(|_| MANAGED_ROOT);
    let mut imported = Imported { set, sources_prefix, problems: Vec::new() };
    let options = CompileOptions { functions: FUNCTIONS, context: &CONTEXT, ..CompileOptions::default() };
    if let Err(error) = Plan::compile(&imported.over_objects(), options) {
        imported.problems = error.problems.iter().map(ToString::to_string).collect();
    }
    Ok(imported)
}

/// A set of which some mappings may not be readable.
pub(crate) struct Read {
    /// The set; in the place of each mapping that cannot be read one with what could be read of it.
    pub(crate) set: MappingSet,
    /// By index of the mapping why it cannot be read.
    pub(crate) mistakes: Vec<(usize, String)>,
}

/// Reads a mapping set in any of its forms, mapping by mapping, so that all that cannot be read is told.
pub(crate) fn read(text: &str) -> Result<Read, ImportError> {
    let text = text.trim_start_matches('\u{feff}').trim();
    let mut scanner = Scanner::new(text);
    scanner.value()?;
    scanner.finish()?;
    let found = find(text)?;
    let form = |error: serde_json::Error| ImportError::Form(error.to_string());
    let list = json::members(&found).find(|(key, _)| json::unescape(key) == "mappings");
    let (_, span) = list.ok_or(ImportError::NoSet)?;
    let list = span.text(&found);
    let part = |from: u32, to: usize| found.get(from as usize..to).unwrap_or_default();
    let frame = format!("{}[]{}", part(0, span.start as usize), part(span.end, found.len()));
    let mut read = Read { set: MappingSet::from_json(&frame).map_err(form)?, mistakes: Vec::new() };
    for (index, span) in json::elements(list).enumerate() {
        let text = span.text(list);
        read.set.mappings.push(match serde_json::from_str(text) {
            Ok(mapping) => mapping,
            Err(error) => {
                read.mistakes.push((index, mistake(text, &error)));
                what_can_be_read(text)
            }
        });
    }
    Ok(read)
}

/// All that cannot be read of a set, as one error; `None` when it was read whole.
pub(crate) fn told(mistakes: &[(usize, String)]) -> Option<ImportError> {
    let told = mistakes.iter().map(|(index, message)| format!("mapping {}: {message}", index + 1));
    (!mistakes.is_empty()).then(|| ImportError::Form(told.collect::<Vec<_>>().join("; ")))
}

/// What is wrong with a mapping that cannot be read.
fn mistake(text: &str, error: &serde_json::Error) -> String {
    const KNOWN: [&str; 5] = ["ATTRIBUTE", "EXPRESSION", "STATIC", "text/x.schema-path", "text/x.aep-xl"];
    if !text.starts_with('{') {
        return "a mapping must be an object with `sourceType`, `source` and `destination`".to_owned();
    }
    match text_member(text, "sourceType") {
        Some(given) if !KNOWN.contains(&given.as_str()) => {
            let near = nearest(&given, KNOWN.into_iter());
            let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
            format!("`sourceType` must be ATTRIBUTE, EXPRESSION or STATIC, but is {given:?}{hint}")
        }
        _ => {
            // The reader was given this mapping only: its lines and columns are not those of the document.
            let message = error.to_string();
            message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message).to_owned()
        }
    }
}

/// A mapping with what a text has of one, to show it by. Without a source or a known type it is a constant,
/// which says nothing about where the set's sources lie.
fn what_can_be_read(text: &str) -> Mapping {
    let either =
        |name, legacy| text_member(text, name).or_else(|| text_member(text, legacy)).unwrap_or_default();
    let source = either("source", "sourceAttribute");
    let known = text_member(text, "sourceType").and_then(|kind| match kind.as_str() {
        "ATTRIBUTE" => Some(SourceType::Attribute),
        "EXPRESSION" => Some(SourceType::Expression),
        _ => None,
    });
    let source_type = known.filter(|_| !source.is_empty()).unwrap_or(SourceType::Static);
    Mapping::new(source_type, source, either("destination", "destinationXdmPath"))
}

/// A member that is text.
fn text_member(text: &str, name: &str) -> Option<String> {
    let (text, _) = member(text, name)?;
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    Some(json::unescape(inner).into_owned())
}

/// The text of the one mapping set in a JSON value.
fn find(text: &str) -> Result<String, ImportError> {
    match member(text, "mappings") {
        Some((_, Kind::Array)) => return Ok(text.to_owned()),
        Some(_) => return Err(ImportError::Form("`mappings` must be an array".to_owned())),
        None => {}
    }
    match (member(text, "mappingSet"), member(text, "data")) {
        (Some((set, Kind::Object)), _) if member(set, "mappings").is_some() => Ok(set.to_owned()),
        (_, Some((list, Kind::Array))) => list_of(list),
        _ if text.starts_with('[') => list_of(text),
        _ => Err(ImportError::NoSet),
    }
}

/// An array of sets that holds one, or an array of mappings.
fn list_of(array: &str) -> Result<String, ImportError> {
    let elements: Vec<&str> = json::elements(array).map(|span| span.text(array)).collect();
    let sets: Vec<&str> =
        elements.iter().copied().filter(|text| member(text, "mappings").is_some()).collect();
    match sets.as_slice() {
        [one] => Ok((*one).to_owned()),
        [] => {
            let is_mapping = |text: &&str| {
                ["destination", "destinationXdmPath"].iter().any(|name| member(text, name).is_some())
            };
            match !elements.is_empty() && elements.iter().all(is_mapping) {
                true => Ok(format!("{{\"mappings\":{array}}}")),
                false => Err(ImportError::NoSet),
            }
        }
        several => Err(ImportError::Several(several.iter().map(|set| label(set)).collect())),
    }
}

/// What people know a set by.
fn label(set: &str) -> String {
    let named = ["name", "id"].iter().find_map(|name| {
        let (text, _) = member(set, name)?;
        let inner = text.strip_prefix('"')?.strip_suffix('"')?;
        (!inner.is_empty()).then(|| json::unescape(inner).into_owned())
    });
    named.unwrap_or_else(|| "one without a name".to_owned())
}

/// A member's text and kind, when the text is an object that has it.
fn member<'a>(text: &'a str, name: &str) -> Option<(&'a str, Kind)> {
    if !text.starts_with('{') {
        return None;
    }
    json::members(text)
        .find(|(key, _)| json::unescape(key) == name)
        .map(|(_, span)| (span.text(text), span.kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET: &str = r#"{"name":"Charges","mappings":[
        {"sourceType":"ATTRIBUTE","source":"data.id","destination":"_id"},
        {"sourceType":"EXPRESSION","source":"upper(data.${currency})","destination":"code"},
        {"sourceType":"STATIC","source":"data.x","destination":"text"}]}"#;

    #[test]
    fn every_wrapping_is_opened() {
        let alone = mapping_set(SET).unwrap();
        assert_eq!(alone.problems, Vec::<String>::new());
        for wrapped in [
            format!("\u{feff} {SET}\n"),
            format!(r#"{{"data":[{{"x":1}}],"mappingSet":{SET}}}"#),
            format!(r#"{{"data":[{SET}],"_page":{{"count":1,"limit":5}}}}"#),
            format!("[{SET}]"),
        ] {
            assert_eq!(mapping_set(&wrapped).unwrap().set, alone.set, "{wrapped}");
        }
        let mappings = r#"[{"sourceAttribute":"data.id","destinationXdmPath":"_id"}]"#;
        assert_eq!(mapping_set(mappings).unwrap().set.mappings.len(), 1);
    }

    #[test]
    fn what_is_no_set_is_refused_with_what_was_expected() {
        for (text, part) in [
            ("{", "not JSON"),
            (r#"{"id":"x"}"#, "expected an object with `mappings`"),
            ("[]", "expected an object with `mappings`"),
            ("7", "expected an object with `mappings`"),
            (r#"{"mappings":{}}"#, "must be an array"),
            (r#"{"mappings":[{"source":"a"}]}"#, "destination"),
        ] {
            let message = mapping_set(text).unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
        let several = mapping_set(&format!(r#"{{"data":[{SET},{{"mappings":[]}}]}}"#)).unwrap_err();
        assert_eq!(
            several.to_string(),
            "found 2 mapping sets (Charges, one without a name): keep the one that is meant"
        );
    }

    #[test]
    fn problems_are_told_and_the_set_is_kept() {
        let text = r#"{"mappings":[{"sourceType":"EXPRESSION","source":"uper(a)","destination":"b"},
            {"sourceType":"EXPRESSION","source":"a +","destination":"c"}]}"#;
        let imported = mapping_set(text).unwrap();
        assert_eq!((imported.problems.len(), imported.set.mappings.len()), (2, 2));
        assert_eq!(imported.sources_prefix, None);
    }
}
