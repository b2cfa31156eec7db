//! Build and check tasks, so that a contributor needs cargo and one word: `cargo xtask <task>`.

mod check;
mod fuzz;
mod imports;
mod licences;
mod module;
mod npm;
mod order;
mod pkg;
mod program;
mod remap;
mod site;
mod step;
mod test;
mod workspace;

use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::process::ExitCode;

/// Build and check tasks of stripe-xdm.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the module into pkg/dist: the Wasm file, its JavaScript, its types, its SHA-256
    Module,
    /// Build the module and, around it in pkg/dist, the npm package
    Pkg,
    /// Build the module and, with Node.js, the preview page into pkg/preview/dist
    Site,
    /// Build the module, the preview page when Node.js is there, and the program stripe-xdm
    Build,
    /// Build module and program, then run `stripe-xdm demo`
    Demo {
        /// Passed on to `stripe-xdm demo`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Format, lints, docs, licences, duplicate crates, a reproducible module
    Check,
    /// Build module and package and run every test, natively, in Node, in headless Chromium, in the edges' runtimes
    Test,
    /// Fuzz the expression language
    Fuzz {
        /// For how long each fuzz target runs
        #[arg(long, default_value_t = 20)]
        seconds: u32,
    },
    /// Measure speed and size
    Bench {
        /// Passed on to the benchmark
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Run a Wasm test binary; cargo calls this
    #[cfg(feature = "wasm-test-runner")]
    #[command(hide = true)]
    WasmTestRunner {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    let result = match Cli::parse().task {
        Task::Module => module::run(),
        Task::Pkg => pkg::run(),
        Task::Site => site::run(),
        Task::Build => program::build_all(),
        Task::Demo { args } => program::demo(&args),
        Task::Check => check::run(),
        Task::Test => test::run(),
        Task::Fuzz { seconds } => fuzz::run(seconds),
        Task::Bench { args } => program::bench(&args),
        #[cfg(feature = "wasm-test-runner")]
        Task::WasmTestRunner { args } => {
            let args = std::iter::once(OsString::from("wasm-bindgen-test-runner")).chain(args);
            wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(args)
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
