//! JSON text to JavaScript values, never rounding an integer.
//!
//! `JSON.parse` rounds integers beyond ±(2^53 - 1). Text without such integers, which is nearly all,
//! goes through it whole; other text is taken apart down to the integers, which become bigints.

use js_sys::{Array, BigInt, JSON, Object};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::fmt;
use wasm_bindgen::prelude::*;

/// `Number.MAX_SAFE_INTEGER` in digits.
const MAX_SAFE: &[u8] = b"9007199254740991";

/// Builds a value from JSON text.
pub fn from_json(text: &str) -> Result<JsValue, JsValue> {
    if !has_big_integer(text.as_bytes()) {
        return JSON::parse(text);
    }
    match text.trim_ascii_start().as_bytes().first() {
        Some(b'{') => {
            let Members(members) = parse(text)?;
            let entries = Array::new();
            for (key, value) in members {
                entries.push(&Array::of2(&JsValue::from_str(&key), &from_json(value.get())?));
            }
            // fromEntries defines own properties; assigning would treat `__proto__` specially.
            Ok(Object::from_entries(&entries)?.into())
        }
        Some(b'[') => {
            let elements: Vec<&RawValue> = parse(text)?;
            let array = Array::new();
            for element in elements {
                array.push(&from_json(element.get())?);
            }
            Ok(array.into())
        }
        _ => Ok(BigInt::new(&JsValue::from_str(text.trim_ascii()))?.into()),
    }
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, JsValue> {
    serde_json::from_str(text).map_err(|error| js_sys::SyntaxError::new(&error.to_string()).into())
}

/// Whether a JSON text holds an integer that a double may not represent.
fn has_big_integer(json: &[u8]) -> bool {
    let mut at = 0;
    while let Some(&byte) = json.get(at) {
        at += 1;
        match byte {
            b'"' => {
                while let Some(&byte) = json.get(at) {
                    at += 1;
                    match byte {
                        b'"' => break,
                        b'\\' => at += 1,
                        _ => {}
                    }
                }
            }
            b'0'..=b'9' => {
                let start = at - 1;
                at = end_of(json, at, |byte| byte.is_ascii_digit());
                let digits = json.get(start..at).unwrap_or_default();
                let end =
                    end_of(json, at, |byte| matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-' | b'0'..=b'9'));
                let integral = end == at;
                at = end;
                let big =
                    digits.len() > MAX_SAFE.len() || digits.len() == MAX_SAFE.len() && digits > MAX_SAFE;
                if integral && big {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

fn end_of(json: &[u8], mut at: usize, part: impl Fn(u8) -> bool) -> usize {
    while json.get(at).is_some_and(|&byte| part(byte)) {
        at += 1;
    }
    at
}

/// An object's members in their order, values as text.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}
