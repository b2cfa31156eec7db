//! From the lake to the sandbox's inlets: whatever breaks off, nothing is lost, what was accepted is not sent again,
//! and no version of an object overtakes another.

mod scene;

use scene::{DATASET, Scene, id, row, rows};
use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use stripe_xdm::delivery::{Streaming, stream};
use stripe_xdm::ledger::{Ledger, Outbox};
use stripe_xdm_sandbox::platform as served;

#[tokio::test]
async fn what_the_lake_holds_is_streamed_once() {
    let scene = Scene::new(false, served::Options::default()).await;
    scene.sync(&rows(0..300));
    scene.sync(&rows(300..301));
    let delivery = scene.stream().await;
    assert!(delivery.is_whole(), "{delivery:?}");
    let done = &delivery.datasets[0];
    assert_eq!((done.rows, done.refused, done.waiting.files), (301, 0, 0), "{delivery:?}");
    scene.assert_once(&rows(0..301), "the first time");
    assert!(scene.said.lock().unwrap().iter().any(|said| said.contains("not open yet")));
    assert!(scene.left().await.is_empty());

    // Nothing is left to do; what comes later goes by itself, by the same inlet and flow.
    let (requests, changes) = (scene.requests(), scene.served.changes());
    assert_eq!(scene.stream().await.datasets[0].rows, 0);
    assert_eq!(scene.requests(), requests);
    scene.sync(&rows(301..302));
    assert_eq!(scene.stream().await.datasets[0].rows, 1);
    assert_eq!((scene.requests(), scene.served.changes()), (requests + 1, changes + 1));
    scene.assert_once(&rows(0..302), "the second time");
}

#[tokio::test]
async fn whatever_goes_wrong_nothing_is_lost() {
    // Those with `after` have had their effect, so what they concern comes twice.
    let faults = [
        ("/collection:entry503@5-9", 0),
        ("/collection:entry429@1-300", 0),
        ("/collection:entry-after500@7", 1),
        ("/collection:429@1-3", 0),
        ("/collection:retry-after:1s@1", 0),
        ("/collection:html502@1-2", 0),
        ("/collection:close@1", 0),
        ("/collection:cut@1", 0),
        ("/collection:empty401@1", 0),
        ("/collection:403@1", 0),
        ("/collection:413@1", 0),
        ("/collection:413@1-3", 0),
        ("/collection:400@1", 0),
        ("/collection:close-after@1", 300),
        ("/collection:after500@1", 300),
        ("/collection:truncate-after@1", 300),
    ];
    for (fault, doubles) in faults {
        let scene = Scene::open(false).await;
        scene.sync(&rows(0..300));
        scene.served.set_faults(fault.parse().unwrap());
        let delivery = scene.stream().await;
        assert!(delivery.is_whole(), "{fault}: {delivery:?}");
        let counts = scene.counts();
        assert_eq!(counts.len(), 300, "{fault}");
        assert_eq!(counts.values().sum::<u32>(), 300 + doubles, "{fault}");
        assert_eq!((scene.quarantined(), scene.left().await.len()), (0, 0), "{fault}");
    }
}

#[tokio::test]
async fn trouble_that_stays_ends_the_run_and_the_next_one_goes_on() {
    for fault in ["/collection:429@1-", "/collection:empty401@1-", "/collection:entry503@1-"] {
        let scene = Scene::open(false).await;
        scene.sync(&rows(0..300));
        scene.served.set_faults(fault.parse().unwrap());
        let delivery = scene.stream().await;
        assert!(delivery.error.is_some(), "{fault}");
        assert_eq!(delivery.datasets[0].waiting.records, 300, "{fault}");
        scene.served.set_faults(served::Faults::none());
        assert!(scene.stream().await.is_whole());
        scene.assert_once(&rows(0..300), fault);
        assert_eq!(scene.quarantined(), 0, "{fault}");
    }
}

#[tokio::test]
async fn tokens_that_end_in_the_middle_are_replaced() {
    let options = served::Options { token_requests: Some(9), ..served::Options::default() };
    let mut scene = Scene::opened(false, options).await;
    scene.options.in_flight = 2;
    let lines: Vec<String> = (0..1000).map(|number| row(number, 1, 20_000)).collect();
    scene.sync(&lines);
    let minted = scene.served.tokens_minted();
    let delivery = scene.stream().await;
    assert!(delivery.is_whole(), "{delivery:?}");
    scene.assert_once(&lines, "all tokens ended");
    assert!(scene.served.tokens_minted() > minted + 1);
}

