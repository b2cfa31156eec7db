//! What changes after the first run: told by Events, listed again, or looked up. The clock is the sandbox's, so that
//! a pause of a month takes no time.

mod events;
mod gaps;
mod healing;
mod parts;
mod scene;
mod webhooks;
