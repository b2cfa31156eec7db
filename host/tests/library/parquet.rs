//! Records as Parquet: what the file holds is what the lines say, and the same lines make the same bytes.

use crate::adobe::{SANDBOX, connect};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use serde_json::{Map, Value, json};
use sha2::Digest;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stripe_xdm::delivery::parquet::{Columns, write};
use stripe_xdm::delivery::{Delivered, Delivery, DeliveryError, Options, deliver, destinations};
use stripe_xdm::ledger::{Commit, Format, Ledger, Part, SqliteLedger};
use stripe_xdm::module::{Cache, Limits, Module};
use stripe_xdm::platform::{self, Platform};
use stripe_xdm::report::Silent;
use stripe_xdm::stripe::{Client, Config, Key, Resource};
use stripe_xdm::sync::{SyncConfig, sync};
use stripe_xdm_sandbox::{API_VERSION, Account, Mode, Rate, Sandbox, Size, platform as served};
use xdm::Library;
use xdm::registry::plan::{Plan, Wishes};

const MODULE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../pkg/dist/stripe_xdm_bg.wasm");

fn module() -> Module {
    let bytes = std::fs::read(MODULE).expect("these tests need the module: run `cargo xtask module` first");
    Module::load(&bytes, Limits::default(), &Cache::none()).unwrap()
}

fn settings(model: &str) -> Map<String, Value> {
    Map::from_iter([("tenant".to_owned(), "acme".into()), ("model".to_owned(), model.into())])
}

/// The schemas of the records that the module makes.
fn library(module: &Module, model: &str) -> Library {
    let answer =
        module.ask(&json!({ "command": "schema", "settings": settings(model) }).to_string()).unwrap();
    let mut answer: Value = serde_json::from_str(&answer).unwrap();
    serde_json::from_value(answer["library"].take()).unwrap()
}

/// A lake with records of every dataset.
async fn lake(module: &Module, model: &str) -> tempfile::TempDir {
    let size =
        Size { charges: 120, customers: 60, subscriptions: 40, prices: 20, mode: Mode::Test, ..Size::demo() };
    let options = stripe_xdm_sandbox::Options { rate: Rate::Unlimited, ..Default::default() };
    let stripe = Sandbox::start(Account::seeded(7, size), options).await.unwrap();
    let client = Client::new(Config {
        base: stripe.base_url().to_owned(),
        key: Key::new(stripe.key()).unwrap(),
        timeout: None,
        version: API_VERSION.to_owned(),
        concurrency: 8,
        rate_limit: Some(100_000.0),
        endpoint_rate_limit: None,
    })
    .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let config = SyncConfig {
        lake: dir.path().to_owned(),
        resources: Resource::ALL.to_vec(),
        since: None,
        account: None,
        name: None,
        heal: None,
        settings: settings(model),
    };
    let summary = sync(Arc::new(client), module, config, Arc::new(Silent), std::future::pending()).await;
    assert_eq!(summary.unwrap().exit_code(), 0);
    dir
}

/// The files of each dataset, without those of tombstones.
fn files(lake: &Path) -> BTreeMap<String, Vec<PathBuf>> {
    let mut files: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for dataset in std::fs::read_dir(lake).unwrap().flatten() {
        let name = dataset.file_name().into_string().unwrap();
        if name.starts_with('_') {
            continue;
        }
        let paths = std::fs::read_dir(dataset.path()).unwrap().flatten().map(|file| file.path());
        let mut paths: Vec<PathBuf> =
            paths.filter(|path| !path.to_string_lossy().contains(".tombstones.")).collect();
        paths.sort();
        files.insert(name, paths);
    }
    files
}

fn lines(files: &[PathBuf]) -> Vec<Value> {
    let texts = files.iter().map(|file| std::fs::read_to_string(file).unwrap());
    texts
        .flat_map(|text| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>())
        .collect()
}

fn made(files: &[PathBuf], columns: &Columns) -> Result<Vec<u8>, DeliveryError> {
    let mut bytes = Vec::new();
    write(files, columns, &mut bytes).map(|()| bytes)
}

fn rows(bytes: Vec<u8>) -> Vec<Value> {
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
    reader.get_row_iter(None).unwrap().map(|row| object(row.unwrap())).collect()
}

fn object(row: Row) -> Value {
    let members = row.into_columns().into_iter().filter(|(_, field)| !matches!(field, Field::Null));
    members.map(|(name, field)| (name, value(&field))).collect::<Map<_, _>>().into()
}

