//! What is left of an expression once parts of it are constants.
//!
//! Only steps that keep the value for every record: constant conditions, tests of constants, choices
//! among nulls, functions of null, texts joined beforehand.

use crate::functions::FUNCTIONS;
use dataprep::expr::{BinaryOp, Expr, ExprKind, UnaryOp};

/// Simplifies an expression from within.
pub(super) fn simplify(expression: Expr) -> Expr {
    expression.rewrite(&mut step)
}

/// One construct whose parts are simple already.
fn step(expression: Expr) -> Expr {
    match expression.kind {
        ExprKind::Ternary(condition, yes, no) => choice(*condition, *yes, *no),
        ExprKind::Binary(op @ (BinaryOp::And | BinaryOp::Or), a, b) => logic(op, *a, *b),
        ExprKind::Binary(op @ (BinaryOp::Eq | BinaryOp::Ne), a, b) => match constants_equal(&a, &b) {
            Some(equal) => truth(equal == (op == BinaryOp::Eq)),
            None => ExprKind::Binary(op, a, b).into(),
        },
        ExprKind::Unary(UnaryOp::Not, value) => not(*value),
        ExprKind::Coalesce(a, b) => coalesce(vec![*a, *b]),
        ExprKind::Member(value, _) | ExprKind::Index(value, _) if is_null(&value) => null(),
        ExprKind::Call(name, arguments) => call(name, arguments),
        kind => kind.into(),
    }
}

fn call(name: String, mut arguments: Vec<Expr>) -> Expr {
    match name.as_str() {
        "iif" => match <[Expr; 3]>::try_from(arguments) {
            Ok([condition, yes, no]) => choice(condition, yes, no),
            Err(arguments) => Expr::call("iif", arguments),
        },
        "coalesce" if arguments.len() > 1 => coalesce(arguments),
        "concat" => concat(arguments),
        "stripe_distinct" => {
            arguments.retain(|argument| !is_null(argument));
            if arguments.is_empty() { null() } else { Expr::call(&name, arguments) }
        }
        "is_empty" if arguments.first().is_some_and(is_null) => truth(true),
        strict if arguments.first().is_some_and(is_null) && is_strict(strict) => null(),
        _ => Expr::call(&name, arguments),
    }
}

/// Whether a function gives null for a null first argument.
fn is_strict(name: &str) -> bool {
    FUNCTIONS.iter().chain(dataprep::functions::table()).any(|row| row.name == name && row.strict)
}

pub(super) fn null() -> Expr {
    ExprKind::Null.into()
}

pub(super) fn truth(value: bool) -> Expr {
    ExprKind::Bool(value).into()
}

pub(super) fn is_null(expression: &Expr) -> bool {
    expression.kind == ExprKind::Null
}

fn is_constant(expression: &Expr) -> bool {
    matches!(expression.kind, ExprKind::Null | ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::String(_))
}

/// What a constant counts as in a condition (JEXL's rule).
fn constant_truth(expression: &Expr) -> Option<bool> {
    match &expression.kind {
        ExprKind::Null => Some(false),
        ExprKind::Bool(value) => Some(*value),
        ExprKind::String(text) => Some(!text.is_empty() && text != "false"),
        _ => None,
    }
}

/// Whether two constants are equal, when that is plain.
fn constants_equal(a: &Expr, b: &Expr) -> Option<bool> {
    match (&a.kind, &b.kind) {
        (ExprKind::Null, _) | (_, ExprKind::Null) if is_constant(a) && is_constant(b) => {
            Some(is_null(a) && is_null(b))
        }
        (ExprKind::Bool(a), ExprKind::Bool(b)) => Some(a == b),
        (ExprKind::String(a), ExprKind::String(b)) => Some(a == b),
        (ExprKind::Number(a), ExprKind::Number(b)) if a == b => Some(true),
        _ => None,
    }
}

