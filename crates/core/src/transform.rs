//! One Stripe object in, records out.

use crate::{Call, ObjectError, OpenError, Outcome, Output, Settings};

/// Compiled models and settings.
#[derive(Debug)]
pub struct Transformer {}

impl Transformer {
    /// Compiles the models for the given settings.
    pub fn open(_settings: Settings) -> Result<Self, OpenError> {
        Ok(Self {})
    }

    /// Compiles the models for settings given as JSON.
    pub fn open_json(_settings: &[u8]) -> Result<Self, OpenError> {
        Ok(Self {})
    }

    /// Converts one object, appending to `output` (which the caller clears).
    pub fn transform(&mut self, _call: &Call, _object: &[u8], _output: &mut Output) -> Result<Outcome, ObjectError> {
        Ok(Outcome::Skipped("nothing yet".to_owned()))
    }
}

/// The resources, datasets and functions of this build, as JSON.
pub fn describe() -> String {
    "{}".to_owned()
}
