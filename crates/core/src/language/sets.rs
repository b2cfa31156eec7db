//! Mapping sets: whether one is sound, what it makes of samples, where everything comes from and goes,
//! and how two differ. A set is given whole, or as the name of a resource whose model is meant.

use super::arguments::{Arguments, refused};
use super::{Answer, LanguageError, json, settings};
use crate::event::{self, Input};
use crate::export::{Options, choose};
use crate::functions::FUNCTIONS;
use crate::import::{self, MANAGED_ROOT};
use crate::models::{self, CONTEXT, Dropped, RESOURCES};
use crate::privacy::{Action, Treated};
use crate::settings::{Call, Settings};
use crate::transform::{Around, context};
use dataprep::{
    CompileError, CompileOptions, DropRule, Explanation, LeftOut, MappingSet, Plan, Run, Sample, Schema,
};
use std::borrow::Cow;

/// Most samples of one request.
const MAX_SAMPLES: usize = 1000;

/// The set that a request is about.
struct Subject {
    set: MappingSet,
    dropped: Vec<Dropped>,
    /// What the privacy policy has done to it.
    treated: Vec<Treated>,
    of: Of,
    /// The resource whose model it is.
    resource: Option<String>,
    /// By index why a mapping could not be read.
    mistakes: Vec<(usize, String)>,
}

/// What a set reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    /// Stripe's objects: a resource's model.
    Objects,
    /// Stripe's objects in `data`. The set stays as it is written, so that answers are in its words.
    ManagedObjects,
    /// Whatever its source gives it.
    Anything,
}

/// Everything that is wrong with a set, in the shape of Adobe's `/mappingSets/validate`.
pub(super) fn validate(arguments: Arguments<'_>) -> Answer {
    about(arguments, subject_with_mistakes, |subject, options, samples| {
        let mut validation = dataprep::validate(&subject.set, options, samples);
        for (index, message) in &subject.mistakes {
            validation.refuse(&subject.set, *index, message.clone());
        }
        json(&validation)
    })
}

/// What a set makes of samples, in the shape of Adobe's `/mappingSets/preview`.
pub(super) fn preview(arguments: Arguments<'_>) -> Answer {
    about(arguments, subject, |subject, options, samples| {
        let plan = Plan::compile(&subject.set, options).map_err(|error| unsound(&error))?;
        json(&dataprep::preview(&plan, &mut Run::default(), samples))
    })
}

/// Where every output comes from and, with a sample, what becomes of every input.
pub(super) fn explain(arguments: Arguments<'_>) -> Answer {
    about(arguments, subject, |subject, options, samples| {
        if samples.len() > 1 {
            return Err(refused("explain takes one sample at most"));
        }
        let rules: Vec<DropRule<'_>> = subject
            .dropped
            .iter()
            .map(|rule| DropRule { path: &rule.source, reason: &rule.reason })
            .collect();
        let explanation = dataprep::explain(&subject.set, options, &rules, samples.first());
        let mut explanation = explanation.map_err(|error| unsound(&error))?;
        tell(&mut explanation, &subject.treated);
        json(&explanation)
    })
}

/// Adds to an explanation what the privacy policy has done.
fn tell(explanation: &mut Explanation, treated: &[Treated]) {
    for Treated { destination, source, action, note } in treated {
        if *action == Action::Drop {
            let (destination, source, reason) = (destination.clone(), source.clone(), note.clone());
            explanation.left_out.push(LeftOut { destination, source, reason });
            continue;
        }
        for output in explanation.outputs.iter_mut().filter(|output| output.destination == *destination) {
            output.note = Some(note.clone());
        }
    }
}

/// Prepares what all answers about a set need: the set, what it is compiled with, the samples.
fn about(
    mut arguments: Arguments<'_>,
    subject: fn(&mut Arguments<'_>, &Settings) -> Result<Subject, LanguageError>,
    answer: impl FnOnce(&Subject, CompileOptions<'_>, &[Sample<'_>]) -> Answer,
) -> Answer {
    let settings = settings(&mut arguments)?;
    let call: Call = arguments.value("call")?.unwrap_or_default();
    let subject = subject(&mut arguments, &settings)?;
    if subject.resource.is_none() && !settings.privacy.rules.is_empty() {
        return Err(refused(
            "a privacy policy is about the models of resources; a set by itself is taken as it is written. \
             Name the resource, with the set in the settings' `models` (the program: --mapping)",
        ));
    }
    let schema = arguments.json("schema").map(Schema::from_json).transpose();
    let schema = schema.map_err(|error| LanguageError::new("invalid_schema", error.to_string()))?;
    let texts = arguments.elements("samples")?;
    arguments.end()?;
    if texts.len() > MAX_SAMPLES {
        return Err(refused(format!("{} samples are given; at most {MAX_SAMPLES} are taken", texts.len())));
    }
    let dropped: Vec<&str> = subject.dropped.iter().map(|rule| rule.source.as_str()).collect();
    let options = CompileOptions {
        functions: FUNCTIONS,
        context: &CONTEXT,
        dropped: &dropped,
        watched: &[],
        schema: schema.as_ref(),
    };
    let mut inputs = Vec::with_capacity(texts.len());
    for (number, text) in (1..).zip(texts) {
        inputs.push(subject.input(number, text)?);
    }
    let contexts: Vec<_> = inputs
        .iter()
        .map(|input| {
            let around = Around::of(input.event.as_ref(), &call, &settings);
            context(input.kind.as_deref().unwrap_or_default(), &around, &settings)
        })
        .collect();
    let clock = Around::of(None, &call, &settings).clock(&settings);
    let records: Vec<Cow<'_, str>> = inputs
        .iter()
        .map(|input| match subject.of {
            Of::ManagedObjects => format!("{{\"{MANAGED_ROOT}\":{}}}", input.object).into(),
            Of::Objects | Of::Anything => input.object.into(),
        })
        .collect();
    let samples: Vec<Sample<'_>> = records
        .iter()
        .zip(&contexts)
        .map(|(record, context)| Sample { record, context, host: &settings, clock: clock.clone() })
        .collect();
    answer(&subject, options, &samples)
}

