//! Answers, with the headers that all of them have.

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use hyper::{Response, StatusCode};
use serde_json::json;
use std::convert::Infallible;
use tokio::sync::mpsc;

pub(super) type Body = UnsyncBoxBody<Bytes, Infallible>;
pub(super) type Answer = Response<Body>;

/// What the page may do: run its own code and the module, talk to this server, and be in no frame. Sizes and places are
/// written as attributes, which is all that `style-src-attr` allows.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; \
                      style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What an answer may be kept for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Keep {
    /// Never: it holds what is the account's.
    Never,
    /// Only after asking again: its name stays, its content does not.
    Asking,
    /// For good: its name holds its hash.
    Always,
}

impl Keep {
    fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Never => "no-store",
            Self::Asking => "no-cache",
            Self::Always => "private, max-age=31536000, immutable",
        })
    }
}

/// An answer of whole bytes.
pub(super) fn whole(status: StatusCode, kind: &'static str, keep: Keep, body: impl Into<Bytes>) -> Answer {
    answer(status, kind, keep, Full::new(body.into()).boxed_unsync())
}

/// An answer that is JSON.
pub(super) fn json_of(status: StatusCode, body: &serde_json::Value) -> Answer {
    whole(status, "application/json", Keep::Never, body.to_string())
}

/// Why there is nothing else.
pub(super) fn refused(status: StatusCode, code: &str, message: &str) -> Answer {
    json_of(status, &json!({ "error": { "code": code, "message": message } }))
}

/// Lines of JSON, each as soon as there is one.
pub(super) fn lines(told: mpsc::Receiver<Bytes>) -> Answer {
    let frames = futures_util::stream::unfold(told, |mut told| async {
        let line = told.recv().await?;
        Some((Ok(Frame::data(line)), told))
    });
    answer(StatusCode::OK, "application/x-ndjson", Keep::Never, StreamBody::new(frames).boxed_unsync())
}

fn answer(status: StatusCode, kind: &'static str, keep: Keep, body: Body) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, keep.header());
    let fixed = [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}
