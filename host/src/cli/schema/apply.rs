//! `stripe-xdm schema apply`: what the plan says is done.

use super::desired::{Desired, DesiredArgs};
use super::picture;
use super::plan::{REFUSALS, show};
use crate::cli::agree::Question;
use crate::cli::{Global, sync};
use anyhow::bail;
use clap::Args;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::ExitCode;
use stripe_xdm::platform::{self, Applied};
use stripe_xdm::report::columns;
use xdm::registry::plan::Part;

#[derive(Debug, Args)]
pub(super) struct ApplyArgs {
    #[command(flatten)]
    desired: DesiredArgs,
    /// Do not ask; needed where nobody can answer
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(global: &Global, args: &ApplyArgs) -> anyhow::Result<ExitCode> {
    let question =
        Question::new(global, args.yes, "look at `schema plan`, then run `schema apply` with --yes")?;
    let module = global.load_module()?;
    sync::runtime()?.block_on(async {
        let desired = args.desired.find(global, &module).await?;
        if !global.quiet && !global.json {
            show(global, &desired, &args.desired);
        }
        if desired.plan.refusals().count() > 0 {
            return Ok(refuse(global, &desired));
        }
        if !desired.twins.is_empty() && args.desired.twins.is_none() {
            bail!(
                "this tenant lacks fields of Adobe's ({} mappings), so the mapping must change: give --twins FILE to \
                 write how",
                desired.twins.len()
            );
        }
        let changes = desired.plan.changes().count();
        let asked = format!("Carry out these steps ({changes})?");
        if changes > 0 && !question.agreed(&asked, &finals(&desired))? {
            say!("Nothing was written.");
            return Ok(ExitCode::SUCCESS);
        }
        Ok(carry_out(global, desired).await)
    })
}

/// Says again what cannot be done; nothing was written.
fn refuse(global: &Global, desired: &Desired) -> ExitCode {
    if global.json {
        say!("{}", picture::document(desired));
    } else {
        for (step, reasons) in desired.plan.refusals() {
            for reason in reasons {
                stripe_xdm::tell!(
                    "error: {} {}: {}",
                    step.part.word(),
                    step.title,
                    reason.to_string().trim_end()
                );
            }
        }
    }
    ExitCode::from(REFUSALS)
}

/// What cannot be undone about a plan.
fn finals(desired: &Desired) -> Vec<String> {
    let has = |part: Part| desired.plan.changes().any(|step| step.part == part);
    let mut finals = Vec::new();
    if desired.wishes.profile {
        finals.push("enabling schemas and datasets for Real-Time Customer Profile".to_owned());
    }
    if has(Part::Namespace) {
        finals.push(
            "making identity namespaces: they can be neither deleted nor given another type".to_owned(),
        );
    }
    finals
}

/// Carries out what is to be done and tells of it.
pub(in crate::cli) async fn carry_out(global: &Global, desired: Desired) -> ExitCode {
    let Desired { platform, library, plan, wishes, .. } = desired;
    let kept = plan.steps.len() - plan.changes().count();
    let total = plan.changes().count();
    let bar =
        (global.draws() && !global.quiet && !global.json).then(|| indicatif::ProgressBar::new(total as u64));
    let said = |what: &str| match &bar {
        Some(bar) => {
            bar.set_message(what.to_owned());
            bar.inc(1);
        }
        None if global.quiet => {}
        None if global.json => stripe_xdm::tell!("{}", json!({ "event": "step", "step": what })),
        None => stripe_xdm::tell!("{what}"),
    };
    let applied = platform::apply(&platform, &library, wishes, plan, &said).await;
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    if global.json {
        say!("{}", document(&applied, kept));
    } else {
        if !global.quiet {
            say!("{}", table(&applied, kept));
        }
        if let Some(error) = &applied.error {
            stripe_xdm::tell!("error: {error}");
            stripe_xdm::tell!(
                "steps done: {}; the same command completes the rest, nothing is made twice",
                applied.done.len()
            );
        }
    }
    ExitCode::from(u8::from(applied.error.is_some()))
}

/// How many of each part were made and added to.
fn counts(applied: &Applied) -> BTreeMap<usize, (Part, u64, u64)> {
    let mut counts = BTreeMap::new();
    let mut order: Vec<Part> = Vec::new();
    for done in &applied.done {
        let at = order.iter().position(|part| *part == done.part).unwrap_or_else(|| {
            order.push(done.part);
            order.len() - 1
        });
        let entry = counts.entry(at).or_insert((done.part, 0, 0));
        if done.made {
            entry.1 += 1;
        } else {
            entry.2 += 1;
        }
    }
    counts
}

fn table(applied: &Applied, kept: usize) -> String {
    let rows = counts(applied).into_values();
    let rows =
        rows.map(|(part, made, added)| vec![part.word().to_owned(), made.to_string(), added.to_string()]);
    let rows: Vec<_> = rows.collect();
    match rows.is_empty() {
        true => format!("Nothing was written: {kept} parts are as they should be."),
        false => {
            format!("{}\n{kept} parts were as they should be.", columns(&["part", "made", "added to"], rows))
        }
    }
}

fn document(applied: &Applied, kept: usize) -> Value {
    let done: Vec<Value> = applied
        .done
        .iter()
        .map(
            |done| json!({ "part": done.part.word(), "title": done.title, "id": done.id, "made": done.made }),
        )
        .collect();
    let mut document = json!({ "done": done, "kept": kept });
    if let (Some(error), Value::Object(members)) = (&applied.error, &mut document) {
        members.insert("error".to_owned(), error.to_string().into());
    }
    document
}
