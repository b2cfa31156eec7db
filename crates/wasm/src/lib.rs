//! The stripe-xdm module: one WebAssembly file that hosts and JavaScript share.
//!
//! Two ways in, one core behind them:
//!
//! - `abi`: lengths and bytes, for any host that runs WebAssembly without JavaScript;
//! - `js`: objects, text and typed arrays, through wasm-bindgen.
//!
//! Nothing here decides what a record holds; that is `stripe-xdm-core`. Both ways run the same
//! [`session`], so the same object yields the same bytes through either. Both exist only on wasm32;
//! what they share is compiled and tested natively as well.

pub mod failure;
pub mod language;
pub mod outcomes;
pub mod session;
pub mod split;
pub mod webhook;
pub mod wire;

#[cfg(target_arch = "wasm32")]
pub mod abi;
#[cfg(target_arch = "wasm32")]
pub mod js;
