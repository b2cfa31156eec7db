//! What is said of a record: where, which rule, what was found, how to mend it. Never a value.

use super::rules::{Level, Rule, Strictness};
use super::sensitive;
use super::tree::Tree;
use dataprep::json::{self, JsonError, Kind, Span, unescape};
use serde::{Deserialize, Serialize};

/// Most violations that are told of one record, and most warnings.
pub const MAX_VIOLATIONS: usize = 100;

/// Most bytes of a key in a pointer: input cannot make a report grow without end.
const MAX_KEY: usize = 256;

/// Something that is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Where, as a JSON pointer (RFC 6901): the place of what is wrong, and of what is missing. A key that is
    /// itself a secret, or longer than 256 bytes, ends in `…`.
    pub pointer: String,
    /// The rule: a keyword of JSON Schema (`type`, `pattern`, `required`, …), `json`, or one of
    /// [`RULES`](super::RULES); `more` when there are more than [`MAX_VIOLATIONS`].
    pub rule: String,
    /// What was found: its kind and length, never the value.
    pub kind: String,
    /// One sentence: what is wrong and how to mend it.
    pub message: String,
}

/// A place in a record, as a chain up to the record itself: made of references alone, so that it costs nothing
/// until a pointer is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'p> {
    pub(super) above: Option<&'p Place<'p>>,
    pub(super) step: Step<'p>,
}

/// The last step to a place.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'p> {
    /// The record.
    Root,
    /// A name that the schema knows: index into [`Tree::members`].
    Member(u32),
    /// Any other key, as it is written between its quotes.
    Key(&'p str),
    /// An element.
    Index(u32),
}

impl<'p> Place<'p> {
    pub(super) const ROOT: Place<'static> = Place { above: None, step: Step::Root };

    /// A place below this one.
    #[inline(always)]
    pub(super) fn below<'q>(&'q self, step: Step<'q>) -> Place<'q> {
        Place { above: Some(self), step }
    }

    /// The name of the member that the place is or lies in, escapes kept.
    pub(super) fn name(&self, tree: &'p Tree) -> &'p str {
        match self.step {
            Step::Member(member) => tree.name(member),
            Step::Key(key) => key,
            Step::Index(_) => self.above.map_or("", |above| above.name(tree)),
            Step::Root => "",
        }
    }

    /// The place as a JSON pointer.
    fn pointer(&self, tree: &Tree) -> String {
        let mut steps = Vec::new();
        let mut place = Some(self);
        while let Some(Place { above, step }) = place {
            steps.push(*step);
            place = *above;
        }
        let mut pointer = String::new();
        for step in steps.into_iter().rev() {
            match step {
                Step::Root => {}
                Step::Member(member) => push_key(tree.name(member), &mut pointer),
                Step::Key(key) => push_key(key, &mut pointer),
                Step::Index(index) => {
                    pointer.push('/');
                    pointer.push_str(&index.to_string());
                }
            }
        }
        pointer
    }
}

fn push_key(key: &str, pointer: &mut String) {
    pointer.push('/');
    let key = unescape(key);
    let (shown, rest) = key.split_at(key.floor_char_boundary(MAX_KEY));
    if sensitive::find(&key, "").is_some() {
        pointer.push('…');
        return;
    }
    for character in shown.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
    if !rest.is_empty() {
        pointer.push('…');
    }
}

/// Why reading ends early.
#[derive(Debug)]
pub(super) enum Stop {
    /// The text is not JSON.
    Json(JsonError),
    /// Enough has been said.
    Full,
}

impl From<JsonError> for Stop {
    fn from(error: JsonError) -> Self {
        Stop::Json(error)
    }
}

/// Where violations go.
#[derive(Debug)]
pub(super) struct Report<'o> {
    refused: &'o mut Vec<Violation>,
    warned: &'o mut Vec<Violation>,
    /// How many there may be, the last included that says there are more.
    most: (usize, usize),
    pub(super) strictness: Strictness,
}

impl<'o> Report<'o> {
    pub(super) fn new(
        refused: &'o mut Vec<Violation>,
        warned: &'o mut Vec<Violation>,
        strictness: Strictness,
    ) -> Self {
        let most = (refused.len() + MAX_VIOLATIONS, warned.len() + MAX_VIOLATIONS);
        Self { refused, warned, most, strictness }
    }

    /// Says that something is wrong that JSON or JSON Schema asks for.
    #[cold]
    pub(super) fn refuse(
        &mut self,
        tree: &Tree,
        place: &Place<'_>,
        rule: &str,
        kind: String,
        message: String,
    ) -> Result<(), Stop> {
        if self.refused.len() >= self.most.0 {
            self.refused.push(more());
            return Err(Stop::Full);
        }
        let pointer = place.pointer(tree);
        self.refused.push(Violation { pointer, rule: rule.to_owned(), kind, message });
        Ok(())
    }

    /// Says that one of our rules is broken, as loudly as its level asks. Whether the record is refused for it.
    #[cold]
    pub(super) fn break_rule(
        &mut self,
        tree: &Tree,
        place: &Place<'_>,
        rule: Rule,
        kind: String,
        message: &str,
    ) -> Result<bool, Stop> {
        match self.strictness.of(rule) {
            Level::Off => Ok(false),
            Level::Refuse => {
                self.refuse(tree, place, rule.name(), kind, message.to_owned())?;
                Ok(true)
            }
            Level::Warn => {
                match self.warned.len() {
                    length if length < self.most.1 => {
                        let pointer = place.pointer(tree);
                        let (rule, message) = (rule.name().to_owned(), message.to_owned());
                        self.warned.push(Violation { pointer, rule, kind, message });
                    }
                    length if length == self.most.1 => self.warned.push(more()),
                    _ => {}
                }
                Ok(false)
            }
        }
    }
}

/// The last word about a record with very much to say about.
fn more() -> Violation {
    Violation {
        pointer: String::new(),
        rule: "more".to_owned(),
        kind: "more than 100".to_owned(),
        message: "there is more of this kind, which is not listed; mend what is listed first".to_owned(),
    }
}

/// The kind of a value, for people: never the value.
pub(super) fn kind_of(span: Span, input: &str) -> String {
    let text = span.text(input);
    match span.kind {
        Kind::Absent => "nothing".to_owned(),
        Kind::Null => "null".to_owned(),
        Kind::True | Kind::False => "true or false".to_owned(),
        Kind::Number => kind_of_number(text).to_owned(),
        Kind::Plain | Kind::Escaped => {
            kind_of_text(&unescape(text.get(1..text.len().saturating_sub(1)).unwrap_or_default()))
        }
        Kind::Array => counted("list", json::elements(text).count(), "element"),
        Kind::Object => counted("object", json::members(text).count(), "member"),
    }
}

fn kind_of_number(text: &str) -> &'static str {
    if text.contains(['e', 'E']) {
        "number with an exponent"
    } else if text.contains('.') {
        "number with a fraction"
    } else {
        "whole number"
    }
}

/// The kind of a text: how long it is.
pub(super) fn kind_of_text(text: &str) -> String {
    counted("text", text.chars().count(), "character")
}

/// `empty list`, `list of 1 element`, `list of 12 elements`.
pub(super) fn counted(what: &str, count: usize, of: &str) -> String {
    match count {
        0 => format!("empty {what}"),
        1 => format!("{what} of 1 {of}"),
        _ => format!("{what} of {count} {of}s"),
    }
}
