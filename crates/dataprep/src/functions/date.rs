//! Functions on dates and times. Formats, zones and what is recognised as a date: `docs/dates.md`.

use super::{CallEnv, Failure, Function, Kind, Prepared, text, whole};
use crate::date::{Civil, Moment, NO_DATE, Pattern, Zone, detect, month_days, unknown};
use crate::values::value::Value;
use std::any::Any;

type Result<T> = std::result::Result<T, Failure>;

const CATEGORY: &str = "Date / Time";

/// The parts of `make_date_time`: year, month, day, hour, minute, second, nanosecond, zone.
const PARTS: &[Kind] =
    &[Kind::Whole, Kind::Whole, Kind::Whole, Kind::Whole, Kind::Whole, Kind::Whole, Kind::Whole, Kind::Text];

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("now", CATEGORY, (0, 0), false, now).kinds(&[], Kind::Date),
    Function::new("timestamp", CATEGORY, (0, 0), false, timestamp).kinds(&[], Kind::Whole),
    Function::new("format", CATEGORY, (2, 2), true, format)
        .kinds(&[Kind::Date, Kind::Text], Kind::Text)
        .preparing(1, to_write),
    Function::new("dformat", CATEGORY, (2, 2), true, dformat)
        .kinds(&[Kind::Whole, Kind::Text], Kind::Text)
        .preparing(1, to_write),
    Function::new("date", CATEGORY, (1, 3), false, date)
        .kinds(&[Kind::Text, Kind::Text, Kind::Date], Kind::Date)
        .preparing(1, to_read),
    Function::new("date_part", CATEGORY, (2, 2), false, date_part)
        .kinds(&[Kind::Text, Kind::Date], Kind::Whole)
        .preparing(0, component),
    Function::new("set_date_part", CATEGORY, (3, 3), false, set_date_part)
        .kinds(&[Kind::Text, Kind::Whole, Kind::Date], Kind::Date)
        .preparing(0, settable),
    Function::new("make_date_time", CATEGORY, (8, 8), true, make_date_time)
        .kinds(PARTS, Kind::Date)
        .preparing(7, zone),
    Function::new("make_timestamp", CATEGORY, (8, 8), true, make_date_time)
        .kinds(PARTS, Kind::Date)
        .preparing(7, zone),
    Function::new("zone_date_to_utc", CATEGORY, (1, 1), true, zone_date_to_utc)
        .kinds(&[Kind::Date], Kind::Date),
    Function::new("zone_date_to_zone", CATEGORY, (2, 2), true, zone_date_to_zone)
        .kinds(&[Kind::Date, Kind::Text], Kind::Date)
        .preparing(1, zone),
];

fn to_write(text: &str) -> std::result::Result<Prepared, String> {
    Ok(Box::new(Pattern::compile(text)?))
}

fn to_read(text: &str) -> std::result::Result<Prepared, String> {
    Ok(Box::new(Pattern::compile_to_read(text)?))
}

fn component(name: &str) -> std::result::Result<Prepared, String> {
    Ok(Box::new(Component::named(name, READABLE).map_err(|message| format!("{name:?}: {message}"))?))
}

fn settable(name: &str) -> std::result::Result<Prepared, String> {
    Ok(Box::new(Component::named(name, SETTABLE).map_err(|message| format!("{name:?}: {message}"))?))
}

fn zone(name: &str) -> std::result::Result<Prepared, String> {
    Ok(Box::new(Zone::named(name).ok_or_else(|| unknown(name))?))
}

/// What was made of the constant argument, or is made of it now that it is known.
fn made<T: Any + Clone>(
    env: &CallEnv<'_>,
    value: &Value<'_>,
    what: &str,
    make: impl FnOnce(&str) -> std::result::Result<T, String>,
) -> Result<T> {
    match env.prepared.and_then(|prepared| prepared.downcast_ref::<T>()) {
        Some(prepared) => Ok(prepared.clone()),
        None => make(&text(value, what)?).map_err(Failure::new),
    }
}

/// A zone that is known only now. Its name may be personal data, so the message does not say it.
fn zone_of(env: &CallEnv<'_>, value: &Value<'_>, what: &str) -> Result<Zone> {
    made(env, value, what, |name| {
        Zone::named(name).ok_or_else(|| {
            format!("{what} is no zone that is known; it must be a region such as Europe/Paris or an offset such as +02:00")
        })
    })
}

/// The date in an argument: a date-time, or text in a recognised form.
fn moment(value: &Value<'_>, what: &str) -> Result<Moment> {
    match value {
        Value::DateTime(moment) => Ok(**moment),
        Value::String(text) => match detect(text) {
            Some(moment) => Ok(moment),
            None => Err(Failure::new(format!("{what}: {NO_DATE}"))),
        },
        Value::Number(_) => Err(Failure::new(format!(
            "{what} must be a date, but is a number; milliseconds since 1970 become one with \
             date(dformat(value, \"yyyy-MM-dd'T'HH:mm:ss.SSSX\"))"
        ))),
        other => Err(Failure::new(format!("{what} must be a date, but is {}", other.kind_name()))),
    }
}

