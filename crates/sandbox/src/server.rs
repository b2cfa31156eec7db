//! The HTTP side: one handler that answers as Stripe would, or goes wrong as it was told to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Response, StatusCode},
};
use serde_json::Value;

use crate::{
    account::{API_VERSION, Account},
    auth::{self, ApiKey},
    broken, connect,
    error::ApiError,
    expand,
    faults::{Fault, Faults},
    json::compact,
    limits::{Counter, Gate, Limits, Stats},
    lock,
    options::{Options, Rate},
    query::{self, ListQuery},
    random::Random,
    resource::Resource,
    world::{Tenant, World},
};

/// More parameters than this are refused.
const MAX_PARAMETERS: usize = 200;

/// What all requests share.
#[derive(Debug)]
pub(crate) struct App {
    world: World,
    keys: Vec<ApiKey>,
    /// The allowance of each key, in the order of the keys; none without limits.
    gates: Vec<Gate>,
    faults: Mutex<Faults>,
    counter: Counter,
    same_second_trap: bool,
    expands: bool,
    latency: Duration,
}

impl App {
    pub(crate) fn new(account: Account, options: Options) -> Self {
        let mode = account.mode();
        let limits = match options.rate {
            Rate::Stripe => Some(Limits::stripe(mode)),
            Rate::Unlimited => None,
            Rate::Custom(limits) => Some(limits),
        };
        let world = World::new(account, &options);
        let keys = if options.keys.is_empty() { vec![ApiKey::default_for(mode)] } else { options.keys };
        let gates = limits.map(|limits| keys.iter().map(|_| Gate::new(limits)).collect());
        Self {
            world,
            keys,
            gates: gates.unwrap_or_default(),
            faults: Mutex::new(options.faults),
            counter: Counter::default(),
            same_second_trap: options.same_second_trap,
            expands: options.expands,
            latency: options.latency,
        }
    }

    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    pub(crate) fn keys(&self) -> &[ApiKey] {
        &self.keys
    }

    pub(crate) fn stats(&self) -> Stats {
        self.counter.stats()
    }

    pub(crate) fn set_faults(&self, faults: Faults) {
        *lock(&self.faults) = faults;
    }
}

/// What a path asks for.
enum Endpoint {
    Account,
    /// Connected accounts.
    Accounts,
    OneOfAccounts(String),
    List(Resource),
    Object(Resource, String),
    /// Lines of an invoice.
    Lines(String),
}

impl Endpoint {
    fn of(method: &str, path: &str) -> Option<Self> {
        let rest = path.strip_prefix("/v1/").filter(|_| method == "GET")?;
        if rest == "account" {
            return Some(Self::Account);
        }
        if rest == "accounts" {
            return Some(Self::Accounts);
        }
        match rest.split_once('/') {
            Some(("accounts", id)) if !id.is_empty() && !id.contains('/') => {
                Some(Self::OneOfAccounts(id.to_owned()))
            }
            Some(("invoices", rest)) if rest.ends_with("/lines") => {
                let id = rest.trim_end_matches("/lines");
                (!id.is_empty() && !id.contains('/')).then(|| Self::Lines(id.to_owned()))
            }
            None => rest.parse().ok().filter(|resource: &Resource| resource.has_endpoints()).map(Self::List),
            Some((name, id)) if !id.is_empty() && !id.contains('/') => {
                let id = percent_encoding::percent_decode_str(id).decode_utf8().ok()?;
                let resource: Option<Resource> = name.parse().ok();
                Some(Self::Object(resource.filter(|resource| resource.has_endpoints())?, id.into_owned()))
            }
            Some(_) => None,
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Account => "GET /v1/account".to_owned(),
            Self::Accounts => "GET /v1/accounts".to_owned(),
            Self::OneOfAccounts(_) => "GET /v1/accounts/:id".to_owned(),
            Self::List(resource) => format!("GET /v1/{resource}"),
            Self::Object(resource, _) => format!("GET /v1/{resource}/:id"),
            Self::Lines(_) => "GET /v1/invoices/:id/lines".to_owned(),
        }
    }

    /// The name by which fault rules select it.
    fn family(&self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Accounts | Self::OneOfAccounts(_) => "accounts",
            Self::List(resource) | Self::Object(resource, _) => resource.name(),
            Self::Lines(_) => Resource::InvoiceLines.name(),
        }
    }
}

