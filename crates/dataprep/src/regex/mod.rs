//! Regular expressions in Java's syntax and with Java's meaning, bounded in size and steps.
//!
//! Java's syntax has to be read here in any case, and what it means (groups kept or given back, atomic
//! groups, `\G`, ASCII classes by default, its line ends) fits none of the engines that are small enough
//! for the module; `docs/regex.md` has the comparison. So this is a whole engine: `java` reads a
//! pattern, `program` makes steps of it, `run` takes them.

mod class;
mod java;
mod java_characters;
mod program;
mod run;
mod scripts;
mod tree;

pub(crate) use class::folded;

use crate::functions::Failure;
use crate::run::budget::Budget;
use program::{Program, Step};
use run::{Exhausted, Run};
use std::borrow::Cow;

/// A compiled pattern.
#[derive(Debug)]
pub struct Pattern {
    program: Program,
}

/// What a text has for each group, the whole match first; none for a group that took no part.
pub(crate) type Groups<'t> = Vec<Option<&'t str>>;

impl Pattern {
    /// Compiles a pattern that stands in an expression, or says what is wrong with it and where.
    ///
    /// # Errors
    /// When it is no pattern, or too large.
    pub fn compile(pattern: &str) -> Result<Self, String> {
        let tree = java::parse(pattern).map_err(|error| {
            format!("the pattern is wrong at character {}: {}", error.position, error.message)
        })?;
        let program = program::compile(tree).map_err(|_| TOO_LARGE.to_owned())?;
        Ok(Self { program })
    }

    /// Compiles a pattern that is itself data; what is wrong with it is told without showing it.
    pub(crate) fn from_data(pattern: &str) -> Result<Self, Failure> {
        let tree = java::parse(pattern).map_err(|error| {
            Failure::new(format!(
                "the pattern is not a regular expression of Java: it is wrong at character {}",
                error.position
            ))
        })?;
        let program = program::compile(tree).map_err(|_| Failure::new(TOO_LARGE))?;
        Ok(Self { program })
    }

    /// Whether the pattern matches somewhere in the text: Java's `find()`.
    ///
    /// # Errors
    /// When it takes too many steps.
    pub fn find(&self, text: &str, budget: &mut Budget) -> Result<bool, Failure> {
        self.run(text, budget, |run| run.search(0).map_err(exhausted))
    }

    /// Whether the pattern matches the whole text: Java's `matches()`.
    pub(crate) fn is_full_match(&self, text: &str, budget: &mut Budget) -> Result<bool, Failure> {
        self.run(text, budget, |run| run.full().map_err(exhausted))
    }

