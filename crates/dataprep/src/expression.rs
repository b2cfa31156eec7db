//! One expression by itself: what a calculated field gives for a record.

use crate::CompileOptions;
use crate::capture::Captured;
use crate::compile::{Functions, Resolver};
use crate::eval::{Code, Env};
use crate::expr::{self, Span};
use crate::functions::{Clock, Failure};
use crate::json::JsonError;
use crate::source::SourceTree;
use crate::value::Value;
use crate::write;
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
    /// The value as JSON, whole: empty strings, arrays, objects and nulls stay.
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

impl Expression {
    /// Compiles an expression. Of the options only functions and context matter.
    pub fn compile(text: &str, options: CompileOptions<'_>) -> Result<Self, ExpressionError> {
        let parsed = expr::parse(text).map_err(|error| {
            let position = u32::try_from(error.position).unwrap_or(u32::MAX);
            ExpressionError {
                message: error.to_string(),
                span: Some(Span { start: position, end: position.saturating_add(1) }),
            }
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
        };
        let code = resolver.expression(&parsed).map_err(|message| ExpressionError { message, span: None })?;
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
            locals: Vec::new(),
            shared: &mut vec![None; self.conditions],
        };
        let value = self.code.eval(&mut env).map_err(EvalError::Failed)?;
        let mut json = Vec::new();
        write::whole(&value, &mut json);
        Ok(Evaluated { json: String::from_utf8(json).unwrap_or_default(), notes: env.notes })
    }
}
