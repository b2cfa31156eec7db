//! When to sync: slots counted from a start, so that nothing drifts, and one run at a time. The rules are those
//! of Adobe's schedules, but slots may be as short as a minute.

mod clock;
mod keep;
mod state;

pub use clock::{Clock, SystemClock};
pub use keep::{Begin, Note, Ran, Stop, keep};
pub use state::{Last, Outcome, State};

use sha2::{Digest, Sha256};

/// The unit in which slots are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frequency {
    /// One run, no slots.
    Once,
    /// Sixty seconds.
    Minute,
    /// Sixty minutes.
    Hour,
    /// Twenty-four hours: slots know no summer time.
    Day,
    /// Seven such days.
    Week,
}

impl Frequency {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Once, Self::Minute, Self::Hour, Self::Day, Self::Week];

    /// Adobe's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
        }
    }

    /// The frequency of a word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.word() == word)
    }
}

/// Longest slot, in seconds: a year.
const LONGEST: i64 = 366 * 86_400;
/// Most that a run is delayed behind its slot when nothing is said, in seconds.
const JITTER: i64 = 60;

/// A schedule that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// An interval for a single run.
    #[error(
        "--interval: a single run (--frequency once) has none; leave it out, or choose minute, hour, day or week"
    )]
    OnceHasNoInterval,
    /// Too short or too long.
    #[error("--interval {0}: expected a number from 1 on, with slots of at most a year")]
    Interval(i64),
    /// A jitter that would reach the next slot.
    #[error("--jitter {given}: expected seconds from 0 to less than a slot ({period})")]
    Jitter {
        /// The one given.
        given: i64,
        /// The slots' length.
        period: i64,
    },
}

/// When runs are due. All times are epoch seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    start: i64,
    /// The slots' length; none for a single run.
    period: Option<i64>,
    /// The longest delay behind a slot.
    jitter: i64,
    /// The delay behind a slot.
    delay: i64,
}

impl Schedule {
    /// A schedule from `start`. An interval that is not given is one, and fifteen for minutes.
    pub fn new(
        frequency: Frequency,
        interval: Option<i64>,
        start: i64,
        jitter: Option<i64>,
    ) -> Result<Self, ScheduleError> {
        let unit = match frequency {
            Frequency::Once if interval.is_some() => return Err(ScheduleError::OnceHasNoInterval),
            Frequency::Once => return Ok(Self { start, period: None, jitter: 0, delay: 0 }),
            Frequency::Minute => 60,
            Frequency::Hour => 3_600,
            Frequency::Day => 86_400,
            Frequency::Week => 7 * 86_400,
        };
        let interval = interval.unwrap_or(if frequency == Frequency::Minute { 15 } else { 1 });
        let period = interval.checked_mul(unit).filter(|period| (unit..=LONGEST).contains(period));
        let period = period.ok_or(ScheduleError::Interval(interval))?;
        let jitter = match jitter {
            None => JITTER.min(period / 10),
            Some(given) if (0..period).contains(&given) => given,
            Some(given) => return Err(ScheduleError::Jitter { given, period }),
        };
        Ok(Self { start, period: Some(period), jitter, delay: 0 })
    }

    /// The same with the delay that belongs to an account: always the same for one, spread over all, so that
    /// schedules of the same hour do not all ask in the same second.
    pub fn spread(self, account: &str) -> Self {
        let digest = Sha256::digest(account.as_bytes());
        let drawn = digest.iter().take(7).fold(0_i64, |sum, byte| (sum << 8) | i64::from(*byte));
        Self { delay: drawn % (self.jitter + 1), ..self }
    }

    /// The slots' length in seconds; none for a single run.
    pub fn period(&self) -> Option<i64> {
        self.period
    }

    /// The first slot.
    pub fn start(&self) -> i64 {
        self.start
    }

    /// When a slot's run begins.
    pub fn begins(&self, slot: i64) -> i64 {
        slot.saturating_add(self.delay)
    }

    /// The slot to run next, after that of `last` was run: the one after it, or the newest that has come when
    /// several have. None when nothing is left to run.
    pub fn next(&self, last: Option<i64>, now: i64) -> Option<i64> {
        match (self.period, last) {
            (None, None) => Some(self.start),
            (None, Some(_)) => None,
            (Some(period), last) => {
                let after = last.map_or(self.start, |last| self.slot_after(period, last));
                Some(after.max(self.newest(period, now).unwrap_or(after)))
            }
        }
    }

    /// How many slots lie between two, each counted once: those that a run stands for besides its own.
    pub fn passed_over(&self, last: Option<i64>, slot: i64) -> i64 {
        match (self.period, last) {
            (Some(period), Some(last)) => {
                slot.saturating_sub(last).div_euclid(period).saturating_sub(1).max(0)
            }
            // What was before this program began is not its to count.
            _ => 0,
        }
    }

    fn newest(&self, period: i64, now: i64) -> Option<i64> {
        let slots = now.saturating_sub(self.start).div_euclid(period);
        (slots >= 0).then(|| self.start.saturating_add(slots.saturating_mul(period)))
    }

    fn slot_after(&self, period: i64, time: i64) -> i64 {
        self.newest(period, time).map_or(self.start, |slot| slot.saturating_add(period))
    }
}

