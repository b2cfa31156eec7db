//! What has to be done so that a sandbox has what a file asks for: found by content, so that making the plan again
//! after any interruption gives what is still left to do.

use super::there::{EntryThere, There};
use super::wanted::{Wanted, WantedFlow};
use crate::platform::FlowItem;
use serde_json::{Value, json};

/// What a step is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The base connection.
    Connection,
    /// A dataset, which is only looked for.
    Dataset,
    /// A mapping set.
    MappingSet,
    /// A source connection.
    Source,
    /// A target connection.
    Target,
    /// A flow.
    Flow,
}

impl Part {
    /// What people call it.
    pub fn word(self) -> &'static str {
        match self {
            Part::Connection => "connection",
            Part::Dataset => "dataset",
            Part::MappingSet => "mapping set",
            Part::Source => "source connection",
            Part::Target => "target connection",
            Part::Flow => "flow",
        }
    }
}

/// One thing that the sandbox must have.
#[derive(Debug, Clone)]
pub struct Step {
    /// What it is about.
    pub part: Part,
    /// The number of its flow in the file; none of the connection, which all share.
    pub flow: Option<usize>,
    /// What it is called.
    pub title: String,
    /// Its id, when it is there.
    pub id: Option<String>,
    /// What is to be done.
    pub action: Action,
    /// What is said about it besides.
    pub notes: Vec<String>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Nothing.
    Keep,
    /// Make it.
    Make,
    /// Patch it; `mapping`: also give it the mapping set of the plan, which may have to be made first.
    Change {
        /// The steps of a JSON Patch.
        patch: Vec<Value>,
        /// See there.
        mapping: bool,
    },
    /// It cannot be made right.
    Refuse {
        /// Why.
        why: String,
        /// What to do about it.
        cure: String,
    },
}

/// The steps in the order in which they can be done.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// All steps, those with nothing to do included.
    pub steps: Vec<Step>,
    /// What is said about all of it.
    pub notes: Vec<String>,
}

impl Plan {
    /// Compares what is wanted with what is there. `now` in epoch seconds.
    pub fn new(wanted: &Wanted, there: &There, now: i64) -> Self {
        let mut plan = Self::default();
        plan.connection(wanted, there);
        let connection = there.connection().map(|item| item.id.as_str());
        for (number, (flow, there)) in wanted.flows.iter().zip(&there.flows).enumerate() {
            let maker = Maker { wanted, flow, number, there, connection };
            let steps = maker.steps(now);
            plan.steps.extend(steps);
        }
        plan.notes.extend(there.strays.iter().map(|flow| {
            let state = if flow.is_enabled() { "goes on" } else { "is paused" };
            format!(
                "the flow {} is not in the file any more and {state}: `flow delete --id {}` ends it",
                flow.name(),
                flow.id
            )
        }));
        plan
    }

    fn connection(&mut self, wanted: &Wanted, there: &There) {
        let mut notes = Vec::new();
        if there.connections.len() > 1 {
            notes.push(format!("{} are called so; the oldest is used", there.connections.len()));
        }
        let id = there.connection().map(|item| item.id.clone());
        let action = if id.is_some() { Action::Keep } else { Action::Make };
        let title = wanted.connection();
        self.steps.push(Step { part: Part::Connection, flow: None, title, id, action, notes });
    }

    /// The steps that do something.
    pub fn changes(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| matches!(step.action, Action::Make | Action::Change { .. }))
    }

    /// The steps that cannot be done.
    pub fn refusals(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| matches!(step.action, Action::Refuse { .. }))
    }

    /// Leaves only what is about flows that are there already: nothing is made that was not there.
    pub fn only_changes(mut self) -> Self {
        let there = |number: Option<usize>| {
            let mut flows = self.steps.iter().filter(|step| step.part == Part::Flow && step.flow == number);
            number.is_some() && flows.any(|step| step.id.is_some())
        };
        let kept = self.steps.iter().map(|step| there(step.flow) || step.id.is_some()).collect::<Vec<_>>();
        let mut kept = kept.into_iter();
        self.steps.retain(|_| kept.next().unwrap_or_default());
        self
    }
}

/// Makes the steps of one flow.
struct Maker<'a> {
    wanted: &'a Wanted,
    flow: &'a WantedFlow,
    number: usize,
    there: &'a EntryThere,
    connection: Option<&'a str>,
}

