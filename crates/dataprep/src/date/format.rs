//! Writes a moment by a pattern.

use super::Moment;
use super::civil::Civil;
use super::names::{ERAS, MONTHS, QUARTERS, WEEKDAYS};
use super::pattern::{Field, Item, Pattern};
use super::zone::{Colons, gmt_text, offset_text};

impl Pattern {
    /// The moment, as its zone's clocks show it, in the pattern's form.
    pub(crate) fn print(&self, moment: &Moment) -> String {
        let local = moment.civil();
        let mut text = String::new();
        for item in &self.items {
            match item {
                Item::Literal(literal) => text.push_str(literal),
                Item::Field(field, letters) => text.push_str(&print(*field, *letters, moment, &local)),
            }
        }
        text
    }
}

fn print(field: Field, letters: usize, moment: &Moment, local: &Civil) -> String {
    let value = number(field, local);
    let (zone, second, offset) = (moment.zone(), moment.second(), moment.offset());
    match (field, letters) {
        (Field::Era, 1..=3) => ["BC", "AD"][usize::from(value == 1)].to_owned(),
        (Field::Era, _) => cut(ERAS[usize::from(value == 1)], letters),
        (Field::Year | Field::WeekYear, 2) => format!("{:02}", value.rem_euclid(100)),
        (Field::Month, 3..) => named(&MONTHS, value, letters),
        (Field::WeekdayName, _) => named(&WEEKDAYS, value, letters),
        (Field::Quarter, 3) => format!("Q{value}"),
        (Field::Quarter, 4) => named(&QUARTERS, value, 4),
        (Field::Quarter, 5) => value.to_string(),
        (Field::HalfDay, _) => ["AM", "PM"][usize::from(value == 1)].to_owned(),
        (Field::Fraction, _) => {
            let mut digits = format!("{value:09}");
            digits.truncate(letters);
            digits
        }
        (Field::ZoneName, 4) => zone.long_name(second, offset),
        (Field::ZoneName, _) => zone.short_name(second, offset),
        (Field::OffsetPlain, 5) => offset_text(offset, Colons::Yes, true),
        (Field::OffsetPlain, 4) => gmt_text(offset, true),
        (Field::OffsetPlain, _) => offset_text(offset, Colons::No, false),
        (Field::OffsetIso, 1) => {
            let text = offset_text(offset, Colons::No, true);
            text.strip_suffix("00").filter(|_| offset % 3600 == 0).unwrap_or(&text).to_owned()
        }
        (Field::OffsetIso, 2 | 4) => offset_text(offset, Colons::No, true),
        (Field::OffsetIso, _) => offset_text(offset, Colons::Yes, true),
        (Field::ZoneId, _) => zone.id(),
        (Field::OffsetGmt, _) => gmt_text(offset, letters == 4),
        _ => format!("{value:0letters$}"),
    }
}

/// The name of a number that counts from 1, in full or short.
fn named(names: &[&str], value: i32, letters: usize) -> String {
    let name = names.get((value - 1).unsigned_abs() as usize).copied().unwrap_or_default();
    cut(name, letters)
}

/// Four letters mean the whole name, five its first letter, fewer its first three.
fn cut(name: &str, letters: usize) -> String {
    let length = match letters {
        4 => name.len(),
        5 => 1,
        _ => 3,
    };
    name.get(..length).unwrap_or(name).to_owned()
}

/// A field as a number; 0 for the fields of the zone.
pub(super) fn number(field: Field, local: &Civil) -> i32 {
    match field {
        Field::Era => i32::from(local.year > 0),
        Field::WeekYear => local.iso_week().0,
        // The year 0 is 1 BC.
        Field::Year => {
            if local.year > 0 {
                local.year
            } else {
                1 - local.year
            }
        }
        Field::Month => local.month.into(),
        Field::WeekOfYear => local.iso_week().1.into(),
        Field::WeekOfMonth => local.week_of_month().into(),
        Field::DayOfYear => local.day_of_year().into(),
        Field::Day => local.day.into(),
        Field::WeekdayInMonth => i32::from(local.day - 1) / 7 + 1,
        Field::WeekdayName | Field::Weekday => local.weekday().into(),
        Field::HalfDay => i32::from(local.hour >= 12),
        Field::Hour => local.hour.into(),
        Field::HourTo24 => i32::from((local.hour + 23) % 24 + 1),
        Field::HourTo11 => i32::from(local.hour % 12),
        Field::HourTo12 => i32::from((local.hour + 11) % 12 + 1),
        Field::Minute => local.minute.into(),
        Field::Second => local.second.into(),
        Field::Fraction => local.nanosecond as i32,
        Field::Quarter => i32::from(local.month - 1) / 3 + 1,
        Field::ZoneName | Field::OffsetPlain | Field::OffsetIso | Field::ZoneId | Field::OffsetGmt => 0,
    }
}
