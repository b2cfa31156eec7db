//! The output tree while mappings are still being added to it.

use crate::expr::Segment;
use crate::run::emit::{Field, Numbered, Op, OpKind, Out};
use crate::run::eval::Source;
use crate::run::source::{ScopeId, SourceTree};
use crate::values::json;
use std::collections::BTreeMap;

/// An output node.
#[derive(Debug, Default, Clone)]
pub(crate) struct Draft {
    op: Option<u32>,
    members: Vec<(String, Draft)>,
    each: Option<Each>,
    indexes: BTreeMap<u32, Draft>,
}

/// One destination for every element of an iteration.
#[derive(Debug, Clone)]
struct Each {
    scope: Option<ScopeId>,
    /// `{*}`: an object under the keys of the source rather than an array.
    keyed: bool,
    item: Box<Draft>,
}

/// What finishing needs to know, and what it finds wrong, by index of the mapping.
pub(crate) struct Finish<'p> {
    pub(crate) tree: &'p SourceTree,
    pub(crate) ops: &'p [Op],
    pub(crate) problems: Vec<(usize, &'static str)>,
    /// How many nodes were made: elements mapped by index double those of their array.
    pub(crate) nodes: u32,
}

/// Most nodes of an output tree.
const MAX_NODES: u32 = 100_000;

impl Draft {
    /// Adds a mapping's destination.
    pub(crate) fn place(&mut self, path: &[Segment], scopes: &[ScopeId], op: u32) -> Result<(), String> {
        let Some((first, rest)) = path.split_first() else {
            // A later mapping to the same destination wins: that is how a set is overridden.
            self.op = Some(op);
            return Ok(());
        };
        match first {
            Segment::Name(name) => self.member(name).place(rest, scopes, op),
            Segment::Each | Segment::EachValue => {
                let keyed = *first == Segment::EachValue;
                let (scope, scopes) = match scopes.split_first() {
                    Some((scope, deeper)) => (Some(*scope), deeper),
                    None => (None, scopes),
                };
                let each = self.each.get_or_insert_with(|| Each { scope, keyed, item: Box::default() });
                if each.keyed != keyed {
                    return Err("the destination is used both with [*] and with {*}".to_owned());
                }
                match (each.scope, scope) {
                    (Some(a), Some(b)) if a != b => {
                        return Err(
                            "two different source arrays feed one destination array; join them first, \
                                    for example with join_arrays or arrays_to_objects"
                                .to_owned(),
                        );
                    }
                    (None, Some(_)) => each.scope = scope,
                    _ => {}
                }
                each.item.place(rest, scopes, op)
            }
            Segment::Index(index) => self.indexes.entry(*index).or_default().place(rest, scopes, op),
            Segment::Rest if rest.is_empty() => {
                self.op = Some(op);
                Ok(())
            }
            other => Err(format!("{other} cannot be written to")),
        }
    }

