//! The inbox: keeps what was taken from the moment it is acknowledged until it is in the lake. A journal in files of
//! its own beside the ledger, because it must not wait for the ledger's transactions: one thread appends what has
//! come in while the disk was busy, makes it durable with one sync, and then tells all who wait for it.
//!
//! A file holds frames: the body's length (4 bytes, big-endian), the first 8 bytes of its SHA-256, the body. Only the
//! last frames of a file can be torn, and those were never acknowledged. Files are removed once all in them is in the
//! lake; killed in between, the same is taken again, and the ledger knows by the Events' ids that it has them.

use crate::lake::private_dir;
use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// The inbox's directory in a lake.
const DIR: &str = "_inbox";
const SUFFIX: &str = ".events";

/// A file is closed when it has so many bytes: what is in the lake is let go of file by file.
const FILE: u64 = 16 << 20;
/// What one sync makes durable at most.
const GROUP: usize = 1_024;
const GROUP_BYTES: usize = 4 << 20;
const HEAD: usize = 12;

/// What went wrong with the inbox.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// A file operation failed.
    #[error("{path}: {cause}")]
    Io {
        /// The file or directory.
        path: String,
        /// The system's error.
        cause: io::Error,
    },
    /// Another process receives into it.
    #[error("another program receives webhooks into {0}; stop it, or use another --lake")]
    Locked(String),
    /// It holds as much as it may.
    #[error("the inbox is full: what is in it cannot go into the lake; its own errors say why")]
    Full,
    /// What came in could not be made durable.
    #[error("the inbox cannot be written")]
    Failed,
}

/// Events that are not in the lake yet.
#[derive(Debug)]
pub struct Inbox {
    orders: async_channel::Sender<Order>,
    shared: Arc<Shared>,
    /// It is full with so many bytes.
    largest: u64,
    /// Held, not read: the lock ends with the file.
    _lock: File,
}

/// A closed file of the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Segment(u64);

/// How much is in a file, or in the inbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// Events.
    pub events: u64,
    /// Bytes that they take.
    pub bytes: u64,
}

#[derive(Debug)]
struct Shared {
    dir: PathBuf,
    files: Mutex<Files>,
    /// Whether what came in last could be made durable.
    sound: AtomicBool,
}

#[derive(Debug, Default)]
struct Files {
    closed: BTreeMap<Segment, Held>,
    open: Held,
}

enum Order {
    Keep(Bytes, oneshot::Sender<bool>),
    Close(oneshot::Sender<()>),
}

fn io(path: &Path) -> impl FnOnce(io::Error) -> InboxError {
    let path = path.display().to_string();
    move |cause| InboxError::Io { path, cause }
}

/// Where the inbox of an account is. Names are anybody's choice, names of directories are not.
fn directory(all: &Path, name: Option<&str>) -> PathBuf {
    name.map_or(all.to_owned(), |name| all.join(utf8_percent_encode(name, NON_ALPHANUMERIC).to_string()))
}

/// Directories of a lake's inboxes that hold Events and are not for these accounts: nobody will take them out.
pub fn left_behind(lake: &Path, names: &[Option<&str>]) -> Result<Vec<PathBuf>, InboxError> {
    let all = lake.join(DIR);
    let read = |dir: &Path| -> Result<Vec<PathBuf>, InboxError> {
        let entries = std::fs::read_dir(dir).map_err(io(dir))?;
        entries.map(|entry| Ok(entry.map_err(io(dir))?.path())).collect()
    };
    let mut left = read(&all)?;
    left.retain(|path| path.is_dir());
    left.push(all.clone());
    left.retain(|dir| !names.iter().any(|name| directory(&all, *name) == *dir));
    let holds = |dir: &PathBuf| {
        let files = read(dir).unwrap_or_default();
        files.iter().any(|file| file.to_string_lossy().ends_with(SUFFIX))
    };
    left.retain(holds);
    Ok(left)
}

impl Held {
    /// Adds what another one holds.
    pub fn add(&mut self, other: Self) {
        self.events += other.events;
        self.bytes += other.bytes;
    }
}

