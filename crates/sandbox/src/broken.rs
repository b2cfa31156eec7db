//! Bodies that go wrong on their way.

use std::convert::Infallible;
use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue},
};

use crate::faults::Fault;

/// How often a stalled answer sends one more byte.
const TRICKLE: Duration = Duration::from_millis(20);
/// How much a giant answer holds: more than a client should read.
const GIANT: usize = 256 << 20;
const BLOCK: usize = 64 << 10;

/// The body of an answer as `fault` lets it out, and the headers that go with it.
pub(crate) fn body(text: String, fault: Option<Fault>, headers: &mut HeaderMap) -> Body {
    let full = text.len();
    let half = text.floor_char_boundary(full / 2);
    match fault {
        Some(Fault::Drop) => {
            headers.insert("content-length", HeaderValue::from(full));
            let broken = std::io::Error::other("the sandbox drops this connection");
            let first = text.as_bytes().get(..half).unwrap_or_default().to_vec();
            Body::from_stream(futures_util::stream::iter([Ok(first), Err(broken)]))
        }
        Some(Fault::Truncate) => Body::from(text.get(..half).unwrap_or_default().to_owned()),
        Some(Fault::ShortLength) => {
            headers.insert("content-length", HeaderValue::from(half));
            let parts = [Ok::<_, Infallible>(Bytes::from(text))];
            Body::from_stream(futures_util::stream::iter(parts))
        }
        Some(Fault::Stall) => {
            let first = text.as_bytes().get(..half).unwrap_or_default().to_vec();
            Body::from_stream(futures_util::stream::unfold(Some(first), |first| async {
                let bytes = match first {
                    Some(first) => first,
                    None => {
                        tokio::time::sleep(TRICKLE).await;
                        vec![b' ']
                    }
                };
                Some((Ok::<_, Infallible>(bytes), None))
            }))
        }
        Some(Fault::Giant) => {
            // White space between the last token and the end: JSON still, and the right answer.
            let blanks = Bytes::from(vec![b' '; BLOCK]);
            let parts = std::iter::once(Bytes::from(text))
                .chain(std::iter::repeat_n(blanks, GIANT / BLOCK))
                .map(Ok::<_, Infallible>);
            Body::from_stream(futures_util::stream::iter(parts))
        }
        Some(Fault::Html) => {
            headers.insert("content-type", HeaderValue::from_static("text/html"));
            Body::from("<!doctype html><title>Please sign in</title><p>This network wants to know you.")
        }
        _ => Body::from(text),
    }
}
