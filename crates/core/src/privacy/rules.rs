//! Which rule a field falls under.

use super::{Action, DROPPED, LABELS, Privacy, Rule};
use crate::models::{self, Model};
use crate::settings::Settings;
use dataprep::Mapping;
use dataprep::expr::{Path, Segment};
use dataprep::functions::nearest;

/// A policy's rules, ready to be asked.
pub(super) struct Rules<'s> {
    /// In the order in which they are written.
    rules: Vec<Ready<'s>>,
}

/// A rule whose path is parsed.
struct Ready<'s> {
    about: About<'s>,
    action: Action,
    /// Its number in the policy, from 1; 0 when it stands for another setting.
    number: usize,
}

enum About<'s> {
    Label(&'s str),
    Path(Path),
}

/// The rule that a field falls under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) action: Action,
    /// Whether the rule is about the field's path, not its label.
    pub(super) by_path: bool,
    /// What the rule is about: `label I1`, `path _acme.stripe.charge`.
    pub(super) about: String,
}

/// Where a charge's link to its receipt goes.
const RECEIPT: &str = "_{TENANT_ID}.stripe.charge.receiptURL";

impl<'s> Rules<'s> {
    /// The rules of the settings, and those that can never fit.
    pub(super) fn new(settings: &'s Settings, models: &[Model]) -> (Self, Vec<String>) {
        let (mut rules, mut problems) = (Vec::new(), Vec::new());
        // Before the policy's own, so that these go before it.
        if settings.receipt_url
            && let Ok(path) = Path::parse(&models::destination(RECEIPT, settings))
        {
            rules.push(Ready { about: About::Path(path), action: Action::Keep, number: 0 });
        }
        let Privacy { rules: written, .. } = &settings.privacy;
        for (number, rule) in (1..).zip(written) {
            let problem = match ready(number, rule, settings) {
                Ok(rule) => {
                    let problem = rule.fits_nothing(models);
                    rules.push(rule);
                    problem
                }
                Err(problem) => Some(problem),
            };
            problems.extend(problem.map(|problem| format!("privacy: rule {number}: {problem}")));
        }
        (Self { rules }, problems)
    }

    /// The rule for a mapping's destination.
    pub(super) fn choose(&self, mapping: &Mapping) -> Option<Chosen> {
        let is_secret = mapping.labels.iter().any(|label| label == DROPPED);
        if self.rules.is_empty() && !is_secret {
            return None;
        }
        let destination = Path::parse(&mapping.destination).ok()?;
        let fitting = || self.rules.iter().filter(|rule| rule.fits(&destination, &mapping.labels));
        // A rule about something larger must not bring back a secret in passing.
        if is_secret && !fitting().any(|rule| rule.names(&destination, DROPPED)) {
            let about = format!("label {DROPPED}, by default");
            return Some(Chosen { action: Action::Drop, by_path: false, about });
        }
        fitting().max_by_key(|rule| (rule.depth(), rule.number)).map(Ready::chosen)
    }
}

fn ready<'s>(number: usize, rule: &'s Rule, settings: &Settings) -> Result<Ready<'s>, String> {
    let about = match (&rule.path, &rule.label) {
        (Some(path), _) => Path::parse(&models::destination(path, settings))
            .map(About::Path)
            .map_err(|error| format!("{path}: {error}"))?,
        (None, Some(label)) => About::Label(label),
        (None, None) => return Err("it is about nothing".to_owned()),
    };
    Ok(Ready { about, action: rule.action, number })
}

impl Ready<'_> {
    fn fits(&self, destination: &Path, labels: &[String]) -> bool {
        match &self.about {
            About::Label(label) => labels.iter().any(|known| known == label),
            About::Path(path) => covers(path, destination),
        }
    }

    /// Whether it is about that label, or about this very field.
    fn names(&self, destination: &Path, label: &str) -> bool {
        match &self.about {
            About::Label(own) => *own == label,
            About::Path(path) => {
                path.segments.len() == destination.segments.len() && covers(path, destination)
            }
        }
    }

    /// How much it says about where a field is; nothing for a label.
    fn depth(&self) -> usize {
        match &self.about {
            About::Label(_) => 0,
            About::Path(path) => path.segments.len(),
        }
    }

    fn chosen(&self) -> Chosen {
        let (by_path, about) = match &self.about {
            About::Label(label) => (false, format!("label {label}")),
            About::Path(path) => (true, format!("path {path}")),
        };
        Chosen { action: self.action, by_path, about }
    }

    /// Why no field can ever fall under it.
    fn fits_nothing(&self, models: &[Model]) -> Option<String> {
        let mappings = || models.iter().flat_map(|model| &model.mapping_set.mappings);
        match &self.about {
            About::Label(label) => {
                let labels = mappings().flat_map(|mapping| mapping.labels.iter().map(String::as_str));
                let known = || labels.clone().chain(LABELS);
                if known().any(|other| other == *label) {
                    return None;
                }
                let hint = hint(nearest(label, known()));
                Some(format!("{label} is none of Adobe's labels, and no mapping has it{hint}"))
            }
            About::Path(path) => {
                let destinations = || mappings().filter_map(|mapping| Path::parse(&mapping.destination).ok());
                if destinations().any(|destination| covers(path, &destination)) {
                    return None;
                }
                if let Some(whole) = destinations().find(|destination| holds(destination, path)) {
                    return Some(format!(
                        "{path} is part of what one mapping writes to {whole}: a rule can be about all of that \
                         only{}",
                        if path.to_string().contains("metadata") {
                            "; metadata_deny and metadata_allow are about single keys"
                        } else {
                            ""
                        }
                    ));
                }
                let places: Vec<String> = destinations().flat_map(|path| ancestors(&path)).collect();
                let hint = hint(nearest(&path.to_string(), places.iter().map(String::as_str)));
                Some(format!("nothing is mapped to {path}{hint}"))
            }
        }
    }
}

/// Whether a rule's path is a destination or above it.
fn covers(rule: &Path, destination: &Path) -> bool {
    let same = |(written, found): (&Segment, &Segment)| {
        written == found || (*written == Segment::Each && matches!(found, Segment::Index(_)))
    };
    rule.segments.len() <= destination.segments.len()
        && rule.segments.iter().zip(&destination.segments).all(same)
}

/// Whether a place lies inside what a mapping writes.
pub(super) fn holds(destination: &Path, place: &Path) -> bool {
    let segments = match destination.segments.as_slice() {
        [above @ .., Segment::Rest] => above,
        all => all,
    };
    segments.len() < place.segments.len() && place.segments.starts_with(segments)
}

/// A destination, and everything that it lies in.
fn ancestors(path: &Path) -> Vec<String> {
    let part = |length| Path { segments: path.segments.iter().take(length).cloned().collect() }.to_string();
    (1..=path.segments.len()).map(part).collect()
}

fn hint(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!("; did you mean {near}?"))
}
