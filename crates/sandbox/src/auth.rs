//! API keys: who may read what, and keeping a key out of everything that is printed.

use std::fmt;

use axum::http::HeaderMap;
use base64::{Engine, prelude::BASE64_STANDARD};

use crate::{account::Mode, error::ApiError, resource::Resource};

/// A key that the sandbox accepts. `Debug` shows only its kind and last four characters.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    text: String,
    /// Permissions a restricted key lacks, without `rak_`.
    missing: Vec<String>,
}

impl ApiKey {
    /// A key that may read everything.
    pub fn secret(text: impl Into<String>) -> Self {
        Self { text: text.into(), missing: Vec::new() }
    }

    /// A restricted key (`rk_…`) that lacks permissions such as `customer_read`.
    pub fn restricted<'a>(text: impl Into<String>, missing: impl IntoIterator<Item = &'a str>) -> Self {
        let bare = |name: &str| name.strip_prefix("rak_").unwrap_or(name).to_owned();
        Self { text: text.into(), missing: missing.into_iter().map(bare).collect() }
    }

    /// The key of a sandbox that was given none.
    pub(crate) fn default_for(mode: Mode) -> Self {
        Self::secret(match mode {
            Mode::Live => "sk_live_sandbox0000000000000000",
            Mode::Test => "sk_test_sandbox0000000000000000",
        })
    }

    /// The key itself, to be sent as `Authorization: Bearer …`.
    pub fn expose(&self) -> &str {
        &self.text
    }

    fn lacks(&self, permission: &str) -> bool {
        self.missing.iter().any(|missing| missing == permission)
    }

    /// Refuses resources whose permission this key lacks, naming every permission that would do.
    pub(crate) fn check(&self, resources: &[Resource], account: &str) -> Result<(), ApiError> {
        for resource in resources {
            let permissions = resource.permissions();
            if permissions.first().is_some_and(|first| self.lacks(first)) {
                return Err(self.refusal(permissions, account));
            }
        }
        Ok(())
    }

    pub(crate) fn check_account(&self, account: &str) -> Result<(), ApiError> {
        const PERMISSION: &str = "connected_account_read";
        if self.lacks(PERMISSION) {
            return Err(self.refusal(&[PERMISSION], account));
        }
        Ok(())
    }

    /// What a key is told that lacks permissions.
    pub(crate) fn refusal(&self, permissions: &[&str], account: &str) -> ApiError {
        ApiError::no_permission(&redact(&self.text), account, permissions)
    }

    /// What a key is told that asks for an account which is not connected.
    pub(crate) fn stranger(&self, account: &str) -> ApiError {
        ApiError::account_invalid(&redact(&self.text), account)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey").field("text", &redact(&self.text)).field("missing", &self.missing).finish()
    }
}

/// `sk_test_…` becomes `sk_test_*********abcd`, as Stripe's own answers show it.
fn redact(key: &str) -> String {
    let kind: String = key.split_inclusive('_').take(2).collect();
    let kind = if kind.len() <= 8 && kind.is_ascii() && kind.ends_with('_') { kind } else { String::new() };
    let rest: Vec<char> = key.chars().skip(kind.len()).collect();
    let shown = if rest.len() >= 12 { 4 } else { 0 };
    let tail: String = rest.iter().skip(rest.len() - shown).collect();
    format!("{kind}{}{tail}", "*".repeat((rest.len() - shown).min(24)))
}

/// Finds the key of a request and its number: Bearer, or Basic with the key as user name.
pub(crate) fn identify<'a>(headers: &HeaderMap, keys: &'a [ApiKey]) -> Result<(usize, &'a ApiKey), ApiError> {
    let header = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (scheme, credentials) = header.split_once(' ').unwrap_or_default();
    let presented = if scheme.eq_ignore_ascii_case("bearer") {
        credentials.trim().to_owned()
    } else if scheme.eq_ignore_ascii_case("basic") {
        let decoded = BASE64_STANDARD.decode(credentials.trim()).unwrap_or_default();
        let decoded = String::from_utf8(decoded).unwrap_or_default();
        decoded.split_once(':').map_or(decoded.as_str(), |(user, _)| user).to_owned()
    } else {
        String::new()
    };
    if presented.is_empty() {
        return Err(ApiError::no_key());
    }
    let found = keys.iter().enumerate().find(|(_, key)| key.text == presented);
    found.ok_or_else(|| ApiError::bad_key(&redact(&presented)))
}

#[cfg(test)]
mod tests {
    use super::{ApiKey, redact};

    #[test]
    fn a_key_is_never_printed() {
        assert_eq!(redact("sk_test_abcdefghijkl1234"), "sk_test_************1234");
        assert_eq!(redact("short"), "*****");
        let key = ApiKey::restricted("rk_live_abcdefghijkl1234", ["rak_charge_read"]);
        assert!(!format!("{key:?}").contains("abcdefghijkl"));
    }
}
