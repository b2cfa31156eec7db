//! What a delivery did.

use super::{DeliveryError, Waiting};
use serde::Serialize;
use std::time::Duration;

/// What a delivery did for one dataset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Delivered {
    /// The dataset's name in the lake.
    pub dataset: String,
    /// Catalog's id of it.
    pub dataset_id: String,
    /// Batches whose rows came into the dataset.
    pub batches: u64,
    /// Rows that did.
    pub rows: u64,
    /// Bytes of these batches.
    pub bytes: u64,
    /// Rows that Platform refused; they are in the quarantine.
    pub refused: u64,
    /// Batches that Platform still works on; the next delivery looks at them.
    pub open: u64,
    /// Batches that failed. Their files are tried again, or wait for somebody to look.
    pub failed: u64,
    /// Streamed records that the data lake gets, and Profile drops because they are too large.
    pub beyond_profile: u64,
    /// What waits for more, or for its time.
    pub waiting: Waiting,
    /// Deletions that are carried into profiles.
    pub deletions: u64,
    /// Tombstones that cannot be carried into this dataset; they stay in the lake.
    pub tombstones: Waiting,
    /// What went wrong, and what Platform said.
    pub notes: Vec<String>,
}

impl Delivered {
    /// Whether there was nothing to do.
    pub fn is_idle(&self) -> bool {
        let counts = [self.batches, self.rows, self.refused, self.open, self.failed, self.waiting.files];
        counts.iter().all(|count| *count == 0)
    }
}

/// What a delivery did.
#[derive(Debug, Default, Serialize)]
pub struct Delivery {
    /// Each dataset.
    pub datasets: Vec<Delivered>,
    /// What a limit implies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<String>,
    /// How long Platform was waited for at most.
    #[serde(skip)]
    pub patience: Duration,
    /// Whether it was stopped from outside.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
    /// The error that ended it, when one did.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "in_words")]
    pub error: Option<DeliveryError>,
}

fn in_words<S: serde::Serializer>(error: &Option<DeliveryError>, to: S) -> Result<S::Ok, S::Error> {
    error.as_ref().map(ToString::to_string).serialize(to)
}

impl Delivery {
    /// Whether everything that was due is in its dataset.
    pub fn is_whole(&self) -> bool {
        let whole = |one: &Delivered| one.open == 0 && one.failed == 0 && one.refused == 0;
        self.error.is_none() && !self.interrupted && self.datasets.iter().all(whole)
    }

    /// The same with what another delivery to the same datasets did before.
    pub fn after(mut self, before: Self) -> Self {
        for (one, other) in self.datasets.iter_mut().zip(before.datasets) {
            one.batches += other.batches;
            one.rows += other.rows;
            one.bytes += other.bytes;
            one.refused += other.refused;
            one.open += other.open;
            one.failed += other.failed;
            one.notes.splice(0..0, other.notes);
        }
        self.patience = before.patience;
        self.error = before.error.or(self.error);
        self
    }

    /// What a program exits with: 1 when an error or a stop ended it, 2 when rows were refused, batches have failed
    /// or are not settled yet.
    pub fn exit_code(&self) -> u8 {
        match () {
            () if self.error.is_some() || self.interrupted => 1,
            () if self.is_whole() => 0,
            () => 2,
        }
    }
}
