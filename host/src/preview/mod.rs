//! The preview page, served on this machine, and what it is told of the accounts in the settings: samples, and what a
//! changed mapping would make of the last objects. The key stays in this process: the page has a token that opens this
//! server and nothing else, and no answer holds what the key is.
//!
//! Others on this machine, and pages of other sites in the same browser, can send requests here, too. They are kept
//! out by the token, which they do not know; by `Host`, which a name that was pointed at this machine gives away; and
//! by `Origin`, which a browser sets for them (`door.rs`).

mod account;
mod answer;
mod compare;
mod door;
mod latest;
mod outcomes;
mod server;
mod trial;

pub use account::Account;
pub use door::Token;
pub use server::{Bounds, Preview, PreviewError, Previewing, Site};
