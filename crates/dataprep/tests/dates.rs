//! The functions on dates and times beyond the documented examples: every overload, letter, name of a
//! part, and what is refused. Java's results were worked out from the Javadoc of `DateTimeFormatter`,
//! `SimpleDateFormat` and `ZonedDateTime`.

mod common;

use dataprep::functions::Clock;
use dataprep::{CompileOptions, Expression};

use proptest::prelude::*;

fn run_on(expression: &str, record: &str) -> Result<String, String> {
    common::run(expression, record).map(|found| found.json)
}

fn run(expression: &str) -> Result<String, String> {
    run_on(expression, "{}")
}

/// Compares results; an expected text that begins with `!` is part of the message of a failure.
fn check(rows: &[(&str, &str)]) {
    for (expression, expected) in rows {
        match (run(expression), expected.strip_prefix('!')) {
            (Ok(found), None) => assert_eq!(found.trim_matches('"'), *expected, "{expression}"),
            (Err(message), Some(part)) => assert!(message.contains(part), "{expression}: {message}"),
            (found, _) => panic!("{expression}: expected {expected}, but got {found:?}"),
        }
    }
}

/// Thursday, 2024-02-01T15:04:09.078 in Los Angeles.
const MOMENT: &str = "make_date_time(2024, 2, 1, 15, 4, 9, 78000000, \"America/Los_Angeles\")";

#[test]
fn every_letter_is_written_as_java_writes_it() {
    for (pattern, expected) in [
        ("G GGG GGGG GGGGG", "AD AD Anno Domini A"),
        ("y yy yyy yyyy", "2024 24 2024 2024"),
        ("Y YY YYYY", "2024 24 2024"),
        ("M MM MMM MMMM MMMMM", "2 02 Feb February F"),
        ("L LL LLL LLLL LLLLL", "2 02 Feb February F"),
        ("w ww W", "5 05 1"),
        ("D DD DDD", "32 32 032"),
        ("d dd F", "1 01 1"),
        ("E EE EEE EEEE EEEEE", "Thu Thu Thu Thursday T"),
        ("u uu", "4 04"),
        ("a aa", "PM PM"),
        ("H HH k kk", "15 15 15 15"),
        ("K KK h hh", "3 03 3 03"),
        ("m mm s ss", "4 04 9 09"),
        ("S SS SSS SSSSSS SSSSSSSSS", "0 07 078 078000 078000000"),
        ("z zz zzz zzzz", "PST PST PST Pacific Standard Time"),
        ("Z ZZZ ZZZZ ZZZZZ", "-0800 -0800 GMT-08:00 -08:00"),
        ("X XX XXX XXXX XXXXX", "-08 -0800 -08:00 -0800 -08:00"),
        ("V VV", "America/Los_Angeles America/Los_Angeles"),
        ("O OOOO", "GMT-8 GMT-08:00"),
        ("Q QQ QQQ QQQQ QQQQQ", "1 01 Q1 1st quarter 1"),
        ("q qq qqq qqqq", "1 01 Q1 1st quarter"),
        ("yyyy'T'MM 'o''clock' ''h''", "2024T02 o'clock '3'"),
        ("yyyy年MM月", "2024年02月"),
    ] {
        let expression = format!("format({MOMENT}, \"{pattern}\")");
        assert_eq!(run(&expression).as_deref(), Ok(&*format!("\"{expected}\"")), "{pattern}");
    }
}

#[test]
fn zones_without_a_name_are_written_as_offsets() {
    check(&[
        (
            "dformat(0, \"z zzzz Z ZZZZ ZZZZZ X XXX VV O\")",
            "UTC Coordinated Universal Time +0000 GMT Z Z Z Z GMT",
        ),
        (
            "format(date(\"2024-07-01T00:00:00+05:30\"), \"z zzzz Z X XXX VV O OOOO\")",
            "GMT+05:30 GMT+05:30 +0530 +0530 +05:30 +05:30 GMT+5:30 GMT+05:30",
        ),
        (
            "format(zone_date_to_zone(date(\"2024-07-01\"), \"America/Sao_Paulo\"), \"z zzzz\")",
            "GMT-03:00 GMT-03:00",
        ),
        (
            "format(zone_date_to_zone(date(\"2024-07-01\"), \"Asia/Shanghai\"), \"z zzzz\")",
            "CST China Standard Time",
        ),
        (
            "format(zone_date_to_zone(date(\"2024-07-01\"), \"Europe/Paris\"), \"z zzzz\")",
            "CEST Central European Summer Time",
        ),
        (
            "format(zone_date_to_zone(date(\"1890-07-01\"), \"Europe/Paris\"), \"XXX XXXXX\")",
            "+00:09:21 +00:09:21",
        ),
    ]);
}

