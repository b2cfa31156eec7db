//! Questions about the mapping language with objects in and out. `language` takes every command by its
//! name; the others are its commands under names of their own. Their types stand in `types.d.ts`.

use super::{input, thrown, value};
use crate::failure::{Failure, INVALID_INPUT};
use crate::language::answer;
use wasm_bindgen::prelude::*;

/// Answers a command with its arguments, see `stripe_xdm_core::language`.
#[wasm_bindgen(skip_typescript)]
pub fn language(command: &str, arguments: &JsValue) -> Result<JsValue, JsValue> {
    let answer = request(command, arguments).and_then(|request| answer(&request)).map_err(thrown)?;
    value::from_json(&answer)
}

/// Answers a request that is JSON text with JSON text, as the bytes ABI does.
///
/// @throws StripeXdmError with what is wrong, and with `line`, `column` and `caret` when it is a place
/// in an expression.
#[wasm_bindgen(js_name = languageJson)]
pub fn language_json(request: &str) -> Result<String, JsValue> {
    answer(request.as_bytes()).map_err(thrown)
}

/// The value of an expression for an input.
#[wasm_bindgen(js_name = evalExpression, skip_typescript)]
pub fn eval_expression(arguments: &JsValue) -> Result<JsValue, JsValue> {
    language("eval", arguments)
}

/// Whether a text is an expression.
#[wasm_bindgen(js_name = validateExpression, skip_typescript)]
pub fn validate_expression(arguments: &JsValue) -> Result<JsValue, JsValue> {
    language("validateExpression", arguments)
}

/// Everything that is wrong with a mapping set.
#[wasm_bindgen(js_name = validateMapping, skip_typescript)]
pub fn validate_mapping(arguments: &JsValue) -> Result<JsValue, JsValue> {
    language("validate", arguments)
}

/// What a mapping set makes of sample records.
#[wasm_bindgen(js_name = previewMapping, skip_typescript)]
pub fn preview_mapping(arguments: &JsValue) -> Result<JsValue, JsValue> {
    language("preview", arguments)
}

/// Where every field of the output comes from, and where every field of a sample goes.
#[wasm_bindgen(js_name = explainMapping, skip_typescript)]
pub fn explain_mapping(arguments: &JsValue) -> Result<JsValue, JsValue> {
    language("explain", arguments)
}

/// The functions of the language.
#[wasm_bindgen(skip_typescript)]
pub fn functions(arguments: &JsValue) -> Result<JsValue, JsValue> {
    language("functions", arguments)
}

/// The operators of the language.
#[wasm_bindgen(skip_typescript)]
pub fn operators() -> Result<JsValue, JsValue> {
    language("operators", &JsValue::NULL)
}

/// A default model as a mapping set that Adobe accepts.
#[wasm_bindgen(js_name = exportMapping, skip_typescript)]
pub fn export_mapping(arguments: &JsValue) -> Result<JsValue, JsValue> {
    language("export", arguments)
}

/// A mapping set of Adobe's, in any of its forms, as this build reads it.
#[wasm_bindgen(js_name = importMapping, skip_typescript)]
pub fn import_mapping(arguments: &JsValue) -> Result<JsValue, JsValue> {
    language("import", arguments)
}

/// What distinguishes two mapping sets.
#[wasm_bindgen(js_name = diffMappings, skip_typescript)]
pub fn diff_mappings(arguments: &JsValue) -> Result<JsValue, JsValue> {
    language("diff", arguments)
}

/// The schemas of the models' records.
#[wasm_bindgen(skip_typescript)]
pub fn schema(arguments: &JsValue) -> Result<JsValue, JsValue> {
    language("schema", arguments)
}

/// A request of the bytes ABI: the arguments with the command in front of them.
fn request(command: &str, arguments: &JsValue) -> Result<Vec<u8>, Failure> {
    let mut json = b"{\"command\":".to_vec();
    let no_json = |error: serde_json::Error| Failure::new(INVALID_INPUT, error.to_string());
    serde_json::to_writer(&mut json, command).map_err(no_json)?;
    let mut given = Vec::new();
    if !arguments.is_null() && !arguments.is_undefined() {
        input::write(arguments, "arguments", &mut given)?;
    }
    match given.as_slice() {
        [] | b"{}" => json.push(b'}'),
        [b'{', members @ ..] => {
            json.push(b',');
            json.extend_from_slice(members);
        }
        _ => return Err(Failure::at(INVALID_INPUT, "arguments", "the arguments must be an object")),
    }
    Ok(json)
}
