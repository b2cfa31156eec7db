//! A message: its header, which says where it goes, and its body.

use std::sync::Arc;

use dataprep::{Plan, Run};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use xdm::check::{MAX_EVENT, MAX_RECORD};

use super::{
    Refusal,
    inbox::{Collected, Inbox, Operation, Origin},
    schema::{Schema, Violation},
};

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    header: Option<&'a RawValue>,
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(borrow)]
    xdm_meta: &'a RawValue,
    #[serde(borrow)]
    xdm_entity: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    schema_ref: SchemaRef,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
struct SchemaRef {
    id: String,
    content_type: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    schema_ref: Option<SchemaRef>,
    ims_org_id: Option<String>,
    dataset_id: Option<String>,
    flow_id: Option<String>,
    operations: Option<Operations>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Operations {
    data: Option<String>,
    identity: Option<String>,
    identity_dataset_id: Option<String>,
}

/// Where messages with one header go.
#[derive(Debug)]
struct Way {
    dataset: String,
    flow: String,
    operation: Operation,
    schema: Arc<Schema>,
    plan: Option<Arc<Plan>>,
    /// The path of the primary identity, and how many bytes a record may have there, when the dataset is enabled for
    /// Profile.
    profile: Option<(String, usize)>,
}

/// What the messages of one request have in common. Headers are mostly the same: the last way is kept.
pub(super) struct Ways<'w> {
    origin: &'w Origin<'w>,
    /// The flow that the request names, for raw data.
    flow: Option<&'w str>,
    last: Option<(String, String, Way)>,
    run: Run,
}

impl<'w> Ways<'w> {
    pub(super) fn new(origin: &'w Origin<'w>, flow: Option<&'w str>) -> Self {
        Self { origin, flow, last: None, run: Run::default() }
    }

    pub(super) fn origin(&self) -> &'w Origin<'w> {
        self.origin
    }

    /// Takes a message. One whose header is right is answered as received; whether the record is what its
    /// schema asks for shows later, in the dataset or in an error batch.
    pub(super) fn take(&mut self, text: &str, xaction: &str, inbox: &mut Inbox) -> Result<(), Refusal> {
        let (entity, record, violations) = self.read(text, inbox)?;
        let Some((_, _, way)) = &self.last else { return Ok(()) };
        if !violations.is_empty() {
            let told = |one: &Violation| format!("{}: {} ({})", one.pointer, one.message, one.keyword);
            let errors = violations.iter().map(told).collect();
            inbox.fail(self.origin, &way.dataset, Some(xaction), errors, &entity);
            return Ok(());
        }
        // What is larger is dropped without a word.
        if let Some((path, most)) = &way.profile
            && entity.len() <= *most
            && let Some(identity) = identity(&record, path)
        {
            inbox.profile(&way.dataset, identity, way.operation, record);
        }
        inbox.accept(Collected {
            dataset: way.dataset.clone(),
            flow: way.flow.clone(),
            operation: way.operation,
            xaction: xaction.to_owned(),
            received: self.origin.received,
            entity,
        });
        Ok(())
    }

    /// What is wrong with a message's record; nothing is kept.
    pub(super) fn check(&mut self, text: &str, inbox: &mut Inbox) -> Result<Vec<Violation>, Refusal> {
        self.read(text, inbox).map(|(_, _, violations)| violations)
    }

    /// Keeps a message that was refused at once in an error batch, if its dataset can be told.
    pub(super) fn keep_refused(&self, text: &str, refusal: &Refusal, inbox: &mut Inbox) {
        let header = serde_json::from_str::<Message<'_>>(text).ok().and_then(|message| message.header);
        let header = header.and_then(|header| serde_json::from_str::<Header>(header.get()).ok());
        let dataset = header.and_then(|header| header.dataset_id).unwrap_or_default();
        if self.origin.tenant.catalog.datasets.contains_key(&dataset) {
            inbox.fail(self.origin, &dataset, None, vec![refusal.message.clone()], text);
        }
    }

