//! What an export says about itself.

use crate::models::{Model, Variant};
use dataprep::MappingSet;
use serde::Serialize;

/// A mapping set for Adobe, and what became of each mapping of the model on the way.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exported {
    /// The set: only documented functions, no types of ours.
    pub mapping_set: MappingSet,
    /// How many mappings had which outcome.
    pub counts: Counts,
    /// What concerns the set as a whole.
    pub notes: Vec<String>,
    /// One line for each mapping of the model, in its order.
    pub report: Vec<ReportLine>,
}

/// What became of one mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportLine {
    /// The mapping's destination.
    pub destination: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Its source in the model.
    pub before: String,
    /// Its source in the set; `None` when it was left out.
    pub after: Option<String>,
    /// Why the two differ in meaning, or why it was left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// What it counts on that Adobe's pages do not show; try these with a preview.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub relies_on: Vec<String>,
}

/// How a mapping ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The same source, below the root.
    Unchanged,
    /// Other words, the same result for every object that the source reads.
    Lowered,
    /// Other words, and the result may differ as the reasons say.
    Approximated,
    /// Not in the set, for the reasons given.
    LeftOut,
}

/// How many mappings had which outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Counts {
    pub unchanged: usize,
    pub lowered: usize,
    pub approximated: usize,
    pub left_out: usize,
}

impl Counts {
    pub(super) fn of(report: &[ReportLine]) -> Self {
        let mut counts = Self::default();
        for line in report {
            *match line.outcome {
                Outcome::Unchanged => &mut counts.unchanged,
                Outcome::Lowered => &mut counts.lowered,
                Outcome::Approximated => &mut counts.approximated,
                Outcome::LeftOut => &mut counts.left_out,
            } += 1;
        }
        counts
    }
}

/// What a model does that no mapping set can, and what concerns most mappings.
pub(super) fn notes(model: &Model, report: &[ReportLine]) -> Vec<String> {
    let mut notes = vec![
        "Adobe converts to the types of the schema: every destination must exist there, with the type that \
         the model gives it"
            .to_owned(),
        "a source that polls sees no deletions, and of several changes between two polls only the last"
            .to_owned(),
    ];
    if report.iter().any(|line| line.after.as_ref().is_some_and(|after| after.contains("is_empty("))) {
        notes.push(
            "is_empty is asked of single values, to keep missing ones out of arithmetic; Adobe's page shows \
             it with an array: try one of these mappings with a preview before the rest"
                .to_owned(),
        );
    }
    if model.variant == Variant::Event {
        notes.push(
            "metadata is not shed from events above 10,000 bytes, which Profile drops without a word"
                .to_owned(),
        );
    }
    if model.variant == Variant::Event && model.resource == "subscription" {
        notes.push(
            "a polled subscription tells its creation only: each poll gives that event once more, under the \
             same id, with the state of the moment"
                .to_owned(),
        );
    }
    for place in &model.embedded {
        if place.source.contains("[*]") {
            notes.push(format!(
                "an object that stands whole at {} becomes no record of its own: a mapping set makes one \
                 record of an object. Export {} too, from its own source",
                place.source, place.resource
            ));
        }
    }
    notes
}
