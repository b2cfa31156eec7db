//! Requests through the gateway: headers, one token, bounded in time and size, repeated where that is safe.
//!
//! What only looks is repeated after any trouble, and so is what comes to the same when it is done twice: the
//! upload of a whole file. Any other request that writes is repeated only when it surely had no effect (no token,
//! too many requests); after other trouble the caller looks at what is there.

use super::collection::{self, Inlet};
use super::error::{PlatformError, Refusal, RequestId, advice};
use super::token::{Secret, Token, Tokens};
use super::upload::Slice;
use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, Response, Url, redirect};
use secrecy::ExposeSecret;
use serde_json::Value;
use std::time::Duration;

/// Longest that one request may take, besides the time for its bytes.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes a second below which an upload is given up.
const SLOWEST: u64 = 128 << 10;
/// Largest answer that is read, in bytes: a list of all descriptors of a sandbox is a few MiB.
const MAX_BODY: usize = 32 << 20;
/// Largest answer of the identity service, in bytes.
pub(super) const MAX_TOKEN_BODY: usize = 64 << 10;
/// Requests after the first one.
const RETRIES: u32 = 4;
const FIRST: Duration = Duration::from_millis(500);
/// The one header of ours that inlets want, too.
const SANDBOX: &str = "x-sandbox-name";
/// Longest `Retry-After` that is honoured.
const LONGEST_ASKED: Duration = Duration::from_secs(120);

/// What a [`Platform`] needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// The gateway, normally `https://platform.adobe.io`.
    pub platform: String,
    /// The identity service, normally `https://ims-na1.adobelogin.com`.
    pub ims: String,
    /// The organisation, `…@AdobeOrg`.
    pub org: String,
    /// The sandbox's name, such as `prod`.
    pub sandbox: String,
    /// The client id of the credential; it is the API key, too.
    pub client_id: String,
    /// The client secret.
    pub secret: Secret,
    /// The credential's scopes, joined by commas.
    pub scopes: String,
}

/// One sandbox of an organisation.
#[derive(Debug)]
pub struct Platform {
    http: reqwest::Client,
    base: Url,
    tokens: Tokens,
    /// Sent with every request: key, organisation, sandbox.
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// Who answers a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Host<'a> {
    /// The gateway.
    Gateway,
    /// An inlet: neither key nor organisation is sent there. Raw data comes with the id of its flow.
    Inlet(&'a Inlet, Option<&'a str>),
}

/// A request to be made.
#[derive(Debug, Clone)]
pub(super) struct Ask<'a> {
    pub(super) host: Host<'a>,
    pub(super) method: Method,
    /// Its path, percent-encoded.
    pub(super) path: String,
    pub(super) query: Vec<(&'a str, String)>,
    pub(super) accept: &'a str,
    pub(super) body: Body<'a>,
    /// Whether it may be made twice.
    pub(super) repeats: bool,
    pub(super) form: Form,
    /// The etag that what is changed must have.
    pub(super) if_match: Option<&'a str>,
}

/// What a request carries.
#[derive(Debug, Clone)]
pub(super) enum Body<'a> {
    None,
    Json(&'a Value),
    /// Bytes of files.
    Bytes(&'a Slice),
    /// JSON as it is sent.
    Text(Bytes),
}

/// What an answer that says yes is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    /// JSON or nothing: nobody looks at it.
    Any,
    /// Bytes.
    Raw,
}

impl<'a> Ask<'a> {
    pub(super) fn get(path: impl Into<String>, accept: &'a str) -> Self {
        Self {
            host: Host::Gateway,
            method: Method::GET,
            path: path.into(),
            query: Vec::new(),
            accept,
            body: Body::None,
            repeats: true,
            form: Form::Json,
            if_match: None,
        }
    }

    pub(super) fn send(method: Method, path: impl Into<String>, body: &'a Value) -> Self {
        Self { method, body: Body::Json(body), repeats: false, ..Self::get(path, "application/json") }
    }

    /// Something is to be done to what the path names; of the answer only counts that it says yes.
    pub(super) fn act(path: impl Into<String>, action: &str) -> Self {
        let query = vec![("action", action.to_owned())];
        let (method, form) = (Method::POST, Form::Any);
        Self { method, query, repeats: false, form, ..Self::get(path, "application/json") }
    }

    /// Bytes of files.
    pub(super) fn upload(method: Method, path: impl Into<String>, bytes: &'a Slice) -> Self {
        // A whole file takes the place of the one before.
        let repeats = method == Method::PUT;
        let (body, form) = (Body::Bytes(bytes), Form::Any);
        Self { method, body, repeats, form, ..Self::get(path, "application/json") }
    }

    /// Only the head of what the path names.
    pub(super) fn head(path: impl Into<String>) -> Self {
        Self { method: Method::HEAD, form: Form::Any, ..Self::get(path, "*/*") }
    }

