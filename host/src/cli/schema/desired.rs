//! What the records need, and what has to be done for it: the module composes the schemas, the platform says
//! what is there.

use super::twins::{self, Twin};
use crate::cli::Global;
use crate::cli::connection::{ConnectionArgs, Place, tenant};
use crate::cli::settings::MappingArgs;
use anyhow::{Context, bail};
use clap::Args;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use stripe_xdm::module::Module;
use stripe_xdm::platform::{self, Platform};
use xdm::Library;
use xdm::registry::Kind;
use xdm::registry::compare::Reason;
use xdm::registry::plan::{Action, Part, Plan, Step, Wishes};
use xdm::registry::standard::{Answers, Lack, lacks, needed};

#[derive(Debug, Args)]
pub(super) struct DesiredArgs {
    #[command(flatten)]
    pub(super) connection: ConnectionArgs,
    /// The tenant id, without the leading underscore; the registry knows it
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    /// Enable the schemas and datasets that are meant for it for Real-Time Customer Profile. Cannot be undone
    #[arg(long)]
    pub(super) profile: bool,
    /// Where to write the mapping that moves fields which this tenant's copy of Adobe's schemas lacks
    #[arg(long, value_name = "FILE")]
    pub(super) twins: Option<PathBuf>,
    #[command(flatten)]
    mapping: MappingArgs,
}

/// What was found out.
#[derive(Debug)]
pub(in crate::cli) struct Desired {
    pub(super) platform: Platform,
    pub(super) place: Place,
    pub(super) tenant: String,
    pub(super) library: Library,
    pub(in crate::cli) plan: Plan,
    pub(super) wishes: Wishes,
    /// Fields of Adobe's that the tenant lacks, and where they go instead.
    pub(super) twins: Vec<Twin>,
    /// Adobe's field groups that the tenant lacks altogether: the schemas are made without them.
    pub(super) without: Vec<String>,
}

/// The module's answer to the question about schemas.
#[derive(Deserialize)]
pub(super) struct Composed {
    pub(super) library: Library,
    pub(super) problems: Vec<Problem>,
}

#[derive(Deserialize)]
pub(super) struct Problem {
    pub(super) dataset: String,
    pub(super) destination: String,
    pub(super) message: String,
}

impl DesiredArgs {
    pub(super) async fn find(&self, global: &Global, module: &Module) -> anyhow::Result<Desired> {
        let (platform, place) = (self.connection.platform()?, self.connection.place()?);
        let tenant = tenant(&platform, self.tenant.as_deref()).await?;
        let settings = self.mapping.settings(&tenant, 0)?;
        let wishes = Wishes { profile: self.profile };
        let sought = Sought { settings, wishes, twins: self.twins.as_deref() };
        Desired::find(global, module, (platform, place), tenant, sought).await
    }
}

/// What is wished for.
pub(in crate::cli) struct Sought<'a> {
    /// The mapping's.
    pub(in crate::cli) settings: Map<String, Value>,
    pub(in crate::cli) wishes: Wishes,
    /// Where to write the mapping that moves fields which the tenant lacks.
    pub(in crate::cli) twins: Option<&'a Path>,
}

impl Desired {
    /// Finds out what is to be done; nothing is written.
    pub(in crate::cli) async fn find(
        global: &Global,
        module: &Module,
        (platform, place): (Platform, Place),
        tenant: String,
        sought: Sought<'_>,
    ) -> anyhow::Result<Self> {
        let say = |what: &str| {
            if !global.quiet && !global.json {
                stripe_xdm::tell!("looking at {what}");
            }
        };
        let Sought { mut settings, wishes, twins: file } = sought;
        let mut composed = compose(module, &settings)?;
        say("Adobe's classes and field groups");
        let answers = platform::preflight(&platform, &composed.library).await?;
        let lacking = lacks(&composed.library, &answers);
        let twins = redirect(module, &mut settings, &composed.library, &lacking, file)?;
        if !twins.is_empty() {
            composed = compose(module, &settings)?;
        }
        let without = leave_out(&mut composed.library, &answers);
        let there = platform::tenant(&platform, &composed.library, &say).await?;
        let mut plan = Plan::new(&composed.library, &there, wishes);
        plan.steps.extend(missing(&composed.library, &answers));
        plan.steps.extend(composed.problems.into_iter().map(refused));
        Ok(Self { platform, place, tenant, library: composed.library, plan, wishes, twins, without })
    }
}

/// Lets the settings write to the tenant's twins of the fields that are lacking.
fn redirect(
    module: &Module,
    settings: &mut Map<String, Value>,
    library: &Library,
    lacking: &[Lack],
    file: Option<&Path>,
) -> anyhow::Result<Vec<Twin>> {
    if lacking.is_empty() {
        return Ok(Vec::new());
    }
    let (twins, models) = twins::models(module, settings, library, lacking)?;
    if let Some(Value::Array(known)) = settings.get_mut("models") {
        known.extend(models.iter().cloned());
    }
    if let Some(path) = file {
        let mut text = serde_json::to_string_pretty(&models)?;
        text.push('\n');
        std::fs::write(path, text).with_context(|| format!("--twins: cannot write {}", path.display()))?;
    }
    Ok(twins)
}

/// Asks the module for the schemas of the records that it makes under some settings.
pub(super) fn compose(module: &Module, settings: &Map<String, Value>) -> anyhow::Result<Composed> {
    let question = json!({ "command": "schema", "settings": settings });
    match module.ask(&question.to_string()) {
        Ok(answer) => serde_json::from_str(&answer).context("the module's answer about schemas"),
        Err(refusal) => bail!("{}", refusal.message),
    }
}

/// Takes the field groups that the tenant does not have from the schemas.
fn leave_out(library: &mut Library, answers: &Answers) -> Vec<String> {
    let absent = |id: &String| answers.get(id).is_some_and(Option::is_none);
    let mut without = Vec::new();
    for schema in &mut library.schemas {
        schema.field_groups.retain(|id| {
            let gone = absent(id);
            if gone && !without.contains(id) {
                without.push(id.clone());
            }
            !gone
        });
    }
    without
}

/// Classes and data types that nothing can stand in for.
fn missing(library: &Library, answers: &Answers) -> Vec<Step> {
    let absent = needed(library).into_iter().filter(|(_, id)| answers.get(id).is_some_and(Option::is_none));
    let refuse = |(kind, id): (Kind, String)| {
        let reason = Reason {
            place: id.clone(),
            what: format!("this organisation's registry does not have Adobe's {}", kind.word()),
            why: "Our schemas are built on it.",
            cure: "Ask Adobe's support why it is missing; it is part of every current installation."
                .to_owned(),
        };
        step(Part::Resource(kind), id, vec![reason])
    };
    absent.filter(|(kind, _)| *kind != Kind::FieldGroup).map(refuse).collect()
}

fn refused(problem: Problem) -> Step {
    let Problem { dataset, destination, message } = problem;
    let reason = Reason {
        place: if destination.is_empty() { dataset.clone() } else { destination },
        what: message,
        why: "Records with it would not be what their schema says.",
        cure: String::new(),
    };
    step(Part::Resource(Kind::Schema), dataset, vec![reason])
}

fn step(part: Part, title: String, reasons: Vec<Reason>) -> Step {
    Step { part, title, name: String::new(), id: None, action: Action::Refuse(reasons), notes: Vec::new() }
}
