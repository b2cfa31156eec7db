//! What our servers share: connections bounded in number and in time, bodies in size and in time, and an end that
//! finishes what was begun.

use crate::schedule::Stop;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// A pause after the system refused a connection: it has none to give.
const BREATH: Duration = Duration::from_millis(100);

/// What connections may cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Connections {
    /// How many there are at once.
    pub(crate) most: usize,
    /// From a connection, or from the request before, to the end of the headers.
    pub(crate) head: Duration,
    /// Until requests that are being answered are cut off at the end.
    pub(crate) ending: Duration,
}

/// Answers requests until it is to stop; then ends what it has begun. False when that took too long.
pub(crate) async fn serve<B, A>(
    listener: TcpListener,
    bounds: Connections,
    stop: &Stop,
    answer: impl Fn(Request<Incoming>) -> A + Clone + Send + 'static,
) -> bool
where
    B: Body<Data: Send, Error: std::error::Error + Send + Sync> + Send + 'static,
    A: Future<Output = Response<B>> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(bounds.most));
    let open = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(bounds.head).max_buf_size(64 << 10);
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = stop.wait() => break,
            next = next => next,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be taken");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        // Answers are small, and waited for.
        let _slower = stream.set_nodelay(true);
        let answer = answer.clone();
        let service = service_fn(move |request| {
            let answer = answer.clone();
            async move { Ok::<_, Infallible>(answer(request).await) }
        });
        let connection = open.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            let _place = place;
            // The other side went away, or said what is no HTTP: nobody is there to be told.
            let _ended = connection.await;
        });
    }
    drop(listener);
    tokio::time::timeout(bounds.ending, open.shutdown()).await.is_ok()
}

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It has more bytes than may be.
    TooLarge,
    /// It ended before its end.
    Cut,
    /// It took too long.
    Slow,
}

/// Reads a body of at most so many bytes.
pub(crate) async fn read(body: Incoming, most: usize, within: Duration) -> Result<Bytes, Unread> {
    if body.size_hint().lower() > most as u64 {
        return Err(Unread::TooLarge);
    }
    match tokio::time::timeout(within, Limited::new(body, most).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Unread::TooLarge),
        Ok(Err(_)) => Err(Unread::Cut),
        Err(_) => Err(Unread::Slow),
    }
}
