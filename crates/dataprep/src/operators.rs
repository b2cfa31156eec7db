//! The operators of the expression language: JEXL's rules for what is true, equal, greater and the sum.

use crate::expr::{BinaryOp, UnaryOp};
use crate::functions::{self, Failure};
use crate::names::same;
use crate::number::Decimal;
use crate::value::Value;
use std::borrow::Cow;
use std::cmp::Ordering;

type Result<T> = std::result::Result<T, Failure>;

/// JEXL's truth: null, false, zero, the empty string and the word `false` are not true.
pub(crate) fn truth(value: &Value<'_>) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(_) => value.as_decimal() != Some(Decimal::integer(0)),
        Value::String(text) => !text.is_empty() && text != "false",
        Value::Array(_) | Value::Object(_) | Value::Json(_) | Value::DateTime(_) => true,
    }
}

pub(crate) fn unary<'a>(op: UnaryOp, value: Value<'a>) -> Result<Value<'a>> {
    match op {
        UnaryOp::Not => Ok(Value::Bool(!truth(&value))),
        UnaryOp::Neg => match (&value, value.as_decimal()) {
            (Value::Null, _) => Ok(Value::Null),
            (_, Some(number)) => number.checked_neg().map(decimal).ok_or_else(too_large),
            _ => Err(not_a_number(&value)),
        },
        UnaryOp::Complement => Ok(Value::integer(!functions::whole(&value, "the operand of ~")?)),
    }
}

fn decimal<'a>(number: Decimal) -> Value<'a> {
    Value::Number(Cow::Owned(number.to_string()))
}

fn too_large() -> Failure {
    Failure::new("the result has more digits than can be held exactly")
}

fn not_a_number(value: &Value<'_>) -> Failure {
    Failure::new(format!("expected a number, but found {}", value.kind_name()))
}

pub(crate) fn binary<'a>(op: BinaryOp, a: Value<'a>, b: Value<'a>) -> Result<Value<'a>> {
    let truth_of = |result: bool| Ok(Value::Bool(result));
    match op {
        BinaryOp::Eq => truth_of(equal(&a, &b)),
        BinaryOp::Ne => truth_of(!equal(&a, &b)),
        BinaryOp::Lt => truth_of(order(&a, &b)? == Some(Ordering::Less)),
        BinaryOp::Le => truth_of(matches!(order(&a, &b)?, Some(Ordering::Less | Ordering::Equal))),
        BinaryOp::Gt => truth_of(order(&a, &b)? == Some(Ordering::Greater)),
        BinaryOp::Ge => truth_of(matches!(order(&a, &b)?, Some(Ordering::Greater | Ordering::Equal))),
        BinaryOp::StartsWith => truth_of(affix(&a, &b, |a, b| a.starts_with(b))?),
        BinaryOp::NotStartsWith => truth_of(!affix(&a, &b, |a, b| a.starts_with(b))?),
        BinaryOp::EndsWith => truth_of(affix(&a, &b, |a, b| a.ends_with(b))?),
        BinaryOp::NotEndsWith => truth_of(!affix(&a, &b, |a, b| a.ends_with(b))?),
        BinaryOp::Add => match (a.as_decimal(), b.as_decimal()) {
            (Some(x), Some(y)) => x.checked_add(y).map(decimal).ok_or_else(too_large),
            _ => {
                let mut joined = functions::text(&a, "the left side of +")?.into_owned();
                joined.push_str(&functions::text(&b, "the right side of +")?);
                Ok(Value::string(joined))
            }
        },
        BinaryOp::Sub => arithmetic(&a, &b, Decimal::checked_sub),
        BinaryOp::Mul => arithmetic(&a, &b, Decimal::checked_mul),
        BinaryOp::Div | BinaryOp::Mod if b.as_decimal() == Some(Decimal::integer(0)) => {
            Err(Failure::new("division by zero"))
        }
        BinaryOp::Div => arithmetic(&a, &b, Decimal::checked_div),
        BinaryOp::Mod => arithmetic(&a, &b, Decimal::checked_rem),
        BinaryOp::BitAnd | BinaryOp::BitOr | BinaryOp::BitXor => {
            let (x, y) = (
                functions::whole(&a, "a side of the bit operator")?,
                functions::whole(&b, "a side of the bit operator")?,
            );
            Ok(Value::integer(match op {
                BinaryOp::BitAnd => x & y,
                BinaryOp::BitOr => x | y,
                _ => x ^ y,
            }))
        }
        BinaryOp::Match | BinaryOp::NotMatch => {
            // The right side is a list or a string here; patterns are refused when compiling.
            let found = match b.elements() {
                Some(elements) => elements.iter().any(|element| equal(&a, element)),
                None => equal(&a, &b),
            };
            truth_of(found == (op == BinaryOp::Match))
        }
        BinaryOp::And | BinaryOp::Or => truth_of(match op {
            BinaryOp::And => truth(&a) && truth(&b),
            _ => truth(&a) || truth(&b),
        }),
    }
}

/// Null with anything gives null, so that a missing amount yields no field rather than a failure.
fn arithmetic<'a>(
    a: &Value<'a>,
    b: &Value<'a>,
    f: fn(Decimal, Decimal) -> Option<Decimal>,
) -> Result<Value<'a>> {
    if a.is_null() || b.is_null() {
        return Ok(Value::Null);
    }
    let x = a.as_decimal().ok_or_else(|| not_a_number(a))?;
    let y = b.as_decimal().ok_or_else(|| not_a_number(b))?;
    f(x, y).map(decimal).ok_or_else(too_large)
}

fn affix(a: &Value<'_>, b: &Value<'_>, test: fn(&str, &str) -> bool) -> Result<bool> {
    if a.is_null() || b.is_null() {
        return Ok(false);
    }
    Ok(test(&functions::text(a, "the left side")?, &functions::text(b, "the right side")?))
}

pub(crate) fn equal(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Null, _) | (_, Value::Null) => false,
        (Value::String(a), Value::String(b)) => same(a.as_bytes(), b.as_bytes()),
        (Value::Number(_), _) | (_, Value::Number(_)) => match (a.as_decimal(), b.as_decimal()) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        },
        (Value::Bool(_), _) | (_, Value::Bool(_)) => a.to_text().is_some() && a.to_text() == b.to_text(),
        _ => match (a.elements(), b.elements(), a.members(), b.members()) {
            (Some(a), Some(b), _, _) => a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| equal(a, b)),
            (_, _, Some(a), Some(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(key, value)| {
                        b.iter().any(|(other, found)| key == other && equal(value, found))
                    })
            }
            _ => false,
        },
    }
}

/// How two values compare; `None` when one is null, so that no relation with null holds.
fn order(a: &Value<'_>, b: &Value<'_>) -> Result<Option<Ordering>> {
    match (a, b) {
        (Value::Null, _) | (_, Value::Null) => Ok(None),
        (Value::String(a), Value::String(b)) => Ok(Some(a.cmp(b))),
        _ => match (a.as_decimal(), b.as_decimal()) {
            (Some(a), Some(b)) => Ok(Some(a.cmp(&b))),
            _ => Err(Failure::new(format!("cannot compare {} with {}", a.kind_name(), b.kind_name()))),
        },
    }
}
