//! Values as JSON text of a wanted type. Nothing empty is ever written.

use crate::date::{Moment, NO_DATE, date_text, detect, is_date, is_rfc3339};
use crate::sets::mapping_set::XdmType;
use crate::values::json::{self, Kind, Span};
use crate::values::number::Decimal;
use crate::values::value::Value;
use std::borrow::Cow;

/// Whether something was written, or why the value cannot be of the type.
pub(crate) type Written = Result<bool, String>;

/// Appends the value at a place of the input. Text that is already of the right type is copied.
#[inline(always)]
pub(crate) fn span(input: &str, span: Span, wanted: Option<XdmType>, out: &mut Vec<u8>) -> Written {
    let text = span.text(input);
    match (span.kind, wanted) {
        (Kind::Absent | Kind::Null, _) => Ok(false),
        (Kind::Plain, Some(XdmType::DateTime)) if is_rfc3339(text.trim_matches('"')) => {
            push(text.as_bytes(), out);
            Ok(true)
        }
        (Kind::Plain | Kind::Escaped, None | Some(XdmType::String)) => {
            if text.len() == 2 {
                return Ok(false);
            }
            push(text.as_bytes(), out);
            Ok(true)
        }
        (Kind::Number, None | Some(XdmType::Number))
        | (Kind::True | Kind::False, None | Some(XdmType::Boolean)) => {
            push(text.as_bytes(), out);
            Ok(true)
        }
        (Kind::Number, Some(XdmType::Integer | XdmType::Long))
            if text.len() <= SURELY_32_BITS && is_whole(text) =>
        {
            push(text.as_bytes(), out);
            Ok(true)
        }
        (Kind::Array | Kind::Object, None) => Ok(pruned(text, out)),
        _ => value(&Value::from_span(input, span), wanted, out),
    }
}

/// A whole number of so many characters fits 32 bits.
const SURELY_32_BITS: usize = 9;

/// Digits only, perhaps after a sign.
fn is_whole(text: &str) -> bool {
    text.strip_prefix('-').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit())
}

/// Appends a value, converted to the wanted type as Data Prep converts; without one as it is.
pub(crate) fn value(value: &Value<'_>, wanted: Option<XdmType>, out: &mut Vec<u8>) -> Written {
    let refuse =
        |what: &str| Err(format!("the destination is {what}, but the value is {}", value.kind_name()));
    match (wanted, value) {
        (_, Value::Null) => Ok(false),
        (None, _) => Ok(any(value, out)),
        (Some(XdmType::DateTime | XdmType::Date), Value::String(text)) if text.is_empty() => Ok(false),
        (Some(XdmType::DateTime), Value::String(text)) if is_rfc3339(text) => {
            json::write_string(text, out);
            Ok(true)
        }
        (Some(XdmType::DateTime), _) => moment(value, "a date-time", Moment::to_string, out),
        (Some(XdmType::Date), Value::String(text)) if is_date(text) => {
            json::write_string(text, out);
            Ok(true)
        }
        (Some(XdmType::Date), _) => moment(value, "a date", date_text, out),
        (Some(XdmType::String), _) => match value.to_text() {
            Some(text) if text.is_empty() => Ok(false),
            Some(text) => {
                json::write_string(&text, out);
                Ok(true)
            }
            None => refuse("text"),
        },
        (Some(XdmType::Number), Value::Number(text)) => {
            push(text.as_bytes(), out);
            Ok(true)
        }
        (Some(XdmType::Number), Value::String(text)) if text.trim().is_empty() => Ok(false),
        (Some(XdmType::Number), Value::String(text)) => match Decimal::parse(text.trim()) {
            Some(number) => {
                out.extend_from_slice(number.to_string().as_bytes());
                Ok(true)
            }
            None => refuse("a number"),
        },
        (Some(XdmType::Integer | XdmType::Long), Value::Number(text) | Value::String(text)) => {
            if text.trim().is_empty() {
                return Ok(false);
            }
            let whole = match Decimal::parse(text.trim()).and_then(Decimal::to_whole) {
                _ if is_whole(text) && matches!(value, Value::Number(_)) => Cow::Borrowed(&**text),
                Some(whole) => Cow::Owned(whole),
                None => return refuse("a whole number"),
            };
            let (bits, fits) = match wanted {
                Some(XdmType::Integer) => (32, whole.parse::<i32>().is_ok()),
                _ => (64, whole.parse::<i64>().is_ok()),
            };
            if !fits {
                return Err(format!(
                    "the destination is a whole number of {bits} bits, but the value is larger"
                ));
            }
            push(whole.as_bytes(), out);
            Ok(true)
        }
        (Some(XdmType::Boolean), Value::Bool(truth)) => {
            out.extend_from_slice(if *truth { b"true" } else { b"false" });
            Ok(true)
        }
        // The spellings that Data Prep's data handling page lists, and no others.
        (Some(XdmType::Boolean), Value::String(text)) => match &**text {
            "y" | "yes" | "Y" | "YES" | "on" | "ON" | "true" | "TRUE" => {
                out.extend_from_slice(b"true");
                Ok(true)
            }
            "n" | "N" | "no" | "NO" | "off" | "OFF" | "false" | "FALSE" => {
                out.extend_from_slice(b"false");
                Ok(true)
            }
            "" => Ok(false),
            _ => refuse("a boolean"),
        },
        (Some(XdmType::MapOfStrings), _) => map(value, XdmType::String, out),
        (Some(XdmType::MapOfIntegers), _) => map(value, XdmType::Long, out),
        (Some(XdmType::ArrayOfStrings), _) => {
            let Some(elements) = value.elements() else { return refuse("an array") };
            composite(*b"[]", &elements, out, |element, out| self::value(element, Some(XdmType::String), out))
        }
        (Some(XdmType::Number), _) => refuse("a number"),
        (Some(XdmType::Integer | XdmType::Long), _) => refuse("a whole number"),
        (Some(XdmType::Boolean), _) => refuse("a boolean"),
    }
}

