//! The calendar: dates and times of day without a zone. ISO 8601's, which is the Gregorian calendar
//! also for the time before it was introduced, as in `java.time`.

/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;

/// 0000-01-01T00:00:00, counted in seconds from 1970. RFC 3339 has no earlier year.
pub(crate) const FIRST_SECOND: i64 = -62_167_219_200;

/// 9999-12-31T23:59:59, counted in seconds from 1970. RFC 3339 has no later year.
pub(crate) const LAST_SECOND: i64 = 253_402_300_799;

/// A date and a time of day, as a calendar and a clock on the wall show them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i32,
    pub(crate) month: u8,
    pub(crate) day: u8,
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
    pub(crate) nanosecond: u32,
}

impl Civil {
    /// Midnight of a day; `None` when the calendar has no such day in the years 0 to 9999.
    pub(crate) fn date(year: i32, month: u8, day: u8) -> Option<Self> {
        let exists = (0..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=month_days(year, month)).contains(&day);
        exists.then_some(Self { year, month, day, hour: 0, minute: 0, second: 0, nanosecond: 0 })
    }

    /// The same day at another time; `None` when a day has no such time.
    pub(crate) fn at(self, hour: u8, minute: u8, second: u8, nanosecond: u32) -> Option<Self> {
        let exists = hour < 24 && minute < 60 && second < 60 && nanosecond < 1_000_000_000;
        exists.then_some(Self { hour, minute, second, nanosecond, ..self })
    }

    /// The date and time so many seconds after 1970 began, which must lie in the years 0 to 9999.
    #[inline]
    pub(crate) fn from_seconds(seconds: i64, nanosecond: u32) -> Self {
        // A year more, so that nothing is below zero.
        let seconds = (seconds - FIRST_SECOND + 366 * DAY) as u64;
        let (year, month, day) = date_of((seconds / DAY as u64) as i64 + FIRST_SECOND / DAY - 366);
        let time = (seconds % DAY as u64) as u32;
        Self {
            year,
            month,
            day,
            hour: (time / 3600) as u8,
            minute: (time / 60 % 60) as u8,
            second: (time % 60) as u8,
            nanosecond,
        }
    }

    /// Seconds since 1970 began, as if the zone were UTC.
    pub(crate) fn seconds(&self) -> i64 {
        let time = i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second);
        self.days() * DAY + time
    }

    /// Days since 1970 began.
    pub(crate) fn days(&self) -> i64 {
        days_of(self.year, self.month, self.day)
    }

    /// The day of the week: 1 is Monday, 7 is Sunday.
    pub(crate) fn weekday(&self) -> u8 {
        weekday_of(self.days())
    }

    /// The day of the year, from 1.
    pub(crate) fn day_of_year(&self) -> u16 {
        (self.days() - days_of(self.year, 1, 1) + 1) as u16
    }

    /// The week of ISO 8601 and the year that it belongs to. Weeks begin on Monday; the first week of
    /// a year is the one that has the year's first Thursday.
    pub(crate) fn iso_week(&self) -> (i32, u8) {
        let thursday = self.days() + 4 - i64::from(self.weekday());
        let (year, ..) = date_of(thursday);
        (year, ((thursday - days_of(year, 1, 1)) / 7 + 1) as u8)
    }

    /// The week of the month by the same rule: the first has the month's first Thursday, and what lies
    /// before it is week 0.
    pub(crate) fn week_of_month(&self) -> u8 {
        let monday = i64::from(self.day) - i64::from(self.weekday()) + 1;
        // The first week's Monday lies between the last but two of the month before and the 4th.
        ((monday + 2).div_euclid(7) + 1) as u8
    }
}

/// How many days a month has.
pub(crate) fn month_days(year: i32, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// The day of the week of a day counted from 1970: 1 is Monday.
pub(crate) fn weekday_of(days: i64) -> u8 {
    // 1970-01-01 was a Thursday.
    ((days + 3).rem_euclid(7) + 1) as u8
}

/// Days from 1970-01-01 to a date. Years are taken to begin in March, so that the leap day is the last
/// of its year; 400 years always have 146,097 days.
pub(crate) fn days_of(year: i32, month: u8, day: u8) -> i64 {
    let (month, day) = (i64::from(month), i64::from(day));
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of a day counted from 1970: the way back, for years not before -400. Made for 32
/// bits without a sign, because every object that is converted has a few dates.
#[inline]
pub(crate) fn date_of(days: i64) -> (i32, u8, u8) {
    let days = (days + 719_468 + 146_097) as u32;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * from_march + 2) / 5 + 1) as u8;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 } as u8;
    let year = (era * 400 + year_of_era) as i32 - 400 + i32::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_ten_thousand_years_goes_there_and_back() {
        let mut days = days_of(0, 1, 1);
        assert_eq!(days * DAY, FIRST_SECOND);
        for year in 0..=9999 {
            for month in 1..=12 {
                for day in 1..=month_days(year, month) {
                    assert_eq!(days_of(year, month, day), days);
                    assert_eq!(date_of(days), (year, month, day));
                    days += 1;
                }
            }
        }
        assert_eq!(days * DAY - 1, LAST_SECOND);
    }

    #[test]
    fn weeks_are_those_of_iso_8601() {
        for ((year, month, day), week, of_month) in [
            ((2019, 12, 30), (2020, 1), 5),
            ((2021, 1, 1), (2020, 53), 0),
            ((2021, 1, 4), (2021, 1), 1),
            ((2019, 10, 17), (2019, 42), 3),
            ((2020, 10, 1), (2020, 40), 1),
            ((2020, 10, 31), (2020, 44), 5),
            ((2021, 8, 1), (2021, 30), 0),
            ((2021, 8, 31), (2021, 35), 5),
        ] {
            let date = Civil::date(year, month, day).unwrap();
            assert_eq!((date.iso_week(), date.week_of_month()), (week, of_month), "{date:?}");
        }
    }

    #[test]
    fn days_and_times_that_do_not_exist_are_refused() {
        for (year, month, day) in
            [(2019, 2, 29), (1900, 2, 29), (2019, 13, 1), (2019, 4, 31), (10_000, 1, 1), (-1, 1, 1)]
        {
            assert_eq!(Civil::date(year, month, day), None);
        }
        assert!(Civil::date(2000, 2, 29).is_some_and(|date| date.at(24, 0, 0, 0).is_none()));
    }
}