impl Inbox {
    /// Opens the inbox of a lake, making both as needed, and locks it; of several accounts each has its own, by its
    /// name. What an earlier process left is in it.
    pub fn open(lake: &Path, name: Option<&str>, largest: u64) -> Result<Self, InboxError> {
        let all = lake.join(DIR);
        private_dir(&all).map_err(io(&all))?;
        let dir = directory(&all, name);
        private_dir(&dir).map_err(io(&dir))?;
        let path = dir.join("_lock");
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(io(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(InboxError::Locked(lake.display().to_string())),
            Err(TryLockError::Error(cause)) => return Err(io(&path)(cause)),
        }
        let shared = Shared { dir, files: Mutex::default(), sound: AtomicBool::new(true) };
        let left = shared.left()?;
        let next = left.keys().last().map_or(1, |last| last.0 + 1);
        shared.files().closed = left;
        let shared = Arc::new(shared);
        let (orders, taken) = async_channel::bounded(GROUP);
        let writer = Writer { shared: shared.clone(), open: None, next, buffer: Vec::new() };
        let spawned = std::thread::Builder::new().name("inbox".to_owned()).spawn(move || writer.run(&taken));
        spawned.map_err(io(lake))?;
        Ok(Self { orders, shared, largest, _lock: lock })
    }

    /// Keeps an Event. It is durable when this returns.
    pub async fn keep(&self, body: Bytes) -> Result<(), InboxError> {
        if self.is_full() {
            return Err(InboxError::Full);
        }
        let (tell, told) = oneshot::channel();
        self.orders.send(Order::Keep(body, tell)).await.map_err(|_| InboxError::Failed)?;
        if told.await.unwrap_or(false) { Ok(()) } else { Err(InboxError::Failed) }
    }

    /// The closed files, oldest first, with everything that was kept before.
    pub async fn segments(&self) -> Result<Vec<Segment>, InboxError> {
        let (tell, told) = oneshot::channel();
        self.orders.send(Order::Close(tell)).await.map_err(|_| InboxError::Failed)?;
        told.await.map_err(|_| InboxError::Failed)?;
        Ok(self.shared.files().closed.keys().copied().collect())
    }

    /// The Events of a file, in the order in which they came.
    pub fn read(&self, segment: Segment) -> Result<Vec<Bytes>, InboxError> {
        self.shared.read(segment)
    }

    /// Lets go of a file: all in it is in the lake.
    pub fn remove(&self, segment: Segment) -> Result<(), InboxError> {
        let path = self.shared.path(segment);
        std::fs::remove_file(&path).map_err(io(&path))?;
        // That the name is gone need not be durable: what comes back is known.
        self.shared.files().closed.remove(&segment);
        Ok(())
    }

    /// What is in it.
    pub fn held(&self) -> Held {
        let files = self.shared.files();
        let mut held = files.open;
        files.closed.values().for_each(|one| held.add(*one));
        held
    }

    /// Whether it holds as much as it may.
    pub fn is_full(&self) -> bool {
        self.held().bytes >= self.largest
    }

    /// Whether what came in last could be made durable.
    pub fn is_sound(&self) -> bool {
        self.shared.sound.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, Segment(number): Segment) -> PathBuf {
        self.dir.join(format!("{number:012}{SUFFIX}"))
    }

    /// The files of earlier processes.
    fn left(&self) -> Result<BTreeMap<Segment, Held>, InboxError> {
        let mut left = BTreeMap::new();
        for file in std::fs::read_dir(&self.dir).map_err(io(&self.dir))? {
            let name = file.map_err(io(&self.dir))?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(SUFFIX)?.parse().ok());
            let Some(segment) = number.map(Segment) else { continue };
            let bodies = self.read(segment)?;
            let bytes = bodies.iter().map(|body| (body.len() + HEAD) as u64).sum();
            left.insert(segment, Held { events: bodies.len() as u64, bytes });
        }
        Ok(left)
    }

    fn read(&self, segment: Segment) -> Result<Vec<Bytes>, InboxError> {
        let path = self.path(segment);
        let mut rest = Bytes::from(std::fs::read(&path).map_err(io(&path))?);
        let mut bodies = Vec::new();
        while let Some(body) = first(&rest) {
            rest = rest.slice(HEAD + body.len()..);
            bodies.push(body);
        }
        if !rest.is_empty() {
            let (path, bytes) = (path.display(), rest.len());
            tracing::warn!(%path, bytes, "the end of this file was being written when the program ended; nothing in it had been acknowledged");
        }
        Ok(bodies)
    }
}

