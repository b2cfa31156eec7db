//! Where settings come from: options of the command line, before environment variables, before
//! `stripe-xdm.toml`, before defaults. The options are the one description of all of them: a key of the file is
//! the default of its option, and `STRIPE_XDM_…` its variable, so that no reader of settings but clap's is needed
//! and nothing can be said in one place that cannot be said in the others.

use super::Cli;
use clap::builder::{ArgAction, BoolishValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory, FromArgMatches};
use std::ffi::OsString;
use std::path::PathBuf;
use stripe_xdm::config::{AccountEntry, ConfigFile, FILE, KEYS, Key, Origin, Problem, Setting};

/// The options that `[[account]]` has, too.
const OF_ACCOUNTS: [&str; 8] = [
    "api_key_file",
    "api_key_env",
    "account",
    "connected",
    "resources",
    "since",
    "rate_limit",
    "endpoint_rate_limit",
];

/// Why there is nothing to run.
pub(crate) enum Refused {
    /// The command line, or a call for help.
    Line(Box<clap::Error>),
    /// The settings file.
    File(Vec<Problem>),
}

/// The command line understood, with environment and file below it.
pub(crate) fn parse(line: &[OsString]) -> Result<Cli, Refused> {
    let command = described();
    // Once to find the file: what is wrong with the line is told when the file is below it.
    let first = command.clone().ignore_errors(true).try_get_matches_from(line);
    let mut file = None;
    if let Ok(first) = &first
        && reads_file(first)
        && let Some(path) = file_of(first.get_one("config"))
    {
        let (read, mut problems) = ConfigFile::read(&path);
        problems.extend(judged(&read, &read.settings));
        problems.sort_by_key(|problem| problem.place);
        if !problems.is_empty() {
            return Err(Refused::File(problems));
        }
        file = Some(read);
    }
    let settings: Vec<Setting> = file.iter().flat_map(|file| &file.settings).cloned().collect();
    let first = first.ok();
    let matches = with_file(command, &settings, first.as_ref())
        .try_get_matches_from(line)
        .map_err(|error| Refused::Line(Box::new(error)))?;
    let mut cli = Cli::from_arg_matches(&matches).map_err(|error| Refused::Line(Box::new(error)))?;
    cli.global.accounts = file.map(|file| file.accounts).unwrap_or_default();
    cli.global.above =
        OF_ACCOUNTS.into_iter().filter(|id| source(&matches, id).is_some_and(is_said)).collect();
    Ok(cli)
}

/// The file that an option names, or the one in this directory.
pub(super) fn file_of(named: Option<&PathBuf>) -> Option<PathBuf> {
    match named {
        Some(named) => Some(named.clone()),
        None => Some(PathBuf::from(FILE)).filter(|path| path.is_file()),
    }
}

/// Compiling a module in a child process has no settings; `config` itself says what is wrong with the file.
fn reads_file(matches: &ArgMatches) -> bool {
    match matches.subcommand() {
        Some(("config", _)) | None => false,
        Some(("module", args)) => !args.contains_id("compile"),
        Some(_) => true,
    }
}

/// The commands, with switches that take `=false` and with environment variables.
pub(super) fn described() -> Command {
    each_option(Cli::command(), "", |arg| {
        let variable = variable(arg.get_long().unwrap_or_default());
        switch(arg).env(variable).hide_env(true)
    })
}

/// The same, whatever the environment says.
pub(super) fn without_environment() -> Command {
    each_option(Cli::command(), "", switch)
}

fn each_option(command: Command, name: &str, change: fn(Arg) -> Arg) -> Command {
    let command = command.mut_args(|arg| match arg.get_long().and_then(|flag| key_of(flag, name)) {
        Some(_) => change(arg),
        None => arg,
    });
    each_below(command, name, |command, name| each_option(command, name, change))
}

/// An option; a switch becomes one that the layers above can also turn off.
fn switch(arg: Arg) -> Arg {
    if !matches!(arg.get_action(), ArgAction::SetTrue) {
        return arg;
    }
    arg.action(ArgAction::Set)
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
        .default_value("false")
        .hide_default_value(true)
        .hide_possible_values(true)
        .value_name("BOOL")
        .value_parser(BoolishValueParser::new())
}

/// The row of an option of a command.
pub(super) fn key_of(flag: &str, command: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.is_for(command) && key.flags().any(|known| known == flag))
}

/// The environment variable of an option.
pub(super) fn variable(flag: &str) -> String {
    format!("STRIPE_XDM_{}", flag.to_ascii_uppercase().replace('-', "_"))
}

/// What the file says becomes the options' defaults. Of a secret that was named in a layer above, by a file or by
/// a variable, the settings file says nothing.
pub(super) fn with_file(command: Command, settings: &[Setting], above: Option<&ArgMatches>) -> Command {
    fn deep(command: Command, name: &str, settings: &[Setting], above: Option<&ArgMatches>) -> Command {
        let command = command.mut_args(|arg| {
            let Some(flag) = arg.get_long() else { return arg };
            let found = settings.iter().find(|setting| {
                setting.flag == flag
                    && setting.key.is_for(name)
                    && !(setting.key.secret().is_some() && is_named(setting.key, above))
            });
            match found {
                Some(setting) => arg.required(false).default_values(setting.values.clone()),
                None => arg,
            }
        });
        each_below(command, name, |command, name| deep(command, name, settings, above))
    }
    deep(command, "", settings, above)
}

