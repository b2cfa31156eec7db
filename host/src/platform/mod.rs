//! Adobe Experience Platform's APIs: credentials and tokens, requests through the gateway, the Schema Registry,
//! Catalog, identity namespaces, batches, Flow Service and mapping sets, and carrying a plan out.

mod apply;
mod batches;
mod catalog;
mod client;
mod conversion;
mod error;
mod flow_service;
mod look_up;
mod namespaces;
mod registry;
mod token;
mod upload;

pub use apply::{Applied, Done, apply};
pub use batches::{FilePath, Health, LARGEST_REQUEST, There, Told};
pub(crate) use client::pause;
pub use client::{Config, Platform};
pub use error::{PlatformError, RequestId};
pub use flow_service::{FlowItem, FlowKind, Switch, specs};
pub use look_up::{preflight, tenant};
pub use token::{Secret, SecretError};
pub use upload::{Content, Slice};
