//! Stripe objects to XDM records.
//!
//! [`Transformer::open`] compiles the models for one tenant; [`Transformer::transform`] converts one
//! Stripe object (bare, or wrapped in an Event) into records. Nothing here does I/O, reads a clock
//! or draws random numbers: time, ids and switches are [`Settings`] and [`Call`].

mod output;
mod settings;
mod transform;

pub use output::{ObjectError, Output, Outcome, Record, RecordKind, Warning};
pub use settings::{Call, OpenError, Settings};
pub use transform::{Transformer, describe};
