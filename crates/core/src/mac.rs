//! HMAC-SHA-256, once for all who need it: it is code of some size.

use hmac::digest::CtOutput;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A code that is compared in constant time.
pub(crate) type Code = CtOutput<Hmac<Sha256>>;

/// The code of all parts, one behind the other, under a key of any length.
pub(crate) fn code(key: &[u8], parts: &[&[u8]]) -> Option<Code> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(mac.finalize())
}