#[test]
fn hours_at_noon_and_midnight() {
    check(&[
        ("dformat(0, \"H k K h a\")", "0 24 0 12 AM"),
        ("dformat(43200000, \"H k K h a\")", "12 12 0 12 PM"),
        ("date(\"2024-01-01 24\", \"yyyy-MM-dd kk\")", "2024-01-01T00:00:00Z"),
        ("date(\"2024-01-01 12 am\", \"yyyy-MM-dd hh a\")", "2024-01-01T00:00:00Z"),
        ("date(\"2024-01-01 12 PM\", \"yyyy-MM-dd hh a\")", "2024-01-01T12:00:00Z"),
        ("date(\"2024-01-01 00 PM\", \"yyyy-MM-dd KK a\")", "2024-01-01T12:00:00Z"),
        ("date(\"2024-01-01 13 PM\", \"yyyy-MM-dd hh a\")", "!where hh stands"),
        ("date(\"2024-01-01 13 AM\", \"yyyy-MM-dd HH a\")", "!a contradicts"),
    ]);
}

#[test]
fn years_before_the_first_are_told_by_era() {
    check(&[
        ("format(date(\"0000-03-01\"), \"y G\")", "1 BC"),
        ("date(\"1 BC\", \"y G\")", "0000-01-01T00:00:00Z"),
        ("date(\"2 Before Christ\", \"y GGGG\")", "!no such day"),
        ("date(\"0000\", \"yyyy\")", "!where yyyy stands"),
    ]);
}

#[test]
fn texts_are_read_by_pattern() {
    check(&[
        ("date(\"23/10/19\", \"dd/MM/yy\")", "2019-10-23T00:00:00Z"),
        ("date(\"99\", \"yy\")", "2099-01-01T00:00:00Z"),
        ("date(\"20191023112435\", \"yyyyMMddHHmmss\")", "2019-10-23T11:24:35Z"),
        ("date(\"20191023T930\", \"yyyyMMdd'T'Hmm\")", "2019-10-23T09:30:00Z"),
        ("date(20191023, \"yyyyMMdd\")", "2019-10-23T00:00:00Z"),
        ("date(\"Wed, 23 oct 2019\", \"EEE, d MMM yyyy\")", "2019-10-23T00:00:00Z"),
        ("date(\"Wednesday 23 October 2019\", \"E d MMM yyyy\")", "2019-10-23T00:00:00Z"),
        ("date(\"Thu 23 Oct 2019\", \"EEE dd MMM yyyy\")", "!u contradicts"),
        ("date(\"2019-10\", \"yyyy-MM\")", "2019-10-01T00:00:00Z"),
        ("date(\"2019 Q4\", \"yyyy QQQ\")", "2019-10-01T00:00:00Z"),
        ("date(\"3rd quarter 2019\", \"QQQQ yyyy\")", "2019-07-01T00:00:00Z"),
        ("date(\"2019-296\", \"yyyy-DDD\")", "2019-10-23T00:00:00Z"),
        ("date(\"2019-366\", \"yyyy-DDD\")", "!contradicts"),
        ("date(\"2020-W53-5\", \"YYYY-'W'ww-u\")", "2021-01-01T00:00:00Z"),
        ("date(\"2020-W01\", \"YYYY-'W'ww\")", "2019-12-30T00:00:00Z"),
        ("date(\"2021-W53\", \"YYYY-'W'ww\")", "!contradicts"),
        ("date(\"2019-10 2 Wed\", \"yyyy-MM F E\")", "2019-10-09T00:00:00Z"),
        ("date(\"2019-10 5 Mon\", \"yyyy-MM F E\")", "!contradicts"),
        ("date(\"2019-10 4 Wed\", \"yyyy-MM W E\")", "2019-10-23T00:00:00Z"),
        (
            "date(\"2019-10-23 11:24:35.123456\", \"yyyy-MM-dd HH:mm:ss.SSSSSS\")",
            "2019-10-23T11:24:35.123456Z",
        ),
        ("date(\"2019-02-29\", \"yyyy-MM-dd\")", "!no such day"),
        ("date(\"2019-1-02\", \"yyyy-MM-dd\")", "!where MM stands"),
        ("date(\"2019-01-02T\", \"yyyy-MM-dd\")", "!goes on after"),
        ("date(\"2019/01/02\", \"yyyy-MM-dd\")", "!separators"),
        ("date(\"\", \"yyyy-MM-dd\")", "!where yyyy stands"),
        ("date(\"2019-01-02 60\", \"yyyy-MM-dd HH\")", "!where HH stands"),
    ]);
}