/// The body of the first frame; none when there is no whole one.
fn first(frames: &Bytes) -> Option<Bytes> {
    let (length, rest) = frames.split_first_chunk::<4>()?;
    let (mark, rest) = rest.split_first_chunk::<8>()?;
    let length = u32::from_be_bytes(*length) as usize;
    let body = rest.get(..length)?;
    (Sha256::digest(body).starts_with(mark)).then(|| frames.slice(HEAD..HEAD + length))
}

fn frame(body: &[u8], out: &mut Vec<u8>) -> bool {
    let Ok(length) = u32::try_from(body.len()) else { return false };
    out.extend_from_slice(&length.to_be_bytes());
    out.extend(Sha256::digest(body).iter().take(8));
    out.extend_from_slice(body);
    true
}

/// The one thread that writes.
struct Writer {
    shared: Arc<Shared>,
    open: Option<(Segment, File, Held)>,
    next: u64,
    buffer: Vec<u8>,
}

impl Writer {
    fn run(mut self, orders: &async_channel::Receiver<Order>) {
        while let Ok(mut order) = orders.recv_blocking() {
            let mut waiting = Vec::new();
            self.buffer.clear();
            let close = loop {
                match order {
                    Order::Close(tell) => break Some(tell),
                    Order::Keep(body, tell) => {
                        // A body too large for a frame is not kept; its sender hears so.
                        if frame(&body, &mut self.buffer) {
                            waiting.push(tell);
                        }
                    }
                }
                if waiting.len() >= GROUP || self.buffer.len() >= GROUP_BYTES {
                    break None;
                }
                match orders.try_recv() {
                    Ok(next) => order = next,
                    Err(_) => break None,
                }
            };
            if !waiting.is_empty() {
                let kept = self.append(waiting.len() as u64);
                if let Err(error) = &kept {
                    tracing::error!(%error, "webhooks are refused: the inbox cannot be written");
                }
                self.shared.sound.store(kept.is_ok(), Ordering::Relaxed);
                for tell in waiting {
                    // Who has gone away does not hear it; Stripe sends the Event again.
                    let _gone = tell.send(kept.is_ok());
                }
            }
            if let Some(tell) = close {
                self.close();
                let _gone = tell.send(());
            }
        }
    }

    /// Makes the buffer durable.
    fn append(&mut self, events: u64) -> Result<(), InboxError> {
        let (segment, mut file, mut held) = match self.open.take() {
            Some(open) => open,
            None => self.begin()?,
        };
        let path = self.shared.path(segment);
        let written = file.write_all(&self.buffer).and_then(|()| file.sync_data()).map_err(io(&path));
        match &written {
            Ok(()) => held.add(Held { events, bytes: self.buffer.len() as u64 }),
            // Nothing may follow what is half written, and what a failed sync leaves is not known: the file ends here,
            // if possible before it.
            Err(_) => drop(file.set_len(held.bytes)),
        }
        self.open = Some((segment, file, held));
        self.shared.files().open = held;
        if written.is_err() || held.bytes >= FILE {
            self.close();
        }
        written
    }

    fn begin(&mut self) -> Result<(Segment, File, Held), InboxError> {
        let segment = Segment(self.next);
        let path = self.shared.path(segment);
        let mut options = OpenOptions::new();
        options.create_new(true).append(true);
        // It holds objects of Stripe's.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(io(&path))?;
        self.next += 1;
        File::open(&self.shared.dir).and_then(|dir| dir.sync_all()).map_err(io(&path))?;
        Ok((segment, file, Held::default()))
    }

