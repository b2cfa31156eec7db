//! What can go wrong between here and Experience Platform, said so that the reader knows what to do next.

use serde::Deserialize;

/// Longest message of Adobe's that is passed on, in characters.
const LONGEST: usize = 400;

/// A request that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlatformError {
    /// Something that was given cannot be used.
    #[error("{0}")]
    Setup(String),
    /// Adobe's identity service gives no token.
    #[error("Adobe gives no access token ({code}{request}): {message}. {advice}")]
    Token {
        /// Its word for what is wrong, or the status.
        code: String,
        /// Its message.
        message: String,
        /// What to do.
        advice: &'static str,
        /// Adobe's id of the request.
        request: RequestId,
    },
    /// An answer that says no.
    #[error("{what}: Experience Platform answered {status}{code}{request}: {message}. {advice}")]
    Refused {
        /// The method and path.
        what: String,
        /// The HTTP status.
        status: u16,
        /// Adobe's code with a space before it, or empty.
        code: String,
        /// Adobe's message.
        message: String,
        /// What to do.
        advice: &'static str,
        /// Adobe's id of the request.
        request: RequestId,
    },
    /// No usable answer. A request that writes may have had its effect.
    #[error(
        "{what}: no usable answer after {attempts} attempts: {message}{request}; run the same command again: it \
         looks first at what is there"
    )]
    NoAnswer {
        /// The method and path.
        what: String,
        /// How many requests were made.
        attempts: u32,
        /// The last cause.
        message: String,
        /// Adobe's id of the last request.
        request: RequestId,
    },
    /// An answer that is complete but does not say what it must.
    #[error("{what}: {message}{request}")]
    Contract {
        /// The method and path.
        what: String,
        /// What is missing.
        message: String,
        /// Adobe's id of the request.
        request: RequestId,
    },
}

impl PlatformError {
    /// What went wrong, without what to do about it.
    pub(crate) fn trouble(&self) -> String {
        match self {
            Self::NoAnswer { what, message, .. } | Self::Contract { what, message, .. } => {
                format!("{what}: {message}")
            }
            other => other.to_string(),
        }
    }

    /// The same with its messages changed: a service may repeat a secret that it was sent.
    pub(crate) fn redacted(mut self, redact: &dyn Fn(&str) -> String) -> Self {
        match &mut self {
            Self::Setup(message)
            | Self::Token { message, .. }
            | Self::Refused { message, .. }
            | Self::NoAnswer { message, .. }
            | Self::Contract { message, .. } => *message = redact(message),
        }
        self
    }

    /// Whether a request that writes may have been carried out all the same.
    pub fn is_uncertain(&self) -> bool {
        match self {
            Self::NoAnswer { .. } | Self::Contract { .. } => true,
            // Somebody else, or an earlier attempt, has made or changed it meanwhile.
            Self::Refused { status, .. } => matches!(status, 409 | 412),
            _ => false,
        }
    }
}

/// Adobe's id of a request, for their support; prints as `, request …`, or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestId(pub Option<String>);

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Some(id) => write!(f, ", request {id}"),
            None => Ok(()),
        }
    }
}

/// What Adobe's services say when they refuse, in either of their forms: the gateway's (`error_code`,
/// `message`), the identity service's (`error`, `error_description`) and the services' (`type`, `title`, `detail`,
/// `report`).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Refusal {
    error_code: Option<Word>,
    error: Option<Word>,
    #[serde(rename = "type")]
    kind: Option<String>,
    message: Option<String>,
    error_description: Option<String>,
    title: Option<String>,
    detail: Option<String>,
    report: Report,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Report {
    #[serde(rename = "detailed-message")]
    detailed: Option<String>,
    message: Option<String>,
    #[serde(rename = "registryRequestId")]
    request: Option<String>,
}

/// A code is text in one service and a number in another.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Word {
    Text(String),
    Number(i64),
}

impl std::fmt::Display for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Word::Text(text) => f.write_str(text),
            Word::Number(number) => write!(f, "{number}"),
        }
    }
}

impl Refusal {
    /// Reads a body, whatever it is.
    pub(super) fn read(body: &[u8], content_type: &str) -> Self {
        serde_json::from_slice(body).unwrap_or_else(|_| {
            let form = content_type.split(';').next().unwrap_or_default().trim();
            let message = match (body.len(), form) {
                (0, _) => "no message, the body is empty".to_owned(),
                (bytes, "") => format!("no message, {bytes} bytes that are no JSON"),
                (bytes, form) => format!("no message, {bytes} bytes of {form} instead of JSON"),
            };
            Refusal { message: Some(message), ..Refusal::default() }
        })
    }

