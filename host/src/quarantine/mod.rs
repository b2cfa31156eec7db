//! What must not be delivered: records that are not what their schema says, and objects that could not be
//! converted. They are kept with all that is needed to try again once a mapping is mended.
//!
//! The entries lie in the ledger, so that an entry and the cursor behind it move in one transaction: killed
//! at any instant, none is lost and none is there twice. `_quarantine/<dataset>.jsonl` shows them to people
//! and programs; it is written anew, whole, from the ledger.

mod entry;
mod files;
mod keeper;

pub use entry::{About, Kind, OBJECTS, Origin, Reason, Surroundings};
pub use files::show;
pub use keeper::{Keeper, Settled, object_key};
