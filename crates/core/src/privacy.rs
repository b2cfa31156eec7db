//! What becomes of personal and secret data: kept, dropped, hashed or masked, by label or by path.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A policy.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Privacy {
    /// The key of hashes: a secret. The same key gives the same hash in every run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    /// What to do; of several rules that fit a field, one about its path goes before one about its label, and
    /// the later before the earlier.
    #[serde(default)]
    pub rules: Vec<Rule>,
}

/// What to do about some fields.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Fields with this label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The field of this destination, and all below it.
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

impl fmt::Debug for Privacy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let salt = self.salt.as_ref().map(|_| "…");
        out.debug_struct("Privacy").field("salt", &salt).field("rules", &self.rules).finish()
    }
}
