//! Bytes on their way up: of files that lie on disk, one behind the other, read piece by piece as the connection
//! takes them.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// Bytes that are read at once, and how many such pieces may wait for the connection.
const PIECE: usize = 256 << 10;
const PIECES: usize = 4;

/// What an upload consists of: files, one behind the other.
#[derive(Debug, Clone)]
pub struct Content {
    files: Arc<[(PathBuf, u64)]>,
    len: u64,
}

/// A part of a content.
#[derive(Debug, Clone)]
pub struct Slice {
    of: Content,
    from: u64,
    to: u64,
    /// Whether it is only a part of what is to be there.
    partial: bool,
}

impl Content {
    /// Of these files with their sizes in bytes.
    pub fn new(files: Vec<(PathBuf, u64)>) -> Self {
        let len = files.iter().map(|file| file.1).sum();
        Self { files: files.into(), len }
    }

    /// All of it in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All of it.
    pub fn whole(&self) -> Slice {
        Slice { of: self.clone(), from: 0, to: self.len, partial: false }
    }

    /// The bytes from `from` to before `to`.
    pub fn slice(&self, from: u64, to: u64) -> Slice {
        let to = to.min(self.len);
        Slice { of: self.clone(), from: from.min(to), to, partial: true }
    }
}

impl Slice {
    pub(super) fn len(&self) -> u64 {
        self.to - self.from
    }

    /// What `Content-Range` says of it.
    pub(super) fn range(&self) -> Option<String> {
        let last = self.to.checked_sub(1).filter(|_| self.partial)?;
        Some(format!("bytes {}-{last}/{}", self.from, self.of.len))
    }

    /// The body of one request. A file that is missing or has changed its size is told before anything is sent.
    pub(super) fn body(&self) -> Result<reqwest::Body, String> {
        for (path, len) in self.of.files.iter() {
            let found = std::fs::metadata(path).map_err(|cause| format!("{}: {cause}", path.display()))?;
            if found.len() != *len {
                return Err(format!(
                    "{}: the file has {} bytes, {len} were written; it was changed by another program: restore it \
                     and run the same command again",
                    path.display(),
                    found.len()
                ));
            }
        }
        let (put, pieces) = mpsc::channel(PIECES);
        let slice = self.clone();
        // Reading ends with the request: then nobody takes pieces any more.
        tokio::task::spawn_blocking(move || {
            if let Err(error) = slice.read(&put) {
                let _nobody_listens = put.blocking_send(Err(error));
            }
        });
        Ok(reqwest::Body::wrap(Pieces { pieces, left: self.len() }))
    }

    fn read(&self, put: &mpsc::Sender<std::io::Result<Bytes>>) -> std::io::Result<()> {
        let mut begin = 0;
        for (path, len) in self.of.files.iter() {
            let (from, to) = (self.from.max(begin), self.to.min(begin + len));
            if from < to {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(from - begin))?;
                let mut left = to - from;
                while left > 0 {
                    let mut piece = vec![0; left.min(PIECE as u64) as usize];
                    file.read_exact(&mut piece)?;
                    left -= piece.len() as u64;
                    if put.blocking_send(Ok(piece.into())).is_err() {
                        return Ok(());
                    }
                }
            }
            begin += len;
        }
        Ok(())
    }
}

/// The body as the connection takes it.
struct Pieces {
    pieces: mpsc::Receiver<std::io::Result<Bytes>>,
    left: u64,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        self.pieces.poll_recv(context).map(|piece| {
            let piece = piece?;
            if let Ok(bytes) = &piece {
                self.left = self.left.saturating_sub(bytes.len() as u64);
            }
            Some(piece.map(Frame::data))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    // Exact, so that the request says its length.
    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_reads_across_files() {
        let dir = tempfile::tempdir().unwrap();
        let files: Vec<_> = ["abc", "", "defg", "h"]
            .iter()
            .enumerate()
            .map(|(number, text)| {
                let path = dir.path().join(number.to_string());
                std::fs::write(&path, text).unwrap();
                (path, text.len() as u64)
            })
            .collect();
        let content = Content::new(files);
        let read = |slice: &Slice| {
            let (put, mut pieces) = mpsc::channel(16);
            slice.read(&put).unwrap();
            drop(put);
            let mut all = Vec::new();
            while let Some(piece) = pieces.blocking_recv() {
                all.extend_from_slice(&piece.unwrap());
            }
            String::from_utf8(all).unwrap()
        };
        assert_eq!((read(&content.whole()).as_str(), content.whole().range()), ("abcdefgh", None));
        let middle = content.slice(2, 6);
        assert_eq!((read(&middle).as_str(), middle.range().as_deref()), ("cdef", Some("bytes 2-5/8")));
        assert_eq!(read(&content.slice(6, 99)), "gh");
    }

    #[test]
    fn a_changed_file_is_not_sent() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jsonl");
        std::fs::write(&path, "{}\n").unwrap();
        let error = Content::new(vec![(path, 4)]).whole().body().unwrap_err();
        assert!(error.contains("has 3 bytes, 4 were written"), "{error}");
    }
}
