//! Reads a moment by a pattern: the whole text, field by field.

use super::Moment;
use super::civil::{Civil, date_of, days_of, weekday_of};
use super::format::number;
use super::names::{ERAS, MONTHS, QUARTERS, WEEKDAYS};
use super::pattern::{Field, Item, Pattern};
use super::zone::{Said, Zone, read_gmt, read_offset, read_zone};
use std::fmt;

/// Why a text does not fit a pattern. Never holds the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// Something else stands where the field should.
    Field(Field, usize),
    /// Something else stands where the pattern has text of its own.
    Literal,
    /// More text than the pattern.
    Rest,
    /// The calendar has no such day, or a year before 0 or after 9999.
    NoSuchDay,
    /// A field says otherwise than the others, such as a wrong day of the week.
    Contradiction(Field),
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the text does not fit the format: ")?;
        match self {
            Misfit::Field(field, letters) => {
                let letters = String::from(field.letter()).repeat(*letters);
                write!(f, "where {letters} stands there is something else, or out of range")
            }
            Misfit::Literal => f.write_str("its separators or quoted words differ"),
            Misfit::Rest => f.write_str("it goes on after the format's end"),
            Misfit::NoSuchDay => f.write_str("the calendar of the years 0 to 9999 has no such day"),
            Misfit::Contradiction(field) => write!(f, "{} contradicts the other parts", field.letter()),
        }
    }
}

impl Pattern {
    /// The moment that a text tells. What the pattern leaves out is the first: January, the 1st, midnight,
    /// UTC. The pattern must have been compiled to be read with.
    pub(crate) fn read(&self, text: &str) -> Result<Moment, Misfit> {
        let mut found = Found::default();
        let mut rest = text;
        for (at, item) in self.items.iter().enumerate() {
            rest = match item {
                Item::Literal(literal) => rest.strip_prefix(literal.as_str()).ok_or(Misfit::Literal)?,
                Item::Field(field, letters) => found
                    .read(*field, *letters, rest, self.reserved(at + 1))
                    .ok_or(Misfit::Field(*field, *letters))?,
            };
        }
        if !rest.is_empty() {
            return Err(Misfit::Rest);
        }
        found.moment()
    }

    /// How many digits belong to the numbers that follow without anything between: `yyyyMMdd` and `Hmm`
    /// can be told apart so.
    fn reserved(&self, from: usize) -> usize {
        let items = self.items.iter().skip(from);
        items
            .map_while(|item| match item {
                Item::Field(field, letters) => field.digits(*letters).map(|(fewest, _)| fewest),
                Item::Literal(_) => None,
            })
            .sum()
    }
}

/// What a text has told so far: numbers, with names and the other ways to count hours turned into one.
#[derive(Default)]
struct Found {
    numbers: Vec<(Field, i32)>,
    offset: Option<i32>,
    zone: Option<Zone>,
}

