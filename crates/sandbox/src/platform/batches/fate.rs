//! What becomes of a batch once it is completed.

/// How a completed batch goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fate {
    /// It becomes active, or fails for what is in it.
    #[default]
    Good,
    /// It is retried once, then goes on well.
    Retrying,
    /// It is in a state that nobody has described, then goes on well.
    Odd,
    /// It stays in staging for ever.
    Stuck,
    /// Its retries are used up.
    Stalled,
    /// It fails, whatever is in it.
    Failed,
}

impl Fate {
    /// By the name that faults have for it.
    pub(in crate::platform) fn named(name: &str) -> Option<Self> {
        match name {
            "batch-retrying" => Some(Self::Retrying),
            "batch-odd" => Some(Self::Odd),
            "batch-stuck" => Some(Self::Stuck),
            "batch-stalled" => Some(Self::Stalled),
            "batch-failed" => Some(Self::Failed),
            _ => None,
        }
    }
}
