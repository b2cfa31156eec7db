//! The source side of a plan: which places of the input matter, and the one pass that finds them.
//!
//! All paths that any mapping reads form one tree. A pass over the input walks the tree and the text
//! together and writes down, for each wanted place, where its value lies; the rest of the text is
//! only checked and skipped. An iteration (`[*]`, `{*}`) opens a *scope*: each element that the pass
//! meets becomes an *instance* of it with slots of its own.

use crate::expr::{Path, Segment};
use crate::json::{self, JsonError, Kind, Scanner, Span};
use std::fmt::Write as _;

/// A node of the source tree.
type NodeId = u32;

/// A scope; 0 is the object itself.
pub(crate) type ScopeId = u16;

/// Most unmapped leaves that are named for one object; input cannot make a report grow without end.
const MAX_UNMAPPED: usize = 1000;

/// A slot of a scope: what a path comes down to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SlotRef {
    pub(crate) scope: ScopeId,
    pub(crate) slot: u16,
}

#[derive(Debug, Default)]
struct Node {
    keys: KeyTable,
    /// Elements of an array, each an instance of the scope.
    each: Option<(NodeId, ScopeId)>,
    /// Values of an object, each an instance of the scope.
    each_value: Option<(NodeId, ScopeId)>,
    indexes: Vec<(u32, NodeId)>,
    /// The scope in which this node's own slot lies.
    scope: ScopeId,
    slot: Option<u16>,
    dropped: bool,
    rest: Option<u16>,
    /// Nothing below it is wanted one by one; set by [`SourceTree::seal`].
    plain: bool,
    /// Where the node's names begin in [`Captured::followers`]; set by [`SourceTree::seal`].
    first_name: u32,
}

