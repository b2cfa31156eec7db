//! Operators, in the words of Adobe's function page.
//!
//! The page shows functions, `.equals`, `>`, `>=`, `<`, `+`, `/`, `!`, unary `-` and `~`; its engine is
//! evidently Apache Commons JEXL, which has more. What can be said with what is shown is said so; the
//! rest stays, and the report names it.

use super::simplify::{as_boolean, choice, coalesce, is_null, not, null, truth};
use dataprep::expr::{BinaryOp, Expr, ExprKind, Path, Segment, UnaryOp};
use std::collections::BTreeSet;

/// One construct whose parts are lowered already.
pub(super) fn lower(expression: Expr) -> Expr {
    match expression.kind {
        ExprKind::Ternary(condition, yes, no) => choice(*condition, *yes, *no),
        ExprKind::Elvis(value, otherwise) => choice((*value).clone(), *value, *otherwise),
        ExprKind::Coalesce(value, otherwise) => coalesce(vec![*value, *otherwise]),
        ExprKind::Empty(value) => Expr::call("is_empty", vec![*value]),
        ExprKind::Size(value) => Expr::call("size_of", vec![*value]),
        ExprKind::Unary(UnaryOp::Not, value) => not(*value),
        ExprKind::Binary(op, a, b) => binary(op, *a, *b),
        ExprKind::Method(value, name, arguments) => method(*value, name, arguments),
        kind => kind.into(),
    }
}

fn binary(op: BinaryOp, a: Expr, b: Expr) -> Expr {
    match op {
        BinaryOp::And => choice(a, as_boolean(b), truth(false)),
        BinaryOp::Or => choice(a, truth(true), as_boolean(b)),
        BinaryOp::Eq => equal(a, b),
        BinaryOp::Ne => not_equal(a, b),
        BinaryOp::StartsWith => affix(op, a, b, false),
        BinaryOp::NotStartsWith => affix(op, a, b, true),
        BinaryOp::EndsWith => affix(op, a, b, false),
        BinaryOp::NotEndsWith => affix(op, a, b, true),
        BinaryOp::Match => matches(op, a, b, false),
        BinaryOp::NotMatch => matches(op, a, b, true),
        _ => ExprKind::Binary(op, Box::new(a), Box::new(b)).into(),
    }
}

fn not_equal(a: Expr, b: Expr) -> Expr {
    match equal(a, b) {
        // What could not be lowered has its own opposite.
        Expr { kind: ExprKind::Binary(BinaryOp::Eq, a, b), .. } => {
            ExprKind::Binary(BinaryOp::Ne, a, b).into()
        }
        other => not(other),
    }
}

/// `a == b`. A constant text comes first, so that a missing value is simply not equal.
fn equal(a: Expr, b: Expr) -> Expr {
    let (value, constant) = match (&a.kind, &b.kind) {
        (ExprKind::Null | ExprKind::Bool(_) | ExprKind::String(_), _) => (b, a),
        _ => (a, b),
    };
    match constant.kind {
        ExprKind::Null => Expr::call("is_empty", vec![value]),
        ExprKind::Bool(true) => coalesce(vec![value, truth(false)]),
        ExprKind::Bool(false) => not(coalesce(vec![value, truth(true)])),
        ExprKind::String(ref text) if text.is_empty() => match without_default(&value) {
            // coalesce(x, "") == "" asks whether x is empty.
            Some(value) => Expr::call("is_empty", vec![value]),
            None => equals(constant, value),
        },
        ExprKind::String(_) => equals(constant, value),
        _ => ExprKind::Binary(BinaryOp::Eq, Box::new(value), Box::new(constant)).into(),
    }
}

fn equals(constant: Expr, value: Expr) -> Expr {
    ExprKind::Method(Box::new(constant), "equals".to_owned(), vec![value]).into()
}

/// `coalesce(values…, "")` without its default.
fn without_default(expression: &Expr) -> Option<Expr> {
    let ExprKind::Call(name, values) = &expression.kind else { return None };
    let (last, values) = values.split_last()?;
    let empty = matches!(&last.kind, ExprKind::String(text) if text.is_empty());
    (name == "coalesce" && empty).then(|| coalesce(values.to_vec()))
}

