//! From the tree of a pattern to the steps that the matcher takes.

use super::class::{Class, Fold, Set};
use super::tree::{Assertion, Manner, Node, Tree, width};

/// Most steps of one pattern: repetitions of groups are written out.
const MAX_STEPS: usize = 20_000;

/// A pattern ready to run.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) steps: Vec<Step>,
    pub(super) sets: Vec<Set>,
    /// Groups that capture, without the whole match.
    pub(super) groups: u32,
    pub(super) names: Vec<(String, u32)>,
    /// Places of the text that a run keeps: beginning and end of each group, then where each group that
    /// is not yet closed began, then one for each loop that needs it.
    pub(super) slots: usize,
    /// Whether a place of the text where a step failed can be left out for the rest of a search.
    pub(super) remembers: bool,
    /// Whether a match can only begin at the text's beginning.
    pub(super) anchored: bool,
}

#[derive(Debug)]
pub(super) enum Step {
    Literal(Box<str>),
    /// One character of a set.
    Set(u32),
    /// Several characters of a set.
    SetRun {
        set: u32,
        min: u32,
        max: u32,
        manner: Manner,
    },
    /// Goes on at the first; when that fails, at the second.
    Split(u32, u32),
    Jump(u32),
    /// Keeps the place in a slot.
    Save(u32),
    /// Closes a group that began at the place in the second slot. Until then it holds what it held.
    Close(u32, u32),
    /// Jumps when nothing was matched since the slot was saved: a loop that would not end.
    LeaveIfStuck(u32, u32),
    Assert(Assertion),
    Same(u32, Option<Fold>),
    /// Runs the steps that follow, up to [`Step::End`], on their own, then goes on at `next`.
    Inner {
        kind: Inner,
        next: u32,
    },
    /// A match of the whole, or of an inner part.
    End,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Inner {
    /// Its first match counts and no other is tried.
    Atomic,
    Ahead {
        negative: bool,
    },
    /// Begins so many characters before, the fewest first.
    Behind {
        negative: bool,
        min: usize,
        max: usize,
    },
}

/// The pattern has too many steps.
#[derive(Debug)]
pub(super) struct TooLarge;

type Result<T> = std::result::Result<T, TooLarge>;

/// Compiles a tree.
pub(super) fn compile(tree: Tree) -> Result<Program> {
    let Tree { root, sets, groups, names } = tree;
    let opened = 2 * (groups + 1);
    let slots = (opened + groups) as usize;
    let mut writer = Writer { steps: Vec::new(), sets, opened, slots, written: 0, loops: 0, remembers: true };
    writer.node(&root)?;
    writer.push(Step::End)?;
    let Writer { steps, sets, slots, remembers, .. } = writer;
    let anchored = matches!(steps.first(), Some(Step::Assert(Assertion::Start)));
    Ok(Program { steps, sets, groups, names, slots, remembers, anchored })
}

struct Writer {
    steps: Vec<Step>,
    sets: Vec<Set>,
    /// The first slot of groups that are not yet closed.
    opened: u32,
    slots: usize,
    /// Nodes written so far, the empty ones too.
    written: usize,
    /// Loops around the current place.
    loops: u32,
    remembers: bool,
}

impl Writer {
    fn here(&self) -> u32 {
        self.steps.len() as u32
    }

    fn push(&mut self, step: Step) -> Result<usize> {
        self.steps.push(step);
        match self.steps.len() > MAX_STEPS {
            true => Err(TooLarge),
            false => Ok(self.steps.len() - 1),
        }
    }

    /// Fills in a step whose target was not known when it was pushed.
    fn patch(&mut self, at: usize, step: Step) {
        if let Some(place) = self.steps.get_mut(at) {
            *place = step;
        }
    }

    fn node(&mut self, node: &Node) -> Result<()> {
        self.written += 1;
        if self.written > MAX_STEPS {
            return Err(TooLarge);
        }
        match node {
            Node::Empty => {}
            Node::Char(c) => {
                self.push(Step::Literal(c.to_string().into()))?;
            }
            Node::Set(set) => {
                self.push(Step::Set(*set))?;
            }
            Node::Sequence(nodes) => self.sequence(nodes)?,
            Node::Choice(branches) => self.choice(branches)?,
            Node::Repeat(inner, min, max, manner) => self.repeat(inner, *min, *max, *manner)?,
            Node::Group(index, inner) => {
                let began = self.opened + index - 1;
                self.push(Step::Save(began))?;
                self.node(inner)?;
                self.push(Step::Close(*index, began))?;
            }
            Node::Atomic(inner) => self.inner(Inner::Atomic, inner)?,
            Node::Look { behind: false, negative, inner } => {
                self.inner(Inner::Ahead { negative: *negative }, inner)?;
            }
            Node::Look { behind: true, negative, inner } => {
                let (min, max) = width(inner);
                let max = max.unwrap_or(min);
                self.inner(Inner::Behind { negative: *negative, min, max }, inner)?;
            }
            Node::Same(group, fold) => {
                // What follows depends on what the group holds, not on the place alone.
                self.remembers = false;
                self.push(Step::Same(*group, *fold))?;
            }
            Node::Assert(assertion) => {
                self.push(Step::Assert(*assertion))?;
            }
        }
        Ok(())
    }

