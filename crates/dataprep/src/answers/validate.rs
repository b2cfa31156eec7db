//! Everything that is wrong with a mapping set, in the shape of Adobe's answer.

use crate::answers::sample::{Leaf, Reads, Sample, leaves, reads};
use crate::answers::violations::violations;
use crate::expr::{self, Path};
use crate::expression::{Expression, describe};
use crate::functions::nearest;
use crate::plan::{CompileOptions, MappingWarning, Plan, Run};
use crate::sets::mapping_set::{Mapping, MappingSet, SourceType};
use crate::sets::schema::Schema;
use crate::values::ordered;
use serde::Serialize;
use std::collections::BTreeMap;

/// Most warnings of one mapping.
const MAX_WARNINGS: usize = 10;

/// Most places of the samples that a missing one is compared with.
const MAX_COMPARED: usize = 2_000;

/// The answer of `POST /mappingSets/validate`; what Adobe's does not have is left out when empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Validation {
    /// One entry for each mapping, in order.
    pub validation_response: Vec<ValidationResponse>,
    /// What is wrong with the set or the samples as a whole.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// What no single mapping is to blame for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What is to be said of one mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ValidationResponse {
    /// Whether the mapping can run.
    pub status: Status,
    /// Why it cannot.
    pub errors: Option<Vec<TransformError>>,
    /// What does not keep it from running.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Whether a mapping can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// It can.
    Success,
    /// It cannot.
    Failed,
}

/// Adobe's `TransformErrorInfo`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TransformError {
    /// The mapping's source as written.
    pub source: String,
    /// Its destination as written.
    pub destination: String,
    /// How the source is read.
    pub source_type: SourceType,
    /// The attribute that is copied, when it is one.
    pub column_name: Option<String>,
    /// What is wrong and what to do; below it, where it is known, the text with a caret at the place.
    pub exception: String,
}

impl TransformError {
    pub(crate) fn new(mapping: &Mapping, exception: String) -> Self {
        Self {
            source: mapping.source.clone(),
            destination: mapping.destination.clone(),
            source_type: mapping.source_type,
            column_name: (mapping.source_type == SourceType::Attribute).then(|| mapping.source.clone()),
            exception,
        }
    }

    /// What a run noted, with the place in the expression.
    pub(crate) fn of_warning(mapping: &Mapping, warning: &MappingWarning) -> Self {
        let exception = match warning.span {
            Some(span) => {
                let (line, column) = span.line_column(&mapping.source);
                format!("{} at {line}:{column}\n{}", warning.message, span.caret(&mapping.source))
            }
            None => warning.message.clone(),
        };
        Self::new(mapping, exception)
    }
}

impl Validation {
    /// Fails a mapping for what the caller has found wrong with it, in place of all else that is said of it:
    /// for mappings that could not even be read.
    pub fn refuse(&mut self, set: &MappingSet, index: usize, message: String) {
        let response = self.validation_response.get_mut(index);
        if let (Some(mapping), Some(response)) = (set.mappings.get(index), response) {
            let errors = Some(vec![TransformError::new(mapping, message)]);
            *response = ValidationResponse { status: Status::Failed, errors, warnings: Vec::new() };
        }
    }

    /// Whether the set can run.
    pub fn is_success(&self) -> bool {
        self.problems.is_empty()
            && self.validation_response.iter().all(|response| response.status == Status::Success)
    }
}

/// Checks a mapping set: every problem of every mapping, and what is odd about it for the samples
/// (sources that none of them has, mappings that fail, records that break the schema's rules).
///
/// ```
/// use dataprep::{CompileOptions, MappingSet, validate};
///
/// let set = MappingSet::from_json(r#"{"mappings":[
///     {"sourceType":"EXPRESSION","source":"uper(name)","destination":"name"},
///     {"sourceType":"ATTRIBUTE","source":"id","destination":"_id"}]}"#)?;
/// let validation = validate(&set, CompileOptions::default(), &[]);
/// let json = serde_json::to_value(&validation)?;
/// assert_eq!(json["validationResponse"][0]["status"], "FAILED");
/// assert!(json["validationResponse"][0]["errors"][0]["exception"].as_str().unwrap().contains("did you mean upper?"));
/// assert_eq!(json["validationResponse"][1], serde_json::json!({"status":"SUCCESS","errors":null}));
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn validate(set: &MappingSet, options: CompileOptions<'_>, samples: &[Sample<'_>]) -> Validation {
    let mut validation = Validation::default();
    validation.validation_response.resize(
        set.mappings.len(),
        ValidationResponse { status: Status::Success, errors: None, warnings: Vec::new() },
    );
    let plan = match Plan::compile(set, options) {
        Ok(plan) => Some(plan),
        Err(error) => {
            for problem in error.problems {
                let response = validation.validation_response.get_mut(problem.mapping);
                match (set.mappings.get(problem.mapping), response) {
                    (Some(mapping), Some(response)) => {
                        response.status = Status::Failed;
                        let error = TransformError::new(mapping, problem.message);
                        response.errors.get_or_insert_default().push(error);
                    }
                    _ => validation.problems.push(format!("{}: {}", problem.source_text, problem.message)),
                }
            }
            None
        }
    };
    duplicates(set, &mut validation);
    let mut known = Vec::new();
    for (number, sample) in (1..).zip(samples) {
        match leaves(sample.record) {
            Ok(found) => known.extend(found),
            Err(error) => validation.problems.push(format!("sample {number} is not JSON: {error}")),
        }
    }
    let known: Vec<Leaf> =
        ordered::map(known.into_iter().map(|leaf| (leaf.path.clone(), leaf))).into_values().collect();
    if !known.is_empty() {
        missing(set, options, &known, &mut validation);
    }
    if let Some(plan) = plan {
        let mut run = Run::default();
        for (number, sample) in (1..).zip(samples) {
            try_sample(set, options.schema, &plan, &mut run, number, sample, &mut validation);
        }
    }
    validation
}

