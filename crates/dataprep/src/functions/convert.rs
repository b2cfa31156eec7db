//! From text to numbers and to what JSON text holds. Digits are moved as text: only `to_float`, which is
//! a 32-bit float by definition, rounds.

use super::{CallEnv, Failure, Function, Kind, text};
use crate::values::float32;
use crate::values::json::Scanner;
use crate::values::value::Value;
use std::borrow::Cow;
use std::num::IntErrorKind;

type Result<T> = std::result::Result<T, Failure>;

const TYPES: &str = "Type conversions";
/// More texts are read here than the operators take for numbers: a plus, blanks, `.5`.
const TAKES: &[Kind] = &[Kind::Text];

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("to_integer", TYPES, (1, 1), true, to_integer).kinds(TAKES, Kind::Whole),
    Function::new("to_bigint", TYPES, (1, 1), true, to_bigint).kinds(TAKES, Kind::Whole),
    Function::new("to_decimal", TYPES, (1, 1), true, to_decimal).kinds(TAKES, Kind::Number),
    Function::new("to_float", TYPES, (1, 1), true, to_float).kinds(TAKES, Kind::Number),
    Function::new("json_to_object", "JSON", (1, 1), true, json_to_object).kinds(&[Kind::Text], Kind::Any),
];

/// Most digits of a number that is written out; an exponent could ask for billions.
const MAX_DIGITS: usize = 1000;

/// The whole number that the text holds, from -2147483648 to 2147483647, as a Java Integer. Null gives
/// null.
fn to_integer<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let text = number_text(&args[0], "to_integer")?;
    let whole = NumberText::read(&text, "to_integer")?.whole("to_integer")?;
    match whole.parse::<i32>() {
        Ok(_) => Ok(Value::Number(Cow::Owned(whole))),
        Err(_) => Err(Failure::new(
            "to_integer gives 32-bit numbers, -2147483648 to 2147483647, and this one does not fit; use to_bigint",
        )),
    }
}

/// The whole number that the text holds, as a Java BigInteger: of up to 1000 digits, all of them kept.
/// Null gives null.
fn to_bigint<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let text = number_text(&args[0], "to_bigint")?;
    NumberText::read(&text, "to_bigint")?.whole("to_bigint").map(|whole| Value::Number(Cow::Owned(whole)))
}

/// The number that the text holds. Adobe makes a Java Double of it; here the digits stay as they are, so
/// that 0.1 is 0.1, and only what no double could hold is refused: from 10^309 on. Null gives null.
fn to_decimal<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let text = number_text(&args[0], "to_decimal")?;
    let number = NumberText::read(&text, "to_decimal")?;
    if number.magnitude() > 308 {
        return Err(Failure::new("the number is too large for to_decimal: a double ends at about 1.8e308"));
    }
    Ok(Value::Number(Cow::Owned(number.json())))
}

/// The 32-bit float nearest to the number that the text holds, as a Java Float, with the fewest digits
/// that read back as the same float. Null gives null.
fn to_float<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let text = number_text(&args[0], "to_float")?;
    let number = NumberText::read(&text, "to_float")?;
    let digits = [number.whole, number.fraction].concat();
    let float = float32::nearest(&digits, i64::from(number.exponent) - count(number.fraction.len()))
        .ok_or_else(|| {
            Failure::new(
                "the number is too large for to_float: a 32-bit float ends at about 3.4e38; use to_decimal",
            )
        })?;
    let sign = if number.negative && float != "0" { "-" } else { "" };
    Ok(Value::Number(Cow::Owned(format!("{sign}{float}"))))
}

/// The text of a number, or the text that should hold one.
fn number_text<'a>(value: &Value<'a>, function: &str) -> Result<Cow<'a, str>> {
    match value {
        Value::Number(text) | Value::String(text) => Ok(text.clone()),
        other => Err(Failure::new(format!(
            "{function} needs text that holds a number, but found {}",
            other.kind_name()
        ))),
    }
}

/// A number's text in its parts.
struct NumberText<'t> {
    negative: bool,
    whole: &'t str,
    fraction: &'t str,
    exponent: i32,
}

