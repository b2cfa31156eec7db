//! The outbox: which of the lake's files Experience Platform has, in which batch or up to which line, and how far
//! each batch came. The lake is what waits; nothing is copied for sending.

use super::{LedgerError, Quarantined};

/// A dataset of Experience Platform that files are carried to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// The organisation, `…@AdobeOrg`.
    pub org: String,
    /// The sandbox's name.
    pub sandbox: String,
    /// Catalog's id of the dataset.
    pub dataset_id: String,
    /// The dataset's name in the lake.
    pub dataset: String,
}

/// A file of the lake that is not wholly delivered to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Path inside the lake.
    pub path: String,
    /// Lines in it.
    pub records: u64,
    /// Bytes in it.
    pub bytes: u64,
    /// When the run began that wrote it, in epoch seconds; 0 when that is not known.
    pub since: i64,
    /// How much of it a stream has accepted.
    pub streamed: Position,
}

/// How much of a file a stream has accepted: whole lines from its beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Bytes.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
}

/// How far a batch came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchState {
    /// Its files are chosen. Platform may know of it, but not by an id that is noted here, so that nothing of it
    /// was uploaded.
    Planned,
    /// Platform gave it an id; files may be there. It was not asked to complete it.
    Created,
    /// All files are there; Platform may have been asked to complete it.
    Uploaded,
    /// Platform said that it completes it.
    Completed,
    /// Its rows are in the dataset, but for those refused.
    Active,
    /// None of its rows is in the dataset.
    Failed,
    /// It failed, and its files are another batch's now.
    Replaced,
}

impl BatchState {
    /// As the ledger writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Created => "created",
            Self::Uploaded => "uploaded",
            Self::Completed => "completed",
            Self::Active => "active",
            Self::Failed => "failed",
            Self::Replaced => "replaced",
        }
    }

    /// What a word means; none is no word of the ledger's.
    pub(super) fn of(word: &str) -> Option<Self> {
        let all = [
            Self::Planned,
            Self::Created,
            Self::Uploaded,
            Self::Completed,
            Self::Active,
            Self::Failed,
            Self::Replaced,
        ];
        all.into_iter().find(|state| state.word() == word)
    }

    /// Whether there is something left to do.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Planned | Self::Created | Self::Uploaded | Self::Completed)
    }
}

/// What the files of a batch are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// The lake's own: JSON lines.
    #[default]
    JsonLines,
    /// Parquet, made of them.
    Parquet,
}

impl Format {
    /// As Platform and the ledger write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::JsonLines => "json",
            Self::Parquet => "parquet",
        }
    }

    /// What a word means; none is no format that is sent here.
    pub fn of(word: &str) -> Option<Self> {
        [Self::JsonLines, Self::Parquet].into_iter().find(|format| word.eq_ignore_ascii_case(format.word()))
    }
}

/// A batch as the ledger knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The ledger's number of it.
    pub id: i64,
    /// What it is called at Platform by us.
    pub external_id: String,
    /// Platform's id.
    pub aep_id: Option<String>,
    /// How far it came.
    pub state: BatchState,
    /// What its files are. It goes on so, also when others are asked for by now.
    pub format: Format,
    /// Which attempt with its files this is, from 1.
    pub attempt: u32,
    /// How many of its uploads are known to be there, from the first.
    pub uploads: u32,
    /// Lines in its files.
    pub records: u64,
    /// Bytes in its files.
    pub bytes: u64,
    /// Rows that Platform refused.
    pub refused: u64,
    /// Platform's last word for its state.
    pub status: String,
    /// What went wrong last.
    pub error: Option<String>,
    /// When it was planned, in epoch seconds.
    pub planned: i64,
    /// When it moved last, in epoch seconds.
    pub changed: i64,
    /// Platform's id of the batch whose rows it takes the place of.
    pub replays: Option<String>,
    /// Its files, in the order in which they are uploaded; none when it was replaced.
    pub files: Vec<Outgoing>,
}

/// A file in a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Path inside the lake.
    pub path: String,
    /// Bytes in it.
    pub bytes: u64,
    /// Which upload of the batch it is a part of, from 0: small files go up together.
    pub upload: u32,
}

/// A batch to be planned.
#[derive(Debug, Clone, Copy)]
pub struct NewBatch<'a> {
    /// What it is to be called at Platform.
    pub external_id: &'a str,
    /// What they are to be there.
    pub format: Format,
    /// Its files, with the number of the upload that each is a part of, in order.
    pub files: &'a [(String, u32)],
    /// Lines in them.
    pub records: u64,
    /// Bytes in them.
    pub bytes: u64,
}