/// Whether the value is true, false or nothing else.
pub(super) fn is_boolean(expression: &Expr) -> bool {
    use BinaryOp::{
        Add, And, BitAnd, BitOr, BitXor, Div, EndsWith, Eq, Ge, Gt, Le, Lt, Match, Mod, Mul, Ne, NotEndsWith,
        NotMatch, NotStartsWith, Or, StartsWith, Sub,
    };
    match &expression.kind {
        ExprKind::Bool(_) | ExprKind::Unary(UnaryOp::Not, _) | ExprKind::Empty(_) => true,
        ExprKind::Binary(op, ..) => match op {
            Eq | Ne | Lt | Le | Gt | Ge | And | Or | Match | NotMatch | StartsWith | NotStartsWith
            | EndsWith | NotEndsWith => true,
            Add | Sub | Mul | Div | Mod | BitAnd | BitOr | BitXor => false,
        },
        ExprKind::Method(_, name, _) => matches!(name.as_str(), "equals" | "equalsIgnoreCase"),
        ExprKind::Call(name, arguments) => match (name.as_str(), arguments.as_slice()) {
            ("is_empty" | "matches_regex" | "contains_key" | "map_has_keys", _) => true,
            ("iif", [_, yes, no]) => is_boolean(yes) && is_boolean(no),
            // A default of true or false is only written for a field that is one or the other.
            ("coalesce", [.., last]) => is_boolean(last),
            _ => false,
        },
        _ => false,
    }
}

/// The value as a condition's: true or false.
pub(super) fn as_boolean(expression: Expr) -> Expr {
    match constant_truth(&expression) {
        Some(known) => truth(known),
        None if is_boolean(&expression) => expression,
        None => Expr::call("iif", vec![expression, truth(true), truth(false)]),
    }
}

/// `iif(condition, yes, no)`, as short as it can be said.
pub(super) fn choice(condition: Expr, yes: Expr, no: Expr) -> Expr {
    if let Some(known) = constant_truth(&condition) {
        return if known { yes } else { no };
    }
    if let ExprKind::Unary(UnaryOp::Not, positive) = condition.kind {
        return choice(*positive, no, yes);
    }
    if let Some([first, then, otherwise]) = choice_parts(&condition) {
        // One branch of the condition is decided: what follows from it is said there, if that is short.
        let decided = constant_truth(then).or_else(|| constant_truth(otherwise));
        if decided.is_some_and(|decided| is_constant(if decided { &yes } else { &no })) {
            let then = choice(then.clone(), yes.clone(), no.clone());
            let otherwise = choice(otherwise.clone(), yes, no);
            return choice(first.clone(), then, otherwise);
        }
    }
    // A missing field need not be asked for twice.
    let no = match &condition.kind {
        ExprKind::Call(name, _) if name == "is_empty" => assuming_not(&condition, no),
        _ => no,
    };
    if yes.to_string() == no.to_string() {
        return yes;
    }
    if (&yes.kind, &no.kind) == (&ExprKind::Bool(true), &ExprKind::Bool(false)) && is_boolean(&condition) {
        return condition;
    }
    Expr::call("iif", vec![condition, yes, no])
}

/// The parts of an `iif`.
fn choice_parts(expression: &Expr) -> Option<&[Expr; 3]> {
    match &expression.kind {
        ExprKind::Call(name, parts) if name == "iif" => parts.as_slice().try_into().ok(),
        _ => None,
    }
}

/// An expression for the case that a condition does not hold.
fn assuming_not(condition: &Expr, expression: Expr) -> Expr {
    let text = condition.to_string();
    if !expression.to_string().contains(&text) {
        return expression;
    }
    simplify(expression.rewrite(&mut |part| if part.to_string() == text { truth(false) } else { part }))
}

/// `!value`
pub(super) fn not(value: Expr) -> Expr {
    if let Some(known) = constant_truth(&value) {
        return truth(!known);
    }
    match value.kind {
        ExprKind::Unary(UnaryOp::Not, inner) if is_boolean(&inner) => *inner,
        _ => ExprKind::Unary(UnaryOp::Not, Box::new(value)).into(),
    }
}

