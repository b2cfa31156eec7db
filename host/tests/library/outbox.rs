//! The ledger knows which files Experience Platform has, and moves each batch in one step.

use std::path::Path;
use stripe_xdm::ledger::{
    BatchState, Commit, Delivered, Format, Ledger, LedgerError, NewBatch, Outbox, Part, Position,
    Quarantined, Source, SqliteLedger, Step, Target, Version,
};

fn open(dir: &Path) -> SqliteLedger {
    SqliteLedger::open(&dir.join("ledger")).unwrap()
}

fn target(sandbox: &str) -> Target {
    let text = str::to_owned;
    Target {
        org: text("1@AdobeOrg"),
        sandbox: text(sandbox),
        dataset_id: text("d1"),
        dataset: text("charges"),
    }
}

/// A run that writes these files of ten rows and a hundred bytes.
fn write(ledger: &mut SqliteLedger, started: i64, files: &[&str], delivered: Vec<Delivered>) {
    let account = ledger.account("acct_1", false).unwrap();
    let run = ledger.begin_run(account, started, "module").unwrap();
    let part = |path: &&str| {
        let dataset = path.split('/').next().unwrap().to_owned();
        Part { dataset, path: (*path).to_owned(), records: 10, bytes: 100 }
    };
    let parts = files.iter().map(part).collect();
    ledger.commit(&Commit { account, run, parts, delivered, ..Commit::default() }).unwrap();
}

fn undelivered(ledger: &mut SqliteLedger, target: i64) -> Vec<String> {
    ledger.undelivered(target).unwrap().into_iter().map(|file| file.path).collect()
}

fn plan(
    ledger: &mut SqliteLedger,
    target: i64,
    name: &str,
    files: &[(&str, u32)],
) -> Result<i64, LedgerError> {
    let files: Vec<(String, u32)> =
        files.iter().map(|(path, upload)| ((*path).to_owned(), *upload)).collect();
    let (records, bytes) = (10 * files.len() as u64, 100 * files.len() as u64);
    ledger.plan_batch(
        target,
        &NewBatch { external_id: name, format: Format::JsonLines, files: &files, records, bytes },
        50,
    )
}

#[test]
fn a_file_is_due_until_it_is_in_a_batch_of_the_target() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = open(dir.path());
    write(&mut ledger, 10, &["charges/b", "customers/a"], vec![]);
    write(&mut ledger, 20, &["charges/a"], vec![]);
    let (dev, prod) = (ledger.target(&target("dev")).unwrap(), ledger.target(&target("prod")).unwrap());
    assert_eq!(ledger.target(&target("dev")).unwrap(), dev);
    assert_eq!(ledger.datasets_with_files().unwrap(), ["charges", "customers"]);
    // In the order of the runs.
    assert_eq!(undelivered(&mut ledger, dev), ["charges/b", "charges/a"]);
    let since: Vec<_> = ledger.undelivered(dev).unwrap().iter().map(|file| file.since).collect();
    assert_eq!((since, ledger.last_planned(dev).unwrap()), (vec![10, 20], None));

    plan(&mut ledger, dev, "x-1", &[("charges/b", 0)]).unwrap();
    assert_eq!(undelivered(&mut ledger, dev), ["charges/a"]);
    assert_eq!(undelivered(&mut ledger, prod), ["charges/b", "charges/a"]);
    assert_eq!(ledger.last_planned(dev).unwrap(), Some(50));
    // No file is in two batches, and what is refused leaves nothing behind.
    assert!(plan(&mut ledger, dev, "x-2", &[("charges/a", 0), ("charges/b", 0)]).is_err());
    assert_eq!(undelivered(&mut ledger, dev), ["charges/a"]);
    assert_eq!(ledger.count_batches(dev).unwrap(), [(BatchState::Planned, 1)]);
}

