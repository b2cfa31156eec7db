//! Dates in texts whose form is not given.

use super::Moment;
use super::civil::Civil;
use super::pattern::Pattern;
use super::zone::{Said, Zone, read_zone, two_digits};
use std::sync::OnceLock;

/// What to say of a text that is no date.
pub(crate) const NO_DATE: &str = "the text is no date in a form that is recognised; \
    give its form, as in date(value, \"dd/MM/yyyy\")";

/// The forms that Data Prep's page on data formats lists, in its order: the first that fits is taken.
const LIST: [&str; 18] = [
    "yyyy-MM-dd HH:mm:ssZ",
    "yyyy-MM-dd HH:mm:ss.SSSZ",
    "yyyy-MM-dd HH:mm:ss.SSS",
    "yyyy-MM-dd'T'HH:mm:ss.SSSX",
    "yyyy-MM-dd'T'HH:mm:ss'Z'",
    "yyyy-MM-dd",
    "yyyy/MM/dd",
    "yyyy.MM.dd",
    "yyyy-MMM-dd",
    "yyyyMMdd",
    "MM-dd-yyyy",
    "MMddyyyy",
    "M/dd/yyyy",
    "dd.M.yyyy",
    "M/dd/yyyy hh:mm:ss a",
    "dd.M.yyyy hh:mm:ss a",
    "dd.MMM.yyyy",
    "dd-MMM-yyyy",
];

/// The moment that a text tells in one of the forms of the list, or else in any form of ISO 8601's
/// calendar date with a time. Without a zone it is UTC, without a time midnight.
///
/// The first six of the list are such forms too, and mean the same: those are tried first because
/// nearly all dates look so.
pub(crate) fn detect(text: &str) -> Option<Moment> {
    static COMPILED: OnceLock<Vec<Pattern>> = OnceLock::new();
    let patterns = || {
        COMPILED.get_or_init(|| LIST.iter().filter_map(|text| Pattern::compile_to_read(text).ok()).collect())
    };
    iso(text).or_else(|| patterns().iter().find_map(|pattern| pattern.read(text).ok()))
}

/// `yyyy-MM-dd`, then perhaps `T` or a space and `HH:mm`, `:ss`, a fraction of up to nine digits, and a
/// zone: `Z`, an offset, or a name after a space; and a region in brackets.
pub(super) fn iso(text: &str) -> Option<Moment> {
    let (date, rest) = text.split_at_checked(10)?;
    let date = calendar(date.as_bytes())?;
    if rest.is_empty() {
        return Moment::local(date, Zone::UTC, None);
    }
    let (hour, rest) = two_digits(rest.strip_prefix(['T', 't', ' '])?)?;
    let (minute, mut rest) = two_digits(rest.strip_prefix(':')?)?;
    let (mut second, mut nanosecond) = (0, 0);
    if let Some(after) = rest.strip_prefix(':') {
        (second, rest) = two_digits(after)?;
        if let Some(after) = rest.strip_prefix('.') {
            let length = after.bytes().take_while(u8::is_ascii_digit).count();
            let (digits, after) = after.split_at_checked(length)?;
            nanosecond = format!("{digits:0<9}").parse().ok().filter(|_| (1..=9).contains(&length))?;
            rest = after;
        }
    }
    let local = date.at(hour, minute, second, nanosecond)?;
    let (said, rest) = match rest {
        "" | "z" => (Said::Offset(0), ""),
        _ => read_zone(rest.strip_prefix(' ').unwrap_or(rest))?,
    };
    let region = match rest {
        "" => None,
        _ => Some(Zone::named(rest.strip_prefix('[')?.strip_suffix(']')?)?),
    };
    let moment = match said {
        Said::Offset(offset) => Moment::local(local, Zone::Fixed(offset), None),
        Said::Zone(zone) => Moment::local(local, zone, None),
    }?;
    region.map_or(Some(moment), |zone| moment.in_zone(zone))
}

/// Midnight of the day that `yyyy-MM-dd` is.
fn calendar(text: &[u8]) -> Option<Civil> {
    let [a, b, c, d, b'-', e, f, b'-', g, h] = text else { return None };
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| byte - b'0');
    let two = |tens, ones| Some(digit(tens)? * 10 + digit(ones)?);
    Civil::date(i32::from(two(a, b)?) * 100 + i32::from(two(c, d)?), two(e, f)?, two(g, h)?)
}

/// Whether a text is RFC 3339 as it stands, with capital letters, and can be copied.
pub fn is_rfc3339(text: &str) -> bool {
    let Some((head, tail)) = text.as_bytes().split_at_checked(19) else { return false };
    let (date, time) = head.split_at(10);
    let [b'T', a, b, b':', c, d, b':', e, f] = time else { return false };
    let time_is_right = clock(a, b, 24) && clock(c, d, 60) && clock(e, f, 60);
    let tail = match tail.strip_prefix(b".") {
        Some(fraction) => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            fraction.split_at_checked(digits).filter(|_| digits > 0).map_or(&[] as &[u8], |(_, rest)| rest)
        }
        None => tail,
    };
    let zone_is_right = match tail {
        b"Z" => true,
        [b'+' | b'-', a, b, b':', c, d] => clock(a, b, 24) && clock(c, d, 60),
        _ => false,
    };
    time_is_right && zone_is_right && calendar(date).is_some()
}