    fn what(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// An answer that says yes.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) body: Value,
    /// The body of [`Form::Raw`].
    pub(super) raw: BytesMut,
    /// How long it says to be.
    pub(super) length: Option<u64>,
    /// The first byte after those that it says are there.
    pub(super) received: Option<u64>,
    what: String,
    request: RequestId,
}

impl Answer {
    /// The error for an answer that lacks something.
    pub(super) fn lacks(&self, message: impl Into<String>) -> PlatformError {
        PlatformError::Contract {
            what: self.what.clone(),
            message: message.into(),
            request: self.request.clone(),
        }
    }
}

/// How a request ended that gave no answer.
pub(super) enum Attempt {
    /// It may be worth another one.
    Temporary {
        message: String,
        request: RequestId,
        /// What `Retry-After` asks for.
        after: Option<Duration>,
        /// Whether it surely had no effect.
        unsent: bool,
    },
    /// The gateway does not take the token.
    Token(Token, PlatformError),
    Final(PlatformError),
}

impl Attempt {
    pub(super) fn cut(message: String) -> Self {
        Attempt::Temporary { message, request: RequestId::default(), after: None, unsent: false }
    }
}

impl Platform {
    /// Sets the client up; no request is made.
    pub fn new(config: Config) -> Result<Self, PlatformError> {
        let base = base("--platform-url", &config.platform)?;
        let mut headers = Vec::new();
        for (name, option, value) in [
            ("x-api-key", "--client-id", &config.client_id),
            ("x-gw-ims-org-id", "--org", &config.org),
            (SANDBOX, "--aep-sandbox", &config.sandbox),
        ] {
            let refused =
                || PlatformError::Setup(format!("{option} is empty or holds characters that none has"));
            let plain = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic());
            let value = HeaderValue::from_str(value).ok().filter(|_| plain).ok_or_else(refused)?;
            headers.push((HeaderName::from_static(name), value));
        }
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("stripe-xdm/", env!("CARGO_PKG_VERSION")))
            .timeout(TIMEOUT)
            .connect_timeout(Duration::from_secs(20))
            // A redirect could carry token or secret elsewhere; Adobe sends none.
            .redirect(redirect::Policy::none());
        if is_local(&base) {
            http = http.no_proxy();
        }
        let http = http.build();
        let http =
            http.map_err(|e| PlatformError::Setup(format!("the HTTP client cannot be set up: {e}")))?;
        let Config { ims, org, client_id, secret, scopes, .. } = config;
        let tokens = Tokens::new(http.clone(), &ims, &org, &client_id, secret, &scopes)?;
        Ok(Self { http, base, tokens, headers })
    }

    /// An inlet by the address that Flow Service tells; a token may be sent there.
    pub(super) fn inlet(&self, address: &str) -> Result<Inlet, PlatformError> {
        Inlet::new(address, is_local(&self.base)).map_err(PlatformError::Setup)
    }

    /// The organisation's id.
    pub fn org(&self) -> &str {
        let org = self.headers.iter().find(|(name, _)| name == "x-gw-ims-org-id");
        org.and_then(|(_, value)| value.to_str().ok()).unwrap_or_default()
    }

    /// Asks the identity service for a token, whatever is kept from earlier runs.
    pub async fn sign_in(&self) -> Result<(), PlatformError> {
        self.tokens.renew().await
    }

    /// Asks; none when there is no such thing (404).
    pub(super) async fn find(&self, ask: &Ask<'_>) -> Result<Option<Answer>, PlatformError> {
        match self.ask(ask).await {
            Ok(answer) => Ok(Some(answer)),
            Err(PlatformError::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Asks until there is an answer or no hope of one.
    pub(super) async fn ask(&self, ask: &Ask<'_>) -> Result<Answer, PlatformError> {
        let (mut made, mut refused) = (0, None);
        loop {
            let (message, request, after, unsent) = match self.once(ask, refused.as_ref()).await {
                Ok(answer) => return Ok(answer),
                Err(Attempt::Final(error)) => return Err(error),
                // The token may have been revoked before its time: one more, and only one.
                Err(Attempt::Token(_, error)) if refused.is_some() => return Err(error),
                Err(Attempt::Token(token, _)) => {
                    refused = Some(token);
                    continue;
                }
                Err(Attempt::Temporary { message, request, after, unsent }) => {
                    (message, request, after, unsent)
                }
            };
            made += 1;
            let again = unsent || ask.repeats;
            if !again || !pause(made, after).await {
                return Err(PlatformError::NoAnswer { what: ask.what(), attempts: made, message, request });
            }
        }
    }

    async fn once(&self, ask: &Ask<'_>, refused: Option<&Token>) -> Result<Answer, Attempt> {
        let token = self.tokens.get(refused).await.map_err(Attempt::Final)?;
        let (mut url, largest) = match ask.host {
            Host::Gateway => (self.base.clone(), MAX_BODY),
            Host::Inlet(inlet, _) => (inlet.url().clone(), collection::MAX_ANSWER),
        };
        url.set_path(&ask.path);
        if !ask.query.is_empty() {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            // A plus sign means a space in forms only.
            url.set_query(Some(&query.extend_pairs(&ask.query).finish().replace('+', "%20")));
        }
        let mut request = self.http.request(ask.method.clone(), url);
        let bearer = HeaderValue::try_from(format!("Bearer {}", token.text.expose_secret()));
        let mut bearer = bearer.map_err(|_| {
            Attempt::Final(PlatformError::Setup("Adobe's access token holds odd characters".to_owned()))
        })?;
        bearer.set_sensitive(true);
        request = request.header(reqwest::header::AUTHORIZATION, bearer);
        for (name, value) in &self.headers {
            if matches!(ask.host, Host::Gateway) || name == SANDBOX {
                request = request.header(name, value);
            }
        }
        if let Host::Inlet(_, Some(flow)) = ask.host {
            request = request.header("x-adobe-flow-id", flow);
        }
        request = request.header(reqwest::header::ACCEPT, ask.accept);
        if let Some(etag) = ask.if_match {
            request = request.header(reqwest::header::IF_MATCH, etag);
        }
        let json = "application/json";
        request = match &ask.body {
            // The gateway wants to know the type of a POST's body, even of none.
            Body::None if ask.method == Method::POST => {
                request.header(CONTENT_TYPE, json).header(CONTENT_LENGTH, 0)
            }
            Body::None => request,
            Body::Json(body) => request.header(CONTENT_TYPE, json).body(body.to_string()),
            Body::Text(text) => request.header(CONTENT_TYPE, json).body(text.clone()),
            Body::Bytes(slice) => {
                let bytes = slice.body().map_err(|error| Attempt::Final(PlatformError::Setup(error)))?;
                if let Some(range) = slice.range() {
                    request = request.header(CONTENT_RANGE, range);
                }
                request
                    .timeout(TIMEOUT + Duration::from_secs(slice.len() / SLOWEST))
                    .header(CONTENT_TYPE, "application/octet-stream")
                    .body(bytes)
            }
        };
        let cut = |error| Attempt::cut(self.tokens.redact(&cause(error), Some(&token)));
        let response = request.send().await.map_err(cut)?;
        let mut sent = Sent::of(&response);
        let body = match body(response, largest).await {
            Ok(body) => body,
            Err(BodyError::Cut(error)) => return Err(cut(error)),
            Err(error @ BodyError::TooLarge(_)) => {
                return Err(Attempt::Final(PlatformError::Contract {
                    what: ask.what(),
                    message: error.to_string(),
                    request: sent.request,
                }));
            }
        };
        if (200..300).contains(&sent.status) {
            let (length, received) = (sent.length, sent.received);
            let answer =
                |body, raw, request| Answer { body, raw, length, received, what: ask.what(), request };
            if ask.form != Form::Json {
                let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
                let raw = if ask.form == Form::Raw { body } else { BytesMut::new() };
                return Ok(answer(json, raw, sent.request));
            }
            return match serde_json::from_slice(&body) {
                Ok(body) => Ok(answer(body, BytesMut::new(), sent.request)),
                Err(_) => Err(Attempt::Temporary {
                    message: format!(
                        "{} {}",
                        sent.status,
                        Refusal::read(&body, &sent.content_type).message()
                    ),
                    request: sent.request,
                    after: None,
                    unsent: false,
                }),
            };
        }
        let refusal = Refusal::read(&body, &sent.content_type);
        sent.request.0 = sent.request.0.or_else(|| refusal.request());
        let (code, message) = (refusal.code(), self.tokens.redact(&refusal.message(), Some(&token)));
        let advice = match ask.host {
            Host::Gateway => advice(sent.status, &code, &ask.path),
            Host::Inlet(..) => collection::advice(sent.status),
        };
        let error = PlatformError::Refused {
            what: ask.what(),
            status: sent.status,
            code: if code.is_empty() { code.clone() } else { format!(" {code}") },
            message: message.clone(),
            advice,
            request: sent.request.clone(),
        };
        Err(match (sent.status, code.as_str()) {
            (401, _) | (_, "401013") => Attempt::Token(token, error),
            // Of inlets it is told both ways.
            (403, _) if matches!(ask.host, Host::Inlet(..)) => Attempt::Token(token, error),
            (429 | 500.., _) => Attempt::Temporary {
                message: format!(
                    "{}{} {message}",
                    sent.status,
                    if code.is_empty() { code } else { format!(" {code}") }
                ),
                request: sent.request,
                after: sent.after,
                unsent: sent.status == 429,
            },
            _ => Attempt::Final(error),
        })
    }
}

/// What the head of an answer says.
pub(super) struct Sent {
    pub(super) status: u16,
    pub(super) request: RequestId,
    pub(super) content_type: String,
    pub(super) after: Option<Duration>,
    length: Option<u64>,
    received: Option<u64>,
}

impl Sent {
    pub(super) fn of(response: &Response) -> Self {
        let header = |name: &str| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
        Self {
            status: response.status().as_u16(),
            request: RequestId(header("x-request-id")),
            content_type: header("content-type").unwrap_or_default(),
            after: header("retry-after").and_then(|text| text.parse().ok()).map(Duration::from_secs),
            length: header("content-length").and_then(|text| text.parse().ok()),
            received: header("range").and_then(|text| received(&text)),
        }
    }
}

/// The first byte after a range from the beginning: of `bytes=0-499` or `0-499` 500.
fn received(range: &str) -> Option<u64> {
    let digits = range.trim_start_matches("bytes").trim_start_matches([' ', '=']);
    let last: u64 = digits.strip_prefix("0-")?.split('/').next()?.trim().parse().ok()?;
    last.checked_add(1)
}

#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error("the answer was cut")]
    Cut(reqwest::Error),
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
}

/// Reads an answer up to a limit.
pub(super) async fn body(mut response: Response, limit: usize) -> Result<BytesMut, BodyError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Cut)? {
        if body.len() + chunk.len() > limit {
            return Err(BodyError::TooLarge(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Waits before the next attempt; false when enough were made.
pub(crate) async fn pause(made: u32, asked: Option<Duration>) -> bool {
    if made > RETRIES {
        return false;
    }
    // Full jitter: of many that fail together not all come back together.
    let drawn = (FIRST * 2u32.pow((made - 1).min(8))).mul_f64(fastrand::f64());
    tokio::time::sleep(asked.map_or(drawn, |asked| drawn.max(asked.min(LONGEST_ASKED)))).await;
    true
}

/// The innermost cause, without the address; of a failed connection with the host.
pub(super) fn cause(error: reqwest::Error) -> String {
    // A failed connection is about a host; the rest of the address may hold more than is to be said.
    let host = error.url().filter(|_| error.is_connect()).map(|url| match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("cannot connect to {host}:{port}: "),
        (host, _) => format!("cannot connect to {}: ", host.unwrap_or_default()),
    });
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    host.unwrap_or_default() + &cause.to_string()
}

/// An address that secrets may be sent to.
pub(super) fn base(option: &str, text: &str) -> Result<Url, PlatformError> {
    let url = Url::parse(text)
        .map_err(|error| PlatformError::Setup(format!("{option} is not an address: {error}")))?;
    if url.scheme() != "https" && !(url.scheme() == "http" && is_local(&url)) {
        let message = format!("{option} must be https: no secret is sent in clear text over a network");
        return Err(PlatformError::Setup(message));
    }
    Ok(url)
}

pub(super) fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(platform: &str, ims: &str) -> Config {
        Config {
            platform: platform.to_owned(),
            ims: ims.to_owned(),
            org: "1234@AdobeOrg".to_owned(),
            sandbox: "dev".to_owned(),
            client_id: "client".to_owned(),
            secret: Secret::new("p8e-verysecret").unwrap(),
            scopes: "openid".to_owned(),
        }
    }

    #[test]
    fn secrets_are_not_sent_in_clear_text() {
        let good = "https://platform.adobe.io";
        assert!(Platform::new(config("http://platform.adobe.io", good)).is_err());
        assert!(Platform::new(config(good, "http://ims-na1.adobelogin.com")).is_err());
        assert!(Platform::new(config("http://127.0.0.1:1", "http://localhost:2")).is_ok());
        let platform = Platform::new(config(good, good)).unwrap();
        assert!(!format!("{platform:?}").contains("verysecret"));
    }

    #[test]
    fn what_is_there_of_a_file_is_read_in_every_form() {
        for range in ["bytes=0-499", "bytes 0-499/1000", "0-499"] {
            assert_eq!(received(range), Some(500), "{range}");
        }
        // With a gap at the beginning there is nothing to go on from.
        for range in ["bytes=5-499", "bytes=0-499,600-700", "", "bytes=0-"] {
            assert_eq!(received(range), None, "{range}");
        }
    }

    #[test]
    fn what_cannot_be_a_header_is_refused_by_its_option() {
        let good = "https://platform.adobe.io";
        let odd = Config { sandbox: "two words".to_owned(), ..config(good, good) };
        assert!(Platform::new(odd).unwrap_err().to_string().starts_with("--aep-sandbox"));
        let empty = Config { org: String::new(), ..config(good, good) };
        assert!(Platform::new(empty).unwrap_err().to_string().starts_with("--org"));
    }
}
