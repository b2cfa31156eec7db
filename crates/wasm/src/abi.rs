//! The bytes ABI, version 1: how a host without JavaScript runs the module. This page is the norm.
//!
//! # Loading
//!
//! The file `stripe_xdm_bg.wasm` holds the ABI version as ASCII text in its custom section
//! `stripe-xdm-abi`, so a host can refuse it before compiling it; [`xdm_abi_version`] says the same.
//! Every import of the module is a function from `./stripe_xdm_bg.js`. They serve JavaScript alone:
//! a host refuses any other import, defines these as traps, and never calls `__wbindgen_start`.
//! The module is stateless but for its opened handles, reads no clock and draws no random number. It
//! is single-threaded: one instance, one call at a time. After a trap the instance is dropped.
//!
//! # Calls
//!
//! | export | arguments | result |
//! | --- | --- | --- |
//! | `xdm_abi_version` | | `u32`: 1 |
//! | `xdm_alloc` | `len: u32` | `u32`: address, 0 when `len` is 0 or memory is short |
//! | `xdm_free` | `ptr: u32, len: u32` | |
//! | `xdm_open` | `ptr, len` of settings JSON | packed; 4 bytes: a handle, little endian |
//! | `xdm_close` | `handle: u32` | |
//! | `xdm_transform` | `handle, ptr, len` of a request | packed; a response |
//! | `xdm_describe` | | packed; JSON |
//! | `xdm_language` | `ptr, len` of a request, which is JSON | packed; JSON |
//! | `xdm_verify_webhook` | `ptr, len` of a request, `now: i64`, `tolerance: u32` | packed; empty |
//!
//! Requests and responses are framed as [`crate::wire`] says. Records are checked against their schemas: one
//! that is not what its schema says is marked, its object's report says why, and a host must not deliver it.
//! Settings are those of
//! [`stripe_xdm_core::Settings`]. What can be asked of `xdm_language`, which needs no handle, is told by
//! [`stripe_xdm_core::language`]; what `xdm_verify_webhook` holds a body to, by [`stripe_xdm_core::verify_webhook`]: the
//! objects of its request are the `Stripe-Signature` header, the body, and one or more signing secrets. Modules of
//! this version that were built before them lack these two exports, so a host looks for them before it asks.
//!
//! # Packed results
//!
//! A `u64`: bit 63 set on error, the address in bits 31 to 62, the length in bits 0 to 30. On error
//! the bytes are JSON, `{"code","path"?,"message","line"?,"column"?,"caret"?}`, with the codes of
//! [`crate::failure`]; the last three name a place in an expression. A failure concerns the whole
//! call; a failing object is a result in the response. A host checks address and length against the
//! memory's size before reading.
//!
//! # Ownership
//!
//! The host owns what it allocates and what it is given: it frees its own buffers and every packed
//! result with `xdm_free` and the length that they have. A packed result of length 0 has address 0
//! and needs no freeing. The module keeps no reference to a buffer after a call returns. Addresses
//! stay valid, but memory may grow in any call: a host that holds views looks them up again.

use crate::failure::{Failure, INVALID_REQUEST, UNKNOWN_HANDLE};
use crate::language;
use crate::session::Session;
use crate::webhook;
use crate::wire::{RESPONSE_LIMIT, too_large};
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::cell::RefCell;

/// The version of this ABI.
pub const VERSION: u32 = 1;

/// The version as text, readable without compiling the module.
// SAFETY: on wasm32 a link section is a custom section, which is data alone: nothing runs it and no
// other symbol has its name.
#[unsafe(link_section = "stripe-xdm-abi")]
#[used]
pub static VERSION_SECTION: [u8; 1] = *b"1";

const ERROR: u64 = 1 << 63;

thread_local! {
    /// Opened sessions; a handle is an index plus one, so that 0 is never a handle.
    static SESSIONS: RefCell<Vec<Option<Session>>> = const { RefCell::new(Vec::new()) };
}

/// The version of this ABI.
// SAFETY: the exports' names start with `xdm_`, which nothing else linked in uses.
#[unsafe(no_mangle)]
pub extern "C" fn xdm_abi_version() -> u32 {
    VERSION
}

/// Allocates `len` bytes, all zero. Returns 0 when `len` is 0 or memory is short.
// SAFETY: see `xdm_abi_version` for the name.
#[unsafe(no_mangle)]
pub extern "C" fn xdm_alloc(len: u32) -> u32 {
    match layout(len) {
        // SAFETY: the layout's size is not zero. Zeroed, so that a host that writes less than it
        // asked for has zeros read back, never bytes that Rust holds to be uninitialised.
        Some(layout) => unsafe { alloc_zeroed(layout) as u32 },
        None => 0,
    }
}

/// Frees a buffer. Length 0 frees nothing.
///
/// # Safety
///
/// `ptr` and `len` are those of one allocation of [`xdm_alloc`] or of one packed result, which is not
/// freed already.
// SAFETY: see `xdm_abi_version` for the name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xdm_free(ptr: u32, len: u32) {
    if let Some(layout) = layout(len)
        && ptr != 0
    {
        // SAFETY: the caller's promise; both kinds of buffer are allocations of exactly `len` bytes
        // with alignment 1.
        unsafe { dealloc(ptr as *mut u8, layout) }
    }
}

