//! Webhooks: Stripe's Events as they happen. A request is bounded in size and time, its signature is checked over the
//! raw bytes, and it is answered once it is durable in the inbox; what it means is found out afterwards, when it goes
//! through the module into the lake (`sync/hear.rs`). So an answer waits for one write and for nothing else: not for
//! Stripe, not for the ledger, not for a sync that goes on.

mod inbox;
mod server;
mod signature;
mod wrapped;

pub use inbox::{Held, Inbox, InboxError, Segment, left_behind};
pub use server::{Bounds, Endpoint, PATH, Receiver, Receiving};
pub use signature::{Refusal, SecretError, TOLERANCE, Verifier, sign};
pub use wrapped::{Keys, KeysError, WRAPPED_HEADER};
