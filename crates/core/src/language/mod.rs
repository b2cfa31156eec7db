//! Questions about the mapping language and about mapping sets, as JSON in and JSON out: what an
//! expression gives, whether a set is sound, what it does to a sample. One door for every runtime, so
//! that a page, a script and the program get the same answers.
//!
//! A request is an object: `command` says what is asked, the other members are its arguments.
//!
//! | command | arguments | answer |
//! | --- | --- | --- |
//! | `eval` | `expression`, `input`?, `now`?, `seed`?, `settings`? | `{"result","notes"}` |
//! | `validateExpression` | `expression` | `{"validationStatus","error"}` as Adobe's `/languages/el/validate` |
//!
//! Nothing here reads a clock: `now` is RFC 3339 text, and without it `now()` fails.

mod eval;

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct LanguageError {
    /// A stable word: `invalid_request`, `invalid_expression`, `invalid_input`, `evaluation_failed` or
    /// what the failing function calls it.
    pub code: &'static str,
    /// What is wrong and what to do. Never holds a value of the input.
    pub message: String,
    /// Where in the expression, when it is known.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// A place in an expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// The line's text and, below it, a caret under the place.
    pub caret: String,
}

impl LanguageError {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), place: None }
    }
}

impl Place {
    /// The place of a byte of a text.
    fn at(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let (before_line, line_start) = (before.matches('\n').count(), before.get(start..).unwrap_or(""));
        let line = text.get(start..).unwrap_or("").lines().next().unwrap_or("");
        // Tabs are repeated, so that the caret stays below its character.
        let padding: String = line_start.chars().map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        let from_one = |count: usize| u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1);
        Self {
            line: from_one(before_line),
            column: from_one(line_start.chars().count()),
            caret: format!("{line}\n{padding}^"),
        }
    }
}

type Answer = Result<String, LanguageError>;

/// Answers one request.
///
/// ```
/// let answer = stripe_xdm_core::language::answer(
///     r#"{"command":"eval","expression":"stripe_major(amount, currency)","input":{"amount":1099,"currency":"usd"}}"#,
/// )?;
/// assert_eq!(answer, r#"{"result":10.99,"notes":[]}"#);
/// # Ok::<(), stripe_xdm_core::language::LanguageError>(())
/// ```
pub fn answer(request: &str) -> Answer {
    #[derive(Deserialize)]
    struct Named<'r> {
        #[serde(borrow)]
        command: Cow<'r, str>,
    }
    let named: Named<'_> = arguments(request)?;
    match named.command.as_ref() {
        "eval" => eval::eval(arguments(request)?),
        "validateExpression" => eval::validate_expression(&arguments(request)?),
        other => Err(LanguageError::new(
            "invalid_request",
            format!("there is no command {other:?}; commands are {}", COMMANDS.join(", ")),
        )),
    }
}

/// The commands, for those who mistype one.
const COMMANDS: [&str; 2] = ["eval", "validateExpression"];

fn arguments<'r, T: Deserialize<'r>>(request: &'r str) -> Result<T, LanguageError> {
    serde_json::from_str(request)
        .map_err(|error| LanguageError::new("invalid_request", format!("the request: {error}")))
}

fn json(answer: &impl Serialize) -> Answer {
    serde_json::to_string(answer).map_err(|error| LanguageError::new("internal", error.to_string()))
}
