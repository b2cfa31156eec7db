//! Java's syntax of regular expressions (`java.util.regex.Pattern`) into a tree: groups, branches and
//! quantifiers. What follows a backslash or stands in brackets is read in `java_characters.rs`.

use super::class::{self, Class, Fold, Set};
use super::tree::{Assertion, Manner, Node, Tree, width};

/// Longest pattern, in characters.
const MAX_PATTERN: usize = 4096;
/// Deepest nesting of groups and of brackets.
const MAX_DEPTH: u32 = 100;
/// Highest number in `{…}`.
const MAX_REPEAT: u32 = 65_535;

/// What is wrong with a pattern, and at which character (counted from 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub(super) position: usize,
    pub(super) message: String,
}

/// The flags of `(?idmsux)` and `U`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Flags {
    pub(super) any_case: bool,
    pub(super) unix_lines: bool,
    multi_line: bool,
    dot_all: bool,
    unicode_case: bool,
    comments: bool,
    pub(super) unicode_classes: bool,
}

impl Flags {
    pub(super) fn fold(self) -> Option<Fold> {
        match (self.any_case, self.unicode_case || self.unicode_classes) {
            (false, _) => None,
            (true, false) => Some(Fold::Ascii),
            (true, true) => Some(Fold::Unicode),
        }
    }
}

/// A character of the pattern, and whether it stood between `\Q` and `\E`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Letter {
    pub(super) c: char,
    pub(super) quoted: bool,
    position: usize,
}

pub(super) type Result<T> = std::result::Result<T, SyntaxError>;

/// Reads a pattern.
pub(super) fn parse(pattern: &str) -> Result<Tree> {
    let letters = unquote(pattern);
    if letters.len() > MAX_PATTERN {
        let message = format!("a pattern may have at most {MAX_PATTERN} characters");
        return Err(SyntaxError { position: MAX_PATTERN + 1, message });
    }
    let mut parser = Parser {
        letters,
        at: 0,
        flags: Flags::default(),
        depth: 0,
        sets: Vec::new(),
        groups: 0,
        names: Vec::new(),
        highest_reference: None,
    };
    let root = parser.choice()?;
    if parser.peek().is_some() {
        return parser.fail("this ) closes no group; write \\) for the character");
    }
    if let Some((group, at)) = parser.highest_reference.filter(|(group, _)| *group > parser.groups) {
        return parser.fail_at(at, format!("there is no group {group} in the pattern"));
    }
    let Parser { sets, groups, names, .. } = parser;
    Ok(Tree { root, sets, groups, names })
}

/// The characters, with `\Q` and `\E` taken out.
fn unquote(pattern: &str) -> Vec<Letter> {
    let mut letters = Vec::with_capacity(pattern.len());
    let mut chars = pattern.chars().enumerate().peekable();
    let mut quoted = false;
    while let Some((index, c)) = chars.next() {
        let follows = |wanted: char, next: Option<&(usize, char)>| next.is_some_and(|(_, c)| *c == wanted);
        let position = index + 1;
        match c {
            '\\' if quoted && follows('E', chars.peek()) => {
                quoted = false;
                chars.next();
            }
            '\\' if !quoted && follows('Q', chars.peek()) => {
                quoted = true;
                chars.next();
            }
            '\\' if !quoted => {
                letters.push(Letter { c, quoted, position });
                letters.extend(chars.next().map(|(index, c)| Letter { c, quoted, position: index + 1 }));
            }
            _ => letters.push(Letter { c, quoted, position }),
        }
    }
    letters
}

pub(super) struct Parser {
    pub(super) letters: Vec<Letter>,
    pub(super) at: usize,
    pub(super) flags: Flags,
    pub(super) depth: u32,
    sets: Vec<Set>,
    pub(super) groups: u32,
    pub(super) names: Vec<(String, u32)>,
    /// The highest group that a `\1` and the like names, and where: it may come later.
    pub(super) highest_reference: Option<(u32, usize)>,
}

impl Parser {
    pub(super) fn fail<T>(&self, message: impl Into<String>) -> Result<T> {
        self.fail_at(self.at, message)
    }

    pub(super) fn fail_at<T>(&self, at: usize, message: impl Into<String>) -> Result<T> {
        let position = match (self.letters.get(at), self.letters.last()) {
            (Some(letter), _) => letter.position,
            (None, Some(last)) => last.position + 1,
            (None, None) => 1,
        };
        Err(SyntaxError { position, message: message.into() })
    }

    /// The next character when it may have a meaning of its own: not between `\Q` and `\E`.
    pub(super) fn peek(&self) -> Option<char> {
        self.letters.get(self.at).filter(|letter| !letter.quoted).map(|letter| letter.c)
    }

