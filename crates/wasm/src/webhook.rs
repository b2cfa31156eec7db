//! Signatures of webhooks, from bytes to a verdict: what both ABIs run.

use crate::failure::{Failure, INVALID_CALL, INVALID_REQUEST};
use crate::wire::Request;
use stripe_xdm_core::Signature;

/// Fails unless a body was signed as the JSON of a [`Signature`] says.
pub fn verify(signature: &[u8], body: &[u8]) -> Result<(), Failure> {
    // What a reader of JSON has to say could show a secret that stands in the wrong place.
    let refused = "the signature must be an object of `header`, a text, `secrets`, an array of texts, `now`, in whole \
                   epoch seconds, and perhaps `tolerance`, in seconds";
    let signature =
        std::str::from_utf8(signature).ok().and_then(|text| serde_json::from_str::<Signature>(text).ok());
    signature.ok_or_else(|| Failure::new(INVALID_CALL, refused))?.verify(body)?;
    Ok(())
}

/// Answers a request of the bytes ABI: its call is the signature, its one object the body.
pub fn answer(request: &[u8]) -> Result<Vec<u8>, Failure> {
    let Request { call, objects } = Request::parse(request)?;
    let [body] = objects.as_slice() else {
        return Err(Failure::new(INVALID_REQUEST, "one body is verified at a time"));
    };
    verify(call, body).map(|()| Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_signature_does_not_show_its_secrets() {
        for json in [
            r#"{"header":"t=1,v1=0","secrets":"whsec_shown","now":1}"#,
            r#"{"header":"t=1,v1=0","secrets":["whsec_shown"],"now":"whsec_shown"}"#,
            r#"{"header":"t=1,v1=0","secrets":["whsec_shown"],"now":1,"whsec_shown":1}"#,
            r#"{"header":"t=1,v1=0","secrets":["whsec_shown"],"now":1}"#,
        ] {
            let failure = verify(json.as_bytes(), b"{}").unwrap_err();
            assert!(!failure.message.contains("whsec_shown"), "{}", failure.message);
        }
    }
}
