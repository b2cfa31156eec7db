//! The ledger in an SQLite file: write-ahead log, every transaction on disk before it counts.

mod changes;
mod commit;
mod forget;
mod objects;
mod outbox;
mod quarantine;
mod units;

use super::schema::MIGRATIONS;
use super::{
    Commit, Covered, Digest, Embedded, Forget, Ledger, LedgerError, Objects, Quarantined, RecordId, Run,
    Seen, Source, Unit, Unsettled, Version, Want,
};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, Transaction, params};
use std::collections::HashMap;
use std::path::Path;

/// A ledger in a file of its own.
#[derive(Debug)]
pub struct SqliteLedger {
    db: Connection,
    path: String,
    datasets: HashMap<String, i64>,
    /// The numbers of the objects' lists.
    lists: Lists,
    /// The highest number that a unit has.
    last_unit: i64,
}

/// By account and resource.
type Lists = HashMap<(i64, String), i64>;

impl SqliteLedger {
    /// Opens a ledger, making or migrating it as needed.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        let name = path.display().to_string();
        keep_private(path).map_err(|cause| LedgerError::File { path: name.clone(), cause })?;
        let open = || -> rusqlite::Result<(Connection, i64)> {
            let db = Connection::open(path)?;
            db.pragma_update(None, "journal_mode", "WAL")?;
            db.pragma_update(None, "synchronous", "FULL")?;
            db.pragma_update(None, "foreign_keys", true)?;
            // In KiB, negative by SQLite's convention.
            db.pragma_update(None, "cache_size", -4096)?;
            let version = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
            Ok((db, version))
        };
        let (mut db, found) = open().map_err(|cause| LedgerError::Sqlite { path: name.clone(), cause })?;
        let known = MIGRATIONS.len() as i64;
        if found > known {
            return Err(LedgerError::TooNew { path: name, found, known });
        }
        let migrate = |db: &mut Connection| -> rusqlite::Result<()> {
            for (index, migration) in MIGRATIONS.iter().enumerate().skip(found.max(0) as usize) {
                let tx = db.transaction()?;
                tx.execute_batch(migration)?;
                tx.pragma_update(None, "user_version", index as i64 + 1)?;
                tx.commit()?;
            }
            Ok(())
        };
        migrate(&mut db).map_err(|cause| LedgerError::Sqlite { path: name.clone(), cause })?;
        Self::of(db, name)
    }

    /// Opens a ledger to look into it, also while a sync writes to it. Whatever would change it fails.
    pub fn open_read_only(path: &Path) -> Result<Self, LedgerError> {
        let name = path.display().to_string();
        let open = || -> rusqlite::Result<(Connection, i64)> {
            let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            // A sync that just begins or ends holds the file for an instant.
            db.busy_timeout(std::time::Duration::from_secs(5))?;
            let version = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
            Ok((db, version))
        };
        let (db, found) = open().map_err(|cause| LedgerError::Sqlite { path: name.clone(), cause })?;
        let known = MIGRATIONS.len() as i64;
        match found.cmp(&known) {
            std::cmp::Ordering::Greater => Err(LedgerError::TooNew { path: name, found, known }),
            std::cmp::Ordering::Less => Err(LedgerError::TooOld { path: name, found, known }),
            std::cmp::Ordering::Equal => Self::of(db, name),
        }
    }

    /// A property of the whole lake, when it is known.
    pub fn pinned(&mut self, what: &str) -> Result<Option<String>, LedgerError> {
        self.within(|tx| {
            tx.query_row("SELECT value FROM pinned WHERE what = ?", [what], |row| row.get(0)).optional()
        })
    }

    fn of(db: Connection, path: String) -> Result<Self, LedgerError> {
        let read = || -> rusqlite::Result<_> {
            let mut names = db.prepare("SELECT name, id FROM dataset")?;
            let datasets = names.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let mut lists = db.prepare("SELECT account, resource, id FROM list")?;
            let lists = lists.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
            let last: Option<i64> = db.query_row("SELECT max(id) FROM unit", [], |row| row.get(0))?;
            let datasets = datasets.collect::<rusqlite::Result<_>>()?;
            Ok((datasets, lists.collect::<rusqlite::Result<_>>()?, last.unwrap_or(0)))
        };
        match read() {
            Ok((datasets, lists, last_unit)) => Ok(Self { db, path, datasets, lists, last_unit }),
            Err(cause) => Err(LedgerError::Sqlite { path, cause }),
        }
    }

    fn broken(&self, cause: rusqlite::Error) -> LedgerError {
        LedgerError::Sqlite { path: self.path.clone(), cause }
    }

    fn within<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, LedgerError> {
        let run = || {
            let tx = self.db.transaction()?;
            let value = work(&tx)?;
            tx.commit()?;
            Ok(value)
        };
        run().map_err(|cause| self.broken(cause))
    }

    fn dataset(&mut self, name: &str) -> Result<i64, LedgerError> {
        if let Some(id) = self.datasets.get(name) {
            return Ok(*id);
        }
        let id = self.within(|tx| {
            tx.execute("INSERT OR IGNORE INTO dataset (name) VALUES (?)", [name])?;
            tx.query_row("SELECT id FROM dataset WHERE name = ?", [name], |row| row.get(0))
        })?;
        self.datasets.insert(name.to_owned(), id);
        Ok(id)
    }

    fn list(&mut self, account: i64, resource: &str) -> Result<(), LedgerError> {
        let key = (account, resource.to_owned());
        if self.lists.contains_key(&key) {
            return Ok(());
        }
        let id = self.within(|tx| {
            tx.execute("INSERT INTO list (account, resource) VALUES (?, ?)", params![account, resource])?;
            Ok(tx.last_insert_rowid())
        })?;
        self.lists.insert(key, id);
        Ok(())
    }
}

