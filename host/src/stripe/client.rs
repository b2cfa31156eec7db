//! The HTTP client: every request paced by the budget, bounded in time and size, and repeated as long
//! as that can help.

use super::budget::{Budget, LIVE_RATE, Limited, Share, TEST_RATE};
use super::error::{ApiError, ErrorBody, RequestId};
use super::expand::Refused;
use super::key::{Key, Kind, Mode};
use super::page::Page;
use super::retry::{Attempt, Decision, RETRIES, Retry};
use crate::observe::Metrics;
use bytes::{Bytes, BytesMut};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Response, Url, redirect};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The same as Stripe's own client libraries.
const TIMEOUT: Duration = Duration::from_secs(80);
/// Largest answer that is read, in bytes; a page of 100 objects is about one MiB.
const MAX_BODY: usize = 32 << 20;
/// Larger answers than this are read to their end one after the other, so that many requests in flight do not need
/// as many times the memory. Pages of a hundred objects are smaller, as a rule.
const LARGE_BODY: usize = 2 << 20;
static LARGE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// All but the characters that stand for themselves everywhere in a URL (RFC 3986, 2.3).
const NOT_PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// So many requests for one answer are nobody's concern.
const PATIENCE: u32 = 3;
/// How long that is not said again.
const QUIET: Duration = Duration::from_secs(30);

/// What a [`Client`] needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the API is, normally `https://api.stripe.com`.
    pub base: String,
    /// The key.
    pub key: Key,
    /// How long one answer may take, to its last byte; default as long as Stripe's own libraries wait.
    pub timeout: Option<Duration>,
    /// The `Stripe-Version` to send.
    pub version: String,
    /// Most requests in flight.
    pub concurrency: usize,
    /// Requests per second, for the account; default Stripe's limits.
    pub rate_limit: Option<f64>,
    /// Requests per second for each endpoint; default the account's when that is given, else Stripe's limits.
    pub endpoint_rate_limit: Option<f64>,
}

impl Config {
    fn budget(&self) -> Arc<Budget> {
        let stripes = if self.key.mode() == Some(Mode::Live) { LIVE_RATE } else { TEST_RATE };
        let account = self.rate_limit.unwrap_or(stripes);
        let endpoint = self.endpoint_rate_limit.or(self.rate_limit).unwrap_or(TEST_RATE);
        Budget::new(account, endpoint, self.concurrency)
    }
}

/// Reads from one Stripe account.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    key: Key,
    budget: Share,
    version: String,
    /// The connected account that is read with the platform's key.
    connected: Option<HeaderValue>,
    metrics: Option<Arc<Metrics>>,
    /// What the log calls the account, when there may be several.
    name: Option<String>,
    /// Requests after the first one, when an answer does not come.
    retries: u32,
    /// How many requests were made.
    requests: Arc<AtomicU64>,
    /// When it was last said that there is no answer.
    told: Mutex<Option<Instant>>,
    refused: Refused,
}

/// An answer of Stripe.
#[derive(Debug, Clone)]
pub struct Answer<T> {
    /// What it says.
    pub value: T,
    /// The server's clock, in epoch seconds.
    pub server_time: Option<i64>,
    /// The API version that it is written in.
    pub version: Option<String>,
    /// Stripe's id of the request.
    pub request: RequestId,
}

enum Failure {
    Temporary(Attempt, String),
    Final(ApiError),
}

impl Client {
    /// Sets a client up; no request is made.
    pub fn new(config: Config) -> Result<Self, ApiError> {
        let base = base(&config.base).map_err(|e| ApiError::Setup(format!("--api-base: {e}")))?;
        let local = is_local(&base);
        let setup =
            |e: &dyn std::fmt::Display| ApiError::Setup(format!("the HTTP client cannot be set up: {e}"));
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, config.key.bearer().map_err(|e| setup(&e))?);
        headers.insert(
            "stripe-version",
            HeaderValue::from_str(&config.version)
                .map_err(|_| ApiError::Setup("--stripe-version holds odd characters".to_owned()))?,
        );
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("stripe-xdm/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .timeout(config.timeout.unwrap_or(TIMEOUT))
            .connect_timeout(Duration::from_secs(20))
            // A redirect could carry the key elsewhere; Stripe never sends one.
            .redirect(redirect::Policy::none());
        if local {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|e| setup(&e))?;
        let budget = config.budget().share();
        let Config { key, version, .. } = config;
        let (requests, told, refused) = (Arc::default(), Mutex::default(), Refused::default());
        let (connected, metrics, name, retries) = (None, None, None, RETRIES);
        Ok(Self {
            http,
            base,
            key,
            budget,
            version,
            connected,
            metrics,
            name,
            retries,
            requests,
            told,
            refused,
        })
    }

