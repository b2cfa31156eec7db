//! Flow Service's calls that are used here: connections, source and target connections, flows and their runs.
//!
//! The service takes any number of things of the same name, so a name that nothing else has is what tells whether a
//! write had its effect: after a write in doubt the name, or the etag, is looked up before it is tried again.

use super::batches::is_id;
use super::client::{Answer, Ask, Form, Platform, pause};
use super::doubt::make_once;
use super::error::PlatformError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

const BASE: &str = "/data/foundation/flowservice";
/// Entries that are asked for at once.
const PAGE: usize = 100;
/// Most pages of one list.
const MAX_PAGES: usize = 100;

/// The specifications that are used here; Adobe's ids of them are fixed.
pub mod specs {
    /// Connections to Stripe.
    pub const STRIPE: &str = "cc2c31d6-7b8c-4581-b49f-5c8698aa3ab3";
    /// Inlets for streaming.
    pub const INLET: &str = "bc7b00d6-623a-4dfc-9fdb-f1240aeadaeb";
    /// The data lake, as a target.
    pub const LAKE: &str = "c604ff05-7f1a-43c0-8e18-33bf874cb11c";
    /// Flows from a source that is polled.
    pub const SCHEDULED: &str = "6499120c-0b15-42dc-936e-847ea3c24d72";
    /// Flows from an inlet that takes XDM.
    pub const STREAM: &str = "d8a6f005-7eaf-4153-983e-e8574508b877";
    /// Flows from an inlet, through a mapping set.
    pub const MAPPED_STREAM: &str = "c1a19761-d2c7-4702-b9fa-fe91f0613e81";
    /// The only version that each of them has.
    pub const VERSION: &str = "1.0";
}

/// What Flow Service holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowKind {
    /// A base connection.
    Connection,
    /// What a flow reads.
    Source,
    /// Where a flow writes.
    Target,
    /// A flow.
    Flow,
    /// A flow's run.
    Run,
}

impl FlowKind {
    /// What people call it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Source => "source connection",
            Self::Target => "target connection",
            Self::Flow => "flow",
            Self::Run => "run",
        }
    }

    fn path(self) -> String {
        let end = match self {
            Self::Connection => "connections",
            Self::Source => "sourceConnections",
            Self::Target => "targetConnections",
            Self::Flow => "flows",
            Self::Run => "runs",
        };
        format!("{BASE}/{end}")
    }
}

/// One thing that Flow Service holds. Secrets in it are masked by the service.
#[derive(Debug, Clone)]
pub struct FlowItem {
    /// Its id: one part of a path.
    pub id: String,
    /// What it is to be changed by; with its quotes.
    pub etag: String,
    /// All of it.
    pub body: Value,
}

impl FlowItem {
    /// Reads what an answer shows; none when it has no usable id.
    fn of(body: &Value) -> Option<Self> {
        let text = |key: &str| body.get(key).and_then(Value::as_str);
        let id = text("id").filter(|id| is_id(id))?.to_owned();
        // The version is the etag by another name.
        let etag = text("etag").or_else(|| text("version")).unwrap_or_default().to_owned();
        Some(Self { id, etag, body: body.clone() })
    }

    /// Text at a JSON pointer, or nothing.
    pub fn text(&self, pointer: &str) -> &str {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        self.text("/name")
    }

    /// Whether it joins the same things as what is to be made from a body would.
    pub fn joins_as(&self, body: &Value) -> bool {
        const JOINED: [&str; 6] = [
            "/baseConnectionId",
            "/params/resourcePath",
            "/params/dataSetId",
            "/data/schema/id",
            "/sourceConnectionIds/0",
            "/targetConnectionIds/0",
        ];
        let mut wanted = JOINED.iter().filter_map(|at| Some((*at, body.pointer(at)?.as_str()?)));
        wanted.all(|(at, wanted)| self.text(at) == wanted)
    }

    /// Whether it is switched on.
    pub fn is_enabled(&self) -> bool {
        self.text("/state") != "disabled"
    }
}

/// What is done to a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// It runs by its schedule.
    On,
    /// It does not run.
    Off,
}

