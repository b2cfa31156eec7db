//! Moments in time zones, and the texts that they are read from and written to.

use jiff::Zoned;

/// A moment as RFC 3339 text with its offset, `Z` in UTC; a fraction only when there is one.
pub(crate) fn rfc3339(moment: &Zoned) -> String {
    let text = moment.datetime().to_string();
    match moment.offset().seconds() {
        0 => format!("{text}Z"),
        seconds => {
            let sign = if seconds < 0 { '-' } else { '+' };
            let minutes = seconds.unsigned_abs() / 60;
            format!("{text}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
        }
    }
}
