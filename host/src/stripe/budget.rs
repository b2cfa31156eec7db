//! The request budget of one key: so many requests in any one second, for the account and for each endpoint, and
//! a bound on requests in flight. Stripe's refusals narrow them; quiet widens them again. Several clients may
//! share one budget, each with a fair part of it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Requests per second that Stripe allows a test key, and any one endpoint.
pub(super) const TEST_RATE: f64 = 25.0;
/// Requests per second that Stripe allows a live key.
pub(super) const LIVE_RATE: f64 = 100.0;

const SLOWEST: f64 = 1.0;
/// Share of the full rate that comes back per quiet second.
const RECOVERY: f64 = 0.05;
/// A second as the server sees it: requests do not all take equally long to reach it.
const SECOND: Duration = Duration::from_millis(1_020);
/// How much more than what keeps a pace busy may be in flight: answers do not all take equally long.
const AHEAD: f64 = 1.3;

/// At most so many requests in any one second. They need not be spread over it: what counts is each window of a
/// second, and a burst at its beginning is over sooner.
#[derive(Debug)]
pub struct Pace {
    full: f64,
    rate: f64,
    /// When the latest requests were made, as many as a second may hold.
    made: VecDeque<Instant>,
    changed: Option<Instant>,
}

impl Pace {
    /// A pace of `rate` requests per second.
    pub fn new(rate: f64) -> Self {
        let rate = rate.max(SLOWEST);
        Self { full: rate, rate, made: VecDeque::new(), changed: None }
    }

    /// When the next request may be made.
    pub fn next(&mut self, now: Instant) -> Instant {
        self.recover(now);
        let most = self.rate as usize;
        match self.made.len().checked_sub(most).and_then(|first| self.made.get(first)) {
            Some(first) => now.max(*first + SECOND),
            None => now,
        }
    }

    /// Takes note of a request.
    pub fn made(&mut self, now: Instant) {
        if self.made.len() >= self.full as usize {
            self.made.pop_front();
        }
        self.made.push_back(now);
    }

    /// Halves the pace.
    pub fn slow_down(&mut self, now: Instant) {
        // Requests in flight together are refused together: that is one signal, not many.
        if self.changed.is_some_and(|at| now < at + Duration::from_millis(500)) {
            return;
        }
        self.rate = (self.rate / 2.0).max(SLOWEST);
        self.changed = Some(now);
    }

    /// Requests per second at present.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    fn recover(&mut self, now: Instant) {
        if let Some(at) = self.changed
            && let quiet = now.saturating_duration_since(at)
            && quiet >= Duration::from_secs(1)
        {
            self.rate = (self.rate + self.full * RECOVERY * quiet.as_secs_f64()).min(self.full);
            self.changed = (self.rate < self.full).then_some(now);
        }
    }
}

/// Which limit a 429 was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limited {
    /// The account's rate.
    GlobalRate,
    /// The endpoint's rate.
    EndpointRate,
    /// Requests in flight.
    Concurrency,
    /// Something else, such as a lock; only waiting helps.
    Other,
}

impl Limited {
    /// Reads the `Stripe-Rate-Limited-Reason` header.
    pub fn from_header(reason: Option<&str>) -> Self {
        match reason {
            Some("global-rate") => Self::GlobalRate,
            Some("endpoint-rate") => Self::EndpointRate,
            Some("global-concurrency" | "endpoint-concurrency") => Self::Concurrency,
            _ => Self::Other,
        }
    }
}

#[derive(Debug)]
struct State {
    account: Pace,
    endpoints: HashMap<&'static str, Pace>,
    endpoint_rate: f64,
    in_flight: usize,
    allowed: usize,
    most: usize,
    successes: usize,
    /// How long an answer takes, in seconds, most recent ones counting most.
    latency: f64,
    /// Those who ask for something at present: how many requests each wants to make, and has in flight.
    asking: HashMap<u64, (usize, usize)>,
    /// How many shares there were.
    shares: u64,
}

impl State {
    fn endpoint(&mut self, endpoint: &'static str) -> &mut Pace {
        let rate = self.endpoint_rate;
        self.endpoints.entry(endpoint).or_insert_with(|| Pace::new(rate))
    }

    /// Among how many it is divided.
    fn sharing(&self) -> usize {
        self.asking.len().max(1)
    }

    /// What one of those who share it may have in flight.
    fn fair(&self) -> usize {
        (self.allowed / self.sharing()).max(1)
    }
}

/// The budget that all requests of one key share.
#[derive(Debug)]
pub struct Budget {
    state: Mutex<State>,
    freed: Notify,
    /// Who waits for the account's pace, in order of coming.
    turn: tokio::sync::Mutex<()>,
    /// The same for each endpoint.
    turns: Mutex<HashMap<&'static str, Arc<tokio::sync::Mutex<()>>>>,
}

