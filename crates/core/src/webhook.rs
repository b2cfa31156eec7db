//! Signatures of webhooks: whether a body was signed by someone who knows the endpoint's secret, and when.
//!
//! `Stripe-Signature: t=<seconds>,v1=<hex>[,v1=<hex>…]`, where each `v1` is the HMAC-SHA-256, under the whole secret
//! (`whsec_` included), of the text of `t`, a dot and the body's bytes as they came. While a secret is rolled there is
//! one `v1` for each of the two. Other schemes are ignored: `v0` is a made-up one that test events carry.

use crate::mac::{self, Code};

/// Longest header that is read, in bytes: Stripe's have a few hundred.
const MAX_HEADER: usize = 4096;

/// Why a body is not taken. Never holds a secret, a signature or the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// With an empty key anyone could sign.
    #[error("a signing secret is missing or empty: give the endpoint's, which begins with whsec_")]
    Secret,
    /// No time or no `v1`.
    #[error("the Stripe-Signature header is not `t=<seconds>,v1=<hex>`: hand it over as it came")]
    Header,
    /// Signed with another secret, or the body is not what was signed.
    #[error(
        "no v1 signature fits the body: check that the secret is this endpoint's, and hand over the body's bytes as \
         they came, before anything parses or re-encodes them"
    )]
    Mismatch,
    /// Signed too long ago: perhaps somebody sends again what they overheard.
    #[error(
        "signed {age} seconds ago, of which {tolerance} are tolerated: check the clock of this machine; Stripe signs \
         each attempt anew"
    )]
    TooOld {
        /// In seconds.
        age: i64,
        /// In seconds.
        tolerance: u32,
    },
}

impl SignatureError {
    /// A stable word.
    pub fn code(self) -> &'static str {
        match self {
            Self::Secret => "invalid_secret",
            Self::Header => "invalid_signature_header",
            Self::Mismatch => "signature_mismatch",
            Self::TooOld { .. } => "signature_too_old",
        }
    }
}

/// Whether a body was signed, as the header says, with one of some secrets, and at most `tolerance` seconds before
/// `now`, in epoch seconds; a tolerance of 0 takes any age. What was signed in the future is taken, as by Stripe's own
/// libraries. Signatures are compared in constant time.
pub fn verify_webhook(
    body: &[u8],
    header: &[u8],
    secrets: &[&[u8]],
    now: i64,
    tolerance: u32,
) -> Result<(), SignatureError> {
    if secrets.is_empty() || secrets.iter().any(|secret| secret.is_empty()) {
        return Err(SignatureError::Secret);
    }
    let (time, signatures) = read(header).ok_or(SignatureError::Header)?;
    let signed_at: i64 = time.parse().map_err(|_| SignatureError::Header)?;
    let fits = secrets.iter().any(|secret| {
        let code = mac::code(secret, &[time.as_bytes(), b".", body]);
        code.is_some_and(|code| signatures.contains(&code))
    });
    if !fits {
        return Err(SignatureError::Mismatch);
    }
    // Last, so that only who knows the secret learns anything of this clock.
    let age = now.saturating_sub(signed_at);
    if tolerance > 0 && age > i64::from(tolerance) {
        return Err(SignatureError::TooOld { age, tolerance });
    }
    Ok(())
}

/// The text of the time and the `v1` signatures; none without either. White space is part of a value, as in Stripe's
/// own libraries.
fn read(header: &[u8]) -> Option<(&str, Vec<Code>)> {
    let header = std::str::from_utf8(header).ok().filter(|header| header.len() <= MAX_HEADER)?;
    let (mut time, mut signatures, mut any) = (None, Vec::new(), false);
    for (key, value) in header.split(',').filter_map(|part| part.split_once('=')) {
        match key {
            "t" => time = Some(value),
            "v1" => {
                any = true;
                signatures.extend(unhex(value));
            }
            _ => {}
        }
    }
    // No sign, no fraction: a parser would take them.
    let time = time.filter(|time| time.bytes().all(|byte| byte.is_ascii_digit()))?;
    any.then_some((time, signatures))
}

