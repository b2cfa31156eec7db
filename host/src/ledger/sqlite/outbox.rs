//! What is on its way to Experience Platform.

use super::{SqliteLedger, quarantine};
use crate::ledger::{
    Batch, BatchState, Format, LedgerError, NewBatch, Outbox, Outgoing, Pending, Position, Quarantined, Step,
    Target, TargetState,
};
use rusqlite::{OptionalExtension, Row, Transaction, params};
use std::collections::HashMap;

const BATCH: &str =
    "SELECT id, external_id, aep_id, state, attempt, uploads, records, bytes, refused, status, error,
                     planned, changed, format,
                     (SELECT aep_id FROM batch AS replayed WHERE replayed.id = batch.replays) FROM batch";

impl Outbox for SqliteLedger {
    fn target(&mut self, target: &Target) -> Result<i64, LedgerError> {
        self.within(|tx| {
            let Target { org, sandbox, dataset_id, dataset } = target;
            tx.execute(
                "INSERT OR IGNORE INTO target (org, sandbox, dataset_id, dataset) VALUES (?, ?, ?, ?)",
                params![org, sandbox, dataset_id, dataset],
            )?;
            let find = "SELECT id FROM target WHERE org = ? AND sandbox = ? AND dataset_id = ?";
            tx.query_row(find, params![org, sandbox, dataset_id], |row| row.get(0))
        })
    }

    fn datasets_with_files(&mut self) -> Result<Vec<String>, LedgerError> {
        self.within(|tx| {
            let sql = "SELECT DISTINCT dataset FROM file ORDER BY dataset";
            tx.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
        })
    }

