//! A schema made flat: every place of a record is a node, every name of an object a member. Made once;
//! reading a record only goes from index to index.

use super::CheckerError;
use super::text::TextRules;
use crate::field::{Field, Object, Shape};
use dataprep::json::{MAX_DEPTH, write_string};

/// What may stand at a place.
#[derive(Debug, Clone, Copy)]
pub(super) enum Node {
    /// Nothing is known.
    Any,
    Boolean,
    Number,
    Integer {
        minimum: i64,
        maximum: i64,
    },
    Date,
    DateTime,
    /// Text without constraints.
    Plain,
    /// Text with constraints: index into [`Tree::texts`].
    Text(u32),
    Object(Names),
    /// Any keys, values of one node.
    Map(u32),
    /// Elements of one node.
    Array(u32),
}

/// The members of an object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    /// A member of no name, where reading begins; the others follow it.
    pub(super) first: u32,
    /// How many others.
    pub(super) count: u32,
    /// How many of these are required.
    pub(super) required: u32,
}

/// A name of an object.
#[derive(Debug)]
pub(super) struct Member {
    /// Its key as JSON with the colon: part of [`Tree::names`].
    start: u32,
    end: u32,
    /// The node of its value.
    pub(super) node: u32,
    /// The member that followed it last time. Records of one plan have their keys in one order.
    pub(super) next: u32,
    /// The object in which it was seen last: tells keys that come twice.
    pub(super) seen: u32,
    pub(super) required: bool,
}

/// The node of everything about which nothing is known.
pub(super) const ANY: u32 = 0;

/// A flat schema.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    pub(super) members: Vec<Member>,
    pub(super) texts: Vec<TextRules>,
    names: Vec<u8>,
    no_empty: bool,
    /// The record itself.
    pub(super) root: Names,
}

impl Tree {
    /// `no_empty`: empty text is refused wherever it stands.
    pub(super) fn new(record: &Object, no_empty: bool) -> Result<Self, CheckerError> {
        let root = Names { first: 0, count: 0, required: 0 };
        let mut tree = Self {
            nodes: vec![Node::Any],
            members: Vec::new(),
            texts: Vec::new(),
            names: Vec::new(),
            no_empty,
            root,
        };
        tree.root = tree.object(record, &mut Vec::new())?;
        Ok(tree)
    }

    /// A member's key as it is written, with quotes and colon.
    #[inline(always)]
    pub(super) fn written(&self, member: u32) -> &[u8] {
        let member = &self.members[member as usize];
        &self.names[member.start as usize..member.end as usize]
    }

    /// Whether a member's key is written so between its quotes.
    #[inline(always)]
    pub(super) fn is_named(&self, member: u32, inner: &[u8]) -> bool {
        let Member { start, end, .. } = self.members[member as usize];
        // Two quotes and a colon around it.
        let length = (end - start) as usize;
        length == inner.len() + 3 && self.names[start as usize + 1..end as usize - 2] == *inner
    }

    /// A member's key between its quotes, escapes kept.
    pub(super) fn name(&self, member: u32) -> &str {
        let written = self.written(member);
        let inner = written.get(1..written.len().saturating_sub(2)).unwrap_or_default();
        std::str::from_utf8(inner).unwrap_or_default()
    }

    /// The members of an object, without the first that has no name.
    pub(super) fn members_of(names: Names) -> impl Iterator<Item = u32> {
        names.first + 1..=names.first + names.count
    }

    fn object<'f>(&mut self, object: &'f Object, path: &mut Vec<&'f str>) -> Result<Names, CheckerError> {
        if path.len() >= MAX_DEPTH as usize {
            return Err(CheckerError::TooDeep { path: path.join(".") });
        }
        if let Some(name) = object.required.iter().find(|name| object.get(name).is_none()) {
            path.push(name);
            return Err(CheckerError::Required { path: path.join(".") });
        }
        let first = self.members.len() as u32;
        // No key is written like this one.
        self.member(b"\0", false);
        for (name, _) in &object.fields {
            let mut written = Vec::with_capacity(name.len() + 3);
            write_string(name, &mut written);
            written.push(b':');
            self.member(&written, object.required.contains(name));
        }
        let count = object.fields.len() as u32;
        for (member, (name, field)) in (first + 1..).zip(&object.fields) {
            path.push(name);
            let node = self.node(field, path)?;
            path.pop();
            self.members[member as usize].node = node;
            // The last is followed by the first: arrays hold objects of one kind.
            self.members[member as usize].next = if member < first + count { member + 1 } else { first + 1 };
        }
        if count > 0 {
            self.members[first as usize].next = first + 1;
        }
        Ok(Names { first, count, required: object.required.len() as u32 })
    }

    fn member(&mut self, written: &[u8], required: bool) {
        let start = self.names.len() as u32;
        self.names.extend_from_slice(written);
        let index = self.members.len() as u32;
        self.members.push(Member {
            start,
            end: self.names.len() as u32,
            node: ANY,
            next: index,
            seen: 0,
            required,
        });
    }

    fn node<'f>(&mut self, field: &'f Field, path: &mut Vec<&'f str>) -> Result<u32, CheckerError> {
        let node = match &field.shape {
            Shape::Any => return Ok(ANY),
            Shape::Boolean => Node::Boolean,
            Shape::Number => Node::Number,
            Shape::Integer { minimum, maximum } => Node::Integer { minimum: *minimum, maximum: *maximum },
            Shape::Date => Node::Date,
            Shape::DateTime => Node::DateTime,
            Shape::String(text) => match TextRules::new(text, self.no_empty) {
                Ok(None) => Node::Plain,
                Ok(Some(rules)) => {
                    self.texts.push(rules);
                    Node::Text(self.texts.len() as u32 - 1)
                }
                Err(message) => return Err(CheckerError::Text { path: path.join("."), message }),
            },
            Shape::Object(object) => Node::Object(self.object(object, path)?),
            Shape::Map(values) => Node::Map(self.inner(values, "{*}", path)?),
            Shape::Array(items) => Node::Array(self.inner(items, "[*]", path)?),
            // A flat schema has none.
            Shape::DataType(id) => {
                return Err(CheckerError::Text {
                    path: path.join("."),
                    message: format!("the data type {id} has not been put in its place"),
                });
            }
        };
        self.nodes.push(node);
        Ok(self.nodes.len() as u32 - 1)
    }

    fn inner<'f>(
        &mut self,
        field: &'f Field,
        step: &'static str,
        path: &mut Vec<&'f str>,
    ) -> Result<u32, CheckerError> {
        if path.len() >= MAX_DEPTH as usize {
            return Err(CheckerError::TooDeep { path: path.join(".") });
        }
        path.push(step);
        let node = self.node(field, path);
        path.pop();
        node
    }
}
