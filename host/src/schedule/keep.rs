//! Staying up: waits for a slot, runs, waits for the next. A run that fails is tried again; a wish to stop is
//! heard at any moment.

use super::{Clock, Schedule};
use tokio::sync::watch;

/// Wait before a failed run is tried again, in seconds; it doubles with every failure in a row.
const FIRST_WAIT: i64 = 60;
/// The longest such wait.
const LONGEST_WAIT: i64 = 3_600;

/// Whether it was asked to stop. Copies hear the same.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// A way to ask for the stop, and who hears it.
    pub fn new() -> (watch::Sender<bool>, Self) {
        let (ask, heard) = watch::channel(false);
        (ask, Self(heard))
    }

    /// Whether it was asked for.
    pub fn asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits for it. When nobody is left to ask, for ever.
    pub async fn wait(&self) {
        if self.0.clone().wait_for(|asked| *asked).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// A run that begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begin {
    /// The slot that it stands for.
    pub slot: i64,
    /// When it begins.
    pub now: i64,
}

/// How a run ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ran {
    /// Why nothing could be done, when that is so: it is tried again before the next slot.
    pub failed: Option<String>,
    /// The account that was synced, by which later runs are spread.
    pub account: Option<String>,
}

/// What happens between runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The next run is waited for.
    Waits {
        /// Its slot.
        slot: i64,
        /// When it begins.
        begins: i64,
    },
    /// A run begins later than its slot's turn, and stands for others too.
    PassedOver {
        /// The slot.
        slot: i64,
        /// The others.
        others: i64,
    },
    /// A run failed.
    Failed {
        /// Why.
        error: String,
        /// How many failed in a row.
        times: u32,
        /// When it is tried again.
        again: i64,
    },
}

/// Runs slot after slot until none is left or the stop is asked for; gives how the last run ended, if any did.
/// The job hears the same stop.
pub async fn keep<C: Clock>(
    mut schedule: Schedule,
    clock: &C,
    stop: &Stop,
    mut note: impl FnMut(Note),
    mut run: impl AsyncFnMut(Begin) -> Ran,
) -> Option<Ran> {
    let (mut last, mut ended) = (None, None);
    while let Some(slot) = schedule.next(last, clock.now()) {
        let begins = schedule.begins(slot);
        if begins > clock.now() {
            note(Note::Waits { slot, begins });
        }
        if !came(clock, begins, stop).await {
            break;
        }
        let mut times = 0_u32;
        let stood_for = loop {
            // Others may have come while it waited for its delay, slept longer than it wished, or failed: what a
            // run does, it does for them too.
            let now = clock.now();
            let slot = schedule.next(last, now).unwrap_or(slot);
            let others = schedule.passed_over(last, slot);
            if others > 0 {
                note(Note::PassedOver { slot, others });
            }
            let ran = run(Begin { slot, now }).await;
            if let Some(account) = &ran.account {
                schedule = schedule.spread(account);
            }
            let failed = ran.failed.clone();
            ended = Some(ran);
            let Some(error) = failed.filter(|_| !stop.asked() && schedule.period().is_some()) else {
                break slot;
            };
            times = times.saturating_add(1);
            let again = clock.now().saturating_add(wait(times));
            note(Note::Failed { error, times, again });
            if !came(clock, again, stop).await {
                break slot;
            }
        };
        if stop.asked() {
            break;
        }
        last = Some(stood_for);
    }
    ended
}

/// Whether a time came before the stop.
async fn came<C: Clock>(clock: &C, time: i64, stop: &Stop) -> bool {
    tokio::select! {
        biased;
        () = stop.wait() => false,
        () = clock.until(time) => true,
    }
}

fn wait(times: u32) -> i64 {
    LONGEST_WAIT.min(FIRST_WAIT << times.saturating_sub(1).min(6))
}

#[cfg(test)]
mod tests {
    use super::super::Frequency;
    use super::*;
    use std::sync::atomic::{AtomicI64, Ordering};

    /// A clock that goes to where it is waited for.
    struct Hands(AtomicI64);

    impl Hands {
        fn at(time: i64) -> Self {
            Self(AtomicI64::new(time))
        }
        fn spend(&self, seconds: i64) {
            self.0.fetch_add(seconds, Ordering::Relaxed);
        }
    }

    impl Clock for Hands {
        fn now(&self) -> i64 {
            self.0.load(Ordering::Relaxed)
        }
        async fn until(&self, time: i64) {
            self.0.fetch_max(time, Ordering::Relaxed);
        }
    }

    fn quarterly(start: i64) -> Schedule {
        Schedule::new(Frequency::Minute, Some(15), start, Some(0)).unwrap()
    }

