//! Java's syntax of regular expressions (`java.util.regex.Pattern`) into a tree.

use super::class::{self, Class, Fold, Set};

/// Longest pattern, in characters.
const MAX_PATTERN: usize = 4096;
/// Deepest nesting of groups and of brackets.
const MAX_DEPTH: u32 = 100;
/// Highest number in `{…}`.
const MAX_REPEAT: u32 = 65_535;

/// A pattern as read.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) root: Node,
    pub(super) sets: Vec<Set>,
    /// Groups that capture, without the whole match.
    pub(super) groups: u32,
    /// The named ones among them.
    pub(super) names: Vec<(String, u32)>,
}

#[derive(Debug)]
pub(super) enum Node {
    Empty,
    /// One character, as it is.
    Char(char),
    /// One character of [`Tree::sets`].
    Set(u32),
    Sequence(Vec<Node>),
    Choice(Vec<Node>),
    /// How often, none for any number, and in which way.
    Repeat(Box<Node>, u32, Option<u32>, Manner),
    /// A capturing group, counted from 1.
    Group(u32, Box<Node>),
    /// `(?>…)`
    Atomic(Box<Node>),
    Look {
        behind: bool,
        negative: bool,
        inner: Box<Node>,
    },
    /// The text of a group once more.
    Same(u32, Option<Fold>),
    Assert(Assertion),
}

/// How a repetition tries its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// The most first.
    Greedy,
    /// The fewest first: `*?`.
    Lazy,
    /// The most only: `*+`.
    Possessive,
}

/// A condition on a place of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Assertion {
    /// `^`, `\A`
    Start,
    /// `\z`
    End,
    /// `$`, `\Z`: the end, or before the line terminator there (only `\n` when true).
    LastLineEnd(bool),
    /// `(?m)^`
    LineStart(bool),
    /// `(?m)$`
    LineEnd(bool),
    /// `\b`
    WordEdge,
    /// `\B`
    NoWordEdge,
    /// `\G`
    LastMatch,
}

/// What is wrong with a pattern, and at which character (counted from 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub(super) position: usize,
    pub(super) message: String,
}

/// The flags of `(?idmsux)` and `U`.
#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    any_case: bool,
    unix_lines: bool,
    multi_line: bool,
    dot_all: bool,
    unicode_case: bool,
    comments: bool,
    unicode_classes: bool,
}

impl Flags {
    fn fold(self) -> Option<Fold> {
        match (self.any_case, self.unicode_case || self.unicode_classes) {
            (false, _) => None,
            (true, false) => Some(Fold::Ascii),
            (true, true) => Some(Fold::Unicode),
        }
    }
}

/// A character of the pattern, and whether it stood between `\Q` and `\E`.
#[derive(Debug, Clone, Copy)]
struct Letter {
    c: char,
    quoted: bool,
    position: usize,
}

type Result<T> = std::result::Result<T, SyntaxError>;

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

struct Parser {
    letters: Vec<Letter>,
    at: usize,
    flags: Flags,
    depth: u32,
    sets: Vec<Set>,
    groups: u32,
    names: Vec<(String, u32)>,
    /// The highest group that a `\1` and the like names, and where: it may come later.
    highest_reference: Option<(u32, usize)>,
}

impl Parser {
    fn fail<T>(&self, message: impl Into<String>) -> Result<T> {
        self.fail_at(self.at, message)
    }

    fn fail_at<T>(&self, at: usize, message: impl Into<String>) -> Result<T> {
        let position = match (self.letters.get(at), self.letters.last()) {
            (Some(letter), _) => letter.position,
            (None, Some(last)) => last.position + 1,
            (None, None) => 1,
        };
        Err(SyntaxError { position, message: message.into() })
    }

