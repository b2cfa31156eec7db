//! Paths: the places in a record that mappings and expressions name, and their written form in a
//! mapping's `source` and `destination`.

use std::fmt::{self, Display, Formatter, Write as _};

use super::{ParseError, shown};

/// A place in a record, from its root.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path {
    /// The first is a [`Segment::Name`] in every path that was parsed.
    pub segments: Vec<Segment>,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// A field, never empty.
    Name(String),
    /// `[n]`, from 0.
    Index(u32),
    /// `[*]`: each item of an array.
    Each,
    /// `{*}`: each value of an object whose keys are data.
    EachValue,
    /// `{key}`: the key of such a value.
    EachKey,
    /// `{**}`: what the object holds beyond the fields that other mappings name.
    Rest,
}

/// Most steps of a path: as deep as JSON is read and written.
const MAX_STEPS: usize = 128;

impl Path {
    /// Parses a path as mappings write it in `source` and `destination`: `a.b[0].c`, with `\` before
    /// a dot, bracket, brace or backslash that belongs to a name. Blanks belong to names.
    ///
    /// # Errors
    /// When a name is empty, or a bracket or brace is not one of `[n]`, `[*]`, `{*}`, `{key}`, `{**}`.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut segments = Vec::new();
        let mut at = 0;
        loop {
            let (name, end) = path_name(text, at)?;
            segments.push(Segment::Name(name));
            at = end;
            while let Some((segment, len)) = path_suffix(text, at)? {
                segments.push(segment);
                at += len;
                if segments.len() > MAX_STEPS {
                    break;
                }
            }
            if segments.len() > MAX_STEPS {
                let message =
                    format!("the path has more than {MAX_STEPS} steps; no record is nested as deeply");
                return Err(ParseError::refused(text, at, message));
            }
            let rest = text.get(at..).unwrap_or("");
            match rest.chars().next() {
                None => return Ok(Self { segments }),
                Some('.') => at += 1,
                Some(c) => {
                    let found = shown(c.encode_utf8(&mut [0; 4]));
                    return Err(ParseError::expected(
                        text,
                        at,
                        "\".\", \"[\" or the end of the path",
                        &found,
                    ));
                }
            }
        }
    }

    /// Whether `prefix` is this path or one of its parents.
    #[must_use]
    pub fn starts_with(&self, prefix: &Self) -> bool {
        self.segments.starts_with(&prefix.segments)
    }
}

/// The name that starts at `at`, unescaped, and where it ends.
fn path_name(text: &str, at: usize) -> Result<(String, usize), ParseError> {
    let rest = text.get(at..).unwrap_or("");
    let mut name = String::new();
    let mut end = text.len();
    let mut chars = rest.char_indices();
    while let Some((offset, c)) = chars.next() {
        match c {
            '.' | '[' | ']' | '{' | '}' => {
                end = at + offset;
                break;
            }
            '\\' => {
                let escaped = chars.next().and_then(|(_, c)| unescape_name(c));
                name.push(escaped.ok_or_else(|| bad_name_escape(text, at + offset))?);
            }
            _ => name.push(c),
        }
    }
    if !name.is_empty() {
        return Ok((name, end));
    }
    if text.trim().is_empty() {
        return Err(ParseError::refused(
            text,
            end,
            "the path is empty; write where the field lies, such as a.b",
        ));
    }
    let found = match text.get(end..).and_then(|tail| tail.chars().next()) {
        None => "end of path".to_owned(),
        Some(c) => shown(c.encode_utf8(&mut [0; 4])),
    };
    Err(ParseError::expected(text, end, "a field name", &found))
}

/// The bracket or brace at `at`, if there is one, and its length.
fn path_suffix(text: &str, at: usize) -> Result<Option<(Segment, usize)>, ParseError> {
    const FIXED: [(&str, Segment); 4] = [
        ("[*]", Segment::Each),
        ("{*}", Segment::EachValue),
        ("{key}", Segment::EachKey),
        ("{**}", Segment::Rest),
    ];
    let rest = text.get(at..).unwrap_or("");
    if let Some((written, segment)) = FIXED.into_iter().find(|(written, _)| rest.starts_with(written)) {
        return Ok(Some((segment, written.len())));
    }
    let expected = match rest.chars().next() {
        Some('[') => "[*] or an index such as [0]",
        Some('{') => "{*}, {key} or {**}",
        _ => return Ok(None),
    };
    let digits = rest.get(1..).and_then(|tail| tail.split_once(']')).map_or("", |(digits, _)| digits);
    if rest.starts_with('[')
        && digits.bytes().all(|b| b.is_ascii_digit())
        && let Ok(index) = digits.parse()
    {
        return Ok(Some((Segment::Index(index), digits.len() + 2)));
    }
    let close = rest.find([']', '}']).map_or(rest.len(), |close| close + 1);
    let found = shown(rest.get(..close).unwrap_or(rest));
    let mut error = ParseError::expected(text, at, expected, &found);
    error.message.push_str("; in a name these characters follow a backslash");
    Err(error)
}

/// The character that a backslash before `c` stands for in a name.
pub(super) fn unescape_name(c: char) -> Option<char> {
    matches!(c, '.' | '\\' | '[' | ']' | '{' | '}').then_some(c)
}

pub(super) fn write_escaped(f: &mut Formatter<'_>, name: &str) -> fmt::Result {
    for c in name.chars() {
        if unescape_name(c).is_some() {
            f.write_char('\\')?;
        }
        f.write_char(c)?;
    }
    Ok(())
}

impl Display for Segment {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write_escaped(f, name),
            Self::Index(index) => write!(f, "[{index}]"),
            Self::Each => f.write_str("[*]"),
            Self::EachValue => f.write_str("{*}"),
            Self::EachKey => f.write_str("{key}"),
            Self::Rest => f.write_str("{**}"),
        }
    }
}

/// As [`Path::parse`] reads it. In an [`Expr`](super::Expr) a path is written differently, with `${…}`.
impl Display for Path {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.segments.iter().enumerate() {
            if index > 0 && matches!(segment, Segment::Name(_)) {
                f.write_char('.')?;
            }
            segment.fmt(f)?;
        }
        Ok(())
    }
}

/// The error for a backslash in a path or quoted name that escapes nothing.
pub(super) fn bad_name_escape(text: &str, position: usize) -> ParseError {
    let message = "in a name a backslash escapes only . [ ] { } and \\; a backslash itself is written \\\\";
    ParseError::refused(text, position, message)
}