#[test]
fn zones_are_read_by_pattern() {
    for (letters, text, expected) in [
        ("Z", "-0800", "-08:00"),
        ("Z", "-08:00", "-08:00"),
        ("Z", "PDT", "-07:00"),
        ("X", "Z", "Z"),
        ("X", "-08", "-08:00"),
        ("XXX", "+05:30", "+05:30"),
        ("O", "GMT-8", "-08:00"),
        ("OOOO", "GMT+05:30", "+05:30"),
        ("z", "PST", "-08:00"),
        ("zzzz", "Central European Summer Time", "+02:00"),
        ("z", "UTC", "Z"),
        ("VV", "America/Los_Angeles", "-07:00"),
        ("XXX'['VV']'", "-07:00[Europe/Paris]", "+02:00"),
    ] {
        let expression = format!("date(\"2019-10-17 11:55 {text}\", \"yyyy-MM-dd HH:mm {letters}\")");
        let found = run(&expression).unwrap();
        assert!(found.trim_matches('"').ends_with(expected), "{expression}: {found}");
    }
    check(&[
        ("date(\"2019-10-17 IST\", \"yyyy-MM-dd z\")", "!where z stands"),
        ("date(\"2019-10-17 PST\", \"yyyy-MM-dd X\")", "!where X stands"),
        ("date(\"2019-10-17 +19:00\", \"yyyy-MM-dd XXX\")", "!where XXX stands"),
    ]);
}

#[test]
fn a_pattern_that_cannot_work_is_refused_when_compiling() {
    for (pattern, part) in [
        ("", "empty"),
        ("yyyy-MM-ddTHH:mm", "T is no letter"),
        ("yyyy-MM-dd HH:mm x", "an offset is X"),
        ("uuuu-MM-dd", "the year is yyyy"),
        ("yyyyy", "at most 4"),
        ("yyyy-MM-dd OO", "once or four"),
        ("yyyy-MM-dd'T", "not closed"),
        ("yyyy[-MM]", "reserves ["),
        ("yyyy-mm-dd", "the month is M"),
        ("YYYY-MM-dd", "the year of the calendar is y"),
        ("HH:mm", "no year"),
        ("MM/dd", "no year"),
        ("yyyy ww", "w needs Y"),
        ("yyyy-dd", "no month"),
        ("yyyy-MM W", "need the month"),
        ("yyyy-MM EEE", "tells no day"),
        ("yyyy-MM-dd hh:mm", "need a (AM or PM)"),
        ("yyyy-MM-dd a", "needs an hour"),
        ("yyyy-MM-dd HH:ss", "no minute"),
        ("yyyy-MM-dd HH:mm.SSS", "no second"),
        ("yyyy-MMMMM-dd", "one letter"),
    ] {
        let error =
            Expression::compile(&format!("date(x, \"{pattern}\")"), CompileOptions::default()).unwrap_err();
        assert!(error.message.contains(part), "{pattern}: {error}");
    }
    let long = format!("format(x, \"{}\")", "-".repeat(257));
    assert!(
        Expression::compile(&long, CompileOptions::default()).unwrap_err().message.contains("longer than")
    );
    assert!(
        Expression::compile("zone_date_to_zone(x, \"Europe/Pari\")", CompileOptions::default())
            .unwrap_err()
            .message
            .contains("did you mean Europe/Paris?")
    );
}

