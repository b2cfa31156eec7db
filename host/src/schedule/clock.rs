//! The time, and waiting for one: a trait, so that a test of weeks takes milliseconds.

use std::time::Duration;

/// A clock that can be waited on. All times are epoch seconds.
pub trait Clock: Sync {
    /// The time.
    fn now(&self) -> i64;
    /// Waits until a time has come.
    fn until(&self, time: i64) -> impl Future<Output = ()> + Send;
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// Longest sleep at a stretch: a machine that was suspended, or a clock that was set, is noticed after it.
const STRETCH: Duration = Duration::from_secs(15);

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        jiff::Timestamp::now().as_second()
    }

    async fn until(&self, time: i64) {
        loop {
            let left = time.saturating_sub(self.now());
            if left <= 0 {
                return;
            }
            tokio::time::sleep(STRETCH.min(Duration::from_secs(left.unsigned_abs()))).await;
        }
    }
}
