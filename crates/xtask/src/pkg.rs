//! The npm package: what `pkg/src` compiles to, beside the module, with the types of the records.

use crate::module::{self, Module, WASM};
use crate::npm;
use crate::step::{run as run_command, step};
use crate::workspace::{QUICK, TESTED, Workspace};
use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

/// Directories of dist and how many bytes their JavaScript may have, each file after gzip -9: what a page loads besides
/// the module, and what a webhook's endpoint loads on top.
const SCRIPTS_LIMITS: [(&str, usize); 2] = [("", 12_500), ("webhook", 19_000)];
/// The module as text, for those who want a single file.
const INLINE: &str = "stripe_xdm_bg.base64";

/// The task.
pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::here()?;
    let module = step("module", || module::build(&workspace))?;
    module::check_size(module::report(&module)?)?;
    build(&workspace, &module)
}

/// Builds the package around a module that has been built.
pub(crate) fn build(workspace: &Workspace, module: &Module) -> Result<()> {
    let pkg = workspace.root.join("pkg");
    let dist = workspace.dist();
    step("the package's compiler", || npm::install(&pkg))?;
    step("the package", || {
        // The whole directory is published: nothing of an earlier build may stay.
        clear(&dist)?;
        let mut types = workspace.cargo();
        run_command(types.args(["build", "--quiet"]).args(TESTED).args(["--example", "record_types"]))?;
        let types = format!("{QUICK}/examples/record_types{}", std::env::consts::EXE_SUFFIX);
        run_command(Command::new(workspace.target.join(types)).arg(dist.join("records")))?;
        let of_module = workspace.root.join("crates/wasm/src/js/types.d.ts");
        fs::copy(&of_module, dist.join("types.d.ts")).context("cannot copy the module's types")?;
        constant(&dist, "module_sha256", "sha256", &module.sha256)?;
        constant(&dist, INLINE, "base64", &BASE64_STANDARD.encode(&module.bytes))?;
        let mut compiler = Command::new("node");
        compiler.arg(pkg.join("node_modules/typescript/bin/tsc")).arg("--project").arg(&pkg);
        run_command(&mut compiler)?;
        // npm takes the licence from the package's own directory only.
        fs::copy(workspace.root.join("LICENSE"), pkg.join("LICENSE")).context("cannot copy the licence")?;
        Ok(())
    })?;
    check_size(&dist)
}

/// Removes everything but what the module's build leaves.
fn clear(dist: &Path) -> Result<()> {
    for entry in fs::read_dir(dist).with_context(|| format!("cannot read {}", dist.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            fs::remove_dir_all(&path)?;
        } else if !path.file_name().is_some_and(|name| module::FILES.iter().any(|file| name == *file)) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Writes a JavaScript module that exports a text.
fn constant(dist: &Path, file: &str, name: &str, value: &str) -> Result<()> {
    fs::write(dist.join(format!("{file}.js")), format!("export const {name} = \"{value}\";\n"))?;
    fs::write(dist.join(format!("{file}.d.ts")), format!("export declare const {name}: string;\n"))?;
    Ok(())
}

/// Fails when the JavaScript around the module outgrew its limits. `INLINE` is the module, and does not count.
fn check_size(dist: &Path) -> Result<()> {
    for (directory, limit) in SCRIPTS_LIMITS {
        let mut scripts = 0;
        for entry in fs::read_dir(dist.join(directory))? {
            let path = entry?.path();
            let is_script = path.extension().is_some_and(|extension| extension == "js");
            if is_script && path.file_stem().is_some_and(|name| name != INLINE) {
                let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
                gzip.write_all(&fs::read(&path)?)?;
                scripts += gzip.finish()?.len();
            }
        }
        println!("scripts {scripts} bytes gzip in pkg/dist/{directory}, beside {WASM}");
        ensure!(
            scripts <= limit,
            "the scripts in pkg/dist/{directory} have {scripts} bytes after gzip; the limit is {limit}"
        );
    }
    Ok(())
}
