//! The ledger: what was asked of Stripe, how far each walk came, and what was delivered to the lake.
//! Everything a run needs to go on after a crash is here, and moves in one transaction with the record
//! of what was delivered.

mod outbox;
mod schema;
mod sqlite;

pub use outbox::{
    Batch, BatchState, Format, NewBatch, Outbox, Outgoing, Pending, Position, Step, Target, TargetState,
    is_tombstones,
};
pub use sqlite::SqliteLedger;

use sha2::{Digest as _, Sha256};

/// First half of a SHA-256.
pub type Digest = [u8; 16];
/// What tells a record apart: see [`record_id`].
pub type RecordId = [u8; 32];

/// A half-open range of creation times of one list, and how far its walk came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// The ledger's number of it.
    pub id: i64,
    /// The account's number.
    pub account: i64,
    /// Stripe's name of the resource.
    pub resource: String,
    /// Which of the resource's walks.
    pub pass: String,
    /// Earliest creation time, in epoch seconds; none is the beginning.
    pub gte: Option<i64>,
    /// First creation time that no longer belongs to it, in epoch seconds.
    pub lt: i64,
    /// Whether it was walked to its end.
    pub done: bool,
    /// The last object that is durable: its id and creation time. What is younger than its second is
    /// durable, too; of the second itself, what [`Ledger::boundary`] names.
    pub cursor: Option<(String, i64)>,
    /// What was seen so far.
    pub tally: Tally,
    /// When its end was seen, by the server's clock.
    pub walked: Option<i64>,
    /// Why it was left last, until it goes on.
    pub error: Option<String>,
}

impl Unit {
    /// A unit of a list; number and range are to be filled in.
    pub fn new(account: i64, resource: String, pass: String) -> Self {
        Self {
            id: 0,
            account,
            resource,
            pass,
            gte: None,
            lt: 0,
            done: false,
            cursor: None,
            tally: Tally::default(),
            walked: None,
            error: None,
        }
    }
}

/// Proof of what a unit saw.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Pages read.
    pub pages: u64,
    /// Objects seen, each once.
    pub objects: u64,
    /// Records written.
    pub records: u64,
    /// Sum modulo 2^128 of the first halves of the SHA-256 of the objects' ids: independent of their
    /// order, changed by any that is missing or seen twice.
    pub id_hash: u128,
}

impl Tally {
    /// Adds an object.
    pub fn count(&mut self, id: &str) {
        self.objects += 1;
        self.id_hash = self.id_hash.wrapping_add(id_hash(id));
    }

    /// Adds what another stretch of the same unit saw.
    pub fn add(&mut self, other: &Self) {
        self.pages += other.pages;
        self.objects += other.objects;
        self.records += other.records;
        self.id_hash = self.id_hash.wrapping_add(other.id_hash);
    }
}

/// One file of the lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The dataset's name.
    pub dataset: String,
    /// Path inside the lake.
    pub path: String,
    /// Lines in it.
    pub records: u64,
    /// Bytes in it.
    pub bytes: u64,
}

/// A record that became durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The dataset's name.
    pub dataset: String,
    /// The record.
    pub id: RecordId,
    /// What it was made from.
    pub source: Source,
}

/// What a record was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Hash of the object's text.
    pub digest: Digest,
    /// How new that is.
    pub version: Version,
}

/// How new a source is. The greater one is how things are: at equal times an Event beats a page, because the
/// page's second may have begun before the change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The Event's time, or the time at which the page was read, in epoch seconds.
    pub seen: i64,
    /// Whether it is an Event.
    pub event: bool,
}

impl Version {
    /// Of something that was read from a list at this time.
    pub fn of_page(seen: i64) -> Self {
        Self { seen, event: false }
    }

    /// Of an Event of this time.
    pub fn of_event(seen: i64) -> Self {
        Self { seen, event: true }
    }
}

/// An object that a list or an Event showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its creation time, in epoch seconds; 0 when it has none.
    pub created: i64,
    /// Its id.
    pub id: String,
    /// When it was seen last, in epoch seconds.
    pub seen: i64,
    /// Whether it was seen to be deleted.
    pub deleted: bool,
}

/// A record of an object that was only seen inside another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedded {
    /// The dataset's name.
    pub dataset: String,
    /// The record.
    pub id: RecordId,
    /// Its JSON text.
    pub bytes: Vec<u8>,
    /// When the object around it was read, in epoch seconds.
    pub seen: i64,
}

