//! Units: planned, gone on with, finished.

use crate::ledger::{Covered, Progress, Rest, Tally, Unit, Want};
use rusqlite::{OptionalExtension, Row, Transaction, params};

const UNIT: &str = "id, account, resource, pass, gte, lt, done, cursor, cursor_created, pages, objects,
                    records, id_hash, walked, error";

fn unit(row: &Row<'_>) -> rusqlite::Result<Unit> {
    let (cursor, created): (Option<String>, Option<i64>) = (row.get(7)?, row.get(8)?);
    let number = |index| row.get::<_, i64>(index).map(|n| n.max(0) as u64);
    let tally = Tally {
        pages: number(9)?,
        objects: number(10)?,
        records: number(11)?,
        id_hash: u128::from_be_bytes(row.get(12)?),
    };
    Ok(Unit {
        id: row.get(0)?,
        account: row.get(1)?,
        resource: row.get(2)?,
        pass: row.get(3)?,
        gte: row.get(4)?,
        lt: row.get(5)?,
        done: row.get(6)?,
        cursor: cursor.zip(created),
        tally,
        walked: row.get(13)?,
        error: row.get(14)?,
    })
}

/// A list has no more finished units than this for long: a schedule adds one each run.
const FINISHED: usize = 64;

pub(super) fn plan(tx: &Transaction<'_>, want: &Want<'_>, first: i64) -> rusqlite::Result<Vec<Unit>> {
    join(tx, want)?;
    let key = params![want.account, want.resource, want.pass];
    let list = "account = ?1 AND resource = ?2 AND pass = ?3";
    // The newest unit, when it was planned and never begun, stretches to the new bound instead of piling up.
    let stretch = format!(
        "UPDATE unit SET lt = max(lt, ?4) WHERE {list} AND NOT done AND cursor IS NULL
         AND lt = (SELECT max(lt) FROM unit WHERE {list})"
    );
    tx.execute(&stretch, params![want.account, want.resource, want.pass, want.lt])?;
    let open = format!("SELECT {UNIT} FROM unit WHERE {list} AND NOT done ORDER BY id");
    let mut units: Vec<Unit> = tx.prepare(&open)?.query_map(key, unit)?.collect::<rusqlite::Result<_>>()?;
    let reached = format!("SELECT max(lt) FROM unit WHERE {list}");
    let reached: Option<i64> = tx.query_row(&reached, key, |row| row.get(0))?;
    let begins = begins(tx, want)?;
    let mut insert = |id: i64, gte: Option<i64>, lt: i64| -> rusqlite::Result<()> {
        tx.execute(
            "INSERT INTO unit (id, account, resource, pass, gte, lt) VALUES (?, ?, ?, ?, ?, ?)",
            params![id, want.account, want.resource, want.pass, gte, lt],
        )?;
        units.push(tx.query_row(&format!("SELECT {UNIT} FROM unit WHERE id = ?"), [id], unit)?);
        Ok(())
    };
    if reached.is_none_or(|reached| reached < want.lt) {
        insert(first, reached.map(|reached| reached - want.overlap).or(want.since), want.lt)?;
    }
    // Further back than any run before.
    if let (Some(since), Some(begins)) = (want.since, begins)
        && since < begins
    {
        insert(first + 1, Some(since), begins)?;
    }
    Ok(units)
}

/// Joins the older half of a list's finished units where they touch or overlap, when there are too many. What
/// overlapping ranges showed twice counts twice in the sum; what is there is told by the objects themselves.
fn join(tx: &Transaction<'_>, want: &Want<'_>) -> rusqlite::Result<()> {
    let key = params![want.account, want.resource, want.pass];
    let sql = format!(
        "SELECT {UNIT} FROM unit WHERE account = ? AND resource = ? AND pass = ? AND done ORDER BY lt"
    );
    let mut done: Vec<Unit> =
        tx.prepare_cached(&sql)?.query_map(key, unit)?.collect::<rusqlite::Result<_>>()?;
    if done.len() <= FINISHED {
        return Ok(());
    }
    done.truncate(done.len() - FINISHED / 2);
    // None is the beginning, and sorts as such.
    done.sort_by_key(|unit| (unit.gte, unit.lt));
    let mut joined: Vec<Unit> = Vec::new();
    for unit in done {
        match joined.last_mut() {
            Some(last) if unit.gte.is_none_or(|gte| gte <= last.lt) => {
                last.lt = last.lt.max(unit.lt);
                last.tally.add(&unit.tally);
                last.walked = last.walked.max(unit.walked);
                tx.prepare_cached("DELETE FROM unit WHERE id = ?")?.execute([unit.id])?;
            }
            _ => joined.push(unit),
        }
    }
    let mut update = tx.prepare_cached(
        "UPDATE unit SET lt = ?, pages = ?, objects = ?, records = ?, id_hash = ?, walked = ? WHERE id = ?",
    )?;
    for Unit { id, lt, tally, walked, .. } in joined {
        let (pages, objects, records) = (tally.pages as i64, tally.objects as i64, tally.records as i64);
        update.execute(params![lt, pages, objects, records, tally.id_hash.to_be_bytes(), walked, id])?;
    }
    Ok(())
}

