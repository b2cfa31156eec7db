//! Adobe Experience Platform's APIs: credentials and tokens, requests through the gateway, the Schema Registry,
//! Catalog and identity namespaces, and carrying a plan out.

mod apply;
mod catalog;
mod client;
mod error;
mod look_up;
mod namespaces;
mod registry;
mod token;

pub use apply::{Applied, Done, apply};
pub use client::{Config, Platform};
pub use error::{PlatformError, RequestId};
pub use look_up::{preflight, tenant};
pub use token::{Secret, SecretError};
