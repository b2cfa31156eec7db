//! Questions about the mapping language, from bytes to an answer: what both ABIs run.

use crate::failure::{Failure, INVALID_REQUEST};

/// Answers a request of [`stripe_xdm_core::language`].
pub fn answer(request: &[u8]) -> Result<String, Failure> {
    let request = std::str::from_utf8(request).map_err(|error| {
        let at = error.valid_up_to();
        Failure::new(INVALID_REQUEST, format!("the request is not UTF-8 at byte {at}"))
    })?;
    Ok(stripe_xdm_core::language::answer(request)?)
}