/// One move of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Platform gave it this id.
    Created(String),
    /// Platform has it already, and takes such files.
    Format(Format),
    /// So many uploads are there.
    Uploads(u32),
    /// All are there.
    Uploaded,
    /// Platform completes it.
    Completed,
    /// Its rows are in the dataset, but for so many that were refused; what was said about them.
    Active(u64, Option<String>),
    /// None of its rows is in the dataset; why.
    Failed(String),
    /// It stays where it is: Platform's word for its state.
    Status(String),
    /// It stays where it is: what went wrong.
    Trouble(String),
}

/// How far a target is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TargetState {
    /// The organisation.
    pub org: String,
    /// The sandbox's name.
    pub sandbox: String,
    /// Catalog's id of the dataset.
    pub dataset_id: String,
    /// The dataset's name in the lake.
    pub dataset: String,
    /// Rows that came into the dataset.
    pub rows: u64,
    /// Rows that Platform refused.
    pub refused: u64,
    /// Batches whose rows are there.
    pub batches: u64,
    /// Batches that are under way.
    pub open: u64,
    /// Batches that failed and whose files wait for another.
    pub failed: u64,
    /// Rows in files that are in no batch that succeeded, and that no stream has taken. Tombstones are not counted.
    pub waiting: u64,
    /// When a batch moved last, in epoch seconds.
    pub moved: Option<i64>,
    /// What went wrong with the newest batch that something went wrong with and that is not settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What is on its way to Experience Platform. Every method is one transaction.
pub trait Outbox: Send {
    /// The number of a target, given at first sight.
    fn target(&mut self, target: &Target) -> Result<i64, LedgerError>;
    /// The datasets of which the lake has files, by name.
    fn datasets_with_files(&mut self) -> Result<Vec<String>, LedgerError>;
    /// The files of the target's dataset that are in no batch and not wholly streamed, oldest first. Files of
    /// tombstones are among them: see [`is_tombstones`].
    fn undelivered(&mut self, target: i64) -> Result<Vec<Pending>, LedgerError>;
    /// Puts files into a new batch; gives its number.
    fn plan_batch(&mut self, target: i64, new: &NewBatch<'_>, now: i64) -> Result<i64, LedgerError>;
    /// The batches that are not settled, oldest first, and those that failed.
    fn unsettled_batches(&mut self, target: i64) -> Result<Vec<Batch>, LedgerError>;
    /// One batch.
    fn batch(&mut self, batch: i64) -> Result<Batch, LedgerError>;
    /// How many batches there are of each state.
    fn count_batches(&mut self, target: i64) -> Result<Vec<(BatchState, u64)>, LedgerError>;
    /// How far every target is, by dataset.
    fn target_states(&mut self) -> Result<Vec<TargetState>, LedgerError>;
    /// When the target's newest batch was planned.
    fn last_planned(&mut self, target: i64) -> Result<Option<i64>, LedgerError>;
    /// Moves a batch.
    fn step(&mut self, batch: i64, step: &Step, now: i64) -> Result<(), LedgerError>;
    /// Gives the files of a batch that failed to a new one of this name and format; gives its number.
    fn replace_batch(
        &mut self,
        batch: i64,
        external_id: &str,
        format: Format,
        now: i64,
    ) -> Result<i64, LedgerError>;
    /// A batch of the target by Platform's id.
    fn batch_called(&mut self, target: i64, aep_id: &str) -> Result<Option<Batch>, LedgerError>;
    /// Gives the files of a batch whose rows are in the dataset to a new one, which takes its place there; gives its
    /// number. What was refused of the old one and is not of the new one leaves the quarantine.
    fn replay_batch(
        &mut self,
        batch: i64,
        external_id: &str,
        format: Format,
        now: i64,
    ) -> Result<i64, LedgerError>;
    /// Keeps refused rows back, and forgets that they were delivered, so that the next list that shows their
    /// objects delivers them anew. Of an entry of a delivered record, the ledger knows `seen` better.
    fn refuse(&mut self, refused: &[Quarantined]) -> Result<(), LedgerError>;
    /// Notes how much of a file a stream has accepted, and keeps the refused ones of these rows back. Never moves
    /// back.
    fn streamed(
        &mut self,
        target: i64,
        path: &str,
        position: Position,
        refused: &[Quarantined],
    ) -> Result<(), LedgerError>;
}

/// Whether a file of the lake holds tombstones, which are no records of the dataset's schema.
pub fn is_tombstones(path: &str) -> bool {
    path.ends_with(".tombstones.jsonl")
}
