//! Where the built module and program lie. What is missing is an error that names the command that
//! builds it: a test that cannot run has failed.

use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use stripe_xdm::module::{Cache, Limits, Module};

/// The root of the checkout.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The directory that `cargo xtask module` writes.
pub fn dist() -> PathBuf {
    root().join("pkg/dist")
}

/// The module's bytes.
pub fn module_bytes() -> anyhow::Result<Vec<u8>> {
    let path = dist().join("stripe_xdm_bg.wasm");
    std::fs::read(&path).with_context(|| {
        format!("the module {} is missing; build it with `cargo xtask module`", path.display())
    })
}

/// The module in the host's sandbox, compiled in this process.
pub fn module() -> anyhow::Result<Module> {
    Ok(Module::load(&module_bytes()?, Limits::default(), &Cache::none())?)
}

/// The program, which lies beside the directory of the test executables. It must hold the module that
/// the other tests read: a stale program would prove nothing.
pub fn program() -> anyhow::Result<PathBuf> {
    let name = format!("stripe-xdm{}", std::env::consts::EXE_SUFFIX);
    let here = std::env::current_exe()?;
    let program = here.ancestors().skip(1).take(2).map(|dir| dir.join(&name)).find(|path| path.is_file());
    let program = program.with_context(|| {
        format!("no {name} lies beside {}; build it with `cargo xtask build`", here.display())
    })?;
    let said = Command::new(&program).args(["module", "--json"]).env("XDG_CACHE_HOME", cache()?).output()?;
    let said: serde_json::Value = serde_json::from_slice(&said.stdout).with_context(|| {
        format!("{} does not tell its module; run `cargo xtask build`", program.display())
    })?;
    let built = std::fs::read_to_string(dist().join("module.sha256"))
        .context("pkg/dist/module.sha256 is missing; build the module with `cargo xtask module`")?;
    if said["sha256"].as_str() != built.split_whitespace().next() {
        bail!("{} holds another module than pkg/dist; run `cargo xtask build`", program.display());
    }
    Ok(program)
}

/// A directory for the compiled artefacts of the programs under test, so that the user's own stays as
/// it is and the module is compiled once for all tests.
pub fn cache() -> anyhow::Result<PathBuf> {
    let here = std::env::current_exe()?;
    let dir = here.parent().context("an executable lies in a directory")?.join("stripe-xdm-tests-cache");
    std::fs::create_dir_all(&dir)?;
    Ok(dir)
}
