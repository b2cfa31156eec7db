//! The stripe-xdm module: bytes ABI for hosts, wasm-bindgen API for JavaScript.
