//! The tree of an expression: what it holds, how it is written, and which fields it reads. Every
//! consumer (compiler, exporter, checks) starts from these types.

use std::fmt::{self, Display, Formatter, Write as _};

use super::path::{Path, Segment, write_escaped};
use super::{is_function, is_name_char, reserved};

/// A part of the text, in bytes; `end` is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    pub(super) fn new(start: usize, end: usize) -> Self {
        let bounded = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { start: bounded(start), end: bounded(end) }
    }

    pub(super) fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end }
    }
}

/// One expression. Parentheses leave no trace but a wider span.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is, with its parts.
    pub kind: ExprKind,
    /// Where it stands in the text that was parsed.
    pub span: Span,
}

/// The constructs of the language.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// JSON number text with the digits of the source, never negative.
    Number(String),
    /// A string literal's value, its escapes resolved.
    String(String),
    /// A field of the record, or of a lambda's parameter. `a["b"]` and `a[0]` are paths too.
    Path(Path),
    /// `[a, b]`
    Array(Vec<Expr>),
    /// `{key : value}`, in the order of the text, keys possibly repeated.
    Map(Vec<(Expr, Expr)>),
    /// An operator before its value.
    Unary(UnaryOp, Box<Expr>),
    /// An operator between its values.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `condition ? then : otherwise`
    Ternary(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `a ?: b`
    Elvis(Box<Expr>, Box<Expr>),
    /// `a ?? b`
    Coalesce(Box<Expr>, Box<Expr>),
    /// `name(arguments)`
    Call(String, Vec<Expr>),
    /// `value.name(arguments)`
    Method(Box<Expr>, String, Vec<Expr>),
    /// `x -> body` or `(x, y) -> body`; the names differ.
    Lambda(Vec<String>, Box<Expr>),
    /// `value.name` where the value is not a path.
    Member(Box<Expr>, String),
    /// `value[index]` where the whole is not a path.
    Index(Box<Expr>, Box<Expr>),
    /// `empty value` or `empty(value)`
    Empty(Box<Expr>),
    /// `size value` or `size(value)`
    Size(Box<Expr>),
    /// `first .. last`
    Range(Box<Expr>, Box<Expr>),
}

/// Operators before one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-`
    Neg,
    /// `!` or `not`
    Not,
    /// `~`
    Complement,
}

/// Operators between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/` or `div`
    Div,
    /// `%` or `mod`
    Mod,
    /// `==` or `eq`
    Eq,
    /// `!=` or `ne`
    Ne,
    /// `<` or `lt`
    Lt,
    /// `<=` or `le`
    Le,
    /// `>` or `gt`
    Gt,
    /// `>=` or `ge`
    Ge,
    /// `&&` or `and`
    And,
    /// `||` or `or`
    Or,
    /// `=~`: the left matches the pattern on the right, or is among its items.
    Match,
    /// `!~`
    NotMatch,
    /// `=^`
    StartsWith,
    /// `!^`
    NotStartsWith,
    /// `=$`
    EndsWith,
    /// `!$`
    NotEndsWith,
    /// `&`
    BitAnd,
    /// `|`
    BitOr,
    /// `^`
    BitXor,
}

/// How tightly constructs bind, loosest first; JEXL 3's grammar is the source.
pub(super) mod binding {
    pub(in crate::expr) const LAMBDA: u8 = 0;
    pub(in crate::expr) const CONDITIONAL: u8 = 1;
    pub(in crate::expr) const OR: u8 = 2;
    pub(in crate::expr) const AND: u8 = 3;
    pub(in crate::expr) const BIT_OR: u8 = 4;
    pub(in crate::expr) const BIT_XOR: u8 = 5;
    pub(in crate::expr) const BIT_AND: u8 = 6;
    pub(in crate::expr) const EQUALITY: u8 = 7;
    pub(in crate::expr) const RELATION: u8 = 8;
    pub(in crate::expr) const SUM: u8 = 9;
    pub(in crate::expr) const PRODUCT: u8 = 10;
    pub(in crate::expr) const UNARY: u8 = 11;
    pub(in crate::expr) const POSTFIX: u8 = 12;
}

impl BinaryOp {
    /// Every operator, each once.
    pub const ALL: [Self; 22] = [
        Self::Add,
        Self::Sub,
        Self::Mul,
        Self::Div,
        Self::Mod,
        Self::Eq,
        Self::Ne,
        Self::Lt,
        Self::Le,
        Self::Gt,
        Self::Ge,
        Self::And,
        Self::Or,
        Self::Match,
        Self::NotMatch,
        Self::StartsWith,
        Self::NotStartsWith,
        Self::EndsWith,
        Self::NotEndsWith,
        Self::BitAnd,
        Self::BitOr,
        Self::BitXor,
    ];