impl Budget {
    /// A budget of `account_rate` requests per second, `endpoint_rate` per endpoint, and `most` in flight.
    pub fn new(account_rate: f64, endpoint_rate: f64, most: usize) -> Arc<Self> {
        let most = most.max(1);
        let state = State {
            account: Pace::new(account_rate),
            endpoints: HashMap::new(),
            endpoint_rate: endpoint_rate.max(SLOWEST),
            in_flight: 0,
            allowed: most,
            most,
            successes: 0,
            latency: 0.0,
            asking: HashMap::new(),
            shares: 0,
        };
        let (freed, turn) = (Notify::new(), tokio::sync::Mutex::new(()));
        Arc::new(Self { state: Mutex::new(state), freed, turn, turns: Mutex::default() })
    }

    /// A fair part of the budget. Who asks for nothing takes nothing from the others.
    pub fn share(self: &Arc<Self>) -> Share {
        let mut state = self.lock();
        state.shares += 1;
        Share { budget: self.clone(), number: state.shares }
    }

    /// Waits until a request to `endpoint` may be made, and takes note of it. Who comes first goes first.
    async fn pace(&self, endpoint: &'static str) {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.entry(endpoint).or_default().clone()
        };
        let _endpoint = turn.lock().await;
        self.wait(|state, now| state.endpoint(endpoint).next(now)).await;
        let _account = self.turn.lock().await;
        self.wait(|state, now| state.account.next(now)).await;
        let mut state = self.lock();
        let now = Instant::now();
        state.account.made(now);
        state.endpoint(endpoint).made(now);
    }

    async fn wait(&self, next: impl Fn(&mut State, Instant) -> Instant) {
        loop {
            let (now, next) = {
                let now = Instant::now();
                (now, next(&mut self.lock(), now))
            };
            if next <= now {
                return;
            }
            tokio::time::sleep_until(next.into()).await;
        }
    }

    /// Takes note of a 429.
    pub fn limited(&self, endpoint: &'static str, reason: Limited) {
        let mut state = self.lock();
        let now = Instant::now();
        state.successes = 0;
        match reason {
            Limited::GlobalRate => state.account.slow_down(now),
            Limited::EndpointRate => state.endpoint(endpoint).slow_down(now),
            Limited::Concurrency => state.allowed = (state.allowed / 2).max(1),
            Limited::Other => {}
        }
    }

    /// Takes note of a success: after twenty in a row one more request may be in flight.
    pub fn succeeded(&self, took: Duration) {
        let mut state = self.lock();
        let took = took.as_secs_f64();
        // Rising at once, falling slowly: too few in flight costs more than too many.
        let weight = if took > state.latency { 0.5 } else { 0.1 };
        state.latency += (took - state.latency) * weight;
        state.successes += 1;
        if state.successes >= 20 && state.allowed < state.most {
            state.allowed += 1;
            state.successes = 0;
            drop(state);
            self.freed.notify_waiters();
        }
    }

    /// How many requests may be in flight at present.
    pub fn allowed(&self) -> usize {
        self.lock().allowed
    }

    /// Requests per second that an endpoint may get at present.
    pub fn rate(&self, endpoint: &'static str) -> f64 {
        let mut state = self.lock();
        let account = state.account.rate() / state.sharing() as f64;
        state.endpoint(endpoint).rate().min(account)
    }

    /// How many requests should be in flight for the budget to be used up: of all endpoints, and of one.
    pub fn wanted(&self, endpoint: &'static str) -> (usize, usize) {
        let mut state = self.lock();
        let fair = state.fair();
        // More than two at the beginning, when nobody knows how long an answer takes.
        let busy =
            |rate: f64, latency: f64| ((rate * latency * AHEAD).ceil() as usize + 1).clamp(2, fair.max(2));
        let (latency, sharing) = (state.latency, state.sharing() as f64);
        let account = busy(state.account.rate() / sharing, latency);
        (account, busy(state.endpoint(endpoint).rate() / sharing, latency).min(account))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A fair part of a budget.
#[derive(Debug)]
pub struct Share {
    budget: Arc<Budget>,
    number: u64,
}

impl Share {
    /// The whole of it.
    pub fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// A part more of the same budget.
    pub fn another(&self) -> Self {
        self.budget.share()
    }

    /// Waits for a turn to ask `endpoint`. The permit ends with the answer.
    pub async fn acquire(&self, endpoint: &'static str) -> Permit<'_> {
        self.budget.lock().asking.entry(self.number).or_default().0 += 1;
        let mut permit = Permit { share: self, in_flight: false };
        loop {
            let mut freed = std::pin::pin!(self.budget.freed.notified());
            freed.as_mut().enable();
            if permit.enter() {
                break;
            }
            freed.await;
        }
        self.budget.pace(endpoint).await;
        permit
    }
}

/// The right to have one request in flight.
#[derive(Debug)]
pub struct Permit<'a> {
    share: &'a Share,
    in_flight: bool,
}

impl Permit<'_> {
    fn enter(&mut self) -> bool {
        let mut state = self.share.budget.lock();
        let (fair, full) = (state.fair(), state.in_flight >= state.allowed);
        let Some((_, own)) = state.asking.get_mut(&self.share.number) else { return false };
        if full || *own >= fair {
            return false;
        }
        *own += 1;
        state.in_flight += 1;
        self.in_flight = true;
        true
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.share.budget.lock();
        if self.in_flight {
            state.in_flight -= 1;
        }
        if let Some((asking, own)) = state.asking.get_mut(&self.share.number) {
            *asking -= 1;
            *own -= usize::from(self.in_flight);
            if *asking == 0 {
                state.asking.remove(&self.share.number);
            }
        }
        drop(state);
        self.share.budget.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_holds_more_requests_than_the_rate_and_a_burst_is_allowed() {
        let (mut pace, start) = (Pace::new(25.0), Instant::now());
        let (mut now, mut made) = (start, Vec::new());
        for _ in 0..200 {
            now = pace.next(now);
            pace.made(now);
            made.push(now);
            // Now and then it takes a while until the next one is wanted.
            now += Duration::from_millis(if made.len() % 7 == 0 { 90 } else { 0 });
        }
        assert_eq!(pace.next(start), pace.next(start));
        assert!(made[24] - made[0] < Duration::from_millis(500));
        for window in made.windows(26) {
            assert!(window[25] - window[0] >= SECOND);
        }
    }

    #[test]
    fn a_refusal_halves_the_pace_once_and_quiet_restores_it() {
        let (mut pace, start) = (Pace::new(100.0), Instant::now());
        (0..100).for_each(|_| pace.made(start));
        pace.slow_down(start);
        pace.slow_down(start + Duration::from_millis(3));
        assert_eq!(pace.rate(), 50.0);
        let next = pace.next(start + Duration::from_millis(1_500));
        assert_eq!(next, start + Duration::from_millis(1_500));
        // One and a half quiet seconds have brought back seven and a half.
        (0..57).for_each(|_| pace.made(next));
        assert_eq!(pace.next(next), next + SECOND);
        pace.next(start + Duration::from_secs(30));
        assert_eq!(pace.rate(), 100.0);
    }

    #[test]
    fn concurrency_narrows_and_recovers() {
        let budget = Budget::new(100.0, 25.0, 8);
        budget.limited("/v1/charges", Limited::Concurrency);
        assert_eq!(budget.allowed(), 4);
        (0..20).for_each(|_| budget.succeeded(Duration::ZERO));
        assert_eq!(budget.allowed(), 5);
    }

    #[test]
    fn what_is_in_flight_follows_rate_and_latency() {
        let budget = Budget::new(100.0, 25.0, 32);
        assert_eq!(budget.wanted("/v1/charges"), (2, 2));
        (0..20).for_each(|_| budget.succeeded(Duration::from_millis(100)));
        assert_eq!(budget.wanted("/v1/charges"), (14, 5));
        (0..100).for_each(|_| budget.succeeded(Duration::from_secs(2)));
        assert_eq!(budget.wanted("/v1/charges"), (32, 32));
    }

    #[tokio::test]
    async fn those_who_share_a_budget_get_fair_parts_of_it() {
        let budget = Budget::new(1_000.0, 1_000.0, 4);
        let (greedy, modest) = (budget.share(), budget.share());
        let first = greedy.acquire("/v1/charges").await;
        let second = greedy.acquire("/v1/charges").await;
        let modest_first = modest.acquire("/v1/charges").await;
        let enters = |share: &Share| {
            budget.lock().asking.entry(share.number).or_default().0 += 1;
            Permit { share, in_flight: false }.enter()
        };
        assert!(!enters(&greedy), "half of four is two");
        assert!(enters(&modest));
        drop(modest_first);
        assert!(enters(&greedy), "who asks for nothing leaves its part to the others");
        drop((first, second));
        assert_eq!(budget.lock().in_flight, 0);
        assert!(budget.lock().asking.is_empty());
    }

    #[test]
    fn reasons_are_read_from_the_header() {
        assert_eq!(Limited::from_header(Some("endpoint-rate")), Limited::EndpointRate);
        assert_eq!(Limited::from_header(None), Limited::Other);
    }
}
