//! From the lake to Experience Platform: what the lake holds and a dataset does not have yet goes there in batches
//! ([`deliver`]) or record by record ([`stream()`]), and what became of each is looked up until it is decided. The
//! ledger says how far everything came, so a delivery can end anywhere, and the next one goes on.
//!
//! Files go as they are, JSON lines, or as Parquet, which is made of them upload by upload ([`parquet`]).

mod batch;
mod batches;
mod destinations;
mod failed_rows;
mod gather;
mod outcome;
pub mod parquet;
mod stream;

pub use batches::{Options, deliver};
pub use destinations::destinations;
pub(crate) use failed_rows::refusals;
pub use gather::{Bounds, Budget, Gathered, Gathering, PROFILE_BATCHES_A_DAY, Waiting, gather};
pub use outcome::{Delivered, Delivery};
pub use stream::{Streaming, stream};

use crate::ledger::{LedgerError, Target};
use crate::platform::PlatformError;
use std::path::Path;

/// Where the records of a dataset go.
#[derive(Debug, Clone)]
pub struct Destination {
    /// The dataset.
    pub target: Target,
    /// Whether it feeds Profile.
    pub profile: bool,
}

fn clock() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// At Experience Platform.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// In the ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// With a file of the lake.
    #[error(
        "{path}: {cause}; the ledger knows this file of the lake: restore it and run the same command again"
    )]
    File {
        /// The file.
        path: String,
        /// The system's error.
        cause: std::io::Error,
    },
    /// With a row that does not fit the columns of its dataset.
    #[error(
        "{path}, line {line}, record {record}: {place}: {why}; `stripe-xdm schema plan` says what the dataset's schema \
         lacks, and as JSON lines the batch's other rows go"
    )]
    Misfit {
        /// The file.
        path: String,
        /// The line, from 1.
        line: u64,
        /// The record's id, or its key.
        record: String,
        /// Where in it, as a JSON pointer.
        place: String,
        /// What is wrong there.
        why: String,
    },
    /// With a Parquet file.
    #[error("cannot write Parquet: {0}; check that the disk has room and run the same command again")]
    Parquet(#[from] ::parquet::errors::ParquetError),
    /// Here.
    #[error("{0}")]
    System(String),
}

impl DeliveryError {
    pub(crate) fn file(path: &Path, cause: std::io::Error) -> Self {
        Self::File { path: path.display().to_string(), cause }
    }

    /// Whether it is about one batch only, so that others may still go.
    fn is_of_one(&self) -> bool {
        match self {
            Self::Platform(PlatformError::Refused { status, .. }) => {
                !matches!(status, 401 | 403 | 429 | 500..)
            }
            Self::Platform(PlatformError::Contract { .. }) | Self::File { .. } => true,
            _ => false,
        }
    }
}
