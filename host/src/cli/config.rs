//! `stripe-xdm config`: what the settings file says, what is in force, and an example of one.

use super::Global;
use super::layers::{command_with, described, file_of, judged, variable, with_file};
use clap::parser::ValueSource;
use clap::{Args, Command, Subcommand};
use serde::Serialize;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use stripe_xdm::config::{ConfigFile, KEYS, Key, Kind, Problem, SECTIONS, SecretRef, nearest};
use stripe_xdm::report::columns;

#[derive(Debug, Args)]
pub(super) struct ConfigCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Check the settings file and show what is in force, and where each value comes from
    Check,
    /// Print a settings file with every key, its meaning and its default
    Example,
}

pub(super) fn run(global: &Global, command: ConfigCommand) -> anyhow::Result<ExitCode> {
    match command.what {
        What::Check => check(global),
        What::Example => {
            say!("{}", example().trim_end());
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// A value in force.
#[derive(Debug, Serialize)]
struct Row {
    key: String,
    value: Option<String>,
    source: String,
}

fn check(global: &Global) -> anyhow::Result<ExitCode> {
    let path = file_of(global.config.as_ref());
    let (file, mut problems) = match path.as_deref().map(ConfigFile::read) {
        None => (ConfigFile::default(), Vec::new()),
        Some(Ok(file)) => {
            let problems = judged(&file);
            (file, problems)
        }
        Some(Err(problems)) => (ConfigFile::default(), problems),
    };
    problems.extend(missing_secrets(&file));
    let rows = in_force(&file);
    let unknown = unknown_variables();
    if global.json {
        let problems: Vec<_> = problems.iter().map(problem_as_json).collect();
        let answer = serde_json::json!({
            "file": path, "settings": rows, "problems": problems, "unknown_variables": unknown,
            "accounts": file.accounts.iter().map(|account| &account.name).collect::<Vec<_>>(),
        });
        say!("{answer}");
    } else {
        match &path {
            Some(path) => say!("settings file: {}", path.display()),
            None => say!("settings file: none (stripe-xdm.toml in this directory, or --config)"),
        }
        let words = |row: &Row| {
            let value = row.value.clone().unwrap_or_else(|| "-".to_owned());
            vec![row.key.clone(), value, row.source.clone()]
        };
        say!("{}", columns(&["key", "value", "from"], rows.iter().map(words)));
        for account in &file.accounts {
            let name = account.account.as_deref().unwrap_or("the key's account");
            say!("account {}: {name}, key {}", account.name, account.api_key.shown());
        }
        for message in &unknown {
            stripe_xdm::tell!("warning: {message}");
        }
        for problem in &problems {
            stripe_xdm::tell!("error: {problem}");
        }
    }
    Ok(ExitCode::from(u8::from(!problems.is_empty())))
}

fn problem_as_json(problem: &Problem) -> serde_json::Value {
    serde_json::json!({
        "file": problem.path,
        "line": problem.place.map(|place| place.line),
        "column": problem.place.map(|place| place.column),
        "message": problem.message,
    })
}

/// Secrets that the file names and that are not there.
fn missing_secrets(file: &ConfigFile) -> Vec<Problem> {
    let of_settings = file.settings.iter().filter_map(|setting| {
        let secret = secret_of(setting.key, setting.flag, setting.values.first()?)?;
        Some((setting.key.to_string(), secret, setting.place))
    });
    let of_accounts = file.accounts.iter().map(|account| {
        (format!("account {}, api_key", account.name), account.api_key.clone(), account.place)
    });
    let problem = |(name, secret, place): (String, SecretRef, _)| {
        let error = secret.read().err()?;
        Some(Problem { path: file.path.clone(), place: Some(place), message: format!("{name}: {error}") })
    };
    of_settings.chain(of_accounts).filter_map(problem).collect()
}

fn secret_of(key: &Key, flag: &str, value: &str) -> Option<SecretRef> {
    match key.kind {
        Kind::Secret(variable, _) if variable == flag => Some(SecretRef::Env(value.to_owned())),
        Kind::Secret(..) => Some(SecretRef::File(PathBuf::from(value))),
        _ => None,
    }
}

fn in_force(file: &ConfigFile) -> Vec<Row> {
    let plain = described();
    let whole = with_file(described(), &file.settings, None);
    KEYS.iter().filter_map(|key| row(key, file, &plain, &whole)).collect()
}

/// What is in force for a key, found by reading an empty command line of a command that has its option.
fn row(key: &Key, file: &ConfigFile, plain: &Command, whole: &Command) -> Option<Row> {
    let mut row = Row { key: key.to_string(), value: None, source: "default".to_owned() };
    if let Kind::Secret(_, variable) = key.kind {
        row.value = Some(SecretRef::Env(variable.to_owned()).shown());
    }
    for flag in key.flags() {
        let (name, arg) = command_with(plain, flag, key)?;
        let id = arg.get_id().as_str();
        let mut line = vec!["stripe-xdm"];
        line.extend(name.split(' ').filter(|part| !part.is_empty()));
        if line.len() == 1 {
            line.push("module");
        }
        let matches = whole.clone().ignore_errors(true).try_get_matches_from(line).ok()?;
        let mut matches = &matches;
        while let Some((_, below)) = matches.subcommand() {
            matches = below;
        }
        let Ok(Some(raw)) = matches.try_get_raw(id) else { continue };
        let values: Vec<String> = raw.map(|value| value.to_string_lossy().into_owned()).collect();
        let setting = file.settings.iter().find(|setting| setting.flag == flag && setting.key == key);
        let source = match (matches.value_source(id), setting) {
            (Some(ValueSource::EnvVariable), _) => format!("environment {}", variable(flag)),
            (Some(ValueSource::CommandLine), _) => "command line".to_owned(),
            (_, Some(setting)) => format!("{}:{}", file.path.display(), setting.place.line),
            (_, None) => "default".to_owned(),
        };
        let value = match (secret_of(key, flag, values.first().map_or("", String::as_str)), key.kind) {
            (Some(secret), _) => secret.shown(),
            (None, Kind::Not) => if values == ["true"] { "false" } else { "true" }.to_owned(),
            (None, _) => values.join(", "),
        };
        row = Row { value: Some(value), source, ..row };
        break;
    }
    Some(row)
}

/// `STRIPE_XDM_…` variables that nothing reads: most likely slips.
fn unknown_variables() -> Vec<String> {
    let mut known: Vec<String> = KEYS.iter().flat_map(Key::flags).map(variable).collect();
    known.extend(["CONFIG", "PRIVACY_SALT", "CLIENT_SECRET"].map(|name| format!("STRIPE_XDM_{name}")));
    let given = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let odd = given.filter(|name| name.starts_with("STRIPE_XDM_") && !known.contains(name));
    let mut told: Vec<String> = odd
        .map(|odd| match nearest(&odd.to_ascii_lowercase(), known.iter().map(String::as_str)) {
            Some(meant) => format!("nothing reads {odd}; did you mean {meant}?"),
            None => format!("nothing reads {odd}"),
        })
        .collect();
    told.sort();
    told
}

/// A file with every key as its default, all commented out but the two that every sync needs.
fn example() -> String {
    let command = described();
    let mut text = String::from(
        "# Settings of stripe-xdm. What is commented out is the default, or an example.\n\
         # Options of the command line and STRIPE_XDM_… variables go before this file.\n\
         # Relative paths start at this file's directory. Secrets never stand here, only where they are.\n",
    );
    // Writing into a String cannot fail.
    let mut line = |words: std::fmt::Arguments<'_>| {
        let _infallible = writeln!(text, "{words}");
    };
    for section in SECTIONS {
        line(format_args!("\n# {}.\n[{}]", section.about, section.name));
        for key in KEYS.iter().filter(|key| key.section == section.name) {
            let Some((_, arg)) = command_with(&command, key.flag, key) else { continue };
            line(format_args!("# {}", meaning(key, arg).replace('\n', "\n# ")));
            let needed = matches!((key.section, key.name), ("sync", "lake") | ("mapping", "tenant"));
            let mark = if needed { "" } else { "# " };
            line(format_args!("{mark}{} = {}", key.name, sample(key, arg)));
        }
    }
    line(format_args!(
        "\n# One table for each account, when there are several. What it leaves out is as in [sync].\n\
         # [[account]]\n# name = \"shop\"\n# api_key = {{ env = \"STRIPE_API_KEY_SHOP\" }}\n# account = \"acct_1\"\n\
         # connected = true\n# resources = [\"charges\", \"customers\"]\n# since = 2026-01-31\n# rate_limit = 20"
    ));
    text
}

/// What a key is about, in its option's words.
fn meaning(key: &Key, arg: &clap::Arg) -> String {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    match key.kind {
        Kind::Not => format!("false: {help}"),
        Kind::Secret(_, variable) => {
            let what = help.strip_prefix("A file that holds ").unwrap_or(&help);
            let what = what.split([';', ',']).next().unwrap_or(what);
            format!("Where {what} is, in a variable or a file; default the variable {variable}")
        }
        _ => help,
    }
}

/// A key's default as the file has it, or an example where there is none.
fn sample(key: &Key, arg: &clap::Arg) -> String {
    let default = arg.get_default_values().first().and_then(|value| value.to_str());
    let quoted = |text: &str| format!("{text:?}");
    match (key.kind, default) {
        (Kind::Text | Kind::Path, Some(text)) => quoted(text),
        (Kind::Count | Kind::Number | Kind::Switch, Some(text)) => text.to_owned(),
        (Kind::Not, _) => "true".to_owned(),
        (kind, _) => example_of(key.name, kind).to_owned(),
    }
}

fn example_of(name: &str, kind: Kind) -> &'static str {
    match (name, kind) {
        ("api_key", _) => r#"{ env = "STRIPE_API_KEY" }"#,
        ("salt", _) => r#"{ env = "STRIPE_XDM_PRIVACY_SALT" }"#,
        ("client_secret", _) => r#"{ env = "STRIPE_XDM_CLIENT_SECRET" }"#,
        ("lake", _) => r#""lake""#,
        ("tenant", _) => r#""acme""#,
        ("account", _) => r#""acct_1""#,
        ("resources", _) => r#"["charges", "refunds"]"#,
        ("model", _) => r#""standard""#,
        ("customer_namespace", _) => r#""STRIPE_CUSTOMER""#,
        ("metadata_identity", _) => r#""crm_id=CRMID""#,
        ("phone_target", _) => r#""mobilePhone""#,
        ("currency_exponents", _) => "{ xyz = 3 }",
        ("rules", _) => r#"{ timestamp = "warn" }"#,
        ("address", _) => r#""127.0.0.1:9464""#,
        ("policy", _) => r#""privacy.json""#,
        ("module", _) => r#""stripe_xdm_bg.wasm""#,
        ("order_key", _) => r#""order_id""#,
        ("quarantine" | "out", _) => r#""records""#,
        ("api_version", _) => r#""2026-08-26.dahlia""#,
        ("client_id", _) => r#""1a2b3c""#,
        ("org", _) => r#""1234@AdobeOrg""#,
        ("aep_sandbox", _) => r#""dev""#,
        ("rate_limit" | "endpoint_rate_limit", _) => "25",
        (_, Kind::Time) => "2026-01-31",
        (_, Kind::Count | Kind::Number) => "10",
        (_, Kind::Switch | Kind::Not) => "true",
        (_, Kind::Connected) => "true",
        (_, Kind::Names) => r#"["one", "two"]"#,
        (_, Kind::Mappings) => r#"["charge=charges.json"]"#,
        (_, Kind::Pairs) => r#"{ name = "value" }"#,
        (_, Kind::Secret(..)) => r#"{ env = "NAME" }"#,
        (_, Kind::Text | Kind::Path) => r#""text""#,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// What a layer above the file alone can say: which file, and which of its accounts.
    const NO_PLACE: [&str; 4] = ["config", "only", "help", "version"];

    /// Options of the commands that do the work, and of all commands.
    fn options() -> Vec<(String, String)> {
        let command = described();
        let mut options: Vec<(String, String)> = Vec::new();
        let mut add = |name: &str, command: &Command| {
            let long = command.get_arguments().filter_map(clap::Arg::get_long);
            options.extend(long.map(|long| (name.to_owned(), long.to_owned())));
        };
        add("", &command);
        for name in ["sync", "run", "transform", "doctor"] {
            if let Some(command) = command.find_subcommand(name) {
                add(name, command);
            }
        }
        options
    }

    #[test]
    fn every_option_has_its_place_in_the_file() {
        let options = options();
        assert!(options.len() > 40, "the options were found");
        for (command, flag) in options {
            let placed = super::super::layers::key_of(&flag, &command).is_some();
            assert!(
                placed || NO_PLACE.contains(&flag.as_str()),
                "--{flag} of {command:?} needs a row in host/src/config/keys.rs"
            );
        }
    }

    #[test]
    fn every_key_has_its_option_and_no_two_keys_share_one() {
        let command = described();
        for key in KEYS {
            for flag in key.flags() {
                assert!(command_with(&command, flag, key).is_some(), "{key}: no command has --{flag}");
            }
            assert!(SECTIONS.iter().any(|section| section.name == key.section), "{key}");
        }
        for (command, flag) in options() {
            let rows =
                KEYS.iter().filter(|key| key.is_for(&command) && key.flags().any(|known| known == flag));
            assert!(rows.count() <= 1, "--{flag} of {command:?}");
        }
    }

    #[test]
    fn the_example_parses_as_it_is_and_with_everything_in_force() {
        let parse = |text: &str| {
            let file = ConfigFile::parse(Path::new("stripe-xdm.toml"), text)
                .unwrap_or_else(|problems| panic!("{problems:?} in\n{text}"));
            assert_eq!(judged(&file), [], "in\n{text}");
            file
        };
        let text = example();
        let few: Vec<_> = parse(&text).settings.iter().map(|setting| setting.key.to_string()).collect();
        assert_eq!(few, ["sync.lake", "mapping.tenant"]);
        let is_setting = |line: &str| {
            let name = line.split(" = ").next().unwrap_or_default();
            let is_name = name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            line == "[[account]]" || (is_name && line.contains(" = "))
        };
        let whole: Vec<&str> = text
            .lines()
            .map(|line| line.strip_prefix("# ").filter(|line| is_setting(line)).unwrap_or(line))
            .collect();
        let file = parse(&whole.join("\n"));
        assert_eq!(file.settings.len(), KEYS.len());
        assert_eq!(file.accounts.len(), 1);
    }

    /// `UPDATE_DOCS=1 cargo test --release -p stripe-xdm --bin stripe-xdm` writes the page's table anew.
    #[test]
    fn the_page_lists_every_key() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
        let page = std::fs::read_to_string(&path).unwrap();
        let (begin, end) = ("<!-- keys: written by a test -->\n", "<!-- end of keys -->");
        let (before, rest) = page.split_once(begin).unwrap();
        let (_, after) = rest.split_once(end).unwrap();
        let whole = format!("{before}{begin}{}{end}{after}", table());
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, &whole).unwrap();
        } else {
            assert!(page == whole, "docs/configuration.md is not current: run this test with UPDATE_DOCS=1");
        }
    }

    fn table() -> String {
        let command = described();
        let mut text = String::new();
        for section in SECTIONS {
            text += &format!("\n### `[{}]`\n\n{}.\n\n", section.name, section.about);
            text += "| Key | Option | Default | Meaning |\n| --- | --- | --- | --- |\n";
            for key in KEYS.iter().filter(|key| key.section == section.name) {
                let (_, arg) = command_with(&command, key.flag, key).unwrap();
                let default = match (arg.get_default_values().first(), key.kind) {
                    (_, Kind::Not) => "`true`".to_owned(),
                    (_, Kind::Secret(_, variable)) => format!("`{{ env = \"{variable}\" }}`"),
                    (Some(value), _) => format!("`{}`", value.to_string_lossy()),
                    (None, _) => String::new(),
                };
                let options: Vec<_> = key.flags().map(|flag| format!("`--{flag}`")).collect();
                let meaning = meaning(key, arg).replace('\n', " ").replace('|', "\\|");
                text += &format!("| `{}` | {} | {default} | {meaning} |\n", key.name, options.join(", "));
            }
        }
        text + "\n"
    }
}