/// Makes the file when it is not there. It holds objects of Stripe's, so that others may not read it;
/// SQLite gives its companion files the same permissions.
#[cfg(unix)]
fn keep_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let file = std::fs::OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    let mut permissions = file.metadata()?.permissions();
    if permissions.mode() & 0o077 == 0 {
        return Ok(());
    }
    permissions.set_mode(0o600);
    file.set_permissions(permissions)
}

#[cfg(not(unix))]
fn keep_private(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

impl Ledger for SqliteLedger {
    fn pin(&mut self, what: &str, value: &str) -> Result<(), LedgerError> {
        let found: String = self.within(|tx| {
            tx.execute("INSERT OR IGNORE INTO pinned (what, value) VALUES (?, ?)", [what, value])?;
            tx.query_row("SELECT value FROM pinned WHERE what = ?", [what], |row| row.get(0))
        })?;
        match found == value {
            true => Ok(()),
            false => Err(LedgerError::Mixed { what: what.to_owned(), found, given: value.to_owned() }),
        }
    }

    fn account(&mut self, stripe_id: &str, livemode: bool) -> Result<i64, LedgerError> {
        self.within(|tx| {
            let key = params![stripe_id, livemode];
            tx.execute("INSERT OR IGNORE INTO account (stripe_id, livemode) VALUES (?, ?)", key)?;
            let find = "SELECT id FROM account WHERE stripe_id = ? AND livemode = ?";
            tx.query_row(find, key, |row| row.get(0))
        })
    }

    fn accounts(&mut self) -> Result<Vec<(i64, String, bool)>, LedgerError> {
        self.within(|tx| {
            let mut rows = tx.prepare("SELECT id, stripe_id, livemode FROM account ORDER BY id")?;
            rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
        })
    }

    fn begin_run(&mut self, account: i64, started: i64, module: &str) -> Result<i64, LedgerError> {
        self.within(|tx| {
            let values = params![account, started, module];
            tx.execute("INSERT INTO run (account, started, module) VALUES (?, ?, ?)", values)?;
            Ok(tx.last_insert_rowid())
        })
    }

    fn end_run(&mut self, run: i64, outcome: &str) -> Result<(), LedgerError> {
        self.within(|tx| {
            tx.execute("UPDATE run SET outcome = ? WHERE id = ?", params![outcome, run]).map(drop)
        })
    }

    fn last_run(&mut self, account: i64) -> Result<Option<Run>, LedgerError> {
        self.within(|tx| {
            let sql =
                "SELECT id, started, module, outcome FROM run WHERE account = ? ORDER BY id DESC LIMIT 1";
            let make = |row: &Row<'_>| {
                Ok(Run { id: row.get(0)?, started: row.get(1)?, module: row.get(2)?, outcome: row.get(3)? })
            };
            tx.query_row(sql, [account], make).optional()
        })
    }

    fn plan(&mut self, want: &Want<'_>) -> Result<Vec<Unit>, LedgerError> {
        // It makes two at most.
        let first = self.last_unit + 1;
        self.last_unit += 2;
        self.within(|tx| units::plan(tx, want, first))
    }

    fn begins(&mut self, want: &Want<'_>) -> Result<Option<i64>, LedgerError> {
        self.within(|tx| units::begins(tx, want))
    }

    fn split(&mut self, unit: i64, at: &[i64]) -> Result<Vec<Unit>, LedgerError> {
        let first = self.last_unit + 1;
        self.last_unit += at.len() as i64;
        self.within(|tx| units::split(tx, unit, at, first))
    }

    fn next_unit(&mut self) -> Result<i64, LedgerError> {
        self.last_unit += 1;
        Ok(self.last_unit)
    }

    fn lists(&mut self, account: i64) -> Result<Vec<String>, LedgerError> {
        self.within(|tx| {
            let sql = "SELECT DISTINCT resource FROM unit WHERE account = ? ORDER BY resource";
            tx.prepare(sql)?.query_map([account], |row| row.get(0))?.collect()
        })
    }

    fn units(&mut self, account: i64, resource: &str) -> Result<Vec<Unit>, LedgerError> {
        self.within(|tx| units::of_list(tx, account, resource))
    }

    fn coverage(&mut self, account: i64, resource: &str, pass: &str) -> Result<Vec<Covered>, LedgerError> {
        self.within(|tx| units::coverage(tx, account, resource, pass))
    }

    fn open_lists(&mut self, account: i64) -> Result<Vec<String>, LedgerError> {
        self.within(|tx| {
            let sql = "SELECT DISTINCT resource FROM unit WHERE account = ? AND NOT done ORDER BY resource";
            tx.prepare(sql)?.query_map([account], |row| row.get(0))?.collect()
        })
    }

    fn list_again(&mut self, of: &Objects<'_>, pass: &str) -> Result<(), LedgerError> {
        let id = self.next_unit()?;
        self.within(|tx| forget::list_again(tx, of, pass, id))
    }

    fn forget(&mut self, forget: &Forget<'_>) -> Result<(), LedgerError> {
        let first = self.last_unit + 1;
        self.last_unit += forget.passes.len() as i64;
        self.within(|tx| forget::forget(tx, forget, first))
    }

    fn forget_bookmarks(&mut self, account: i64) -> Result<(), LedgerError> {
        self.within(|tx| forget::bookmarks(tx, account))
    }

    fn boundary(&mut self, unit: i64) -> Result<Vec<String>, LedgerError> {
        self.within(|tx| {
            let mut ids = tx.prepare("SELECT id FROM boundary WHERE unit = ?")?;
            ids.query_map([unit], |row| row.get(0))?.collect()
        })
    }

    fn delivered(&mut self, dataset: &str, id: &RecordId) -> Result<Option<Source>, LedgerError> {
        let Some(dataset) = self.datasets.get(dataset) else { return Ok(None) };
        let find = || {
            let sql = "SELECT digest, seen, event FROM delivered WHERE dataset = ? AND record_id = ?";
            let make = |row: &Row<'_>| {
                let version = Version { seen: row.get(1)?, event: row.get(2)? };
                Ok(Source { digest: row.get(0)?, version })
            };
            self.db.prepare_cached(sql)?.query_row(params![dataset, id], make).optional()
        };
        find().map_err(|cause| self.broken(cause))
    }

    fn delivered_after(&mut self, dataset: &str, id: &RecordId, seen: i64) -> Result<bool, LedgerError> {
        Ok(self.delivered(dataset, id)?.is_some_and(|source| source.version.seen > seen))
    }

    fn commit(&mut self, commit: &Commit) -> Result<(), LedgerError> {
        let delivered = commit.delivered.iter().chain(&commit.unchanged).map(|d| &d.dataset);
        let embedded = commit.embedded.iter().map(|e| &e.dataset);
        let quarantined = commit.quarantined.iter().map(|q| &q.dataset);
        let released = commit.released.iter().map(|r| &r.0);
        for name in delivered.chain(embedded).chain(quarantined).chain(released) {
            self.dataset(name)?;
        }
        for (resource, _) in &commit.objects {
            self.list(commit.account, resource)?;
        }
        let (datasets, lists) = (std::mem::take(&mut self.datasets), std::mem::take(&mut self.lists));
        let done = self.within(|tx| commit::write(tx, commit, &datasets, &lists));
        (self.datasets, self.lists) = (datasets, lists);
        done
    }

    fn knows_part(&mut self, path: &str) -> Result<bool, LedgerError> {
        self.within(|tx| tx.prepare_cached("SELECT 1 FROM file WHERE path = ?")?.exists([path]))
    }

    fn objects(
        &mut self,
        of: &Objects<'_>,
        after: Option<&Seen>,
        limit: u32,
    ) -> Result<Vec<Seen>, LedgerError> {
        self.within(|tx| objects::read(tx, of, after, limit))
    }

    fn count_and_hash(&mut self, of: &Objects<'_>) -> Result<(u64, u128), LedgerError> {
        self.within(|tx| objects::count_and_hash(tx, of))
    }

    fn bookmark(&mut self, account: i64, name: &str) -> Result<Option<i64>, LedgerError> {
        self.within(|tx| {
            let sql = "SELECT at FROM mark WHERE account = ? AND name = ?";
            tx.query_row(sql, params![account, name], |row| row.get(0)).optional()
        })
    }

    fn fact(&mut self, account: i64, key: &str) -> Result<Option<String>, LedgerError> {
        self.within(|tx| {
            let sql = "SELECT value FROM fact WHERE account = ? AND key = ?";
            tx.query_row(sql, params![account, key], |row| row.get(0)).optional()
        })
    }

    fn set_fact(&mut self, account: i64, key: &str, value: &str) -> Result<(), LedgerError> {
        self.within(|tx| {
            let sql = "INSERT OR REPLACE INTO fact (account, key, value) VALUES (?, ?, ?)";
            tx.execute(sql, params![account, key, value]).map(drop)
        })
    }

    fn heard(&mut self, account: i64, id: &str, fact: &Digest) -> Result<bool, LedgerError> {
        self.within(|tx| changes::heard(tx, account, id, fact))
    }

    fn forget_heard(&mut self, account: i64, before: i64) -> Result<(), LedgerError> {
        self.within(|tx| {
            let sql = "DELETE FROM heard WHERE account = ? AND at < ?";
            tx.execute(sql, params![account, before]).map(drop)
        })
    }

    fn unsettled(&mut self, account: i64, resource: &str) -> Result<(u64, Option<i64>), LedgerError> {
        self.within(|tx| {
            let sql = "SELECT count(*), min(created) FROM unsettled WHERE account = ? AND resource = ?";
            let make = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?.max(0) as u64, row.get(1)?));
            tx.query_row(sql, params![account, resource], make)
        })
    }

    fn in_doubt(&mut self, account: i64) -> Result<Vec<(String, String)>, LedgerError> {
        self.within(|tx| {
            let sql = "SELECT resource, id FROM unsettled WHERE account = ? AND created = ?";
            let mut rows = tx.prepare_cached(sql)?;
            rows.query_map([account, Unsettled::IN_DOUBT], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })
    }

    fn relist(
        &mut self,
        account: i64,
        resources: &[&str],
        since: i64,
        bookmarks: &[(String, i64)],
    ) -> Result<(), LedgerError> {
        self.within(|tx| changes::relist(tx, account, resources, since, bookmarks))
    }

    fn relisted(&mut self, account: i64) -> Result<Vec<(String, i64)>, LedgerError> {
        self.within(|tx| {
            let mut rows =
                tx.prepare("SELECT resource, since FROM relisted WHERE account = ? ORDER BY resource")?;
            rows.query_map([account], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })
    }

    fn relisted_whole(&mut self, account: i64, resource: &str) -> Result<(), LedgerError> {
        self.within(|tx| {
            let sql = "DELETE FROM relisted WHERE account = ? AND resource = ?";
            tx.execute(sql, params![account, resource]).map(drop)
        })
    }

    fn pending_datasets(&mut self, account: i64) -> Result<Vec<String>, LedgerError> {
        self.within(|tx| {
            let sql = "SELECT name FROM dataset WHERE id IN
                       (SELECT dataset FROM pending_embedded WHERE account IN (0, ?)) ORDER BY id";
            tx.prepare(sql)?.query_map([account], |row| row.get(0))?.collect()
        })
    }

    fn pending(&mut self, account: i64, dataset: &str) -> Result<Vec<Embedded>, LedgerError> {
        let id = self.dataset(dataset)?;
        self.within(|tx| {
            // Older programs did not note the account.
            let sql = "SELECT record_id, bytes, seen FROM pending_embedded
                       WHERE dataset = ? AND account IN (0, ?) ORDER BY record_id LIMIT 500";
            let make = |row: &Row<'_>| {
                let dataset = dataset.to_owned();
                Ok(Embedded { dataset, id: row.get(0)?, bytes: row.get(1)?, seen: row.get(2)? })
            };
            tx.prepare(sql)?.query_map([id, account], make)?.collect()
        })
    }

    fn quarantine(
        &mut self,
        put: &[Quarantined],
        released: &[(String, RecordId)],
    ) -> Result<(), LedgerError> {
        for name in put.iter().map(|q| &q.dataset).chain(released.iter().map(|r| &r.0)) {
            self.dataset(name)?;
        }
        let datasets = std::mem::take(&mut self.datasets);
        let done = self.within(|tx| quarantine::change(tx, &datasets, put, released));
        self.datasets = datasets;
        done
    }

    fn quarantine_counts(&mut self) -> Result<Vec<(String, u64, i64)>, LedgerError> {
        self.within(|tx| {
            let sql =
                "SELECT name, count(*), max(number) FROM quarantine JOIN dataset ON dataset.id = dataset
                       GROUP BY name ORDER BY name";
            let make = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)?.max(0) as u64, row.get(2)?));
            tx.prepare(sql)?.query_map([], make)?.collect()
        })
    }

    fn next_quarantined(&mut self, dataset: &str, after: i64) -> Result<Option<Quarantined>, LedgerError> {
        let id = self.dataset(dataset)?;
        self.within(|tx| {
            let sql = "SELECT number, record_id, embedded, seen, about, record, source FROM quarantine
                       WHERE dataset = ? AND number > ? ORDER BY number LIMIT 1";
            let make = |row: &Row<'_>| quarantine::entry(dataset, row);
            tx.prepare_cached(sql)?.query_row(params![id, after], make).optional()
        })
    }

    fn quarantined_at(&mut self, dataset: &str, id: &RecordId) -> Result<Option<i64>, LedgerError> {
        let dataset = self.dataset(dataset)?;
        self.within(|tx| {
            let sql = "SELECT seen FROM quarantine WHERE dataset = ? AND record_id = ?";
            tx.prepare_cached(sql)?.query_row(params![dataset, id], |row| row.get(0)).optional()
        })
    }

    fn stale_quarantine(&mut self) -> Result<Vec<String>, LedgerError> {
        self.within(|tx| {
            let sql =
                "SELECT name FROM dataset WHERE id IN (SELECT dataset FROM quarantine_stale) ORDER BY name";
            tx.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
        })
    }

    fn quarantine_shown(&mut self, dataset: &str) -> Result<(), LedgerError> {
        let dataset = self.dataset(dataset)?;
        self.within(|tx| tx.execute("DELETE FROM quarantine_stale WHERE dataset = ?", [dataset]).map(drop))
    }
}
