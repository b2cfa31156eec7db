//! Hash functions.

use super::{CallEnv, Failure, Function, text};
use crate::value::Value;
use sha2::{Digest, Sha256};

pub(super) const FUNCTIONS: &[Function] = &[Function::new("sha256", "hashing", (1, 2), true, sha256)];

/// Lower-case hexadecimal SHA-256 of the text's UTF-8 bytes. A second argument names the character
/// set; UTF-8 is the only one.
fn sha256<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>, Failure> {
    if let Some(charset) = args.get(1).and_then(Value::as_str)
        && !charset.eq_ignore_ascii_case("UTF-8")
    {
        return Err(Failure::new("sha256 knows the character set UTF-8 only"));
    }
    let input = text(&args[0], "the argument of sha256")?;
    let digest = Sha256::digest(input.as_bytes());
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hex = [0; 64];
    for (pair, byte) in hex.chunks_exact_mut(2).zip(digest.iter()) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    Ok(std::str::from_utf8(&hex).map_or(Value::Null, |hex| Value::string(hex.to_owned())))
}
