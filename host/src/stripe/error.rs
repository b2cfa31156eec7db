//! What can go wrong with a request, said so that the reader knows what to do next.

use super::resource::Resource;
use serde::Deserialize;

/// A request that failed for good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// 401
    #[error(
        "Stripe does not accept the API key (401{request}): check that it is the right one (STRIPE_API_KEY, or what the settings name); keys can expire or be rolled"
    )]
    Key {
        /// Formatted request id.
        request: RequestId,
    },
    /// 403
    #[error(
        "the API key may not read {path} (403{request}): {message} Give the key the permission \"{permission}\" in the Dashboard (`stripe-xdm doctor` makes the link){}",
        way_out(.path)
    )]
    Permission {
        /// The path asked for.
        path: String,
        /// The permission that Stripe's message names.
        permission: String,
        /// Stripe's message.
        message: String,
        /// Formatted request id.
        request: RequestId,
        /// The server's clock, in epoch seconds.
        server_time: Option<i64>,
    },
    /// Any other answer that a retry does not mend, or that six retries did not mend.
    #[error("{path}: Stripe answered {status}{request}: {message}")]
    Refused {
        /// The path asked for.
        path: Box<str>,
        /// The HTTP status.
        status: u16,
        /// Stripe's `code`, or empty.
        code: String,
        /// Stripe's `param`, or empty.
        param: String,
        /// Stripe's message.
        message: Box<str>,
        /// Formatted request id.
        request: RequestId,
        /// The server's clock, in epoch seconds.
        server_time: Option<i64>,
    },
    /// No answer, or one that was cut, after all retries.
    #[error(
        "{address}: no usable answer after {attempts} attempts: {message}; run the same command again to continue"
    )]
    Network {
        /// What was asked for, with its host.
        address: String,
        /// How many requests were made.
        attempts: u32,
        /// The last cause.
        message: String,
    },
    /// An answer that is complete but says something that cannot be.
    #[error("{path}: {message}{request}")]
    Contract {
        /// The path asked for.
        path: String,
        /// What cannot be.
        message: String,
        /// Formatted request id.
        request: RequestId,
    },
    /// The client cannot be set up.
    #[error("{0}")]
    Setup(String),
}

impl ApiError {
    /// What an answer that is no success means. A missing permission is told by its message: its status is 403
    /// by the documentation, and 401 has been seen.
    pub(super) fn refused(
        path: &str,
        status: u16,
        detail: ErrorDetail,
        request: RequestId,
        server_time: Option<i64>,
    ) -> Self {
        let ErrorDetail { code, param, message } = detail;
        let path = path.to_owned();
        let message = message.unwrap_or_else(|| "no message".to_owned());
        match (status, permission(&message)) {
            (401 | 403, Some(permission)) => {
                Self::Permission { path, permission, message, request, server_time }
            }
            (401, None) => Self::Key { request },
            (_, _) => Self::Refused {
                path: path.into(),
                status,
                code: code.unwrap_or_default(),
                param: param.unwrap_or_default(),
                message: message.into(),
                request,
                server_time,
            },
        }
    }

    /// What it says, where the path is said already and more follows.
    pub(crate) fn without_path(&self) -> String {
        match self {
            Self::Refused { status, message, request, .. } => {
                format!("Stripe answered {status}{request}: {}", message.trim_end_matches('.'))
            }
            other => other.to_string(),
        }
    }

    /// Whether the cursor of a list names an object that no longer exists.
    pub fn is_lost_cursor(&self) -> bool {
        matches!(self, Self::Refused { status: 400, code, param, .. }
            if code == "resource_missing" && param == "starting_after")
    }

    /// Whether the list cannot be asked for a range of creation times.
    pub fn refuses_created(&self) -> bool {
        matches!(self, Self::Refused { status: 400, param, message, .. }
            if param.starts_with("created") || message.contains("created"))
    }

    /// Whether parts that are shown on demand only cannot be asked for: the server, or an API version from before them,
    /// does not know one, or the key may not read what is behind it. Then the same is asked for without them, which
    /// tells whether anything else was meant.
    pub fn refuses_expand(&self) -> bool {
        match self {
            Self::Permission { .. } => true,
            Self::Refused { status: 400, param, message, .. } => {
                param.starts_with("expand") || message.contains("expand")
            }
            _ => false,
        }
    }

    /// When the answer says that the object asked for does not exist: the server's clock, as far as it is known.
    pub fn is_no_object(&self) -> Option<Option<i64>> {
        match self {
            Self::Refused { status: 404, code, server_time, .. } if code == "resource_missing" => {
                Some(*server_time)
            }
            _ => None,
        }
    }

