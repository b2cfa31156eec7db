//! The JavaScript API: the same operations as the bytes ABI with objects, text and typed arrays.
//!
//! Objects come in through [`input`] and go out through [`value`]; in between is JSON text, so every
//! way into the module yields the same records. The methods take `&self` and borrow the session only
//! while no JavaScript runs: a getter of an input object may call back into the same transformer.

pub mod input;
pub mod language;
pub mod value;

use crate::failure::Failure;
use crate::session::Session;
use crate::split::split;
use crate::webhook;
use std::cell::RefCell;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("js/types.d.ts");

#[wasm_bindgen]
extern "C" {
    /// Settings, as TypeScript sees them.
    #[wasm_bindgen(typescript_type = "Settings")]
    #[derive(Debug)]
    pub type SettingsInput;
    /// The options of one call, as TypeScript sees them.
    #[wasm_bindgen(typescript_type = "Call | null")]
    #[derive(Debug)]
    pub type CallInput;
    /// Stripe objects, as TypeScript sees them.
    #[wasm_bindgen(typescript_type = "object | readonly object[]")]
    #[derive(Debug)]
    pub type ObjectsInput;
    /// Outcomes, as TypeScript sees them.
    #[wasm_bindgen(typescript_type = "Outcome[]")]
    #[derive(Debug)]
    pub type OutcomesOutput;
    /// A description, as TypeScript sees it.
    #[wasm_bindgen(typescript_type = "Description")]
    #[derive(Debug)]
    pub type DescriptionOutput;
}

/// Turns Stripe objects into XDM records. Made by `open`; `free()` gives its memory back.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Transformer {
    session: RefCell<Session>,
}

/// Compiles the models for the given settings.
///
/// @throws StripeXdmError with code `invalid_settings`; its message names every problem.
#[wasm_bindgen]
pub fn open(settings: &SettingsInput) -> Result<Transformer, JsValue> {
    let mut json = Vec::new();
    input::write(settings, "settings", &mut json).map_err(thrown)?;
    let session = Session::open(&json).map_err(thrown)?;
    Ok(Transformer { session: RefCell::new(session) })
}

/// The resources, datasets and functions of this build.
#[wasm_bindgen]
pub fn describe() -> Result<DescriptionOutput, JsValue> {
    Ok(value::from_json(&stripe_xdm_core::describe())?.unchecked_into())
}

/// Verifies that a webhook's body was signed with one of the endpoint's secrets. The request is framed as those of
/// `transformBytes`; its objects are the header, the body, and the secrets. `now` is in epoch seconds.
///
/// @throws StripeXdmError unless it was.
#[wasm_bindgen(js_name = verifyWebhook)]
pub fn verify_webhook(request: &[u8], now: f64, tolerance: u32) -> Result<(), JsValue> {
    webhook::verify(request, now as i64, tolerance).map_err(thrown)
}

#[wasm_bindgen]
impl Transformer {
    /// Converts a Stripe object or Event, an array of them, or a page of a list, as parsed by
    /// `JSON.parse` or given by Stripe's SDK. One outcome per object, in order; an object that fails
    /// does not affect the others. Integers beyond ±(2^53 - 1) are bigints, in both directions.
    ///
    /// @throws StripeXdmError when the input is not JSON-like, or the call's options are invalid.
    pub fn transform(
        &self,
        input: &ObjectsInput,
        call: Option<CallInput>,
    ) -> Result<OutcomesOutput, JsValue> {
        let call = call_json(call)?;
        let objects = input::objects(input).map_err(thrown)?;
        let outcomes = self.outcomes(&call, objects.iter().map(Vec::as_slice))?;
        Ok(value::from_json(&outcomes)?.unchecked_into())
    }

    /// Converts JSON text: a Stripe object or Event, an array of them, or a page of a list. Returns
    /// the JSON text of the outcomes, with the records' bytes as every other host gets them.
    ///
    /// @throws StripeXdmError when the text is an array that cannot be split, or the call's options
    /// are invalid.
    #[wasm_bindgen(js_name = transformJson)]
    pub fn transform_json(&self, text: &str, call: Option<CallInput>) -> Result<String, JsValue> {
        let call = call_json(call)?;
        self.outcomes(&call, split(text).map_err(thrown)?)
    }

    /// Answers a request of the bytes ABI with its response, both framed as the module's
    /// documentation says.
    ///
    /// @throws StripeXdmError when the request is malformed.
    #[wasm_bindgen(js_name = transformBytes)]
    pub fn transform_bytes(&self, request: &[u8]) -> Result<Vec<u8>, JsValue> {
        self.session.borrow_mut().respond(request).map_err(thrown)
    }

    fn outcomes<'a>(
        &self,
        call: &[u8],
        objects: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<String, JsValue> {
        self.session.borrow_mut().outcomes(call, objects).map_err(thrown)
    }
}

fn call_json(call: Option<CallInput>) -> Result<Vec<u8>, JsValue> {
    let mut json = Vec::new();
    if let Some(call) = call
        && !call.is_null()
    {
        input::write(&call, "call", &mut json).map_err(thrown)?;
    }
    Ok(json)
}

/// A failure as JavaScript expects it: an `Error` with a name, and a code to switch on.
fn thrown(failure: Failure) -> JsValue {
    let error = js_sys::Error::new(&failure.message);
    error.set_name("StripeXdmError");
    set(&error, "code", failure.code);
    if !failure.path.is_empty() {
        set(&error, "path", &failure.path);
    }
    if let Some(place) = failure.place {
        set(&error, "line", place.line);
        set(&error, "column", place.column);
        set(&error, "caret", &place.caret);
    }
    error.into()
}

fn set(error: &js_sys::Error, key: &str, value: impl Into<JsValue>) {
    // Setting a new property of a fresh Error cannot fail, and there is nobody left to tell if it did.
    let _ = js_sys::Reflect::set(error, &key.into(), &value.into());
}
