//! Carrying a plan out. Every write is preceded by a look at what is there, and when it is not certain whether a write
//! had its effect everything is looked up again: so a run can end anywhere, and the next one completes it.

use super::file::AccessToken;
use super::plan::{Action, Part, Plan, Step};
use super::there::{There, look_up};
use super::wanted::{Wanted, auth, transformation};
use crate::platform::{FlowItem, FlowKind, Platform, PlatformError, carry_on, pause};
use serde_json::{Value, json};

/// How much of a plan is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All of it.
    All,
    /// What changes flows that are there.
    Changes,
}

/// What a run did.
#[derive(Debug, Default)]
pub struct Applied {
    /// The steps that were carried out, in order, each with the id of what it was about.
    pub done: Vec<Step>,
    /// The error that ended it, when one did.
    pub error: Option<PlatformError>,
}

/// What a run needs besides the plan.
struct Run<'a> {
    platform: &'a Platform,
    wanted: &'a Wanted,
    token: Option<&'a AccessToken>,
    now: i64,
    said: &'a (dyn Fn(&str) + Sync),
}

/// Carries out what the plan says of what was found, and what a second look says when the first ended in doubt.
/// `token` is needed when the connection is to be made; `said` is told of every step before it is done. What the plan
/// refuses is not looked at: the caller does not begin with such a plan.
pub async fn apply(
    platform: &Platform,
    wanted: &Wanted,
    there: There,
    scope: Scope,
    token: Option<&AccessToken>,
    now: i64,
    said: &(dyn Fn(&str) + Sync),
) -> Applied {
    let run = Run { platform, wanted, token, now, said };
    let mut done = Vec::new();
    let error = carry_on(
        there,
        said,
        async |there, doubts| {
            run.carry_out(&planned(wanted, there, scope, now), there, &mut done, doubts).await
        },
        async || look_up(platform, wanted, &|_| {}).await,
    )
    .await;
    Applied { done, error }
}

fn planned(wanted: &Wanted, there: &There, scope: Scope, now: i64) -> Plan {
    let plan = Plan::new(wanted, there, now);
    match scope {
        Scope::All => plan,
        Scope::Changes => plan.only_changes(),
    }
}

/// What is known of the ids of one flow's parts.
#[derive(Debug, Default, Clone)]
struct Ids {
    dataset: Option<String>,
    set: Option<String>,
    source: Option<String>,
    target: Option<String>,
}

