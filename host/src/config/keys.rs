//! The keys of `stripe-xdm.toml`, one row each: where it stands, the option it stands for, and how it is
//! written. What an option means, takes and defaults to is the option's own business.

use Kind::*;
use Scope::*;

/// A key.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// Its table in the file.
    pub section: &'static str,
    /// Its name in the table.
    pub name: &'static str,
    /// The option, without the dashes; of a secret, the option that names a file.
    pub flag: &'static str,
    /// How it is written.
    pub kind: Kind,
    /// The commands whose option of this name is meant.
    pub scope: Scope,
}

/// How a value is written in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A time: a date, a date with time, a text or epoch seconds.
    Time,
    /// A whole number.
    Count,
    /// A number.
    Number,
    /// `true` or `false`.
    Switch,
    /// `true` or `false`, where the option says no.
    Not,
    /// A path; what is relative starts at the file's directory.
    Path,
    /// A list of names.
    Names,
    /// A list of `[RESOURCE=]FILE`.
    Mappings,
    /// A table, of which each line is a `NAME=VALUE` of the option.
    Pairs,
    /// `true`, `false` or a list of accounts.
    Connected,
    /// `{ env = "NAME" }` or `{ file = "PATH" }`. Holds the option that names a variable, and the variable that
    /// is read when nothing is said.
    Secret(&'static str, &'static str),
    /// A list of such, each of which will do.
    Secrets(&'static str, &'static str),
}

/// The commands that a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All that have the option.
    All,
    /// All but these.
    Except(&'static [&'static str]),
    /// These.
    Only(&'static [&'static str]),
}

/// A table of the file.
#[derive(Debug)]
pub struct Section {
    /// Its name.
    pub name: &'static str,
    /// What it is about.
    pub about: &'static str,
}

/// The tables, in the order of the example. `[[account]]` is none of them: it may stand there many times.
pub const SECTIONS: &[Section] = &[
    Section { name: "sync", about: "What is fetched from Stripe, and where it goes" },
    Section { name: "mapping", about: "What records look like" },
    Section { name: "privacy", about: "What becomes of personal data" },
    Section { name: "schedule", about: "When `stripe-xdm run` syncs" },
    Section { name: "webhook", about: "What `stripe-xdm serve` takes from Stripe as it happens" },
    Section { name: "log", about: "What is logged on standard error" },
    Section { name: "metrics", about: "Numbers for Prometheus" },
    Section {
        name: "platform",
        about: "The sandbox of Experience Platform, for `schema`, `sync --to aep`, `deliver`, `flow` and `doctor --platform`",
    },
    Section { name: "transform", about: "Options of `stripe-xdm transform` alone" },
    Section { name: "program", about: "The program itself" },
];

const fn key(section: &'static str, name: &'static str, flag: &'static str, kind: Kind, scope: Scope) -> Key {
    Key { section, name, flag, kind, scope }
}

/// The demo syncs an account of its own into a lake of its own.
const NOT_DEMO: Scope = Except(&["demo"]);
const RUN: Scope = Only(&["run"]);
/// What carries records to Experience Platform.
const DELIVERY: Scope = Only(&["sync", "run", "serve", "deliver"]);
const SERVE: Scope = Only(&["serve"]);
const TRANSFORM: Scope = Only(&["transform"]);