fn is_named(key: &Key, above: Option<&ArgMatches>) -> bool {
    key.flags()
        .any(|flag| above.and_then(|above| source(above, &flag.replace('-', "_"))).is_some_and(is_said))
}

fn is_said(source: ValueSource) -> bool {
    matches!(source, ValueSource::CommandLine | ValueSource::EnvVariable)
}

/// Where the value of an option comes from, in the command that was called.
fn source(matches: &ArgMatches, id: &str) -> Option<ValueSource> {
    let below = matches.subcommand().and_then(|(_, below)| source(below, id));
    let here = || matches.try_contains_id(id).ok().and_then(|_| matches.value_source(id));
    below.or_else(here)
}

fn each_below(mut command: Command, name: &str, change: impl Fn(Command, &str) -> Command) -> Command {
    let below: Vec<String> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    for below in below {
        let full = if name.is_empty() { below.clone() } else { format!("{name} {below}") };
        command = command.mut_subcommand(below, |command| change(command, &full));
    }
    command
}

/// A command that has the option, its name with its parents'.
pub(super) fn command_with<'a>(command: &'a Command, flag: &str, key: &Key) -> Option<(String, &'a Arg)> {
    fn deep<'a>(command: &'a Command, name: &str, flag: &str, key: &Key) -> Option<(String, &'a Arg)> {
        let here = command.get_arguments().find(|arg| arg.get_long() == Some(flag) && key.is_for(name));
        if let Some(arg) = here {
            return Some((name.to_owned(), arg));
        }
        command.get_subcommands().find_map(|below| {
            let full = format!("{name} {}", below.get_name());
            deep(below, full.trim_start(), flag, key)
        })
    }
    // Where commands share an option, a sync's words are the ones meant.
    let sync = command.find_subcommand("sync").filter(|_| key.section == "sync");
    sync.and_then(|sync| deep(sync, "sync", flag, key)).or_else(|| deep(command, "", flag, key))
}

/// Something wrong with what the file or a variable sets.
pub(super) fn problem(file: &ConfigFile, setting: &Setting, message: impl std::fmt::Display) -> Problem {
    let origin = match setting.place {
        Some(_) => Origin::File(file.path.clone()),
        None => Origin::Variable(variable(setting.flag)),
    };
    let message = format!("{}: {message}", setting.key);
    Problem { origin, place: setting.place, key: Some(setting.key), message }
}

/// What the options' own readers say of values, and of those of the file's accounts.
pub(super) fn judged(file: &ConfigFile, settings: &[Setting]) -> Vec<Problem> {
    let command = without_environment();
    let mut problems = Vec::new();
    for setting in settings {
        let refusals = setting.values.iter().filter_map(|value| refusal(&command, setting, value));
        problems.extend(refusals.map(|message| problem(file, setting, message)));
    }
    for account in &file.accounts {
        let texts = |name: &'static str, values: Vec<&str>| {
            values.into_iter().map(|value| (name, value.to_owned())).collect::<Vec<_>>()
        };
        let given = [
            texts("resources", account.resources.iter().flatten().map(String::as_str).collect()),
            texts("since", account.since.as_deref().into_iter().collect()),
            texts("rate_limit", account.rate_limit.as_deref().into_iter().collect()),
            texts("endpoint_rate_limit", account.endpoint_rate_limit.as_deref().into_iter().collect()),
        ];
        for (name, value) in given.into_iter().flatten() {
            let Some(key) = KEYS.iter().find(|key| key.section == "sync" && key.name == name) else {
                continue;
            };
            let setting = Setting { key, flag: key.flag, values: Vec::new(), place: Some(account.place) };
            problems.extend(
                refusal(&command, &setting, &value)
                    .map(|message| account_problem(file, account, name, &message)),
            );
        }
    }
    problems
}

/// Something wrong with what the file says of an account.
pub(super) fn account_problem(
    file: &ConfigFile,
    account: &AccountEntry,
    name: &str,
    message: &str,
) -> Problem {
    Problem {
        origin: Origin::File(file.path.clone()),
        place: Some(account.place_of(name)),
        key: None,
        message: format!("account {}, {name}: {message}", account.name),
    }
}

/// Why an option does not take a value.
fn refusal(command: &Command, setting: &Setting, value: &str) -> Option<String> {
    let (name, _) = command_with(command, setting.flag, setting.key)?;
    let name = if name.is_empty() { "sync" } else { &name };
    let mut line = vec!["stripe-xdm".to_owned()];
    line.extend(name.split(' ').map(str::to_owned));
    line.push(format!("--{}={value}", setting.flag));
    let error = command.clone().try_get_matches_from(line).err()?;
    if !matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation) {
        return None;
    }
    let known = match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(known)) if !known.is_empty() => format!(", one of {}", known.join(", ")),
        _ => String::new(),
    };
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
    Some(format!("{value} is not what --{} takes{known}{cause}", setting.flag))
}
