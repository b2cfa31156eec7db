//! Mapping sets: whether one is sound, what it makes of samples, where everything comes from and goes,
//! and how two differ. A set is given whole, or as the name of a resource whose model is meant.

use super::{Answer, LanguageError, json};
use crate::event::{self, Input};
use crate::export::{Options, choose};
use crate::functions::FUNCTIONS;
use crate::import;
use crate::models::{self, CONTEXT, Dropped};
use crate::settings::{Call, Settings};
use crate::transform::{Around, clock, context};
use dataprep::{CompileError, CompileOptions, DropRule, MappingSet, Plan, Run, Sample, Schema};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The tenant of those who name none: it only shows in destinations.
const SOME_TENANT: &str = "tenant";

/// Most samples of one request.
const MAX_SAMPLES: usize = 1000;

/// The arguments of `validate`, `preview` and `explain`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct About<'r> {
    #[serde(rename = "command")]
    _command: IgnoredAny,
    #[serde(borrow, default)]
    set: Option<&'r RawValue>,
    #[serde(borrow, default)]
    resource: Option<Cow<'r, str>>,
    /// A JSON schema of XDM as the Schema Registry gives it.
    #[serde(borrow, default)]
    schema: Option<&'r RawValue>,
    /// Stripe objects, Events, or what the set is for.
    #[serde(borrow, default)]
    samples: Vec<&'r RawValue>,
    #[serde(default)]
    settings: Option<Settings>,
    /// What is known about the samples besides.
    #[serde(default)]
    call: Call,
}

/// The set that a request is about.
struct Subject {
    set: MappingSet,
    dropped: Vec<Dropped>,
    /// Whether it reads what Stripe's objects hold, so that samples are taken out of their wrapping.
    of_objects: bool,
}

/// Everything that is wrong with a set, in the shape of Adobe's `/mappingSets/validate`.
pub(super) fn validate(about: &About<'_>) -> Answer {
    about.with(|subject, options, samples| json(&dataprep::validate(&subject.set, options, samples)))
}

/// What a set makes of samples, in the shape of Adobe's `/mappingSets/preview`.
pub(super) fn preview(about: &About<'_>) -> Answer {
    about.with(|subject, options, samples| {
        let plan = Plan::compile(&subject.set, options).map_err(|error| unsound(&error))?;
        json(&dataprep::preview(&plan, &mut Run::default(), samples))
    })
}

/// Where every output comes from and, with a sample, what becomes of every input.
pub(super) fn explain(about: &About<'_>) -> Answer {
    if about.samples.len() > 1 {
        return Err(LanguageError::new("invalid_request", "explain takes one sample at most"));
    }
    about.with(|subject, options, samples| {
        let rules: Vec<DropRule<'_>> = subject
            .dropped
            .iter()
            .map(|rule| DropRule { path: &rule.source, reason: &rule.reason })
            .collect();
        let explanation = dataprep::explain(&subject.set, options, &rules, samples.first());
        json(&explanation.map_err(|error| unsound(&error))?)
    })
}

impl About<'_> {
    /// Prepares what all answers need: the set, what it is compiled with, the samples.
    fn with(&self, answer: impl FnOnce(&Subject, CompileOptions<'_>, &[Sample<'_>]) -> Answer) -> Answer {
        if self.samples.len() > MAX_SAMPLES {
            let message =
                format!("{} samples are given; at most {MAX_SAMPLES} are taken", self.samples.len());
            return Err(LanguageError::new("invalid_request", message));
        }
        let settings = settings(self.settings.as_ref())?;
        let subject = subject(self.set, self.resource.as_deref(), &settings)?;
        let schema = self.schema.map(|schema| Schema::from_json(schema.get())).transpose();
        let schema = schema.map_err(|error| LanguageError::new("invalid_schema", error.to_string()))?;
        let dropped: Vec<&str> = subject.dropped.iter().map(|rule| rule.source.as_str()).collect();
        let options = CompileOptions {
            functions: FUNCTIONS,
            context: &CONTEXT,
            dropped: &dropped,
            watched: &[],
            schema: schema.as_ref(),
        };
        let mut inputs = Vec::with_capacity(self.samples.len());
        for (number, sample) in (1..).zip(&self.samples) {
            inputs.push(subject.input(number, sample.get())?);
        }
        let contexts: Vec<_> = inputs
            .iter()
            .map(|input| {
                let around = Around::of(input.event.as_ref(), &self.call, &settings);
                context(input.kind.as_deref().unwrap_or_default(), &around, &settings)
            })
            .collect();
        let samples: Vec<Sample<'_>> = inputs
            .iter()
            .zip(&contexts)
            .map(|(input, context)| Sample {
                record: input.object,
                context,
                host: &settings,
                clock: clock(&self.call, &settings),
            })
            .collect();
        answer(&subject, options, &samples)
    }
}

