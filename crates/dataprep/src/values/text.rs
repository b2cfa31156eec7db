//! JSON strings: from the text between the quotes to the value, and back; and how texts are compared fast.

use crate::values::json::special;
use std::borrow::Cow;

/// The value of a string whose text between the quotes is given; the scanner has checked it.
pub fn unescape(inner: &str) -> Cow<'_, str> {
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(slash) = rest.find('\\') {
        out.push_str(&rest[..slash]);
        let code = rest.as_bytes().get(slash + 1).copied().unwrap_or(b'\\');
        rest = rest.get(slash + 2..).unwrap_or_default();
        match code {
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'n' => out.push('\n'),
            b'r' => out.push('\r'),
            b't' => out.push('\t'),
            b'u' => {
                let (unit, after) = hex_unit(rest);
                rest = after;
                let code_point = match (unit, rest.strip_prefix("\\u")) {
                    (0xD800..=0xDBFF, Some(low_text)) => {
                        let (low, after) = hex_unit(low_text);
                        rest = after;
                        0x10000 + ((unit - 0xD800) << 10) + low.saturating_sub(0xDC00)
                    }
                    _ => unit,
                };
                out.push(char::from_u32(code_point).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            other => out.push(other as char),
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn hex_unit(text: &str) -> (u32, &str) {
    match (text.get(..4).and_then(|four| u32::from_str_radix(four, 16).ok()), text.get(4..)) {
        (Some(unit), Some(after)) => (unit, after),
        _ => (0xFFFD, ""),
    }
}

/// Appends `text` as a JSON string.
pub fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut done = 0;
    loop {
        let stop = special(bytes, done);
        out.extend_from_slice(&bytes[done..stop]);
        let Some(byte) = bytes.get(stop) else { break };
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            other => {
                out.extend_from_slice(b"\\u00");
                for nibble in [other >> 4, other & 15] {
                    out.push(b"0123456789abcdef"[nibble as usize]);
                }
            }
        }
        done = stop + 1;
    }
    out.push(b'"');
}

/// Equality of short texts by overlapping words: a call to the library's comparison costs more.
#[inline(always)]
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    let length = a.len();
    if length != b.len() {
        return false;
    }
    match length {
        17..=32 => ends(a, b, 0) && ends(a, b, 8),
        8..=16 => ends(a, b, 0),
        4..8 => half(a) == half(b) && half(&a[length - 4..]) == half(&b[length - 4..]),
        _ => a == b,
    }
}

/// Whether two texts of one length have the same eight bytes that far from the start, and from the end.
#[inline(always)]
fn ends(a: &[u8], b: &[u8], from: usize) -> bool {
    let last = a.len() - from - 8;
    word(&a[from..]) == word(&b[from..]) && word(&a[last..]) == word(&b[last..])
}

/// The first eight bytes; 0 when there are fewer.
#[inline(always)]
pub(crate) fn word(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight))
}

/// The first four bytes; 0 when there are fewer.
#[inline(always)]
pub(crate) fn half(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |four| u32::from_le_bytes(*four).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_survive_both_ways() {
        for text in ["", "plain", "quote\" slash\\ tab\t nul\u{0} é 😀 long enough for two steps"] {
            let mut written = Vec::new();
            write_string(text, &mut written);
            let written = String::from_utf8(written).unwrap();
            assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
            assert_eq!(unescape(&written[1..written.len() - 1]), text);
        }
        assert_eq!(unescape(r"\ud83d\ude00\u0041"), "😀A");
    }
}
