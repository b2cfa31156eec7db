//! Tokens into a tree, by precedence climbing over JEXL's grammar. What changes state is refused
//! with a sentence that says what to write instead; nothing a user can send exhausts the stack.

use super::ast::{BinaryOp, Expr, ExprKind, Span, UnaryOp, binding};
use super::lexer::{Kind, Token, lex};
use super::path::{Path, Segment};
use super::{ParseError, is_function, shown};

/// Parentheses, arguments, literals, prefixes and conditionals inside each other.
pub const MAX_DEPTH: u32 = 64;
/// Operators, methods and indexes in one expression. Chains such as `a + b + c` grow the tree to
/// the left without nesting, and everyone who walks the tree recurses into it.
pub const MAX_LINKS: u32 = 256;

/// Parses a Data Prep expression. The caller bounds the length of `text`.
///
/// # Errors
/// When the text is not one expression of the language, with the leftmost place that shows it.
pub fn parse(text: &str) -> Result<Expr, ParseError> {
    let (tokens, unread) = lex(text);
    let mut parser = Parser { text, tokens: &tokens, at: 0, depth: 0, links: 0 };
    let parsed = parser.whole();
    // What could not be read hides the rest of the text, so only a mistake before it comes first.
    let readable = tokens.last().map_or(0, |end| end.span.start as usize);
    match (parsed, unread) {
        (Err(error), Some(_)) if error.position < readable => Err(error),
        (_, Some(unread)) => Err(unread),
        (parsed, None) => parsed,
    }
}

const END: Token = Token { kind: Kind::End, span: Span { start: 0, end: 0 } };

struct Parser<'t> {
    text: &'t str,
    /// Ends with [`Kind::End`].
    tokens: &'t [Token],
    at: usize,
    depth: u32,
    links: u32,
}

type Parsed = Result<Expr, ParseError>;

#[derive(Clone, Copy)]
enum Infix {
    Operator(BinaryOp),
    Range,
}

impl Infix {
    fn of(kind: &Kind) -> Option<(Self, u8)> {
        let Kind::Sym(symbol) = kind else {
            return None;
        };
        if *symbol == ".." {
            return Some((Self::Range, binding::EQUALITY));
        }
        let op = BinaryOp::ALL.into_iter().find(|op| op.symbol() == *symbol)?;
        Some((Self::Operator(op), op.binding()))
    }
}

