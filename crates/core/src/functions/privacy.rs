//! Personal data made unreadable: keyed hashes and masks.

use super::Result;
use crate::mac;
use crate::settings::Settings;
use dataprep::Value;
use dataprep::functions::{CallEnv, Failure};
use std::fmt::Write as _;

/// A SHA-256 in hexadecimal digits, in bytes.
const HASH: usize = 64;

/// Most characters that a mask leaves, at the end.
const MAX_SHOWN: usize = 4;

/// The keyed hash of a text, or of each text in an array or of a map's values. What is no text is hashed as
/// it is written.
pub(super) fn hash<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let settings = env.host.downcast_ref::<Settings>();
    let Some(salt) = settings.and_then(|settings| settings.privacy.salt.as_ref()) else {
        return Err(Failure::coded("missing_salt", "a hash needs the settings' privacy.salt"));
    };
    let salt = salt.bytes();
    each(first(args), env, &|text| keyed_hash(salt, text))
}

/// A text, or each text in an array or of a map's values, with asterisks for most of its characters.
pub(super) fn mask<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    each(first(args), env, &masked)
}

/// The HMAC-SHA-256 of a text in lower-case hexadecimal digits. A key has any length.
pub(crate) fn keyed_hash(key: &[u8], text: &str) -> String {
    let mut hex = String::with_capacity(HASH);
    // Keys of any length are taken; were one refused, the text must still not be shown.
    if let Some(code) = mac::code(key, &[text.as_bytes()]) {
        for byte in code.into_bytes() {
            // Writing to a text cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
    }
    hex
}

/// The text with asterisks for its letters and digits, save the last four or, of a short text, the last
/// quarter of them. Beyond ASCII every character counts as a letter.
fn masked(text: &str) -> String {
    let is_hidden = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric();
    let count = text.chars().filter(|c| is_hidden(*c)).count();
    let mut hidden = count - (count / 4).min(MAX_SHOWN);
    let mut made = String::with_capacity(text.len());
    for c in text.chars() {
        let hide = is_hidden(c) && hidden > 0;
        hidden -= usize::from(hide);
        made.push(if hide { '*' } else { c });
    }
    made
}

fn first<'a>(args: &mut [Value<'a>]) -> Value<'a> {
    args.first_mut().map_or(Value::Null, |value| std::mem::replace(value, Value::Null))
}

/// Changes every scalar of a value; what is null or empty stays, for it is not written.
fn each<'a>(value: Value<'a>, env: &mut CallEnv<'_>, change: &dyn Fn(&str) -> String) -> Result<Value<'a>> {
    if let Some(items) = value.elements() {
        let mut changed = Vec::with_capacity(items.len());
        for item in items {
            changed.push(each(item, env, change)?);
        }
        return Ok(Value::Array(changed));
    }
    if let Some(members) = value.members() {
        let mut changed = Vec::with_capacity(members.len());
        for (key, member) in members {
            changed.push((key, each(member, env, change)?));
        }
        return Ok(Value::Object(changed));
    }
    match value.to_text() {
        Some(text) if !text.is_empty() => {
            env.budget.take(HASH)?;
            Ok(Value::string(change(&text)))
        }
        _ => Ok(Value::Null),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_hmac_sha_256() {
        // Test cases 1, 2 and 6 of RFC 4231.
        for (key, text, wanted) in [
            (&[0x0b; 20][..], "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe",
                "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 131],
                "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            assert_eq!(keyed_hash(key, text), wanted);
        }
    }

    #[test]
    fn masks_show_at_most_four_characters_and_a_quarter() {
        for (text, wanted) in [
            ("4242424242424242", "************4242"),
            ("+1 (555) 010-9999", "+* (***) ***-**99"),
            ("ada@example.com", "***@*******.com"),
            ("4242", "***2"),
            ("abc", "***"),
            ("a", "*"),
            ("Zoë Müller", "*** ****er"),
            ("李小龍", "***"),
            ("e\u{301}a b", "*** b"),
            ("--", "--"),
        ] {
            assert_eq!(masked(text), wanted, "{text}");
        }
    }
}
