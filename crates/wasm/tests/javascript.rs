//! The module as JavaScript sees it: types, errors, exact numbers, text beyond ASCII, and the same
//! records through every way in. What records hold is the core's business and tested there.
#![cfg(target_arch = "wasm32")]

use js_sys::{JSON, Reflect};
use stripe_xdm_module::abi::{xdm_alloc, xdm_close, xdm_free, xdm_open, xdm_transform, xdm_verify_webhook};
use stripe_xdm_module::js::{
    CallInput, ObjectsInput, SettingsInput, Transformer, describe, input, open, value, verify_webhook,
};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

const CHARGE: &str = include_str!("charge.json");
const SETTINGS: &str = r#"{"tenant":"acme","account":"acct_1MM2TkLkdIwHu7ix","observed_at":1679090600}"#;

fn js(json: &str) -> JsValue {
    JSON::parse(json).unwrap()
}

fn eval(code: &str) -> JsValue {
    js_sys::eval(code).unwrap()
}

fn text(value: &JsValue) -> String {
    JSON::stringify(value).unwrap().into()
}

fn get(value: &JsValue, path: &str) -> JsValue {
    path.split('.').fold(value.clone(), |value, key| Reflect::get(&value, &key.into()).unwrap())
}

fn string(value: &JsValue, path: &str) -> String {
    get(value, path).as_string().unwrap()
}

fn transformer() -> Transformer {
    open(&js(SETTINGS).unchecked_into::<SettingsInput>()).unwrap()
}

fn transform(object: JsValue) -> Result<JsValue, JsValue> {
    transformer().transform(&object.unchecked_into::<ObjectsInput>(), None).map(JsValue::from)
}

/// What the input writer makes of a JavaScript expression: its JSON, or code and path of the failure.
fn written(code: &str) -> Result<String, (String, String)> {
    let mut json = Vec::new();
    match input::write(&eval(code), "", &mut json) {
        Ok(()) => Ok(String::from_utf8(json).unwrap()),
        Err(failure) => Err((failure.code.to_owned(), failure.path)),
    }
}

fn request(objects: &[&str]) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    bytes.extend_from_slice(&(objects.len() as u32).to_le_bytes());
    for object in objects {
        bytes.extend_from_slice(&(object.len() as u32).to_le_bytes());
        bytes.extend_from_slice(object.as_bytes());
    }
    bytes
}

/// The records of a response, as text, in order.
fn records(response: &[u8]) -> Vec<String> {
    let mut at = 0;
    let mut take = |len: usize| {
        at += len;
        &response[at - len..at]
    };
    let number = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().unwrap()) as usize;
    let mut records = Vec::new();
    for _ in 0..number(take(4)) {
        take(1);
        for _ in 0..number(take(4)) {
            take(3);
            let len = number(take(4));
            records.push(String::from_utf8(take(len).to_vec()).unwrap());
        }
        let report = number(take(4));
        take(report);
    }
    assert_eq!(take(0).len(), 0);
    assert_eq!(at, response.len());
    records
}

/// Calls an export of the bytes ABI as a host would; the error flag and the bytes.
fn host_call(bytes: &[u8], export: impl Fn(u32, u32) -> u64) -> (bool, Vec<u8>) {
    let len = bytes.len() as u32;
    let ptr = xdm_alloc(len);
    if len > 0 {
        // SAFETY: the buffer was just allocated with this length.
        unsafe { std::slice::from_raw_parts_mut(ptr as *mut u8, bytes.len()).copy_from_slice(bytes) };
    }
    let packed = export(ptr, len);
    // SAFETY: allocated above.
    unsafe { xdm_free(ptr, len) };
    let (ptr, len) = ((packed >> 31) as u32, (packed & 0x7fff_ffff) as u32);
    if len == 0 {
        return (packed >> 63 == 1, Vec::new());
    }
    // SAFETY: a packed result, freed once and after copying.
    let copied = unsafe { std::slice::from_raw_parts(ptr as *const u8, len as usize).to_vec() };
    unsafe { xdm_free(ptr, len) };
    (packed >> 63 == 1, copied)
}

