//! Fuzzing of the expression language with libFuzzer, on the stable toolchain: the fuzz targets are built
//! by cargo with LLVM's coverage counters, as `cargo fuzz` would, and no tool needs to be installed.

use crate::step::{read, run as run_command, step};
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The programs of `crates/dataprep/fuzz`.
const TARGETS: [&str; 2] = ["parse", "eval"];

/// What makes the compiler count which code an input reaches.
const INSTRUMENTED: &str = "--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";

/// The task: each target for so many seconds. An input that breaks one is left in `target/fuzz/found`.
pub(crate) fn run(seconds: u32) -> Result<()> {
    let workspace = Workspace::here()?;
    build(&workspace)?;
    let fuzz = workspace.root.join("crates/dataprep/fuzz");
    let (target, host) = (workspace.target.join("fuzz"), host()?);
    let found = target.join("found/");
    make(&found)?;
    for name in TARGETS {
        step(&format!("fuzzing {name}"), || {
            let (seeds, corpus) = (target.join("seeds").join(name), target.join("corpus").join(name));
            make(&corpus)?;
            write_seeds(&workspace.root, &seeds)?;
            let mut fuzzer = Command::new(target.join(&host).join("release").join(name));
            fuzzer.arg(format!("-max_total_time={seconds}"));
            // One input may take 10 seconds, of which a build with all checks on needs many, and 1 GiB.
            fuzzer.args(["-timeout=10", "-rss_limit_mb=1024", "-max_len=4096"]);
            fuzzer.args(["-verbosity=0", "-print_final_stats=1"]);
            fuzzer.arg(format!("-artifact_prefix={}/", found.display()));
            fuzzer.arg(format!("-dict={}", fuzz.join("expressions.dict").display()));
            fuzzer.args([corpus, seeds]);
            run_command(&mut fuzzer)
        })?;
    }
    Ok(())
}

/// Builds the fuzz targets.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    step("fuzz targets", || {
        let mut cargo = workspace.cargo();
        // With a target named, the flags are kept from build scripts and macros.
        cargo.args(["build", "--release", "--target", &host()?, "--manifest-path"]);
        cargo.arg(workspace.root.join("crates/dataprep/fuzz/Cargo.toml"));
        cargo.env("CARGO_TARGET_DIR", workspace.target.join("fuzz")).env("RUSTFLAGS", INSTRUMENTED);
        run_command(&mut cargo)
    })
}

/// The triple of this machine.
fn host() -> Result<String> {
    let about = read(Command::new("rustc").arg("-vV"))?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not tell its host")?.to_owned())
}

/// A row of a documented example.
#[derive(Deserialize)]
struct Example {
    expression: String,
    #[serde(default)]
    input: serde_json::Value,
}

/// Fuzzing starts from Adobe's documented examples: each an input of its own.
fn write_seeds(root: &Path, seeds: &Path) -> Result<()> {
    make(seeds)?;
    let examples = root.join("crates/dataprep/tests/documented");
    let files = fs::read_dir(&examples).with_context(|| format!("cannot read {}", examples.display()))?;
    for file in files {
        let path = file?.path();
        // Files of another shape hold whole mapping sets.
        let Ok(rows) = serde_json::from_slice::<Vec<Example>>(&fs::read(&path)?) else { continue };
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for (index, row) in rows.iter().enumerate() {
            let record = if row.input.is_null() { String::new() } else { format!("\0{}", row.input) };
            fs::write(seeds.join(format!("{name}-{index}")), format!("{}{record}", row.expression))?;
        }
    }
    Ok(())
}

fn make(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))
}
