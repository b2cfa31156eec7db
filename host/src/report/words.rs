//! Numbers and times in words.

/// A time: the day alone when that is all that it says.
pub fn moment(epoch: i64) -> String {
    let Ok(time) = jiff::Timestamp::from_second(epoch) else { return epoch.to_string() };
    let text = time.to_string();
    text.strip_suffix("T00:00:00Z").map(str::to_owned).unwrap_or(text)
}

/// The day of a time.
pub fn day(epoch: i64) -> String {
    let Ok(time) = jiff::Timestamp::from_second(epoch) else { return epoch.to_string() };
    time.strftime("%Y-%m-%d").to_string()
}

/// A half-open range of times.
pub fn span(gte: Option<i64>, lt: i64) -> String {
    match gte {
        Some(gte) => format!("{}..{}", moment(gte), moment(lt)),
        None => format!("..{}", moment(lt)),
    }
}

/// A count with its thousands apart.
pub fn count(number: u64) -> String {
    indicatif::HumanCount(number).to_string()
}

/// `1 range`, `2 ranges`.
pub fn counted(number: u64, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ => format!("{} {what}s", count(number)),
    }
}

/// A length of time, in its two largest units.
pub fn duration(seconds: i64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let (mut left, mut parts) = (seconds.max(0), Vec::new());
    for (unit, name) in units {
        if left >= unit && parts.len() < 2 {
            parts.push(format!("{} {name}", left / unit));
            left %= unit;
        } else if !parts.is_empty() {
            break;
        }
    }
    if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_say_no_more_than_they_must() {
        assert_eq!(span(Some(1_795_219_200), 1_795_219_201), "2026-11-21..2026-11-21T00:00:01Z");
        assert_eq!(span(None, 0), "..1970-01-01");
        assert_eq!(moment(i64::MAX), i64::MAX.to_string());
        assert_eq!(counted(1, "range"), "1 range");
        assert_eq!(counted(20_000, "id"), "20,000 ids");
        let words: Vec<_> = [0, -5, 59, 60, 3_725, 86_400, 90_061, 86_405].map(duration).into();
        assert_eq!(words, ["0 s", "0 s", "59 s", "1 min", "1 h 2 min", "1 d", "1 d 1 h", "1 d"]);
    }
}
