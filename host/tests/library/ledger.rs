//! The ledger resumes units, proves what they saw, and moves everything of a stretch together.

use std::path::Path;
use stripe_xdm::lake::{Lake, LakeError};
use stripe_xdm::ledger::{
    Commit, Covered, Delivered, Embedded, Ledger, LedgerError, Objects, Part, Progress, Quarantined, Rest,
    Seen, Source, SqliteLedger, Tally, Unit, Version, Want, id_hash,
};
use stripe_xdm::quarantine;

fn want(account: i64, lt: i64) -> Want<'static> {
    Want { account, resource: "charges", pass: "all", lt, overlap: 600, since: None }
}

/// A commit of what one unit gained.
fn of(unit: &Unit, progress: Progress) -> Commit {
    Commit { account: unit.account, units: vec![Progress { unit: unit.id, ..progress }], ..Commit::default() }
}

fn done(unit: &Unit, objects: u64) -> Progress {
    let tally = Tally { pages: 1, objects, records: objects, id_hash: u128::from(objects) };
    Progress { unit: unit.id, tally, done: true, at: Some(unit.lt), ..Progress::default() }
}

fn delivered(dataset: &str, id: u8, digest: u8, seen: i64) -> Delivered {
    let source = Source { digest: [digest; 16], version: Version::of_page(seen) };
    Delivered { dataset: dataset.to_owned(), id: [id; 32], source }
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
    let stretch = Progress {
        cursor: Some(("ch_5".to_owned(), 5_000)),
        boundary: vec!["ch_5".to_owned(), "ch_6".to_owned()],
        tally: Tally { pages: 1, objects: 2, records: 2, id_hash: u128::MAX },
        ..Progress::default()
    };
    ledger.commit(&of(&unit, stretch)).unwrap();
    drop(ledger);

    let mut ledger = open(dir.path());
    let units = ledger.plan(&want(account, 20_000)).unwrap();
    assert_eq!(units.len(), 2);
    assert_eq!((units[0].id, units[0].cursor.clone()), (unit.id, Some(("ch_5".to_owned(), 5_000))));
    assert_eq!((units[1].gte, units[1].lt), (Some(9_400), 20_000));
    assert_eq!(ledger.boundary(unit.id).unwrap(), ["ch_5", "ch_6"]);
    // A unit that nobody began stretches; it does not pile up.
    assert_eq!(ledger.plan(&want(account, 30_000)).unwrap().last().map(|u| u.lt), Some(30_000));
    assert_eq!(ledger.open_lists(account).unwrap(), ["charges"]);

    for unit in ledger.plan(&want(account, 30_000)).unwrap() {
        let tally = Tally { objects: 1, id_hash: 2, ..Tally::default() };
        ledger.commit(&of(&unit, Progress { done: true, tally, ..Progress::default() })).unwrap();
    }
    assert!(ledger.plan(&want(account, 30_000)).unwrap().is_empty());
    assert_eq!(ledger.plan(&want(account, 40_000)).unwrap()[0].gte, Some(29_400));
    assert_eq!(ledger.boundary(unit.id).unwrap(), [] as [String; 0]);
    let first = ledger.units(account, "charges").unwrap().remove(0);
    assert_eq!((first.tally.objects, first.tally.id_hash), (3, 1));
}

