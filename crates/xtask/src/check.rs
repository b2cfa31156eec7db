//! What must hold besides the tests: format, lints, docs, licences, a module that anyone can rebuild.

use crate::module::{self, Module};
use crate::remap::prefixes;
use crate::step::{run as run_command, step};
use crate::workspace::{TESTED, Workspace};
use crate::{imports, licences};
use anyhow::{Context, Result, anyhow, ensure};
use std::fs;
use std::path::{Path, PathBuf};

/// What the module is built from.
const SOURCES: [&str; 4] = ["Cargo.toml", "Cargo.lock", "crates", ".cargo"];
/// Members that the root manifest names; cargo wants to see them all, even to build one.
const OTHER_MEMBERS: [&str; 2] = ["host", "tests"];

/// The task. Stops at the first step that fails.
pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::here()?;
    let cargo = |args: &[&str]| run_command(workspace.cargo().args(args));
    step("format", || cargo(&["fmt", "--all", "--check"]))?;
    // First, because the host's build includes it.
    let module = step("module", || module::build(&workspace))?;
    let gzip = module::report(&module)?;
    std::thread::scope(|scope| {
        // Its linker has one thread to itself for most of the time, so it costs little beside the rest.
        let elsewhere = scope.spawn(elsewhere);
        lints_and_documents(&workspace, &module)?;
        step("the module is the same when built elsewhere", || {
            let (at, other) = elsewhere.join().map_err(|_panic| anyhow!("the build panicked"))??;
            ensure!(
                other.sha256 == module.sha256,
                "built in {} it has SHA-256 {}, not {}: something of its surroundings got in",
                at.display(),
                other.sha256,
                module.sha256
            );
            Ok(())
        })
    })?;
    step("the module's size", || module::check_size(gzip))?;
    println!("all checks passed");
    Ok(())
}

fn lints_and_documents(workspace: &Workspace, module: &Module) -> Result<()> {
    let cargo = |args: &[&str]| run_command(workspace.cargo().args(args));
    // The tasks as they run now: their dependencies are not compiled once more.
    const PARTS: [&[&str]; 2] = [&TESTED, &["--package", "xtask"]];
    step("lints", || {
        let lint =
            |part: &[&str]| cargo(&[&["clippy", "--all-targets"], part, &["--", "-D", "warnings"]].concat());
        PARTS.into_iter().try_for_each(lint)
    })?;
    step("lints of the module", || {
        // The pure crates' tests need a source of randomness, which this target lacks: they run natively.
        let lint = |targets: &str, packages: &[&str]| {
            let mut args = vec!["clippy", "--target", "wasm32-unknown-unknown", targets];
            args.extend(packages.iter().flat_map(|package| ["--package", package]));
            args.extend(["--", "-D", "warnings"]);
            cargo(&args)
        };
        lint("--lib", &["dataprep", "stripe-xdm-core"])?;
        lint("--all-targets", &["stripe-xdm-wasm"])
    })?;
    step("docs", || {
        let document = |part: &[&str]| {
            let mut cargo = workspace.cargo();
            run_command(cargo.args(["doc", "--no-deps"]).args(part).env("RUSTDOCFLAGS", "-D warnings"))
        };
        PARTS.into_iter().try_for_each(document)
    })?;
    step("licences", || licences::check(workspace))?;
    step("the module names no directory of this machine", || {
        let mut directories: Vec<PathBuf> = prefixes(workspace)?.into_iter().map(|(from, _)| from).collect();
        directories.extend(std::env::home_dir());
        imports::check_paths(&module.bytes, &directories)
    })
}

/// The module as a copy of its sources in another directory makes it, and which directory that was.
fn elsewhere() -> Result<(PathBuf, Module)> {
    let workspace = Workspace::here()?;
    let elsewhere = tempfile::tempdir().context("cannot make a temporary directory")?;
    for name in SOURCES.iter().chain(&OTHER_MEMBERS) {
        copy(&workspace.root.join(name), &elsewhere.path().join(name))?;
    }
    let module = module::build(&Workspace::copy(elsewhere.path()))?;
    Ok((elsewhere.path().to_owned(), module))
}

/// Copies a file or a directory, without what builds left in it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
        return Ok(());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let name = entry?.file_name();
        if name != "target" && name != "node_modules" {
            copy(&from.join(&name), &to.join(&name))?;
        }
    }
    Ok(())
}
