//! The objects that lists and Events showed.

use crate::ledger::{Objects, Seen, id_hash};
use rusqlite::{Row, Transaction, params};

const OF: &str = "list = (SELECT id FROM list WHERE account = ?1 AND resource = ?2)
                  AND created >= ?3 AND created < ?4";

pub(super) fn read(
    tx: &Transaction<'_>,
    of: &Objects<'_>,
    after: Option<&Seen>,
    limit: u32,
) -> rusqlite::Result<Vec<Seen>> {
    let sql = format!(
        "SELECT created, id, seen, deleted FROM object WHERE {OF} AND (created, id) > (?5, ?6)
         ORDER BY created, id LIMIT ?7"
    );
    let (created, id) = after.map_or((i64::MIN, ""), |seen| (seen.created, seen.id.as_str()));
    let make = |row: &Row<'_>| {
        Ok(Seen { created: row.get(0)?, id: row.get(1)?, seen: row.get(2)?, deleted: row.get(3)? })
    };
    let gte = of.gte.unwrap_or(i64::MIN);
    let mut rows = tx.prepare_cached(&sql)?;
    rows.query_map(params![of.account, of.resource, gte, of.lt, created, id, limit], make)?.collect()
}

pub(super) fn count_and_hash(tx: &Transaction<'_>, of: &Objects<'_>) -> rusqlite::Result<(u64, u128)> {
    let sql = format!("SELECT id FROM object WHERE {OF} AND NOT deleted");
    let mut rows = tx.prepare_cached(&sql)?;
    let gte = of.gte.unwrap_or(i64::MIN);
    let mut rows = rows.query(params![of.account, of.resource, gte, of.lt])?;
    let (mut count, mut sum) = (0u64, 0u128);
    while let Some(row) = rows.next()? {
        count += 1;
        sum = sum.wrapping_add(id_hash(row.get_ref(0)?.as_str()?));
    }
    Ok((count, sum))
}
