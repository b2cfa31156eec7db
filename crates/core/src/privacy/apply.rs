//! What the rules do to a model: mappings taken out, or their sources wrapped in a function.

use super::fits::{Fields, obstacle};
use super::identities::{self, Declared, InMap};
use super::rules::{Chosen, Rules, holds};
use super::{Action, Treated};
use crate::functions::{HASH, MASK};
use crate::models::{CONTEXT, Dropped, Model, Variant};
use crate::settings::Settings;
use dataprep::expr::{self, Expr, Path};
use dataprep::{Mapping, SourceType};

/// What is to be done about one mapping.
#[derive(Debug, Clone)]
pub(super) struct Decision {
    pub(super) action: Action,
    /// As in [`Treated::note`].
    pub(super) note: String,
    /// `by the privacy policy (label I1)`
    pub(super) by: String,
}

impl Decision {
    pub(super) fn new(action: Action, chosen: &Chosen) -> Self {
        let by = format!("by the privacy policy ({})", chosen.about);
        Self { action, note: format!("{} {by}", action.participle()), by }
    }

    fn noting(mut self, more: &str) -> Self {
        self.note.push_str(more);
        self
    }
}

/// A mapping and what is to be done about it.
pub(super) type Decided = (Mapping, Option<Decision>);

/// Applies the policy to the models, or says everything that keeps it from being applied.
pub(crate) fn apply(models: &mut [Model], settings: &Settings) -> Vec<String> {
    let (rules, mut problems) = Rules::new(settings, models);
    let fields = Fields::of(models, settings);
    for model in models {
        change(model, &rules, &fields, settings, &mut problems);
    }
    problems
}

/// Whether the policy hashes the field by which the model's objects are told apart, so that their ids are
/// not to be shown elsewhere either.
pub(crate) fn hashes_id(model: &Model, settings: &Settings) -> bool {
    let declared = identities::declared(model, settings);
    let primary = declared.iter().find(|identity| identity.primary);
    let hashed = || model.treated.iter().filter(|treated| treated.action == Action::Hash);
    match primary {
        Some(primary) => hashed().any(|treated| primary.is_at(&treated.destination)),
        None => hashed().any(|treated| treated.source == "id"),
    }
}

fn change(
    model: &mut Model,
    rules: &Rules<'_>,
    fields: &Fields,
    settings: &Settings,
    problems: &mut Vec<String>,
) {
    let identities = identities::declared(model, settings);
    let mut decided: Vec<Decided> = Vec::with_capacity(model.mapping_set.mappings.len());
    for mapping in std::mem::take(&mut model.mapping_set.mappings) {
        let decision = rules.choose(&mapping).and_then(|chosen| {
            let decision = decide(model, &mapping, &chosen, fields, &identities)?;
            match refusal(model, &mapping, &chosen, decision.action, &identities) {
                None => Some(decision),
                // Every record needs it, so a rule about a label means the others.
                Some(_) if is_needed(model, &mapping) && !chosen.by_path => {
                    Some(Decision::new(Action::Keep, &chosen).noting(": every record needs it"))
                }
                Some(problem) => {
                    problems.push(problem);
                    None
                }
            }
        });
        decided.push((mapping, decision));
    }
    if decided.iter().all(|(_, decision)| decision.is_none()) {
        model.mapping_set.mappings = decided.into_iter().map(|(mapping, _)| mapping).collect();
        return;
    }
    alike(&mut decided);
    identities::drop_whole(&mut decided);
    problems.extend(copied_whole(&decided));
    let mut left: Vec<Decided> = Vec::with_capacity(decided.len());
    for (mapping, decision) in decided {
        match decision {
            Some(decision) if decision.action == Action::Drop => leave_out(model, &mapping, decision),
            decision => left.push((mapping, decision)),
        }
    }
    if model.variant == Variant::Event {
        identities::choose_primary(&mut left, &model.treated);
    }
    for (mut mapping, decision) in left {
        if let Some(decision) = decision {
            let source = mapping.source.clone();
            match decision.action {
                Action::Hash => wrap(&mut mapping, HASH),
                Action::Mask => wrap(&mut mapping, MASK),
                Action::Keep | Action::Drop => {}
            }
            model.treated.push(treated(&mapping, source, decision));
        }
        model.mapping_set.mappings.push(mapping);
    }
}

/// What a rule comes down to for a field: what cannot hold a hash or a mask is dropped.
fn decide(
    model: &Model,
    mapping: &Mapping,
    chosen: &Chosen,
    fields: &Fields,
    identities: &[Declared],
) -> Option<Decision> {
    if matches!(chosen.action, Action::Keep | Action::Drop) {
        return Some(Decision::new(chosen.action, chosen));
    }
    let destination = Path::parse(&mapping.destination).ok()?;
    // A rule about identities means their ids, not what is said about them.
    if identities::in_map(&destination) == InMap::Beside {
        return None;
    }
    let is_identity = identities::in_map(&destination) != InMap::No
        || identities.iter().any(|identity| identity.is_at(&mapping.destination));
    let obstacle = match obstacle(mapping, chosen.action, fields.find(model, &destination)) {
        // Different people would be taken for one.
        None if is_identity && chosen.action == Action::Mask => Some("an identity".to_owned()),
        obstacle => obstacle,
    };
    Some(match obstacle {
        None => Decision::new(chosen.action, chosen),
        Some(obstacle) => Decision::new(Action::Drop, chosen)
            .noting(&format!(": {obstacle} cannot hold a {}", chosen.action.verb())),
    })
}

