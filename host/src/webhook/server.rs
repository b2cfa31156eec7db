//! The HTTP side: one path that takes webhooks, and two that say how it goes.

use super::wrapped::EVENT_GRID;
use super::{Held, Inbox, InboxError, Keys, Refusal, Verifier};
use crate::http::{self, Connections, Unread};
use crate::observe::Metrics;
use crate::schedule::Stop;
use crate::sync::events_in;
use bytes::Bytes;
use futures_util::future::try_join_all;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;

/// Where webhooks are sent to.
pub const PATH: &str = "/webhook";

const SIGNATURE: &str = "stripe-signature";
/// When a full inbox is worth another try, in seconds.
const LATER: &str = "60";

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
    /// Until it is durable.
    pub keeping: Duration,
    /// Until requests that are being answered are cut off at the end.
    pub ending: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            body: 1 << 20,
            connections: 1_024,
            head: Duration::from_secs(30),
            reading: Duration::from_secs(10),
            keeping: Duration::from_secs(15),
            ending: Duration::from_secs(20),
        }
    }
}

/// An account's own: who may send, and where it is kept. Whose a webhook is, is told by the secret that signed it.
#[derive(Debug)]
pub struct Endpoint {
    /// Knows what Stripe has signed; none when all comes by other ways.
    pub verifier: Option<Verifier>,
    /// Knows what others hand on; none when nobody may.
    pub keys: Option<Keys>,
    /// Where Events are kept.
    pub inbox: Arc<Inbox>,
}

/// Takes webhooks into inboxes.
#[derive(Debug)]
pub struct Receiver {
    /// One of each account.
    pub endpoints: Vec<Endpoint>,
    /// What one may cost.
    pub bounds: Bounds,
    /// What counts them.
    pub metrics: Option<Arc<Metrics>>,
}

/// A receiver that is bound to its address.
#[derive(Debug)]
pub struct Receiving {
    receiver: Arc<Receiver>,
    listener: TcpListener,
    /// Where it is.
    pub address: SocketAddr,
}

