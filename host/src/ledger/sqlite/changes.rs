//! What following the changes needs: Events that were taken, objects that are unsettled, lists that are walked
//! once more.

use crate::ledger::{Commit, Digest};
use rusqlite::{Transaction, params};

pub(super) fn heard(tx: &Transaction<'_>, account: i64, id: &str, fact: &Digest) -> rusqlite::Result<bool> {
    let by_id = tx
        .prepare_cached("SELECT 1 FROM heard WHERE account = ? AND id = ?")?
        .exists(params![account, id])?;
    if by_id {
        return Ok(true);
    }
    tx.prepare_cached("SELECT 1 FROM heard WHERE account = ? AND fact = ?")?.exists(params![account, fact])
}

/// Records the Events that a stretch took, and what became settled or not.
pub(super) fn note(tx: &Transaction<'_>, commit: &Commit) -> rusqlite::Result<()> {
    let mut hear =
        tx.prepare_cached("INSERT OR IGNORE INTO heard (account, id, at, fact) VALUES (?, ?, ?, ?)")?;
    for event in &commit.heard {
        hear.execute(params![commit.account, event.id, event.at, event.fact])?;
    }
    let mut open = tx.prepare_cached(
        "INSERT OR IGNORE INTO unsettled (account, resource, created, id) VALUES (?, ?, ?, ?)",
    )?;
    let mut settle = tx.prepare_cached(
        "DELETE FROM unsettled WHERE account = ? AND resource = ? AND created = ? AND id = ?",
    )?;
    for object in &commit.unsettled {
        let statement = if object.settled { &mut settle } else { &mut open };
        statement.execute(params![commit.account, object.resource, object.created, object.id])?;
    }
    Ok(())
}

/// Moves bookmarks, never back.
pub(super) fn mark(tx: &Transaction<'_>, account: i64, bookmarks: &[(String, i64)]) -> rusqlite::Result<()> {
    let mut mark = tx.prepare_cached(
        "INSERT INTO mark (account, name, at) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET at = max(at, excluded.at)",
    )?;
    for (name, at) in bookmarks {
        mark.execute(params![account, name, at])?;
    }
    Ok(())
}

pub(super) fn relist(
    tx: &Transaction<'_>,
    account: i64,
    resources: &[&str],
    since: i64,
    bookmarks: &[(String, i64)],
) -> rusqlite::Result<()> {
    for resource in resources {
        let list = params![account, resource];
        tx.execute(
            "DELETE FROM boundary WHERE unit IN (SELECT id FROM unit WHERE account = ? AND resource = ?)",
            list,
        )?;
        tx.execute("DELETE FROM unit WHERE account = ? AND resource = ?", list)?;
        tx.execute(
            "INSERT OR REPLACE INTO relisted (account, resource, since) VALUES (?, ?, ?)",
            params![account, resource, since],
        )?;
    }
    mark(tx, account, bookmarks)
}
