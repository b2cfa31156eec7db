//! How much one record may cost. Expressions come from users, and a short one can ask for endless work
//! (`transformArray(1..9999, x -> transformArray(1..9999, …))`) or memory (a text doubled again and
//! again), so whatever repeats or grows is paid for from one purse.

use crate::functions::Failure;
use crate::values::value::Value;
use std::borrow::Cow;

/// What is left of the work and memory that a record may cost, in bytes. What is made costs its size;
/// what is only looked at or repeated costs a few bytes for its time. One purse serves all expressions
/// of a record, so a thousand elements cannot each spend it whole.
#[derive(Debug, Clone)]
pub struct Budget(u64);

/// What any record may cost.
const BASE: u64 = 32 << 20;
/// What each byte of the record adds, so that large records may be read by many mappings.
const PER_BYTE: u64 = 128;
/// An element of an array, or a step of an expression that runs for each of them.
pub(crate) const STEP: u64 = 32;

impl Default for Budget {
    fn default() -> Self {
        Self(BASE)
    }
}

impl Budget {
    /// The budget of a record of that many bytes.
    pub fn for_record(length: usize) -> Self {
        Self(BASE.saturating_add((length as u64).saturating_mul(PER_BYTE)))
    }

    /// Takes what `bytes` bytes cost. A function calls this before it makes a result that can be much
    /// larger than its arguments (padding, replacing, joining); results in proportion to the arguments
    /// are paid for by the evaluator.
    ///
    /// # Errors
    /// When the record's budget is used up.
    #[inline]
    pub fn take(&mut self, bytes: usize) -> Result<(), Failure> {
        self.spend(bytes as u64)
    }

    #[inline]
    pub(crate) fn spend(&mut self, cost: u64) -> Result<(), Failure> {
        match self.0.checked_sub(cost) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => Err(exhausted()),
        }
    }

    /// Pays for a value that was made: the memory that it holds beyond the record.
    #[inline]
    pub(crate) fn made(&mut self, value: &Value<'_>) -> Result<(), Failure> {
        match value {
            Value::Null | Value::Bool(_) | Value::Json(_) => Ok(()),
            Value::String(text) | Value::Number(text) => self.spend(owned(text)),
            composite => self.spend(size(composite)),
        }
    }

    /// Pays for the time to look at a value that is looked at again and again.
    pub(crate) fn look(&mut self, value: &Value<'_>) -> Result<(), Failure> {
        match value {
            Value::Json(text) => self.spend(text.len() as u64 / 2),
            Value::String(text) => self.spend(text.len() as u64 / 2),
            _ => Ok(()),
        }
    }
}

/// The bytes of a value and all in it.
fn size(value: &Value<'_>) -> u64 {
    STEP + match value {
        Value::Null | Value::Bool(_) | Value::Json(_) => 0,
        Value::String(text) | Value::Number(text) => owned(text),
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(members) => members.iter().map(|(key, value)| owned(key) + size(value)).sum(),
        Value::DateTime(_) => 64,
    }
}

/// The bytes of a text that are not lent by the record.
#[allow(clippy::ptr_arg)] // Whether it is lent is the question.
fn owned(text: &Cow<'_, str>) -> u64 {
    match text {
        Cow::Borrowed(_) => 0,
        Cow::Owned(text) => text.len() as u64,
    }
}

#[cold]
fn exhausted() -> Failure {
    Failure::coded(
        "too_much_work",
        "the expressions of this record make or repeat too much; make the arrays or texts they work on smaller",
    )
}