#[test]
fn a_unit_hands_its_lower_part_over_and_together_they_cover_what_it_did() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = open(dir.path());
    let account = ledger.account("acct_1", false).unwrap();
    let unit = ledger.plan(&want(account, 10_000)).unwrap().remove(0);
    let child = |id, gte, lt| Unit { id, gte, lt, ..unit.clone() };
    let low = child(ledger.next_unit().unwrap(), None, 3_000);
    let high = child(ledger.next_unit().unwrap(), Some(3_000), 7_001);
    assert!(low.id > unit.id && high.id > low.id);
    let rest = Some(Rest { gte: 7_001, units: vec![low.clone(), high.clone()] });
    // The upper part of the rest is done at once.
    let units = vec![Progress { rest, ..done(&unit, 99) }, done(&high, 40)];
    ledger.commit(&Commit { account, units, ..Commit::default() }).unwrap();
    drop(ledger);

    let mut ledger = open(dir.path());
    let covered = ledger.coverage(account, "charges", "all").unwrap();
    let tally = Tally { pages: 2, objects: 139, records: 139, id_hash: 139 };
    let both =
        Covered { gte: Some(3_000), lt: 10_000, tally, units: 2, walked_first: 7_001, walked_last: 10_000 };
    assert_eq!(covered, [both]);
    // What was handed over and not begun does not stretch over what is done.
    let open = ledger.plan(&want(account, 20_000)).unwrap();
    let ranges: Vec<_> = open.iter().map(|unit| (unit.id, unit.gte, unit.lt)).collect();
    assert_eq!(ranges[0], (low.id, None, 3_000));
    assert_eq!((ranges[1].1, ranges[1].2), (Some(9_400), 20_000));
    for unit in &open {
        ledger.commit(&of(unit, done(unit, 1))).unwrap();
    }
    let covered = ledger.coverage(account, "charges", "all").unwrap();
    // The look-back overlaps: it is a proof of its own.
    let ranges: Vec<_> = covered.iter().map(|c| (c.gte, c.lt, c.tally.objects)).collect();
    assert_eq!(ranges, [(None, 10_000, 140), (Some(9_400), 20_000, 1)]);
}

#[test]
fn objects_are_known_one_by_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = open(dir.path());
    let account = ledger.account("acct_1", false).unwrap();
    let other = ledger.account("acct_2", false).unwrap();
    let seen =
        |created, id: &str, seen, deleted| ("charges", Seen { created, id: id.to_owned(), seen, deleted });
    let objects = vec![seen(5, "b", 9, false), seen(5, "a", 9, false), seen(7, "c", 9, false)];
    ledger.commit(&Commit { account, objects, ..Commit::default() }).unwrap();
    let objects = vec![seen(5, "x", 9, false)];
    ledger.commit(&Commit { account: other, objects, ..Commit::default() }).unwrap();
    // What is known of later counts, whatever comes in last.
    let objects = vec![seen(7, "c", 20, true), seen(7, "c", 19, false), seen(6, "d", 9, false)];
    ledger.commit(&Commit { account, objects, ..Commit::default() }).unwrap();

    let of = |gte, lt| Objects { account, resource: "charges", gte, lt };
    let ids = |found: Vec<Seen>| found.into_iter().map(|o| (o.id, o.deleted)).collect::<Vec<_>>();
    let expected = [("a", false), ("b", false), ("d", false), ("c", true)].map(|(id, d)| (id.to_owned(), d));
    assert_eq!(ids(ledger.objects(&of(None, 8), None, 10).unwrap()), expected);
    let first = ledger.objects(&of(None, 8), None, 2).unwrap().pop();
    assert_eq!(ids(ledger.objects(&of(None, 8), first.as_ref(), 10).unwrap()), expected[2..]);
    assert_eq!(ids(ledger.objects(&of(Some(6), 7), None, 10).unwrap()), expected[2..3]);
    let sum = |ids: &[&str]| ids.iter().map(|id| id_hash(id)).fold(0, u128::wrapping_add);
    assert_eq!(ledger.count_and_hash(&of(None, 8)).unwrap(), (3, sum(&["a", "b", "d"])));
    assert_eq!(ledger.count_and_hash(&of(None, 6)).unwrap(), (2, sum(&["a", "b"])));
    assert_eq!(ledger.count_and_hash(&Objects { resource: "refunds", ..of(None, 8) }).unwrap(), (0, 0));
}

#[test]
fn bookmarks_move_forward_with_a_commit_and_facts_are_of_an_account() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = open(dir.path());
    let account = ledger.account("acct_1", false).unwrap();
    assert_eq!(ledger.bookmark(account, "events").unwrap(), None);
    for (at, then) in [(50, 50), (40, 50), (60, 60)] {
        let bookmarks = vec![("events".to_owned(), at)];
        ledger.commit(&Commit { account, bookmarks, ..Commit::default() }).unwrap();
        assert_eq!(ledger.bookmark(account, "events").unwrap(), Some(then));
    }
    ledger.set_fact(account, "resources", "charges").unwrap();
    ledger.set_fact(account, "resources", "charges,refunds").unwrap();
    assert_eq!(ledger.fact(account, "resources").unwrap().as_deref(), Some("charges,refunds"));
    let other = ledger.account("acct_1", true).unwrap();
    assert_eq!(ledger.fact(other, "resources").unwrap(), None);
    assert_eq!(ledger.bookmark(other, "events").unwrap(), None);
}