impl Found {
    /// Reads a field; gives the rest, or nothing when something else stands there.
    fn read<'t>(&mut self, field: Field, letters: usize, text: &'t str, reserved: usize) -> Option<&'t str> {
        let (value, rest) = match field {
            Field::Era => name(&ERAS, 2, text)
                .or_else(|| name(&["BC", "AD"], 2, text))
                .or_else(|| name(&["B", "A"], 1, text)),
            Field::Month if letters > 2 => name(&MONTHS, 3, text),
            Field::WeekdayName => name(&WEEKDAYS, 3, text),
            Field::Quarter if letters == 3 => name(&["Q1", "Q2", "Q3", "Q4"], 2, text),
            Field::Quarter if letters > 3 => name(&QUARTERS, 11, text),
            Field::HalfDay => name(&["AM", "PM"], 2, text),
            Field::OffsetIso => {
                return read_offset(text).map(|(offset, rest)| self.said(Said::Offset(offset), rest));
            }
            Field::OffsetGmt => {
                return read_gmt(text).map(|(offset, rest)| self.said(Said::Offset(offset), rest));
            }
            Field::OffsetPlain | Field::ZoneName | Field::ZoneId => {
                return read_zone(text).map(|(said, rest)| self.said(said, rest));
            }
            _ => digits(field, letters, text, reserved),
        }?;
        let (field, value) = match field {
            // Names count from 0, all but the half of the day and the era from 1.
            Field::Month | Field::Quarter if letters > 2 => (field, value + 1),
            Field::WeekdayName => (Field::Weekday, value + 1),
            Field::Year | Field::WeekYear if letters == 2 => (field, 2000 + value),
            Field::HourTo24 => (Field::Hour, value % 24),
            Field::HourTo12 => (Field::HourTo11, value % 12),
            _ => (field, value),
        };
        self.numbers.push((field, value));
        Some(rest)
    }

    fn said<'t>(&mut self, said: Said, rest: &'t str) -> &'t str {
        match said {
            Said::Offset(offset) => self.offset = Some(offset),
            Said::Zone(zone) => self.zone = Some(zone),
        }
        rest
    }

    fn get(&self, wanted: Field) -> Option<i32> {
        self.numbers.iter().find(|(field, _)| *field == wanted).map(|(_, value)| *value)
    }

    /// The moment that all of it tells together.
    fn moment(&self) -> Result<Moment, Misfit> {
        let (year, month, day) = self.date().ok_or(Misfit::NoSuchDay)?;
        let small = |value: i32| u8::try_from(value).unwrap_or(u8::MAX);
        let part = |field| small(self.get(field).unwrap_or(0));
        let hour = match self.get(Field::Hour) {
            Some(hour) => small(hour),
            None => part(Field::HourTo11) + 12 * part(Field::HalfDay),
        };
        let nanosecond = self.get(Field::Fraction).unwrap_or(0).unsigned_abs();
        let local = Civil::date(year, small(month), small(day))
            .and_then(|date| date.at(hour, part(Field::Minute), part(Field::Second), nanosecond))
            .ok_or(Misfit::NoSuchDay)?;
        for (field, value) in &self.numbers {
            if number(*field, &local) != *value {
                return Err(Misfit::Contradiction(*field));
            }
        }
        let moment = match (self.offset, self.zone) {
            (Some(offset), None) => Moment::local(local, Zone::Fixed(offset), None),
            (None, zone) => Moment::local(local, zone.unwrap_or(Zone::UTC), None),
            // The offset tells the instant, the zone how it is told.
            (Some(offset), Some(zone)) => {
                Moment::local(local, Zone::Fixed(offset), None).and_then(|moment| moment.in_zone(zone))
            }
        };
        moment.ok_or(Misfit::NoSuchDay)
    }

    /// Year, month and day, from whichever fields tell them.
    fn date(&self) -> Option<(i32, i32, i32)> {
        let weekday = i64::from(self.get(Field::Weekday).unwrap_or(1));
        let Some(year) = self.get(Field::Year) else {
            // The week that has the 4th of January is the first.
            let fourth = days_of(self.get(Field::WeekYear)?, 1, 4);
            let week = i64::from(self.get(Field::WeekOfYear)?);
            return Some(parts(monday(fourth) + (week - 1) * 7 + weekday - 1));
        };
        let year = if self.get(Field::Era) == Some(0) { 1 - year } else { year };
        if let Some(day) = self.get(Field::DayOfYear) {
            return Some(parts(days_of(year, 1, 1) + i64::from(day) - 1));
        }
        let month = match (self.get(Field::Month), self.get(Field::Quarter)) {
            (Some(month), _) => month,
            (None, Some(quarter)) => quarter * 3 - 2,
            (None, None) => 1,
        };
        if let Some(day) = self.get(Field::Day) {
            return Some((year, month, day));
        }
        let first = days_of(year, u8::try_from(month).ok()?, 1);
        if let Some(week) = self.get(Field::WeekOfMonth) {
            return Some(parts(monday(first + 3) + i64::from(week - 1) * 7 + weekday - 1));
        }
        if let Some(nth) = self.get(Field::WeekdayInMonth) {
            let until = (weekday - 1 - (first - monday(first))).rem_euclid(7);
            return Some(parts(first + until + i64::from(nth - 1) * 7));
        }
        Some((year, month, 1))
    }
}

/// The Monday of a day's week.
fn monday(days: i64) -> i64 {
    days - i64::from(weekday_of(days)) + 1
}

fn parts(days: i64) -> (i32, i32, i32) {
    let (year, month, day) = date_of(days);
    (year, month.into(), day.into())
}

/// Which of the names a text begins with, in full or in its first letters, whatever the case.
fn name<'t>(names: &[&str], short: usize, text: &'t str) -> Option<(i32, &'t str)> {
    let begins = |name: &str| text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    let full =
        names.iter().position(|name| begins(name)).map(|at| (at, names.get(at).map_or(0, |name| name.len())));
    let (at, length) = full.or_else(|| {
        let at = names.iter().position(|name| name.get(..short).is_some_and(begins))?;
        Some((at, short))
    })?;
    Some((i32::try_from(at).ok()?, text.get(length..)?))
}

/// A number in range, of as many digits as the letters ask for; `reserved` digits are left to what follows.
fn digits(field: Field, letters: usize, text: &str, reserved: usize) -> Option<(i32, &str)> {
    let (fewest, most) = field.digits(letters)?;
    let (least, greatest, _) = field.numbers(letters)?;
    let run = text.bytes().take(most + reserved).take_while(u8::is_ascii_digit).count();
    let length = run.saturating_sub(reserved).clamp(fewest, most);
    if length > run {
        return None;
    }
    let (number, rest) = text.split_at_checked(length)?;
    let mut value: i32 = number.parse().ok()?;
    if field == Field::Fraction {
        value *= 10_i32.pow(9_u32.saturating_sub(length as u32));
    }
    (least..=greatest).contains(&value).then_some((value, rest))
}