/// The time that a list's units reach down to; none when they reach to the beginning, or there are none.
pub(super) fn begins(tx: &Transaction<'_>, want: &Want<'_>) -> rusqlite::Result<Option<i64>> {
    let sql =
        "SELECT min(gte), count(*) - count(gte) FROM unit WHERE account = ? AND resource = ? AND pass = ?";
    let (first, endless): (Option<i64>, i64) =
        tx.query_row(sql, params![want.account, want.resource, want.pass], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    Ok(first.filter(|_| endless == 0))
}

pub(super) fn split(tx: &Transaction<'_>, id: i64, at: &[i64], first: i64) -> rusqlite::Result<Vec<Unit>> {
    let sql = format!("SELECT {UNIT} FROM unit WHERE id = ?");
    let whole = tx.query_row(&sql, [id], unit)?;
    let (mut lt, mut units) = (whole.lt, vec![whole.clone()]);
    for (number, at) in at.iter().enumerate() {
        let inside = *at < lt && whole.gte.is_none_or(|gte| gte < *at);
        let (Some(above), true) = (units.last_mut(), inside) else { continue };
        above.gte = Some(*at);
        lt = *at;
        units.push(Unit { id: first + number as i64, gte: whole.gte, lt, ..whole.clone() });
    }
    for unit in &units {
        tx.execute(
            "INSERT INTO unit (id, account, resource, pass, gte, lt) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE SET gte = excluded.gte",
            params![unit.id, unit.account, unit.resource, unit.pass, unit.gte, unit.lt],
        )?;
    }
    Ok(units)
}

pub(super) fn of_list(tx: &Transaction<'_>, account: i64, resource: &str) -> rusqlite::Result<Vec<Unit>> {
    let sql = format!(
        "SELECT {UNIT} FROM unit WHERE account = ? AND resource = ? ORDER BY pass, lt, gte NULLS FIRST, id"
    );
    tx.prepare(&sql)?.query_map(params![account, resource], unit)?.collect()
}

pub(super) fn coverage(
    tx: &Transaction<'_>,
    account: i64,
    resource: &str,
    pass: &str,
) -> rusqlite::Result<Vec<Covered>> {
    let sql = format!(
        "SELECT {UNIT} FROM unit WHERE account = ? AND resource = ? AND pass = ? AND done
         ORDER BY lt, gte NULLS FIRST, id"
    );
    let mut merged: Vec<Covered> = Vec::new();
    for row in tx.prepare(&sql)?.query_map(params![account, resource, pass], unit)? {
        let unit = row?;
        // An empty range covers nothing.
        if unit.gte.is_some_and(|gte| gte >= unit.lt) {
            continue;
        }
        let walked = unit.walked.unwrap_or_default();
        match merged.last_mut() {
            Some(last) if Some(last.lt) == unit.gte => {
                last.lt = unit.lt;
                last.tally.add(&unit.tally);
                last.units += 1;
                last.walked_first = last.walked_first.min(walked);
                last.walked_last = last.walked_last.max(walked);
            }
            _ => merged.push(Covered {
                gte: unit.gte,
                lt: unit.lt,
                tally: unit.tally,
                units: 1,
                walked_first: walked,
                walked_last: walked,
            }),
        }
    }
    Ok(merged)
}

/// Records what a unit gained.
pub(super) fn advance(tx: &Transaction<'_>, progress: &Progress) -> rusqlite::Result<()> {
    let id = progress.unit;
    let sql = format!("SELECT {UNIT} FROM unit WHERE id = ?");
    let Some(unit) = tx.prepare_cached(&sql)?.query_row([id], unit).optional()? else {
        return Err(rusqlite::Error::QueryReturnedNoRows);
    };
    let mut tally = if progress.anew { Tally::default() } else { unit.tally };
    tally.add(&progress.tally);
    if let Some(Rest { gte, units }) = &progress.rest {
        tx.prepare_cached("UPDATE unit SET gte = ? WHERE id = ?")?.execute(params![gte, id])?;
        let mut insert = tx.prepare_cached(
            "INSERT INTO unit (id, account, resource, pass, gte, lt) VALUES (?, ?, ?, ?, ?, ?)",
        )?;
        for rest in units {
            insert.execute(params![rest.id, rest.account, rest.resource, rest.pass, rest.gte, rest.lt])?;
        }
    }
    let (cursor, created) = progress.cursor.clone().or(unit.cursor).unzip();
    tx.prepare_cached(
        "UPDATE unit SET cursor = ?, cursor_created = ?, pages = ?, objects = ?, records = ?, id_hash = ?,
         done = ?, walked = ?, error = ? WHERE id = ?",
    )?
    .execute(params![
        cursor,
        created,
        tally.pages as i64,
        tally.objects as i64,
        tally.records as i64,
        tally.id_hash.to_be_bytes(),
        progress.done,
        progress.at.filter(|_| progress.done),
        progress.error,
        id
    ])?;
    tx.prepare_cached("DELETE FROM boundary WHERE unit = ?1 AND (?2 OR created IS NOT ?3)")?
        .execute(params![id, progress.done, created])?;
    if let (Some(created), false) = (created, progress.done) {
        let mut note =
            tx.prepare_cached("INSERT OR IGNORE INTO boundary (unit, created, id) VALUES (?, ?, ?)")?;
        for seen in &progress.boundary {
            note.execute(params![id, created, seen])?;
        }
    }
    Ok(())
}
