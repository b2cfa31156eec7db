//! Reading a lake as its users would: whole files of whole JSON lines.

use crate::stand_in::DATASETS;
use anyhow::{Context, bail, ensure};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The records of each dataset; tombstones left out.
pub type Records = BTreeMap<String, Vec<Value>>;

/// Every file of records that is visible at the moment.
pub fn visible(lake: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for dir in datasets(lake)? {
        for file in std::fs::read_dir(dir)? {
            let path = file?.path();
            if path.extension().is_some_and(|extension| extension == "jsonl") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The lines of one file; fails unless the file is whole.
pub fn lines(path: &Path) -> anyhow::Result<Vec<Value>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    ensure!(text.ends_with('\n'), "{} does not end with its last line", path.display());
    let parse = |line| serde_json::from_str(line).with_context(|| format!("{}: {line}", path.display()));
    text.lines().map(parse).collect()
}

/// Everything in a lake at rest; fails when anything is there that is no file of records.
pub fn read(lake: &Path) -> anyhow::Result<Records> {
    let mut records = Records::new();
    for dir in datasets(lake)? {
        let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for file in std::fs::read_dir(&dir)? {
            let path = file?.path();
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            if file.starts_with('.') || !file.ends_with(".jsonl") {
                bail!("{} was left behind", path.display());
            }
            if !file.ends_with(".tombstones.jsonl") {
                records.entry(name.clone()).or_default().extend(lines(&path)?);
            }
        }
    }
    Ok(records)
}

/// The Stripe ids of the records; fails when a record is there twice.
pub fn ids(records: &Records) -> anyhow::Result<BTreeMap<&'static str, BTreeSet<String>>> {
    let known: BTreeSet<&str> = DATASETS.iter().map(|(dataset, ..)| *dataset).collect();
    let odd = records.keys().find(|dataset| !known.contains(dataset.as_str()));
    ensure!(odd.is_none(), "a sync filled {odd:?}");
    let mut ids = BTreeMap::new();
    for (dataset, _, pointer) in DATASETS {
        let (mut found, mut names) = (BTreeSet::new(), BTreeSet::new());
        for record in records.get(dataset).into_iter().flatten() {
            let id = record.pointer(pointer).and_then(Value::as_str);
            let id = id.with_context(|| format!("{dataset}: a record without {pointer}"))?;
            ensure!(found.insert(id.to_owned()), "{dataset} holds {id} twice");
            let name = record["_id"].as_str().with_context(|| format!("{dataset}: {id} has no _id"))?;
            ensure!(names.insert(name), "{dataset} holds _id {name} twice");
        }
        ids.insert(dataset, found);
    }
    Ok(ids)
}

/// Fails unless a lake holds exactly the wanted ids, each once.
pub fn check(lake: &Path, wanted: &BTreeMap<&'static str, BTreeSet<String>>) -> anyhow::Result<()> {
    let found = ids(&read(lake)?)?;
    for (dataset, wanted) in wanted {
        let found = &found[dataset];
        let missing: Vec<_> = wanted.difference(found).take(5).collect();
        let extra: Vec<_> = found.difference(wanted).take(5).collect();
        ensure!(
            missing.is_empty() && extra.is_empty(),
            "{dataset}: {} of {} found; missing {missing:?}, not expected {extra:?}",
            found.len(),
            wanted.len()
        );
    }
    Ok(())
}

/// The report of the newest run.
pub fn last_run(lake: &Path) -> anyhow::Result<Value> {
    let files = std::fs::read_dir(lake.join("_runs"))?.map(|file| Ok(file?.path()));
    let newest = files.collect::<std::io::Result<Vec<_>>>()?.into_iter().max_by_key(|path| number(path));
    Ok(serde_json::from_slice(&std::fs::read(newest.context("no run was recorded")?)?)?)
}

/// Runs are numbered at the end of their names: several may start within one second.
fn number(path: &Path) -> Option<u64> {
    path.file_stem()?.to_str()?.rsplit('-').next()?.parse().ok()
}

/// Every file below a directory, of whatever kind.
pub fn all_files(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => files.extend(all_files(&entry.path())?),
            false => files.push(entry.path()),
        }
    }
    Ok(files)
}

fn datasets(lake: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut dirs = Vec::new();
    // While a first run starts there is no lake yet.
    let Ok(entries) = std::fs::read_dir(lake) else { return Ok(dirs) };
    for entry in entries {
        let entry = entry?;
        let own = entry.file_name().to_string_lossy().starts_with('_');
        if !own && entry.file_type()?.is_dir() {
            dirs.push(entry.path());
        }
    }
    Ok(dirs)
}