impl Subject {
    /// The object in a sample. For a set that is not about Stripe's objects the sample is the record,
    /// unless it is one of Stripe's Events.
    fn input<'a>(&self, number: usize, sample: &'a str) -> Result<Input<'a>, LanguageError> {
        match event::read(sample) {
            Ok(input) if self.of_objects || input.event.is_some() => Ok(input),
            Err(refusal) if self.of_objects => {
                Err(LanguageError::new("invalid_input", format!("sample {number}: {}", refusal.message)))
            }
            _ => Ok(Input { object: sample, kind: None, event: None }),
        }
    }
}

/// The arguments of `diff`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Diff<'r> {
    #[serde(rename = "command")]
    _command: IgnoredAny,
    #[serde(borrow)]
    a: Side<'r>,
    #[serde(borrow)]
    b: Side<'r>,
    #[serde(default)]
    settings: Option<Settings>,
}

/// One of the two sets.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Side<'r> {
    #[serde(borrow, default)]
    set: Option<&'r RawValue>,
    #[serde(borrow, default)]
    resource: Option<Cow<'r, str>>,
}

/// What differs between two sets, by destination.
pub(super) fn diff(asked: &Diff<'_>) -> Answer {
    let settings = settings(asked.settings.as_ref())?;
    let side = |side: &Side<'_>| subject(side.set, side.resource.as_deref(), &settings);
    let (mut a, mut b) = (side(&asked.a)?.set, side(&asked.b)?.set);
    // Adobe's sets know no types: that they lack ours is no difference.
    let is_typed = |set: &MappingSet| set.mappings.iter().any(|mapping| mapping.xdm_type.is_some());
    if is_typed(&a) != is_typed(&b) {
        a.mappings.iter_mut().chain(&mut b.mappings).for_each(|mapping| mapping.xdm_type = None);
    }
    json(&dataprep::diff(&a, &b))
}

/// The settings given, checked, or those of some tenant.
pub(super) fn settings(given: Option<&Settings>) -> Result<Settings, LanguageError> {
    let settings = given.cloned().unwrap_or_else(|| Settings::of_tenant(SOME_TENANT));
    settings.check().map_err(|error| LanguageError::new("invalid_settings", error.to_string()))?;
    Ok(settings)
}

fn subject(
    set: Option<&RawValue>,
    resource: Option<&str>,
    settings: &Settings,
) -> Result<Subject, LanguageError> {
    match (set, resource) {
        (Some(set), None) => {
            let imported = import::mapping_set(set.get())
                .map_err(|error| LanguageError::new("invalid_mapping_set", error.to_string()))?;
            let mut set = imported.over_objects();
            models::fill(&mut set, settings);
            Ok(Subject { set, dropped: Vec::new(), of_objects: imported.sources_prefix.is_some() })
        }
        (None, Some(resource)) => {
            let model = models::of(settings).and_then(|models| choose(models, resource, &Options::default()));
            let model = model.map_err(|error| LanguageError::new("invalid_request", error.to_string()))?;
            Ok(Subject { set: model.mapping_set, dropped: model.dropped, of_objects: true })
        }
        _ => Err(LanguageError::new(
            "invalid_request",
            "give either `set`, a mapping set, or `resource`, the name of one that has a model",
        )),
    }
}

fn unsound(error: &CompileError) -> LanguageError {
    LanguageError::new("invalid_mapping_set", error.to_string())
}
