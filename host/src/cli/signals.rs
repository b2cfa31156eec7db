//! Signals that ask the program to stop. The first one lets what is in order be kept, the second ends at once;
//! the ledger bears that, too.

use stripe_xdm::schedule::Stop;

/// The exit code after a second signal: that of a shell for SIGINT.
const ENDED: i32 = 130;

/// A stop that SIGINT (control-C) and SIGTERM ask for.
pub(super) fn stop_on_signals() -> Stop {
    let (ask, stop) = Stop::new();
    tokio::spawn(async move {
        signal().await;
        stripe_xdm::tell!("stopping: what is in order is kept; once more ends at once");
        if ask.send(true).is_ok() {
            signal().await;
            std::process::exit(ENDED);
        }
    });
    stop
}

/// Waits for either. Without signals there is nothing to wait for.
async fn signal() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = interrupt => {}
        () = terminate() => {}
    }
}

#[cfg(unix)]
async fn terminate() {
    use tokio::signal::unix::{SignalKind, signal};
    if let Ok(mut signals) = signal(SignalKind::terminate())
        && signals.recv().await.is_some()
    {
        return;
    }
    std::future::pending().await
}

#[cfg(not(unix))]
async fn terminate() {
    std::future::pending().await
}
