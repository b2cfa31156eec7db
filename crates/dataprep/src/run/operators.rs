//! The operators that calculate, join and search: the rules of Apache Commons JEXL 3 in its strict
//! arithmetic, which is its default. `docs/language.md` lists where this differs, and why.

use crate::expr::{BinaryOp, UnaryOp};
use crate::functions::{self, Failure};
use crate::run::budget::Budget;
use crate::run::compare::{equal, order, truth};
use crate::values::json;
use crate::values::number::{self, Decimal};
use crate::values::ordered;
use crate::values::rounding;
use crate::values::value::Value;
use std::borrow::Cow;
use std::cmp::Ordering;

type Result<T> = std::result::Result<T, Failure>;

/// An operator before a value.
pub(crate) fn unary<'a>(op: UnaryOp, value: Value<'a>) -> Result<Value<'a>> {
    match (op, &value) {
        (UnaryOp::Not, _) => Ok(Value::Bool(!truth(&value))),
        (UnaryOp::Neg, Value::Bool(truth)) => Ok(Value::Bool(!truth)),
        (UnaryOp::Neg, _) => {
            let number = operand(&value, "-")?.number;
            number.checked_neg().map(decimal).ok_or_else(too_long)
        }
        (UnaryOp::Complement, _) => Ok(Value::integer(!bits(&value, "~")?)),
    }
}

/// An operator between two values. `&&` and `||` look at both here; the evaluator spares itself the
/// second where it can.
pub(crate) fn binary<'a>(op: BinaryOp, a: Value<'a>, b: Value<'a>) -> Result<Value<'a>> {
    Ok(match op {
        BinaryOp::Eq => Value::Bool(equal(&a, &b)),
        BinaryOp::Ne => Value::Bool(!equal(&a, &b)),
        BinaryOp::Lt => Value::Bool(order(&a, &b)? == Some(Ordering::Less)),
        BinaryOp::Gt => Value::Bool(order(&a, &b)? == Some(Ordering::Greater)),
        // Null is neither less nor greater than anything, but as great as null.
        BinaryOp::Le | BinaryOp::Ge if a.is_null() && b.is_null() => Value::Bool(true),
        BinaryOp::Le => Value::Bool(matches!(order(&a, &b)?, Some(Ordering::Less | Ordering::Equal))),
        BinaryOp::Ge => Value::Bool(matches!(order(&a, &b)?, Some(Ordering::Greater | Ordering::Equal))),
        BinaryOp::And => Value::Bool(truth(&a) && truth(&b)),
        BinaryOp::Or => Value::Bool(truth(&a) || truth(&b)),
        // Compiled to a form of their own.
        BinaryOp::Match | BinaryOp::NotMatch => Value::Null,
        BinaryOp::StartsWith => Value::Bool(affix(&a, &b, |a, b| a.starts_with(b))?),
        BinaryOp::NotStartsWith => Value::Bool(!affix(&a, &b, |a, b| a.starts_with(b))?),
        BinaryOp::EndsWith => Value::Bool(affix(&a, &b, |a, b| a.ends_with(b))?),
        BinaryOp::NotEndsWith => Value::Bool(!affix(&a, &b, |a, b| a.ends_with(b))?),
        BinaryOp::Add if matches!(a, Value::String(_)) || matches!(b, Value::String(_)) => joined(&a, &b)?,
        BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Mod => {
            let (x, y) = (operand(&a, op.symbol())?, operand(&b, op.symbol())?);
            calculate(op, x, y)?
        }
        BinaryOp::BitAnd => Value::integer(bits(&a, "&")? & bits(&b, "&")?),
        BinaryOp::BitOr => Value::integer(bits(&a, "|")? | bits(&b, "|")?),
        BinaryOp::BitXor => Value::integer(bits(&a, "^")? ^ bits(&b, "^")?),
    })
}

/// A side of a calculation.
#[derive(Debug, Clone, Copy)]
struct Operand {
    number: Decimal,
    /// Written without a point and an exponent, so that Java calculates in whole numbers.
    whole: bool,
}

/// The number that a value is or holds; a boolean is 1 or 0. JEXL takes the empty text as 0, which would
/// make an amount of what is not there: here it fails.
fn operand(value: &Value<'_>, symbol: &str) -> Result<Operand> {
    let text = match value {
        Value::Number(text) => &**text,
        Value::String(text) => plain(text),
        Value::Bool(value) => return Ok(Operand { number: Decimal::integer((*value).into()), whole: true }),
        _ => "",
    };
    match Decimal::parse(text) {
        Some(number) => Ok(Operand { number, whole: !text.contains(['.', 'e', 'E']) }),
        None if number::compare(text, "0").is_some() => Err(too_long()),
        None => Err(Failure::new(format!("{symbol} needs numbers, but found {}", found(value)))),
    }
}

/// A number in a text may have a plus sign, as in Java.
pub(crate) fn plain(text: &str) -> &str {
    text.strip_prefix('+').filter(|rest| !rest.starts_with('-')).unwrap_or(text)
}

