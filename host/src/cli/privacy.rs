//! `--privacy FILE` and its salt as the module's settings have them. What the rules mean, and whether they fit,
//! is the module's to say. The salt comes from a file of its own or the environment, never from the command
//! line, where other users of the machine could read it.

use super::given;
use anyhow::{Context, bail};
use serde_json::{Map, Value};

/// The environment variable that holds the salt.
const SALT_VARIABLE: &str = "STRIPE_XDM_PRIVACY_SALT";

/// The policy in a file and the salt that goes with it; none when neither is given.
pub(super) fn policy(file: Option<&str>, salt_file: Option<&str>) -> anyhow::Result<Option<Value>> {
    let mut policy = match file {
        Some(file) => rules(file).with_context(|| format!("--privacy {file}"))?,
        None => Map::new(),
    };
    if let Some(salt) = salt(salt_file)? {
        policy.insert("salt".to_owned(), salt.into());
    }
    Ok((!policy.is_empty()).then_some(Value::Object(policy)))
}

fn rules(file: &str) -> anyhow::Result<Map<String, Value>> {
    let written: Value = serde_json::from_str(&given::file(file)?).context("the file is not JSON")?;
    let Value::Object(policy) = written else {
        bail!(r#"expected {{"rules":[{{"label":"I1","action":"hash"}}, …]}}"#)
    };
    if policy.contains_key("salt") {
        bail!("a salt is a secret, and a policy is not: give it in {SALT_VARIABLE} or by --privacy-salt-file")
    }
    Ok(policy)
}

fn salt(file: Option<&str>) -> anyhow::Result<Option<String>> {
    let text = match file {
        Some(file) => given::file(file).context("--privacy-salt-file")?,
        None => match std::env::var(SALT_VARIABLE) {
            Ok(salt) => salt,
            Err(std::env::VarError::NotPresent) => return Ok(None),
            // Its own message would show the value.
            Err(std::env::VarError::NotUnicode(_)) => bail!("{SALT_VARIABLE} is not UTF-8"),
        },
    };
    match text.trim() {
        "" if file.is_some() => bail!("--privacy-salt-file: the file is empty"),
        "" => Ok(None),
        salt => Ok(Some(salt.to_owned())),
    }
}
