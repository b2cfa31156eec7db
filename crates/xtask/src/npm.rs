//! Packages of npm, as lock files name them.

use crate::step::run as run_command;
use anyhow::Result;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Installs what a directory's `package-lock.json` names, when that has not been done yet.
pub(crate) fn install(directory: &Path) -> Result<()> {
    // npm notes here what it installed; older than the lock file, it is out of date.
    let changed = |file: &str| fs::metadata(directory.join(file)).and_then(|file| file.modified()).ok();
    let installed = changed("node_modules/.package-lock.json");
    if installed.is_some() && installed >= changed("package-lock.json") {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    run_command(npm.args(["ci", "--ignore-scripts", "--no-progress"]).current_dir(directory))
}
