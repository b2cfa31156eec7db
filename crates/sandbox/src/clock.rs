//! What time it is in the sandbox. Tests set it, so that a pause of a month takes no time at all.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where the time comes from: the `Date` of answers, the `created` of what churn makes, what is old
/// enough to be listed, and which events are still kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clock {
    /// This machine's. Events are then kept for ever: a seeded account ends at a fixed moment, which
    /// may be long ago.
    #[default]
    Machine,
    /// Unix seconds, until somebody moves it. Events are listed for 30 days.
    Fixed(i64),
}

/// How long Stripe lists events.
const EVENTS_KEPT: i64 = 30 * 86_400;

impl Clock {
    /// Unix seconds.
    pub(crate) fn now(self) -> i64 {
        match self {
            Self::Machine => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
            }
            Self::Fixed(now) => now,
        }
    }

    pub(crate) fn advanced(self, by: Duration) -> Self {
        match self {
            Self::Machine => Self::Machine,
            Self::Fixed(now) => {
                Self::Fixed(now.saturating_add(i64::try_from(by.as_secs()).unwrap_or(i64::MAX)))
            }
        }
    }

    /// Events created before this are gone.
    pub(crate) fn events_since(self) -> i64 {
        match self {
            Self::Machine => i64::MIN,
            Self::Fixed(now) => now.saturating_sub(EVENTS_KEPT),
        }
    }

    /// The `Date` header, where it is not the machine's.
    pub(crate) fn date(self) -> Option<String> {
        let Self::Fixed(now) = self else { return None };
        let since = Duration::from_secs(u64::try_from(now).unwrap_or_default());
        Some(httpdate::fmt_http_date(UNIX_EPOCH + since))
    }
}
