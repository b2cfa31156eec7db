//! The HTTP side: one handler that answers as Stripe would, or goes wrong as it was told to.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Response, StatusCode},
};
use serde_json::Value;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{
    account::{API_VERSION, Account, Mode},
    auth::{self, ApiKey},
    entry::InsertError,
    error::ApiError,
    events::Change,
    expand,
    faults::{Fault, Faults},
    json::compact,
    limits::{Counter, Gate, Limits, Stats},
    lock,
    query::{self, ListQuery},
    random::Random,
    resource::Resource,
};

/// More parameters than this are refused.
const MAX_PARAMETERS: usize = 200;

/// How a sandbox behaves. The default has Stripe's limits, one secret key and no faults.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Accepted keys; when empty, one secret key of the account's mode.
    pub keys: Vec<ApiKey>,
    pub faults: Faults,
    pub rate: Rate,
    /// Whether a cursor in the first second of a `created` window ends the list early although other
    /// objects share that second, as the live API has been seen to do.
    pub same_second_trap: bool,
    /// How long each answer of a list is on its way, as over a network. Rates count arrivals.
    pub latency: Duration,
}

/// How many requests are let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rate {
    /// What Stripe publishes for the account's mode.
    #[default]
    Stripe,
    Unlimited,
    Custom(Limits),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            keys: Vec::new(),
            faults: Faults::none(),
            rate: Rate::Stripe,
            same_second_trap: true,
            latency: Duration::ZERO,
        }
    }
}

/// The sandbox could not start listening.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {listen}: {source}; choose another address, or port 0 for any free one")]
pub struct StartError {
    listen: SocketAddr,
    source: std::io::Error,
}

