//! The options that lead to Stripe, and the accounts that they (or the settings file) name.

use super::Global;
use anyhow::{Context, bail};
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;
use stripe_xdm::config::{AccountEntry, Connected, SecretRef, SecretRefError, is_account, nearest};
use stripe_xdm::stripe::{Client, Config, Key, KeyError, Resource, base};

/// The environment variable that holds the key when nothing else is said.
const KEY_VARIABLE: &str = "STRIPE_API_KEY";

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Stripe")]
pub(super) struct StripeArgs {
    /// The resources to sync; default all
    #[arg(long, alias = "resource", value_name = "NAMES", value_delimiter = ',', value_parser = resource)]
    resources: Vec<Resource>,
    /// A file that holds the API key; default the environment variable STRIPE_API_KEY
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<PathBuf>,
    /// The environment variable that holds the API key, when it is another one
    #[arg(long, value_name = "NAME", conflicts_with = "api_key_file")]
    api_key_env: Option<String>,
    /// The Stripe account (acct_…), when the key may not read it
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    account: Option<String>,
    /// Also sync connected accounts of the platform that the key belongs to: all, or these
    #[arg(
        long,
        value_name = "ACCOUNTS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "all",
        value_parser = Connected::parse
    )]
    connected: Option<Connected>,
    /// Of the accounts in the settings file, take these alone
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    only: Vec<String>,
    /// Where the API is
    #[arg(long, value_name = "URL", default_value = "https://api.stripe.com", value_parser = api_base)]
    api_base: String,
    /// The Stripe API version to ask for
    #[arg(long, value_name = "VERSION", default_value = "2026-08-26.dahlia", value_parser = stripe_version)]
    stripe_version: String,
    /// Seconds that one answer may take, to its last byte
    #[arg(long, value_name = "SECONDS", default_value_t = 80, value_parser = clap::value_parser!(u32).range(1..=600))]
    timeout: u32,
    /// Most requests in flight
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: u16,
    /// Requests per second; default Stripe's limits: 100, with a test key 25
    #[arg(long, value_name = "N", value_parser = rate)]
    rate_limit: Option<f64>,
    /// Requests per second for each endpoint; default what --rate-limit says, else Stripe's limit of 25
    #[arg(long, value_name = "N", value_parser = rate)]
    endpoint_rate_limit: Option<f64>,
}

/// An account to be read, with the key that opens it.
#[derive(Debug)]
pub(super) struct Target {
    /// What the settings file calls it.
    pub(super) name: Option<String>,
    /// The account, when the key may not tell.
    pub(super) account: Option<String>,
    /// Which of its connected accounts are read, too.
    pub(super) connected: Connected,
    pub(super) resources: Vec<Resource>,
    /// Where its first run begins, when it is not where the others' begin.
    pub(super) since: Option<i64>,
    /// The identity namespace of its customers, when it is not that of the others.
    pub(super) customer_namespace: Option<String>,
    pub(super) client: Client,
}

impl StripeArgs {
    /// The accounts of the settings file, or the one that the options name. Nothing is asked of Stripe.
    pub(super) fn targets(&self, global: &Global) -> anyhow::Result<Vec<Target>> {
        if global.accounts.is_empty() {
            if let Some(name) = self.only.first() {
                bail!("--only {name}: the settings file has no [[account]]");
            }
            return Ok(vec![self.single()?]);
        }
        if ["account", "api_key_file", "api_key_env"].iter().any(|option| global.is_above(option)) {
            bail!(
                "the settings file has its accounts and keys in [[account]], so --account, --api-key-file and \
                 --api-key-env have no meaning: choose among them with --only"
            );
        }
        for name in &self.only {
            let known = || global.accounts.iter().map(|account| account.name.as_str());
            if !known().any(|known| known == name) {
                bail!("--only {name}: the accounts are {}", known().collect::<Vec<_>>().join(", "));
            }
        }
        let chosen = global.accounts.iter();
        let chosen = chosen.filter(|entry| self.only.is_empty() || self.only.contains(&entry.name));
        chosen
            .map(|entry| self.listed(global, entry).with_context(|| format!("account {}", entry.name)))
            .collect()
    }

    /// The same options for someone who waits: answers that take long are not waited for.
    pub(super) fn impatient(mut self, seconds: u32) -> Self {
        self.timeout = self.timeout.min(seconds);
        self
    }

    /// Where the key of a single account is.
    pub(super) fn secret(&self) -> SecretRef {
        match (&self.api_key_file, &self.api_key_env) {
            (Some(path), _) => SecretRef::File(path.clone()),
            (None, Some(name)) => SecretRef::Env(name.clone()),
            (None, None) => SecretRef::Env(KEY_VARIABLE.to_owned()),
        }
    }

