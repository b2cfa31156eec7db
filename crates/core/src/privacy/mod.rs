//! What becomes of personal and secret data: kept, dropped, hashed or masked, by label or by path.
//!
//! A policy changes the mappings before they are compiled, so that what it takes away is never made. Which
//! rule a field falls under is said in `rules`, what that does to a model in `apply`, what it does to a
//! person's identities in `identities`. How hashes and masks are made: `functions/privacy.rs`.

mod apply;
mod fits;
mod identities;
mod rules;

pub(crate) use apply::{apply, hashes_id};
pub(crate) use identities::hides_ids;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use std::fmt;

/// A policy.
///
/// Of several rules that fit a field, one about its path goes before one about its label, a longer path
/// before a shorter one, a later rule before an earlier one. What is [dropped by default](DROPPED) comes back
/// only by a rule that names that label or the field's own path.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Privacy {
    /// The key of hashes. The same key gives the same hash in every run. It is read, never written.
    #[serde(default, skip_serializing, deserialize_with = "salt")]
    pub salt: Option<Salt>,
    /// What to do.
    #[serde(default)]
    pub rules: Vec<Rule>,
}

/// What to do about some fields: those of a label, or those below a path.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Fields with this label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The field of this destination, and all below it. `_{TENANT_ID}` stands for the tenant's object, `[*]`
    /// also for an index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What to do.
    pub action: Action,
}

/// What to do about a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Leave it as it is.
    Keep,
    /// Leave it out.
    Drop,
    /// Put a keyed SHA-256 in its place.
    Hash,
    /// Put asterisks in the place of most of its characters.
    Mask,
}

impl Action {
    /// What a field is after it.
    fn participle(self) -> &'static str {
        match self {
            Action::Keep => "kept",
            Action::Drop => "dropped",
            Action::Hash => "hashed",
            Action::Mask => "masked",
        }
    }

    /// What a rule with it does.
    fn verb(self) -> &'static str {
        match self {
            Action::Keep => "keep",
            Action::Drop => "drop",
            Action::Hash => "hash",
            Action::Mask => "mask",
        }
    }
}

/// What a policy did about a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Treated {
    /// The field's destination.
    pub destination: String,
    /// What it was made from.
    pub source: String,
    /// What was done.
    pub action: Action,
    /// Why, and by which rule: `hashed by the privacy policy (label I1)`.
    pub note: String,
}

/// A secret key. White space around it does not count. Its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Salt(String);

impl Salt {
    /// A key as a person gives it.
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("(secret)")
    }
}

/// Reads a salt. serde's own message about a value of another kind would show the value.
fn salt<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Salt>, D::Error> {
    match serde_json::from_str(Box::<RawValue>::deserialize(deserializer)?.get()) {
        Ok(text) => Ok(Option::<String>::map(text, |text| Salt::new(&text))),
        Err(_) => Err(D::Error::custom("privacy.salt must be a text")),
    }
}

/// The label whose fields are dropped unless a rule says otherwise: what may leave the platform in no way.
/// Links that open without a login bear it.
pub const DROPPED: &str = "C12";

/// Adobe's data usage labels.
pub const LABELS: [&str; 19] = [
    "C1",
    "C2",
    "C3",
    "C4",
    "C5",
    "C6",
    "C7",
    "C8",
    "C9",
    "C10",
    "C11",
    "C12",
    "I1",
    "I2",
    "S1",
    "S2",
    "PSPD",
    "RHD",
    "Third Party",
];

/// Fewest bytes of a salt: what is shorter can be found by trying.
const MIN_SALT: usize = 16;

/// Most rules.
const MAX_RULES: usize = 1000;

impl Privacy {
    /// What is wrong with the policy by itself, whatever the models are.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.rules.len() > MAX_RULES {
            return vec![format!(
                "privacy: {} rules are given; at most {MAX_RULES} are taken: a rule about a path holds for \
                 everything below it",
                self.rules.len()
            )];
        }
        for (number, rule) in (1..).zip(&self.rules) {
            if rule.label.is_some() == rule.path.is_some() {
                problems.push(format!("privacy: rule {number} must have either `label` or `path`"));
            }
        }
        let hashing = self.rules.iter().position(|rule| rule.action == Action::Hash);
        match (&self.salt, hashing) {
            (Some(salt), _) if salt.0.len() < MIN_SALT => problems.push(format!(
                "privacy: the salt has fewer than {MIN_SALT} bytes, so that hashes could be undone by trying \
                 salts; make one with `openssl rand -hex 32`, and keep it"
            )),
            (None, Some(at)) => problems.push(format!(
                "privacy: rule {} hashes, which needs a salt: a secret of at least {MIN_SALT} bytes that stays \
                 the same from run to run. Give it as `privacy.salt`, to the program in \
                 STRIPE_XDM_PRIVACY_SALT or by --privacy-salt-file; `openssl rand -hex 32` makes one",
                at + 1
            )),
            _ => {}
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_salt_is_read_and_never_shown() {
        let policy: Privacy = serde_json::from_str(r#"{"salt":" 0123456789abcdef\n"}"#).unwrap();
        assert_eq!(policy.salt.as_ref().map(Salt::bytes), Some(&b"0123456789abcdef"[..]));
        assert!(!format!("{policy:?}").contains("0123"));
        assert!(!serde_json::to_string(&policy).unwrap().contains("0123"));
        assert_eq!(serde_json::from_str::<Privacy>(r#"{"salt":null}"#).unwrap().salt, None);
        for wrong in [r#"{"salt":98765432109876543}"#, r#"{"salt":["98765432109876543"]}"#] {
            let error = serde_json::from_str::<Privacy>(wrong).unwrap_err().to_string();
            assert!(error.contains("privacy.salt must be a text") && !error.contains("9876"), "{error}");
        }
    }
}
