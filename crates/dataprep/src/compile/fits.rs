//! What can be known of an expression without running it, and whether it can ever fit where it stands.
//! Only what can never fit is refused: a path may hold anything.

use crate::expr::{BinaryOp, UnaryOp};
use crate::functions::Kind;
use crate::run::eval::Code;
use crate::run::operators::plain;
use crate::values::number::Decimal;
use crate::values::value::Value;

/// What an expression always gives, when it gives anything.
fn kind(code: &Code) -> Kind {
    match code {
        Code::Const(Value::String(_)) => Kind::Text,
        Code::Const(Value::Number(_)) => Kind::Number,
        Code::Const(Value::Bool(_)) => Kind::Boolean,
        Code::Call(call, _) => call.function.gives,
        Code::Array(_) | Code::EachElement { .. } | Code::Range(_) | Code::Collect(..) => Kind::Array,
        Code::Map(_) => Kind::Object,
        Code::Size(_) => Kind::Whole,
        Code::Empty(_) | Code::Unary(UnaryOp::Not, ..) | Code::Matches(..) => Kind::Boolean,
        Code::Unary(UnaryOp::Complement, ..) => Kind::Whole,
        Code::Binary(op, a, b, _) => match op {
            BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Mod => Kind::Number,
            BinaryOp::BitAnd | BinaryOp::BitOr | BinaryOp::BitXor => Kind::Whole,
            BinaryOp::Add if [a, b].into_iter().any(|side| kind(side) == Kind::Text) => Kind::Text,
            BinaryOp::Add => Kind::Any,
            _ => Kind::Boolean,
        },
        Code::Ternary(parts) => {
            let [_, yes, no] = &**parts;
            if kind(yes) == kind(no) { kind(yes) } else { Kind::Any }
        }
        Code::At(_, inner) | Code::Repeated(inner) | Code::Shared(_, inner) => kind(inner),
        _ => Kind::Any,
    }
}

/// What is wrong with an expression where `wanted` is needed: what it is, in words. `None` when it fits,
/// or may.
pub(crate) fn misfit(code: &Code, wanted: Kind) -> Option<String> {
    let code = bare(code);
    let fits = match (code, wanted) {
        // What null means is each function's own affair.
        (_, Kind::Any) | (Code::Const(Value::Null), _) => true,
        // How freely a text is read as a number is each function's own affair, but it takes a digit.
        (Code::Const(Value::String(text)), Kind::Number | Kind::Whole) => {
            text.trim().is_empty() || text.contains(|c: char| c.is_ascii_digit())
        }
        (Code::Const(Value::Number(text)), Kind::Whole) => {
            Decimal::parse(text).is_none_or(|number| number.to_whole().is_some())
        }
        (Code::Const(Value::String(text)), Kind::Boolean) => {
            matches!(
                text.to_ascii_lowercase().as_str(),
                "y" | "yes" | "on" | "true" | "n" | "no" | "off" | "false"
            )
        }
        _ => may_be(kind(code), wanted),
    };
    (!fits).then(|| shown(code))
}

/// Whether what a function of one kind gives may be taken where another is wanted.
fn may_be(given: Kind, wanted: Kind) -> bool {
    let is_composite = |kind| matches!(kind, Kind::Array | Kind::Object);
    match (given, wanted) {
        (Kind::Any, _) | (_, Kind::Any) => true,
        (given, wanted) if is_composite(given) || is_composite(wanted) => given == wanted,
        (Kind::Boolean, Kind::Number | Kind::Whole | Kind::Date) => false,
        (Kind::Number | Kind::Whole | Kind::Date, Kind::Boolean) => false,
        (Kind::Date, Kind::Number | Kind::Whole) => false,
        _ => true,
    }
}

/// Why an operator can never work on a side: what that side is. Null counts: nothing can be calculated
/// with it.
pub(crate) fn misfit_of_operand(op: BinaryOp, side: &Code) -> Option<String> {
    use BinaryOp::{Add, BitAnd, BitOr, BitXor, Div, Ge, Gt, Le, Lt, Mod, Mul, Sub};
    let side = bare(side);
    let is_null = matches!(side, Code::Const(Value::Null));
    let number = match side {
        Code::Const(Value::String(text)) => Decimal::parse(plain(text)),
        _ => None,
    };
    let fits = match (op, side) {
        (Add | Sub | Mul | Div | Mod | BitAnd | BitOr | BitXor, _) if is_null => false,
        (Sub | Mul | Div | Mod, Code::Const(Value::String(_))) => number.is_some(),
        (BitAnd | BitOr | BitXor, Code::Const(Value::String(_))) => {
            number.is_some_and(|n| n.to_i64().is_some())
        }
        // A boolean counts as 1 or 0.
        (Sub | Mul | Div | Mod | BitAnd | BitOr | BitXor, _) if kind(side) == Kind::Boolean => true,
        (Sub | Mul | Div | Mod, _) => misfit(side, Kind::Number).is_none(),
        (BitAnd | BitOr | BitXor, _) => misfit(side, Kind::Whole).is_none(),
        // A text on either side of + joins.
        (Add | Lt | Le | Gt | Ge, _) => misfit(side, Kind::Text).is_none(),
        _ => true,
    };
    (!fits).then(|| shown(side))
}

/// Whether a divisor is the constant zero.
pub(crate) fn is_zero(code: &Code) -> bool {
    matches!(bare(code), Code::Const(value) if value.as_decimal() == Some(Decimal::integer(0)))
}

/// The expression without what only serves the evaluator.
fn bare(code: &Code) -> &Code {
    match code {
        Code::At(_, inner) | Code::Repeated(inner) | Code::Shared(_, inner) => bare(inner),
        other => other,
    }
}

/// An expression in words. Constants are written in the mapping itself, so their text may be shown.
fn shown(code: &Code) -> String {
    match code {
        Code::Const(Value::String(text)) => {
            let short: String = text.chars().take(40).collect();
            let more = if short.len() < text.len() { "…" } else { "" };
            format!("the text \"{short}{more}\"")
        }
        Code::Const(Value::Number(text)) => format!("the number {text}"),
        Code::Const(Value::Bool(truth)) => truth.to_string(),
        Code::Const(_) => "null".to_owned(),
        Code::Call(call, _) => format!("what {} gives, {}", call.function.name, noun(kind(code))),
        _ => noun(kind(code)).to_owned(),
    }
}

/// What a kind is called in messages.
pub(crate) fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::Any => "anything",
        Kind::Text => "text",
        Kind::Number => "a number",
        Kind::Whole => "a whole number",
        Kind::Boolean => "true or false",
        Kind::Date => "a date",
        Kind::Array => "an array",
        Kind::Object => "an object",
    }
}
