//! The HTTP side. Connections are served by hand, because some must be closed without an answer.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Request, Response,
    body::Incoming,
    header::{HeaderName, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use crate::{
    lock,
    platform::{
        answer::Answer,
        batches::{self, NotTaken, Piece, ProfileIntake},
        collection::{Collected, Uncollected},
        faults::{Fault, Faults},
        log::{self, Log, Logged},
        options::{Client, Options, Organization},
        world::{Call, World},
    },
    random::Random,
};

/// Longer bodies are refused.
const MAX_BODY: usize = 4 << 20;

/// The platform could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {listen}: {source}; choose another address, or port 0 for any free one")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The log cannot be written.
    #[error("cannot write the log of requests: {0}; choose a file in a directory that may be written to")]
    Log(std::io::Error),
}

/// A running stand-in for `https://platform.adobe.io` and `https://ims-na1.adobelogin.com`. Dropping it stops
/// it.
#[derive(Debug)]
pub struct Platform {
    base_url: String,
    app: Arc<App>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct App {
    /// Where large uploads are kept.
    files: Option<PathBuf>,
    world: Mutex<World>,
    faults: Mutex<Faults>,
    log: Mutex<Log>,
    numbers: Mutex<u64>,
}

impl Platform {
    /// Starts serving on the current tokio runtime.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let fail = |source| StartError::Listen { listen: options.listen, source };
        let log = Log::open(options.log.as_deref()).map_err(StartError::Log)?;
        let listener = TcpListener::bind(options.listen).await.map_err(fail)?;
        let address = listener.local_addr().map_err(fail)?;
        let app = Arc::new(App {
            files: options.files.clone(),
            faults: Mutex::new(options.faults.clone()),
            log: Mutex::new(log),
            numbers: Mutex::new(0),
            world: Mutex::new(World::new(options)),
        });
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(accept(listener, Arc::clone(&app), stopped));
        Ok(Self { base_url: format!("http://{address}"), app, stop, task })
    }

    /// `http://127.0.0.1:<port>`, without a slash at the end; what stands for the gateway and for IMS.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The first organisation.
    pub fn organization(&self) -> Organization {
        lock(&self.app.world).options.organizations.first().cloned().unwrap_or_default()
    }

    /// The credential of the first organisation.
    pub fn client(&self) -> Client {
        self.organization().client
    }

    /// Every request so far, answered or not.
    pub fn requests(&self) -> Vec<Logged> {
        lock(&self.app.log).entries.clone()
    }

    /// How many requests so far were for a path that begins so, answered or not.
    pub fn asked(&self, path: &str) -> usize {
        lock(&self.app.log).entries.iter().filter(|entry| entry.path.starts_with(path)).count()
    }

    /// How many requests have changed something.
    pub fn changes(&self) -> usize {
        lock(&self.app.log).entries.iter().filter(|entry| entry.changed).count()
    }

    /// How many tokens were made.
    pub fn tokens_minted(&self) -> u64 {
        lock(&self.app.world).tokens.minted
    }

    /// Ends all tokens, as if their time were over.
    pub fn expire_tokens(&self) {
        lock(&self.app.world).tokens.expire();
    }

