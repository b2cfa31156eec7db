//! Putting questions together: sets, samples and schemas as the command line names them, JSON untouched.

use crate::cli::settings::MappingArgs;
use crate::cli::{Global, eval, given};
use anyhow::{Context, bail};
use clap::Args;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::path::Path;
use std::process::ExitCode;
use stripe_xdm::input::{Piece, Splitter};
use stripe_xdm::module::{Limits, Module};

/// Most samples that are read; the module takes no more.
const MAX_SAMPLES: usize = 1000;

/// What the models of resources depend on.
#[derive(Debug, Args)]
#[command(next_help_heading = "Mapping")]
pub(super) struct ModelArgs {
    /// The tenant id, without the leading underscore
    #[arg(long, value_name = "TENANT", default_value = "tenant")]
    tenant: String,
    /// The Stripe account (acct_…) that record ids are made with
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    #[command(flatten)]
    mapping: MappingArgs,
    /// What uuid() and the like are made from, together with the record
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

impl ModelArgs {
    pub(super) fn settings(&self) -> anyhow::Result<Map<String, Value>> {
        let mut settings = self.mapping.settings(&self.tenant, self.seed)?;
        if let Some(account) = &self.account {
            settings.insert("account".to_owned(), account.as_str().into());
        }
        Ok(settings)
    }
}

/// A set as a question has it: itself, or by the name of a resource.
#[derive(Debug, Default, Serialize)]
pub(super) struct Subject {
    #[serde(skip_serializing_if = "Option::is_none")]
    set: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
}

impl Subject {
    /// A resource's name, unless a file is called that; otherwise a file, `-` for standard input.
    pub(super) fn named(module: &Module, name: &str) -> anyhow::Result<Self> {
        let resource = name.split('.').next().unwrap_or(name);
        let resources = || module.description().datasets.iter().map(|dataset| dataset.resource.as_str());
        if resources().any(|known| known == resource) && !Path::new(name).exists() {
            return Ok(Self { set: None, resource: Some(name.to_owned()) });
        }
        let set = raw_file(name).with_context(|| {
            let mut known: Vec<&str> = resources().collect();
            known.dedup();
            format!("{name} is neither a file with a mapping set nor one of {}", known.join(", "))
        })?;
        Ok(Self { set: Some(set), resource: None })
    }
}

/// A question about a set. Without `Debug`: the settings hold the salt of a privacy policy.
#[derive(Serialize)]
pub(super) struct About {
    command: &'static str,
    #[serde(flatten)]
    subject: Subject,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<Box<RawValue>>,
    samples: Vec<Box<RawValue>>,
    settings: Map<String, Value>,
    call: Value,
}

/// The options of a question about a set.
#[derive(Debug, Args)]
pub(super) struct AboutArgs {
    /// A JSON file of the XDM schema, as the Schema Registry gives it
    #[arg(long, value_name = "FILE")]
    schema: Option<String>,
    /// The time that now() tells, such as 2026-01-31T12:00:00Z; default the machine's clock
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
    #[command(flatten)]
    model: ModelArgs,
}

impl About {
    pub(super) fn new(
        module: &Module,
        command: &'static str,
        set: &str,
        sample: Option<&str>,
        args: &AboutArgs,
    ) -> anyhow::Result<Self> {
        if set == "-" && sample == Some("-") {
            bail!("the set and the samples both want standard input; give one of them as a file");
        }
        let now = jiff::Timestamp::now();
        let (seconds, now) = (now.as_second(), args.now.clone().unwrap_or_else(|| now.to_string()));
        Ok(Self {
            command,
            subject: Subject::named(module, set)?,
            schema: args.schema.as_deref().map(raw_file).transpose().context("--schema")?,
            samples: sample.map(samples).transpose()?.unwrap_or_default(),
            settings: args.model.settings()?,
            call: json!({ "now": now, "observed_at": seconds }),
        })
    }
}

/// Puts a question and shows the answer, or why there is none.
pub(super) fn ask(
    global: &Global,
    module: &Module,
    question: &impl Serialize,
    show: impl FnOnce(&str) -> anyhow::Result<ExitCode>,
) -> anyhow::Result<ExitCode> {
    match module.ask(&serde_json::to_string(question)?) {
        Ok(answer) => show(&answer),
        Err(refusal) => Ok(eval::refused(global, &refusal)),
    }
}

/// The JSON of a file, byte by byte.
pub(super) fn raw_file(path: &str) -> anyhow::Result<Box<RawValue>> {
    let text = given::file(path)?;
    let text = text.trim_start_matches('\u{feff}').trim();
    RawValue::from_string(text.to_owned()).with_context(|| format!("{path} is not JSON"))
}

/// The objects of a file in any form that `transform` reads, too.
fn samples(path: &str) -> anyhow::Result<Vec<Box<RawValue>>> {
    let text = given::file(path).context("--sample")?;
    let (mut splitter, mut pieces) = (Splitter::new(Limits::default().object), Vec::new());
    splitter.feed(text.as_bytes(), &mut pieces);
    splitter.finish(&mut pieces);
    if pieces.len() > MAX_SAMPLES {
        bail!("--sample {path} has {} objects; at most {MAX_SAMPLES} are taken", pieces.len());
    }
    let mut samples = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Value(bytes) => {
                let text = String::from_utf8(bytes).with_context(|| format!("{path} is not UTF-8"))?;
                samples.push(RawValue::from_string(text).with_context(|| format!("{path} is not JSON"))?);
            }
            Piece::Bad(bad) => return Err(bad).with_context(|| format!("--sample {path}")),
        }
    }
    if samples.is_empty() {
        bail!("--sample {path} holds no object");
    }
    Ok(samples)
}