/// Appends a date-time, or what text in a recognised form tells, as `print` writes it.
fn moment(value: &Value<'_>, wanted: &str, print: impl Fn(&Moment) -> String, out: &mut Vec<u8>) -> Written {
    let found = match value {
        Value::DateTime(moment) => Some(**moment),
        Value::String(text) => detect(text),
        _ => None,
    };
    if let Some(moment) = found {
        json::write_string(&print(&moment), out);
        return Ok(true);
    }
    let hint = match value {
        Value::Number(_) => {
            "a number; of milliseconds since 1970, dformat(value, \"yyyy-MM-dd'T'HH:mm:ss.SSSX\") makes one"
        }
        Value::String(_) => return Err(format!("the destination is {wanted}, but {NO_DATE}")),
        other => other.kind_name(),
    };
    Err(format!("the destination is {wanted}, but the value is {hint}"))
}

/// Writes what `write` makes of each item between two brackets, without those that yield nothing; takes
/// everything back when one fails or all are empty.
fn composite<T>(
    [open, end]: [u8; 2],
    items: impl IntoIterator<Item = T>,
    out: &mut Vec<u8>,
    mut write: impl FnMut(T, &mut Vec<u8>) -> Written,
) -> Written {
    let start = out.len();
    out.push(open);
    for item in items {
        separate(out, start);
        let before = out.len();
        match write(item, out) {
            Ok(true) => {}
            Ok(false) => unseparate(out, before, start),
            Err(message) => {
                out.truncate(start);
                return Err(message);
            }
        }
    }
    Ok(close(out, start, end))
}

/// A key of the input, escapes and all, and its colon.
fn raw_key(key: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    push(key.as_bytes(), out);
    out.extend_from_slice(b"\":");
}

/// A key made by an expression, and its colon.
fn made_key(key: &str, out: &mut Vec<u8>) {
    json::write_string(key, out);
    out.push(b':');
}

fn map(value: &Value<'_>, element: XdmType, out: &mut Vec<u8>) -> Written {
    match value {
        // Metadata as Stripe sends it is copied without decoding a single string.
        Value::Json(text) if text.starts_with('{') => {
            composite(*b"{}", json::members(text), out, |(key, member), out| {
                raw_key(key, out);
                span(text, member, Some(element), out)
            })
        }
        Value::Object(members) => composite(*b"{}", members, out, |(key, member), out| {
            made_key(key, out);
            self::value(member, Some(element), out)
        }),
        _ => Err(format!("the destination is a map, but the value is {}", value.kind_name())),
    }
}

