//! Stripe's request rates, as token buckets over real time, and the counting of requests.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::num::NonZeroU32;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::{account::Mode, faults::RateReason, lock};

/// Requests per second that the sandbox lets through; each bucket holds one second's worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub global: NonZeroU32,
    pub endpoint: NonZeroU32,
}

impl Limits {
    /// Stripe's published limits: 100 a second live, 25 test, 25 for each endpoint.
    pub fn stripe(mode: Mode) -> Self {
        let per_second = |rate| NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN);
        Self {
            global: per_second(match mode {
                Mode::Live => 100,
                Mode::Test => 25,
            }),
            endpoint: per_second(25),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Gate {
    limits: Limits,
    global: DefaultDirectRateLimiter,
    endpoints: Mutex<HashMap<String, DefaultDirectRateLimiter>>,
}

impl Gate {
    pub(crate) fn new(limits: Limits) -> Self {
        let global = RateLimiter::direct(Quota::per_second(limits.global));
        Self { limits, global, endpoints: Mutex::default() }
    }

    /// Takes a token for one request, or says which bucket was empty.
    pub(crate) fn enter(&self, endpoint: &str) -> Result<(), RateReason> {
        let mut endpoints = lock(&self.endpoints);
        let bucket = endpoints
            .entry(endpoint.to_owned())
            .or_insert_with(|| RateLimiter::direct(Quota::per_second(self.limits.endpoint)));
        bucket.check().map_err(|_| RateReason::EndpointRate)?;
        self.global.check().map_err(|_| RateReason::GlobalRate)
    }
}

/// What the sandbox has seen so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Requests by endpoint, such as `GET /v1/charges` and `GET /v1/charges/:id`.
    pub requests: BTreeMap<String, u64>,
    /// All requests.
    pub total: u64,
    /// Answers with a status from 400 up, whether deserved or injected.
    pub rejected: u64,
    /// Answers with status 429.
    pub rate_limited: u64,
    /// Requests that an injected fault hit.
    pub faulted: u64,
    /// Most requests that arrived within any one second.
    pub max_per_second: usize,
    /// Most requests being answered at one moment.
    pub max_in_flight: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Counter {
    inner: Mutex<Counting>,
}

#[derive(Debug, Default)]
struct Counting {
    stats: Stats,
    in_flight: usize,
    second: VecDeque<Instant>,
}

/// One request being answered; ends when dropped, also when the client goes away.
#[derive(Debug)]
pub(crate) struct Flight<'a>(&'a Counter);

impl Counter {
    /// Counts a request and answers its number, from 1.
    pub(crate) fn begin(&self, endpoint: &str) -> (u64, Flight<'_>) {
        let now = Instant::now();
        let mut counting = lock(&self.inner);
        counting.second.push_back(now);
        while counting
            .second
            .front()
            .is_some_and(|first| now.duration_since(*first) >= Duration::from_secs(1))
        {
            counting.second.pop_front();
        }
        counting.in_flight += 1;
        let (rate, in_flight) = (counting.second.len(), counting.in_flight);
        let stats = &mut counting.stats;
        stats.max_per_second = stats.max_per_second.max(rate);
        stats.max_in_flight = stats.max_in_flight.max(in_flight);
        stats.total += 1;
        *stats.requests.entry(endpoint.to_owned()).or_default() += 1;
        (stats.total, Flight(self))
    }

    pub(crate) fn faulted(&self) {
        lock(&self.inner).stats.faulted += 1;
    }

    pub(crate) fn answered(&self, status: u16) {
        let mut counting = lock(&self.inner);
        counting.stats.rejected += u64::from(status >= 400);
        counting.stats.rate_limited += u64::from(status == 429);
    }

    pub(crate) fn stats(&self) -> Stats {
        lock(&self.inner).stats.clone()
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        lock(&self.0.inner).in_flight -= 1;
    }
}