    /// The record of a message, as text and as it was read, and what is wrong with it.
    fn read(&mut self, text: &str, inbox: &mut Inbox) -> Result<(String, Value, Vec<Violation>), Refusal> {
        let message: Message<'_> =
            serde_json::from_str(text).map_err(|_| self.refusal("Message has unknown xdm format"))?;
        let entity = if self.origin.inlet.raw {
            self.raw(text, &message, inbox)?
        } else {
            let (Some(header), Some(body)) = (message.header, message.body) else {
                return Err(self.refusal("Message has unknown xdm format"));
            };
            let body: Body<'_> = serde_json::from_str(body.get())
                .map_err(|_| self.refusal("Message has unknown xdm format"))?;
            self.find(header.get(), Some(body.xdm_meta.get()), inbox)?;
            body.xdm_entity.get().to_owned()
        };
        let record: Value =
            serde_json::from_str(&entity).map_err(|_| self.refusal("Message has unknown xdm format"))?;
        if !record.is_object() {
            return Err(self.refusal("Message has unknown xdm format"));
        }
        let violations = self
            .last
            .as_ref()
            .map(|(_, _, way)| way.schema.check(&record, entity.len(), way.operation == Operation::Create));
        Ok((entity, record, violations.unwrap_or_default()))
    }

    /// What the mapping set makes of raw data, which comes bare or, with operations, below a header.
    fn raw(&mut self, text: &str, message: &Message<'_>, inbox: &mut Inbox) -> Result<String, Refusal> {
        let (header, source) = match (message.header, message.body) {
            (Some(header), Some(body)) => (header.get(), body.get()),
            _ => ("{}", text),
        };
        self.find(header, None, inbox)?;
        let plan = self.last.as_ref().and_then(|(_, _, way)| way.plan.clone());
        let plan = plan.ok_or_else(|| self.refusal("The flow has no mapping set"))?;
        let mut out = Vec::new();
        plan.run(&mut self.run, source, &[], &(), &mut out)
            .map_err(|_| self.refusal("Message cannot be mapped"))?;
        if out.is_empty() {
            out.extend(b"{}");
        }
        String::from_utf8(out).map_err(|_| self.refusal("Message cannot be mapped"))
    }

    /// Makes the way of a header the last one.
    fn find(&mut self, header: &str, meta: Option<&str>, inbox: &mut Inbox) -> Result<(), Refusal> {
        let meta = meta.unwrap_or_default();
        if self.last.as_ref().is_some_and(|(last, other, _)| last == header && other == meta) {
            return Ok(());
        }
        self.last = None;
        let way = self.way(header, meta, inbox)?;
        self.last = Some((header.to_owned(), meta.to_owned(), way));
        Ok(())
    }

