//! Adobe's managed Stripe source: what a declarative file asks for, what a sandbox of Experience Platform has of it,
//! and the way from one to the other.
//!
//! Everything is made under a name that follows from the file (`names`), so a run can end at any instant and the next
//! one finds what is there. What a flow is joined of is never changed below it, because such changes do not reach a
//! flow: it keeps its connections, and gets another mapping set, whose name follows from its content.

mod apply;
mod file;
mod limits;
mod names;
mod plan;
mod remove;
mod runs;
mod schedule;
mod there;
mod wanted;

pub use apply::{Applied, Scope, apply, hand_over};
pub use file::{AccessToken, Entry, FlowFile, RESOURCES, example};
pub use limits::LIMITS;
pub use names::{connection as connection_name, flow as flow_name, tag_of};
pub use plan::{Action, Part, Plan, Step};
pub use remove::{Removal, remove, to_remove};
pub use runs::{Meaning, RunTold, failed_rows, meaning, runs};
pub use schedule::Schedule;
pub use there::{EntryThere, There, look_up};
pub use wanted::{Wanted, WantedFlow};
