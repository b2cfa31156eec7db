//! The Data Prep expression language: text in, tree out. Everything else in the crate works on the
//! tree, so that a mapping is read once and never again for each record.
//!
//! The grammar is that of Apache Commons JEXL 3, less everything that changes state (assignments,
//! statements, constructors), plus what Adobe adds: `${field name}` and `[*]`.

mod ast;
mod lexer;
mod parser;
mod path;
mod rewrite;

pub use ast::{BinaryOp, Expr, ExprKind, Span, UnaryOp};
pub use parser::{MAX_DEPTH, MAX_LINKS, parse};
pub use path::{Path, Segment};

/// Why a text is not an expression (or not a path), and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} at {line}:{column}")]
pub struct ParseError {
    /// Byte offset into the text, on a character boundary; the text's length when it ends too early.
    pub position: usize,
    /// Line of `position`, from 1.
    pub line: u32,
    /// Column of `position` in characters, from 1.
    pub column: u32,
    /// What could have stood here; empty when the construct itself is refused.
    pub expected: String,
    /// What stands here; empty when the construct itself is refused.
    pub found: String,
    /// The sentence to show, without the position.
    pub message: String,
}

impl ParseError {
    fn new(text: &str, position: usize, expected: &str, found: &str, message: String) -> Self {
        let before = text.get(..position).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(line_start..).unwrap_or("").chars().count();
        Self {
            position: before.len(),
            line: count(before.matches('\n').count()),
            column: count(column),
            expected: expected.to_owned(),
            found: found.to_owned(),
            message,
        }
    }

    /// Something else was needed at `position`.
    fn expected(text: &str, position: usize, expected: &str, found: &str) -> Self {
        let message = format!("expected {expected} but found {found}");
        Self::new(text, position, expected, found, message)
    }

    /// What stands at `position` is understood and not allowed.
    fn refused(text: &str, position: usize, message: impl Into<String>) -> Self {
        Self::new(text, position, "", "", message.into())
    }

    /// The line of `text` that holds the error and, below it, a caret under the position. `text` is
    /// the text that was parsed. Tabs are repeated, so that the caret stays in place.
    #[must_use]
    pub fn caret(&self, text: &str) -> String {
        let before = text.get(..self.position).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let rest = text.get(start..).unwrap_or("");
        let line = rest.split('\n').next().unwrap_or("").trim_end_matches('\r');
        let padding: String =
            (before.get(start..).unwrap_or("").chars()).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        format!("{line}\n{padding}^")
    }
}

/// A count from 0 as a number from 1.
fn count(zero_based: usize) -> u32 {
    u32::try_from(zero_based).map_or(u32::MAX, |n| n.saturating_add(1))
}

/// Source text as it is shown in messages: short, on one line, in quotes.
fn shown(source: &str) -> String {
    const LONGEST: usize = 24;
    let mut text: String = source.chars().take(LONGEST).collect();
    if text.len() < source.len() {
        text.push('…');
    }
    let text = text.replace(['\n', '\r', '\t'], " ");
    if text.contains('"') { format!("'{text}'") } else { format!("\"{text}\"") }
}

/// Whether `c` may stand in an unquoted name.
fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// Words that JEXL and Data Prep keep for themselves (Adobe's list in the Data Prep functions
/// page). Adobe also reserves the names of its functions; whoever knows the functions checks those.
fn reserved(word: &str) -> Option<&'static str> {
    const WORDS: [&str; 28] = [
        "_errors", "and", "break", "continue", "div", "do", "else", "empty", "eq", "false", "for",
        "function", "ge", "gt", "if", "le", "lt", "mod", "ne", "new", "not", "null", "or", "return", "size",
        "true", "var", "while",
    ];
    WORDS.into_iter().find(|w| *w == word)
}