/// A record that is not what its schema says, or an object that could not be converted: kept back, with all
/// that is needed to try again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quarantined {
    /// The ledger's number of it, in the order of coming in; 0 until it is recorded.
    pub number: i64,
    /// The dataset's name; `_objects` for objects.
    pub dataset: String,
    /// The record, or what stands for it when it has no `_id`. A second one takes the place of the first.
    pub id: RecordId,
    /// Whether it was only seen inside another object. Such a one gives way to the object's own record.
    pub embedded: bool,
    /// When its source was read, in epoch seconds.
    pub seen: i64,
    /// Why, and in what surroundings, as JSON.
    pub about: String,
    /// The record's JSON text; empty for objects.
    pub record: Vec<u8>,
    /// The object's text, byte by byte.
    pub source: Vec<u8>,
}

/// A stretch of a run whose files are durable, to be recorded in one transaction: what any number of units
/// gained, and what became of the records.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    /// The account's number.
    pub account: i64,
    /// The run's number.
    pub run: i64,
    /// How far the units came, each once.
    pub units: Vec<Progress>,
    /// The files.
    pub parts: Vec<Part>,
    /// The records in the files.
    pub delivered: Vec<Delivered>,
    /// Records that were delivered before and are still the same.
    pub unchanged: Vec<Delivered>,
    /// Records to keep until it is known whether a list delivers them.
    pub embedded: Vec<Embedded>,
    /// Records and objects to keep back, unless something newer was delivered.
    pub quarantined: Vec<Quarantined>,
    /// Entries of the quarantine that are settled, by dataset and record.
    pub released: Vec<(String, RecordId)>,
    /// The objects that were seen, with their resources.
    pub objects: Vec<(&'static str, Seen)>,
    /// Times up to which something is known, by name.
    pub bookmarks: Vec<(String, i64)>,
    /// Events that were taken.
    pub heard: Vec<Heard>,
    /// Objects that may change without an Event.
    pub unsettled: Vec<Unsettled>,
}

/// An Event that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Its id.
    pub id: String,
    /// Its time, in epoch seconds.
    pub at: i64,
    /// Hash of what it says: another Event that says the same is of the same fact.
    pub fact: Digest,
}

/// An object that changes without an Event until it is settled, such as a balance transaction that is pending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsettled {
    /// Stripe's name of the resource.
    pub resource: &'static str,
    /// The object's creation time, in epoch seconds.
    pub created: i64,
    /// The object's id.
    pub id: String,
    /// Whether it is settled now.
    pub settled: bool,
}

impl Unsettled {
    /// Stands for the creation time of objects whose state is in doubt: behind all for which lists are read again.
    pub const IN_DOUBT: i64 = i64::MAX;
}

/// What a unit gained.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// The unit's number.
    pub unit: i64,
    /// Where the walk goes on; none leaves it where it was.
    pub cursor: Option<(String, i64)>,
    /// Ids seen in the cursor's second.
    pub boundary: Vec<String>,
    /// What the stretch saw.
    pub tally: Tally,
    /// Whether the walk began anew within the stretch: then the tally is the whole one.
    pub anew: bool,
    /// Other units that take over the lower part of the range.
    pub rest: Option<Rest>,
    /// Whether the unit ends here.
    pub done: bool,
    /// The server's time, as far as it is known.
    pub at: Option<i64>,
    /// Why the unit was left before its end.
    pub error: Option<String>,
}

/// The lower part of a unit's range, handed over to other units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest {
    /// Where the unit itself begins now.
    pub gte: i64,
    /// The units below, with numbers from [`Ledger::next_unit`]; they touch one another.
    pub units: Vec<Unit>,
}

/// A range that was walked to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Covered {
    /// Earliest creation time; none is the beginning.
    pub gte: Option<i64>,
    /// First creation time that no longer belongs to it.
    pub lt: i64,
    /// What was seen in it.
    pub tally: Tally,
    /// How many units it was walked in.
    pub units: u64,
    /// When the first of them ended, by the server's clock.
    pub walked_first: i64,
    /// When the last of them ended.
    pub walked_last: i64,
}

/// A run as the ledger knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its number.
    pub id: i64,
    /// When it began, by the server's clock.
    pub started: i64,
    /// SHA-256 of the module.
    pub module: String,
    /// How it ended; none while it goes on or after a crash.
    pub outcome: Option<String>,
}