impl<'t> Parser<'t> {
    fn token(&self) -> &'t Token {
        self.tokens.get(self.at).or_else(|| self.tokens.last()).unwrap_or(&END)
    }

    fn ahead(&self, count: usize) -> &'t Kind {
        self.tokens.get(self.at + count).map_or(&Kind::End, |token| &token.kind)
    }

    fn is(&self, symbol: &str) -> bool {
        matches!(&self.token().kind, Kind::Sym(found) if *found == symbol)
    }

    fn eat(&mut self, symbol: &str) -> bool {
        let found = self.is(symbol);
        if found {
            self.at += 1;
        }
        found
    }

    /// Takes a closing symbol and returns its span.
    fn close(&mut self, symbol: &str, expected: &str) -> Result<Span, ParseError> {
        let span = self.token().span;
        if self.eat(symbol) { Ok(span) } else { Err(self.unexpected(expected)) }
    }

    fn source(&self) -> &'t str {
        let span = self.token().span;
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    fn refused(&self, message: impl Into<String>) -> ParseError {
        ParseError::refused(self.text, self.token().span.start as usize, message)
    }

    /// The error for a token that cannot follow, in the clearest words there are for it.
    fn unexpected(&self, expected: &str) -> ParseError {
        let assignment = "assignment is not part of Data Prep; the mapping's destination says where the value goes, and == compares";
        match &self.token().kind {
            Kind::Sym("=" | "+=" | "-=" | "*=" | "/=" | "%=" | "&=" | "|=" | "^=") => self.refused(assignment),
            Kind::Sym("=>") => self.refused("\"=>\" is not an operator; write >= to compare and -> for a lambda"),
            Kind::Reserved(word) if is_statement(word) => self.refused(format!(
                "\"{word}\" is a statement, and a Data Prep expression is one value without statements; to read a field of this name write ${{{word}}}"
            )),
            Kind::End if self.text.trim().is_empty() => {
                self.refused("the expression is empty; write a field's name, a constant or a function")
            }
            Kind::End => {
                let position = self.token().span.start as usize;
                ParseError::expected(self.text, position, expected, "end of expression")
            }
            _ => {
                let position = self.token().span.start as usize;
                ParseError::expected(self.text, position, expected, &shown(self.source()))
            }
        }
    }

    /// The error where a value is due.
    fn no_value(&self) -> ParseError {
        let word = self.source();
        let operator = matches!(self.token().kind, Kind::Sym(_)) && word.starts_with(char::is_alphabetic);
        match &self.token().kind {
            Kind::Reserved(word) if !is_statement(word) => self.reserved_word(word),
            _ if operator => self.reserved_word(word),
            _ => self.unexpected("a value"),
        }
    }

    fn reserved_word(&self, word: &str) -> ParseError {
        self.refused(format!("\"{word}\" is a reserved word; to read a field of this name write ${{{word}}}"))
    }

    fn function_name(&self, name: &str) -> ParseError {
        self.refused(format!(
            "{name} is the name of a function; to call it write {name}(…), to read a field of this name write ${{{name}}}"
        ))
    }

    fn nested(&mut self, parse: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        if self.depth == MAX_DEPTH {
            return Err(self.refused(format!("the expression is nested more than {MAX_DEPTH} levels deep")));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn link(&mut self) -> Result<(), ParseError> {
        self.links += 1;
        if self.links > MAX_LINKS {
            return Err(self
                .refused(format!("the expression has more than {MAX_LINKS} operators; split the mapping")));
        }
        Ok(())
    }

    fn whole(&mut self) -> Parsed {
        let expr = self.unnested()?;
        match self.token().kind {
            Kind::End => Ok(expr),
            _ => Err(self.unexpected("an operator or the end of the expression")),
        }
    }

    fn expr(&mut self) -> Parsed {
        self.nested(Self::unnested)
    }

    fn unnested(&mut self) -> Parsed {
        if let Some((parameters, arrow)) = self.lambda_head() {
            return self.lambda(parameters, arrow);
        }
        let condition = self.binary(binding::OR)?;
        let start = condition.span;
        if self.eat("?") {
            let then = self.expr()?;
            self.close(":", "\":\" and the value for the other case")?;
            let otherwise = self.expr()?;
            let span = start.to(otherwise.span);
            let kind = ExprKind::Ternary(Box::new(condition), Box::new(then), Box::new(otherwise));
            return Ok(Expr { kind, span });
        }
        let elvis = self.is("?:");
        if !self.eat("?:") && !self.eat("??") {
            return Ok(condition);
        }
        let otherwise = self.expr()?;
        let span = start.to(otherwise.span);
        let (value, otherwise) = (Box::new(condition), Box::new(otherwise));
        let kind =
            if elvis { ExprKind::Elvis(value, otherwise) } else { ExprKind::Coalesce(value, otherwise) };
        Ok(Expr { kind, span })
    }

    /// The parameters of a lambda that starts here, and the distance to its arrow.
    fn lambda_head(&self) -> Option<(Vec<String>, usize)> {
        let mut parameters = Vec::new();
        let mut at = 0;
        if let Kind::Name(name) = self.ahead(0) {
            parameters.push(name.clone());
        } else if self.is("(") {
            loop {
                at += 1;
                match self.ahead(at) {
                    Kind::Name(name) => parameters.push(name.clone()),
                    Kind::Sym(")") if parameters.is_empty() => break,
                    _ => return None,
                }
                at += 1;
                match self.ahead(at) {
                    Kind::Sym(",") => {}
                    Kind::Sym(")") => break,
                    _ => return None,
                }
            }
        } else {
            return None;
        }
        (self.ahead(at + 1) == &Kind::Sym("->")).then_some((parameters, at + 1))
    }

    fn lambda(&mut self, parameters: Vec<String>, arrow: usize) -> Parsed {
        let start = self.token().span;
        let repeated =
            parameters.iter().enumerate().find(|(i, name)| parameters.iter().take(*i).any(|p| p == *name));
        if let Some((_, name)) = repeated {
            return Err(self.refused(format!("the lambda has two parameters named {}", shown(name))));
        }
        if let Some(name) = parameters.iter().find(|name| is_function(name)) {
            return Err(
                self.refused(format!("{name} is the name of a function; call the parameter otherwise"))
            );
        }
        self.at += arrow + 1;
        let body = self.expr()?;
        let span = start.to(body.span);
        Ok(Expr { kind: ExprKind::Lambda(parameters, Box::new(body)), span })
    }

    fn binary(&mut self, least: u8) -> Parsed {
        let mut left = self.unary()?;
        // A comparison that has just been read takes no second one of its kind.
        let mut closed = None;
        while let Some((infix, bound)) = Infix::of(&self.token().kind) {
            if bound < least {
                break;
            }
            if closed == Some(bound) {
                return Err(self.refused(format!(
                    "comparisons do not chain, and {} follows one; use parentheses or \"and\"",
                    shown(self.source())
                )));
            }
            self.link()?;
            self.at += 1;
            let right = self.binary(bound + 1)?;
            let span = left.span.to(right.span);
            let (a, b) = (Box::new(left), Box::new(right));
            let kind = match infix {
                Infix::Operator(op) => ExprKind::Binary(op, a, b),
                Infix::Range => ExprKind::Range(a, b),
            };
            left = Expr { kind, span };
            closed = (bound == binding::EQUALITY || bound == binding::RELATION).then_some(bound);
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed {
        let start = self.token().span;
        let wrap: fn(Box<Expr>) -> ExprKind = match &self.token().kind {
            Kind::Sym("-") => |value| ExprKind::Unary(UnaryOp::Neg, value),
            Kind::Sym("!") => |value| ExprKind::Unary(UnaryOp::Not, value),
            Kind::Sym("~") => |value| ExprKind::Unary(UnaryOp::Complement, value),
            Kind::Reserved("empty") => ExprKind::Empty,
            Kind::Reserved("size") => ExprKind::Size,
            Kind::Sym("+") if matches!(self.ahead(1), Kind::Number(_)) => {
                self.at += 1;
                return self.postfix();
            }
            Kind::Sym("+") => return Err(self.refused("a leading + does nothing; leave it out")),
            _ => return self.postfix(),
        };
        if self.source().starts_with(char::is_alphabetic) && !self.value_follows() {
            return Err(self.reserved_word(self.source()));
        }
        self.at += 1;
        let value = self.nested(Self::unary)?;
        let span = start.to(value.span);
        Ok(Expr { kind: wrap(Box::new(value)), span })
    }

    /// Whether the token after this one can begin a value.
    fn value_follows(&self) -> bool {
        match self.ahead(1) {
            Kind::Sym(symbol) => matches!(*symbol, "(" | "[" | "{" | "-" | "!" | "~" | "+"),
            Kind::End => false,
            _ => true,
        }
    }

    fn postfix(&mut self) -> Parsed {
        let mut value = self.primary()?;
        loop {
            if self.eat(".") {
                value = self.member(value)?;
            } else if self.is("[") {
                value = self.index(value)?;
            } else if self.is("{") && matches!(value.kind, ExprKind::Path(_)) {
                value = self.braces(value)?;
            } else if self.is("(") {
                return Err(self.refused("only a function or method can be called, by its name"));
            } else {
                return Ok(value);
            }
        }
    }

    /// `value.name`, `value.${name}` or `value.name(arguments)`, after the dot.
    fn member(&mut self, value: Expr) -> Parsed {
        let end = self.token().span;
        match &self.token().kind {
            Kind::Name(name) => {
                self.at += 1;
                if self.is("(") {
                    self.link()?;
                    let (arguments, end) = self.arguments()?;
                    let span = value.span.to(end);
                    return Ok(Expr {
                        kind: ExprKind::Method(Box::new(value), name.clone(), arguments),
                        span,
                    });
                }
                self.named(value, name, end)
            }
            Kind::Quoted(names) => {
                self.at += 1;
                names.iter().try_fold(value, |value, name| self.named(value, name, end))
            }
            _ => Err(self.unexpected("a field name")),
        }
    }

    fn named(&mut self, value: Expr, name: &str, end: Span) -> Parsed {
        let span = value.span.to(end);
        let kind = match value.kind {
            ExprKind::Path(mut path) => {
                path.segments.push(Segment::Name(name.to_owned()));
                ExprKind::Path(path)
            }
            kind => {
                self.link()?;
                ExprKind::Member(Box::new(Expr { kind, span: value.span }), name.to_owned())
            }
        };
        Ok(Expr { kind, span })
    }

    /// `value[…]`. An index or name known now keeps a path a path.
    fn index(&mut self, value: Expr) -> Parsed {
        let star = self.ahead(1) == &Kind::Sym("*") && self.ahead(2) == &Kind::Sym("]");
        if star && !matches!(value.kind, ExprKind::Path(_)) {
            return Err(self.refused("[*] follows only a field path"));
        }
        self.at += 1;
        if star {
            self.at += 1;
            let end = self.close("]", "\"]\"")?;
            return Ok(extended(value, Segment::Each, end));
        }
        let index = self.expr()?;
        let end = self.close("]", "\"]\"")?;
        if matches!(value.kind, ExprKind::Path(_)) {
            let segment = match &index.kind {
                ExprKind::Number(text) => text.parse().ok().map(Segment::Index),
                ExprKind::String(name) if !name.is_empty() => Some(Segment::Name(name.clone())),
                _ => None,
            };
            if let Some(segment) = segment {
                return Ok(extended(value, segment, end));
            }
        }
        self.link()?;
        let span = value.span.to(end);
        Ok(Expr { kind: ExprKind::Index(Box::new(value), Box::new(index)), span })
    }

    /// `{*}`, `{**}` or `{key}` after a path.
    fn braces(&mut self, value: Expr) -> Parsed {
        let star = Kind::Sym("*");
        let (segment, len) = match (self.ahead(1), self.ahead(2)) {
            (first, second) if *first == star && *second == star => (Segment::Rest, 3),
            (first, _) if *first == star => (Segment::EachValue, 2),
            (Kind::Name(name), _) if name == "key" => (Segment::EachKey, 2),
            _ => return Err(self.unexpected("an operator, {*}, {key} or {**}")),
        };
        self.at += len;
        let end = self.close("}", "\"}\"")?;
        Ok(extended(value, segment, end))
    }

    fn primary(&mut self) -> Parsed {
        let token = self.token();
        let span = token.span;
        let kind = match &token.kind {
            Kind::Number(text) => ExprKind::Number(text.clone()),
            Kind::Text(value) => ExprKind::String(value.clone()),
            Kind::Reserved("null") => ExprKind::Null,
            Kind::Reserved("true") => ExprKind::Bool(true),
            Kind::Reserved("false") => ExprKind::Bool(false),
            Kind::Quoted(names) => {
                ExprKind::Path(Path { segments: names.iter().cloned().map(Segment::Name).collect() })
            }
            Kind::Name(name) if self.ahead(1) == &Kind::Sym("(") => {
                self.at += 1;
                let (arguments, end) = self.arguments()?;
                return Ok(Expr { kind: ExprKind::Call(name.clone(), arguments), span: span.to(end) });
            }
            Kind::Name(name) if is_function(name) => return Err(self.function_name(name)),
            Kind::Name(name) => ExprKind::Path(Path { segments: vec![Segment::Name(name.clone())] }),
            Kind::Sym("(") => {
                self.at += 1;
                let inner = self.expr()?;
                let end = self.close(")", "\")\"")?;
                return Ok(Expr { kind: inner.kind, span: span.to(end) });
            }
            Kind::Sym("[") => {
                let (items, end) = self.list("]", "\",\" or \"]\"")?;
                return Ok(Expr { kind: ExprKind::Array(items), span: span.to(end) });
            }
            Kind::Sym("{") => return self.map(),
            _ => return Err(self.no_value()),
        };
        self.at += 1;
        Ok(Expr { kind, span })
    }

    fn arguments(&mut self) -> Result<(Vec<Expr>, Span), ParseError> {
        self.list(")", "\",\" or \")\"")
    }

    /// Values between commas, from the opening symbol to the closing one, whose span is returned.
    fn list(&mut self, close: &str, expected: &str) -> Result<(Vec<Expr>, Span), ParseError> {
        self.at += 1;
        let mut items = Vec::new();
        let end = self.token().span;
        if self.eat(close) {
            return Ok((items, end));
        }
        loop {
            items.push(self.expr()?);
            if !self.eat(",") {
                return self.close(close, expected).map(|end| (items, end));
            }
        }
    }

    /// `{key : value, …}`, `{}` or JEXL's `{:}`.
    fn map(&mut self) -> Parsed {
        let start = self.token().span;
        self.at += 1;
        let mut entries = Vec::new();
        if self.is(":") && self.ahead(1) == &Kind::Sym("}") {
            self.at += 1;
        }
        let mut more = !self.is("}");
        while more {
            let key = self.expr()?;
            if entries.is_empty() && (self.is(",") || self.is("}")) {
                return Err(self.refused(
                    "sets such as {1, 2} are not part of Data Prep; write an array, [1, 2], or a map, {'key' : value}",
                ));
            }
            self.close(":", "\":\" and the value of the key")?;
            entries.push((key, self.expr()?));
            more = self.eat(",");
        }
        let end = self.close("}", "\",\" or \"}\"")?;
        Ok(Expr { kind: ExprKind::Map(entries), span: start.to(end) })
    }
}

/// A path with one more segment.
fn extended(value: Expr, segment: Segment, end: Span) -> Expr {
    let span = value.span.to(end);
    let kind = match value.kind {
        ExprKind::Path(mut path) => {
            path.segments.push(segment);
            ExprKind::Path(path)
        }
        other => other,
    };
    Expr { kind, span }
}

fn is_statement(word: &str) -> bool {
    matches!(
        word,
        "break" | "continue" | "do" | "else" | "for" | "function" | "if" | "new" | "return" | "var" | "while"
    )
}
