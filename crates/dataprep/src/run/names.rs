//! Finding a key's node among a node's names: done for every key of every object, so it is made of a few
//! word comparisons.

use crate::run::source::NodeId;
use crate::values::text::{half, same, word};

/// Names to nodes: a small hash table, made once, read for every key of every object.
#[derive(Debug, Default)]
pub(crate) struct KeyTable {
    names: Vec<(String, NodeId)>,
    /// Index into `names` plus one, and part of the hash; a power of two long, half empty.
    table: Vec<(u32, u32)>,
}

impl KeyTable {
    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn insert(&mut self, name: &str, node: NodeId) -> NodeId {
        if let Some((_, known)) = self.find(name) {
            return known;
        }
        self.names.push((name.to_owned(), node));
        let length = (self.names.len() * 2).next_power_of_two();
        if length == self.table.len() {
            self.enter(self.names.len() - 1);
        } else {
            self.table.clear();
            self.table.resize(length, (0, 0));
            (0..self.names.len()).for_each(|index| self.enter(index));
        }
        node
    }

    /// Puts a name into the table, at the first free place from that of its hash on.
    fn enter(&mut self, index: usize) {
        let hash = hash(self.names[index].0.as_bytes());
        let mask = self.table.len() - 1;
        let mut at = hash as usize & mask;
        while self.table[at].0 != 0 {
            at = (at + 1) & mask;
        }
        self.table[at] = (index as u32 + 1, hash);
    }

    /// The node of a name, and its place among the names.
    #[inline(always)]
    pub(crate) fn find(&self, name: &str) -> Option<(u16, NodeId)> {
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
                    return Some(((index - 1) as u16, *node));
                }
            }
            at = (at + 1) & mask;
        }
    }

    /// As [`KeyTable::find`], with a guess at the place: objects of one kind come with their keys in
    /// one order, so the key after the last one is nearly always the one that followed it last time.
    #[inline(always)]
    pub(crate) fn find_near(&self, name: &str, guess: u16) -> Option<(u16, NodeId)> {
        if let Some((candidate, node)) = self.names.get(guess as usize)
            && same(candidate.as_bytes(), name.as_bytes())
        {
            return Some((guess, *node));
        }
        self.find(name)
    }
}

#[inline(always)]
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
