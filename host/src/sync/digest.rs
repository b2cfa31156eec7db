//! What decides whether an object is still the same.

use crate::ledger::Digest;
use sha2::{Digest as _, Sha256};

/// Hash of a JSON text without the white space between its tokens, so that an object within an Event equals
/// the same object within a list.
pub(super) fn of_json(text: &[u8]) -> Digest {
    let mut hash = Sha256::new();
    let (mut start, mut at) = (0, 0);
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => at = end_of_string(text, at),
            b' ' | b'\n' | b'\r' | b'\t' => {
                hash.update(text.get(start..at).unwrap_or_default());
                at += 1;
                start = at;
            }
            _ => at += 1,
        }
    }
    hash.update(text.get(start..).unwrap_or_default());
    half(&hash.finalize())
}

/// Hash of bytes as they are.
pub(super) fn of_bytes(bytes: &[u8]) -> Digest {
    half(&Sha256::digest(bytes))
}

/// The first half of a SHA-256.
pub(super) fn half(digest: &[u8]) -> Digest {
    let mut half = Digest::default();
    half.iter_mut().zip(digest).for_each(|(to, from)| *to = *from);
    half
}

/// Where the string that begins at `at` has ended.
fn end_of_string(text: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_white_space_between_tokens_does_not_count() {
        let compact = br#"{"a":[1,2.50],"b \"c\\":"x  y"}"#;
        let pretty = b"{\n  \"a\": [\n\t1,\r\n 2.50 ],\n  \"b \\\"c\\\\\" : \"x  y\"\n}\n";
        assert_eq!(of_json(compact), of_bytes(compact));
        assert_eq!(of_json(pretty), of_json(compact));
        for other in [r#"{"a":[1,2.5],"b \"c\\":"x  y"}"#, r#"{"a":[1,2.50],"b \"c\\":"x y"}"#] {
            assert_ne!(of_json(other.as_bytes()), of_json(compact), "{other}");
        }
        // Not JSON, but nothing to fall over.
        for odd in ["\"", "\"\\", " ", ""] {
            of_json(odd.as_bytes());
        }
    }
}