/// What stands where a number is needed. Never its text.
fn found(value: &Value<'_>) -> &'static str {
    match value {
        Value::String(text) if text.is_empty() => "an empty text",
        Value::String(_) => "a text that holds no number",
        other => other.kind_name(),
    }
}

/// Whole numbers stay whole and exact, and a quotient of two is cut to a whole number; with a decimal
/// among them the result has at most 34 digits, see [`rounding`].
fn calculate<'a>(op: BinaryOp, a: Operand, b: Operand) -> Result<Value<'a>> {
    let (whole, x, y) = (a.whole && b.whole, a.number, b.number);
    if matches!(op, BinaryOp::Div | BinaryOp::Mod) && y == Decimal::integer(0) {
        return Err(Failure::new("division by zero"));
    }
    let result = match op {
        BinaryOp::Mod => x.checked_rem(y),
        BinaryOp::Add if whole => x.checked_add(y),
        BinaryOp::Sub if whole => x.checked_sub(y),
        BinaryOp::Mul if whole => x.checked_mul(y),
        _ if whole => x.checked_div(y),
        BinaryOp::Add => rounding::sum(x, y),
        BinaryOp::Sub => y.checked_neg().and_then(|y| rounding::sum(x, y)),
        BinaryOp::Mul => rounding::product(x, y),
        _ => rounding::quotient(x, y),
    };
    result.map(decimal).ok_or_else(too_long)
}

fn decimal<'a>(number: Decimal) -> Value<'a> {
    Value::Number(Cow::Owned(number.to_string()))
}

fn too_long() -> Failure {
    Failure::new("the number has more digits than can be held exactly (38)")
}

/// The whole number of 64 bits that the bit operators work on.
fn bits(value: &Value<'_>, symbol: &str) -> Result<i64> {
    match value {
        Value::Bool(value) => Ok((*value).into()),
        _ => value.as_i64().ok_or_else(|| {
            let found = if value.as_decimal().is_some() { "a number that is not" } else { found(value) };
            Failure::new(format!("{symbol} needs whole numbers of 64 bits, but found {found}"))
        }),
    }
}

/// `+` with a text on either side joins.
fn joined<'a>(a: &Value<'a>, b: &Value<'a>) -> Result<Value<'a>> {
    let side = |value: &Value<'a>| {
        value.to_text().ok_or_else(|| Failure::new(format!("+ cannot join {} to a text", value.kind_name())))
    };
    let mut joined = side(a)?.into_owned();
    joined.push_str(&side(b)?);
    Ok(Value::string(joined))
}

/// `=^` and `=$`: both null is true, one null is false; what is not text can only be equal.
fn affix(a: &Value<'_>, b: &Value<'_>, test: fn(&str, &str) -> bool) -> Result<bool> {
    match (a, b) {
        (Value::Null, Value::Null) => Ok(true),
        (Value::Null, _) | (_, Value::Null) => Ok(false),
        (Value::String(a), _) => Ok(test(a, &functions::text(b, "what a text begins or ends with")?)),
        _ => Ok(equal(a, b)),
    }
}

/// `=~` with anything but a pattern: a member of the array, a key of the object, or the same value. An
/// array on the left must be among the other wholly, an object with all its keys.
pub(crate) fn is_among(value: &Value<'_>, container: &Value<'_>, budget: &mut Budget) -> Result<bool> {
    if value.is_null() || container.is_null() {
        return Ok(value.is_null() && container.is_null());
    }
    if let Some(members) = container.members() {
        let keys = ordered::set(members.into_iter().map(|(key, _)| key));
        return Ok(match value.members() {
            Some(wanted) => wanted.iter().all(|(key, _)| keys.contains(key)),
            None => value.to_text().is_some_and(|key| keys.contains(&key)),
        });
    }
    let Some(elements) = container.elements() else { return Ok(equal(value, container)) };
    let contains = |wanted: &Value<'_>| elements.iter().any(|element| equal(wanted, element));
    match value.elements() {
        Some(wanted) => {
            budget.take(wanted.len().saturating_mul(elements.len()).saturating_mul(4))?;
            Ok(wanted.iter().all(contains))
        }
        None => {
            budget.take(elements.len().saturating_mul(4))?;
            Ok(contains(value))
        }
    }
}

/// JEXL's `empty`: null, zero and what has no content.
pub(crate) fn empty(value: &Value<'_>) -> bool {
    match value {
        Value::Number(_) => !truth(value),
        _ => functions::empty(value),
    }
}

/// JEXL's `size`: how many elements, members or, as in Java, UTF-16 units; null has none.
pub(crate) fn size(value: &Value<'_>) -> Result<usize> {
    match value {
        Value::Null => Ok(0),
        Value::String(text) => Ok(text.encode_utf16().count()),
        Value::Array(items) => Ok(items.len()),
        Value::Object(members) => Ok(members.len()),
        Value::Json(text) => Ok(json::elements(text).count() + json::members(text).count()),
        _ => Err(Failure::new(format!(
            "{} has no size; texts, arrays, objects and maps have one",
            value.kind_name()
        ))),
    }
}