fn value(field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(value) => json!(value),
        Field::Byte(value) => json!(value),
        Field::Short(value) => json!(value),
        Field::Int(value) => json!(value),
        Field::Long(value) => json!(value),
        Field::Double(value) => json!(value),
        Field::Str(value) => json!(value),
        Field::Date(days) => {
            let begin = jiff::civil::date(1970, 1, 1);
            json!(begin.checked_add(jiff::Span::new().days(*days)).unwrap().to_string())
        }
        Field::TimestampMillis(at) => json!(jiff::Timestamp::from_millisecond(*at).unwrap().to_string()),
        Field::Group(row) => object(row.clone()),
        Field::ListInternal(list) => list.elements().iter().map(value).collect(),
        Field::MapInternal(map) => {
            let entries = map.entries().iter();
            let entries = entries.map(|(key, field)| (value(key).as_str().unwrap().to_owned(), value(field)));
            entries.collect::<Map<_, _>>().into()
        }
        other => panic!("{other:?}"),
    }
}

/// Whether two values say the same: a whole number may be written as a decimal one.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| same(value, other)))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Number(one), Value::Number(other)) if one.is_f64() || other.is_f64() => {
            one.as_f64() == other.as_f64()
        }
        _ => one == other,
    }
}

fn assert_same(found: &[Value], wanted: &[Value], about: &str) {
    assert_eq!(found.len(), wanted.len(), "{about}");
    for (found, wanted) in found.iter().zip(wanted) {
        assert!(same(found, wanted), "{about}:\n{found}\n{wanted}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_record_of_the_default_models_comes_back_and_the_bytes_are_always_the_same() {
    let module = module();
    for model in ["standard", "relational"] {
        let (lake, library) = (lake(&module, model).await, library(&module, model));
        let datasets = files(lake.path());
        assert!(datasets.len() >= 8, "{:?}", datasets.keys());
        for (name, files) in datasets {
            let schema = library.schema(&name).unwrap();
            let schema = xdm::render::json_schema(&library, schema).unwrap();
            let schema: Value = serde_json::from_str(&schema).unwrap();
            let columns = Columns::of(&schema).unwrap();
            let bytes = made(&files, &columns).unwrap();
            assert!(bytes == made(&files, &Columns::of(&schema).unwrap()).unwrap(), "{name}: other bytes");
            assert_same(&rows(bytes), &lines(&files), &name);
        }
    }
}

fn of_type(kind: &str) -> Value {
    json!({ "type": kind })
}

fn bounded(minimum: i64, maximum: i64) -> Value {
    json!({ "type": "integer", "minimum": minimum, "maximum": maximum })
}

/// A schema with every type.
fn every_type() -> Value {
    let money = json!({ "type": "object", "properties": { "minor": bounded(-9_007_199_254_740_991, 9_007_199_254_740_991), "major": of_type("number") } });
    json!({ "type": "object", "properties": {
        "_id": of_type("string"),
        "on": of_type("boolean"),
        "byte": bounded(-128, 128), "short": bounded(-32_768, 32_768), "int": bounded(-2_147_483_648, 2_147_483_648),
        "long": { "type": "integer" }, "told": { "type": "integer", "meta:xdmType": "int" },
        "day": { "type": "string", "format": "date" }, "at": { "type": "string", "format": "date-time" },
        "_acme": { "type": "object", "properties": {
            "money": money,
            "lists": { "type": "array", "items": { "type": "array", "items": of_type("string") } },
            "lines": { "type": "array", "items": { "type": "object", "properties": {
                "n": of_type("integer"), "tags": { "type": "object", "additionalProperties": of_type("string") },
            } } },
        } },
        "identityMap": { "type": "object", "additionalProperties": { "type": "array", "items": {
            "type": "object", "properties": { "id": of_type("string"), "primary": of_type("boolean") },
        } } },
        "nothing": { "type": "object", "properties": {} },
        "anything": {},
    } })
}

fn written(dir: &tempfile::TempDir, records: &[Value]) -> Vec<PathBuf> {
    let path = dir.path().join("a.jsonl");
    std::fs::write(&path, records.iter().map(|record| format!("{record}\n")).collect::<String>()).unwrap();
    vec![path]
}

#[test]
fn every_type_comes_back_exactly() {
    let columns = Columns::of(&every_type()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let full = json!({
        "_id": "ü \"\\\n\u{1F600}", "on": false, "byte": -128, "short": 32_767, "int": -2_147_483_648_i64,
        "long": i64::MIN, "told": 7, "day": "1969-12-31", "at": "1969-12-31T23:59:59.999Z",
        "_acme": {
            "money": { "minor": 9_007_199_254_740_991_i64, "major": 0.1 },
            "lists": [["a", "b"], [], ["c"]],
            "lines": [{ "n": 1, "tags": { "k": "v", "l": "" } }, {}, { "tags": {} }, { "n": 4 }],
        },
        "identityMap": { "stripe": [{ "id": "cus_1", "primary": true }, { "id": "cus_2" }], "email": [] },
    });
    let sparse = json!({ "_id": "2", "_acme": { "money": { "major": 1e300 } } });
    let mut records = vec![json!({}), full.clone(), sparse.clone(), json!({ "long": i64::MAX })];
    // More than one piece of levels, and more than one group of rows.
    for number in 0..30_000 {
        records.push(json!({ "_id": format!("{number:0300}"), "long": number, "day": "2024-02-29" }));
        if number % 1_000 == 0 {
            records.extend([full.clone(), sparse.clone()]);
        }
    }
    let bytes = made(&written(&dir, &records), &columns).unwrap();
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes.clone())).unwrap();
    assert!(reader.metadata().num_row_groups() > 1);
    let message = reader.metadata().file_metadata().schema();
    let mut shown = Vec::new();
    parquet::schema::printer::print_schema(&mut shown, message);
    let shown = String::from_utf8(shown).unwrap();
    for column in [
        "OPTIONAL INT32 byte (INTEGER(8,true))",
        "OPTIONAL INT32 short (INTEGER(16,true))",
        "OPTIONAL INT32 int;",
        "OPTIONAL INT64 long;",
        "OPTIONAL INT32 told;",
        "OPTIONAL INT32 day (DATE)",
        "OPTIONAL INT64 at (TIMESTAMP(MILLIS,true))",
        "OPTIONAL DOUBLE major;",
        "OPTIONAL BYTE_ARRAY _id (STRING)",
        "OPTIONAL group lists (LIST)",
        "OPTIONAL group identityMap (MAP)",
    ] {
        assert!(shown.contains(column), "{column} in\n{shown}");
    }
    // Not only in this process: what was made here is what another run, or machine, makes.
    let hash = hex::encode(sha2::Sha256::digest(&bytes));
    assert_eq!(
        hash, "364863c45024e4c21170c7dca88e930aab1e649805b557acccd91178732d4d2b",
        "other bytes than before; files that are half sent are then begun anew"
    );
    assert_same(&rows(bytes), &records, "all types");
    // Moments are kept as instants, and a number may be written in more than one way.
    let odd = json!({ "at": "2026-01-02T05:04:05.1239+02:00", "int": 1e3, "short": null, "other": null });
    let even = json!({ "at": "2026-01-02T03:04:05.123Z", "int": 1_000 });
    assert_same(&rows(made(&written(&dir, &[odd]), &columns).unwrap()), &[even], "other ways");
}

#[test]
fn what_does_not_fit_is_named() {
    let columns = Columns::of(&every_type()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let id = "ab".repeat(32);
    for (record, place, why) in [
        (json!({ "_acme": { "money": { "odd": 1 } } }), "/_acme/money/odd", "no such field"),
        (json!({ "nothing": {} }), "/nothing", "no such field"),
        (json!({ "anything": 1 }), "/anything", "no such field"),
        (json!({ "byte": 128 }), "/byte", "128 is not a whole number of 8 bits"),
        (json!({ "int": 2_147_483_648_i64 }), "/int", "32 bits"),
        (json!({ "long": 0.5 }), "/long", "0.5 is not"),
        (json!({ "long": "1" }), "/long", "a text that stands there is not a whole number"),
        (json!({ "day": "2026-01-02T00:00:00Z" }), "/day", "a date"),
        (json!({ "at": "2026-01-02T00:00:00" }), "/at", "with its offset"),
        (json!({ "_acme": [] }), "/_acme", "expected an object"),
        (json!({ "_acme": "x" }), "/_acme", "invalid type: a text, expected an object"),
        (json!({ "_acme": { "lines": [{}, { "n": {} }] } }), "/_acme/lines/1/n", "an object is not"),
        (json!({ "_acme": { "lines": { "n": 1 } } }), "/_acme/lines", "expected a list"),
        (json!({ "identityMap": { "a/b": [{ "id": 1 }] } }), "/identityMap/a~1b/0/id", "1 is not a text"),
        (json!({ "identityMap": { "a": 7 } }), "/identityMap/a", "expected a list"),
    ] {
        let mut text = record.to_string();
        text.insert_str(1, &format!(r#""_id":"{id}","#));
        let path = dir.path().join("a.jsonl");
        std::fs::write(&path, format!("{{}}\n{text}\n")).unwrap();
        let error = made(&[path], &columns).unwrap_err().to_string();
        let at = format!("a.jsonl, line 2, record {id}: {place}: ");
        assert!(error.contains(&at) && error.contains(why), "{record}: {error}");
    }
    for (text, why) in
        [("{", "its text: EOF"), ("[]", "expected an object"), (r#"{"on":true,"on":true}"#, "twice")]
    {
        let path = dir.path().join("a.jsonl");
        std::fs::write(&path, text).unwrap();
        let error = made(&[path], &columns).unwrap_err().to_string();
        assert!(error.contains(why), "{text}: {error}");
    }
    assert!(Columns::of(&json!({ "type": "object" })).is_err());
}
/// A platform with a schema and a dataset for every kind of record.
async fn adobe(library: &Library) -> (served::Platform, Platform) {
    let served = served::Platform::start(served::Options::default()).await.unwrap();
    let platform = connect(&served);
    let tenant = platform::tenant(&platform, library, &|_| {}).await.unwrap();
    let wishes = Wishes { profile: false };
    let applied =
        platform::apply(&platform, library, wishes, Plan::new(library, &tenant, wishes), &|_| {}).await;
    assert!(applied.error.is_none(), "{:?}", applied.error);
    (served, platform)
}

/// A copy of a lake with its ledger.
fn copy(lake: &Path) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(lake).unwrap().flatten() {
        let to = dir.path().join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&to).unwrap();
            for file in std::fs::read_dir(entry.path()).unwrap().flatten() {
                std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
            }
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
    dir
}

async fn carry(served: &served::Platform, platform: &Platform, lake: &Path, format: Format) -> Delivery {
    let mut ledger = SqliteLedger::open(&lake.join("_ledger.sqlite")).unwrap();
    let options = Options { format, ..Options::default() };
    let to = destinations(platform, &mut ledger, &served.organization().id, SANDBOX).await.unwrap();
    deliver(platform, &mut ledger, lake, &to, &options, &|_| {}).await
}

/// What is in each dataset.
fn arrived(served: &served::Platform, delivery: &Delivery) -> BTreeMap<String, Vec<Value>> {
    let of = |done: &Delivered| (done.dataset.clone(), served.rows(SANDBOX, &done.dataset_id));
    delivery.datasets.iter().map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_formats_bring_the_same_rows() {
    let module = module();
    for model in ["standard", "relational"] {
        let (first, library) = (lake(&module, model).await, library(&module, model));
        let second = copy(first.path());
        let (json_served, json_platform) = adobe(&library).await;
        let delivery = carry(&json_served, &json_platform, first.path(), Format::JsonLines).await;
        assert!(delivery.is_whole(), "{delivery:?}");
        let wanted = arrived(&json_served, &delivery);

        let (served, platform) = adobe(&library).await;
        let delivery = carry(&served, &platform, second.path(), Format::Parquet).await;
        assert!(delivery.is_whole(), "{delivery:?}");
        let found = arrived(&served, &delivery);
        assert_eq!(found.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>());
        for (dataset, rows) in &found {
            assert!(!rows.is_empty(), "{dataset}");
            assert_same(rows, &wanted[dataset], dataset);
        }
        for done in &delivery.datasets {
            let shown = served.batches(SANDBOX, &done.dataset_id);
            assert!(shown.iter().all(|batch| batch["inputFormat"] == json!({ "format": "parquet" })));
            assert!(served.unknown_fields(SANDBOX, &done.dataset_id).is_empty());
        }
        // Nothing is left of the files.
        let left =
            std::fs::read_dir(second.path().join("_outbox")).map_or(0, |files| files.flatten().count());
        assert_eq!(left, 0);
    }
}

/// A lake with one file of charges, and a platform for it.
async fn charges(records: &[Value]) -> (tempfile::TempDir, served::Platform, Platform) {
    let module = module();
    let library = library(&module, "standard");
    let (served, platform) = adobe(&library).await;
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("stripe_charge_events")).unwrap();
    let path = "stripe_charge_events/acct_1-000001-00000.jsonl".to_owned();
    let text: String = records.iter().map(|record| format!("{record}\n")).collect();
    std::fs::write(dir.path().join(&path), &text).unwrap();
    let mut ledger = SqliteLedger::open(&dir.path().join("_ledger.sqlite")).unwrap();
    let account = ledger.account("acct_1", false).unwrap();
    let run = ledger.begin_run(account, 1_000, "module").unwrap();
    let part = Part {
        dataset: "stripe_charge_events".to_owned(),
        path,
        records: records.len() as u64,
        bytes: text.len() as u64,
    };
    ledger.commit(&Commit { account, run, parts: vec![part], ..Commit::default() }).unwrap();
    (dir, served, platform)
}

fn charge(number: u8) -> Value {
    json!({ "_id": hex::encode([number; 32]), "timestamp": "2026-01-02T03:04:05Z" })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_goes_on_as_it_was_planned_and_what_breaks_off_is_made_again() {
    let (dir, served, platform) = charges(&[charge(1), charge(2)]).await;
    // It breaks off behind the batch's making; what a crash leaves of its file is swept.
    served.set_faults("PUT /data/foundation/import:503@1-99".parse().unwrap());
    let delivery = carry(&served, &platform, dir.path(), Format::Parquet).await;
    assert!(delivery.error.is_some(), "{delivery:?}");
    std::fs::create_dir_all(dir.path().join("_outbox")).unwrap();
    std::fs::write(dir.path().join("_outbox/left.parquet"), "PAR1").unwrap();
    served.set_faults(served::Faults::default());

    let delivery = carry(&served, &platform, dir.path(), Format::JsonLines).await;
    assert!(delivery.is_whole(), "{delivery:?}");
    assert!(!dir.path().join("_outbox/left.parquet").exists());
    let dataset = &delivery.datasets[0].dataset_id;
    assert_eq!(served.rows(SANDBOX, dataset), [charge(1), charge(2)]);
    let batches = served.batches(SANDBOX, dataset);
    assert_eq!((batches.len(), &batches[0]["inputFormat"]), (1, &json!({ "format": "parquet" })));
    let files = served.files(SANDBOX, batches[0]["id"].as_str().unwrap()).unwrap();
    assert_eq!(files.len(), 1);
    assert!(files[0].0 == "part-00000.parquet" && files[0].1.starts_with(b"PAR1"), "{}", files[0].0);
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_rows_are_joined_and_rows_without_a_column_wait_for_another_format() {
    // The time that an event must have is missing: Platform refuses the row.
    let mut timeless = charge(2);
    timeless.as_object_mut().unwrap().remove("timestamp");
    let (dir, served, platform) = charges(&[charge(1), timeless.clone()]).await;
    let delivery = carry(&served, &platform, dir.path(), Format::Parquet).await;
    assert_eq!((delivery.datasets[0].rows, delivery.datasets[0].refused), (1, 1), "{delivery:?}");
    let mut ledger = SqliteLedger::open(&dir.path().join("_ledger.sqlite")).unwrap();
    let kept = ledger.next_quarantined("stripe_charge_events", 0).unwrap().unwrap();
    assert_eq!(String::from_utf8(kept.record).unwrap(), timeless.to_string());

    let mut odd = charge(2);
    odd["unheardOf"] = json!(1);
    let (dir, served, platform) = charges(&[charge(1), odd]).await;
    let delivery = carry(&served, &platform, dir.path(), Format::Parquet).await;
    let done = &delivery.datasets[0];
    assert_eq!((done.failed, done.rows), (1, 0), "{delivery:?}");
    let note = done.notes.join("\n");
    assert!(note.contains(&hex::encode([2; 32])) && note.contains(": /unheardOf: "), "{note}");
    assert!(served.rows(SANDBOX, &done.dataset_id).is_empty());
    // The next attempt is of the format that is asked for by then.
    let delivery = carry(&served, &platform, dir.path(), Format::JsonLines).await;
    assert!(delivery.is_whole(), "{delivery:?}");
    assert_eq!(served.rows(SANDBOX, &delivery.datasets[0].dataset_id).len(), 2);
}
