//! The quarantine of a `transform`: the same as that of a sync, though no list and no cursor is behind it.

use super::entry::OBJECTS;
use super::files::show;
use crate::lake::{Lake, LakeError};
use crate::ledger::{Ledger, LedgerError, Quarantined, RecordId, SqliteLedger};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Entries are recorded at the latest when they hold so many bytes.
const MOST_WAITING: usize = 8 << 20;

/// Keeps entries in a directory's quarantine. Nothing is made there before the first entry.
#[derive(Debug)]
pub struct Keeper {
    dir: PathBuf,
    tenant: String,
    open: Option<(Lake, SqliteLedger)>,
    waiting: Vec<Quarantined>,
    bytes: usize,
    /// Entries of earlier runs that this one has settled.
    settled: Vec<(String, RecordId)>,
}

impl Keeper {
    /// The quarantine of a directory. One that exists is opened at once, so that it is refused before
    /// anything is read.
    pub fn new(dir: &Path, tenant: &str) -> Result<Self, LakeError> {
        let (waiting, settled) = (Vec::new(), Vec::new());
        let mut keeper =
            Self { dir: dir.to_owned(), tenant: tenant.to_owned(), open: None, waiting, bytes: 0, settled };
        if Lake::has_ledger(dir) {
            keeper.opened()?;
        }
        Ok(keeper)
    }

    fn opened(&mut self) -> Result<&mut (Lake, SqliteLedger), LakeError> {
        let open = match self.open.take() {
            Some(open) => open,
            None => {
                let lake = Lake::open(&self.dir)?;
                let mut ledger = SqliteLedger::open(&lake.ledger_path())?;
                ledger.pin("tenant", &self.tenant)?;
                lake.clean(&mut ledger)?;
                (lake, ledger)
            }
        };
        Ok(self.open.insert(open))
    }

    /// Keeps one entry.
    pub fn keep(&mut self, entry: Quarantined) -> Result<(), LakeError> {
        self.bytes += entry.about.len() + entry.record.len() + entry.source.len();
        self.waiting.push(entry);
        if self.bytes >= MOST_WAITING { self.flush() } else { Ok(()) }
    }

    /// Notes that a record, or the object of a text, is well now: once the run has ended well, an entry that
    /// is not newer goes.
    pub fn settle(&mut self, what: Settled<'_>, seen: i64) -> Result<(), LedgerError> {
        let Some((_, ledger)) = &mut self.open else { return Ok(()) };
        let (dataset, id) = match what {
            Settled::Record { dataset, id } => (dataset, id),
            Settled::Object { text } => (OBJECTS, object_key(text)),
        };
        if ledger.quarantined_at(dataset, &id)?.is_some_and(|kept| kept <= seen) {
            self.settled.push((dataset.to_owned(), id));
        }
        Ok(())
    }

    /// Makes what was kept durable.
    pub fn flush(&mut self) -> Result<(), LakeError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let waiting = std::mem::take(&mut self.waiting);
        self.bytes = 0;
        let (_, ledger) = self.opened()?;
        Ok(ledger.quarantine(&waiting, &[])?)
    }

    /// Ends the run. `well` says that all it wrote is durable or was read.
    pub fn finish(mut self, well: bool) -> Result<(), LakeError> {
        self.flush()?;
        let Some((lake, ledger)) = &mut self.open else { return Ok(()) };
        if well {
            ledger.quarantine(&[], &self.settled)?;
        }
        show(lake, ledger)
    }
}

/// What is well now.
#[derive(Debug, Clone, Copy)]
pub enum Settled<'a> {
    /// A record of a dataset.
    Record {
        /// The dataset's name.
        dataset: &'a str,
        /// The record.
        id: RecordId,
    },
    /// An object.
    Object {
        /// Its text.
        text: &'a [u8],
    },
}

/// What a text is kept under that could not be converted. Its id would not do: two Events may be about one
/// object.
pub fn object_key(text: &[u8]) -> RecordId {
    Sha256::digest(text).into()
}
