//! Which failures are worth another request, and when. Every request here is a GET, so repeating one is
//! always safe. The constants are the advice of Stripe's documentation and client libraries.

use std::time::Duration;

/// Requests after the first one.
pub(super) const RETRIES: u32 = 6;
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(32);
/// Longest `Retry-After` that is honoured.
const LONGEST_ASKED: Duration = Duration::from_secs(120);

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// No answer, or a cut one.
    Network,
    /// An answer that is not a success.
    Status {
        /// The HTTP status.
        status: u16,
        /// The `Stripe-Should-Retry` header.
        should_retry: Option<bool>,
        /// The `Retry-After` header.
        retry_after: Option<Duration>,
    },
}

/// What to do after a failed request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Ask again after this long.
    Again(Duration),
    /// It is final.
    GiveUp,
}

/// Counts the requests made for one answer.
#[derive(Debug)]
pub struct Retry {
    made: u32,
    /// Most requests after the first.
    most: u32,
}

impl Default for Retry {
    fn default() -> Self {
        Self::of(RETRIES)
    }
}

impl Retry {
    /// Makes so many requests after the first.
    pub fn of(most: u32) -> Self {
        Self { made: 0, most }
    }

    /// Decides after a failed request. `chance` is a random number in `0.0..1.0` (full jitter).
    pub fn after(&mut self, attempt: Attempt, chance: f64) -> Decision {
        let worth_it = match attempt {
            Attempt::Network => true,
            Attempt::Status { should_retry: Some(told), .. } => told,
            Attempt::Status { status, .. } => matches!(status, 409 | 424 | 429 | 500..=599),
        };
        self.made += 1;
        if !worth_it || self.made > self.most {
            return Decision::GiveUp;
        }
        let ceiling = LONGEST.min(FIRST * 2u32.pow((self.made - 1).min(6)));
        let drawn = ceiling.mul_f64(chance.clamp(0.0, 1.0));
        Decision::Again(match attempt {
            Attempt::Status { retry_after: Some(asked), .. } => drawn.max(asked.min(LONGEST_ASKED)),
            _ => drawn,
        })
    }

    /// How many requests were made.
    pub fn made(&self) -> u32 {
        self.made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16) -> Attempt {
        Attempt::Status { status, should_retry: None, retry_after: None }
    }

    #[test]
    fn trouble_is_retried_and_refusals_are_not() {
        for code in [409, 424, 429, 500, 502, 503, 504] {
            assert!(matches!(Retry::default().after(status(code), 0.5), Decision::Again(_)), "{code}");
        }
        for code in [400, 401, 402, 403, 404, 301] {
            assert_eq!(Retry::default().after(status(code), 0.5), Decision::GiveUp, "{code}");
        }
        assert!(matches!(Retry::default().after(Attempt::Network, 0.5), Decision::Again(_)));
    }

    #[test]
    fn stripe_has_the_last_word() {
        let told = |status, told| Attempt::Status { status, should_retry: Some(told), retry_after: None };
        assert_eq!(Retry::default().after(told(500, false), 0.5), Decision::GiveUp);
        assert!(matches!(Retry::default().after(told(400, true), 0.5), Decision::Again(_)));
    }

    #[test]
    fn delays_double_to_a_ceiling_and_end_after_six() {
        let mut retry = Retry::default();
        let delays: Vec<_> = std::iter::from_fn(|| match retry.after(Attempt::Network, 1.0) {
            Decision::Again(delay) => Some(delay.as_millis()),
            Decision::GiveUp => None,
        })
        .collect();
        assert_eq!(delays, [500, 1000, 2000, 4000, 8000, 16000]);
        assert_eq!(retry.made(), 7);
    }

    #[test]
    fn a_retry_after_is_waited_for() {
        let asked = Some(Duration::from_secs(7));
        let attempt = Attempt::Status { status: 429, should_retry: None, retry_after: asked };
        assert_eq!(Retry::default().after(attempt, 0.1), Decision::Again(Duration::from_secs(7)));
    }
}