    pub(super) fn next_is(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(offset, c)| {
            self.letters.get(self.at + offset).is_some_and(|letter| !letter.quoted && letter.c == c)
        })
    }

    /// Passes over `text` when it comes next.
    pub(super) fn skip(&mut self, text: &str) -> bool {
        let found = self.next_is(text);
        if found {
            self.at += text.chars().count();
        }
        found
    }

    pub(super) fn take(&mut self) -> Option<char> {
        let letter = self.letters.get(self.at)?;
        self.at += 1;
        Some(letter.c)
    }

    /// Under `(?x)`: white space, and comments to the end of the line.
    pub(super) fn skip_comments(&mut self) {
        while self.flags.comments
            && let Some(c) = self.peek()
        {
            match c {
                ' ' | '\t'..='\r' => self.at += 1,
                '#' => {
                    while self.letters.get(self.at).is_some_and(|letter| !class::is_line_end(letter.c)) {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    pub(super) fn deeper(&mut self) -> Result<()> {
        self.depth += 1;
        match self.depth > MAX_DEPTH {
            true => self.fail(format!("a pattern may nest at most {MAX_DEPTH} levels deep")),
            false => Ok(()),
        }
    }

    pub(super) fn set(&mut self, class: Class) -> Node {
        self.sets.push(Set::new(class));
        Node::Set(self.sets.len() as u32 - 1)
    }

    /// A character as it is written, of either case under `(?i)`.
    pub(super) fn literal(&mut self, c: char) -> Node {
        let fold = self.flags.fold().filter(|fold| *fold == Fold::Unicode || c.is_ascii_alphabetic());
        match fold {
            Some(fold) => self.set(Class::single(c, Some(fold))),
            None => Node::Char(c),
        }
    }

    /// Branches between `|`.
    fn choice(&mut self) -> Result<Node> {
        self.deeper()?;
        let first = self.sequence()?;
        let mut branches = Vec::new();
        while self.skip("|") {
            branches.push(self.sequence()?);
        }
        self.depth -= 1;
        if branches.is_empty() {
            return Ok(first);
        }
        branches.insert(0, first);
        Ok(Node::Choice(branches))
    }

    fn sequence(&mut self) -> Result<Node> {
        let mut nodes = Vec::new();
        loop {
            self.skip_comments();
            if self.at >= self.letters.len() || matches!(self.peek(), Some('|' | ')')) {
                break;
            }
            if let Some(atom) = self.atom()? {
                nodes.push(self.repeated(atom)?);
            }
        }
        Ok(if nodes.len() == 1 { nodes.pop().unwrap_or(Node::Empty) } else { Node::Sequence(nodes) })
    }

    /// What can be repeated; none for flags that only switch.
    fn atom(&mut self) -> Result<Option<Node>> {
        let flags = self.flags;
        let start = self.at;
        if self.letters.get(self.at).is_some_and(|letter| letter.quoted) {
            let c = self.take().unwrap_or_default();
            return Ok(Some(self.literal(c)));
        }
        Ok(Some(match self.take().unwrap_or_default() {
            '(' => return self.group(),
            '[' => {
                let class = self.class()?;
                self.set(class)
            }
            '.' if flags.dot_all => self.set(Class::Range('\0', char::MAX)),
            '.' if flags.unix_lines => self.set(Class::Range('\n', '\n').negated()),
            '.' => self.set(Class::Test(class::is_line_end).negated()),
            '^' if flags.multi_line => Node::Assert(Assertion::LineStart(flags.unix_lines)),
            '^' => Node::Assert(Assertion::Start),
            '$' if flags.multi_line => Node::Assert(Assertion::LineEnd(flags.unix_lines)),
            '$' => Node::Assert(Assertion::LastLineEnd(flags.unix_lines)),
            c @ ('*' | '+' | '?') => {
                return self.fail_at(
                    start,
                    format!("there is nothing before {c} to repeat; write \\{c} for the character"),
                );
            }
            '{' => {
                return self
                    .fail_at(start, "there is nothing before { to repeat; write \\{ for the character");
            }
            '\\' => self.escape()?,
            c => self.literal(c),
        }))
    }

    /// The quantifier after an atom, if there is one.
    fn repeated(&mut self, atom: Node) -> Result<Node> {
        self.skip_comments();
        let start = self.at;
        let (min, max) = match self.peek() {
            Some('?') => (0, Some(1)),
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('{') => {
                self.at += 1;
                self.bounds(start)?
            }
            _ => return Ok(atom),
        };
        if self.at == start {
            self.at += 1;
        }
        let manner = if self.skip("?") {
            Manner::Lazy
        } else if self.skip("+") {
            Manner::Possessive
        } else {
            Manner::Greedy
        };
        self.skip_comments();
        if matches!(self.peek(), Some('*' | '+' | '?' | '{')) {
            return self.fail("a quantifier cannot follow a quantifier; put the first one into (?:…)");
        }
        Ok(Node::Repeat(Box::new(atom), min, max, manner))
    }

    /// `n}`, `n,}` or `n,m}`.
    fn bounds(&mut self, start: usize) -> Result<(u32, Option<u32>)> {
        let usage = "after { stands a number as in {2}, {2,} or {2,5}; write \\{ for the character";
        let Some(min) = self.number()? else { return self.fail_at(start, usage) };
        let max = match self.skip(",") {
            true => self.number()?,
            false => Some(min),
        };
        if !self.skip("}") {
            return self.fail_at(start, usage);
        }
        match max.is_some_and(|max| max < min) {
            true => self.fail_at(start, "the second number in {…} is smaller than the first"),
            false => Ok((min, max)),
        }
    }

    fn number(&mut self) -> Result<Option<u32>> {
        let mut number = None;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            let value = number.unwrap_or(0) * 10 + digit;
            if value > MAX_REPEAT {
                return self.fail(format!("a number in {{…}} may be at most {MAX_REPEAT}"));
            }
            number = Some(value);
            self.at += 1;
        }
        Ok(number)
    }

    /// What follows `(`.
    fn group(&mut self) -> Result<Option<Node>> {
        let start = self.at - 1;
        let outer = self.flags;
        let node = if !self.skip("?") {
            self.captured(start)?
        } else if self.skip("=") {
            self.look(start, false, false)?
        } else if self.skip("!") {
            self.look(start, false, true)?
        } else if self.skip("<=") {
            self.look(start, true, false)?
        } else if self.skip("<!") {
            self.look(start, true, true)?
        } else if self.skip(">") {
            Node::Atomic(self.inside(start)?)
        } else if self.skip("<") {
            let name = self.name('>')?;
            if self.names.iter().any(|(known, _)| *known == name) {
                return self.fail(format!("there are two groups named {name}"));
            }
            self.names.push((name, self.groups + 1));
            self.captured(start)?
        } else {
            self.switch_flags()?;
            if self.skip(")") {
                return Ok(None);
            }
            if !self.skip(":") {
                return self.fail("after (? stands one of : = ! > <= <! <name> or flags (idmsuxU)");
            }
            *self.inside(start)?
        };
        self.flags = outer;
        Ok(Some(node))
    }

    fn captured(&mut self, start: usize) -> Result<Node> {
        self.groups += 1;
        let index = self.groups;
        Ok(Node::Group(index, self.inside(start)?))
    }

    fn look(&mut self, start: usize, behind: bool, negative: bool) -> Result<Node> {
        let inner = self.inside(start)?;
        if behind && width(&inner).1.is_none() {
            return self.fail_at(
                start,
                "what looks behind must have a greatest length; write {0,100} and the like instead of * and +",
            );
        }
        Ok(Node::Look { behind, negative, inner })
    }

    /// The rest of a group up to its `)`.
    fn inside(&mut self, start: usize) -> Result<Box<Node>> {
        let inner = self.choice()?;
        match self.skip(")") {
            true => Ok(Box::new(inner)),
            false => self.fail_at(start, "the group that starts here has no closing )"),
        }
    }

    /// A group's name up to `end`.
    pub(super) fn name(&mut self, end: char) -> Result<String> {
        let start = self.at;
        let mut name = String::new();
        while let Some(c) = self.peek().filter(char::is_ascii_alphanumeric) {
            name.push(c);
            self.at += 1;
        }
        match self.peek() == Some(end) && name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            true => {
                self.at += 1;
                Ok(name)
            }
            false => {
                let at = if name.starts_with(|c: char| c.is_ascii_digit()) { start } else { self.at };
                self.fail_at(at, "a group's name is made of ASCII letters and digits, a letter first")
            }
        }
    }

    /// `idmsuxU`, and after `-` the ones to switch off.
    fn switch_flags(&mut self) -> Result<()> {
        let mut on = true;
        while let Some(c) = self.peek() {
            let flag = match c {
                'i' => &mut self.flags.any_case,
                'd' => &mut self.flags.unix_lines,
                'm' => &mut self.flags.multi_line,
                's' => &mut self.flags.dot_all,
                'u' => &mut self.flags.unicode_case,
                'x' => &mut self.flags.comments,
                'U' => &mut self.flags.unicode_classes,
                '-' if on => {
                    on = false;
                    self.at += 1;
                    continue;
                }
                _ => return Ok(()),
            };
            *flag = on;
            self.at += 1;
        }
        Ok(())
    }
}
