//! The HTTP side: the page's files, which anybody on this machine may have, and below `/api/` what is behind the token.

use super::account::Account;
use super::answer::{Answer, Keep, json_of, lines, refused, whole};
use super::door::{Door, Token};
use super::trial::{self, Question};
use crate::http::{self, Connections, Unread};
use crate::module::Module;
use crate::schedule::Stop;
use crate::stripe::Resource;
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{ALLOW, HeaderValue};
use hyper::{Method, Request, StatusCode};
use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};

/// Most objects that are given out at once, and how many are when nothing is said.
const MOST_SAMPLES: usize = 1_000;
const SAMPLES: usize = 10;
/// So many bytes of objects are enough for one answer.
const ENOUGH: usize = 32 << 20;

/// The files of the built page, by their names below its root.
#[derive(Debug, Clone, Copy)]
pub struct Site(pub &'static [(&'static str, &'static [u8])]);

/// What a request may cost.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Bytes of a body.
    pub body: usize,
    /// Connections at once.
    pub connections: usize,
    /// From a connection, or from the request before, to the end of the headers.
    pub head: Duration,
    /// From the headers to the end of the body.
    pub reading: Duration,
    /// Until samples are there.
    pub sampling: Duration,
    /// Until a dry run is at its end.
    pub trying: Duration,
    /// Until requests that are being answered are cut off at the end.
    pub ending: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            body: 4 << 20,
            connections: 64,
            head: Duration::from_secs(60),
            reading: Duration::from_secs(10),
            sampling: Duration::from_secs(120),
            trying: Duration::from_secs(900),
            ending: Duration::from_secs(2),
        }
    }
}

/// Serves the page.
#[derive(Debug)]
pub struct Preview {
    /// The page.
    pub site: Site,
    /// Opens what is behind it.
    pub token: Token,
    /// Where samples come from.
    pub accounts: Vec<Arc<Account>>,
    /// What the page is told of the settings, and nothing that is secret.
    pub about: Map<String, Value>,
    /// Makes the records of dry runs.
    pub module: Module,
    /// What a request may cost.
    pub bounds: Bounds,
}

/// Why there is no preview.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// Others could reach it.
    #[error(
        "{0} can be reached from other machines, and behind the preview is an account: only addresses of this machine \
         are taken, such as 127.0.0.1:0. From elsewhere, forward a port: ssh -L 8788:127.0.0.1:8788 THIS-MACHINE"
    )]
    NotLoopback(SocketAddr),
    /// The address is taken, or is none of this machine.
    #[error("{0}: cannot listen there: {1}")]
    Listen(SocketAddr, std::io::Error),
}

/// A preview that is bound to its address.
#[derive(Debug)]
pub struct Previewing {
    server: Arc<Server>,
    listener: TcpListener,
    /// Where it is.
    pub address: SocketAddr,
}

#[derive(Debug)]
struct Server {
    preview: Preview,
    door: Door,
    /// One dry run at a time: it takes what a sync takes.
    trying: Arc<Semaphore>,
}

impl Preview {
    /// Takes hold of an address of this machine.
    pub async fn bind(self, address: SocketAddr) -> Result<Previewing, PreviewError> {
        if !address.ip().is_loopback() {
            return Err(PreviewError::NotLoopback(address));
        }
        let failed = |error| PreviewError::Listen(address, error);
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let door = Door::new(address, self.token.clone());
        let server = Arc::new(Server { preview: self, door, trying: Arc::new(Semaphore::new(1)) });
        Ok(Previewing { server, listener, address })
    }
}

impl Previewing {
    /// The page's address, with the token in the part that browsers send to nobody.
    pub fn url(&self) -> String {
        format!("http://{}/#token={}", self.address, self.server.preview.token.exposed())
    }

    /// Answers until it is to stop.
    pub async fn serve(self, stop: &Stop) {
        let Self { server, listener, .. } = self;
        let Bounds { connections: most, head, ending, .. } = server.preview.bounds;
        let answer = move |request| {
            let server = server.clone();
            async move { server.answer(request).await }
        };
        if !http::serve(listener, Connections { most, head, ending }, stop, answer).await {
            tracing::info!("requests were cut off at the end");
        }
    }
}

