//! `docs/deviations.md`: every documented example that this crate does not follow to the letter, made from
//! the rows of `tests/documented`, where each deviation is also asserted.

use serde_json::Value;
use std::fmt::Write as _;
use std::path::PathBuf;

/// The examples of Adobe's pages.
const DOCUMENTED: usize = 137;

/// Categories and their rows, by name.
fn categories() -> Vec<(String, Vec<Value>)> {
    let directory = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/documented"));
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |path: &PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().replace('_', " ");
        let rows = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        (name, rows)
    };
    files.iter().map(read).collect()
}

/// Text as a cell of a table that may hold any character.
fn code(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('|', "&#124;");
    format!("<code>{}</code>", escaped.replace('\n', " "))
}

fn value(value: &Value) -> String {
    code(&value.to_string())
}

#[test]
fn the_page_of_deviations_is_current() {
    let categories = categories();
    let rows: usize = categories.iter().map(|(_, rows)| rows.len()).sum();
    assert_eq!(rows, DOCUMENTED, "an example is missing");
    let deviating = |rows: &[Value]| rows.iter().filter(|row| row.get("deviation").is_some()).count();
    let deviations: usize = categories.iter().map(|(_, rows)| deviating(rows)).sum();

    let mut page = format!(
        "# Where the documentation is not followed to the letter\n\n\
         Adobe's pages give {rows} examples. All are tests; {} hold as they are printed. The other \
         {deviations} are wrong by\ntheir own words, cannot be parsed, depend on the clock, or ask for what is not \
         published. This page lists them: what\nthe documentation shows, what is asserted instead, and why. It is \
         made from the tests\n(`UPDATE_DOCS=1 cargo test -p dataprep --test deviations`).\n",
        rows - deviations
    );
    for (name, rows) in &categories {
        if deviating(rows) == 0 {
            continue;
        }
        write!(page, "\n## {}{}\n\n", name[..1].to_uppercase(), &name[1..]).unwrap();
        page.push_str("| Documented | Its result | Asserted here | Why |\n| --- | --- | --- | --- |\n");
        for row in rows {
            let Some(deviation) = row.get("deviation") else { continue };
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let result = match (deviation.get("fails"), deviation.get("expected")) {
                (Some(message), _) => format!("an error: “{}”", text(message)),
                (None, Some(expected)) => value(expected),
                (None, None) => value(&row["expected"]),
            };
            let asserted = match deviation.get("expression") {
                Some(expression) => format!("{} gives {result}", code(&text(expression))),
                None => result,
            };
            let (documented, expected) = (code(&text(&row["expression"])), value(&row["expected"]));
            let reason = text(&deviation["reason"]).replace('|', "&#124;").replace('<', "&lt;");
            writeln!(page, "| {documented} | {expected} | {asserted} | {reason} |").unwrap();
        }
    }

    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/deviations.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == page,
        "docs/deviations.md is old; UPDATE_DOCS=1 cargo test -p dataprep --test deviations"
    );
}