fn value<'a>(moment: Option<Moment>) -> Result<Value<'a>> {
    match moment {
        Some(moment) => Ok(Value::DateTime(Box::new(moment))),
        None => Err(Failure::new("the date lies outside the years 0 to 9999")),
    }
}

/// The time of the run.
fn current(env: &CallEnv<'_>, name: &str) -> Result<Moment> {
    let now = env.clock.now.ok_or_else(|| {
        Failure::new(format!(
            "{name} needs the current time, but the run was not given one; give the run a time"
        ))
    })?;
    now.in_zone(Zone::UTC).ok_or_else(|| Failure::new("the time of the run lies outside the years 0 to 9999"))
}

/// The time of the run, in UTC.
fn now<'a>(_: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    value(Some(current(env, "now")?))
}

/// The time of the run in whole milliseconds since 1970.
fn timestamp<'a>(_: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let now = current(env, "timestamp")?;
    Ok(Value::integer(now.second() * 1000 + i64::from(now.nanosecond() / 1_000_000)))
}

/// A date as text, as the clocks of its zone show it.
fn format<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let moment = moment(&args[0], "the date of format")?;
    print(args, env, &moment)
}

/// Milliseconds since 1970 as text, in UTC. Whole numbers of 64 bits, also in text.
fn dformat<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    if let Value::DateTime(_) = args[0] {
        return Err(Failure::new("dformat takes milliseconds, but is given a date-time; use format"));
    }
    let millis = whole(&args[0], "the milliseconds of dformat")?;
    let moment = Moment::from_millis(millis)
        .ok_or_else(|| Failure::new("the milliseconds of dformat lie outside the years 0 to 9999"))?;
    print(args, env, &moment)
}

fn print<'a>(args: &[Value<'a>], env: &CallEnv<'_>, moment: &Moment) -> Result<Value<'a>> {
    let printed = match env.prepared.and_then(|prepared| prepared.downcast_ref::<Pattern>()) {
        Some(pattern) => pattern.print(moment),
        None => Pattern::compile(&text(&args[1], "the format")?).map_err(wrong_format)?.print(moment),
    };
    Ok(Value::string(printed))
}

/// A format that is known only now. It may be personal data by mistake, so the message says nothing of it.
fn wrong_format(_: String) -> Failure {
    Failure::new(
        "the format is wrong; it must be made of letters such as yyyy-MM-dd'T'HH:mm:ss, with other text in single \
         quotes. A format that is written in the expression is checked in detail",
    )
}

/// A text as date: in the form given, or in one that is recognised. A date-time stays what it is. When
/// the first argument is null the third is the result.
fn date<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let moment = match (&args[0], args.get(1).unwrap_or(&Value::Null), args.get(2)) {
        (Value::Null, _, None | Some(Value::Null)) => return Ok(Value::Null),
        (Value::Null, _, Some(default)) => moment(default, "the default of date")?,
        (given @ Value::DateTime(_), ..) | (given, Value::Null, _) => {
            moment(given, "the first argument of date")?
        }
        (given, format, _) => {
            let given = text(given, "the first argument of date")?;
            let read = match env.prepared.and_then(|prepared| prepared.downcast_ref::<Pattern>()) {
                Some(pattern) => pattern.read(&given),
                None => Pattern::compile_to_read(&text(format, "the format of date")?)
                    .map_err(wrong_format)?
                    .read(&given),
            };
            read.map_err(|misfit| Failure::new(misfit.to_string()))?
        }
    };
    value(Some(moment))
}

/// A part of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Component {
    Year,
    Quarter,
    Month,
    DayOfYear,
    Day,
    Week,
    Weekday,
    Hour,
    HalfDayHour,
    Minute,
    Second,
    Millisecond,
}

