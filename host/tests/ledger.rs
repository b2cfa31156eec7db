//! The ledger resumes units, proves what they saw, and moves everything of a stretch together.

use std::path::Path;
use stripe_xdm::lake::{Lake, LakeError};
use stripe_xdm::ledger::{Commit, Delivered, Embedded, Ledger, LedgerError, Part, SqliteLedger, Tally, Want};

fn want(account: i64, lt: i64) -> Want<'static> {
    Want { account, resource: "charges", pass: "all", lt, overlap: 600, since: None }
}

fn open(dir: &Path) -> SqliteLedger {
    SqliteLedger::open(&dir.join("ledger")).unwrap()
}

#[test]
fn a_unit_goes_on_where_it_was_left_and_the_next_looks_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = open(dir.path());
    let account = ledger.account("acct_1", false).unwrap();
    let unit = ledger.plan(&want(account, 10_000)).unwrap().remove(0);
    assert_eq!((unit.gte, unit.lt, &unit.cursor), (None, 10_000, &None));
    let stretch = Commit {
        unit: unit.id,
        cursor: Some(("ch_5".to_owned(), 5_000)),
        boundary: vec!["ch_5".to_owned(), "ch_6".to_owned()],
        tally: Tally { pages: 1, objects: 2, records: 2, id_hash: u128::MAX },
        ..Commit::default()
    };
    ledger.commit(&stretch).unwrap();
    drop(ledger);

    let mut ledger = open(dir.path());
    let units = ledger.plan(&want(account, 20_000)).unwrap();
    assert_eq!(units.len(), 2);
    assert_eq!((units[0].id, units[0].cursor.clone()), (unit.id, Some(("ch_5".to_owned(), 5_000))));
    assert_eq!((units[1].gte, units[1].lt), (Some(9_400), 20_000));
    assert_eq!(ledger.boundary(unit.id).unwrap(), ["ch_5", "ch_6"]);
    // A unit that nobody began stretches; it does not pile up.
    assert_eq!(ledger.plan(&want(account, 30_000)).unwrap().last().map(|u| u.lt), Some(30_000));

    for unit in ledger.plan(&want(account, 30_000)).unwrap() {
        let tally = Tally { objects: 1, id_hash: 2, ..Tally::default() };
        ledger.commit(&Commit { unit: unit.id, done: true, tally, ..Commit::default() }).unwrap();
    }
    assert!(ledger.plan(&want(account, 30_000)).unwrap().is_empty());
    assert_eq!(ledger.plan(&want(account, 40_000)).unwrap()[0].gte, Some(29_400));
    assert_eq!(ledger.boundary(unit.id).unwrap(), [] as [String; 0]);
}

#[test]
fn test_and_live_mode_of_an_account_are_apart() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = open(dir.path());
    let (test, live) = (ledger.account("acct_1", false).unwrap(), ledger.account("acct_1", true).unwrap());
    assert_ne!(test, live);
    assert_eq!(ledger.account("acct_1", true).unwrap(), live);
}

#[test]
fn a_delivered_record_settles_what_was_kept_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = open(dir.path());
    let account = ledger.account("acct_1", false).unwrap();
    let unit = ledger.plan(&want(account, 9)).unwrap().remove(0).id;
    let kept = |n: u8| Embedded { dataset: "prices".to_owned(), id: [n; 32], bytes: vec![n] };
    let embedded = vec![kept(1), kept(2)];
    ledger.commit(&Commit { unit, embedded, ..Commit::default() }).unwrap();
    assert_eq!(ledger.pending_datasets().unwrap(), ["prices"]);
    let delivered = vec![Delivered { dataset: "prices".to_owned(), id: [1; 32], digest: [7; 16] }];
    ledger.commit(&Commit { unit, delivered, ..Commit::default() }).unwrap();
    assert_eq!(ledger.pending("prices").unwrap(), [kept(2)]);
    assert_eq!(ledger.delivered("prices", &[1; 32]).unwrap(), Some([7; 16]));
    assert_eq!(ledger.delivered("others", &[1; 32]).unwrap(), None);
}

