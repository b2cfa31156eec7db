//! Carrying a plan out. Every write is preceded by a look at what is there, and when it is not certain whether a
//! write had its effect everything is looked up again: so a run can end anywhere, and the next one completes it.

use super::client::Platform;
use super::doubt::carry_on;
use super::error::PlatformError;
use super::look_up;
use serde_json::Value;
use xdm::Library;
use xdm::registry::Kind;
use xdm::registry::plan::{Action, Part, Plan, Step, Wishes};

/// What was done in one step.
#[derive(Debug, Clone)]
pub struct Done {
    /// What it was about.
    pub part: Part,
    /// What it is called.
    pub title: String,
    /// Its id.
    pub id: String,
    /// Whether it was made rather than changed.
    pub made: bool,
}

/// What a run did.
#[derive(Debug, Default)]
pub struct Applied {
    /// The steps that were carried out, in order. What had its effect without an answer is not among them.
    pub done: Vec<Done>,
    /// The error that ended it, when one did.
    pub error: Option<PlatformError>,
}

/// Carries out what the plan says, and what a second look says when the first ended in doubt. `said` is told of
/// every step before it is done.
pub async fn apply(
    platform: &Platform,
    library: &Library,
    wishes: Wishes,
    plan: Plan,
    said: &(dyn Fn(&str) + Sync),
) -> Applied {
    let mut done = Vec::new();
    let error = carry_on(
        plan,
        said,
        async |plan, doubts| run(platform, plan, &mut done, doubts, said).await,
        async || Ok(Plan::new(library, &look_up::tenant(platform, library, &|_| {}).await?, wishes)),
    )
    .await;
    Applied { done, error }
}

async fn run(
    platform: &Platform,
    plan: &mut Plan,
    done: &mut Vec<Done>,
    doubts: &mut u32,
    said: &(dyn Fn(&str) + Sync),
) -> Result<(), PlatformError> {
    let steps: Vec<Step> = plan.changes().cloned().collect();
    for step in steps {
        let made = matches!(step.action, Action::Create(_));
        said(&format!("{} {} {}", if made { '+' } else { '~' }, step.part.word(), step.title));
        let id = carry_out(platform, plan, &step).await?;
        if let Part::Resource(_) = step.part {
            plan.names.learn(&step.name, &id);
        }
        done.push(Done { part: step.part, title: step.title, id, made });
        *doubts = 0;
    }
    Ok(())
}

/// Does one step; gives the id of what it was about.
async fn carry_out(platform: &Platform, plan: &Plan, step: &Step) -> Result<String, PlatformError> {
    let id = || step.id.clone().unwrap_or_else(|| plan.names.id(&step.name).to_owned());
    match (&step.action, step.part) {
        (Action::Create(body), part) => {
            let body = plan.names.fill(body);
            match part {
                Part::Namespace => platform.create_namespace(&body).await,
                Part::Resource(kind) => platform.create(kind, &body).await,
                Part::Descriptor(_) | Part::Profile => platform.describe(&body).await,
                Part::Dataset => platform.create_dataset(&body).await,
            }
        }
        (Action::Change(change), part) => {
            let (change, id): (Value, String) = (plan.names.fill(change), id());
            match part {
                Part::Resource(kind) => platform.patch(kind, &id, &change).await?,
                Part::Profile => platform.patch(Kind::Schema, &id, &change).await?,
                Part::Dataset => platform.change_dataset(&id, &change).await?,
                // The plan changes neither: a namespace cannot be, a descriptor is not ours to rewrite.
                Part::Namespace | Part::Descriptor(_) => {}
            }
            Ok(id)
        }
        (Action::Keep | Action::Refuse(_), _) => Ok(id()),
    }
}
