//! The time and the chance of a run: arguments, never taken from the machine.

use crate::date::Moment;
use sha2::{Digest, Sha256};

/// Where `now`, `timestamp`, `uuid` and the like take their value from. Nothing here reads a clock or
/// draws a random number, so the same input gives the same output.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// The time that `now()` tells; without it the functions of the current time fail.
    pub now: Option<Moment>,
    /// What random values are made from, together with the record and how many were made for it.
    pub seed: u64,
    /// The hash of the seed and the record, once something was drawn for it.
    record: Option<[u8; 32]>,
    /// How many random values were made for the record.
    drawn: u32,
}

impl Clock {
    /// A clock that tells a time, or none, and draws from a seed.
    pub fn new(now: Option<Moment>, seed: u64) -> Self {
        Self { now, seed, record: None, drawn: 0 }
    }

    /// To be called before each record: what is drawn depends on the record, not on those before it.
    pub(crate) fn next_record(&mut self) {
        (self.record, self.drawn) = (None, 0);
    }

    /// Sixteen bytes that look random: a hash of the seed, the record and how many were drawn for it.
    pub(crate) fn draw(&mut self, record: &str) -> [u8; 16] {
        let seed = self.seed;
        let of_record = self.record.get_or_insert_with(|| {
            Sha256::new().chain_update(seed.to_le_bytes()).chain_update(record).finalize().into()
        });
        let hash = Sha256::new().chain_update(*of_record).chain_update(self.drawn.to_le_bytes()).finalize();
        self.drawn = self.drawn.wrapping_add(1);
        let mut drawn = [0; 16];
        drawn.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        drawn
    }
}
