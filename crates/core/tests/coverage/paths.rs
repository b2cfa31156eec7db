//! Source paths, found and taken apart without the engine.

/// The paths in an expression: what is neither a literal, nor a word of the language, nor a function.
pub(crate) fn paths(expression: &str) -> Vec<String> {
    let text = expression.replace("{ORDER_REFERENCE}", "null");
    let mut found = Vec::new();
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let length = if first == '"' {
            1 + rest[1..].find('"').unwrap() + 1
        } else if first.is_ascii_alphanumeric() || first == '_' {
            let length = path_length(rest);
            let token = &rest[..length];
            let is_call = rest[length..].starts_with('(');
            let is_word = matches!(token, "null" | "true" | "false" | "and" | "or" | "not");
            if !is_call && !is_word && !first.is_ascii_digit() {
                found.push(token.to_owned());
            }
            length
        } else {
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    found
}

fn path_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        at += match bytes[at] {
            byte if byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.' => 1,
            b'[' => text[at..].find(']').unwrap() + 1,
            b'{' => text[at..].find('}').unwrap() + 1,
            _ => break,
        };
    }
    at
}

/// A source path in pieces: names, `[*]`, `[0]`, `{*}`, `{key}`; a catch-all ends at its parent.
pub(crate) fn segments(path: &str) -> Vec<String> {
    path.replace("{**}", "")
        .replace('[', ".[")
        .replace('{', ".{")
        .split('.')
        .filter(|segment| !segment.is_empty())
        .map(str::to_owned)
        .collect()
}
