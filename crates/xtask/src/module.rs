//! The module: compiled, bound to JavaScript, measured, and put where the package and the host find it.

use crate::imports;
use crate::order::ordered;
use crate::remap::encoded_rustflags;
use crate::step::{read, run as run_command, step};
use crate::workspace::Workspace;
use anyhow::{Context, Result, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use wasm_bindgen_cli_support::Bindgen;

/// The module's file name.
pub(crate) const WASM: &str = "stripe_xdm_bg.wasm";
/// The file that names the module's SHA-256, as `sha256sum --check` reads it.
const SHA256: &str = "module.sha256";
/// What the build leaves in dist.
pub(crate) const FILES: [&str; 4] = ["stripe_xdm.js", "stripe_xdm.d.ts", WASM, SHA256];
const TARGET: &str = "wasm32-unknown-unknown";
/// Edge runtimes limit what they load, the strictest to 1 MB; the module stays well below, so that the
/// code around it has room too (bytes after gzip -9). Nearly two thirds are the mapping language.
const GZIP_LIMIT: usize = 600_000;

/// The finished module.
#[derive(Debug)]
pub(crate) struct Module {
    /// The Wasm file's bytes.
    pub(crate) bytes: Vec<u8>,
    /// Their SHA-256 in hex.
    pub(crate) sha256: String,
}

/// The task.
pub(crate) fn run() -> Result<()> {
    let module = step("module", || build(&Workspace::here()?))?;
    check_size(report(&module)?)
}

/// Builds the module of a checkout into its `pkg/dist`; what is up to date stays untouched.
pub(crate) fn build(workspace: &Workspace) -> Result<Module> {
    ensure_target()?;
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--package", "stripe-xdm-wasm", "--lib", "--profile", "wasm", "--target", TARGET]);
    cargo.env("CARGO_ENCODED_RUSTFLAGS", encoded_rustflags(workspace)?);
    run_command(&mut cargo)?;

    let built = workspace.target.join(TARGET).join("wasm/stripe_xdm_module.wasm");
    let input = fs::read(&built).with_context(|| format!("cannot read {}", built.display()))?;
    let dist = workspace.dist();
    // Names what the files in dist were made from, so that an unchanged module is not bound again.
    let stamp = built.with_extension("bound");
    let made_from = format!("{} {}", sha256(&input), env!("CARGO_PKG_VERSION"));
    if fs::read_to_string(&stamp).is_ok_and(|text| text == made_from)
        && let Some(module) = existing(&dist)
    {
        return Ok(module);
    }
    let module = bind(input, &dist)?;
    fs::write(&stamp, made_from).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(module)
}

/// The module in dist, if all of its files are there and it is the one that its hash names.
fn existing(dist: &Path) -> Option<Module> {
    let bytes = fs::read(dist.join(WASM)).ok()?;
    let sha256 = sha256(&bytes);
    let named = fs::read_to_string(dist.join(SHA256)).ok()?;
    let complete = dist.join("stripe_xdm.js").is_file() && dist.join("stripe_xdm.d.ts").is_file();
    (complete && named == sha256_line(&sha256)).then_some(Module { bytes, sha256 })
}

fn bind(input: Vec<u8>, dist: &Path) -> Result<Module> {
    let scratch = tempfile::tempdir().context("cannot make a temporary directory")?;
    Bindgen::new()
        .input_bytes("stripe_xdm", input)
        .web(true)?
        .typescript(true)
        .out_name("stripe_xdm")
        .remove_name_section(true)
        .remove_producers_section(true)
        // The package's entry points name the file themselves, each as its runtime wants it.
        .omit_default_module_path(true)
        .generate(scratch.path())
        .context("wasm-bindgen refused the module")?;

    let bytes = ordered(&fs::read(scratch.path().join(WASM))?)?;
    imports::check(&bytes)?;
    let sha256 = sha256(&bytes);
    fs::create_dir_all(dist).with_context(|| format!("cannot create {}", dist.display()))?;
    for name in ["stripe_xdm.js", "stripe_xdm.d.ts"] {
        publish(dist, name, &fs::read(scratch.path().join(name))?)?;
    }
    publish(dist, WASM, &bytes)?;
    publish(dist, SHA256, sha256_line(&sha256).as_bytes())?;
    Ok(Module { bytes, sha256 })
}

/// Puts a file in place at once, and only if it differs: the host rebuilds when the module changes.
fn publish(dist: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let path = dist.join(name);
    if fs::read(&path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    let mut file = tempfile::NamedTempFile::new_in(dist)?;
    file.write_all(bytes)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    file.persist(&path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}

/// Prints the module's size and hash; returns how many bytes it has after gzip.
pub(crate) fn report(module: &Module) -> Result<usize> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&module.bytes)?;
    let gzip = gzip.finish()?.len();
    println!("module  pkg/dist/{WASM}");
    println!("size    {} bytes, {gzip} bytes gzip", module.bytes.len());
    println!("sha256  {}", module.sha256);
    Ok(gzip)
}

/// Fails when the module outgrew its limit. A large module works, so only `module` and `check` ask.
pub(crate) fn check_size(gzip: usize) -> Result<()> {
    ensure!(gzip <= GZIP_LIMIT, "the module has {gzip} bytes after gzip; the limit is {GZIP_LIMIT}");
    Ok(())
}

fn ensure_target() -> Result<()> {
    let sysroot = read(Command::new("rustc").args(["--print", "sysroot"]))?;
    if Path::new(sysroot.trim()).join("lib/rustlib").join(TARGET).is_dir() {
        return Ok(());
    }
    run_command(Command::new("rustup").args(["target", "add", TARGET])).with_context(|| {
        format!("the Rust target {TARGET} is missing; install it with rustup or your distribution's packages")
    })
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha256_line(sha256: &str) -> String {
    format!("{sha256}  {WASM}\n")
}
