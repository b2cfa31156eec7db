//! The matcher: takes the steps of a program over a text and goes back where they fail, as Java does.
//!
//! It keeps what is left to try on a stack of its own, counts its steps and gives up when there are too
//! many. A place of the text where a step has failed once is remembered and not tried again, as long as
//! what follows depends on the place alone: most patterns then take time in proportion to the text,
//! also those that are known to hang other matchers.

use super::class::{self, folded};

use super::program::{Inner, Program, Step};
use super::tree::{Assertion, Manner};

/// Steps that a call may take, besides a number for each byte of the text.
const STEPS: u64 = 5_000_000;
const STEPS_PER_BYTE: u64 = 64;
/// Most choices that are open at once.
const MAX_STACK: usize = 250_000;
/// Steps before failed places are remembered: most calls take fewer.
const REMEMBER_AFTER: u64 = 4_000;
/// Most places remembered, a bit each.
const MAX_REMEMBERED: usize = 1 << 24;
/// Most marks on one character that `\b` looks past.
const MAX_MARKS: usize = 32;
/// A slot that holds no place.
const UNSET: usize = usize::MAX;

/// A call took too many steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exhausted;

type Result<T> = std::result::Result<T, Exhausted>;

/// What is left to try, the latest last.
#[derive(Debug)]
enum Choice {
    /// Go on at a step and a place.
    Resume(u32, usize),
    /// Put a slot back.
    Restore(u32, usize),
    /// Go on at a step with one character fewer, down to the first place.
    Shorter(u32, usize, usize),
    /// Go on after a run of a set with one character more, if so many are still allowed.
    Longer(u32, usize, u32),
}

/// A search through one text.
#[derive(Debug)]
pub(super) struct Run<'p, 't> {
    program: &'p Program,
    text: &'t str,
    slots: Vec<usize>,
    stack: Vec<Choice>,
    steps_left: u64,
    remember_below: u64,
    /// A bit for each step and place that was tried.
    tried: Vec<u64>,
    /// Where the last match ended, for `\G`.
    last_end: usize,
}

/// How many steps a search through a text may take.
fn allowed(text: &str) -> u64 {
    STEPS + STEPS_PER_BYTE * text.len() as u64
}

impl<'p, 't> Run<'p, 't> {
    pub(super) fn new(program: &'p Program, text: &'t str) -> Self {
        let steps_left = allowed(text);
        Self {
            program,
            text,
            slots: vec![UNSET; program.slots],
            stack: Vec::new(),
            steps_left,
            remember_below: steps_left.saturating_sub(REMEMBER_AFTER),
            tried: Vec::new(),
            last_end: 0,
        }
    }

    /// The first match at or after a place; its groups are then to be had.
    pub(super) fn search(&mut self, from: usize) -> Result<bool> {
        self.forget();
        let mut start = from;
        loop {
            if let Some(Step::Literal(literal)) = self.program.steps.first() {
                match self.text.get(start..).and_then(|rest| rest.find(&**literal)) {
                    Some(offset) => start += offset,
                    None => return Ok(false),
                }
            }
            if let Some(end) = self.steps(0, start, None, true)? {
                self.matched(start, end);
                return Ok(true);
            }
            if self.program.anchored {
                return Ok(false);
            }
            match char_at(self.text, start) {
                Some((_, length)) => start += length,
                None => return Ok(false),
            }
        }
    }

    /// Whether the whole text matches; its groups are then to be had.
    pub(super) fn full(&mut self) -> Result<bool> {
        self.forget();
        let end = self.steps(0, 0, Some(self.text.len()), true)?;
        if let Some(end) = end {
            self.matched(0, end);
        }
        Ok(end.is_some())
    }

    /// A group of the last match, 0 for the whole.
    pub(super) fn group(&self, index: usize) -> Option<(usize, usize)> {
        match (self.slots.get(2 * index), self.slots.get(2 * index + 1)) {
            (Some(&start), Some(&end)) if start != UNSET && end != UNSET => Some((start, end)),
            _ => None,
        }
    }

    fn matched(&mut self, start: usize, end: usize) {
        self.stack.clear();
        self.last_end = end;
        self.slots.iter_mut().take(2).zip([start, end]).for_each(|(slot, place)| *slot = place);
    }