#[test]
fn nulls_defaults_and_kinds() {
    check(&[
        ("date(missing)", "null"),
        ("date(null, \"yyyy\")", "null"),
        ("date(missing, \"yyyy\", \"2019-10-23\")", "2019-10-23T00:00:00Z"),
        ("date(missing, \"yyyy\", now())", "2021-10-26T10:10:24.5Z"),
        ("date(missing, \"yyyy\", missing)", "null"),
        ("date(now(), \"yyyy\")", "2021-10-26T10:10:24.5Z"),
        ("date(\"2019-10-23\", null)", "2019-10-23T00:00:00Z"),
        ("date(\"2019\", concat(\"yy\", \"yy\"))", "2019-01-01T00:00:00Z"),
        ("date(\"2019\", \"yymm\")", "!the month is M"),
        ("date(\"2019\", concat(\"yy\", \"mm\"))", "!the format is wrong"),
        ("date(\"soon\")", "!no date"),
        ("date(1571829875000)", "!dformat"),
        ("date(true)", "!a boolean"),
        ("format(missing, \"yyyy\")", "null"),
        ("format(\"2019-10-23\", \"yyyy\")", "2019"),
        ("dformat(missing, \"yyyy\")", "null"),
        ("dformat(\"1571829875000\", \"yyyy\")", "2019"),
        ("dformat(1571829875 * 1000, \"yyyy-MM-dd'T'HH:mm:ss'Z'\")", "2019-10-23T11:24:35Z"),
        ("dformat(-1, \"yyyy-MM-dd HH:mm:ss.SSS\")", "1969-12-31 23:59:59.999"),
        ("dformat(253402300799999, \"yyyy-MM-dd HH:mm:ss.SSS\")", "9999-12-31 23:59:59.999"),
        ("dformat(253402300800000, \"yyyy\")", "!years 0 to 9999"),
        ("dformat(9223372036854775807, \"yyyy\")", "!years 0 to 9999"),
        ("dformat(1.5, \"yyyy\")", "!whole number"),
        ("dformat(now(), concat(\"yy\", \"yy\"))", "!"),
        ("timestamp()", "1635243024500"),
        ("concat(\"at \", now())", "at 2021-10-26T10:10:24.5Z"),
    ]);
    let mut unset = Clock::default();
    for name in ["now", "timestamp"] {
        let expression = Expression::compile(&format!("{name}()"), CompileOptions::default()).unwrap();
        let message = expression.eval("{}", &mut unset).unwrap_err().to_string();
        assert!(message.contains("was not given one"), "{message}");
    }
}

#[test]
fn parts_of_dates_have_all_documented_names() {
    let date = "date(\"2019-10-17T23:55:12.345678Z\")";
    for (names, expected) in [
        ("year yyyy yy YEAR", "2019"),
        ("quarter qq q", "4"),
        ("month mm m MM", "10"),
        ("dayofyear dy y", "290"),
        ("day dd d", "17"),
        ("week ww", "42"),
        ("weekday dw", "4"),
        ("hour hh hh24", "23"),
        ("hh12", "11"),
        ("minute mi n", "55"),
        ("second ss s", "12"),
        ("millisecond SSS ms", "345"),
    ] {
        for name in names.split(' ') {
            assert_eq!(run(&format!("date_part(\"{name}\", {date})")).as_deref(), Ok(expected), "{name}");
        }
    }
    check(&[
        ("date_part(\"hh12\", date(\"2019-10-17\"))", "12"),
        ("date_part(\"w\", date(\"2019-10-17\"))", "!write ww"),
        ("date_part(\"century\", date(\"2019-10-17\"))", "!no such part"),
        ("date_part(\"day\", \"2019-10-17\")", "17"),
        ("date_part(\"day\", missing)", "null"),
        ("date_part(\"hour\", zone_date_to_zone(date(\"2019-10-17\"), \"Asia/Tokyo\"))", "9"),
        ("date_part(lower(\"DAY\"), date(\"2019-10-17\"))", "17"),
    ]);
}