    /// The version of the API that is asked for.
    pub(super) fn version(&self) -> &str {
        &self.stripe_version
    }

    fn single(&self) -> anyhow::Result<Target> {
        Ok(Target {
            name: None,
            account: self.account.clone(),
            connected: self.connected.clone().unwrap_or(Connected::No),
            resources: chosen(&self.resources),
            since: None,
            customer_namespace: None,
            client: self.client(&self.secret(), self.rate_limit, self.endpoint_rate_limit)?,
        })
    }

    fn listed(&self, global: &Global, entry: &AccountEntry) -> anyhow::Result<Target> {
        // Judged when the file was read; said again here so that nothing is passed over.
        let said = |message| anyhow::Error::msg(message);
        let resources = match own(global, "resources", &entry.resources) {
            None => self.resources.clone(),
            Some(names) => names.iter().map(|name| resource(name)).collect::<Result<_, _>>().map_err(said)?,
        };
        let connected = own(global, "connected", &entry.connected);
        let rate_limit =
            own(global, "rate_limit", &entry.rate_limit).map(|text| rate(text)).transpose().map_err(said)?;
        let endpoint_rate_limit = own(global, "endpoint_rate_limit", &entry.endpoint_rate_limit)
            .map(|text| rate(text))
            .transpose()
            .map_err(said)?;
        Ok(Target {
            name: Some(entry.name.clone()),
            account: entry.account.clone(),
            connected: connected.or(self.connected.as_ref()).cloned().unwrap_or(Connected::No),
            resources: chosen(&resources),
            since: own(global, "since", &entry.since)
                .map(|text| super::time(text))
                .transpose()
                .map_err(said)?,
            customer_namespace: entry.customer_namespace.clone(),
            client: self.client(
                &entry.api_key,
                rate_limit.or(self.rate_limit),
                endpoint_rate_limit.or(self.endpoint_rate_limit),
            )?,
        })
    }

    fn client(
        &self,
        secret: &SecretRef,
        rate_limit: Option<f64>,
        endpoint_rate_limit: Option<f64>,
    ) -> anyhow::Result<Client> {
        let key = match secret.read() {
            Err(SecretRefError::NotSet(name)) if name == KEY_VARIABLE => return Err(KeyError::Empty.into()),
            read => Key::new(&read.context("the API key")?)?,
        };
        Ok(Client::new(Config {
            base: self.api_base.clone(),
            key,
            timeout: Some(Duration::from_secs(self.timeout.into())),
            version: self.stripe_version.clone(),
            concurrency: self.concurrency.into(),
            rate_limit,
            endpoint_rate_limit,
        })?)
    }
}

/// What an account has of its own, unless a layer above the settings file says it for all.
fn own<'a, T>(global: &Global, option: &str, of_entry: &'a Option<T>) -> Option<&'a T> {
    of_entry.as_ref().filter(|_| !global.is_above(option))
}

/// A resource by its name.
pub(super) fn resource(name: &str) -> Result<Resource, String> {
    let known = || Resource::ALL.map(Resource::name);
    Resource::from_name(name.trim()).ok_or_else(|| match nearest(name, known()) {
        Some(nearest) => format!("no such resource; did you mean {nearest}?"),
        None => format!("no such resource; known are {}", known().join(", ")),
    })
}

/// The resources chosen, or all. Two walks of one list would get in each other's way.
fn chosen(resources: &[Resource]) -> Vec<Resource> {
    if resources.is_empty() {
        return Resource::ALL.to_vec();
    }
    let mut chosen = resources.to_vec();
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

/// An account's id.
fn account(text: &str) -> Result<String, String> {
    match is_account(text) {
        true => Ok(text.to_owned()),
        false => Err("expected an id such as acct_1A2b3C".to_owned()),
    }
}

fn api_base(text: &str) -> Result<String, String> {
    base(text).map(|_| text.to_owned())
}

/// A version of Stripe's API: a date, and since 2024 a name behind it.
fn stripe_version(text: &str) -> Result<String, String> {
    let (date, name) = text.split_once('.').map_or((text, None), |(date, name)| (date, Some(name)));
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    match date.len() == 10 && date.parse::<jiff::civil::Date>().is_ok() && name.is_none_or(is_name) {
        true => Ok(text.to_owned()),
        false => Err("expected a version of Stripe's API, such as 2026-08-26.dahlia".to_owned()),
    }
}

/// A rate, in requests per second.
pub(super) fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if (1.0..=100_000.0).contains(&rate) => Ok(rate),
        _ => Err("expected requests per second, at least 1".to_owned()),
    }
}
