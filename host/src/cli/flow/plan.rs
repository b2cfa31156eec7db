//! `stripe-xdm flow plan`: what is to be done, and nothing done.

use super::given::{GivenArgs, looking};
use crate::cli::schema::picture::painted;
use crate::cli::{Global, sync};
use clap::Args;
use serde_json::{Value, json};
use std::process::ExitCode;
use stripe_xdm::flow::{Action, LIMITS, Part, Plan, Step, Wanted, look_up};

/// The exit code that says that something is to be done.
const CHANGES: u8 = 3;
/// The exit code that says that something cannot be done.
pub(super) const REFUSALS: u8 = 2;

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    given: GivenArgs,
}

pub(super) fn run(global: &Global, args: &PlanArgs) -> anyhow::Result<ExitCode> {
    let module = global.load_module()?;
    sync::runtime()?.block_on(async {
        let (platform, wanted) = args.given.ready(global, &module).await?;
        let there = look_up(&platform, &wanted, &|what| looking(global, what)).await?;
        let plan = Plan::new(&wanted, &there, jiff::Timestamp::now().as_second());
        if global.json {
            say!("{}", document(&wanted, &plan));
        } else {
            say!("{}", args.given.file.connection.place()?);
            show(global, &wanted, &plan);
        }
        if !global.json && !global.quiet {
            say!("\nUnlike `sync --to aep`, Adobe's source cannot have");
            LIMITS.iter().for_each(|(what, why)| say!("  {what}: {why}"));
        }
        Ok(match (plan.refusals().count(), plan.changes().count()) {
            (0, 0) => ExitCode::SUCCESS,
            (0, _) => ExitCode::from(CHANGES),
            (_, _) => ExitCode::from(REFUSALS),
        })
    })
}

/// The plan in words.
pub(super) fn show(global: &Global, wanted: &Wanted, plan: &Plan) {
    let paint = global.paints();
    let mut flow = None;
    for step in &plan.steps {
        if step.part == Part::Connection {
            say!("{}", painted("connection", paint));
        } else if step.flow != flow {
            flow = step.flow;
            if let Some(wanted) = step.flow.and_then(|number| wanted.flows.get(number)) {
                say!("{}", painted(&format!("{} into {}", wanted.entry.resource, wanted.dataset), paint));
            }
        }
        for line in lines(wanted, step) {
            say!("{}", painted(&line, paint));
        }
    }
    plan.notes.iter().for_each(|note| say!("note: {note}"));
    say!("{}", summary(plan));
}

fn mark(step: &Step) -> char {
    match step.action {
        Action::Keep => '=',
        Action::Make => '+',
        Action::Change { .. } => '~',
        Action::Refuse { .. } => '!',
    }
}

fn lines(wanted: &Wanted, step: &Step) -> Vec<String> {
    let mut lines = vec![format!("  {} {} {}", mark(step), step.part.word(), step.title)];
    if let Action::Refuse { why, cure } = &step.action {
        lines.push(format!("      ! {why}. To mend it: {cure}"));
    }
    if step.part == Part::MappingSet
        && let Some(flow) = step.flow.and_then(|number| wanted.flows.get(number))
    {
        let all = flow.mappings.as_array().map_or(0, Vec::len);
        lines.push(format!(
            "      {all} mappings, {} of them nearly the same; {} left out (`mapping export {}` says why)",
            flow.approximated, flow.left_out, flow.entry.model
        ));
    }
    lines.extend(step.notes.iter().map(|note| format!("      {note}")));
    lines
}

/// One sentence about what is to be done.
fn summary(plan: &Plan) -> String {
    let count = |c: char| plan.steps.iter().filter(|step| mark(step) == c).count();
    let (made, changed, refused, kept) = (count('+'), count('~'), count('!'), count('='));
    match (made + changed, refused) {
        (0, 0) => format!("Nothing is to be done: all {kept} parts are there."),
        (_, 0) => format!("{made} to make, {changed} to change, {kept} are there as they should be."),
        (_, 1) => "1 part cannot be made right, so nothing is written.".to_owned(),
        (_, refused) => format!("{refused} parts cannot be made right, so nothing is written."),
    }
}

/// The plan for programs.
pub(super) fn document(wanted: &Wanted, plan: &Plan) -> Value {
    let steps: Vec<Value> = plan.steps.iter().map(|step| self::step(wanted, step)).collect();
    let limits: Vec<Value> =
        LIMITS.iter().map(|(what, why)| json!({ "cannot_have": what, "why": why })).collect();
    json!({
        "name": wanted.tag(),
        "changes": plan.changes().count(),
        "refusals": plan.refusals().count(),
        "steps": steps,
        "notes": plan.notes,
        "limits": limits,
    })
}

pub(super) fn step(wanted: &Wanted, step: &Step) -> Value {
    let mut written = json!({ "part": step.part.word(), "title": step.title });
    if let Value::Object(members) = &mut written {
        let mut set = |key: &str, value: Value| members.insert(key.to_owned(), value);
        if let Some(flow) = step.flow.and_then(|number| wanted.flows.get(number)) {
            set("model", flow.entry.model.as_str().into());
        }
        if let Some(id) = &step.id {
            set("id", id.as_str().into());
        }
        if !step.notes.is_empty() {
            set("notes", json!(step.notes));
        }
        match &step.action {
            Action::Keep => {
                set("action", "keep".into());
            }
            Action::Make => {
                set("action", "make".into());
            }
            Action::Change { patch, mapping } => {
                set("action", "change".into());
                set("patch", json!(patch));
                set("mapping", (*mapping).into());
            }
            Action::Refuse { why, cure } => {
                set("action", "refuse".into());
                set("why", why.as_str().into());
                set("cure", cure.as_str().into());
            }
        }
    }
    written
}