impl Run<'_> {
    async fn carry_out(
        &self,
        plan: &Plan,
        there: &There,
        done: &mut Vec<Step>,
        doubts: &mut u32,
    ) -> Result<(), PlatformError> {
        let mut connection: Option<String> = None;
        let mut ids: Vec<Ids> = vec![Ids::default(); self.wanted.flows.len()];
        let (mut tested, mut none) = (false, Ids::default());
        for step in &plan.steps {
            let known = step.flow.map_or(Some(&mut none), |number| ids.get_mut(number));
            let Some(known) = known else { continue };
            let id = match &step.action {
                Action::Keep => step.id.clone(),
                Action::Refuse { why, cure } => {
                    return Err(PlatformError::Setup(format!(
                        "{} {}: {why}. To mend it: {cure}",
                        step.part.word(),
                        step.title
                    )));
                }
                Action::Make | Action::Change { .. } => {
                    let mark = if step.action == Action::Make { '+' } else { '~' };
                    (self.said)(&format!("{mark} {} {}", step.part.word(), step.title));
                    // Before anything reads by it.
                    if step.part == Part::Source && !tested {
                        self.test(connection.as_deref()).await?;
                        tested = true;
                    }
                    let id = self.write(step, there, known, connection.as_deref()).await?;
                    done.push(Step { id: Some(id.clone()), ..step.clone() });
                    *doubts = 0;
                    Some(id)
                }
            };
            match step.part {
                Part::Connection => connection = id,
                Part::Dataset => known.dataset = id,
                Part::MappingSet => known.set = id,
                Part::Source => known.source = id,
                Part::Target => known.target = id,
                Part::Flow => {}
            }
        }
        Ok(())
    }

    /// Does one step; gives the id of what it was about.
    async fn write(
        &self,
        step: &Step,
        there: &There,
        ids: &Ids,
        connection: Option<&str>,
    ) -> Result<String, PlatformError> {
        let (tag, platform) = (self.wanted.tag(), self.platform);
        if step.part == Part::Connection {
            let token = self.token.ok_or_else(|| lacks("the access token"))?;
            let body = self.wanted.connection_body(token);
            let made = platform.make_flow_item(FlowKind::Connection, &body).await;
            return made.map_err(|error| error.redacted(&|text| token.0.redact(text)));
        }
        let number = step.flow.ok_or_else(|| lacks("its flow"))?;
        let flow = self.wanted.flows.get(number).ok_or_else(|| lacks("its flow"))?;
        let found = there.flows.get(number).ok_or_else(|| lacks("its flow"))?;
        let known = |id: &Option<String>, what: &str| id.clone().ok_or_else(|| lacks(what));
        let schema = || found.schema.as_deref().ok_or_else(|| lacks("the schema"));
        match (step.part, &step.action) {
            (Part::MappingSet, _) => platform.make_mapping_set(&flow.mapping_set(tag, schema()?)).await,
            (Part::Source, _) => {
                let body = flow.source(tag, connection.ok_or_else(|| lacks("the connection"))?);
                platform.make_flow_item(FlowKind::Source, &body).await
            }
            (Part::Target, _) => {
                let body = flow.target(tag, &known(&ids.dataset, "the dataset")?, schema()?);
                platform.make_flow_item(FlowKind::Target, &body).await
            }
            (Part::Flow, Action::Change { patch, mapping }) => {
                let item = found.flows.first().ok_or_else(|| lacks("the flow"))?;
                let mut patch = patch.clone();
                if *mapping {
                    let value = transformation(&known(&ids.set, "the mapping set")?);
                    patch.push(json!({ "op": "replace", "path": "/transformations/0", "value": value }));
                }
                platform.patch_flow_item(FlowKind::Flow, item, &Value::Array(patch)).await?;
                Ok(item.id.clone())
            }
            (Part::Flow, _) => {
                let source = known(&ids.source, "the source connection")?;
                let target = known(&ids.target, "the target connection")?;
                let body = flow.flow(tag, &source, &target, &known(&ids.set, "the mapping set")?, self.now);
                platform.make_flow_item(FlowKind::Flow, &body).await
            }
            (Part::Connection | Part::Dataset, _) => Err(lacks("anything to do")),
        }
    }

    /// A flow by a connection that Stripe refuses would only fail.
    async fn test(&self, connection: Option<&str>) -> Result<(), PlatformError> {
        let connection = connection.ok_or_else(|| lacks("the connection"))?;
        (self.said)("testing the connection");
        match self.platform.test_connection(connection).await? {
            true => Ok(()),
            false => Err(PlatformError::Setup(
                "Stripe does not let Adobe in by the access token of the connection: is it the right key, and does it \
                 allow Adobe's addresses? Give another one with `flow update --token`, then run the same command again"
                    .to_owned(),
            )),
        }
    }
}

/// Something that a plan always has is not there: a fault of this program.
fn lacks(what: &str) -> PlatformError {
    PlatformError::Setup(format!("a step of the plan lacks {what}; run the same command again"))
}

/// Gives a connection another access token; whether Stripe lets it in by that.
pub async fn hand_over(
    platform: &Platform,
    connection: &FlowItem,
    token: &AccessToken,
) -> Result<bool, PlatformError> {
    let patch = json!([{ "op": "replace", "path": "/auth/params", "value": auth(token) }]);
    let (mut item, mut doubts) = (connection.clone(), 0);
    loop {
        let error = match platform.patch_flow_item(FlowKind::Connection, &item, &patch).await {
            Ok(_) => break,
            Err(error) => error.redacted(&|text| token.0.redact(text)),
        };
        doubts += 1;
        // What is written does not depend on what was there: it may be written twice.
        if !error.is_uncertain() || !pause(doubts, None).await {
            return Err(error);
        }
        match platform.flow_item(FlowKind::Connection, &item.id).await? {
            Some(now) => item = now,
            None => return Err(error),
        }
    }
    platform.test_connection(&item.id).await
}