/// Compiles the models for settings; returns a handle.
///
/// # Safety
///
/// Nothing writes to the buffer during the call.
// SAFETY: see `xdm_abi_version` for the name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xdm_open(ptr: u32, len: u32) -> u64 {
    // SAFETY: the caller's promise.
    let settings = unsafe { buffer(ptr, len) };
    pack(settings.and_then(Session::open).map(|session| insert(session).to_le_bytes().to_vec()))
}

/// Forgets a handle. An unknown handle is ignored.
// SAFETY: see `xdm_abi_version` for the name.
#[unsafe(no_mangle)]
pub extern "C" fn xdm_close(handle: u32) {
    SESSIONS.with_borrow_mut(|sessions| {
        if let Some(place) = sessions.get_mut(index(handle)) {
            *place = None;
        }
    });
}

/// Answers a request.
///
/// # Safety
///
/// Nothing writes to the buffer during the call.
// SAFETY: see `xdm_abi_version` for the name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xdm_transform(handle: u32, ptr: u32, len: u32) -> u64 {
    // SAFETY: the caller's promise.
    let request = unsafe { buffer(ptr, len) };
    pack(request.and_then(|request| {
        SESSIONS.with_borrow_mut(|sessions| match sessions.get_mut(index(handle)) {
            Some(Some(session)) => session.respond(request),
            _ => Err(Failure::new(
                UNKNOWN_HANDLE,
                format!("{handle} is not an open handle; use one that xdm_open returned"),
            )),
        })
    }))
}

/// The resources, datasets and functions of this build, as JSON.
// SAFETY: see `xdm_abi_version` for the name.
#[unsafe(no_mangle)]
pub extern "C" fn xdm_describe() -> u64 {
    pack(Ok(stripe_xdm_core::describe().into_bytes()))
}

/// Answers a question about the mapping language or about mapping sets.
///
/// # Safety
///
/// Nothing writes to the buffer during the call.
// SAFETY: see `xdm_abi_version` for the name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xdm_language(ptr: u32, len: u32) -> u64 {
    // SAFETY: the caller's promise.
    let request = unsafe { buffer(ptr, len) };
    pack(request.and_then(language::answer).map(String::into_bytes))
}

/// Whether a body was signed by someone who knows a secret of the endpoint.
///
/// # Safety
///
/// Nothing writes to the buffer during the call.
// SAFETY: see `xdm_abi_version` for the name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xdm_verify_webhook(ptr: u32, len: u32, now: i64, tolerance: u32) -> u64 {
    // SAFETY: the caller's promise.
    let request = unsafe { buffer(ptr, len) };
    pack(request.and_then(|request| webhook::verify(request, now, tolerance)).map(|()| Vec::new()))
}

/// The layout of a buffer, `None` for those that are never allocated.
fn layout(len: u32) -> Option<Layout> {
    if len == 0 { None } else { Layout::from_size_align(len as usize, 1).ok() }
}

/// The host's bytes, after checking that they lie within memory.
///
/// # Safety
///
/// Nothing writes to the buffer while the slice lives.
unsafe fn buffer<'a>(ptr: u32, len: u32) -> Result<&'a [u8], Failure> {
    if len == 0 {
        return Ok(&[]);
    }
    let memory = core::arch::wasm32::memory_size(0) as u64 * 65_536;
    if ptr == 0 || layout(len).is_none() || u64::from(ptr) + u64::from(len) > memory {
        return Err(Failure::new(INVALID_REQUEST, format!("no buffer of {len} bytes lies at address {ptr}")));
    }
    // SAFETY: not null, within memory, at most `isize::MAX` long, and not written to by the caller's
    // promise. Linear memory is always initialised.
    Ok(unsafe { std::slice::from_raw_parts(ptr as *const u8, len as usize) })
}

fn insert(session: Session) -> u32 {
    SESSIONS.with_borrow_mut(|sessions| {
        let free = sessions.iter().position(Option::is_none);
        let index = free.unwrap_or_else(|| {
            sessions.push(None);
            sessions.len() - 1
        });
        if let Some(place) = sessions.get_mut(index) {
            *place = Some(session);
        }
        index as u32 + 1
    })
}

fn index(handle: u32) -> usize {
    // Handle 0 wraps to an index that no table of 32-bit memory reaches.
    handle.wrapping_sub(1) as usize
}

fn pack(result: Result<Vec<u8>, Failure>) -> u64 {
    let result =
        result.and_then(|bytes| if bytes.len() < RESPONSE_LIMIT { Ok(bytes) } else { Err(too_large()) });
    let (flag, bytes) = match result {
        Ok(bytes) => (0, bytes),
        Err(failure) => (ERROR, failure.to_json()),
    };
    let len = bytes.len() as u64;
    if len == 0 {
        return flag;
    }
    // A boxed slice is an allocation of exactly its length: what `xdm_free` needs.
    let ptr = Box::into_raw(bytes.into_boxed_slice()) as *mut u8 as u32;
    flag | u64::from(ptr) << 31 | len
}