/// A running stand-in for `https://api.stripe.com`. Dropping it stops it.
#[derive(Debug)]
pub struct Sandbox {
    base_url: String,
    app: Arc<App>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct App {
    account: RwLock<Account>,
    keys: Vec<ApiKey>,
    faults: Mutex<Faults>,
    gate: Option<Gate>,
    counter: Counter,
    same_second_trap: bool,
    latency: Duration,
}

impl Sandbox {
    /// Starts serving an account on the current tokio runtime.
    pub async fn start(account: Account, options: Options) -> Result<Self, StartError> {
        let fail = |source| StartError { listen: options.listen, source };
        let listener = TcpListener::bind(options.listen).await.map_err(fail)?;
        let address = listener.local_addr().map_err(fail)?;
        let mode: Mode = account.mode();
        let limits = match options.rate {
            Rate::Stripe => Some(Limits::stripe(mode)),
            Rate::Unlimited => None,
            Rate::Custom(limits) => Some(limits),
        };
        let keys = if options.keys.is_empty() { vec![ApiKey::default_for(mode)] } else { options.keys };
        let app = Arc::new(App {
            account: RwLock::new(account),
            keys,
            faults: Mutex::new(options.faults),
            gate: limits.map(Gate::new),
            counter: Counter::default(),
            same_second_trap: options.same_second_trap,
            latency: options.latency,
        });
        let router = Router::new().fallback(handle).with_state(Arc::clone(&app));
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let ended = async {
                stopped.await.ok();
            };
            axum::serve(listener, router).with_graceful_shutdown(ended).await.ok();
        });
        Ok(Self { base_url: format!("http://{address}"), app, stop: Some(stop), task })
    }

    /// `http://127.0.0.1:<port>`, without a slash at the end; what stands for `https://api.stripe.com`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The first accepted key.
    pub fn key(&self) -> &str {
        self.app.keys.first().map(ApiKey::expose).unwrap_or_default()
    }

    pub fn stats(&self) -> Stats {
        self.app.counter.stats()
    }

    /// Replaces all faults; the new ones count requests from 1.
    pub fn set_faults(&self, faults: Faults) {
        *lock(&self.app.faults) = faults;
    }

    /// Adds an object and records the event of its creation, at its `created`.
    pub fn insert(&self, resource: Resource, object: &str) -> Result<(), InsertError> {
        let mut account = self.write();
        let value = account.store.insert(resource, object, true)?;
        let at = value.get("created").and_then(Value::as_i64).unwrap_or_default();
        account.record(resource, &Change::Created(&value), at)
    }

    /// Replaces an object and records the event of the change, at `at` (Unix seconds).
    pub fn update(&self, resource: Resource, object: &str, at: i64) -> Result<(), InsertError> {
        let mut account = self.write();
        let (before, after) = account.store.update(resource, object)?;
        account.record(resource, &Change::Updated { before: &before, after: &after }, at)
    }

    /// Takes an object away and records the event, at `at` (Unix seconds). A customer leaves a stub.
    pub fn remove(&self, resource: Resource, id: &str, at: i64) -> Result<(), InsertError> {
        let mut account = self.write();
        let last = account.store.remove(resource, id)?;
        account.record(resource, &Change::Deleted(&last), at)
    }

    /// A copy of the account as it is now, for comparing sets.
    pub fn account(&self) -> Account {
        self.app.read().clone()
    }

    /// Answers what is under way, then stops.
    pub async fn shutdown(mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
        (&mut self.task).await.ok();
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Account> {
        self.app.account.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What a path asks for.
enum Endpoint {
    Account,
    List(Resource),
    Object(Resource, String),
}

impl Endpoint {
    fn of(method: &str, path: &str) -> Option<Self> {
        let rest = path.strip_prefix("/v1/").filter(|_| method == "GET")?;
        if rest == "account" {
            return Some(Self::Account);
        }
        match rest.split_once('/') {
            None => rest.parse().ok().map(Self::List),
            Some((name, id)) if !id.is_empty() && !id.contains('/') => {
                let id = percent_encoding::percent_decode_str(id).decode_utf8().ok()?;
                Some(Self::Object(name.parse().ok()?, id.into_owned()))
            }
            Some(_) => None,
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Account => "GET /v1/account".to_owned(),
            Self::List(resource) => format!("GET /v1/{resource}"),
            Self::Object(resource, _) => format!("GET /v1/{resource}/:id"),
        }
    }

    /// The name by which fault rules select it.
    fn family(&self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::List(resource) | Self::Object(resource, _) => resource.name(),
        }
    }
}

async fn handle(State(app): State<Arc<App>>, request: Request) -> Response<Body> {
    let endpoint = Endpoint::of(request.method().as_str(), request.uri().path());
    let name = endpoint.as_ref().map_or_else(|| "other".to_owned(), Endpoint::name);
    let (number, _flight) = app.counter.begin(&name);
    let fault = lock(&app.faults).next(endpoint.as_ref().map_or("other", Endpoint::family));
    if fault.is_some() {
        app.counter.faulted();
    }
    if let Some(Fault::Slow(delay)) = fault {
        tokio::time::sleep(delay).await;
    }
    let mut version = API_VERSION.to_owned();
    let answer = match fault.and_then(injected) {
        Some(error) => Err(error),
        None => app.answer(&request, endpoint.as_ref(), &name, &mut version),
    };
    if !app.latency.is_zero() && matches!(endpoint, Some(Endpoint::List(_))) {
        tokio::time::sleep(app.latency).await;
    }
    let response = respond(answer, number, &version, fault);
    app.counter.answered(response.status().as_u16());
    response
}

/// The error that a fault stands for, where it is one.
fn injected(fault: Fault) -> Option<ApiError> {
    match fault {
        Fault::Status(429) => Some(ApiError::rate_limited("global-rate")),
        Fault::Status(status) => Some(ApiError::trouble(status)),
        Fault::RateLimited(reason) => Some(ApiError::rate_limited(reason.name())),
        Fault::RetryAfter(seconds) => {
            Some(ApiError::rate_limited("global-rate").header("retry-after", seconds.to_string()))
        }
        Fault::LockTimeout => Some(ApiError::lock_timeout()),
        Fault::ShouldNotRetry => Some(ApiError::trouble(500).header("stripe-should-retry", "false")),
        Fault::Drop | Fault::Truncate | Fault::Slow(_) => None,
    }
}

impl App {
    fn read(&self) -> std::sync::RwLockReadGuard<'_, Account> {
        self.account.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The body for a request. Keys come first, then rates, then everything about the request itself.
    fn answer(
        &self,
        request: &Request,
        endpoint: Option<&Endpoint>,
        name: &str,
        version: &mut String,
    ) -> Result<String, ApiError> {
        let key = auth::identify(request.headers(), &self.keys)?;
        if let Some(gate) = &self.gate {
            gate.enter(name).map_err(|reason| ApiError::rate_limited(reason.name()))?;
        }
        if let Some(asked) = request.headers().get("stripe-version") {
            let asked = asked.to_str().unwrap_or("?");
            if !is_version(asked) {
                return Err(ApiError::bad_version(asked));
            }
            asked.clone_into(version);
        }
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
        let account = self.read();
        match endpoint {
            Endpoint::Account => {
                key.check_account(account.id())?;
                query::expand_only(&pairs)?;
                Ok(compact(&account.describe()))
            }
            Endpoint::List(resource) => {
                key.check(&[*resource], account.id())?;
                self.list(&account, key, *resource, &pairs)
            }
            Endpoint::Object(resource, id) => {
                key.check(&[*resource], account.id())?;
                let paths = query::expand_only(&pairs)?;
                for path in &paths {
                    key.check(&expand::check(*resource, false, path)?, account.id())?;
                }
                let collection = account.store.of(*resource);
                match (collection.get(id), collection.stub(id)) {
                    (Some(entry), _) => Ok(expanded(&account, &entry.text, &paths, false)),
                    (None, Some(stub)) => Ok(stub.to_owned()),
                    (None, None) => Err(ApiError::missing(*resource, id, "id")),
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
        let page = query.page(&account.store, resource, self.same_second_trap)?;
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
    fault: Option<Fault>,
) -> Response<Body> {
    let (status, body, headers) = match answer {
        Ok(body) => (200, body, Vec::new()),
        Err(error) => (error.status, error.body(), error.headers),
    };
    let full = body.len();
    let half = body.floor_char_boundary(full / 2);
    let body = match fault {
        Some(Fault::Drop) => {
            let first = body[..half].to_owned().into_bytes();
            let broken = std::io::Error::other("the sandbox drops this connection");
            Body::from_stream(futures_util::stream::iter([Ok(first), Err(broken)]))
        }
        Some(Fault::Truncate) => Body::from(body[..half].to_owned()),
        _ => Body::from(body),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let request_id = format!("req_{}", Random::new(number).token(14));
    let always = [
        ("content-type", "application/json".to_owned()),
        ("request-id", request_id),
        ("stripe-version", version.to_owned()),
    ];
    for (name, value) in always.into_iter().chain(headers) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    if fault == Some(Fault::Drop) {
        response.headers_mut().insert("content-length", HeaderValue::from(full));
    }
    response
}
