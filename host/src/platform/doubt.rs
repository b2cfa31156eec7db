//! What follows when it is not certain whether a write had its effect: another look, before anything is written again.

use super::client::pause;
use super::error::PlatformError;

/// Carries something out on what is `there`, and goes on from another `look` after each doubt; the error that ended
/// it, when one did. `attempt` sets the doubts back to none with each step that was certain.
pub(crate) async fn carry_on<S>(
    mut there: S,
    said: &(dyn Fn(&str) + Sync),
    mut attempt: impl AsyncFnMut(&mut S, &mut u32) -> Result<(), PlatformError>,
    look: impl AsyncFn() -> Result<S, PlatformError>,
) -> Option<PlatformError> {
    let mut doubts = 0;
    loop {
        let doubt = match attempt(&mut there, &mut doubts).await {
            Ok(()) => return None,
            Err(error) if error.is_uncertain() => error,
            Err(error) => return Some(error),
        };
        doubts += 1;
        if !pause(doubts, None).await {
            return Some(doubt);
        }
        said(&format!("looking again after trouble: {}", doubt.trouble()));
        match look().await {
            Ok(now) => there = now,
            Err(error) => return Some(error),
        }
    }
}

/// Makes what nothing else is called like; gives its id. After each doubt `look` tells whether it is there.
pub(super) async fn make_once(
    make: impl AsyncFn() -> Result<String, PlatformError>,
    look: impl AsyncFn() -> Result<Option<String>, PlatformError>,
) -> Result<String, PlatformError> {
    let mut doubts = 0;
    loop {
        let error = match make().await {
            Ok(id) => return Ok(id),
            Err(error) => error,
        };
        doubts += 1;
        if !error.is_uncertain() || !pause(doubts, None).await {
            return Err(error);
        }
        if let Some(known) = look().await? {
            return Ok(known);
        }
    }
}
