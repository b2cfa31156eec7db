//! Streaming ingestion: several messages in one request, and what became of each.
//!
//! A request is repeated after trouble, though messages of it may have come in: there is no way to ask. That is harmless
//! as far as whoever reads them goes by `_id` and version.

use super::batches::is_id;
use super::client::{Ask, Body, Host, Platform, is_local};
use super::error::PlatformError;
use bytes::Bytes;
use reqwest::{Method, Url};
use serde_json::Value;

/// Longest request that an inlet takes, in bytes.
pub const MAX_REQUEST: usize = 1_000_000;
/// Largest answer that is read, in bytes: an entry is far shorter than its message.
pub(super) const MAX_ANSWER: usize = 4 << 20;
/// Longest message of Platform's about an entry that is kept, in characters.
const LONGEST: usize = 400;

/// Where messages are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inlet {
    /// Its id.
    pub id: String,
    url: Url,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// It was received. Whether its record is what the schema asks for is decided later.
    Taken,
    /// It was not.
    Refused {
        /// Its HTTP status.
        status: u16,
        /// Platform's words.
        message: String,
    },
}

impl Inlet {
    /// Of an address `…/collection/<id>`. It comes from an answer, so it must be a host of Adobe's, or one of this
    /// machine when the platform itself is: a token is sent there.
    pub(super) fn new(address: &str, local: bool) -> Result<Self, String> {
        let url = Url::parse(address).map_err(|error| format!("the inlet's address is none: {error}"))?;
        let host = url.host_str().unwrap_or_default();
        let of_adobe = |domain: &str| host.strip_suffix(domain).is_some_and(|front| front.ends_with('.'));
        let trusted = match url.scheme() {
            "https" => of_adobe("adobedc.net") || of_adobe("adobe.io"),
            _ => false,
        };
        let here = local && is_local(&url) && matches!(url.scheme(), "http" | "https");
        if !(trusted || here) {
            let host: String = host.chars().take(100).collect();
            return Err(format!(
                "Flow Service says that the inlet is at {host}, which is no https host of Adobe's: no token is sent \
                 there. Make the inlet anew, or ask Adobe's support"
            ));
        }
        let id = url.path().strip_prefix("/collection/").filter(|id| is_id(id)).map(str::to_owned);
        let id = id.ok_or("the inlet's address does not end in /collection/ and an id")?;
        Ok(Self { id, url })
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }
}

impl Platform {
    /// Sends `count` messages as one request, `{"messages":[…]}`, and tells what became of each, in order. Raw data
    /// goes with the id of its flow.
    pub async fn collect(
        &self,
        inlet: &Inlet,
        flow: Option<&str>,
        messages: Bytes,
        count: usize,
    ) -> Result<Vec<Entry>, PlatformError> {
        let path = format!("/collection/batch/{}", inlet.id);
        let (host, body) = (Host::Inlet(inlet, flow), Body::Text(messages));
        let ask = Ask { host, method: Method::POST, body, ..Ask::get(path, "application/json") };
        let answer = self.ask(&ask).await?;
        let entries = answer.body.get("responses").and_then(Value::as_array).map(Vec::as_slice);
        let entries = entries.unwrap_or_default();
        if entries.len() != count {
            let found = entries.len();
            return Err(answer.lacks(format!("{count} messages were sent, the answer is about {found}")));
        }
        Ok(entries.iter().map(entry).collect())
    }
}

fn entry(entry: &Value) -> Entry {
    let status = match entry.get("statusCode").or_else(|| entry.get("status")) {
        Some(Value::Number(status)) => status.as_u64().and_then(|status| status.try_into().ok()),
        Some(Value::String(status)) => status.parse().ok(),
        _ => None,
    };
    match status {
        Some(200..300) => return Entry::Taken,
        None if entry.get("xactionId").is_some_and(Value::is_string) => return Entry::Taken,
        _ => {}
    }
    let said = ["message", "detail", "title"].iter().find_map(|key| entry.get(key)?.as_str());
    let said = said.unwrap_or("it does not say why").trim().trim_end_matches('.');
    let message = said.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
    // Neither received nor refused: it is sent again.
    Entry::Refused { status: status.unwrap_or(500), message }
}

/// What to do about a request that an inlet refuses.
pub(super) fn advice(status: u16) -> &'static str {
    match status {
        401 | 403 => {
            "Check --client-id, the client secret, --scopes and --org: the inlet takes tokens of its own organisation only"
        }
        404 => {
            "An inlet opens some minutes after it was made: run the same command again later. If it stays so, delete \
             the flows and connections named `stripe-xdm …` in Sources, and they are made anew"
        }
        429 => "Wait some minutes and run the same command again, with a lower rate if it happens often",
        500.. => "Run the same command again in some minutes; it goes on behind what was accepted",
        _ => "Nothing of the request was taken; if the message does not say what to do, tell Adobe's support",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tokens_go_to_adobe_only() {
        let id = "667b41cf2dbf3509927da1ebf7e93c20afa727cc8d8373e51da18b62e1b985ec";
        let inlet = |host: &str, local| Inlet::new(&format!("{host}/collection/{id}"), local);
        assert_eq!(inlet("https://dcs.adobedc.net", false).unwrap().id, id);
        for host in ["https://dcs-va7.adobedc.net", "https://platform.adobe.io"] {
            assert!(inlet(host, false).is_ok(), "{host}");
        }
        for host in [
            "http://dcs.adobedc.net",
            "https://evil-adobedc.net",
            "https://adobedc.net.evil.com",
            "https://dcs.adobedc.net@evil.com",
            "http://127.0.0.1:80",
            "ftp://dcs.adobedc.net",
        ] {
            assert!(inlet(host, false).is_err(), "{host}");
        }
        assert!(inlet("http://127.0.0.1:80", true).is_ok() && inlet("http://10.0.0.1", true).is_err());
        for path in ["", "/collection/", "/collection/a/b", "/other/1"] {
            assert!(Inlet::new(&format!("https://dcs.adobedc.net{path}"), false).is_err(), "{path}");
        }
    }

    #[test]
    fn entries_are_read_in_every_form() {
        assert_eq!(entry(&json!({ "xactionId": "1:2:3" })), Entry::Taken);
        assert_eq!(entry(&json!({ "statusCode": 200, "xactionId": "1" })), Entry::Taken);
        let refused = |status, message: &str| Entry::Refused { status, message: message.to_owned() };
        assert_eq!(entry(&json!({ "statusCode": 400, "message": "no\nflow." })), refused(400, "no flow"));
        assert_eq!(entry(&json!({ "status": "503", "title": "busy" })), refused(503, "busy"));
        assert_eq!(entry(&json!({})), refused(500, "it does not say why"));
    }
}
