//! Sums, products and quotients of decimals: exact up to 34 digits, and rounded to 34, half to even, when
//! they have more. This is Java's `MathContext.DECIMAL128`, with which JEXL calculates.

use crate::values::number::Decimal;

/// Most digits of a rounded result.
const DIGITS: u32 = 34;

/// A whole number of 256 bits, the least significant word first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wide([u64; 4]);

impl Wide {
    fn product(a: u128, b: u128) -> Self {
        let words = |number: u128| [number as u64, (number >> 64) as u64];
        let mut out = [0u64; 4];
        for (i, x) in words(a).into_iter().enumerate() {
            let mut carry = 0u128;
            for (j, y) in words(b).into_iter().enumerate() {
                if let Some(word) = out.get_mut(i + j) {
                    let sum = u128::from(x) * u128::from(y) + u128::from(*word) + carry;
                    (*word, carry) = (sum as u64, sum >> 64);
                }
            }
            if let Some(word) = out.get_mut(i + 2) {
                *word = carry as u64;
            }
        }
        Self(out)
    }

    /// The number times a small one plus a small one; `None` beyond 256 bits.
    fn times(mut self, factor: u64) -> Option<Self> {
        let mut carry = 0u128;
        for word in &mut self.0 {
            let product = u128::from(*word) * u128::from(factor) + carry;
            (*word, carry) = (product as u64, product >> 64);
        }
        (carry == 0).then_some(self)
    }

    /// The number times ten to a power.
    fn lifted(self, places: u32) -> Option<Self> {
        (0..places).try_fold(self, |number, _| number.times(10))
    }

    /// A tenth of the number, and the digit that is cut off.
    fn tenth(mut self) -> (Self, u64) {
        let mut rest = 0u128;
        for word in self.0.iter_mut().rev() {
            let part = rest << 64 | u128::from(*word);
            (*word, rest) = ((part / 10) as u64, part % 10);
        }
        (self, rest as u64)
    }

    /// Quotient and remainder by a number below 2^127, bit by bit.
    fn divided(self, by: u128) -> (Self, u128) {
        let (mut quotient, mut rest) = ([0u64; 4], 0u128);
        for (word, out) in self.0.into_iter().zip(&mut quotient).rev() {
            for bit in (0..64).rev() {
                rest = rest << 1 | u128::from(word >> bit & 1);
                if rest >= by {
                    rest -= by;
                    *out |= 1 << bit;
                }
            }
        }
        (Self(quotient), rest)
    }

    fn plus(self, other: Self) -> Option<Self> {
        let (mut out, mut carry) = ([0u64; 4], 0u128);
        for ((x, y), word) in self.0.into_iter().zip(other.0).zip(&mut out) {
            let sum = u128::from(x) + u128::from(y) + carry;
            (*word, carry) = (sum as u64, sum >> 64);
        }
        (carry == 0).then_some(Self(out))
    }

    /// The difference; `other` is not the larger one.
    fn minus(self, other: Self) -> Self {
        let (mut out, mut borrow) = ([0u64; 4], false);
        for ((x, y), word) in self.0.into_iter().zip(other.0).zip(&mut out) {
            let (first, one) = x.overflowing_sub(y);
            let (second, two) = first.overflowing_sub(borrow.into());
            (*word, borrow) = (second, one || two);
        }
        Self(out)
    }

    fn is_less(self, other: Self) -> bool {
        self.0.iter().rev().lt(other.0.iter().rev())
    }

    fn small(self) -> Option<u128> {
        let [a, b, 0, 0] = self.0 else { return None };
        Some(u128::from(b) << 64 | u128::from(a))
    }
}

/// The sum.
pub(crate) fn sum(a: Decimal, b: Decimal) -> Option<Decimal> {
    if let Some(exact) = a.checked_add(b).filter(is_short) {
        return Some(exact);
    }
    let scale = a.scale().max(b.scale());
    let lift =
        |number: Decimal| Wide::product(number.digits().unsigned_abs(), 1).lifted(scale - number.scale());
    let (x, y) = (lift(a)?, lift(b)?);
    let (negative, total) = match (a.digits() < 0, b.digits() < 0) {
        (a, b) if a == b => (a, x.plus(y)?),
        (a, _) if y.is_less(x) => (a, x.minus(y)),
        (_, b) => (b, y.minus(x)),
    };
    rounded(negative, total, scale.into(), false)
}

