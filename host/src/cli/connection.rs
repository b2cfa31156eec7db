//! The options that lead to a sandbox of Experience Platform.

use anyhow::bail;
use clap::Args;
use std::path::PathBuf;
use stripe_xdm::config::SecretRef;
use stripe_xdm::platform::{Config, Platform, Secret};

/// The environment variable that holds the client secret.
const SECRET_VARIABLE: &str = "STRIPE_XDM_CLIENT_SECRET";

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Experience Platform")]
pub(super) struct ConnectionArgs {
    /// The organisation (…@AdobeOrg)
    #[arg(long, value_name = "ORG")]
    org: Option<String>,
    /// The name of the Experience Platform sandbox, such as dev
    #[arg(long, value_name = "NAME")]
    aep_sandbox: Option<String>,
    /// The client id of an OAuth Server-to-Server credential; its secret comes from STRIPE_XDM_CLIENT_SECRET
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// A file that holds the client secret, instead of STRIPE_XDM_CLIENT_SECRET
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// The environment variable that holds the client secret, when it is another one
    #[arg(long, value_name = "NAME", conflicts_with = "client_secret_file")]
    client_secret_env: Option<String>,
    /// The credential's scopes, as the Developer Console shows them
    #[arg(
        long,
        value_name = "SCOPES",
        default_value = "openid,AdobeID,read_organizations,additional_info.projectedProductContext,session"
    )]
    scopes: String,
    /// The region whose gateway is asked, such as va7 or nld2; without one Adobe's common gateway finds it
    #[arg(long, value_name = "REGION", value_parser = region, conflicts_with = "platform_url")]
    region: Option<String>,
    /// The gateway; default https://platform.adobe.io
    #[arg(long, value_name = "URL")]
    platform_url: Option<String>,
    /// Adobe's identity service
    #[arg(long, value_name = "URL", default_value = "https://ims-na1.adobelogin.com")]
    ims_url: String,
}

impl ConnectionArgs {
    pub(super) fn platform(&self) -> anyhow::Result<Platform> {
        let place = self.place()?;
        let secret = match (&self.client_secret_file, &self.client_secret_env) {
            (Some(path), _) => SecretRef::File(path.clone()).read()?,
            (None, Some(name)) => SecretRef::Env(name.clone()).read()?,
            (None, None) => std::env::var(SECRET_VARIABLE).unwrap_or_default(),
        };
        Ok(Platform::new(Config {
            platform: self.gateway(),
            ims: self.ims_url.clone(),
            org: place.org,
            sandbox: place.sandbox,
            client_id: self.client_id.clone().unwrap_or_default(),
            secret: Secret::new(&secret)?,
            // The console shows them with spaces; the service wants none.
            scopes: self
                .scopes
                .split([',', ' '])
                .filter(|scope| !scope.is_empty())
                .collect::<Vec<_>>()
                .join(","),
        })?)
    }

    fn gateway(&self) -> String {
        match (&self.platform_url, &self.region) {
            (Some(url), _) => url.clone(),
            (None, Some(region)) => format!("https://platform-{region}.adobe.io"),
            (None, None) => "https://platform.adobe.io".to_owned(),
        }
    }

    /// The place; all that must be given for it is.
    pub(super) fn place(&self) -> anyhow::Result<Place> {
        let given =
            [("--org", &self.org), ("--aep-sandbox", &self.aep_sandbox), ("--client-id", &self.client_id)];
        let missing: Vec<&str> =
            given.iter().filter(|(_, given)| given.is_none()).map(|(name, _)| *name).collect();
        match (&self.org, &self.aep_sandbox) {
            (Some(org), Some(sandbox)) if missing.is_empty() => {
                Ok(Place { org: org.clone(), sandbox: sandbox.clone() })
            }
            _ => bail!(
                "Experience Platform needs {}: give them, or let them stand in [platform] of stripe-xdm.toml",
                missing.join(", ")
            ),
        }
    }
}

/// A part of a host's name.
fn region(text: &str) -> Result<String, String> {
    let is_name = (2..=12).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    is_name.then(|| text.to_owned()).ok_or_else(|| "expected letters and digits, such as va7".to_owned())
}

/// A sandbox of an organisation.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) org: String,
    pub(super) sandbox: String,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "sandbox {} of {}", self.sandbox, self.org)
    }
}

/// The tenant id: what the registry says, which an option can only repeat.
pub(super) async fn tenant(platform: &Platform, given: Option<&str>) -> anyhow::Result<String> {
    let known = platform.tenant_id().await?;
    match given.map(|given| given.trim_start_matches('_')) {
        Some(given) if given != known => bail!(
            "--tenant is {given}, but this organisation's tenant id is {known}: leave --tenant out, or check --org \
             and --client-id"
        ),
        _ => Ok(known),
    }
}