#[tokio::test]
async fn no_version_of_an_object_overtakes_another() {
    let mut scene = Scene::open(false).await;
    scene.options.in_flight = 4;
    // Three versions of each object, close together and far apart, some of them refused at first.
    let mut lines: Vec<String> =
        (0..40).flat_map(|number| [row(number, 1, 9_000), row(number, 2, 9_000)]).collect();
    lines.extend((0..40).map(|number| row(number, 3, 9_000)));
    scene.sync(&lines);
    scene.served.set_faults("/collection:entry503every7, /collection:429every5".parse().unwrap());
    let delivery = scene.stream().await;
    assert!(delivery.is_whole(), "{delivery:?}");
    scene.assert_once(&lines, "all versions");
    let collected = scene.collected();
    for number in 0..40 {
        let name = format!("\"cus_{number}\"");
        let versions: Vec<String> = collected.iter().filter(|row| row.contains(&name)).cloned().collect();
        let expected: Vec<String> = (1..=3).map(|version| row(number, version, 9_000)).collect();
        assert!(versions == expected, "the versions of {name}");
    }
}

#[tokio::test]
async fn bad_rows_are_kept_back_one_by_one_with_the_cause() {
    let scene = Scene::open(false).await;
    let mut lines = rows(0..300);
    lines[10] = "[1,2,3]".to_owned();
    lines[11] = r#"{"_id":"#.to_owned();
    lines[12] = row(12, 1, 1_000_000);
    // What the schema does not ask for is received all the same, and told by the dataset's error batches alone.
    lines[13] = lines[13].replace("\"amount\":1", "\"amount\":\"one\"");
    scene.sync(&lines);
    scene.served.set_faults("/collection:entry400@100, /collection:entry422@200".parse().unwrap());
    let delivery = scene.stream().await;
    assert!(delivery.error.is_none(), "{delivery:?}");
    let done = &delivery.datasets[0];
    assert_eq!((done.rows, done.refused), (295, 5), "{delivery:?}");
    assert_eq!(scene.counts().len(), 294);
    assert_eq!(scene.served.uncollected(&scene.dataset).len(), 1);
    assert_eq!((scene.quarantined(), scene.left().await.len()), (5, 0));
    let mut ledger = scene.ledger();
    let (mut number, mut found) = (0, Vec::new());
    while let Some(kept) = ledger.next_quarantined(DATASET, number).unwrap() {
        number = kept.number;
        found.push((String::from_utf8(kept.record).unwrap(), kept.about));
    }
    let about = |line: &str| {
        let found = found.iter().find(|(record, _)| record == line);
        found.map(|(_, about)| about.as_str()).expect("an entry")
    };
    assert!(about(&lines[10]).contains("stream_json") && about(&lines[11]).contains("stream_json"));
    assert!(about(&lines[12]).contains("stream_size"));
    // The 100th and 200th message of those that were sent.
    assert!(about(&lines[102]).contains("stream_400"), "{}", about(&lines[102]));
    assert!(about(&lines[202]).contains("stream_422"));
    assert_eq!(ledger.delivered(DATASET, &id(102)).unwrap(), None);
}

#[tokio::test]
async fn what_refuses_everything_is_not_the_records_fault() {
    let scene = Scene::open(false).await;
    scene.sync(&rows(0..300));
    scene.served.set_faults("/collection:entry400@1-".parse().unwrap());
    let delivery = scene.stream().await;
    let error = delivery.error.expect("an error").to_string();
    assert!(error.contains("refuses every message"), "{error}");
    assert_eq!((scene.quarantined(), delivery.datasets[0].waiting.records), (0, 300));
    // A few at the end may well be bad.
    let scene = Scene::open(false).await;
    scene.sync(&rows(0..5));
    scene.served.set_faults("/collection:entry400@1-".parse().unwrap());
    assert_eq!(scene.stream().await.datasets[0].refused, 5);
    assert_eq!((scene.quarantined(), scene.left().await.len()), (5, 0));
}

