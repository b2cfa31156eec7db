//! What a mapping set makes of records, in the shape of Adobe's answer.

use crate::answers::sample::Sample;
use crate::answers::validate::TransformError;
use crate::plan::{Plan, Run};
use serde::Serialize;
use serde_json::value::RawValue;

/// One record's part of the answer of `POST /mappingSets/preview`.
#[derive(Debug, Clone, Serialize)]
pub struct Preview {
    /// The converted record, digit by digit as it is written.
    pub data: Box<RawValue>,
    /// What failed; those attributes are missing in the record.
    pub errors: Option<Vec<TransformError>>,
    /// Remarks that cost no attribute: fields that the schema does not have, values made up for. Not part
    /// of Adobe's answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<TransformError>,
}

/// Converts records and tells what failed.
///
/// ```
/// use dataprep::{CompileOptions, MappingSet, Plan, Run, Sample, preview};
///
/// let set = MappingSet::from_json(r#"{"mappings":[
///     {"sourceType":"ATTRIBUTE","source":"id","destination":"_id"},
///     {"sourceType":"EXPRESSION","source":"name - 1","destination":"n"}]}"#)?;
/// let plan = Plan::compile(&set, CompileOptions::default())?;
/// let answer = preview(&plan, &mut Run::default(), &[Sample::new(r#"{"id":1,"name":"Jim"}"#)]);
/// let json = serde_json::to_value(&answer)?;
/// assert_eq!(json[0]["data"], serde_json::json!({"_id":1}));
/// assert_eq!(json[0]["errors"][0]["destination"], "n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn preview(plan: &Plan, run: &mut Run, records: &[Sample<'_>]) -> Vec<Preview> {
    records.iter().map(|sample| one(plan, run, sample)).collect()
}

fn one(plan: &Plan, run: &mut Run, sample: &Sample<'_>) -> Preview {
    let (json, failure) = match sample.run(plan, run) {
        Ok(json) => (json, None),
        Err(error) => (String::new(), Some(format!("the record cannot be converted: {error}"))),
    };
    let mut errors: Vec<TransformError> = failure.into_iter().map(of_record).collect();
    let mut warnings = Vec::new();
    if errors.is_empty() {
        for warning in &run.warnings {
            let told = match plan.mapping(warning.mapping) {
                Some(mapping) => TransformError::of_warning(mapping, warning),
                None => of_record(warning.message.clone()),
            };
            if warning.failed { errors.push(told) } else { warnings.push(told) }
        }
    }
    let json = if json.is_empty() { "{}".to_owned() } else { json };
    // What a plan writes is JSON; were it not, the answer would say so rather than hide it.
    let data = RawValue::from_string(json).unwrap_or_else(|error| {
        errors.push(of_record(format!("the converted record is not JSON: {error}")));
        RawValue::NULL.to_owned()
    });
    Preview { data, errors: (!errors.is_empty()).then_some(errors), warnings }
}

/// What no single mapping is to blame for.
fn of_record(exception: String) -> TransformError {
    TransformError {
        source: String::new(),
        destination: String::new(),
        source_type: Default::default(),
        column_name: None,
        exception,
    }
}
