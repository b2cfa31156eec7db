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
    let digest = Sha256::digest(text(&args[0], "the argument of sha256")?.as_bytes());
    Ok(Value::string(hex(&digest)))
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|nibble| DIGITS[nibble as usize] as char)
        .collect()
}
