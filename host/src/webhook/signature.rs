//! Stripe's signature on a webhook, checked before anything else is done with the bytes: here and not in the module,
//! so that whoever has no secret of ours costs one hash and never gets near an instance. The rules are those of
//! Stripe's own libraries, and of the core's `verify_webhook`, which the host does not link: a test that links both
//! puts the same headers to them (`tests/tests/promises/signatures.rs`).

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// How old a signature may be, in seconds, when nothing else is said: as in Stripe's libraries.
pub const TOLERANCE: u32 = 300;

/// Longest header that is read, in bytes: Stripe's have a few hundred.
const LONGEST: usize = 4_096;

/// The secrets of the endpoints that webhooks come from. Its `Debug` shows none of them.
#[derive(Debug, Clone)]
pub struct Verifier {
    secrets: Vec<SecretString>,
    tolerance: u32,
}

/// Why there is no verifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Nothing could be verified.
    #[error("no webhook secret is given")]
    None,
    /// Not what Stripe gives out.
    #[error(
        "a webhook secret begins with whsec_; take it from the endpoint's page in the Dashboard (\"Signing secret\")"
    )]
    Form,
}

/// Why a webhook is refused. Says nothing that helps to forge one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is not signed.
    #[error(
        "there is no Stripe-Signature header, or more than one; is the request from Stripe, and does a proxy keep its headers?"
    )]
    Missing,
    /// The header is not of the form `t=…,v1=…`.
    #[error("the Stripe-Signature header is not of the form t=…,v1=…")]
    Malformed,
    /// No secret gives any of the signatures.
    #[error(
        "no signature matches: compare the endpoint's signing secret, and see that nothing on the way changes the body"
    )]
    NoMatch,
    /// It was signed too long ago.
    #[error("the signature is too old: see that this machine's clock is right")]
    TooOld,
}

impl Verifier {
    /// Takes the secrets, any of which may have signed; a tolerance of 0 lets signatures be of any age.
    pub fn new(secrets: Vec<String>, tolerance: u32) -> Result<Self, SecretError> {
        if secrets.is_empty() {
            return Err(SecretError::None);
        }
        // What follows is not known to be of any form, but one that holds white space was cut out wrongly.
        let is_one = |text: &String| {
            text.len() > 6 && text.starts_with("whsec_") && text.bytes().all(|b| b.is_ascii_graphic())
        };
        if !secrets.iter().all(is_one) {
            return Err(SecretError::Form);
        }
        Ok(Self { secrets: secrets.into_iter().map(SecretString::from).collect(), tolerance })
    }

    /// Whether a body was signed with one of the secrets, and lately. `now` is in epoch seconds.
    pub fn verify(&self, header: &[u8], body: &[u8], now: i64) -> Result<(), Refusal> {
        let Header { time, at, signatures } = Header::read(header).ok_or(Refusal::Malformed)?;
        let mut matches = false;
        for secret in &self.secrets {
            // HMAC takes keys of any length.
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else {
                continue;
            };
            mac.update(time.as_bytes());
            mac.update(b".");
            mac.update(body);
            // All are compared, each in constant time.
            for signature in &signatures {
                matches |= mac.clone().verify_slice(signature).is_ok();
            }
        }
        match () {
            () if !matches => Err(Refusal::NoMatch),
            () if self.tolerance > 0 && now.saturating_sub(at) > i64::from(self.tolerance) => {
                Err(Refusal::TooOld)
            }
            () => Ok(()),
        }
    }
}

/// What a `Stripe-Signature` header says.
struct Header<'a> {
    /// The time as it was signed.
    time: &'a str,
    /// The same in epoch seconds.
    at: i64,
    /// Those of scheme v1; the others prove nothing (v0 is a fake one of test events).
    signatures: Vec<[u8; 32]>,
}

impl<'a> Header<'a> {
    /// None without a time or without any `v1`. White space is part of a value, as in Stripe's own libraries.
    fn read(header: &'a [u8]) -> Option<Self> {
        let header = std::str::from_utf8(header).ok().filter(|header| header.len() <= LONGEST)?;
        let (mut time, mut signatures, mut any) = (None, Vec::new(), false);
        for (key, value) in header.split(',').filter_map(|part| part.split_once('=')) {
            match key {
                "t" => time = Some(value),
                "v1" => {
                    any = true;
                    signatures.extend(signature(value));
                }
                _ => {}
            }
        }
        // No sign, no fraction: a parser would take them.
        let time = time.filter(|time| any && time.bytes().all(|byte| byte.is_ascii_digit()))?;
        Some(Self { time, at: time.parse().ok()?, signatures })
    }
}

/// The bytes of 64 lower-case hexadecimal digits.
fn signature(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    (is_lower && hex::decode_to_slice(text, &mut bytes).is_ok()).then_some(bytes)
}

