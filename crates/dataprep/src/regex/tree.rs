//! A pattern as it was read.

use super::class::{Fold, Set};

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
    /// `\b`, of words as `(?U)` has them when true.
    WordEdge(bool),
    /// `\B`
    NoWordEdge(bool),
    /// `\G`
    LastMatch,
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