    fn member(&mut self, name: &str) -> &mut Draft {
        let at = self.members.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            self.members.push((name.to_owned(), Draft::default()));
            self.members.len() - 1
        });
        &mut self.members[at].1
    }

    /// This node with all that another has; the other wins.
    fn merged(&self, over: &Draft) -> Draft {
        let mut merged = self.clone();
        merged.op = over.op.or(merged.op);
        for (name, draft) in &over.members {
            let member = merged.member(name);
            *member = member.merged(draft);
        }
        for (index, draft) in &over.indexes {
            let item = merged.indexes.entry(*index).or_default();
            *item = item.merged(draft);
        }
        merged.each = match (merged.each, &over.each) {
            (Some(a), Some(b)) => Some(Each { item: Box::new(a.item.merged(&b.item)), ..b.clone() }),
            (a, b) => b.clone().or(a),
        };
        merged
    }

    fn any_op(&self) -> usize {
        self.op
            .or_else(|| self.members.first().map(|(_, draft)| draft.any_op() as u32))
            .or_else(|| self.each.as_ref().map(|each| each.item.any_op() as u32))
            .or_else(|| self.indexes.values().next().map(|draft| draft.any_op() as u32))
            .unwrap_or_default() as usize
    }

    /// The node as it runs. Where something is wrong, it is noted and the node does nothing sensible.
    pub(crate) fn finish(&self, with: &mut Finish<'_>) -> Out {
        let first = with.ops.get(self.any_op());
        let mapping = first.map_or(0, |op| op.mapping);
        with.nodes += 1;
        if with.nodes >= MAX_NODES {
            if with.nodes == MAX_NODES {
                with.problems.push((mapping, "too many arrays inside each other are mapped by index"));
            }
            return Out::Fixed(Vec::new());
        }
        let is_array = self.each.as_ref().is_some_and(|each| !each.keyed) || !self.indexes.is_empty();
        let is_map = self.each.as_ref().is_some_and(|each| each.keyed);
        if [!self.members.is_empty(), is_array, is_map].iter().filter(|present| **present).count() > 1 {
            with.problems.push((mapping, "the destination is used both as an array and as an object"));
        }
        if (is_array || is_map) && self.op.is_some() {
            with.problems.push((
                mapping,
                "the destination is mapped whole and by its elements; only an ATTRIBUTE with as many [*] as \
                 the destination can be mapped whole beside mappings of its elements",
            ));
        }
        if let Some(each) = &self.each {
            let Some(scope) = each.scope else {
                with.problems.push((mapping, "the destination iterates, but no source does"));
                return Out::Fixed(Vec::new());
            };
            let numbered = self
                .indexes
                .iter()
                .map(|(index, alone)| Numbered {
                    index: *index,
                    merged: each.item.merged(alone).finish(with),
                    alone: alone.finish(with),
                })
                .collect();
            let item = Box::new(each.item.finish(with));
            return Out::Each { scope, keyed: each.keyed, item, numbered };
        }
        if !self.indexes.is_empty() {
            return Out::Fixed(self.indexes.values().map(|draft| draft.finish(with)).collect());
        }
        if let (true, Some(op)) = (self.members.is_empty(), self.op) {
            return Out::Leaf(op);
        }
        if let Some(whole) = self.op.and_then(|op| with.ops.get(op as usize)) {
            match whole.kind {
                OpKind::Const(_) => with
                    .problems
                    .push((whole.mapping, "a constant is text; other mappings write members below it")),
                OpKind::Rest(_) => with.problems.push((
                    whole.mapping,
                    "{**} needs a destination of its own; other mappings write below it",
                )),
                OpKind::Copy(_) | OpKind::Eval { .. } => {}
            }
        }
        let mut fields = Vec::new();
        for (name, draft) in &self.members {
            let out = draft.finish(with);
            let mut key = Vec::new();
            json::write_string(name, &mut key);
            key.push(b':');
            let (mut bits, mut always) = (Vec::new(), false);
            triggers(&out, with.tree, with.ops, &mut bits, &mut always);
            let mut words = pack(bits).into_iter();
            let bits = words.next().unwrap_or_default();
            fields.push(Field { name: name.clone(), key, out, bits, more_bits: words.collect(), always });
        }
        Out::Object { fields, base: self.op }
    }
}

/// Which parts of the input can make a node write anything.
fn triggers(out: &Out, tree: &SourceTree, ops: &[Op], bits: &mut Vec<u32>, always: &mut bool) {
    let mut leaf = |op: u32| match ops.get(op as usize).map(|op| &op.kind) {
        None => {}
        Some(OpKind::Copy(slot)) => bits.push(tree.bit(*slot)),
        Some(OpKind::Const(_) | OpKind::Rest(_)) => *always = true,
        Some(OpKind::Eval { code, skippable }) => {
            *always |= !skippable;
            code.visit_needed(&mut |source| {
                bits.push(match source {
                    Source::Slot(slot) => tree.bit(slot),
                    Source::Scope(scope) => tree.scope_bit(scope),
                });
            });
        }
    };
    match out {
        Out::Leaf(op) => leaf(*op),
        Out::Object { fields, base } => {
            if let Some(op) = base {
                leaf(*op);
            }
            for field in fields {
                triggers(&field.out, tree, ops, bits, always);
            }
        }
        // Nothing can be written without an element, save where one is mapped by its index.
        Out::Each { scope, numbered, .. } => {
            bits.push(tree.scope_bit(*scope));
            numbered.iter().for_each(|one| triggers(&one.alone, tree, ops, bits, always));
        }
        Out::Fixed(items) => items.iter().for_each(|item| triggers(item, tree, ops, bits, always)),
    }
}

/// Bits as words to test: (index of the word, mask).
fn pack(bits: Vec<u32>) -> Vec<(u16, u64)> {
    let mut words: BTreeMap<u16, u64> = BTreeMap::new();
    for bit in bits {
        *words.entry((bit / 64) as u16).or_default() |= 1 << (bit % 64);
    }
    words.into_iter().collect()
}