/// Whether two digits are a number below a limit.
fn clock(tens: &u8, ones: &u8, limit: u8) -> bool {
    tens.is_ascii_digit() && ones.is_ascii_digit() && (tens - b'0') * 10 + (ones - b'0') < limit
}

/// Whether a text is `yyyy-MM-dd` and a day of the calendar.
pub fn is_date(text: &str) -> bool {
    calendar(text.as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_the_list_is_recognised_as_that_form() {
        let texts = [
            ("2019-10-23 11:24:35+0200", "2019-10-23T11:24:35+02:00"),
            ("2019-10-23 11:24:35.125-0800", "2019-10-23T11:24:35.125-08:00"),
            ("2019-10-23 11:24:35.125", "2019-10-23T11:24:35.125Z"),
            ("2019-10-23T11:24:35.125+02", "2019-10-23T11:24:35.125+02:00"),
            ("2019-10-23T11:24:35Z", "2019-10-23T11:24:35Z"),
            ("2019-10-23", "2019-10-23T00:00:00Z"),
            ("2019/10/23", "2019-10-23T00:00:00Z"),
            ("2019.10.23", "2019-10-23T00:00:00Z"),
            ("2019-Oct-23", "2019-10-23T00:00:00Z"),
            ("20191023", "2019-10-23T00:00:00Z"),
            ("10-23-2019", "2019-10-23T00:00:00Z"),
            ("12112020", "2020-12-11T00:00:00Z"),
            ("1/23/2019", "2019-01-23T00:00:00Z"),
            ("23.1.2019", "2019-01-23T00:00:00Z"),
            ("1/23/2019 01:02:03 PM", "2019-01-23T13:02:03Z"),
            ("23.1.2019 12:02:03 am", "2019-01-23T00:02:03Z"),
            ("23.OCT.2019", "2019-10-23T00:00:00Z"),
            ("23-Oct-2019", "2019-10-23T00:00:00Z"),
        ];
        for ((text, expected), pattern) in texts.iter().zip(LIST) {
            assert_eq!(detect(text).unwrap().to_string(), *expected, "{text}");
            let by_pattern = Pattern::compile_to_read(pattern).unwrap().read(text).unwrap();
            assert_eq!(by_pattern.to_string(), *expected, "{text} {pattern}");
        }
    }

    #[test]
    fn further_forms_of_iso_8601_are_recognised() {
        for (text, expected) in [
            ("2019-10-23 11:24", "2019-10-23T11:24:00Z"),
            ("2019-10-23T11:24", "2019-10-23T11:24:00Z"),
            ("2019-10-23t11:24:00z", "2019-10-23T11:24:00Z"),
            ("2019-10-17 11:55:12", "2019-10-17T11:55:12Z"),
            ("2016-11-09T11:44:44.797", "2016-11-09T11:44:44.797Z"),
            ("2016-11-09T11:44:44.123456789+05:30", "2016-11-09T11:44:44.123456789+05:30"),
            ("2019-10-17T11:55:12 PST", "2019-10-17T11:55:12-08:00"),
            ("2024-05-05 20:39:00.005 PST", "2024-05-05T20:39:00.005-08:00"),
            ("2019-10-17T11:55:12-07:00[America/Los_Angeles]", "2019-10-17T11:55:12-07:00"),
            ("9999-12-31", "9999-12-31T00:00:00Z"),
        ] {
            assert_eq!(detect(text).unwrap().to_string(), expected, "{text}");
        }
        for text in [
            "",
            "soon",
            "2019",
            "2019-13-01",
            "2019-02-29",
            "2019-10-23T24:00",
            "2019-10-23 11:24:61",
            "1571829875000",
            "2019-10-23T11",
            "2019-10-23T11:24:00.",
            "2019-10-23T11:24:00.1234567890",
            "2019-10-23 11:24 nowhere",
            "20-10-2019",
            "31.Feb.2019",
            "5/6/2019",
            "é019-10-23",
            "2019-10-23T11:24:00+02:00[x",
            "13/23/2019 13:00:00 PM",
        ] {
            assert_eq!(detect(text), None, "{text}");
        }
    }

    #[test]
    fn only_complete_rfc_3339_is_copied() {
        for text in
            ["2019-10-23T11:24:35Z", "2019-10-23T11:24:35.123456789012Z", "2019-10-23T11:24:35.1-08:00"]
        {
            assert!(is_rfc3339(text), "{text}");
        }
        for text in [
            "2019-10-23T11:24:35",
            "2019-10-23 11:24:35Z",
            "2019-02-30T11:24:35Z",
            "2019-10-23T11:24:35.Z",
            "2019-10-23T11:24:35+0200",
            "2019-10-23T24:00:00Z",
            "2019-10-23T11:24:35ZZ",
            "",
        ] {
            assert!(!is_rfc3339(text), "{text}");
        }
    }
}
