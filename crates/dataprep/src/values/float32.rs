//! 32-bit floats without floating point: the float nearest to a decimal text, and the fewest digits that
//! read back as it. The standard library does both, with tables that would add 20 kB to the module.

use std::cmp::Ordering;

/// A float that is not negative: `mantissa * 2^exponent`. The mantissa is below 2^24, and not below 2^23
/// unless the exponent is [`LEAST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Float {
    mantissa: u32,
    exponent: i32,
}

const FULL: u32 = 1 << 24;
const HALF: u32 = 1 << 23;
/// Exponent of the smallest floats.
const LEAST: i32 = -149;
/// Exponent of the greatest floats.
const GREATEST: i32 = 104;
/// More digits than any number halfway between two floats has; beyond them only zero or not matters.
const SIGNIFICANT: usize = 120;

/// The float nearest to `digits * 10^exponent`, ties to the even one, written with the fewest digits that
/// read back as it and without an exponent. `None` when the number is beyond the greatest float.
pub(crate) fn nearest(digits: &str, exponent: i64) -> Option<String> {
    let digits = digits.trim_start_matches('0');
    let cut = digits.len().saturating_sub(SIGNIFICANT);
    let (kept, rest) = digits.split_at(digits.len() - cut);
    let exponent = exponent.saturating_add(i64::try_from(cut).unwrap_or(i64::MAX));
    let magnitude = exponent.saturating_add(kept.len() as i64);
    // Floats lie between 10^-46 and 10^39.
    if kept.is_empty() || magnitude < -45 {
        return Some("0".to_owned());
    }
    if magnitude > 39 {
        return None;
    }
    let mut number = Natural::from_digits(kept);
    let mut exponent = i32::try_from(exponent).ok()?;
    if rest.bytes().any(|digit| digit != b'0') {
        // One digit more, so that what is exactly halfway no longer is.
        number.multiply(10);
        number.add_small(1);
        exponent -= 1;
    }
    round(number, exponent).map(shortest)
}

/// The nearest float to `number * 10^exponent`; zero has mantissa 0.
fn round(mut number: Natural, exponent: i32) -> Option<Float> {
    let mut divisor = Natural::small(1);
    let scaled = if exponent < 0 { &mut divisor } else { &mut number };
    (0..exponent.unsigned_abs()).for_each(|_| scaled.multiply(10));

    // So that the quotient has 24 or 25 bits, fewer for the smallest floats.
    let mut binary = (number.bits() - divisor.bits() - 24).max(LEAST);
    if binary < 0 {
        number.shift(binary.unsigned_abs())
    } else {
        divisor.shift(binary.unsigned_abs())
    }
    let (mut quotient, mut inexact) = (0, false);
    for bit in (0..25).rev() {
        let mut step = divisor.clone();
        step.shift(bit);
        if number.compare(&step) != Ordering::Less {
            number.subtract(&step);
            quotient |= 1 << bit;
        }
    }
    let mut above_half = if quotient >= FULL {
        inexact = number.bits() > 0;
        let lowest = quotient & 1;
        quotient >>= 1;
        binary += 1;
        if lowest == 1 { Ordering::Equal } else { Ordering::Less }
    } else {
        number.shift(1);
        number.compare(&divisor)
    };
    if above_half == Ordering::Equal && inexact {
        above_half = Ordering::Greater;
    }
    if above_half == Ordering::Greater || (above_half == Ordering::Equal && quotient & 1 == 1) {
        quotient += 1;
        if quotient == FULL {
            quotient = HALF;
            binary += 1;
        }
    }
    (binary <= GREATEST).then_some(Float { mantissa: quotient, exponent: binary })
}