#[test]
fn a_ledger_can_be_looked_into_while_another_writes() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = open(dir.path());
    let account = ledger.account("acct_1", false).unwrap();
    let run = ledger.begin_run(account, 5, "sha").unwrap();
    let unit = ledger.plan(&want(account, 9)).unwrap().remove(0);
    let mut looking = SqliteLedger::open_read_only(&dir.path().join("ledger")).unwrap();
    assert_eq!(looking.accounts().unwrap(), [(account, "acct_1".to_owned(), false)]);
    let failed = Progress { error: Some("no".to_owned()), ..Progress::default() };
    ledger.commit(&of(&unit, failed)).unwrap();
    assert_eq!(looking.units(account, "charges").unwrap()[0].error.as_deref(), Some("no"));
    assert_eq!(looking.last_run(account).unwrap().map(|run| (run.id, run.outcome)), Some((run, None)));
    ledger.end_run(run, "done").unwrap();
    assert_eq!(looking.last_run(account).unwrap().and_then(|run| run.outcome).as_deref(), Some("done"));
    assert!(looking.set_fact(account, "a", "b").is_err());
    assert!(SqliteLedger::open_read_only(&dir.path().join("none")).is_err());
}

#[test]
fn at_equal_times_an_event_beats_a_page() {
    assert!(Version::of_event(5) > Version::of_page(5));
    assert!(Version::of_page(6) > Version::of_event(5));
    assert!(Version::of_event(6) > Version::of_event(5));
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
    let kept = |n: u8| Embedded { dataset: "prices".to_owned(), id: [n; 32], bytes: vec![n], seen: 5 };
    let embedded = vec![kept(1), kept(2)];
    ledger.commit(&Commit { account, embedded, ..Commit::default() }).unwrap();
    assert_eq!(ledger.pending_datasets(account).unwrap(), ["prices"]);
    let delivered = vec![delivered("prices", 1, 7, 5)];
    ledger.commit(&Commit { account, delivered, ..Commit::default() }).unwrap();
    assert_eq!(ledger.pending(account, "prices").unwrap(), [kept(2)]);
    assert_eq!(ledger.delivered("prices", &[1; 32]).unwrap().map(|source| source.digest), Some([7; 16]));
    assert_eq!(ledger.delivered("others", &[1; 32]).unwrap(), None);
}

#[test]
fn a_stretch_that_cannot_be_recorded_leaves_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = open(dir.path());
    let account = ledger.account("acct_1", false).unwrap();
    let unit = ledger.plan(&want(account, 9)).unwrap().remove(0);
    let part = Part { dataset: "d".to_owned(), path: "d/x".to_owned(), records: 1, bytes: 1 };
    let progress = Progress { cursor: Some(("ch_1".to_owned(), 1)), ..Progress::default() };
    let twice = Commit {
        parts: vec![part.clone(), part],
        delivered: vec![delivered("d", 1, 1, 5)],
        ..of(&unit, progress)
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
    let dataset = "stripe_prices".to_owned();
    let delivered = vec![delivered(&dataset, 1, 0, 5)];
    ledger.commit(&Commit { account, delivered, ..Commit::default() }).unwrap();
    // The walk that saw them embedded commits last.
    let embedded =
        [1, 2].map(|n| Embedded { dataset: dataset.clone(), id: [n; 32], bytes: b"{}".to_vec(), seen: 5 });
    ledger.commit(&Commit { account, embedded: embedded.into(), ..Commit::default() }).unwrap();
    let pending: Vec<_> =
        ledger.pending(account, &dataset).unwrap().into_iter().map(|record| record.id).collect();
    assert_eq!(pending, [[2; 32]]);
}

