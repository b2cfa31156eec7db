//! When a flow runs.

use serde_json::Value;

use super::Document;
use crate::platform::answer::Answer;

/// Later than the year 5000: somebody has sent milliseconds.
const LATEST: u64 = 100_000_000_000;

/// A flow's `scheduleParams`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Schedule {
    /// Milliseconds since 1970.
    pub(super) start: u64,
    /// Milliseconds from one run to the next; none for a flow that runs once.
    pub(super) period: Option<u64>,
    /// Whether the first run takes everything there is.
    pub(super) backfill: bool,
}

impl Schedule {
    pub(super) fn read(schedule: &Document) -> Result<Self, Answer> {
        let names = ["startTime", "frequency", "interval", "backfill"];
        if let Some(name) = schedule.keys().find(|name| !names.contains(&name.as_str())) {
            return Err(Answer::bad_request(format!("scheduleParams has no member {name}")));
        }
        // The tutorial writes numbers as text, the definitions do for the interval.
        let number = |name: &str| match schedule.get(name) {
            Some(Value::String(text)) => text.parse::<u64>().ok(),
            Some(value) => value.as_u64(),
            None => None,
        };
        let start = number("startTime").filter(|start| *start < LATEST).ok_or_else(|| {
            Answer::bad_request("scheduleParams.startTime must be a moment in seconds since 1970")
        })?;
        let unit = match schedule.get("frequency").and_then(Value::as_str) {
            Some("once") => None,
            Some("minute") => Some(60),
            Some("hour") => Some(3600),
            Some("day") => Some(86_400),
            Some("week") => Some(7 * 86_400),
            _ => {
                return Err(Answer::bad_request(
                    "scheduleParams.frequency must be once, minute, hour, day or week",
                ));
            }
        };
        let backfill = match schedule.get("backfill") {
            None => true,
            Some(Value::Bool(backfill)) => *backfill,
            Some(_) => return Err(Answer::bad_request("scheduleParams.backfill must be true or false")),
        };
        let Some(unit) = unit else {
            return match ["interval", "backfill"].iter().find(|name| schedule.contains_key(**name)) {
                Some(name) => {
                    Err(Answer::bad_request(format!("scheduleParams.{name} is not for the frequency once")))
                }
                None => Ok(Self { start: start * 1000, period: None, backfill }),
            };
        };
        let least = if unit == 60 { 15 } else { 1 };
        let interval = number("interval").filter(|interval| (least..=LATEST).contains(interval));
        let interval = interval.ok_or_else(|| {
            Answer::bad_request(format!("scheduleParams.interval must be a whole number from {least}"))
        })?;
        let period = interval.saturating_mul(unit * 1000);
        Ok(Self { start: start * 1000, period: Some(period), backfill })
    }

    /// The first moment of the schedule that is not before another.
    pub(super) fn from(self, moment: u64) -> Option<u64> {
        match self.period {
            None => Some(self.start.max(moment)),
            Some(_) if self.start >= moment => Some(self.start),
            Some(period) => {
                let behind = (moment - self.start).div_ceil(period);
                self.start.checked_add(behind.checked_mul(period)?)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Schedule;
    use serde_json::{Value, json};

    fn read(schedule: Value) -> Option<Schedule> {
        Schedule::read(schedule.as_object()?).ok()
    }

    #[test]
    fn a_schedule_is_read_as_text_and_as_numbers() {
        let wanted = Schedule { start: 1_710_267_858_000, period: Some(900_000), backfill: true };
        let text = json!({"startTime": "1710267858", "frequency": "minute", "interval": "15"});
        assert_eq!(read(text), Some(wanted));
        let numbers =
            json!({"startTime": 1710267858, "frequency": "minute", "interval": 15, "backfill": true});
        assert_eq!(read(numbers), Some(wanted));
        assert!(read(json!({"startTime": 1, "frequency": "once"})).is_some());
    }

    #[test]
    fn what_the_rules_forbid_is_refused() {
        for wrong in [
            json!({"frequency": "hour", "interval": 1}),
            json!({"startTime": 1}),
            json!({"startTime": 1710267858000_u64, "frequency": "hour", "interval": 1}),
            json!({"startTime": 1, "frequency": "hour"}),
            json!({"startTime": 1, "frequency": "minute", "interval": 14}),
            json!({"startTime": 1, "frequency": "day", "interval": 0}),
            json!({"startTime": 1, "frequency": "month", "interval": 1}),
            json!({"startTime": 1, "frequency": "once", "interval": 1}),
            json!({"startTime": 1, "frequency": "once", "backfill": true}),
            json!({"startTime": 1, "frequency": "week", "interval": 1, "backfill": "no"}),
            json!({"startTime": 1, "frequency": "week", "interval": 1, "timeZone": "UTC"}),
        ] {
            assert_eq!(read(wrong.clone()), None, "{wrong}");
        }
    }

    #[test]
    fn moments_follow_the_period() {
        let schedule = Schedule { start: 1_000, period: Some(500), backfill: true };
        assert_eq!(
            [0, 1_000, 1_001, 1_500].map(|moment| schedule.from(moment)),
            [Some(1_000), Some(1_000), Some(1_500), Some(1_500)]
        );
        assert_eq!(Schedule { period: None, ..schedule }.from(7_000), Some(7_000));
    }
}
