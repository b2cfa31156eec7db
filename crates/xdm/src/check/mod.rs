//! Whether a record is what its schema says: closed objects, types, formats, and the rules that JSON Schema
//! cannot say.
//!
//! A [`Checker`] reads the record's JSON text in one pass, without making a document of it. It trusts nobody:
//! any text may be given, also one that is not JSON.
//!
//! - `tree`: the schema made flat, once.
//! - `walk`: the pass over a record.
//! - `text`, `formats`: what a schema may ask of text.
//! - `rules`: the rules beyond JSON Schema; `identities` and `sensitive` are the longer of them.
//! - `report`: how violations are told.

mod formats;
mod identities;
mod report;
mod rules;
mod sensitive;
mod text;
mod tree;
mod walk;

pub use report::{MAX_VIOLATIONS, Violation};
pub use rules::{Level, Levels, MAX_EVENT, MAX_RECORD, RULES};

use crate::definition::Behavior;
use crate::library::{Library, LibraryError};
use crate::schema::Schema;
use dataprep::date::Moment;
use report::Report;
use rules::{Rule, Strictness};
use tree::Tree;
use walk::{Frame, Walk};

/// Whether a text holds a secret or a full card number, and must not be shown.
pub fn is_sensitive(text: &str) -> bool {
    sensitive::find(text, "").is_some()
}

/// A schema made ready to check records.
#[derive(Debug)]
pub struct Checker {
    tree: Tree,
    frame: Frame,
    strictness: Strictness,
    /// How many objects have been entered since the marks of [`tree::Member::seen`] were last cleared.
    objects: u32,
}

/// Why a schema cannot be checked against.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckerError {
    /// The schema cannot be put together.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// A level is given for a rule that does not exist.
    #[error(
        "there is no rule {name:?} for records{}",
        .nearest.map_or_else(String::new, |known| format!("; did you mean {known}?"))
    )]
    Rule {
        /// The name that was given.
        name: String,
        /// The rule that is most like it.
        nearest: Option<&'static str>,
    },
    /// A constraint on text cannot be used.
    #[error("{path}: {message}")]
    Text {
        /// The field, names joined by dots.
        path: String,
        /// What is wrong.
        message: String,
    },
    /// A field is required that does not exist.
    #[error("{path} is required, but there is no such field")]
    Required {
        /// The field, names joined by dots.
        path: String,
    },
    /// Fields lie in one another too deep for JSON.
    #[error("{path} lies more than 128 levels deep")]
    TooDeep {
        /// The field, names joined by dots.
        path: String,
    },
}

impl Checker {
    /// Makes a schema ready.
    ///
    /// # Errors
    /// When the schema cannot be put together, or `levels` names a rule that does not exist.
    pub fn new(library: &Library, schema: &Schema, levels: &Levels) -> Result<Self, CheckerError> {
        let strictness = Strictness::new(levels)?;
        let tree = Tree::new(&library.flat(schema)?, strictness.of(Rule::Empty) == Level::Refuse)?;
        let member = |name: &str| Tree::members_of(tree.root).find(|member| tree.name(*member) == name);
        let is_event = schema.behavior == Behavior::TimeSeries;
        // The field of a relational schema is at the root, too.
        let timestamp = schema.keys.as_ref().and_then(|keys| keys.timestamp.as_deref());
        let timestamp = timestamp.map_or("timestamp", |path| path.trim_start_matches('/'));
        let frame = Frame {
            is_event,
            timestamp: member(timestamp).filter(|_| is_event),
            identity_map: member("identityMap"),
            namespaces: schema.map_namespaces.clone(),
        };
        Ok(Self { tree, frame, strictness, objects: 0 })
    }

    /// Appends to `refused` what makes the record invalid, to `warned` what does not: at most
    /// [`MAX_VIOLATIONS`] of each, and one more that says so. `now` is the time that `timestamp` may not pass;
    /// without it that is not checked.
    pub fn check(
        &mut self,
        record: &str,
        now: Option<Moment>,
        refused: &mut Vec<Violation>,
        warned: &mut Vec<Violation>,
    ) {
        // Each object of a record has at least two bytes. (Records of 4 GiB are refused below.)
        let length = u32::try_from(record.len()).unwrap_or(u32::MAX);
        if self.objects.checked_add(length).is_none() {
            for member in &mut self.tree.members {
                member.seen = 0;
            }
            self.objects = 0;
        }
        let report = Report::new(refused, warned, self.strictness);
        let walk = Walk::new(&mut self.tree, &self.frame, record, now, report);
        self.objects = walk.record(self.objects);
    }
}