    fn undelivered(&mut self, target: i64) -> Result<Vec<Pending>, LedgerError> {
        self.within(|tx| {
            let sql = "SELECT file.path, file.records, file.bytes, coalesce(started, 0),
                              coalesce(streamed.bytes, 0), coalesce(streamed.lines, 0)
                       FROM target JOIN file ON file.dataset = target.dataset
                       LEFT JOIN run ON run.id = file.run
                       LEFT JOIN streamed ON streamed.target = target.id AND streamed.path = file.path
                       WHERE target.id = ?1 AND coalesce(streamed.bytes, 0) < file.bytes
                       AND NOT EXISTS (SELECT 1 FROM outgoing
                                       WHERE outgoing.target = target.id AND outgoing.path = file.path)
                       ORDER BY coalesce(file.run, 0), file.path";
            let make = |row: &Row<'_>| {
                Ok(Pending {
                    path: row.get(0)?,
                    records: count(row, 1)?,
                    bytes: count(row, 2)?,
                    since: row.get(3)?,
                    streamed: Position { bytes: count(row, 4)?, lines: count(row, 5)? },
                })
            };
            tx.prepare_cached(sql)?.query_map([target], make)?.collect()
        })
    }

    fn plan_batch(&mut self, target: i64, new: &NewBatch<'_>, now: i64) -> Result<i64, LedgerError> {
        self.within(|tx| {
            tx.execute(
                "INSERT INTO batch (target, external_id, format, attempt, records, bytes, planned, changed)
                 VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?6)",
                params![
                    target,
                    new.external_id,
                    new.format.word(),
                    new.records as i64,
                    new.bytes as i64,
                    now
                ],
            )?;
            let id = tx.last_insert_rowid();
            let mut put = tx.prepare_cached(
                "INSERT INTO outgoing (target, path, batch, upload, place) VALUES (?, ?, ?, ?, ?)",
            )?;
            for (place, (path, upload)) in new.files.iter().enumerate() {
                put.execute(params![target, path, id, upload, place as i64])?;
            }
            Ok(id)
        })
    }

    fn unsettled_batches(&mut self, target: i64) -> Result<Vec<Batch>, LedgerError> {
        self.within(|tx| {
            let sql = format!("{BATCH} WHERE target = ? AND state NOT IN ('active', 'replaced') ORDER BY id");
            let batches: rusqlite::Result<Vec<Batch>> =
                tx.prepare_cached(&sql)?.query_map([target], batch)?.collect();
            batches?.into_iter().map(|batch| with_files(tx, batch)).collect()
        })
    }

    fn batch(&mut self, id: i64) -> Result<Batch, LedgerError> {
        self.within(|tx| {
            let found = tx.prepare_cached(&format!("{BATCH} WHERE id = ?"))?.query_row([id], batch)?;
            with_files(tx, found)
        })
    }

    fn count_batches(&mut self, target: i64) -> Result<Vec<(BatchState, u64)>, LedgerError> {
        self.within(|tx| {
            let sql = "SELECT state, count(*) FROM batch WHERE target = ? GROUP BY state ORDER BY state";
            let make = |row: &Row<'_>| Ok((state(row, 0)?, count(row, 1)?));
            tx.prepare_cached(sql)?.query_map([target], make)?.collect()
        })
    }

    fn target_states(&mut self) -> Result<Vec<TargetState>, LedgerError> {
        self.within(|tx| {
            // A file is in one batch of a target, or streamed, or neither.
            let sql = "SELECT org, sandbox, dataset_id, dataset,
                    (SELECT coalesce(sum(records - refused), 0) FROM batch
                     WHERE target = target.id AND state = 'active')
                    + (SELECT coalesce(sum(lines), 0) FROM streamed WHERE target = target.id),
                    (SELECT coalesce(sum(refused), 0) FROM batch WHERE target = target.id AND state = 'active'),
                    (SELECT count(*) FROM batch WHERE target = target.id AND state = 'active'),
                    (SELECT count(*) FROM batch WHERE target = target.id
                     AND state IN ('planned', 'created', 'uploaded', 'completed')),
                    (SELECT count(*) FROM batch WHERE target = target.id AND state = 'failed'),
                    (SELECT coalesce(sum(records - coalesce(lines, 0)), 0) FROM file
                     LEFT JOIN streamed ON streamed.target = target.id AND streamed.path = file.path
                     WHERE file.dataset = target.dataset AND file.path NOT LIKE '%.tombstones.jsonl'
                     AND NOT EXISTS (SELECT 1 FROM outgoing JOIN batch ON batch.id = outgoing.batch
                                     WHERE outgoing.target = target.id AND outgoing.path = file.path
                                     AND state = 'active')),
                    (SELECT max(changed) FROM batch WHERE target = target.id),
                    (SELECT error FROM batch WHERE target = target.id AND error IS NOT NULL
                     AND state NOT IN ('active', 'replaced') ORDER BY changed DESC LIMIT 1)
                 FROM target ORDER BY org, sandbox, dataset";
            let make = |row: &Row<'_>| {
                Ok(TargetState {
                    org: row.get(0)?,
                    sandbox: row.get(1)?,
                    dataset_id: row.get(2)?,
                    dataset: row.get(3)?,
                    rows: count(row, 4)?,
                    refused: count(row, 5)?,
                    batches: count(row, 6)?,
                    open: count(row, 7)?,
                    failed: count(row, 8)?,
                    waiting: count(row, 9)?,
                    moved: row.get(10)?,
                    error: row.get(11)?,
                })
            };
            tx.prepare(sql)?.query_map([], make)?.collect()
        })
    }

    fn last_planned(&mut self, target: i64) -> Result<Option<i64>, LedgerError> {
        self.within(|tx| {
            tx.query_row("SELECT max(planned) FROM batch WHERE target = ?", [target], |row| row.get(0))
        })
    }

    fn step(&mut self, id: i64, step: &Step, now: i64) -> Result<(), LedgerError> {
        self.within(|tx| {
            let set = |what: &str, values: &[&dyn rusqlite::ToSql]| {
                let sql = format!("UPDATE batch SET changed = ?1, {what} WHERE id = ?2");
                let all: Vec<&dyn rusqlite::ToSql> =
                    [&now as &dyn rusqlite::ToSql, &id].into_iter().chain(values.iter().copied()).collect();
                tx.prepare_cached(&sql)?.execute(all.as_slice()).map(drop)
            };
            match step {
                Step::Created(aep_id) => set("state = 'created', aep_id = ?3, error = NULL", &[aep_id]),
                Step::Format(format) => set("format = ?3", &[&format.word()]),
                Step::Uploads(uploads) => set("uploads = ?3, error = NULL", &[uploads]),
                Step::Uploaded => set("state = 'uploaded', error = NULL", &[]),
                Step::Completed => set("state = 'completed', error = NULL", &[]),
                Step::Active(refused, error) => {
                    // What the batch refused whose place it takes, and it does not, is in the dataset now. Entries
                    // name the batch that refused them.
                    tx.execute(
                        "DELETE FROM quarantine WHERE about ->> 'run' =
                         (SELECT replayed.external_id FROM batch JOIN batch AS replayed
                          ON replayed.id = batch.replays WHERE batch.id = ?)",
                        [id],
                    )?;
                    set("state = 'active', refused = ?3, error = ?4", &[&(*refused as i64), error])
                }
                Step::Failed(error) => set("state = 'failed', error = ?3", &[error]),
                Step::Status(status) => set("status = ?3", &[status]),
                Step::Trouble(error) => set("error = ?3", &[error]),
            }
        })
    }

    fn replace_batch(
        &mut self,
        id: i64,
        external_id: &str,
        format: Format,
        now: i64,
    ) -> Result<i64, LedgerError> {
        self.within(|tx| {
            let replays = tx.query_row("SELECT replays FROM batch WHERE id = ?", [id], |row| row.get(0))?;
            take_place(tx, id, external_id, format, replays, now)
        })
    }

    fn batch_called(&mut self, target: i64, aep_id: &str) -> Result<Option<Batch>, LedgerError> {
        self.within(|tx| {
            let sql = format!("{BATCH} WHERE target = ? AND aep_id = ?");
            let found = tx.query_row(&sql, params![target, aep_id], batch).optional()?;
            found.map(|batch| with_files(tx, batch)).transpose()
        })
    }

    fn replay_batch(
        &mut self,
        id: i64,
        external_id: &str,
        format: Format,
        now: i64,
    ) -> Result<i64, LedgerError> {
        self.within(|tx| take_place(tx, id, external_id, format, Some(id), now))
    }

    fn refuse(&mut self, refused: &[Quarantined]) -> Result<(), LedgerError> {
        self.with_datasets(refused, |tx, datasets| refuse(tx, datasets, refused))
    }

    fn streamed(
        &mut self,
        target: i64,
        path: &str,
        position: Position,
        refused: &[Quarantined],
    ) -> Result<(), LedgerError> {
        self.with_datasets(refused, |tx, datasets| {
            let (bytes, lines) = (position.bytes as i64, position.lines as i64);
            tx.prepare_cached(
                "INSERT INTO streamed (target, path, bytes, lines) VALUES (?, ?, ?, ?)
                 ON CONFLICT DO UPDATE SET bytes = excluded.bytes, lines = excluded.lines
                 WHERE excluded.bytes > bytes",
            )?
            .execute(params![target, path, bytes, lines])?;
            refuse(tx, datasets, refused)
        })
    }
}

