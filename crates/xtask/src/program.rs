//! The program, and what is run with it: the demo and the benchmark.

use crate::module;
use crate::site;
use crate::step::{run, step};
use crate::workspace::{RELEASE, Workspace};
use anyhow::Result;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

/// Builds the module, the preview page where that can be done, and the program.
pub(crate) fn build_all() -> Result<()> {
    let workspace = Workspace::here()?;
    let module = step("module", || module::build(&workspace))?;
    module::report(&module)?;
    site::build_if_possible(&workspace);
    build_program(&workspace).map(drop)
}

/// Builds the module and the program, with the page that was built before, if any; returns where the program lies.
fn build() -> Result<PathBuf> {
    let workspace = Workspace::here()?;
    let module = step("module", || module::build(&workspace))?;
    module::report(&module)?;
    build_program(&workspace)
}

fn build_program(workspace: &Workspace) -> Result<PathBuf> {
    step("program", || run(workspace.cargo().arg("build").args(RELEASE).args(["--bin", "stripe-xdm"])))?;
    let program =
        workspace.target.join("release").join(format!("stripe-xdm{}", std::env::consts::EXE_SUFFIX));
    println!("program {}", program.display());
    Ok(program)
}

/// Runs the demo in the caller's directory.
pub(crate) fn demo(args: &[OsString]) -> Result<()> {
    let program = build()?;
    run(Command::new(program).arg("demo").args(args))
}

/// Runs the benchmark.
pub(crate) fn bench(args: &[OsString]) -> Result<()> {
    let workspace = Workspace::here()?;
    let module = step("module", || module::build(&workspace))?;
    module::report(&module)?;
    let mut cargo = workspace.cargo();
    step("benchmark", || run(cargo.arg("build").args(RELEASE).args(["--bin", "bench"])))?;
    let bench = workspace.target.join("release").join(format!("bench{}", std::env::consts::EXE_SUFFIX));
    step("bench", || run(Command::new(bench).args(args)))
}
