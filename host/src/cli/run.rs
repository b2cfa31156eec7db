//! `stripe-xdm run`: stays up and syncs on a schedule. What can be wrong with flags and files is said before the
//! first slot; what goes wrong later ends a run, not the program.

use super::Global;
use super::delivery::{BETWEEN_RUNS, ToArgs};
use super::failures::{errors, failures, tell_failures};
use super::signals::stop_on_signals;
use super::sync::{Ready, SyncArgs, both, once, ready, runtime, show_all};
use anyhow::bail;
use clap::{ArgAction, Args, ValueEnum};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use stripe_xdm::delivery::Delivery;
use stripe_xdm::lake::Lake;
use stripe_xdm::module::Module;
use stripe_xdm::report::delivered_words;
use stripe_xdm::schedule::{
    Begin, Clock, Frequency, Last, Note, Outcome, Ran, Schedule, State, Stop, SystemClock, keep,
};
use stripe_xdm::sync::{Ended, Total};

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    sync: SyncArgs,
    #[command(flatten)]
    to: ToArgs,
    #[command(flatten)]
    schedule: ScheduleArgs,
}

/// A schedule as Adobe's sources have it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Schedule")]
pub(super) struct ScheduleArgs {
    /// The unit of the slots in which runs begin
    #[arg(long, value_enum, default_value_t = Unit::Minute)]
    frequency: Unit,
    /// How many units a slot has; default 15 minutes, 1 hour, 1 day, 1 week
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    interval: Option<i64>,
    /// When the first slot begins, from which all are counted: a date, a time or epoch seconds; default now
    #[arg(long, value_name = "TIME", value_parser = super::time)]
    start: Option<i64>,
    /// Whether the first run takes all that there is; with =false only what was created since --start
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        action = ArgAction::Set
    )]
    backfill: Option<bool>,
    /// Longest delay behind a slot; each account has its own, always the same. Default 60, at most a tenth of a slot
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    jitter: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Unit {
    /// A single run, at --start
    Once,
    Minute,
    Hour,
    Day,
    Week,
}

impl ScheduleArgs {
    fn schedule(&self, now: i64) -> anyhow::Result<Schedule> {
        let frequency = match self.frequency {
            Unit::Once => Frequency::Once,
            Unit::Minute => Frequency::Minute,
            Unit::Hour => Frequency::Hour,
            Unit::Day => Frequency::Day,
            Unit::Week => Frequency::Week,
        };
        if frequency == Frequency::Once && self.backfill.is_some() {
            bail!("--backfill: a single run (--frequency once) has none; --since says where it begins");
        }
        Ok(Schedule::new(frequency, self.interval, self.start.unwrap_or(now), self.jitter)?)
    }
}

impl RunArgs {
    /// Finds what is wrong with what was given, as a run does before it asks Stripe.
    pub(super) fn judge(&self, global: &Global, module: &Module) -> anyhow::Result<()> {
        self.judge_without_keys(module)?;
        self.begins_once(self.sync.judge_accounts(global)?)
    }

    pub(super) fn judge_without_keys(&self, module: &Module) -> anyhow::Result<()> {
        self.schedule.schedule(SystemClock.now())?;
        self.sync.judge(module)
    }

    fn begins_once(&self, since: bool) -> anyhow::Result<()> {
        if self.schedule.backfill == Some(false) && since {
            bail!("--since and --backfill=false both say where the first run begins; leave one out");
        }
        Ok(())
    }
}

pub(super) fn run(global: &Global, args: &RunArgs) -> anyhow::Result<ExitCode> {
    let clock = SystemClock;
    let schedule = args.schedule.schedule(clock.now())?;
    let mut ready = ready(global, &args.sync)?.then(args.to.route(BETWEEN_RUNS)?);
    args.begins_once(ready.targets.iter().any(|target| target.config.since.is_some()))?;
    if args.schedule.backfill == Some(false) {
        // Later runs begin where the one before ended: a program that is started anew leaves no gap.
        if !Lake::has_ledger(&args.sync.lake) {
            ready.targets.iter_mut().for_each(|target| target.config.since = Some(schedule.start()));
        }
    }
    runtime()?.block_on(async {
        let stop = stop_on_signals();
        let account = ready.targets.iter().find_map(|target| target.config.account.as_deref());
        let schedule = account.map_or(schedule, |account| schedule.spread(account));
        let _served = ready.serve().await?;
        let mut diary = Diary::new(global, &args.sync.lake, schedule, clock.now());
        diary.keep(schedule, &clock, &stop, &ready).await
    })
}

/// What a run did.
struct Round {
    accounts: Vec<Ended>,
    delivery: Option<anyhow::Result<Delivery>>,
}