impl Maker<'_> {
    fn steps(&self, now: i64) -> Vec<Step> {
        let dataset = self.dataset();
        let (Some(id), Some(schema)) = (dataset.id.clone(), self.there.schema.as_deref()) else {
            return vec![dataset];
        };
        let mut steps = vec![dataset];
        let set = self.flow.mapping_set(self.wanted.tag(), schema);
        let called = set.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let known = self.there.sets.first().cloned();
        steps.push(self.found_or_made(Part::MappingSet, called, known.clone()));
        match self.there.flows.first() {
            Some(there) => {
                let id_of = |end: &Option<FlowItem>| end.as_ref().map(|item| item.id.clone());
                let name = || self.name();
                steps.push(self.step(Part::Source, name(), id_of(&self.there.source), Action::Keep));
                steps.push(self.step(Part::Target, name(), id_of(&self.there.target), Action::Keep));
                steps.push(self.flow(there, &id, schema, known.as_deref(), now));
            }
            None => {
                let id_of = |end: &Option<FlowItem>| end.as_ref().map(|item| item.id.clone());
                steps.push(self.found_or_made(Part::Source, self.name(), id_of(&self.there.source)));
                steps.push(self.found_or_made(Part::Target, self.name(), id_of(&self.there.target)));
                let mut step = self.found_or_made(Part::Flow, self.name(), None);
                step.notes.push(self.flow.entry.schedule.to_string());
                steps.push(step);
            }
        }
        steps
    }

    fn name(&self) -> String {
        self.flow.name(self.wanted.tag())
    }

    fn step(&self, part: Part, title: String, id: Option<String>, action: Action) -> Step {
        Step { part, flow: Some(self.number), title, id, action, notes: Vec::new() }
    }

    fn found_or_made(&self, part: Part, title: String, id: Option<String>) -> Step {
        let action = if id.is_some() { Action::Keep } else { Action::Make };
        self.step(part, title, id, action)
    }

    fn dataset(&self) -> Step {
        let title = self.flow.dataset.clone();
        let refuse = |why: String, cure: &str| Action::Refuse { why, cure: cure.to_owned() };
        let action = match (&self.there.datasets[..], &self.there.schema) {
            ([_], Some(_)) => Action::Keep,
            ([_], None) => refuse("it has just been deleted".to_owned(), "run the same command again"),
            ([], _) => refuse(
                "the sandbox has no dataset of this name".to_owned(),
                "run `stripe-xdm schema apply`, which makes it and its schema",
            ),
            (more, _) => refuse(
                format!("the sandbox has {} datasets of this name", more.len()),
                "rename or delete all but the one that the records belong in",
            ),
        };
        let id = self.there.datasets.first().filter(|_| action == Action::Keep).cloned();
        self.step(Part::Dataset, title, id, action)
    }

    /// The flow that is there.
    fn flow(&self, there: &FlowItem, dataset: &str, schema: &str, set: Option<&str>, now: i64) -> Step {
        let mut step = self.step(Part::Flow, self.name(), Some(there.id.clone()), Action::Keep);
        if let Some((why, cure)) = self.other_ends(dataset, schema) {
            step.action = Action::Refuse { why, cure };
            return step;
        }
        let (mut patch, mut notes) = (Vec::new(), Vec::new());
        let parameters = "/transformations/0/params";
        let version = there.body.pointer(&format!("{parameters}/mappingVersion"));
        let same_set = set == Some(there.text(&format!("{parameters}/mappingId")));
        let mapping = !same_set || version.is_some_and(|version| version != 0 && version != "0");
        if mapping {
            notes.push("mapping set: another content".to_owned());
        }
        let schedule = there.body.get("scheduleParams").unwrap_or(&Value::Null);
        let has_run = there.body.get("lastRunDetails").is_some_and(Value::is_object);
        match self.flow.entry.schedule.changes(schedule, has_run, now) {
            Ok(changes) => {
                for change in changes {
                    patch.push(change.patch);
                    notes.push(change.note);
                }
            }
            Err(reasons) => {
                let cure = format!(
                    "let the file say what is there, or `flow delete {}` and apply: the new flow reads its source anew",
                    self.flow.entry.model
                );
                step.action = Action::Refuse { why: reasons.join("; "), cure };
                return step;
            }
        }
        let partial = there.body.pointer("/options/partialIngestionPercent").and_then(Value::as_u64);
        if partial != Some(self.flow.entry.partial.into()) {
            let value = json!({ "errorDiagnosticsEnabled": true, "partialIngestionPercent": self.flow.entry.partial });
            patch.push(json!({ "op": "add", "path": "/options", "value": value }));
            let was = partial.map_or_else(|| "none".to_owned(), |percent| format!("{percent} %"));
            notes.push(format!("partial: {was} → {} %", self.flow.entry.partial));
        }
        if mapping || !patch.is_empty() {
            step.action = Action::Change { patch, mapping };
        }
        if !there.is_enabled() {
            notes.push(format!("paused; `flow resume {}` lets it run", self.flow.entry.model));
        }
        step.notes = notes;
        step
    }

    /// Why a flow that is there is another one than what is asked for: its ends cannot be changed.
    fn other_ends(&self, dataset: &str, schema: &str) -> Option<(String, String)> {
        let model = &self.flow.entry.model;
        let anew = || format!("`flow delete {model}`, then apply: the new flow reads its source anew");
        if self.there.flows.len() > 1 {
            let why = format!("{} flows are called so, and each appends everything", self.there.flows.len());
            return Some((why, anew()));
        }
        let (Some(source), Some(target)) = (&self.there.source, &self.there.target) else {
            return Some(("its source or target connection is gone".to_owned(), anew()));
        };
        let tag = self.wanted.tag();
        let from = self.connection.map(|connection| self.flow.source(tag, connection));
        if !from.is_some_and(|body| source.joins_as(&body)) {
            let why = "it reads another resource, or by another connection, than the file says";
            return Some((why.to_owned(), anew()));
        }
        if !target.joins_as(&self.flow.target(tag, dataset, schema)) {
            let why = format!("it writes into another dataset than {} as it is now", self.flow.dataset);
            return Some((why, anew()));
        }
        None
    }
}
