//! Text into tokens. The lexer knows the two places where JEXL's tokens depend on what came
//! before: after a dot every word and digit is a name, and where a value is due `!$` is not an
//! operator. The parser therefore needs no second reading of the text.

use super::ast::Span;
use super::path::{bad_name_escape, unescape_name};
use super::{ParseError, is_name_char, reserved, shown};

/// One token and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// A name that is not reserved; after a dot, any name.
    Name(String),
    /// `${…}`: the names between its unescaped dots, at least one.
    Quoted(Vec<String>),
    /// A reserved word that is not an operator.
    Reserved(&'static str),
    /// JSON number text.
    Number(String),
    /// A string literal's value.
    Text(String),
    /// An operator or separator; word operators arrive as their symbol, `?.` as `.`.
    Sym(&'static str),
    /// The end of the text, or of the part that could be read.
    End,
}

/// Longest first within the same beginning.
const SYMBOLS: [&str; 49] = [
    "?.", "?:", "??", "?", "->", "-=", "-", "=>", "==", "=~", "=^", "=$", "=", "!=", "!~", "!^", "!$", "!",
    "<=", "<", ">=", ">", "&&", "&=", "&", "||", "|=", "|", "+=", "+", "*=", "*", "/=", "/", "%=", "%", "^=",
    "^", "..", ".", "~", "(", ")", "[", "]", "{", "}", ",", ":",
];

/// What some version of JEXL has, or a user of another language expects, and Data Prep has not.
const FOREIGN: [(&str, &str); 8] = [
    ("===", "=== is not part of Data Prep; == compares"),
    ("!==", "!== is not part of Data Prep; != compares"),
    ("<<", "shifts are not part of Data Prep; multiply by a power of two"),
    (">>", "shifts are not part of Data Prep; divide by a power of two"),
    ("++", "++ is not part of Data Prep: an expression changes nothing; write + 1"),
    ("~/", "patterns are written in quotes: name =~ \"[a-z]+\""),
    ("?[", "a missing array gives null by itself; write [ without ?, or a blank after the ? of a condition"),
    ("&&=", "assignment is not part of Data Prep; the mapping's destination says where the value goes"),
];

/// Tokens of `text`, always ended by [`Kind::End`], and the error that stopped the reading, if any.
/// The error is returned beside the tokens so that a mistake further left is reported first.
pub(super) fn lex(text: &str) -> (Vec<Token>, Option<ParseError>) {
    let mut lexer = Lexer { text, at: 0, tokens: Vec::new() };
    let error = loop {
        match lexer.next() {
            Ok(true) => {}
            Ok(false) => break None,
            Err(error) => break Some(error),
        }
    };
    let end = lexer.at;
    lexer.push(Kind::End, end);
    (lexer.tokens, error)
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    tokens: Vec<Token>,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// The character after the next one.
    fn second(&self) -> Option<char> {
        self.rest().chars().nth(1)
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let len = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += len;
        rest.get(..len).unwrap_or("")
    }

    fn push(&mut self, kind: Kind, start: usize) {
        let span = Span::new(start, self.at);
        self.tokens.push(Token { kind, span });
    }

    fn last(&self) -> Option<&Kind> {
        self.tokens.last().map(|token| &token.kind)
    }

    fn after_dot(&self) -> bool {
        self.last() == Some(&Kind::Sym("."))
    }

    /// Whether the last token ends a value, so that an operator is due.
    fn after_value(&self) -> bool {
        match self.last() {
            Some(Kind::Sym(symbol)) => matches!(*symbol, ")" | "]" | "}"),
            Some(Kind::Reserved(word)) => matches!(*word, "null" | "true" | "false"),
            Some(Kind::Name(_) | Kind::Quoted(_) | Kind::Number(_) | Kind::Text(_)) => true,
            Some(Kind::End) | None => false,
        }
    }

    /// Reads one token; false at the end.
    fn next(&mut self) -> Result<bool, ParseError> {
        self.skip_blank()?;
        let start = self.at;
        let Some(c) = self.peek() else {
            return Ok(false);
        };
        if self.rest().starts_with("${") {
            self.quoted(start)?;
        } else if self.after_dot() && is_name_char(c) {
            let name = self.take_name();
            self.push(Kind::Name(name), start);
        } else if c.is_ascii_digit()
            || (c == '.' && !self.after_value() && self.second().is_some_and(|d| d.is_ascii_digit()))
        {
            self.number(start)?;
        } else if is_name_char(c) && !c.is_numeric() {
            let name = self.take_name();
            self.push(word(name), start);
        } else if c == '"' || c == '\'' {
            self.string(start, c)?;
        } else {
            let symbol = self.symbol(start, c)?;
            self.at += symbol.len();
            self.push(Kind::Sym(if symbol == "?." { "." } else { symbol }), start);
        }
        Ok(true)
    }

    /// Skips white space and the comments `## …`, `// …` and `/* … */`.
    fn skip_blank(&mut self) -> Result<(), ParseError> {
        loop {
            self.take_while(char::is_whitespace);
            let rest = self.rest();
            if rest.starts_with("##") || rest.starts_with("//") {
                self.take_while(|c| c != '\n' && c != '\r');
            } else if rest.starts_with("/*") {
                let Some(end) = rest.get(2..).and_then(|inner| inner.find("*/")) else {
                    return Err(self.open_ended("comment", "\"*/\""));
                };
                self.at += end + 4;
            } else {
                return Ok(());
            }
        }
    }

    /// Something that starts at the current position has no end.
    fn open_ended(&self, what: &str, closing: &str) -> ParseError {
        let message = format!("the {what} that starts here has no closing {closing}");
        ParseError::new(self.text, self.at, closing, "end of expression", message)
    }

    /// A name of any first character. `$` before `{` belongs to the quoted name that follows.
    fn take_name(&mut self) -> String {
        let start = self.at;
        while let Some(c) = self.peek() {
            if !is_name_char(c) || self.rest().starts_with("${") {
                break;
            }
            self.at += c.len_utf8();
        }
        self.text.get(start..self.at).unwrap_or("").to_owned()
    }

    fn quoted(&mut self, start: usize) -> Result<(), ParseError> {
        let content = start + 2;
        let mut names = vec![String::new()];
        let mut escaped = false;
        let mut chars = self.text.get(content..).unwrap_or("").char_indices();
        let end = loop {
            let Some((offset, c)) = chars.next() else {
                return Err(self.open_ended("quoted name", "\"}\""));
            };
            if escaped {
                let c = unescape_name(c).ok_or_else(|| bad_name_escape(self.text, content + offset - 1))?;
                if let Some(name) = names.last_mut() {
                    name.push(c);
                }
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if c == '}' {
                break content + offset;
            } else if c == '.' {
                names.push(String::new());
            } else if let Some(name) = names.last_mut() {
                name.push(c);
            }
        };
        if names.iter().any(String::is_empty) {
            let message =
                "a field name between ${ and } is empty; a dot that belongs to a name is written \\.";
            return Err(ParseError::refused(self.text, start, message));
        }
        self.at = end + 1;
        self.push(Kind::Quoted(names), start);
        Ok(())
    }

    fn digits(&mut self) -> &'t str {
        self.take_while(|c| c.is_ascii_digit())
    }

    fn number(&mut self, start: usize) -> Result<(), ParseError> {
        let rest = self.rest();
        if rest.starts_with("0x") || rest.starts_with("0X") {
            return self.hexadecimal(start);
        }
        let whole = self.digits();
        let fraction = if self.fraction_follows() {
            self.at += 1;
            Some(self.digits())
        } else {
            None
        };
        let exponent = self.exponent();
        self.suffix("lLhHdDfFbB");
        self.number_ends(start)?;
        if whole.len() > 1 && whole.starts_with('0') {
            return self.octal(start, whole, fraction.is_none() && exponent.is_empty());
        }
        let mut json = String::from(if whole.is_empty() { "0" } else { whole });
        if let Some(digits) = fraction {
            json.push('.');
            json.push_str(if digits.is_empty() { "0" } else { digits });
        }
        json.push_str(exponent);
        self.push(Kind::Number(json), start);
        Ok(())
    }

    fn hexadecimal(&mut self, start: usize) -> Result<(), ParseError> {
        self.at += 2;
        let digits = self.take_while(|c| c.is_ascii_hexdigit());
        self.suffix("lLhH");
        self.number_ends(start)?;
        let Ok(value) = u128::from_str_radix(digits, 16) else {
            let message = "a hexadecimal number has 1 to 32 digits";
            return Err(ParseError::refused(self.text, start, message));
        };
        self.push(Kind::Number(value.to_string()), start);
        Ok(())
    }

    /// A number with a leading zero, which JEXL reads as octal.
    fn octal(&mut self, start: usize, digits: &str, is_whole: bool) -> Result<(), ParseError> {
        let value = u128::from_str_radix(digits, 8).ok().filter(|_| is_whole);
        let Some(value) = value else {
            let message = "a leading zero makes a number octal, with the digits 0 to 7; leave the zero out, or write text in quotes";
            return Err(ParseError::refused(self.text, start, message));
        };
        self.push(Kind::Number(value.to_string()), start);
        Ok(())
    }

    /// Whether the dot after a whole number belongs to it: `1.5`, `1.`, `1.e3` and `1.f`, but not
    /// `1..5` (a range) nor `1.name`.
    fn fraction_follows(&self) -> bool {
        let mut after = self.rest().chars();
        if after.next() != Some('.') {
            return false;
        }
        let tail = after.as_str();
        match after.next() {
            Some('.') => false,
            Some(c) if c.is_ascii_digit() => true,
            Some(c) if is_name_char(c) => {
                exponent_len(tail) > 0 || ("dDfFbB".contains(c) && !after.next().is_some_and(is_name_char))
            }
            _ => true,
        }
    }

    fn exponent(&mut self) -> &'t str {
        let rest = self.rest();
        let len = exponent_len(rest);
        self.at += len;
        rest.get(..len).unwrap_or("")
    }

    /// Java's type suffix carries nothing that JSON could hold, and is dropped.
    fn suffix(&mut self, letters: &str) {
        if self.peek().is_some_and(|c| letters.contains(c)) && !self.second().is_some_and(is_name_char) {
            self.at += 1;
        }
    }

    fn number_ends(&mut self, start: usize) -> Result<(), ParseError> {
        let more = self.peek().is_some_and(is_name_char)
            || (self.peek() == Some('.') && self.second().is_some_and(|c| c.is_ascii_digit()));
        if !more {
            return Ok(());
        }
        self.take_while(|c| is_name_char(c) || c == '.');
        let source = shown(self.text.get(start..self.at).unwrap_or(""));
        let message = format!("{source} is not a number; dates and other text are written in quotes");
        Err(ParseError::refused(self.text, start, message))
    }

    fn string(&mut self, start: usize, quote: char) -> Result<(), ParseError> {
        let mut value = String::new();
        let mut chars = self.text.get(start + 1..).unwrap_or("").char_indices();
        let end = loop {
            match chars.next() {
                None => {
                    let closing = if quote == '"' { "'\"'" } else { "\"'\"" };
                    return Err(self.open_ended("string", closing));
                }
                Some((offset, c)) if c == quote => break start + 1 + offset,
                Some((offset, '\n' | '\r' | '\u{2028}' | '\u{2029}')) => {
                    let message = "a string cannot hold a line break; write \\n or close the string";
                    return Err(ParseError::refused(self.text, start + 1 + offset, message));
                }
                Some((offset, '\\')) => {
                    let position = start + 1 + offset;
                    let tail = chars.as_str();
                    let used = self.escape(position, tail, &mut value)?;
                    if let Some(skip) = used.checked_sub(1) {
                        chars.nth(skip);
                    }
                }
                Some((_, c)) => value.push(c),
            }
        };
        self.at = end + 1;
        self.push(Kind::Text(value), start);
        Ok(())
    }

    /// Reads what follows a backslash at `position` and returns how many characters it took.
    fn escape(&self, position: usize, tail: &str, value: &mut String) -> Result<usize, ParseError> {
        let simple = match tail.chars().next() {
            Some('n') => '\n',
            Some('t') => '\t',
            Some('r') => '\r',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some(c @ ('\\' | '\'' | '"')) => c,
            Some('u') => {
                let (c, used) = unicode_escape(tail).ok_or_else(|| {
                    let message = "\\u takes four hexadecimal digits, and a surrogate its other half";
                    ParseError::refused(self.text, position, message)
                })?;
                value.push(c);
                return Ok(used);
            }
            // JEXL keeps a backslash that escapes nothing, which is how regular expressions
            // such as "\d+" are written.
            _ => {
                value.push('\\');
                return Ok(0);
            }
        };
        value.push(simple);
        Ok(1)
    }

    fn symbol(&self, start: usize, c: char) -> Result<&'static str, ParseError> {
        let rest = self.rest();
        let digit = |index: usize| rest.chars().nth(index).is_some_and(|c| c.is_ascii_digit());
        // `a ?.5 : 1` is a conditional; `!$x`, `!~x` where a value is due negate; the `$` of `${`
        // never belongs to an operator.
        let alone = (rest.starts_with("?.") && digit(2))
            || (c == '!' && !rest.starts_with("!=") && !self.after_value())
            || rest.get(1..).is_some_and(|tail| tail.starts_with("${"));
        if let Some((_, message)) = FOREIGN.into_iter().find(|(foreign, _)| rest.starts_with(foreign)) {
            return Err(ParseError::refused(self.text, start, message));
        }
        let found = SYMBOLS
            .into_iter()
            .filter(|symbol| !alone || symbol.len() == 1)
            .find(|symbol| rest.starts_with(symbol));
        if let Some(symbol) = found {
            return Ok(symbol);
        }
        let message =
            match c {
                ';' => "statements are not part of Data Prep; write one expression without \";\"".to_owned(),
                '#' => "# begins nothing in Data Prep: there are no pragmas, and a comment begins with ##"
                    .to_owned(),
                '@' => "annotations are not part of Data Prep; write one expression".to_owned(),
                '`' => "template strings are not part of Data Prep; use concat(…)".to_owned(),
                '\\' => "a backslash cannot stand here; a name that holds a dot is written ${First\\.Name}"
                    .to_owned(),
                _ => format!("{} is not part of the expression language", shown(c.encode_utf8(&mut [0; 4]))),
            };
        Err(ParseError::refused(self.text, start, message))
    }
}

