//! JSON read in place: the scanner that every other part stands on.
//!
//! Nothing is copied or decoded here. A value is a [`Kind`] and a byte range of the input; strings
//! keep their quotes and escapes, numbers their digits. The grammar of RFC 8259 is checked in full,
//! nesting is limited to [`MAX_DEPTH`], and no input can make the scanner panic or recurse.

pub use crate::values::text::{unescape, write_string};

use crate::values::text::same;

/// Deepest nesting of arrays and objects that is read.
pub const MAX_DEPTH: u32 = 128;

/// Why a text is not JSON, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{message} at byte {offset}")]
pub struct JsonError {
    /// Byte offset into the input.
    pub offset: usize,
    /// What is wrong there.
    pub message: &'static str,
}

/// The kind of a JSON value, as far as it can be told without decoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum Kind {
    /// No value was seen.
    #[default]
    Absent,
    /// `null`
    Null,
    /// `false`
    False,
    /// `true`
    True,
    /// A number; its text is exact.
    Number,
    /// A string without escapes: the bytes between the quotes are its value.
    Plain,
    /// A string with at least one escape.
    Escaped,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// A value's place in the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// What lies there.
    pub kind: Kind,
}

impl Span {
    /// The bytes of the value, as JSON text.
    pub fn text<'a>(&self, input: &'a str) -> &'a str {
        input.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// Neither absent nor null.
    pub fn is_present(&self) -> bool {
        self.kind as u8 > Kind::Null as u8
    }
}

