//! What a policy does to the identities of a record's subject.
//!
//! An identity in `identityMap` is an id with what is said about it, so without its id nothing of it is
//! left; and of the identities of an event one must be primary, so when that one is dropped, the next takes
//! its place.

use super::apply::{Decided, Decision, expression};
use super::{Action, Treated};
use crate::models::{self, Model};
use crate::settings::Settings;
use dataprep::expr::{Path, Segment};
use dataprep::{Mapping, SourceType};

/// A field that a model's schema names as an identity.
pub(super) struct Declared {
    path: Path,
    namespace: String,
    /// Whether records are told apart by it.
    pub(super) primary: bool,
}

impl Declared {
    /// Whether it is at a destination.
    pub(super) fn is_at(&self, destination: &str) -> bool {
        Path::parse(destination).is_ok_and(|path| path == self.path)
    }
}

/// The identities of a model's schema.
pub(super) fn declared(model: &Model, settings: &Settings) -> Vec<Declared> {
    let identities = model.schema.identities.iter();
    identities
        .map(|identity| {
            let names = models::destination(&identity.path, settings);
            let names = names.split('/').filter(|name| !name.is_empty());
            let segments = names.map(|name| Segment::Name(name.to_owned())).collect();
            Declared {
                path: Path { segments },
                namespace: models::destination(&identity.namespace, settings),
                primary: identity.primary,
            }
        })
        .collect()
}

/// Whether some ids of a namespace are hashes, so that nothing is known any more about how they are written.
pub(crate) fn hides_ids(models: &[Model], settings: &Settings, namespace: &str) -> bool {
    let is_id = |destination: &str| match Path::parse(destination).map(|path| in_map(&path)) {
        Ok(InMap::Id(identity)) => {
            matches!(identity.segments.get(1), Some(Segment::Name(code)) if code == namespace)
        }
        _ => false,
    };
    models.iter().any(|model| {
        let declared = declared(model, settings);
        let is_declared = |destination: &str| {
            declared.iter().any(|known| known.namespace == namespace && known.is_at(destination))
        };
        let mut hashed = model.treated.iter().filter(|treated| treated.action == Action::Hash);
        hashed.any(|treated| is_id(&treated.destination) || is_declared(&treated.destination))
    })
}

/// What a destination is to `identityMap`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum InMap {
    /// It lies elsewhere.
    No,
    /// The id of the identity at this place.
    Id(Path),
    /// Something said about an identity.
    Beside,
}

/// What a destination is to `identityMap`.
pub(super) fn in_map(destination: &Path) -> InMap {
    match destination.segments.as_slice() {
        [Segment::Name(root), ..] if root != "identityMap" => InMap::No,
        [identity @ .., Segment::Name(id)] if id == "id" => InMap::Id(Path { segments: identity.to_vec() }),
        _ => InMap::Beside,
    }
}

/// The place of an identity, of a mapping to its id.
fn identity(mapping: &Mapping) -> Option<Path> {
    match in_map(&Path::parse(&mapping.destination).ok()?) {
        InMap::Id(identity) => Some(identity),
        InMap::No | InMap::Beside => None,
    }
}

/// Drops what is said about an identity along with its id.
pub(super) fn drop_whole(decided: &mut [Decided]) {
    let is_dropped = |decision: &Option<Decision>| {
        decision.as_ref().is_some_and(|decision| decision.action == Action::Drop)
    };
    let gone: Vec<(Path, Decision)> = decided
        .iter()
        .filter(|(_, decision)| is_dropped(decision))
        .filter_map(|(mapping, decision)| Some((identity(mapping)?, decision.clone()?)))
        .collect();
    if gone.is_empty() {
        return;
    }
    for (mapping, decision) in decided.iter_mut() {
        let Ok(destination) = Path::parse(&mapping.destination) else { continue };
        if let Some((_, with)) = gone.iter().find(|(identity, _)| destination.starts_with(identity))
            && !is_dropped(decision)
        {
            let note = format!("dropped with its id {}", with.by);
            *decision = Some(Decision { action: Action::Drop, note, by: with.by.clone() });
        }
    }
}

/// Makes the first of the identities that an event has the primary one, when others were dropped.
pub(super) fn choose_primary(left: &mut [Decided], treated: &[Treated]) {
    let was_dropped = treated.iter().find(|treated| {
        treated.action == Action::Drop
            && Path::parse(&treated.destination).is_ok_and(|path| matches!(in_map(&path), InMap::Id(_)))
    });
    let Some(was_dropped) = was_dropped else { return };
    let ids: Vec<(Path, String)> =
        left.iter().filter_map(|(mapping, _)| Some((identity(mapping)?, expression(mapping)?))).collect();
    let mut earlier = String::new();
    for (identity, id) in ids {
        let place = format!("{identity}.primary");
        for (mapping, decision) in left.iter_mut().filter(|(mapping, _)| mapping.destination == place) {
            mapping.source = format!("iif(({id}) != null{earlier}, true, null)");
            mapping.source_type = SourceType::Expression;
            decision.get_or_insert_with(|| Decision {
                action: Action::Keep,
                note: format!(
                    "may be primary because {} is dropped by the privacy policy",
                    was_dropped.destination
                ),
                by: String::new(),
            });
        }
        earlier.push_str(&format!(" && ({id}) == null"));
    }
}
