//! One expression by itself: what a calculated field gives for a record.

use crate::CompileOptions;
use crate::compile::resolve::{Functions, Resolver};
use crate::expr::{self, Span};
use crate::functions::{Clock, Failure};
use crate::run::budget::Budget;
use crate::run::capture::Captured;
use crate::run::eval::{Code, Env};
use crate::run::source::SourceTree;
use crate::run::write;
use crate::values::json::JsonError;
use crate::values::value::Value;
use std::any::Any;

/// A compiled expression.
///
/// ```
/// use dataprep::{CompileOptions, Expression, functions::Clock};
///
/// let expression = Expression::compile("concat(upper(name), '!')", CompileOptions::default())?;
/// let result = expression.eval(r#"{"name":"ada"}"#, &mut Clock::default())?;
/// assert_eq!(result.json, r#""ADA!""#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Expression {
    tree: SourceTree,
    code: Code,
    conditions: usize,
}

/// What an expression gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluated {
    /// The value as JSON on one line, whole: empty strings, arrays, objects and nulls stay.
    pub json: String,
    /// Remarks of functions: a stable word and a sentence.
    pub notes: Vec<(&'static str, String)>,
}

/// Why an expression cannot be compiled, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// What is wrong and what to do.
    pub message: String,
    /// The part of the text that is wrong, when it is known.
    pub span: Option<Span>,
}

impl ExpressionError {
    /// Where the expression `text` is wrong: its line, with carets under the wrong part. Empty when the
    /// place is not known.
    #[must_use]
    pub fn caret(&self, text: &str) -> String {
        self.span.map_or_else(String::new, |span| span.caret(text))
    }
}

/// Why an expression gave no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// The record is not JSON.
    #[error("the input is not JSON: {0}")]
    Input(#[from] JsonError),
    /// The expression failed on this record.
    #[error("{}", .0.message())]
    Failed(Failure),
}

impl EvalError {
    /// The part of the expression that failed, when it is known.
    pub fn span(&self) -> Option<Span> {
        match self {
            EvalError::Input(_) => None,
            EvalError::Failed(failure) => failure.span(),
        }
    }

    /// Where the expression `text` failed: its line, with carets under the part that did. Empty when the
    /// place is not known.
    #[must_use]
    pub fn caret(&self, text: &str) -> String {
        self.span().map_or_else(String::new, |span| span.caret(text))
    }
}

impl Expression {
    /// Compiles an expression. Of the options only functions and context matter.
    ///
    /// # Errors
    /// The first thing that is wrong with it; [`Expression::check`] says all.
    pub fn compile(text: &str, options: CompileOptions<'_>) -> Result<Self, ExpressionError> {
        Self::compile_or_all(text, options).map_err(|problems| {
            problems.into_iter().next().unwrap_or_else(|| ExpressionError {
                message: "the expression cannot be compiled".to_owned(),
                span: None,
            })
        })
    }

    /// Everything that is wrong with an expression, from left to right. A text that is no expression at
    /// all has one error, where it ceases to be one.
    pub fn check(text: &str, options: CompileOptions<'_>) -> Vec<ExpressionError> {
        Self::compile_or_all(text, options).err().unwrap_or_default()
    }

    fn compile_or_all(text: &str, options: CompileOptions<'_>) -> Result<Self, Vec<ExpressionError>> {
        let parsed = expr::parse(text).map_err(|error| {
            vec![ExpressionError { message: error.message.clone(), span: Some(error.span(text)) }]
        })?;
        let context: Vec<String> = options.context.iter().map(|path| (*path).to_owned()).collect();
        let (mut tree, mut conditions) = (SourceTree::new(), Vec::new());
        let functions = Functions::new(options.functions);
        let mut resolver = Resolver {
            tree: &mut tree,
            context: &context,
            functions: &functions,
            bound: 0,
            scopes: Vec::new(),
            locals: Vec::new(),
            conditions: &mut conditions,
            problems: Vec::new(),
        };
        let code = resolver.whole(&parsed)?;
        tree.seal();
        Ok(Self { tree, code, conditions: conditions.len() })
    }

    /// The expression's value for a record, which is JSON text.
    pub fn eval(&self, record: &str, clock: &mut Clock) -> Result<Evaluated, EvalError> {
        self.eval_with(record, &[], &(), clock)
    }

    /// The expression's value for a record, with what functions and paths of the caller need: the values
    /// of [`CompileOptions::context`] and the data that is handed to functions.
    pub fn eval_with<'a>(
        &self,
        record: &'a str,
        context: &[Value<'a>],
        host: &dyn Any,
        clock: &mut Clock,
    ) -> Result<Evaluated, EvalError> {
        let mut captured = Captured::default();
        captured.capture(&self.tree, record)?;
        clock.next_record();
        let mut env = Env {
            input: record,
            tree: &self.tree,
            captured: &captured,
            instance: 0,
            context,
            host,
            notes: Vec::new(),
            clock,
            budget: Budget::for_record(record.len()),
            locals: Vec::new(),
            shared: &mut vec![None; self.conditions],
        };
        let value = self.code.eval(&mut env).map_err(EvalError::Failed)?;
        let mut json = Vec::new();
        write::whole(&value, &mut json);
        let json = write::without_blanks(&json);
        Ok(Evaluated { json: String::from_utf8(json).unwrap_or_default(), notes: env.notes })
    }
}

/// Errors of an expression in words: each with its place and its line.
pub(crate) fn describe(errors: &[ExpressionError], text: &str) -> String {
    let one = |error: &ExpressionError| match error.span {
        Some(span) => {
            let (line, column) = span.line_column(text);
            format!("{} at {line}:{column}\n{}", error.message, span.caret(text))
        }
        None => error.message.clone(),
    };
    errors.iter().map(one).collect::<Vec<_>>().join("\n")
}
