//! Identifiers that are made, not read.

use super::{CallEnv, Failure, Function, Kind};
use crate::values::value::Value;

const SPECIAL: &str = "Special operations";

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("uuid", SPECIAL, (0, 0), false, uuid).kinds(&[], Kind::Text),
    Function::new("guid", SPECIAL, (0, 0), false, uuid).kinds(&[], Kind::Text),
    Function::new("fpid_to_ecid", SPECIAL, (1, 1), true, fpid_to_ecid).kinds(&[Kind::Text], Kind::Text),
];

/// A version 4 UUID made from the run's seed and the record, so that it is the same next time.
fn uuid<'a>(_: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>, Failure> {
    let mut bytes = env.clock.draw(env.record);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default();
    Ok(Value::string([part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")))
}

/// Adobe's servers make an Experience Cloud ID from a first-party device ID in a way that is not
/// published, and a made-up ID would split a person in two: so this fails. Null gives null.
fn fpid_to_ecid<'a>(_: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>, Failure> {
    Err(Failure::coded(
        "algorithm_unpublished",
        "fpid_to_ecid cannot be calculated here: Adobe has not published how an ECID is made from an FPID; \
         map the FPID itself to the identity namespace FPID, or let Adobe's own Data Prep run this mapping",
    ))
}
