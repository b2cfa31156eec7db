//! `stripe-xdm quarantine`: what was kept back and why, and another try. Values of records are never shown,
//! only where they are, of what kind, and what to do.

use super::Global;
use super::settings::SettingsArgs;
use super::sync::replaced_models_write_ids;
use anyhow::bail;
use clap::{Args, Subcommand};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use stripe_xdm::lake::Lake;
use stripe_xdm::ledger::{Ledger, SqliteLedger};
use stripe_xdm::quarantine::{About, Kind, Reason};
use stripe_xdm::report::columns;
use stripe_xdm::sync::{Retried, RetryConfig, retry};

#[derive(Debug, Args)]
pub(super) struct QuarantineCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// What was kept back, and why
    List(ListArgs),
    /// Convert what was kept back once more, with the mapping as it is now, and deliver what is well
    Retry(Box<RetryArgs>),
}

#[derive(Debug, Args)]
struct ListArgs {
    /// The lake, or the directory that transform was given by --out or --quarantine
    dir: PathBuf,
    /// Only entries of this dataset; _objects for objects that could not be converted
    #[arg(long, value_name = "DATASET")]
    dataset: Option<String>,
    /// Only entries that break this rule
    #[arg(long, value_name = "RULE")]
    rule: Option<String>,
    /// Most entries to show; all are counted (and all are in --json)
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
}

#[derive(Debug, Args)]
struct RetryArgs {
    /// The lake, or the directory that transform was given by --out or --quarantine
    dir: PathBuf,
    #[command(flatten)]
    settings: SettingsArgs,
}

pub(super) fn run(global: &Global, command: QuarantineCommand) -> anyhow::Result<ExitCode> {
    match command.what {
        What::List(args) => list(global, &args),
        What::Retry(args) => again(global, &args),
    }
}

fn has_quarantine(dir: &Path) -> anyhow::Result<()> {
    if !Lake::has_ledger(dir) {
        bail!("{} has no quarantine: nothing was kept back there, or it is another directory", dir.display());
    }
    Ok(())
}

/// What breaks the same rule at the same place; positions in lists do not count.
#[derive(Debug, Serialize)]
struct Group {
    dataset: String,
    rule: String,
    pointer: String,
    entries: u64,
    message: String,
}

#[derive(Debug, Serialize)]
struct Entry {
    #[serde(flatten)]
    about: About,
    read_at: String,
}

