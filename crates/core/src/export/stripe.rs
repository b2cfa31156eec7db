//! Our `stripe_` functions in Adobe's words.
//!
//! | Function | Becomes | Differs |
//! | --- | --- | --- |
//! | `stripe_id(x)`, `stripe_ids(x)` | `x`: nothing is expanded, so a reference is an id | |
//! | `stripe_datetime(x)` | `dformat(x * 1000, …)`, null when `x` is missing | |
//! | `stripe_datetime(x, latest)` | the same | not clamped: the time of reading is not known |
//! | `stripe_major(x, currency)` | `x`, `x / 100.0`, `x / 1000.0`, … by Stripe's table, null for a currency that is not in it | division of doubles: exact up to 2^53 minor units |
//! | `stripe_currency`, `stripe_country` | `upper(x)` when `x` is three (two) letters | |
//! | `stripe_email` | `trim(x)` when it has the form and lengths of an address | |
//! | `stripe_language` | `x` when it has the form of a tag | |
//! | `stripe_identity` | `x` unless it is blank, too long, or a word that is refused | |
//! | `stripe_text` | `concat("", x)` | Adobe shows `concat` with texts only |
//! | `stripe_distinct(x, y, …)` | `coalesce(x, y, …)` | the first source that has values, repeats and all |
//! | `stripe_metadata(x)` | `to_map(…)` of the keys that `metadata_allow` names | keys that the object lacks may come out null |
//! | `stripe_sum(x)` | nothing: Adobe adds up no arrays | |
//! | `stripe_hash(x)`, `stripe_mask(x)` | nothing: what is not to be read must not leave as it is | |

use super::operators::{guarded, iterates, matches_regex, one_of};
use super::simplify::{choice, coalesce, is_null, null, truth};
use crate::functions::{HASH, MASK};
use crate::money;
use crate::settings::Settings;
use dataprep::expr::{BinaryOp, Expr, ExprKind, Segment};
use std::collections::BTreeSet;

/// RFC 3339; in UTC, which `dformat` writes, `XXX` gives `Z`.
const DATE_TIME: &str = "yyyy-MM-dd'T'HH:mm:ssXXX";

/// What could not be kept while functions were lowered.
#[derive(Debug, Default)]
pub(super) struct Losses {
    /// The result may differ.
    pub(super) differs: BTreeSet<&'static str>,
    /// The mapping cannot be said.
    pub(super) impossible: BTreeSet<&'static str>,
    /// Expressions that are known to give arrays, as text.
    arrays: BTreeSet<String>,
}

/// A call of one of our functions whose arguments are lowered already; anything else as it is.
pub(super) fn lower(expression: Expr, settings: &Settings, losses: &mut Losses) -> Expr {
    let ExprKind::Call(name, arguments) = expression.kind else { return expression };
    let mut given = arguments.clone().into_iter();
    let (Some(first), second) = (given.next(), given.next()) else { return Expr::call(&name, arguments) };
    match name.as_str() {
        "stripe_id" => first,
        "stripe_ids" => {
            losses.arrays.insert(first.to_string());
            first
        }
        "stripe_datetime" => {
            if second.is_some_and(|latest| !is_null(&latest)) || arguments.len() > 1 {
                losses.differs.insert(
                    "a time in the future is kept (only clocks of Stripe's test mode give one): \
                     the time of reading, which it would be clamped to, is not known",
                );
            }
            date_time(first, losses)
        }
        "stripe_major" => major(&first, &second.unwrap_or_else(null), settings),
        "stripe_currency" => upper_code(first, 3),
        "stripe_country" => upper_code(first, 2),
        "stripe_email" => email(&first),
        "stripe_language" => {
            choice(matches_regex(first.clone(), "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$"), first, null())
        }
        "stripe_identity" => identity(first),
        "stripe_text" => {
            losses.differs.insert("Adobe's page shows concat with texts only; here a number is given to it");
            guarded(&first.clone(), Expr::call("concat", vec![Expr::string(""), first]))
        }
        "stripe_distinct" => {
            losses.differs.insert(
                "the first source that has values is taken, repeats and all: \
                 Adobe has no function that makes values distinct",
            );
            coalesce(arguments.into_iter().map(|argument| as_array(argument, losses)).collect())
        }
        "stripe_metadata" => metadata(&first, settings, losses),
        HASH => {
            losses.impossible.insert(
                "Adobe has no keyed hash, and a mapping set is no place for a key: hash after ingestion, or drop it",
            );
            Expr::call(&name, arguments)
        }
        MASK => {
            losses.impossible.insert("Adobe has no function that masks a text");
            Expr::call(&name, arguments)
        }
        "stripe_sum" => {
            losses.impossible.insert("Adobe has no function that adds up an array");
            Expr::call(&name, arguments)
        }
        _ => Expr::call(&name, arguments),
    }
}

