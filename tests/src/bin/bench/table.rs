//! The benchmark's tables.

use comfy_table::{Cell, CellAlignment, Table, presets};
use std::collections::BTreeMap;

/// One path's rounds.
pub(crate) struct Row {
    name: String,
    least: f64,
    median: f64,
}

impl Row {
    /// From the nanoseconds for one object of each round.
    pub(crate) fn new(name: &str, mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let at = |index: usize| samples.get(index).copied().unwrap_or(f64::NAN);
        Self { name: name.to_owned(), least: at(0), median: at(samples.len() / 2) }
    }
}

/// All paths, with the ratio of their least times to those of some rows.
pub(crate) fn against(rows: &[Row], yardsticks: &[usize]) -> Table {
    let yardsticks: Vec<&Row> = yardsticks.iter().filter_map(|index| rows.get(*index)).collect();
    let mut header = vec!["path".to_owned(), "least µs".to_owned(), "median µs".to_owned()];
    header.extend(yardsticks.iter().map(|row| format!("against {}", row.name)));
    let mut table = table(header);
    for row in rows {
        let mut cells = vec![Cell::new(&row.name), microseconds(row.least), microseconds(row.median)];
        cells.extend(yardsticks.iter().map(|yardstick| ratio(row.least / yardstick.least)));
        table.add_row(cells);
    }
    table
}

/// Each resource: bytes, native, wasmtime, their ratio, fuel.
pub(crate) fn resources(rows: &[(usize, Vec<Row>, Option<u64>)]) -> Table {
    let header = [
        "sample",
        "bytes",
        "native least µs",
        "native median µs",
        "wasmtime least µs",
        "wasmtime median µs",
        "against native",
        "fuel",
    ];
    let mut table = table(header.map(str::to_owned).into());
    for (bytes, rows, fuel) in rows {
        let [native, wasmtime] = rows.as_slice() else { continue };
        table.add_row(vec![
            Cell::new(&native.name),
            right(bytes.to_string()),
            microseconds(native.least),
            microseconds(native.median),
            microseconds(wasmtime.least),
            microseconds(wasmtime.median),
            ratio(wasmtime.least / native.least),
            right(fuel.map(|fuel| fuel.to_string()).unwrap_or_default()),
        ]);
    }
    table
}

/// Fuel by sample.
pub(crate) fn fuel(fuel: &BTreeMap<String, u64>) -> Table {
    let mut table = table(vec!["sample".to_owned(), "fuel".to_owned()]);
    for (name, fuel) in fuel {
        table.add_row(vec![Cell::new(name), right(fuel.to_string())]);
    }
    table
}

fn table(header: Vec<String>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(header);
    table
}

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

fn microseconds(nanoseconds: f64) -> Cell {
    right(format!("{:.2}", nanoseconds / 1000.0))
}

fn ratio(ratio: f64) -> Cell {
    right(format!("{ratio:.2}"))
}
