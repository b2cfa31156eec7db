//! Bytes as they were uploaded: small ones in memory, large ones in files below a directory.

use std::fs::{self, File};
use std::io::{self, BufWriter, Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;

/// Bodies up to this length stay in memory.
const SMALL: usize = 1 << 20;

/// What one request brought.
#[derive(Debug, Clone)]
pub(in crate::platform) enum Piece {
    Memory(Bytes),
    File(Arc<Kept>),
}

/// A file that goes when nothing refers to it any more.
#[derive(Debug)]
pub(in crate::platform) struct Kept {
    path: PathBuf,
    length: u64,
}

impl Drop for Kept {
    fn drop(&mut self) {
        // What cannot be removed stays; the directory is the caller's.
        fs::remove_file(&self.path).ok();
    }
}

/// Why a body was not taken.
#[derive(Debug)]
pub(in crate::platform) enum NotTaken {
    TooLong,
    /// The client gave up, or the connection broke.
    Broken,
    Disk(io::Error),
}

impl Piece {
    pub(in crate::platform) fn length(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(kept) => kept.length,
        }
    }

    fn reader(&self) -> io::Result<Box<dyn Read>> {
        Ok(match self {
            Self::Memory(bytes) => Box::new(Cursor::new(bytes.clone())),
            Self::File(kept) => Box::new(File::open(&kept.path)?),
        })
    }

    /// Reads a body of at most `limit` bytes. Without a directory all of it stays in memory; `number` makes the
    /// file's name.
    pub(in crate::platform) async fn receive(
        mut body: Incoming,
        limit: u64,
        directory: Option<&Path>,
        number: u64,
    ) -> Result<Self, NotTaken> {
        let (mut memory, mut file, mut length) = (Vec::new(), None, 0_u64);
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| NotTaken::Broken)?.into_data() else { continue };
            length += data.len() as u64;
            if length > limit {
                return Err(NotTaken::TooLong);
            }
            if let (None, Some(directory), true) = (&file, directory, memory.len() + data.len() > SMALL) {
                let path = directory.join(format!("upload-{number:08}"));
                let opened = fs::create_dir_all(directory).and_then(|()| File::create(&path));
                let mut writer = BufWriter::new(opened.map_err(NotTaken::Disk)?);
                // From here on the file goes with its last owner, also when the body breaks off.
                let kept = Kept { path, length: 0 };
                writer.write_all(&std::mem::take(&mut memory)).map_err(NotTaken::Disk)?;
                file = Some((writer, kept));
            }
            match &mut file {
                Some((writer, _)) => writer.write_all(&data).map_err(NotTaken::Disk)?,
                None => memory.extend_from_slice(&data),
            }
        }
        match file {
            None => Ok(Self::Memory(memory.into())),
            Some((mut writer, mut kept)) => {
                writer.flush().map_err(NotTaken::Disk)?;
                kept.length = length;
                Ok(Self::File(Arc::new(kept)))
            }
        }
    }
}

/// A file of a batch: its pieces in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Content(Vec<Piece>);

impl Content {
    pub(super) fn of(pieces: Vec<Piece>) -> Self {
        Self(pieces)
    }

    pub(super) fn length(&self) -> u64 {
        self.0.iter().map(Piece::length).sum()
    }

    /// Reads all pieces one after the other.
    pub(super) fn reader(&self) -> io::Result<Box<dyn Read>> {
        let empty: Box<dyn Read> = Box::new(io::empty());
        self.0
            .iter()
            .try_fold(empty, |before, piece| Ok(Box::new(before.chain(piece.reader()?)) as Box<dyn Read>))
    }

    pub(super) fn bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.reader()?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}