impl Validation {
    fn warn(&mut self, mapping: Option<usize>, message: String) {
        let response = mapping.and_then(|index| self.validation_response.get_mut(index));
        let warnings = response.map_or(&mut self.warnings, |response| &mut response.warnings);
        if warnings.len() < MAX_WARNINGS && !warnings.contains(&message) {
            warnings.push(message);
        }
    }
}

/// Tells a mapping that another one wins over it.
fn duplicates(set: &MappingSet, validation: &mut Validation) {
    for ((index, winner), mapping) in winners(set).into_iter().enumerate().zip(&set.mappings) {
        // A destination that is missing is told as that.
        if winner != index && !mapping.destination.is_empty() {
            let message = format!(
                "mapping {} has the same destination and wins; this one never has any effect: remove one of them",
                winner + 1
            );
            validation.warn(Some(index), message);
        }
    }
}

/// For each mapping of a set the one that wins its destination: itself or a later one.
pub(crate) fn winners(set: &MappingSet) -> Vec<usize> {
    let places: Vec<String> = set
        .mappings
        .iter()
        .map(|mapping| {
            Path::parse(&mapping.destination)
                .map_or_else(|_| mapping.destination.clone(), |path| path.to_string())
        })
        .collect();
    let last: BTreeMap<&String, usize> = ordered::map(places.iter().zip(0..));
    places.iter().enumerate().map(|(index, place)| last.get(place).copied().unwrap_or(index)).collect()
}

/// The paths of the record that a mapping reads.
pub(crate) fn source_paths(mapping: &Mapping, context: &[&str]) -> Vec<Path> {
    let paths = match mapping.source_type {
        SourceType::Static => Vec::new(),
        SourceType::Attribute => Path::parse(&mapping.source).into_iter().collect(),
        SourceType::Expression => expr::parse(&mapping.source)
            .map(|parsed| parsed.paths().into_iter().cloned().collect())
            .unwrap_or_default(),
    };
    let mut unique = Vec::new();
    for path in paths {
        if !unique.contains(&path) && !context.contains(&path.to_string().as_str()) {
            unique.push(path);
        }
    }
    unique
}

/// Notes sources that no sample has.
fn missing(set: &MappingSet, options: CompileOptions<'_>, known: &[Leaf], validation: &mut Validation) {
    let places = ordered::set(known.iter().map(|leaf| leaf.place().to_string()));
    let places: Vec<String> = places.into_iter().take(MAX_COMPARED).collect();
    for (index, mapping) in set.mappings.iter().enumerate() {
        for path in source_paths(mapping, options.context) {
            let value = Path {
                segments: path.segments.iter().filter(|s| **s != expr::Segment::EachKey).cloned().collect(),
            };
            if known.iter().any(|leaf| reads(&value, &leaf.path) != Reads::Not) {
                continue;
            }
            let path = path.to_string();
            let hint = nearest(&path, places.iter().map(String::as_str))
                .map_or_else(String::new, |near| format!("; did you mean {near}?"));
            validation.warn(Some(index), format!("no sample has {path}{hint}"));
        }
    }
}

/// Notes what a sample's conversion shows.
fn try_sample(
    set: &MappingSet,
    schema: Option<&Schema>,
    plan: &Plan,
    run: &mut Run,
    number: usize,
    sample: &Sample<'_>,
    validation: &mut Validation,
) {
    // A sample that is not JSON is a problem already.
    let Ok(record) = sample.run(plan, run) else { return };
    for warning in &run.warnings {
        validation.warn(Some(warning.mapping), format!("sample {number}: {}", warning.message));
    }
    let Some(schema) = schema else { return };
    let Ok(record) = serde_json::from_str(if record.is_empty() { "{}" } else { &record }) else { return };
    for (path, message) in violations(schema, &record) {
        let writes = |mapping: &Mapping| {
            Path::parse(&mapping.destination)
                .is_ok_and(|destination| reads(&destination, &path.segments) != Reads::Not)
        };
        let culprit = set.mappings.iter().rposition(writes);
        validation.warn(culprit, format!("sample {number}: {path}: {message}"));
    }
}

/// The answer of `POST /languages/el/validate`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExpressionValidation {
    /// `succeeded` or `failed`.
    pub validation_status: &'static str,
    /// `none`, or what is wrong and where.
    pub error: String,
}

/// Checks one expression.
///
/// ```
/// use dataprep::{CompileOptions, is_valid_expression};
///
/// let answer = is_valid_expression(r#"concat("Hi", ",", "there", "!")"#, CompileOptions::default());
/// assert_eq!(serde_json::to_string(&answer)?, r#"{"validationStatus":"succeeded","error":"none"}"#);
/// assert_eq!(is_valid_expression("concat(", CompileOptions::default()).validation_status, "failed");
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn is_valid_expression(text: &str, options: CompileOptions<'_>) -> ExpressionValidation {
    let errors = Expression::check(text, options);
    if errors.is_empty() {
        return ExpressionValidation { validation_status: "succeeded", error: "none".to_owned() };
    }
    ExpressionValidation { validation_status: "failed", error: describe(&errors, text) }
}