#[test]
fn a_lake_is_locked_and_cleans_up_after_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).unwrap();
    assert!(matches!(Lake::open(dir.path()), Err(LakeError::Locked(_))));
    let mut ledger = SqliteLedger::open(&lake.ledger_path()).unwrap();
    let account = ledger.account("acct_1", false).unwrap();

    let write = |seq| {
        let mut part = lake.part("things", "charges_all-000001", seq, false).unwrap();
        part.line(b"{}").unwrap();
        part
    };
    let known = write(0).finish().unwrap();
    let parts = vec![Part { dataset: "things".to_owned(), path: known.path.clone(), records: 1, bytes: 3 }];
    ledger.commit(&Commit { account, parts, ..Commit::default() }).unwrap();
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
    let mut commit = |quarantined: Vec<Quarantined>, delivered: &[(u8, i64)]| {
        let delivered = delivered.iter().map(|(id, seen)| self::delivered("charges", *id, *id, *seen));
        let delivered = delivered.collect();
        ledger.commit(&Commit { account, quarantined, delivered, ..Commit::default() }).unwrap();
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
    let again = |digest, seen| delivered("charges", 1, digest, seen);
    for (digest, seen, left) in [(9, 60, 2), (1, 45, 2), (1, 60, 1)] {
        let unchanged = vec![again(digest, seen)];
        ledger.commit(&Commit { account, unchanged, ..Commit::default() }).unwrap();
        assert_eq!(sources(&mut ledger).len(), left, "{digest} {seen}");
    }
    assert!(ledger.delivered_after("charges", &[1; 32], 59).unwrap());
}

#[test]
fn what_was_seen_inside_another_object_gives_way_to_its_own_list() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = open(dir.path());
    let account = ledger.account("acct_1", false).unwrap();
    let embedded = |id, source| Quarantined { embedded: true, ..kept(id, 90, source) };
    ledger.quarantine(&[embedded(1, "inside"), embedded(2, "inside 2")], &[]).unwrap();
    ledger.quarantine(&[kept(1, 10, "listed")], &[]).unwrap();
    ledger.quarantine(&[embedded(1, "inside again")], &[]).unwrap();
    assert_eq!(sources(&mut ledger), ["listed", "inside 2"]);
    // Nor is it delivered as embedded while the listed one is kept back.
    let waiting = |n: u8| Embedded { dataset: "charges".to_owned(), id: [n; 32], bytes: vec![n], seen: 95 };
    ledger.commit(&Commit { account, embedded: vec![waiting(1), waiting(3)], ..Commit::default() }).unwrap();
    ledger.quarantine(&[kept(3, 10, "listed 3")], &[]).unwrap();
    assert_eq!(ledger.pending(account, "charges").unwrap(), []);
    // Once delivered, what is seen inside others does not matter.
    let delivered = vec![delivered("charges", 4, 4, 1)];
    ledger.commit(&Commit { account, delivered, ..Commit::default() }).unwrap();
    ledger.quarantine(&[embedded(4, "inside 4")], &[]).unwrap();
    assert_eq!(ledger.quarantined_at("charges", &[4; 32]).unwrap(), None);
}

