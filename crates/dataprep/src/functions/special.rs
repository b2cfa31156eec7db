//! Identifiers that are made, not read.

use super::{CallEnv, Failure, Function, Kind};
use crate::value::Value;

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("uuid", "Special operations", (0, 0), false, uuid).kinds(&[], Kind::Text),
    Function::new("guid", "Special operations", (0, 0), false, uuid).kinds(&[], Kind::Text),
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