#[test]
fn parts_of_dates_are_replaced() {
    check(&[
        ("set_date_part(\"year\", 2020, date(\"2019-10-17\"))", "2020-10-17T00:00:00Z"),
        ("set_date_part(\"yyyy\", 2019, date(\"2020-02-29\"))", "2019-02-28T00:00:00Z"),
        ("set_date_part(\"mm\", 2, date(\"2019-10-31\"))", "2019-02-28T00:00:00Z"),
        ("set_date_part(\"dd\", \"9\", date(\"2019-10-17\"))", "2019-10-09T00:00:00Z"),
        ("set_date_part(\"hh\", 5, date(\"2019-10-17\"))", "2019-10-17T05:00:00Z"),
        ("set_date_part(\"n\", 5, date(\"2019-10-17\"))", "2019-10-17T00:05:00Z"),
        ("set_date_part(\"ss\", 5, date(\"2019-10-17T01:02:03.5\"))", "2019-10-17T01:02:05.5Z"),
        ("set_date_part(\"day\", 31, date(\"2019-02-01\"))", "!between 1 and 28"),
        ("set_date_part(\"month\", 13, date(\"2019-02-01\"))", "!between 1 and 12"),
        ("set_date_part(\"year\", 10000, date(\"2019-02-01\"))", "!between 0 and 9999"),
        ("set_date_part(\"hh24\", 1, date(\"2019-02-01\"))", "!no such part"),
        ("set_date_part(\"day\", missing, date(\"2019-02-01\"))", "null"),
        // The clocks were put back at three: the second half past two stays the second.
        (
            "set_date_part(\"n\", 45, date(\"2019-10-27T02:30:00+01:00[Europe/Paris]\"))",
            "2019-10-27T02:45:00+01:00",
        ),
        // And put forward at two: half past two was half past three.
        (
            "set_date_part(\"day\", 31, zone_date_to_zone(date(\"2019-03-30T01:30:00Z\"), \"Europe/Paris\"))",
            "2019-03-31T03:30:00+02:00",
        ),
    ]);
}

#[test]
fn dates_are_made_and_told_in_zones() {
    check(&[
        ("make_timestamp(2019, 1, 2, 3, 4, 5, 0, \"UTC\")", "2019-01-02T03:04:05Z"),
        ("make_date_time(2019, 7, 2, 3, 4, 5, 0, \"PST\")", "2019-07-02T03:04:05-07:00"),
        ("make_date_time(2019, 7, 2, 3, 4, 5, 0, \"EST\")", "2019-07-02T03:04:05-05:00"),
        ("make_date_time(2019, 7, 2, 3, 4, 5, 0, \"GMT+2\")", "2019-07-02T03:04:05+02:00"),
        (
            "make_date_time(2019, 7, 2, 3, 4, 5, 0, concat(\"Europe\", \"/Paris\"))",
            "2019-07-02T03:04:05+02:00",
        ),
        ("make_date_time(2019, 7, 2, 3, 4, 5, 0, concat(\"Secret\", \"/Place\"))", "!no zone that is known"),
        ("make_date_time(2019, 2, 29, 3, 4, 5, 0, \"UTC\")", "!between 1 and 28"),
        ("make_date_time(2019, 2, 2, 24, 4, 5, 0, \"UTC\")", "!the hour must lie"),
        ("make_date_time(2019, 2, 2, 3, 4, 60, 0, \"UTC\")", "!the second must lie"),
        ("make_date_time(2019, 2, 2, 3, 4, 5, 1000000000, \"UTC\")", "!the nanosecond must lie"),
        ("make_date_time(9999, 12, 31, 23, 0, 0, 0, \"America/Los_Angeles\")", "!years 0 to 9999"),
        ("zone_date_to_utc(\"2019-10-17T11:55:12 PST\")", "2019-10-17T19:55:12Z"),
        ("make_date_time(0, 1, 1, 0, 0, 0, 0, \"+05:00\")", "!years 0 to 9999"),
        ("zone_date_to_zone(\"2019-10-17T11:55:12Z\", \"Asia/Kolkata\")", "2019-10-17T17:25:12+05:30"),
        ("zone_date_to_zone(\"2019-10-17T11:55:12Z\", \"+01:00\")", "2019-10-17T12:55:12+01:00"),
        ("zone_date_to_zone(missing, \"+01:00\")", "null"),
    ]);
}

