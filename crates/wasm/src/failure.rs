//! Why a whole call failed, as opposed to one object of it: the one error type of both ABIs.

use serde::Serialize;
use stripe_xdm_core::language::{LanguageError, Place};
use stripe_xdm_core::{OpenError, SignatureError};

/// A failed call. Its JSON is the error payload of the bytes ABI; JavaScript gets it as an `Error`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// A stable word: one of this file's constants, of [`LanguageError::code`] or of [`SignatureError::code`].
    pub code: &'static str,
    /// The path or position concerned, empty when none is.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The cause and what to do about it, for people.
    pub message: String,
    /// Where in an expression: `line`, `column` and `caret`.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// The settings were refused.
pub const INVALID_SETTINGS: &str = "invalid_settings";
/// The options of one call were refused.
pub const INVALID_CALL: &str = "invalid_call";
/// A request that does not follow the framing of [`crate::wire`].
pub const INVALID_REQUEST: &str = "invalid_request";
/// Text that cannot be split into objects.
pub const INVALID_JSON: &str = "invalid_json";
/// A JavaScript value that has no JSON counterpart.
pub const INVALID_INPUT: &str = "invalid_input";
/// A handle that `xdm_open` did not return, or that was closed.
pub const UNKNOWN_HANDLE: &str = "unknown_handle";
/// The response would not fit a packed result; send fewer objects per call.
pub const RESPONSE_TOO_LARGE: &str = "response_too_large";
/// The module broke its own promise; please report it.
pub const INTERNAL: &str = "internal";

impl Failure {
    /// A failure that concerns no particular path.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, path: String::new(), message: message.into(), place: None }
    }

    /// A failure at a path.
    pub fn at(code: &'static str, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, path: path.into(), message: message.into(), place: None }
    }

    /// The error payload of the bytes ABI.
    pub fn to_json(&self) -> Vec<u8> {
        // A struct of strings and numbers always serialises; the fallback keeps the function total.
        serde_json::to_vec(self).unwrap_or_else(|_| br#"{"code":"internal","message":""}"#.to_vec())
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Self::new(INVALID_SETTINGS, error.to_string())
    }
}

impl From<SignatureError> for Failure {
    fn from(error: SignatureError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<LanguageError> for Failure {
    fn from(error: LanguageError) -> Self {
        Self { code: error.code, path: String::new(), message: error.message, place: error.place }
    }
}
