//! The lake: one directory per dataset, files of JSON lines that appear whole or not at all. A file is
//! named by account, run and sequence number, so a file of such a name that the ledger does not know is the
//! leftover of a crash and is removed.

use crate::ledger::{Ledger, LedgerError};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

const LEDGER: &str = "_ledger.sqlite";

/// Who only looks whether a lake is free ([`Lake::is_free`]) holds its lock for less than this.
const GLANCE: Duration = Duration::from_millis(20);
/// So many of them in a row are no mere looks.
const GLANCES: u32 = 5;

/// What went wrong with the lake.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// A file operation failed.
    #[error("{path}: {cause}")]
    Io {
        /// The file or directory.
        path: String,
        /// The system's error.
        cause: std::io::Error,
    },
    /// Something else is where the directory would be.
    #[error("--lake {lake}: {file} is no directory; a lake is one, so move that away or use another --lake")]
    NoDirectory {
        /// The lake.
        lake: String,
        /// What is no directory.
        file: String,
    },
    /// Another process syncs into it.
    #[error("another sync is writing to {0}; wait for it to end, or use another --lake")]
    Locked(String),
    /// The ledger failed while the lake was cleaned or shown.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// An entry of the quarantine cannot be read.
    #[error("the ledger's quarantine of {dataset} holds an entry that this program cannot read: {error}")]
    Entry {
        /// The dataset.
        dataset: String,
        /// What is wrong with the entry.
        error: serde_json::Error,
    },
}

/// A lake that this process alone writes to.
#[derive(Debug)]
pub struct Lake {
    dir: PathBuf,
    /// Held, not read: the lock ends with the file.
    _lock: File,
}

/// A file of the lake that is still being written.
#[derive(Debug)]
pub struct PartFile {
    out: BufWriter<File>,
    temporary: PathBuf,
    path: PathBuf,
    relative: String,
    records: u64,
    bytes: u64,
}

/// A [`PartFile`] under its final name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Path inside the lake.
    pub path: String,
    /// Lines in it.
    pub records: u64,
    /// Bytes in it.
    pub bytes: u64,
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> LakeError {
    let path = path.display().to_string();
    move |cause| LakeError::Io { path, cause }
}

impl Lake {
    /// Opens a lake, making its directory as needed, and locks it.
    pub fn open(dir: &Path) -> Result<Self, LakeError> {
        if let Some(file) = Self::file_in_the_way(dir) {
            return Err(LakeError::NoDirectory {
                lake: dir.display().to_string(),
                file: file.display().to_string(),
            });
        }
        std::fs::create_dir_all(dir).map_err(io(dir))?;
        let path = dir.join("_lock");
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(io(&path))?;
        for _glance in 0..GLANCES {
            match lock.try_lock() {
                Ok(()) => return Ok(Self { dir: dir.to_owned(), _lock: lock }),
                Err(TryLockError::WouldBlock) => std::thread::sleep(GLANCE),
                Err(TryLockError::Error(cause)) => return Err(io(&path)(cause)),
            }
        }
        Err(LakeError::Locked(dir.display().to_string()))
    }

    /// What is there where the lake's directory, or one above it, would be, and is no directory.
    pub fn file_in_the_way(dir: &Path) -> Option<&Path> {
        dir.ancestors().find(|part| std::fs::metadata(part).is_ok_and(|found| !found.is_dir()))
    }

    /// Whether a directory is a lake: has a ledger.
    pub fn has_ledger(dir: &Path) -> bool {
        dir.join(LEDGER).is_file()
    }

    /// Where the ledger of a lake is.
    pub fn ledger_in(dir: &Path) -> PathBuf {
        dir.join(LEDGER)
    }

