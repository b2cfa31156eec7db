//! Access tokens of Adobe's identity service (OAuth server-to-server): asked for once, kept in memory and in a
//! file that only this user can read, because services that ask too often are throttled.

use super::client::{Attempt, MAX_TOKEN_BODY, Sent, base, body, cause, pause};
use super::error::{PlatformError, Refusal};
use etcetera::BaseStrategy;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::Mutex;

/// A token is replaced this many seconds before it ends.
const EARLY: u64 = 300;

/// A client secret. Its `Debug` shows nothing of it.
#[derive(Debug, Clone)]
pub struct Secret(pub(super) SecretString);

/// Why a text is no usable client secret. Never holds the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Nothing was given.
    #[error("the client secret is empty; set STRIPE_XDM_CLIENT_SECRET or give --client-secret-file")]
    Empty,
    /// Spaces, line breaks or non-ASCII text.
    #[error("the client secret holds characters that none has; check for spaces or line breaks in it")]
    Characters,
}

impl Secret {
    /// Takes a secret as a person gives it; surrounding white space is dropped.
    pub fn new(text: &str) -> Result<Self, SecretError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(SecretError::Empty);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SecretError::Characters);
        }
        Ok(Self(SecretString::from(text.to_owned())))
    }
}

/// Gives tokens.
#[derive(Debug)]
pub(super) struct Tokens {
    http: reqwest::Client,
    url: Url,
    client_id: String,
    secret: Secret,
    scopes: String,
    /// Where the token is kept between runs.
    file: Option<PathBuf>,
    held: Mutex<Option<Token>>,
}

#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) text: SecretString,
    /// When it is replaced, in epoch seconds.
    until: u64,
}

/// The file of a token.
#[derive(Serialize, Deserialize)]
struct Kept {
    access_token: String,
    until: u64,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: u64,
}