    /// Lets time pass for the platform: tokens grow old, batches go on.
    pub fn advance(&self, time: Duration) {
        lock(&self.app.world).clock.advance(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    }

    /// The rows that a dataset of a sandbox holds: appended ones in the order in which they came, those of a
    /// relational dataset by key.
    pub fn rows(&self, sandbox: &str, dataset: &str) -> Vec<Value> {
        lock(&self.app.world).lake(sandbox).map(|lake| lake.rows(dataset)).unwrap_or_default()
    }

    /// Columns that rows of a dataset had although the schema has no such fields. Batch ingestion leaves them out
    /// without a word.
    pub fn unknown_fields(&self, sandbox: &str, dataset: &str) -> Vec<String> {
        lock(&self.app.world).lake(sandbox).map(|lake| lake.unknown_fields(dataset)).unwrap_or_default()
    }

    /// The batches of a dataset as Catalog shows them, oldest first.
    pub fn batches(&self, sandbox: &str, dataset: &str) -> Vec<Value> {
        let mut world = lock(&self.app.world);
        let names = world.options.ingestion.names;
        world.lake(sandbox).map(|lake| lake.batches(dataset, names)).unwrap_or_default()
    }

    /// The complete files of a batch by path, byte for byte. An error is the disk's.
    pub fn files(&self, sandbox: &str, batch: &str) -> std::io::Result<Vec<(String, Vec<u8>)>> {
        lock(&self.app.world).lake(sandbox).map_or(Ok(Vec::new()), |lake| lake.files(batch))
    }

    /// What Profile took of a sandbox's batches.
    pub fn profile(&self, sandbox: &str) -> ProfileIntake {
        lock(&self.app.world).lake(sandbox).map(|lake| lake.profile()).unwrap_or_default()
    }

    /// What was streamed into a dataset, in the order in which it came.
    pub fn collected(&self, dataset: &str) -> Vec<Collected> {
        lock(&self.app.world).inbox.accepted(dataset)
    }

    /// What was streamed for a dataset and lies in its error batches.
    pub fn uncollected(&self, dataset: &str) -> Vec<Uncollected> {
        lock(&self.app.world).inbox.failed(dataset)
    }

    /// What Profile has of a dataset by streaming, by primary identity.
    pub fn profiles(&self, dataset: &str) -> BTreeMap<String, Value> {
        lock(&self.app.world).inbox.profiles(dataset)
    }

    /// Takes away all that was ever ingested, batches and rows, and leaves schemas and datasets.
    pub fn empty(&self) {
        lock(&self.app.world).empty();
    }

    /// Replaces all faults; the new ones count requests from 1.
    pub fn set_faults(&self, faults: Faults) {
        *lock(&self.app.faults) = faults;
    }

    /// Answers what is under way, then stops.
    pub async fn shutdown(mut self) {
        self.stop.send(true).ok();
        (&mut self.task).await.ok();
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Takes connections until told to stop, then lets each finish the request it is at.
async fn accept(listener: TcpListener, app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            taken = listener.accept() => {
                if let Ok((stream, _)) = taken {
                    connections.spawn(connection(stream, Arc::clone(&app), stopped.clone()));
                }
            }
            _ = connections.join_next(), if !connections.is_empty() => {}
            _ = stopped.changed() => break,
        }
    }
    while connections.join_next().await.is_some() {}
}

async fn connection(stream: TcpStream, app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let service = service_fn(move |request| {
        let app = Arc::clone(&app);
        async move { app.handle(request).await }
    });
    let mut serving = std::pin::pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        // A connection that ends with an error is one that was to be closed, or that the client gave up.
        _ = serving.as_mut() => return,
        _ = stopped.changed() => serving.as_mut().graceful_shutdown(),
    }
    serving.await.ok();
}

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("closed on purpose")]
struct Closed;