#[tokio::test]
async fn an_inlet_that_never_opens_is_an_error_that_says_so() {
    let mut scene = Scene::open(false).await;
    scene.options.patience = std::time::Duration::from_secs(1);
    scene.sync(&rows(0..3));
    scene.served.set_faults("/collection:404@1-".parse().unwrap());
    let error = scene.stream().await.error.expect("an error").to_string();
    assert!(error.contains("has answered 404"), "{error}");
}

#[tokio::test]
async fn profile_gets_deletions_and_is_told_of_what_it_drops() {
    let scene = Scene::open(true).await;
    let mut lines = rows(0..20);
    lines.push(row(20, 1, 100_000));
    scene.sync(&lines);
    scene.delete(&[3, 4]);
    let delivery = scene.stream().await;
    assert!(delivery.is_whole(), "{delivery:?}");
    let done = &delivery.datasets[0];
    assert_eq!((done.rows, done.deletions, done.beyond_profile), (21, 2, 1), "{delivery:?}");
    assert!(done.notes.iter().any(|note| note.contains("Profile drops it")), "{:?}", done.notes);
    assert_eq!((done.tombstones.files, scene.left().await.len()), (0, 0));
    let profiles = scene.served.profiles(&scene.dataset);
    assert!(!profiles.contains_key("cus_3") && !profiles.contains_key("cus_4"));
    assert!(profiles.contains_key("cus_5") && !profiles.contains_key("cus_20"));
    // Once.
    let requests = scene.requests();
    assert!(scene.stream().await.is_whole());
    assert_eq!(scene.requests(), requests);
}

#[tokio::test]
async fn a_data_lake_keeps_what_is_deleted_and_that_is_told() {
    let scene = Scene::open(false).await;
    scene.delete(&[3]);
    let delivery = scene.stream().await;
    let done = &delivery.datasets[0];
    assert_eq!((done.deletions, done.tombstones.records), (0, 1));
    assert!(done.notes[0].contains("does not feed Profile"), "{:?}", done.notes);
}

/// Lets a future run until it has been polled so often; none when it did not end.
async fn polled<T>(future: impl Future<Output = T>, most: usize) -> Option<T> {
    let (mut future, mut polls) = (pin!(future), 0);
    std::future::poll_fn(|context| {
        polls += 1;
        match future.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if polls >= most => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_anywhere_at_most_the_requests_in_flight_are_sent_again() {
    const IN_FLIGHT: usize = 3;
    const A_REQUEST: usize = 49;
    let scene = Scene::open(true).await;
    let lines: Vec<String> = (0..600).map(|number| row(number, 1, 20_000)).collect();
    scene.sync(&lines[..301]);
    scene.sync(&lines[301..]);
    scene.delete(&[1_000_000]);
    let options = Streaming { in_flight: IN_FLIGHT, ..scene.options.clone() };
    let said = |_: &str| scene.served.advance(std::time::Duration::from_secs(300));
    let mut kills = 0;
    loop {
        let mut ledger = scene.ledger();
        let to = scene.to(&mut ledger).await;
        // Three looks at what the dataset is and four at its way in come before the first message.
        let run = stream(&scene.platform, &mut ledger, scene.lake(), &to, &options, &said);
        let ended = polled(run, 3 + kills % 40).await;
        // What was in flight may still come in.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        let target = ledger.target(&to[0].target).unwrap();
        let left = ledger.undelivered(target).unwrap();
        let records = || left.iter().filter(|file| !file.path.contains("tombstones"));
        let behind = 600 - records().map(|file| file.records - file.streamed.lines).sum::<u64>() as usize;
        let counts = scene.counts();
        for line in &lines[..behind] {
            assert!(counts.contains_key(line), "{kills}: the ledger knows of a row that did not come in");
        }
        assert!(counts.len() <= behind + IN_FLIGHT * A_REQUEST, "{kills}: {} of {behind}", counts.len());
        if let Some(delivery) = ended {
            assert!(delivery.is_whole(), "{delivery:?}");
            break;
        }
        kills += 1;
        assert!(kills < 2_000, "never done: {behind}");
    }
    // How far a poll gets is the machine's affair.
    assert!(kills > 2, "{kills}");
    assert_eq!(scene.counts().len(), 600);
    assert!(!scene.served.profiles(&scene.dataset).contains_key("cus_1000000"));
    let inlets =
        scene.call("GET", "/data/foundation/flowservice/connections", &serde_json::Value::Null).await;
    assert_eq!(inlets["items"].as_array().unwrap().len(), 2, "one for records, one for deletions");
}