    /// The groups of the first match.
    pub(crate) fn groups<'t>(
        &self,
        text: &'t str,
        budget: &mut Budget,
    ) -> Result<Option<Groups<'t>>, Failure> {
        self.run(text, budget, |run| {
            if !run.search(0).map_err(exhausted)? {
                return Ok(None);
            }
            let group = |index| run.group(index).and_then(|(start, end)| text.get(start..end));
            Ok(Some((0..=self.program.groups as usize).map(group).collect()))
        })
    }

    /// Matches, and pays for the steps that it took: an expression may match again and again.
    fn run<T>(
        &self,
        text: &str,
        budget: &mut Budget,
        work: impl FnOnce(&mut Run<'_, '_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut run = Run::new(&self.program, text);
        let result = work(&mut run);
        budget.spend(run.steps_taken() / 2)?;
        result
    }

    /// The parts between the matches, at most `limit` of them. An empty match at the very beginning
    /// makes no part, as in Java.
    pub(crate) fn split<'t>(
        &self,
        text: &'t str,
        limit: usize,
        budget: &mut Budget,
    ) -> Result<Vec<&'t str>, Failure> {
        // A plain separator needs no matcher.
        if let [Step::Literal(literal), Step::End] = self.program.steps.as_slice() {
            let mut characters = literal.chars();
            return Ok(match (characters.next(), characters.next()) {
                (Some(only), None) => text.splitn(limit, only).collect(),
                _ => text.splitn(limit, &**literal).collect(),
            });
        }
        let (mut parts, mut done) = (Vec::new(), 0);
        self.each_match(text, budget, |run| {
            let (start, end) = run.group(0).unwrap_or_default();
            if end == 0 {
                return Ok(true);
            }
            if parts.len() + 1 == limit {
                return Ok(false);
            }
            parts.push(text.get(done..start).unwrap_or_default());
            done = end;
            Ok(true)
        })?;
        parts.push(text.get(done..).unwrap_or_default());
        Ok(parts)
    }

    /// The text with every match (or the first) replaced; `$1` and `${name}` in `template` stand for
    /// groups and a backslash takes the meaning from what follows, as in Java. At most `most` bytes.
    pub(crate) fn replace<'t>(
        &self,
        text: &'t str,
        template: &str,
        all: bool,
        most: usize,
        budget: &mut Budget,
    ) -> Result<Cow<'t, str>, Failure> {
        let pieces = self.template(template)?;
        let (mut made, mut done) = (String::new(), 0);
        self.each_match(text, budget, |run| {
            let (start, end) = run.group(0).unwrap_or_default();
            made.push_str(text.get(done..start).unwrap_or_default());
            for piece in &pieces {
                match piece {
                    Piece::Text(piece) => made.push_str(piece),
                    Piece::Group(index) => {
                        let (start, end) = run.group(*index).unwrap_or_default();
                        made.push_str(text.get(start..end).unwrap_or_default());
                    }
                }
            }
            done = end;
            match made.len() > most {
                true => Err(Failure::new(format!("the replaced text would be longer than {most} bytes"))),
                false => Ok(all),
            }
        })?;
        if made.is_empty() && done == 0 {
            return Ok(Cow::Borrowed(text));
        }
        made.push_str(text.get(done..).unwrap_or_default());
        Ok(Cow::Owned(made))
    }

    /// Calls `visit` at every match until it says no: each begins where the last one ended, or one
    /// character further after an empty one.
    fn each_match(
        &self,
        text: &str,
        budget: &mut Budget,
        mut visit: impl FnMut(&Run<'_, '_>) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        self.run(text, budget, |run| {
            let mut from = 0;
            while run.search(from).map_err(exhausted)? {
                if !visit(run)? {
                    break;
                }
                let (start, end) = run.group(0).unwrap_or_default();
                from = match (start == end, run::char_at(text, end)) {
                    (false, _) => end,
                    (true, Some((_, length))) => end + length,
                    (true, None) => break,
                };
            }
            Ok(())
        })
    }

    fn template(&self, template: &str) -> Result<Vec<Piece>, Failure> {
        let (mut pieces, mut text) = (Vec::new(), String::new());
        let mut chars = template.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' => text.push(chars.next().ok_or_else(|| bad_template("ends with a backslash"))?),
                '$' => {
                    let index = if chars.next_if_eq(&'{').is_some() {
                        let name: String = std::iter::from_fn(|| chars.next_if(|c| *c != '}')).collect();
                        chars.next();
                        self.program.names.iter().find(|(known, _)| *known == name).map(|(_, index)| *index)
                    } else {
                        self.group_number(&mut chars)
                    };
                    let index = index.ok_or_else(|| {
                        bad_template(
                            "has a $ that names no group of the pattern; write \\$ for the character",
                        )
                    })?;
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                    pieces.push(Piece::Group(index as usize));
                }
                c => text.push(c),
            }
        }
        pieces.push(Piece::Text(text));
        Ok(pieces)
    }

    /// As many digits as there are groups for.
    fn group_number(&self, chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<u32> {
        let mut index = chars.next()?.to_digit(10).filter(|index| *index <= self.program.groups)?;
        while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
            match index * 10 + digit {
                longer if longer <= self.program.groups => index = longer,
                _ => break,
            }
            chars.next();
        }
        Some(index)
    }
}

/// A part of a replacement.
enum Piece {
    Text(String),
    Group(usize),
}

const TOO_LARGE: &str =
    "the pattern is too large when its repetitions are written out; use smaller numbers in {…}";

fn exhausted(_: Exhausted) -> Failure {
    Failure::new(
        "the pattern takes too many steps on this text; avoid repetitions of repetitions such as (a+)+, or \
         make them possessive (a++)",
    )
}

fn bad_template(what: &str) -> Failure {
    Failure::new(format!("the replacement {what}"))
}

#[cfg(test)]
mod tests;