    /// The operator as it is written.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Mod => "%",
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::And => "&&",
            Self::Or => "||",
            Self::Match => "=~",
            Self::NotMatch => "!~",
            Self::StartsWith => "=^",
            Self::NotStartsWith => "!^",
            Self::EndsWith => "=$",
            Self::NotEndsWith => "!$",
            Self::BitAnd => "&",
            Self::BitOr => "|",
            Self::BitXor => "^",
        }
    }

    pub(super) fn binding(self) -> u8 {
        match self {
            Self::Or => binding::OR,
            Self::And => binding::AND,
            Self::BitOr => binding::BIT_OR,
            Self::BitXor => binding::BIT_XOR,
            Self::BitAnd => binding::BIT_AND,
            Self::Eq | Self::Ne => binding::EQUALITY,
            Self::Lt | Self::Le | Self::Gt | Self::Ge | Self::Match | Self::NotMatch => binding::RELATION,
            Self::StartsWith | Self::NotStartsWith | Self::EndsWith | Self::NotEndsWith => binding::RELATION,
            Self::Add | Self::Sub => binding::SUM,
            Self::Mul | Self::Div | Self::Mod => binding::PRODUCT,
        }
    }
}

impl UnaryOp {
    /// The operator as it is written.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Neg => "-",
            Self::Not => "!",
            Self::Complement => "~",
        }
    }
}

impl Expr {
    /// Every path that the expression reads, in the order of the text, repeated when read again.
    /// Paths into a lambda's parameters are left out: they belong to no record.
    #[must_use]
    pub fn paths(&self) -> Vec<&Path> {
        let mut found = Vec::new();
        self.collect_paths(&mut Vec::new(), &mut found);
        found
    }

    fn collect_paths<'a>(&'a self, parameters: &mut Vec<&'a str>, found: &mut Vec<&'a Path>) {
        match &self.kind {
            ExprKind::Null | ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::String(_) => {}
            ExprKind::Path(path) => {
                let local = matches!(path.segments.first(),
                    Some(Segment::Name(name)) if parameters.contains(&name.as_str()));
                if !local {
                    found.push(path);
                }
            }
            ExprKind::Lambda(names, body) => {
                let outer = parameters.len();
                parameters.extend(names.iter().map(String::as_str));
                body.collect_paths(parameters, found);
                parameters.truncate(outer);
            }
            ExprKind::Array(items) | ExprKind::Call(_, items) => {
                for item in items {
                    item.collect_paths(parameters, found);
                }
            }
            ExprKind::Map(entries) => {
                for (key, value) in entries {
                    key.collect_paths(parameters, found);
                    value.collect_paths(parameters, found);
                }
            }
            ExprKind::Method(value, _, arguments) => {
                value.collect_paths(parameters, found);
                for argument in arguments {
                    argument.collect_paths(parameters, found);
                }
            }
            ExprKind::Ternary(a, b, c) => {
                a.collect_paths(parameters, found);
                b.collect_paths(parameters, found);
                c.collect_paths(parameters, found);
            }
            ExprKind::Binary(_, a, b)
            | ExprKind::Elvis(a, b)
            | ExprKind::Coalesce(a, b)
            | ExprKind::Index(a, b)
            | ExprKind::Range(a, b) => {
                a.collect_paths(parameters, found);
                b.collect_paths(parameters, found);
            }
            ExprKind::Unary(_, a) | ExprKind::Member(a, _) | ExprKind::Empty(a) | ExprKind::Size(a) => {
                a.collect_paths(parameters, found);
            }
        }
    }

    fn binding(&self) -> u8 {
        match &self.kind {
            ExprKind::Lambda(..) => binding::LAMBDA,
            ExprKind::Ternary(..) | ExprKind::Elvis(..) | ExprKind::Coalesce(..) => binding::CONDITIONAL,
            ExprKind::Binary(op, ..) => op.binding(),
            ExprKind::Range(..) => binding::EQUALITY,
            ExprKind::Unary(..) | ExprKind::Empty(_) | ExprKind::Size(_) => binding::UNARY,
            // A dot after a number is read as its own.
            ExprKind::Number(_) => binding::UNARY,
            _ => binding::POSTFIX,
        }
    }

    /// Writes the expression, in parentheses when it binds less tightly than its place needs.
    fn write(&self, f: &mut Formatter<'_>, needed: u8) -> fmt::Result {
        if self.binding() < needed {
            f.write_char('(')?;
            self.write_bare(f)?;
            return f.write_char(')');
        }
        self.write_bare(f)
    }

    fn write_bare(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Null => f.write_str("null"),
            ExprKind::Bool(value) => write!(f, "{value}"),
            ExprKind::Number(text) => f.write_str(text),
            ExprKind::String(value) => write_string(f, value),
            ExprKind::Path(path) => write_path(f, path),
            ExprKind::Array(items) => write_list(f, '[', items, ']'),
            ExprKind::Map(entries) => {
                f.write_char('{')?;
                for (index, (key, value)) in entries.iter().enumerate() {
                    f.write_str(if index > 0 { ", " } else { "" })?;
                    write!(f, "{key} : {value}")?;
                }
                f.write_char('}')
            }
            ExprKind::Unary(op, value) => {
                f.write_str(op.symbol())?;
                value.write(f, binding::UNARY)
            }
            ExprKind::Binary(op, left, right) => write_infix(f, left, op.symbol(), right, op.binding()),
            ExprKind::Range(first, last) => write_infix(f, first, "..", last, binding::EQUALITY),
            ExprKind::Ternary(condition, then, otherwise) => {
                condition.write(f, binding::OR)?;
                write!(f, " ? {then} : {otherwise}")
            }
            ExprKind::Elvis(value, otherwise) => {
                value.write(f, binding::OR)?;
                write!(f, " ?: {otherwise}")
            }
            ExprKind::Coalesce(value, otherwise) => {
                value.write(f, binding::OR)?;
                write!(f, " ?? {otherwise}")
            }
            ExprKind::Call(name, arguments) => {
                f.write_str(name)?;
                write_list(f, '(', arguments, ')')
            }
            ExprKind::Method(value, name, arguments) => {
                value.write(f, binding::POSTFIX)?;
                write!(f, ".{name}")?;
                write_list(f, '(', arguments, ')')
            }
            ExprKind::Lambda(parameters, body) => match parameters.as_slice() {
                [single] => write!(f, "{single} -> {body}"),
                several => write!(f, "({}) -> {body}", several.join(", ")),
            },
            ExprKind::Member(value, name) => {
                value.write(f, binding::POSTFIX)?;
                f.write_char('.')?;
                write_name(f, name, is_plain_member(name))
            }
            ExprKind::Index(value, index) => {
                value.write(f, binding::POSTFIX)?;
                write!(f, "[{index}]")
            }
            ExprKind::Empty(value) => write_word(f, "empty", value),
            ExprKind::Size(value) => write_word(f, "size", value),
        }
    }
}

