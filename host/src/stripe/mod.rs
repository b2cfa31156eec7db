//! Reading from Stripe's API: one key, one rate budget, pages of lists with every object's bytes as
//! Stripe sent them.

mod budget;
mod client;
mod error;
mod expand;
mod key;
mod page;
mod resource;
mod retry;

pub use budget::{Budget, Limited, Pace, Permit, Share};
pub use client::{Answer, Client, Config, base};
pub use error::{ApiError, RequestId};
pub use key::{Key, KeyError, Kind, Mode};
pub(crate) use page::range_in;
pub use page::{Object, Page};
pub use resource::{Nested, Pass, Resource};
pub use retry::{Attempt, Decision, Retry};