/// The digits of the shortest decimal that is nearer to this float than to any other; of several the
/// nearest. By the algorithm of Steele and White, as Dragon4.
fn shortest(float: Float) -> String {
    let Float { mantissa, exponent } = float;
    if mantissa == 0 {
        return "0".to_owned();
    }
    // The float is value / one; it reads back from everything within below / one and above / one.
    let even = mantissa & 1 == 0;
    let narrow_below = u32::from(mantissa == HALF && exponent > LEAST);
    let mut value = Natural::small(mantissa);
    let (mut one, mut above, mut below) = (Natural::small(1), Natural::small(1), Natural::small(1));
    let up = u32::try_from(exponent).unwrap_or(0);
    value.shift(1 + up + narrow_below);
    one.shift(1 + exponent.min(0).unsigned_abs() + narrow_below);
    above.shift(up + narrow_below);
    below.shift(up);
    let reaches = |value: &Natural, above: &Natural, one: &Natural| {
        let mut sum = value.clone();
        sum.add(above);
        match sum.compare(one) {
            Ordering::Greater => true,
            Ordering::Equal => even,
            Ordering::Less => false,
        }
    };

    // The float is 0.ddd * 10^point.
    let mut point = 0;
    while reaches(&value, &above, &one) {
        one.multiply(10);
        point += 1;
    }
    let grow = |value: &mut Natural, above: &mut Natural, below: &mut Natural| {
        [value, above, below].into_iter().for_each(|number| number.multiply(10));
    };
    loop {
        let (mut next, mut next_above, mut next_below) = (value.clone(), above.clone(), below.clone());
        grow(&mut next, &mut next_above, &mut next_below);
        if reaches(&next, &next_above, &one) {
            break;
        }
        (value, above, below) = (next, next_above, next_below);
        point -= 1;
    }

    let mut digits = String::new();
    loop {
        grow(&mut value, &mut above, &mut below);
        let mut digit = b'0';
        while value.compare(&one) != Ordering::Less {
            value.subtract(&one);
            digit += 1;
        }
        let enough_below = match value.compare(&below) {
            Ordering::Less => true,
            Ordering::Equal => even,
            Ordering::Greater => false,
        };
        let enough_above = reaches(&value, &above, &one);
        if !enough_below && !enough_above {
            digits.push(char::from(digit));
            continue;
        }
        value.shift(1);
        let nearer_above = value.compare(&one) != Ordering::Less;
        let up = enough_above && (!enough_below || nearer_above);
        digits.push(char::from(digit + u8::from(up)));
        break;
    }
    plain(&digits, point)
}

/// `0.digits * 10^point` without an exponent.
fn plain(digits: &str, point: i32) -> String {
    let zeros = |count: usize| "0".repeat(count);
    let places = point.unsigned_abs() as usize;
    match (point, digits.split_at_checked(places)) {
        (..=0, _) => format!("0.{}{digits}", zeros(places)),
        (_, Some((whole, ""))) => whole.to_owned(),
        (_, Some((whole, fraction))) => format!("{whole}.{fraction}"),
        (_, None) => format!("{digits}{}", zeros(places - digits.len())),
    }
}

/// A whole number of any size, lowest word first, without zero words at its end.
#[derive(Debug, Clone)]
struct Natural(Vec<u32>);

impl Natural {
    fn small(value: u32) -> Self {
        Self(vec![value])
    }

    fn from_digits(digits: &str) -> Self {
        let mut number = Self(Vec::new());
        for digit in digits.bytes() {
            number.multiply(10);
            number.add_small(u32::from(digit.saturating_sub(b'0')));
        }
        number
    }

    fn bits(&self) -> i32 {
        let bits = self.0.last().map_or(0, |top| self.0.len() * 32 - top.leading_zeros() as usize);
        i32::try_from(bits).unwrap_or(i32::MAX)
    }

