//! One expression: what it gives for an input, and whether it is one at all.

use super::{Answer, LanguageError, Place, json};
use crate::functions::FUNCTIONS;
use crate::moment::Moment;
use crate::settings::Settings;
use dataprep::functions::Clock;
use dataprep::{CompileOptions, EvalError, Expression};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The arguments of `eval`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Eval<'r> {
    #[serde(rename = "command")]
    _command: IgnoredAny,
    #[serde(borrow)]
    expression: Cow<'r, str>,
    /// The record that paths are read from; none is an empty one.
    #[serde(borrow, default)]
    input: Option<&'r RawValue>,
    #[serde(default)]
    now: Option<Moment>,
    #[serde(default)]
    seed: u64,
    /// For functions that go by them, such as `stripe_major`.
    #[serde(default)]
    settings: Option<Settings>,
}

#[derive(Serialize)]
struct Evaluated<'a> {
    result: &'a RawValue,
    notes: Vec<Note<'a>>,
}

/// A remark of a function that still gave a result.
#[derive(Serialize)]
struct Note<'a> {
    code: &'a str,
    message: &'a str,
}

/// The value of an expression for an input.
pub(super) fn eval(asked: Eval<'_>) -> Answer {
    let compiled = compile(&asked.expression)?;
    let input = asked.input.map_or("{}", RawValue::get);
    let settings = asked.settings.unwrap_or_else(|| Settings::of_tenant(""));
    let evaluated =
        compiled.eval_with(input, &[], &settings, &mut Clock::new(asked.now.map(|now| now.0), asked.seed));
    let evaluated = evaluated.map_err(|error| match error {
        EvalError::Input(error) => LanguageError::new("invalid_input", error.to_string()),
        EvalError::Failed(failure) => {
            let code = if failure.code() == "mapping_failed" { "evaluation_failed" } else { failure.code() };
            let place = failure.span().map(|span| Place::of(&asked.expression, span));
            LanguageError { code, message: failure.message().to_owned(), place }
        }
    })?;
    let result: &RawValue = serde_json::from_str(&evaluated.json)
        .map_err(|error| LanguageError::new("internal", format!("the result is not JSON: {error}")))?;
    let notes = evaluated.notes.iter().map(|(code, message)| Note { code, message }).collect();
    json(&Evaluated { result, notes })
}

/// The arguments of `validateExpression`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ValidateExpression<'r> {
    #[serde(rename = "command")]
    _command: IgnoredAny,
    #[serde(borrow)]
    expression: Cow<'r, str>,
}

/// Whether a text is an expression, in the shape of Adobe's `/languages/el/validate`.
pub(super) fn validate_expression(asked: &ValidateExpression<'_>) -> Answer {
    json(&dataprep::is_valid_expression(&asked.expression, options()))
}

fn options() -> CompileOptions<'static> {
    CompileOptions { functions: FUNCTIONS, ..CompileOptions::default() }
}

fn compile(expression: &str) -> Result<Expression, LanguageError> {
    Expression::compile(expression, options()).map_err(|error| LanguageError {
        code: "invalid_expression",
        place: error.span.map(|span| Place::of(expression, span)),
        message: error.message,
    })
}