/// `=^`, `=$` and their opposites, when the part is constant.
fn affix(op: BinaryOp, a: Expr, b: Expr, negated: bool) -> Expr {
    let ExprKind::String(part) = &b.kind else {
        return ExprKind::Binary(op, Box::new(a), Box::new(b)).into();
    };
    let part = escaped(part);
    let pattern = match op {
        BinaryOp::StartsWith | BinaryOp::NotStartsWith => format!("^{part}.*$"),
        _ => format!("^.*{part}$"),
    };
    negated_if(negated, matches_regex(a, pattern))
}

/// `=~` and `!~`, when the list or the pattern is constant.
fn matches(op: BinaryOp, a: Expr, b: Expr, negated: bool) -> Expr {
    let pattern = match &b.kind {
        ExprKind::String(pattern) => Some(pattern.clone()),
        ExprKind::Array(items) => {
            let text = |item: &Expr| match &item.kind {
                ExprKind::String(text) => Some(text.clone()),
                _ => None,
            };
            items.iter().map(text).collect::<Option<Vec<_>>>().map(|texts| one_of(&texts))
        }
        _ => None,
    };
    match pattern {
        Some(pattern) => negated_if(negated, matches_regex(a, pattern)),
        None => ExprKind::Binary(op, Box::new(a), Box::new(b)).into(),
    }
}

fn negated_if(negated: bool, condition: Expr) -> Expr {
    if negated { not(condition) } else { condition }
}

/// `matches_regex(value, pattern)`. Patterns carry `^` and `$`: the page does not say whether a part
/// that matches is enough.
pub(super) fn matches_regex(value: Expr, pattern: impl Into<String>) -> Expr {
    Expr::call("matches_regex", vec![value, Expr::string(pattern)])
}

/// The pattern of a text that is one of these.
pub(super) fn one_of(texts: &[impl AsRef<str>]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| escaped(text.as_ref())).collect();
    format!("^({})$", texts.join("|"))
}

/// A text as a pattern that matches it.
fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation() && c != '_' {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

/// Java's method names for functions that the page has.
fn method(value: Expr, name: String, mut arguments: Vec<Expr>) -> Expr {
    let function = match (name.as_str(), arguments.len()) {
        ("toLowerCase", 0) => "lower",
        ("toUpperCase", 0) => "upper",
        ("trim", 0) => "trim",
        ("size" | "length", 0) => "size_of",
        ("isEmpty", 0) => "is_empty",
        _ => {
            if name == "equals" && is_null(&value) {
                return truth(arguments.pop().is_some_and(|argument| is_null(&argument)));
            }
            return ExprKind::Method(Box::new(value), name, arguments).into();
        }
    };
    Expr::call(function, vec![value])
}

/// `then`, but null when a field that it needs is missing: what arithmetic makes of null is not
/// documented, and an amount of 0 or a date of 1970 would be worse than no field.
pub(super) fn guarded(needed: &Expr, then: Expr) -> Expr {
    nullable(needed)
        .into_iter()
        .rev()
        .fold(then, |then, value| choice(Expr::call("is_empty", vec![value]), null(), then))
}

/// The parts of a number that may be missing.
fn nullable(expression: &Expr) -> Vec<Expr> {
    match &expression.kind {
        ExprKind::Null | ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::String(_) => Vec::new(),
        ExprKind::Call(name, _) if name == "timestamp" => Vec::new(),
        ExprKind::Call(name, values) if name == "coalesce" && values.last().is_some_and(never_null) => {
            Vec::new()
        }
        ExprKind::Binary(
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Mod,
            a,
            b,
        ) => {
            let mut found = nullable(a);
            for value in nullable(b) {
                if !found.iter().any(|known| known.to_string() == value.to_string()) {
                    found.push(value);
                }
            }
            found
        }
        _ => vec![expression.clone()],
    }
}

fn never_null(expression: &Expr) -> bool {
    matches!(expression.kind, ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::String(_))
}

/// Functions that Adobe offers for destinations (data that leaves), not for sources.
pub(super) const FOR_DESTINATIONS: [&str; 4] =
    ["filterArray", "transformArray", "flattenArray", "array_to_string"];

/// Names of the functions that an expression calls.
pub(super) fn functions(expression: &Expr) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let _ = expression.clone().rewrite(&mut |part| {
        if let ExprKind::Call(name, _) = &part.kind {
            found.insert(name.clone());
        }
        part
    });
    found
}

