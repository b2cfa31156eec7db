//! Where the records go: standard output, or one file per dataset.

use super::TransformArgs;
use anyhow::Context;
use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use stripe_xdm::ledger::row_key;
use stripe_xdm::module::RecordKind;

const BUFFER: usize = 64 << 10;

pub(super) enum Sink {
    Stdout { out: BufWriter<std::io::Stdout>, records_only: bool },
    Files { dir: PathBuf, files: BTreeMap<String, BufWriter<tempfile::NamedTempFile>> },
}

impl Sink {
    pub(super) fn open(args: &TransformArgs) -> anyhow::Result<Self> {
        match &args.out {
            None => {
                let out = BufWriter::with_capacity(BUFFER, std::io::stdout());
                Ok(Self::Stdout { out, records_only: args.records_only })
            }
            Some(dir) => {
                std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
                Ok(Self::Files { dir: dir.clone(), files: BTreeMap::new() })
            }
        }
    }

    /// False when the reader of the output went away.
    pub(super) fn put(&mut self, dataset: &str, kind: RecordKind, bytes: &[u8]) -> anyhow::Result<bool> {
        // The row of what was deleted stands among the others.
        let is_tombstone = kind == RecordKind::Tombstone && row_key(bytes).is_none();
        match self {
            Self::Stdout { out, records_only } => {
                let bare = *records_only || is_tombstone;
                let written = match bare {
                    true => out.write_all(bytes).and_then(|()| out.write_all(b"\n")),
                    false => write!(out, r#"{{"dataset":"{dataset}","record":"#)
                        .and_then(|()| out.write_all(bytes))
                        .and_then(|()| out.write_all(b"}\n")),
                };
                still_read(written)
            }
            Self::Files { dir, files } => {
                let suffix = if is_tombstone { ".tombstones.jsonl" } else { ".jsonl" };
                let file = open_file(files, dir, format!("{dataset}{suffix}"))?;
                file.write_all(bytes)
                    .and_then(|()| file.write_all(b"\n"))
                    .context("cannot write a record")?;
                Ok(true)
            }
        }
    }

    /// False when the reader of the output went away.
    pub(super) fn flush(&mut self) -> anyhow::Result<bool> {
        match self {
            Self::Stdout { out, .. } => still_read(out.flush()),
            Self::Files { .. } => Ok(true),
        }
    }

    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        self.flush()?;
        let Self::Files { dir, files } = self else { return Ok(()) };
        for (name, file) in files {
            let path = dir.join(name);
            let file = file.into_inner().context("cannot write a record")?;
            file.as_file().sync_all().with_context(|| format!("cannot write {}", path.display()))?;
            file.persist(&path).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
}

fn open_file<'a>(
    files: &'a mut BTreeMap<String, BufWriter<tempfile::NamedTempFile>>,
    dir: &Path,
    name: String,
) -> anyhow::Result<&'a mut BufWriter<tempfile::NamedTempFile>> {
    use std::collections::btree_map::Entry;
    match files.entry(name) {
        Entry::Occupied(entry) => Ok(entry.into_mut()),
        Entry::Vacant(entry) => {
            let file = tempfile::Builder::new().prefix(".").suffix(".tmp").tempfile_in(dir);
            let file = file.with_context(|| format!("cannot write into {}", dir.display()))?;
            Ok(entry.insert(BufWriter::with_capacity(BUFFER, file)))
        }
    }
}

/// A closed pipe is how `head` says that it has enough; it is no error.
fn still_read(written: std::io::Result<()>) -> anyhow::Result<bool> {
    match written {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(e) => Err(e).context("cannot write to standard output"),
    }
}