#[test]
fn a_stretch_that_cannot_be_recorded_keeps_nothing_back_either() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = open(dir.path());
    let account = ledger.account("acct_1", false).unwrap();
    let part = Part { dataset: "charges".to_owned(), path: "d/x".to_owned(), records: 1, bytes: 1 };
    let quarantined = vec![kept(1, 1, "a")];
    let twice = Commit { account, parts: vec![part.clone(), part], quarantined, ..Commit::default() };
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
        "DROP TABLE quarantine; DROP TABLE quarantine_stale; DROP TABLE object; DROP TABLE list; DROP TABLE mark;
         DROP TABLE fact; DROP TABLE outgoing; DROP TABLE streamed; DROP TABLE batch; DROP TABLE target;
         DROP TABLE file; DROP TABLE boundary; DROP TABLE unit; DROP TABLE delivered;
         DROP TABLE pending_embedded; DROP TABLE heard; DROP TABLE unsettled; DROP TABLE relisted;
         PRAGMA user_version = 1;
         CREATE TABLE unit (
             id INTEGER PRIMARY KEY, account INTEGER NOT NULL REFERENCES account, resource TEXT NOT NULL,
             pass TEXT NOT NULL, gte INTEGER, lt INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'open',
             cursor TEXT, cursor_created INTEGER, parts INTEGER NOT NULL DEFAULT 0
         ) STRICT;
         CREATE TABLE boundary (
             unit INTEGER NOT NULL REFERENCES unit, created INTEGER NOT NULL, id TEXT NOT NULL,
             PRIMARY KEY (unit, created, id)
         ) STRICT, WITHOUT ROWID;
         CREATE TABLE part (
             unit INTEGER NOT NULL REFERENCES unit, seq INTEGER NOT NULL, dataset TEXT NOT NULL,
             path TEXT NOT NULL PRIMARY KEY, records INTEGER NOT NULL, bytes INTEGER NOT NULL
         ) STRICT, WITHOUT ROWID;
         CREATE TABLE bookmark (
             account INTEGER NOT NULL REFERENCES account, resource TEXT NOT NULL, pass TEXT NOT NULL,
             upper INTEGER NOT NULL, PRIMARY KEY (account, resource, pass)
         ) STRICT, WITHOUT ROWID;
         CREATE TABLE delivered (
             dataset INTEGER NOT NULL, record_id BLOB NOT NULL, digest BLOB NOT NULL,
             PRIMARY KEY (dataset, record_id)
         ) STRICT, WITHOUT ROWID;
         CREATE TABLE pending_embedded (
             dataset INTEGER NOT NULL, record_id BLOB NOT NULL, bytes BLOB NOT NULL,
             PRIMARY KEY (dataset, record_id)
         ) STRICT, WITHOUT ROWID;
         INSERT INTO dataset VALUES (1, 'charges');
         INSERT INTO delivered VALUES (1, zeroblob(32), zeroblob(16));
         INSERT INTO pending_embedded VALUES (1, zeroblob(32), zeroblob(1));
         INSERT INTO unit (id, account, resource, pass, lt, state) VALUES (7, 1, 'charges', 'all', 9, 'done');
         INSERT INTO bookmark VALUES (1, 'charges', 'all', 9);
         INSERT INTO part VALUES (7, 0, 'charges', 'charges/charges_all-000007-00000.jsonl', 1, 3);
         INSERT INTO boundary VALUES (7, 5, 'ch_1');",
    )
    .unwrap();
    drop(db);
    let mut ledger = open(dir.path());
    assert_eq!(ledger.account("acct_1", false).unwrap(), account);
    let version = Version::default();
    assert_eq!(ledger.delivered("charges", &[0; 32]).unwrap(), Some(Source { digest: [0; 16], version }));
    // Its files are known, what it kept waiting waits, and its lists are listed once more.
    assert!(ledger.knows_part("charges/charges_all-000007-00000.jsonl").unwrap());
    assert_eq!(ledger.pending(account, "charges").unwrap().len(), 1);
    let unit = ledger.plan(&want(account, 20)).unwrap().remove(0);
    assert_eq!((unit.gte, unit.lt), (None, 20));
    ledger.quarantine(&[kept(1, 1, "a")], &[]).unwrap();
    assert_eq!(ledger.quarantine_counts().unwrap(), [("charges".to_owned(), 1, 1)]);
}

#[test]
fn finished_units_of_many_runs_become_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = open(dir.path());
    let account = ledger.account("acct_1", false).unwrap();
    let runs = 500;
    for run in 1..=runs {
        for unit in ledger.plan(&want(account, run * 1_000)).unwrap() {
            ledger.commit(&of(&unit, done(&unit, 2))).unwrap();
        }
    }
    let units = ledger.units(account, "charges").unwrap();
    assert!(units.len() <= 65, "{} units", units.len());
    assert_eq!((units[0].gte, units.last().map(|unit| unit.lt)), (None, Some(runs * 1_000)));
    assert_eq!(units.iter().map(|unit| unit.tally.objects).sum::<u64>(), 2 * runs as u64);
    // Nothing between them was lost.
    assert!(units.windows(2).all(|pair| pair[1].gte.is_some_and(|gte| gte <= pair[0].lt)));
    assert_eq!(ledger.begins(&want(account, runs * 1_000)).unwrap(), None);
}
