//! How a sandbox behaves.

use std::net::SocketAddr;
use std::time::Duration;

use crate::{
    account::Account, auth::ApiKey, churn::Churn, clock::Clock, faults::Faults, limits::Limits,
    mischief::Mischief, script::Script,
};

/// How a sandbox behaves. The default has Stripe's limits, one secret key, this machine's clock and no
/// faults.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Accepted keys; when empty, one secret key of the account's mode.
    pub keys: Vec<ApiKey>,
    /// Accounts that every key reaches with `Stripe-Account` and finds at `GET /v1/accounts`.
    pub connected: Vec<Account>,
    pub faults: Faults,
    pub rate: Rate,
    /// Whether a cursor in the first second of a `created` window ends the list early although other
    /// objects share that second, as the live API has been seen to do.
    pub same_second_trap: bool,
    /// Whether `expand[]` is understood. Stripe does; other servers refuse it.
    pub expands: bool,
    /// How long each answer of a list is on its way, as over a network. Rates count arrivals.
    pub latency: Duration,
    pub clock: Clock,
    /// How long after its `created` an object or event appears in lists. By its id it is there at once.
    pub lag: Duration,
    /// What changes at which request.
    pub script: Script,
    /// Changes by chance while a client walks.
    pub churn: Option<Churn>,
    /// How events are recorded worse than Stripe mostly does.
    pub mischief: Option<Mischief>,
}

/// How many requests are let through. Each key has its own allowance, whichever accounts it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rate {
    /// What Stripe publishes for the account's mode.
    #[default]
    Stripe,
    Unlimited,
    Custom(Limits),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            keys: Vec::new(),
            connected: Vec::new(),
            faults: Faults::none(),
            rate: Rate::Stripe,
            same_second_trap: true,
            expands: true,
            latency: Duration::ZERO,
            clock: Clock::Machine,
            lag: Duration::ZERO,
            script: Script::default(),
            churn: None,
            mischief: None,
        }
    }
}
