//! Exact decimal arithmetic on the text of JSON numbers.
//!
//! A number is its digits and how many of them follow the point. Sums, differences and products are
//! exact or refused; nothing passes through binary floating point.

use std::cmp::Ordering;
use std::fmt;

/// A decimal number: `digits / 10^scale`.
#[derive(Debug, Clone, Copy)]
pub struct Decimal {
    digits: i128,
    scale: u32,
}

/// Most digits after the point; Stripe's decimals have at most 12, money three more, and a quotient of
/// small numbers 34 after its zeros.
const MAX_SCALE: u32 = 72;

impl Decimal {
    /// An integer.
    pub fn integer(value: i64) -> Self {
        Self { digits: value.into(), scale: 0 }
    }

    /// The number `digits / 10^scale`, when it can be held.
    pub(crate) fn of(digits: i128, scale: i64) -> Option<Self> {
        match u32::try_from(scale) {
            Ok(scale) => (scale <= MAX_SCALE).then_some(Self { digits, scale }),
            Err(_) => {
                let factor = 10i128.checked_pow(u32::try_from(scale.checked_neg()?).ok()?)?;
                Some(Self { digits: digits.checked_mul(factor)?, scale: 0 })
            }
        }
    }

    /// All digits as one whole number.
    pub(crate) fn digits(self) -> i128 {
        self.digits
    }

    /// How many of the digits follow the point.
    pub(crate) fn scale(self) -> u32 {
        self.scale
    }

    /// The same number without zeros at the end of its fraction.
    pub(crate) fn trimmed(mut self) -> Self {
        while self.scale > 0 && self.digits % 10 == 0 {
            (self.digits, self.scale) = (self.digits / 10, self.scale - 1);
        }
        self
    }

    /// Reads a JSON number (or the same text inside a string). `None` when it is not one, or has
    /// more digits than can be held exactly.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if (1..=18).contains(&rest.len())
            && let Some(digits) = digits(rest, "")
        {
            return Some(Self { digits: if negative { -digits } else { digits }, scale: 0 });
        }
        let (mantissa, exponent) = match rest.find(['e', 'E']) {
            Some(at) => (
                &rest[..at],
                rest[at + 1..].strip_prefix('+').unwrap_or(&rest[at + 1..]).parse::<i32>().ok()?,
            ),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() || (mantissa.contains('.') && fraction.is_empty()) {
            return None;
        }
        let digits = digits(whole, fraction)?;
        let scale = i64::try_from(fraction.len()).ok()?.checked_sub(exponent.into())?;
        Self::of(if negative { -digits } else { digits }, scale)
    }

    fn aligned(self, other: Self) -> Option<(i128, i128, u32)> {
        if self.scale == other.scale {
            return Some((self.digits, other.digits, self.scale));
        }
        let scale = self.scale.max(other.scale);
        let lift = |number: Self| number.digits.checked_mul(10i128.checked_pow(scale - number.scale)?);
        Some((lift(self)?, lift(other)?, scale))
    }

    /// The exact sum, or `None` when it cannot be held.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let (a, b, scale) = self.aligned(other)?;
        Some(Self { digits: a.checked_add(b)?, scale })
    }

    /// The exact difference, or `None` when it cannot be held.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        let (a, b, scale) = self.aligned(other)?;
        Some(Self { digits: a.checked_sub(b)?, scale })
    }

    /// The exact product, or `None` when it cannot be held.
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        let scale = self.scale + other.scale;
        let digits = self.digits.checked_mul(other.digits)?;
        (scale <= MAX_SCALE).then_some(Self { digits, scale })
    }

    /// The remainder with the sign of the dividend, as in Java.
    pub fn checked_rem(self, other: Self) -> Option<Self> {
        let (a, b, scale) = self.aligned(other)?;
        Some(Self { digits: a.checked_rem(b)?, scale })
    }

    /// The quotient: of two integers the integer part, as in Java; otherwise exact, or `None`.
    pub fn checked_div(self, other: Self) -> Option<Self> {
        let (a, b, _) = self.aligned(other)?;
        if self.scale == 0 && other.scale == 0 {
            return Some(Self { digits: a.checked_div(b)?, scale: 0 });
        }
        if b == 0 {
            return None;
        }
        let (mut digits, mut scale) = (a, 0);
        while digits % b != 0 {
            digits = digits.checked_mul(10)?;
            scale += 1;
            if scale > MAX_SCALE {
                return None;
            }
        }
        Some(Self { digits: digits / b, scale })
    }

    /// The number with the other sign.
    pub fn checked_neg(self) -> Option<Self> {
        Some(Self { digits: self.digits.checked_neg()?, scale: self.scale })
    }

    /// The number divided by `10^places`: the point moves, the digits stay.
    pub fn shift(self, places: u32) -> Option<Self> {
        let scale = self.scale + places;
        (scale <= MAX_SCALE).then_some(Self { scale, ..self })
    }

    /// The value when it is a whole number that fits.
    pub fn to_i64(self) -> Option<i64> {
        if self.scale == 0 {
            return i64::try_from(self.digits).ok();
        }
        let factor = 10i128.checked_pow(self.scale)?;
        (self.digits % factor == 0).then(|| i64::try_from(self.digits / factor).ok()).flatten()
    }

    /// The whole number's text, when the number is whole.
    pub fn to_whole(self) -> Option<String> {
        let factor = 10i128.checked_pow(self.scale)?;
        (self.digits % factor == 0).then(|| (self.digits / factor).to_string())
    }
}

