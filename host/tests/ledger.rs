//! The ledger resumes units, proves what they saw, and moves everything of a stretch together.

use std::path::Path;
use stripe_xdm::lake::{Lake, LakeError};
use stripe_xdm::ledger::{
    Commit, Delivered, Embedded, Ledger, LedgerError, Part, Quarantined, SqliteLedger, Tally, Want,
};
use stripe_xdm::quarantine;

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
    let kept = |n: u8| Embedded { dataset: "prices".to_owned(), id: [n; 32], bytes: vec![n], seen: 5 };
    let embedded = vec![kept(1), kept(2)];
    ledger.commit(&Commit { unit, embedded, ..Commit::default() }).unwrap();
    assert_eq!(ledger.pending_datasets().unwrap(), ["prices"]);
    let delivered = vec![Delivered { dataset: "prices".to_owned(), id: [1; 32], digest: [7; 16], seen: 5 }];
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
        delivered: vec![Delivered { dataset: "d".to_owned(), id: [1; 32], digest: [1; 16], seen: 5 }],
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
    let delivered = vec![Delivered { dataset: dataset.clone(), id: [1; 32], digest: [0; 16], seen: 5 }];
    ledger.commit(&Commit { unit, delivered, ..Commit::default() }).unwrap();
    // The walk that saw them embedded commits last.
    let embedded =
        [1, 2].map(|n| Embedded { dataset: dataset.clone(), id: [n; 32], bytes: b"{}".to_vec(), seen: 5 });
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

/// An entry of a dataset called `charges`, told apart by its source.
fn kept(id: u8, seen: i64, source: &str) -> Quarantined {
    let about = format!(
        r#"{{"dataset":"charges","kind":"record","run":"r","module_sha256":"","reasons":[],"call":{{"observed_at":{seen}}}}}"#
    );
    Quarantined {
        dataset: "charges".to_owned(),
        id: [id; 32],
        seen,
        about,
        record: b"{}".to_vec(),
        source: source.as_bytes().to_vec(),
        ..Quarantined::default()
    }
}

fn sources(ledger: &mut SqliteLedger) -> Vec<String> {
    let (mut sources, mut after) = (Vec::new(), 0);
    while let Some(entry) = ledger.next_quarantined("charges", after).unwrap() {
        after = entry.number;
        sources.push(String::from_utf8(entry.source).unwrap());
    }
    sources
}

#[test]
fn of_an_entry_what_was_read_last_counts_whichever_walk_commits_last() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = open(dir.path());
    let account = ledger.account("acct_1", false).unwrap();
    let unit = ledger.plan(&want(account, 9)).unwrap().remove(0).id;
    let mut commit = |quarantined: Vec<Quarantined>, delivered: &[(u8, i64)]| {
        let delivered = delivered.iter().map(|(id, seen)| Delivered {
            dataset: "charges".to_owned(),
            id: [*id; 32],
            digest: [*id; 16],
            seen: *seen,
        });
        let delivered = delivered.collect();
        ledger.commit(&Commit { unit, quarantined, delivered, ..Commit::default() }).unwrap();
        sources(&mut ledger)
    };
    assert_eq!(commit(vec![kept(1, 20, "second"), kept(2, 20, "other")], &[]), ["second", "other"]);
    // An older state, and the same state again.
    assert_eq!(commit(vec![kept(1, 10, "first")], &[]), ["second", "other"]);
    assert_eq!(commit(vec![kept(1, 20, "second")], &[]), ["second", "other"]);
    // An older state that is well does not hide that the newer one is not.
    assert_eq!(commit(vec![], &[(1, 10)]), ["second", "other"]);
    assert_eq!(commit(vec![kept(1, 30, "third")], &[]), ["third", "other"]);
    // A newer one that is well settles it, and an older one that comes later is not kept.
    assert_eq!(commit(vec![], &[(1, 40)]), ["other"]);
    assert_eq!(commit(vec![kept(1, 35, "late")], &[]), ["other"]);
    // The state that was delivered is seen again, after another one was kept back.
    assert_eq!(commit(vec![kept(1, 50, "fourth")], &[]), ["other", "fourth"]);
    let again =
        |digest, seen| Delivered { dataset: "charges".to_owned(), id: [1; 32], digest: [digest; 16], seen };
    for (digest, seen, left) in [(9, 60, 2), (1, 45, 2), (1, 60, 1)] {
        let unchanged = vec![again(digest, seen)];
        ledger.commit(&Commit { unit, unchanged, ..Commit::default() }).unwrap();
        assert_eq!(sources(&mut ledger).len(), left, "{digest} {seen}");
    }
    assert!(ledger.delivered_after("charges", &[1; 32], 59).unwrap());
}

