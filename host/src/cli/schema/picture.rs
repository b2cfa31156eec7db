//! A plan for people and for programs.

use super::desired::Desired;
use crate::cli::Global;
use serde_json::{Value, json};
use xdm::registry::Kind;
use xdm::registry::descriptors::About;
use xdm::registry::plan::{Action, Part, Plan, Step};

/// Most notes that are shown below one step.
const MOST_NOTES: usize = 40;

/// The marks, and their colours on a terminal.
const MARKS: [(char, &str); 4] =
    [('+', "\u{1b}[32m"), ('~', "\u{1b}[33m"), ('!', "\u{1b}[31m"), ('=', "\u{1b}[2m")];

fn mark(step: &Step) -> char {
    match step.action {
        Action::Keep => '=',
        Action::Create(_) => '+',
        Action::Change(_) => '~',
        Action::Refuse(_) => '!',
    }
}

/// A heading and what stands under it.
type Section = (&'static str, fn(Part) -> bool);

/// The sections of a plan, in the order in which it is carried out.
const SECTIONS: [Section; 8] = [
    ("namespaces", |part| part == Part::Namespace),
    ("data types", |part| part == Part::Resource(Kind::DataType)),
    ("classes", |part| part == Part::Resource(Kind::Class)),
    ("field groups", |part| part == Part::Resource(Kind::FieldGroup)),
    ("schemas", |part| part == Part::Resource(Kind::Schema)),
    ("descriptors", |part| matches!(part, Part::Descriptor(about) if about != About::Label)),
    ("profile", |part| part == Part::Profile),
    ("datasets", |part| part == Part::Dataset),
];

/// The plan as a tree.
pub(super) fn tree(global: &Global, desired: &Desired) -> String {
    let mut lines = Vec::new();
    for twin in &desired.twins {
        lines.push(format!("! {}", twin.words()));
    }
    if !lines.is_empty() {
        lines.insert(0, "this tenant lacks fields of Adobe's".to_owned());
    }
    for id in &desired.without {
        lines.push(format!("! the tenant has no field group {id}: the schemas are made without it"));
    }
    for (title, holds) in SECTIONS {
        let steps: Vec<&Step> = desired.plan.steps.iter().filter(|step| holds(step.part)).collect();
        if steps.is_empty() {
            continue;
        }
        lines.push(title.to_owned());
        for step in steps {
            describe(step, &mut lines);
        }
    }
    labels(&desired.plan, &mut lines);
    let paint = global.paints();
    lines.iter().map(|line| format!("{}\n", painted(line, paint))).collect()
}

fn describe(step: &Step, lines: &mut Vec<String>) {
    let what = match step.part {
        Part::Descriptor(_) => format!("{} {}", step.part.word(), step.title),
        _ => step.title.clone(),
    };
    lines.push(format!("  {} {what}", mark(step)));
    if let Action::Refuse(reasons) = &step.action {
        lines.extend(reasons.iter().map(|reason| format!("      ! {}", reason.to_string().trim_end())));
    }
    for note in step.notes.iter().take(MOST_NOTES) {
        lines.push(format!("      {note}"));
    }
    if step.notes.len() > MOST_NOTES {
        lines.push(format!("      and {} more (all with --json)", step.notes.len() - MOST_NOTES));
    }
}

/// Labels are many: one line a resource, and those that are otherwise.
fn labels(plan: &Plan, lines: &mut Vec<String>) {
    let labels = || plan.steps.iter().filter(|step| step.part == Part::Descriptor(About::Label));
    let mut names: Vec<&str> = Vec::new();
    for step in labels() {
        if !names.contains(&step.name.as_str()) {
            names.push(&step.name);
        }
    }
    if !names.is_empty() {
        lines.push("labels".to_owned());
    }
    for name in names {
        let is = |step: &&Step| step.name == name && matches!(step.part, Part::Resource(_));
        let of = plan.steps.iter().find(is).map_or(name, |step| step.title.as_str());
        let mine = || labels().filter(|step| step.name == name);
        let count = |c: char| mine().filter(|step| mark(step) == c).count();
        for (c, words) in [('=', "labelled"), ('+', "to be labelled")] {
            match count(c) {
                0 => {}
                1 => lines.push(format!("  {c} {of}: 1 field {words}")),
                n => lines.push(format!("  {c} {of}: {n} fields {words}")),
            }
        }
        for step in mine() {
            for note in &step.notes {
                let path = step.title.split(" of ").next().unwrap_or_default();
                lines.push(format!("      {note} ({path})"));
            }
        }
    }
}

/// A line in the colour of its mark, or as a heading.
pub(in crate::cli) fn painted(line: &str, paint: bool) -> String {
    let words = line.trim_start();
    let colour = MARKS.iter().find(|(c, _)| words.starts_with(*c) && words[c.len_utf8()..].starts_with(' '));
    match colour {
        Some((_, colour)) if paint => format!("{colour}{line}\u{1b}[0m"),
        None if paint => format!("\u{1b}[1m{line}\u{1b}[0m"),
        _ => line.to_owned(),
    }
}

/// One sentence about what is to be done.
pub(super) fn summary(desired: &Desired) -> String {
    let count = |c: char| desired.plan.steps.iter().filter(|step| mark(step) == c).count();
    let (made, changed, refused, kept) = (count('+'), count('~'), count('!'), count('='));
    match (made + changed, refused) {
        (0, 0) => format!("Nothing is to be done: all {kept} parts are there."),
        (_, 0) => format!("{made} to make, {changed} to add to, {kept} are there as they should be."),
        (_, 1) => "1 part cannot be made right, so nothing is written.".to_owned(),
        (_, refused) => format!("{refused} parts cannot be made right, so nothing is written."),
    }
}

/// The plan for programs.
pub(super) fn document(desired: &Desired) -> Value {
    let steps: Vec<Value> = desired.plan.steps.iter().map(step).collect();
    json!({
        "tenant": desired.tenant,
        "changes": desired.plan.changes().count(),
        "refusals": desired.plan.refusals().count(),
        "steps": steps,
        "twins": desired.twins,
        "withoutFieldGroups": desired.without,
    })
}

fn step(step: &Step) -> Value {
    let mut written =
        json!({ "part": step.part.word(), "title": step.title, "action": action(&step.action) });
    if let Value::Object(members) = &mut written {
        let mut set = |key: &str, value: Value| members.insert(key.to_owned(), value);
        if let Some(id) = &step.id {
            set("id", id.as_str().into());
        }
        if !step.notes.is_empty() {
            set("notes", json!(step.notes));
        }
        match &step.action {
            Action::Create(body) => {
                set("body", body.clone());
            }
            Action::Change(change) => {
                set("change", change.clone());
            }
            Action::Refuse(reasons) => {
                set("reasons", json!(reasons));
            }
            Action::Keep => {}
        }
    }
    written
}

fn action(action: &Action) -> &'static str {
    match action {
        Action::Keep => "keep",
        Action::Create(_) => "create",
        Action::Change(_) => "change",
        Action::Refuse(_) => "refuse",
    }
}
