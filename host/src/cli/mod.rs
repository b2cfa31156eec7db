//! The command line: what can be said, and the commands that do it.

/// Prints a line on standard output, as `println!` does, but a reader that has enough is no error.
macro_rules! say {
    ($($words:tt)*) => { $crate::cli::print_line(format_args!($($words)*)) };
}

mod agree;
mod config;
mod connection;
mod deliver;
mod delivery;
mod demo;
mod doctor;
mod eval;
mod failures;
mod flow;
mod given;
mod layers;
mod mapping;
mod module;
mod preview;
mod privacy;
mod quarantine;
mod reset;
mod run;
mod schema;
mod serve;
mod settings;
mod signals;
mod status;
mod stripe;
mod sync;
mod transform;
mod user_models;
mod verify;

pub(crate) use layers::{Refused, parse};

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use stripe_xdm::config::AccountEntry;
use stripe_xdm::module::{Cache, Compiler, Limits, Module};
use stripe_xdm::observe::{self, Filter};

/// The module that this program was built with, when one was there.
const EMBEDDED: Option<&[u8]> = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The files of the preview page that this program was built with, by their names; empty when there were none.
const SITE: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/site.rs"));

/// Stripe objects to Adobe XDM records.
#[derive(Debug, Parser)]
#[command(
    name = "stripe-xdm",
    version,
    about,
    long_about = None,
    max_term_width = 110,
    after_help = "Options can also stand in stripe-xdm.toml (`stripe-xdm config example`), or in environment variables: \
                  --rate-limit is STRIPE_XDM_RATE_LIMIT."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Args)]
struct Global {
    /// The settings file; default stripe-xdm.toml in this directory, when there is one
    #[arg(long, global = true, value_name = "FILE", env = "STRIPE_XDM_CONFIG", hide_env = true)]
    config: Option<PathBuf>,
    /// The module to use instead of the embedded one
    #[arg(long, global = true, value_name = "FILE")]
    module: Option<PathBuf>,
    /// Say everything as JSON
    #[arg(long, global = true)]
    json: bool,
    /// Say nothing but errors
    #[arg(long, global = true)]
    quiet: bool,
    /// When to draw progress bars and to use colours
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    color: Color,
    /// Longest that the module may take for one batch, in milliseconds
    #[arg(long, global = true, value_name = "MS", default_value_t = 5000, value_parser = clap::value_parser!(u64).range(1..=3_600_000))]
    deadline: u64,
    /// What to log on standard error: off, error, warn, info, debug or trace; or by part, such as
    /// warn,stripe_xdm::stripe=debug
    #[arg(long, global = true, value_name = "FILTER", default_value = "warn", value_parser = Filter::parse)]
    log: Filter,
    /// How to write the log
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
    /// The accounts of the settings file.
    #[arg(skip)]
    accounts: Vec<AccountEntry>,
    /// The options that `[[account]]` has, too, and that a layer above the settings file gives.
    #[arg(skip)]
    above: Vec<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// Lines for people
    Text,
    /// A JSON object a line
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    /// On a terminal
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the module: its SHA-256, size, ABI version and datasets
    Module(module::ModuleArgs),
    /// Convert Stripe objects from files or standard input
    Transform(transform::TransformArgs),
    /// Fetch from Stripe into a local lake; run again to continue or to add what is new
    Sync(Box<sync::SyncCommand>),
    /// Stay up and sync on a schedule
    Run(Box<run::RunArgs>),
    /// Stay up and take webhooks: Stripe's Events as they happen
    Serve(Box<serve::ServeArgs>),
    /// Carry what a lake holds to Experience Platform
    Deliver(deliver::DeliverArgs),
    /// How far a lake is: ranges, lag, errors; also while a sync runs
    Status(status::StatusArgs),
    /// List again and compare: proves that nothing is missing, or names what is, and repairs it
    Verify(verify::VerifyArgs),
    /// Forget what was walked, so that the next sync lists it once more
    Reset(reset::ResetArgs),
    /// What was kept back, and why; try it again after mending a mapping
    Quarantine(quarantine::QuarantineCommand),
    /// Check key, permissions, connection, lake and module before a sync
    Doctor(doctor::DoctorArgs),
    /// The settings file: check it, or print an example
    Config(config::ConfigCommand),
    /// Sync a made-up account from a Stripe stand-in on this machine
    Demo(Box<demo::DemoArgs>),
    /// The page on which objects, mappings and records follow each other, with objects of the account
    Preview(Box<preview::PreviewArgs>),
    /// What an expression of the mapping language gives for an input
    Eval(eval::EvalArgs),
    /// Check, try, explain, compare, export and import mapping sets
    Mapping(mapping::MappingCommand),
    /// What records look like, and the Schema Registry that must know it
    Schema(schema::SchemaCommand),
    /// Adobe's managed Stripe source, set up from one file
    Flow(flow::FlowCommand),
}

