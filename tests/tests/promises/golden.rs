//! The records that were written by hand from Adobe's rules come out of the module itself: in the
//! host's wasmtime and in Node. That the native core makes them is the core's own test.

use anyhow::{Context, ensure};
use serde_json::Value;
use stripe_xdm::module::{Call, Worker};
use stripe_xdm_tests::built::{module, root};
use stripe_xdm_tests::corpus::{self, SETTINGS};
use stripe_xdm_tests::framing::{answers, blocks, request, unblock};
use stripe_xdm_tests::leaves::{ENVELOPE, leaves};
use stripe_xdm_tests::{native, node};

fn golden(name: &str) -> anyhow::Result<Value> {
    let path = root().join(format!("crates/core/tests/data/golden/{name}.json"));
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}

/// The dataset of a golden file's record.
fn dataset_of(name: &str) -> String {
    match name {
        "charge" | "refund" | "payment_intent" | "dispute" => format!("stripe_{name}_events"),
        _ => format!("stripe_{name}s"),
    }
}

fn check(runtime: &str, name: &str, records: &[(String, Value)]) -> anyhow::Result<()> {
    if name == "invoice" {
        // Its state, and what became of it.
        check(runtime, "invoice_event", records)?;
    }
    let dataset = dataset_of(name);
    let (_, record) = records
        .iter()
        .find(|(found, _)| *found == dataset)
        .with_context(|| format!("{runtime}: no record of {name} for {dataset}"))?;
    let (mut found, wanted) = (leaves(record), leaves(&golden(name)?));
    found.retain(|pointer, _| !ENVELOPE.contains(&pointer.as_str()));
    if name == "subscription_event" {
        // The hand-made record shows the head only: everything that it shows must be there.
        found.retain(|pointer, _| wanted.contains_key(pointer));
    }
    ensure!(found == wanted, "{runtime}, {name}:\nfound  {found:#?}\nwanted {wanted:#?}");
    Ok(())
}

#[test]
fn wasmtime_makes_the_golden_records() -> anyhow::Result<()> {
    let module = module()?;
    let mut worker = Worker::open(&module, SETTINGS.as_bytes())?;
    for (name, text) in corpus::samples()? {
        let batch = worker.transform(&Call::default(), &[text.as_bytes()])?;
        let result = batch.objects().first().context("one result")?;
        let mut records = Vec::new();
        for record in batch.records(result) {
            let value = serde_json::from_slice(batch.bytes(record))?;
            records.push((module.dataset(record.dataset).to_owned(), value));
        }
        check("wasmtime", name, &records)?;
    }
    Ok(())
}

#[test]
fn node_makes_the_golden_records() -> anyhow::Result<()> {
    let samples = corpus::samples()?;
    let requests: Vec<_> = samples.iter().map(|(_, text)| request("", &[text])).collect();
    let dir = tempfile::tempdir()?;
    let file = |name: &str| dir.path().join(name);
    std::fs::write(file("settings.json"), SETTINGS)?;
    std::fs::write(file("call.json"), "")?;
    std::fs::write(file("requests.bin"), blocks(&requests))?;
    std::fs::write(file("texts.bin"), "")?;
    std::fs::write(file("refused.bin"), "")?;
    node::run("parity.mjs", dir.path())?;
    let raw = std::fs::read(file("raw.bin"))?;
    let datasets = native::datasets()?;
    for ((name, _), block) in samples.iter().zip(unblock(&raw)?) {
        let mut records = Vec::new();
        for record in &answers(&block[1..])?.first().context("one answer")?.records {
            let name = datasets.get(usize::from(record.dataset)).context("a known dataset")?;
            records.push((name.clone(), serde_json::from_slice(record.bytes)?));
        }
        check("Node", name, &records)?;
    }
    Ok(())
}