    /// Whether asking again would get the same answer, until somebody changes something.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Permission { .. } | Self::Contract { .. } => true,
            Self::Refused { status, .. } => (400..500).contains(status) && *status != 429,
            Self::Key { .. } | Self::Network { .. } | Self::Setup(_) => false,
        }
    }

    /// Whether no request with this key can succeed.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Key { .. } | Self::Setup(_))
    }
}

/// Stripe's id of a request, for their support; prints as `, request req_…`, or nothing.
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

/// Stripe's error object.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ErrorBody {
    #[serde(default)]
    pub(super) error: ErrorDetail,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct ErrorDetail {
    #[serde(default)]
    pub(super) code: Option<String>,
    #[serde(default)]
    pub(super) param: Option<String>,
    #[serde(default)]
    pub(super) message: Option<String>,
}

impl ErrorDetail {
    pub(super) fn with_message(mut self, change: impl Fn(&str) -> String) -> Self {
        self.message = self.message.map(|message| change(&message));
        self
    }
}

/// The permission that a refusal's message names. Stripe's list of permissions has gaps (refunds), so the
/// message is the only authority.
fn permission(message: &str) -> Option<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let named: Vec<_> = message.split(|c| !is_word(c)).filter(|w| w.starts_with("rak_")).collect();
    // A message may name several that would do; reading is all that is needed.
    named.iter().find(|w| w.ends_with("_read")).or(named.first()).map(|w| (*w).to_owned())
}

/// What can be done instead of giving the key a permission, or what is to be known until then.
fn way_out(path: &str) -> &'static str {
    match path {
        "/v1/events" => {
            "; until then nothing tells of changes and deletions. A run that may read events goes on from where the \
             last one did, as far back as Stripe's 30 days"
        }
        "/v1/accounts" => ", or name the connected accounts: --connected=acct_…",
        _ if Resource::ALL.iter().any(|resource| path.starts_with(resource.path())) => {
            ", or leave the resource out with --resources"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_permission_is_read_from_the_message() {
        let message = "The provided key 'rk_test_*abc' does not have the required permissions for this \
                       endpoint on account 'acct_1'. Having the 'rak_charge_read' permission would allow \
                       this request to continue.";
        assert_eq!(permission(message).as_deref(), Some("rak_charge_read"));
        let several = "Having 'rak_charge_write' or 'rak_charge_read' would do.";
        assert_eq!(permission(several).as_deref(), Some("rak_charge_read"));
        assert_eq!(permission("no"), None);
    }

    #[test]
    fn what_refuses_parts_is_known_from_what_refuses_all() {
        let refused = |status, param: &str, message: &str| {
            let (param, message) = (Some(param.to_owned()), Some(message.to_owned()));
            let detail = ErrorDetail { code: None, param, message };
            ApiError::refused("/v1/invoices", status, detail, RequestId(None), None).refuses_expand()
        };
        assert!(refused(400, "expand", "This property cannot be expanded (data.payments)."));
        assert!(refused(400, "expand[]", "Received unknown parameter: expand[]"));
        assert!(refused(400, "", "Bad expand 'payments'"));
        assert!(refused(403, "", "Having the 'rak_invoice_payment_read' permission would do."));
        assert!(!refused(400, "created[gte]", "Received unknown parameter: created[gte]"));
        assert!(!refused(404, "", "Unrecognized request URL"));
    }

    #[test]
    fn a_missing_permission_is_told_by_its_message_and_a_bad_key_by_its_status() {
        let refused = |status, message: &str| {
            let detail = ErrorDetail { message: Some(message.to_owned()), ..ErrorDetail::default() };
            ApiError::refused("/v1/charges", status, detail, RequestId(Some("req_1".to_owned())), None)
        };
        let missing = "Having the 'rak_charge_read' permission would allow this request to continue.";
        for status in [401, 403] {
            let error = refused(status, missing);
            assert!(
                matches!(&error, ApiError::Permission { permission, .. } if permission == "rak_charge_read")
            );
            assert!(error.to_string().contains("req_1"), "{error}");
            assert!(error.to_string().ends_with("leave the resource out with --resources"), "{error}");
        }
        let detail =
            ErrorDetail { message: Some("Having 'rak_event_read' …".to_owned()), ..ErrorDetail::default() };
        let events = ApiError::refused("/v1/events", 403, detail, RequestId::default(), None).to_string();
        assert!(!events.contains("--resources") && events.contains("changes and deletions"), "{events}");
        assert!(refused(401, "Invalid API Key provided").is_fatal());
        assert!(matches!(refused(403, "Not on this account"), ApiError::Refused { status: 403, .. }));
    }
}
