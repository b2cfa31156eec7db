//! Tokens: `POST /ims/token/v3`, OAuth server-to-server.

use std::collections::HashMap;

use serde_json::json;

use crate::{
    platform::{answer::Answer, clock::Clock, options::Options, world::Call},
    random::Random,
};

/// Tokens that were made.
#[derive(Debug)]
pub(super) struct Tokens {
    random: Random,
    known: HashMap<String, Token>,
    pub(super) minted: u64,
}

#[derive(Debug)]
struct Token {
    client: String,
    /// Milliseconds of the platform's time.
    expires: u64,
    /// How many more requests it is good for.
    left: u64,
}

impl Tokens {
    pub(super) fn new(seed: u64) -> Self {
        Self { random: Random::new(seed ^ 0x1a5), known: HashMap::new(), minted: 0 }
    }

    /// Makes a token, or says as OAuth does why not. No status of an error is published but 400.
    pub(super) fn mint(&mut self, call: &Call, options: &Options, clock: Clock) -> Result<Answer, Answer> {
        let refuse =
            |error: &str, why: String| Answer::json(400, &json!({"error": error, "error_description": why}));
        if call.method != "POST" {
            return Err(Answer::empty(405));
        }
        let form = call.header("content-type").unwrap_or_default();
        let form = form.split(';').next().unwrap_or_default().trim();
        if !call.body.is_empty() && !form.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(refuse("invalid_request", "the body must be form-urlencoded".to_owned()));
        }
        // Parameters may also stand in the query.
        let pairs: Vec<(String, String)> = form_urlencoded::parse(call.body.as_bytes())
            .chain(form_urlencoded::parse(call.query.as_bytes()))
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        let parameter = |name: &str| {
            let found = pairs.iter().find(|(known, value)| known == name && !value.is_empty());
            found
                .map(|(_, value)| value.as_str())
                .ok_or_else(|| refuse("invalid_request", format!("missing {name} parameter")))
        };
        if parameter("grant_type")? != "client_credentials" {
            return Err(refuse("unsupported_grant_type", "unsupported grant_type parameter".to_owned()));
        }
        let (id, secret, scope) = (parameter("client_id")?, parameter("client_secret")?, parameter("scope")?);
        let client = options.organizations.iter().map(|known| &known.client).find(|client| client.id == id);
        let client =
            client.ok_or_else(|| refuse("invalid_client", "invalid client_id parameter".to_owned()))?;
        if client.secret != secret {
            return Err(refuse("invalid_client", "invalid client_secret parameter".to_owned()));
        }
        let allowed = |scope: &str| client.scopes.iter().any(|known| known == scope);
        if scope.split(',').map(str::trim).any(|scope| !allowed(scope)) {
            return Err(refuse("invalid_scope", "a scope is not allowed for this client".to_owned()));
        }
        if options.token_quota.is_some_and(|quota| self.minted >= quota) {
            return Err(Answer::gateway(429, "429000", "Too many requests").header("retry-after", "60"));
        }
        self.minted += 1;
        let text = format!("sandbox.{}.{}", self.random.token(40), self.random.token(43));
        let token = Token {
            client: id.to_owned(),
            expires: clock.now().saturating_add(options.token_lifetime.saturating_mul(1000)),
            left: options.token_requests.unwrap_or(u64::MAX),
        };
        self.known.insert(text.clone(), token);
        Ok(Answer::ok(&json!({"access_token": text, "token_type": "bearer",
            "expires_in": options.token_lifetime})))
    }

    /// The client of a token that is still good; one of its requests is used up.
    pub(super) fn client(&mut self, text: &str, clock: Clock) -> Option<String> {
        let token = self.known.get_mut(text).filter(|token| clock.now() < token.expires && token.left > 0)?;
        token.left -= 1;
        Some(token.client.clone())
    }

    /// Ends all tokens, as if their time were over.
    pub(super) fn expire(&mut self) {
        self.known.clear();
    }
}