    fn forget(&mut self) {
        self.stack.clear();
        self.slots.fill(UNSET);
        self.tried.clear();
        self.remember_below = self.steps_left.saturating_sub(REMEMBER_AFTER);
    }

    /// Takes steps from a place until one ends the match (at `must_end`, if given), and gives that place.
    fn steps(
        &mut self,
        pc: u32,
        from: usize,
        must_end: Option<usize>,
        outermost: bool,
    ) -> Result<Option<usize>> {
        let base = self.stack.len();
        let (mut pc, mut at) = (pc, from);
        loop {
            self.spend(1)?;
            let next = match self.program.steps.get(pc as usize) {
                Some(Step::Literal(literal)) => self
                    .text
                    .as_bytes()
                    .get(at..)
                    .filter(|rest| rest.starts_with(literal.as_bytes()))
                    .map(|_| (pc + 1, at + literal.len())),
                Some(Step::Set(set)) => self.one_of(*set, at).map(|end| (pc + 1, end)),
                Some(Step::SetRun { set, min, max, manner }) => {
                    self.set_run(pc, at, *set, (*min, *max), *manner)?.map(|end| (pc + 1, end))
                }
                Some(Step::Split(first, second)) => match outermost && self.was_tried(pc, at) {
                    true => None,
                    false => {
                        self.push(Choice::Resume(*second, at))?;
                        Some((*first, at))
                    }
                },
                Some(Step::Jump(target)) => Some((*target, at)),
                Some(Step::Save(slot)) => {
                    self.save(*slot, at)?;
                    Some((pc + 1, at))
                }
                Some(Step::Close(group, began)) => {
                    let start = self.slots.get(*began as usize).copied().unwrap_or(UNSET);
                    self.save(2 * group, start)?;
                    self.save(2 * group + 1, at)?;
                    Some((pc + 1, at))
                }
                Some(Step::LeaveIfStuck(slot, target)) => match self.slots.get(*slot as usize) == Some(&at) {
                    true => Some((*target, at)),
                    false => Some((pc + 1, at)),
                },
                Some(Step::Assert(assertion)) => self.holds(*assertion, at).then_some((pc + 1, at)),
                Some(Step::Same(group, fold)) => match self.group(*group as usize) {
                    Some((start, end)) => {
                        self.spend((end - start) as u64)?;
                        let wanted = self.text.get(start..end).unwrap_or_default();
                        let rest = self.text.get(at..).unwrap_or_default();
                        same_start(rest, wanted, *fold).map(|length| (pc + 1, at + length))
                    }
                    None => None,
                },
                Some(Step::Inner { kind, next }) => {
                    self.inner(*kind, pc + 1, at)?.map(|place| (*next, place))
                }
                Some(Step::End) | None => match must_end {
                    Some(wanted) if wanted != at => None,
                    _ => return Ok(Some(at)),
                },
            };
            (pc, at) = match next {
                Some(next) => next,
                None => match self.go_back(base, outermost)? {
                    Some(next) => next,
                    None => return Ok(None),
                },
            };
        }
    }

    /// Sets a slot, to be put back when the matcher goes back.
    fn save(&mut self, slot: u32, place: usize) -> Result<()> {
        let Some(kept) = self.slots.get_mut(slot as usize) else { return Ok(()) };
        let old = std::mem::replace(kept, place);
        self.push(Choice::Restore(slot, old))
    }

    fn put_back(&mut self, slot: u32, place: usize) {
        if let Some(kept) = self.slots.get_mut(slot as usize) {
            *kept = place;
        }
    }

