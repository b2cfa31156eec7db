//! The ledger in an SQLite file: write-ahead log, every transaction on disk before it counts.

use super::schema::MIGRATIONS;
use super::{Commit, Digest, Embedded, Ledger, LedgerError, Quarantined, RecordId, Tally, Unit, Want};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use std::collections::HashMap;
use std::path::Path;

/// A ledger in a file of its own.
#[derive(Debug)]
pub struct SqliteLedger {
    db: Connection,
    path: String,
    datasets: HashMap<String, i64>,
}

const UNIT: &str =
    "id, resource, pass, gte, lt, cursor, cursor_created, parts, pages, objects, records, id_hash";

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
        let migrate = |db: &mut Connection| -> rusqlite::Result<HashMap<String, i64>> {
            for (index, migration) in MIGRATIONS.iter().enumerate().skip(found.max(0) as usize) {
                let tx = db.transaction()?;
                tx.execute_batch(migration)?;
                tx.pragma_update(None, "user_version", index as i64 + 1)?;
                tx.commit()?;
            }
            let mut names = db.prepare("SELECT name, id FROM dataset")?;
            let rows = names.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        };
        let datasets = migrate(&mut db).map_err(|cause| LedgerError::Sqlite { path: name.clone(), cause })?;
        Ok(Self { db, path: name, datasets })
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
        run().map_err(|cause| LedgerError::Sqlite { path: self.path.clone(), cause })
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

fn unit(row: &Row<'_>) -> rusqlite::Result<Unit> {
    let (cursor, created): (Option<String>, Option<i64>) = (row.get(5)?, row.get(6)?);
    let number = |index| row.get::<_, i64>(index).map(|n| n.max(0) as u64);
    let tally = Tally {
        pages: number(8)?,
        objects: number(9)?,
        records: number(10)?,
        id_hash: u128::from_be_bytes(row.get(11)?),
    };
    Ok(Unit {
        id: row.get(0)?,
        resource: row.get(1)?,
        pass: row.get(2)?,
        gte: row.get(3)?,
        lt: row.get(4)?,
        cursor: cursor.zip(created),
        parts: row.get(7)?,
        tally,
    })
}