    /// Whether no process writes to the lake in a directory.
    pub fn is_free(dir: &Path) -> Result<bool, LakeError> {
        let path = dir.join("_lock");
        let lock = match File::open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(true),
            lock => lock.map_err(io(&path))?,
        };
        match lock.try_lock_shared() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(cause)) => Err(io(&path)(cause)),
        }
    }

    /// The lake's directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the ledger is.
    pub fn ledger_path(&self) -> PathBuf {
        self.dir.join(LEDGER)
    }

    /// Removes what a crash left: temporary files, and files that the ledger does not know.
    pub fn clean(&self, ledger: &mut dyn Ledger) -> Result<u64, LakeError> {
        let mut removed = 0;
        for dataset in std::fs::read_dir(&self.dir).map_err(io(&self.dir))? {
            let dataset = dataset.map_err(io(&self.dir))?;
            let dir = dataset.path();
            let name = dataset.file_name().to_string_lossy().into_owned();
            // Reports of runs and the quarantine are written whole, too, and a crash can leave a file half
            // written.
            let reports = name == "_runs" || name == "_quarantine";
            if (name.starts_with(['_', '.']) && !reports) || !dataset.file_type().map_err(io(&dir))?.is_dir()
            {
                continue;
            }
            for file in std::fs::read_dir(&dir).map_err(io(&dir))? {
                let path = file.map_err(io(&dir))?.path();
                let file = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
                let leftover = match file.strip_prefix('.').and_then(|f| f.strip_suffix(".tmp")) {
                    Some(inner) => reports || is_part_name(inner),
                    None => is_part_name(&file) && !ledger.knows_part(&format!("{name}/{file}"))?,
                };
                if leftover {
                    std::fs::remove_file(&path).map_err(io(&path))?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }

    /// Begins a file. Nothing of it is visible under its name until [`PartFile::finish`].
    pub fn part(&self, dataset: &str, stem: &str, seq: u64, tombstones: bool) -> Result<PartFile, LakeError> {
        let dir = self.dir.join(dataset);
        std::fs::create_dir_all(&dir).map_err(io(&dir))?;
        let suffix = if tombstones { ".tombstones.jsonl" } else { ".jsonl" };
        let name = format!("{stem}-{seq:05}{suffix}");
        let temporary = dir.join(format!(".{name}.tmp"));
        let file = File::create(&temporary).map_err(io(&temporary))?;
        let relative = format!("{dataset}/{name}");
        let out = BufWriter::with_capacity(64 << 10, file);
        Ok(PartFile { out, temporary, path: dir.join(name), relative, records: 0, bytes: 0 })
    }

    /// Makes the names of finished files durable, each directory once.
    pub fn settle(&self, finished: &[Finished]) -> Result<(), LakeError> {
        let mut dirs: Vec<_> = finished.iter().filter_map(|f| f.path.split_once('/')).map(|f| f.0).collect();
        dirs.sort_unstable();
        dirs.dedup();
        // The lake's own directory holds the names of new dataset directories.
        for dir in dirs.into_iter().map(|d| self.dir.join(d)).chain([self.dir.clone()]) {
            sync_dir(&dir).map_err(io(&dir))?;
        }
        Ok(())
    }

    /// Writes a small file whole, under a directory of the lake's own (`_runs`).
    pub fn write(&self, dir: &str, name: &str, bytes: &[u8]) -> Result<PathBuf, LakeError> {
        let dir = self.dir.join(dir);
        std::fs::create_dir_all(&dir).map_err(io(&dir))?;
        let path = dir.join(name);
        let write = || -> std::io::Result<()> {
            let mut file = tempfile::Builder::new().suffix(".tmp").tempfile_in(&dir)?;
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            file.persist(&path)?;
            Ok(())
        };
        write().map_err(io(&path))?;
        Ok(path)
    }

    /// Writes a file of lines whole, under a directory of the lake's own, both for their owner alone.
    pub fn write_private(
        &self,
        dir: &str,
        name: &str,
        mut next_line: impl FnMut() -> Result<Option<Vec<u8>>, LakeError>,
    ) -> Result<(), LakeError> {
        let dir = self.dir.join(dir);
        private_dir(&dir).map_err(io(&dir))?;
        let path = dir.join(name);
        // Temporary files are made for their owner alone, and keep that under their name.
        let file =
            tempfile::Builder::new().prefix(".").suffix(".tmp").tempfile_in(&dir).map_err(io(&path))?;
        let mut out = BufWriter::with_capacity(64 << 10, file);
        while let Some(line) = next_line()? {
            out.write_all(&line).and_then(|()| out.write_all(b"\n")).map_err(io(&path))?;
        }
        let file = out.into_inner().map_err(|e| io(&path)(e.into_error()))?;
        file.as_file().sync_all().map_err(io(&path))?;
        file.persist(&path).map_err(|e| io(&path)(e.error))?;
        sync_dir(&dir).and_then(|()| sync_dir(&self.dir)).map_err(io(&path))
    }

    /// Removes such a file, if it is there.
    pub fn remove_private(&self, dir: &str, name: &str) -> Result<(), LakeError> {
        let dir = self.dir.join(dir);
        let path = dir.join(name);
        match std::fs::remove_file(&path) {
            Ok(()) => sync_dir(&dir).map_err(io(&path)),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(cause) => Err(io(&path)(cause)),
        }
    }

    /// Appends lines to a file under a directory of the lake's own (`_errors`).
    pub fn append(&self, dir: &str, name: &str, lines: &[u8]) -> Result<PathBuf, LakeError> {
        let dir = self.dir.join(dir);
        std::fs::create_dir_all(&dir).map_err(io(&dir))?;
        let path = dir.join(name);
        let file = OpenOptions::new().create(true).append(true).open(&path);
        file.and_then(|mut file| file.write_all(lines)).map_err(io(&path))?;
        Ok(path)
    }
}

impl PartFile {
    /// Adds one record.
    pub fn line(&mut self, record: &[u8]) -> Result<(), LakeError> {
        self.out.write_all(record).and_then(|()| self.out.write_all(b"\n")).map_err(io(&self.temporary))?;
        self.records += 1;
        self.bytes += record.len() as u64 + 1;
        Ok(())
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Makes the content durable and gives the file its name; the name is durable after [`Lake::settle`].
    pub fn finish(mut self) -> Result<Finished, LakeError> {
        self.out.flush().and_then(|()| self.out.get_ref().sync_all()).map_err(io(&self.temporary))?;
        std::fs::rename(&self.temporary, &self.path).map_err(io(&self.path))?;
        Ok(Finished { path: self.relative, records: self.records, bytes: self.bytes })
    }
}

/// Makes the names in a directory durable.
fn sync_dir(dir: &Path) -> std::io::Result<()> {
    File::open(dir).and_then(|dir| dir.sync_all())
}

pub(crate) fn private_dir(dir: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Whether a name is one that [`Lake::part`] gives: `acct_1Abc-000012-00003.jsonl`. Older programs named files
/// by list and unit: `charges_all-000012-00003.jsonl`.
fn is_part_name(name: &str) -> bool {
    let stem = name.strip_suffix(".jsonl").map(|s| s.strip_suffix(".tombstones").unwrap_or(s));
    let mut fields = stem.unwrap_or_default().rsplitn(3, '-');
    let mut number = || fields.next().is_some_and(|f| f.len() >= 5 && f.bytes().all(|b| b.is_ascii_digit()));
    number() && number() && fields.next().is_some_and(|f| !f.is_empty() && f.bytes().all(in_part_name))
}

fn in_part_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The part of a file's name that tells account and run.
pub fn part_stem(account: &str, run: i64) -> String {
    let account: String =
        account.chars().map(|c| if c.is_ascii() && in_part_name(c as u8) { c } else { '_' }).collect();
    let account = if account.is_empty() { "account" } else { &account };
    format!("{account}-{run:06}")
}

#[cfg(test)]
mod tests {
    use super::{is_part_name, part_stem};

    #[test]
    fn only_names_of_our_own_pattern_are_ours() {
        for (account, run) in [("acct_1Abc", 12), ("", 1), ("../odd ä", 1_234_567)] {
            assert!(is_part_name(&format!("{}-00003.jsonl", part_stem(account, run))), "{account}");
        }
        assert!(is_part_name("charges_all-000012-00003.jsonl"));
        assert!(is_part_name("customers_all-000012-00003.tombstones.jsonl"));
        for name in [
            "notes.jsonl",
            "a-b.jsonl",
            "charges-12-3.jsonl",
            "charges_all-000012-00003.parquet",
            "",
            "-000012-00003.jsonl",
            "my notes-000012-00003.jsonl",
        ] {
            assert!(!is_part_name(name), "{name}");
        }
    }
}
