//! The request budget of one account: a pace for all requests, one per endpoint, and a bound on
//! requests in flight. Stripe's refusals narrow them; quiet widens them again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Requests per second that Stripe allows a test key, and any one endpoint.
pub(super) const TEST_RATE: f64 = 25.0;
/// Requests per second that Stripe allows a live key.
pub(super) const LIVE_RATE: f64 = 100.0;

const SLOWEST: f64 = 1.0;
/// Share of the full rate that comes back per quiet second.
const RECOVERY: f64 = 0.05;

/// Evenly spaced turns. Spacing rather than a bucket: no second ever holds more than the rate.
#[derive(Debug)]
pub struct Pace {
    full: f64,
    rate: f64,
    next: Option<Instant>,
    changed: Option<Instant>,
}

impl Pace {
    /// A pace of `rate` turns per second.
    pub fn new(rate: f64) -> Self {
        let rate = rate.max(SLOWEST);
        Self { full: rate, rate, next: None, changed: None }
    }

    /// Takes the next turn and says when it is.
    pub fn turn(&mut self, now: Instant) -> Instant {
        self.recover(now);
        let turn = self.next.map_or(now, |next| next.max(now));
        self.next = Some(turn + Duration::from_secs_f64(1.0 / self.rate));
        turn
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

    /// Turns per second at present.
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
}

/// The budget that all requests of one key share.
#[derive(Debug)]
pub struct Budget {
    state: Mutex<State>,
    freed: Notify,
}

impl Budget {
    /// A budget of `account_rate` requests per second, `endpoint_rate` per endpoint, and `most` in flight.
    pub fn new(account_rate: f64, endpoint_rate: f64, most: usize) -> Self {
        let most = most.max(1);
        let state = State {
            account: Pace::new(account_rate),
            endpoints: HashMap::new(),
            endpoint_rate,
            in_flight: 0,
            allowed: most,
            most,
            successes: 0,
        };
        Self { state: Mutex::new(state), freed: Notify::new() }
    }

    /// Waits for a turn to ask `endpoint`. The permit ends with the answer.
    pub async fn acquire(&self, endpoint: &'static str) -> Permit<'_> {
        let permit = loop {
            let freed = self.freed.notified();
            if self.enter() {
                break Permit { budget: self };
            }
            freed.await;
        };
        let turn = {
            let mut state = self.lock();
            let (now, rate) = (Instant::now(), state.endpoint_rate);
            let endpoint = state.endpoints.entry(endpoint).or_insert_with(|| Pace::new(rate)).turn(now);
            state.account.turn(now).max(endpoint)
        };
        tokio::time::sleep_until(turn.into()).await;
        permit
    }

    /// Takes note of a 429.
    pub fn limited(&self, endpoint: &'static str, reason: Limited) {
        let mut state = self.lock();
        let now = Instant::now();
        state.successes = 0;
        match reason {
            Limited::GlobalRate => state.account.slow_down(now),
            Limited::EndpointRate => {
                if let Some(pace) = state.endpoints.get_mut(endpoint) {
                    pace.slow_down(now);
                }
            }
            Limited::Concurrency => state.allowed = (state.allowed / 2).max(1),
            Limited::Other => {}
        }
    }

    /// Takes note of a success: after twenty in a row one more request may be in flight.
    pub fn succeeded(&self) {
        let mut state = self.lock();
        state.successes += 1;
        if state.successes >= 20 && state.allowed < state.most {
            state.allowed += 1;
            state.successes = 0;
            self.freed.notify_one();
        }
    }

    /// How many requests may be in flight at present.
    pub fn allowed(&self) -> usize {
        self.lock().allowed
    }

    fn enter(&self) -> bool {
        let mut state = self.lock();
        let free = state.in_flight < state.allowed;
        state.in_flight += usize::from(free);
        free
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to have one request in flight.
#[derive(Debug)]
pub struct Permit<'a> {
    budget: &'a Budget,
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.budget.lock().in_flight -= 1;
        self.budget.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_holds_more_turns_than_the_rate() {
        let (mut pace, start) = (Pace::new(25.0), Instant::now());
        let turns: Vec<_> = (0..100).map(|_| pace.turn(start)).collect();
        for window in turns.windows(26) {
            assert!(window[25] - window[0] >= Duration::from_millis(999));
        }
    }

    #[test]
    fn a_refusal_halves_the_pace_once_and_quiet_restores_it() {
        let (mut pace, start) = (Pace::new(100.0), Instant::now());
        pace.slow_down(start);
        pace.slow_down(start + Duration::from_millis(3));
        assert_eq!(pace.rate(), 50.0);
        pace.turn(start + Duration::from_secs(2));
        assert_eq!(pace.rate(), 60.0);
        pace.turn(start + Duration::from_secs(30));
        assert_eq!(pace.rate(), 100.0);
    }

    #[test]
    fn concurrency_narrows_and_recovers() {
        let budget = Budget::new(100.0, 25.0, 8);
        budget.limited("/v1/charges", Limited::Concurrency);
        assert_eq!(budget.allowed(), 4);
        (0..20).for_each(|_| budget.succeeded());
        assert_eq!(budget.allowed(), 5);
    }

    #[test]
    fn reasons_are_read_from_the_header() {
        assert_eq!(Limited::from_header(Some("endpoint-rate")), Limited::EndpointRate);
        assert_eq!(Limited::from_header(None), Limited::Other);
    }
}