impl Subject {
    /// Whether objects of this kind have a model that is not this one.
    fn is_of_another(&self, kind: &str) -> bool {
        self.resource.as_deref().is_some_and(|resource| resource != kind) && RESOURCES.contains(&kind)
    }

    /// The object in a sample. For a set that is not about Stripe's objects the sample is the record,
    /// unless it is one of Stripe's Events.
    fn input<'a>(&self, number: usize, sample: &'a str) -> Result<Input<'a>, LanguageError> {
        match event::read(sample) {
            Ok(Input { kind: Some(kind), .. }) if self.is_of_another(&kind) => {
                let model = self.resource.as_deref().unwrap_or_default();
                Err(LanguageError::new(
                    "invalid_input",
                    format!("sample {number} is a {kind}, but the set is the model of {model}"),
                ))
            }
            Ok(input) if self.of != Of::Anything || input.event.is_some() => Ok(input),
            Err(refusal) if self.of != Of::Anything => {
                Err(LanguageError::new("invalid_input", format!("sample {number}: {}", refusal.message)))
            }
            _ => Ok(Input { object: sample, kind: None, event: None }),
        }
    }
}

/// What differs between two sets, by destination.
pub(super) fn diff(mut arguments: Arguments<'_>) -> Answer {
    let settings = settings(&mut arguments)?;
    let mut side = |name: &str| -> Result<MappingSet, LanguageError> {
        let mut named = Arguments::of(arguments.needed(name)?)?;
        let Subject { set, of, .. } = subject(&mut named, &settings)?;
        named.end()?;
        let bare = set.sources_out_of(MANAGED_ROOT).filter(|_| of == Of::ManagedObjects);
        Ok(bare.unwrap_or(set))
    };
    let (mut a, mut b) = (side("a")?, side("b")?);
    arguments.end()?;
    // Adobe's sets know no types: that they lack ours is no difference.
    let is_typed = |set: &MappingSet| set.mappings.iter().any(|mapping| mapping.xdm_type.is_some());
    if is_typed(&a) != is_typed(&b) {
        a.mappings.iter_mut().chain(&mut b.mappings).for_each(|mapping| mapping.xdm_type = None);
    }
    json(&dataprep::diff(&a, &b))
}

/// The set that `set` holds, or the model of the resource that `resource` names.
fn subject(arguments: &mut Arguments<'_>, settings: &Settings) -> Result<Subject, LanguageError> {
    let subject = subject_with_mistakes(arguments, settings)?;
    match import::told(&subject.mistakes) {
        Some(error) => Err(LanguageError::new("invalid_mapping_set", error.to_string())),
        None => Ok(subject),
    }
}

/// The same, mappings that cannot be read among the others.
fn subject_with_mistakes(
    arguments: &mut Arguments<'_>,
    settings: &Settings,
) -> Result<Subject, LanguageError> {
    match (arguments.json("set"), arguments.text("resource")?) {
        (Some(set), None) => {
            let import::Read { mut set, mistakes } = import::read(set)
                .map_err(|error| LanguageError::new("invalid_mapping_set", error.to_string()))?;
            let of =
                if set.sources_out_of(MANAGED_ROOT).is_some() { Of::ManagedObjects } else { Of::Anything };
            models::fill(&mut set, settings);
            let (dropped, treated) = (Vec::new(), Vec::new());
            Ok(Subject { set, dropped, treated, of, resource: None, mistakes })
        }
        (None, Some(resource)) => {
            let model =
                models::of(settings).and_then(|models| choose(models, &resource, &Options::default()));
            let model = model.map_err(|error| refused(error.to_string()))?;
            Ok(Subject {
                set: model.mapping_set,
                dropped: model.dropped,
                treated: model.treated,
                of: Of::Objects,
                resource: Some(model.resource),
                mistakes: Vec::new(),
            })
        }
        _ => {
            Err(refused("give either `set`, a mapping set, or `resource`, the name of one that has a model"))
        }
    }
}

fn unsound(error: &CompileError) -> LanguageError {
    LanguageError::new("invalid_mapping_set", error.to_string())
}
