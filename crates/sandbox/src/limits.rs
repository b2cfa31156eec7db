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
    /// Requests by the account that they asked for.
    pub accounts: BTreeMap<String, u64>,
    /// All requests.
    pub total: u64,
    /// Answers with a status from 400 up, whether deserved or injected.
    pub rejected: u64,
    /// Answers with status 429.
    pub rate_limited: u64,
    /// Requests that an injected fault hit.
    pub faulted: u64,
    /// Most requests that arrived within any one second, wherever it begins.
    pub max_per_second: usize,
    /// The same for each endpoint.
    pub endpoints: BTreeMap<String, EndpointStats>,
    /// Most requests being answered at one moment.
    pub max_in_flight: usize,
}

/// What one endpoint has seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointStats {
    /// Most requests that arrived within any one second.
    pub max_per_second: usize,
}

/// More requests came within a second than were allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{seen} requests within one second to {what}, {allowed} are allowed")]
pub struct OverBudget {
    pub what: String,
    pub seen: usize,
    pub allowed: usize,
}

impl Stats {
    /// Whether no second had more requests than `limits` allow, and `slack` more: what leaves a client
    /// evenly may arrive less so.
    pub fn within(&self, limits: Limits, slack: usize) -> Result<(), OverBudget> {
        let check = |what: &str, seen: usize, limit: NonZeroU32| {
            let allowed = limit.get() as usize + slack;
            if seen > allowed { Err(OverBudget { what: what.to_owned(), seen, allowed }) } else { Ok(()) }
        };
        check("the account", self.max_per_second, limits.global)?;
        self.endpoints
            .iter()
            .try_for_each(|(endpoint, seen)| check(endpoint, seen.max_per_second, limits.endpoint))
    }
}

#[derive(Debug, Default)]
pub(crate) struct Counter {
    inner: Mutex<Counting>,
}

#[derive(Debug, Default)]
struct Counting {
    stats: Stats,
    in_flight: usize,
    second: LastSecond,
    endpoints: HashMap<String, LastSecond>,
}

/// When the requests of the last second arrived.
#[derive(Debug, Default)]
struct LastSecond(VecDeque<Instant>);

impl LastSecond {
    /// Adds an arrival and answers how many there were within the second that it ends.
    fn add(&mut self, now: Instant) -> usize {
        self.0.push_back(now);
        while self.0.front().is_some_and(|first| now.duration_since(*first) >= Duration::from_secs(1)) {
            self.0.pop_front();
        }
        self.0.len()
    }
}

/// One request being answered; ends when dropped, also when the client goes away.
#[derive(Debug)]
pub(crate) struct Flight<'a>(&'a Counter);

impl Counter {
    /// Counts a request and answers its number, from 1.
    pub(crate) fn begin(&self, endpoint: &str, account: &str) -> (u64, Flight<'_>) {
        self.begin_at(endpoint, account, Instant::now())
    }

    fn begin_at(&self, endpoint: &str, account: &str, now: Instant) -> (u64, Flight<'_>) {
        let mut counting = lock(&self.inner);
        let Counting { stats, in_flight, second, endpoints } = &mut *counting;
        *in_flight += 1;
        stats.max_in_flight = stats.max_in_flight.max(*in_flight);
        stats.max_per_second = stats.max_per_second.max(second.add(now));
        let of_endpoint = endpoints.entry(endpoint.to_owned()).or_default().add(now);
        let seen = stats.endpoints.entry(endpoint.to_owned()).or_default();
        seen.max_per_second = seen.max_per_second.max(of_endpoint);
        stats.total += 1;
        *stats.requests.entry(endpoint.to_owned()).or_default() += 1;
        *stats.accounts.entry(account.to_owned()).or_default() += 1;
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

#[cfg(test)]
mod tests {
    use super::{Counter, Limits};
    use crate::account::Mode;
    use std::time::{Duration, Instant};

    #[test]
    fn the_busiest_second_counts_wherever_it_begins() {
        let (counter, start) = (Counter::default(), Instant::now());
        // 20 at the end of one second and 20 at the beginning of the next.
        for (millis, endpoint) in [(900, "GET /v1/charges"), (1_800, "GET /v1/refunds")] {
            for _ in 0..20 {
                counter.begin_at(endpoint, "acct_1", start + Duration::from_millis(millis));
            }
        }
        let stats = counter.stats();
        assert_eq!(stats.max_per_second, 40);
        assert_eq!(stats.endpoints["GET /v1/charges"].max_per_second, 20);
        assert_eq!(stats.within(Limits::stripe(Mode::Live), 0), Ok(()));
        let over = stats.within(Limits::stripe(Mode::Test), 14).map_err(|over| over.to_string());
        assert_eq!(over, Err("40 requests within one second to the account, 39 are allowed".to_owned()));
        assert_eq!(stats.within(Limits::stripe(Mode::Test), 15), Ok(()));
        let few = Limits { endpoint: std::num::NonZeroU32::MIN, ..Limits::stripe(Mode::Live) };
        assert_eq!(few.global.get(), 100);
        assert!(stats.within(few, 0).is_err_and(|over| over.what == "GET /v1/charges"));
    }
}
