//! What is wrong with the settings: every value of the file and of the environment goes through the readers that the
//! commands use, through what `sync` and `run` do before they ask Stripe, and to the module; first each alone, so
//! that each mistake is told with its place, then all together.

use super::super::layers::{
    Refused, account_problem, judged, parse, problem, with_file, without_environment,
};
use super::super::{Cli, Command};
use clap::FromArgMatches;
use std::path::PathBuf;
use stripe_xdm::config::{ConfigFile, KEYS, Origin, Problem, SecretRef, Setting};
use stripe_xdm::module::Module;

/// What `sync` and `run` must be given.
const NEEDED: [&str; 2] = ["lake", "tenant"];

/// All that is wrong, in the order of the file, with what was found before.
pub(super) fn problems(file: &ConfigFile, environment: &[Setting], found: Vec<Problem>) -> Vec<Problem> {
    let mut problems = found;
    let all: Vec<Setting> = file.settings.iter().chain(environment).cloned().collect();
    problems.extend(judged(file, &all));
    problems.extend(missing_secrets(file, &all));
    let is_sound = |problems: &[Problem], setting: &Setting| {
        let same = |problem: &Problem| {
            problem.key == Some(setting.key)
                && matches!(problem.origin, Origin::Variable(_)) == setting.place.is_none()
        };
        !problems.iter().any(same)
    };
    let sound: Vec<Setting> = all.into_iter().filter(|setting| is_sound(&problems, setting)).collect();
    let in_force: Vec<Setting> = sound
        .iter()
        .filter(|setting| {
            setting.place.is_none() || !environment.iter().any(|above| above.key == setting.key)
        })
        .cloned()
        .collect();
    let module = module(&in_force).or_else(|error| {
        let named = in_force.iter().find(|setting| setting.flag == "module");
        let message = format!("{error:#}");
        problems.push(match named {
            Some(setting) => problem(file, setting, message),
            None => Problem { origin: Origin::Together, place: None, key: None, message },
        });
        // The embedded one tells what else is wrong.
        self::module(&[])
    });
    if let Ok(module) = module {
        problems.extend(tried(file, &sound, &in_force, &module));
        if problems.is_empty() {
            problems.extend(together(file, &in_force, &module));
        }
    }
    problems.sort_by_key(|problem| (!matches!(problem.origin, Origin::File(_)), problem.place));
    problems
}

/// What is wrong with single values, as the module and the schedule see them.
fn tried(file: &ConfigFile, sound: &[Setting], in_force: &[Setting], module: &Module) -> Vec<Problem> {
    let mut problems = Vec::new();
    let alone = |setting: &&Setting| {
        matches!(setting.key.section, "mapping" | "schedule")
            || matches!((setting.key.section, setting.key.name), ("sync", "stripe_version"))
    };
    for setting in sound.iter().filter(alone) {
        problems
            .extend(trial(std::slice::from_ref(setting), module).err().map(|e| problem(file, setting, e)));
    }
    // A policy may need the salt.
    let privacy: Vec<Setting> =
        in_force.iter().filter(|setting| setting.key.section == "privacy").cloned().collect();
    if let Some(policy) = privacy.iter().find(|setting| setting.flag == "privacy").or(privacy.first()) {
        problems.extend(trial(&privacy, module).err().map(|error| problem(file, policy, error)));
    }
    let namespace = KEYS.iter().find(|key| key.flag == "customer-namespace");
    for account in &file.accounts {
        let (Some(key), Some(code)) = (namespace, &account.customer_namespace) else { continue };
        let setting = Setting { key, flag: key.flag, values: vec![code.clone()], place: Some(account.place) };
        let error = trial(&[setting], module).err();
        problems.extend(error.map(|error| account_problem(file, account, key.name, &error)));
    }
    problems
}

