//! The licences of everything that is linked or run: an allow list, and a list of crates in two versions.

use crate::step::read;
use crate::workspace::Workspace;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Licences that a work under Apache-2.0 may include with no more than notices, by SPDX id.
const ALLOWED: [&str; 13] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages whose licence is accepted although it is on no list, with the reason.
const EXCEPTIONS: [(&str, &str); 0] = [];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    source: Option<String>,
    license: Option<String>,
}

/// Fails when a dependency's licence is unknown or not allowed; prints crates that come in two versions.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["metadata", "--format-version", "1", "--all-features"]);
    let metadata: Metadata = serde_json::from_str(&read(&mut cargo)?).context("cargo metadata")?;
    let mut refused = Vec::new();
    let mut versions = BTreeMap::<&str, BTreeSet<&str>>::new();
    for package in metadata.packages.iter().filter(|package| package.source.is_some()) {
        let licence = package.license.as_deref().unwrap_or("none stated");
        let excepted = EXCEPTIONS.iter().any(|(name, _)| *name == package.name);
        if !excepted && !is_allowed(licence) {
            refused.push(format!("{} {}: {licence}", package.name, package.version));
        }
        versions.entry(&package.name).or_default().insert(&package.version);
    }
    for (name, versions) in versions.iter().filter(|(_, versions)| versions.len() > 1) {
        let versions = versions.iter().copied().collect::<Vec<_>>().join(", ");
        println!("note: {name} comes in {} versions: {versions}", versions.split(", ").count());
    }
    ensure!(refused.is_empty(), "licences that are not on the list:\n  {}", refused.join("\n  "));
    Ok(())
}

/// Whether a licence expression can be met with allowed licences alone.
fn is_allowed(expression: &str) -> bool {
    spdx::Expression::parse_mode(expression, spdx::ParseMode::LAX).is_ok_and(|expression| {
        expression.evaluate(|licence| ALLOWED.contains(&licence.to_string().as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_needs_one_allowed_licence_and_a_sum_needs_all() {
        assert!(is_allowed("MIT"));
        assert!(is_allowed("MIT/Apache-2.0"));
        assert!(is_allowed("GPL-3.0-only OR MIT"));
        assert!(is_allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(is_allowed("Apache-2.0 WITH LLVM-exception"));
        assert!(!is_allowed("GPL-3.0-only"));
        assert!(!is_allowed("MIT AND GPL-3.0-only"));
        assert!(!is_allowed("Apache-2.0 WITH Classpath-exception-2.0"));
        assert!(!is_allowed("none stated"));
    }
}