fn unit_by_id(tx: &Transaction<'_>, id: i64) -> rusqlite::Result<Unit> {
    tx.query_row(&format!("SELECT {UNIT} FROM unit WHERE id = ?"), [id], unit)
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

    fn plan(&mut self, want: &Want<'_>) -> Result<Vec<Unit>, LedgerError> {
        self.within(|tx| {
            let key = params![want.account, want.resource, want.pass];
            // A unit that was planned and never begun stretches to the new bound instead of piling up.
            let stretch = "UPDATE unit SET lt = max(lt, ?4) WHERE account = ?1 AND resource = ?2
                           AND pass = ?3 AND state = 'open' AND cursor IS NULL";
            tx.execute(stretch, params![want.account, want.resource, want.pass, want.lt])?;
            let open = format!(
                "SELECT {UNIT} FROM unit WHERE account = ? AND resource = ? AND pass = ?
                 AND state = 'open' ORDER BY id"
            );
            let mut units: Vec<Unit> =
                tx.prepare(&open)?.query_map(key, unit)?.collect::<rusqlite::Result<_>>()?;
            let bookmark = "SELECT upper FROM bookmark WHERE account = ? AND resource = ? AND pass = ?";
            let bookmark: Option<i64> = tx.query_row(bookmark, key, |row| row.get(0)).optional()?;
            let reached = units.iter().map(|u| u.lt).chain(bookmark).max();
            if reached.is_none_or(|reached| reached < want.lt) {
                let gte = reached.map(|reached| reached - want.overlap).or(want.since);
                tx.execute(
                    "INSERT INTO unit (account, resource, pass, gte, lt) VALUES (?, ?, ?, ?, ?)",
                    params![want.account, want.resource, want.pass, gte, want.lt],
                )?;
                units.push(unit_by_id(tx, tx.last_insert_rowid())?);
            }
            Ok(units)
        })
    }

    fn own_unit(&mut self, account: i64, kind: &str, name: &str, lt: i64) -> Result<Unit, LedgerError> {
        self.within(|tx| {
            let sql = "INSERT INTO unit (account, resource, pass, lt) VALUES (?, ?, ?, ?)";
            tx.execute(sql, params![account, kind, name, lt])?;
            unit_by_id(tx, tx.last_insert_rowid())
        })
    }

    fn open_lists(&mut self) -> Result<Vec<String>, LedgerError> {
        self.within(|tx| {
            let sql = "SELECT DISTINCT resource FROM unit WHERE state = 'open'
                       AND resource NOT IN ('embedded', 'quarantine') ORDER BY resource";
            tx.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
        })
    }

    fn boundary(&mut self, unit: i64) -> Result<Vec<String>, LedgerError> {
        self.within(|tx| {
            let mut ids = tx.prepare("SELECT id FROM boundary WHERE unit = ?")?;
            ids.query_map([unit], |row| row.get(0))?.collect()
        })
    }

    fn delivered(&mut self, dataset: &str, id: &RecordId) -> Result<Option<Digest>, LedgerError> {
        let dataset = self.dataset(dataset)?;
        let find = || {
            let sql = "SELECT digest FROM delivered WHERE dataset = ? AND record_id = ?";
            self.db.prepare_cached(sql)?.query_row(params![dataset, id], |row| row.get(0)).optional()
        };
        find().map_err(|cause| LedgerError::Sqlite { path: self.path.clone(), cause })
    }

    fn delivered_after(&mut self, dataset: &str, id: &RecordId, seen: i64) -> Result<bool, LedgerError> {
        let dataset = self.dataset(dataset)?;
        self.within(|tx| {
            let sql = "SELECT 1 FROM delivered WHERE dataset = ? AND record_id = ? AND seen > ?";
            tx.prepare_cached(sql)?.exists(params![dataset, id, seen])
        })
    }

    fn commit(&mut self, commit: &Commit) -> Result<(), LedgerError> {
        let delivered = commit.delivered.iter().chain(&commit.unchanged).map(|d| &d.dataset);
        let embedded = commit.embedded.iter().map(|e| &e.dataset);
        let quarantined = commit.quarantined.iter().map(|q| &q.dataset);
        let released = commit.released.iter().map(|r| &r.0);
        for name in delivered.chain(embedded).chain(quarantined).chain(released) {
            self.dataset(name)?;
        }
        let datasets = std::mem::take(&mut self.datasets);
        let done = self.within(|tx| {
            let unit = unit_by_id(tx, commit.unit)?;
            let mut tally = unit.tally;
            tally.add(&commit.tally);
            for part in &commit.parts {
                tx.prepare_cached(
                    "INSERT INTO part (unit, seq, dataset, path, records, bytes) VALUES (?, ?, ?, ?, ?, ?)",
                )?
                .execute(params![
                    commit.unit,
                    unit.parts,
                    part.dataset,
                    part.path,
                    part.records as i64,
                    part.bytes as i64
                ])?;
            }
            {
                let mut keep = tx.prepare_cached(
                    // Its list may have delivered it, or kept it back, since the walk that saw it embedded
                    // asked.
                    "INSERT OR REPLACE INTO pending_embedded (dataset, record_id, bytes, seen)
                     SELECT ?1, ?2, ?3, ?4
                     WHERE NOT EXISTS (SELECT 1 FROM delivered WHERE dataset = ?1 AND record_id = ?2)
                     AND NOT EXISTS (SELECT 1 FROM quarantine
                                     WHERE dataset = ?1 AND record_id = ?2 AND NOT embedded)",
                )?;
                for record in &commit.embedded {
                    let dataset = datasets.get(&record.dataset);
                    keep.execute(params![dataset, record.id, record.bytes, record.seen])?;
                }
                let mut put = tx.prepare_cached(
                    "INSERT OR REPLACE INTO delivered (dataset, record_id, digest, seen) VALUES (?, ?, ?, ?)",
                )?;
                let mut settle = tx.prepare_cached(SETTLE)?;
                let mut retire = tx.prepare_cached(
                    "DELETE FROM quarantine WHERE dataset = ? AND record_id = ? AND seen <= ?",
                )?;
                for record in &commit.delivered {
                    let dataset = datasets.get(&record.dataset);
                    put.execute(params![dataset, record.id, record.digest, record.seen])?;
                    settle.execute(params![dataset, record.id])?;
                    retire.execute(params![dataset, record.id, record.seen])?;
                }
                let mut confirm = tx.prepare_cached(
                    "UPDATE delivered SET seen = max(seen, ?4)
                     WHERE dataset = ?1 AND record_id = ?2 AND digest = ?3",
                )?;
                for record in &commit.unchanged {
                    let dataset = datasets.get(&record.dataset);
                    // What was read in between and kept back is no longer how things are.
                    if confirm.execute(params![dataset, record.id, record.digest, record.seen])? > 0 {
                        retire.execute(params![dataset, record.id, record.seen])?;
                    }
                }
            }
            quarantine(tx, &datasets, &commit.quarantined, &commit.released)?;
            let (cursor, created) = commit.cursor.clone().or(unit.cursor).unzip();
            tx.execute(
                "UPDATE unit SET cursor = ?, cursor_created = ?, parts = parts + 1, pages = ?, objects = ?,
                 records = ?, id_hash = ?, state = ?, last_error = NULL WHERE id = ?",
                params![
                    cursor,
                    created,
                    tally.pages as i64,
                    tally.objects as i64,
                    tally.records as i64,
                    tally.id_hash.to_be_bytes(),
                    if commit.done { "done" } else { "open" },
                    commit.unit
                ],
            )?;
            let forget = "DELETE FROM boundary WHERE unit = ?1 AND (?2 OR created IS NOT ?3)";
            tx.execute(forget, params![commit.unit, commit.done, created])?;
            if let (Some(created), false) = (created, commit.done) {
                let mut note =
                    tx.prepare_cached("INSERT OR IGNORE INTO boundary (unit, created, id) VALUES (?, ?, ?)")?;
                for id in &commit.boundary {
                    note.execute(params![commit.unit, created, id])?;
                }
            }
            if commit.done {
                tx.execute(
                    "INSERT INTO bookmark (account, resource, pass, upper)
                     SELECT account, resource, pass, lt FROM unit WHERE id = ?
                     ON CONFLICT DO UPDATE SET upper = max(upper, excluded.upper)",
                    [commit.unit],
                )?;
            }
            Ok(())
        });
        self.datasets = datasets;
        done
    }

    fn failed(&mut self, unit: i64, error: &str) -> Result<(), LedgerError> {
        self.within(|tx| {
            let sql = "UPDATE unit SET attempts = attempts + 1, last_error = ? WHERE id = ?";
            tx.execute(sql, params![error, unit]).map(drop)
        })
    }

    fn pending_datasets(&mut self) -> Result<Vec<String>, LedgerError> {
        self.within(|tx| {
            let sql =
                "SELECT name FROM dataset WHERE id IN (SELECT dataset FROM pending_embedded) ORDER BY id";
            tx.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
        })
    }

    fn pending(&mut self, dataset: &str) -> Result<Vec<Embedded>, LedgerError> {
        let id = self.dataset(dataset)?;
        self.within(|tx| {
            let sql = "SELECT record_id, bytes, seen FROM pending_embedded WHERE dataset = ?
                       ORDER BY record_id LIMIT 500";
            let make = |row: &Row<'_>| {
                let dataset = dataset.to_owned();
                Ok(Embedded { dataset, id: row.get(0)?, bytes: row.get(1)?, seen: row.get(2)? })
            };
            tx.prepare(sql)?.query_map([id], make)?.collect()
        })
    }

    fn knows_part(&mut self, path: &str) -> Result<bool, LedgerError> {
        self.within(|tx| {
            tx.query_row("SELECT count(*) FROM part WHERE path = ?", [path], |row| row.get::<_, i64>(0))
                .map(|count| count > 0)
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
        let done = self.within(|tx| quarantine(tx, &datasets, put, released));
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
            let make = |row: &Row<'_>| {
                Ok(Quarantined {
                    number: row.get(0)?,
                    dataset: dataset.to_owned(),
                    id: row.get(1)?,
                    embedded: row.get(2)?,
                    seen: row.get(3)?,
                    about: row.get(4)?,
                    record: row.get(5)?,
                    source: row.get(6)?,
                })
            };
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

const SETTLE: &str = "DELETE FROM pending_embedded WHERE dataset = ? AND record_id = ?";

/// Changes the quarantine within a transaction.
fn quarantine(
    tx: &Transaction<'_>,
    datasets: &HashMap<String, i64>,
    put: &[Quarantined],
    released: &[(String, RecordId)],
) -> rusqlite::Result<()> {
    // Walks commit in another order than they read: what was read last counts. What was only seen embedded
    // gives way to what a list showed.
    let mut keep = tx.prepare_cached(
        "INSERT INTO quarantine (dataset, record_id, embedded, seen, about, record, source)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
         WHERE NOT EXISTS (SELECT 1 FROM delivered
                           WHERE dataset = ?1 AND record_id = ?2 AND (?3 OR seen > ?4))
         ON CONFLICT (dataset, record_id) DO UPDATE SET embedded = excluded.embedded, seen = excluded.seen,
             about = excluded.about, record = excluded.record, source = excluded.source
         WHERE excluded.embedded < embedded OR (excluded.embedded = embedded AND excluded.seen >= seen)",
    )?;
    let mut settle = tx.prepare_cached(SETTLE)?;
    for entry in put {
        let Quarantined { id, embedded, seen, about, record, source, .. } = entry;
        let dataset = datasets.get(&entry.dataset);
        keep.execute(params![dataset, id, embedded, seen, about, record, source])?;
        if !embedded {
            settle.execute(params![dataset, id])?;
        }
    }
    let mut release = tx.prepare_cached("DELETE FROM quarantine WHERE dataset = ? AND record_id = ?")?;
    for (dataset, id) in released {
        release.execute(params![datasets.get(dataset), id])?;
    }
    Ok(())
}
