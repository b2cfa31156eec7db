//! What is in force: what the environment says before what the file says before the defaults.

use super::super::layers::{command_with, described, variable};
use super::check::secrets_of;
use serde::Serialize;
use stripe_xdm::config::{ConfigFile, KEYS, Key, Kind, Origin, Problem, SecretRef, Setting, nearest};

/// A key's value and where it comes from.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) key: String,
    pub(super) value: Option<String>,
    pub(super) source: String,
    /// Whether no command takes it.
    pub(super) refused: bool,
}

/// What the environment says of keys; and variables that hold no text.
pub(super) fn environment() -> (Vec<Setting>, Vec<Problem>) {
    let (mut settings, mut problems) = (Vec::new(), Vec::new());
    for (key, flag) in KEYS.iter().flat_map(|key| key.flags().map(move |flag| (key, flag))) {
        match std::env::var(variable(flag)) {
            Ok(value) => settings.push(Setting { key, flag, values: vec![value], place: None }),
            Err(std::env::VarError::NotPresent) => {}
            Err(std::env::VarError::NotUnicode(_)) => problems.push(Problem {
                origin: Origin::Variable(variable(flag)),
                place: None,
                key: Some(key),
                message: format!("{key}: its value is not UTF-8"),
            }),
        }
    }
    (settings, problems)
}

/// A row for each key.
pub(super) fn rows(file: &ConfigFile, environment: &[Setting], problems: &[Problem]) -> Vec<Row> {
    let command = described();
    let default = |key: &Key| match key.kind {
        Kind::Secret(_, variable) | Kind::Secrets(_, variable) => {
            Some(SecretRef::Env(variable.to_owned()).shown())
        }
        Kind::Not => Some("true".to_owned()),
        _ => {
            let (_, arg) = command_with(&command, key.flag, key)?;
            let values: Vec<_> =
                arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
            (!values.is_empty()).then(|| values.join(", "))
        }
    };
    let row = |key: &'static Key| {
        let of_key = |setting: &&Setting| setting.key == key;
        let wrong = problems.iter().filter(|problem| problem.key == Some(key));
        let (of_variable, of_file): (Vec<_>, Vec<_>) =
            wrong.partition(|problem| matches!(problem.origin, Origin::Variable(_)));
        let at = |line: Option<usize>| match line {
            Some(line) => format!("{}:{line}", file.path.display()),
            None => file.path.display().to_string(),
        };
        // Several secrets are two settings: those in variables and those in files.
        let all_shown = |settings: &[Setting]| {
            let all: Vec<String> = settings.iter().filter(of_key).map(shown).collect();
            Some(all.join(", "))
        };
        let (value, source, wrong) = if let Some(setting) = environment.iter().find(of_key) {
            (all_shown(environment), format!("environment {}", variable(setting.flag)), of_variable)
        } else if let Some(setting) = file.settings.iter().find(of_key) {
            (all_shown(&file.settings), at(setting.place.map(|place| place.line)), of_file)
        } else if let Some(problem) = of_file.first() {
            // What stands there is nothing that could be shown as its value.
            (None, at(problem.place.map(|place| place.line)), of_file)
        } else {
            (default(key), "default".to_owned(), of_variable)
        };
        Row { key: key.to_string(), value, source, refused: !wrong.is_empty() }
    };
    KEYS.iter().map(row).collect()
}

fn shown(setting: &Setting) -> String {
    let value = setting.values.first().map_or("", String::as_str);
    let secrets: Vec<String> = secrets_of(setting).iter().map(SecretRef::shown).collect();
    match setting.key.kind {
        _ if !secrets.is_empty() => secrets.join(", "),
        Kind::Not => match value.to_ascii_lowercase().as_str() {
            "y" | "yes" | "t" | "true" | "on" | "1" => "false".to_owned(),
            _ => "true".to_owned(),
        },
        _ => setting.values.join(", "),
    }
}

/// `STRIPE_XDM_…` variables that nothing reads: most likely slips.
pub(super) fn unknown_variables(file: &ConfigFile) -> Vec<String> {
    const PREFIX: &str = "STRIPE_XDM_";
    let mut known: Vec<String> = KEYS.iter().flat_map(Key::flags).map(variable).collect();
    known.extend(["CONFIG", "PRIVACY_SALT", "CLIENT_SECRET"].map(|name| format!("{PREFIX}{name}")));
    // The file can name any variable for a secret.
    known.extend(file.settings.iter().flat_map(|setting| setting.values.clone()));
    let secrets = file.accounts.iter().flat_map(|account| {
        let webhooks = account.webhook_secrets.iter().chain(&account.wrapped_keys);
        std::iter::once(&account.api_key).chain(webhooks)
    });
    known.extend(secrets.filter_map(|secret| match secret {
        SecretRef::Env(name) => Some(name.clone()),
        SecretRef::File(_) => None,
    }));
    // Compared without what all of them have in common.
    let bare = |name: &str| name.strip_prefix(PREFIX).unwrap_or_default().to_ascii_lowercase();
    let names: Vec<String> = known.iter().map(|name| bare(name)).filter(|name| !name.is_empty()).collect();
    let given = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let odd = given.filter(|name| name.starts_with(PREFIX) && !known.contains(name));
    let mut told: Vec<String> = odd
        .map(|odd| match nearest(&bare(&odd), names.iter().map(String::as_str)) {
            Some(meant) => {
                format!("nothing reads {odd}; did you mean {PREFIX}{}?", meant.to_ascii_uppercase())
            }
            None => format!("nothing reads {odd}"),
        })
        .collect();
    told.sort();
    told
}