impl SqliteLedger {
    /// Works within a transaction that knows the numbers of the entries' datasets.
    fn with_datasets<T>(
        &mut self,
        entries: &[Quarantined],
        work: impl FnOnce(&Transaction<'_>, &HashMap<String, i64>) -> rusqlite::Result<T>,
    ) -> Result<T, LedgerError> {
        for entry in entries {
            self.dataset(&entry.dataset)?;
        }
        let datasets = std::mem::take(&mut self.datasets);
        let done = self.within(|tx| work(tx, &datasets));
        self.datasets = datasets;
        done
    }
}

fn refuse(
    tx: &Transaction<'_>,
    datasets: &HashMap<String, i64>,
    refused: &[Quarantined],
) -> rusqlite::Result<()> {
    let mut seen =
        tx.prepare_cached("DELETE FROM delivered WHERE dataset = ? AND record_id = ? RETURNING seen")?;
    // A row that was refused before is known there.
    let mut before = tx.prepare_cached("SELECT seen FROM quarantine WHERE dataset = ? AND record_id = ?")?;
    for entry in refused {
        let key = params![datasets.get(&entry.dataset), entry.id];
        let seen: Option<i64> = match seen.query_row(key, |row| row.get(0)).optional()? {
            None => before.query_row(key, |row| row.get(0)).optional()?,
            seen => seen,
        };
        let entry = Quarantined { seen: seen.unwrap_or(entry.seen), ..entry.clone() };
        quarantine::change(tx, datasets, &[entry], &[])?;
    }
    Ok(())
}

fn with_files(tx: &Transaction<'_>, mut batch: Batch) -> rusqlite::Result<Batch> {
    let sql = "SELECT outgoing.path, file.bytes, upload FROM outgoing JOIN file ON file.path = outgoing.path
               WHERE batch = ? ORDER BY upload, place";
    let make = |row: &Row<'_>| {
        let upload = count(row, 2)?.try_into().unwrap_or(u32::MAX);
        Ok(Outgoing { path: row.get(0)?, bytes: count(row, 1)?, upload })
    };
    batch.files = tx.prepare_cached(sql)?.query_map([batch.id], make)?.collect::<rusqlite::Result<_>>()?;
    Ok(batch)
}

