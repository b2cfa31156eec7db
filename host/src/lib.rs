//! The parts of the program `stripe-xdm`: the module in its sandbox, Stripe's API, the ledger, the lake
//! and the sync that joins them.

pub mod config;
pub mod delivery;
pub mod flow;
mod http;
pub mod input;
pub mod lake;
pub mod ledger;
pub mod module;
pub mod observe;
pub mod platform;
pub mod preview;
pub mod quarantine;
pub mod report;
pub mod schedule;
pub mod stripe;
pub mod sync;
pub mod webhook;
