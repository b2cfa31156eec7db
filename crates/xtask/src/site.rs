//! The preview page: what Node.js makes of `pkg/preview` and of a module that has been built. The program embeds it.

use crate::module;
use crate::npm;
use crate::step::{run as run_command, step};
use crate::test::find;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Directories of `pkg/preview` that no page is made from.
const OTHERS: [&str; 3] = ["node_modules", "dist", "docs"];

/// The task.
pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::here()?;
    step("module", || module::build(&workspace))?;
    build(&workspace)
}

/// Builds the page when Node.js is there; says so when the program comes without it.
pub(crate) fn build_if_possible(workspace: &Workspace) {
    let built = match find("npm") {
        Some(_) => build(workspace),
        None => Err(anyhow::anyhow!("Node.js is missing; install version 20.19 or newer")),
    };
    if let Err(error) = built {
        eprintln!("    the program comes without the preview page: {error:#}");
    }
}

/// Builds the page into `pkg/preview/dist`; what is up to date stays untouched, so that the program does, too.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    if find("npm").is_none() {
        bail!("npm is missing; install Node.js 20.19 or newer");
    }
    let preview = workspace.root.join("pkg/preview");
    step("packages of the preview page", || npm::install(&preview))?;
    // Where npm puts nothing of its own, and what it removes when it installs anew.
    let stamp = preview.join("node_modules/.made-from");
    let made_from = made_from(workspace)?;
    let is_built = preview.join("dist/index.html").is_file();
    if is_built && fs::read_to_string(&stamp).is_ok_and(|text| text == made_from) {
        return Ok(());
    }
    step("preview page", || {
        let mut npm = Command::new("npm");
        run_command(npm.args(["run", "--silent", "build", "--", "--logLevel", "warn"]).current_dir(&preview))
    })?;
    fs::write(&stamp, made_from).with_context(|| format!("cannot write {}", stamp.display()))
}

/// Names everything that the page is made from.
fn made_from(workspace: &Workspace) -> Result<String> {
    let mut hash = Sha256::new();
    gather(&workspace.root.join("pkg/preview"), &OTHERS, &mut hash)?;
    gather(&workspace.root.join("crates/core/tests/data/samples"), &[], &mut hash)?;
    for file in module::FILES {
        hash.update(fs::read(workspace.dist().join(file))?);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn gather(directory: &Path, others: &[&str], hash: &mut Sha256) -> Result<()> {
    let read = fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
    let mut paths = read.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && others.iter().any(|other| name == *other) {
            continue;
        }
        // With their lengths, so that no two sets of files read alike.
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name.as_bytes());
        if path.is_dir() {
            gather(&path, &[], hash)?;
        } else {
            let bytes = fs::read(&path)?;
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        }
    }
    Ok(())
}