impl std::fmt::Display for Schedule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some(period) = self.period else { return f.write_str("once") };
        let units = [(7 * 86_400, "week"), (86_400, "day"), (3_600, "hour"), (60, "minute")];
        let (unit, name) = units.into_iter().find(|(unit, _)| period % unit == 0).unwrap_or((1, "second"));
        match period / unit {
            1 => write!(f, "every {name}"),
            count => write!(f, "every {count} {name}s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn minutes(interval: i64, start: i64) -> Schedule {
        Schedule::new(Frequency::Minute, Some(interval), start, Some(0)).unwrap()
    }

    #[test]
    fn adobes_rules_and_ours() {
        let new = |frequency, interval| Schedule::new(frequency, interval, 0, None);
        assert_eq!(new(Frequency::Once, Some(1)), Err(ScheduleError::OnceHasNoInterval));
        for wrong in [0, -1, 366 * 1_440 + 1, i64::MAX] {
            assert_eq!(new(Frequency::Minute, Some(wrong)), Err(ScheduleError::Interval(wrong)));
        }
        let words = |frequency, interval| new(frequency, interval).unwrap().to_string();
        assert_eq!(words(Frequency::Once, None), "once");
        assert_eq!(words(Frequency::Minute, None), "every 15 minutes");
        assert_eq!(words(Frequency::Minute, Some(1)), "every minute");
        assert_eq!(words(Frequency::Hour, Some(24)), "every day");
        assert_eq!(words(Frequency::Week, Some(2)), "every 2 weeks");
        let jitter = |seconds| Schedule::new(Frequency::Minute, Some(1), 0, Some(seconds));
        assert!(jitter(59).is_ok() && jitter(60).is_err() && jitter(-1).is_err());
    }

    #[test]
    fn a_single_run_is_single() {
        let once = Schedule::new(Frequency::Once, None, 1_000, None).unwrap();
        assert_eq!(once.next(None, 0), Some(1_000));
        assert_eq!(once.next(None, 5_000), Some(1_000));
        assert_eq!(once.next(Some(1_000), 5_000), None);
    }

    #[test]
    fn missed_slots_become_one() {
        let schedule = minutes(15, 1_000);
        assert_eq!(schedule.next(None, 0), Some(1_000), "a start to come is waited for");
        assert_eq!(
            schedule.next(None, 1_000 + 10 * 900 + 7),
            Some(10_000),
            "one run for all slots since the start"
        );
        assert_eq!(schedule.next(Some(1_000), 1_100), Some(1_900));
        assert_eq!(schedule.next(Some(1_000), 1_900), Some(1_900));
        assert_eq!(schedule.next(Some(1_000), 4_599), Some(3_700), "the newest that has come");
        assert_eq!(schedule.passed_over(Some(1_000), 3_700), 2);
        assert_eq!(schedule.passed_over(Some(1_000), 1_900), 0);
        assert_eq!(schedule.passed_over(None, 3_700), 0);
    }

    #[test]
    fn an_account_has_its_own_delay_and_keeps_it() {
        let hourly = Schedule::new(Frequency::Hour, None, 0, None).unwrap();
        assert_eq!(hourly.begins(0), 0, "no delay before the account is known");
        let delays: Vec<_> = (0..200).map(|n| hourly.spread(&format!("acct_{n}")).begins(0)).collect();
        assert!(delays.iter().all(|delay| (0..=60).contains(delay)));
        let distinct: std::collections::BTreeSet<_> = delays.iter().collect();
        assert!(distinct.len() > 40, "{} of 61 seconds are used", distinct.len());
        assert_eq!(hourly.spread("acct_7"), hourly.spread("acct_7").spread("acct_7"));
        let minutely = Schedule::new(Frequency::Minute, Some(1), 0, None).unwrap();
        assert!((0..200).all(|n| minutely.spread(&n.to_string()).begins(0) <= 6));
    }

    proptest! {
        /// Whatever runs take and whenever they are asked for: slots lie on the grid, only grow, are never run
        /// early, and the one that is run is the newest that has come.
        #[test]
        fn slots_keep_to_the_grid(
            start in -4_000_000_000_i64..4_000_000_000,
            interval in 1_i64..2_000,
            unit in prop::sample::select(vec![Frequency::Minute, Frequency::Hour]),
            account in 0_u32..1_000,
            begin in -10_000_000_i64..10_000_000,
            durations in prop::collection::vec(0_i64..50_000_000, 1..40),
        ) {
            let schedule = Schedule::new(unit, Some(interval), start, None).unwrap().spread(&account.to_string());
            let period = schedule.period().unwrap();
            let (mut now, mut last) = (start + begin, None);
            for duration in durations {
                let slot = schedule.next(last, now).unwrap();
                prop_assert_eq!((slot - start).rem_euclid(period), 0);
                prop_assert!(slot >= start);
                prop_assert!(last.is_none_or(|last| slot > last));
                let begins = schedule.begins(slot);
                prop_assert!(begins >= slot && begins - slot < period);
                let began = now.max(begins);
                // Nothing is waited for longer than it must be.
                prop_assert!(slot == last.map_or(start, |last| last + period) || slot <= now);
                prop_assert!(slot + period > now, "a newer slot had come");
                if let Some(last) = last {
                    prop_assert_eq!(schedule.passed_over(Some(last), slot), (slot - last) / period - 1);
                }
                (now, last) = (began + duration, Some(slot));
            }
        }

        #[test]
        fn no_time_is_too_far(start: i64, now: i64, last: Option<i64>) {
            let schedule = Schedule::new(Frequency::Minute, Some(1), start, None).unwrap().spread("a");
            let slot = schedule.next(last, now).unwrap();
            schedule.begins(slot);
            schedule.passed_over(last, slot);
        }
    }
}
