//! A local stand-in for Stripe's API with fault injection, for demos and tests.
//!
//! An [`Account`] holds the objects, seeded or hand-made; a [`Sandbox`] serves it over HTTP with
//! Stripe's rules for lists, filters, expansion, keys, errors and rates; [`Faults`] make it go wrong
//! at chosen requests. [`generate::objects`] writes corpora of single objects. Everything follows from
//! a seed: no clock and no outside randomness decides a byte of an answer's body.
//!
//! [`platform`] is the same for the parts of Adobe Experience Platform that schemas need.

// The literals of whole Stripe objects are long.
#![recursion_limit = "512"]

mod account;
mod auth;
mod broken;
mod churn;
mod clock;
mod connect;
mod entry;
mod error;
mod even;
mod events;
mod expand;
mod faults;
pub mod generate;
mod json;
mod limits;
mod mischief;
mod options;
pub mod platform;
mod query;
mod random;
mod resource;
mod sandbox;
mod script;
mod seed;
mod seed_billing;
mod server;
mod shapes;
mod store;
mod world;

pub use account::{API_VERSION, Account, Mode, Size};
pub use auth::ApiKey;
pub use churn::{Churn, ChurnError};
pub use clock::Clock;
pub use entry::InsertError;
pub use even::{Even, EvenKind};
pub use faults::{Fault, FaultError, Faults, RateReason, When};
pub use limits::{EndpointStats, Limits, OverBudget, Stats};
pub use mischief::Mischief;
pub use options::{Options, Rate};
pub use resource::{Resource, UnknownResource};
pub use sandbox::{AccountAt, Sandbox, StartError};
pub use script::{Script, Step};

/// A lock whose data stays usable when a holder has panicked: every change made under it is complete
/// in itself.
fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