#[test]
fn a_stretch_that_cannot_be_recorded_leaves_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = open(dir.path());
    let account = ledger.account("acct_1", false).unwrap();
    let unit = ledger.plan(&want(account, 9)).unwrap().remove(0).id;
    let part = Part { dataset: "d".to_owned(), path: "d/x".to_owned(), records: 1, bytes: 1 };
    let twice = Commit {
        unit,
        parts: vec![part.clone(), part],
        cursor: Some(("ch_1".to_owned(), 1)),
        delivered: vec![Delivered { dataset: "d".to_owned(), id: [1; 32], digest: [1; 16] }],
        ..Commit::default()
    };
    assert!(ledger.commit(&twice).is_err());
    assert!(!ledger.knows_part("d/x").unwrap());
    assert_eq!(ledger.delivered("d", &[1; 32]).unwrap(), None);
    assert_eq!(ledger.plan(&want(account, 9)).unwrap()[0].cursor, None);
}

#[test]
fn a_ledger_of_a_newer_program_or_another_tenant_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = open(dir.path());
    ledger.pin("tenant", "acme").unwrap();
    ledger.pin("tenant", "acme").unwrap();
    assert!(matches!(ledger.pin("tenant", "other"), Err(LedgerError::Mixed { .. })));
    drop(ledger);
    let db = rusqlite::Connection::open(dir.path().join("ledger")).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    assert!(matches!(
        SqliteLedger::open(&dir.path().join("ledger")),
        Err(LedgerError::TooNew { found: 99, .. })
    ));
}

#[test]
fn a_record_that_its_list_delivered_is_not_kept_back_as_embedded() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = SqliteLedger::open(&dir.path().join("ledger")).unwrap();
    let account = ledger.account("acct_1", false).unwrap();
    let unit = ledger.plan(&want(account, 9)).unwrap().remove(0).id;
    let dataset = "stripe_prices".to_owned();
    let delivered = vec![Delivered { dataset: dataset.clone(), id: [1; 32], digest: [0; 16] }];
    ledger.commit(&Commit { unit, delivered, ..Commit::default() }).unwrap();
    // The walk that saw them embedded commits last.
    let embedded = [1, 2].map(|n| Embedded { dataset: dataset.clone(), id: [n; 32], bytes: b"{}".to_vec() });
    ledger.commit(&Commit { unit, embedded: embedded.into(), ..Commit::default() }).unwrap();
    let pending: Vec<_> = ledger.pending(&dataset).unwrap().into_iter().map(|record| record.id).collect();
    assert_eq!(pending, [[2; 32]]);
}

#[test]
fn a_lake_is_locked_and_cleans_up_after_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).unwrap();
    assert!(matches!(Lake::open(dir.path()), Err(LakeError::Locked(_))));
    let mut ledger = SqliteLedger::open(&lake.ledger_path()).unwrap();
    let account = ledger.account("acct_1", false).unwrap();
    let unit = ledger.plan(&want(account, 9)).unwrap().remove(0).id;

    let write = |seq| {
        let mut part = lake.part("things", "charges_all-000001", seq, false).unwrap();
        part.line(b"{}").unwrap();
        part
    };
    let known = write(0).finish().unwrap();
    let parts = vec![Part { dataset: "things".to_owned(), path: known.path.clone(), records: 1, bytes: 3 }];
    ledger.commit(&Commit { unit, parts, ..Commit::default() }).unwrap();
    write(1).finish().unwrap();
    let unfinished = write(2);
    std::fs::write(dir.path().join("things/notes.jsonl"), "mine").unwrap();
    lake.write("_runs", "first.json", b"{}").unwrap();
    std::fs::write(dir.path().join("_runs/.tmpAbCdEf.tmp"), "{").unwrap();

    assert_eq!(lake.clean(&mut ledger).unwrap(), 3);
    assert!(dir.path().join("_runs/first.json").is_file());
    drop(unfinished);
    let mut left: Vec<_> = std::fs::read_dir(dir.path().join("things"))
        .unwrap()
        .map(|f| f.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["charges_all-000001-00000.jsonl", "notes.jsonl"]);
    drop(lake);
    assert!(Lake::open(dir.path()).is_ok());
}