fn batch(row: &Row<'_>) -> rusqlite::Result<Batch> {
    Ok(Batch {
        id: row.get(0)?,
        external_id: row.get(1)?,
        aep_id: row.get(2)?,
        state: state(row, 3)?,
        attempt: row.get(4)?,
        uploads: row.get(5)?,
        records: count(row, 6)?,
        bytes: count(row, 7)?,
        refused: count(row, 8)?,
        status: row.get(9)?,
        error: row.get(10)?,
        planned: row.get(11)?,
        changed: row.get(12)?,
        format: format(row, 13)?,
        replays: row.get(14)?,
        files: Vec::new(),
    })
}

fn state(row: &Row<'_>, column: usize) -> rusqlite::Result<BatchState> {
    word(row, column, BatchState::of, "state")
}

fn format(row: &Row<'_>, column: usize) -> rusqlite::Result<Format> {
    word(row, column, Format::of, "format")
}

fn word<T>(row: &Row<'_>, column: usize, of: impl Fn(&str) -> Option<T>, what: &str) -> rusqlite::Result<T> {
    let word: String = row.get(column)?;
    of(&word).ok_or_else(|| {
        let problem = format!("{word} is no {what} of a batch");
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, problem.into())
    })
}

/// A new batch takes the files of an old one.
fn take_place(
    tx: &Transaction<'_>,
    old: i64,
    external_id: &str,
    format: Format,
    replays: Option<i64>,
    now: i64,
) -> rusqlite::Result<i64> {
    tx.execute(
        "INSERT INTO batch (target, external_id, format, replays, attempt, records, bytes, planned, changed)
         SELECT target, ?2, ?3, ?4, attempt + 1, records, bytes, ?5, ?5 FROM batch WHERE id = ?1",
        params![old, external_id, format.word(), replays, now],
    )?;
    let new = tx.last_insert_rowid();
    tx.execute("UPDATE outgoing SET batch = ? WHERE batch = ?", params![new, old])?;
    tx.execute("UPDATE batch SET state = 'replaced', changed = ? WHERE id = ?", params![now, old])?;
    Ok(new)
}

/// SQLite's numbers have a sign, counts have none.
fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(column)?.max(0) as u64)
}