pub(crate) async fn handle(State(app): State<Arc<App>>, request: Request) -> Response<Body> {
    let endpoint = Endpoint::of(request.method().as_str(), request.uri().path());
    let name = endpoint.as_ref().map_or_else(|| "other".to_owned(), Endpoint::name);
    let account = connect::asked(request.headers()).ok().flatten().unwrap_or(&app.world.own.id);
    let (number, _flight) = app.counter.begin(&name, account);
    let family = endpoint.as_ref().map_or("other", Endpoint::family);
    let fault = lock(&app.faults).next(family, account);
    if fault.is_some() {
        app.counter.faulted();
    }
    if let Some(Fault::Slow(delay)) = fault {
        tokio::time::sleep(delay).await;
    }
    let mut version = API_VERSION.to_owned();
    let answer = app.answer(&request, endpoint.as_ref(), &name, &mut version, fault);
    if !app.latency.is_zero() && matches!(endpoint, Some(Endpoint::List(_))) {
        tokio::time::sleep(app.latency).await;
    }
    let response = respond(answer, number, &version, app.world.clock().date(), fault);
    app.counter.answered(response.status().as_u16());
    response
}

/// The error that a fault stands for, where it is one. A status of 403 is a permission taken away.
fn injected(
    fault: Fault,
    endpoint: Option<&Endpoint>,
    key: Option<&ApiKey>,
    account: &str,
) -> Option<ApiError> {
    match fault {
        Fault::Status(429) => Some(ApiError::rate_limited("global-rate")),
        Fault::Status(403) => match (endpoint, key) {
            (Some(Endpoint::List(resource) | Endpoint::Object(resource, _)), Some(key)) => {
                Some(key.refusal(resource.permissions(), account))
            }
            _ => Some(ApiError::trouble(403)),
        },
        Fault::Status(status) => Some(ApiError::trouble(status)),
        Fault::RateLimited(reason) => Some(ApiError::rate_limited(reason.name())),
        Fault::RetryAfter(seconds) => {
            Some(ApiError::rate_limited("global-rate").header("retry-after", seconds.to_string()))
        }
        Fault::LockTimeout => Some(ApiError::lock_timeout()),
        Fault::ShouldNotRetry => Some(ApiError::trouble(500).header("stripe-should-retry", "false")),
        Fault::Drop
        | Fault::Truncate
        | Fault::ShortLength
        | Fault::Stall
        | Fault::Giant
        | Fault::Html
        | Fault::EmptyMore
        | Fault::Slow(_) => None,
    }
}