/// The header that Stripe would send: for tests and benchmarks.
pub fn sign(secret: &str, body: &[u8], at: i64) -> String {
    let mut hexed = String::new();
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        mac.update(format!("{at}.").as_bytes());
        mac.update(body);
        hexed = hex::encode(mac.finalize().into_bytes());
    }
    format!("t={at},v1={hexed}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_test","object":"event","type":"charge.succeeded","data":{"object":{"id":"ch_1","object":"charge","amount":"9007199254740993"}}}"#;
    const AT: i64 = 1_700_000_000;
    const NEW: (&str, &str) =
        ("whsec_test_secret", "ba0e7d088e9fb92fc72bce30352aa4ee94db3e918448f16741bd42614862892a");
    const OLD: (&str, &str) =
        ("whsec_old", "cbb66881884ae26b086c71c7c9050d02f5df2b58809d63d0bd3b5d2e0490ee3e");

    fn verifier(secrets: &[&str]) -> Verifier {
        Verifier::new(secrets.iter().map(|&secret| secret.to_owned()).collect(), TOLERANCE).unwrap()
    }

    fn verify(secrets: &[&str], header: &str) -> Result<(), Refusal> {
        verifier(secrets).verify(header.as_bytes(), BODY, AT)
    }

    #[test]
    fn what_stripes_libraries_sign_is_taken() {
        for (secret, signature) in [NEW, OLD] {
            let header = format!("t={AT},v1={signature}");
            assert_eq!(sign(secret, BODY, AT), header);
            assert_eq!(verify(&[secret], &header), Ok(()));
            assert_eq!(verify(&["whsec_another"], &header), Err(Refusal::NoMatch));
            assert_eq!(verify(&["whsec_another", secret], &header), Ok(()));
            assert_eq!(verify(&[secret], &format!("t={AT},v0={signature}")), Err(Refusal::Malformed));
            let both = format!("v0={signature},t={AT},v1={},v1={signature},v2=x,y", "0".repeat(64));
            assert_eq!(verify(&[secret], &both), Ok(()));
        }
    }

    #[test]
    fn a_signature_is_good_for_five_minutes_and_may_be_of_the_future() {
        let header = sign(NEW.0, BODY, AT);
        let at = |now| verifier(&[NEW.0]).verify(header.as_bytes(), BODY, now);
        assert_eq!(at(AT + 300), Ok(()));
        assert_eq!(at(AT + 301), Err(Refusal::TooOld));
        assert_eq!(at(AT - 86_400), Ok(()));
        let any = Verifier::new(vec![NEW.0.to_owned()], 0).unwrap();
        assert_eq!(any.verify(header.as_bytes(), BODY, AT * 2), Ok(()));
    }

    #[test]
    fn whatever_is_changed_it_is_refused() {
        let (secret, signature) = NEW;
        for (header, refusal) in [
            (String::new(), Refusal::Malformed),
            (format!("v1={signature}"), Refusal::Malformed),
            (format!("t=,v1={signature}"), Refusal::Malformed),
            (format!("t=+{AT},v1={signature}"), Refusal::Malformed),
            (format!("t={AT},v1={signature}{}", ",v1=00".repeat(1_000)), Refusal::Malformed),
            (format!("v1={signature}, t={AT}"), Refusal::Malformed),
            (format!("t=99999999999999999999,v1={signature}"), Refusal::Malformed),
            (format!("t={},v1={signature}", AT + 1), Refusal::NoMatch),
            (format!("t={AT}"), Refusal::Malformed),
            (format!("t={AT},t={},v1={signature}", AT + 1), Refusal::NoMatch),
            (format!("t={AT},v1="), Refusal::NoMatch),
            (format!("t={AT},v1={}", &signature[..62]), Refusal::NoMatch),
            (format!("t={AT},v1={}", signature.to_uppercase()), Refusal::NoMatch),
            (format!("t={AT}, v1={signature}"), Refusal::Malformed),
        ] {
            assert_eq!(verify(&[secret], &header), Err(refusal), "{header}");
        }
        assert_eq!(verifier(&[secret]).verify(b"t=1,v1=\xff", BODY, AT), Err(Refusal::Malformed));
        let header = sign(secret, BODY, AT);
        let longer = [BODY, b"\n"].concat();
        assert_eq!(verifier(&[secret]).verify(header.as_bytes(), &longer, AT), Err(Refusal::NoMatch));
    }

    #[test]
    fn secrets_are_of_stripes_form_and_not_shown() {
        let new =
            |secrets: &[&str]| Verifier::new(secrets.iter().map(|&s| s.to_owned()).collect(), 0).map(drop);
        assert_eq!(new(&[]), Err(SecretError::None));
        for odd in ["sk_test_1", "whsec_", "whsec_a b", ""] {
            assert_eq!(new(&[NEW.0, odd]), Err(SecretError::Form), "{odd}");
        }
        assert!(!format!("{:?}", verifier(&[NEW.0])).contains("test_secret"));
    }
}
