//! What went to Experience Platform, for people.

use super::{columns, count, counted, duration, moment};
use crate::delivery::{Delivered, Delivery};

/// A line for each dataset, and below what is to be known about them.
pub fn delivery_text(delivery: &Delivery) -> String {
    let mut lines = Vec::new();
    if delivery.datasets.iter().any(|one| !one.is_idle()) {
        let header = ["dataset", "batches", "rows", "refused", "open", "failed", "waiting"];
        lines.push(columns(&header, delivery.datasets.iter().map(row)));
    } else if delivery.error.is_none() && !delivery.interrupted {
        lines.push("Experience Platform has all that the lake holds.".to_owned());
    }
    for one in &delivery.datasets {
        lines.extend(one.notes.iter().map(|note| format!("{}: {note}", one.dataset)));
        if let Some(due) = one.waiting.due {
            let rows = counted(one.waiting.records, "row");
            lines.push(format!("{}: {rows} wait for the batch of {}", one.dataset, moment(due)));
        }
        if one.deletions > 0 {
            lines.push(format!(
                "{}: {} carried into Profile",
                one.dataset,
                counted(one.deletions, "deletion")
            ));
        }
    }
    let refused: u64 = delivery.datasets.iter().map(|one| one.refused).sum();
    if refused > 0 {
        lines.push(format!(
            "{} refused by Experience Platform: `stripe-xdm quarantine list` says why",
            counted(refused, "row")
        ));
    }
    if delivery.datasets.iter().any(|one| one.open > 0) {
        lines.push(format!(
            "Experience Platform still works on batches after {}; the next delivery looks again.",
            duration(delivery.patience.as_secs().try_into().unwrap_or(i64::MAX))
        ));
    }
    lines.extend(delivery.budget.clone());
    if delivery.interrupted {
        lines.push("Interrupted; the same command goes on from there.".to_owned());
    }
    if let Some(error) = &delivery.error {
        lines.push(format!("FAILED {error}"));
        lines.push("The same command goes on from there; nothing is sent twice.".to_owned());
    }
    lines.join("\n")
}

fn row(one: &Delivered) -> Vec<String> {
    let mut row = vec![one.dataset.clone()];
    let counts = [one.batches, one.rows, one.refused, one.open, one.failed, one.waiting.records];
    row.extend(counts.map(count));
    row
}

/// The same of one dataset in few words.
pub fn delivered_words(one: &Delivered) -> String {
    let mut words = format!("{} delivered in {}", counted(one.rows, "row"), counted_batches(one.batches));
    for (number, what) in [
        (one.refused, "refused"),
        (one.open, "batches open"),
        (one.failed, "batches failed"),
        (one.waiting.records, "waiting"),
    ] {
        if number > 0 {
            words.push_str(&format!(", {} {what}", count(number)));
        }
    }
    words
}

fn counted_batches(number: u64) -> String {
    if number == 1 { "1 batch".to_owned() } else { format!("{} batches", count(number)) }
}
