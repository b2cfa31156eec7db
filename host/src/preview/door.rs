//! Who may ask: the page that this server gave out, opened by who started the program.

use hmac::{Hmac, KeyInit, Mac};
use hyper::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, ORIGIN};
use hyper::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use std::net::SocketAddr;

/// What a browser says of where a request comes from; a page cannot set it.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A secret of this run of the program, which opens its interface. Its `Debug` shows nothing of it.
#[derive(Debug, Clone)]
pub struct Token(SecretString);

impl Token {
    /// A new one, which nobody can guess.
    pub fn new() -> std::io::Result<Self> {
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(|error| std::io::Error::other(error.to_string()))?;
        Ok(Self(SecretString::from(hex::encode(random))))
    }

    /// The text, for the one address that hands it over.
    pub fn exposed(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether it is this one. How long that takes tells nothing: hashes under a key are compared, in constant time.
    fn is(&self, given: &[u8]) -> bool {
        let hashed = |text: &[u8]| {
            let hash = Hmac::<Sha256>::new_from_slice(self.exposed().as_bytes()).ok()?;
            Some(hash.chain_update(text))
        };
        match (hashed(given), hashed(self.exposed().as_bytes())) {
            (Some(given), Some(own)) => given.verify(&own.finalize().into_bytes()).is_ok(),
            _ => false,
        }
    }
}

/// Lets requests in.
#[derive(Debug)]
pub(super) struct Door {
    /// The names of this server.
    hosts: [String; 2],
    token: Token,
}

/// Why a request is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("this server is asked by its own address only, as it was printed")]
    Host,
    #[error("only the page of this server may ask")]
    Origin,
    #[error("the token is missing or of another start of the program: open the address that it printed")]
    Token,
}

impl Refusal {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Host | Self::Origin => StatusCode::FORBIDDEN,
            Self::Token => StatusCode::UNAUTHORIZED,
        }
    }

    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Origin => "origin",
            Self::Token => "token",
        }
    }
}

impl Door {
    pub(super) fn new(address: SocketAddr, token: Token) -> Self {
        Self { hosts: [address.to_string(), format!("localhost:{}", address.port())], token }
    }

    /// Whether a request is for this server under a name of its own. A page of a site whose name was made to point
    /// here names the site.
    pub(super) fn is_ours<'h>(&self, headers: &'h HeaderMap) -> Result<&'h str, Refusal> {
        let host = only(headers, &HOST).and_then(|host| str::from_utf8(host).ok());
        host.filter(|host| self.hosts.iter().any(|own| own == host)).ok_or(Refusal::Host)
    }

    /// Whether a request may ask for what lies behind.
    pub(super) fn open(&self, method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
        let host = self.is_ours(headers)?;
        match only(headers, &ORIGIN) {
            Some(origin) if origin == format!("http://{host}").as_bytes() => {}
            // Browsers leave it out where a page only reads from its own server.
            None if *method == Method::GET && !headers.contains_key(ORIGIN) => {}
            _ => return Err(Refusal::Origin),
        }
        if headers.get_all(SITE).iter().any(|site| site != "same-origin") {
            return Err(Refusal::Origin);
        }
        let given = only(headers, &AUTHORIZATION).and_then(|given| given.strip_prefix(b"Bearer "));
        given.is_some_and(|given| self.token.is(given)).then_some(()).ok_or(Refusal::Token)
    }
}

/// A header, when it is there exactly once.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h [u8]> {
    let mut all = headers.get_all(name).iter();
    match (all.next(), all.next()) {
        (Some(one), None) => Some(one.as_bytes()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door() -> (Door, String) {
        let token = Token::new().unwrap();
        let text = token.exposed().to_owned();
        (Door::new("127.0.0.1:4242".parse().unwrap(), token), text)
    }

    fn headers(all: &[(&'static str, String)]) -> HeaderMap {
        all.iter().fold(HeaderMap::new(), |mut headers, (name, value)| {
            headers.append(*name, value.parse().unwrap());
            headers
        })
    }

    #[test]
    fn the_page_itself_is_let_in_and_nobody_else() {
        let (door, token) = door();
        let bearer = format!("Bearer {token}");
        let of = |host: &str, origin: Option<&str>, token: &str| {
            let origin = origin.map(|origin| ("origin", origin.to_owned()));
            let all = [("host", host.to_owned()), ("authorization", token.to_owned())];
            headers(&all.into_iter().chain(origin).collect::<Vec<_>>())
        };
        let (own, origin) = ("127.0.0.1:4242", Some("http://127.0.0.1:4242"));
        let post = |headers: &HeaderMap| door.open(&Method::POST, headers);
        assert_eq!(post(&of(own, origin, &bearer)), Ok(()));
        assert_eq!(post(&of("localhost:4242", Some("http://localhost:4242"), &bearer)), Ok(()));
        assert_eq!(door.open(&Method::GET, &of(own, None, &bearer)), Ok(()));

        for host in ["evil.example:4242", "127.0.0.1", "127.0.0.1:4243", "localhost", ""] {
            assert_eq!(post(&of(host, origin, &bearer)), Err(Refusal::Host), "{host}");
        }
        for origin in ["http://evil.example", "null", "https://127.0.0.1:4242", "http://localhost:4242"] {
            assert_eq!(post(&of(own, Some(origin), &bearer)), Err(Refusal::Origin), "{origin}");
            assert_eq!(door.open(&Method::GET, &of(own, Some(origin), &bearer)), Err(Refusal::Origin));
        }
        assert_eq!(post(&of(own, None, &bearer)), Err(Refusal::Origin));
        for given in ["", "Bearer ", "Bearer 1", token.as_str(), &format!("{bearer}0"), &bearer[..70]] {
            assert_eq!(post(&of(own, origin, given)), Err(Refusal::Token), "{given}");
        }
    }

    #[test]
    fn what_a_browser_says_of_another_site_counts() {
        let (door, token) = door();
        let mut headers =
            headers(&[("host", "127.0.0.1:4242".to_owned()), ("authorization", format!("Bearer {token}"))]);
        headers.insert(SITE, "cross-site".parse().unwrap());
        assert_eq!(door.open(&Method::GET, &headers), Err(Refusal::Origin));
        headers.insert(SITE, "same-origin".parse().unwrap());
        assert_eq!(door.open(&Method::GET, &headers), Ok(()));
        headers.append(AUTHORIZATION, "Bearer 1".parse().unwrap());
        assert_eq!(door.open(&Method::GET, &headers), Err(Refusal::Token));
    }

    #[test]
    fn tokens_are_long_and_never_shown() {
        let (one, other) = (Token::new().unwrap(), Token::new().unwrap());
        assert!(one.exposed().len() == 64 && one.exposed() != other.exposed());
        assert!(!format!("{one:?}").contains(one.exposed()));
    }
}