/// The expression in JEXL's symbols with no more parentheses than it needs.
impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write(f, binding::LAMBDA)
    }
}

/// A word before a value; parentheses only where they are needed, for they count as nesting.
fn write_word(f: &mut Formatter<'_>, word: &str, value: &Expr) -> fmt::Result {
    f.write_str(word)?;
    f.write_char(' ')?;
    value.write(f, binding::UNARY)
}

fn write_infix(f: &mut Formatter<'_>, left: &Expr, symbol: &str, right: &Expr, own: u8) -> fmt::Result {
    let chains = own != binding::EQUALITY && own != binding::RELATION;
    left.write(f, if chains { own } else { own + 1 })?;
    write!(f, " {symbol} ")?;
    right.write(f, own + 1)
}

fn write_list(f: &mut Formatter<'_>, open: char, items: &[Expr], close: char) -> fmt::Result {
    f.write_char(open)?;
    for (index, item) in items.iter().enumerate() {
        f.write_str(if index > 0 { ", " } else { "" })?;
        item.fmt(f)?;
    }
    f.write_char(close)
}

fn write_string(f: &mut Formatter<'_>, value: &str) -> fmt::Result {
    f.write_char('"')?;
    for c in value.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            '\r' => f.write_str("\\r")?,
            '\u{8}' => f.write_str("\\b")?,
            '\u{c}' => f.write_str("\\f")?,
            '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' | '\u{7f}' => write!(f, "\\u{:04x}", u32::from(c))?,
            _ => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

fn write_path(f: &mut Formatter<'_>, path: &Path) -> fmt::Result {
    for (index, segment) in path.segments.iter().enumerate() {
        match segment {
            Segment::Name(name) if index == 0 => {
                let first_ok = name.chars().next().is_some_and(|c| !c.is_numeric());
                write_name(f, name, first_ok && is_plain_member(name) && !is_kept(name))?;
            }
            Segment::Name(name) => {
                f.write_char('.')?;
                write_name(f, name, is_plain_member(name) && !is_kept(name))?;
            }
            other => other.fmt(f)?,
        }
    }
    Ok(())
}

fn write_name(f: &mut Formatter<'_>, name: &str, plain: bool) -> fmt::Result {
    if plain {
        return f.write_str(name);
    }
    f.write_str("${")?;
    write_escaped(f, name)?;
    f.write_char('}')
}

/// Whether Adobe keeps a word for itself. By its page such a field is written `${…}` wherever it stands;
/// only the first of a path needs that here.
fn is_kept(name: &str) -> bool {
    reserved(name).is_some() || is_function(name)
}

/// Whether `name` needs no `${…}` after a dot. A last `$` would join a brace that follows.
fn is_plain_member(name: &str) -> bool {
    !name.is_empty() && name.chars().all(is_name_char) && !name.ends_with('$')
}
