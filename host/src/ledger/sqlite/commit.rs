//! One stretch of a run in one transaction.

use super::{Lists, changes, quarantine, units};
use crate::ledger::Commit;
use rusqlite::{Transaction, params};
use std::collections::HashMap;

pub(super) fn write(
    tx: &Transaction<'_>,
    commit: &Commit,
    datasets: &HashMap<String, i64>,
    lists: &Lists,
) -> rusqlite::Result<()> {
    let mut file =
        tx.prepare_cached("INSERT INTO file (path, dataset, run, records, bytes) VALUES (?, ?, ?, ?, ?)")?;
    for part in &commit.parts {
        let (records, bytes) = (part.records as i64, part.bytes as i64);
        file.execute(params![part.path, part.dataset, commit.run, records, bytes])?;
    }
    records(tx, commit, datasets)?;
    objects(tx, commit, lists)?;
    quarantine::change(tx, datasets, &commit.quarantined, &commit.released)?;
    for progress in &commit.units {
        units::advance(tx, progress)?;
    }
    changes::note(tx, commit)?;
    changes::mark(tx, commit.account, &commit.bookmarks)
}

fn records(tx: &Transaction<'_>, commit: &Commit, datasets: &HashMap<String, i64>) -> rusqlite::Result<()> {
    let mut keep = tx.prepare_cached(
        // Its list may have delivered it, or kept it back, since the walk that saw it embedded asked.
        "INSERT OR REPLACE INTO pending_embedded (dataset, record_id, bytes, seen, account)
         SELECT ?1, ?2, ?3, ?4, ?5
         WHERE NOT EXISTS (SELECT 1 FROM delivered WHERE dataset = ?1 AND record_id = ?2)
         AND NOT EXISTS (SELECT 1 FROM quarantine
                         WHERE dataset = ?1 AND record_id = ?2 AND NOT embedded)",
    )?;
    for record in &commit.embedded {
        let dataset = datasets.get(&record.dataset);
        keep.execute(params![dataset, record.id, record.bytes, record.seen, commit.account])?;
    }
    let mut put = tx.prepare_cached(
        "INSERT OR REPLACE INTO delivered (dataset, record_id, digest, seen, event) VALUES (?, ?, ?, ?, ?)",
    )?;
    let mut settle = tx.prepare_cached(quarantine::SETTLE)?;
    let mut retire =
        tx.prepare_cached("DELETE FROM quarantine WHERE dataset = ? AND record_id = ? AND seen <= ?")?;
    for record in &commit.delivered {
        let (dataset, version) = (datasets.get(&record.dataset), record.source.version);
        put.execute(params![dataset, record.id, record.source.digest, version.seen, version.event])?;
        settle.execute(params![dataset, record.id])?;
        retire.execute(params![dataset, record.id, version.seen])?;
    }
    let mut confirm = tx.prepare_cached(
        "UPDATE delivered SET seen = ?4, event = ?5
         WHERE dataset = ?1 AND record_id = ?2 AND (seen, event) < (?4, ?5) AND digest = ?3",
    )?;
    let mut same =
        tx.prepare_cached("SELECT 1 FROM delivered WHERE dataset = ?1 AND record_id = ?2 AND digest = ?3")?;
    for record in &commit.unchanged {
        let (dataset, source) = (datasets.get(&record.dataset), record.source);
        let version = source.version;
        confirm.execute(params![dataset, record.id, source.digest, version.seen, version.event])?;
        // What was read in between and kept back is no longer how things are.
        if same.exists(params![dataset, record.id, source.digest])? {
            retire.execute(params![dataset, record.id, version.seen])?;
        }
    }
    Ok(())
}

fn objects(tx: &Transaction<'_>, commit: &Commit, lists: &Lists) -> rusqlite::Result<()> {
    let mut put = tx.prepare_cached(
        "INSERT INTO object (list, created, id, seen, deleted) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET seen = excluded.seen, deleted = excluded.deleted
         WHERE excluded.seen >= seen",
    )?;
    let (mut last, mut list) = ("", None);
    for (resource, object) in &commit.objects {
        if last != *resource {
            (last, list) = (resource, lists.get(&(commit.account, (*resource).to_owned())).copied());
        }
        put.execute(params![list, object.created, object.id, object.seen, object.deleted])?;
    }
    Ok(())
}