/// The digits of both parts as one number.
fn digits(whole: &str, fraction: &str) -> Option<i128> {
    let bytes = || whole.bytes().chain(fraction.bytes());
    if !bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Nearly all numbers fit a word; wide arithmetic is many times slower, most of all in Wasm.
    if whole.len() + fraction.len() <= 18 {
        return Some(bytes().fold(0u64, |digits, byte| digits * 10 + u64::from(byte - b'0')).into());
    }
    bytes().try_fold(0i128, |digits, byte| digits.checked_mul(10)?.checked_add((byte - b'0').into()))
}

/// How two JSON numbers of any length compare; `None` when one is no number.
pub(crate) fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (Magnitude::parse(a)?, Magnitude::parse(b)?);
    Some(match (a.negative, b.negative) {
        (false, false) => a.cmp(&b),
        (true, true) => b.cmp(&a),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    })
}

/// A number's size: `0.digits * 10^exponent`, the first digit not zero; zero has no digits.
struct Magnitude {
    negative: bool,
    exponent: i64,
    digits: Vec<u8>,
}

impl Magnitude {
    fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
        let exponent: i64 = exponent.strip_prefix('+').unwrap_or(exponent).parse().ok()?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
        let end = digits.iter().rposition(|digit| *digit != b'0').map_or(zeros, |last| last + 1);
        let digits = digits.get(zeros..end).unwrap_or_default().to_vec();
        if digits.is_empty() {
            return Some(Self { negative: false, exponent: i64::MIN, digits });
        }
        let exponent = exponent.saturating_add(i64::try_from(whole.len()).ok()?);
        Some(Self { negative, exponent: exponent.saturating_sub(i64::try_from(zeros).ok()?), digits })
    }

    fn cmp(&self, other: &Self) -> Ordering {
        (self.exponent, &self.digits).cmp(&(other.exponent, &other.digits))
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match self.aligned(*other) {
            Some((a, b, _)) => a.cmp(&b),
            // Too far apart to align.
            None => compare(&self.to_string(), &other.to_string()).unwrap_or(Ordering::Equal),
        }
    }
}

impl fmt::Display for Decimal {
    /// A JSON number with exactly `scale` digits after the point.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.digits < 0 { "-" } else { "" };
        let digits = match u64::try_from(self.digits.unsigned_abs()) {
            Ok(digits) => digits.to_string(),
            Err(_) => self.digits.unsigned_abs().to_string(),
        };
        let scale = self.scale as usize;
        if scale == 0 {
            return write!(f, "{sign}{digits}");
        }
        let padded = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = padded.split_at(padded.len() - scale);
        write!(f, "{sign}{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn keeps_every_digit() {
        for text in ["0", "-1", "10.99", "9007199254740993", "-0.000000000005", "123456789012345678901234.5"]
        {
            assert_eq!(number(text).to_string(), text);
        }
        assert_eq!(number("12e2").to_string(), "1200");
        assert_eq!(number("12e-3").to_string(), "0.012");
        for text in ["", "-", "1.", ".5", "1e", "abc", "1e99999999999", "1e-99", &"9".repeat(50)] {
            assert!(Decimal::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn calculates_exactly() {
        assert_eq!(number("0.1").checked_add(number("0.2")).unwrap().to_string(), "0.3");
        assert_eq!(
            number("9007199254740993").checked_mul(number("3")).unwrap().to_string(),
            "27021597764222979"
        );
        assert_eq!(number("1").checked_sub(number("0.01")).unwrap().to_string(), "0.99");
        assert_eq!(number("7").checked_div(number("2")).unwrap().to_string(), "3");
        assert_eq!(number("7.0").checked_div(number("2")).unwrap().to_string(), "3.5");
        assert!(number("1.0").checked_div(number("3")).is_none());
        assert!(number("1").checked_div(number("0")).is_none());
        assert_eq!(number("1099").shift(2).unwrap().to_string(), "10.99");
        assert_eq!(number("-5").shift(3).unwrap().to_string(), "-0.005");
        assert_eq!(number("10.0"), number("10"));
        assert!(number("2") > number("1.999"));
        assert!(number("1e-60") > number("0") && number("1e-60") < number("2e-60"));
        assert!(number("-1e30") < number("1e-60"));
        assert_eq!(number("4.00").to_whole().as_deref(), Some("4"));
        assert_eq!(number("4.5").to_i64(), None);
    }

    #[test]
    fn numbers_of_any_length_compare() {
        use Ordering::{Equal, Greater, Less};
        let nines = "9".repeat(60);
        for (a, b, wanted) in [
            ("1e400", "1e399", Greater),
            ("10e399", "1e400", Equal),
            ("0.00", "-0", Equal),
            ("-1e400", "1", Less),
            (nines.as_str(), "1e60", Less),
            ("1.50", "1.5", Equal),
            ("0.05", "0.5", Less),
            ("-2", "-10", Greater),
        ] {
            assert_eq!(compare(a, b), Some(wanted), "{a} {b}");
        }
        assert_eq!(compare("x", "1"), None);
    }
}
