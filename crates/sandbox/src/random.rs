//! Deterministic choices. A seed must give the same account on every machine and for years, so the
//! generator is written out here (SplitMix64) rather than taken from a crate whose stream may change.

const ALPHANUMERIC: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`; 0 when `bound` is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or(0)
    }

    pub(crate) fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    /// A number in `low..=high`.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below(high.saturating_sub(low).max(0) as u64 + 1) as i64
    }

    /// True in `percent` of 100 cases.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<T: Copy, const N: usize>(&mut self, choices: &[T; N]) -> T {
        const { assert!(N > 0) };
        choices[self.index(N)]
    }

    pub(crate) fn token(&mut self, len: usize) -> String {
        (0..len).map(|_| char::from(ALPHANUMERIC[self.index(ALPHANUMERIC.len())])).collect()
    }

    pub(crate) fn digits(&mut self, len: usize) -> String {
        (0..len).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }

    /// An id in the style of Stripe's: a prefix and 24 or 14 letters and digits.
    pub(crate) fn id(&mut self, prefix: &str) -> String {
        match prefix {
            "cus" | "si" | "prod" => format!("{prefix}_{}", self.token(14)),
            "ch" | "py" | "re" | "pyr" | "txn" | "pi" => format!("{prefix}_3{}", self.token(23)),
            _ => format!("{prefix}_1{}", self.token(23)),
        }
    }
}