/// A cursor over JSON text.
#[derive(Debug, Clone)]
pub struct Scanner<'a> {
    bytes: &'a [u8],
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    /// A scanner at the first byte of `text`.
    pub fn new(text: &'a str) -> Self {
        Self { bytes: text.as_bytes(), text, at: 0 }
    }

    /// The whole input.
    pub fn input(&self) -> &'a str {
        self.text
    }

    fn fail<T>(&self, message: &'static str) -> Result<T, JsonError> {
        Err(JsonError { offset: self.at, message })
    }

    /// The next byte that is not white space, without moving past it.
    #[inline(always)]
    pub fn peek(&mut self) -> Option<u8> {
        match self.bytes.get(self.at) {
            Some(byte) if *byte > b' ' => Some(*byte),
            _ => self.peek_after_space(),
        }
    }

    #[cold]
    #[inline(never)]
    fn peek_after_space(&mut self) -> Option<u8> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    /// Fails unless only white space is left.
    pub fn finish(&mut self) -> Result<(), JsonError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => self.fail("more text after the value"),
        }
    }

    /// Moves into an object; `false` when it is empty (and already left).
    #[inline(always)]
    pub fn enter_object(&mut self) -> Result<bool, JsonError> {
        self.enter(b'{', b'}', "expected an object")
    }

    /// Moves into an array; `false` when it is empty (and already left).
    #[inline(always)]
    pub fn enter_array(&mut self) -> Result<bool, JsonError> {
        self.enter(b'[', b']', "expected an array")
    }

    #[inline(always)]
    fn enter(&mut self, open: u8, close: u8, message: &'static str) -> Result<bool, JsonError> {
        if self.peek() != Some(open) {
            return self.fail(message);
        }
        self.at += 1;
        if self.peek() == Some(close) {
            self.at += 1;
            return Ok(false);
        }
        Ok(true)
    }

    /// Passes over `expected` when the text goes on with exactly that; white space before it is skipped.
    #[inline(always)]
    pub fn take(&mut self, expected: &[u8]) -> bool {
        self.peek();
        let end = self.at + expected.len();
        let fits = self.bytes.get(self.at..end).is_some_and(|found| same(found, expected));
        if fits {
            self.at = end;
        }
        fits
    }

    /// Reads a member's key and its colon. The range excludes the quotes; `true` marks escapes.
    pub fn key(&mut self) -> Result<(Span, bool), JsonError> {
        if self.peek() != Some(b'"') {
            return self.fail("expected a key in double quotes");
        }
        let start = self.at + 1;
        let kind = self.string()?;
        let span = Span { start: start as u32, end: (self.at - 1) as u32, kind };
        if self.peek() != Some(b':') {
            return self.fail("expected a colon after the key");
        }
        self.at += 1;
        Ok((span, kind == Kind::Escaped))
    }

    /// After a member: `true` when another follows, `false` when the object has ended.
    #[inline(always)]
    pub fn next_member(&mut self) -> Result<bool, JsonError> {
        self.next(b'}', "expected a comma or } after the member")
    }

    /// After an element: `true` when another follows, `false` when the array has ended.
    #[inline(always)]
    pub fn next_element(&mut self) -> Result<bool, JsonError> {
        self.next(b']', "expected a comma or ] after the element")
    }

    #[inline(always)]
    fn next(&mut self, close: u8, message: &'static str) -> Result<bool, JsonError> {
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            _ => self.fail(message),
        }
    }

    /// Where the cursor stands, after white space.
    #[inline(always)]
    pub fn position(&mut self) -> u32 {
        self.peek();
        self.at as u32
    }

    /// One past the last byte read.
    pub fn end(&self) -> u32 {
        self.at as u32
    }

    /// Reads one value of any kind and says where it was.
    #[inline(never)]
    pub fn value(&mut self) -> Result<Span, JsonError> {
        self.value_inline()
    }

    /// [`Scanner::value`] for the loops in which a call would show.
    #[inline(always)]
    pub fn value_inline(&mut self) -> Result<Span, JsonError> {
        let first = self.peek();
        let start = self.at as u32;
        let kind = match first {
            Some(b'"') => self.string()?,
            Some(b'{') => {
                self.composite()?;
                Kind::Object
            }
            Some(b'[') => {
                self.composite()?;
                Kind::Array
            }
            _ => self.scalar()?,
        };
        Ok(Span { start, end: self.at as u32, kind })
    }

    /// A number or a literal; the cursor stands on its first byte.
    #[inline(always)]
    fn scalar(&mut self) -> Result<Kind, JsonError> {
        match self.bytes.get(self.at) {
            Some(b'n') => self.literal(b"null", Kind::Null),
            Some(b't') => self.literal(b"true", Kind::True),
            Some(b'f') => self.literal(b"false", Kind::False),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => self.fail("expected a value"),
            None => self.fail("the text ends where a value should be"),
        }
    }

    #[inline(always)]
    fn literal<const N: usize>(&mut self, word: &[u8; N], kind: Kind) -> Result<Kind, JsonError> {
        // Of known length, so that it is one comparison and no call.
        if self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<N>()) == Some(word) {
            self.at += N;
            Ok(kind)
        } else {
            self.fail("expected null, true or false")
        }
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.bytes.get(self.at), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    #[inline(always)]
    fn number(&mut self) -> Result<Kind, JsonError> {
        if self.bytes[self.at] == b'-' {
            self.at += 1;
        }
        if self.bytes.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else if self.digits() == 0 {
            return self.fail("expected a digit");
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return self.fail("expected a digit after the point");
            }
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return self.fail("expected a digit in the exponent");
            }
        }
        Ok(Kind::Number)
    }

    /// A string; the cursor stands on its opening quote.
    #[inline]
    fn string(&mut self) -> Result<Kind, JsonError> {
        self.at += 1;
        let mut kind = Kind::Plain;
        loop {
            self.at = special(self.bytes, self.at);
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(kind);
                }
                Some(b'\\') => {
                    kind = Kind::Escaped;
                    self.escape()?;
                }
                Some(_) => return self.fail("a control character inside a string"),
                None => return self.fail("the text ends inside a string"),
            }
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        match self.bytes.get(self.at) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(())
            }
            Some(b'u') => {
                let first = self.hex4()?;
                match first {
                    0xD800..=0xDBFF => {
                        if self.bytes.get(self.at) != Some(&b'\\')
                            || self.bytes.get(self.at + 1) != Some(&b'u')
                        {
                            return self.fail("half of a surrogate pair");
                        }
                        self.at += 1;
                        match self.hex4()? {
                            0xDC00..=0xDFFF => Ok(()),
                            _ => self.fail("half of a surrogate pair"),
                        }
                    }
                    0xDC00..=0xDFFF => self.fail("half of a surrogate pair"),
                    _ => Ok(()),
                }
            }
            _ => self.fail("an unknown escape"),
        }
    }

    /// The four digits after `\u`; the cursor stands on the `u`.
    fn hex4(&mut self) -> Result<u32, JsonError> {
        self.at += 1;
        let digits = self.bytes.get(self.at..self.at + 4).and_then(|four| {
            four.iter().try_fold(0u32, |value, byte| Some(value << 4 | (*byte as char).to_digit(16)?))
        });
        match digits {
            Some(value) => {
                self.at += 4;
                Ok(value)
            }
            None => self.fail("expected four hexadecimal digits"),
        }
    }

    /// An array or an object, checked to its end. A bit a level remembers which of the two it is.
    fn composite(&mut self) -> Result<(), JsonError> {
        let mut levels: u128 = 0;
        let mut depth: u32 = 0;
        // Each turn stands where a value begins.
        loop {
            let opened = match self.peek() {
                Some(b'{') => Some(true),
                Some(b'[') => Some(false),
                Some(b'"') => {
                    self.string()?;
                    None
                }
                _ => {
                    self.scalar()?;
                    None
                }
            };
            if let Some(is_object) = opened {
                if depth == MAX_DEPTH {
                    return self.fail("nested more than 128 levels deep");
                }
                let filled = if is_object { self.enter_object()? } else { self.enter_array()? };
                if filled {
                    levels = levels << 1 | is_object as u128;
                    depth += 1;
                    if is_object {
                        self.key()?;
                    }
                    continue;
                }
            }
            // A value has ended: leave every level that ends with it.
            loop {
                if depth == 0 {
                    return Ok(());
                }
                let in_object = levels & 1 == 1;
                let more = if in_object { self.next_member()? } else { self.next_element()? };
                if more {
                    if in_object {
                        self.key()?;
                    }
                    break;
                }
                levels >>= 1;
                depth -= 1;
            }
        }
    }
}

