//! Everything that the platform holds, and which service answers a request.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::platform::{
    answer::Answer,
    batches::{self, Fate, Lake, Piece},
    catalog::{self, Catalog},
    clock::Clock,
    collection::{self, Desk, Inbox},
    conversion::{self, Conversion},
    faults::Faults,
    flow::{self, FlowService},
    gateway,
    ims::Tokens,
    namespaces::{self, Namespaces},
    options::Options,
    registry::{self, Registry, Resource},
    tenant::{Ids, Stamp, Tenant},
};

/// A request, read in full.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) number: u64,
    pub(super) method: String,
    /// As it was sent: ids in it are percent-encoded.
    pub(super) path: String,
    pub(super) query: String,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    /// The body of an upload, which is no text.
    pub(super) upload: Option<Piece>,
    /// What is to become of the batch that the request completes.
    pub(super) fate: Option<Fate>,
}

impl Call {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Parameters of the query by name.
    pub(super) fn parameters(&self) -> Vec<(String, String)> {
        let pairs = form_urlencoded::parse(self.query.as_bytes());
        pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
    }

    /// The path's parts, each decoded. A slash at the end means nothing.
    pub(super) fn segments(&self) -> Vec<String> {
        let decode = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned();
        self.path.trim_end_matches('/').split('/').skip(1).map(decode).collect()
    }

    pub(super) fn json(&self) -> Result<Value, String> {
        serde_json::from_str(&self.body).map_err(|_| "the request's body is not JSON".to_owned())
    }
}

/// All state.
#[derive(Debug)]
pub(super) struct World {
    pub(super) options: Options,
    pub(super) clock: Clock,
    pub(super) tokens: Tokens,
    standard: Arc<Vec<Resource>>,
    tenants: BTreeMap<(String, String), Tenant>,
    /// Batches and rows, by organisation and sandbox too.
    lakes: BTreeMap<(String, String), Lake>,
    /// What was streamed. It only grows, so it is not part of what is cloned before each change.
    pub(super) inbox: Inbox,
}

impl World {
    pub(super) fn new(options: Options) -> Self {
        let standard = Arc::new(options.standard.resources());
        let tokens = Tokens::new(options.seed);
        Self {
            options,
            clock: Clock::start(),
            tokens,
            standard,
            tenants: BTreeMap::new(),
            lakes: BTreeMap::new(),
            inbox: Inbox::default(),
        }
    }

    /// Answers a request. Also says whether it changed anything.
    pub(super) fn answer(&mut self, call: &Call, faults: &Mutex<Faults>) -> (Answer, bool) {
        if call.path == "/ims/token/v3" {
            let answer = self.tokens.mint(call, &self.options, self.clock);
            return (answer.unwrap_or_else(|refused| refused), false);
        }
        let segments = call.segments();
        let path: Vec<&str> = segments.iter().map(String::as_str).collect();
        match path.as_slice() {
            ["collection", path @ ..] => {
                self.clock.tick();
                let World { options, clock, tokens, tenants, inbox, .. } = self;
                let desk = Desk { options, clock: *clock, tokens, tenants, inbox, faults };
                return collection::serve(call, path, desk);
            }
            ["sandbox", "collected" | "uncollected" | "profiles", ..] => {
                return (self.inbox.serve(call, &path[1..]), false);
            }
            _ => {}
        }
        match self.serve(call) {
            Ok(answered) => answered,
            Err(refused) => (refused, false),
        }
    }

    /// As if nothing had ever been ingested.
    pub(super) fn empty(&mut self) {
        self.lakes.clear();
        self.inbox = Inbox::default();
    }

    /// The batches and rows of a sandbox of the first organisation, as they are now; none before its first batch.
    pub(super) fn lake(&mut self, sandbox: &str) -> Option<&Lake> {
        let organization = self.options.organizations.first()?;
        let key = (organization.id.clone(), sandbox.to_owned());
        let lake = self.lakes.get_mut(&key)?;
        lake.settle(self.clock.now(), self.tenants.get(&key)?, &self.options.ingestion);
        Some(lake)
    }

    fn serve(&mut self, call: &Call) -> Result<(Answer, bool), Answer> {
        let caller = gateway::enter(call, &self.options, &mut self.tokens, self.clock)?;
        let organization = caller.organization.clone();
        let key = (organization.id.clone(), caller.sandbox.clone());
        let now =
            if matches!(call.method.as_str(), "GET" | "HEAD") { self.clock.now() } else { self.clock.tick() };
        let mut names = Ids::new(self.options.seed ^ 0x5b, &key.0, &key.1);
        let stamp = Stamp {
            now,
            organization: organization.id.clone(),
            client: organization.client.id.clone(),
            sandbox_id: names.uuid(),
            production: organization.sandboxes.first() == Some(&caller.sandbox),
        };
        let tenant = self.tenants.entry(key.clone()).or_insert_with(|| Tenant {
            ids: Ids::new(self.options.seed, &organization.id, &caller.sandbox),
            registry: Registry::new(&organization.tenant, Arc::clone(&self.standard), self.options.titles),
            catalog: Catalog::default(),
            namespaces: Namespaces::standard(),
            flows: FlowService::default(),
            conversion: Conversion::default(),
        });
        let segments = call.segments();
        let path: Vec<&str> = segments.iter().map(String::as_str).collect();
        if batches::serves(&path) {
            let new = || Lake::new(self.options.seed, &organization.id, &caller.sandbox);
            let lake = self.lakes.entry(key).or_insert_with(new);
            let pace = &self.options.ingestion;
            lake.settle(now, tenant, pace);
            return batches::serve(call, &path, lake, tenant, &stamp, pace);
        }
        let mut next = tenant.clone();
        let answer = match path.as_slice() {
            ["data", "foundation", "schemaregistry", rest @ ..] => {
                registry::serve(call, rest, &mut next, &stamp, self.options.page_size.max(1))
                    .map_err(|error| error.answer(call.number, self.clock))
            }
            ["data", "foundation", "catalog", rest @ ..] => catalog::serve(call, rest, &mut next, &stamp),
            ["data", "foundation", "flowservice", rest @ ..] => flow::serve(call, rest, &mut next, &stamp),
            ["data", "foundation", "conversion", rest @ ..] => {
                conversion::serve(call, rest, &mut next, &stamp)
            }
            ["data", "core", "idnamespace", rest @ ..] => namespaces::serve(call, rest, &mut next, &stamp),
            _ => Err(Answer::gateway(404, "404000", "Resource not found")),
        }?;
        let changed = call.method != "GET";
        if changed {
            *tenant = next;
        }
        Ok((answer, changed))
    }
}
