//! Stripe objects to XDM records.
//!
//! [`Transformer::open`] compiles the models for one tenant; [`Transformer::transform`] converts one
//! Stripe object (bare, or wrapped in an Event) into records. Nothing here does I/O, reads a clock
//! or draws random numbers: time, ids and switches are [`Settings`] and [`Call`].
//!
//! ```
//! use stripe_xdm_core::{Call, Output, Transformer};
//!
//! let mut transformer = Transformer::open_json(br#"{"tenant":"acme","account":"acct_1"}"#)?;
//! let mut output = Output::default();
//! let price = br#"{"id":"price_1","object":"price","currency":"usd","unit_amount":1099,"active":true}"#;
//! transformer.transform(&Call::default(), price, &mut output)?;
//!
//! let record = std::str::from_utf8(&output.bytes[output.records[0].span.clone()])?;
//! assert!(record.contains(r#""productListPrice":{"amount":10.99,"currencyCode":"USD"}"#));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod checked;
mod default_models;
mod describe;
mod event;
pub mod export;
mod functions;
mod implied;
pub mod import;
pub mod language;
mod mac;
mod models;
mod money;
mod output;
mod privacy;
mod relational;
pub mod schema;
mod settings;
mod shed;
mod transform;
mod user_model;
mod webhook;

pub use dataprep::date::Moment;
pub use describe::describe;
pub use models::{Dropped, Embedded, Model, RESOURCES, SchemaFrame, Variant};
pub use output::{Invalid, ObjectError, Outcome, Output, Record, RecordKind, Warning};
pub use privacy::{Action, DROPPED, LABELS, Privacy, Rule, Salt, Treated};
pub use settings::{Call, Check, MetadataIdentity, ModelKind, OpenError, PhoneTarget, Settings};
pub use transform::Transformer;
pub use user_model::{FieldGroup, UserModel, UserSchema};
pub use webhook::{SignatureError, verify_webhook};
