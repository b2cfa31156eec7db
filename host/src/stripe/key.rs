//! The API key: never printed, and its prefix tells which world (live or test) it opens.

use secrecy::{ExposeSecret, SecretString};

/// The world that a key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Real money.
    Live,
    /// Test mode or a sandbox.
    Test,
}

/// What a key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Everything.
    Secret,
    /// What it was given permission for.
    Restricted,
    /// Its prefix does not tell.
    Unknown,
}

/// A secret or restricted API key. Its `Debug` shows nothing of it.
#[derive(Debug, Clone)]
pub struct Key(SecretString);

/// Why a text is no usable key. Never holds the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Nothing was given.
    #[error("the API key is empty; set STRIPE_API_KEY or give --api-key-file")]
    Empty,
    /// A publishable key cannot read anything.
    #[error("this is a publishable key (pk_…); use a restricted key (rk_…) with read permissions")]
    Publishable,
    /// An organisation key needs a context that this program does not send.
    #[error("organisation keys (sk_org_…) are not supported; use a restricted key (rk_…) of the account")]
    Organisation,
    /// Spaces, line breaks or non-ASCII text.
    #[error("the API key holds characters that no key has; check for spaces or line breaks in it")]
    Characters,
}

impl Key {
    /// Takes a key as a person gives it; surrounding white space is dropped.
    pub fn new(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(KeyError::Empty);
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(KeyError::Characters);
        }
        if text.starts_with("pk_") {
            return Err(KeyError::Publishable);
        }
        if text.starts_with("sk_org_") {
            return Err(KeyError::Organisation);
        }
        Ok(Self(SecretString::from(text.to_owned())))
    }

    /// The key's world, when its prefix tells.
    pub fn mode(&self) -> Option<Mode> {
        let key = self.0.expose_secret();
        let kind = key.strip_prefix("sk_").or_else(|| key.strip_prefix("rk_"))?;
        match kind {
            _ if kind.starts_with("live_") => Some(Mode::Live),
            _ if kind.starts_with("test_") => Some(Mode::Test),
            _ => None,
        }
    }

    /// What it may be used for, when its prefix tells.
    pub fn kind(&self) -> Kind {
        match self.0.expose_secret() {
            key if key.starts_with("sk_") => Kind::Secret,
            key if key.starts_with("rk_") => Kind::Restricted,
            _ => Kind::Unknown,
        }
    }

    /// The key itself, for the one request that hands it over.
    pub(crate) fn exposed(&self) -> &str {
        self.0.expose_secret()
    }

    pub(super) fn bearer(&self) -> Result<reqwest::header::HeaderValue, reqwest::header::InvalidHeaderValue> {
        let mut value = reqwest::header::HeaderValue::try_from(format!("Bearer {}", self.0.expose_secret()))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Removes the key from a text that came from elsewhere; and what Stripe's messages show of keys, whose last
    /// characters tell one key from another.
    pub(crate) fn redact(&self, text: &str) -> String {
        let text = text.replace(self.0.expose_secret(), "[key]");
        let (mut redacted, mut rest) = (String::with_capacity(text.len()), text.as_str());
        while let Some(at) = first_key(rest) {
            let (before, key) = rest.split_at(at);
            let is_of_key = |c: char| c.is_alphanumeric() || matches!(c, '_' | '*' | '.' | '•' | '…');
            let end = key.find(|c| !is_of_key(c)).unwrap_or(key.len());
            // A full stop ends the sentence, not the key.
            let end = key[..end].trim_end_matches('.').len();
            redacted += before;
            redacted += "[key]";
            rest = &key[end..];
        }
        redacted + rest
    }
}

/// Where the first word begins that looks like a key.
fn first_key(text: &str) -> Option<usize> {
    const PREFIXES: [&str; 6] = ["sk_live_", "sk_test_", "rk_live_", "rk_test_", "pk_live_", "pk_test_"];
    PREFIXES.iter().filter_map(|prefix| text.find(prefix)).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_never_shows_in_debug_output() {
        let key = Key::new(" rk_test_verysecret\n").unwrap();
        assert!(!format!("{key:?}").contains("verysecret"));
        assert_eq!(key.redact("no such key: rk_test_verysecret"), "no such key: [key]");
        assert!(!format!("{:?}", key.bearer().unwrap()).contains("verysecret"));
    }

    #[test]
    fn what_stripe_shows_of_a_key_is_removed_as_well() {
        let key = Key::new("rk_test_verysecret").unwrap();
        for (said, left) in [
            ("Invalid API Key provided: sk_test_***1234", "Invalid API Key provided: [key]"),
            ("Expired API Key provided: rk_live_*********cret.", "Expired API Key provided: [key]."),
            ("The key 'rk_test_51...cret' and sk_live_••••12 may not", "The key '[key]' and [key] may not"),
            ("sk_test_", "[key]"),
            ("no key here: task_test", "no key here: task_test"),
        ] {
            assert_eq!(key.redact(said), left);
        }
    }

    #[test]
    fn the_prefix_tells_the_world() {
        assert_eq!(Key::new("sk_live_1").unwrap().mode(), Some(Mode::Live));
        assert_eq!(Key::new("rk_test_1").unwrap().mode(), Some(Mode::Test));
        assert_eq!(Key::new("something").unwrap().mode(), None);
        assert_eq!(Key::new("rk_test_1").unwrap().kind(), Kind::Restricted);
        assert_eq!(Key::new("sk_test_1").unwrap().kind(), Kind::Secret);
        assert_eq!(Key::new("pk_live_1").unwrap_err(), KeyError::Publishable);
        assert_eq!(Key::new("sk_org_live_1").unwrap_err(), KeyError::Organisation);
        assert_eq!(Key::new("sk_live_1\n2").unwrap_err(), KeyError::Characters);
    }
}