impl App {
    async fn handle(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Closed> {
        let (head, body) = request.into_parts();
        let number = {
            let mut numbers = lock(&self.numbers);
            *numbers += 1;
            *numbers
        };
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value)));
        let mut call = Call {
            number,
            method: head.method.as_str().to_owned(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            headers: headers.collect(),
            body: String::new(),
            upload: None,
            fate: None,
        };
        let fault = lock(&self.faults).next(&call.method, &call.path, &call.query);
        if let Some(Fault::Batch(fate)) = fault {
            call.fate = Some(fate);
        }
        if fault == Some(Fault::Cut) {
            let mut body = body;
            body.frame().await;
            self.note(&call, 0, b"", false);
            return Err(Closed);
        }
        if let Some(Fault::Slow(delay)) = fault {
            tokio::time::sleep(delay).await;
        }
        let refused = self.read(&mut call, body).await?.or_else(|| instead(fault));
        if fault == Some(Fault::Close) {
            self.note(&call, 0, b"", false);
            return Err(Closed);
        }
        let (answer, changed) = match refused {
            Some(refused) => (refused, false),
            None => lock(&self.world).answer(&call, &self.faults),
        };
        let answer = match fault {
            Some(Fault::CloseAfter) => {
                self.note(&call, 0, b"", changed);
                return Err(Closed);
            }
            Some(Fault::StatusAfter(status)) => Answer::trouble(status),
            Some(Fault::TruncateAfter) => {
                Answer { body: answer.body.slice(..answer.body.len() / 2), ..answer }
            }
            _ => answer,
        };
        self.note(&call, answer.status, &answer.body, changed);
        if let Some(Fault::Late(delay)) = fault {
            tokio::time::sleep(delay).await;
        }
        Ok(respond(answer, number))
    }

    /// Reads the body into the request. Answers what is said of one that cannot be taken.
    async fn read(&self, call: &mut Call, body: Incoming) -> Result<Option<Answer>, Closed> {
        let too_long = |what: &str| Some(Answer::problem(413, "PayloadTooLarge", what));
        let Some(limit) = batches::upload_limit(&call.method, &call.path) else {
            let read = Limited::new(body, MAX_BODY).collect().await.map(|body| body.to_bytes());
            return Ok(match read.ok().and_then(|bytes| String::from_utf8(bytes.into()).ok()) {
                None => too_long("The body is too long or not text."),
                Some(body) => {
                    call.body = body;
                    None
                }
            });
        };
        match Piece::receive(body, limit, self.files.as_deref(), call.number).await {
            Ok(piece) => {
                call.upload = Some(piece);
                Ok(None)
            }
            Err(NotTaken::TooLong) => {
                Ok(too_long("The body is too long for one request: upload it in parts."))
            }
            Err(NotTaken::Broken) => {
                self.note(call, 0, b"", false);
                Err(Closed)
            }
            Err(NotTaken::Disk(error)) => {
                let detail = format!("The upload cannot be kept: {error}");
                Ok(Some(Answer::problem(500, "InternalServerError", detail)))
            }
        }
    }

    fn note(&self, call: &Call, status: u16, answer: &[u8], changed: bool) {
        let token = call.path.starts_with("/ims/");
        let headers = call.headers.iter().map(|(name, value)| (name.clone(), log::header(name, value)));
        let kept = |text: &str| if token { String::new() } else { text.to_owned() };
        let sent = call.upload.as_ref().map(|piece| format!("({} bytes)", piece.length()));
        lock(&self.log).add(Logged {
            number: call.number,
            method: call.method.clone(),
            path: call.path.clone(),
            query: kept(&call.query),
            headers: headers.collect(),
            body: if token {
                log::form(&call.body)
            } else {
                sent.unwrap_or_else(|| log::body(&call.path, &call.body))
            },
            status,
            answer: kept(&String::from_utf8_lossy(answer)),
            changed,
        });
    }
}

/// What a fault answers in the place of the service.
fn instead(fault: Option<Fault>) -> Option<Answer> {
    match fault? {
        Fault::Status(status) => Some(Answer::trouble(status)),
        Fault::Html(status) => Some(Answer::html(status)),
        Fault::Empty(status) => Some(Answer::empty(status)),
        Fault::RetryAfter(seconds) => Some(Answer::trouble(429).header("retry-after", seconds.to_string())),
        Fault::StatusAfter(_)
        | Fault::Close
        | Fault::CloseAfter
        | Fault::TruncateAfter
        | Fault::Cut
        | Fault::Batch(_)
        | Fault::Slow(_)
        | Fault::Late(_)
        | Fault::Entry(_)
        | Fault::EntryAfter(_) => None,
    }
}

fn respond(answer: Answer, number: u64) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(answer.body));
    if let Ok(status) = hyper::StatusCode::from_u16(answer.status) {
        *response.status_mut() = status;
    }
    let always =
        [("content-type", answer.content_type.to_owned()), ("x-request-id", Random::new(number).token(32))];
    for (name, value) in always.into_iter().chain(answer.headers) {
        if let (false, Ok(value)) = (value.is_empty(), HeaderValue::from_str(&value)) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}