impl Node {
    fn is_leaf(&self) -> bool {
        self.keys.is_empty() && self.each.is_none() && self.each_value.is_none() && self.indexes.is_empty()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Scope {
    pub(crate) parent: ScopeId,
    slots: u16,
    children: u16,
    /// Which of its parent's child scopes this is.
    place: u16,
    /// The bit that tells whether any instance exists; shared by all scopes inside an outermost one.
    outermost: ScopeId,
}

/// The paths that a plan reads.
#[derive(Debug)]
pub(crate) struct SourceTree {
    nodes: Vec<Node>,
    pub(crate) scopes: Vec<Scope>,
    rests: u16,
    /// All names of all nodes, and one place more for each node.
    names: u32,
}

impl SourceTree {
    pub(crate) fn new() -> Self {
        Self { nodes: vec![Node::default()], scopes: vec![Scope::default()], rests: 0, names: 0 }
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
            node.first_name = self.names;
            self.names += node.keys.names.len() as u32 + 1;
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

    fn bits(&self) -> usize {
        self.scopes[0].slots as usize + self.scopes.len()
    }
}

/// An element of an iteration that the pass has met.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instance {
    pub(crate) scope: ScopeId,
    pub(crate) parent: u32,
    /// The next instance of the same scope under the same parent; 0 at the end.
    pub(crate) next: u32,
    /// The key, for `{*}`.
    pub(crate) key: Span,
    slots: u32,
    links: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Link {
    first: u32,
    last: u32,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Key(Span),
    Each,
}

/// What one pass has found; reused from object to object.
#[derive(Debug, Default)]
pub(crate) struct Captured {
    slots: Vec<Span>,
    pub(crate) instances: Vec<Instance>,
    links: Vec<Link>,
    pub(crate) touched: Vec<u64>,
    steps: Vec<Step>,
    /// For each name of each node: which name followed it last time. See [`KeyTable::find_near`].
    followers: Vec<u16>,
    /// Paths of leaves that nothing reads and no rule drops.
    pub(crate) unmapped: Vec<String>,
    /// Leaves gathered for `{**}`: which one, the key made of the remaining path, the value.
    pub(crate) rest: Vec<(u16, String, Span)>,
}

/// What holds for everything below a node.
#[derive(Debug, Clone, Copy)]
struct Below {
    /// An ancestor is taken whole or dropped: unknown leaves are accounted for.
    covered: bool,
    /// The `{**}` that takes unknown leaves, and how many steps lie above it.
    rest: Option<(u16, u32)>,
}

impl Captured {
    /// Finds every wanted place of `input`, which must be one JSON value.
    pub(crate) fn capture(&mut self, tree: &SourceTree, input: &str) -> Result<(), JsonError> {
        if u32::try_from(input.len()).is_err() {
            return Err(JsonError { offset: 0, message: "longer than 4 GiB" });
        }
        self.slots.truncate(tree.scopes[0].slots as usize);
        self.instances.clear();
        self.links.clear();
        self.steps.clear();
        self.unmapped.clear();
        self.rest.clear();
        self.followers.resize(tree.names as usize, 0);
        self.touched.clear();
        self.touched.resize(tree.bits().div_ceil(64), 0);
        self.instance(tree, 0, 0, Span::default());
        let mut scanner = Scanner::new(input);
        self.visit(tree, 0, 0, &mut scanner, Below { covered: false, rest: None })?;
        scanner.finish()
    }

    /// The value of a slot as seen from an instance: the slot's scope is the instance's or above it.
    #[inline(always)]
    pub(crate) fn span(&self, slot: SlotRef, instance: u32) -> Span {
        if slot.scope == 0 { self.root(slot.slot) } else { self.scoped(slot, instance) }
    }

    fn scoped(&self, slot: SlotRef, mut instance: u32) -> Span {
        loop {
            let found = &self.instances[instance as usize];
            if found.scope == slot.scope {
                return self.slots[(found.slots + slot.slot as u32) as usize];
            }
            if instance == 0 {
                return Span::default();
            }
            instance = found.parent;
        }
    }

    /// A slot of the root. What earlier records left there is not cleared, which would cost more than
    /// all else for a small record; the bit tells whether this one has a value.
    #[inline(always)]
    fn root(&self, slot: u16) -> Span {
        match self.touched[slot as usize / 64] >> (slot % 64) & 1 {
            1 => self.slots[slot as usize],
            _ => Span::default(),
        }
    }

    /// The key of the `{*}` element that an instance is or lies in.
    pub(crate) fn key(&self, scope: ScopeId, mut instance: u32) -> Span {
        while instance != 0 {
            let found = &self.instances[instance as usize];
            if found.scope == scope {
                return found.key;
            }
            instance = found.parent;
        }
        Span::default()
    }

    /// The first instance of a scope under an instance of its parent scope; 0 when there is none.
    pub(crate) fn first(&self, tree: &SourceTree, scope: ScopeId, parent: u32) -> u32 {
        let parent = &self.instances[parent as usize];
        self.links[(parent.links + tree.scopes[scope as usize].place as u32) as usize].first
    }

    /// Every value of a slot, over all instances of its scope.
    pub(crate) fn all(&self, slot: SlotRef) -> impl Iterator<Item = Span> {
        self.instances.iter().filter(move |instance| instance.scope == slot.scope).map(move |instance| {
            match slot.scope {
                0 => self.root(slot.slot),
                _ => self.slots[(instance.slots + slot.slot as u32) as usize],
            }
        })
    }

    fn touch(&mut self, bit: u32) {
        self.touched[bit as usize / 64] |= 1 << (bit % 64);
    }

    fn instance(&mut self, tree: &SourceTree, scope: ScopeId, parent: u32, key: Span) -> u32 {
        let shape = &tree.scopes[scope as usize];
        let id = self.instances.len() as u32;
        self.instances.push(Instance {
            scope,
            parent,
            next: 0,
            key,
            slots: if scope == 0 { 0 } else { self.slots.len() as u32 },
            links: self.links.len() as u32,
        });
        let slots = if scope == 0 { 0 } else { self.slots.len() };
        self.slots.resize(slots + shape.slots as usize, Span::default());
        self.links.resize(self.links.len() + shape.children as usize, Link::default());
        if id != 0 {
            let link = &mut self.links[(self.instances[parent as usize].links + shape.place as u32) as usize];
            let last = std::mem::replace(&mut link.last, id);
            if last == 0 {
                link.first = id;
            } else {
                self.instances[last as usize].next = id;
            }
            self.touch(tree.scope_bit(scope));
        }
        id
    }

    #[inline(always)]
    fn store(&mut self, node: &Node, instance: u32, span: Span) {
        let Some(slot) = node.slot else { return };
        if node.scope != 0 {
            let at = self.instances[instance as usize].slots + slot as u32;
            self.slots[at as usize] = span;
        } else if span.is_present() {
            self.slots[slot as usize] = span;
            self.touch(slot.into());
        } else {
            // A key that comes twice: the last one counts, also when it is null.
            self.touched[slot as usize / 64] &= !(1 << (slot % 64));
        }
    }

    /// Reads the value at a node; the scanner stands before it.
    fn visit(
        &mut self,
        tree: &SourceTree,
        id: NodeId,
        instance: u32,
        scanner: &mut Scanner<'_>,
        above: Below,
    ) -> Result<(), JsonError> {
        let node = &tree.nodes[id as usize];
        if node.plain {
            let span = scanner.value()?;
            self.store(node, instance, span);
            return Ok(());
        }
        let below = Below {
            covered: above.covered || node.slot.is_some() || node.dropped,
            rest: node.rest.map(|rest| (rest, self.steps.len() as u32)).or(above.rest),
        };
        let first = scanner.peek();
        let start = scanner.position();
        let kind = match first {
            Some(b'{') => {
                let mut more = scanner.enter_object()?;
                // The slot of `followers` that tells what comes next; the node's first is for the start.
                let mut place = node.first_name;
                while more {
                    let (key, escaped) = scanner.key()?;
                    let raw = key.text(scanner.input());
                    let found = if escaped {
                        node.keys.find(&json::unescape(raw))
                    } else {
                        node.keys.find_near(raw, self.followers[place as usize])
                    };
                    let child = found.map(|(index, child)| {
                        self.followers[place as usize] = index;
                        place = node.first_name + 1 + u32::from(index);
                        child
                    });
                    // Most keys lead to a leaf: no need to go down for it.
                    if let Some(leaf) = child.map(|id| &tree.nodes[id as usize])
                        && leaf.plain
                    {
                        let span = scanner.value_inline()?;
                        self.store(leaf, instance, span);
                        more = scanner.next_member()?;
                        continue;
                    }
                    self.steps.push(Step::Key(key));
                    match (child, node.each_value) {
                        (Some(child), _) => self.visit(tree, child, instance, scanner, below)?,
                        (None, Some((child, scope))) => {
                            let element = self.instance(tree, scope, instance, key);
                            self.visit(tree, child, element, scanner, below)?;
                        }
                        (None, None) => {
                            let span = scanner.value()?;
                            self.unknown(scanner.input(), span, below);
                        }
                    }
                    self.steps.pop();
                    more = scanner.next_member()?;
                }
                Kind::Object
            }
            Some(b'[') if node.each.is_some() || !node.indexes.is_empty() => {
                let mut more = scanner.enter_array()?;
                let mut index = 0;
                self.steps.push(Step::Each);
                while more {
                    let chosen = node.indexes.iter().find(|(wanted, _)| *wanted == index);
                    match (chosen, node.each) {
                        (Some((_, child)), None) => self.visit(tree, *child, instance, scanner, below)?,
                        (chosen, Some((child, scope))) => {
                            // An element that is also wanted by its index is read twice.
                            if let Some((_, by_index)) = chosen {
                                self.visit(tree, *by_index, instance, &mut scanner.clone(), below)?;
                            }
                            let element = self.instance(tree, scope, instance, Span::default());
                            self.visit(tree, child, element, scanner, below)?;
                        }
                        (None, None) => {
                            let span = scanner.value()?;
                            self.unknown(scanner.input(), span, below);
                        }
                    }
                    index += 1;
                    more = scanner.next_element()?;
                }
                self.steps.pop();
                Kind::Array
            }
            _ => {
                let span = scanner.value()?;
                self.unknown(scanner.input(), span, below);
                self.store(node, instance, span);
                return Ok(());
            }
        };
        // The end lies right behind the closing bracket: `position` would skip white space first.
        let end = scanner.end();
        self.store(node, instance, Span { start, end, kind });
        Ok(())
    }

    /// Accounts for a value that no mapping reads.
    #[inline]
    fn unknown(&mut self, input: &str, span: Span, below: Below) {
        if !span.is_present() || (below.covered && below.rest.is_none()) {
            return;
        }
        if below.rest.is_none() && self.unmapped.len() >= MAX_UNMAPPED {
            return;
        }
        let text = span.text(input);
        let (separator, skip) = match below.rest {
            Some((_, steps)) => ("__", steps as usize),
            None => (".", 0),
        };
        let mut path = String::new();
        for step in &self.steps[skip..] {
            match step {
                Step::Key(key) => {
                    if !path.is_empty() {
                        path.push_str(separator);
                    }
                    path.push_str(&json::unescape(key.text(input)));
                }
                Step::Each if below.rest.is_none() => path.push_str("[*]"),
                Step::Each => {}
            }
        }
        self.leaves(
            text,
            Span { start: 0, end: text.len() as u32, kind: span.kind },
            span.start,
            path,
            below,
        );
    }

    /// Names each leaf of an unknown value. Depth is bounded: the scanner has accepted the text.
    fn leaves(&mut self, text: &str, span: Span, base: u32, path: String, below: Below) {
        let value = span.text(text);
        match (span.kind, below.rest) {
            (Kind::Absent | Kind::Null, _) => {}
            (Kind::Plain, _) if value.len() == 2 => {}
            (Kind::Object, rest) => {
                for (key, member) in json::members(value) {
                    let mut deeper = path.clone();
                    if !deeper.is_empty() {
                        deeper.push_str(if rest.is_some() { "__" } else { "." });
                    }
                    deeper.push_str(&json::unescape(key));
                    self.leaves(value, member, base + span.start, deeper, below);
                }
            }
            (Kind::Array, Some(_))
                if json::elements(value).any(|element| element.kind as u8 >= Kind::Array as u8) =>
            {
                for (index, element) in json::elements(value).enumerate() {
                    let mut deeper = path.clone();
                    let _ = write!(deeper, "__{index}");
                    self.leaves(value, element, base + span.start, deeper, below);
                }
            }
            (Kind::Array, None) => {
                for element in json::elements(value) {
                    self.leaves(value, element, base + span.start, format!("{path}[*]"), below);
                }
            }
            (kind, Some((rest, _))) => {
                let span = Span { start: base + span.start, end: base + span.end, kind };
                self.rest.push((rest, path, span));
            }
            (_, None) => {
                if self.unmapped.len() < MAX_UNMAPPED && !self.unmapped.contains(&path) {
                    self.unmapped.push(path);
                }
            }
        }
    }
}

/// Names to nodes: a small hash table, made once, read for every key of every object.
#[derive(Debug, Default)]
struct KeyTable {
    names: Vec<(String, NodeId)>,
    /// Index into `names` plus one, and part of the hash; a power of two long, half empty.
    table: Vec<(u32, u32)>,
}

impl KeyTable {
    fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    fn insert(&mut self, name: &str, node: NodeId) -> NodeId {
        if let Some((_, known)) = self.find(name) {
            return known;
        }
        self.names.push((name.to_owned(), node));
        let length = (self.names.len() * 2).next_power_of_two();
        self.table.clear();
        self.table.resize(length, (0, 0));
        for (index, (name, _)) in self.names.iter().enumerate() {
            let hash = hash(name.as_bytes());
            let mut at = hash as usize & (length - 1);
            while self.table[at].0 != 0 {
                at = (at + 1) & (length - 1);
            }
            self.table[at] = (index as u32 + 1, hash);
        }
        node
    }

    /// The node of a name, and its place among the names.
    #[inline]
    fn find(&self, name: &str) -> Option<(u16, NodeId)> {
        if self.table.is_empty() {
            return None;
        }
        let hash = hash(name.as_bytes());
        let mask = self.table.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let (index, known) = self.table[at];
            if index == 0 {
                return None;
            }
            if known == hash {
                let (candidate, node) = &self.names[index as usize - 1];
                if same(candidate.as_bytes(), name.as_bytes()) {
                    return Some((index as u16 - 1, *node));
                }
            }
            at = (at + 1) & mask;
        }
    }

    /// As [`KeyTable::find`], with a guess at the place: objects of one kind come with their keys in
    /// one order, so the key after the last one is nearly always the one that followed it last time.
    #[inline]
    fn find_near(&self, name: &str, guess: u16) -> Option<(u16, NodeId)> {
        if let Some((candidate, node)) = self.names.get(guess as usize)
            && same(candidate.as_bytes(), name.as_bytes())
        {
            return Some((guess, *node));
        }
        self.find(name)
    }
}

/// Equality of short texts by overlapping words: a call to the library's comparison costs more.
#[inline(always)]
fn same(a: &[u8], b: &[u8]) -> bool {
    let length = a.len();
    if length != b.len() {
        return false;
    }
    match length {
        8..=16 => word(a) == word(b) && word(&a[length - 8..]) == word(&b[length - 8..]),
        4..8 => half(a) == half(b) && half(&a[length - 4..]) == half(&b[length - 4..]),
        _ => a == b,
    }
}

#[inline]
fn word(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight))
}

#[inline]
fn half(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |four| u32::from_le_bytes(*four).into())
}

#[inline]
fn hash(bytes: &[u8]) -> u32 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut state = bytes.len() as u64;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        state = (state ^ word(chunk)).wrapping_mul(FACTOR);
        state ^= state >> 32;
    }
    // The last bytes once more together with the ones before: no loop over single bytes.
    let tail = match (bytes.len(), chunks.remainder().is_empty()) {
        (_, true) => 0,
        (8.., _) => word(&bytes[bytes.len() - 8..]),
        (4..8, _) => half(bytes) | half(&bytes[bytes.len() - 4..]) << 32,
        (length, _) => {
            u64::from(bytes[0]) | u64::from(bytes[length / 2]) << 8 | u64::from(bytes[length - 1]) << 16
        }
    };
    state = (state ^ tail).wrapping_mul(FACTOR);
    (state >> 32) as u32
}

/// How many iterations a path has.
pub(crate) fn iterations(path: &Path) -> usize {
    path.segments
        .iter()
        .filter(|segment| matches!(segment, Segment::Each | Segment::EachValue | Segment::EachKey))
        .count()
}
