//! Every test of the project, from nothing: natively, in Node and in headless Chromium; the npm package in every
//! runtime that it is for.

use crate::step::{read, run as run_command, step};
use crate::workspace::{QUICK, TESTED, Workspace};
use crate::{fuzz, module, npm, pkg, site};
use anyhow::{Context, Result, anyhow, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How long each fuzz target runs.
const FUZZ_SECONDS: u32 = 5;

/// What npm installs: what the package and the page are built with, and what the tests compare with or run in.
const NPM: [&str; 5] = ["pkg", "pkg/preview", "tests/node", "tests/package", "tests/preview"];

/// The task. Stops at the first step that fails.
pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::here()?;
    let (chromium, chromedriver) = step("what the tests need", install)?;
    // What is installed waits for the network, and the module's linker has one thread.
    let module = std::thread::scope(|scope| {
        let packages = scope.spawn(|| packages(&workspace));
        let module = step("module", || module::build(&workspace))?;
        fuzz::build(&workspace)?;
        let installed = || packages.join().map_err(|_panic| anyhow!("an installation panicked"))?;
        step("packages that the tests need", installed)?;
        anyhow::Ok(module)
    })?;
    module::report(&module)?;
    // Before the native tests: one of them runs the package's webhook endpoints, and the program embeds the page.
    pkg::build(&workspace, &module)?;
    site::build(&workspace)?;
    step("native tests", || run_command(workspace.cargo().arg("test").args(TESTED)))?;
    // As it runs now: its dependencies are not compiled once more.
    step("tests of the tasks", || run_command(workspace.cargo().args(["test", "--package", "xtask"])))?;
    step("module tests in Node", || run_command(&mut module_tests(&workspace)))?;
    step("module tests in Chromium", || {
        let mut cargo = module_tests(&workspace);
        cargo.env("WASM_BINDGEN_USE_BROWSER", "1").env("CHROMEDRIVER", &chromedriver);
        run_command(&mut cargo)
    })?;
    step("package tests", || {
        let mut node = Command::new("node");
        node.args(["--test", "all.test.mjs"]).current_dir(workspace.root.join("tests/package"));
        run_command(node.env("CHROMIUM", &chromium))
    })?;
    step("preview tests in Chromium", || {
        let mut npm = Command::new("npm");
        npm.args(["run", "--silent", "test"]).current_dir(workspace.root.join("tests/preview"));
        npm.env("CHROMIUM", &chromium).env("STRIPE_XDM_PROGRAMS", workspace.target.join(QUICK));
        run_command(&mut npm)
    })?;
    fuzz::run(FUZZ_SECONDS)?;
    println!("all tests passed");
    Ok(())
}

/// Installs packages of npm and of Python.
fn packages(workspace: &Workspace) -> Result<()> {
    for directory in NPM {
        npm::install(&workspace.root.join(directory))?;
    }
    python_packages(workspace)
}

fn module_tests(workspace: &Workspace) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--target", "wasm32-unknown-unknown", "--package", "stripe-xdm-wasm"]);
    cargo
}

/// Installs what `tests/python/requirements.txt` names into an environment below the target directory,
/// when that has not been done yet.
fn python_packages(workspace: &Workspace) -> Result<()> {
    let wanted = std::fs::read_to_string(workspace.root.join("tests/python/requirements.txt"))?;
    let environment = workspace.target.join("foreign/localstripe");
    let installed = environment.join("installed.txt");
    if std::fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    run_command(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    let mut pip = Command::new(environment.join("bin/pip"));
    pip.args(["install", "--quiet", "--no-deps", "--disable-pip-version-check", "--requirement"]);
    run_command(pip.arg("requirements.txt").current_dir(workspace.root.join("tests/python")))?;
    Ok(std::fs::write(installed, wanted)?)
}

/// Whether Python can make environments: Debian puts that into a package of its own.
fn has_venv() -> bool {
    let mut python = Command::new("python3");
    python.args(["-c", "import ensurepip, venv"]).stdout(Stdio::null()).stderr(Stdio::null());
    python.status().is_ok_and(|status| status.success())
}

/// Installs what is missing where that can be done without asking; returns the paths of Chromium and chromedriver.
fn install() -> Result<(PathBuf, PathBuf)> {
    if find("node").is_none() {
        bail!("Node.js is missing; install version 20 or newer");
    }
    let mut packages = Vec::new();
    let chromium = || find("chromium").or_else(|| find("google-chrome"));
    if find("chromedriver").is_none() || chromium().is_none() {
        packages.extend(["chromium", "chromium-driver"]);
    }
    if cfg!(target_os = "linux") && !has_openssl() {
        packages.extend(["libssl-dev", "pkg-config"]);
    }
    if !has_venv() {
        packages.extend(["python3", "python3-venv"]);
    }
    if !packages.is_empty() {
        apt(&packages).with_context(|| {
            format!("missing: {}; install them (Debian's names) and run this again", packages.join(", "))
        })?;
    }
    let chromium = chromium().context("Chromium is still not on the PATH; install it")?;
    Ok((
        chromium,
        find("chromedriver").context("chromedriver is still not on the PATH; install it beside Chromium")?,
    ))
}

fn has_openssl() -> bool {
    let mut pkg_config = Command::new("pkg-config");
    pkg_config.args(["--exists", "openssl"]).stdout(Stdio::null()).stderr(Stdio::null());
    pkg_config.status().is_ok_and(|status| status.success())
}

/// Installs Debian packages as root, or through sudo when it asks for no password.
fn apt(packages: &[&str]) -> Result<()> {
    let root = find("id").is_some() && read(Command::new("id").arg("-u"))?.trim() == "0";
    let command = |args: &[&str]| {
        let mut command = if root { Command::new("apt-get") } else { Command::new("sudo") };
        if !root {
            command.args(["--non-interactive", "apt-get"]);
        }
        command.args(args).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
        command
    };
    run_command(&mut command(&["update", "--quiet"]))?;
    let mut install = command(&["install", "--yes", "--quiet", "--no-install-recommends"]);
    run_command(install.args(packages))
}

/// Where a program lies on the PATH.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path)
        .map(|directory: PathBuf| directory.join(Path::new(&name)))
        .find(|file| file.is_file())
}
