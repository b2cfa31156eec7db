//! One opened transformer and the buffers it reuses: what both ABIs run.

use crate::failure::{Failure, INVALID_CALL};
use crate::outcomes::Outcomes;
use crate::wire::{Request, Response};
use stripe_xdm_core::{Call, Outcome, Output, Transformer};

/// A transformer that answers batches.
#[derive(Debug)]
pub struct Session {
    transformer: Transformer,
    output: Output,
}

impl Session {
    /// Compiles the models for settings given as JSON.
    pub fn open(settings: &[u8]) -> Result<Self, Failure> {
        Ok(Self { transformer: Transformer::open_json(settings)?, output: Output::default() })
    }

    /// Answers a request of the bytes ABI; see [`crate::wire`].
    pub fn respond(&mut self, request: &[u8]) -> Result<Vec<u8>, Failure> {
        let Request { call, objects } = Request::parse(request)?;
        let call = parse_call(call)?;
        let mut response = Response::start(objects.len(), request.len())?;
        for object in objects {
            self.output.clear();
            match self.transformer.transform(&call, object, &mut self.output) {
                Ok(Outcome::Done) => response.done(&self.output)?,
                Ok(Outcome::Skipped(kind)) => response.skipped(&kind)?,
                Err(error) => response.error(&error)?,
            }
        }
        response.finish()
    }

    /// Converts objects into the JSON that JavaScript sees; see [`crate::outcomes`].
    pub fn outcomes<'a>(
        &mut self,
        call: &[u8],
        objects: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<String, Failure> {
        let call = parse_call(call)?;
        let mut outcomes = Outcomes::start();
        for object in objects {
            self.output.clear();
            match self.transformer.transform(&call, object, &mut self.output) {
                Ok(Outcome::Done) => outcomes.done(&self.output)?,
                Ok(Outcome::Skipped(kind)) => outcomes.skipped(&kind)?,
                Err(error) => outcomes.error(&error)?,
            }
        }
        outcomes.finish()
    }
}

fn parse_call(json: &[u8]) -> Result<Call, Failure> {
    if json.is_empty() {
        return Ok(Call::default());
    }
    // From text rather than bytes: the module then holds one reader of calls, not two.
    let refused =
        |why: &dyn std::fmt::Display| Failure::new(INVALID_CALL, format!("the call's options: {why}"));
    let json = std::str::from_utf8(json).map_err(|error| refused(&error))?;
    serde_json::from_str(json).map_err(|error| refused(&error))
}
