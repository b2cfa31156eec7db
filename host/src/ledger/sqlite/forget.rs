//! Walks that are to be made once more, and walks that are forgotten. What was delivered stays.

use crate::ledger::{Forget, Objects};
use rusqlite::{Transaction, params};

pub(super) fn list_again(
    tx: &Transaction<'_>,
    of: &Objects<'_>,
    pass: &str,
    id: i64,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO unit (id, account, resource, pass, gte, lt) VALUES (?, ?, ?, ?, ?, ?)";
    tx.prepare_cached(sql)?.execute(params![id, of.account, of.resource, pass, of.gte, of.lt]).map(drop)
}

pub(super) fn forget(tx: &Transaction<'_>, forget: &Forget<'_>, first: i64) -> rusqlite::Result<()> {
    for unit in forget.units {
        tx.prepare_cached("DELETE FROM boundary WHERE unit = ?")?.execute([unit])?;
        tx.prepare_cached("DELETE FROM unit WHERE id = ?")?.execute([unit])?;
    }
    let of = &forget.objects;
    let gte = of.gte.unwrap_or(i64::MIN);
    tx.execute(
        "DELETE FROM object WHERE list = (SELECT id FROM list WHERE account = ? AND resource = ?)
         AND created >= ? AND created < ?",
        params![of.account, of.resource, gte, of.lt],
    )?;
    for (id, pass) in (first..).zip(forget.passes) {
        list_again(tx, of, pass, id)?;
    }
    Ok(())
}

pub(super) fn bookmarks(tx: &Transaction<'_>, account: i64) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM mark WHERE account = ?", [account])?;
    tx.execute("DELETE FROM fact WHERE account = ?", [account]).map(drop)
}
