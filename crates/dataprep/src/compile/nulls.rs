//! Where an expression asks for a null: `nullify()` as the result, or as a branch of a choice.

use crate::functions::Failure;
use crate::run::compare::truth;
use crate::run::eval::{Code, Env};
use crate::values::value::Value;

/// What a mapping's expression comes to.
#[derive(Debug)]
pub(crate) enum Outcome<'a> {
    /// Null, because something was missing.
    Nothing,
    /// Null, because the mapping says so.
    Nullified,
    /// A value, never null.
    Value(Value<'a>),
}

/// Whether `nullify()` stands where it can be the result.
pub(crate) fn may_nullify(code: &Code) -> bool {
    match code {
        Code::Call(call, args) => call.function.name == "nullify" || args.iter().any(may_nullify),
        Code::Ternary(parts) => parts.iter().skip(1).any(may_nullify),
        Code::Coalesce(parts) => parts.iter().any(may_nullify),
        Code::Elvis(parts) => parts.iter().any(may_nullify),
        _ => false,
    }
}

/// Runs an expression, telling the null that is asked for from the one that is not. `nullify()` as an
/// argument of a function asks for it when the function's result is null.
pub(crate) fn outcome<'a>(code: &Code, env: &mut Env<'_, 'a>) -> Result<Outcome<'a>, Failure> {
    if !may_nullify(code) {
        return Ok(match code.eval(env)? {
            Value::Null => Outcome::Nothing,
            value => Outcome::Value(value),
        });
    }
    match code {
        Code::Ternary(parts) => {
            let [condition, yes, no] = &**parts;
            let holds = truth(&condition.eval(env)?);
            outcome(if holds { yes } else { no }, env)
        }
        Code::Coalesce(choices) => {
            let mut last = Outcome::Nothing;
            for choice in choices {
                match outcome(choice, env)? {
                    Outcome::Nothing => {}
                    Outcome::Nullified => last = Outcome::Nullified,
                    found => return Ok(found),
                }
            }
            Ok(last)
        }
        Code::Elvis(parts) => {
            let [first, second] = &**parts;
            match outcome(first, env)? {
                Outcome::Value(value) if truth(&value) => Ok(Outcome::Value(value)),
                _ => outcome(second, env),
            }
        }
        code => Ok(match code.eval(env)? {
            Value::Null => Outcome::Nullified,
            value => Outcome::Value(value),
        }),
    }
}
