//! What the platform was asked, without secrets.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::json::compact;

/// The longest body that is kept in memory: streams of a hundred thousand records have as many kilobytes.
const LONGEST: usize = 64 << 10;

/// What stands for a secret.
const HIDDEN: &str = "hidden";

/// A request, and how it was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Logged {
    /// Requests count from 1.
    pub number: u64,
    /// Upper case.
    pub method: String,
    /// As it was sent, percent signs and all.
    pub path: String,
    /// Behind the question mark, as it was sent; empty for tokens, whose query may hold a secret.
    pub query: String,
    /// In the order in which they came, names in lower case. The token is hidden.
    pub headers: Vec<(String, String)>,
    /// The body; the client secret is hidden. Of an uploaded file only how long it is. What is longer than 64 KiB ends
    /// there with how long it was, but in the file of the log.
    pub body: String,
    /// The status answered, 0 when the connection was closed instead.
    pub status: u16,
    /// The answer's body as it was sent; empty for tokens.
    pub answer: String,
    /// Whether it changed what the platform holds.
    pub changed: bool,
}

impl Logged {
    pub(super) fn as_json(&self) -> Value {
        let headers: Map<String, Value> =
            self.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        json!({"number": self.number, "method": self.method, "path": self.path, "query": self.query,
            "headers": headers, "body": self.body, "status": self.status, "answer": self.answer,
            "changed": self.changed})
    }
}

/// A header's value as it may be kept.
pub(super) fn header(name: &str, value: &str) -> String {
    match name {
        "authorization" => format!("Bearer {HIDDEN}"),
        "cookie" | "proxy-authorization" => HIDDEN.to_owned(),
        _ => value.to_owned(),
    }
}

/// A form's text with the secret taken out.
pub(super) fn form(body: &str) -> String {
    let pairs = form_urlencoded::parse(body.as_bytes());
    let mut kept = form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs {
        let secret = name.contains("secret") || name.contains("token");
        kept.append_pair(&name, if secret { HIDDEN } else { &value });
    }
    kept.finish()
}

/// A body as it may be kept: those of Flow Service's connections hold secrets of sources.
pub(super) fn body(path: &str, body: &str) -> String {
    if !path.contains("/flowservice/connections") || body.is_empty() {
        return body.to_owned();
    }
    match serde_json::from_str(body) {
        Ok(mut value) => {
            hide(&mut value);
            compact(&value)
        }
        Err(_) => HIDDEN.to_owned(),
    }
}

/// Puts something else in the place of every text that may be a secret by its name.
fn hide(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let name = name.to_ascii_lowercase();
                let secret = ["token", "secret", "password", "key"].iter().any(|part| name.contains(part));
                match value {
                    Value::String(text) if secret => HIDDEN.clone_into(text),
                    value => hide(value),
                }
            }
        }
        // A patch may name the member in its path alone.
        Value::Array(steps) => {
            for step in steps {
                let path = step.get("path").and_then(Value::as_str).unwrap_or_default();
                if path.starts_with("/auth/params/")
                    && let Some(value) = step.get_mut("value")
                {
                    *value = json!(HIDDEN);
                }
                hide(step);
            }
        }
        _ => {}
    }
}

/// All requests so far, and the file to which they are written too.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) entries: Vec<Logged>,
    file: Option<File>,
}

impl Log {
    pub(super) fn open(path: Option<&Path>) -> io::Result<Self> {
        let file = path.map(|path| OpenOptions::new().create(true).append(true).open(path)).transpose()?;
        Ok(Self { entries: Vec::new(), file })
    }

    pub(super) fn add(&mut self, mut entry: Logged) {
        if let Some(file) = &mut self.file {
            // A full disk must not stop the platform; the log in memory stays complete.
            writeln!(file, "{}", compact(&entry.as_json())).ok();
        }
        for text in [&mut entry.body, &mut entry.answer] {
            shorten(text);
        }
        self.entries.push(entry);
    }
}

fn shorten(text: &mut String) {
    if text.len() > LONGEST {
        let length = text.len();
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push_str(&format!("… ({length} bytes)"));
        text.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn long_bodies_are_cut() {
        let mut long = "é".repeat(40_000);
        super::shorten(&mut long);
        assert!(long.starts_with("éé") && long.ends_with("é… (80000 bytes)") && long.len() < 66_000);
        let mut short = "x".repeat(64 << 10);
        super::shorten(&mut short);
        assert_eq!(short.len(), 64 << 10);
    }

    #[test]
    fn secrets_are_hidden() {
        let kept =
            super::form("grant_type=client_credentials&client_id=me&client_secret=p8e-x%26&scope=a%2Cb");
        assert_eq!(kept, "grant_type=client_credentials&client_id=me&client_secret=hidden&scope=a%2Cb");
        assert_eq!(super::header("authorization", "Bearer eyJ"), "Bearer hidden");
        assert_eq!(super::header("x-api-key", "me"), "me");
        let path = "/data/foundation/flowservice/connections";
        for body in [
            r#"{"auth":{"params":{"accessToken":"sk_test_1"}}}"#,
            r#"[{"op":"replace","path":"/auth/params","value":{"accessToken":"sk_test_1"}}]"#,
            r#"[{"op":"replace","path":"/auth/params/accessToken","value":"sk_test_1"}]"#,
            r#"{"auth":{"params":{"accessToken":"sk_test_1",}}}"#,
        ] {
            assert!(!super::body(path, body).contains("sk_test"), "{body}");
        }
        assert_eq!(super::body("/data/core", "{x"), "{x");
    }
}
