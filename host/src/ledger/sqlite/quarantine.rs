//! Keeping back and settling within a transaction.

use crate::ledger::{Quarantined, RecordId};
use rusqlite::{Row, Transaction, params};
use std::collections::HashMap;

pub(super) const SETTLE: &str = "DELETE FROM pending_embedded WHERE dataset = ? AND record_id = ?";

/// Puts entries in and takes settled ones out.
pub(super) fn change(
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

/// The entry of a row.
pub(super) fn entry(dataset: &str, row: &Row<'_>) -> rusqlite::Result<Quarantined> {
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
}
