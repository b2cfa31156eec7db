//! The Data Prep expression language: text in, tree out. Everything else in the crate works on the
//! tree, so that a mapping is read once and never again for each record.
//!
//! The grammar is that of Apache Commons JEXL 3, less everything that changes state (assignments,
//! statements, constructors), plus what Adobe adds: `${field name}` and `[*]`.

mod ast;
mod lexer;
mod parser;
mod path;
mod place;
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
        let position = text.get(..position).unwrap_or(text).len();
        let (line, column) = Span::new(position, position).line_column(text);
        let (expected, found) = (expected.to_owned(), found.to_owned());
        Self { position, line, column, expected, found, message }
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
    /// the text that was parsed.
    #[must_use]
    pub fn caret(&self, text: &str) -> String {
        Span::new(self.position, self.position).caret(text)
    }

    /// The character at the position; nothing when the text ends too early.
    #[must_use]
    pub fn span(&self, text: &str) -> Span {
        let next = text.get(self.position..).and_then(|rest| rest.chars().next());
        Span::new(self.position, self.position + next.map_or(0, char::len_utf8))
    }
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

/// Whether `name` is that of one of Adobe's functions: those are reserved, too.
fn is_function(name: &str) -> bool {
    crate::functions::is_name(name)
}

/// Words that JEXL and Data Prep keep for themselves (Adobe's list in the Data Prep functions page).
fn reserved(word: &str) -> Option<&'static str> {
    const WORDS: [&str; 28] = [
        "_errors", "and", "break", "continue", "div", "do", "else", "empty", "eq", "false", "for",
        "function", "ge", "gt", "if", "le", "lt", "mod", "ne", "new", "not", "null", "or", "return", "size",
        "true", "var", "while",
    ];
    WORDS.into_iter().find(|w| *w == word)
}
