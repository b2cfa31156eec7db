//! Moments as calls and questions give them: RFC 3339 text. A general parser of dates would cost the
//! module more than all of this file's callers together.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::Offset;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

/// A point in time, in RFC 3339: `2026-01-31T12:00:00Z`, with a fraction of up to nine digits and any
/// offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(pub(crate) Timestamp);

impl Moment {
    /// Reads RFC 3339.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let number = |from: usize, digits: usize| -> Option<i32> {
            let digits = bytes.get(from..from + digits)?;
            digits
                .iter()
                .try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i32::from(digit - b'0')))
        };
        let two = |from: usize| number(from, 2).and_then(|number| i8::try_from(number).ok());
        let is = |at: usize, wanted: &[u8]| bytes.get(at).is_some_and(|byte| wanted.contains(byte));
        if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":")) {
            return None;
        }
        let year = i16::try_from(number(0, 4)?).ok()?;
        let date = Date::new(year, two(5)?, two(8)?).ok()?;

        let mut zone = 19;
        let mut nanoseconds = 0;
        if is(19, b".") {
            let digits = bytes.get(20..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if !(1..=9).contains(&digits) {
                return None;
            }
            nanoseconds = number(20, digits)? * 10_i32.pow(9 - digits as u32);
            zone = 20 + digits;
        }
        let offset = match bytes.get(zone..)? {
            b"Z" | b"z" => Offset::UTC,
            [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
                let (hours, minutes) = (number(zone + 1, 2)?, number(zone + 4, 2)?);
                let seconds = (hours * 60 + minutes) * 60;
                let turn = if *sign == b'-' { -1 } else { 1 };
                Offset::from_seconds(turn * seconds).ok().filter(|_| hours < 24 && minutes < 60)?
            }
            _ => return None,
        };
        let time = Time::new(two(11)?, two(14)?, two(17)?, nanoseconds).ok()?;
        offset.to_timestamp(date.to_datetime(time)).ok().map(Self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("expected a time such as 2026-01-31T12:00:00Z"))
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (seconds, nanoseconds) = (self.0.as_second(), self.0.subsec_nanosecond());
        // Whole seconds count towards the past, so that the fraction is never negative.
        let whole = if nanoseconds < 0 { seconds - 1 } else { seconds };
        let fraction = if nanoseconds < 0 { nanoseconds + 1_000_000_000 } else { nanoseconds };
        let text = crate::functions::rfc3339(whole)
            .ok_or_else(|| serde::ser::Error::custom("the year cannot be written with four digits"))?;
        let text = String::from_utf8_lossy(&text);
        match fraction {
            0 => serializer.serialize_str(&text),
            fraction => {
                serializer.collect_str(&format_args!("{}.{fraction:09}Z", text.trim_end_matches('Z')))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3339_is_read_and_written() {
        for (text, written) in [
            ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
            ("2026-01-31T12:00:00+01:30", "2026-01-31T10:30:00Z"),
            ("2026-01-31 12:00:00.25-08:00", "2026-01-31T20:00:00.250000000Z"),
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500000000Z"),
        ] {
            let moment = Moment::parse(text).unwrap();
            assert_eq!(serde_json::to_string(&moment).unwrap(), format!("{written:?}"), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "now",
            "2026-01-31",
            "2026-01-31T12:00:00",
            "2026-02-30T12:00:00Z",
            "2026-01-31T24:00:00Z",
            "2026-01-31T12:00:00.Z",
            "2026-01-31T12:00:00.1234567890Z",
            "2026-01-31T12:00:00+1:00",
            "2026-01-31T12:00:00+99:00",
            "2026-01-31T12:00:0éZ",
            "20260131T120000Z",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }
}