    /// Characters that follow each other become one step.
    fn sequence(&mut self, nodes: &[Node]) -> Result<()> {
        let mut literal = String::new();
        for node in nodes {
            if let Node::Char(c) = node {
                literal.push(*c);
                continue;
            }
            self.literal(&mut literal)?;
            self.node(node)?;
        }
        self.literal(&mut literal)
    }

    fn literal(&mut self, literal: &mut String) -> Result<()> {
        if !literal.is_empty() {
            self.push(Step::Literal(std::mem::take(literal).into()))?;
        }
        Ok(())
    }

    fn choice(&mut self, branches: &[Node]) -> Result<()> {
        let mut ends = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            if index + 1 == branches.len() {
                self.node(branch)?;
                break;
            }
            let split = self.push(Step::End)?;
            self.node(branch)?;
            ends.push(self.push(Step::End)?);
            self.patch(split, Step::Split(split as u32 + 1, self.here()));
        }
        for end in ends {
            self.patch(end, Step::Jump(self.here()));
        }
        Ok(())
    }

    fn inner(&mut self, kind: Inner, inner: &Node) -> Result<()> {
        let start = self.push(Step::End)?;
        self.node(inner)?;
        self.push(Step::End)?;
        self.patch(start, Step::Inner { kind, next: self.here() });
        Ok(())
    }

    fn repeat(&mut self, inner: &Node, min: u32, max: Option<u32>, manner: Manner) -> Result<()> {
        let set = match inner {
            Node::Set(set) => Some(*set),
            Node::Char(c) => {
                self.sets.push(Set::new(Class::single(*c, None)));
                Some(self.sets.len() as u32 - 1)
            }
            _ => None,
        };
        if let Some(set) = set {
            self.push(Step::SetRun { set, min, max: max.unwrap_or(u32::MAX), manner })?;
            return Ok(());
        }
        if manner == Manner::Possessive {
            let start = self.push(Step::End)?;
            self.repeat(inner, min, max, Manner::Greedy)?;
            self.push(Step::End)?;
            self.patch(start, Step::Inner { kind: Inner::Atomic, next: self.here() });
            return Ok(());
        }
        let split = |yes: u32, no: u32| match manner {
            Manner::Lazy => Step::Split(no, yes),
            _ => Step::Split(yes, no),
        };
        // The last of the necessary ones is the body of the loop when there is no most.
        let copies = if max.is_none() { min.saturating_sub(1) } else { min };
        for _ in 0..copies {
            self.node(inner)?;
        }
        match max {
            Some(max) => {
                let mut splits = Vec::new();
                for _ in min..max {
                    splits.push(self.push(Step::End)?);
                    self.node(inner)?;
                }
                for at in splits {
                    self.patch(at, split(at as u32 + 1, self.here()));
                }
            }
            None => {
                let first = if min == 0 { Some(self.push(Step::End)?) } else { None };
                self.endless(inner, split)?;
                if let Some(at) = first {
                    self.patch(at, split(at as u32 + 1, self.here()));
                }
            }
        }
        Ok(())
    }

    /// The body once, then again as often as it goes.
    fn endless(&mut self, inner: &Node, split: impl Fn(u32, u32) -> Step) -> Result<()> {
        let body = self.here();
        // Only a body that can match nothing needs to be kept from going on forever.
        let stuck = width(inner).0 == 0;
        let slot = self.slots as u32;
        if stuck {
            // In a loop of loops the same place can be come by twice on one way.
            self.remembers &= self.loops == 0;
            self.slots += 1;
            self.push(Step::Save(slot))?;
        }
        self.loops += 1;
        self.node(inner)?;
        self.loops -= 1;
        let leave = if stuck { Some(self.push(Step::End)?) } else { None };
        let again = self.push(Step::End)?;
        self.patch(again, split(body, self.here()));
        if let Some(at) = leave {
            self.patch(at, Step::LeaveIfStuck(slot, self.here()));
        }
        Ok(())
    }
}