/// The product.
pub(crate) fn product(a: Decimal, b: Decimal) -> Option<Decimal> {
    if let Some(exact) = a.checked_mul(b).filter(is_short) {
        return Some(exact);
    }
    let digits = Wide::product(a.digits().unsigned_abs(), b.digits().unsigned_abs());
    rounded(signs_differ(a, b), digits, i64::from(a.scale()) + i64::from(b.scale()), false)
}

/// The quotient, without zeros at its end; `None` for a division by zero.
pub(crate) fn quotient(a: Decimal, b: Decimal) -> Option<Decimal> {
    let (dividend, divisor) = (a.digits().unsigned_abs(), b.digits().unsigned_abs());
    if divisor == 0 {
        return None;
    }
    // Enough places for one digit more than is kept.
    let places = (DIGITS + 1 + length(divisor)).saturating_sub(length(dividend));
    let (digits, rest) = Wide::product(dividend, 1).lifted(places)?.divided(divisor);
    let scale = i64::from(a.scale()) - i64::from(b.scale()) + i64::from(places);
    rounded(signs_differ(a, b), digits, scale, rest != 0).map(Decimal::trimmed)
}

/// Whether nothing needs to be rounded, which is nearly always.
fn is_short(number: &Decimal) -> bool {
    length(number.digits().unsigned_abs()) <= DIGITS
}

fn signs_differ(a: Decimal, b: Decimal) -> bool {
    (a.digits() < 0) != (b.digits() < 0)
}

/// How many digits a number has.
fn length(number: u128) -> u32 {
    number.checked_ilog10().map_or(1, |log| log + 1)
}

/// The number `digits / 10^scale`, to which `more` says that a little is missing, with at most 34 digits.
fn rounded(negative: bool, mut digits: Wide, mut scale: i64, more: bool) -> Option<Decimal> {
    let (mut cut, mut below) = (0, more);
    let kept = loop {
        match digits.small() {
            Some(small) if length(small) <= DIGITS => break small,
            _ => {
                below |= cut != 0;
                (digits, cut) = digits.tenth();
                scale -= 1;
            }
        }
    };
    let up = cut > 5 || (cut == 5 && (below || kept % 2 == 1));
    let digits = i128::try_from(kept + u128::from(up)).ok()?;
    Decimal::of(if negative { -digits } else { digits }, scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn quotients_have_34_digits_half_to_even() {
        for (a, b, wanted) in [
            ("1.0", "3", "0.3333333333333333333333333333333333"),
            ("2.0", "3", "0.6666666666666666666666666666666667"),
            ("-2", "3.0", "-0.6666666666666666666666666666666667"),
            ("1.00", "4", "0.25"),
            ("0.001", "3", "0.0003333333333333333333333333333333333"),
            ("12345678901234567890123456789012345678", "0.1", "123456789012345678901234567890123500000"),
        ] {
            let got = quotient(number(a), number(b)).map(|q| q.to_string());
            assert_eq!(got.as_deref(), Some(wanted), "{a} / {b}");
        }
        assert!(quotient(number("1"), number("0.0")).is_none());
    }

    #[test]
    fn sums_and_products_are_rounded_only_when_they_must_be() {
        let third = quotient(number("1.0"), number("3")).unwrap();
        assert_eq!(sum(third, number("12345.0")).unwrap().to_string(), "12345.33333333333333333333333333333");
        assert_eq!(sum(third, number("-12345")).unwrap().to_string(), "-12344.66666666666666666666666666667");
        assert_eq!(
            product(third, number("3.0")).unwrap().to_string(),
            "0.9999999999999999999999999999999999"
        );
        assert_eq!(product(third, third).unwrap().to_string(), "0.1111111111111111111111111111111111");
    }
}