    /// The next character when it may have a meaning of its own: not between `\Q` and `\E`.
    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).filter(|letter| !letter.quoted).map(|letter| letter.c)
    }

    fn next_is(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(offset, c)| {
            self.letters.get(self.at + offset).is_some_and(|letter| !letter.quoted && letter.c == c)
        })
    }

    /// Passes over `text` when it comes next.
    fn skip(&mut self, text: &str) -> bool {
        let found = self.next_is(text);
        if found {
            self.at += text.chars().count();
        }
        found
    }

    fn take(&mut self) -> Option<char> {
        let letter = self.letters.get(self.at)?;
        self.at += 1;
        Some(letter.c)
    }

    /// Under `(?x)`: white space, and comments to the end of the line.
    fn skip_comments(&mut self) {
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

    fn deeper(&mut self) -> Result<()> {
        self.depth += 1;
        match self.depth > MAX_DEPTH {
            true => self.fail(format!("a pattern may nest at most {MAX_DEPTH} levels deep")),
            false => Ok(()),
        }
    }

    fn set(&mut self, class: Class) -> Node {
        self.sets.push(Set::new(class));
        Node::Set(self.sets.len() as u32 - 1)
    }

    /// A character as it is written, of either case under `(?i)`.
    fn literal(&mut self, c: char) -> Node {
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
    fn name(&mut self, end: char) -> Result<String> {
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

    /// What follows a backslash outside brackets.
    fn escape(&mut self) -> Result<Node> {
        let Some(c) = self.peek() else {
            return self.fail("a pattern cannot end with one backslash; write \\\\ for the character");
        };
        let node = match c {
            'A' => Node::Assert(Assertion::Start),
            'z' => Node::Assert(Assertion::End),
            'Z' => Node::Assert(Assertion::LastLineEnd(self.flags.unix_lines)),
            'G' => Node::Assert(Assertion::LastMatch),
            'B' => Node::Assert(Assertion::NoWordEdge),
            'b' if !self.next_is("b{g") => Node::Assert(Assertion::WordEdge),
            'R' => {
                let any = class::escape('v', false).map(|class| self.set(class)).unwrap_or(Node::Empty);
                Node::Choice(vec![Node::Sequence(vec![Node::Char('\r'), Node::Char('\n')]), any])
            }
            'k' => {
                self.at += 1;
                if !self.skip("<") {
                    return self.fail("\\k is followed by a group's name, as in \\k<name>");
                }
                let name = self.name('>')?;
                return match self.names.iter().find(|(known, _)| *known == name) {
                    Some((_, index)) => Ok(Node::Same(*index, self.flags.fold())),
                    None => self.fail(format!("there is no group named {name} before this place")),
                };
            }
            '1'..='9' => return self.back_reference(),
            _ => {
                return Ok(match self.class_or_char()? {
                    Member::Class(class) => self.set(class),
                    Member::Char(c) => self.literal(c),
                });
            }
        };
        self.at += 1;
        Ok(node)
    }

    /// `\1` and on: as many digits as there are groups for.
    fn back_reference(&mut self) -> Result<Node> {
        let start = self.at;
        let mut index = 0;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            let longer = index * 10 + digit;
            if index != 0 && longer > self.groups {
                break;
            }
            index = longer;
            self.at += 1;
        }
        if self.highest_reference.is_none_or(|(highest, _)| index > highest) {
            self.highest_reference = Some((index, start));
        }
        Ok(Node::Same(index, self.flags.fold()))
    }

    /// What a backslash and the next characters stand for, inside brackets or not.
    fn class_or_char(&mut self) -> Result<Member> {
        let start = self.at;
        let Some(c) = self.take() else {
            return self.fail("a backslash needs a character after it");
        };
        Ok(Member::Char(match c {
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            'f' => '\u{C}',
            'a' => '\u{7}',
            'e' => '\u{1B}',
            'c' => match self.take().filter(char::is_ascii) {
                Some(letter) => char::from(letter as u8 ^ 64),
                None => return self.fail_at(start, "\\c is followed by a letter, as in \\cM"),
            },
            '0' => self.octal(start)?,
            'x' => self.hexadecimal(start)?,
            'u' => self.code_unit(start)?,
            'p' | 'P' => {
                let class = self.property(start)?;
                return Ok(Member::Class(if c == 'P' { class.negated() } else { class }));
            }
            'X' => {
                return self
                    .fail_at(start, "\\X is not supported; \\P{M}\\p{M}* is a character with its marks");
            }
            'N' => return self.fail_at(start, "\\N{…} is not supported; write \\x{…} with the code point"),
            'b' => return self.fail_at(start, "\\b cannot stand here; \\x08 is the backspace character"),
            _ if c.is_ascii_alphanumeric() => {
                return match class::escape(c, self.flags.unicode_classes) {
                    Some(class) => Ok(Member::Class(class)),
                    None => self.fail_at(start, format!("\\{c} has no meaning here")),
                };
            }
            other => other,
        }))
    }

    fn octal(&mut self, start: usize) -> Result<char> {
        let mut code = 0;
        let mut digits = 0;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) {
            if digits == 3 || code * 8 + digit > 0o377 {
                break;
            }
            code = code * 8 + digit;
            digits += 1;
            self.at += 1;
        }
        match char::from_u32(code).filter(|_| digits > 0) {
            Some(c) => Ok(c),
            None => self.fail_at(start, "\\0 is followed by one to three octal digits"),
        }
    }

    /// `xhh` or `x{h…}`.
    fn hexadecimal(&mut self, start: usize) -> Result<char> {
        let long = self.skip("{");
        let mut digits = 0;
        let mut code: u32 = 0;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(16)) {
            if digits == if long { 8 } else { 2 } {
                break;
            }
            code = code.wrapping_mul(16).wrapping_add(digit);
            digits += 1;
            self.at += 1;
        }
        let ended = if long { digits > 0 && self.skip("}") } else { digits == 2 };
        match char::from_u32(code).filter(|_| ended) {
            Some(c) => Ok(c),
            None => self.fail_at(
                start,
                "\\x is followed by two hexadecimal digits, or by a code point as in \\x{1F600}",
            ),
        }
    }

    /// `uhhhh`; two of them for a character beyond the first plane.
    fn code_unit(&mut self, start: usize) -> Result<char> {
        let wrong = "\\u is followed by four hexadecimal digits, and half of a pair by its other half";
        let Some(first) = self.four_digits() else { return self.fail_at(start, wrong) };
        let code = match first {
            0xD800..0xDC00 if self.skip("\\u") => match self.four_digits() {
                Some(second @ 0xDC00..0xE000) => 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00),
                _ => return self.fail_at(start, wrong),
            },
            other => other,
        };
        match char::from_u32(code) {
            Some(c) => Ok(c),
            None => self.fail_at(start, wrong),
        }
    }

    fn four_digits(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |code, _| {
            let digit = self.peek()?.to_digit(16)?;
            self.at += 1;
            Some(code * 16 + digit)
        })
    }

    /// `pL` or `p{name}`.
    fn property(&mut self, start: usize) -> Result<Class> {
        let mut name = String::new();
        if self.skip("{") {
            while let Some(c) = self.peek().filter(|c| *c != '}') {
                name.push(c);
                self.at += 1;
            }
            if !self.skip("}") {
                return self.fail_at(start, "\\p{ has no closing }");
            }
        } else {
            name.extend(self.take());
        }
        class::named(&name, self.flags.any_case, self.flags.unicode_classes)
            .or_else(|message| self.fail_at(start, message))
    }

    /// What follows `[`: parts joined by `&&`, each a union.
    fn class(&mut self) -> Result<Class> {
        let start = self.at - 1;
        self.deeper()?;
        let negated = self.skip("^");
        let mut parts = vec![self.union(start, true)?];
        while self.skip("&&") {
            parts.push(self.union(start, false)?);
        }
        self.depth -= 1;
        if !self.skip("]") {
            return self.fail_at(start, "the [ that starts here has no closing ]");
        }
        let class = match parts.len() {
            1 => parts.pop().unwrap_or(Class::AnyOf(Vec::new())),
            _ => Class::AllOf(parts),
        };
        Ok(if negated { class.negated() } else { class })
    }

    /// Characters, ranges, classes and nested brackets up to `]` or `&&`.
    fn union(&mut self, start: usize, first: bool) -> Result<Class> {
        let mut members = Vec::new();
        loop {
            self.skip_comments();
            if self.at >= self.letters.len() {
                return self.fail_at(start, "the [ that starts here has no closing ]");
            }
            // A ] at the very beginning is a character.
            if (self.peek() == Some(']') && !(first && members.is_empty())) || self.next_is("&&") {
                break;
            }
            members.push(match self.skip("[") {
                true => self.class()?,
                false => self.range()?,
            });
        }
        match (members.len(), members.pop()) {
            (1, Some(only)) => Ok(only),
            (_, Some(last)) => {
                members.push(last);
                Ok(Class::AnyOf(members))
            }
            (_, None) => self.fail("there is nothing on one side of && (write \\& for the character)"),
        }
    }

    /// A character, a range of them, or a class with a name.
    fn range(&mut self) -> Result<Class> {
        let start = self.at;
        let fold = self.flags.fold();
        let first = match self.member()? {
            Member::Class(class) => return Ok(class),
            Member::Char(c) => c,
        };
        // A hyphen before ] or [ or && is a character.
        let ranges = self.peek() == Some('-')
            && self.letters.get(self.at + 1).is_some_and(|next| next.quoted || !matches!(next.c, ']' | '['))
            && !self.next_is("-&&");
        if !ranges {
            return Ok(Class::single(first, fold));
        }
        self.at += 1;
        match self.member()? {
            Member::Char(last) if first <= last => Ok(Class::range(first, last, fold)),
            Member::Char(_) => self.fail_at(start, "the range ends before it begins"),
            Member::Class(_) => {
                self.fail_at(start, "a range cannot end with a class; write \\- for the character")
            }
        }
    }

    fn member(&mut self) -> Result<Member> {
        self.skip_comments();
        match self.skip("\\") {
            true => self.class_or_char(),
            false => match self.take() {
                Some(c) => Ok(Member::Char(c)),
                None => self.fail("the [ has no closing ]"),
            },
        }
    }
}

