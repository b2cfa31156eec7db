//! Events that Amazon EventBridge or Azure Event Grid hands on: Stripe does not sign those. Whoever sets up such a way
//! has it send a header with a key of their own, by which they are known here.

use hmac::{Hmac, KeyInit, Mac};
use hyper::header::{HeaderMap, HeaderName};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// The header when no other one is chosen.
pub const WRAPPED_HEADER: &str = "x-webhook-key";

/// Who guesses must not have a chance.
const LEAST: usize = 16;

/// Where Event Grid asks from, before it sends anything, whether it may.
pub(super) const EVENT_GRID: &str = "eventgrid.azure.net";

/// The header, and the keys that it may hold. Its `Debug` shows none of them.
#[derive(Debug, Clone)]
pub struct Keys {
    header: HeaderName,
    values: Vec<SecretString>,
}

/// Why there are no keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// Anybody could send Events.
    #[error(
        "a key for wrapped events has at least {LEAST} characters, letters, digits and signs; make one with `openssl rand -hex 32`"
    )]
    Form,
    /// Not what a request can have.
    #[error("{0} is no name of a header")]
    Header(String),
}

impl Keys {
    /// Takes the header's name and the keys, any of which will do.
    pub fn new(header: &str, values: Vec<String>) -> Result<Self, KeysError> {
        let header = header.parse().map_err(|_| KeysError::Header(header.to_owned()))?;
        // One may begin with a scheme, such as `Bearer …`.
        let is_visible = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
        let is_one =
            |text: &String| text.len() >= LEAST && text.trim() == text && text.bytes().all(is_visible);
        if !values.iter().all(is_one) {
            return Err(KeysError::Form);
        }
        Ok(Self { header, values: values.into_iter().map(SecretString::from).collect() })
    }

    /// Whether a request has one of the keys. Takes as long for each that is wrong.
    pub(super) fn are_in(&self, headers: &HeaderMap) -> bool {
        let mut given = headers.get_all(&self.header).iter();
        let (Some(given), None) = (given.next(), given.next()) else { return false };
        let mut is_known = false;
        for value in &self.values {
            let value = value.expose_secret().as_bytes();
            let Ok(mac) = Hmac::<Sha256>::new_from_slice(value) else { continue };
            let wanted = mac.clone().chain_update(value).finalize().into_bytes();
            is_known |= mac.chain_update(given.as_bytes()).verify(&wanted).is_ok();
        }
        is_known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "Bearer 0123456789abcdef";

    #[test]
    fn who_has_a_key_is_known() {
        let keys =
            Keys::new("Authorization", vec!["another one of them".to_owned(), KEY.to_owned()]).unwrap();
        let with = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("authorization", value.parse().unwrap());
            }
            keys.are_in(&headers)
        };
        assert!(with(&[KEY]));
        for none in [&[][..], &[""], &["Bearer 0123456789abcdeF"], &[&KEY[..22]], &[KEY, KEY]] {
            assert!(!with(none), "{none:?}");
        }
        assert!(!format!("{keys:?}").contains("0123"));
    }

    #[test]
    fn keys_that_could_be_guessed_are_refused() {
        for odd in ["", "short", " 0123456789abcdef", "0123456789abcdef\n", "ключ ключ ключ ключ"]
        {
            assert_eq!(
                Keys::new(WRAPPED_HEADER, vec![odd.to_owned()]).map(drop),
                Err(KeysError::Form),
                "{odd}"
            );
        }
        assert!(matches!(Keys::new("a b", vec![]), Err(KeysError::Header(_))));
    }
}
