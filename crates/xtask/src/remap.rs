//! Names for directories inside the module, so that its bytes do not depend on where it was built.
//!
//! Panic messages hold the paths of source files. Each place that sources come from gets a fixed name.

use crate::step::read;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How much code LLVM copies into its callers: its own choices are 225, and 325 for what is marked
/// `#[inline]`, which the standard library's collections are, everywhere. These make the module 27 kB smaller
/// after gzip; what every object passes is marked `#[inline(always)]` instead, so that nothing gets slower.
/// `-inline-threshold` is left alone: it would also lift the lower limits of code made for size.
const INLINING: [&str; 2] =
    ["-Cllvm-args=-inlinedefault-threshold=100", "-Cllvm-args=-inlinehint-threshold=100"];

/// The compiler flags of the module, in the form of `CARGO_ENCODED_RUSTFLAGS`.
///
/// That variable wins over every other source of flags, which is meant: the module's bytes must not
/// depend on a user's settings either.
pub(crate) fn encoded_rustflags(workspace: &Workspace) -> Result<String> {
    let mut flags: Vec<String> = INLINING.map(str::to_owned).into();
    for (from, to) in prefixes(workspace)? {
        flags.push(format!("--remap-path-prefix={}={to}", from.display()));
    }
    Ok(flags.join("\u{1f}"))
}

/// The directories that sources come from, with their names inside the module.
pub(crate) fn prefixes(workspace: &Workspace) -> Result<Vec<(PathBuf, String)>> {
    // The last match wins, so the root comes first: a vendored registry may lie within it.
    let mut prefixes = vec![(workspace.root.clone(), "stripe-xdm".to_owned())];
    for directory in registries(workspace)? {
        prefixes.push((directory, "registry".to_owned()));
    }
    prefixes.push(standard_library(&workspace.root)?);
    Ok(prefixes)
}

/// The directories that hold registry packages; a mirror's differs in name from crates.io's.
fn registries(workspace: &Workspace) -> Result<BTreeSet<PathBuf>> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        source: Option<String>,
        manifest_path: PathBuf,
    }
    let mut cargo = workspace.cargo();
    cargo.args(["metadata", "--format-version", "1", "--filter-platform", "wasm32-unknown-unknown"]);
    let metadata: Metadata = serde_json::from_str(&read(&mut cargo)?).context("cargo metadata")?;
    let foreign = metadata.packages.iter().filter(|package| package.source.is_some());
    Ok(foreign.filter_map(|package| package.manifest_path.ancestors().nth(2).map(Path::to_owned)).collect())
}

/// The standard library's sources, which have their official name only while `rust-src` is absent.
fn standard_library(root: &Path) -> Result<(PathBuf, String)> {
    let rustc = || {
        let mut rustc = Command::new("rustc");
        rustc.current_dir(root);
        rustc
    };
    let sysroot = read(rustc().args(["--print", "sysroot"]))?;
    let version = read(rustc().arg("-vV"))?;
    let commit = version.lines().find_map(|line| line.strip_prefix("commit-hash: ")).unwrap_or("unknown");
    Ok((Path::new(sysroot.trim()).join("lib/rustlib/src/rust"), format!("/rustc/{commit}")))
}
