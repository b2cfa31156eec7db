//! `stripe-xdm flow apply` and `update`: what the plan says is done.

use super::given::{GivenArgs, base_connection, looking};
use super::plan::{REFUSALS, document, show, step};
use crate::cli::agree::Question;
use crate::cli::{Global, sync};
use anyhow::anyhow;
use clap::Args;
use serde_json::{Value, json};
use std::process::ExitCode;
use stripe_xdm::flow::{Action, Applied, Part, Plan, Scope, There, Wanted, hand_over, look_up};
use stripe_xdm::platform::Platform;
use stripe_xdm::report::counted;

#[derive(Debug, Args)]
pub(super) struct ApplyArgs {
    #[command(flatten)]
    given: GivenArgs,
    /// Do not ask; needed where nobody can answer
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Args)]
pub(super) struct UpdateArgs {
    #[command(flatten)]
    given: GivenArgs,
    /// Give the connection the access token that the file names: Adobe never shows the one it has, so a plan cannot
    /// tell that it is another one
    #[arg(long)]
    token: bool,
    /// Do not ask; needed where nobody can answer
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(global: &Global, args: &ApplyArgs) -> anyhow::Result<ExitCode> {
    let question = Question::new(global, args.yes, "look at `flow plan`, then run `flow apply` with --yes")?;
    let module = global.load_module()?;
    sync::runtime()?.block_on(async {
        let (platform, wanted) = args.given.ready(global, &module).await?;
        go(global, &platform, &wanted, Scope::All, &question).await
    })
}

pub(super) fn update(global: &Global, args: &UpdateArgs) -> anyhow::Result<ExitCode> {
    let question = Question::new(global, args.yes, "look at `flow plan`, then run `flow update` with --yes")?;
    let module = global.load_module()?;
    sync::runtime()?.block_on(async {
        let (platform, wanted) = args.given.ready(global, &module).await?;
        if args.token {
            let token = wanted.file.token().map_err(|problem| anyhow!(problem))?;
            let connection = base_connection(&platform, &wanted.file).await?;
            let works = hand_over(&platform, &connection, &token).await?;
            if !works {
                stripe_xdm::tell!(
                    "error: the connection has the access token of {}, but Stripe does not let Adobe in by it: is it \
                     the right key, and does it allow Adobe's addresses?",
                    wanted.file.access_token
                );
                return Ok(ExitCode::from(1));
            }
            if !global.quiet && !global.json {
                say!("The connection has the access token of {}, and works.", wanted.file.access_token);
            }
        }
        go(global, &platform, &wanted, Scope::Changes, &question).await
    })
}

async fn go(
    global: &Global,
    platform: &Platform,
    wanted: &Wanted,
    scope: Scope,
    question: &Question,
) -> anyhow::Result<ExitCode> {
    let there = look_up(platform, wanted, &|what| looking(global, what)).await?;
    let now = jiff::Timestamp::now().as_second();
    let plan = Plan::new(wanted, &there, now);
    let plan = if scope == Scope::Changes { plan.only_changes() } else { plan };
    if !global.quiet && !global.json {
        show(global, wanted, &plan);
    }
    if plan.refusals().count() > 0 {
        return Ok(refuse(global, wanted, &plan));
    }
    let changes = plan.changes().count();
    if changes > 0 && !question.agreed(&format!("Carry out these steps ({changes})?"), &finals(&plan))? {
        say!("Nothing was written.");
        return Ok(ExitCode::SUCCESS);
    }
    carry_out(global, platform, wanted, there, &plan, scope, now).await
}

/// What cannot be undone about a plan.
fn finals(plan: &Plan) -> Vec<String> {
    let made = |step: &&stripe_xdm::flow::Step| step.part == Part::Flow && step.action == Action::Make;
    match plan.changes().filter(made).count() {
        0 => Vec::new(),
        many => vec![format!(
            "{} will append to datasets by schedule, and rows that they wrote stay when they are deleted",
            counted(many as u64, "new flow")
        )],
    }
}

/// Says again what cannot be done; nothing was written.
fn refuse(global: &Global, wanted: &Wanted, plan: &Plan) -> ExitCode {
    if global.json {
        say!("{}", document(wanted, plan));
    } else {
        for step in plan.refusals() {
            if let Action::Refuse { why, cure } = &step.action {
                stripe_xdm::tell!("error: {} {}: {why}. To mend it: {cure}", step.part.word(), step.title);
            }
        }
    }
    ExitCode::from(REFUSALS)
}

async fn carry_out(
    global: &Global,
    platform: &Platform,
    wanted: &Wanted,
    there: There,
    plan: &Plan,
    scope: Scope,
    now: i64,
) -> anyhow::Result<ExitCode> {
    let makes = plan.changes().any(|step| step.part == Part::Connection);
    let token = makes.then(|| wanted.file.token()).transpose().map_err(|problem| anyhow!(problem))?;
    let kept = plan.steps.len() - plan.changes().count();
    let said = |what: &str| match () {
        () if global.quiet => {}
        () if global.json => stripe_xdm::tell!("{}", json!({ "event": "step", "step": what })),
        () => stripe_xdm::tell!("{what}"),
    };
    let applied = stripe_xdm::flow::apply(platform, wanted, there, scope, token.as_ref(), now, &said).await;
    if global.json {
        say!("{}", told(wanted, &applied, kept));
    } else {
        if !global.quiet {
            match applied.done.len() {
                0 => say!("Nothing was written: {kept} parts are as they should be."),
                done => {
                    say!("{} carried out, {kept} parts were as they should be.", counted(done as u64, "step"))
                }
            }
        }
        if let Some(error) = &applied.error {
            stripe_xdm::tell!("error: {error}");
            stripe_xdm::tell!(
                "steps done: {}; the same command completes the rest, nothing is made twice",
                applied.done.len()
            );
        }
    }
    Ok(ExitCode::from(u8::from(applied.error.is_some())))
}

fn told(wanted: &Wanted, applied: &Applied, kept: usize) -> Value {
    let done: Vec<Value> = applied.done.iter().map(|done| step(wanted, done)).collect();
    let mut document = json!({ "done": done, "kept": kept });
    if let (Some(error), Value::Object(members)) = (&applied.error, &mut document) {
        members.insert("error".to_owned(), error.to_string().into());
    }
    document
}
