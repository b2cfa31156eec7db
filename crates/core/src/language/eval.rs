//! One expression: what it gives for an input, and whether it is one at all.

use super::arguments::{Arguments, refused};
use super::{Answer, LanguageError, Place, json, settings};
use crate::functions::FUNCTIONS;
use dataprep::date::Moment;
use dataprep::functions::Clock;
use dataprep::{CompileOptions, EvalError, Expression, ExpressionError, MAX_EXPRESSION};
use serde::Serialize;
use serde_json::value::RawValue;

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

/// The value of an expression for an input; without one, for an empty record.
pub(super) fn eval(mut arguments: Arguments<'_>) -> Answer {
    let expression = arguments.needed_text("expression")?;
    let input = arguments.json("input").unwrap_or("{}");
    if !input.starts_with('{') {
        return Err(LanguageError::new(
            "invalid_input",
            "the input must be a JSON object: the record whose fields the expression reads",
        ));
    }
    let now = arguments.text("now")?.map(|now| moment(&now)).transpose()?;
    let seed = arguments.value("seed")?.unwrap_or_default();
    let settings = settings(&mut arguments)?;
    arguments.end()?;
    let compiled =
        Expression::compile(&expression, options()).map_err(|error| invalid(&expression, error))?;
    let evaluated = compiled.eval_with(input, &[], &settings, &mut Clock::new(now, seed));
    let evaluated = evaluated.map_err(|error| match error {
        EvalError::Input(error) => LanguageError::new("invalid_input", error.to_string()),
        EvalError::Failed(failure) => {
            let code = if failure.code() == "mapping_failed" { "evaluation_failed" } else { failure.code() };
            let place = failure.span().map(|span| Place::of(&expression, span));
            LanguageError { code, message: failure.message().to_owned(), place }
        }
    })?;
    let result: &RawValue = serde_json::from_str(&evaluated.json)
        .map_err(|error| LanguageError::new("internal", format!("the result is not JSON: {error}")))?;
    let mut notes: Vec<Note<'_>> =
        evaluated.notes.iter().map(|(code, message)| Note { code, message }).collect();
    if expression.chars().count() > MAX_EXPRESSION {
        let message = "an expression of a mapping has at most 4096 characters: this one runs here alone";
        notes.push(Note { code: "expression_too_long", message });
    }
    json(&Evaluated { result, notes })
}

/// Everything that is wrong with an expression: the first problem with its place, the others in words.
fn invalid(expression: &str, first: ExpressionError) -> LanguageError {
    let mut message = first.message;
    for other in Expression::check(expression, options()).iter().skip(1) {
        message.push_str("\nalso");
        if let Some((line, column)) = other.span.map(|span| span.line_column(expression)) {
            message.push_str(&format!(" at {line}:{column}"));
        }
        message.push_str(&format!(": {}", other.message));
    }
    // Of an empty text there is nothing to point at.
    let span = first.span.filter(|_| !expression.trim().is_empty());
    LanguageError { code: "invalid_expression", place: span.map(|span| Place::of(expression, span)), message }
}

/// Whether a text is an expression, in the shape of Adobe's `/languages/el/validate`.
pub(super) fn validate_expression(mut arguments: Arguments<'_>) -> Answer {
    let expression = arguments.needed_text("expression")?;
    arguments.end()?;
    json(&dataprep::is_valid_expression(&expression, options()))
}

fn moment(text: &str) -> Result<Moment, LanguageError> {
    Moment::from_rfc3339(text).ok_or_else(|| refused("`now` must be a time such as 2026-01-31T12:00:00Z"))
}

fn options() -> CompileOptions<'static> {
    CompileOptions { functions: FUNCTIONS, ..CompileOptions::default() }
}
