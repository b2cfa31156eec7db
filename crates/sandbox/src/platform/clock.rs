//! The platform's own time: it moves with what is written and when it is told to, never by itself.

/// Milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock(u64);

impl Clock {
    /// The moment at which seeded Stripe accounts end, so that both sides of a demo agree.
    pub(super) fn start() -> Self {
        Self(u64::try_from(crate::Size::NOW).unwrap_or_default() * 1000)
    }

    pub(super) fn now(self) -> u64 {
        self.0
    }

    /// One millisecond more, so that no two changes have the same time.
    pub(super) fn tick(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }

    pub(super) fn advance(&mut self, millis: u64) {
        self.0 = self.0.saturating_add(millis);
    }

    /// As the registry's errors write it: `11-25-2020 07:56:25`.
    pub(super) fn written(self) -> String {
        let seconds = self.0 / 1000;
        let (year, month, day) = civil(seconds / 86_400);
        let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
        format!("{month:02}-{day:02}-{year} {hour:02}:{minute:02}:{second:02}")
    }
}

/// Year, month and day of a number of days since 1970, by Howard Hinnant's algorithm.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::Clock;

    #[test]
    fn moments_are_written_as_the_registry_writes_them() {
        assert_eq!(Clock(0).written(), "01-01-1970 00:00:00");
        assert_eq!(Clock(1_606_290_985_999).written(), "11-25-2020 07:56:25");
        assert_eq!(Clock(1_709_164_800_000).written(), "02-29-2024 00:00:00");
    }
}