#[test]
fn a_batch_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = open(dir.path());
    write(&mut ledger, 10, &["charges/a", "charges/b", "charges/c"], vec![]);
    let to = ledger.target(&target("dev")).unwrap();
    let files = [("charges/c", 0), ("charges/a", 1), ("charges/b", 1)];
    let id = plan(&mut ledger, to, "x-1", &files).unwrap();
    let moves = [
        (Step::Created("b1".to_owned()), BatchState::Created),
        (Step::Uploads(2), BatchState::Created),
        (Step::Trouble("cut".to_owned()), BatchState::Created),
        (Step::Uploaded, BatchState::Uploaded),
        (Step::Completed, BatchState::Completed),
        (Step::Status("staging".to_owned()), BatchState::Completed),
    ];
    for (number, (step, state)) in (51..).zip(moves) {
        ledger.step(id, &step, number).unwrap();
        // After every move a crash.
        drop(ledger);
        ledger = open(dir.path());
        let batch = ledger.unsettled_batches(to).unwrap().remove(0);
        assert_eq!((batch.state, batch.changed, batch.planned), (state, number, 50));
    }
    let batch = ledger.batch(id).unwrap();
    assert_eq!((batch.aep_id.as_deref(), batch.uploads, batch.status.as_str()), (Some("b1"), 2, "staging"));
    // What went wrong is no news any more once it goes on.
    assert_eq!((batch.error, batch.records, batch.bytes), (None, 30, 300));
    let paths: Vec<_> =
        batch.files.iter().map(|file| (file.path.as_str(), file.upload, file.bytes)).collect();
    assert_eq!(paths, [("charges/c", 0, 100), ("charges/a", 1, 100), ("charges/b", 1, 100)]);

    ledger.step(id, &Step::Active(3, Some("3 rows".to_owned())), 60).unwrap();
    assert!(ledger.unsettled_batches(to).unwrap().is_empty() && undelivered(&mut ledger, to).is_empty());
    let batch = ledger.batch(id).unwrap();
    assert_eq!((batch.state, batch.refused, batch.error.as_deref()), (BatchState::Active, 3, Some("3 rows")));
}

#[test]
fn a_failed_batch_gives_its_files_to_another() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = open(dir.path());
    write(&mut ledger, 10, &["charges/a"], vec![]);
    let to = ledger.target(&target("dev")).unwrap();
    let first = plan(&mut ledger, to, "x-1", &[("charges/a", 0)]).unwrap();
    ledger.step(first, &Step::Created("b1".to_owned()), 51).unwrap();
    ledger.step(first, &Step::Failed("why".to_owned()), 52).unwrap();
    let failed = ledger.unsettled_batches(to).unwrap();
    assert_eq!((failed[0].state, failed[0].files.len(), failed[0].attempt), (BatchState::Failed, 1, 1));
    assert!(undelivered(&mut ledger, to).is_empty());

    let second = ledger.replace_batch(first, "x-2", Format::Parquet, 60).unwrap();
    let open = ledger.unsettled_batches(to).unwrap();
    assert_eq!(open.iter().map(|batch| (batch.id, batch.attempt)).collect::<Vec<_>>(), [(second, 2)]);
    assert_eq!((open[0].state, open[0].aep_id.as_deref(), open[0].records), (BatchState::Planned, None, 10));
    assert_eq!((open[0].files[0].path.as_str(), open[0].format), ("charges/a", Format::Parquet));
    let first = ledger.batch(first).unwrap();
    assert_eq!((first.state, first.error.as_deref()), (BatchState::Replaced, Some("why")));
}

#[test]
fn a_stream_moves_forward_with_what_it_keeps_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = open(dir.path());
    write(&mut ledger, 10, &["charges/a"], vec![]);
    let to = ledger.target(&target("dev")).unwrap();
    let at = |bytes, lines| Position { bytes, lines };
    let kept = Quarantined { dataset: "charges".to_owned(), id: [1; 32], ..Quarantined::default() };
    ledger.streamed(to, "charges/a", at(40, 4), std::slice::from_ref(&kept)).unwrap();
    ledger.streamed(to, "charges/a", at(20, 2), &[]).unwrap();
    assert_eq!(ledger.undelivered(to).unwrap()[0].streamed, at(40, 4));
    assert_eq!(ledger.quarantine_counts().unwrap(), [("charges".to_owned(), 1, 1)]);
    ledger.streamed(to, "charges/a", at(100, 10), &[]).unwrap();
    assert!(ledger.undelivered(to).unwrap().is_empty());
}

#[test]
fn a_refused_record_is_not_delivered_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = open(dir.path());
    let record = |seen| {
        let source = Source { digest: [7; 16], version: Version::of_page(seen) };
        Delivered { dataset: "charges".to_owned(), id: [1; 32], source }
    };
    write(&mut ledger, 10, &["charges/a"], vec![record(500)]);
    let kept = Quarantined { dataset: "charges".to_owned(), id: [1; 32], seen: 9, ..Quarantined::default() };
    // Twice, as after a crash in between.
    ledger.refuse(std::slice::from_ref(&kept)).unwrap();
    ledger.refuse(std::slice::from_ref(&kept)).unwrap();
    assert_eq!(ledger.delivered("charges", &[1; 32]).unwrap(), None);
    assert_eq!(ledger.quarantined_at("charges", &[1; 32]).unwrap(), Some(500));
    // The next list that shows its object delivers it, and settles the entry.
    write(&mut ledger, 20, &["charges/b"], vec![record(600)]);
    assert_eq!(ledger.quarantined_at("charges", &[1; 32]).unwrap(), None);
}