#[test]
fn messages_never_hold_the_value() {
    for expression in [
        "date(secret)",
        "date(secret, \"yyyy\")",
        "format(secret, \"yyyy\")",
        "dformat(secret, \"yyyy\")",
        "zone_date_to_zone(now(), secret)",
        "date_part(secret, now())",
        "set_date_part(\"day\", secret, now())",
    ] {
        let message = run_on(expression, r#"{"secret":"4111111111111111x"}"#).unwrap_err();
        assert!(!message.contains("4111"), "{message}");
    }
}

const ZONES: [&str; 6] =
    ["UTC", "Europe/Paris", "America/Los_Angeles", "Asia/Kolkata", "Australia/Lord_Howe", "-03:30"];

/// Patterns that tell everything down to the millisecond.
const FULL: [&str; 8] = [
    "yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    "yyyy-MM-dd HH:mm:ss.SSSZ",
    "yyyyMMddHHmmssSSSX",
    "EEEE, d MMMM y h:mm:ss.SSSSSS a ZZZZZ",
    "DDD/yyyy k:m:s SSSSSSSSS OOOO",
    "YYYY-'W'ww-u K:mm:ss.SSS a XXXXX",
    "QQQ yyyy-MM F E HH:mm:ss.SSS Z VV",
    "yyyy-MM W EEE HH:mm:ss.SSS XXX'['VV']'",
];

proptest! {
    #[test]
    fn what_is_written_is_read_back(millis in 0..=4_102_444_800_000i64, zone in 0..ZONES.len(), full in 0..FULL.len()) {
        let input = serde_json::json!({"ms": millis, "zone": ZONES[zone], "form": FULL[full]}).to_string();
        let there = "format(zone_date_to_zone(dformat(ms, \"yyyy-MM-dd'T'HH:mm:ss.SSSX\"), zone), form)";
        let back = format!("format(zone_date_to_utc(date({there}, form)), \"yyyy-MM-dd'T'HH:mm:ss.SSSX\")");
        let expected = run_on("dformat(ms, \"yyyy-MM-dd'T'HH:mm:ss.SSSX\")", &input);
        prop_assert_eq!(run_on(&back, &input), expected);
    }

    #[test]
    fn nothing_panics(text in any::<String>(), form in any::<String>(), zone in any::<String>(), ms in any::<i64>()) {
        let input = serde_json::json!({"text": text, "form": form, "zone": zone, "ms": ms}).to_string();
        for expression in [
            "date(text)",
            "date(text, form)",
            "dformat(ms, form)",
            "zone_date_to_zone(now(), zone)",
            "date_part(form, text)",
            "set_date_part(form, ms, text)",
            "make_date_time(ms, ms, ms, ms, ms, ms, ms, zone)",
        ] {
            let _ = run_on(expression, &input);
        }
    }

    #[test]
    fn nothing_that_looks_like_a_date_panics(
        text in "[0-9]{0,5}[-/. ]?[0-9A-Za-z]{0,4}[-/. ]?[0-9]{0,5}[T ]?[0-9:.]{0,12}[ ]?[-+Z0-9A-Za-z:/\\[\\]]{0,8}",
        form in "([GYyMLwWDdFEuaHkKhmsSzZXVOQq]{1,5}[-:/. ']?){1,8}",
    ) {
        let input = serde_json::json!({"text": text, "form": form}).to_string();
        let _ = run_on("date(text)", &input);
        let _ = run_on("date(text, form)", &input);
        if let Ok(written) = run_on("format(now(), form)", &input) {
            let input = serde_json::json!({"text": written.trim_matches('"'), "form": form}).to_string();
            let _ = run_on("date(text, form)", &input);
        }
    }
}