    /// Runs a schedule whose runs take these times and fail as told; gives slots and begins, and the notes.
    async fn watch(
        schedule: Schedule,
        now: i64,
        runs: &[(i64, bool)],
    ) -> (Vec<(i64, i64)>, Vec<Note>, Option<Ran>) {
        let clock = Hands::at(now);
        let (ask, stop) = Stop::new();
        let (mut begun, mut notes) = (Vec::new(), Vec::new());
        let ended = keep(
            schedule,
            &clock,
            &stop,
            |note| notes.push(note),
            async |begin: Begin| {
                let (seconds, fails) = runs[begun.len()];
                begun.push((begin.slot, begin.now));
                clock.spend(seconds);
                if begun.len() == runs.len() {
                    ask.send(true).unwrap();
                }
                Ran { failed: fails.then(|| "no network".to_owned()), account: None }
            },
        )
        .await;
        (begun, notes, ended)
    }

    #[tokio::test]
    async fn runs_begin_at_their_slots_without_drift() {
        let (begun, notes, _) =
            watch(quarterly(1_000), 400, &[(100, false), (1, false), (899, false), (5, false)]).await;
        assert_eq!(begun, [(1_000, 1_000), (1_900, 1_900), (2_800, 2_800), (3_700, 3_700)]);
        assert_eq!(notes[0], Note::Waits { slot: 1_000, begins: 1_000 });
        assert_eq!(notes.len(), 4);
    }

    #[tokio::test]
    async fn a_long_run_delays_the_next_and_stands_for_what_it_missed() {
        let (begun, notes, _) = watch(quarterly(0), 0, &[(2_000, false), (10, false), (10, false)]).await;
        assert_eq!(begun, [(0, 0), (1_800, 2_000), (2_700, 2_700)]);
        assert!(notes.contains(&Note::PassedOver { slot: 1_800, others: 1 }), "{notes:?}");
    }

    #[tokio::test]
    async fn a_start_that_is_past_is_made_up_for_at_once() {
        let (begun, ..) = watch(quarterly(0), 10_000, &[(1, false), (1, false)]).await;
        assert_eq!(begun, [(9_900, 10_000), (10_800, 10_800)]);
    }

    #[tokio::test]
    async fn a_failed_run_is_tried_again_ever_more_slowly_and_then_the_slots_go_on() {
        let mut runs = vec![(0, true); 9];
        runs.extend([(0, false), (0, false)]);
        let (begun, notes, _) = watch(quarterly(0), 0, &runs).await;
        let waits: Vec<_> = begun.windows(2).map(|pair| pair[1].1 - pair[0].1).collect();
        assert_eq!(waits[..9], [60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]);
        let (well, next) = (begun[9], begun[10]);
        assert_eq!(well.0, well.1 / 900 * 900, "it stands for the newest slot that has come");
        assert_eq!(next, (well.0 + 900, well.0 + 900), "back on the grid");
        let failed: Vec<_> = notes.iter().filter(|note| matches!(note, Note::Failed { .. })).collect();
        assert_eq!(failed.len(), 9);
        assert_eq!(failed[0], &Note::Failed { error: "no network".to_owned(), times: 1, again: 60 });
    }

    #[tokio::test]
    async fn a_single_run_that_fails_is_over() {
        let once = Schedule::new(Frequency::Once, None, 500, None).unwrap();
        let (begun, notes, ended) = watch(once, 0, &[(1, true), (1, true)]).await;
        assert_eq!(begun, [(500, 500)]);
        assert_eq!(notes, [Note::Waits { slot: 500, begins: 500 }]);
        assert_eq!(ended.unwrap().failed.as_deref(), Some("no network"));
    }

    #[tokio::test]
    async fn a_stop_is_heard_while_waiting() {
        struct Never;
        impl Clock for Never {
            fn now(&self) -> i64 {
                0
            }
            async fn until(&self, time: i64) {
                if time > 0 {
                    std::future::pending::<()>().await;
                }
            }
        }
        let (ask, stop) = Stop::new();
        let mut runs = 0;
        let stopping = async |_: Begin| {
            runs += 1;
            Ran::default()
        };
        let ended = keep(quarterly(0), &Never, &stop, |_| ask.send(true).unwrap(), stopping).await;
        assert_eq!(
            (ended, runs),
            (Some(Ran::default()), 1),
            "the run at 0 was, that at 900 is not waited for"
        );
    }

    #[tokio::test]
    async fn runs_are_spread_once_the_account_is_known() {
        let clock = Hands::at(0);
        let hourly = Schedule::new(Frequency::Hour, None, 0, None).unwrap();
        let (ask, stop) = Stop::new();
        let mut begun = Vec::new();
        keep(
            hourly,
            &clock,
            &stop,
            |_| (),
            async |begin: Begin| {
                begun.push(begin.now);
                if begun.len() == 3 {
                    ask.send(true).unwrap();
                }
                Ran { failed: None, account: Some("acct_1".to_owned()) }
            },
        )
        .await;
        let delay = hourly.spread("acct_1").begins(0);
        assert!(delay > 0);
        assert_eq!(begun, [0, 3_600 + delay, 7_200 + delay]);
    }
}
