//! The table at the end of a sync.

use super::proof::proof_lines;
use crate::sync::{ResourceSummary, Summary};
use comfy_table::{Cell, CellAlignment, Table, presets};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The summary as a table, what needs attention below it, and where to look.
pub fn summary_table(summary: &Summary, lake: &std::path::Path) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    // Most runs keep nothing back, and the table is wide enough.
    let kept_back = summary.resources.values().any(|r| r.held_back() > 0);
    let mut header = vec!["resource", "objects", "new records"];
    header.extend(kept_back.then_some("quarantined"));
    header.extend(["unchanged", "skipped", "failed", "warnings", "unmapped"]);
    table.set_header(header);
    for (name, resource) in &summary.resources {
        let number = |n: u64| Cell::new(n).set_alignment(CellAlignment::Right);
        let mut row =
            vec![Cell::new(name), number(resource.objects), Cell::new(per_dataset(&resource.records))];
        row.extend(kept_back.then(|| Cell::new(per_dataset(&resource.quarantined))));
        row.extend([
            number(resource.unchanged),
            number(resource.skipped),
            number(resource.failed),
            number(resource.warnings.values().sum()),
            number(resource.unmapped.len() as u64),
        ]);
        table.add_row(row);
    }
    let objects: u64 = summary.resources.values().map(|r| r.objects).sum();
    let rate = objects as f64 / summary.seconds.max(0.001);
    let mut text = format!("{table}\n");
    // Writing into a String cannot fail.
    let mut line = |arguments: std::fmt::Arguments<'_>| {
        let _infallible = writeln!(text, "{arguments}");
    };
    line(format_args!(
        "{objects} objects in {:.1} s ({rate:.0}/s), account {}",
        summary.seconds, summary.account
    ));
    for proof in proof_lines(&summary.units) {
        line(format_args!("{proof}"));
    }
    for (name, resource) in &summary.resources {
        for error in &resource.errors {
            line(format_args!("FAILED {name}: {error}"));
        }
        if let Some(warnings) = most(&resource.warnings) {
            line(format_args!("warnings {name}: {warnings}"));
        }
        if let Some(unmapped) = most(&resource.unmapped) {
            line(format_args!("unmapped {name}: {unmapped}"));
        }
    }
    let held: Vec<_> = summary.quarantine.iter().map(|(set, n)| format!("{n} {set}")).collect();
    if !held.is_empty() {
        let lake = lake.display();
        line(format_args!("kept back: {} in {lake}/_quarantine", held.join(", ")));
        line(format_args!("`stripe-xdm quarantine list {lake}` says why; `… retry` tries them again"));
    }
    if let Some(errors) = &summary.errors_file {
        line(format_args!("failed objects: {errors}"));
    }
    if summary.interrupted {
        line(format_args!("Interrupted; run the same command again to continue."));
    }
    line(format_args!("records: {}/<dataset>/*.jsonl", lake.display()));
    line(format_args!("this run: {}/_runs/{}.json", lake.display(), summary.run));
    line(format_args!("module: {}", summary.module_sha256));
    text
}

/// `12 stripe_prices`, a line each.
fn per_dataset(counts: &BTreeMap<String, u64>) -> String {
    let lines: Vec<_> = counts.iter().map(|(dataset, count)| format!("{count} {dataset}")).collect();
    if lines.is_empty() { "0".to_owned() } else { lines.join("\n") }
}

/// The most frequent entries, as `name (count)`.
fn most(counts: &BTreeMap<String, u64>) -> Option<String> {
    let mut sorted: Vec<_> = counts.iter().collect();
    sorted.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), name.as_str().to_owned()));
    let shown: Vec<_> = sorted.iter().take(5).map(|(name, count)| format!("{name} ({count})")).collect();
    let rest = sorted.len().saturating_sub(shown.len());
    match (shown.is_empty(), rest) {
        (true, _) => None,
        (_, 0) => Some(shown.join(", ")),
        (_, rest) => Some(format!("{} and {rest} more in the run's file", shown.join(", "))),
    }
}

impl ResourceSummary {
    /// Records written, over all datasets.
    pub fn written(&self) -> u64 {
        self.records.values().sum()
    }
}
