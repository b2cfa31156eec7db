//! From the lake to the sandbox's Experience Platform and back: whatever breaks off, every row is there once, and the
//! ledger and the quarantine say the same.

use crate::adobe::{SANDBOX, call, connect};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use stripe_xdm::delivery::{Delivery, Options, deliver, destinations};
use stripe_xdm::ledger::{
    BatchState, Commit, Delivered, Ledger, Outbox, Part, Source, SqliteLedger, Version,
};
use stripe_xdm::platform::Platform;
use stripe_xdm_sandbox::platform as served;

const EVENT: &str = "https://ns.adobe.com/xdm/context/experienceevent";

/// A lake with a ledger, and a platform with a dataset for it.
struct Scene {
    dir: tempfile::TempDir,
    served: served::Platform,
    platform: Platform,
    dataset: String,
    group: String,
    org: String,
}

async fn scene() -> Scene {
    let served = served::Platform::start(served::Options::default()).await.unwrap();
    let registry = "/data/foundation/schemaregistry/tenant";
    let fields = json!({ "_acme": { "type": "object", "properties": {
        "amount": { "type": "integer" }, "state": { "type": "string", "enum": ["open"] },
    } } });
    let group = json!({
        "title": "Fields", "description": "", "type": "object", "meta:intendedToExtend": [EVENT],
        "definitions": { "customFields": { "type": "object", "properties": fields } },
        "allOf": [{ "$ref": "#/definitions/customFields" }],
    });
    let group = call(&served, "POST", &format!("{registry}/fieldgroups"), &group).await;
    let schema = json!({
        "title": "Charges", "description": "", "type": "object",
        "allOf": [{ "$ref": EVENT }, { "$ref": group["$id"].as_str().expect("a field group") }],
    });
    let schema = call(&served, "POST", &format!("{registry}/schemas"), &schema).await;
    let dataset = json!({
        "name": "charges", "enableErrorDiagnostics": true,
        "schemaRef": { "id": schema["$id"], "contentType": "application/vnd.adobe.xed-full-notext+json; version=1" },
    });
    let dataset = call(&served, "POST", "/data/foundation/catalog/dataSets", &dataset).await;
    let dataset = dataset[0].as_str().expect("a dataset").trim_start_matches("@/dataSets/").to_owned();
    let org = served.organization().id;
    let platform = connect(&served);
    let group = group["meta:altId"].as_str().expect("a name").to_owned();
    Scene { dir: tempfile::tempdir().unwrap(), served, platform, dataset, group, org }
}