/// Epoch seconds as date-time text.
fn date_time(seconds: Expr, losses: &mut Losses) -> Expr {
    let format = |milliseconds| Expr::call("dformat", vec![milliseconds, Expr::string(DATE_TIME)]);
    if let ExprKind::Binary(BinaryOp::Div, time, _) = &seconds.kind
        && matches!(&time.kind, ExprKind::Call(name, _) if name == "timestamp")
    {
        losses.differs.insert("the moment of mapping stands for the moment at which the object was read");
        return format((**time).clone());
    }
    let thousand = ExprKind::Number("1000".to_owned()).into();
    let milliseconds = ExprKind::Binary(BinaryOp::Mul, Box::new(seconds.clone()), Box::new(thousand)).into();
    guarded(&seconds, format(milliseconds))
}

/// A minor amount as a major one. A currency that Stripe's table lacks gives null, never a guess.
fn major(amount: &Expr, currency: &Expr, settings: &Settings) -> Expr {
    if is_null(currency) {
        return null();
    }
    let code = Expr::call("lower", vec![currency.clone()]);
    // The rarest last: the most frequent currencies have two decimals.
    let mut tables: Vec<(u8, Vec<String>)> =
        money::by_exponent(&settings.currency_exponents).into_iter().collect();
    tables.sort_by_key(|(_, codes)| std::cmp::Reverse(codes.len()));
    let scaled = tables.into_iter().rev().fold(null(), |otherwise, (exponent, codes)| {
        let value = match exponent {
            0 => amount.clone(),
            _ => {
                let divisor = ExprKind::Number(format!("1{}.0", "0".repeat(exponent.into()))).into();
                ExprKind::Binary(BinaryOp::Div, Box::new(amount.clone()), Box::new(divisor)).into()
            }
        };
        choice(matches_regex(code.clone(), one_of(&codes)), value, otherwise)
    });
    guarded(amount, scaled)
}

/// A value as an array of it, unless it is one already.
fn as_array(value: Expr, losses: &Losses) -> Expr {
    let is_array = losses.arrays.contains(&value.to_string())
        || matches!(value.kind, ExprKind::Array(_))
        || matches!(&value.kind, ExprKind::Path(path) if iterates(path));
    match is_array {
        true => value,
        false => guarded(&value.clone(), Expr::call("to_array", vec![truth(false), value])),
    }
}

/// Upper case, when the text is a code of so many letters.
fn upper_code(value: Expr, letters: u8) -> Expr {
    let upper = Expr::call("upper", vec![value.clone()]);
    choice(matches_regex(value, format!("^[A-Za-z]{{{letters}}}$")), upper, null())
}

/// The trimmed address, when it has the form of one. Three patterns, because the lengths are those of
/// the whole and of the part before the at sign.
fn email(value: &Expr) -> Expr {
    const ATOM: &str = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
    const LABEL: &str = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
    let text = Expr::call("trim", vec![value.clone()]);
    let patterns = [
        format!("^{ATOM}(\\.{ATOM})*@({LABEL}\\.)+{LABEL}$"),
        "^[^@]{1,64}@.*$".to_owned(),
        "^.{1,254}$".to_owned(),
    ];
    let checked = patterns
        .into_iter()
        .rev()
        .fold(text.clone(), |then, pattern| choice(matches_regex(text.clone(), pattern), then, null()));
    guarded(value, checked)
}

/// An identity value, or null for what Identity Service refuses.
fn identity(value: Expr) -> Expr {
    let text = Expr::call("lower", vec![Expr::call("trim", vec![value.clone()])]);
    let refused = matches_regex(text, "^(|null|anonymous|invalid)$");
    let kept = choice(matches_regex(value.clone(), "^.{1,1024}$"), value.clone(), null());
    guarded(&value, choice(refused, null(), kept))
}

/// A metadata map less the keys that the settings keep back.
fn metadata(value: &Expr, settings: &Settings, losses: &mut Losses) -> Expr {
    let (Some(allowed), ExprKind::Path(place)) = (&settings.metadata_allow, &value.kind) else {
        losses.impossible.insert(
            "Adobe has no function that takes keys out of a map, and metadata_deny must not be ignored: \
             name the keys to keep with metadata_allow",
        );
        return value.clone();
    };
    let mut pairs = Vec::new();
    for key in allowed.iter().filter(|key| !settings.metadata_deny.contains(key)) {
        let mut path = place.clone();
        path.segments.push(Segment::Name(key.clone()));
        pairs.extend([Expr::string(key), Expr::path(path)]);
    }
    if pairs.is_empty() {
        return null();
    }
    losses.differs.insert("metadata keys that the object lacks may come out null");
    Expr::call("to_map", pairs)
}
