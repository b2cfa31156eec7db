//! What is gathered between two commits: files that are being written, and what the ledger is to record.

use crate::lake::{Finished, Lake, LakeError, PartFile};
use crate::ledger::{Commit, Part, Quarantined};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::{Duration, Instant};

/// A stretch gathers what all walks bring, so that files are not tiny, up to any of these.
const PAGES: u64 = 50;
const BYTES: u64 = 8 << 20;
const AGE: Duration = Duration::from_secs(2);

#[derive(Default)]
pub(in crate::sync) struct Stretch {
    files: BTreeMap<(String, bool), PartFile>,
    pub(in crate::sync) commit: Commit,
    /// Records written.
    pub(super) written: u64,
    /// Pages, also those that are being taken.
    pub(super) pages: u64,
    /// The walks that gained something, in the order in which they did first.
    pub(super) touched: Vec<usize>,
    /// Bytes that are kept back.
    kept: u64,
    since: Option<Instant>,
}

impl Stretch {
    /// Keeps a record or an object back.
    pub(in crate::sync) fn keep(&mut self, entry: Quarantined) {
        self.kept += (entry.about.len() + entry.record.len() + entry.source.len()) as u64;
        self.commit.quarantined.push(entry);
    }

    /// Notes a page.
    pub(super) fn page(&mut self) {
        self.pages += 1;
        self.since.get_or_insert_with(Instant::now);
    }

    /// Writes a record into the dataset's file.
    pub(super) fn write(
        &mut self,
        lake: &Lake,
        (stem, seq): (&str, u64),
        (dataset, tombstone): (&str, bool),
        record: &[u8],
    ) -> Result<(), LakeError> {
        let file = match self.files.entry((dataset.to_owned(), tombstone)) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(lake.part(dataset, stem, seq, tombstone)?),
        };
        file.line(record)?;
        self.written += 1;
        Ok(())
    }

    pub(in crate::sync) fn is_full(&self) -> bool {
        let bytes: u64 = self.files.values().map(PartFile::bytes).sum();
        self.pages >= PAGES
            || bytes + self.kept >= BYTES
            || self.since.is_some_and(|since| since.elapsed() >= AGE)
    }

    /// Whether there is nothing to record.
    pub(super) fn is_empty(&self) -> bool {
        let commit = &self.commit;
        self.files.is_empty()
            && self.touched.is_empty()
            && commit.unchanged.is_empty()
            && commit.embedded.is_empty()
            && commit.quarantined.is_empty()
            && commit.released.is_empty()
            && commit.objects.is_empty()
            && commit.bookmarks.is_empty()
            && commit.heard.is_empty()
            && commit.unsettled.is_empty()
    }

    /// Makes the files durable under their names, and says what the ledger is to record of them.
    pub(super) fn settle(self, lake: &Lake) -> Result<Commit, LakeError> {
        let (mut commit, mut finished) = (self.commit, Vec::<Finished>::new());
        for ((dataset, _), file) in self.files {
            let file = file.finish()?;
            let Finished { path, records, bytes } = file.clone();
            commit.parts.push(Part { dataset, path, records, bytes });
            finished.push(file);
        }
        if !finished.is_empty() {
            lake.settle(&finished)?;
        }
        Ok(commit)
    }
}