/// Whether a destination is one that all of the model's records must have.
fn is_needed(model: &Model, mapping: &Mapping) -> bool {
    mapping.destination == "_id" || (mapping.destination == "timestamp" && model.variant == Variant::Event)
}

/// Why a field cannot be treated so.
fn refusal(
    model: &Model,
    mapping: &Mapping,
    chosen: &Chosen,
    action: Action,
    identities: &[Declared],
) -> Option<String> {
    if !matches!(action, Action::Drop | Action::Mask) {
        return None;
    }
    let destination = Path::parse(&mapping.destination).ok()?;
    let is_primary =
        identities.iter().any(|identity| identity.primary && identity.is_at(&mapping.destination));
    let why = match (is_needed(model, mapping), is_primary) {
        (true, _) => "every record needs it",
        (false, true) => "its records are told apart by it",
        (false, false) => return None,
    };
    Some(format!(
        "privacy: the rule for the {} would {} {destination} of {}, but {why}: add a rule \
         {{\"path\":\"{destination}\",\"action\":\"hash\"}}, or \"keep\"",
        chosen.about,
        action.verb(),
        model.dataset
    ))
}

/// Gives all mappings to one destination the same fate: were only the last one taken out, an earlier one
/// would take its place.
fn alike(decided: &mut [Decided]) {
    let fates: Vec<(String, Decision)> = decided
        .iter()
        .filter_map(|(mapping, decision)| Some((mapping.destination.clone(), decision.clone()?)))
        .collect();
    for (mapping, decision) in decided.iter_mut().filter(|(_, decision)| decision.is_none()) {
        let same = fates.iter().rfind(|(destination, _)| *destination == mapping.destination);
        *decision = same.map(|(_, decision)| decision.clone());
    }
}

/// Says where a mapping copies an object whole to a place above a field that is taken out of it or changed:
/// the copy would bring the field back as it is.
fn copied_whole(decided: &[Decided]) -> Vec<String> {
    let is_changed = |decision: &Option<Decision>| {
        decision.as_ref().is_some_and(|decision| decision.action != Action::Keep)
    };
    let mut problems = Vec::new();
    let places = || decided.iter().filter_map(|one| Some((Path::parse(&one.0.destination).ok()?, one)));
    for (place, (_, decision)) in places().filter(|(_, (_, decision))| is_changed(decision)) {
        let Some(decision) = decision else { continue };
        let above = places().find(|(other, (mapping, decision))| {
            holds(other, &place)
                && !is_changed(decision)
                && mapping.source_type != SourceType::Static
                && !mapping.source.ends_with("{**}")
        });
        if let Some((above, _)) = above {
            problems.push(format!(
                "privacy: {place} is to be {}, but the mapping to {above} writes an object whole, and that \
                 field with it: map the object's members one by one",
                decision.note
            ));
        }
    }
    problems
}

/// Takes a mapping out of a model; what it alone reads is left out on purpose.
fn leave_out(model: &mut Model, mapping: &Mapping, decision: Decision) {
    for path in reads(mapping) {
        let source = path.to_string();
        let is_new = !model.dropped.iter().any(|dropped| dropped.source == source);
        if is_new && !CONTEXT.contains(&source.as_str()) {
            model.dropped.push(Dropped { source, reason: decision.by.clone() });
        }
    }
    model.treated.push(treated(mapping, mapping.source.clone(), decision));
}

/// The places of the object that a mapping reads.
fn reads(mapping: &Mapping) -> Vec<Path> {
    match mapping.source_type {
        SourceType::Static => Vec::new(),
        SourceType::Attribute => Path::parse(&mapping.source).into_iter().collect(),
        SourceType::Expression => {
            expr::parse(&mapping.source).map(|parsed| parsed.read_places()).unwrap_or_default()
        }
    }
}

fn treated(mapping: &Mapping, source: String, decision: Decision) -> Treated {
    let destination = mapping.destination.clone();
    Treated { destination, source, action: decision.action, note: decision.note }
}

/// Puts a function around a mapping's source. A source that cannot be read stays: no plan is made of it.
fn wrap(mapping: &mut Mapping, function: &str) {
    if let Some(source) = expression(mapping) {
        mapping.source = format!("{function}({source})");
        mapping.source_type = SourceType::Expression;
    }
}

/// A mapping's source as part of an expression.
pub(super) fn expression(mapping: &Mapping) -> Option<String> {
    match mapping.source_type {
        SourceType::Static => Some(Expr::string(&*mapping.source).to_string()),
        SourceType::Attribute => Path::parse(&mapping.source).ok().map(|path| Expr::path(path).to_string()),
        SourceType::Expression => {
            let parsed = expr::parse(&mapping.source).ok()?;
            // What follows a comment would belong to it.
            let has_comment = mapping.source.contains("//") || mapping.source.contains("##");
            Some(if has_comment { parsed.to_string() } else { mapping.source.clone() })
        }
    }
}