    /// The same client, which the log calls by a name.
    pub fn called(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// The same client, which gives up after so many requests more than the first: for someone who waits.
    pub fn with_retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// The same client, its requests counted.
    pub fn counted(mut self, metrics: Arc<Metrics>) -> Self {
        self.metrics = Some(metrics);
        self
    }

    /// A client that reads a connected account with this key (`Stripe-Account`), as another part of the same
    /// budget: Stripe counts a platform's requests together.
    pub fn connected(&self, account: &str) -> Result<Self, ApiError> {
        let header = HeaderValue::from_str(account)
            .map_err(|_| ApiError::Setup(format!("{account:?} is no account")))?;
        let Self { http, base, key, budget, version, metrics, retries, .. } = self;
        Ok(Self {
            http: http.clone(),
            base: base.clone(),
            key: key.clone(),
            budget: budget.another(),
            version: version.clone(),
            connected: Some(header),
            metrics: metrics.clone(),
            name: Some(account.to_owned()),
            retries: *retries,
            requests: Arc::default(),
            told: Mutex::default(),
            refused: Refused::default(),
        })
    }

    /// The world that the key opens, when its prefix tells.
    pub fn mode(&self) -> Option<Mode> {
        self.key.mode()
    }

    /// What the key may be used for, when its prefix tells.
    pub fn key_kind(&self) -> Kind {
        self.key.kind()
    }

    /// Where the API is.
    pub fn base(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Who is asked, with the port when it is an unusual one. An address can hold a password; a host cannot.
    fn host(&self) -> String {
        let host = self.base.host_str().unwrap_or_default();
        self.base.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The API version asked for.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The budget of its requests.
    pub fn budget(&self) -> &Budget {
        self.budget.budget()
    }

    /// Asks for a page of a list.
    pub async fn page(
        &self,
        endpoint: &'static str,
        query: &[(&str, String)],
    ) -> Result<Answer<Page>, ApiError> {
        let answer = self.get(endpoint, query, |body| Page::parse(body).map_err(|e| e.to_string())).await?;
        if answer.value.has_more && answer.value.objects.is_empty() {
            let message = "Stripe says has_more with an empty page; nothing can be asked next".to_owned();
            let request = answer.request.clone();
            return Err(ApiError::Contract { path: endpoint.to_owned(), message, request });
        }
        Ok(answer)
    }

    pub(super) fn refused(&self) -> &Refused {
        &self.refused
    }

    /// How many requests were made so far.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Asks until there is a usable answer or no hope of one. `read` failing counts as a cut answer.
    pub async fn get<T>(
        &self,
        endpoint: &'static str,
        query: &[(&str, String)],
        read: impl Fn(Bytes) -> Result<T, String>,
    ) -> Result<Answer<T>, ApiError> {
        self.get_at(endpoint, endpoint, query, read).await
    }

    /// As [`Self::get`], of one object, whose id goes in the place of `{id}`, or at the end of a list's path.
    pub async fn get_of<T>(
        &self,
        endpoint: &'static str,
        id: &str,
        query: &[(&str, String)],
        read: impl Fn(Bytes) -> Result<T, String>,
    ) -> Result<Answer<T>, ApiError> {
        let id = path_segment(id).ok_or_else(|| ApiError::Contract {
            path: endpoint.to_owned(),
            message: format!("an object with the id {id:?} cannot be asked for"),
            request: RequestId::default(),
        })?;
        let path = match endpoint.contains("{id}") {
            true => endpoint.replace("{id}", &id),
            false => format!("{endpoint}/{id}"),
        };
        self.get_at(endpoint, &path, query, read).await
    }

    /// As [`Self::get`], of something at a path below the endpoint, such as one object.
    pub async fn get_at<T>(
        &self,
        endpoint: &'static str,
        path: &str,
        query: &[(&str, String)],
        read: impl Fn(Bytes) -> Result<T, String>,
    ) -> Result<Answer<T>, ApiError> {
        let mut retry = Retry::of(self.retries);
        let account = self.name.as_deref();
        loop {
            let (attempt, message) = match self.once(endpoint, path, query, &read).await {
                Ok(answer) => return Ok(answer),
                Err(Failure::Final(error)) => {
                    tracing::info!(account, %error, "a request failed");
                    return Err(error);
                }
                Err(Failure::Temporary(attempt, message)) => (attempt, message),
            };
            match retry.after(attempt, fastrand::f64()) {
                Decision::Again(delay) => {
                    let (attempt, wait_ms) = (retry.made(), delay.as_millis() as u64);
                    tracing::info!(
                        account,
                        path,
                        attempt,
                        wait_ms,
                        cause = message,
                        "a request is made again"
                    );
                    self.tell_of_silence(attempt, &message);
                    if let Some(metrics) = &self.metrics {
                        metrics.retried(endpoint);
                    }
                    tokio::time::sleep(delay).await;
                }
                Decision::GiveUp => {
                    let (address, attempts) = (format!("{}{path}", self.host()), retry.made());
                    let message = match attempt {
                        Attempt::Network => format!("{message}; check the network and --api-base"),
                        Attempt::Status { .. } => message,
                    };
                    tracing::info!(account, path, attempts, cause = message, "a request is given up");
                    return Err(ApiError::Network { address, attempts, message });
                }
            }
        }
    }

    /// Says aloud that Stripe is asked again and again: for half a minute nothing else would be heard. Once for
    /// all requests of that time.
    fn tell_of_silence(&self, made: u32, cause: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if made == PATIENCE && told.is_none_or(|told| told.elapsed() >= QUIET) {
            *told = Some(Instant::now());
            tracing::warn!(host = self.base(), cause, "no usable answer so far; it is asked again");
        }
    }

    async fn once<T>(
        &self,
        endpoint: &'static str,
        path: &str,
        query: &[(&str, String)],
        read: &impl Fn(Bytes) -> Result<T, String>,
    ) -> Result<Answer<T>, Failure> {
        let mut url = self.base.clone();
        url.set_path(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let _permit = self.budget.acquire(endpoint).await;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let started = Instant::now();
        let cut = |e: reqwest::Error| {
            self.took_note(endpoint, path, None, started, &RequestId::default());
            Failure::Temporary(Attempt::Network, self.cause(e))
        };
        let mut question = self.http.get(url);
        if let Some(account) = &self.connected {
            question = question.header("stripe-account", account);
        }
        let response = question.send().await.map_err(cut)?;
        let header =
            |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let request = RequestId(header("request-id"));
        let server_time = header("date").and_then(|d| http_date(&d));
        let version = header("stripe-version");
        let status = response.status().as_u16();
        if status == 200 {
            let body = body(response).await.map_err(|e| match e {
                BodyError::Cut(e) => cut(e),
                BodyError::TooLarge => Failure::Final(ApiError::Contract {
                    path: path.to_owned(),
                    message: format!("the answer has more than {MAX_BODY} bytes"),
                    request: request.clone(),
                }),
            })?;
            let took = started.elapsed();
            self.took_note(endpoint, path, Some(status), started, &request);
            if let Some(metrics) = &self.metrics {
                metrics.received(body.len());
            }
            let value = read(body).map_err(|e| {
                Failure::Temporary(Attempt::Network, format!("the answer is not whole: {e}{request}"))
            })?;
            self.budget().succeeded(took);
            return Ok(Answer { value, server_time, version, request });
        }
        let should_retry = header("stripe-should-retry").and_then(|v| v.parse().ok());
        let retry_after = header("retry-after").and_then(|v| v.parse().ok()).map(Duration::from_secs);
        let reason = header("stripe-rate-limited-reason");
        if status == 429 {
            self.budget().limited(endpoint, Limited::from_header(reason.as_deref()));
            if let Some(metrics) = &self.metrics {
                metrics.limited(reason.as_deref());
            }
        }
        let body = body(response).await.unwrap_or_default();
        self.took_note(endpoint, path, Some(status), started, &request);
        let detail = serde_json::from_slice::<ErrorBody>(&body).unwrap_or_default().error;
        let detail = detail.with_message(|message| self.key.redact(message));
        let error = ApiError::refused(path, status, detail, request, server_time);
        let attempt = Attempt::Status { status, should_retry, retry_after };
        // Asked of a fresh counter: is this kind of answer ever worth another request?
        match Retry::default().after(attempt, 0.0) {
            Decision::GiveUp => Err(Failure::Final(error)),
            Decision::Again(_) => Err(Failure::Temporary(attempt, error.without_path())),
        }
    }

    /// Counts and logs a request. What was asked for besides the path is left out: it is noise.
    fn took_note(
        &self,
        endpoint: &'static str,
        path: &str,
        status: Option<u16>,
        started: Instant,
        request: &RequestId,
    ) {
        let took = started.elapsed();
        if let Some(metrics) = &self.metrics {
            metrics.asked(endpoint, status, took);
        }
        let (account, ms) = (self.name.as_deref(), took.as_millis() as u64);
        tracing::debug!(path, status, ms, request_id = request.0, account, "asked Stripe");
    }

    /// The innermost cause, without the address (its query is noise, and nothing in it is secret).
    fn cause(&self, error: reqwest::Error) -> String {
        let error = error.without_url();
        let mut cause: &dyn std::error::Error = &error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        self.key.redact(&cause.to_string())
    }
}

/// Where the API is, as it can be given: an address that a key may be sent to.
pub fn base(text: &str) -> Result<Url, String> {
    let base = Url::parse(text).map_err(|e| format!("not an address: {e}"))?;
    if !base.username().is_empty() || base.password().is_some() {
        return Err("an address without user and password is expected: settings are shown".to_owned());
    }
    if base.scheme() != "https" && !(base.scheme() == "http" && is_local(&base)) {
        return Err("must be https: a key is never sent in clear text over a network".to_owned());
    }
    Ok(base)
}

fn is_local(base: &Url) -> bool {
    match base.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

enum BodyError {
    Cut(reqwest::Error),
    TooLarge,
}

async fn body(mut response: Response) -> Result<Bytes, BodyError> {
    let mut body = BytesMut::new();
    let mut turn = None;
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Cut)? {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(BodyError::TooLarge);
        }
        if turn.is_none() && body.len() + chunk.len() > LARGE_BODY {
            turn = Some(LARGE.lock().await);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// An id as one segment of a path. Users may choose some ids: a slash or a percent sign within is the id's own. The
/// ids that no path can hold are none.
fn path_segment(id: &str) -> Option<String> {
    (!matches!(id, "" | "." | "..")).then(|| utf8_percent_encode(id, NOT_PLAIN).to_string())
}

/// Reads the `Date` header (RFC 9110 uses RFC 2822's form with `GMT`).
fn http_date(text: &str) -> Option<i64> {
    let zoned = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(zoned.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(base: &str) -> Config {
        Config {
            base: base.to_owned(),
            key: Key::new("sk_test_secretsecret").unwrap(),
            timeout: None,
            version: "2026-08-26.dahlia".to_owned(),
            concurrency: 2,
            rate_limit: None,
            endpoint_rate_limit: None,
        }
    }

    #[test]
    fn a_key_is_not_sent_in_clear_text() {
        assert!(Client::new(config("http://api.stripe.com")).is_err());
        assert!(Client::new(config("http://127.0.0.1:1")).is_ok());
        let client = Client::new(config("https://api.stripe.com")).unwrap();
        assert!(!format!("{client:?}").contains("secretsecret"));
    }

    #[test]
    fn an_id_stays_one_segment_of_its_path() {
        for id in ["50%20OFF", "a/../b", "a?x=1&y#z", "Ångström 5 %", "ch_1Nv-~.", "%2e%2e"] {
            let mut url = Url::parse("https://api.stripe.com").unwrap();
            url.set_path(&format!("/v1/coupons/{}", path_segment(id).unwrap()));
            let segment = url.path().strip_prefix("/v1/coupons/").unwrap();
            assert!(!segment.contains('/') && url.query().is_none() && url.fragment().is_none(), "{url}");
            let query = format!("id={}", segment.replace('+', "%2B"));
            let read = url::form_urlencoded::parse(query.as_bytes()).next().unwrap().1;
            assert_eq!(read, id, "{url}");
        }
        assert!([".", "..", ""].into_iter().all(|id| path_segment(id).is_none()));
    }

    #[test]
    fn the_server_clock_is_read() {
        assert_eq!(http_date("Sat, 21 Nov 2026 03:55:01 GMT"), Some(1_795_233_301));
        assert_eq!(http_date("yesterday"), None);
    }
}
