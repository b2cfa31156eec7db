//! Answers, and the two shapes that errors have.

use axum::body::Bytes;
use serde_json::{Value, json};

use crate::json::compact;

/// What is sent back.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self { status, content_type: "application/json", headers: Vec::new(), body: compact(body).into() }
    }

    pub(super) fn ok(body: &Value) -> Self {
        Self::json(200, body)
    }

    /// 204, without a body.
    pub(super) fn nothing() -> Self {
        Self::empty(204)
    }

    pub(super) fn empty(status: u16) -> Self {
        Self { status, content_type: "", headers: Vec::new(), body: Bytes::new() }
    }

    /// What a proxy in front of the gateway says.
    pub(super) fn html(status: u16) -> Self {
        let body = format!(
            "<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n<center><h1>{status}</h1></center>\r\n<hr><center>openresty</center>\r\n</body>\r\n</html>\r\n"
        );
        Self::bytes(status, "text/html", body.into())
    }

    /// A body as it is.
    pub(super) fn bytes(status: u16, content_type: &'static str, body: Bytes) -> Self {
        Self { status, content_type, headers: Vec::new(), body }
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The gateway's shape.
    pub(super) fn gateway(status: u16, code: &str, message: &str) -> Self {
        Self::json(status, &json!({"error_code": code, "message": message}))
    }

    /// The problem shape, as services without a fuller one have it.
    pub(super) fn problem(status: u16, title: &str, detail: impl Into<String>) -> Self {
        let detail: String = detail.into();
        Self::json(
            status,
            &json!({"type": "/placeholder/type/uri", "status": status, "title": title, "detail": detail}),
        )
    }

    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::problem(400, "BadRequestError", detail)
    }

    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self::problem(404, "NotFoundError", detail)
    }

    /// A status out of nowhere, in the shape in which it usually comes.
    pub(super) fn trouble(status: u16) -> Self {
        match status {
            401 => Self::gateway(401, "401013", "Oauth token is not valid"),
            403 => Self::gateway(403, "403025", "Profile is not valid"),
            429 => Self::gateway(429, "429050", "Too many requests"),
            400..500 => Self::problem(status, "BadRequestError", "The request was refused."),
            _ => Self::problem(status, "InternalServerError", "An unexpected error has occurred."),
        }
    }
}