    fn way(&self, header: &str, meta: &str, inbox: &mut Inbox) -> Result<Way, Refusal> {
        let origin = self.origin;
        let tenant = origin.tenant;
        let header: Header =
            serde_json::from_str(header).map_err(|_| self.refusal("Message has a malformed header"))?;
        let raw = origin.inlet.raw;
        match header.ims_org_id.as_deref() {
            Some(id) if id == origin.key.0 => {}
            None if raw => {}
            _ => return Err(self.refusal("Message has an absent or wrong ims org in the header.")),
        }
        let flow = header.flow_id.as_deref().or(self.flow.filter(|_| raw));
        let flow = flow.ok_or_else(|| self.refusal("Message has no flowId in the header"))?;
        let route = tenant.flows.route(&origin.inlet.id, flow);
        let route = route.ok_or_else(|| self.refusal("The flow is unknown, disabled or of another inlet"))?;
        match header.dataset_id.as_deref() {
            Some(id) if id == route.dataset => {}
            None if raw => {}
            _ => return Err(self.refusal("The datasetId is not the one of the flow")),
        }
        let dataset = tenant.catalog.datasets.get(&route.dataset);
        let dataset = dataset.ok_or_else(|| self.refusal("The dataset does not exist"))?;
        if !raw {
            let meta: Meta =
                serde_json::from_str(meta).map_err(|_| self.refusal("Message has unknown xdm format"))?;
            let same = header.schema_ref.as_ref() == Some(&meta.schema_ref);
            if !same || meta.schema_ref.id != route.schema || !is_xdm(&meta.schema_ref.content_type) {
                return Err(self.refusal(
                    "The schemaRef of the header, that of xdmMeta and the dataset's must be the same",
                ));
            }
        }
        let enabled = |dataset: &serde_json::Map<String, Value>, tag: &str| {
            let values = dataset.get("tags").and_then(|tags| tags.get(tag)?.as_array());
            values.is_some_and(|values| values.iter().any(|value| value == "enabled:true"))
        };
        let in_profile = enabled(dataset, "unifiedProfile");
        let operation = match &header.operations {
            None => Operation::Create,
            Some(_) if !raw || !in_profile => {
                return Err(self.refusal(
                    "operations need an inlet of raw data, a mapping set and a dataset enabled for Profile",
                ));
            }
            Some(operations) => {
                let name = operations.data.as_deref().unwrap_or("create");
                let known = Operation::of(name)
                    .ok_or_else(|| self.refusal("operations.data must be create, merge or delete"))?;
                if operations.identity.as_deref().is_some_and(|name| name != "create") {
                    return Err(self.refusal("operations.identity must be create"));
                }
                if operations.identity.is_some() {
                    let id = operations.identity_dataset_id.as_deref().unwrap_or_default();
                    let fits = tenant.catalog.datasets.get(id).is_some_and(|other| {
                        other.get("schemaRef").and_then(|link| link.get("id"))
                            == dataset.get("schemaRef").and_then(|link| link.get("id"))
                            && !enabled(other, "unifiedProfile")
                            && enabled(other, "unifiedIdentity")
                    });
                    if !fits {
                        return Err(self.refusal(
                            "identityDatasetId must be a dataset of the same schema, enabled for Identity only",
                        ));
                    }
                }
                known
            }
        };
        let schema = inbox.schema(origin, &route.schema);
        let schema = schema.ok_or_else(|| self.refusal("The schema does not exist"))?;
        let plan = route.mapping.as_ref().and_then(|(id, version)| inbox.plan(origin, id, *version));
        let primary = tenant.registry.primary_identity(&route.schema).filter(|_| in_profile);
        let profile = primary.and_then(|primary| primary.get("xdm:sourceProperty")?.as_str());
        let most = if schema.requires("timestamp") { MAX_EVENT } else { MAX_RECORD };
        let profile = profile.map(|path| (path.to_owned(), most));
        let (dataset, flow) = (route.dataset.clone(), flow.to_owned());
        Ok(Way { dataset, flow, operation, schema, plan, profile })
    }

    fn refusal(&self, what: &str) -> Refusal {
        let (inlet, organization) = (&self.origin.inlet.id, &self.origin.key.0);
        Refusal::new(format!("inletId: [{inlet}] imsOrgId: [{organization}] {what}"))
    }
}

/// `application/vnd.adobe.xed-full+json;version=1`, also without text and with an exact version.
fn is_xdm(kind: &str) -> bool {
    let (media, version) = kind.split_once(';').unwrap_or((kind, ""));
    let media = matches!(
        media.trim(),
        "application/vnd.adobe.xed-full+json" | "application/vnd.adobe.xed-full-notext+json"
    );
    media
        && version
            .trim()
            .strip_prefix("version=1")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The value at a descriptor's path.
fn identity(record: &Value, path: &str) -> Option<String> {
    record.pointer(path)?.as_str().map(str::to_owned)
}
