//! Where things lie: a checkout and its target directory, as cargo itself sees them.

use crate::step::read;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is built for use: all but the tasks, always together, because cargo would otherwise choose other features of
/// dependencies and compile the whole engine once more.
pub(crate) const RELEASE: [&str; 4] = ["--release", "--workspace", "--exclude", "xtask"];
/// The same, to be tested: most of the time goes into compiling.
pub(crate) const TESTED: [&str; 5] = ["--profile", QUICK, "--workspace", "--exclude", "xtask"];
/// The profile of it, and its directory below the target directory.
pub(crate) const QUICK: &str = "quick";

/// A checkout of the project.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The directory of the root manifest.
    pub(crate) root: PathBuf,
    /// Where cargo builds.
    pub(crate) target: PathBuf,
    /// Whether cargo says nothing but what is wrong: it runs beside something else.
    quiet: bool,
}

impl Workspace {
    /// The checkout that cargo runs this task in. What cargo says now counts, not where the program was
    /// built: checkouts may share a target directory.
    pub(crate) fn here() -> Result<Self> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest.ancestors().nth(2).context("xtask lies two directories below the root")?;
        let mut cargo = cargo(root);
        cargo.args(["metadata", "--format-version", "1", "--no-deps"]);
        let metadata: Metadata = serde_json::from_str(&read(&mut cargo)?).context("cargo metadata")?;
        Ok(Self { root: metadata.workspace_root, target: metadata.target_directory, quiet: false })
    }

    /// A copy of the project elsewhere, with a target directory of its own, that is built beside this one.
    pub(crate) fn copy(root: &Path) -> Self {
        Self { root: root.to_owned(), target: root.join("target"), quiet: true }
    }

    /// Cargo, to be run in this checkout.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = cargo(&self.root);
        cargo.env("CARGO_TARGET_DIR", &self.target);
        if self.quiet {
            cargo.env("CARGO_TERM_QUIET", "true");
        }
        cargo
    }

    /// What the module's build leaves behind.
    pub(crate) fn dist(&self) -> PathBuf {
        self.root.join("pkg/dist")
    }
}

fn cargo(root: &Path) -> Command {
    // The same cargo that runs this task, whichever toolchain was chosen.
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root);
    // These describe xtask's own build; build scripts of other packages would see them and rebuild.
    for (key, _) in std::env::vars_os() {
        if key.to_string_lossy().starts_with("CARGO_PKG_") {
            cargo.env_remove(key);
        }
    }
    cargo.env_remove("CARGO_MANIFEST_DIR").env_remove("CARGO_MANIFEST_PATH");
    cargo
}

#[derive(Deserialize)]
struct Metadata {
    workspace_root: PathBuf,
    target_directory: PathBuf,
}