/// A word that does not follow a dot.
fn word(name: String) -> Kind {
    let symbol = match name.as_str() {
        "and" => "&&",
        "or" => "||",
        "not" => "!",
        "eq" => "==",
        "ne" => "!=",
        "lt" => "<",
        "gt" => ">",
        "le" => "<=",
        "ge" => ">=",
        "mod" => "%",
        "div" => "/",
        _ => return reserved(&name).map_or(Kind::Name(name), Kind::Reserved),
    };
    Kind::Sym(symbol)
}

/// Bytes that an exponent at the start of `text` takes; 0 when there is none.
fn exponent_len(text: &str) -> usize {
    let Some(tail) = text.strip_prefix(['e', 'E']) else {
        return 0;
    };
    let digits = tail.strip_prefix(['+', '-']).unwrap_or(tail);
    let count = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    if count == 0 { 0 } else { text.len() - digits.len() + count }
}

/// The character of `uXXXX` or of a surrogate pair `uXXXX\uXXXX`, and the characters it took.
fn unicode_escape(tail: &str) -> Option<(char, usize)> {
    let unit = |text: &str| -> Option<u32> {
        let digits = text.strip_prefix('u')?.get(..4)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        u32::from_str_radix(digits, 16).ok()
    };
    let first = unit(tail)?;
    if let Some(c) = char::from_u32(first) {
        return Some((c, 5));
    }
    let second = unit(tail.get(5..)?.strip_prefix('\\')?)?;
    if first >= 0xDC00 || !(0xDC00..0xE000).contains(&second) {
        return None;
    }
    char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)).map(|c| (c, 11))
}