impl<'t> NumberText<'t> {
    /// Reads what Java's Double reads in decimal: blanks around it, a sign, `.5` and `5.`, an exponent.
    /// Not hexadecimal numbers, type letters such as `1f`, NaN and Infinity, which JSON cannot hold.
    fn read(text: &'t str, function: &str) -> Result<Self> {
        let refuse = |found: &str| {
            Err(Failure::new(format!("{function} needs text that holds a number such as 12.5, but {found}")))
        };
        let text = text.trim_matches(|c| c <= ' ');
        if text.is_empty() {
            return refuse("the text is empty");
        }
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if matches!(unsigned, "NaN" | "Infinity") {
            return refuse("NaN and Infinity are no numbers that JSON can hold");
        }
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let exponent = match exponent.parse::<i32>() {
            Ok(exponent) => Some(exponent),
            Err(error) => match error.kind() {
                IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => {
                    return refuse("its exponent is beyond all measure");
                }
                _ => None,
            },
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits = whole.bytes().chain(fraction.bytes());
        match exponent {
            Some(exponent)
                if whole.len() + fraction.len() > 0 && digits.all(|byte| byte.is_ascii_digit()) =>
            {
                let fraction = if exponent == 0 { fraction } else { fraction.trim_end_matches('0') };
                Ok(Self { negative, whole: whole.trim_start_matches('0'), fraction, exponent })
            }
            _ => refuse("it holds something else"),
        }
    }

    /// The number as JSON writes it, its digits as they are.
    fn json(&self) -> String {
        let mut text = String::with_capacity(self.whole.len() + self.fraction.len() + 8);
        if self.negative {
            text.push('-');
        }
        text.push_str(if self.whole.is_empty() { "0" } else { self.whole });
        if !self.fraction.is_empty() {
            text.push('.');
            text.push_str(self.fraction);
        }
        if self.exponent != 0 {
            text.push_str(&format!("e{}", self.exponent));
        }
        text
    }

    /// The power of ten of the first digit that is not zero; very small for zero.
    fn magnitude(&self) -> i64 {
        let place = match self.fraction.bytes().position(|digit| digit != b'0') {
            _ if !self.whole.is_empty() => count(self.whole.len()) - 1,
            Some(zeros) => -1 - count(zeros),
            None => return i64::MIN,
        };
        place + i64::from(self.exponent)
    }

    /// All digits of the number when it is whole.
    fn whole(&self, function: &str) -> Result<String> {
        let magnitude = self.magnitude();
        if magnitude == i64::MIN {
            return Ok("0".to_owned());
        }
        if magnitude >= count(MAX_DIGITS) {
            return Err(Failure::new(format!("{function} gives numbers of at most {MAX_DIGITS} digits")));
        }
        let digits = [self.whole, self.fraction].concat();
        let digits = digits.trim_start_matches('0');
        // At most MAX_DIGITS; below zero only when the number is smaller than one.
        let length = usize::try_from(magnitude + 1).unwrap_or(0);
        let fraction = digits.get(length..).unwrap_or_default();
        if fraction.bytes().any(|digit| digit != b'0') {
            return Err(Failure::new(format!(
                "{function} needs a whole number, but the number has a fraction; use to_decimal"
            )));
        }
        let sign = if self.negative { "-" } else { "" };
        Ok(format!("{sign}{:0<length$}", digits.get(..length).unwrap_or(digits)))
    }
}

/// A length as a number that can be negative.
fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// `json_to_object(text)`: what the JSON text holds, of any kind; numbers keep their digits. Null gives
/// null.
fn json_to_object<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    Ok(match text(&args[0], "the argument of json_to_object")? {
        // Text of the input stays where it is.
        Cow::Borrowed(json) => parse(json)?,
        Cow::Owned(json) => parse(&json)?.into_owned(),
    })
}

fn parse(json: &str) -> Result<Value<'_>> {
    let mut scanner = Scanner::new(json);
    let span = scanner.value().and_then(|span| scanner.finish().map(|()| span));
    span.map(|span| Value::from_span(json, span))
        .map_err(|error| Failure::new(format!("the text of json_to_object is not JSON: {error}")))
}