impl Server {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let Some(what) = path.strip_prefix("/api/") else {
            return match self.door.is_ours(request.headers()) {
                Ok(_) => self.file(&method, &path),
                Err(refusal) => refused(refusal.status(), refusal.code(), &refusal.to_string()),
            };
        };
        if let Err(refusal) = self.door.open(&method, request.headers()) {
            tracing::info!(code = refusal.code(), "a request is refused");
            return refused(refusal.status(), refusal.code(), &refusal.to_string());
        }
        match (&method, what) {
            (&Method::GET, "session") => self.session(),
            (&Method::GET, "samples") => {
                let samples = self.samples(request.uri().query().unwrap_or_default());
                let samples = tokio::time::timeout(self.preview.bounds.sampling, samples).await;
                samples.unwrap_or_else(|_| {
                    refused(
                        StatusCode::GATEWAY_TIMEOUT,
                        "timeout",
                        "Stripe takes too long; ask for fewer objects",
                    )
                })
            }
            (&Method::POST, "dry-run") => self.dry_run(request.into_body()).await,
            (_, "session" | "samples") => not_so("GET"),
            (_, "dry-run") => not_so("POST"),
            _ => nowhere(),
        }
    }

    fn file(&self, method: &Method, path: &str) -> Answer {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return not_so("GET, HEAD");
        }
        let name = if path == "/" { "index.html" } else { path.trim_start_matches('/') };
        let found = self.preview.site.0.iter().find(|(known, _)| *known == name);
        let Some((name, bytes)) = found else { return nowhere() };
        let keep = if name.starts_with("assets/") { Keep::Always } else { Keep::Asking };
        whole(StatusCode::OK, kind(name), keep, Bytes::from_static(bytes))
    }

    fn session(&self) -> Answer {
        let account = |account: &Arc<Account>| {
            let resource =
                |resource: &Resource| json!({ "name": resource.name(), "object": resource.object() });
            let resources: Vec<Value> = account.resources().iter().map(resource).collect();
            json!({ "name": account.name(), "mode": account.mode(), "api_version": account.api_version(),
                "resources": resources })
        };
        let mut answer = self.preview.about.clone();
        answer.insert("accounts".to_owned(), self.preview.accounts.iter().map(account).collect());
        answer.insert("module".to_owned(), self.preview.module.sha256().into());
        json_of(StatusCode::OK, &Value::Object(answer))
    }

    /// Objects as Stripe sent them, in a list as Stripe's.
    async fn samples(&self, query: &str) -> Answer {
        let given: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
        let get = |name: &str| given.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_ref());
        let (account, resource) = match self.find(get("account"), get("resource").unwrap_or_default()) {
            Ok(found) => found,
            Err(problem) => return bad(&problem),
        };
        let limit = get("limit").map_or(Ok(SAMPLES), str::parse);
        let Some(limit) = limit.ok().filter(|limit| (1..=MOST_SAMPLES).contains(limit)) else {
            return bad(&format!("limit: expected a number from 1 to {MOST_SAMPLES}"));
        };
        let id = match account.id().await {
            Ok(id) => id,
            Err(error) => return stripe(&error.to_string()),
        };
        let head = json!({ "object": "list", "account": id, "livemode": account.mode() == Some("live") });
        let mut body = head.to_string().into_bytes();
        // Behind the head, so that what Stripe wrote is not read and written anew.
        body.pop();
        body.extend_from_slice(br#","data":["#);
        let start = body.len();
        let mut put = |text: &[u8]| {
            if body.len() > start {
                body.push(b',');
            }
            body.extend_from_slice(text);
            body.len() < ENOUGH
        };
        if let Some(id) = get("id") {
            match account.object(resource, id).await {
                Ok(page) => drop(page.objects.iter().all(|object| put(page.text(object)))),
                Err(error) => return stripe(&error.to_string()),
            }
        } else {
            let mut latest = account.latest(resource, limit);
            loop {
                match latest.next().await {
                    Ok(Some((_, text))) if put(&text) => {}
                    Ok(_) => break,
                    Err(error) => return stripe(&error.to_string()),
                }
            }
        }
        body.extend_from_slice(b"]}");
        whole(StatusCode::OK, "application/json", Keep::Never, body)
    }

    async fn dry_run(&self, body: Incoming) -> Answer {
        let bounds = self.preview.bounds;
        let body = match http::read(body, bounds.body, bounds.reading).await {
            Ok(body) => body,
            Err(Unread::TooLarge) => {
                let message = format!("a mapping has at most {} bytes here", bounds.body);
                return refused(StatusCode::PAYLOAD_TOO_LARGE, "too_large", &message);
            }
            Err(Unread::Cut) => return bad("the body was cut"),
            Err(Unread::Slow) => {
                return refused(StatusCode::REQUEST_TIMEOUT, "timeout", "the body took too long");
            }
        };
        let question: Question = match serde_json::from_slice(&body) {
            Ok(question) => question,
            Err(error) => return bad(&error.to_string()),
        };
        if let Some(problem) = question.problem() {
            return bad(&problem);
        }
        let (account, resource) = match self.find(question.account.as_deref(), &question.resource) {
            Ok(found) => found,
            Err(problem) => return bad(&problem),
        };
        let Ok(turn) = self.trying.clone().try_acquire_owned() else {
            let message = "another dry run is under way; stop it, or wait for its end";
            return refused(StatusCode::CONFLICT, "busy", message);
        };
        let (told, hears) = mpsc::channel(8);
        let (module, account) = (self.preview.module.clone(), account.clone());
        tokio::spawn(async move {
            let _turn = turn;
            trial::run(module, &account, resource, question, bounds.trying, told).await;
        });
        lines(hears)
    }

    /// An account and one of its resources.
    fn find(&self, account: Option<&str>, resource: &str) -> Result<(&Arc<Account>, Resource), String> {
        let accounts = &self.preview.accounts;
        let account = match (account, accounts.as_slice()) {
            (_, []) => return Err("no account is configured".to_owned()),
            (None, [one]) => one,
            (None, _) => return Err("account: there are several; name one".to_owned()),
            (Some(name), all) => {
                let found = all.iter().find(|account| account.name() == name);
                found.ok_or_else(|| "account: there is none of this name".to_owned())?
            }
        };
        let resource = Resource::from_name(resource).filter(|known| account.resources().contains(known));
        match resource {
            Some(resource) => Ok((account, resource)),
            None => {
                let known: Vec<&str> = account.resources().iter().map(|known| known.name()).collect();
                Err(format!("resource: expected one of {}", known.join(", ")))
            }
        }
    }
}

fn bad(message: &str) -> Answer {
    refused(StatusCode::BAD_REQUEST, "invalid", message)
}

fn stripe(message: &str) -> Answer {
    refused(StatusCode::BAD_GATEWAY, "stripe", message)
}

fn nowhere() -> Answer {
    refused(StatusCode::NOT_FOUND, "not_found", "there is nothing here; the page is at /")
}

fn not_so(allowed: &'static str) -> Answer {
    let mut answer =
        refused(StatusCode::METHOD_NOT_ALLOWED, "method", &format!("here one asks by {allowed}"));
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    answer
}

/// What a file is, by its name.
fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "wasm" => "application/wasm",
        "json" => "application/json",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}