/// The bytes of 64 lower-case hexadecimal digits.
fn unhex(text: &str) -> Option<Code> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(Code::new(bytes.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_test","object":"event","type":"charge.succeeded","data":{"object":{"id":"ch_1","object":"charge","amount":"9007199254740993"}}}"#;
    const NEW: &str = "v1=ba0e7d088e9fb92fc72bce30352aa4ee94db3e918448f16741bd42614862892a";
    const OLD: &str = "v1=cbb66881884ae26b086c71c7c9050d02f5df2b58809d63d0bd3b5d2e0490ee3e";
    const SIGNED_AT: i64 = 1_700_000_000;
    const SECRETS: [&[u8]; 2] = [b"whsec_test_secret", b"whsec_old"];

    fn verified(header: &str) -> Result<(), SignatureError> {
        verify_webhook(BODY, header.as_bytes(), &SECRETS[..1], SIGNED_AT, 300)
    }

    #[test]
    fn what_stripe_signed_is_taken() {
        let good = format!("t={SIGNED_AT},{NEW}");
        assert_eq!(verified(&good), Ok(()));
        // While a secret is rolled: one signature for each, in any order, and either secret may be known here.
        for header in [format!("t={SIGNED_AT},{OLD},{NEW}"), format!("{NEW},v0=6ffb,{OLD},t={SIGNED_AT}")] {
            assert_eq!(verified(&header), Ok(()), "{header}");
        }
        let old = format!("t={SIGNED_AT},{OLD}");
        assert_eq!(verified(&old), Err(SignatureError::Mismatch));
        assert_eq!(verify_webhook(BODY, old.as_bytes(), &SECRETS, SIGNED_AT, 300), Ok(()));
    }

    #[test]
    fn anything_else_is_not() {
        let good = format!("t={SIGNED_AT},{NEW}");
        for (body, header) in [
            ([BODY, b"\n"].concat(), good.clone()),
            (BODY.to_ascii_uppercase(), good.clone()),
            (Vec::new(), good.clone()),
            (BODY.to_vec(), good.replace("t=1", "t=2")),
            (BODY.to_vec(), good.replace("t=", "t=0")),
            (BODY.to_vec(), good.replace("v1=b", "v1=a")),
            (BODY.to_vec(), good.replace("v1=ba", "v1=BA")),
            (BODY.to_vec(), format!("{good}00")),
            (BODY.to_vec(), format!("t={SIGNED_AT},v1=,v1=ba0e")),
        ] {
            let refused = verify_webhook(&body, header.as_bytes(), &SECRETS, SIGNED_AT, 300);
            assert_eq!(refused, Err(SignatureError::Mismatch), "{header}");
        }
    }

    #[test]
    fn headers_are_read_strictly() {
        for header in [
            String::new(),
            NEW.to_owned(),
            format!("t={SIGNED_AT}"),
            format!("t={SIGNED_AT},v0={}", &NEW[3..]),
            format!("t=,{NEW}"),
            format!("t=-{SIGNED_AT},{NEW}"),
            format!("t=+{SIGNED_AT},{NEW}"),
            format!("t={SIGNED_AT}.0,{NEW}"),
            format!("t= {SIGNED_AT},{NEW}"),
            format!("{NEW}, t={SIGNED_AT}"),
            format!("t=99999999999999999999,{NEW}"),
            format!("t={SIGNED_AT},{NEW}{}", ",v1=00".repeat(1000)),
        ] {
            assert_eq!(verified(&header), Err(SignatureError::Header), "{header}");
        }
    }

    #[test]
    fn a_signature_grows_too_old_after_its_tolerance() {
        let header = format!("t={SIGNED_AT},{NEW}");
        let at = |now, tolerance| verify_webhook(BODY, header.as_bytes(), &SECRETS, now, tolerance);
        assert_eq!(at(SIGNED_AT + 300, 300), Ok(()));
        assert_eq!(at(SIGNED_AT + 301, 300), Err(SignatureError::TooOld { age: 301, tolerance: 300 }));
        assert_eq!(at(SIGNED_AT + 301, 0), Ok(()));
        assert_eq!(at(SIGNED_AT - 10_000, 300), Ok(()));
        assert_eq!(at(i64::MIN, 1), Ok(()));
    }

    #[test]
    fn without_a_secret_nothing_is_taken() {
        // The code of an empty body under an empty key.
        let header = b"t=1,v1=b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
        for secrets in [&[][..], &[&b""[..]], &[SECRETS[0], b""]] {
            assert_eq!(verify_webhook(b"", header, secrets, 1, 0), Err(SignatureError::Secret));
        }
    }
}