impl App {
    /// The body for a request. Injected errors come first, then keys, rates, the account, and then
    /// everything about the request itself.
    fn answer(
        &self,
        request: &Request,
        endpoint: Option<&Endpoint>,
        name: &str,
        version: &mut String,
        fault: Option<Fault>,
    ) -> Result<String, ApiError> {
        let found = auth::identify(request.headers(), &self.keys);
        let asked = connect::asked(request.headers())?;
        if let Some(fault) = fault {
            let account = asked.unwrap_or(&self.world.own.id);
            if let Some(error) = injected(fault, endpoint, found.as_ref().ok().map(|(_, key)| *key), account)
            {
                return Err(error);
            }
        }
        let (number, key) = found?;
        if let Some(gate) = self.gates.get(number) {
            gate.enter(name).map_err(|reason| ApiError::rate_limited(reason.name()))?;
        }
        if let Some(asked) = request.headers().get("stripe-version") {
            let asked = asked.to_str().unwrap_or("?");
            if !is_version(asked) {
                return Err(ApiError::bad_version(asked));
            }
            asked.clone_into(version);
        }
        let tenant = match asked {
            None => &self.world.own,
            Some(id) => self.world.tenant(id).ok_or_else(|| key.stranger(id))?,
        };
        let Some(endpoint) = endpoint else {
            return Err(ApiError::unknown_url(request.method().as_str(), request.uri().path()));
        };
        let pairs: Vec<(String, String)> =
            form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
                .take(MAX_PARAMETERS + 1)
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect();
        if pairs.len() > MAX_PARAMETERS {
            return Err(ApiError::invalid("expand", "Too many parameters."));
        }
        if let Some((name, _)) = pairs.iter().find(|(name, _)| !self.expands && name.starts_with("expand")) {
            return Err(ApiError::unknown_parameter(name));
        }
        if let Endpoint::List(resource) | Endpoint::Object(resource, _) = endpoint {
            let list = matches!(endpoint, Endpoint::List(_));
            let changed = self.world.before(tenant, *resource, list);
            changed.map_err(|error| ApiError::invalid("script", format!("The sandbox's script: {error}")))?;
        }
        if let (Endpoint::List(resource), Some(Fault::EmptyMore)) = (endpoint, fault) {
            return Ok(format!(r#"{{"object":"list","data":[],"has_more":true,"url":"/v1/{resource}"}}"#));
        }
        self.of_endpoint(tenant, key, endpoint, &pairs)
    }

    fn of_endpoint(
        &self,
        tenant: &Tenant,
        key: &ApiKey,
        endpoint: &Endpoint,
        pairs: &[(String, String)],
    ) -> Result<String, ApiError> {
        let account = tenant.read();
        match endpoint {
            Endpoint::Account => {
                key.check_account(account.id())?;
                query::expand_only(pairs)?;
                Ok(compact(&account.describe()))
            }
            Endpoint::Accounts => {
                key.check_account(account.id())?;
                let own = std::ptr::eq(tenant, &self.world.own);
                let connected = if own { self.world.connected.as_slice() } else { &[] };
                connect::list(connected.iter().map(|tenant| tenant.read().face()).collect(), pairs)
            }
            Endpoint::OneOfAccounts(id) => {
                key.check_account(account.id())?;
                query::expand_only(pairs)?;
                let tenant = self.world.tenant(id).ok_or_else(|| key.stranger(id))?;
                Ok(tenant.read().face().text)
            }
            Endpoint::List(resource) => {
                key.check(&[*resource], account.id())?;
                self.list(&account, key, *resource, pairs)
            }
            Endpoint::Lines(id) => {
                key.check(&[Resource::InvoiceLines], account.id())?;
                if account.store.of(Resource::Invoices).get(id).is_none() {
                    return Err(ApiError::missing(Resource::Invoices, id, "id"));
                }
                let mut pairs = pairs.to_vec();
                pairs.push(("invoice".to_owned(), id.clone()));
                self.list(&account, key, Resource::InvoiceLines, &pairs)
            }
            Endpoint::Object(resource, id) => {
                key.check(&[*resource], account.id())?;
                let paths = query::expand_only(pairs)?;
                for path in &paths {
                    key.check(&expand::check(*resource, false, path)?, account.id())?;
                }
                let collection = account.store.of(*resource);
                let kept = |created: i64| created >= self.world.shown(*resource).since;
                match (collection.get(id), collection.stub(id)) {
                    (Some(entry), _) if kept(entry.created) => {
                        Ok(expanded(&account, &entry.text, &paths, false))
                    }
                    (None, Some(stub)) => Ok(stub.to_owned()),
                    _ => Err(ApiError::missing(*resource, id, "id")),
                }
            }
        }
    }

    fn list(
        &self,
        account: &Account,
        key: &ApiKey,
        resource: Resource,
        pairs: &[(String, String)],
    ) -> Result<String, ApiError> {
        let query = ListQuery::parse(resource, pairs)?;
        for path in &query.expand {
            key.check(&expand::check(resource, true, path)?, account.id())?;
        }
        let shown = self.world.shown(resource);
        let page = query.page(&account.store, resource, self.same_second_trap, shown)?;
        let size: usize = page.entries.iter().map(|entry| entry.text.len() + 1).sum();
        let mut body = String::with_capacity(size + 96);
        body.push_str(r#"{"object":"list","data":["#);
        for (index, entry) in page.entries.iter().enumerate() {
            if index > 0 {
                body.push(',');
            }
            if query.expand.is_empty() {
                body.push_str(&entry.text);
            } else {
                body.push_str(&expanded(account, &entry.text, &query.expand, true));
            }
        }
        body.push_str(&format!(r#"],"has_more":{},"url":"/v1/{resource}"}}"#, page.has_more));
        Ok(body)
    }
}

/// The text of an object with paths expanded; the text as it is where there are none.
fn expanded(account: &Account, text: &str, paths: &[String], in_list: bool) -> String {
    if paths.is_empty() {
        return text.to_owned();
    }
    let Ok(mut value) = serde_json::from_str::<Value>(text) else {
        return text.to_owned();
    };
    for path in paths {
        let segments: Vec<&str> = path.split('.').skip(usize::from(in_list)).collect();
        expand::apply(&account.store, &mut value, &segments);
    }
    compact(&value)
}

/// A date, then perhaps a release name: `2020-08-27`, `2026-08-26.dahlia`.
fn is_version(text: &str) -> bool {
    let (date, name) = text.split_once('.').unwrap_or((text, "plain"));
    let digits = date.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    date.len() == 10
        && digits
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'.')
}

fn respond(
    answer: Result<String, ApiError>,
    number: u64,
    version: &str,
    date: Option<String>,
    fault: Option<Fault>,
) -> Response<Body> {
    let (status, text, more) = match answer {
        Ok(text) => (200, text, Vec::new()),
        Err(error) => (error.status, error.body(), error.headers),
    };
    let always = [
        ("content-type", "application/json".to_owned()),
        ("request-id", format!("req_{}", Random::new(number).token(14))),
        ("stripe-version", version.to_owned()),
    ];
    let date = date.map(|date| ("date", date));
    let mut headers = HeaderMap::new();
    for (name, value) in always.into_iter().chain(date).chain(more) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    let body = broken::body(text, fault, &mut headers);
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = headers;
    response
}