/// All keys.
pub const KEYS: &[Key] = &[
    key("sync", "lake", "lake", Path, NOT_DEMO),
    key("sync", "api_key", "api-key-file", Secret("api-key-env", "STRIPE_API_KEY"), NOT_DEMO),
    key("sync", "account", "account", Text, NOT_DEMO),
    key("sync", "connected", "connected", Connected, NOT_DEMO),
    key("sync", "accounts_at_once", "accounts-at-once", Count, NOT_DEMO),
    key("sync", "resources", "resources", Names, NOT_DEMO),
    key("sync", "since", "since", Time, NOT_DEMO),
    key("sync", "heal", "heal", Number, NOT_DEMO),
    key("sync", "api_base", "api-base", Text, NOT_DEMO),
    key("sync", "stripe_version", "stripe-version", Text, NOT_DEMO),
    key("sync", "timeout", "timeout", Count, NOT_DEMO),
    key("sync", "concurrency", "concurrency", Count, NOT_DEMO),
    key("sync", "rate_limit", "rate-limit", Number, NOT_DEMO),
    key("sync", "endpoint_rate_limit", "endpoint-rate-limit", Number, NOT_DEMO),
    key("sync", "to", "to", Text, Only(&["sync", "run", "serve"])),
    key("mapping", "tenant", "tenant", Text, All),
    key("mapping", "model", "model", Text, All),
    key("mapping", "mappings", "mapping", Mappings, All),
    key("mapping", "mappings_only", "mapping-only", Mappings, All),
    key("mapping", "purchase_measure", "no-purchase-measure", Not, All),
    key("mapping", "email_identity", "email-identity", Switch, All),
    key("mapping", "customer_namespace", "customer-namespace", Text, All),
    key("mapping", "metadata_identity", "metadata-identity", Text, All),
    key("mapping", "phone_target", "phone-target", Text, All),
    key("mapping", "order_key", "order-key", Text, All),
    key("mapping", "receipt_url", "receipt-url", Switch, All),
    key("mapping", "metadata_allow", "metadata-allow", Names, All),
    key("mapping", "metadata_deny", "metadata-deny", Names, All),
    key("mapping", "metadata_priority", "metadata-priority", Names, All),
    key("mapping", "currency_exponents", "currency-exponent", Pairs, All),
    key("mapping", "check", "no-check", Not, All),
    key("mapping", "rules", "rule", Pairs, Except(&["quarantine list"])),
    key("mapping", "seed", "seed", Count, NOT_DEMO),
    key("privacy", "policy", "privacy", Path, All),
    key("privacy", "salt", "privacy-salt-file", Secret("privacy-salt-env", "STRIPE_XDM_PRIVACY_SALT"), All),
    key("schedule", "frequency", "frequency", Text, RUN),
    key("schedule", "interval", "interval", Count, RUN),
    key("schedule", "start", "start", Time, RUN),
    key("schedule", "backfill", "backfill", Switch, RUN),
    key("schedule", "jitter", "jitter", Count, RUN),
    key("webhook", "listen", "listen", Text, SERVE),
    key(
        "webhook",
        "secrets",
        "webhook-secret-file",
        Secrets("webhook-secret-env", "STRIPE_WEBHOOK_SECRET"),
        SERVE,
    ),
    key(
        "webhook",
        "wrapped_keys",
        "wrapped-key-file",
        Secrets("wrapped-key-env", "STRIPE_WRAPPED_KEY"),
        SERVE,
    ),
    key("webhook", "wrapped_header", "wrapped-header", Text, SERVE),
    key("webhook", "tolerance", "tolerance", Count, SERVE),
    key("webhook", "settle_every", "settle-every", Count, SERVE),
    key("webhook", "sync_every", "sync-every", Count, SERVE),
    key("webhook", "deliver_every", "deliver-every", Count, SERVE),
    key("webhook", "largest_body", "largest-body", Count, SERVE),
    key("webhook", "largest_inbox", "largest-inbox", Count, SERVE),
    key("log", "level", "log", Text, All),
    key("log", "format", "log-format", Text, All),
    key("metrics", "address", "metrics", Text, All),
    key("platform", "org", "org", Text, All),
    key("platform", "aep_sandbox", "aep-sandbox", Text, All),
    key("platform", "client_id", "client-id", Text, All),
    key(
        "platform",
        "client_secret",
        "client-secret-file",
        Secret("client-secret-env", "STRIPE_XDM_CLIENT_SECRET"),
        All,
    ),
    key("platform", "scopes", "scopes", Text, All),
    key("platform", "region", "region", Text, All),
    key("platform", "platform_url", "platform-url", Text, All),
    key("platform", "ims_url", "ims-url", Text, All),
    key("platform", "format", "format", Text, DELIVERY),
    key("platform", "mode", "mode", Text, DELIVERY),
    key("platform", "stream_rate", "stream-rate", Count, DELIVERY),
    key("platform", "opening", "opening", Count, DELIVERY),
    key("platform", "batch_rows", "batch-rows", Count, DELIVERY),
    key("platform", "batch_bytes", "batch-bytes", Count, DELIVERY),
    key("platform", "batch_age", "batch-age", Count, DELIVERY),
    key("platform", "profile_batches", "profile-batches", Count, DELIVERY),
    key("platform", "partial_ingestion", "partial-ingestion", Count, DELIVERY),
    key("platform", "request_bytes", "request-bytes", Count, DELIVERY),
    key("platform", "wait", "wait", Count, DELIVERY),
    key("transform", "resource", "resource", Text, TRANSFORM),
    key("transform", "livemode", "livemode", Switch, TRANSFORM),
    key("transform", "api_version", "api-version", Text, TRANSFORM),
    key("transform", "observed_at", "observed-at", Time, TRANSFORM),
    key("transform", "records_only", "records-only", Switch, TRANSFORM),
    key("transform", "out", "out", Path, TRANSFORM),
    key("transform", "quarantine", "quarantine", Path, TRANSFORM),
    key("program", "module", "module", Path, All),
    key("program", "deadline", "deadline", Count, All),
    key("program", "color", "color", Text, All),
    key("program", "json", "json", Switch, All),
    key("program", "quiet", "quiet", Switch, All),
];

impl Key {
    /// The options that it stands for: two of a secret, else one.
    pub fn flags(&self) -> impl Iterator<Item = &'static str> {
        let second = self.secret().map(|(variable, _)| variable);
        std::iter::once(self.flag).chain(second)
    }

    /// Of a secret, or several: the option that names a variable, and the variable that is read when nothing is said.
    pub fn secret(&self) -> Option<(&'static str, &'static str)> {
        match self.kind {
            Secret(option, variable) | Secrets(option, variable) => Some((option, variable)),
            _ => None,
        }
    }

    /// Whether it is meant for a command, given with its parents: `quarantine retry`.
    pub fn is_for(&self, command: &str) -> bool {
        match self.scope {
            All => true,
            Except(commands) => !commands.contains(&command),
            Only(commands) => commands.contains(&command),
        }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.section, self.name)
    }
}

impl Kind {
    /// What is expected, for people.
    pub fn expected(self) -> &'static str {
        match self {
            Text => "a text in quotes",
            Time => "a date (2026-01-31), a time (2026-01-31T12:00:00Z) or epoch seconds",
            Count => "a whole number",
            Number => "a number",
            Switch | Not => "true or false",
            Path => "a path in quotes",
            Names => r#"a list of texts, such as ["one", "two"]"#,
            Mappings => r#"a list of files, such as ["charge=charges.json"]"#,
            Pairs => "a table of names and values",
            Connected => r#"true, false or a list of accounts, such as ["acct_1"]"#,
            Secrets(..) => r#"a list such as [{ env = "NAME" }, { file = "PATH" }]"#,
            Secret(..) => r#"{ env = "NAME" } or { file = "PATH" }"#,
        }
    }
}
