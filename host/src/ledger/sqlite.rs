//! The ledger in an SQLite file: write-ahead log, every transaction on disk before it counts.

use super::schema::MIGRATIONS;
use super::{Commit, Digest, Embedded, Ledger, LedgerError, RecordId, Tally, Unit, Want};
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

    fn embedded_unit(&mut self, account: i64, dataset: &str, lt: i64) -> Result<Unit, LedgerError> {
        self.within(|tx| {
            let sql = "INSERT INTO unit (account, resource, pass, lt) VALUES (?, 'embedded', ?, ?)";
            tx.execute(sql, params![account, dataset, lt])?;
            unit_by_id(tx, tx.last_insert_rowid())
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

    fn commit(&mut self, commit: &Commit) -> Result<(), LedgerError> {
        for name in
            commit.delivered.iter().map(|d| &d.dataset).chain(commit.embedded.iter().map(|e| &e.dataset))
        {
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
                    // Its list may have delivered it since the walk that saw it embedded asked.
                    "INSERT OR REPLACE INTO pending_embedded (dataset, record_id, bytes) SELECT ?1, ?2, ?3
                     WHERE NOT EXISTS (SELECT 1 FROM delivered WHERE dataset = ?1 AND record_id = ?2)",
                )?;
                for record in &commit.embedded {
                    keep.execute(params![datasets.get(&record.dataset), record.id, record.bytes])?;
                }
                let mut put = tx.prepare_cached(
                    "INSERT OR REPLACE INTO delivered (dataset, record_id, digest) VALUES (?, ?, ?)",
                )?;
                let mut settle =
                    tx.prepare_cached("DELETE FROM pending_embedded WHERE dataset = ? AND record_id = ?")?;
                for record in &commit.delivered {
                    let dataset = datasets.get(&record.dataset);
                    put.execute(params![dataset, record.id, record.digest])?;
                    settle.execute(params![dataset, record.id])?;
                }
            }
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
            let sql = "SELECT record_id, bytes FROM pending_embedded WHERE dataset = ? ORDER BY record_id LIMIT 500";
            let make = |row: &Row<'_>| {
                Ok(Embedded { dataset: dataset.to_owned(), id: row.get(0)?, bytes: row.get(1)? })
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
}
