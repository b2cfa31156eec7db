//! Records checked against the schemas that the models stand for, and violations told in the terms of whoever
//! wrote the mappings.

use crate::models::Model;
use crate::output::{Invalid, Output, Warning};
use crate::schema::{self, Words};
use crate::settings::{OpenError, Settings};
use dataprep::date::Moment;
use dataprep::expr::{Path, Segment};
use dataprep::{Mapping, Plan};
use std::borrow::Cow;
use xdm::check::{Checker, CheckerError, Violation, is_sensitive};

/// What checks the records of one model.
#[derive(Debug)]
pub(crate) struct RecordCheck {
    checker: Checker,
    /// The destinations of the model's mappings, taken apart when the first violation is told.
    destinations: Vec<Option<Path>>,
}

/// A check for each model, in their order; none when records are not to be checked.
pub(crate) fn checks(models: &[Model], settings: &Settings) -> Result<Vec<RecordCheck>, OpenError> {
    if !settings.check.enabled {
        return Ok(Vec::new());
    }
    let library = schema::of(models, settings, Words::None)?.library;
    let (mut checks, mut problems) = (Vec::new(), Vec::new());
    for schema in &library.schemas {
        match Checker::new(&library, schema, &settings.check.rules) {
            Ok(checker) => checks.push(RecordCheck { checker, destinations: Vec::new() }),
            // The same for all schemas.
            Err(error @ CheckerError::Rule { .. }) => {
                return Err(OpenError { problems: vec![format!("check.rules: {error}")] });
            }
            Err(error) => problems.push(format!("schema {}: {error}", schema.name)),
        }
    }
    if problems.is_empty() { Ok(checks) } else { Err(OpenError { problems }) }
}

impl RecordCheck {
    /// Checks the record that the output ends with, which begins at `start` and is to be the object's
    /// `index`-th. Whether it is valid.
    pub(crate) fn run(
        &mut self,
        plan: &Plan,
        now: Option<Moment>,
        start: usize,
        index: usize,
        output: &mut Output,
    ) -> bool {
        let bytes = output.bytes.get(start..).unwrap_or_default();
        // What is no text is no JSON either, and is refused as such.
        let record = std::str::from_utf8(bytes).unwrap_or_default();
        let (mut refused, mut warned) = (Vec::new(), Vec::new());
        self.checker.check(record, now, &mut refused, &mut warned);
        let is_valid = refused.is_empty();
        if !is_valid || !warned.is_empty() {
            self.tell(plan, index, refused, warned, output);
        }
        is_valid
    }

    #[cold]
    fn tell(
        &mut self,
        plan: &Plan,
        index: usize,
        refused: Vec<Violation>,
        warned: Vec<Violation>,
        output: &mut Output,
    ) {
        for violation in refused {
            let mapping = self.mapping(plan, &violation.pointer);
            output.invalid.push(Invalid {
                record: index as u32,
                destination: mapping.map(|mapping| mapping.destination.clone()).unwrap_or_default(),
                source: source_of(mapping),
                violation,
            });
        }
        for Violation { pointer, rule, kind, message } in warned {
            let mapping = self.mapping(plan, &pointer);
            let warning = Warning {
                code: rule,
                path: pointer,
                source: source_of(mapping),
                message: format!("found {kind}: {message}"),
            };
            // Two models of one resource share most mappings: say it once.
            if !output.warnings.contains(&warning) {
                output.warnings.push(warning);
            }
        }
    }

    /// The mapping that writes a place, or the nearest one around it: the last of those whose destination is
    /// the longest.
    fn mapping<'p>(&mut self, plan: &'p Plan, pointer: &str) -> Option<&'p Mapping> {
        if self.destinations.is_empty() {
            let mappings = (0..).map_while(|index| plan.mapping(index));
            self.destinations.extend(mappings.map(|mapping| Path::parse(&mapping.destination).ok()));
        }
        let steps: Vec<Cow<'_, str>> = pointer.split('/').skip(1).map(unescaped).collect();
        let lengths = self.destinations.iter().enumerate();
        let fits = lengths.filter_map(|(index, path)| Some((length_of_fit(path.as_ref()?, &steps)?, index)));
        fits.max().and_then(|(_, index)| plan.mapping(index))
    }
}

/// A mapping's source as written, unless a secret has been written into it.
fn source_of(mapping: Option<&Mapping>) -> String {
    match mapping {
        None => String::new(),
        Some(mapping) if is_sensitive(&mapping.source) => "…".to_owned(),
        Some(mapping) => mapping.source.clone(),
    }
}

/// How many steps a destination leads to a place, if it leads there.
fn length_of_fit(destination: &Path, steps: &[Cow<'_, str>]) -> Option<usize> {
    let mut length = 0;
    for segment in &destination.segments {
        if *segment == Segment::Rest {
            break;
        }
        let step = steps.get(length)?;
        let fits = match segment {
            Segment::Name(name) => name == step,
            Segment::Index(index) => step.parse() == Ok(*index),
            Segment::Each => step.bytes().all(|byte| byte.is_ascii_digit()),
            _ => true,
        };
        if !fits {
            return None;
        }
        length += 1;
    }
    Some(length)
}

/// A step of a JSON pointer as the key that it stands for.
fn unescaped(step: &str) -> Cow<'_, str> {
    match step.contains('~') {
        true => Cow::Owned(step.replace("~1", "/").replace("~0", "~")),
        false => Cow::Borrowed(step),
    }
}
