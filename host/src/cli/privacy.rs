//! `--privacy FILE` and its salt as the module's settings have them. What the rules mean, and whether they fit,
//! is the module's to say. The salt comes from a file of its own or the environment, never from the command
//! line, where other users of the machine could read it.

use super::given;
use anyhow::{Context, bail};
use serde_json::{Map, Value};
use stripe_xdm::config::{SecretRef, SecretRefError};

/// The environment variable that holds the salt.
const SALT_VARIABLE: &str = "STRIPE_XDM_PRIVACY_SALT";

/// The policy in a file and the salt that goes with it; none when neither is given.
pub(super) fn policy(
    file: Option<&str>,
    salt_file: Option<&str>,
    salt_env: Option<&str>,
) -> anyhow::Result<Option<Value>> {
    let mut policy = match file {
        Some(file) => rules(file).with_context(|| format!("--privacy {file}"))?,
        None => Map::new(),
    };
    if let Some(salt) = salt(salt_file, salt_env)? {
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

fn salt(file: Option<&str>, variable: Option<&str>) -> anyhow::Result<Option<String>> {
    if let Some(file) = file {
        return match given::file(file).context("--privacy-salt-file")?.trim() {
            "" => bail!("--privacy-salt-file: the file is empty"),
            salt => Ok(Some(salt.to_owned())),
        };
    }
    match SecretRef::Env(variable.unwrap_or(SALT_VARIABLE).to_owned()).read() {
        Ok(salt) => Ok(Some(salt)),
        // Nobody said that there is a salt.
        Err(SecretRefError::NotSet(_) | SecretRefError::Empty(_)) if variable.is_none() => Ok(None),
        Err(error) => Err(error).context("the salt of privacy hashes"),
    }
}
