//! The pass over the input: the source tree and the text are walked together, and for each wanted place
//! it is written down where its value lies.
//!
//! An iteration's elements become *instances* of its scope, each with slots of its own. What no mapping
//! reads is named ([`Captured::unmapped`]) or gathered ([`Captured::rest`]), never lost in silence.

use crate::run::source::{Node, NodeId, ScopeId, SlotRef, SourceTree};
use crate::values::json::{self, JsonError, Kind, Scanner, Span};
use std::fmt::Write as _;

/// Most unmapped leaves that are named for one object; input cannot make a report grow without end.
const MAX_UNMAPPED: usize = 1000;

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
        } else if span.is_present() || node.nulls {
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
                            // An element that is also wanted by its index is read twice, and once told of.
                            if let Some((_, by_index)) = chosen {
                                let told = Below { covered: true, rest: None };
                                self.visit(tree, *by_index, instance, &mut scanner.clone(), told)?;
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
    fn unknown(&mut self, input: &str, span: Span, mut below: Below) {
        // What is no object has no members to gather.
        if below.rest.is_some_and(|(_, above)| above as usize == self.steps.len())
            && span.kind != Kind::Object
        {
            below.rest = None;
        }
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