    /// The code: `401013`, `XDM-1012-404`; empty when there is none.
    pub(super) fn code(&self) -> String {
        if let Some(code) = self.error_code.as_ref().or(self.error.as_ref()) {
            return code.to_string();
        }
        let last = self.kind.as_deref().and_then(|kind| kind.rsplit('/').next());
        // Some services put a mere address there.
        let last = last.filter(|code| code.contains(|c: char| c.is_ascii_digit()));
        last.unwrap_or_default().to_owned()
    }

    /// The longest of its explanations, cut when it never ends.
    pub(super) fn message(&self) -> String {
        let said = [
            &self.report.detailed,
            &self.report.message,
            &self.detail,
            &self.message,
            &self.error_description,
            &self.title,
        ];
        let said = said.into_iter().flatten().find(|text| !text.trim().is_empty());
        let said: String = said.map_or("no message", |text| text.trim()).chars().take(LONGEST).collect();
        // A line of its own would let an answer write anything into a log.
        let said: String = said.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        said.trim_end_matches('.').to_owned()
    }

    /// The service's own id of the request, for when the header has none.
    pub(super) fn request(&self) -> Option<String> {
        self.report.request.clone()
    }
}

/// What to do about a refusal of what lies at a path.
pub(super) fn advice(status: u16, code: &str, path: &str) -> &'static str {
    match (status, code) {
        (_, "403000" | "403003") => {
            "Check --client-id: it is the API key of the Developer Console project, which must have the \
             Experience Platform API"
        }
        (_, "403025" | "400003") => {
            "Check --org: the credential belongs to another organisation (…@AdobeOrg)"
        }
        (_, "403010" | "401013") | (401, _) => {
            "Check --client-id, the client secret and --scopes against the Developer Console"
        }
        (403, _) if path.starts_with("/data/foundation/flowservice") => {
            "Check --aep-sandbox; if it is right, ask an administrator to give the credential a role with the \
             permissions View Sources and Manage Sources in this sandbox"
        }
        (403, _) => {
            "Check --aep-sandbox; if it is right, ask an administrator to give the credential a role with the \
             permissions Manage Schemas, Manage Datasets and Manage Identity Namespaces in this sandbox"
        }
        (404, _) => "Check --aep-sandbox and --platform-url",
        (412, _) => {
            "Somebody has changed it meanwhile: run the same command again, it looks first at what is there"
        }
        (429, _) => "Wait some minutes and run the same command again",
        (500.., _) => "Run the same command again in some minutes; it looks first at what is there",
        _ => {
            "Nothing else was changed; if the message does not say what to do, tell Adobe's support the request id"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> (String, String) {
        let refusal = Refusal::read(body.as_bytes(), "application/json");
        (refusal.code(), refusal.message())
    }

    #[test]
    fn every_form_of_refusal_is_understood() {
        let of = |code: &str, message: &str| (code.to_owned(), message.to_owned());
        let gateway = r#"{"error_code":"401013","message":"Oauth token is not valid"}"#;
        assert_eq!(read(gateway), of("401013", "Oauth token is not valid"));
        assert_eq!(read(r#"{"error_code":403010,"message":"x."}"#), of("403010", "x"));
        let ims = r#"{"error":"invalid_client","error_description":"invalid client_secret parameter"}"#;
        assert_eq!(read(ims), of("invalid_client", "invalid client_secret parameter"));
        let registry = r#"{"type":"http://ns.adobe.com/aep/errors/XDM-1012-404","status":404,"title":"Resource Not Found",
            "detail":"short","report":{"registryRequestId":"r-1","detailed-message":"long","sub-errors":[]}}"#;
        assert_eq!(read(registry), of("XDM-1012-404", "long"));
        assert_eq!(Refusal::read(registry.as_bytes(), "").request().as_deref(), Some("r-1"));
        let address = r#"{"type":"http://ns.adobe.com/problem/uri","title":"No access"}"#;
        assert_eq!(read(address), of("", "No access"));
        let problem = r#"{"type":"about:blank","status":400,"title":"BadRequestError","detail":"A valid content-type"}"#;
        assert_eq!(read(problem).1, "A valid content-type");
    }

    #[test]
    fn pages_and_nothing_are_told_as_such() {
        let html = Refusal::read(b"<html>Bad gateway</html>", "text/html; charset=utf-8");
        assert_eq!(html.message(), "no message, 24 bytes of text/html instead of JSON");
        assert_eq!(Refusal::read(b"", "").message(), "no message, the body is empty");
    }

    #[test]
    fn an_answer_writes_no_lines_of_its_own() {
        let refusal = Refusal::read(br#"{"message":"a\nerror: b"}"#, "");
        assert_eq!(refusal.message(), "a error: b");
    }
}