impl Cli {
    /// Runs the command; the code is 0 when all is well, 2 when some objects or resources failed or were kept back.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        observe::log(&self.global.log, self.global.logs_json());
        match self.command {
            Command::Module(args) => module::run(&self.global, args),
            Command::Transform(args) => transform::run(&self.global, args),
            Command::Sync(args) => sync::run(&self.global, &args),
            Command::Run(args) => run::run(&self.global, &args),
            Command::Serve(args) => serve::run(&self.global, &args),
            Command::Deliver(args) => deliver::run(&self.global, &args),
            Command::Status(args) => status::run(&self.global, &args),
            Command::Verify(args) => verify::run(&self.global, args),
            Command::Reset(args) => reset::run(&self.global, &args),
            Command::Quarantine(command) => quarantine::run(&self.global, command),
            Command::Doctor(args) => doctor::run(&self.global, args),
            Command::Config(command) => config::run(&self.global, command),
            Command::Demo(args) => demo::run(&self.global, *args),
            Command::Preview(args) => preview::run(&self.global, &args),
            Command::Eval(args) => eval::run(&self.global, args),
            Command::Mapping(command) => mapping::run(&self.global, command),
            Command::Schema(command) => schema::run(&self.global, command),
            Command::Flow(command) => flow::run(&self.global, command),
        }
    }
}

impl Global {
    fn load_module(&self) -> anyhow::Result<Module> {
        let limits =
            Limits { deadline: std::time::Duration::from_millis(self.deadline), ..Limits::default() };
        let cache = match std::env::current_exe() {
            Ok(program) => Cache::of_user(Compiler::Child(program)),
            Err(_) => Cache::of_user(Compiler::InProcess),
        };
        match &self.module {
            Some(path) => {
                let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
                Module::load(&bytes, limits, &cache).with_context(|| path.display().to_string())
            }
            None => {
                let Some(bytes) = EMBEDDED else {
                    bail!("no module embedded: run `cargo xtask build`, or pass --module FILE")
                };
                Ok(Module::load(bytes, limits, &cache)?)
            }
        }
    }

    /// Whether the command line or the environment gives an option, so that no account has its own.
    fn is_above(&self, option: &str) -> bool {
        self.above.contains(&option)
    }

    fn draws(&self) -> bool {
        match self.color {
            _ if self.logs_json() => false,
            Color::Always => true,
            Color::Never => false,
            Color::Auto => std::io::stderr().is_terminal(),
        }
    }

    /// Whether standard error is JSON, a line for each thing that is told.
    fn logs_json(&self) -> bool {
        self.log_format == LogFormat::Json
    }

    /// Whether standard output is coloured.
    fn paints(&self) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        }
    }
}

/// Behind `say!`. A closed pipe is how `head` says that it has enough; what else keeps the answer from
/// being told ends the program.
fn print_line(line: std::fmt::Arguments<'_>) {
    use std::io::Write;
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{line}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            stripe_xdm::tell!("error: cannot write to standard output: {error}");
            std::process::exit(1);
        }
        _ => {}
    }
}

/// Epoch seconds of a date, a time or a number as an option gives it.
fn moment(option: &str, text: &str) -> anyhow::Result<i64> {
    time(text).map_err(|message| anyhow::anyhow!("{option} {text}: {message}"))
}

/// The same, for clap, which names the option.
fn time(text: &str) -> Result<i64, String> {
    if let Ok(epoch) = text.parse::<i64>() {
        return Ok(epoch);
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(time.as_second());
    }
    let date = text.parse::<jiff::civil::Date>().ok();
    let midnight = date.and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok());
    let midnight = midnight.ok_or("expected 2026-01-31, a time with its zone, or epoch seconds")?;
    Ok(midnight.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn no_command_has_the_same_option_twice() {
        Cli::command().debug_assert();
        Cli::try_parse_from(["stripe-xdm", "demo", "--seed", "7"]).unwrap();
        Cli::try_parse_from(["stripe-xdm", "demo"]).unwrap();
    }
}
