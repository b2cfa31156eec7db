//! Adobe Experience Platform's APIs: credentials and tokens, requests through the gateway, the Schema Registry,
//! Catalog, identity namespaces, batches, streams, Flow Service and mapping sets, and carrying a plan out.

mod apply;
mod batches;
mod catalog;
mod client;
mod collection;
mod conversion;
mod doubt;
mod error;
mod flow_service;
mod inlet;
mod look_up;
mod namespaces;
mod registry;
mod token;
mod upload;

pub use apply::{Applied, Done, apply};
pub use batches::{FilePath, Health, LARGEST_REQUEST, There, Told};
pub(crate) use client::pause;
pub use client::{Config, Platform};
pub use collection::{Entry, Inlet, MAX_REQUEST};
pub(crate) use doubt::carry_on;
pub use error::{PlatformError, RequestId};
pub use flow_service::{FlowItem, FlowKind, Switch, specs};
pub use inlet::{Destined, Purpose, Stream};
pub use look_up::{preflight, tenant};
pub use registry::Behaviour;
pub use token::{Secret, SecretError};
pub use upload::{Content, Slice};