/// Appends a value of any kind, leaving out whatever is empty in it.
fn any(value: &Value<'_>, out: &mut Vec<u8>) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(truth) => {
            out.extend_from_slice(if *truth { b"true" } else { b"false" });
            true
        }
        Value::Number(text) => {
            push(text.as_bytes(), out);
            true
        }
        Value::String(text) if text.is_empty() => false,
        Value::String(text) => {
            json::write_string(text, out);
            true
        }
        Value::Json(text) => pruned(text, out),
        Value::DateTime(_) => {
            if let Some(text) = value.to_text() {
                json::write_string(&text, out);
            }
            true
        }
        Value::Array(items) => composite(*b"[]", items, out, |item, out| Ok(any(item, out))) == Ok(true),
        Value::Object(members) => {
            let member = |(key, value): &(Cow<'_, str>, Value<'_>), out: &mut Vec<u8>| {
                made_key(key, out);
                Ok(any(value, out))
            };
            composite(*b"{}", members, out, member) == Ok(true)
        }
    }
}

/// Appends a value with all that is empty in it.
pub(crate) fn whole(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Json(text) => push(text.as_bytes(), out),
        Value::String(text) => json::write_string(text, out),
        Value::Array(items) => {
            let start = out.len();
            out.push(b'[');
            for item in items {
                separate(out, start);
                whole(item, out);
            }
            out.push(b']');
        }
        Value::Object(members) => {
            let start = out.len();
            out.push(b'{');
            for (key, value) in members {
                separate(out, start);
                made_key(key, out);
                whole(value, out);
            }
            out.push(b'}');
        }
        Value::Bool(_) | Value::Number(_) | Value::DateTime(_) => {
            any(value, out);
        }
    }
}

/// JSON text without the blanks and line ends between its parts: what is taken from the input is laid out as it
/// was there.
pub(crate) fn without_blanks(json: &[u8]) -> Vec<u8> {
    let (mut in_string, mut escaped) = (false, false);
    let mut stays = |byte: &u8| {
        let blank = !in_string && byte.is_ascii_whitespace();
        in_string ^= *byte == b'"' && !escaped;
        escaped = in_string && *byte == b'\\' && !escaped;
        !blank
    };
    json.iter().copied().filter(|byte| stays(byte)).collect()
}

/// Appends JSON text of the input without its nulls, empty strings, objects and arrays. The scanner
/// has accepted the text, so its depth is bounded.
pub(crate) fn pruned(text: &str, out: &mut Vec<u8>) -> bool {
    let written = if text.starts_with('[') {
        composite(*b"[]", json::elements(text), out, |element, out| span(text, element, None, out))
    } else {
        composite(*b"{}", json::members(text), out, |(key, member), out| {
            raw_key(key, out);
            span(text, member, None, out)
        })
    };
    written == Ok(true)
}

/// Appends a text; a short one in a few fixed steps, which is faster than a call that copies memory.
#[inline(always)]
pub(crate) fn push(text: &[u8], out: &mut Vec<u8>) {
    if text.len() > 24 {
        out.extend_from_slice(text);
        return;
    }
    let mut rest = text;
    step::<8>(&mut rest, out);
    step::<8>(&mut rest, out);
    step::<8>(&mut rest, out);
    step::<4>(&mut rest, out);
    step::<2>(&mut rest, out);
    step::<1>(&mut rest, out);
}

/// Moves `N` bytes when there are as many.
#[inline(always)]
fn step<const N: usize>(rest: &mut &[u8], out: &mut Vec<u8>) {
    if let Some((chunk, after)) = rest.split_first_chunk::<N>() {
        out.extend_from_slice(chunk);
        *rest = after;
    }
}

/// A comma, unless the composite that began at `start` is still empty.
pub(crate) fn separate(out: &mut Vec<u8>, start: usize) {
    if out.len() > start + 1 {
        out.push(b',');
    }
}