fn record(number: u32, amount: Value) -> String {
    let id = hex::encode(id(number));
    // A record begins with its id.
    format!(r#"{{"_id":"{id}","timestamp":"2026-01-02T03:04:05Z","_acme":{{"amount":{amount}}}}}"#)
}

fn id(number: u32) -> [u8; 32] {
    let mut id = [7; 32];
    id[..4].copy_from_slice(&number.to_be_bytes());
    id
}

impl Scene {
    fn lake(&self) -> &Path {
        self.dir.path()
    }

    fn ledger(&self) -> SqliteLedger {
        SqliteLedger::open(&self.lake().join("_ledger.sqlite")).unwrap()
    }

    /// A run that writes files of a hundred rows, those in `bad` of the wrong type.
    fn sync(&self, files: std::ops::Range<u32>, bad: &[u32]) {
        let mut ledger = self.ledger();
        let account = ledger.account("acct_1", false).unwrap();
        let run = ledger.begin_run(account, 1_000, "module").unwrap();
        std::fs::create_dir_all(self.lake().join("charges")).unwrap();
        let (mut parts, mut delivered) = (Vec::new(), Vec::new());
        for file in files {
            let numbers = file * 100..file * 100 + 100;
            let amount =
                |number| if bad.contains(&number) { json!({ "no": "integer" }) } else { json!(number) };
            let text: String = numbers.clone().map(|number| record(number, amount(number)) + "\n").collect();
            let path = format!("charges/acct_1-{run:06}-{file:05}.jsonl");
            std::fs::write(self.lake().join(&path), &text).unwrap();
            parts.push(Part { dataset: "charges".to_owned(), path, records: 100, bytes: text.len() as u64 });
            let source = Source { digest: [0; 16], version: Version::of_page(1_000) };
            let of = |number| Delivered { dataset: "charges".to_owned(), id: id(number), source };
            delivered.extend(numbers.map(of));
        }
        ledger.commit(&Commit { account, run, parts, delivered, ..Commit::default() }).unwrap();
    }

    async fn deliver(&self) -> Delivery {
        self.deliver_as(&Options::default()).await
    }

    async fn deliver_as(&self, options: &Options) -> Delivery {
        let mut ledger = self.ledger();
        match destinations(&self.platform, &mut ledger, &self.org, SANDBOX).await {
            Ok(to) => deliver(&self.platform, &mut ledger, self.lake(), &to, options, &|_| {}).await,
            Err(error) => Delivery { error: Some(error), ..Delivery::default() },
        }
    }

    /// How often each record is in the dataset.
    fn rows(&self) -> BTreeMap<String, u32> {
        let mut rows = BTreeMap::new();
        for row in self.served.rows(SANDBOX, &self.dataset) {
            *rows.entry(row["_id"].as_str().expect("an id").to_owned()).or_default() += 1;
        }
        rows
    }

    fn assert_once(&self, numbers: impl Iterator<Item = u32>, about: &str) {
        let expected: BTreeMap<_, _> = numbers.map(|number| (hex::encode(id(number)), 1)).collect();
        let found = self.rows();
        assert!(found == expected, "{about}: {} of {} rows", found.len(), expected.len());
    }
}

#[tokio::test]
async fn what_the_lake_holds_is_delivered_once_and_refused_rows_are_kept_back() {
    let scene = scene().await;
    scene.sync(0..3, &[42, 142]);
    let delivery = scene.deliver().await;
    assert!(delivery.error.is_none(), "{delivery:?}");
    let done = &delivery.datasets[0];
    assert_eq!((done.batches, done.rows, done.refused, done.open), (1, 298, 2, 0), "{delivery:?}");
    scene.assert_once((0..300).filter(|number| ![42, 142].contains(number)), "the first time");
    let mut ledger = scene.ledger();
    assert_eq!(ledger.quarantine_counts().unwrap()[0].1, 2);
    let kept = ledger.next_quarantined("charges", 0).unwrap().unwrap();
    assert_eq!(String::from_utf8(kept.record).unwrap(), record(42, json!({ "no": "integer" })));
    assert!(kept.about.contains("Experience Platform refused the row"), "{}", kept.about);
    assert_eq!(ledger.delivered("charges", &id(42)).unwrap(), None);
    drop(ledger);

    // Nothing is left to do; what comes later goes by itself.
    assert_eq!(scene.deliver().await.datasets[0].batches, 0);
    scene.sync(3..4, &[]);
    assert_eq!(scene.deliver().await.datasets[0].rows, 100);
    scene.assert_once((0..400).filter(|number| ![42, 142].contains(number)), "the second time");
}

#[tokio::test]
async fn whatever_breaks_off_every_row_is_there_once() {
    let faults = [
        "POST /data/foundation/import/batches:close-after@1",
        "POST /data/foundation/import/batches:close-after@1-5",
        "POST /data/foundation/import/batches:truncate-after@1",
        "POST /data/foundation/import/batches:503@1-9",
        "POST /data/foundation/import/batches:after500@2",
        "POST /data/foundation/import/batches:close-after@2-6",
        "PUT /data/foundation/import:close-after@1-5",
        "PUT /data/foundation/import:cut@1",
        "PUT /data/foundation/import:empty401@1",
        "PUT /data/foundation/import:401@1-2",
        "PUT /data/foundation/import:retry-after:1s@1",
        "GET /data/foundation/catalog/batches:html502@1-8",
        "POST /data/foundation/import/batches:batch-retrying@1",
        "POST /data/foundation/import/batches:batch-odd@1",
        "POST /data/foundation/import/batches:batch-failed@1",
    ];
    for fault in faults {
        let scene = scene().await;
        scene.sync(0..2, &[]);
        scene.served.set_faults(fault.parse().unwrap());
        let mut runs = 0;
        while !{
            let delivery = scene.deliver().await;
            delivery.is_whole()
        } {
            runs += 1;
            assert!(runs < 6, "{fault}: never whole");
        }
        scene.assert_once(0..200, fault);
        let mut ledger = scene.ledger();
        let to = destinations(&scene.platform, &mut ledger, &scene.org, SANDBOX).await.unwrap();
        let target = ledger.target(&to[0].target).unwrap();
        let active = ledger.count_batches(target).unwrap();
        assert!(active.contains(&(BatchState::Active, 1)), "{fault}: {active:?}");
    }
}

#[tokio::test]
async fn a_long_file_goes_up_in_parts_and_on_behind_what_is_there() {
    let file = "/data/foundation/import/batches";
    let faults = [
        String::new(),
        "PATCH /data/foundation/import:close-after@2-9".to_owned(),
        "PATCH /data/foundation/import:cut@2".to_owned(),
        "PATCH /data/foundation/import:503@1-9".to_owned(),
        "PATCH /data/foundation/import:empty401@3".to_owned(),
        // The first makes the batch, the second begins the file, the third ends it.
        format!("POST {file}:close-after@2-3"),
        format!("POST {file}:after500@3"),
    ];
    for fault in faults {
        let scene = scene().await;
        scene.sync(0..2, &[]);
        scene.served.set_faults(fault.parse().unwrap());
        // Two hundred rows have some twenty thousand bytes.
        let options = Options { largest_request: 5_000, ..Options::default() };
        let mut runs = 0;
        while !scene.deliver_as(&options).await.is_whole() {
            runs += 1;
            assert!(runs < 6, "{fault}: never whole");
        }
        scene.assert_once(0..200, &fault);
        let parts = scene.served.requests().into_iter().filter(|asked| asked.method == "PATCH");
        let parts: Vec<_> = parts.filter(|asked| asked.changed).collect();
        assert!(parts.len() >= 4, "{fault}: {} parts", parts.len());
        let batch = scene.served.batches(SANDBOX, &scene.dataset)[0]["id"].as_str().unwrap().to_owned();
        let (_, held) = scene.served.files(SANDBOX, &batch).unwrap().remove(0);
        let lake = std::fs::read_dir(scene.lake().join("charges")).unwrap();
        let mut lake: Vec<_> = lake.map(|file| file.unwrap().path()).collect();
        lake.sort();
        let sent: Vec<u8> = lake.iter().flat_map(|file| std::fs::read(file).unwrap()).collect();
        assert!(held == sent, "{fault}: {} of {} bytes", held.len(), sent.len());
    }
}

#[tokio::test]
async fn a_restored_ledger_adopts_what_is_there() {
    let scene = scene().await;
    scene.sync(0..2, &[]);
    let path = scene.lake().join("_ledger.sqlite");
    let before = std::fs::read(&path).unwrap();
    assert!(scene.deliver().await.is_whole());
    for companion in ["_ledger.sqlite-wal", "_ledger.sqlite-shm"] {
        let _none = std::fs::remove_file(scene.lake().join(companion));
    }
    std::fs::write(&path, before).unwrap();
    assert!(scene.deliver().await.is_whole());
    scene.assert_once(0..200, "after the ledger was restored");
    assert_eq!(scene.served.batches(SANDBOX, &scene.dataset).len(), 1);
}

#[tokio::test]
async fn a_replayed_batch_takes_the_place_of_its_rows_and_brings_those_that_are_well_now() {
    let scene = scene().await;
    scene.sync(0..1, &[7]);
    let path = scene.lake().join("charges/acct_1-000001-00000.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    // A value that the schema does not know yet. The file's length is the ledger's.
    let text = text.replace(r#""amount":50}"#, r#""state":"x"}"#);
    std::fs::write(&path, text).unwrap();
    let first = scene.deliver().await;
    assert_eq!((first.datasets[0].rows, first.datasets[0].refused), (98, 2), "{first:?}");
    let batch = scene.served.batches(SANDBOX, &scene.dataset)[0]["id"].as_str().unwrap().to_owned();

    let change = json!([{
        "op": "replace", "value": ["open", "x"],
        "path": "/definitions/customFields/properties/_acme/properties/state/enum",
    }]);
    let path = format!("/data/foundation/schemaregistry/tenant/fieldgroups/{}", scene.group);
    let changed = call(&scene.served, "PATCH", &path, &change).await;
    assert!(changed["$id"].is_string(), "{changed}");
    let unknown = scene.deliver_as(&Options { replay: vec!["01X".to_owned()], ..Options::default() }).await;
    assert!(unknown.error.is_some_and(|error| error.to_string().contains("--replay 01X")));
    // Told of twice, it is done once; and where the answer got lost, what is there is adopted.
    scene.served.set_faults("POST /data/foundation/import/batches:close-after@1".parse().unwrap());
    let options = Options { replay: vec![batch.clone()], ..Options::default() };
    let second = scene.deliver_as(&options).await;
    assert_eq!((second.datasets[0].rows, second.datasets[0].refused), (99, 1), "{second:?}");
    scene.assert_once((0..100).filter(|number| *number != 7), "after the replay");
    let mut ledger = scene.ledger();
    assert_eq!(ledger.quarantine_counts().unwrap()[0].1, 1);
    let kept = ledger.next_quarantined("charges", 0).unwrap().unwrap();
    assert_eq!(kept.id, id(7));
    drop(ledger);
    let third = scene.deliver_as(&options).await;
    assert!(third.datasets[0].notes[0].contains("is replaced"), "{third:?}");
    scene.assert_once((0..100).filter(|number| *number != 7), "after another");
}
