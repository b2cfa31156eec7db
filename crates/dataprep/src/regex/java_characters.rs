//! Java's syntax of single characters: escapes, and classes in brackets.

use super::class::{self, Class};
use super::java::{Parser, Result};
use super::tree::{Assertion, Node};

impl Parser {
    /// What follows a backslash outside brackets.
    pub(super) fn escape(&mut self) -> Result<Node> {
        let Some(c) = self.peek() else {
            return self.fail("a pattern cannot end with one backslash; write \\\\ for the character");
        };
        let node = match c {
            'A' => Node::Assert(Assertion::Start),
            'z' => Node::Assert(Assertion::End),
            'Z' => Node::Assert(Assertion::LastLineEnd(self.flags.unix_lines)),
            'G' => Node::Assert(Assertion::LastMatch),
            'B' => Node::Assert(Assertion::NoWordEdge(self.flags.unicode_classes)),
            'b' if !self.next_is("b{g") => Node::Assert(Assertion::WordEdge(self.flags.unicode_classes)),
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
    pub(super) fn class(&mut self) -> Result<Class> {
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