/// Takes back what was written since `before`, and the comma in front of it.
pub(crate) fn unseparate(out: &mut Vec<u8>, before: usize, start: usize) {
    out.truncate(before);
    if out.len() > start + 1 {
        out.pop();
    }
}

/// Ends a composite, or takes it back when it is empty.
pub(crate) fn close(out: &mut Vec<u8>, start: usize, bracket: u8) -> bool {
    if out.len() == start + 1 {
        out.truncate(start);
        return false;
    }
    out.push(bracket);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(json: &str, wanted: Option<XdmType>) -> Result<String, String> {
        let mut scanner = json::Scanner::new(json);
        let place = scanner.value().map_err(|error| error.to_string())?;
        let mut out = Vec::new();
        let written = span(json, place, wanted, &mut out)?;
        assert_eq!(written, !out.is_empty());
        String::from_utf8(out).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_empty_is_written() {
        assert_eq!(write(r#"{"a":null,"b":"","c":[],"d":{"e":[{}]}}"#, None).unwrap(), "");
        assert_eq!(
            write(r#"{"a":null,"b":1,"c":["",2,{}],"d":0}"#, None).unwrap(),
            r#"{"b":1,"c":[2],"d":0}"#
        );
        assert_eq!(write(r#"{"k":"","l":"v"}"#, Some(XdmType::MapOfStrings)).unwrap(), r#"{"l":"v"}"#);
        assert_eq!(write(r#"[null,"","x"]"#, Some(XdmType::ArrayOfStrings)).unwrap(), r#"["x"]"#);
    }

    #[test]
    fn blanks_stay_in_strings_only() {
        let laid_out = "{ \"a b\" :\n[1,\t\" \\\" \\\\\" , {} ]\r\n}";
        let text = String::from_utf8(without_blanks(laid_out.as_bytes())).unwrap();
        assert_eq!(text, "{\"a b\":[1,\" \\\" \\\\\",{}]}");
    }

    #[test]
    fn types_are_converted_or_refused() {
        assert_eq!(write("9007199254740993", Some(XdmType::Long)).unwrap(), "9007199254740993");
        assert_eq!(write("1099.0", Some(XdmType::Long)).unwrap(), "1099");
        assert!(write("1.5", Some(XdmType::Integer)).is_err());
        assert_eq!(write("3", Some(XdmType::String)).unwrap(), "\"3\"");
        assert_eq!(write("\"12.50\"", Some(XdmType::Number)).unwrap(), "12.50");
        assert_eq!(write("\"yes\"", Some(XdmType::Boolean)).unwrap(), "true");
        assert!(write("\"Yes\"", Some(XdmType::Boolean)).is_err());
        assert!(write("{\"a\":1}", Some(XdmType::String)).is_err());
        assert!(write("{\"a\":[1]}", Some(XdmType::MapOfStrings)).is_err());
    }

    #[test]
    fn dates_are_recognised_and_what_is_none_is_refused() {
        for (json, date_time, date) in [
            (r#""2019-10-23T11:24:35.1234567899Z""#, r#""2019-10-23T11:24:35.1234567899Z""#, "no date"),
            (r#""2019-10-23T23:24:35-08:00""#, r#""2019-10-23T23:24:35-08:00""#, r#""2019-10-23""#),
            (r#""10\/23\/2019""#, r#""2019-10-23T00:00:00Z""#, r#""2019-10-23""#),
            (r#""2019-10-23""#, r#""2019-10-23T00:00:00Z""#, r#""2019-10-23""#),
            ("\"\"", "", ""),
            ("null", "", ""),
            ("1571829875000", "dformat", "dformat"),
            (r#""soon""#, "no date", "no date"),
            ("true", "a boolean", "a boolean"),
            ("{}", "an object", "an object"),
        ] {
            for (wanted, expected) in [(XdmType::DateTime, date_time), (XdmType::Date, date)] {
                match write(json, Some(wanted)) {
                    Ok(text) => assert_eq!(text, expected, "{json}"),
                    Err(message) => assert!(message.contains(expected), "{json} {message}"),
                }
            }
        }
    }
}
