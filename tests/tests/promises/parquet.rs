//! Parquet files of all records, read by software that we did not write: hyparquet, in Node.

use anyhow::{Context, ensure};
use serde::Deserialize;
use std::collections::BTreeMap;
use stripe_xdm::delivery::parquet::{Columns, write};
use stripe_xdm_core::{Call, RecordKind, Settings, schema};
use stripe_xdm_tests::native::Native;
use stripe_xdm_tests::{corpus, node};
use xdm::render::json_schema;

/// Later than every record here.
const NOW: i64 = 1_790_000_000;

/// What `parquet.mjs` says of one dataset.
#[derive(Debug, Deserialize)]
struct Verdict {
    records: usize,
    rows: usize,
    wrong: Vec<String>,
}

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
    // Numbers are compared there, too: JavaScript reads them exactly, `serde_json` only nearly.
    let said: BTreeMap<String, Verdict> = serde_json::from_str(&node::run("parquet.mjs", work.path())?)?;
    ensure!(said.keys().eq(records.keys()), "{:?}", said.keys());
    for (dataset, verdict) in &said {
        ensure!(verdict.rows == verdict.records, "{dataset}: {verdict:?}");
        ensure!(verdict.wrong.is_empty(), "{dataset}: {:#?}", verdict.wrong);
    }
    let count: usize = said.values().map(|verdict| verdict.records).sum();
    ensure!(said.len() >= 10 && count > 1_000, "{count} records of {} datasets", said.len());
    Ok(())
}