fn host_open(settings: &[u8]) -> (bool, Vec<u8>) {
    // SAFETY: host_call's buffer, which nothing else writes to.
    host_call(settings, |ptr, len| unsafe { xdm_open(ptr, len) })
}

fn host_transform(handle: u32, request: &[u8]) -> (bool, Vec<u8>) {
    // SAFETY: host_call's buffer, which nothing else writes to.
    host_call(request, |ptr, len| unsafe { xdm_transform(handle, ptr, len) })
}

#[wasm_bindgen_test]
fn a_charge_becomes_a_record_with_a_dataset_and_a_kind() {
    let outcomes = transform(js(CHARGE)).unwrap();
    assert_eq!(get(&outcomes, "length"), 1);
    assert_eq!(string(&outcomes, "0.status"), "done");
    assert_eq!(string(&outcomes, "0.records.0.dataset"), "stripe_charge_events");
    assert_eq!(string(&outcomes, "0.records.0.kind"), "main");
    assert_eq!(string(&outcomes, "0.records.0.record._id").len(), 64);
}

#[wasm_bindgen_test]
fn every_way_in_yields_the_same_records() {
    let other =
        CHARGE.replace("Payment complete.", "Zahlung über 5 € — 完了 🎉").replace("1099", "9007199254740993");
    // The object's way in needs bigints where JSON.parse would round.
    let objects = js_sys::Array::of2(&value::from_json(CHARGE).unwrap(), &value::from_json(&other).unwrap());
    let transformer = transformer();
    let from_text = transformer.transform_json(&format!("[{CHARGE},{other}]"), None).unwrap();
    let from_objects = transformer.transform(&objects.unchecked_into(), None).unwrap();
    let request = request(&[CHARGE, &other]);
    let from_bytes = records(&transformer.transform_bytes(&request).unwrap());
    let (error, handle) = host_open(SETTINGS.as_bytes());
    assert!(!error);
    let handle = u32::from_le_bytes(handle.try_into().unwrap());
    let (error, response) = host_transform(handle, &request);
    assert!(!error);
    xdm_close(handle);

    assert_eq!(from_bytes, records(&response));
    assert!(from_bytes.len() >= 2);
    for record in &from_bytes {
        assert!(from_text.contains(record), "{record} is not in {from_text}");
    }
    let mut from_objects_as_text = Vec::new();
    input::write(&from_objects, "", &mut from_objects_as_text).unwrap();
    let mut from_text_as_text = Vec::new();
    input::write(&value::from_json(&from_text).unwrap(), "", &mut from_text_as_text).unwrap();
    assert_eq!(from_objects_as_text, from_text_as_text);
    assert!(from_text.contains("9007199254740993"), "the integer is exact: {from_text}");
}