/// What was fetched goes on even if not all could be.
async fn round(global: &Global, ready: &Ready, stop: &Stop) -> anyhow::Result<Round> {
    let accounts = once(global, ready, stop).await?;
    let delivery = ready.deliver(global, stop).await.transpose();
    Ok(Round { accounts, delivery })
}

impl Round {
    fn delivery(&self) -> Option<&Delivery> {
        self.delivery.as_ref()?.as_ref().ok()
    }

    /// Why nothing could be carried on.
    fn undelivered(&self) -> Option<String> {
        match self.delivery.as_ref()? {
            Err(error) => Some(format!("{error:#}")),
            Ok(delivery) => delivery.error.as_ref().map(ToString::to_string),
        }
    }
}

/// Tells how it goes: to people, to programs, and to `status`.
struct Diary<'a> {
    global: &'a Global,
    lake: PathBuf,
    state: State,
    /// The exit code of the last run.
    code: u8,
}

impl<'a> Diary<'a> {
    fn new(global: &'a Global, lake: &Path, schedule: Schedule, now: i64) -> Self {
        let state = State {
            schedule: schedule.to_string(),
            start: schedule.start(),
            process: std::process::id(),
            running_since: None,
            next_run: Some(schedule.begins(schedule.next(None, now).unwrap_or(now))),
            last: None,
            failures: 0,
            stopped: false,
        };
        Self { global, lake: lake.to_owned(), state, code: 0 }
    }

    async fn keep(
        &mut self,
        schedule: Schedule,
        clock: &SystemClock,
        stop: &Stop,
        ready: &Ready,
    ) -> anyhow::Result<ExitCode> {
        self.write();
        let global = self.global;
        let diary = std::cell::RefCell::new(&mut *self);
        let job = async |begin: Begin| {
            diary.borrow_mut().began(begin);
            let round = round(global, ready, stop).await;
            diary.borrow_mut().ended(begin.now, clock.now(), stop, round)
        };
        keep(schedule, clock, stop, |note| diary.borrow_mut().note(&note), job).await;
        self.state.stopped = true;
        self.state.next_run = None;
        self.write();
        if stop.asked() {
            self.tell("stopped", "stopped; start it again to go on from here", &[]);
            return Ok(ExitCode::SUCCESS);
        }
        Ok(ExitCode::from(self.code))
    }

    fn began(&mut self, begin: Begin) {
        self.state.running_since = Some(begin.now);
        self.state.next_run = None;
        self.write();
    }

    fn ended(&mut self, began: i64, ended: i64, stop: &Stop, how: anyhow::Result<Round>) -> Ran {
        let (run, code, error, account) = match &how {
            Ok(round) => {
                let accounts = &round.accounts;
                let code = Total::of(accounts).exit_code();
                let mut summaries = accounts.iter().filter_map(|account| account.result.as_ref().ok());
                let interrupted = summaries.clone().any(|summary| summary.interrupted);
                let failed = (code == 1 && !interrupted).then(|| errors(accounts));
                let error = failed.or_else(|| round.undelivered());
                let of_delivery = round.delivery().map_or(0, Delivery::exit_code);
                let code = if error.is_some() { 1 } else { both(code, of_delivery) };
                let first = summaries.next();
                // Of several accounts, each has a run of its own.
                let run = first.filter(|_| accounts.len() == 1).map(|summary| summary.run.clone());
                let account = first.map(|summary| summary.account.clone());
                (run, code, error, account)
            }
            Err(error) => (None, 1, Some(format!("{error:#}")), None),
        };
        let outcome = match (&error, code) {
            (Some(_), _) => Outcome::Failed,
            (None, 0) => Outcome::Well,
            (None, 2) => Outcome::Partly,
            (None, _) => Outcome::Stopped,
        };
        self.code = code;
        self.state.failures = if error.is_some() { self.state.failures.saturating_add(1) } else { 0 };
        self.state.running_since = None;
        self.state.last = Some(Last { began, ended, outcome, run, error: error.clone() });
        self.write();
        if let Ok(round) = &how {
            self.show(round);
        } else if let Some(error) = error.as_ref().filter(|_| stop.asked() || self.state.schedule == "once") {
            // Otherwise it is told with what happens next.
            stripe_xdm::tell!("error: {error}");
        }
        Ran { failed: error, account }
    }