    /// Changes word by word, lowest first, and adds what is carried out of the last.
    fn each(&mut self, mut carry: u64, mut change: impl FnMut(u32, u64) -> u64) {
        for word in &mut self.0 {
            let changed = change(*word, carry);
            *word = changed as u32;
            carry = changed >> 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    fn multiply(&mut self, by: u32) {
        self.each(0, |word, carry| u64::from(word) * u64::from(by) + carry);
    }

    fn add_small(&mut self, value: u32) {
        self.each(value.into(), |word, carry| u64::from(word) + carry);
    }

    fn add(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        let mut others = other.0.iter();
        self.each(0, |word, carry| {
            u64::from(word) + others.next().map_or(0, |word| u64::from(*word)) + carry
        });
    }

    /// Takes away a number that is not greater.
    fn subtract(&mut self, other: &Self) {
        let mut others = other.0.iter();
        let mut borrow = 0;
        for word in &mut self.0 {
            let less = i64::from(*word) - others.next().map_or(0, |word| i64::from(*word)) - borrow;
            *word = less as u32;
            borrow = i64::from(less < 0);
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    /// Multiplies by a power of two.
    fn shift(&mut self, bits: u32) {
        self.each(0, |word, carry| (u64::from(word) << (bits % 32)) + carry);
        let zeros = bits as usize / 32;
        self.0.resize(self.0.len() + zeros, 0);
        self.0.rotate_right(zeros);
    }

    fn compare(&self, other: &Self) -> Ordering {
        let length = self.0.len().cmp(&other.0.len());
        length.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What the standard library makes of the same number.
    fn expected(digits: &str, exponent: i64) -> Option<String> {
        let float: f32 = format!("{digits}e{exponent}").parse().unwrap();
        float.is_finite().then(|| float.to_string())
    }

    #[test]
    fn edges() {
        for (digits, exponent) in [
            ("0", 0),
            ("123456", -4),
            ("16777217", 0),
            ("16777219", 0),
            ("33554434", 0),
            ("1", 38),
            ("1", 39),
            ("34028235", 31),
            ("34028236", 31),
            ("340282356779733661637539395458142568447", 0),
            ("340282356779733661637539395458142568448", 0),
            ("1", -45),
            ("7", -46),
            ("7006492321624085354618", -67),
            ("70064923216240853546186479164495806564013097093825788587853", -104),
            ("1", -46),
            ("1", -9_000_000_000),
            (
                "1175494350822287507968736537222245677818665556772087521508751706278417259454727172851560500000000000000035032461608120426772309383611111111111111111111111111111111",
                -165,
            ),
        ] {
            assert_eq!(nearest(digits, exponent), expected(digits, exponent), "{digits}e{exponent}");
        }
        // Exactly halfway, and a little more than can be told from the first 120 digits.
        let halfway = "16777217";
        assert_eq!(nearest(halfway, 0).as_deref(), Some("16777216"));
        let more = format!("{halfway}{}1", "0".repeat(300));
        assert_eq!(nearest(&more, -301).as_deref(), Some("16777218"));
    }

    #[test]
    fn every_power_of_two_and_its_neighbours() {
        for bits in (0..255u32).flat_map(|exponent| {
            let power = exponent << 23;
            [power, power + 1, power + 2, power.saturating_sub(1)]
        }) {
            let float = f32::from_bits(bits);
            let text = format!("{float:e}");
            let (mantissa, exponent) = text.split_once('e').unwrap();
            let fraction = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len() as i64);
            let exponent = exponent.parse::<i64>().unwrap() - fraction;
            let digits = mantissa.replace('.', "");
            assert_eq!(nearest(&digits, exponent), Some(float.to_string()), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn as_the_standard_library(digits in "[0-9]{1,30}", exponent in -60i64..40) {
            prop_assert_eq!(nearest(&digits, exponent), expected(&digits, exponent));
        }

        #[test]
        fn any_float(bits in 0u32..0x7f80_0000) {
            let float = f32::from_bits(bits);
            // All digits of the float, exactly.
            let digits = format!("{float:.150}").replace('.', "");
            prop_assert_eq!(nearest(&digits, -150), Some(float.to_string()));
        }
    }
}