/// The first byte at or after `from` that ends a run of ordinary string bytes: a quote, a backslash
/// or a control character. Eight bytes a step: strings are most of a Stripe object. The first steps
/// stand outside the loop, because most strings are short and a metered host counts loop turns.
#[inline(always)]
pub(crate) fn special(bytes: &[u8], from: usize) -> usize {
    if let Some(found) = special_in_word(bytes, from) {
        return from + found;
    }
    if let Some(found) = special_in_word(bytes, from + 8) {
        return from + 8 + found;
    }
    special_far(bytes, from)
}

/// The place of a special byte among the next eight; `None` too when fewer are left.
#[inline(always)]
fn special_in_word(bytes: &[u8], from: usize) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let word = u64::from_le_bytes(*bytes.get(from..)?.first_chunk()?);
    let quote = word ^ (ONES * b'"' as u64);
    let slash = word ^ (ONES * b'\\' as u64);
    let found = (quote.wrapping_sub(ONES) & !quote
        | slash.wrapping_sub(ONES) & !slash
        | word.wrapping_sub(ONES * 0x20) & !word)
        & HIGHS;
    (found != 0).then(|| (found.trailing_zeros() / 8) as usize)
}

#[inline(never)]
fn special_far(bytes: &[u8], mut from: usize) -> usize {
    while bytes.len() >= from + 8 {
        if let Some(found) = special_in_word(bytes, from) {
            return from + found;
        }
        from += 8;
    }
    while let Some(byte) = bytes.get(from) {
        if *byte == b'"' || *byte == b'\\' || *byte < 0x20 {
            return from;
        }
        from += 1;
    }
    from
}

/// The members of an object in their order: key text between its quotes (escapes kept) and value.
///
/// Stops at the first error; an empty iterator for anything but an object.
pub fn members(object: &str) -> Members<'_> {
    let mut scanner = Scanner::new(object);
    let more = matches!(scanner.enter_object(), Ok(true));
    Members { scanner, more }
}

/// See [`members`].
#[derive(Debug, Clone)]
pub struct Members<'a> {
    scanner: Scanner<'a>,
    more: bool,
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, Span);

    fn next(&mut self) -> Option<Self::Item> {
        if !self.more {
            return None;
        }
        self.more = false;
        let (key, _) = self.scanner.key().ok()?;
        let value = self.scanner.value().ok()?;
        self.more = self.scanner.next_member().ok()?;
        Some((key.text(self.scanner.input()), value))
    }
}

/// The elements of an array in their order; an empty iterator for anything but an array.
pub fn elements(array: &str) -> Elements<'_> {
    let mut scanner = Scanner::new(array);
    let more = matches!(scanner.enter_array(), Ok(true));
    Elements { scanner, more }
}

/// See [`elements`].
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    scanner: Scanner<'a>,
    more: bool,
}

impl Iterator for Elements<'_> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        if !self.more {
            return None;
        }
        self.more = false;
        let value = self.scanner.value().ok()?;
        self.more = self.scanner.next_element().ok()?;
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Span, JsonError> {
        let mut scanner = Scanner::new(text);
        let span = scanner.value()?;
        scanner.finish()?;
        Ok(span)
    }

    #[test]
    fn accepts_what_serde_json_accepts() {
        for text in [
            "null",
            " true ",
            "-0.5e+10",
            "0",
            r#""aé\n\ud83d\ude00""#,
            "[]",
            "{}",
            r#"{"a":[1,{"b":null}],"c":""}"#,
            r#"[[[[]]],{"x":{}}]"#,
            "01",
            "1.",
            "[1,]",
            r#"{"a"}"#,
            r#"{"a":1,}"#,
            "\"\u{1}\"",
            r#""\ud800""#,
            r#""\x""#,
            "nul",
            "[1 2]",
            "{]",
            "\"abc",
            "1 2",
            "",
        ] {
            let theirs = serde_json::from_str::<serde_json::Value>(text).is_ok();
            assert_eq!(read(text).is_ok(), theirs, "{text}");
        }
    }

    #[test]
    fn depth_is_limited_and_errors_have_a_place() {
        let deep = "[".repeat(129);
        assert_eq!(read(&deep).unwrap_err().message, "nested more than 128 levels deep");
        let fits = format!("{}{}", "[".repeat(128), "]".repeat(128));
        assert!(read(&fits).is_ok());
        assert_eq!(read("[1,x]").unwrap_err().offset, 3);
    }
}