    /// The whole table after the first run of a terminal's user, a line after each in a log.
    fn show(&self, round: &Round) {
        let accounts = &round.accounts;
        if self.global.json || self.global.quiet || self.global.draws() {
            // What cannot be printed is in the run's file.
            let _unprintable = show_all(self.global, accounts, round.delivery(), &self.lake);
            return;
        }
        if self.global.quiet {
            // What failed as a whole is told with what happens next.
            if self.code == 2 {
                tell_failures(accounts, round.delivery(), &self.lake);
            }
            return;
        }
        let mut held = 0;
        for Ended { name, result } in accounts {
            let Ok(summary) = result else { continue };
            let objects: u64 = summary.resources.values().map(|resource| resource.objects).sum();
            let written: u64 = summary.resources.values().map(|resource| resource.written()).sum();
            let stopped = if summary.interrupted { ", stopped before its end" } else { "" };
            let of = if accounts.len() > 1 { format!("{name}, ") } else { String::new() };
            say!(
                "{of}run {}: {objects} objects, {written} new records in {:.1} s{stopped}",
                summary.run,
                summary.seconds
            );
            // The quarantine is the lake's, not an account's.
            held = summary.quarantine.values().sum();
        }
        for error in failures(accounts) {
            say!("FAILED {error}");
        }
        if held > 0 {
            say!("kept back: {held}; `stripe-xdm quarantine list {}` says why", self.lake.display());
        }
        for one in round.delivery().into_iter().flat_map(|delivery| &delivery.datasets) {
            if !one.is_idle() {
                say!("{}: {}", one.dataset, delivered_words(one));
            }
            one.notes.iter().for_each(|note| say!("{}: {note}", one.dataset));
        }
    }

    fn note(&mut self, note: &Note) {
        match note {
            Note::Waits { slot, begins } => {
                self.state.next_run = Some(*begins);
                let words = format!("{}: the next run begins at {}", self.state.schedule, time(*begins));
                self.tell("waits", &words, &[("slot", *slot), ("begins", *begins)]);
            }
            Note::PassedOver { slot, others } => {
                let words = format!("{others} earlier slots were missed; this run stands for them, too");
                self.tell("passed_over", &words, &[("slot", *slot), ("others", *others)]);
            }
            Note::Failed { error, times, again } => {
                self.state.next_run = Some(*again);
                let words = format!(
                    "FAILED: {error}\nthe run failed ({times} in a row); it is tried again at {}",
                    time(*again)
                );
                if self.global.json {
                    let line = serde_json::json!({
                        "event": "failed", "error": error, "times": times, "again": again
                    });
                    stripe_xdm::tell!("{line}");
                } else {
                    stripe_xdm::tell!("{words}");
                }
            }
        }
        self.write();
    }

    fn tell(&self, event: &str, words: &str, numbers: &[(&str, i64)]) {
        if self.global.json {
            let mut line = serde_json::Map::from_iter([("event".to_owned(), event.into())]);
            line.extend(numbers.iter().map(|(name, number)| ((*name).to_owned(), (*number).into())));
            stripe_xdm::tell!("{}", serde_json::Value::Object(line));
        } else if !self.global.quiet {
            stripe_xdm::tell!("{words}");
        }
    }

    /// The state is for `status` alone: that it cannot be written ends nothing.
    fn write(&self) {
        if let Err(error) = self.state.write(&self.lake) {
            stripe_xdm::tell!("the schedule's state cannot be written to {}: {error}", self.lake.display());
        }
    }
}

fn time(epoch: i64) -> String {
    jiff::Timestamp::from_second(epoch).map_or_else(|_| epoch.to_string(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        schedule: ScheduleArgs,
    }

    fn schedule(words: &str) -> anyhow::Result<Schedule> {
        let line = Line::try_parse_from(std::iter::once("run").chain(words.split_whitespace()))?;
        line.schedule.schedule(1_000)
    }

    #[test]
    fn schedules_are_said_as_in_adobes_sources() {
        assert_eq!(schedule("").unwrap().to_string(), "every 15 minutes");
        assert_eq!(schedule("").unwrap().start(), 1_000);
        let daily = schedule("--frequency day --start 2026-11-21 --backfill=false").unwrap();
        assert_eq!((daily.start(), daily.period()), (1_795_219_200, Some(86_400)));
        assert_eq!(schedule("--frequency once --start 2026-11-21T12:00:00Z").unwrap().period(), None);
        assert!(schedule("--backfill").is_ok() && schedule("--backfill=true").is_ok());
        for (wrong, word) in [
            ("--frequency once --interval 2", "--interval"),
            ("--frequency once --backfill=false", "--since"),
            ("--interval 0", "--interval"),
            ("--start soon", "--start"),
            ("--jitter 900", "--jitter"),
            ("--frequency second", "possible values"),
        ] {
            let error = schedule(wrong).unwrap_err().to_string();
            assert!(error.contains(word), "{wrong}: {error}");
        }
    }
}