/// What went wrong with the ledger.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Its file cannot be made, or not kept from others.
    #[error("the ledger {path} cannot be made readable for its owner alone: {cause}")]
    File {
        /// The file.
        path: String,
        /// The system's error.
        cause: std::io::Error,
    },
    /// SQLite's word.
    #[error("the ledger {path} cannot be used: {cause}")]
    Sqlite {
        /// The file.
        path: String,
        /// SQLite's error.
        cause: rusqlite::Error,
    },
    /// Written by a newer program.
    #[error(
        "the ledger {path} was written by a newer version of this program (schema {found}, known {known}); update the program"
    )]
    TooNew {
        /// The file.
        path: String,
        /// Its schema.
        found: i64,
        /// The newest schema that this program knows.
        known: i64,
    },
    /// Written by an older program, and only to be read.
    #[error(
        "the ledger {path} was written by an older version of this program (schema {found}, known {known}); the next sync brings it up to date"
    )]
    TooOld {
        /// The file.
        path: String,
        /// Its schema.
        found: i64,
        /// The schema of this program.
        known: i64,
    },
    /// Settings that would mix two kinds of records.
    #[error("this lake was made with {what} {found}, now {given} is asked for; use another --lake")]
    Mixed {
        /// What differs.
        what: String,
        /// The lake's.
        found: String,
        /// The one given.
        given: String,
    },
}

/// Where the truth about a sync is kept. One writer at a time.
pub trait Ledger: Send {
    /// Records a property of the whole lake, or refuses one that differs.
    fn pin(&mut self, what: &str, value: &str) -> Result<(), LedgerError>;
    /// The number of an account in one world.
    fn account(&mut self, stripe_id: &str, livemode: bool) -> Result<i64, LedgerError>;
    /// All accounts: number, Stripe's id, whether it is real money.
    fn accounts(&mut self) -> Result<Vec<(i64, String, bool)>, LedgerError>;
    /// Starts a run and gives its number.
    fn begin_run(&mut self, account: i64, started: i64, module: &str) -> Result<i64, LedgerError>;
    /// Ends a run.
    fn end_run(&mut self, run: i64, outcome: &str) -> Result<(), LedgerError>;
    /// An account's newest run.
    fn last_run(&mut self, account: i64) -> Result<Option<Run>, LedgerError>;

