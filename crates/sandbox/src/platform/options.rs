//! How a platform is set up: who may use it, and what it holds from the start.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::platform::{faults::Faults, standard::Standard};

/// How a [`Platform`](crate::platform::Platform) behaves. The default has one organisation, Adobe's standard
/// definitions and no faults.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// All ids follow from it.
    pub seed: u64,
    /// Who has an account.
    pub organizations: Vec<Organization>,
    /// How long a token lives, in seconds of the platform's own time; also what `expires_in` says.
    pub token_lifetime: u64,
    /// How many requests a token is good for, after which it has expired; no limit when absent.
    pub token_requests: Option<u64>,
    /// How many tokens are made before IMS answers 429; no limit when absent.
    pub token_quota: Option<u64>,
    /// The global container.
    pub standard: Standard,
    /// Which titles must differ.
    pub titles: Titles,
    /// At most how many entries a page of the registry has.
    pub page_size: usize,
    /// How batches go on.
    pub ingestion: Ingestion,
    /// A directory of the platform's own for files of batches above 1 MiB; absent, all stay in memory. A file is
    /// removed when the batch does not hold it any more.
    pub files: Option<PathBuf>,
    /// What goes wrong.
    pub faults: Faults,
    /// A file to which each request is appended as a line of JSON.
    pub log: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            seed: 1,
            organizations: vec![Organization::default()],
            token_lifetime: 86_399,
            token_requests: None,
            token_quota: None,
            standard: Standard::adobe(),
            titles: Titles::DifferInAKind,
            page_size: 300,
            ingestion: Ingestion::default(),
            files: None,
            faults: Faults::none(),
            log: None,
        }
    }
}

/// How completed batches go from state to state: loaded, staging, and active or failed.
#[derive(Debug, Clone)]
pub struct Ingestion {
    /// How long a batch stays in each state, by the platform's own time.
    pub step: Duration,
    /// How often a batch can be looked at in Catalog before it goes on all the same, so that a client that polls
    /// sees every state although no time passes; 0 when looking changes nothing.
    pub looks: u32,
    /// After how long a batch that nobody completes is abandoned.
    pub abandoned: Duration,
    /// How many rows a file of the diagnostics has.
    pub errors_per_file: usize,
    /// What Catalog calls the two ends.
    pub names: StateNames,
}

impl Default for Ingestion {
    fn default() -> Self {
        Self {
            step: Duration::from_secs(60),
            looks: 1,
            abandoned: Duration::from_secs(86_400),
            errors_per_file: 1_000,
            names: StateNames::Catalog,
        }
    }
}

/// Adobe's definitions have two names for a batch that succeeded, and two for one that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StateNames {
    /// `success` and `failure`.
    #[default]
    Catalog,
    /// `active` and `failed`.
    Ingestion,
}

/// An IMS organisation.
#[derive(Debug, Clone)]
pub struct Organization {
    /// `…@AdobeOrg`.
    pub id: String,
    /// Tenant id, without the leading underscore; one for all sandboxes.
    pub tenant: String,
    /// Names of its sandboxes. The first is a production sandbox, the others are for development.
    pub sandboxes: Vec<String>,
    /// The credential that may act for it.
    pub client: Client,
}

impl Default for Organization {
    fn default() -> Self {
        Self {
            id: "0A1B2C3D4E5F60718293A4B5@AdobeOrg".to_owned(),
            tenant: "acme".to_owned(),
            sandboxes: vec!["prod".to_owned(), "dev".to_owned()],
            client: Client::default(),
        }
    }
}

/// An OAuth server-to-server credential. `Debug` does not show the secret.
#[derive(Clone)]
pub struct Client {
    /// Also what `x-api-key` must be.
    pub id: String,
    /// Sent to IMS only.
    pub secret: String,
    /// What it may ask for.
    pub scopes: Vec<String>,
}

impl Default for Client {
    fn default() -> Self {
        let scopes =
            ["openid", "AdobeID", "read_organizations", "additional_info.projectedProductContext", "session"];
        Self {
            id: "sandbox0client0id0000000000000000".to_owned(),
            secret: "p8e-sandbox-secret-0000000000000".to_owned(),
            scopes: scopes.map(str::to_owned).to_vec(),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("id", &self.id).field("scopes", &self.scopes).finish_non_exhaustive()
    }
}

/// Which resources of a tenant may not have the same title. Adobe's pages say both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Titles {
    /// Two classes, two field groups, two data types, two schemas.
    #[default]
    DifferInAKind,
    /// Any two resources: what the troubleshooting guide says.
    DifferEverywhere,
}