    /// The latest choice that is left above `base`.
    fn go_back(&mut self, base: usize, outermost: bool) -> Result<Option<(u32, usize)>> {
        while self.stack.len() > base {
            self.spend(1)?;
            let Some(choice) = self.stack.pop() else { break };
            let (pc, at) = match choice {
                Choice::Restore(slot, place) => {
                    self.put_back(slot, place);
                    continue;
                }
                // Both ways of a split are tried once: the split itself is remembered.
                Choice::Resume(pc, at) => return Ok(Some((pc, at))),
                Choice::Shorter(pc, first, at) => {
                    let at = char_before(self.text, at).map_or(first, |(_, length)| at - length);
                    if at > first {
                        self.push(Choice::Shorter(pc, first, at))?;
                    }
                    (pc, at)
                }
                Choice::Longer(run, at, left) => {
                    let Some(Step::SetRun { set, .. }) = self.program.steps.get(run as usize) else {
                        continue;
                    };
                    let Some(at) = self.one_of(*set, at) else { continue };
                    if left > 1 {
                        self.push(Choice::Longer(run, at, left - 1))?;
                    }
                    (run + 1, at)
                }
            };
            if !(outermost && self.was_tried(pc, at)) {
                return Ok(Some((pc, at)));
            }
        }
        Ok(None)
    }

    /// Where an inner part leads: past it when it is atomic, else nowhere but on.
    fn inner(&mut self, kind: Inner, pc: u32, at: usize) -> Result<Option<usize>> {
        let base = self.stack.len();
        let (found, negative) = match kind {
            Inner::Atomic => (self.steps(pc, at, None, false)?, false),
            Inner::Ahead { negative } => (self.steps(pc, at, None, false)?.map(|_| at), negative),
            Inner::Behind { negative, min, max } => (self.behind(pc, at, min, max)?, negative),
        };
        if negative {
            // What the inner part captured does not count.
            while self.stack.len() > base {
                if let Some(Choice::Restore(slot, place)) = self.stack.pop() {
                    self.put_back(slot, place);
                }
            }
            return Ok(if found.is_some() { None } else { Some(at) });
        }
        // Its other ways are given up; what it captured can still be put back.
        let mut keep = base;
        for index in base..self.stack.len() {
            if matches!(self.stack.get(index), Some(Choice::Restore(..))) {
                self.stack.swap(keep, index);
                keep += 1;
            }
        }
        self.stack.truncate(keep);
        Ok(found)
    }

    fn behind(&mut self, pc: u32, at: usize, min: usize, max: usize) -> Result<Option<usize>> {
        let mut start = at;
        for back in 0..=max {
            if back >= min && self.steps(pc, start, Some(at), false)?.is_some() {
                return Ok(Some(at));
            }
            match char_before(self.text, start) {
                Some((_, length)) => start -= length,
                None => break,
            }
        }
        Ok(None)
    }

    /// Passes over as many characters of a set as the manner says and leaves the other numbers as choices.
    fn set_run(
        &mut self,
        pc: u32,
        from: usize,
        set: u32,
        (min, max): (u32, u32),
        manner: Manner,
    ) -> Result<Option<usize>> {
        let most = if manner == Manner::Lazy { min } else { max };
        let (mut at, mut count, mut first) = (from, 0, from);
        while count < most {
            let Some(end) = self.one_of(set, at) else { break };
            at = end;
            count += 1;
            if count == min {
                first = at;
            }
        }
        self.spend(u64::from(count) / 4)?;
        if count < min {
            return Ok(None);
        }
        match manner {
            Manner::Greedy if count > min => self.push(Choice::Shorter(pc + 1, first, at))?,
            Manner::Lazy if max > min => self.push(Choice::Longer(pc, at, max - min))?,
            _ => {}
        }
        Ok(Some(at))
    }

    /// The place after the character at `at` when that belongs to the set.
    #[inline]
    fn one_of(&self, set: u32, at: usize) -> Option<usize> {
        let (c, length) = char_at(self.text, at)?;
        self.program.sets.get(set as usize)?.contains(c).then_some(at + length)
    }

    /// Whether a step was tried at a place before, and from now on it was.
    fn was_tried(&mut self, pc: u32, at: usize) -> bool {
        if !self.program.remembers || self.steps_left > self.remember_below {
            return false;
        }
        let width = self.text.len() + 1;
        if self.tried.is_empty() {
            match self.program.steps.len().checked_mul(width) {
                Some(bits) if bits <= MAX_REMEMBERED => self.tried.resize(bits / 64 + 1, 0),
                _ => {
                    // Too many to remember: the count of steps alone is the limit.
                    self.remember_below = 0;
                    return false;
                }
            }
        }
        let bit = pc as usize * width + at;
        let Some(word) = self.tried.get_mut(bit / 64) else { return false };
        let mask = 1 << (bit % 64);
        let known = *word & mask != 0;
        *word |= mask;
        known
    }

