//! JSON for reading: laid out on lines, every number with the digits it came with.

/// Lays JSON text out on lines, two spaces deep. Nothing is parsed into values, so nothing is rounded.
pub fn pretty(json: &str) -> String {
    let mut text = String::with_capacity(json.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let mut rest = json.chars().peekable();
    while let Some(c) = rest.next() {
        if in_string {
            text.push(c);
            in_string = c != '"' || escaped;
            escaped = c == '\\' && !escaped;
            continue;
        }
        match c {
            '"' => {
                in_string = true;
                text.push(c);
            }
            '{' | '[' => {
                text.push(c);
                while rest.next_if(char::is_ascii_whitespace).is_some() {}
                match rest.next_if(|c| matches!(c, '}' | ']')) {
                    Some(end) => text.push(end),
                    None => {
                        depth += 1;
                        new_line(&mut text, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut text, depth);
                text.push(c);
            }
            ',' => {
                text.push(c);
                new_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => text.push(c),
        }
    }
    text
}

/// The same JSON on one line, without the space between its parts.
pub fn compact(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let (mut in_string, mut escaped) = (false, false);
    for c in json.chars() {
        if in_string {
            in_string = c != '"' || escaped;
            escaped = c == '\\' && !escaped;
        } else if c.is_ascii_whitespace() {
            continue;
        } else {
            in_string = c == '"';
        }
        text.push(c);
    }
    text
}

fn new_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_strings_and_empty_values_stay() {
        let json = r#"{"a":12345678901234567890123,"b":[ ],"c":{},"d":["x,\"{y",1.0]}"#;
        let lines = "{\n  \"a\": 12345678901234567890123,\n  \"b\": [],\n  \"c\": {},\n  \"d\": [\n    \"x,\\\"{y\",\n    1.0\n  ]\n}";
        assert_eq!(pretty(json), lines);
        assert_eq!(pretty(lines), lines);
        assert_eq!(pretty("7"), "7");
        assert_eq!(compact(lines), json.replace("[ ]", "[]"));
    }
}