/// How a request is answered.
enum Answer {
    Taken,
    Refused(StatusCode, &'static str, String),
}

impl Receiver {
    /// Takes hold of an address.
    pub async fn bind(self, address: SocketAddr) -> std::io::Result<Receiving> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Receiving { receiver: Arc::new(self), listener, address })
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        match (request.method(), request.uri().path()) {
            (&Method::POST, PATH) => {}
            (&Method::OPTIONS, PATH) if self.endpoints.iter().any(|endpoint| endpoint.keys.is_some()) => {
                return handshake(request.headers());
            }
            (_, PATH) => {
                let mut answer = json_answer(
                    StatusCode::METHOD_NOT_ALLOWED,
                    &json!({ "error": { "code": "method", "message": "webhooks are sent by POST" } }),
                );
                answer.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
                return answer;
            }
            (&Method::GET | &Method::HEAD, "/healthz") => {
                return json_answer(StatusCode::OK, &json!({ "status": "ok" }));
            }
            (&Method::GET | &Method::HEAD, "/readyz") => return self.readiness(),
            _ => {
                let message = format!("webhooks are sent to {PATH}");
                return json_answer(
                    StatusCode::NOT_FOUND,
                    &json!({ "error": { "code": "not_found", "message": message } }),
                );
            }
        }
        let began = Instant::now();
        let answer = self.take(request).await;
        let (code, response) = match answer {
            Answer::Taken => ("taken", json_answer(StatusCode::OK, &json!({ "received": true }))),
            Answer::Refused(status, code, message) => {
                tracing::info!(status = status.as_u16(), code, "a webhook is refused");
                let body = json!({ "error": { "code": code, "message": message } });
                let mut response = json_answer(status, &body);
                if status == StatusCode::SERVICE_UNAVAILABLE {
                    let later = HeaderValue::from_static(LATER);
                    response.headers_mut().insert(RETRY_AFTER, later);
                }
                (code, response)
            }
        };
        if let Some(metrics) = &self.metrics {
            let held = self.held();
            metrics.webhook(code, began.elapsed());
            metrics.inbox(held.events, held.bytes);
        }
        response
    }

    async fn take(&self, request: Request<Incoming>) -> Answer {
        let refuse = |status, code, message: &dyn std::fmt::Display| {
            Answer::Refused(status, code, message.to_string())
        };
        let (head, body) = request.into_parts();
        // Who does not even claim to have a signature, or a key, is not listened to.
        let signature = only(&head.headers);
        let has_key = |endpoint: &&Endpoint| {
            let is_unsigned = !head.headers.contains_key(SIGNATURE);
            is_unsigned && endpoint.keys.as_ref().is_some_and(|keys| keys.are_in(&head.headers))
        };
        let known = self.endpoints.iter().find(has_key);
        if signature.is_none() && known.is_none() {
            return refuse(StatusCode::BAD_REQUEST, "signature", &Refusal::Missing);
        }
        let body = match http::read(body, self.bounds.body, self.bounds.reading).await {
            Ok(body) => body,
            Err(Unread::TooLarge) => {
                let message = format!("a webhook has at most {} bytes here", self.bounds.body);
                return refuse(StatusCode::PAYLOAD_TOO_LARGE, "too_large", &message);
            }
            Err(Unread::Cut) => return refuse(StatusCode::BAD_REQUEST, "cut", &"the body was cut"),
            Err(Unread::Slow) => {
                return refuse(StatusCode::REQUEST_TIMEOUT, "timeout", &"the body took too long");
            }
        };
        let endpoint = match (known, signature) {
            (Some(endpoint), _) => endpoint,
            (None, signature) => match self.whose(&signature.unwrap_or_default(), &body, now()) {
                Ok(endpoint) => endpoint,
                Err(refusal) => return refuse(StatusCode::BAD_REQUEST, "signature", &refusal),
            },
        };
        let Some(events) = events_in(&body) else {
            let message = "the body is neither an Event (object: event) nor a thin one (object: v2.core.event), nor such a one \
                 wrapped";
            return refuse(StatusCode::BAD_REQUEST, "not_an_event", &message);
        };
        // When some of several are kept and others are not, all are sent again, and those come twice.
        let keeping = try_join_all(events.into_iter().map(|event| endpoint.inbox.keep(event)));
        match tokio::time::timeout(self.bounds.keeping, keeping).await {
            Ok(Ok(_)) => Answer::Taken,
            Ok(Err(InboxError::Full)) => refuse(
                StatusCode::SERVICE_UNAVAILABLE,
                "full",
                &"more is waiting than may; send it again later",
            ),
            // What failed is logged; its words name places of this machine.
            Ok(Err(_)) | Err(_) => refuse(
                StatusCode::SERVICE_UNAVAILABLE,
                "failed",
                &"it cannot be stored now; send it again later",
            ),
        }
    }

    /// The endpoint that one of its secrets has signed for.
    fn whose(&self, signature: &[u8], body: &[u8], now: i64) -> Result<&Endpoint, Refusal> {
        let mut refusal = Refusal::NoMatch;
        for endpoint in &self.endpoints {
            let Some(verifier) = &endpoint.verifier else { continue };
            match verifier.verify(signature, body, now) {
                Ok(()) => return Ok(endpoint),
                // Another one's secret says nothing; who has signed too long ago is told so.
                Err(Refusal::NoMatch) => {}
                Err(other) => refusal = other,
            }
        }
        Err(refusal)
    }

    /// What all inboxes hold.
    fn held(&self) -> Held {
        let mut held = Held::default();
        self.endpoints.iter().for_each(|endpoint| held.add(endpoint.inbox.held()));
        held
    }

    /// Whether what comes in now would be taken.
    fn readiness(&self) -> Response<Full<Bytes>> {
        let held = self.held();
        let any = |is: fn(&Inbox) -> bool| self.endpoints.iter().any(|endpoint| is(&endpoint.inbox));
        let status = match () {
            () if any(|inbox| !inbox.is_sound()) => "failing",
            () if any(Inbox::is_full) => "full",
            () => "ready",
        };
        let code = if status == "ready" { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        json_answer(
            code,
            &json!({ "status": status, "inbox": { "events": held.events, "bytes": held.bytes } }),
        )
    }
}

impl Receiving {
    /// Takes webhooks until it is to stop; then ends what it has begun.
    pub async fn serve(self, stop: &Stop) {
        let Self { receiver, listener, .. } = self;
        let Bounds { connections: most, head, ending, .. } = receiver.bounds;
        let answer = move |request| {
            let receiver = receiver.clone();
            async move { receiver.answer(request).await }
        };
        if !http::serve(listener, Connections { most, head, ending }, stop, answer).await {
            tracing::warn!("requests were cut off at the end; Stripe sends them again");
        }
    }
}

/// The signature, when there is exactly one.
fn only(headers: &HeaderMap) -> Option<Vec<u8>> {
    let mut all = headers.get_all(SIGNATURE).iter();
    match (all.next(), all.next()) {
        (Some(one), None) => Some(one.as_bytes().to_vec()),
        _ => None,
    }
}

/// Event Grid asks whether its events are wanted before it sends any.
fn handshake(headers: &HeaderMap) -> Response<Full<Bytes>> {
    if headers.get("webhook-request-origin").is_none_or(|origin| origin != EVENT_GRID) {
        let message = format!("only {EVENT_GRID} may ask to send here");
        let error = json!({ "error": { "code": "unknown_origin", "message": message } });
        return json_answer(StatusCode::FORBIDDEN, &error);
    }
    let mut answer = Response::new(Full::default());
    for (name, value) in
        [("allow", "POST"), ("webhook-allowed-origin", EVENT_GRID), ("webhook-allowed-rate", "*")]
    {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

fn json_answer(status: StatusCode, body: &serde_json::Value) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(Bytes::from(body.to_string())));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}
