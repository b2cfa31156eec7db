//! Which files go together: files of a dataset into batches, small files of a batch into one upload, and how often
//! a dataset that feeds Profile may have a batch at all.

use crate::ledger::{Pending, Position, is_tombstones};

/// Batches a day that all datasets of one sandbox that feed Profile share.
pub const PROFILE_BATCHES_A_DAY: u32 = 90;
const DAY: i64 = 86_400;

/// Bytes up to which files go up together. A request that breaks off is made again from its beginning, so this is
/// far below the 256 MB that one may have.
const TOGETHER: u64 = 64 << 20;

/// What a batch may hold, and how long files may wait for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Most bytes. A larger file makes a batch of its own.
    pub bytes: u64,
    /// Most rows. A file with more makes a batch of its own.
    pub rows: u64,
    /// Most files of the lake.
    pub files: usize,
    /// How long the oldest file waits until a batch goes that is not full, in seconds.
    pub age: i64,
}

impl Bounds {
    /// For a dataset that only the data lake reads.
    pub const LAKE: Self = Self { bytes: 1 << 30, rows: 2_000_000, files: 5_000, age: 0 };
    /// For a dataset that feeds Profile: its batches are few, so each takes all there is, within what Platform
    /// recommends.
    pub const PROFILE: Self = Self { bytes: 64 << 30, rows: 50_000_000, files: 50_000, age: 0 };
}

/// A batch to be: its files in order, each with the number of the upload that it is a part of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gathered {
    /// Paths inside the lake.
    pub files: Vec<(String, u32)>,
    /// Lines in them.
    pub records: u64,
    /// Bytes in them.
    pub bytes: u64,
}

/// What waits, and what goes now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gathering {
    /// The batches that go now.
    pub batches: Vec<Gathered>,
    /// What is not yet enough for one.
    pub waiting: Waiting,
    /// Tombstones, which are no rows of this dataset's schema.
    pub tombstones: Waiting,
    /// What a stream has begun: another end of the same files would send rows twice.
    pub begun: Waiting,
}

/// Files that do not go now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Waiting {
    /// How many.
    pub files: u64,
    /// Lines in them.
    pub records: u64,
    /// When they go at the latest, in epoch seconds; none when that is not a matter of time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<i64>,
}

impl Waiting {
    pub(super) fn add(&mut self, file: &Pending) {
        self.files += 1;
        self.records += file.records.saturating_sub(file.streamed.lines);
    }
}

/// Files into batches, in their order. With `next_due` of a [`Budget`] one batch goes when that has come, or none.
pub fn gather(pending: &[Pending], bounds: &Bounds, next_due: Option<i64>, now: i64) -> Gathering {
    let mut gathering = Gathering::default();
    let (mut open, mut oldest) = (Vec::new(), i64::MAX);
    let mut batches: Vec<(Vec<&Pending>, bool)> = Vec::new();
    let (mut bytes, mut rows) = (0u64, 0u64);
    for file in pending {
        if is_tombstones(&file.path) {
            gathering.tombstones.add(file);
            continue;
        }
        if file.streamed > Position::default() {
            gathering.begun.add(file);
            continue;
        }
        // Platform takes an upload without rows for an error.
        if file.records == 0 {
            continue;
        }
        let full = bytes + file.bytes > bounds.bytes
            || rows + file.records > bounds.rows
            || open.len() >= bounds.files;
        if full && !open.is_empty() {
            batches.push((std::mem::take(&mut open), true));
            (bytes, rows, oldest) = (0, 0, i64::MAX);
        }
        (bytes, rows) = (bytes + file.bytes, rows + file.records);
        oldest = oldest.min(file.since);
        open.push(file);
    }
    let due = oldest.saturating_add(bounds.age);
    if !open.is_empty() {
        batches.push((open, due <= now));
    }
    let most = if next_due.is_some() { 1 } else { usize::MAX };
    let may = next_due.is_none_or(|due| due <= now);
    for (files, ready) in batches {
        if ready && may && gathering.batches.len() < most {
            gathering.batches.push(together(&files));
            continue;
        }
        for file in files {
            gathering.waiting.add(file);
        }
        gathering.waiting.due =
            Some(if ready { next_due.unwrap_or(now) } else { due.max(next_due.unwrap_or(due)) });
    }
    gathering
}

/// Small files into one upload.
fn together(files: &[&Pending]) -> Gathered {
    let (mut gathered, mut upload, mut bytes) = (Gathered::default(), 0, 0);
    for file in files {
        if bytes > 0 && bytes + file.bytes > TOGETHER {
            (upload, bytes) = (upload + 1, 0);
        }
        bytes += file.bytes;
        gathered.files.push((file.path.clone(), upload));
        gathered.records += file.records;
        gathered.bytes += file.bytes;
    }
    gathered
}

/// How many batches a day the datasets that feed Profile may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Batches a day of the whole sandbox.
    pub a_day: u32,
    /// The datasets that share them.
    pub datasets: u32,
}

impl Budget {
    /// Adobe's limit, shared by so many datasets.
    pub fn shared_by(datasets: u32) -> Self {
        Self { a_day: PROFILE_BATCHES_A_DAY, datasets: datasets.max(1) }
    }

    /// Seconds from one batch of a dataset to the next.
    pub fn interval(&self) -> i64 {
        // Rounded up: a share that does not come out even is not exceeded.
        rounded_up(DAY * i64::from(self.datasets), i64::from(self.a_day.max(1)))
    }

