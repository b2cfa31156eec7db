//! `stripe-xdm config example`: a settings file with every key. The page's table is made from the same.

use super::super::layers::{command_with, described};
use std::fmt::Write;
use stripe_xdm::config::{KEYS, Key, Kind, SECTIONS};

/// A file with every key as its default, all commented out but the two that every sync needs.
pub(super) fn example() -> String {
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
         # connected = true\n# resources = [\"charges\", \"customers\"]\n# since = 2026-01-31\n# rate_limit = 20\n\
         # endpoint_rate_limit = 10\n# customer_namespace = \"STRIPE_SHOP\"\n\
         # webhook_secrets = [{{ env = \"STRIPE_WEBHOOK_SECRET_SHOP\" }}]\n\
         # wrapped_keys = [{{ env = \"STRIPE_WRAPPED_KEY_SHOP\" }}]"
    ));
    text
}

/// What a key is about, in its option's words.
fn meaning(key: &Key, arg: &clap::Arg) -> String {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let what = help.strip_prefix("A file that holds ").unwrap_or(&help);
    let what = what.split([';', ',']).next().unwrap_or(what);
    match key.kind {
        Kind::Not => format!("false: {help}"),
        Kind::Secret(_, variable) => {
            format!("Where {what} is, in a variable or a file; default the variable {variable}")
        }
        Kind::Secrets(_, variable) => format!(
            "Where {what} is, in a variable or a file, and others that are as good; default the variable {variable}"
        ),
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
        ("wrapped_keys", _) => r#"[{ env = "STRIPE_WRAPPED_KEY" }]"#,
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
        ("region", _) => r#""va7""#,
        ("rate_limit" | "endpoint_rate_limit", _) => "25",
        (_, Kind::Time) => "2026-01-31",
        (_, Kind::Count | Kind::Number) => "10",
        (_, Kind::Switch | Kind::Not) => "true",
        (_, Kind::Connected) => "true",
        (_, Kind::Names) => r#"["one", "two"]"#,
        (_, Kind::Mappings) => r#"["charge=charges.json"]"#,
        (_, Kind::Pairs) => r#"{ name = "value" }"#,
        (_, Kind::Secret(..)) => r#"{ env = "NAME" }"#,
        (_, Kind::Secrets(..)) => r#"[{ env = "STRIPE_WEBHOOK_SECRET" }]"#,
        (_, Kind::Text | Kind::Path) => r#""text""#,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::layers::{judged, key_of};
    use super::*;
    use clap::Command;
    use std::path::Path;
    use stripe_xdm::config::ConfigFile;

    /// What a layer above the file alone can say: which file, which of its accounts, and what is to be done this once.
    const NO_PLACE: [&str; 6] = ["config", "only", "help", "version", "platform", "retry-failed"];

    /// Options of the commands that do the work, and of all commands.
    fn options() -> Vec<(String, String)> {
        let command = described();
        let mut options: Vec<(String, String)> = Vec::new();
        let mut add = |name: &str, command: &Command| {
            let long = command.get_arguments().filter_map(clap::Arg::get_long);
            options.extend(long.map(|long| (name.to_owned(), long.to_owned())));
        };
        add("", &command);
        for name in ["sync", "run", "serve", "transform", "doctor"] {
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
            let placed = key_of(&flag, &command).is_some();
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
            let (file, problems) = ConfigFile::parse(Path::new("stripe-xdm.toml"), text);
            assert_eq!(problems, [], "in\n{text}");
            assert_eq!(judged(&file, &file.settings), [], "in\n{text}");
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
                    (_, Kind::Secrets(_, variable)) => format!("`[{{ env = \"{variable}\" }}]`"),
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
