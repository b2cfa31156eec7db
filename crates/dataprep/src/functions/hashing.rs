//! Hash functions.

use super::{CallEnv, Failure, Function, text};
use crate::mapping_set::XdmType;
use crate::value::Value;
use sha2::{Digest, Sha256};

pub(super) static FUNCTIONS: &[Function] =
    &[Function::new("sha256", "Hashing", (1, 2), true, sha256).writing(XdmType::String, write_sha256)];

/// Lower-case hexadecimal SHA-256 of the text's UTF-8 bytes. A second argument names the character
/// set; UTF-8 is the only one.
fn sha256<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>, Failure> {
    let hex = digest(args)?;
    Ok(std::str::from_utf8(&hex).map_or(Value::Null, |hex| Value::string(hex.to_owned())))
}

fn write_sha256(args: &mut [Value<'_>], _: &mut CallEnv<'_>, out: &mut Vec<u8>) -> Result<bool, Failure> {
    let hex = digest(args)?;
    out.push(b'"');
    out.extend_from_slice(&hex);
    out.push(b'"');
    Ok(true)
}

fn digest(args: &[Value<'_>]) -> Result<[u8; 64], Failure> {
    if let Some(charset) = args.get(1).and_then(Value::as_str)
        && !charset.eq_ignore_ascii_case("UTF-8")
    {
        return Err(Failure::new("sha256 knows the character set UTF-8 only"));
    }
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digest = match &args[0] {
        Value::String(input) => Sha256::digest(input.as_bytes()),
        other => Sha256::digest(text(other, "the argument of sha256")?.as_bytes()),
    };
    let mut hex = [0; 64];
    for (pair, byte) in hex.chunks_exact_mut(2).zip(digest.iter()) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    Ok(hex)
}