#[test]
fn what_was_seen_inside_another_object_gives_way_to_its_own_list() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = open(dir.path());
    let account = ledger.account("acct_1", false).unwrap();
    let unit = ledger.plan(&want(account, 9)).unwrap().remove(0).id;
    let embedded = |id, source| Quarantined { embedded: true, ..kept(id, 90, source) };
    ledger.quarantine(&[embedded(1, "inside"), embedded(2, "inside 2")], &[]).unwrap();
    ledger.quarantine(&[kept(1, 10, "listed")], &[]).unwrap();
    ledger.quarantine(&[embedded(1, "inside again")], &[]).unwrap();
    assert_eq!(sources(&mut ledger), ["listed", "inside 2"]);
    // Nor is it delivered as embedded while the listed one is kept back.
    let waiting = |n: u8| Embedded { dataset: "charges".to_owned(), id: [n; 32], bytes: vec![n], seen: 95 };
    ledger.commit(&Commit { unit, embedded: vec![waiting(1), waiting(3)], ..Commit::default() }).unwrap();
    ledger.quarantine(&[kept(3, 10, "listed 3")], &[]).unwrap();
    assert_eq!(ledger.pending("charges").unwrap(), []);
    // Once delivered, what is seen inside others does not matter.
    let delivered = vec![Delivered { dataset: "charges".to_owned(), id: [4; 32], digest: [4; 16], seen: 1 }];
    ledger.commit(&Commit { unit, delivered, ..Commit::default() }).unwrap();
    ledger.quarantine(&[embedded(4, "inside 4")], &[]).unwrap();
    assert_eq!(ledger.quarantined_at("charges", &[4; 32]).unwrap(), None);
}

#[test]
fn a_stretch_that_cannot_be_recorded_keeps_nothing_back_either() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = open(dir.path());
    let account = ledger.account("acct_1", false).unwrap();
    let unit = ledger.plan(&want(account, 9)).unwrap().remove(0).id;
    let part = Part { dataset: "charges".to_owned(), path: "d/x".to_owned(), records: 1, bytes: 1 };
    let quarantined = vec![kept(1, 1, "a")];
    let twice = Commit { unit, parts: vec![part.clone(), part], quarantined, ..Commit::default() };
    assert!(ledger.commit(&twice).is_err());
    assert_eq!(sources(&mut ledger), [] as [&str; 0]);
}

#[test]
fn the_files_show_what_the_ledger_holds_to_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).unwrap();
    let mut ledger = SqliteLedger::open(&lake.ledger_path()).unwrap();
    let file = dir.path().join("_quarantine/charges.jsonl");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let shown = || -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(&file).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        lines.map(|line| line["source"].clone()).collect()
    };
    ledger.quarantine(&[kept(1, 1, "1"), kept(2, 1, "2")], &[]).unwrap();
    assert_eq!(ledger.stale_quarantine().unwrap(), ["charges"]);
    quarantine::show(&lake, &mut ledger).unwrap();
    assert_eq!(shown(), [1, 2]);
    assert_eq!((mode(&file), mode(file.parent().unwrap()), mode(&lake.ledger_path())), (0o600, 0o700, 0o600));
    assert_eq!(ledger.stale_quarantine().unwrap(), [] as [&str; 0]);

    ledger.quarantine(&[kept(1, 2, "3")], &[]).unwrap();
    quarantine::show(&lake, &mut ledger).unwrap();
    assert_eq!(shown(), [3, 2]);
    ledger.quarantine(&[], &[1, 2].map(|n| ("charges".to_owned(), [n; 32]))).unwrap();
    std::fs::write(dir.path().join("_quarantine/.tmpAbCdEf.tmp"), "{").unwrap();
    assert_eq!(lake.clean(&mut ledger).unwrap(), 1);
    quarantine::show(&lake, &mut ledger).unwrap();
    assert!(!file.exists());
}

#[test]
fn a_ledger_of_an_older_program_is_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger");
    let mut ledger = open(dir.path());
    let account = ledger.account("acct_1", false).unwrap();
    drop(ledger);
    // As the first version left it.
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch(
        "DROP TABLE quarantine; DROP TABLE quarantine_stale; ALTER TABLE delivered DROP COLUMN seen;
         ALTER TABLE pending_embedded DROP COLUMN seen; PRAGMA user_version = 1;
         INSERT INTO dataset VALUES (1, 'charges'); INSERT INTO delivered VALUES (1, zeroblob(32), zeroblob(16));",
    )
    .unwrap();
    drop(db);
    let mut ledger = open(dir.path());
    assert_eq!(ledger.account("acct_1", false).unwrap(), account);
    assert_eq!(ledger.delivered("charges", &[0; 32]).unwrap(), Some([0; 16]));
    ledger.quarantine(&[kept(1, 1, "a")], &[]).unwrap();
    assert_eq!(ledger.quarantine_counts().unwrap(), [("charges".to_owned(), 1, 1)]);
}
