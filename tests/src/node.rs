//! Running the scripts of `tests/node`.

use crate::built::{dist, module_bytes};
use anyhow::{Context, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A command that runs a script of `tests/node` with the module's directory as its first argument.
pub fn script(name: &str) -> anyhow::Result<Command> {
    // Checked here, so that a missing module is told in the same words everywhere.
    module_bytes()?;
    let mut node = Command::new("node");
    node.arg(path(name)).arg(dist());
    Ok(node)
}

/// Runs a script in a directory that holds its inputs and takes its outputs; returns what it printed.
pub fn run(name: &str, dir: &Path) -> anyhow::Result<String> {
    let output = script(name)?.arg(dir).output().context("node must be on the PATH (version 20 or newer)")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{name} failed ({}): {errors}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("node").join(name)
}
