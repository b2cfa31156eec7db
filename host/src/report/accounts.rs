//! The table at the end of a sync of several accounts.

use super::columns;
use crate::sync::{Ended, Summary, Total};
use std::path::Path;

/// A line for each account, what went wrong below them, and the sum.
pub fn accounts_table(ended: &[Ended], lake: &Path) -> String {
    let total = Total::of(ended);
    let mut rows: Vec<Vec<String>> = ended.iter().map(row).collect();
    let sum = [format!("{} accounts", total.accounts), total.objects.to_string(), total.records.to_string()];
    let outcome = format!("{} well, {} partly, {} failed", total.well, total.partly, total.failed);
    rows.push(sum.into_iter().chain([String::new(), outcome]).collect());
    let header = ["account", "objects", "new records", "kept back", "outcome"];
    let mut text = columns(&header, rows);
    text.push('\n');
    for Ended { name, result } in ended {
        match result {
            Err(error) => text += &format!("FAILED {name}: {error}\n"),
            Ok(summary) => {
                for (resource, of) in &summary.resources {
                    for error in &of.errors {
                        text += &format!("FAILED {name}, {resource}: {error}\n");
                    }
                }
            }
        }
    }
    text += &format!("records: {0}/<dataset>/*.jsonl\nthese runs: {0}/_runs\n", lake.display());
    text
}

fn row(ended: &Ended) -> Vec<String> {
    let name = |summary: &Summary| match summary.account == ended.name {
        true => ended.name.clone(),
        false => format!("{} ({})", ended.name, summary.account),
    };
    let Ok(summary) = &ended.result else {
        let none = || "-".to_owned();
        return vec![ended.name.clone(), none(), none(), none(), "FAILED".to_owned()];
    };
    let sum = |of: fn(&crate::sync::ResourceSummary) -> u64| {
        summary.resources.values().map(of).sum::<u64>().to_string()
    };
    let outcome = match summary.exit_code() {
        _ if summary.interrupted => "interrupted",
        0 => "well",
        2 => "partly",
        _ => "FAILED",
    };
    vec![
        name(summary),
        sum(|resource| resource.objects),
        sum(crate::sync::ResourceSummary::written),
        sum(|resource| resource.failed + resource.held_back()),
        outcome.to_owned(),
    ]
}