impl Platform {
    /// All things of a kind that meet every filter, such as `flowId==…`, oldest first.
    pub async fn flow_items(
        &self,
        kind: FlowKind,
        filters: &[String],
    ) -> Result<Vec<FlowItem>, PlatformError> {
        let mut all: Vec<FlowItem> = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let (items, next) = self.flow_page(kind, filters, "createdAt", PAGE, token.as_deref()).await?;
            all.extend(items);
            // A page that leads to itself would be shown for ever.
            if next.is_none() || next == token {
                return Ok(all);
            }
            token = next;
        }
        let path = kind.path();
        Err(PlatformError::Setup(format!("{path}: the list has more than {MAX_PAGES} pages")))
    }

    /// The things of a kind that meet every filter and were made last, at most as many as asked for, newest first.
    pub async fn newest_flow_items(
        &self,
        kind: FlowKind,
        filters: &[String],
        most: usize,
    ) -> Result<Vec<FlowItem>, PlatformError> {
        let (mut all, mut token): (Vec<FlowItem>, Option<String>) = (Vec::new(), None);
        while all.len() < most {
            let limit = (most - all.len()).min(PAGE);
            let (items, next) = self.flow_page(kind, filters, "-createdAt", limit, token.as_deref()).await?;
            let none = items.is_empty();
            all.extend(items);
            if none || next.is_none() || next == token {
                break;
            }
            token = next;
        }
        all.truncate(most);
        Ok(all)
    }

    /// A page of a list, and what the next one is asked for by.
    async fn flow_page(
        &self,
        kind: FlowKind,
        filters: &[String],
        order: &str,
        limit: usize,
        token: Option<&str>,
    ) -> Result<(Vec<FlowItem>, Option<String>), PlatformError> {
        let mut ask = Ask::get(kind.path(), "application/json");
        ask.query = filters.iter().map(|filter| ("property", filter.clone())).collect();
        ask.query.extend([("orderby", order.to_owned()), ("limit", limit.to_string())]);
        ask.query.extend(token.map(|token| ("continuationToken", token.to_owned())));
        let answer = self.ask(&ask).await?;
        let items = items(&answer)?.iter().filter_map(FlowItem::of).collect();
        Ok((items, next(&answer.body)))
    }

    /// The things of a kind that are called so, oldest first.
    pub async fn flow_items_named(&self, kind: FlowKind, name: &str) -> Result<Vec<FlowItem>, PlatformError> {
        let mut found = self.flow_items(kind, &[format!("name=={name}")]).await?;
        // Filters may give more than was asked for.
        found.retain(|item| item.name() == name);
        Ok(found)
    }

    /// One thing; none when it is not there, or not any more.
    pub async fn flow_item(&self, kind: FlowKind, id: &str) -> Result<Option<FlowItem>, PlatformError> {
        let Some(path) = part(kind, id) else { return Ok(None) };
        let Some(answer) = self.find(&Ask::get(path, "application/json")).await? else { return Ok(None) };
        // Single things come in a list of one; of runs Adobe shows it without the list, too.
        let found = match answer.body.get("items") {
            Some(_) => items(&answer)?.first().and_then(FlowItem::of),
            None => FlowItem::of(&answer.body),
        };
        Ok(found.filter(|item| item.id == id))
    }

    /// Makes a thing that has a name, and joins what nothing else of that name and kind joins; gives its id. It may be
    /// that of one that was there already, when it was in doubt whether a first attempt had its effect.
    pub async fn make_flow_item(&self, kind: FlowKind, body: &Value) -> Result<String, PlatformError> {
        let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
        make_once(
            async || made(&self.ask(&Ask::send(Method::POST, kind.path(), body)).await?),
            async || {
                let known = self.flow_items_named(kind, name).await?;
                Ok(known.into_iter().find(|known| known.joins_as(body)).map(|known| known.id))
            },
        )
        .await
    }

    /// Changes a thing by JSON Patch, as it was when it was looked at: 412 when it is not like that any more. Gives
    /// its new etag.
    pub async fn patch_flow_item(
        &self,
        kind: FlowKind,
        item: &FlowItem,
        patch: &Value,
    ) -> Result<String, PlatformError> {
        let path = part(kind, &item.id).ok_or_else(|| no_id(kind))?;
        let mut ask = Ask::send(Method::PATCH, path, patch);
        ask.if_match = Some(&item.etag);
        let mut doubts = 0;
        loop {
            let error = match self.ask(&ask).await {
                Ok(answer) => {
                    let etag = answer.body.get("etag").and_then(Value::as_str).unwrap_or_default();
                    return Ok(etag.to_owned());
                }
                Err(error) => error,
            };
            doubts += 1;
            if !matches!(error, PlatformError::NoAnswer { .. }) || !pause(doubts, None).await {
                return Err(error);
            }
            // With another etag it has changed, by this or by somebody else: the caller has to look at it.
            if self.flow_item(kind, &item.id).await?.is_none_or(|now| now.etag != item.etag) {
                return Err(error);
            }
        }
    }

    /// Deletes a thing; one that is not there is deleted. What other things use is refused by the service.
    pub async fn delete_flow_item(&self, kind: FlowKind, id: &str) -> Result<(), PlatformError> {
        let path = part(kind, id).ok_or_else(|| no_id(kind))?;
        let ask = Ask { method: Method::DELETE, form: Form::Any, ..Ask::get(path, "application/json") };
        self.find(&ask).await.map(drop)
    }

    /// Switches a flow on or off; whether it was otherwise before.
    pub async fn switch_flow(&self, id: &str, to: Switch) -> Result<bool, PlatformError> {
        let path = part(FlowKind::Flow, id).ok_or_else(|| no_id(FlowKind::Flow))? + "/action";
        let (op, wanted) = match to {
            Switch::On => ("ENABLE", true),
            Switch::Off => ("DISABLE", false),
        };
        let mut doubts = 0;
        loop {
            let Some(flow) = self.flow_item(FlowKind::Flow, id).await? else {
                return Err(PlatformError::Setup(format!("there is no flow {id} any more")));
            };
            if flow.is_enabled() == wanted {
                return Ok(doubts > 0);
            }
            let mut ask = Ask { form: Form::Any, ..Ask::get(&path, "application/json") };
            ask.method = Method::POST;
            ask.repeats = false;
            ask.query = vec![("op", op.to_owned())];
            ask.if_match = Some(&flow.etag);
            match self.ask(&ask).await {
                Ok(_) => return Ok(true),
                Err(error) => {
                    doubts += 1;
                    if !error.is_uncertain() || !pause(doubts, None).await {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Whether flows may be changed, asked with a change of nothing to a flow that nobody has. It is refused either
    /// way: what is allowed because there is no such flow.
    pub async fn may_change_flows(&self) -> Result<(), PlatformError> {
        const NOBODYS: &str = "00000000-0000-0000-0000-000000000000";
        let nothing = json!([]);
        let mut ask = Ask::send(Method::PATCH, format!("{}/{NOBODYS}", FlowKind::Flow.path()), &nothing);
        ask.if_match = Some("\"0\"");
        match self.ask(&ask).await {
            Ok(_) | Err(PlatformError::Refused { status: 400 | 404 | 409 | 412 | 422 | 428, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The fields of a resource, as a base connection shows them: the source's schema of its records.
    pub async fn explore_connection(&self, id: &str, resource: &str) -> Result<Value, PlatformError> {
        let path = part(FlowKind::Connection, id).ok_or_else(|| no_id(FlowKind::Connection))? + "/explore";
        let chosen = STANDARD.encode(json!({ "resourcePath": resource }).to_string());
        let mut ask = Ask::get(path, "application/json");
        // As the tutorial writes them; the definitions differ in capitals.
        let fixed = [("objectType", "rest"), ("object", "json"), ("fileType", "json"), ("preview", "false")];
        ask.query = fixed.map(|(name, value)| (name, value.to_owned())).to_vec();
        ask.query.push(("sourceParams", chosen));
        let mut answer = self.ask(&ask).await?;
        match answer.body.get_mut("schema").map(Value::take) {
            Some(schema) if schema.is_object() => Ok(schema),
            _ => Err(answer.lacks("the answer holds no schema")),
        }
    }

    /// Whether the source lets a base connection in.
    pub async fn test_connection(&self, id: &str) -> Result<bool, PlatformError> {
        let path = part(FlowKind::Connection, id).ok_or_else(|| no_id(FlowKind::Connection))? + "/test";
        let answer = self.ask(&Ask::get(path, "application/json")).await?;
        let result = answer.body.get("result").and_then(Value::as_bool);
        result.ok_or_else(|| answer.lacks("the answer does not say whether the connection works"))
    }
}

/// The path of a thing; none when the id cannot be one part of it.
fn part(kind: FlowKind, id: &str) -> Option<String> {
    is_id(id).then(|| format!("{}/{id}", kind.path()))
}

fn no_id(kind: FlowKind) -> PlatformError {
    PlatformError::Setup(format!("what was given is no id of a {}", kind.word()))
}

fn items(answer: &Answer) -> Result<&Vec<Value>, PlatformError> {
    let items = answer.body.get("items").and_then(Value::as_array);
    items.ok_or_else(|| answer.lacks("the answer holds no list (items)"))
}

fn made(answer: &Answer) -> Result<String, PlatformError> {
    let id = answer.body.get("id").and_then(Value::as_str).filter(|id| is_id(id));
    id.map(str::to_owned).ok_or_else(|| answer.lacks("the answer names nothing that was made (id)"))
}

/// What the next page is asked for by, which the link to it holds.
fn next(body: &Value) -> Option<String> {
    let link = body.pointer("/_links/next/href")?.as_str()?;
    let (_, query) = link.split_once('?')?;
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(key, _)| key == "continuationToken").map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_asked_for_by_the_token_of_its_link() {
        let link = json!({ "_links": { "next": { "href": "/flows?limit=2&continuationToken=a%2Bb" } } });
        assert_eq!(next(&link).as_deref(), Some("a+b"));
        for last in [json!({ "_links": {} }), json!({}), json!({ "_links": { "next": null } })] {
            assert_eq!(next(&last), None, "{last}");
        }
    }

    #[test]
    fn what_has_no_usable_id_is_not_taken() {
        let item = FlowItem::of(&json!({ "id": "a-1", "version": "\"v\"", "state": "disabled" })).unwrap();
        assert_eq!((item.etag.as_str(), item.is_enabled()), ("\"v\"", false));
        assert!(FlowItem::of(&json!({ "id": "../x" })).is_none());
        assert!(part(FlowKind::Flow, "a/b").is_none());
    }
}
