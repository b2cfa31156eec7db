//! The core without the module: what every other path must equal, put into the form of each.

use crate::framing::{block, number};
use anyhow::Context;
use serde::Deserialize;
use serde_json::{Value, json};
use stripe_xdm_core::{Call, Outcome, Output, RecordKind, Transformer, describe};

/// A transformer linked into this process.
#[derive(Debug)]
pub struct Native {
    transformer: Transformer,
    output: Output,
    datasets: Vec<String>,
}

impl Native {
    /// Opens one for settings given as JSON.
    pub fn open(settings: &str) -> anyhow::Result<Self> {
        let transformer = Transformer::open_json(settings.as_bytes())?;
        Ok(Self { transformer, output: Output::default(), datasets: datasets()? })
    }

    /// The dataset's name.
    pub fn dataset(&self, index: u16) -> &str {
        self.datasets.get(usize::from(index)).map_or("", String::as_str)
    }

    /// Converts one object and leaves the output to be read.
    pub fn transform(
        &mut self,
        call: &Call,
        object: &[u8],
    ) -> (Result<Outcome, stripe_xdm_core::ObjectError>, &Output) {
        self.output.clear();
        let outcome = self.transformer.transform(call, object, &mut self.output);
        (outcome, &self.output)
    }

    /// One object's answer, framed as in a response of the bytes ABI.
    pub fn answer(&mut self, call: &Call, object: &[u8]) -> anyhow::Result<Vec<u8>> {
        let (outcome, output) = self.transform(call, object);
        let mut bytes = Vec::new();
        let (status, records, report) = match outcome {
            Ok(Outcome::Done) => (0, output.records.as_slice(), done_report(output)?),
            Ok(Outcome::Skipped(kind)) => (2, &[][..], format!(r#"{{"type":{}}}"#, json!(kind))),
            Err(error) => (1, &[][..], serde_json::to_string(&error)?),
        };
        bytes.push(status);
        number(&mut bytes, records.len());
        for record in records {
            bytes.extend_from_slice(&record.dataset.to_le_bytes());
            bytes.push(record.kind as u8 | if record.valid { 0 } else { 128 });
            block(&mut bytes, &output.bytes[record.span.clone()]);
        }
        block(&mut bytes, report.as_bytes());
        Ok(bytes)
    }

    /// One object's outcome as the JavaScript API words it, in JSON.
    pub fn outcome(&mut self, call: &Call, object: &[u8]) -> anyhow::Result<String> {
        let names = std::mem::take(&mut self.datasets);
        let (outcome, output) = self.transform(call, object);
        let text = match outcome {
            Ok(Outcome::Done) => {
                let mut records = Vec::new();
                for record in &output.records {
                    let name = &names[usize::from(record.dataset)];
                    let kind = match record.kind {
                        RecordKind::Main => "main",
                        RecordKind::Embedded => "embedded",
                        RecordKind::Tombstone => "tombstone",
                    };
                    let text = std::str::from_utf8(&output.bytes[record.span.clone()])?;
                    let valid = if record.valid { "" } else { r#""valid":false,"# };
                    records.push(format!(r#"{{"dataset":"{name}","kind":"{kind}",{valid}"record":{text}}}"#));
                }
                format!(
                    r#"{{"status":"done","records":[{}],"warnings":{},"unmapped":{},"invalid":{},"shed":{}}}"#,
                    records.join(","),
                    serde_json::to_string(&output.warnings)?,
                    serde_json::to_string(&output.unmapped)?,
                    serde_json::to_string(&output.invalid)?,
                    output.shed
                )
            }
            Ok(Outcome::Skipped(kind)) => format!(r#"{{"status":"skipped","type":{}}}"#, json!(kind)),
            Err(error) => format!(r#"{{"status":"error","error":{}}}"#, serde_json::to_string(&error)?),
        };
        self.datasets = names;
        Ok(text)
    }
}

/// The datasets' names, in the order of their indexes.
pub fn datasets() -> anyhow::Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Description {
        datasets: Vec<Dataset>,
    }
    #[derive(Deserialize)]
    struct Dataset {
        name: String,
    }
    let description: Description = serde_json::from_str(&describe()).context("the core's description")?;
    Ok(description.datasets.into_iter().map(|dataset| dataset.name).collect())
}

fn done_report(output: &Output) -> anyhow::Result<String> {
    let mut parts = Vec::new();
    if !output.warnings.is_empty() {
        parts.push(format!(r#""warnings":{}"#, serde_json::to_string(&output.warnings)?));
    }
    if !output.unmapped.is_empty() {
        parts.push(format!(r#""unmapped":{}"#, serde_json::to_string(&output.unmapped)?));
    }
    if output.shed > 0 {
        parts.push(format!(r#""shed":{}"#, output.shed));
    }
    if !output.invalid.is_empty() {
        parts.push(format!(r#""invalid":{}"#, serde_json::to_string(&output.invalid)?));
    }
    Ok(if parts.is_empty() { String::new() } else { format!("{{{}}}", parts.join(",")) })
}

/// A call's JSON as the core reads it.
pub fn call(json: &str) -> anyhow::Result<Call> {
    if json.is_empty() { Ok(Call::default()) } else { Ok(serde_json::from_str(json)?) }
}

/// A report's JSON as a value; an empty one is an empty object.
pub fn report(bytes: &[u8]) -> anyhow::Result<Value> {
    if bytes.is_empty() { Ok(json!({})) } else { Ok(serde_json::from_slice(bytes)?) }
}
