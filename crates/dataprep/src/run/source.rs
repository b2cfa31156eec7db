//! The source side of a plan: which places of the input matter.
//!
//! All paths that any mapping reads form one tree, made once for a mapping set. An iteration (`[*]`,
//! `{*}`) opens a *scope*; a path comes down to a slot of the scope that its iterations end in.

use crate::expr::{Path, Segment};
use crate::run::names::KeyTable;

/// A node of the source tree.
pub(crate) type NodeId = u32;

/// A scope; 0 is the object itself.
pub(crate) type ScopeId = u16;

/// A slot of a scope: what a path comes down to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SlotRef {
    pub(crate) scope: ScopeId,
    pub(crate) slot: u16,
}

#[derive(Debug, Default)]
pub(crate) struct Node {
    pub(crate) keys: KeyTable,
    /// Elements of an array, each an instance of the scope.
    pub(crate) each: Option<(NodeId, ScopeId)>,
    /// Values of an object, each an instance of the scope.
    pub(crate) each_value: Option<(NodeId, ScopeId)>,
    pub(crate) indexes: Vec<(u32, NodeId)>,
    /// The scope in which this node's own slot lies.
    pub(crate) scope: ScopeId,
    pub(crate) slot: Option<u16>,
    pub(crate) dropped: bool,
    pub(crate) rest: Option<u16>,
    /// Whether a null that is present counts as a value; set by [`SourceTree::seal`].
    pub(crate) nulls: bool,
    /// Nothing below it is wanted one by one; set by [`SourceTree::seal`].
    pub(crate) plain: bool,
    /// Where the node's names begin in [`Captured::followers`]; set by [`SourceTree::seal`].
    pub(crate) first_name: u32,
}

impl Node {
    fn is_leaf(&self) -> bool {
        self.keys.is_empty() && self.each.is_none() && self.each_value.is_none() && self.indexes.is_empty()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Scope {
    pub(crate) parent: ScopeId,
    pub(crate) slots: u16,
    pub(crate) children: u16,
    /// Which of its parent's child scopes this is.
    pub(crate) place: u16,
    /// The bit that tells whether any instance exists; shared by all scopes inside an outermost one.
    outermost: ScopeId,
}

/// The paths that a plan reads.
#[derive(Debug)]
pub(crate) struct SourceTree {
    pub(crate) nodes: Vec<Node>,
    pub(crate) scopes: Vec<Scope>,
    rests: u16,
    /// All names of all nodes, and one place more for each node.
    pub(crate) names: u32,
    /// Whether nulls that are present count as values.
    pub(crate) nulls: bool,
}

impl SourceTree {
    pub(crate) fn new() -> Self {
        let (nodes, scopes) = (vec![Node::default()], vec![Scope::default()]);
        Self { nodes, scopes, rests: 0, names: 0, nulls: false }
    }

    fn node(&mut self, path: &[Segment]) -> NodeId {
        let mut at: NodeId = 0;
        for segment in path {
            let scope = self.nodes[at as usize].scope;
            let next_id = self.nodes.len() as NodeId;
            let node = &mut self.nodes[at as usize];
            let (next, next_scope) = match segment {
                Segment::Name(name) => (node.keys.insert(name, next_id), scope),
                Segment::Index(index) => match node.indexes.iter().find(|(known, _)| known == index) {
                    Some((_, known)) => (*known, scope),
                    None => {
                        node.indexes.push((*index, next_id));
                        (next_id, scope)
                    }
                },
                Segment::Each | Segment::EachValue | Segment::EachKey => {
                    let new_scope = self.scopes.len() as ScopeId;
                    let place = if *segment == Segment::Each { &mut node.each } else { &mut node.each_value };
                    let found = *place.get_or_insert((next_id, new_scope));
                    if found.1 == new_scope {
                        let parent = &mut self.scopes[scope as usize];
                        let place = parent.children;
                        parent.children += 1;
                        let outermost = if scope == 0 { new_scope } else { parent.outermost };
                        self.scopes.push(Scope { parent: scope, place, outermost, ..Scope::default() });
                    }
                    found
                }
                Segment::Rest => continue,
            };
            if next == next_id {
                self.nodes.push(Node { scope: next_scope, ..Node::default() });
            }
            at = next;
        }
        at
    }

    /// The slot of a path, made when the path is new.
    pub(crate) fn slot(&mut self, path: &[Segment]) -> SlotRef {
        let id = self.node(path) as usize;
        let scope = self.nodes[id].scope;
        let slot = *self.nodes[id].slot.get_or_insert_with(|| {
            let slots = &mut self.scopes[scope as usize].slots;
            *slots += 1;
            *slots - 1
        });
        SlotRef { scope, slot }
    }

    /// The scope that a path's iterations end in.
    pub(crate) fn scope(&mut self, path: &[Segment]) -> ScopeId {
        let id = self.node(path) as usize;
        self.nodes[id].scope
    }

    /// Marks a path whose values, and all below, are left out on purpose.
    pub(crate) fn drop_path(&mut self, path: &[Segment]) {
        let id = self.node(path) as usize;
        self.nodes[id].dropped = true;
    }

    /// Gathers the leaves below a path that nothing else reads.
    pub(crate) fn rest(&mut self, path: &[Segment]) -> u16 {
        let id = self.node(path) as usize;
        let next = self.rests;
        let rest = *self.nodes[id].rest.get_or_insert(next);
        if rest == next {
            self.rests += 1;
        }
        rest
    }

    /// To be called once, when all paths are known.
    pub(crate) fn seal(&mut self) {
        for node in &mut self.nodes {
            node.plain = node.is_leaf() && node.rest.is_none();
            node.nulls = self.nulls;
            node.first_name = self.names;
            self.names += node.keys.len() as u32 + 1;
        }
    }

    /// The bit of [`Captured::touched`] that is set when a slot of the root or any instance of a scope
    /// has a value.
    pub(crate) fn bit(&self, slot: SlotRef) -> u32 {
        if slot.scope == 0 { slot.slot.into() } else { self.scope_bit(slot.scope) }
    }

    pub(crate) fn scope_bit(&self, scope: ScopeId) -> u32 {
        self.scopes[0].slots as u32 + self.scopes[scope as usize].outermost as u32
    }

    pub(crate) fn bits(&self) -> usize {
        self.scopes[0].slots as usize + self.scopes.len()
    }
}

/// How many iterations a path has.
pub(crate) fn iterations(path: &Path) -> usize {
    path.segments
        .iter()
        .filter(|segment| matches!(segment, Segment::Each | Segment::EachValue | Segment::EachKey))
        .count()
}