fn logic(op: BinaryOp, a: Expr, b: Expr) -> Expr {
    // The side that decides by itself, and the one that leaves it to the other.
    let deciding = op == BinaryOp::Or;
    match (constant_truth(&a), constant_truth(&b)) {
        (Some(known), _) if known == deciding => truth(deciding),
        (Some(_), _) => as_boolean(b),
        // What stands before is a condition, which has no effects.
        (None, Some(known)) if known == deciding => truth(deciding),
        (None, Some(_)) => as_boolean(a),
        (None, None) => ExprKind::Binary(op, Box::new(a), Box::new(b)).into(),
    }
}

/// The first of the values that is not null.
pub(super) fn coalesce(values: Vec<Expr>) -> Expr {
    let mut kept: Vec<Expr> = Vec::new();
    for value in values {
        // One coalesce inside another says nothing more.
        let parts = match value.kind {
            ExprKind::Call(name, parts) if name == "coalesce" && parts.len() > 1 => parts,
            kind => vec![kind.into()],
        };
        for part in parts {
            let repeated = kept.iter().any(|known| known.to_string() == part.to_string());
            let decided = kept.last().is_some_and(is_constant);
            if !is_null(&part) && !repeated && !decided {
                kept.push(part);
            }
        }
    }
    match kept.len() {
        0 => null(),
        1 => kept.remove(0),
        _ => Expr::call("coalesce", kept),
    }
}

/// Texts joined, neighbouring constants beforehand. Null counts as nothing.
fn concat(values: Vec<Expr>) -> Expr {
    let mut kept: Vec<Expr> = Vec::new();
    for value in values {
        match (value.kind, kept.last_mut().map(|last| &mut last.kind)) {
            (ExprKind::Null, _) => {}
            (ExprKind::String(text), Some(ExprKind::String(before))) => before.push_str(&text),
            (kind, _) => kept.push(kind.into()),
        }
    }
    match kept.as_slice() {
        [] => Expr::string(""),
        [Expr { kind: ExprKind::String(_), .. }] => kept.remove(0),
        _ => Expr::call("concat", kept),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dataprep::expr::parse;

    #[test]
    fn constants_decide() {
        for (text, wanted) in [
            ("iif(true, a, b)", "a"),
            ("false ? a : b", "b"),
            ("iif(c, a, a)", "a"),
            ("iif(!c, a, b)", "iif(c, b, a)"),
            ("null == null && a == \"x\"", "a == \"x\""),
            ("true && flag", "iif(flag, true, false)"),
            ("a == 1 || true", "true"),
            ("false || !a", "!a"),
            ("coalesce(null, coalesce(a, b), a, 'x', c)", "coalesce(a, b, \"x\")"),
            ("coalesce(null, a)", "a"),
            ("null ?? null", "null"),
            ("concat('a', 'b', null, c, 'd')", "concat(\"ab\", c, \"d\")"),
            ("concat('a', 'b')", "\"ab\""),
            ("upper(null)", "null"),
            ("stripe_datetime(iif(false, a, null), b)", "null"),
            ("stripe_distinct(null, a)", "stripe_distinct(a)"),
            ("iif(iif(a, b.equals(\"x\"), false), c, null)", "iif(a, iif(b.equals(\"x\"), c, null), null)"),
            ("iif(iif(a, true, b), 1, c)", "iif(a, 1, iif(b, 1, c))"),
            ("iif(iif(is_empty(a), false, b > 1), c, null)", "iif(is_empty(a), null, iif(b > 1, c, null))"),
            ("iif(is_empty(a), null, iif(is_empty(a), null, b))", "iif(is_empty(a), null, b)"),
            ("iif(x == 1, true, false)", "x == 1"),
            ("'a' == 'b'", "false"),
            ("5 != null", "true"),
        ] {
            assert_eq!(simplify(parse(text).unwrap()).to_string(), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_not_known_stays() {
        for text in ["iif(a, b, c)", "a == null", "1 == 1.0", "concat(a)", "null + a", "coalesce(list)"] {
            assert_eq!(simplify(parse(text).unwrap()).to_string(), text);
        }
    }
}
