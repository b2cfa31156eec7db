//! Prints JSON the way Stripe does: `id` and `object` first, other keys in order. The order is fixed
//! here so that an account's bytes do not depend on which features of serde_json a build turns on.

use serde_json::{Map, Value};

/// How a text is written. Every style of one value parses to the same value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// No white space, UTF-8 as it is.
    Compact,
    /// Everything outside ASCII as `\uXXXX`, slashes escaped: what some older serialisers emit.
    Escaped,
    /// White space of every kind between tokens.
    Spaced,
}

pub(crate) fn compact(value: &Value) -> String {
    text(value, Style::Compact)
}

pub(crate) fn text(value: &Value, style: Style) -> String {
    let mut out = String::with_capacity(1024);
    write(value, style, &mut out);
    out
}

fn write(value: &Value, style: Style, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(string) => write_string(string, style, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                space(style, out);
                write(item, style, out);
            }
            out.push(']');
        }
        Value::Object(map) => write_object(map, style, out),
    }
}

fn write_object(map: &Map<String, Value>, style: Style, out: &mut String) {
    let mut entries: Vec<(&String, &Value)> = map.iter().collect();
    entries.sort_unstable_by_key(|(key, _)| {
        let rank = match key.as_str() {
            "id" => 0,
            "object" => 1,
            _ => 2,
        };
        (rank, *key)
    });
    out.push('{');
    for (index, (key, value)) in entries.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        space(style, out);
        write_string(key, style, out);
        out.push(':');
        space(style, out);
        write(value, style, out);
    }
    space(style, out);
    out.push('}');
}

fn space(style: Style, out: &mut String) {
    if style == Style::Spaced {
        out.push_str("\r\n\t ");
    }
}

fn write_string(string: &str, style: Style, out: &mut String) {
    out.push('"');
    for c in string.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '/' if style == Style::Escaped => out.push_str("\\/"),
            c if c < ' ' || (style == Style::Escaped && !c.is_ascii()) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::{Style, text};
    use serde_json::{Value, json};

    #[test]
    fn every_style_parses_to_the_same_value() {
        let value = json!({"z": [1, -2, 1.5, null, true], "object": "charge", "id": "ch_1",
            "s": "a\"b\\c/\u{1}\u{7f}é李🦀\n\r\t\u{8}\u{c}", "u": u64::MAX, "e": {}});
        for style in [Style::Compact, Style::Escaped, Style::Spaced] {
            let printed = text(&value, style);
            assert_eq!(serde_json::from_str::<Value>(&printed).ok(), Some(value.clone()));
        }
        assert!(text(&value, Style::Compact).starts_with(r#"{"id":"ch_1","object":"charge","e":{}"#));
    }
}
