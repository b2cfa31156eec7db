//! Signatures of webhooks: what both ABIs run.

use crate::failure::{Failure, INVALID_REQUEST};
use crate::wire::Request;

/// Fails unless the body in a request was signed. The request's objects are the header, the body, and the secrets; it
/// has no call.
pub fn verify(request: &[u8], now: i64, tolerance: u32) -> Result<(), Failure> {
    let Request { objects, .. } = Request::parse(request)?;
    let [header, body, secrets @ ..] = objects.as_slice() else {
        return Err(Failure::new(INVALID_REQUEST, "the request needs a header, a body and secrets"));
    };
    Ok(stripe_xdm_core::verify_webhook(body, header, secrets, now, tolerance)?)
}