    /// When a dataset may have its next batch.
    pub fn next_due(&self, last: Option<i64>) -> i64 {
        last.map_or(0, |last| last.saturating_add(self.interval()))
    }

    /// What that means for whoever waits for the data.
    pub fn words(&self) -> String {
        let Self { a_day, datasets } = self;
        let (minutes, share) = (rounded_up(self.interval(), 60), DAY / self.interval().max(1));
        let of =
            if *datasets == 1 { "1 dataset feeds".to_owned() } else { format!("{datasets} datasets feed") };
        format!(
            "{of} Profile, and a sandbox should have at most {a_day} such batches a day: each dataset gets \
             {share} a day, one every {minutes} minutes, and a change can wait as long until it is sent; streaming \
             has no such limit"
        )
    }
}

/// A quotient of positive numbers.
fn rounded_up(of: i64, by: i64) -> i64 {
    (of + by - 1) / by
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, records: u64, bytes: u64, since: i64) -> Pending {
        Pending { path: format!("charges/{name}"), records, bytes, since, streamed: Position::default() }
    }

    fn names(batch: &Gathered) -> String {
        let names = batch
            .files
            .iter()
            .map(|(path, upload)| format!("{}{upload}", path.trim_start_matches("charges/")));
        names.collect::<Vec<_>>().join(" ")
    }

    const SMALL: Bounds = Bounds { bytes: 100, rows: 10, files: 3, age: 60 };

    #[test]
    fn a_batch_ends_with_its_bytes_rows_or_files_and_the_last_with_its_age() {
        let files = |all: &[(u64, u64)]| -> Vec<Pending> {
            let names = ["a", "b", "c", "d", "e", "f"];
            all.iter().zip(names).map(|((rows, bytes), name)| file(name, *rows, *bytes, 1_000)).collect()
        };
        let gathered = |all: &[(u64, u64)], now| {
            let gathering = gather(&files(all), &SMALL, None, now);
            (gathering.batches.iter().map(names).collect::<Vec<_>>(), gathering.waiting)
        };
        let none = Waiting::default();
        assert_eq!(
            gathered(&[(1, 60), (1, 40), (1, 1)], 2_000),
            (vec!["a0 b0".to_owned(), "c0".to_owned()], none)
        );
        assert_eq!(gathered(&[(9, 1), (2, 1)], 2_000).0, ["a0", "b0"]);
        assert_eq!(gathered(&[(1, 1); 4], 2_000).0, ["a0 b0 c0", "d0"]);
        // What is larger than a batch is one.
        assert_eq!(gathered(&[(1, 1), (99, 999), (1, 1)], 2_000).0, ["a0", "b0", "c0"]);
        let waits = Waiting { files: 1, records: 1, due: Some(1_060) };
        assert_eq!(gathered(&[(1, 1); 4], 1_059), (vec!["a0 b0 c0".to_owned()], waits));
        assert_eq!(gathered(&[(1, 1); 4], 1_060).1, none);
        assert_eq!(gathered(&[], 0), (vec![], none));
    }

    #[test]
    fn small_files_go_up_together() {
        let half = TOGETHER / 2;
        let files =
            [file("a", 1, half, 0), file("b", 1, half, 0), file("c", 1, 1, 0), file("d", 1, TOGETHER * 9, 0)];
        let gathering = gather(&files, &Bounds::LAKE, None, 9);
        assert_eq!(gathering.batches.iter().map(names).collect::<Vec<_>>(), ["a0 b0 c1 d2"]);
    }

    #[test]
    fn what_is_streamed_or_no_row_is_left_out() {
        let begun = Pending { streamed: Position { bytes: 1, lines: 1 }, ..file("a", 2, 2, 0) };
        let tombstones = file("x.tombstones.jsonl", 3, 30, 0);
        let gathering = gather(&[begun, tombstones, file("c", 0, 0, 0)], &SMALL, None, 9_999);
        assert!(gathering.batches.is_empty() && gathering.waiting == Waiting::default());
        assert_eq!((gathering.begun.files, gathering.begun.records), (1, 1));
        assert_eq!((gathering.tombstones.files, gathering.tombstones.records), (1, 3));
    }

    #[test]
    fn a_budget_lets_one_batch_go_when_its_time_has_come() {
        let budget = Budget::shared_by(6);
        assert_eq!(budget.interval(), 96 * 60);
        assert!(budget.words().contains("15 a day, one every 96 minutes"), "{}", budget.words());
        // Seven do not share evenly; nobody gets more than the share.
        let seven = Budget::shared_by(7);
        assert!(DAY / seven.interval() * 7 <= i64::from(PROFILE_BATCHES_A_DAY));
        let due = Some(budget.next_due(Some(10_000)));
        assert_eq!((due, budget.next_due(None)), (Some(15_760), 0));

        let files = [file("a", 9, 1, 0), file("b", 9, 1, 0)];
        let early = gather(&files, &SMALL, due, 15_759);
        assert!(early.batches.is_empty());
        assert_eq!(early.waiting, Waiting { files: 2, records: 18, due });
        let gathering = gather(&files, &SMALL, due, 15_760);
        assert_eq!((gathering.batches.len(), gathering.waiting.files), (1, 1));
    }
}
