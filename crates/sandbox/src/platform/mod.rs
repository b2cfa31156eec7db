//! A local stand-in for the parts of Adobe Experience Platform that schemas and data need: tokens (IMS), the
//! gateway's headers, Schema Registry, Catalog, identity namespaces, batch ingestion, Flow Service, mapping sets,
//! streaming ingestion.
//!
//! A [`Platform`] serves them on one address over HTTP. It keeps the rules that are published, the awkward
//! ones too, and goes wrong where [`Faults`] say so. Nothing depends on the machine's clock or on chance: ids
//! follow from a seed, and time is the platform's own ([`Platform::advance`]).

mod answer;
mod batches;
mod catalog;
mod clock;
mod collection;
mod conversion;
mod faults;
mod flow;
mod gateway;
mod ims;
mod json_patch;
mod log;
mod namespaces;
mod options;
mod registry;
mod server;
mod standard;
mod tenant;
mod world;

pub use batches::{Fate, PROFILE_BATCHES_A_DAY, ProfileIntake};
pub use collection::{Collected, Operation, Uncollected};
pub use faults::{Fault, Faults};
pub use log::Logged;
pub use options::{Client, Ingestion, Options, Organization, StateNames, Titles};
pub use server::{Platform, StartError};
pub use standard::Standard;