/// Names of parts, one list a part.
type Names = &'static [(Component, &'static [&'static str])];

/// The names that `date_part` knows, whatever their case.
const READABLE: Names = &[
    (Component::Year, &["year", "yyyy", "yy"]),
    (Component::Quarter, &["quarter", "qq", "q"]),
    (Component::Month, &["month", "mm", "m"]),
    (Component::DayOfYear, &["dayofyear", "dy", "y"]),
    (Component::Day, &["day", "dd", "d"]),
    (Component::Week, &["week", "ww"]),
    (Component::Weekday, &["weekday", "dw"]),
    (Component::Hour, &["hour", "hh", "hh24"]),
    (Component::HalfDayHour, &["hh12"]),
    (Component::Minute, &["minute", "mi", "n"]),
    (Component::Second, &["second", "ss", "s"]),
    (Component::Millisecond, &["millisecond", "sss", "ms"]),
];

/// The names that `set_date_part` knows.
const SETTABLE: Names = &[
    (Component::Year, &["year", "yyyy", "yy"]),
    (Component::Month, &["month", "mm", "m"]),
    (Component::Day, &["day", "dd", "d"]),
    (Component::Hour, &["hour", "hh"]),
    (Component::Minute, &["minute", "mi", "n"]),
    (Component::Second, &["second", "ss", "s"]),
];

impl Component {
    fn named(name: &str, known: Names) -> std::result::Result<Self, String> {
        let found =
            known.iter().find(|(_, names)| names.iter().any(|known| known.eq_ignore_ascii_case(name)));
        if let Some((component, _)) = found {
            return Ok(*component);
        }
        let ambiguous = match name.eq_ignore_ascii_case("w") {
            true => "w is documented both for the week (write ww) and for the day of the week (write dw)",
            false => "there is no such part of a date",
        };
        let names: Vec<&str> = known.iter().filter_map(|(_, names)| names.first().copied()).collect();
        Err(format!("{ambiguous}; the parts are {} and their short forms", names.join(", ")))
    }
}

/// A part of a date as a number, as the clocks of the date's zone show it. Weeks are those of ISO 8601,
/// 1 is Monday.
fn date_part<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    if args[0].is_null() || args[1].is_null() {
        return Ok(Value::Null);
    }
    let component = made(env, &args[0], "the part", |name| Component::named(name, READABLE))?;
    let local = moment(&args[1], "the date of date_part")?.civil();
    Ok(Value::integer(match component {
        Component::Year => local.year.into(),
        Component::Quarter => i64::from((local.month - 1) / 3 + 1),
        Component::Month => local.month.into(),
        Component::DayOfYear => local.day_of_year().into(),
        Component::Day => local.day.into(),
        Component::Week => local.iso_week().1.into(),
        Component::Weekday => local.weekday().into(),
        Component::Hour => local.hour.into(),
        Component::HalfDayHour => i64::from((local.hour + 11) % 12 + 1),
        Component::Minute => local.minute.into(),
        Component::Second => local.second.into(),
        Component::Millisecond => i64::from(local.nanosecond / 1_000_000),
    }))
}

/// A number between two, for a part of a date.
fn within(value: &Value<'_>, what: &str, least: i64, most: i64) -> Result<i64> {
    let number = whole(value, what)?;
    if (least..=most).contains(&number) {
        return Ok(number);
    }
    Err(Failure::new(format!("{what} must lie between {least} and {most}")))
}

/// The date with one part replaced; the zone stays. In a month without the day, the day becomes the
/// month's last, as in `java.time`.
fn set_date_part<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    if args.iter().any(Value::is_null) {
        return Ok(Value::Null);
    }
    let component = made(env, &args[0], "the part", |name| Component::named(name, SETTABLE))?;
    let moment = moment(&args[2], "the date of set_date_part")?;
    let mut local = moment.civil();
    let wanted = |what, least, most| within(&args[1], what, least, most);
    match component {
        Component::Year => local.year = wanted("the year", 0, 9999)? as i32,
        Component::Month => local.month = wanted("the month", 1, 12)? as u8,
        Component::Day => {
            let last = month_days(local.year, local.month);
            local.day = wanted("the day, in that month,", 1, last.into())? as u8;
        }
        Component::Hour => local.hour = wanted("the hour", 0, 23)? as u8,
        Component::Minute => local.minute = wanted("the minute", 0, 59)? as u8,
        _ => local.second = wanted("the second", 0, 59)? as u8,
    }
    local.day = local.day.min(month_days(local.year, local.month));
    value(Moment::local(local, moment.zone(), Some(moment.offset())))
}

/// The date and time with these parts on the clocks of a zone.
fn make_date_time<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let year = within(&args[0], "the year", 0, 9999)? as i32;
    let month = within(&args[1], "the month", 1, 12)? as u8;
    let day = within(&args[2], "the day, in that month,", 1, month_days(year, month).into())? as u8;
    let local = Civil {
        year,
        month,
        day,
        hour: within(&args[3], "the hour", 0, 23)? as u8,
        minute: within(&args[4], "the minute", 0, 59)? as u8,
        second: within(&args[5], "the second", 0, 59)? as u8,
        nanosecond: within(&args[6], "the nanosecond", 0, 999_999_999)? as u32,
    };
    let zone = zone_of(env, &args[7], "the zone of make_date_time")?;
    value(Moment::local(local, zone, None))
}

/// The same instant in UTC.
fn zone_date_to_utc<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    value(moment(&args[0], "the date of zone_date_to_utc")?.in_zone(Zone::UTC))
}

/// The same instant in another zone.
fn zone_date_to_zone<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let moment = moment(&args[0], "the date of zone_date_to_zone")?;
    let zone = zone_of(env, &args[1], "the zone of zone_date_to_zone")?;
    value(moment.in_zone(zone))
}
