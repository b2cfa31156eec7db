//! No bytes make the module panic: whatever arrives is answered or refused.
#![cfg(not(target_arch = "wasm32"))]

use proptest::collection::vec;
use proptest::prelude::*;
use std::cell::RefCell;
use stripe_xdm_module::session::Session;
use stripe_xdm_module::split::split;

/// Runs a closure with one session: a session that has seen anything must still answer.
fn with_session<T>(run: impl FnOnce(&mut Session) -> T) -> T {
    thread_local! {
        static SESSION: RefCell<Session> = RefCell::new(Session::open(br#"{"tenant":"acme"}"#).unwrap());
    }
    SESSION.with_borrow_mut(run)
}

fn request(call: &[u8], objects: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = (call.len() as u32).to_le_bytes().to_vec();
    bytes.extend_from_slice(call);
    bytes.extend_from_slice(&(objects.len() as u32).to_le_bytes());
    for object in objects {
        bytes.extend_from_slice(&(object.len() as u32).to_le_bytes());
        bytes.extend_from_slice(object);
    }
    bytes
}

proptest! {
    #[test]
    fn any_bytes_are_a_request_or_refused(bytes in vec(prop_oneof![0u8..4, any::<u8>()], 0..64)) {
        let _ = with_session(|session| session.respond(&bytes));
    }

    #[test]
    fn any_object_gets_a_result(objects in vec(vec(any::<u8>(), 0..48), 0..4)) {
        let response = with_session(|session| session.respond(&request(b"", &objects))).unwrap();
        prop_assert_eq!(&response[..4], (objects.len() as u32).to_le_bytes());
    }

    #[test]
    fn a_cut_object_gets_a_result(end in 0usize..=2162) {
        let charge = include_bytes!("charge.json");
        let cut = charge[..end.min(charge.len())].to_vec();
        let response = with_session(|session| session.respond(&request(b"{}", &[cut])));
        prop_assert!(response.is_ok());
    }

    #[test]
    fn any_text_is_split_or_refused(text in r#"[\[\]{}",:a-c0-9\\ ]{0,40}"#) {
        if let Ok(objects) = split(&text) {
            let outcomes = with_session(|session| session.outcomes(b"", objects)).unwrap();
            prop_assert!(serde_json::from_str::<Vec<serde_json::Value>>(&outcomes).is_ok());
        }
    }
}