impl Tokens {
    pub(super) fn new(
        http: reqwest::Client,
        ims: &str,
        org: &str,
        client_id: &str,
        secret: Secret,
        scopes: &str,
    ) -> Result<Self, PlatformError> {
        let mut url = base("--ims-url", ims)?;
        url.set_path("/ims/token/v3");
        // A token belongs to all of these; the secret is not among them, as a new one opens the same doors.
        let mut digest = Sha256::new();
        for part in [org, client_id, scopes, url.as_str()] {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        let name = format!("token-{}.json", hex::encode(digest.finalize()));
        let dir = etcetera::choose_base_strategy().ok().map(|base| base.cache_dir().join("stripe-xdm"));
        let file = dir.filter(|dir| crate::module::is_private_dir(dir)).map(|dir| dir.join(name));
        let (client_id, scopes) = (client_id.to_owned(), scopes.to_owned());
        Ok(Self { http, url, client_id, secret, scopes, file, held: Mutex::default() })
    }

    /// A token that is good for some minutes more; `refused` is one that the gateway no longer takes.
    pub(super) async fn get(&self, refused: Option<&Token>) -> Result<Token, PlatformError> {
        let mut held = self.held.lock().await;
        let now = now();
        let good = |token: &Token| {
            let spent =
                refused.is_some_and(|refused| refused.text.expose_secret() == token.text.expose_secret());
            token.until > now && !spent
        };
        let known = held.take().filter(good).or_else(|| self.kept().filter(good));
        let token = match known {
            Some(token) => token,
            None => self.ask().await?,
        };
        *held = Some(token.clone());
        Ok(token)
    }

    /// Asks for a token although a good one may be kept: only so it shows whether the secret is right.
    pub(super) async fn renew(&self) -> Result<(), PlatformError> {
        let mut held = self.held.lock().await;
        *held = Some(self.ask().await?);
        Ok(())
    }

    /// Takes the secrets out of a text that came from elsewhere.
    pub(super) fn redact(&self, text: &str, token: Option<&Token>) -> String {
        let text = text.replace(self.secret.0.expose_secret(), "[secret]");
        token.map_or(text.clone(), |token| text.replace(token.text.expose_secret(), "[token]"))
    }

    async fn ask(&self) -> Result<Token, PlatformError> {
        let mut made = 0;
        loop {
            let (message, request, after) = match self.once().await {
                Ok(token) => {
                    self.keep(&token);
                    return Ok(token);
                }
                Err(Attempt::Final(error) | Attempt::Token(_, error)) => return Err(error),
                Err(Attempt::Temporary { message, request, after, .. }) => (message, request, after),
            };
            made += 1;
            if !pause(made, after).await {
                let what = "POST /ims/token/v3".to_owned();
                return Err(PlatformError::NoAnswer { what, attempts: made, message, request });
            }
        }
    }

    async fn once(&self) -> Result<Token, Attempt> {
        let cut = |error| Attempt::cut(self.redact(&cause(error), None));
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        form.append_pair("client_id", &self.client_id);
        form.append_pair("client_secret", self.secret.0.expose_secret());
        form.append_pair("scope", &self.scopes);
        let request = self.http.post(self.url.clone());
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form.finish());
        let response = request.send().await.map_err(cut)?;
        let sent = Sent::of(&response);
        let body = body(response, MAX_TOKEN_BODY).await.map_err(|error| Attempt::cut(error.to_string()))?;
        if sent.status == 200 {
            let granted = serde_json::from_slice(&body).ok();
            let granted: Granted =
                granted.filter(|granted: &Granted| !granted.access_token.is_empty()).ok_or_else(|| {
                    Attempt::Final(PlatformError::Contract {
                        what: "POST /ims/token/v3".to_owned(),
                        message: "the answer has no access_token and expires_in".to_owned(),
                        request: sent.request.clone(),
                    })
                })?;
            // A short life is not spent on being early.
            let early = EARLY.min(granted.expires_in / 2);
            let until = now().saturating_add(granted.expires_in.saturating_sub(early));
            return Ok(Token { text: SecretString::from(granted.access_token), until });
        }
        let refusal = Refusal::read(&body, &sent.content_type);
        let (code, message) = (refusal.code(), self.redact(&refusal.message(), None));
        if matches!(sent.status, 429 | 500..) {
            let message = format!("{} {message}", sent.status);
            return Err(Attempt::Temporary {
                message,
                request: sent.request,
                after: sent.after,
                unsent: true,
            });
        }
        let advice = match code.as_str() {
            "invalid_scope" => "Copy --scopes from the credential's page in the Developer Console",
            _ => {
                "Check --client-id and the client secret in the Developer Console; the credential must be OAuth \
                  Server-to-Server"
            }
        };
        let code = if code.is_empty() { sent.status.to_string() } else { code };
        Err(Attempt::Final(PlatformError::Token { code, message, advice, request: sent.request }))
    }

    fn kept(&self) -> Option<Token> {
        let text = std::fs::read(self.file.as_ref()?).ok()?;
        let kept: Kept = serde_json::from_slice(&text).ok()?;
        Some(Token { text: SecretString::from(kept.access_token), until: kept.until })
    }

    /// A token that cannot be kept is no error: the next run asks for another.
    fn keep(&self, token: &Token) {
        let write = || -> Option<()> {
            let path = self.file.as_ref()?;
            // Made with mode 0600, and there whole or not at all.
            let mut file = tempfile::NamedTempFile::new_in(path.parent()?).ok()?;
            let kept = Kept { access_token: token.text.expose_secret().to_owned(), until: token.until };
            file.write_all(&serde_json::to_vec(&kept).ok()?).ok()?;
            file.persist(path).ok()?;
            Some(())
        };
        let _unkept = write();
    }
}

/// This machine's clock, in epoch seconds.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_shows() {
        let secret = Secret::new(" p8e-verysecret\n").unwrap();
        assert!(!format!("{secret:?}").contains("verysecret"));
        assert_eq!(Secret::new(" ").unwrap_err(), SecretError::Empty);
        assert_eq!(Secret::new("a b").unwrap_err(), SecretError::Characters);
    }
}