    fn close(&mut self) {
        if let Some((segment, _, held)) = self.open.take() {
            let mut files = self.shared.files();
            files.open = Held::default();
            files.closed.insert(segment, held);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGEST: u64 = 1 << 20;

    fn bodies(of: &[&str]) -> Vec<Bytes> {
        of.iter().map(|text| Bytes::copy_from_slice(text.as_bytes())).collect()
    }

    async fn all(inbox: &Inbox) -> Vec<Bytes> {
        let segments = inbox.segments().await.unwrap();
        segments.into_iter().flat_map(|segment| inbox.read(segment).unwrap()).collect()
    }

    #[tokio::test]
    async fn what_is_kept_is_there_until_it_is_removed_also_for_the_next_process() {
        let lake = tempfile::tempdir().unwrap();
        let inbox = Inbox::open(lake.path(), None, LARGEST).unwrap();
        assert!(matches!(Inbox::open(lake.path(), None, LARGEST), Err(InboxError::Locked(_))));
        inbox.keep(Bytes::from_static(b"{\n \"a\": 1}\n")).await.unwrap();
        assert_eq!(all(&inbox).await, bodies(&["{\n \"a\": 1}\n"]));
        inbox.keep(Bytes::from_static(b"")).await.unwrap();
        inbox.keep(Bytes::from_static(b"three")).await.unwrap();
        assert_eq!(inbox.held(), Held { events: 3, bytes: 3 * 12 + 11 + 5 });
        drop(inbox);

        let inbox = Inbox::open(lake.path(), None, LARGEST).unwrap();
        assert_eq!(inbox.held(), Held { events: 3, bytes: 3 * 12 + 11 + 5 });
        let segments = inbox.segments().await.unwrap();
        assert_eq!(segments.len(), 2);
        inbox.remove(segments[0]).unwrap();
        inbox.keep(Bytes::from_static(b"four")).await.unwrap();
        assert_eq!(all(&inbox).await, bodies(&["", "three", "four"]));
    }

    #[tokio::test]
    async fn a_torn_end_hides_nothing_that_was_kept() {
        let lake = tempfile::tempdir().unwrap();
        let mut whole = Vec::new();
        for text in ["one", "two", "three"] {
            assert!(frame(text.as_bytes(), &mut whole));
        }
        let dir = lake.path().join(DIR);
        std::fs::create_dir(&dir).unwrap();
        for end in 0..=whole.len() {
            std::fs::write(dir.join("000000000007.events"), &whole[..end]).unwrap();
            let inbox = Inbox::open(lake.path(), None, LARGEST).unwrap();
            let kept = ["one", "two", "three"].iter().scan(0, |at, text| {
                *at += HEAD + text.len();
                Some(*at)
            });
            let kept = kept.filter(|at| *at <= end).count();
            assert_eq!(all(&inbox).await, bodies(&["one", "two", "three"][..kept]), "{end}");
        }
        let mut changed = whole.clone();
        changed[HEAD + 3 + HEAD] ^= 1;
        std::fs::write(dir.join("000000000007.events"), &changed).unwrap();
        assert_eq!(all(&Inbox::open(lake.path(), None, LARGEST).unwrap()).await, bodies(&["one"]));
    }

    #[tokio::test]
    async fn a_full_inbox_refuses_until_there_is_room() {
        let lake = tempfile::tempdir().unwrap();
        let inbox = Inbox::open(lake.path(), None, 100).unwrap();
        inbox.keep(Bytes::from(vec![b' '; 100])).await.unwrap();
        assert!(matches!(inbox.keep(Bytes::from_static(b"{}")).await, Err(InboxError::Full)));
        for segment in inbox.segments().await.unwrap() {
            inbox.remove(segment).unwrap();
        }
        inbox.keep(Bytes::from_static(b"{}")).await.unwrap();
    }

    #[tokio::test]
    async fn each_account_has_its_own_and_none_is_forgotten() {
        let lake = tempfile::tempdir().unwrap();
        let names = [None, Some("shop"), Some("../shop"), Some("a/b")];
        for name in names {
            let inbox = Inbox::open(lake.path(), name, LARGEST).unwrap();
            inbox.keep(Bytes::from(name.unwrap_or_default().to_owned())).await.unwrap();
        }
        for name in names {
            let inbox = Inbox::open(lake.path(), name, LARGEST).unwrap();
            assert_eq!(all(&inbox).await, bodies(&[name.unwrap_or_default()]));
        }
        assert_eq!(left_behind(lake.path(), &names).unwrap().len(), 0);
        let shop = lake.path().join(DIR).join("shop");
        assert_eq!(left_behind(lake.path(), &[None, Some("../shop"), Some("a/b")]).unwrap(), [shop]);
        assert_eq!(left_behind(lake.path(), &names[1..]).unwrap(), [lake.path().join(DIR)]);
    }
}