    /// The steps that were taken so far.
    pub(super) fn steps_taken(&self) -> u64 {
        allowed(self.text).saturating_sub(self.steps_left)
    }

    #[inline]
    fn spend(&mut self, steps: u64) -> Result<()> {
        self.steps_left = self.steps_left.checked_sub(steps).ok_or(Exhausted)?;
        Ok(())
    }

    #[inline]
    fn push(&mut self, choice: Choice) -> Result<()> {
        if self.stack.len() >= MAX_STACK {
            return Err(Exhausted);
        }
        self.stack.push(choice);
        Ok(())
    }

    fn holds(&self, assertion: Assertion, at: usize) -> bool {
        let before = || char_before(self.text, at).map(|(c, _)| c);
        let after = || char_at(self.text, at).map(|(c, _)| c);
        let is_line_end = |c: char, unix: bool| if unix { c == '\n' } else { class::is_line_end(c) };
        // Never between the two characters of \r\n.
        let splits_pair = |unix: bool| !unix && before() == Some('\r') && after() == Some('\n');
        match assertion {
            Assertion::Start => at == 0,
            Assertion::End => at == self.text.len(),
            Assertion::LastLineEnd(unix) => match self.text.get(at..).unwrap_or_default() {
                "" => true,
                "\r\n" => !unix,
                rest => {
                    let mut chars = rest.chars();
                    chars.next().is_some_and(|c| is_line_end(c, unix))
                        && chars.next().is_none()
                        && !splits_pair(unix)
                }
            },
            Assertion::LineStart(unix) => {
                at < self.text.len() && before().is_none_or(|c| is_line_end(c, unix)) && !splits_pair(unix)
            }
            Assertion::LineEnd(unix) => after().is_none_or(|c| is_line_end(c, unix)) && !splits_pair(unix),
            Assertion::WordEdge(unicode) => self.word_edge(at, unicode),
            Assertion::NoWordEdge(unicode) => !self.word_edge(at, unicode),
            Assertion::LastMatch => at == self.last_end,
        }
    }

    fn word_edge(&self, at: usize, unicode: bool) -> bool {
        let after = char_at(self.text, at).map_or(at, |(_, length)| at + length);
        let ends_in_word = |end: usize| self.text.get(..end).is_some_and(|text| ends_in_word(text, unicode));
        ends_in_word(at) != (after > at && ends_in_word(after))
    }
}

/// Whether a text ends in a character of a word. A mark is part of a word when what carries it is.
fn ends_in_word(text: &str, unicode: bool) -> bool {
    if unicode {
        return text.chars().next_back().is_some_and(class::in_unicode_word);
    }
    let mut carrier = text.chars().rev().take(MAX_MARKS).skip_while(|c| class::is_mark(*c));
    let marked = text.chars().next_back().is_some_and(class::is_mark);
    carrier.next().is_some_and(|c| class::in_word(c) && !(marked && c == '_'))
}

/// The character at a place, and its length.
#[inline]
pub(super) fn char_at(text: &str, at: usize) -> Option<(char, usize)> {
    match text.as_bytes().get(at) {
        Some(byte) if byte.is_ascii() => Some((char::from(*byte), 1)),
        Some(_) => text.get(at..)?.chars().next().map(|c| (c, c.len_utf8())),
        None => None,
    }
}

/// The character before a place, and its length.
fn char_before(text: &str, at: usize) -> Option<(char, usize)> {
    text.get(..at)?.chars().next_back().map(|c| (c, c.len_utf8()))
}

/// The length of the part of `text` that starts it and equals `wanted`, with or without regard to case.
fn same_start(text: &str, wanted: &str, fold: Option<class::Fold>) -> Option<usize> {
    let Some(fold) = fold else {
        return text.starts_with(wanted).then_some(wanted.len());
    };
    let mut found = text.chars();
    for c in wanted.chars() {
        let other = found.next()?;
        let same = match fold {
            class::Fold::Ascii => c.eq_ignore_ascii_case(&other),
            class::Fold::Unicode => folded(c) == folded(other),
        };
        if !same {
            return None;
        }
    }
    Some(text.len() - found.as_str().len())
}