fn list(global: &Global, args: &ListArgs) -> anyhow::Result<ExitCode> {
    has_quarantine(&args.dir)?;
    let mut ledger = SqliteLedger::open(&args.dir.join("_ledger.sqlite"))?;
    let (mut groups, mut entries, mut total) = (BTreeMap::new(), Vec::new(), 0_u64);
    let held = ledger.quarantine_counts()?;
    if let Some(dataset) = args.dataset.as_deref().filter(|name| !held.iter().any(|(held, ..)| held == name))
    {
        let held: Vec<&str> = held.iter().map(|(dataset, ..)| dataset.as_str()).collect();
        let held = if held.is_empty() { "nothing".to_owned() } else { held.join(", ") };
        bail!("--dataset {dataset}: the quarantine holds {held}");
    }
    for (dataset, ..) in held {
        if args.dataset.as_ref().is_some_and(|wanted| *wanted != dataset) {
            continue;
        }
        let mut after = 0;
        while let Some(kept) = ledger.next_quarantined(&dataset, after)? {
            after = kept.number;
            let mut about = About::of(&kept)?;
            if let Some(rule) = &args.rule {
                about.reasons.retain(|reason| reason.rule == *rule);
                if about.reasons.is_empty() {
                    continue;
                }
            }
            total += 1;
            count(&mut groups, &about);
            if global.json || entries.len() < args.limit {
                let read_at = about.read_at();
                entries.push(Entry { about, read_at });
            }
        }
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.entries));
    if global.json {
        let answer = serde_json::json!({ "total": total, "groups": groups, "entries": entries });
        say!("{answer}");
    } else if total == 0 {
        say!("The quarantine is empty.");
    } else {
        say!(
            "{}",
            columns(&["entries", "dataset", "rule", "where", "how to mend it"], groups.iter().map(row))
        );
        entries.iter().flat_map(lines).for_each(|line| say!("{line}"));
        if total > entries.len() as u64 {
            say!("{} of {total} entries; --limit shows more, --json all.", entries.len());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn count(groups: &mut BTreeMap<(String, String, String), Group>, about: &About) {
    let mut seen = Vec::new();
    for reason in &about.reasons {
        let key = (about.dataset.clone(), reason.rule.clone(), unnumbered(&reason.pointer));
        if seen.contains(&key) {
            continue;
        }
        let group = groups.entry(key.clone()).or_insert_with(|| Group {
            dataset: key.0.clone(),
            rule: key.1.clone(),
            pointer: key.2.clone(),
            entries: 0,
            message: reason.message.clone(),
        });
        group.entries += 1;
        seen.push(key);
    }
}

/// A pointer with `*` for positions in lists.
fn unnumbered(pointer: &str) -> String {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts = pointer.split('/').map(|part| if is_number(part) { "*" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

fn row(group: &Group) -> Vec<String> {
    let Group { dataset, rule, pointer, entries, message } = group;
    [&entries.to_string(), dataset, rule, pointer, message].map(|text| plain(text)).into()
}

/// A line for the entry and one for each reason.
fn lines(entry: &Entry) -> Vec<String> {
    let Entry { about, read_at } = entry;
    let object = about.object.as_deref().unwrap_or("an object without an id");
    let inside = if about.kind == Kind::Embedded { ", of an object inside it" } else { "" };
    let mut lines = vec![format!("{read_at}  {}  {object}{inside}", about.dataset)];
    lines.extend(about.reasons.iter().map(|reason| {
        let Reason { rule, pointer, kind, source, .. } = reason;
        let mut line = format!("    {rule}");
        for (word, text) in [(" at ", pointer), (": ", kind), (", made by ", source)] {
            if !text.is_empty() {
                line += word;
                line += text;
            }
        }
        line
    }));
    lines.iter().map(|line| plain(line)).collect()
}

/// Names in objects may hold anything, also what a terminal would obey.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn again(global: &Global, args: &RetryArgs) -> anyhow::Result<ExitCode> {
    has_quarantine(&args.dir)?;
    let settings = args.settings.settings()?;
    replaced_models_write_ids(&settings)?;
    let module = global.load_module()?;
    let now = jiff::Timestamp::now().as_second();
    let done = retry(&module, &RetryConfig { lake: args.dir.clone(), settings, now })?;
    if global.json {
        say!("{}", serde_json::to_string(&done)?);
    } else if !global.quiet {
        words(&done, &args.dir);
    }
    Ok(ExitCode::from(done.exit_code()))
}

fn words(done: &Retried, dir: &Path) {
    if done.tried.is_empty() {
        say!("The quarantine is empty.");
        return;
    }
    let number = |counts: &BTreeMap<String, u64>, dataset: &str| {
        counts.get(dataset).copied().unwrap_or_default().to_string()
    };
    let mut datasets: Vec<&String> =
        [&done.tried, &done.delivered, &done.quarantine].into_iter().flat_map(BTreeMap::keys).collect();
    datasets.sort();
    datasets.dedup();
    let row = |dataset: &String| {
        let counts = [&done.tried, &done.mended, &done.superseded, &done.delivered, &done.quarantine];
        std::iter::once(dataset.clone()).chain(counts.map(|counts| number(counts, dataset))).collect()
    };
    let header = ["dataset", "tried", "mended", "no longer needed", "records written", "still kept back"];
    say!("{}", columns(&header, datasets.into_iter().map(row)));
    if !done.superseded.is_empty() {
        say!("No longer needed: the lake has the same state of these objects, or a newer one.");
    }
    if !done.quarantine.is_empty() {
        say!("`stripe-xdm quarantine list {}` says why the rest stays.", dir.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_left_out_and_names_stay() {
        assert_eq!(unnumbered("/productListItems/12/currencyCode"), "/productListItems/*/currencyCode");
        assert_eq!(unnumbered("/a1/b"), "/a1/b");
        assert_eq!(unnumbered(""), "");
    }

    #[test]
    fn a_name_in_an_object_cannot_steer_the_terminal() {
        assert_eq!(plain("/a/\u{1b}[2Jb\n"), "/a/\u{fffd}[2Jb\u{fffd}");
    }
}