    /// The units that a run must walk for a list: unfinished ones, then one up to `lt`, and one down to `since` when
    /// no run before went as far back.
    fn plan(&mut self, want: &Want<'_>) -> Result<Vec<Unit>, LedgerError>;
    /// How far back a list's units go; none when that is the beginning, or there are none.
    fn begins(&mut self, want: &Want<'_>) -> Result<Option<i64>, LedgerError>;
    /// Cuts a unit that nobody has begun, at times that fall: the units that it becomes, latest first. The first
    /// of them is the unit itself.
    fn split(&mut self, unit: i64, at: &[i64]) -> Result<Vec<Unit>, LedgerError>;
    /// A number for a unit that a [`Rest`] brings.
    fn next_unit(&mut self) -> Result<i64, LedgerError>;
    /// The resources of an account whose lists were ever planned, by name.
    fn lists(&mut self, account: i64) -> Result<Vec<String>, LedgerError>;
    /// All units of an account's list, oldest range first.
    fn units(&mut self, account: i64, resource: &str) -> Result<Vec<Unit>, LedgerError>;
    /// The ranges of a list that were walked to their end, oldest first. Ranges that touch are one; of ranges
    /// that overlap each stands by itself, so that its count and hash stay what was seen.
    fn coverage(&mut self, account: i64, resource: &str, pass: &str) -> Result<Vec<Covered>, LedgerError>;
    /// The resources of an account whose lists were begun or planned and not walked to their end.
    fn open_lists(&mut self, account: i64) -> Result<Vec<String>, LedgerError>;
    /// Adds an open unit over a range of a list, so that the next run walks it once more.
    fn list_again(&mut self, of: &Objects<'_>, pass: &str) -> Result<(), LedgerError>;
    /// Forgets walks; records stay delivered.
    fn forget(&mut self, forget: &Forget<'_>) -> Result<(), LedgerError>;
    /// Forgets the bookmarks of an account and what was noted about it.
    fn forget_bookmarks(&mut self, account: i64) -> Result<(), LedgerError>;
    /// Ids already seen in the second of a unit's cursor.
    fn boundary(&mut self, unit: i64) -> Result<Vec<String>, LedgerError>;

    /// What a record was last made from, if it was delivered.
    fn delivered(&mut self, dataset: &str, id: &RecordId) -> Result<Option<Source>, LedgerError>;
    /// Whether a record was delivered from something that was read after `seen`.
    fn delivered_after(&mut self, dataset: &str, id: &RecordId, seen: i64) -> Result<bool, LedgerError>;
    /// Records a stretch.
    fn commit(&mut self, commit: &Commit) -> Result<(), LedgerError>;
    /// Whether a file of the lake is known.
    fn knows_part(&mut self, path: &str) -> Result<bool, LedgerError>;

    /// Up to `limit` of the objects of a resource that were created in `[gte, lt)`, ordered by creation time
    /// and id, those behind `after`.
    fn objects(
        &mut self,
        of: &Objects<'_>,
        after: Option<&Seen>,
        limit: u32,
    ) -> Result<Vec<Seen>, LedgerError>;
    /// How many of them there are that are not known to be deleted, and the sum of the hashes of their ids:
    /// see [`Tally::id_hash`].
    fn count_and_hash(&mut self, of: &Objects<'_>) -> Result<(u64, u128), LedgerError>;

    /// The time up to which something is known.
    fn bookmark(&mut self, account: i64, name: &str) -> Result<Option<i64>, LedgerError>;
    /// A small text about an account.
    fn fact(&mut self, account: i64, key: &str) -> Result<Option<String>, LedgerError>;
    /// Notes a small text about an account.
    fn set_fact(&mut self, account: i64, key: &str, value: &str) -> Result<(), LedgerError>;

    /// Whether an Event was taken, or another one that says the same.
    fn heard(&mut self, account: i64, id: &str, fact: &Digest) -> Result<bool, LedgerError>;
    /// Forgets the Events before a time: they are not read again.
    fn forget_heard(&mut self, account: i64, before: i64) -> Result<(), LedgerError>;
    /// How many of a resource's objects are unsettled, and the creation time of the oldest.
    fn unsettled(&mut self, account: i64, resource: &str) -> Result<(u64, Option<i64>), LedgerError>;
    /// The objects whose state is in doubt ([`Unsettled::IN_DOUBT`]), by resource and id.
    fn in_doubt(&mut self, account: i64) -> Result<Vec<(String, String)>, LedgerError>;
    /// Forgets how far the walks of some resources came, so that they are listed once more; notes since when, and
    /// the bookmarks from which their Events are read afterwards. All or nothing.
    fn relist(
        &mut self,
        account: i64,
        resources: &[&str],
        since: i64,
        bookmarks: &[(String, i64)],
    ) -> Result<(), LedgerError>;
    /// The resources that are listed once more, each with the time since when. What no list has shown since then,
    /// once they are walked to their end, has to be looked up.
    fn relisted(&mut self, account: i64) -> Result<Vec<(String, i64)>, LedgerError>;
    /// Notes that a resource was listed once more and everything was looked up.
    fn relisted_whole(&mut self, account: i64, resource: &str) -> Result<(), LedgerError>;

    /// Datasets with records of an account that were only seen embedded.
    fn pending_datasets(&mut self, account: i64) -> Result<Vec<String>, LedgerError>;
    /// Up to 500 of an account's records of a dataset that were only seen embedded.
    fn pending(&mut self, account: i64, dataset: &str) -> Result<Vec<Embedded>, LedgerError>;

    /// Puts entries into the quarantine and takes settled ones out, without a run.
    fn quarantine(&mut self, put: &[Quarantined], released: &[(String, RecordId)])
    -> Result<(), LedgerError>;
    /// How many entries the quarantine holds of each dataset, and the highest number among them.
    fn quarantine_counts(&mut self) -> Result<Vec<(String, u64, i64)>, LedgerError>;
    /// The dataset's entry with the lowest number above `after`.
    fn next_quarantined(&mut self, dataset: &str, after: i64) -> Result<Option<Quarantined>, LedgerError>;
    /// When the source of an entry was read, if there is such an entry.
    fn quarantined_at(&mut self, dataset: &str, id: &RecordId) -> Result<Option<i64>, LedgerError>;
    /// Datasets whose entries are not what their file shows.
    fn stale_quarantine(&mut self) -> Result<Vec<String>, LedgerError>;
    /// Notes that a dataset's file shows its entries.
    fn quarantine_shown(&mut self, dataset: &str) -> Result<(), LedgerError>;
}

/// Which objects are asked for.
#[derive(Debug, Clone, Copy)]
pub struct Objects<'a> {
    /// The account's number.
    pub account: i64,
    /// Stripe's name of the resource.
    pub resource: &'a str,
    /// Earliest creation time; none is the beginning.
    pub gte: Option<i64>,
    /// First creation time that does not belong to them.
    pub lt: i64,
}

/// Walks to forget.
#[derive(Debug, Clone, Copy)]
pub struct Forget<'a> {
    /// The numbers of their units.
    pub units: &'a [i64],
    /// The objects that they showed.
    pub objects: Objects<'a>,
    /// The passes for which an open unit over the same range takes their place.
    pub passes: &'a [&'a str],
}

/// One id's share of [`Tally::id_hash`].
pub fn id_hash(id: &str) -> u128 {
    let digest = Sha256::digest(id.as_bytes());
    digest.iter().take(16).fold(0, |sum, byte| sum << 8 | u128::from(*byte))
}

/// What tells a record apart from others of its dataset: its `_id`, when it begins with `{"_id":"<64 hex>"`; of a
/// row of a relational schema the hash of its key.
pub fn record_id(record: &[u8]) -> Option<RecordId> {
    let Some(rest) = record.strip_prefix(br#"{"_id":""#) else {
        return row_key(record).map(|key| Sha256::digest(key).into());
    };
    let mut id = RecordId::default();
    hex::decode_to_slice(rest.get(..64)?, &mut id).ok().map(|()| id)
}

/// The member that a row of a relational schema begins with: its key. Records of other kinds are none: rows go on
/// with their version and with what is to become of them.
pub fn row_key(record: &[u8]) -> Option<&[u8]> {
    // Quotes in texts are escaped, so this ends the first member or does not occur.
    const VERSION: &[u8] = br#"","lastModified":"#;
    let members = record.strip_prefix(b"{")?;
    let at = members.windows(VERSION.len()).position(|found| found == VERSION)?;
    let (key, rest) = members.split_at(at + 1);
    let rest = rest.get(VERSION.len() - 1..)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_row = digits > 0 && rest.get(digits..)?.starts_with(br#","_change_request_type":"#);
    (is_row && !key.is_empty()).then_some(key)
}

/// What [`Ledger::plan`] is asked.
#[derive(Debug, Clone, Copy)]
pub struct Want<'a> {
    /// The account's number.
    pub account: i64,
    /// Stripe's name of the resource.
    pub resource: &'a str,
    /// Which of the resource's walks.
    pub pass: &'a str,
    /// The run's upper bound, in epoch seconds.
    pub lt: i64,
    /// How far to look back behind the bound of the run before, in seconds.
    pub overlap: i64,
    /// Nothing older is listed, in epoch seconds; none is no bound in a first run, and where that began in later ones.
    pub since: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_go_by_their_id_and_rows_by_their_key() {
        let id = "5121c4d5d21998483151135f0e7c435e8a6ea64e61aeeba5fb92e614f7cb13a9";
        let record = format!(r#"{{"_id":"{id}","timestamp":"2023-03-17T22:02:19Z"}}"#);
        assert_eq!(record_id(record.as_bytes()).map(hex::encode).as_deref(), Some(id));
        assert_eq!(row_key(record.as_bytes()), None);

        let row = |more: &str| format!(r#"{{"chargeID":"ch_\"1","lastModified":1700000000000{more}}}"#);
        let stored = row(r#","_change_request_type":"u","amount":1"#);
        let deleted = row(r#","_change_request_type":"d""#);
        assert_eq!(row_key(stored.as_bytes()), Some(br#""chargeID":"ch_\"1""#.as_slice()));
        assert!(record_id(stored.as_bytes()).is_some());
        assert_eq!(record_id(stored.as_bytes()), record_id(deleted.as_bytes()));
        let other = stored.replace("ch_", "py_");
        assert_ne!(record_id(stored.as_bytes()), record_id(other.as_bytes()));
        for none in ["", "{", "{}", &row(""), r#"{"id":"x","deleted_at":"now"}"#, r#"{"_id":"short"}"#] {
            assert_eq!(record_id(none.as_bytes()), None, "{none}");
        }
    }
}
