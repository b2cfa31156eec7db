//! When a flow runs, by Flow Service's rules.

use crate::schedule::Frequency;
use serde_json::{Map, Value, json};
use std::fmt;

/// Later than the year 5000: somebody has given milliseconds.
const LATEST: i64 = 100_000_000_000;
/// The members of `scheduleParams`, in the order in which they are told.
const MEMBERS: [&str; 4] = ["frequency", "interval", "startTime", "backfill"];

/// When a flow runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// Its first run at the earliest, in epoch seconds; the moment at which it is made when absent.
    pub start: Option<i64>,
    /// The unit of the interval.
    pub frequency: Frequency,
    /// Units between two runs; none of a flow that runs once.
    pub interval: Option<u32>,
    /// Whether the first run takes everything there is; none of a flow that runs once.
    pub backfill: Option<bool>,
}

impl Default for Schedule {
    fn default() -> Self {
        Self { start: None, frequency: Frequency::Hour, interval: Some(1), backfill: Some(true) }
    }
}

impl Schedule {
    /// What Flow Service would refuse about it, in words.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut say = |text: &str| problems.push(text.to_owned());
        if self.start.is_some_and(|start| !(0..LATEST).contains(&start)) {
            say("start must be a time after 1970, in seconds: this looks like milliseconds");
        }
        match (self.frequency, self.interval) {
            (Frequency::Once, Some(_)) => say("interval is not for the frequency once: leave it out"),
            (Frequency::Once, None) => {}
            (_, None) => say("interval is missing: how many units lie between two runs"),
            (Frequency::Minute, Some(..15)) => {
                say("interval must be 15 or more with the frequency minute: Adobe polls no more often")
            }
            (_, Some(0)) => say("interval must be 1 or more"),
            _ => {}
        }
        if self.frequency == Frequency::Once && self.backfill.is_some() {
            say("backfill is not for the frequency once, which takes everything: leave it out");
        }
        problems
    }

    /// As Flow Service takes it.
    pub(super) fn document(&self, now: i64) -> Map<String, Value> {
        let mut document = Map::new();
        document.insert("startTime".to_owned(), json!(self.start.unwrap_or(now)));
        document.insert("frequency".to_owned(), json!(self.frequency.word()));
        if let Some(interval) = self.interval {
            // The definitions have it as text.
            document.insert("interval".to_owned(), json!(interval.to_string()));
        }
        if let Some(backfill) = self.backfill {
            document.insert("backfill".to_owned(), json!(backfill));
        }
        document
    }

    /// What must be patched so that what is there becomes this; or why it cannot. `has_run`: whether its first run
    /// has been.
    pub(super) fn changes(&self, there: &Value, has_run: bool, now: i64) -> Result<Vec<Change>, Vec<String>> {
        let began = number(there, "startTime").is_some_and(|start| start <= now);
        let mut wanted = self.document(now);
        if self.start.is_none() {
            wanted.remove("startTime");
        }
        let (mut changes, mut refused) = (Vec::new(), Vec::new());
        for member in MEMBERS {
            let (is, will) = (shown(there, member), wanted.get(member));
            if will.map(plain) == is || (member == "startTime" && will.is_none()) {
                continue;
            }
            if member == "startTime" && began {
                refused.push(format!(
                    "its start, {}, has passed and cannot be changed any more",
                    moment(is.as_deref())
                ));
                continue;
            }
            if member == "backfill" && has_run && will.is_some() {
                refused.push("backfill is about its first run, which has been".to_owned());
                continue;
            }
            let op = match (&is, will) {
                (Some(_), Some(_)) => "replace",
                (None, _) => "add",
                (Some(_), None) => "remove",
            };
            let mut patch = json!({ "op": op, "path": format!("/scheduleParams/{member}") });
            if let (Some(value), Value::Object(patch)) = (will, &mut patch) {
                patch.insert("value".to_owned(), value.clone());
            }
            let word = |text: Option<&str>| match (member, text) {
                ("startTime", _) => moment(text),
                (_, Some(text)) => text.to_owned(),
                (_, None) => "none".to_owned(),
            };
            let note = format!("{member}: {} → {}", word(is.as_deref()), word(will.map(plain).as_deref()));
            changes.push(Change { patch, note });
        }
        if refused.is_empty() { Ok(changes) } else { Err(refused) }
    }

    /// What Flow Service says of a flow; none when it is not understood.
    pub fn of(there: &Value) -> Option<Self> {
        let frequency = Frequency::named(there.get("frequency")?.as_str()?)?;
        let interval = number(there, "interval").and_then(|number| number.try_into().ok());
        // Left out it is on, where there is any.
        let backfill = there.get("backfill").and_then(Value::as_bool);
        let once = frequency == Frequency::Once;
        Some(Self {
            start: number(there, "startTime"),
            frequency,
            interval: interval.filter(|_| !once),
            backfill: backfill.or(Some(true)).filter(|_| !once),
        })
    }
}

