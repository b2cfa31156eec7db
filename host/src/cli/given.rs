//! What an option or argument gives as text: itself, a file, or standard input.

use anyhow::Context;
use std::io::Read;

/// The text that an option gives: after `@` a file's, for `-` that of standard input, else itself.
pub(super) fn text(given: &str) -> anyhow::Result<String> {
    match given.strip_prefix('@') {
        Some(path) => file(path),
        None if given == "-" => file("-"),
        None => Ok(given.to_owned()),
    }
}

/// The text of a file; for `-` that of standard input.
pub(super) fn file(path: &str) -> anyhow::Result<String> {
    let mut text = String::new();
    match path {
        "-" => {
            std::io::stdin().lock().read_to_string(&mut text).context("cannot read standard input")?;
        }
        path => text = std::fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?,
    }
    // Editors on Windows put a byte order mark in front; it is no part of what was written.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}