/// What an expression uses that Adobe's page does not show.
pub(super) fn undocumented(expression: &Expr) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let _ = expression.clone().rewrite(&mut |part| {
        match &part.kind {
            ExprKind::Binary(op, ..) => {
                use BinaryOp::{Add, Div, Ge, Gt, Lt};
                if !matches!(op, Add | Div | Gt | Ge | Lt) {
                    found.insert(format!("the operator {}", op.symbol()));
                }
            }
            ExprKind::Range(..) => {
                found.insert("the operator ..".to_owned());
            }
            ExprKind::Method(_, name, _)
                if !matches!(name.as_str(), "equals" | "equalsIgnoreCase" | "get") =>
            {
                found.insert(format!("the method .{name}"));
            }
            ExprKind::Member(..) | ExprKind::Index(..) => {
                found.insert("members and elements of a computed value".to_owned());
            }
            ExprKind::Path(path) if iterates(path) => {
                found.insert("[*] inside an expression".to_owned());
            }
            _ => {}
        }
        part
    });
    found
}

/// Whether a path has `[*]`.
pub(super) fn iterates(path: &Path) -> bool {
    path.segments.contains(&Segment::Each)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::simplify::simplify;
    use dataprep::expr::parse;

    #[test]
    fn operators_become_what_the_page_shows() {
        for (text, wanted) in [
            ("a == \"x\"", "\"x\".equals(a)"),
            ("\"x\" != a", "!\"x\".equals(a)"),
            ("a == null", "is_empty(a)"),
            ("a != null", "!is_empty(a)"),
            ("a == false", "!coalesce(a, true)"),
            ("a != false", "coalesce(a, true)"),
            ("a == true", "coalesce(a, false)"),
            ("coalesce(a, \"\") != \"\"", "!is_empty(a)"),
            ("a =^ \"ch_\"", "matches_regex(a, \"^ch_.*$\")"),
            ("a =$ \".x\"", "matches_regex(a, \"^.*\\\\.x$\")"),
            ("a !^ \"x\"", "!matches_regex(a, \"^x.*$\")"),
            ("a =~ [\"x\", \"y\"]", "matches_regex(a, \"^(x|y)$\")"),
            ("a !~ [\"x\"]", "!matches_regex(a, \"^(x)$\")"),
            ("a ?? b", "coalesce(a, b)"),
            ("a ?: b", "iif(a, a, b)"),
            ("empty(a) ? size(b) : c", "iif(is_empty(a), size_of(b), c)"),
            ("iif(a > 1 && b == \"x\", c, null)", "iif(a > 1, iif(\"x\".equals(b), c, null), null)"),
            ("iif(a == null || b == null, null, c)", "iif(is_empty(a), null, iif(is_empty(b), null, c))"),
            ("iif(a > 1 || b > 1, c, d)", "iif(iif(a > 1, true, b > 1), c, d)"),
            ("a.toUpperCase()", "upper(a)"),
        ] {
            let lowered = simplify(parse(text).unwrap().rewrite(&mut lower));
            assert_eq!(lowered.to_string(), wanted, "{text}");
            assert_eq!(undocumented(&lowered), BTreeSet::new(), "{text}");
        }
    }

    #[test]
    fn what_stays_is_named() {
        for (text, kept) in [
            ("a == b", "the operator =="),
            ("a != 5", "the operator !="),
            ("a * 2", "the operator *"),
            ("a =^ b", "the operator =^"),
            ("a.startsWith(\"x\")", "the method .startsWith"),
            ("max(a[*].b)", "[*] inside an expression"),
        ] {
            let lowered = parse(text).unwrap().rewrite(&mut lower);
            assert_eq!(lowered.to_string(), text);
            assert_eq!(undocumented(&lowered), BTreeSet::from([kept.to_owned()]));
        }
    }

    #[test]
    fn arithmetic_never_meets_null() {
        let guard = |text: &str| guarded(&parse(text).unwrap(), Expr::string("x")).to_string();
        assert_eq!(guard("a"), "iif(is_empty(a), null, \"x\")");
        assert_eq!(guard("a * b"), "iif(is_empty(a), null, iif(is_empty(b), null, \"x\"))");
        assert_eq!(guard("coalesce(a, b)"), "iif(is_empty(coalesce(a, b)), null, \"x\")");
        assert_eq!(guard("coalesce(a, 1) + timestamp() / 1000"), "\"x\"");
    }
}