/// What stands between brackets.
enum Member {
    Char(char),
    Class(Class),
}

/// The fewest and the most characters that a part matches; none when there is no most.
pub(super) fn width(node: &Node) -> (usize, Option<usize>) {
    match node {
        Node::Empty | Node::Assert(_) | Node::Look { .. } => (0, Some(0)),
        Node::Char(_) | Node::Set(_) => (1, Some(1)),
        Node::Sequence(nodes) => nodes.iter().map(width).fold((0, Some(0)), |(min, max), (fewest, most)| {
            (
                min.saturating_add(fewest),
                max.zip(most).map(|(max, most): (usize, usize)| max.saturating_add(most)),
            )
        }),
        Node::Choice(nodes) => nodes
            .iter()
            .map(width)
            .reduce(|(min, max), (fewest, most)| {
                (min.min(fewest), max.zip(most).map(|(max, most)| max.max(most)))
            })
            .unwrap_or((0, Some(0))),
        Node::Repeat(inner, min, max, _) => {
            let (fewest, most) = width(inner);
            let greatest = match (most, max) {
                (Some(0), _) => Some(0),
                (Some(most), Some(max)) => Some(most.saturating_mul(*max as usize)),
                _ => None,
            };
            (fewest.saturating_mul(*min as usize), greatest)
        }
        Node::Group(_, inner) | Node::Atomic(inner) => width(inner),
        Node::Same(..) => (0, None),
    }
}
