//! The lines of files of the lake, one file behind the other, from where the stream is.

use crate::delivery::DeliveryError;
use crate::ledger::{Pending, Position};
use std::fs::File;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Seek, SeekFrom, Take};
use std::path::{Path, PathBuf};

/// Longest line that is read, in bytes: the module takes no object above 8 MiB.
const LONGEST: u64 = 16 << 20;

/// Reads line after line. A line is looked at before it is taken.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    lake: &'a Path,
    files: &'a [Pending],
    /// Which of the files is read.
    file: usize,
    reader: Option<BufReader<Take<File>>>,
    /// Behind what was taken of it.
    at: Position,
    line: Vec<u8>,
}

/// A place in a file: its number, and how much of it lies before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) file: usize,
    pub(super) position: Position,
}

impl<'a> Lines<'a> {
    pub(super) fn new(lake: &'a Path, files: &'a [Pending]) -> Self {
        Self { lake, files, file: 0, reader: None, at: Position::default(), line: Vec::new() }
    }

    /// The number of its file and the next line with its line break, the same one until it is taken.
    pub(super) fn peek(&mut self) -> Result<Option<(usize, &[u8])>, DeliveryError> {
        while self.line.is_empty() {
            let Some(file) = self.files.get(self.file) else { return Ok(None) };
            let path = self.lake.join(&file.path);
            if self.reader.is_none() {
                self.at = file.streamed;
                self.reader = Some(open(&path, file).map_err(|cause| DeliveryError::file(&path, cause))?);
            }
            if self.at.bytes >= file.bytes {
                (self.reader, self.file) = (None, self.file + 1);
                continue;
            }
            self.read(path)?;
        }
        Ok(Some((self.file, &self.line)))
    }

    fn read(&mut self, path: PathBuf) -> Result<(), DeliveryError> {
        let fail = |kind, what: &str| Err(DeliveryError::file(&path, Error::new(kind, what)));
        let Some(reader) = &mut self.reader else { return Ok(()) };
        let read = reader.take(LONGEST).read_until(b'\n', &mut self.line);
        match read.map_err(|cause| DeliveryError::file(&path, cause))? as u64 {
            0 => fail(ErrorKind::UnexpectedEof, "the file is shorter than it was written"),
            LONGEST => fail(ErrorKind::InvalidData, "a line has more than 16 MiB"),
            _ => Ok(()),
        }
    }

    /// Takes the line that was shown; says where it ends.
    pub(super) fn take(&mut self) -> Mark {
        self.at.bytes += self.line.len() as u64;
        self.at.lines += 1;
        self.line.clear();
        Mark { file: self.file, position: self.at }
    }
}

fn open(path: &Path, file: &Pending) -> std::io::Result<BufReader<Take<File>>> {
    let mut open = File::open(path)?;
    if open.metadata()?.len() != file.bytes {
        let what = format!("the file was written with {} bytes and has others", file.bytes);
        return Err(Error::new(ErrorKind::InvalidData, what));
    }
    open.seek(SeekFrom::Start(file.streamed.bytes))?;
    Ok(BufReader::with_capacity(256 << 10, open.take(file.bytes - file.streamed.bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(path: &str, bytes: u64, streamed: Position) -> Pending {
        Pending { path: path.to_owned(), records: 2, bytes, since: 0, streamed }
    }

    #[test]
    fn lines_go_on_behind_what_was_streamed() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a"), "one\ntwo\n").unwrap();
        std::fs::write(dir.path().join("b"), "three").unwrap();
        let files = [pending("a", 8, Position { bytes: 4, lines: 1 }), pending("b", 5, Position::default())];
        let mut lines = Lines::new(dir.path(), &files);
        assert_eq!(lines.peek().unwrap(), Some((0, &b"two\n"[..])));
        assert_eq!(lines.peek().unwrap(), Some((0, &b"two\n"[..])));
        assert_eq!(lines.take(), Mark { file: 0, position: Position { bytes: 8, lines: 2 } });
        assert_eq!(lines.peek().unwrap(), Some((1, &b"three"[..])));
        assert_eq!(lines.take(), Mark { file: 1, position: Position { bytes: 5, lines: 1 } });
        assert_eq!(lines.peek().unwrap(), None);
    }

    #[test]
    fn a_changed_file_is_not_streamed() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a"), "one\n").unwrap();
        let files = [pending("a", 5, Position::default())];
        assert!(Lines::new(dir.path(), &files).peek().unwrap_err().to_string().contains("5 bytes"));
    }
}
