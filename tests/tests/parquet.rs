//! Parquet files of all records, read by software that we did not write: hyparquet, in Node.

use anyhow::{Context, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use stripe_xdm::delivery::parquet::{Columns, write};
use stripe_xdm_core::{Call, RecordKind, Settings, schema};
use stripe_xdm_tests::native::Native;
use stripe_xdm_tests::{corpus, node};
use xdm::render::json_schema;

/// Later than every record here.
const NOW: i64 = 1_790_000_000;

#[test]
fn others_read_what_the_lines_say() -> anyhow::Result<()> {
    let mut native = Native::open(corpus::SETTINGS)?;
    let call = Call { observed_at: Some(NOW), ..Call::default() };
    let mut records: BTreeMap<String, String> = BTreeMap::new();
    for object in corpus::varied(11, 2_000)? {
        let (_, output) = native.transform(&call, object.as_bytes());
        let valid = output.records.iter().filter(|one| one.valid && one.kind != RecordKind::Tombstone);
        let lines: Vec<_> = valid.map(|one| (one.dataset, output.bytes[one.span.clone()].to_vec())).collect();
        for (dataset, line) in lines {
            let of_dataset = records.entry(native.dataset(dataset).to_owned()).or_default();
            of_dataset.push_str(&String::from_utf8(line)?);
            of_dataset.push('\n');
        }
    }
    let (library, work) = (schema::library(&Settings::of_tenant("acme"))?, tempfile::tempdir()?);
    for (dataset, lines) in &records {
        let schema = library.schema(dataset).context("every dataset has its schema")?;
        let columns = Columns::of(&serde_json::from_str(&json_schema(&library, schema)?)?)?;
        let path = work.path().join(format!("{dataset}.jsonl"));
        std::fs::write(&path, lines)?;
        let file = std::fs::File::create(work.path().join(format!("{dataset}.parquet")))?;
        write(&[path], &columns, file)?;
    }
    node::run("parquet.mjs", work.path())?;

    let mut count = 0;
    for (dataset, lines) in &records {
        let read = std::fs::read_to_string(work.path().join(format!("{dataset}.parquet.jsonl")))?;
        let values = |text: &str| text.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>();
        let (read, wanted) = (values(&read)?, values(lines)?);
        ensure!(read.len() == wanted.len(), "{dataset}: {} of {} rows", read.len(), wanted.len());
        for (read, wanted) in read.iter().zip(&wanted) {
            ensure!(same(read, wanted), "{dataset}:\n{read}\n{wanted}");
        }
        count += wanted.len();
    }
    ensure!(records.len() >= 10 && count > 1_000, "{count} records of {} datasets", records.len());
    Ok(())
}

/// Whether two values say the same, in the words of JavaScript: it has one kind of number, and days are moments.
fn same(read: &Value, wanted: &Value) -> bool {
    match (read, wanted) {
        (Value::Object(read), Value::Object(wanted)) => {
            read.len() == wanted.len()
                && wanted.iter().all(|(name, value)| read.get(name).is_some_and(|read| same(read, value)))
        }
        (Value::Array(read), Value::Array(wanted)) => {
            read.len() == wanted.len() && read.iter().zip(wanted).all(|(read, wanted)| same(read, wanted))
        }
        (Value::Number(read), Value::Number(wanted)) => read.as_f64() == wanted.as_f64(),
        (Value::String(read), Value::String(wanted)) => {
            read == wanted || read.strip_suffix("T00:00:00Z") == Some(wanted)
        }
        _ => read == wanted,
    }
}