/// One step of a patch, and what is said of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    pub(super) patch: Value,
    pub(super) note: String,
}

/// A member as text, whichever way it is written: numbers come as text, too.
fn shown(there: &Value, member: &str) -> Option<String> {
    let is = there.get(member).filter(|value| !value.is_null()).map(plain);
    // What is left out is on, but for a flow that runs once, which has none.
    let once = there.get("frequency").is_some_and(|word| word == "once");
    is.or_else(|| (member == "backfill" && !once).then(|| "true".to_owned()))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn number(there: &Value, member: &str) -> Option<i64> {
    there.get(member).map(plain)?.parse().ok()
}

fn moment(seconds: Option<&str>) -> String {
    let epoch = seconds.and_then(|text| text.parse().ok());
    epoch.map_or_else(|| "none".to_owned(), crate::report::moment)
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.frequency, self.interval.unwrap_or(1)) {
            (Frequency::Once, _) => f.write_str("once")?,
            (frequency, 1) => write!(f, "every {}", frequency.word())?,
            (frequency, many) => write!(f, "every {many} {}s", frequency.word())?,
        }
        if let Some(start) = self.start {
            write!(f, " from {}", crate::report::moment(start))?;
        }
        if self.backfill == Some(false) {
            f.write_str(", without what was there before")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn every(interval: u32, frequency: Frequency) -> Schedule {
        Schedule { frequency, interval: Some(interval), ..Schedule::default() }
    }

    #[test]
    fn the_rules_are_checked_before_anything_is_sent() {
        let once = Schedule { frequency: Frequency::Once, interval: None, backfill: None, start: None };
        for right in [Schedule::default(), every(15, Frequency::Minute), every(1, Frequency::Week), once] {
            assert_eq!(right.problems(), Vec::<String>::new());
        }
        let wrong = [
            every(14, Frequency::Minute),
            every(0, Frequency::Day),
            Schedule { interval: None, ..Schedule::default() },
            Schedule { interval: Some(1), ..once },
            Schedule { backfill: Some(true), ..once },
            Schedule { start: Some(1_800_000_000_000), ..once },
        ];
        for wrong in wrong {
            assert_eq!(wrong.problems().len(), 1, "{wrong:?}");
        }
    }

    #[test]
    fn what_is_there_is_read_in_both_forms_and_only_what_differs_is_changed() {
        let there = json!({ "startTime": "1700000000", "frequency": "hour", "interval": 1 });
        assert_eq!(Schedule::default().changes(&there, true, NOW), Ok(Vec::new()));
        let changes = every(30, Frequency::Minute).changes(&there, true, NOW).unwrap();
        let paths: Vec<_> = changes.iter().map(|change| change.patch["path"].as_str().unwrap()).collect();
        assert_eq!(paths, ["/scheduleParams/frequency", "/scheduleParams/interval"]);
        assert_eq!(changes[1].patch["value"], "30");
        assert_eq!(changes[1].note, "interval: 1 → 30");
        let once = Schedule { frequency: Frequency::Once, interval: None, backfill: None, start: None };
        let changes = once.changes(
            &json!({ "startTime": 1, "frequency": "hour", "interval": 1, "backfill": true }),
            true,
            NOW,
        );
        let ops: Vec<_> = changes.unwrap().iter().map(|change| change.patch["op"].clone()).collect();
        assert_eq!(ops, ["replace", "remove", "remove"]);
    }

    #[test]
    fn what_has_begun_keeps_its_start_and_what_has_run_its_backfill() {
        let there = |start: i64| json!({ "startTime": start, "frequency": "hour", "interval": 1 });
        let later = Schedule { start: Some(NOW + 60), ..Schedule::default() };
        assert_eq!(later.changes(&there(NOW + 10), false, NOW).unwrap().len(), 1);
        assert!(later.changes(&there(NOW - 10), false, NOW).unwrap_err()[0].contains("has passed"));
        let without = Schedule { backfill: Some(false), ..Schedule::default() };
        assert_eq!(without.changes(&there(NOW - 10), false, NOW).unwrap().len(), 1);
        assert!(without.changes(&there(NOW - 10), true, NOW).is_err());
    }

    #[test]
    fn a_schedule_is_said_in_words() {
        assert_eq!(every(15, Frequency::Minute).to_string(), "every 15 minutes");
        let there = json!({ "startTime": "0", "frequency": "day", "interval": "1", "backfill": false });
        assert_eq!(
            Schedule::of(&there).unwrap().to_string(),
            "every day from 1970-01-01, without what was there before"
        );
    }
}
