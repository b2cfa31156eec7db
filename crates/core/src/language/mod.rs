//! Questions about the mapping language and about mapping sets, as JSON in and JSON out: what an
//! expression gives, whether a set is sound, what it does to a sample. One door for every runtime, so
//! that a page, a script and the program get the same answers.
//!
//! A request is an object: `command` says what is asked, the other members are its arguments.
//!
//! | command | arguments | answer |
//! | --- | --- | --- |
//! | `eval` | `expression`, `input`?, `now`?, `seed`?, `settings`? | `{"result","notes"}` |
//! | `validateExpression` | `expression` | as Adobe's `/languages/el/validate`: [`dataprep::ExpressionValidation`] |
//! | `validate` | `set` or `resource`, `schema`?, `samples`?, `settings`?, `call`? | as Adobe's `/mappingSets/validate`: [`dataprep::Validation`] |
//! | `preview` | the same | as Adobe's `/mappingSets/preview`: an array of [`dataprep::Preview`] |
//! | `explain` | the same, with one sample at most | [`dataprep::Explanation`] |
//! | `functions` | `name`? | as Adobe's `/languages/el/functions`: an array of [`dataprep::listing::FunctionEntry`] |
//! | `operators` | | as Adobe's `/languages/el/operators`: an array of [`dataprep::listing::OperatorEntry`] |
//! | `export` | `resource`, `settings`, `root`?, `schema`? | [`crate::export::Exported`] |
//! | `import` | `set` | [`crate::import::Imported`] |
//! | `diff` | `a` and `b`, each with `set` or `resource`; `settings`? | [`dataprep::Difference`] |
//! | `schema` | `settings`? | [`crate::schema::Composed`] |
//!
//! A `set` is a mapping set in any form that [`crate::import`] reads, `resource` the name of one that has
//! a model (`charge`, `subscription.event`), `settings` a [`crate::Settings`] and `call` a
//! [`crate::Call`].
//!
//! Nothing here reads a clock: `now` is RFC 3339 text, and without it `now()` fails.

mod arguments;
mod eval;
mod exchange;
mod listing;
mod sets;

use crate::settings::Settings;
use arguments::Arguments;
use dataprep::expr::Span;
use serde::Serialize;

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct LanguageError {
    /// A stable word: `invalid_request`, `invalid_settings`, `invalid_expression`, `invalid_input`,
    /// `invalid_mapping_set`, `invalid_schema`, `unknown_function`, `evaluation_failed`, or what the
    /// failing function calls it.
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
    /// The place of a part of an expression.
    fn of(text: &str, span: Span) -> Self {
        let (line, column) = span.line_column(text);
        Self { line, column, caret: span.caret(text) }
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
    let mut arguments = Arguments::of(request)?;
    let command = arguments.text("command")?.unwrap_or_default();
    match command.as_ref() {
        "eval" => eval::eval(arguments),
        "validateExpression" => eval::validate_expression(arguments),
        "validate" => sets::validate(arguments),
        "preview" => sets::preview(arguments),
        "explain" => sets::explain(arguments),
        "functions" => listing::functions(arguments),
        "operators" => listing::operators(arguments),
        "export" => exchange::to_adobe(arguments),
        "import" => exchange::from_adobe(arguments),
        "diff" => sets::diff(arguments),
        "schema" => schema(arguments),
        other => Err(arguments::refused(format!(
            "there is no command {other:?}; `command` is one of {}",
            COMMANDS.join(", ")
        ))),
    }
}

/// The commands, for those who mistype one.
const COMMANDS: [&str; 11] = [
    "eval",
    "validateExpression",
    "validate",
    "preview",
    "explain",
    "functions",
    "operators",
    "export",
    "import",
    "diff",
    "schema",
];

/// The schemas of the models' records, and what they cannot say.
fn schema(mut arguments: Arguments<'_>) -> Answer {
    let settings = settings(&mut arguments)?;
    arguments.end()?;
    let composed = crate::schema::compose(&settings);
    json(&composed.map_err(|error| LanguageError::new("invalid_settings", error.to_string()))?)
}

fn json(answer: &impl Serialize) -> Answer {
    serde_json::to_string(answer).map_err(|error| LanguageError::new("internal", error.to_string()))
}

/// The tenant of those who name none: it only shows in destinations.
const SOME_TENANT: &str = "tenant";

/// The settings given, checked, or those of some tenant.
fn settings(arguments: &mut Arguments<'_>) -> Result<Settings, LanguageError> {
    let settings = arguments.value("settings")?.unwrap_or_else(|| Settings::of_tenant(SOME_TENANT));
    settings.check().map_err(|error| LanguageError::new("invalid_settings", error.to_string()))?;
    Ok(settings)
}
