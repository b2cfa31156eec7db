//! JavaScript values to JSON text, without rounding and without losing anything in silence.
//!
//! Containers are walked here, because that is where JSON's rules beyond serde's lie: a key whose
//! value is `undefined` is absent, nesting is bounded (a cycle would never end), and an error says
//! where. Scalars are read by serde-wasm-bindgen: integral numbers as integers, bigints exactly.

use crate::failure::{Failure, INVALID_INPUT};
use crate::split::is_page;
use js_sys::{Array, Date, JsString, Map, Symbol};
use serde::de::{Deserializer as _, Unexpected, Visitor};
use std::fmt;
use std::io::Write as _;
use wasm_bindgen::prelude::*;

/// Objects nested deeper than this are refused; serde_json reads as deep.
const DEPTH_LIMIT: usize = 127;

#[wasm_bindgen]
extern "C" {
    // Declared here because a getter or a proxy may throw, which js-sys does not expect.
    #[wasm_bindgen(catch, js_namespace = Object, js_name = entries)]
    fn entries(value: &JsValue) -> Result<Array, JsValue>;
}

/// The objects of an input, each as JSON: an array's elements, a page's `data`, or the input itself.
pub fn objects(input: &JsValue) -> Result<Vec<Vec<u8>>, Failure> {
    if let Some(array) = elements(input)? {
        let mut objects = Vec::with_capacity(array.length() as usize);
        for (index, element) in array.iter().enumerate() {
            let mut json = Vec::with_capacity(4096);
            write(&element, &format!("[{index}]"), &mut json)?;
            objects.push(json);
        }
        return Ok(objects);
    }
    let mut json = Vec::with_capacity(4096);
    write(input, "", &mut json)?;
    Ok(vec![json])
}

fn elements(input: &JsValue) -> Result<Option<Array>, Failure> {
    if Array::is_array(input) {
        return Ok(Some(input.clone().unchecked_into()));
    }
    if input.is_object() && get(input, "object")?.as_string().is_some_and(|object| is_page(&object)) {
        let data = get(input, "data")?;
        if Array::is_array(&data) {
            return Ok(Some(data.unchecked_into()));
        }
    }
    Ok(None)
}

fn get(object: &JsValue, key: &str) -> Result<JsValue, Failure> {
    js_sys::Reflect::get(object, &JsValue::from_str(key)).map_err(|thrown| threw(&thrown, key))
}

/// Appends a value as JSON. `root` names the value in errors.
pub fn write(value: &JsValue, root: &str, json: &mut Vec<u8>) -> Result<(), Failure> {
    let mut writer = Writer { json, path: vec![root.to_owned()] };
    if value.is_undefined() {
        Err(writer.refuse("undefined is not a JSON value"))
    } else {
        writer.value(value)
    }
}

struct Writer<'a> {
    json: &'a mut Vec<u8>,
    path: Vec<String>,
}

impl Writer<'_> {
    fn value(&mut self, value: &JsValue) -> Result<(), Failure> {
        // Most values are strings, and each question put to JavaScript costs a call.
        if let Some(text) = value.as_string() {
            return self.string(&text);
        }
        if value.is_object() {
            return self.container(value);
        }
        let scalar = serde_wasm_bindgen::Deserializer::from(value.clone());
        scalar.deserialize_any(Scalar(self.json)).map_err(|error| self.refuse(&error.to_string()))
    }

    fn container(&mut self, value: &JsValue) -> Result<(), Failure> {
        if self.path.len() > DEPTH_LIMIT {
            return Err(self.refuse("values are nested too deeply, or hold themselves"));
        }
        if Array::is_array(value) {
            return self.array(value.unchecked_ref());
        }
        let entries = if let Some(map) = value.dyn_ref::<Map>() {
            Array::from(map)
        } else if value.is_instance_of::<Date>() || Symbol::iterator().js_in(value) {
            return Err(self.refuse("only plain objects, arrays and Maps are JSON values"));
        } else {
            entries(value).map_err(|thrown| threw(&thrown, &self.place()))?
        };
        self.object(&entries)
    }

    fn array(&mut self, array: &Array) -> Result<(), Failure> {
        self.json.push(b'[');
        for (index, element) in array.iter().enumerate() {
            if index > 0 {
                self.json.push(b',');
            }
            self.path.push(index.to_string());
            // As JSON.stringify has it: an array keeps its length.
            if element.is_undefined() {
                self.json.extend_from_slice(b"null");
            } else {
                self.value(&element)?;
            }
            self.path.pop();
        }
        self.json.push(b']');
        Ok(())
    }

    fn object(&mut self, entries: &Array) -> Result<(), Failure> {
        self.json.push(b'{');
        let mut first = true;
        for entry in entries.iter() {
            let entry: Array = entry.unchecked_into();
            let value = entry.get(1);
            if value.is_undefined() || value.is_function() {
                continue;
            }
            let key = entry.get(0);
            let Some(key) = key.as_string() else {
                return Err(self.refuse("a Map's keys must be strings"));
            };
            if !first {
                self.json.push(b',');
            }
            first = false;
            self.string(&key)?;
            self.json.push(b':');
            self.path.push(key);
            self.value(&value)?;
            self.path.pop();
        }
        self.json.push(b'}');
        Ok(())
    }

    fn string(&mut self, text: &str) -> Result<(), Failure> {
        serde_json::to_writer(&mut *self.json, text).map_err(|error| self.refuse(&error.to_string()))
    }

    fn refuse(&self, message: &str) -> Failure {
        Failure::at(INVALID_INPUT, self.place(), message)
    }

    /// Where the value lies, for errors.
    fn place(&self) -> String {
        let named = self.path.iter().filter(|part| !part.is_empty());
        named.map(String::as_str).collect::<Vec<_>>().join(".")
    }
}

fn threw(thrown: &JsValue, path: &str) -> Failure {
    let message = thrown.dyn_ref::<js_sys::Error>().map_or_else(JsString::default, js_sys::Error::message);
    Failure::at(INVALID_INPUT, path, format!("reading the object threw: {}", String::from(message)))
}

/// Writes a scalar as JSON.
struct Scalar<'a>(&'a mut Vec<u8>);

impl Scalar<'_> {
    fn put<E: serde::de::Error>(self, text: fmt::Arguments<'_>) -> Result<(), E> {
        self.0.write_fmt(text).map_err(E::custom)
    }
}

impl Visitor<'_> for Scalar<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("null, a boolean, a finite number, a bigint of 64 bits, a string, an array or an object")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.put(format_args!("null"))
    }

    fn visit_bool<E: serde::de::Error>(self, v: bool) -> Result<(), E> {
        self.put(format_args!("{v}"))
    }

    fn visit_i64<E: serde::de::Error>(self, v: i64) -> Result<(), E> {
        self.put(format_args!("{v}"))
    }

    fn visit_u64<E: serde::de::Error>(self, v: u64) -> Result<(), E> {
        self.put(format_args!("{v}"))
    }

    fn visit_f64<E: serde::de::Error>(self, v: f64) -> Result<(), E> {
        if !v.is_finite() {
            return Err(E::invalid_value(Unexpected::Float(v), &self));
        }
        // Display never uses an exponent and prints integral doubles without a fraction.
        self.put(format_args!("{v}"))
    }
}