#[wasm_bindgen_test]
fn a_page_yields_one_outcome_per_object() {
    let page =
        format!(r#"{{"object":"list","has_more":false,"data":[{CHARGE},{{"object":"topup","id":"tu_1"}}]}}"#);
    let outcomes = transform(js(&page)).unwrap();
    assert_eq!(get(&outcomes, "length"), 2);
    assert_eq!(string(&outcomes, "0.status"), "done");
    assert_eq!(string(&outcomes, "1.status"), "skipped");
    assert_eq!(string(&outcomes, "1.type"), "topup");
    assert_eq!(transformer().transform_json(&page, None).unwrap().matches(r#"{"status":"#).count(), 2);
}

#[wasm_bindgen_test]
fn a_failing_object_leaves_the_others_alone() {
    let outcomes = transform(js(&format!("[42,{CHARGE}]"))).unwrap();
    assert_eq!(string(&outcomes, "0.status"), "error");
    assert!(!string(&outcomes, "0.error.code").is_empty());
    assert_eq!(string(&outcomes, "1.status"), "done");
}

#[wasm_bindgen_test]
fn refused_settings_throw_an_error_with_a_code() {
    let error = open(&js("{}").unchecked_into::<SettingsInput>()).unwrap_err();
    assert!(error.is_instance_of::<js_sys::Error>());
    assert_eq!(string(&error, "name"), "StripeXdmError");
    assert_eq!(string(&error, "code"), "invalid_settings");
    assert!(string(&error, "message").contains("tenant"));
    let (failed, payload) = host_open(b"{}");
    assert!(failed);
    let payload = js(&String::from_utf8(payload).unwrap());
    assert_eq!(string(&payload, "code"), "invalid_settings");
    assert_eq!(string(&payload, "message"), string(&error, "message"));
}

#[wasm_bindgen_test]
fn an_unknown_option_of_a_call_is_refused() {
    let call = js(r#"{"acount":"acct_1"}"#).unchecked_into::<CallInput>();
    let error = transformer().transform_json(CHARGE, Some(call)).unwrap_err();
    assert_eq!(string(&error, "code"), "invalid_call");
    assert!(string(&error, "message").contains("acount"));
}

#[wasm_bindgen_test]
fn numbers_are_written_exactly() {
    assert_eq!(
        written("({ a: 9007199254740993n, b: -5, c: 1.0, d: 2.5, e: 2 ** 53, f: 1e21 })").unwrap(),
        r#"{"a":9007199254740993,"b":-5,"c":1,"d":2.5,"e":9007199254740992,"f":1000000000000000000000}"#
    );
    assert_eq!(written("18446744073709551615n").unwrap(), "18446744073709551615");
}

#[wasm_bindgen_test]
fn absent_keys_stay_absent_and_maps_are_objects() {
    let code = "({ a: undefined, b: null, c: new Map([['é\"', ['x', undefined]]]), d() {} })";
    assert_eq!(written(code).unwrap(), r#"{"b":null,"c":{"é\"":["x",null]}}"#);
}

#[wasm_bindgen_test]
fn what_is_not_json_is_refused_with_its_path() {
    let refused = |path: &str| Err(("invalid_input".to_owned(), path.to_owned()));
    assert_eq!(written("({ a: [0, { b: NaN }] })"), refused("a.1.b"));
    assert_eq!(written("({ a: new Date(0) })"), refused("a"));
    assert_eq!(written("({ a: new Set() })"), refused("a"));
    assert_eq!(written("({ a: Symbol() })"), refused("a"));
    assert_eq!(written("({ a: 2n ** 70n })"), refused("a"));
    assert_eq!(written("undefined"), refused(""));
    assert_eq!(written("({ a: { get b() { throw new Error('no') } } })"), refused("a"));
    let (code, path) = written("(() => { const a = {}; a.a = a; return a })()").unwrap_err();
    assert_eq!(code, "invalid_input");
    assert!(path.starts_with("a.a.a"));
}

#[wasm_bindgen_test]
fn integers_beyond_doubles_become_bigints() {
    let parsed = value::from_json(
        r#"{"a":[9007199254740991,9007199254740992,-9007199254740993],"b":{"c":123456789012345678901234567890},"d":1.5,"e":"99999999999999999999\"","__proto__":1}"#,
    )
    .unwrap();
    assert_eq!(get(&parsed, "a.0"), 9_007_199_254_740_991_f64);
    assert_eq!(get(&parsed, "a.1"), JsValue::from(9_007_199_254_740_992_u64));
    assert_eq!(get(&parsed, "a.2"), JsValue::from(-9_007_199_254_740_993_i64));
    assert_eq!(get(&parsed, "b.c"), eval("123456789012345678901234567890n"));
    assert_eq!(get(&parsed, "d"), 1.5);
    assert_eq!(string(&parsed, "e"), "99999999999999999999\"");
    assert!(js_sys::Object::keys(parsed.unchecked_ref::<js_sys::Object>()).includes(&"__proto__".into(), 0));
}

#[wasm_bindgen_test]
fn a_call_from_within_a_getter_does_not_disturb_the_transformer() {
    let transformer = transformer();
    let before = transformer.transform_json(CHARGE, None).unwrap();
    let throwing = eval("({ get id() { throw new TypeError('boom') } })").unchecked_into::<ObjectsInput>();
    let error = transformer.transform(&throwing, None).unwrap_err();
    assert!(string(&error, "message").contains("boom"));
    assert_eq!(transformer.transform_json(CHARGE, None).unwrap(), before);
}

#[wasm_bindgen_test]
fn hosts_get_errors_for_what_they_got_wrong() {
    let code = |(failed, payload): (bool, Vec<u8>)| {
        assert!(failed);
        string(&js(&String::from_utf8(payload).unwrap()), "code")
    };
    assert_eq!(code(host_transform(0, b"")), "unknown_handle");
    assert_eq!(code(host_transform(77, b"")), "unknown_handle");
    let (_, handle) = host_open(SETTINGS.as_bytes());
    let handle = u32::from_le_bytes(handle.try_into().unwrap());
    assert_eq!(code(host_transform(handle, b"")), "invalid_request");
    assert_eq!(code(host_transform(handle, b"\x03\0\0\0\"x\"\0\0\0\0")), "invalid_call");
    // SAFETY: the range is checked and not read.
    let outside = unsafe { xdm_transform(handle, u32::MAX - 8, 64) };
    assert_eq!(outside >> 63, 1);
    xdm_close(handle);
    assert_eq!(code(host_transform(handle, &request(&[]))), "unknown_handle");
    assert_eq!(xdm_alloc(0), 0);
    assert_eq!(xdm_alloc(u32::MAX), 0);
}

#[wasm_bindgen_test]
fn webhooks_are_verified_through_both_ways_in() {
    const NOW: i64 = 1_700_000_000;
    let body = r#"{"id":"evt_test","object":"event","type":"charge.succeeded","data":{"object":{"id":"ch_1","object":"charge","amount":"9007199254740993"}}}"#;
    let header = "t=1700000000,v1=ba0e7d088e9fb92fc72bce30352aa4ee94db3e918448f16741bd42614862892a";
    let old = header.replace("t=1700000000", "t=1600000000");
    for (objects, code) in [
        (&[header, body, "whsec_old", "whsec_test_secret"][..], None),
        (&[header, body, "whsec_old"], Some("signature_mismatch")),
        (&[header, " ", "whsec_test_secret"], Some("signature_mismatch")),
        (&[old.as_str(), body, "whsec_test_secret"], Some("signature_mismatch")),
        (&["t=1", body, "whsec_test_secret"], Some("invalid_signature_header")),
        (&[header, body], Some("invalid_secret")),
        (&[header, body, ""], Some("invalid_secret")),
        (&[header], Some("invalid_request")),
    ] {
        let request = request(objects);
        let thrown = verify_webhook(&request, NOW as f64, 300).err().map(|error| string(&error, "code"));
        assert_eq!(thrown.as_deref(), code);
        // SAFETY: host_call's buffer, which nothing else writes to.
        let (failed, payload) =
            host_call(&request, |ptr, len| unsafe { xdm_verify_webhook(ptr, len, NOW, 300) });
        let told = failed.then(|| string(&js(&String::from_utf8(payload).unwrap()), "code"));
        assert_eq!(told.as_deref(), code);
    }
    let late = verify_webhook(&request(&[header, body, "whsec_test_secret"]), NOW as f64 + 301.0, 300);
    assert_eq!(string(&late.unwrap_err(), "code"), "signature_too_old");
}

#[wasm_bindgen_test]
fn the_description_lists_the_datasets_in_their_order() {
    let description = JsValue::from(describe().unwrap());
    assert_eq!(string(&description, "datasets.0.name"), "stripe_charge_events");
    assert_eq!(string(&description, "datasets.6.name"), "stripe_prices");
    assert!(!text(&get(&description, "version")).is_empty());
}