/// What a run would say of these settings, and nothing else.
fn trial(settings: &[Setting], module: &Module) -> Result<(), String> {
    // A mapping from standard input cannot be read twice.
    if settings.iter().flat_map(|setting| &setting.values).any(|value| value == "-" || value.ends_with("=-"))
    {
        return Ok(());
    }
    let cli = cli(settings)?;
    let Command::Run(args) = cli.command else { return Ok(()) };
    // Keys are not what is tried.
    args.judge_without_keys(module).map_err(|error| format!("{error:#}"))
}

/// The command line of a run that says nothing, with these settings below it.
fn cli(settings: &[Setting]) -> Result<Cli, String> {
    let command = with_file(without_environment(), settings, None);
    let matches = command.try_get_matches_from(line(settings, Vec::new())).map_err(|error| said(&error))?;
    Cli::from_arg_matches(&matches).map_err(|error| said(&error))
}

fn line(settings: &[Setting], mut more: Vec<String>) -> Vec<String> {
    let mut line = vec!["stripe-xdm".to_owned(), "run".to_owned()];
    let missing = NEEDED.iter().filter(|flag| !settings.iter().any(|setting| setting.flag == **flag));
    line.extend(missing.map(|flag| format!("--{flag}={flag}")));
    line.append(&mut more);
    line
}

/// The first line of what clap says; the others are about the command line.
fn said(error: &clap::Error) -> String {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    first.strip_prefix("error: ").unwrap_or(first).to_owned()
}

/// The module that the settings name, or the embedded one.
fn module(in_force: &[Setting]) -> anyhow::Result<Module> {
    let of_program: Vec<Setting> =
        in_force.iter().filter(|setting| setting.key.section == "program").cloned().collect();
    cli(&of_program).map_err(anyhow::Error::msg)?.global.load_module()
}

/// What a run would say of all of it: each value may be well and go with another one badly.
fn together(file: &ConfigFile, in_force: &[Setting], module: &Module) -> Option<Problem> {
    let problem = |message| Some(Problem { origin: Origin::Together, place: None, key: None, message });
    let mut more = Vec::new();
    if !file.path.as_os_str().is_empty() {
        more.push(format!("--config={}", file.path.display()));
    }
    let line: Vec<_> = line(in_force, more).into_iter().map(Into::into).collect();
    let cli = match parse(&line) {
        Ok(cli) => cli,
        Err(Refused::Line(error)) => return problem(said(&error)),
        Err(Refused::File(problems)) => return problems.into_iter().next(),
    };
    let Command::Run(args) = &cli.command else { return None };
    problem(format!("{:#}", args.judge(&cli.global, module).err()?))
}

/// Secrets that are named and are not there.
fn missing_secrets(file: &ConfigFile, settings: &[Setting]) -> Vec<Problem> {
    // Where accounts have their own keys, the one of a single account is not read.
    let is_read = |setting: &&Setting| file.accounts.is_empty() || setting.key.name != "api_key";
    let of_settings = settings.iter().filter(is_read).filter_map(|setting| {
        let error = secrets_of(setting).iter().find_map(|secret| secret.read().err())?;
        Some(problem(file, setting, error))
    });
    let of_accounts = file.accounts.iter().filter_map(|account| {
        let api_key = std::iter::once(("api_key", &account.api_key));
        let webhook = account.webhook_secrets.iter().map(|secret| ("webhook_secrets", secret));
        let wrapped = account.wrapped_keys.iter().map(|key| ("wrapped_keys", key));
        let mut all = api_key.chain(webhook).chain(wrapped);
        let (key, error) = all.find_map(|(key, secret)| Some((key, secret.read().err()?)))?;
        Some(account_problem(file, account, key, &error.to_string()))
    });
    of_settings.chain(of_accounts).collect()
}

/// Where the secrets are that a setting is about.
pub(super) fn secrets_of(setting: &Setting) -> Vec<SecretRef> {
    let Some((variable, _)) = setting.key.secret() else { return Vec::new() };
    let secret = |value: &String| match setting.flag == variable {
        true => SecretRef::Env(value.clone()),
        false => SecretRef::File(PathBuf::from(value)),
    };
    setting.values.iter().map(secret).collect()
}
